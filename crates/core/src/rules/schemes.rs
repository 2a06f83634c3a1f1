//! What each scheme answers without HTTP ([scheme fetch](https://fetch.spec.whatwg.org/#concept-scheme-fetch)), and why one does not.

use crate::infrastructure::blobs::BlobUrlEntry;
use crate::infrastructure::methods::Method;
use crate::infrastructure::ranges::{SingleRange, parse_a_single_range_header_value};
use crate::infrastructure::requests::{Destination, Request};
use crate::rules::verdict::{Verdict, said};

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
/// `range` is the value of the request's `Range` header.
pub fn blob_fetch(request: &Request, entry: Option<&BlobUrlEntry>, range: Option<&[u8]>) -> SchemeFetch {
    // 2. Only GET, and only what the store knows.
    if request.method != Method::GET {
        return SchemeFetch::BlobMethod { method: request.method.to_string() };
    }
    let Some(entry) = entry else { return SchemeFetch::BlobUnknown };
    // 3 to 7. The same partition, unless the document itself is what is fetched.
    // SKIPS 5: a top-level document that fetches itself needs documents.
    if request.destination != Destination::Document
        && let Some(environment) = request.environment()
        && environment.network_partition_key().top_level_site != entry.top_level_site
    {
        return SchemeFetch::BlobOtherPartition;
    }
    // 13, 14. The whole, or one range within.
    let full_length = entry.object.size();
    let Some(value) = range else { return SchemeFetch::Blob };
    let (first, last) = match parse_a_single_range_header_value(value, true) {
        // A suffix: that many bytes from the end.
        Ok(SingleRange { start: None, end: Some(suffix) }) if full_length > 0 && suffix > 0 => {
            // NB: a suffix longer than the blob is all of it (RFC 9110, 14.1.2); the text's subtraction would go below 0.
            (full_length.saturating_sub(suffix), full_length - 1)
        }
        Ok(SingleRange { start: Some(first), end: last }) if first < full_length => {
            (first, last.map_or(full_length - 1, |last| last.min(full_length - 1)))
        }
        _ => return SchemeFetch::BlobRangeInvalid { said: said(value) },
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
        let invalid = |said: &str| SchemeFetch::BlobRangeInvalid { said: said.into() };
        for (row, range, verdict) in [
            ("without a range it is whole", None, SchemeFetch::Blob),
            ("first and last", Some("bytes=2-5"), part(2, 5)),
            ("an open end", Some("bytes=2-"), part(2, 9)),
            ("an end beyond is clamped", Some("bytes=2-500"), part(2, 9)),
            ("a suffix", Some("bytes=-3"), part(7, 9)),
            ("a suffix longer than the blob is all of it", Some("bytes=-30"), part(0, 9)),
            ("an empty suffix is nothing", Some("bytes=-0"), invalid("bytes=-0")),
            ("a start beyond is refused", Some("bytes=10-"), invalid("bytes=10-")),
            ("no range at all is refused", Some("lines=1-2"), invalid("lines=1-2")),
        ] {
            let request = Request::new(Url::parse("blob:x", None).expect("a valid URL"));
            assert_eq!(blob_fetch(&request, Some(&entry), range.map(str::as_bytes)), verdict, "{row}");
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
