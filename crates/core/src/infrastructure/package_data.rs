//! Package data, the last step of [consume body](https://fetch.spec.whatwg.org/#concept-body-consume-body): bytes into what the caller asked for.
//!
//! Text, blob and form data; JSON and buffers belong to each face.

use std::fmt;

use bytes::Bytes;

use crate::infrastructure::blobs::Blob;
use crate::infrastructure::form_data::{FormData, FormDataEntry, FormDataValue};
use crate::infrastructure::mime_types::MimeType;
use crate::infrastructure::multipart::{MultipartFailure, multipart_form_data_parse};
use crate::infrastructure::urlencoded::urlencoded_parser;

/// The bytes are not the form data that their type announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormDataFailure {
    /// The type is neither of the two that forms have.
    NotFormData {
        /// The type's essence, empty where there is none.
        essence: String,
    },
    /// multipart/form-data that does not parse.
    Multipart(MultipartFailure),
}

impl fmt::Display for FormDataFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FormDataFailure::NotFormData { .. } => "not-form-data",
            FormDataFailure::Multipart(_) => "multipart",
        })
    }
}

impl std::error::Error for FormDataFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FormDataFailure::NotFormData { .. } => None,
            FormDataFailure::Multipart(failure) => Some(failure),
        }
    }
}

/// [UTF-8 decode](https://encoding.spec.whatwg.org/#utf-8-decode): a byte order mark goes, errors become U+FFFD.
pub fn text_of(bytes: &[u8]) -> String {
    encoding_rs::UTF_8.decode_with_bom_removal(bytes).0.into_owned()
}

/// A blob of the body's MIME type.
pub fn blob_of(bytes: Bytes, mime_type: Option<&MimeType>) -> Blob {
    Blob::new([bytes], &mime_type.map(ToString::to_string).unwrap_or_default())
}

/// <https://fetch.spec.whatwg.org/#concept-body-consume-body>, its last step: form data, by the body's MIME type; `now`, in milliseconds since the epoch, is when its files are made.
pub fn form_data_of(
    bytes: &Bytes,
    mime_type: Option<&MimeType>,
    now: i64,
) -> Result<FormData, FormDataFailure> {
    match mime_type {
        Some(mime_type) if mime_type.essence() == "multipart/form-data" => {
            multipart_form_data_parse(bytes, mime_type.parameter("boundary"), now)
                .map_err(FormDataFailure::Multipart)
        }
        Some(mime_type) if mime_type.essence() == "application/x-www-form-urlencoded" => {
            let pairs = urlencoded_parser(bytes).into_iter();
            let entries =
                pairs.map(|(name, value)| FormDataEntry { name, value: FormDataValue::String(value) });
            Ok(FormData { entries: entries.collect() })
        }
        other => {
            let essence = other.map(|mime_type| mime_type.essence().to_owned()).unwrap_or_default();
            Err(FormDataFailure::NotFormData { essence })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(content_type: &str) -> MimeType {
        MimeType::parse(content_type).expect("a MIME type of the table")
    }

    #[test]
    fn form_data_by_type() {
        let urlencoded = parsed("application/x-www-form-urlencoded;charset=UTF-8");
        let form_data = form_data_of(&Bytes::from_static(b"a=1&b=%20&__proto__=x"), Some(&urlencoded), 0);
        let entries = form_data.expect("urlencoded bytes always parse").entries;
        let pairs: Vec<_> = entries.iter().map(|entry| (&*entry.name, entry.value.as_str())).collect();
        assert_eq!(pairs, [("a", Some("1")), ("b", Some(" ")), ("__proto__", Some("x"))]);

        let bytes =
            Bytes::from_static(b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n");
        let form_data =
            form_data_of(&bytes, Some(&parsed("multipart/form-data; boundary=x")), 0).expect("a part");
        assert_eq!(form_data.entries.len(), 1);
        assert!(matches!(
            form_data_of(&bytes, Some(&parsed("multipart/form-data")), 0),
            Err(FormDataFailure::Multipart(MultipartFailure::NoBoundary))
        ));
        assert!(matches!(form_data_of(&bytes, None, 0), Err(FormDataFailure::NotFormData { .. })));
    }

    #[test]
    fn text_loses_its_byte_order_mark_and_no_byte_more() {
        assert_eq!(text_of(b"\xEF\xBB\xBFa\xFF"), "a\u{FFFD}");
    }
}
