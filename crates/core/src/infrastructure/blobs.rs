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
