//! [Headers](https://fetch.spec.whatwg.org/#headers-class): a header list behind a guard.

use bytes::Bytes;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::header_values::is_header_name;
use sofetch_core::rules::header_guards::{self, HeaderGuard};

pub use sofetch_core::rules::header_guards::Guard;

use crate::error::{Error, ErrorKind, Misuse};

/// <https://fetch.spec.whatwg.org/#headers-class>
///
/// Names match without regard to case; order and case are kept. Values are bytes, given as anything that is
/// `AsRef<[u8]>`; white space at both ends is removed.
#[derive(Clone, Debug)]
pub struct Headers {
    list: HeaderList,
    guard: Guard,
}

impl Default for Headers {
    fn default() -> Self {
        Headers::new()
    }
}

impl Headers {
    /// Empty headers with guard "none".
    pub fn new() -> Headers {
        Headers { list: HeaderList::new(), guard: Guard::None }
    }

    pub(crate) fn from_list(list: HeaderList, guard: Guard) -> Headers {
        Headers { list, guard }
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers>: headers with these pairs.
    ///
    /// # Errors
    /// An invalid name or value.
    pub fn from_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Headers, Error> {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.append(name, value)?;
        }
        Ok(headers)
    }

    /// The [guard](https://fetch.spec.whatwg.org/#concept-headers-guard).
    pub fn guard(&self) -> Guard {
        self.guard
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-append>: what the guard forbids is left out silently, as the Standard has it.
    ///
    /// # Errors
    /// An invalid name or value; immutable headers.
    pub fn append(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), Error> {
        thrown(header_guards::append(&mut self.list, self.guard, copied(name), copied(value)))
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-set>
    ///
    /// # Errors
    /// As [`Headers::append`].
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), Error> {
        thrown(header_guards::set(&mut self.list, self.guard, copied(name), copied(value)))
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-delete>
    ///
    /// # Errors
    /// As [`Headers::append`].
    pub fn delete(&mut self, name: impl AsRef<[u8]>) -> Result<(), Error> {
        thrown(header_guards::delete(&mut self.list, self.guard, name.as_ref()))
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-get>: the values joined by `, `, isomorphic decoded (a byte, a character).
    pub fn get(&self, name: impl AsRef<str>) -> Option<String> {
        self.list.get(name.as_ref()).map(|value| value.iter().map(|&byte| byte as char).collect())
    }

    /// The combined value's bytes.
    pub fn get_bytes(&self, name: impl AsRef<str>) -> Option<Bytes> {
        self.list.get(name.as_ref()).map(|value| Bytes::copy_from_slice(&value))
    }

    /// Every value of that name, in order, uncombined (what the article of 2015 calls `getAll`).
    pub fn get_all(&self, name: impl AsRef<str>) -> Vec<String> {
        self.list
            .get_all(name.as_ref())
            .map(|value| value.iter().map(|&byte| byte as char).collect())
            .collect()
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-getsetcookie>
    pub fn get_set_cookie(&self) -> Vec<String> {
        self.get_all("Set-Cookie")
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-has>
    pub fn has(&self, name: impl AsRef<str>) -> bool {
        self.list.contains(name.as_ref())
    }

    /// How many headers there are, uncombined.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The headers in order, as they were set: case and repetition kept. NB: a response's arrive in lower case, those of
    /// one name side by side, for that is how the transport hands them over.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.list.iter().map(|header| (header.name(), &header.value()[..]))
    }

    /// The pairs that the API's iteration gives: lower-cased, sorted, combined; `set-cookie` apart.
    pub fn sorted_and_combined(&self) -> Vec<(String, Bytes)> {
        let text = |name: Vec<u8>| name.iter().map(|&byte| byte as char).collect();
        self.list.sort_and_combine().into_iter().map(|(name, value)| (text(name), value)).collect()
    }

    pub(crate) fn into_list(self) -> HeaderList {
        self.list
    }

    /// The header list itself.
    pub fn as_list(&self) -> &HeaderList {
        &self.list
    }
}

fn copied(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

pub(crate) fn thrown(verdict: HeaderGuard) -> Result<(), Error> {
    let misuse = match verdict {
        HeaderGuard::InvalidName { .. } => Misuse::InvalidHeaderName,
        HeaderGuard::InvalidValue { .. } => Misuse::InvalidHeaderValue,
        HeaderGuard::Immutable { .. } => Misuse::Immutable,
        _ => return Ok(()),
    };
    Err(Error::of(ErrorKind::Misuse(misuse)))
}

/// Names that follow from the body or belong to the connection: nobody sets them, on whosever behalf.
pub fn is_framing_name(name: &[u8]) -> bool {
    const FRAMING: [&[u8]; 8] = [
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"keep-alive",
        b"upgrade",
        b"te",
        b"trailer",
        b"proxy-connection",
    ];
    FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing))
}

/// The owner's rules: any name but the framing ones.
pub(crate) fn owner_append(
    list: &mut HeaderList,
    name: &[u8],
    value: &[u8],
    replace: bool,
) -> Result<(), Error> {
    if !is_header_name(name) {
        return Err(Error::misuse(Misuse::InvalidHeaderName));
    }
    if is_framing_name(name) {
        return Err(Error::misuse(Misuse::FramingHeader));
    }
    let mut headers = Headers { list: std::mem::take(list), guard: Guard::None };
    let done = if replace { headers.set(name, value) } else { headers.append(name, value) };
    *list = headers.list;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_the_article_shows_them() {
        let mut headers = Headers::new();
        headers.append("Content-Type", "text/plain").expect("a valid header");
        headers.append("X-Custom", "a").expect("a valid header");
        headers.append("x-custom", "  b ").expect("a valid header");
        assert!(headers.has("content-type"));
        assert_eq!(headers.get("X-CUSTOM").as_deref(), Some("a, b"));
        assert_eq!(headers.get_all("x-custom"), ["a", "b"]);
        headers.set("X-Custom", "c").expect("a valid header");
        assert_eq!(headers.get_all("x-custom"), ["c"]);
        headers.delete("X-Custom").expect("a valid name");
        assert_eq!(headers.get("X-Custom"), None);
    }

    #[test]
    fn bad_names_and_values_are_errors_that_lose_nothing() {
        let mut headers = Headers::from_pairs([("A", "1")]).expect("valid pairs");
        for (name, value) in [("", "x"), ("a b", "x"), ("a", "x\r\ny"), ("a", "x\0"), ("é", "x")] {
            assert!(headers.append(name, value).expect_err("refused").is_misuse(), "{name:?}: {value:?}");
        }
        assert_eq!(headers.get_all("a"), ["1"]);
    }
}
