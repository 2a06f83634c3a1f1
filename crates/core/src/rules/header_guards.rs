//! [Headers guards](https://fetch.spec.whatwg.org/#headers-class): what of a `Headers` object's changes its guard lets through.
//!
//! Three refusals are the caller's mistake and throw; the others are silent, so that a list copied over loses only what is forbidden.
//! Its tests stand in `header_guards_tests.rs`.

use std::borrow::Cow;

use bytes::Bytes;

use crate::infrastructure::header_list::{HeaderList, Name};
use crate::infrastructure::header_names::{has_forbidden_prefix, known_name};
use crate::infrastructure::header_values::{
    get_decode_and_split_value, invalid_value_byte, is_header_name, normalize,
};
use crate::infrastructure::methods::Method;
use crate::rules::cors_safelists::{CorsSafelist, no_cors_safelisted_request_header};
use crate::rules::verdict::{Verdict, said};

/// <https://fetch.spec.whatwg.org/#headers-guard>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// "immutable": of a response from the network, of a service worker's request.
    Immutable,
    /// "request"
    Request,
    /// "request-no-cors": of a request whose mode is "no-cors".
    RequestNoCors,
    /// "response"
    Response,
    /// "none": of a `Headers` object by itself.
    #[default]
    None,
}

/// The verdict of [`append`], [`set`], [`delete`] and [`validate`]. Evidence never holds a value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderGuard {
    /// The change is made.
    Allowed,
    /// `delete` step 3: there is no such header.
    Absent {
        /// Which.
        name: String,
    },
    /// Validate step 1: no header name.
    InvalidName {
        /// What was given for one.
        said: String,
    },
    /// Validate step 1: no header value.
    InvalidValue {
        /// Of which header.
        name: String,
        /// The byte that no value has.
        byte: u8,
        /// Where it stands in the normalized value.
        at: usize,
    },
    /// Validate step 2: nothing may change.
    Immutable {
        /// Which header was to.
        name: String,
    },
    /// Validate step 3: the user agent's own.
    ForbiddenRequestHeader {
        /// Which.
        name: String,
        /// Why.
        because: ForbiddenRequestHeader,
    },
    /// Validate step 4: no script's.
    ForbiddenResponseHeader {
        /// Which.
        name: String,
    },
    /// "request-no-cors": not a header that any page could have sent.
    NotNoCorsSafelisted {
        /// Which.
        name: String,
        /// Why.
        because: CorsSafelist,
    },
}

impl HeaderGuard {
    /// Is it a `TypeError`, where the other refusals are silent?
    pub fn throws(&self) -> bool {
        matches!(
            self,
            HeaderGuard::InvalidName { .. }
                | HeaderGuard::InvalidValue { .. }
                | HeaderGuard::Immutable { .. }
        )
    }

    /// May the change be made?
    pub fn is_allowed(&self) -> bool {
        matches!(self, HeaderGuard::Allowed)
    }
}

impl Verdict for HeaderGuard {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#headers-validate";
    fn blocks(&self) -> bool {
        false
    }
}

/// Why a header is a forbidden request-header.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForbiddenRequestHeader {
    /// Step 1: one of 21 names.
    Name,
    /// Step 2: `proxy-` or `sec-`.
    Prefix,
    /// Step 3: a method override to a forbidden method.
    MethodOverride {
        /// Which.
        method: String,
    },
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>: `None` where it is not one.
pub fn forbidden_request_header(name: &[u8], value: &[u8]) -> Option<ForbiddenRequestHeader> {
    // 2. By prefix. NB: before the names, whose table holds the known ones of these prefixes too.
    if has_forbidden_prefix(name) {
        return Some(ForbiddenRequestHeader::Prefix);
    }
    // 1. By name.
    let known = known_name(name);
    if known.is_forbidden_request_header_name() {
        return Some(ForbiddenRequestHeader::Name);
    }
    // 3. By value, where it is read as methods.
    if known.is_method_override() {
        let is_forbidden =
            |method: &String| Method::new(method.as_bytes()).is_ok_and(|method| method.is_forbidden());
        if let Some(method) = get_decode_and_split_value(value).into_iter().find(is_forbidden) {
            return Some(ForbiddenRequestHeader::MethodOverride { method });
        }
    }
    // 4. Else not.
    None
}

