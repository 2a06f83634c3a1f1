//! [Header list](https://fetch.spec.whatwg.org/#concept-header-list): an ordered multimap; order, case and bytes are kept.
//!
//! Opaque: each header carries the one-byte id of its name where the name is a known one, so that look-ups and
//! classes of names (`header_names.rs`) compare a byte. Values are bytes: nothing here is decoded.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::infrastructure::header_names::{KnownName, known_name};

/// <https://fetch.spec.whatwg.org/#concept-header>: a name and a value.
#[derive(Clone)]
pub struct Header {
    known: KnownName,
    name: Bytes,
    value: Bytes,
}

impl Header {
    /// The name, in the case it came in.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The value's bytes.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// The id of the name, [`KnownName::UNKNOWN`] for one outside the table.
    pub fn known(&self) -> KnownName {
        self.known
    }

    /// Is the name a byte-case-insensitive match for `name`?
    pub fn is_named(&self, name: &str) -> bool {
        self.matches(known_name(name.as_bytes()), name.as_bytes())
    }

    fn matches(&self, known: KnownName, name: &[u8]) -> bool {
        self.known == known && (known != KnownName::UNKNOWN || self.name.eq_ignore_ascii_case(name))
    }
}

/// <https://fetch.spec.whatwg.org/#concept-header-list>
#[derive(Clone, Default)]
pub struct HeaderList {
    headers: Vec<Header>,
}

impl HeaderList {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list with room for `count` headers.
    pub fn with_capacity(count: usize) -> Self {
        HeaderList { headers: Vec::with_capacity(count) }
    }

    /// How many headers (not names) there are.
    pub fn len(&self) -> usize {
        self.headers.len()
    }

    /// Is the list « »?
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// The headers, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.headers.iter()
    }

    /// <https://fetch.spec.whatwg.org/#header-list-contains>
    pub fn contains(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-get>: the values joined by 0x2C 0x20; `None` where there is none.
    pub fn get(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let known = known_name(name.as_bytes());
        let mut values = self.headers.iter().filter(|header| header.matches(known, name.as_bytes()));
        let first = values.next()?;
        let Some(second) = values.next() else { return Some(Cow::Borrowed(&first.value)) };
        let mut joined = first.value.to_vec();
        for header in std::iter::once(second).chain(values) {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(&header.value);
        }
        Some(Cow::Owned(joined))
    }

    /// Every value of `name`, in order, uncombined.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> + 'a {
        let known = known_name(name.as_bytes());
        self.headers
            .iter()
            .filter(move |header| header.matches(known, name.as_bytes()))
            .map(|header| &header.value)
    }

    /// The first header of that name.
    pub fn first(&self, name: &str) -> Option<&Header> {
        let known = known_name(name.as_bytes());
        self.headers.iter().find(|header| header.matches(known, name.as_bytes()))
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-append>: reuses the case of the first header of that name.
    pub fn append(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { known, bytes } = name.into();
        let name = match self.headers.iter().find(|header| header.matches(known, &bytes)) {
            Some(first) => first.name.clone(),
            None => bytes,
        };
        self.headers.push(Header { known, name, value: value.into() });
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-delete>
    pub fn delete(&mut self, name: &str) {
        let known = known_name(name.as_bytes());
        self.headers.retain(|header| !header.matches(known, name.as_bytes()));
    }

    /// Keeps the headers for which `keep` says so, in order.
    pub fn retain(&mut self, keep: impl FnMut(&Header) -> bool) {
        self.headers.retain(keep);
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-set>: changes the first header of that name and removes the others.
    pub fn set(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { known, bytes } = name.into();
        let Some(index) = self.headers.iter().position(|header| header.matches(known, &bytes)) else {
            self.headers.push(Header { known, name: bytes, value: value.into() });
            return;
        };
        self.headers[index].value = value.into();
        let mut seen = false;
        self.headers.retain(|header| !header.matches(known, &bytes) || !std::mem::replace(&mut seen, true));
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-combine>: joins onto the first header of that name by 0x2C 0x20.
    pub fn combine(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { known, bytes } = name.into();
        let value = value.into();
        match self.headers.iter_mut().find(|header| header.matches(known, &bytes)) {
            Some(first) => first.value = [&first.value[..], b", ", &value[..]].concat().into(),
            None => self.headers.push(Header { known, name: bytes, value }),
        }
    }

    /// <https://fetch.spec.whatwg.org/#convert-header-names-to-a-sorted-lowercase-set>
    pub fn sorted_lowercase_set<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let mut set: Vec<Vec<u8>> = names.into_iter().map(<[u8]>::to_ascii_lowercase).collect();
        set.sort_unstable();
        set.dedup();
        set
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine>: lower-cased, sorted; `set-cookie` stays apart.
    pub fn sort_and_combine(&self) -> Vec<(Vec<u8>, Bytes)> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for name in Self::sorted_lowercase_set(self.headers.iter().map(Header::name)) {
            let known = known_name(&name);
            let mut values = self
                .headers
                .iter()
                .filter(|header| header.matches(known, &name))
                .map(|header| header.value.clone());
            if name == b"set-cookie" {
                headers.extend(values.map(|value| (name.clone(), value)));
                continue;
            }
            let Some(first) = values.next() else { continue };
            let value = values.fold(first, |joined, value| [&joined[..], b", ", &value[..]].concat().into());
            headers.push((name, value));
        }
        headers
    }
}

impl<'a> IntoIterator for &'a HeaderList {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;
    fn into_iter(self) -> Self::IntoIter {
        self.headers.iter()
    }
}

impl fmt::Debug for HeaderList {
    /// Values of credentials are redacted: a `{:?}` may end in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for header in &self.headers {
            let name = header.name.escape_ascii().to_string();
            if header.known.is_secret() {
                map.entry(&name, &"[redacted]");
            } else {
                map.entry(&name, &header.value.escape_ascii().to_string());
            }
        }
        map.finish()
    }
}

impl PartialEq for HeaderList {
    /// Same headers, names and values to the byte, in the same order.
    fn eq(&self, other: &Self) -> bool {
        self.headers.len() == other.headers.len()
            && self.headers.iter().zip(&other.headers).all(|(a, b)| a.name == b.name && a.value == b.value)
    }
}
impl Eq for HeaderList {}

/// A header name on its way into a list: validated by the caller (header guards) or by the wire.
#[derive(Clone)]
pub struct Name {
    known: KnownName,
    bytes: Bytes,
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Self {
        Name { known: known_name(name.as_bytes()), bytes: Bytes::from_static(name.as_bytes()) }
    }
}

impl From<Bytes> for Name {
    fn from(bytes: Bytes) -> Self {
        Name { known: known_name(&bytes), bytes }
    }
}

impl From<Vec<u8>> for Name {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}
