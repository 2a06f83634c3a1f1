//! `--import`: what other tools wrote down is sent again, and HAR files of ours are read back.

mod support;

use sofetch_demo::{RequestSeen, Server};
use support::{Folder, InWorld, Said, plain_server, sofetch, sofetch_with};

/// Runs `sofetch --import - ...` with this text.
fn import(text: &str, options: &[&str]) -> Said {
    sofetch_with(&[&["--import", "-"], options].concat(), text.as_bytes())
}

fn only(server: &Server) -> RequestSeen {
    let mut requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

fn text(seen: &RequestSeen) -> String {
    String::from_utf8(seen.body.to_vec()).expect("a test's text")
}

#[test]
fn a_copy_is_sent_again() {
    let server = plain_server();
    let url = server.url("/x?y=1");
    let copies = [
        format!(
            "curl '{url}' \\\n  -X 'PUT' \\\n  -H 'x-a: it'\\''s' \\\n  -b 'a=b' \\\n  --data-raw $'\\u00e9\\n' --insecure"
        ),
        format!(
            "curl ^\"{url}^\" ^\r\n  -X ^\"PUT^\" ^\r\n  -H ^\"x-a: it's^\" ^\r\n  -b ^\"a=b^\" ^\r\n  --data-raw ^\"\u{e9}^\r\n\r\n^\""
        ),
        format!(
            "fetch(\"{url}\", {{ \"headers\": {{ \"x-a\": \"it's\", \"cookie\": \"a=b\" }}, \"body\": \"\u{e9}\\n\", \"method\": \"PUT\" }});"
        ),
    ];
    for copy in &copies {
        let said = import(copy, &[]).ended(0);
        assert_eq!(said.text(), "ok");
        let seen = server.requests().pop().expect("it was sent");
        assert_eq!((&*seen.method, &*seen.target, &*text(&seen)), ("PUT", "/x?y=1", "\u{e9}\n"), "{copy}");
        assert_eq!(seen.header("x-a").as_deref(), Some("it's"), "{copy}");
        assert_eq!(seen.header("Cookie").as_deref(), Some("a=b"), "{copy}");
    }
    import(&copies[0], &[]).complained("not imported: --insecure");
    assert_eq!(import(&copies[0], &["-s"]).err, "");
}

#[test]
fn what_is_typed_comes_before_what_is_imported() {
    let server = plain_server();
    let copy = format!(
        "curl '{}' -H 'x-a: 1' -H 'x-b: 2' -H 'x-c: 3' -H 'content-type: text/x' --data-raw 'old'",
        server.url("/old")
    );
    let url = server.url("/new");
    import(&copy, &["PATCH", &url, "x-a:9", "x-b:", "n:=1", "q==2"]).ended(0);
    let seen = only(&server);
    assert_eq!((&*seen.method, &*seen.target, &*text(&seen)), ("PATCH", "/new?q=2", "{\"n\":1}"));
    assert_eq!(
        (seen.header("x-a").as_deref(), seen.header("x-b"), seen.header("x-c").as_deref()),
        (Some("9"), None, Some("3"))
    );
    assert_eq!(seen.header("Content-Type").as_deref(), Some("application/json"));
    let server = plain_server();
    let copy = format!("curl '{}' -H 'content-type: text/x' --data-raw 'old'", server.url("/old"));
    import(&copy, &["PUT", "x-a:1"]).ended(0);
    let seen = only(&server);
    assert_eq!((&*seen.method, &*text(&seen)), ("PUT", "old"));
    assert_eq!(seen.header("Content-Type").as_deref(), Some("text/x"));
}

#[test]
fn a_har_of_ours_is_read_back() {
    let (server, folder) = (plain_server(), Folder::new());
    let script = format!(
        "(async () => {{
            await fetch('{0}', {{ headers: {{ 'X-A': '1, \"2\"', Authorization: 'Bearer hush' }} }});
            await fetch('{1}', {{ method: 'POST', body: 'lost' }});
        }})()",
        server.url("/first?q=\u{e9}"),
        server.url("/second")
    );
    let path = folder.file("run.har");
    let page = server.url("/");
    let run = ["run", "--base-url", &page, "--har", &path, "--eval", &script];
    sofetch(&[&run[..], &["--show-secrets"]].concat()).ended(0);
    let written = server.requests();
    sofetch(&["--import", &path]).ended(2).complained("it has 2 requests").complained("2. POST");
    sofetch(&["--import", &path, "--entry", "/first"]).ended(0);
    let again = server.requests().pop().expect("it was sent");
    assert_eq!((&*again.method, &*again.target), ("GET", "/first?q=%C3%A9"));
    let own = ["host", "connection", "accept-encoding"];
    for (name, value) in &written[0].headers {
        let name = std::str::from_utf8(name).expect("a name");
        if !own.contains(&&*name.to_ascii_lowercase()) {
            assert_eq!(again.header(name).map(String::into_bytes).as_deref(), Some(&value[..]), "{name}");
        }
    }
    sofetch(&["--import", &path, "--entry", "2"])
        .ended(2)
        .complained("had a body, which the file does not hold");
    sofetch(&["--import", &path, "--entry", "2", "-d", "given"]).ended(0);
    assert_eq!(text(&server.requests().pop().expect("it was sent")), "given");
    sofetch(&run).ended(0);
    sofetch(&["--import", &path, "--entry", "1"])
        .ended(0)
        .complained("authorization (its value is not in the file)");
    assert_eq!(server.requests().pop().expect("it was sent").header("Authorization"), None);
}