/// <https://fetch.spec.whatwg.org/#headers-validate>
pub fn validate(guard: Guard, name: &[u8], value: &[u8]) -> HeaderGuard {
    // 1. Bytes that HTTP can carry.
    if !is_header_name(name) {
        return HeaderGuard::InvalidName { said: said(name) };
    }
    if let Some(at) = invalid_value_byte(value) {
        return HeaderGuard::InvalidValue { name: said(name), byte: value[at], at };
    }
    match guard {
        // 2. Nothing may change.
        Guard::Immutable => HeaderGuard::Immutable { name: said(name) },
        // 3. The user agent's headers.
        Guard::Request => match forbidden_request_header(name, value) {
            Some(because) => HeaderGuard::ForbiddenRequestHeader { name: said(name), because },
            None => HeaderGuard::Allowed,
        },
        // 4. Cookies are not for scripts.
        Guard::Response if known_name(name).is_forbidden_response_header_name() => {
            HeaderGuard::ForbiddenResponseHeader { name: said(name) }
        }
        // 5. The rest.
        Guard::Response | Guard::RequestNoCors | Guard::None => HeaderGuard::Allowed,
    }
}

/// <https://fetch.spec.whatwg.org/#concept-headers-append>
pub fn append(
    list: &mut HeaderList,
    guard: Guard,
    name: impl Into<Name>,
    value: impl Into<Bytes>,
) -> HeaderGuard {
    // 1, 2. Normalize and validate.
    let name = name.into();
    let value = normalized(value.into());
    let verdict = validate(guard, name.as_bytes(), &value);
    if !verdict.is_allowed() {
        return verdict;
    }
    // 3. Without CORS, the values of a name count together.
    if guard == Guard::RequestNoCors {
        let combined = match get(list, name.as_bytes()) {
            Ok(Some(earlier)) => Cow::Owned([&earlier[..], b", ", &value].concat()),
            _ => Cow::Borrowed(&value[..]),
        };
        let because = no_cors_safelisted_request_header(name.as_bytes(), &combined);
        if !because.is_safelisted() {
            return HeaderGuard::NotNoCorsSafelisted { name: said(name.as_bytes()), because };
        }
    }
    // 4. The list's own append.
    list.append(name, value);
    // 5. A changed list loses its privileges.
    if guard == Guard::RequestNoCors {
        remove_privileged_no_cors_request_headers(list);
    }
    HeaderGuard::Allowed
}

/// <https://fetch.spec.whatwg.org/#concept-headers-fill>: `Err` at the first header that throws, else the silent refusals.
///
/// NB: headers before the one that throws stay appended, as in the Standard.
pub fn fill<Header, Value>(
    list: &mut HeaderList,
    guard: Guard,
    object: impl IntoIterator<Item = (Header, Value)>,
) -> Result<Vec<HeaderGuard>, HeaderGuard>
where
    Header: Into<Name>,
    Value: Into<Bytes>,
{
    let mut refused = Vec::new();
    // SKIPS 1.1: pairs that are no pairs. Types see to it here; a face for scripts, whose sequences have any size, must.
    // 1.2, 2. Pairs of a sequence and entries of a record alike.
    for (name, value) in object {
        match append(list, guard, name, value) {
            HeaderGuard::Allowed => {}
            verdict if verdict.throws() => return Err(verdict),
            verdict => refused.push(verdict),
        }
    }
    Ok(refused)
}

/// <https://fetch.spec.whatwg.org/#concept-headers-remove-privileged-no-cors-request-headers>
pub fn remove_privileged_no_cors_request_headers(list: &mut HeaderList) {
    list.retain(|header| !header.known().is_privileged_no_cors_request_header_name());
}

