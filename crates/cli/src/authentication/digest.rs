//! [Digest](https://www.rfc-editor.org/rfc/rfc7616): from a challenge, a name and a password to the value of `Authorization`.
//!
//! MD5, SHA-256 and SHA-512-256, each with its `-sess`; qop `auth`, `auth-int` and none (RFC 2069). Nothing is kept here but
//! what the server said and how often it was used.

use md5::{Digest as _, Md5};
use sha2::{Sha256, Sha512_256};

use super::challenges::Challenge;

/// How a server is answered from one challenge on.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DigestSession {
    algorithm: Algorithm,
    /// As the server wrote it; `None` where it did not.
    said_algorithm: Option<String>,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    quality: Quality,
    user_hash: bool,
    username: String,
    /// H(A1). NB: as good as the password for this realm; it is never shown.
    secret: String,
    client_nonce: String,
    count: u32,
}

/// What is answered: the request as it goes out.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// The request target: path and query.
    pub(crate) target: &'a str,
    /// `None` where the body's bytes are not at hand.
    pub(crate) body: Option<&'a [u8]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Algorithm {
    hash: Hash,
    session: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// Quality of protection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quality {
    /// As in RFC 2069.
    None,
    Auth,
    AuthInt,
}

impl DigestSession {
    /// From the first challenge of them that we can answer, as servers put the one that they like best first.
    pub(crate) fn new(
        challenges: &[Challenge],
        username: &str,
        password: &str,
        client_nonce: &str,
    ) -> Option<DigestSession> {
        challenges.iter().find_map(|challenge| of_challenge(challenge, username, password, client_nonce))
    }

    /// The value of `Authorization` for the next request; `None` where its body is asked for and is not at hand.
    pub(crate) fn authorization(&mut self, asked: &Asked<'_>) -> Option<String> {
        self.count = self.count.checked_add(1)?;
        let hash = self.algorithm.hash;
        let (method, target) = (asked.method, asked.target);
        let second = match self.quality {
            Quality::AuthInt => hash.of(&format!("{method}:{target}:{}", hash.of_bytes(asked.body?))),
            Quality::Auth | Quality::None => hash.of(&format!("{method}:{target}")),
        };
        let (secret, nonce, count, client_nonce) =
            (&self.secret, &self.nonce, format!("{:08x}", self.count), &self.client_nonce);
        let quality = match self.quality {
            Quality::None => None,
            Quality::Auth => Some("auth"),
            Quality::AuthInt => Some("auth-int"),
        };
        let response = match quality {
            Some(quality) => hash.of(&format!("{secret}:{nonce}:{count}:{client_nonce}:{quality}:{second}")),
            None => hash.of(&format!("{secret}:{nonce}:{second}")),
        };
        let mut value = format!("Digest {}, realm={}", self.name(), quoted(&self.realm));
        let mut add = |name: &str, text: &str| value.push_str(&format!(", {name}={text}"));
        add("nonce", &quoted(nonce));
        add("uri", &quoted(target));
        if let Some(said) = &self.said_algorithm {
            add("algorithm", said);
        }
        add("response", &quoted(&response));
        if let Some(opaque) = &self.opaque {
            add("opaque", &quoted(opaque));
        }
        if let Some(quality) = quality {
            add("qop", quality);
            add("nc", &count);
            add("cnonce", &quoted(client_nonce));
        } else if self.algorithm.session {
            // Its A1 has the client's nonce in it, whatever the quality.
            add("cnonce", &quoted(client_nonce));
        }
        if self.user_hash {
            add("userhash", "true");
        }
        Some(value)
    }

    /// `nextnonce`: the server wants this one from now on.
    pub(crate) fn take_nonce(&mut self, nonce: &str) {
        (self.nonce, self.count) = (nonce.to_owned(), 0);
    }

    /// The parameter that names the user.
    fn name(&self) -> String {
        let hash = self.algorithm.hash;
        match &*self.username {
            name if self.user_hash => {
                format!("username={}", quoted(&hash.of(&format!("{name}:{}", self.realm))))
            }
            name if name.chars().all(|character| matches!(character, ' '..='~')) => {
                format!("username={}", quoted(name))
            }
            name => format!("username*=UTF-8''{}", percent_encoded(name)),
        }
    }
}

impl std::fmt::Debug for DigestSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestSession").field("realm", &self.realm).finish_non_exhaustive()
    }
}

