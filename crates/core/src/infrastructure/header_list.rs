//! [Header list](https://fetch.spec.whatwg.org/#concept-header-list): an ordered multimap; order, case and bytes are kept.
//!
//! Opaque: each header carries the one-byte id of its name where the name is a known one, and a mark of it otherwise, so
//! that look-ups and classes of names (`header_names.rs`) compare a word. Values are bytes: nothing here is decoded. A third of the file is tests.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::infrastructure::header_names::{KnownName, is_secret_name, known_name, unknown_name_mark};

/// What tells two names apart without reading them: the id of a known one, a mark of any other.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    known: KnownName,
    mark: u32,
}

impl Key {
    #[inline]
    fn of(name: &[u8]) -> Key {
        match known_name(name) {
            KnownName::UNKNOWN => Key { known: KnownName::UNKNOWN, mark: unknown_name_mark(name) },
            known => Key { known, mark: 0 },
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-header>: a name and a value.
#[derive(Clone)]
pub struct Header {
    key: Key,
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
        self.key.known
    }

    /// Is the name a byte-case-insensitive match for `name`?
    #[inline]
    pub fn is_named(&self, name: &str) -> bool {
        self.matches(Key::of(name.as_bytes()), name.as_bytes())
    }

    /// Are the names of both a byte-case-insensitive match?
    pub fn is_same_name(&self, other: &Header) -> bool {
        self.matches(other.key, &other.name)
    }

    #[inline]
    fn matches(&self, key: Key, name: &[u8]) -> bool {
        // Names that are the same in any case have the same mark; only those few that share one are compared.
        self.key == key && (key.known != KnownName::UNKNOWN || self.name.eq_ignore_ascii_case(name))
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

    /// A clone with room for `count` headers more.
    #[must_use]
    pub fn clone_with_room(&self, count: usize) -> Self {
        let mut headers = Vec::with_capacity(self.headers.len() + count);
        headers.extend_from_slice(&self.headers);
        HeaderList { headers }
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
    #[inline]
    pub fn contains(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-get>: the values joined by 0x2C 0x20; `None` where there is none.
    pub fn get(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let key = Key::of(name.as_bytes());
        let mut values = self.headers.iter().filter(|header| header.matches(key, name.as_bytes()));
        let first = values.next()?;
        let Some(second) = values.next() else { return Some(Cow::Borrowed(&first.value)) };
        let mut joined = first.value.to_vec();
        for header in std::iter::once(second).chain(values) {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(&header.value);
        }
        Some(Cow::Owned(joined))
    }

    /// The first header of a known name: one byte is compared a header.
    pub fn first_known(&self, known: KnownName) -> Option<&Header> {
        self.headers.iter().find(|header| known != KnownName::UNKNOWN && header.key.known == known)
    }

    /// Every value of `name`, in order, uncombined.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> + 'a {
        let key = Key::of(name.as_bytes());
        self.headers
            .iter()
            .filter(move |header| header.matches(key, name.as_bytes()))
            .map(|header| &header.value)
    }

    /// The first header of that name.
    #[inline]
    pub fn first(&self, name: &str) -> Option<&Header> {
        // NB: inlined, so that the key of a name known to the compiler is too.
        self.first_of(Key::of(name.as_bytes()), name.as_bytes())
    }

    fn first_of(&self, key: Key, name: &[u8]) -> Option<&Header> {
        self.headers.iter().find(|header| header.matches(key, name))
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-append>: reuses the case of the first header of that name.
    pub fn append(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { key, bytes } = name.into();
        let name = match self.first_of(key, &bytes) {
            Some(first) => first.name.clone(),
            None => bytes,
        };
        self.headers.push(Header { key, name, value: value.into() });
    }

    /// Adds a header as it was received: in its own case, and without a search for others of its name.
    pub fn push_received(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { key, bytes } = name.into();
        self.headers.push(Header { key, name: bytes, value: value.into() });
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-delete>
    pub fn delete(&mut self, name: &str) {
        let key = Key::of(name.as_bytes());
        self.headers.retain(|header| !header.matches(key, name.as_bytes()));
    }

    /// Keeps the headers for which `keep` says so, in order.
    pub fn retain(&mut self, keep: impl FnMut(&Header) -> bool) {
        self.headers.retain(keep);
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-set>: changes the first header of that name and removes the others.
    pub fn set(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { key, bytes } = name.into();
        let Some(first) = self.headers.iter().position(|header| header.matches(key, &bytes)) else {
            self.headers.push(Header { key, name: bytes, value: value.into() });
            return;
        };
        self.headers[first].value = value.into();
        let mut index = 0;
        self.headers.retain(|header| {
            index += 1;
            index <= first + 1 || !header.matches(key, &bytes)
        });
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-combine>: joins onto the first header of that name by 0x2C 0x20.
    pub fn combine(&mut self, name: impl Into<Name>, value: impl Into<Bytes>) {
        let Name { key, bytes } = name.into();
        let value = value.into();
        match self.headers.iter_mut().find(|header| header.matches(key, &bytes)) {
            Some(first) => first.value = [&first.value[..], b", ", &value[..]].concat().into(),
            None => self.headers.push(Header { key, name: bytes, value }),
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
        let mut named: Vec<(Vec<u8>, &Header)> =
            self.headers.iter().map(|header| (header.name.to_ascii_lowercase(), header)).collect();
        // The sort is stable, so headers of one name keep their order.
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut headers = Vec::with_capacity(named.len());
        let mut named = named.into_iter().peekable();
        while let Some((name, header)) = named.next() {
            let is_more = |(next, _): &(Vec<u8>, &Header)| *next == name;
            if header.key.known == KnownName::SET_COOKIE || named.peek().is_none_or(|next| !is_more(next)) {
                headers.push((name, header.value.clone()));
                continue;
            }
            let mut joined = header.value.to_vec();
            while let Some((_, more)) = named.next_if(is_more) {
                joined.extend_from_slice(b", ");
                joined.extend_from_slice(&more.value);
            }
            headers.push((name, joined.into()));
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
            let name = format_args!("\"{}\"", header.name.escape_ascii());
            if is_secret_name(&header.name) {
                map.entry(&name, &"[redacted]");
            } else {
                map.entry(&name, &format_args!("\"{}\"", header.value.escape_ascii()));
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
    key: Key,
    bytes: Bytes,
}

impl Name {
    /// The bytes, in the case they came in.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The id of the name, [`KnownName::UNKNOWN`] for one outside the table.
    pub fn known(&self) -> KnownName {
        self.key.known
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bytes.escape_ascii())
    }
}

impl From<&'static str> for Name {
    #[inline]
    fn from(name: &'static str) -> Self {
        Name { key: Key::of(name.as_bytes()), bytes: Bytes::from_static(name.as_bytes()) }
    }
}

impl From<Bytes> for Name {
    fn from(bytes: Bytes) -> Self {
        Name { key: Key::of(&bytes), bytes }
    }
}

impl From<Vec<u8>> for Name {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(headers: &[(&'static str, &'static str)]) -> HeaderList {
        let mut list = HeaderList::with_capacity(headers.len());
        for &(name, value) in headers {
            list.append(name, value);
        }
        list
    }

    fn written(list: &HeaderList) -> Vec<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).expect("ASCII in these tests");
        list.iter().map(|header| (text(header.name()), text(header.value()))).collect()
    }

    #[test]
    fn append_reuses_the_case_of_the_first_of_that_name() {
        let list = list(&[("Accept", "a"), ("X-One", "b"), ("ACCEPT", "c"), ("x-one", "d"), ("x-two", "e")]);
        assert_eq!(
            written(&list),
            [("Accept", "a"), ("X-One", "b"), ("Accept", "c"), ("X-One", "d"), ("x-two", "e")]
        );
    }

    #[test]
    fn unknown_names_are_told_apart_however_alike_they_look() {
        // One length, one beginning and one end: only the middle differs, or a letter's case, or a bit that is no case.
        let names =
            ["x-request-a-identity", "x-request-b-identity", "X-Request-A-Identity", "x-request-!-identity"];
        let mut list = HeaderList::new();
        for (name, value) in names.into_iter().zip(["1", "2", "3", "4"]) {
            list.append(name, value);
        }
        for (name, expected) in names.into_iter().zip(["1, 3", "2", "1, 3", "4"]) {
            assert_eq!(list.get(name).as_deref(), Some(expected.as_bytes()), "{name}");
        }
        assert!(!list.contains("x-request-\u{1}-identity"));
    }

    #[test]
    fn get_joins_values_by_comma_and_space_in_any_case() {
        let list = list(&[("Accept", "a"), ("x", "1"), ("accept", ""), ("X", "2"), ("accept", "c")]);
        for (name, expected) in
            [("ACCEPT", Some("a, , c")), ("x", Some("1, 2")), ("y", None), ("", None), ("accep", None)]
        {
            assert_eq!(list.get(name).as_deref(), expected.map(str::as_bytes), "{name}");
            assert_eq!(list.contains(name), expected.is_some(), "{name}");
        }
        assert!(
            matches!(self::list(&[("a", "b")]).get("A"), Some(Cow::Borrowed(b"b"))),
            "one value is not copied"
        );
        assert_eq!(list.get_all("X").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(list.first_known(KnownName::ACCEPT).map(|header| &header.value()[..]), Some(&b"a"[..]));
        assert!(list.first_known(KnownName::UNKNOWN).is_none());
    }

    #[test]
    fn set_changes_the_first_and_removes_the_others() {
        let mut list =
            list(&[("b", "0"), ("Accept", "1"), ("a", "2"), ("accept", "3"), ("accept", "4"), ("c", "5")]);
        list.set("ACCEPT", "new");
        assert_eq!(written(&list), [("b", "0"), ("Accept", "new"), ("a", "2"), ("c", "5")]);
        list.set("D", "6");
        assert_eq!(written(&list).last(), Some(&("D", "6")));
    }

    #[test]
    fn delete_removes_every_header_of_the_name() {
        let mut list = list(&[("x-a", "1"), ("b", "2"), ("X-A", "3")]);
        list.delete("X-a");
        assert_eq!(written(&list), [("b", "2")]);
        list.delete("none");
        assert_eq!(list.len(), 1);
    }

    #[test]
    fn combine_joins_onto_the_first() {
        let mut list = list(&[("A", "1"), ("a", "2")]);
        list.combine("a", "3");
        list.combine("new", "4");
        assert_eq!(written(&list), [("A", "1, 3"), ("A", "2"), ("new", "4")]);
    }

    #[test]
    fn sort_and_combine_lowers_sorts_and_leaves_cookies_apart() {
        let list = list(&[
            ("Zebra", "1"),
            ("Set-Cookie", "a=1"),
            ("Accept", "x"),
            ("zebra", "2"),
            ("set-cookie", "b=2"),
            ("ACCEPT", "y"),
            ("Set-Cookie2", "c"),
            ("zebra", "3"),
        ]);
        let expected = [
            ("accept", "x, y"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("set-cookie2", "c"),
            ("zebra", "1, 2, 3"),
        ];
        let expected = expected.map(|(name, value)| (name.as_bytes().to_vec(), Bytes::from(value)));
        assert_eq!(list.sort_and_combine(), expected);
    }

    #[test]
    fn names_become_a_sorted_lowercase_set() {
        let names: [&[u8]; 5] = [b"b", b"A", b"a-", b"B", b"a"];
        assert_eq!(HeaderList::sorted_lowercase_set(names), [&b"a"[..], b"a-", b"b"]);
    }

    #[test]
    fn debug_redacts_credentials() {
        let list = list(&[
            ("Authorization", "hunter2"),
            ("X-Api-Key", "hunter2"),
            ("COOKIE", "hunter2"),
            ("Accept", "\0"),
        ]);
        let shown = format!("{list:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("\\x00"), "{shown}");
    }

    #[test]
    fn row_12_a_name_is_found_however_it_got_into_the_list() {
        let name = "AuthorizaTion";
        let ways: [fn(&mut HeaderList, Name); 4] = [
            |list, name| list.append(name, "a"),
            |list, name| list.set(name, "a"),
            |list, name| list.combine(name, "a"),
            |list, name| {
                list.append(name.clone(), "a");
                list.append(name, "b");
            },
        ];
        for way in ways {
            for name in [name.into(), Bytes::from(name).into(), name.as_bytes().to_vec().into()] {
                let mut list = list(&[("accept", "*/*")]);
                way(&mut list, name);
                assert!(list.contains("authorization"));
                list.delete("authorization");
                assert_eq!(written(&list), [("accept", "*/*")]);
            }
        }
    }

    #[test]
    fn row_35_names_of_object_prototypes_are_plain() {
        let list = list(&[("__proto__", "1"), ("constructor", "2"), ("__PROTO__", "3")]);
        assert_eq!(list.get("__proto__").as_deref(), Some(&b"1, 3"[..]));
        assert_eq!(list.get("Constructor").as_deref(), Some(&b"2"[..]));
        assert_eq!(list.sort_and_combine().len(), 2);
    }
}
