//! Tests of `header_guards.rs`, by table and by row of the list of peers' faults.

use super::*;
use ForbiddenRequestHeader::{MethodOverride, Name as ByName, Prefix};

fn bytes(text: &str) -> Bytes {
    text.chars().map(|char| char as u8).collect::<Vec<u8>>().into()
}

fn list(headers: &[(&str, &str)]) -> HeaderList {
    let mut list = HeaderList::new();
    for (name, value) in headers {
        list.append(bytes(name), bytes(value));
    }
    list
}

fn forbidden(name: &str, because: ForbiddenRequestHeader) -> HeaderGuard {
    HeaderGuard::ForbiddenRequestHeader { name: name.to_owned(), because }
}

#[test]
fn validate_table() {
    let connect = |method: &str| MethodOverride { method: method.to_owned() };
    let immutable = HeaderGuard::Immutable { name: "a".to_owned() };
    let response = HeaderGuard::ForbiddenResponseHeader { name: "Set-Cookie".to_owned() };
    for (row, guard, name, value, expected) in [
        ("plain", Guard::Request, "X-Test", "a b", HeaderGuard::Allowed),
        ("cookies of a response", Guard::Response, "Set-Cookie", "a", response),
        ("cookies with no guard", Guard::None, "Set-Cookie", "a", HeaderGuard::Allowed),
        ("host of a response", Guard::Response, "Host", "a", HeaderGuard::Allowed),
        (
            "host of a no-cors request is for the safelist",
            Guard::RequestNoCors,
            "Host",
            "a",
            HeaderGuard::Allowed,
        ),
        ("immutable", Guard::Immutable, "a", "b", immutable),
        ("a name comes first", Guard::Immutable, "a b", "", HeaderGuard::InvalidName { said: "a b".into() }),
        ("by prefix", Guard::Request, "SEC-x", "", forbidden("SEC-x", Prefix)),
        ("proxies too", Guard::Request, "Proxy-Authorization", "", forbidden("Proxy-Authorization", Prefix)),
        ("by name", Guard::Request, "hOST", "", forbidden("hOST", ByName)),
        ("no override", Guard::Request, "X-HTTP-Method", "GET, POST", HeaderGuard::Allowed),
        (
            "override",
            Guard::Request,
            "X-HTTP-Method",
            "GET ,connect",
            forbidden("X-HTTP-Method", connect("connect")),
        ),
        (
            "another",
            Guard::Request,
            "x-http-method-override",
            "TRACE",
            forbidden("x-http-method-override", connect("TRACE")),
        ),
        (
            "a third",
            Guard::Request,
            "X-Method-Override",
            ",,track,",
            forbidden("X-Method-Override", connect("track")),
        ),
        ("quoted is not a method", Guard::Request, "X-Method-Override", "\"TRACE\"", HeaderGuard::Allowed),
        ("two words are not one", Guard::Request, "X-Method-Override", "TRACE x", HeaderGuard::Allowed),
        ("overrides in responses", Guard::Response, "X-Method-Override", "TRACE", HeaderGuard::Allowed),
    ] {
        assert_eq!(validate(guard, name.as_bytes(), value.as_bytes()), expected, "{row}");
    }
}

#[test]
fn only_mistakes_throw() {
    for (guard, name, value, throws) in [
        (Guard::None, "", "", true),
        (Guard::None, "a", "b\0", true),
        (Guard::Immutable, "a", "b", true),
        (Guard::Request, "cookie", "b", false),
        (Guard::RequestNoCors, "cookie", "b", false),
        (Guard::Response, "set-cookie", "b", false),
        (Guard::None, "cookie", "b", false),
    ] {
        let mut headers = HeaderList::new();
        let verdict = append(&mut headers, guard, bytes(name), bytes(value));
        assert_eq!(verdict.throws(), throws, "{verdict:?}");
        assert_eq!(headers.is_empty(), !verdict.is_allowed(), "{verdict:?}");
        assert!(!verdict.blocks());
    }
}

#[test]
fn append_normalizes() {
    let mut headers = HeaderList::new();
    assert_eq!(append(&mut headers, Guard::None, "A", " \r\n\tb c\n "), HeaderGuard::Allowed);
    assert_eq!(append(&mut headers, Guard::None, "a", "\t"), HeaderGuard::Allowed);
    assert_eq!(headers, list(&[("A", "b c"), ("A", "")]));
}

