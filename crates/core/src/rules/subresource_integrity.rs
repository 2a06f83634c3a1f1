//! [Subresource Integrity](https://w3c.github.io/webappsec-subresource-integrity/): do these bytes have a digest that was expected?
//!
//! Judges a whole body. Only the strongest algorithm that was named counts; its digests are alternatives.

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::infrastructure::base64::forgiving_base64_encode;
use crate::rules::verdict::Verdict;

/// A [valid SRI hash algorithm token](https://w3c.github.io/webappsec-subresource-integrity/#valid-sri-hash-algorithm-token), weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// `sha256`
    Sha256,
    /// `sha384`
    Sha384,
    /// `sha512`
    Sha512,
}

impl HashAlgorithm {
    pub(crate) fn from_token(token: &str) -> Option<HashAlgorithm> {
        [("sha256", Self::Sha256), ("sha384", Self::Sha384), ("sha512", Self::Sha512)]
            .into_iter()
            .find_map(|(known, algorithm)| token.eq_ignore_ascii_case(known).then_some(algorithm))
    }
}

/// One hash expression of integrity metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegrityMetadata<'a> {
    /// `alg`
    pub algorithm: HashAlgorithm,
    /// `val`: the digest as it was written.
    pub value: &'a str,
}

/// The verdict of [`integrity`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Integrity {
    /// Nothing was asked, or nothing that is understood.
    NoMetadata,
    /// One of the digests.
    Matches {
        /// By this algorithm.
        algorithm: HashAlgorithm,
    },
    /// None of the digests.
    Mismatch {
        /// What was expected, as written: algorithm and digest.
        expected: Vec<(HashAlgorithm, String)>,
        /// The digests of the bytes, one for each algorithm compared.
        actual: Vec<(HashAlgorithm, String)>,
    },
    /// There is no body to digest (main fetch step 23.2).
    NoBody,
}

impl Verdict for Integrity {
    const ANCHOR: &'static str =
        "https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist";
    fn blocks(&self) -> bool {
        matches!(self, Integrity::Mismatch { .. } | Integrity::NoBody)
    }
}

/// <https://w3c.github.io/webappsec-subresource-integrity/#parse-metadata>
pub fn parse_metadata(metadata: &str) -> impl Iterator<Item = IntegrityMetadata<'_>> {
    // NB: the text splits on spaces; attributes are written over several lines, and any ASCII whitespace splits.
    metadata.split_ascii_whitespace().filter_map(|item| {
        // 2.1, 2.2. Options are not understood, and ignored.
        let expression = item.split('?').next().unwrap_or(item);
        // 2.3, 2.4. The algorithm ends at the first hyphen.
        // DEPARTS: so does, in the text, the digest at the second; base64url has hyphens, and engines take it
        // (https://github.com/w3c/webappsec-subresource-integrity/pull/150).
        let (token, value) = expression.split_once('-').unwrap_or((expression, ""));
        // 2.5-2.9. What has another algorithm is as if it had not been written.
        HashAlgorithm::from_token(token).map(|algorithm| IntegrityMetadata { algorithm, value })
    })
}

/// <https://w3c.github.io/webappsec-subresource-integrity/#get-the-strongest-metadata>
pub fn strongest_metadata<'a>(
    set: impl Iterator<Item = IntegrityMetadata<'a>>,
) -> Vec<IntegrityMetadata<'a>> {
    let mut result: Vec<IntegrityMetadata<'_>> = Vec::new();
    for item in set {
        match result.first().map(|strongest| item.algorithm.cmp(&strongest.algorithm)) {
            Some(std::cmp::Ordering::Less) => {}
            Some(std::cmp::Ordering::Equal) => result.push(item),
            Some(std::cmp::Ordering::Greater) | None => result = vec![item],
        }
    }
    result
}

/// <https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist>; `None` is a response without a body.
pub fn integrity(bytes: Option<&[u8]>, metadata_list: &str) -> Integrity {
    // Main fetch asks only where there is metadata, and fails without a body before it parses any.
    if metadata_list.is_empty() {
        return Integrity::NoMetadata;
    }
    let Some(bytes) = bytes else { return Integrity::NoBody };
    // 1-3. The strongest of what is understood; they share one algorithm.
    let metadata = strongest_metadata(parse_metadata(metadata_list));
    let Some(&IntegrityMetadata { algorithm, .. }) = metadata.first() else { return Integrity::NoMetadata };
    // 4. One digest of the bytes, compared with each.
    let actual = apply_algorithm(algorithm, bytes);
    if metadata.iter().any(|item| is_same_digest(item.value, &actual)) {
        return Integrity::Matches { algorithm };
    }
    // 5. None is the same.
    Integrity::Mismatch {
        expected: metadata.iter().map(|item| (item.algorithm, item.value.to_owned())).collect(),
        actual: vec![(algorithm, actual)],
    }
}

/// <https://w3c.github.io/webappsec-subresource-integrity/#apply-algorithm-to-response>
pub(crate) fn apply_algorithm(algorithm: HashAlgorithm, bytes: &[u8]) -> String {
    match algorithm {
        HashAlgorithm::Sha256 => forgiving_base64_encode(&Sha256::digest(bytes)),
        HashAlgorithm::Sha384 => forgiving_base64_encode(&Sha384::digest(bytes)),
        HashAlgorithm::Sha512 => forgiving_base64_encode(&Sha512::digest(bytes)),
    }
}