fn of_challenge(
    challenge: &Challenge,
    username: &str,
    password: &str,
    client_nonce: &str,
) -> Option<DigestSession> {
    if !challenge.scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let said = |name| challenge.parameters.named(name);
    let said_algorithm = said("algorithm").map(str::to_owned);
    let algorithm = Algorithm::named(said_algorithm.as_deref().unwrap_or("MD5"))?;
    let (realm, nonce) = (said("realm")?.to_owned(), said("nonce")?.to_owned());
    let quality = match said("qop") {
        None => Quality::None,
        Some(list) => {
            let has = |word: &str| list.split(',').any(|one| one.trim().eq_ignore_ascii_case(word));
            match (has("auth"), has("auth-int")) {
                (true, _) => Quality::Auth,
                (false, true) => Quality::AuthInt,
                (false, false) => return None,
            }
        }
    };
    let hash = algorithm.hash;
    let mut secret = hash.of(&format!("{username}:{realm}:{password}"));
    if algorithm.session {
        // Made once for a challenge: later nonces do not change it.
        secret = hash.of(&format!("{secret}:{nonce}:{client_nonce}"));
    }
    Some(DigestSession {
        algorithm,
        said_algorithm,
        realm,
        nonce,
        opaque: said("opaque").map(str::to_owned),
        quality,
        user_hash: said("userhash").is_some_and(|word| word.eq_ignore_ascii_case("true")),
        username: username.to_owned(),
        secret,
        client_nonce: client_nonce.to_owned(),
        count: 0,
    })
}

/// Is the nonce alone too old, and the password right?
pub(crate) fn is_stale(challenges: &[Challenge]) -> bool {
    challenges.iter().filter(|challenge| challenge.scheme.eq_ignore_ascii_case("Digest")).any(|challenge| {
        challenge.parameters.named("stale").is_some_and(|word| word.eq_ignore_ascii_case("true"))
    })
}

impl Algorithm {
    fn named(said: &str) -> Option<Algorithm> {
        let said = said.to_ascii_lowercase();
        let (name, session) = match said.strip_suffix("-sess") {
            Some(name) => (name, true),
            None => (&*said, false),
        };
        let hash = match name {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            "sha-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some(Algorithm { hash, session })
    }
}

impl Hash {
    fn of(self, text: &str) -> String {
        self.of_bytes(text.as_bytes())
    }

    /// In small hexadecimal digits.
    fn of_bytes(self, bytes: &[u8]) -> String {
        match self {
            Hash::Md5 => hexadecimal(&Md5::digest(bytes)),
            Hash::Sha256 => hexadecimal(&Sha256::digest(bytes)),
            Hash::Sha512_256 => hexadecimal(&Sha512_256::digest(bytes)),
        }
    }
}

/// Bytes in small hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A quoted-string. NB: what a header cannot carry (a server's own control characters) its maker refuses to send.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// <https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1>
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::challenges::{challenges, parameters};
    use super::*;

    const GET_INDEX: Asked<'_> = Asked { method: "GET", target: "/dir/index.html", body: Some(b"") };

    fn answered(challenge: &str, client_nonce: &str, asked: &Asked<'_>) -> Option<String> {
        let mut session =
            DigestSession::new(&challenges(challenge.as_bytes()), "Mufasa", "Circle of Life", client_nonce)?;
        session.authorization(asked)
    }

    fn response_of(value: &str) -> String {
        let parameters = parameters(value.strip_prefix("Digest ").expect("a scheme").as_bytes());
        parameters.named("response").expect("an answer").to_owned()
    }

    /// RFC 7616, 3.9.1.
    #[test]
    fn the_examples_of_rfc_7616() {
        let both = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", \
            Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let value = answered(both, client_nonce, &GET_INDEX).expect("an algorithm that is known");
        assert_eq!(
            value,
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", algorithm=SHA-256, \
             response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""
        );
        let weaker = both.replacen("SHA-256", "SHA-3", 1);
        let value = answered(&weaker, client_nonce, &GET_INDEX).expect("the second is known");
        assert_eq!(response_of(&value), "8ca523f5e9506fed4657c9700eebdbec");
    }

