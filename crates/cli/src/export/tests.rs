//! What is written for programs. That commands do what they say is tried in `tests/exporting.rs`.

use super::*;
use sofetch::core::infrastructure::header_list::HeaderList;

fn copied(
    form: CopyAs,
    method: &str,
    headers: &[(&'static str, &'static [u8])],
    body: Option<&'static [u8]>,
) -> Copied {
    let url = Url::parse("https://a.test/x?token=hush", None).expect("a URL");
    let mut list = HeaderList::new();
    for (name, value) in headers {
        list.append(*name, Bytes::from_static(value));
    }
    let asked = RequestOptions {
        url: url.clone(),
        method: Some(method.to_owned()),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
        body: None,
        untyped: false,
        mode: None,
        credentials: None,
        cache: None,
        redirect: None,
        referrer: None,
        referrer_policy: None,
        integrity: None,
        destination: None,
    };
    let (method, body) = (method.to_owned(), body.map(Bytes::from_static));
    let protocol = sofetch::core::ports::Protocol::Http1;
    let sent = Outgoing { method, url, headers: list, body, protocol };
    copy_as(form, &Source { sent: &sent, asked: &asked, page: None, user_agent: None }, Secrets::Redacted)
}

#[test]
fn rust_for_reqwest() {
    let copied_get = copied(CopyAs::Reqwest, "GET", &[("A", b"\"\\")], None);
    assert_eq!(
        copied_get.text,
        "let response = reqwest::Client::new()\n    .get(\"https://a.test/x?token=[redacted]\")\n    .header(\"A\", \"\\\"\\\\\")\n    .send()\n    .await?;\n"
    );
    assert_eq!(copied_get.notes, ["secrets are redacted: --show-secrets writes them"]);
    let purged = copied(CopyAs::Reqwest, "PURGE", &[("A", b"\xFF")], Some(b"\0\xFF\"")).text;
    assert!(purged.contains(".request(reqwest::Method::from_bytes(b\"PURGE\")?, "), "{purged}");
    assert!(purged.contains(".header(\"A\", b\"\\xff\")"), "{purged}");
    assert!(purged.contains(".body(&b\"\\x00\\xff\\\"\"[..])"), "{purged}");
}

#[test]
fn scripts_lose_what_no_script_can_set() {
    let headers: &[(&str, &[u8])] = &[("A", b"\x1b\xE9"), ("Cookie", b"hush"), ("Accept", b"*/*")];
    let Copied { text, notes } = copied(CopyAs::Fetch, "PUT", headers, Some("\u{202e}\n".as_bytes()));
    assert!(text.contains("\"A\": \"\\u001b\u{e9}\"") && text.contains("body: \"\\u202e\\n\""), "{text}");
    assert!(
        !text.contains("hush") && notes.iter().any(|note| note == "no script can set Cookie: left out"),
        "{notes:?}"
    );
    let bytes = copied(CopyAs::Fetch, "PUT", &[], Some(b"\xFF\0")).text;
    assert!(bytes.contains("body: new Uint8Array([255, 0])"), "{bytes}");
}

#[test]
fn tools_are_kept_from_adding_their_own() {
    let curl = copied(CopyAs::Curl, "POST", &[], Some(b"a")).text;
    for header in ["-H User-Agent:", "-H Accept:", "-H Content-Type:"] {
        assert!(curl.contains(header), "{header}: {curl}");
    }
    assert!(!curl.contains("-X"), "POST follows from the body: {curl}");
    assert!(copied(CopyAs::Curl, "HEAD", &[], None).text.contains("--head"));
    assert!(copied(CopyAs::Curl, "GET", &[], Some(b"a")).text.contains("-X GET"));
    let piped = copied(CopyAs::Curl, "POST", &[], Some(b"a\0")).text;
    assert!(piped.starts_with("printf 'a\\000' | curl ") && piped.contains("--data-binary @-"), "{piped}");
    let notes = copied(CopyAs::Httpie, "GET", &[("A", b"\\:")], None).notes;
    assert!(notes.iter().any(|note| note.contains("loses a backslash of A")), "{notes:?}");
}