#[test]
fn without_cors_values_count_together() {
    let mut headers = HeaderList::new();
    let guard = Guard::RequestNoCors;
    assert_eq!(append(&mut headers, guard, "Accept", "a".repeat(100)), HeaderGuard::Allowed);
    assert_eq!(
        append(&mut headers, guard, "accept", "b".repeat(27)),
        HeaderGuard::NotNoCorsSafelisted {
            name: "accept".to_owned(),
            because: CorsSafelist::TooLong { length: 129 }
        }
    );
    assert_eq!(append(&mut headers, guard, "accept", "b".repeat(26)), HeaderGuard::Allowed);
    assert_eq!(headers.len(), 2);
    assert_eq!(append(&mut headers, guard, "content-type", "text/plain"), HeaderGuard::Allowed);
    // Two types together are no type.
    let second = append(&mut headers, guard, "content-type", "text/plain");
    assert!(matches!(
        second,
        HeaderGuard::NotNoCorsSafelisted { because: CorsSafelist::NoMimeType { .. }, .. }
    ));
    assert_eq!(set(&mut headers, guard, "content-type", "multipart/form-data"), HeaderGuard::Allowed);
    assert!(!set(&mut headers, guard, "X-Test", "a").is_allowed());
    assert!(!set(&mut headers, guard, "Range", "bytes=0-").is_allowed());
    assert_eq!(headers.len(), 3);
}

#[test]
fn a_change_without_cors_removes_privileged_headers() {
    let guard = Guard::RequestNoCors;
    let start = list(&[("Range", "bytes=0-"), ("Accept", "a")]);
    // The change, what it leaves of the names.
    type Change = fn(&mut HeaderList, Guard) -> HeaderGuard;
    let changes: [(Change, &[&str]); 6] = [
        (|list, guard| append(list, guard, "Accept-Language", "en"), &["Accept", "Accept-Language"]),
        (|list, guard| set(list, guard, "Accept", "b"), &["Accept"]),
        (|list, guard| delete(list, guard, b"accept"), &[]),
        (|list, guard| delete(list, guard, b"range"), &["Accept"]),
        (|list, guard| append(list, guard, "X", "refused"), &["Range", "Accept"]),
        (|list, guard| delete(list, guard, b"content-type"), &["Range", "Accept"]),
    ];
    for (index, (change, left)) in changes.into_iter().enumerate() {
        let mut headers = start.clone();
        change(&mut headers, guard);
        let names: Vec<&[u8]> = headers.iter().map(|header| header.name()).collect();
        assert_eq!(names, left.iter().map(|name| name.as_bytes()).collect::<Vec<_>>(), "change {index}");
        let mut headers = start.clone();
        if change(&mut headers, Guard::Request).is_allowed() {
            assert_eq!(headers.contains("range"), index != 3, "the request guard knows no privilege");
        }
    }
}

#[test]
fn delete_table() {
    let absent = HeaderGuard::Absent { name: "x".to_owned() };
    let not_listed =
        HeaderGuard::NotNoCorsSafelisted { name: "x".to_owned(), because: CorsSafelist::NotListed };
    for (guard, name, expected) in [
        (Guard::None, "A", HeaderGuard::Allowed),
        (Guard::Request, "x", absent.clone()),
        (Guard::RequestNoCors, "x", not_listed),
        (Guard::Request, "host", forbidden("host", ByName)),
        (Guard::Response, "set-cookie", HeaderGuard::ForbiddenResponseHeader { name: "set-cookie".into() }),
        (Guard::Immutable, "x", HeaderGuard::Immutable { name: "x".to_owned() }),
        (Guard::None, "a\n", HeaderGuard::InvalidName { said: "a\n".to_owned() }),
    ] {
        let mut headers = list(&[("a", "1"), ("host", "2"), ("set-cookie", "3"), ("a", "4")]);
        let verdict = delete(&mut headers, guard, name.as_bytes());
        assert_eq!(verdict, expected, "{name}");
        assert_eq!(headers.len(), if verdict.is_allowed() { 2 } else { 4 }, "{name}");
    }
}

#[test]
fn get_and_has_want_a_name() {
    let headers = list(&[("a", "1"), ("A", "2"), ("Set-Cookie", "x"), ("set-cookie", "y")]);
    assert_eq!(get(&headers, b"A"), Ok(Some(Cow::Borrowed(&b"1, 2"[..]))));
    assert_eq!(get(&headers, b"b"), Ok(None));
    assert_eq!((has(&headers, b"a"), has(&headers, b"b")), (Ok(true), Ok(false)));
    for name in [&b""[..], b"a b", b"\xE9", b"a\0"] {
        let invalid = HeaderGuard::InvalidName { said: said(name) };
        assert_eq!(get(&headers, name), Err(invalid.clone()));
        assert_eq!(has(&headers, name), Err(invalid));
    }
    assert_eq!(get_set_cookie(&headers).collect::<Vec<_>>(), ["x", "y"]);
}

