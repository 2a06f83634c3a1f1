//! [Blob and File](https://w3c.github.io/FileAPI/): immutable bytes with a type; what bodies, multipart and `blob:` URLs are made of.
//!
//! A rope of shared segments: slicing and joining copy nothing.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::infrastructure::origins::{Origin, Site};

/// <https://w3c.github.io/FileAPI/#dfn-Blob>. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Blob {
    segments: Arc<[Bytes]>,
    size: u64,
    content_type: Arc<str>,
}

impl Blob {
    /// <https://w3c.github.io/FileAPI/#constructorBlob>: the segments in order; a type with a character outside
    /// U+0020 to U+007E becomes the empty string, any other is lower-cased.
    pub fn new(segments: impl IntoIterator<Item = Bytes>, content_type: &str) -> Blob {
        let segments: Arc<[Bytes]> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
        let size = segments.iter().map(|segment| segment.len() as u64).sum();
        Blob { segments, size, content_type: normalize_type(content_type) }
    }

    /// As [`Blob::new`], with a type that stays as it is, as that of a MIME type that was parsed.
    pub fn of_type(segments: impl IntoIterator<Item = Bytes>, content_type: impl Into<Arc<str>>) -> Blob {
        Blob { content_type: content_type.into(), ..Blob::new(segments, "") }
    }

    /// <https://w3c.github.io/FileAPI/#dfn-size>, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// <https://w3c.github.io/FileAPI/#dfn-type>: lower case, empty when unknown.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The bytes, in order, without joining them.
    pub fn segments(&self) -> &[Bytes] {
        &self.segments
    }

    /// The bytes as one sequence; copies only when there is more than one segment.
    pub fn bytes(&self) -> Bytes {
        match &*self.segments {
            [] => Bytes::new(),
            [one] => one.clone(),
            many => {
                let mut joined = BytesMut::with_capacity(self.size as usize);
                many.iter().for_each(|segment| joined.extend_from_slice(segment));
                joined.freeze()
            }
        }
    }

    /// <https://w3c.github.io/FileAPI/#slice-blob>: negative positions count from the end; both are clamped.
    #[must_use]
    pub fn slice(&self, start: Option<i64>, end: Option<i64>, content_type: &str) -> Blob {
        let clamp = |position: i64| {
            if position < 0 {
                self.size.saturating_sub(position.unsigned_abs())
            } else {
                (position as u64).min(self.size)
            }
        };
        let start = start.map_or(0, clamp);
        let end = end.map_or(self.size, clamp).max(start);
        let mut segments = Vec::new();
        let mut offset = 0u64;
        for segment in self.segments.iter() {
            let length = segment.len() as u64;
            let from = start.saturating_sub(offset).min(length);
            let to = end.saturating_sub(offset).min(length);
            if from < to {
                segments.push(segment.slice(from as usize..to as usize));
            }
            offset += length;
        }
        Blob { segments: segments.into(), size: end - start, content_type: normalize_type(content_type) }
    }
}

fn normalize_type(content_type: &str) -> Arc<str> {
    if content_type.bytes().all(|byte| (0x20..=0x7E).contains(&byte)) {
        content_type.to_ascii_lowercase().into()
    } else {
        "".into()
    }
}

/// <https://w3c.github.io/FileAPI/#dfn-file>: a blob with a name.
#[derive(Clone, Debug)]
pub struct File {
    /// The bytes and their type.
    pub blob: Blob,
    /// The name, without any rule about separators: it never becomes a path here.
    pub name: String,
    /// Milliseconds since the epoch.
    pub last_modified: i64,
}

/// <https://w3c.github.io/FileAPI/#blob-url-entry>: the object, and of its environment what the Standards ask for.
#[derive(Clone, Debug)]
pub struct BlobUrlEntry {
    /// The object.
    pub object: Blob,
    /// The environment's origin.
    pub origin: Origin,
    /// The site of the environment's top level: [partitions](https://w3c.github.io/FileAPI/#check-for-same-partition-blob-url-usage) the store.
    pub top_level_site: Site,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob() -> Blob {
        Blob::new(["ab", "", "cde", "f"].map(Bytes::from), "Text/Plain")
    }

    #[test]
    fn slice_table() {
        for (name, start, end, expected) in [
            ("all of it", None, None, "abcdef"),
            ("from the start", None, Some(3), "abc"),
            ("to the end", Some(3), None, "def"),
            ("across segments", Some(1), Some(5), "bcde"),
            ("a whole segment", Some(2), Some(5), "cde"),
            ("negative from the end", Some(-2), None, "ef"),
            ("negative at both", Some(-4), Some(-1), "cde"),
            ("before the start is the start", Some(-7), Some(2), "ab"),
            ("beyond the end is the end", Some(4), Some(100), "ef"),
            ("all beyond the end is empty", Some(100), Some(200), ""),
            ("an end before the start is empty", Some(4), Some(2), ""),
            ("an end before the beginning is empty", None, Some(-100), ""),
            ("nothing is empty", Some(3), Some(3), ""),
            ("the least and the greatest", Some(i64::MIN), Some(i64::MAX), "abcdef"),
            ("the other way round", Some(i64::MAX), Some(i64::MIN), ""),
        ] {
            let slice = blob().slice(start, end, "");
            assert_eq!(slice.bytes(), expected, "{name}");
            assert_eq!(slice.size(), expected.len() as u64, "{name}");
            assert!(slice.segments().iter().all(|segment| !segment.is_empty()), "{name}");
        }
        assert_eq!(Blob::default().slice(Some(-1), Some(1), "").size(), 0);
    }

    #[test]
    fn a_slice_of_a_slice_shares_the_bytes() {
        let bytes = Bytes::from(vec![b'x'; 100]);
        let whole = Blob::new([bytes.clone()], "");
        let slice = whole.slice(Some(10), None, "").slice(Some(10), Some(20), "");
        assert_eq!(slice.bytes().as_ptr(), bytes[20..].as_ptr());
        assert_eq!(slice.size(), 10);
    }

    #[test]
    fn a_slice_has_the_type_it_is_given_not_its_origin_s() {
        assert_eq!(blob().content_type(), "text/plain");
        assert_eq!(blob().slice(None, None, "").content_type(), "");
        assert_eq!(blob().slice(None, None, "X/Y").content_type(), "x/y");
    }

    #[test]
    fn type_table() {
        for (name, given, kept) in [
            ("empty", "", ""),
            ("lower-cased", "Text/HTML;Charset=UTF-8", "text/html;charset=utf-8"),
            ("not checked further", " not a type ~", " not a type ~"),
            ("DEL is outside the range", "a\u{7F}", ""),
            ("so is everything above ASCII", "t\u{E9}xt/plain", ""),
        ] {
            assert_eq!(Blob::new([], given).content_type(), kept, "{name}");
        }
    }

    #[test]
    fn row_68_a_type_with_line_breaks_or_nul_is_dropped() {
        for bad in ["\r", "\n", "\0", "\t", "\r\nX-Injected: 1"] {
            let hostile = format!("text/plain{bad}");
            assert_eq!(Blob::new([], &hostile).content_type(), "", "{bad:?}");
            assert_eq!(blob().slice(None, None, &hostile).content_type(), "", "{bad:?}");
        }
    }
}