/// <https://fetch.spec.whatwg.org/#dom-headers-delete>
pub fn delete(list: &mut HeaderList, guard: Guard, name: &[u8]) -> HeaderGuard {
    // 1. An empty value offends no one.
    let verdict = validate(guard, name, b"");
    if !verdict.is_allowed() {
        return verdict;
    }
    // 2. Without CORS, only what could have been set.
    let known = known_name(name);
    if guard == Guard::RequestNoCors
        && !known.is_no_cors_safelisted_request_header_name()
        && !known.is_privileged_no_cors_request_header_name()
    {
        return HeaderGuard::NotNoCorsSafelisted { name: said(name), because: CorsSafelist::NotListed };
    }
    // 3. Nothing to delete: privileges stay.
    let text = ascii(name);
    if !list.contains(text) {
        return HeaderGuard::Absent { name: said(name) };
    }
    // 4. Every header of the name.
    list.delete(text);
    // 5. A changed list loses its privileges.
    if guard == Guard::RequestNoCors {
        remove_privileged_no_cors_request_headers(list);
    }
    HeaderGuard::Allowed
}

/// <https://fetch.spec.whatwg.org/#dom-headers-get>: `Err` is [`HeaderGuard::InvalidName`], which throws.
pub fn get<'a>(list: &'a HeaderList, name: &[u8]) -> Result<Option<Cow<'a, [u8]>>, HeaderGuard> {
    // 1. A header name.
    if !is_header_name(name) {
        return Err(HeaderGuard::InvalidName { said: said(name) });
    }
    // 2. Its values, combined.
    Ok(list.get(ascii(name)))
}

/// <https://fetch.spec.whatwg.org/#dom-headers-getsetcookie>
pub fn get_set_cookie(list: &HeaderList) -> impl Iterator<Item = &Bytes> {
    list.get_all("set-cookie")
}

/// <https://fetch.spec.whatwg.org/#dom-headers-has>: `Err` is [`HeaderGuard::InvalidName`], which throws.
pub fn has(list: &HeaderList, name: &[u8]) -> Result<bool, HeaderGuard> {
    // 1. A header name.
    if !is_header_name(name) {
        return Err(HeaderGuard::InvalidName { said: said(name) });
    }
    // 2. In any case.
    Ok(list.contains(ascii(name)))
}

/// <https://fetch.spec.whatwg.org/#dom-headers-set>
pub fn set(
    list: &mut HeaderList,
    guard: Guard,
    name: impl Into<Name>,
    value: impl Into<Bytes>,
) -> HeaderGuard {
    // 1, 2. Normalize and validate.
    let name = name.into();
    let value = normalized(value.into());
    let verdict = validate(guard, name.as_bytes(), &value);
    if !verdict.is_allowed() {
        return verdict;
    }
    // 3. Without CORS, only what any page could have sent.
    if guard == Guard::RequestNoCors {
        let because = no_cors_safelisted_request_header(name.as_bytes(), &value);
        if !because.is_safelisted() {
            return HeaderGuard::NotNoCorsSafelisted { name: said(name.as_bytes()), because };
        }
    }
    // 4. The list's own set.
    list.set(name, value);
    // 5. A changed list loses its privileges.
    if guard == Guard::RequestNoCors {
        remove_privileged_no_cors_request_headers(list);
    }
    HeaderGuard::Allowed
}

/// Shares the bytes where there is nothing to trim, as nearly always.
fn normalized(value: Bytes) -> Bytes {
    let trimmed = normalize(&value);
    if trimmed.len() == value.len() { value } else { value.slice_ref(trimmed) }
}

/// A valid header name as text.
fn ascii(name: &[u8]) -> &str {
    std::str::from_utf8(name).expect("invariant: validated, and bytes of a token are ASCII")
}

#[cfg(test)]
#[path = "header_guards_tests.rs"]
mod tests;
