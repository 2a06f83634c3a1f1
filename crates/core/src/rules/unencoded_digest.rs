//! [`Unencoded-Digest`](https://httpwg.org/http-extensions/draft-ietf-httpbis-unencoded-digest.html): are these bytes what the server says it sent?
//!
//! Judges a whole body, its content codings undone. Unlike integrity metadata, where one digest of several is enough, every
//! digest has to be right: one and the same server says both.

// DEPARTS: not in the Standard's text yet (https://github.com/whatwg/fetch/pull/1867), and yet what Chromium does.

use crate::infrastructure::base64::forgiving_base64_encode;
use crate::infrastructure::requests::Request;
use crate::infrastructure::responses::Response;
use crate::infrastructure::structured_fields::{
    BareItem, Dictionary, Item, Member, get_a_structured_field_value,
};
use crate::rules::subresource_integrity::{HashAlgorithm, apply_algorithm};
use crate::rules::verdict::Verdict;

/// The header's name.
pub const UNENCODED_DIGEST: &str = "Unencoded-Digest";

/// The verdict of [`asserted_digests`] and [`unencoded_digest`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnencodedDigest {
    /// The response is opaque: whether its body is what a digest says would be one more thing that a page learns of it.
    Opaque,
    /// On the user's own behalf the body is given as it comes, unless the owner asks.
    OwnBehalf,
    /// The response is a part, and the digest is the whole's.
    Partial,
    /// The header is no dictionary.
    Unparsable {
        /// The combined value.
        said: String,
    },
    /// No digest of an algorithm that is known.
    NoneKnown,
    /// The response has no body, as an answer to HEAD has none.
    NoBody,
    /// All digests.
    Matches {
        /// By these algorithms.
        algorithms: Vec<HashAlgorithm>,
    },
    /// Another digest.
    Mismatch {
        /// By this algorithm.
        algorithm: HashAlgorithm,
        /// What the server says, in base64.
        expected: String,
        /// The digest of the bytes, in base64.
        actual: String,
    },
}

impl Verdict for UnencodedDigest {
    const ANCHOR: &'static str = "https://wicg.github.io/signature-based-sri/#unencoded-digest-validation";
    fn blocks(&self) -> bool {
        matches!(self, UnencodedDigest::Mismatch { .. })
    }
}

/// Whose responses are verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verified {
    /// A page's.
    #[default]
    Pages,
    /// Those on the user's own behalf, too.
    Owners,
}

/// What a server says of its response's body: a digest for each algorithm, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertedDigests(Vec<(HashAlgorithm, Vec<u8>)>);

/// Steps 1 to 3.1 of <https://wicg.github.io/signature-based-sri/#abstract-opdef-verify-unencoded-digest-assertions>: the
/// digests that are to be verified, or why none is. Reads no body: where there is nothing to verify, nobody waits for one.
pub fn asserted_digests(
    request: &Request,
    response: &Response,
    verified: Verified,
) -> Result<AssertedDigests, UnencodedDigest> {
    if response.is_opaque() {
        return Err(UnencodedDigest::Opaque);
    }
    if request.owner && verified == Verified::Pages {
        return Err(UnencodedDigest::OwnBehalf);
    }
    let internal = response.internal();
    if internal.body.is_none() {
        return Err(UnencodedDigest::NoBody);
    }
    // NB: the digest is of the selected representation (RFC 9110, section 3.2), however much of it is here.
    if internal.status == 206 {
        return Err(UnencodedDigest::Partial);
    }
    let list = &internal.header_list;
    // 1, 2. What is no dictionary says nothing.
    let header = get_a_structured_field_value(UNENCODED_DIGEST, list);
    let Some(Dictionary(members)) = header else {
        let said = list.get(UNENCODED_DIGEST).unwrap_or_default();
        return Err(UnencodedDigest::Unparsable { said: String::from_utf8_lossy(&said).into_owned() });
    };
    // 3, 3.1.
    let known: Vec<_> = members.into_iter().filter_map(known_digest).collect();
    if known.is_empty() { Err(UnencodedDigest::NoneKnown) } else { Ok(AssertedDigests(known)) }
}

// NB: the registry of digest algorithms has no `sha-384`, and Chromium takes none; what cannot be a digest at all, for its
// type or its length, is passed over like an algorithm that nobody knows.
fn known_digest((key, member): (String, Member)) -> Option<(HashAlgorithm, Vec<u8>)> {
    let (algorithm, length) = match &*key {
        "sha-256" => (HashAlgorithm::Sha256, 32),
        "sha-512" => (HashAlgorithm::Sha512, 64),
        _ => return None,
    };
    match member {
        Member::Item(Item { value: BareItem::ByteSequence(digest), .. }) if digest.len() == length => {
            Some((algorithm, digest))
        }
        _ => None,
    }
}

/// Steps 3.2 to 4 of <https://wicg.github.io/signature-based-sri/#abstract-opdef-verify-unencoded-digest-assertions>
pub fn unencoded_digest(bytes: &[u8], digests: &AssertedDigests) -> UnencodedDigest {
    for (algorithm, expected) in &digests.0 {
        let (expected, actual) = (forgiving_base64_encode(expected), apply_algorithm(*algorithm, bytes));
        if actual != expected {
            return UnencodedDigest::Mismatch { algorithm: *algorithm, expected, actual };
        }
    }
    UnencodedDigest::Matches { algorithms: digests.0.iter().map(|(algorithm, _)| *algorithm).collect() }
}