    /// RFC 7616, 3.9.2.
    #[test]
    fn a_name_that_is_hashed() {
        let challenge = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
            nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", \
            charset=UTF-8, userhash=true";
        let challenges = challenges(challenge.as_bytes());
        let mut session = DigestSession::new(
            &challenges,
            "J\u{e4}s\u{f8}n Doe",
            "Secret, or not?",
            "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        )
        .expect("an algorithm that is known");
        let value = session
            .authorization(&Asked { method: "GET", target: "/doe.json", body: None })
            .expect("no body is needed");
        // NB: the RFC's own numbers here are not of SHA-512/256 (errata 4897); these are.
        assert!(
            value.contains("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""),
            "{value}"
        );
        assert_eq!(response_of(&value), "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
        assert!(value.ends_with("userhash=true"), "{value}");
        session.user_hash = false;
        let value = session.authorization(&GET_INDEX).expect("no body is needed");
        assert!(value.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="), "{value}");
    }

    /// RFC 2617, 3.5, and RFC 2069 of the same without a quality.
    #[test]
    fn the_older_ones() {
        let old =
            "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"o\"";
        let value = |challenge: &str| {
            let challenges = challenges(challenge.as_bytes());
            let mut session =
                DigestSession::new(&challenges, "Mufasa", "Circle Of Life", "0a4f113b").expect("known");
            session.authorization(&GET_INDEX).expect("no body is needed")
        };
        assert_eq!(response_of(&value(&format!("{old}, qop=auth"))), "6629fae49393a05397450978507c4ef1");
        assert_eq!(response_of(&value(old)), "670fd8c2df070c60b045671b8b24ff02");
        assert!(!value(old).contains("cnonce") && !value(old).contains("algorithm"));
        assert!(value(&format!("{old}, algorithm=MD5-sess")).contains("cnonce"));
    }

    #[test]
    fn a_session_keeps_its_secret_and_counts() {
        let challenge = "Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess";
        let mut session =
            DigestSession::new(&challenges(challenge.as_bytes()), "u", "p", "c").expect("known");
        // H(H(u:r:p):n:c), and then as always.
        let secret = Hash::Md5.of(&format!("{}:n:c", Hash::Md5.of("u:r:p")));
        let expected = |nonce: &str, count: &str| {
            Hash::Md5.of(&format!("{secret}:{nonce}:{count}:c:auth:{}", Hash::Md5.of("GET:/dir/index.html")))
        };
        let mut next = || session.authorization(&GET_INDEX).expect("no body is needed");
        assert_eq!(response_of(&next()), expected("n", "00000001"));
        assert_eq!(response_of(&next()), expected("n", "00000002"));
        session.take_nonce("m");
        let value = session.authorization(&GET_INDEX).expect("no body is needed");
        assert_eq!(response_of(&value), expected("m", "00000001"));
    }

    #[test]
    fn a_body_that_counts() {
        let challenge = "Digest realm=r, nonce=n, qop=auth-int";
        let asked = |body| Asked { method: "POST", target: "/", body };
        let value = answered(challenge, "c", &asked(Some(b"body"))).expect("its bytes are at hand");
        let secret = Hash::Md5.of("Mufasa:r:Circle of Life");
        let second = Hash::Md5.of(&format!("POST:/:{}", Hash::Md5.of("body")));
        assert_eq!(response_of(&value), Hash::Md5.of(&format!("{secret}:n:00000001:c:auth-int:{second}")));
        assert_eq!(answered(challenge, "c", &asked(None)), None);
    }

    #[test]
    fn challenges_that_are_not_answered() {
        for challenge in [
            "Basic realm=r",
            "Digest nonce=n",
            "Digest realm=r",
            "Digest realm=r, nonce=n, algorithm=SHA-1",
            "Digest realm=r, nonce=n, qop=token",
        ] {
            assert_eq!(answered(challenge, "c", &GET_INDEX), None, "{challenge}");
        }
    }

    #[test]
    fn quotes_do_not_end_a_value() {
        let value = answered(r#"Digest realm="a\"b\\", nonce=n"#, "c", &GET_INDEX).expect("known");
        assert!(value.contains(r#"realm="a\"b\\""#), "{value}");
    }

    #[test]
    fn what_is_stale() {
        assert!(is_stale(&challenges(b"Digest realm=r, nonce=n, stale=TRUE")));
        assert!(!is_stale(&challenges(b"Digest realm=r, nonce=n, stale=false, Other stale=true")));
        assert!(!is_stale(&challenges(b"Digest realm=r, nonce=n")));
    }
}