#[test]
fn a_copy_is_tried_as_its_page() {
    let world = InWorld::start();
    let folder = Folder::new();
    let copy = "fetch(\"https://site.com/service.json\", {
        \"headers\": { \"api-key\": \"1\", \"content-type\": \"application/json\", \"sec-fetch-mode\": \"cors\" },
        \"referrer\": \"https://javascript.info/\", \"body\": \"{}\", \"method\": \"PATCH\", \"mode\": \"cors\", \"credentials\": \"omit\"
    });";
    let path = folder.write("copy.js", copy.as_bytes());
    let said = world
        .sofetch(&["cors", "--send", "always", "--import", &path])
        .ended(0)
        .complained("sec-fetch-mode (no page can set it");
    assert!(said.text().contains("OPTIONS https://site.com/service.json"), "{}", said.text());
    // What the browser added asks for no preflight, unless it is typed.
    let copy = "curl 'https://site.com/readable.json' -H 'user-agent: Mozilla/5.0' -H 'priority: u=1, i' \
        -H 'origin: https://javascript.info'";
    let path = folder.write("copy.sh", copy.as_bytes());
    let said = world
        .sofetch(&["cors", "--import", &path])
        .ended(0)
        .complained("user-agent, priority (the browser adds it");
    assert!(!said.text().contains("OPTIONS"), "{}", said.text());
    let said = world.sofetch(&["cors", "--import", &path, "-H", "User-Agent: mine"]);
    assert!(said.text().contains("OPTIONS"), "{}", said.text());
    let path = folder.write("copy.sh", b"curl https://site.com/service.json");
    world.sofetch(&["cors", "--import", &path]).ended(2).complained("--origin");
}

#[test]
fn texts_that_are_wrong_say_where() {
    let table = [
        ("curl https://a.test \\\n  -d @/etc/passwd", "line 2, column 6: \"-d\" would read a file"),
        ("curl https://a.test -H \"a: $(id)\"", "line 1, column 28: a shell would compute this"),
        ("fetch('https://a.test', { body })", "line 1, column 32: : is expected"),
        ("{\"log\": ", "line 1"),
        ("hello", "it begins neither"),
    ];
    for (text, expected) in table {
        let said = import(text, &[]).ended(2).complained(expected);
        assert_eq!(said.text(), "");
    }
    sofetch(&["--import", "/nowhere/to/be/found"]).ended(2).complained("/nowhere/to/be/found");
    sofetch(&["--entry", "1", "a.test"]).ended(2);
    import("curl 'https://user:hush@a b/'", &[]).ended(2).complained("is not a URL");
    assert!(!import("curl 'https://user:hush@a b/'", &[]).err.contains("hush"));
}