#[cfg(test)]
mod tests {
    use super::HashAlgorithm::*;
    use super::UnencodedDigest::*;
    use super::*;
    use crate::infrastructure::bodies::Body;
    use crate::infrastructure::responses::{Filter, InternalResponse};
    use crate::infrastructure::url::Url;

    const BODY: &[u8] = b"hello world";
    const A256: &str = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:";
    const A512: &str =
        "sha-512=:MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw==:";
    /// Of other bytes.
    const B256: &str = "sha-256=:vT+a3uWsoxRxVJEINKfH4XZpLqsneOzhFVY98Y3iIz0=:";
    const B512: &str =
        "sha-512=:N/peuevAy3l8KpS0bB6VTS8vc0fdAvjBJKYjVo2xb6sB6LpDfY6YlrXkWeeXGrP07UXDXEu1K3+SaUqMNjEkxQ==:";

    fn request() -> Request {
        Request::new(Url::parse("https://a.test/", None).unwrap())
    }

    fn response(said: &[&str]) -> InternalResponse {
        let mut internal =
            InternalResponse { body: Some(Body::from_bytes(BODY)), ..InternalResponse::default() };
        for value in said {
            internal.header_list.append(UNENCODED_DIGEST, (*value).to_owned());
        }
        internal
    }

    fn judge_with(request: &Request, response: &Response, verified: Verified) -> UnencodedDigest {
        asserted_digests(request, response, verified)
            .map_or_else(|verdict| verdict, |digests| unencoded_digest(BODY, &digests))
    }

    fn judge(said: &[&str]) -> UnencodedDigest {
        judge_with(&request(), &Response::new(response(said)), Verified::Pages)
    }

    #[test]
    fn unencoded_digest_table() {
        let matches = |algorithms: &[HashAlgorithm]| Matches { algorithms: algorithms.to_vec() };
        let unparsable = |said: &str| Unparsable { said: said.to_owned() };
        for (name, said, verdict) in [
            ("sha-256", &[A256][..], matches(&[Sha256])),
            ("sha-512", &[A512], matches(&[Sha512])),
            ("both, over two headers", &[A256, A512], matches(&[Sha256, Sha512])),
            ("the last of one key counts", &[B256, A256], matches(&[Sha256])),
            ("an unknown algorithm beside", &["md5=:AAAA:", A256], matches(&[Sha256])),
            ("a parameter says nothing", &[&format!("{A256};x=1")], matches(&[Sha256])),
            ("an unknown algorithm alone", &["sha-384=:AAAA:"], NoneKnown),
            ("a key in capitals is no key", &["SHA-256=:AAAA:"], unparsable("SHA-256=:AAAA:")),
            ("SRI's own spelling is unknown", &["sha256=:AAAA:"], NoneKnown),
            ("a token", &["sha-256=AAAA"], NoneKnown),
            ("an inner list", &["sha-256=(:AAAA:)"], NoneKnown),
            ("no value", &["sha-256"], NoneKnown),
            ("too short for a digest", &["sha-256=:AAAA:"], NoneKnown),
            ("a length of another algorithm", &[&A256.replace("256", "512")], NoneKnown),
            ("empty", &[""], NoneKnown),
            ("no dictionary", &["\"hello\""], unparsable("\"hello\"")),
            ("one that breaks off", &[&format!("{B256}, x=")], unparsable(&format!("{B256}, x="))),
        ] {
            let found = judge(said);
            assert_eq!(found, verdict, "{name}");
            assert!(!found.blocks(), "{name}");
        }
        for (name, said, algorithm) in [
            ("another digest", &[B256][..], Sha256),
            ("another, of the other algorithm", &[B512], Sha512),
            ("one right digest does not save it", &[A256, B512], Sha512),
            ("nor the stronger one", &[A512, B256], Sha256),
            ("the last of one key counts", &[A256, B256], Sha256),
        ] {
            let found = judge(said);
            assert!(
                matches!(&found, Mismatch { algorithm: by, .. } if *by == algorithm),
                "{name}: {found:?}"
            );
            assert!(found.blocks(), "{name}");
        }
    }

    #[test]
    fn who_is_not_told() {
        let opaque = |filter| Response::new(response(&[B256])).filtered(filter);
        assert_eq!(judge_with(&request(), &opaque(Filter::Opaque), Verified::Owners), Opaque);
        assert_eq!(judge_with(&request(), &opaque(Filter::OpaqueRedirect), Verified::Owners), Opaque);
        assert!(judge_with(&request(), &opaque(Filter::Cors), Verified::Pages).blocks());
        let mut own = request();
        own.owner = true;
        let wrong = Response::new(response(&[B256]));
        assert_eq!(judge_with(&own, &wrong, Verified::Pages), OwnBehalf);
        assert!(judge_with(&own, &wrong, Verified::Owners).blocks());
    }

    #[test]
    fn a_part_and_no_body_are_not_the_whole() {
        let part = InternalResponse { status: 206, ..response(&[B256]) };
        assert_eq!(judge_with(&request(), &Response::new(part), Verified::Pages), Partial);
        let none = InternalResponse { body: None, ..response(&[B256]) };
        assert_eq!(judge_with(&request(), &Response::new(none), Verified::Pages), NoBody);
    }
}