#[test]
fn fill_stops_at_the_first_mistake_and_tells_silent_refusals() {
    let mut headers = HeaderList::new();
    let refused = fill(&mut headers, Guard::Request, [("A", "1"), ("Host", "2"), ("a", "3")]);
    assert_eq!(refused, Ok(vec![forbidden("Host", ByName)]));
    assert_eq!(headers, list(&[("A", "1"), ("A", "3")]));
    let stopped = fill(&mut headers, Guard::Request, [("B", "4"), ("C D", "5"), ("E", "6")]);
    assert_eq!(stopped, Err(HeaderGuard::InvalidName { said: "C D".to_owned() }));
    assert_eq!(headers, list(&[("A", "1"), ("A", "3"), ("B", "4")]));
}

#[test]
fn row_12_a_header_is_found_however_it_was_put_in() {
    let pairs = [("x", "1"), ("AUTHORIZATION", "secret")];
    type PutIn = fn(&mut HeaderList, [(&'static str, &'static str); 2]);
    let put_in: [PutIn; 3] = [
        |list, pairs| assert_eq!(fill(list, Guard::Request, pairs), Ok(vec![])),
        |list, pairs| {
            pairs.into_iter().chain(pairs).for_each(|(name, value)| {
                append(list, Guard::Request, name, value);
            })
        },
        |list, pairs| {
            pairs.into_iter().for_each(|(name, value)| {
                set(list, Guard::Request, bytes(name), bytes(value));
            })
        },
    ];
    for put_in in put_in {
        let mut headers = HeaderList::new();
        put_in(&mut headers, pairs);
        assert!(headers.contains("authorization"));
        headers.retain(|header| !header.known().is_cors_non_wildcard_request_header_name());
        assert!(!headers.contains("authorization") && headers.contains("x"));
    }
}

#[test]
fn row_35_names_of_object_prototypes_are_plain() {
    for guard in [Guard::Request, Guard::Response, Guard::None] {
        let mut headers = HeaderList::new();
        for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
            assert_eq!(has(&headers, name.as_bytes()), Ok(false), "{name}");
            assert_eq!(append(&mut headers, guard, name, name), HeaderGuard::Allowed, "{name}");
            assert_eq!(get(&headers, name.as_bytes()), Ok(Some(Cow::Borrowed(name.as_bytes()))));
        }
        assert_eq!(headers.len(), 4);
    }
}

#[test]
fn row_68_cr_lf_and_nul_throw_under_every_guard() {
    for guard in [Guard::Immutable, Guard::Request, Guard::RequestNoCors, Guard::Response, Guard::None] {
        for byte in ["\0", "\r", "\n", "\r\n"] {
            let mut headers = HeaderList::new();
            for name in [format!("a{byte}"), format!("{byte}a"), format!("a{byte}b"), byte.to_owned()] {
                for verdict in [
                    append(&mut headers, guard, bytes(&name), "x"),
                    set(&mut headers, guard, bytes(&name), "x"),
                    delete(&mut headers, guard, name.as_bytes()),
                ] {
                    assert_eq!(verdict, HeaderGuard::InvalidName { said: name.clone() });
                }
            }
            let value = format!("a{byte}X-Evil: 1");
            let invalid =
                HeaderGuard::InvalidValue { name: "accept".into(), byte: byte.as_bytes()[0], at: 1 };
            assert_eq!(append(&mut headers, guard, "accept", bytes(&value)), invalid);
            assert_eq!(set(&mut headers, guard, "accept", bytes(&value)), invalid);
            assert!(headers.is_empty());
        }
        // A NUL at an end is no whitespace, so that normalizing leaves it to be refused.
        assert!(append(&mut HeaderList::new(), guard, "accept", "a\0").throws());
    }
}

#[test]
fn row_70_framing_is_the_user_agents() {
    for name in [
        "Content-Length",
        "transfer-encoding",
        "CONNECTION",
        "Keep-Alive",
        "Upgrade",
        "TE",
        "Trailer",
        "Host",
    ] {
        let mut headers = HeaderList::new();
        let expected = forbidden(name, ByName);
        assert_eq!(append(&mut headers, Guard::Request, name, "5"), expected);
        assert_eq!(set(&mut headers, Guard::Request, name, "5"), expected);
        assert_eq!(delete(&mut headers, Guard::Request, name.as_bytes()), expected);
        assert!(!append(&mut headers, Guard::RequestNoCors, name, "5").is_allowed());
        assert!(!set(&mut headers, Guard::RequestNoCors, name, "5").is_allowed());
        assert!(headers.is_empty());
    }
}

#[test]
fn row_89_a_mebibyte_of_spaces_is_trimmed_and_not_copied() {
    let value = Bytes::from([&vec![b' '; 1 << 20][..], b"a"].concat());
    let mut headers = HeaderList::new();
    assert_eq!(append(&mut headers, Guard::Request, "X", value.clone()), HeaderGuard::Allowed);
    let kept = headers.first("x").expect("appended").value();
    assert_eq!(kept, "a");
    assert!(std::ptr::eq(&kept[0], &value[1 << 20]));
}