/// Are these the same digest, the second in canonical base64?
fn is_same_digest(expected: &str, actual: &str) -> bool {
    // DEPARTS: the text compares strings. Engines also take base64url and do without padding, and tests ask for it
    // (https://github.com/w3c/webappsec-subresource-integrity/issues/121); the bytes that are meant stay the same.
    let bare = |digest: &'_ str| digest.trim_end_matches('=').len();
    // At most the padding that belongs there.
    if expected.len() - bare(expected) > actual.len() - bare(actual) {
        return false;
    }
    let standard = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    };
    expected[..bare(expected)].bytes().map(standard).eq(actual[..bare(actual)].bytes())
}

#[cfg(test)]
mod tests {
    use super::HashAlgorithm::*;
    use super::*;

    const BODY: &[u8] = b"alert('Hello, world.');";
    const SHA384: &str = "H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
    const SHA512: &str =
        "Q2bFTOhEALkN8hOms2FKTDLy7eugP2zFZ1T8LCvX42Fp3WoNr3bjZSAHeOsHrbV1Fu9/A0EzCinRE7Af1ofPrw==";

    fn judge(metadata: &str) -> Integrity {
        integrity(Some(BODY), metadata)
    }

    fn sha256() -> String {
        apply_algorithm(Sha256, BODY)
    }

    #[test]
    fn integrity_table() {
        let (a, b) = (format!("sha384-{SHA384}"), format!("sha512-{SHA512}"));
        let bad = "sha512-AAAA";
        let matches = |algorithm| Integrity::Matches { algorithm };
        for (name, metadata, verdict) in [
            ("nothing", String::new(), Integrity::NoMetadata),
            ("only spaces", "  ".into(), Integrity::NoMetadata),
            ("sha256", format!("sha256-{}", sha256()), matches(Sha256)),
            ("sha384", a.clone(), matches(Sha384)),
            ("sha512", b.clone(), matches(Sha512)),
            ("the token in capitals", format!("SHA384-{SHA384}"), matches(Sha384)),
            ("the strongest decides", format!("sha256-AAAA {a}"), matches(Sha384)),
            ("one of several", format!("sha384-AAAA {a}"), matches(Sha384)),
            ("one of several, first", format!("{a} sha384-AAAA"), matches(Sha384)),
            ("over several lines", format!("\n\t{a}\r\n  {b}\n"), matches(Sha512)),
            ("options are ignored", format!("{a}?ct=text/plain?x-y"), matches(Sha384)),
            ("an unknown algorithm alone", "sha1-AAAA md5-x".into(), Integrity::NoMetadata),
            ("an unknown algorithm beside a known", format!("sha1024-AAAA {a}"), matches(Sha384)),
            ("no algorithm", "AAAA".into(), Integrity::NoMetadata),
            ("empty options", format!("?? {a}"), matches(Sha384)),
        ] {
            let found = judge(&metadata);
            assert_eq!(found, verdict, "{name}");
            assert!(!found.blocks(), "{name}");
        }
        for (name, metadata, expected) in [
            ("a wrong digest", bad.to_owned(), vec![(Sha512, "AAAA")]),
            ("a weaker one cannot save it", format!("{a} {bad}"), vec![(Sha512, "AAAA")]),
            ("nor before", format!("{bad} {a}"), vec![(Sha512, "AAAA")]),
            ("no digest", "sha512-".into(), vec![(Sha512, "")]),
            ("no hyphen", "sha512".into(), vec![(Sha512, "")]),
            ("not base64", "sha512-!!!".into(), vec![(Sha512, "!!!")]),
            ("all that were tried", "sha512-A sha512-B".into(), vec![(Sha512, "A"), (Sha512, "B")]),
        ] {
            let expected =
                expected.into_iter().map(|(algorithm, value)| (algorithm, value.to_owned())).collect();
            let found = judge(&metadata);
            assert_eq!(
                found,
                Integrity::Mismatch { expected, actual: vec![(Sha512, SHA512.into())] },
                "{name}"
            );
            assert!(found.blocks(), "{name}");
        }
    }

    #[test]
    fn without_a_body_metadata_cannot_match() {
        assert_eq!(integrity(None, "sha256-AAAA"), Integrity::NoBody);
        assert_eq!(integrity(None, ""), Integrity::NoMetadata);
        assert!(Integrity::NoBody.blocks());
        // An empty body is a body.
        let empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(integrity(Some(b""), empty), Integrity::Matches { algorithm: Sha256 });
    }

    #[test]
    fn row_67_tampered_bytes_never_pass() {
        let url_safe = |digest: &str| digest.replace('+', "-").replace('/', "_");
        let good = [
            format!("sha512-{SHA512}"),
            format!("sha512-{}", url_safe(SHA512)),
            format!("sha512-{}", SHA512.trim_end_matches('=')),
            format!("sha512-{}", url_safe(SHA512).trim_end_matches('=')),
            format!("sha384-{}", url_safe(SHA384)),
            format!("sha999-AAAA sha384-{SHA384}?opt sha384-AAAA"),
        ];
        for metadata in &good {
            assert!(!judge(metadata).blocks(), "{metadata}");
            assert!(integrity(Some(b"alert('Tampered.');"), metadata).blocks(), "{metadata}");
            assert!(integrity(Some(b""), metadata).blocks(), "{metadata}");
        }
        // Near misses of a digest are misses.
        for metadata in [
            format!("sha512-{SHA512}="),
            format!("sha384-{SHA384}=="),
            format!("sha512-{}", &SHA512[..SHA512.len() - 3]),
            format!("sha512-{}", SHA512.to_ascii_lowercase()),
            format!("sha512-={SHA512}"),
            format!("sha512-{SHA512}AAAA"),
            "sha512-=".to_owned(),
            "sha512-==".to_owned(),
            format!("sha512-\u{e9}{SHA512}"),
        ] {
            assert!(judge(&metadata).blocks(), "{metadata}");
        }
    }
}
