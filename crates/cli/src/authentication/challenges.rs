//! [`WWW-Authenticate`](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1) and `Authentication-Info`: schemes and their parameters, as their sender wrote them.

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// As said; schemes know no case.
    pub(crate) scheme: String,
    /// Names in small letters; a token68 has none.
    pub(crate) parameters: Parameters,
}

/// `name=value` pairs, quotes and their escapes taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The value of the first of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

/// The challenges of a combined header. What cannot be read ends the reading: what stands before it counts.
pub(crate) fn challenges(value: &[u8]) -> Vec<Challenge> {
    let text = String::from_utf8_lossy(value);
    let mut reader = Reader(&text);
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        reader.skip(&[' ', '\t', ',']);
        let Some(word) = reader.token() else { return challenges };
        // A word and `=`: a parameter of the scheme before it.
        if let Some(value) = reader.value() {
            if let (Some(last), Some(value)) = (challenges.last_mut(), value) {
                last.parameters.0.push((word.to_ascii_lowercase(), value));
                continue;
            }
            return challenges;
        }
        challenges.push(Challenge { scheme: word, parameters: Parameters::default() });
        reader.skip(&[' ', '\t']);
        reader.skip_token68();
    }
}

/// The parameters of `Authentication-Info`.
pub(crate) fn parameters(value: &[u8]) -> Parameters {
    let text = String::from_utf8_lossy(value);
    let mut reader = Reader(&text);
    let mut parameters = Parameters::default();
    loop {
        reader.skip(&[' ', '\t', ',']);
        let Some(name) = reader.token() else { return parameters };
        let Some(Some(value)) = reader.value() else { return parameters };
        parameters.0.push((name.to_ascii_lowercase(), value));
    }
}

/// The text that is left to read.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn skip(&mut self, these: &[char]) {
        self.0 = self.0.trim_start_matches(these);
    }

    fn token(&mut self) -> Option<String> {
        let end = self.0.find(|character| !is_token(character)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// `None` where no `=` follows; `Some(None)` where nothing that can be read follows it.
    fn value(&mut self) -> Option<Option<String>> {
        // NB: white space may also part a scheme from its parameters; without the sign it is left as it was.
        self.0 = self.0.trim_start_matches([' ', '\t']).strip_prefix('=')?;
        self.skip(&[' ', '\t']);
        match self.0.strip_prefix('"') {
            Some(rest) => {
                self.0 = rest;
                Some(self.quoted())
            }
            None => Some(self.token()),
        }
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut characters = self.0.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(characters.next()?.1),
                _ => text.push(character),
            }
        }
        None
    }

    /// A token68 stands alone: up to its comma there is nothing else.
    fn skip_token68(&mut self) {
        let end = self.0.find(',').unwrap_or(self.0.len());
        let word = self.0[..end].trim_end_matches([' ', '\t']);
        let body = word.trim_end_matches('=');
        let is_char = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~' | '+' | '/')
        };
        if !body.is_empty() && body.chars().all(is_char) {
            self.0 = &self.0[end..];
        }
    }
}

fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Expected<'a> = (&'a str, &'a [(&'a str, &'a str)]);

    fn read(value: &str) -> Vec<(String, Vec<(String, String)>)> {
        challenges(value.as_bytes()).into_iter().map(|one| (one.scheme, one.parameters.0)).collect()
    }

    #[test]
    fn challenge_table() {
        let table: [(&str, &str, &[Expected<'_>]); 12] = [
            ("a scheme alone", "Negotiate", &[("Negotiate", &[])]),
            ("a parameter", "Basic realm=\"a b\"", &[("Basic", &[("realm", "a b")])]),
            (
                "a token as value",
                "Digest stale=true, nonce=n",
                &[("Digest", &[("stale", "true"), ("nonce", "n")])],
            ),
            ("white space around the sign", "A  b = \"c\" ,d=e", &[("A", &[("b", "c"), ("d", "e")])]),
            ("escapes", r#"A b="x\"y\\z""#, &[("A", &[("b", "x\"y\\z")])]),
            ("commas in a value", "A b=\"c, D e=f\"", &[("A", &[("b", "c, D e=f")])]),
            (
                "several, with a token68",
                "NTLM TlRM/+==, Basic realm=r, Digest nonce=\"n\", qop=\"auth,auth-int\"",
                &[
                    ("NTLM", &[]),
                    ("Basic", &[("realm", "r")]),
                    ("Digest", &[("nonce", "n"), ("qop", "auth,auth-int")]),
                ],
            ),
            ("names know no case", "A REALM=r", &[("A", &[("realm", "r")])]),
            ("empty elements", ", ,A b=c,,", &[("A", &[("b", "c")])]),
            ("a quote that does not end", "A b=c, d=\"e", &[("A", &[("b", "c")])]),
            ("a parameter without a scheme", "=x, A", &[]),
            ("nothing", "", &[]),
        ];
        for (name, value, expected) in table {
            let expected: Vec<(String, Vec<(String, String)>)> = expected
                .iter()
                .map(|(scheme, parameters)| {
                    let pairs = parameters.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
                    ((*scheme).to_owned(), pairs.collect())
                })
                .collect();
            assert_eq!(read(value), expected, "{name}");
        }
    }

    #[test]
    fn information() {
        let told = parameters(b"nextnonce=\"n, m\", qop=auth, rspauth=\"x\"");
        assert_eq!(
            (told.named("nextnonce"), told.named("qop"), told.named("cnonce")),
            (Some("n, m"), Some("auth"), None)
        );
        assert_eq!(parameters(b"broken").named("broken"), None);
    }
}
