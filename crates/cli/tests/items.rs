//! Request items beside the URL: what a server sees of them, and what is no item.

mod support;

use sofetch_demo::RequestSeen;
use support::{Folder, InWorld, plain_server, sofetch};

/// What a server saw of `sofetch ...`, where `URL` stands for its URL.
fn seen(words: &[&str]) -> RequestSeen {
    let server = plain_server();
    let url = server.url("/x");
    let words: Vec<&str> = words.iter().map(|&word| if word == "URL" { &*url } else { word }).collect();
    sofetch(&words).ended(0);
    let mut requests = server.requests();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[test]
fn items_make_json_headers_and_a_query() {
    let request = seen(&[
        "URL",
        "name=lamp",
        "watts:=60",
        "sizes[]:=1.50",
        "API-Key:key",
        "X-Empty;",
        "page==2",
        "q==a b",
    ]);
    assert_eq!((&*request.method, &*request.target), ("POST", "/x?page=2&q=a+b"));
    assert_eq!(&request.body[..], br#"{"name":"lamp","watts":60,"sizes":[1.50]}"#);
    assert_eq!(request.header("Content-Type").as_deref(), Some("application/json"));
    assert_eq!(request.header("API-Key").as_deref(), Some("key"));
    assert_eq!(request.header("X-Empty").as_deref(), Some(""));
    let request = seen(&["URL", "API-Key:key", "page==2"]);
    assert_eq!((&*request.method, &request.body[..]), ("GET", &b""[..]), "no data, no POST");
    assert_eq!(seen(&["URL", "User-Agent:"]).header("User-Agent"), None);
    assert_eq!(
        seen(&["URL", "a=b", "Content-Type:text/x"]).header("Content-Type").as_deref(),
        Some("text/x")
    );
}

#[test]
fn a_method_stands_before_the_url() {
    assert_eq!(seen(&["PUT", "URL", "a=b"]).method, "PUT");
    assert_eq!(seen(&["delete", "URL"]).method, "DELETE");
    assert_eq!(seen(&["-X", "PATCH", "URL", "a=b"]).method, "PATCH");
    let server = plain_server();
    let url = format!(":{}/x", server.address().port());
    sofetch(&["PATCH", &url, "a=b"]).ended(0);
    assert_eq!((&*server.requests()[0].method, &*server.requests()[0].target), ("PATCH", "/x"));
}

#[test]
fn forms_and_uploads() {
    let request = seen(&["--form", "URL", "a=b c", "d=e"]);
    assert_eq!(&request.body[..], b"a=b+c&d=e");
    assert_eq!(request.header("Content-Type").as_deref(), Some("application/x-www-form-urlencoded"));
    let folder = Folder::new();
    let path = folder.write("photo.png", b"\x89PNG");
    for options in [&["--form"][..], &["--multipart"], &[]] {
        let request = seen(&[options, &["URL", "a=b", &format!("photo@{path};type=image/png")]].concat());
        assert!(request.header("Content-Type").expect("said").starts_with("multipart/form-data; boundary="));
        let body: String = request.body.iter().map(|&byte| byte as char).collect();
        assert!(body.contains("name=\"a\"\r\n\r\nb\r\n"), "{body}");
        assert!(
            body.contains("filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\n\u{89}PNG\r\n"),
            "{body}"
        );
    }
    let request = seen(&["--multipart", "URL", "a=b"]);
    assert!(request.header("Content-Type").expect("said").starts_with("multipart/form-data; boundary="));
}

#[test]
fn items_from_files() {
    let folder = Folder::new();
    let (text, json) = (folder.write("text", b"\"line\"\n"), folder.write("json", b" {\"n\": 1.0}\n"));
    let items =
        [format!("a=@{text}"), format!("b:=@{json}"), format!("X-File:@{text}"), format!("q==@{text}")];
    let mut words = vec!["URL"];
    words.extend(items.iter().map(String::as_str));
    let request = seen(&words);
    assert_eq!(&request.body[..], br#"{"a":"\"line\"\n","b":{"n": 1.0}}"#);
    assert_eq!(request.header("X-File").as_deref(), Some("\"line\""));
    assert_eq!(request.target, "/x?q=%22line%22");
    let request = seen(&["URL", &format!("@{json}")]);
    assert_eq!((&*request.method, &request.body[..]), ("POST", &b" {\"n\": 1.0}\n"[..]));
    assert_eq!(request.header("Content-Type"), None);
    let request = seen(&["PUT", "URL", &format!("@{json};type=application/json")]);
    assert_eq!(request.header("Content-Type").as_deref(), Some("application/json"));
}

#[test]
fn cors_takes_items_too() {
    let world = InWorld::start();
    let args = [
        "cors",
        "PATCH",
        "https://site.com/service.json",
        "a=b",
        "--origin",
        "https://javascript.info",
        "--send",
        "always",
    ];
    let said = world.sofetch(&args).ended(0);
    assert!(said.text().contains("PATCH"), "{}", said.text());
    let patch = world.world.api.requests_to("/service.json").into_iter().find(|seen| seen.method == "PATCH");
    assert_eq!(&patch.expect("it was sent").body[..], br#"{"a":"b"}"#);
}

#[test]
fn what_means_nothing_is_usage() {
    let table: &[(&[&str], &str)] = &[
        (&["a.test", "b.test"], "one URL at a time: \"b.test\""),
        (&["-v", "a.test", "https://u:hush@b.test"], "one URL at a time"),
        (&["cors", "--origin", "https://a.test", "a.test", "b.test"], "one URL at a time"),
        (&["-v", "cors", "a.test"], "the command comes first"),
        (&["a.test", "cors"], "the command comes first"),
        (&["POST"], "POST is a method without a URL"),
        (&["a=hush"], "the URL stands before the items"),
        (&["a.test", "-d", "x", "a=hush"], "one body"),
        (&["a.test", "-I", "a=hush"], "one body"),
        (&["PUT", "a.test", "-X", "POST"], "one method"),
        (&["--form", "a.test"], "there are none"),
        (&["a.test", "a:={hush"], "request item \"a:=...\": this is not JSON"),
        (&["a.test", "a[=hush"], "`]` is expected"),
        (&["a.test", "a@/nowhere/to/be/found"], "/nowhere/to/be/found"),
    ];
    for (words, expected) in table {
        let said = sofetch(words).ended(2).complained(expected);
        assert!(!said.err.contains("hush"), "{words:?}: {}", said.err);
    }
}
