//! What each scheme answers without HTTP ([scheme fetch](https://fetch.spec.whatwg.org/#concept-scheme-fetch)), and why one does not.

use crate::infrastructure::blobs::BlobUrlEntry;
use crate::infrastructure::methods::Method;
use crate::infrastructure::requests::{Destination, Request};
use crate::rules::verdict::Verdict;

/// The verdict of scheme fetch's switch.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemeFetch {
    /// `about:blank`
    AboutBlank,
    /// A blob, whole.
    Blob,
    /// A part of a blob: first and last byte.
    BlobRange {
        /// The first byte.
        first: u64,
        /// The last byte, inclusive.
        last: u64,
        /// The blob's size.
        full_length: u64,
    },
    /// A `data:` URL.
    Data,
    /// A `file:` URL, which the user agent was told to read.
    File,
    /// HTTP fetch.
    Http,
    /// Any other `about:` URL.
    AboutOther {
        /// Its path.
        path: String,
    },
    /// A `blob:` URL may only be got.
    BlobMethod {
        /// What was asked instead.
        method: String,
    },
    /// The blob URL store has no such entry (any more).
    BlobUnknown,
    /// The entry belongs to another partition.
    BlobOtherPartition,
    /// The `Range` header is not one range, or lies outside.
    BlobRangeInvalid {
        /// The header's value.
        said: String,
    },
    /// A `data:` URL without a comma, or with bad base64.
    DataInvalid,
    /// `file:` is not read unless the user agent is told to.
    FileRefused,
    /// No such scheme.
    Unsupported {
        /// Which.
        scheme: String,
    },
}

impl Verdict for SchemeFetch {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-scheme-fetch";
    fn blocks(&self) -> bool {
        !matches!(
            self,
            SchemeFetch::AboutBlank
                | SchemeFetch::Blob
                | SchemeFetch::BlobRange { .. }
                | SchemeFetch::Data
                | SchemeFetch::File
                | SchemeFetch::Http
        )
    }
}

/// Scheme fetch, "blob", steps 2 to 8: may this request have the entry's blob, and which part of it?
///
/// `range` is the parsed `Range` header: outer `None` without one, inner `None` where it is not a single range.
pub fn blob_fetch(
    request: &Request,
    entry: Option<&BlobUrlEntry>,
    range: Option<(Option<(Option<u64>, Option<u64>)>, String)>,
) -> SchemeFetch {
    // 2. Only GET, and only what the store knows.
    if request.method != Method::GET {
        return SchemeFetch::BlobMethod { method: request.method.to_string() };
    }
    let Some(entry) = entry else { return SchemeFetch::BlobUnknown };
    // 3 to 7. The same partition, unless the document itself is what is fetched.
    // SKIPS 5: a top-level document that fetches itself needs documents.
    if request.destination != Destination::Document {
        if let Some(environment) = request.environment() {
            if environment.network_partition_key().top_level_site != entry.top_level_site {
                return SchemeFetch::BlobOtherPartition;
            }
        }
    }
    // 13, 14. The whole, or one range within.
    let full_length = entry.object.size();
    let (range, said) = match range {
        None => return SchemeFetch::Blob,
        Some((range, said)) => (range, said),
    };
    let (first, last) = match range {
        // A suffix: that many bytes from the end.
        Some((None, Some(suffix))) if full_length > 0 && suffix > 0 => {
            // NB: a suffix longer than the blob is all of it (RFC 9110, 14.1.2); the text's subtraction would go below 0.
            (full_length.saturating_sub(suffix), full_length - 1)
        }
        Some((Some(first), last)) if first < full_length => {
            (first, last.map_or(full_length - 1, |last| last.min(full_length - 1)))
        }
        _ => return SchemeFetch::BlobRangeInvalid { said },
    };
    SchemeFetch::BlobRange { first, last, full_length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::blobs::Blob;
    use crate::infrastructure::origins::Origin;
    use crate::infrastructure::url::Url;

    #[test]
    fn blob_fetch_table() {
        let entry = BlobUrlEntry {
            object: Blob::new([bytes::Bytes::from_static(b"0123456789")], ""),
            origin: Origin::new_opaque(),
            top_level_site: Origin::new_opaque().site(),
        };
        let part = |first, last| SchemeFetch::BlobRange { first, last, full_length: 10 };
        let invalid = || SchemeFetch::BlobRangeInvalid { said: "range".into() };
        for (row, range, verdict) in [
            ("without a range it is whole", None, SchemeFetch::Blob),
            ("first and last", Some(Some((Some(2), Some(5)))), part(2, 5)),
            ("an open end", Some(Some((Some(2), None))), part(2, 9)),
            ("an end beyond is clamped", Some(Some((Some(2), Some(500)))), part(2, 9)),
            ("a suffix", Some(Some((None, Some(3)))), part(7, 9)),
            ("a suffix longer than the blob is all of it", Some(Some((None, Some(30)))), part(0, 9)),
            ("an empty suffix is nothing", Some(Some((None, Some(0)))), invalid()),
            ("a start beyond is refused", Some(Some((Some(10), None))), invalid()),
            ("no range at all is refused", Some(None), invalid()),
        ] {
            let request = Request::new(Url::parse("blob:x", None).expect("a valid URL"));
            let range = range.map(|range| (range, "range".to_owned()));
            assert_eq!(blob_fetch(&request, Some(&entry), range), verdict, "{row}");
        }
        let mut request = Request::new(Url::parse("blob:x", None).expect("a valid URL"));
        assert_eq!(blob_fetch(&request, None, None), SchemeFetch::BlobUnknown);
        request.method = Method::HEAD;
        assert_eq!(
            blob_fetch(&request, Some(&entry), None),
            SchemeFetch::BlobMethod { method: "HEAD".into() }
        );
    }
}
