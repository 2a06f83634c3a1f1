//! [Methods](https://fetch.spec.whatwg.org/#methods): tokens, of which six are upper-cased and three forbidden.

use std::borrow::Cow;
use std::fmt;

/// <https://fetch.spec.whatwg.org/#concept-method>: a token; `patch` and `PATCH` are two methods.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Method(Cow<'static, str>);

/// Not a method: empty, or a byte that no token has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMethod {
    /// The input as given, isomorphic decoded.
    pub said: String,
}

impl fmt::Display for InvalidMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid method: {:?}", self.said)
    }
}
impl std::error::Error for InvalidMethod {}

impl Method {
    /// `GET`
    pub const GET: Method = Method(Cow::Borrowed("GET"));
    /// `HEAD`
    pub const HEAD: Method = Method(Cow::Borrowed("HEAD"));
    /// `POST`
    pub const POST: Method = Method(Cow::Borrowed("POST"));
    /// `PUT`
    pub const PUT: Method = Method(Cow::Borrowed("PUT"));
    /// `DELETE`
    pub const DELETE: Method = Method(Cow::Borrowed("DELETE"));
    /// `OPTIONS`
    pub const OPTIONS: Method = Method(Cow::Borrowed("OPTIONS"));
    /// `PATCH`
    pub const PATCH: Method = Method(Cow::Borrowed("PATCH"));
    /// `CONNECT`
    pub const CONNECT: Method = Method(Cow::Borrowed("CONNECT"));

    /// Any token is a method.
    pub fn new(said: &[u8]) -> Result<Method, InvalidMethod> {
        match said {
            b"GET" => Ok(Method::GET),
            b"POST" => Ok(Method::POST),
            b"PUT" => Ok(Method::PUT),
            b"HEAD" => Ok(Method::HEAD),
            b"DELETE" => Ok(Method::DELETE),
            b"OPTIONS" => Ok(Method::OPTIONS),
            b"PATCH" => Ok(Method::PATCH),
            _ if is_token(said) => Ok(Method(Cow::Owned(said.iter().map(|&byte| byte as char).collect()))),
            _ => Err(InvalidMethod { said: said.iter().map(|&byte| byte as char).collect() }),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-method-normalize>: upper case for six names, the others as they are.
    #[must_use]
    pub fn normalize(self) -> Method {
        for normalized in
            [Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT]
        {
            if self.0.eq_ignore_ascii_case(&normalized.0) {
                return normalized;
            }
        }
        self
    }

    /// <https://fetch.spec.whatwg.org/#forbidden-method>
    pub fn is_forbidden(&self) -> bool {
        ["CONNECT", "TRACE", "TRACK"].iter().any(|forbidden| self.0.eq_ignore_ascii_case(forbidden))
    }

    /// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
    pub fn is_cors_safelisted(&self) -> bool {
        matches!(&*self.0, "GET" | "HEAD" | "POST")
    }

    /// Not one of the [safe methods](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1).
    pub fn is_unsafe(&self) -> bool {
        !matches!(&*self.0, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }

    /// One of the [idempotent methods](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2).
    pub fn is_idempotent(&self) -> bool {
        matches!(&*self.0, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    /// As it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().fold(true, |all, &byte| all & is_token_byte(byte))
}

/// One byte of a [token](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
#[inline]
pub fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[byte as usize]
}

const TOKEN_BYTES: &[bool; 256] = &{
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-'
            | b'.' | b'^' | b'_' | b'`' | b'|' | b'~');
        byte += 1;
    }
    table
};

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for Method {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_bytes_are_those_of_http() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_token_byte(byte), expected, "{byte}");
            assert_eq!(is_token(&[b'a', byte]), expected, "{byte}");
        }
        assert!(!is_token(b""));
    }

    #[test]
    fn six_names_are_upper_cased_and_the_others_kept() {
        for (said, normalized) in [
            ("get", "GET"),
            ("Head", "HEAD"),
            ("pOST", "POST"),
            ("put", "PUT"),
            ("delete", "DELETE"),
            ("options", "OPTIONS"),
            ("patch", "patch"),
            ("PATCH", "PATCH"),
            ("connect", "connect"),
            ("Egg", "Egg"),
            ("getx", "getx"),
        ] {
            let method = Method::new(said.as_bytes()).expect("a token");
            assert_eq!(method.as_str(), said);
            assert_eq!(method.normalize().as_str(), normalized);
        }
    }

    #[test]
    fn classes_of_methods() {
        // name, forbidden, CORS-safelisted, unsafe, idempotent
        for (name, forbidden, safelisted, is_unsafe, idempotent) in [
            ("GET", false, true, false, true),
            ("HEAD", false, true, false, true),
            ("POST", false, true, true, false),
            ("PUT", false, false, true, true),
            ("DELETE", false, false, true, true),
            ("OPTIONS", false, false, false, true),
            ("PATCH", false, false, true, false),
            ("get", false, false, true, false),
            ("TRACE", true, false, false, true),
            ("track", true, false, true, false),
            ("Connect", true, false, true, false),
            ("CHICKEN", false, false, true, false),
        ] {
            let method = Method::new(name.as_bytes()).expect("a token");
            assert_eq!(method.is_forbidden(), forbidden, "{name}");
            assert_eq!(method.is_cors_safelisted(), safelisted, "{name}");
            assert_eq!(method.is_unsafe(), is_unsafe, "{name}");
            assert_eq!(method.is_idempotent(), idempotent, "{name}");
        }
    }

    #[test]
    fn row_68_cr_lf_and_nul_make_no_method() {
        for said in [
            &b"GET\r\nX: y"[..],
            b"\rGET",
            b"GET\n",
            b"GE\0T",
            b"GET ",
            b" GET",
            b"",
            b"G\xC9T",
            b"A/B",
            b"\"A\"",
        ] {
            let InvalidMethod { said: evidence } = Method::new(said).expect_err("not a token");
            assert_eq!(evidence.chars().count(), said.len());
        }
    }
}
