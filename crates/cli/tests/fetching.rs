//! `sofetch URL` on the user's own behalf: what is sent for each option, and what comes out.

mod support;

use sofetch_demo::{Reply, RequestSeen};
use support::{Folder, closed_port, plain_server, server, sofetch, sofetch_with};

/// What a server saw of the one request that these options make.
fn seen(options: &[&str]) -> RequestSeen {
    let server = plain_server();
    let url = server.url("/x");
    sofetch(&[options, &[&url]].concat()).ended(0);
    let mut requests = server.requests();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[test]
fn a_body_goes_down_a_pipe_byte_for_byte() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let body = bytes.clone();
    let server = server(move |_| Reply::ok(body.clone()).header("Content-Type", "text/plain"));
    let said = sofetch(&[&server.url("/")]).ended(0);
    assert!(said.out == bytes);
    assert_eq!(said.err, "");
}

#[test]
fn json_goes_down_a_pipe_untouched() {
    let server = server(|_| Reply::ok("{\"b\":1,  \"a\":2}").header("Content-Type", "application/json"));
    assert_eq!(sofetch(&[&server.url("/")]).ended(0).out, b"{\"b\":1,  \"a\":2}");
}

#[test]
fn a_url_without_a_scheme_is_plain_http_on_this_machine() {
    let server = plain_server();
    let url = format!("127.0.0.1:{}/x", server.address().port());
    assert_eq!(sofetch(&[&url]).ended(0).out, b"ok");
    let url = format!(":{}/x", server.address().port());
    assert_eq!(sofetch(&[&url]).ended(0).out, b"ok");
}

#[test]
fn what_is_sent_by_default() {
    let request = seen(&[]);
    assert_eq!((&*request.method, &*request.target, &*request.body), ("GET", "/x", &b""[..]));
    assert!(request.header("User-Agent").expect("said").starts_with("sofetch/"));
    for name in ["Origin", "Referer", "Cookie", "Sec-Fetch-Site", "Authorization"] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

#[test]
fn methods() {
    assert_eq!(seen(&["-X", "PUT"]).method, "PUT");
    assert_eq!(seen(&["--method", "patch"]).method, "patch");
    assert_eq!(seen(&["--method", "delete"]).method, "DELETE");
    assert_eq!(seen(&["-I"]).method, "HEAD");
    sofetch(&["-X", "a b", "127.0.0.1:1"]).ended(2).complained("method");
    sofetch(&["-X", "\u{e9}", "127.0.0.1:1"]).ended(2).complained("-X \"\u{e9}\"");
    sofetch(&["-X", "CONNECT", "127.0.0.1:1"]).ended(2).complained("nobody makes CONNECT requests");
    assert_eq!(seen(&["-X", "TRACE"]).method, "TRACE");
}

#[test]
fn headers() {
    let request =
        seen(&["-H", "X-One: 1", "--header", "x-one: 2", "-H", "X-Empty;", "-H", "Cookie: a=b", "-A", "me"]);
    assert_eq!(request.header("X-One").as_deref(), Some("1, 2"));
    assert_eq!(request.header("X-Empty").as_deref(), Some(""));
    assert_eq!(request.header("Cookie").as_deref(), Some("a=b"));
    assert_eq!(request.header("User-Agent").as_deref(), Some("me"));
    assert_eq!(seen(&["-H", "User-Agent:"]).header("User-Agent"), None);
    assert_eq!(seen(&["-A", ""]).header("User-Agent"), None);
}

#[test]
fn headers_that_cannot_be_sent_are_usage() {
    for header in ["nothing", ": x", "a b: c", "X: a\r\nY: b", "Content-Length: 1", "Host:"] {
        let server = plain_server();
        sofetch(&["-H", header, &server.url("/")]).ended(2);
        assert_eq!(server.requests().len(), 0, "{header}");
    }
}

#[test]
fn data() {
    let request = seen(&["-d", "a=1", "--data", "b=2"]);
    assert_eq!((&*request.method, &*request.body), ("POST", &b"a=1&b=2"[..]));
    assert_eq!(request.header("Content-Type").as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.header("Content-Length").as_deref(), Some("7"));
    let folder = Folder::new();
    let path = format!("@{}", folder.write("data", b"a=\r\n1\n\0"));
    assert_eq!(&seen(&["--data", &path]).body[..], b"a=1");
    assert_eq!(&seen(&["--data-binary", &path]).body[..], b"a=\r\n1\n\0");
    assert_eq!(seen(&["-X", "PUT", "-d", "a"]).method, "PUT");
    assert_eq!(
        seen(&["-d", "a", "-H", "Content-Type: text/x"]).header("Content-Type").as_deref(),
        Some("text/x")
    );
    assert_eq!(seen(&["-d", "a", "-H", "Content-Type:"]).header("Content-Type"), None);
    sofetch(&["--data", "@/nowhere/to/be/found", "127.0.0.1:1"]).ended(2).complained("/nowhere/to/be/found");
}

#[test]
fn data_from_standard_input() {
    let server = plain_server();
    sofetch_with(&["-d", "@-", &server.url("/")], b"from\nhere").ended(0);
    assert_eq!(&server.requests()[0].body[..], b"fromhere");
}

#[test]
fn json() {
    let request = seen(&["--json", "{\"a\": 1}"]);
    assert_eq!((&*request.method, &*request.body), ("POST", &b"{\"a\": 1}"[..]));
    assert_eq!(request.header("Content-Type").as_deref(), Some("application/json"));
    let folder = Folder::new();
    let path = format!("@{}", folder.write("item.json", b"{\n\"a\": 1}\n"));
    assert_eq!(&seen(&["-X", "PATCH", "--json", &path]).body[..], b"{\n\"a\": 1}\n");
}

#[test]
fn forms() {
    let folder = Folder::new();
    let path = folder.write("photo.png", b"\x89PNG\0");
    let text = folder.write("text.txt", b"inside");
    let request = seen(&[
        "-F",
        "name=a;b",
        "-F",
        &format!("photo=@{path};type=image/png"),
        "-F",
        &format!("other=@{path};filename=\"x;y.png\""),
        "-F",
        &format!("text=<{text}"),
    ]);
    assert_eq!(request.method, "POST");
    let content_type = request.header("Content-Type").expect("said");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a form");
    let body: String = request.body.iter().map(|&byte| byte as char).collect();
    assert!(body.ends_with(&format!("--{boundary}--\r\n")), "{body:?}");
    for part in [
        "Content-Disposition: form-data; name=\"name\"\r\n\r\na;b\r\n",
        "Content-Disposition: form-data; name=\"photo\"; filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\n\u{89}PNG\0\r\n",
        "Content-Disposition: form-data; name=\"other\"; filename=\"x;y.png\"\r\nContent-Type: application/octet-stream\r\n",
        "Content-Disposition: form-data; name=\"text\"\r\n\r\ninside\r\n",
    ] {
        assert!(body.contains(part), "{part:?} is not in {body:?}");
    }
    sofetch(&["-F", "nothing", "127.0.0.1:1"]).ended(2).complained("-F");
}

#[test]
fn the_head_is_printed_if_asked() {
    let server = server(|_| Reply::ok("body").header("X-A", "1").header("x-B", "2"));
    // NB: HTTP/1.1 through hyper loses the case of a response's names: net's `transport` says so.
    let expected = "HTTP/1.1 200 OK\r\nx-a: 1\r\nx-b: 2\r\ncontent-length: 4\r\n\r\n";
    assert_eq!(sofetch(&["-i", &server.url("/")]).ended(0).text(), format!("{expected}body"));
    assert_eq!(sofetch(&["--head", &server.url("/")]).ended(0).text(), expected);
    assert_eq!(server.requests().iter().map(|request| &*request.method).collect::<Vec<_>>(), ["GET", "HEAD"]);
}

#[test]
fn any_status_is_an_answer_unless_fail_is_said() {
    let server = server(|request| Reply::new(request.path()[1..].parse().expect("a status")).body("why"));
    for status in ["/200", "/404", "/500"] {
        assert_eq!(sofetch(&[&server.url(status)]).ended(0).out, b"why");
    }
    assert_eq!(sofetch(&["--fail", &server.url("/200")]).ended(0).out, b"why");
    for status in ["/400", "/404", "/500"] {
        let said = sofetch(&["-f", &server.url(status)]).ended(4).complained(&status[1..]);
        assert_eq!(said.text(), "");
    }
    let said = sofetch(&["-f", "-s", &server.url("/404")]).ended(4);
    assert_eq!(said.err, "");
}

#[test]
fn the_body_is_saved_where_it_is_told() {
    let folder = Folder::new();
    let path = folder.file("saved");
    let server = server(|_| {
        Reply::ok("\0body\x1b[31m").header("Content-Disposition", "attachment; filename=\"../../evil\"")
    });
    let said = sofetch(&["-o", &path, &server.url("/evil")]).ended(0);
    assert_eq!((said.text(), &*said.err), ("", ""));
    assert_eq!(std::fs::read(&path).expect("it is there"), b"\0body\x1b[31m");
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["saved"], "no server names a file");
    assert_eq!(sofetch(&["--output", "-", &server.url("/")]).ended(0).out, b"\0body\x1b[31m");
    sofetch(&["-o", &folder.file("no/folder"), &server.url("/")]).ended(3).complained("no/folder");
}

#[test]
fn a_failed_fetch_leaves_the_file_alone() {
    let folder = Folder::new();
    let path = folder.write("saved", b"before");
    sofetch(&["-o", &path, &format!("127.0.0.1:{}", closed_port())]).ended(3);
    assert_eq!(std::fs::read(&path).expect("it is there"), b"before");
}

#[test]
fn redirects() {
    let server = server(|request| match request.path() {
        "/from" => Reply::new(302).header("Location", "/to"),
        _ => Reply::ok("there"),
    });
    let url = server.url("/from");
    assert_eq!(sofetch(&[&url]).ended(0).text(), "there");
    assert_eq!(sofetch(&["--redirect", "follow", &url]).ended(0).text(), "there");
    assert!(
        sofetch(&["-i", "--redirect", "manual", &url])
            .ended(0)
            .text()
            .starts_with("HTTP/1.1 302 Found\r\nlocation: /to\r\n")
    );
    sofetch(&["--redirect", "error", &url]).ended(1).complained("sofetch: ");
}

#[test]
fn a_redirect_loop_is_refused() {
    let server = server(|_| Reply::new(302).header("Location", "/"));
    sofetch(&[&server.url("/")]).ended(1).complained("redirect");
    assert_eq!(server.requests().len(), 21, "the first and 20 more");
}

#[test]
fn referrers() {
    let referrer = |options: &[&str]| seen(options).header("Referer");
    let said = ["--referrer", "https://a.test/b"];
    assert_eq!(
        referrer(&said).as_deref(),
        Some("https://a.test/"),
        "to another origin goes the origin alone"
    );
    let policy = |policy| referrer(&[&said[..], &["--referrer-policy", policy]].concat());
    assert_eq!(policy("unsafe-url").as_deref(), Some("https://a.test/b"));
    assert_eq!(policy("no-referrer"), None);
    assert_eq!(policy("same-origin"), None);
    assert_eq!(referrer(&["--referrer", ""]), None);
}

#[test]
fn cache_modes_are_said_to_servers() {
    let request = seen(&["--cache", "reload"]);
    assert_eq!(request.header("Cache-Control").as_deref(), Some("no-cache"));
    assert_eq!(seen(&[]).header("Cache-Control"), None);
}

#[test]
fn integrity() {
    let server = plain_server();
    // Of the bytes `ok`.
    let right = "sha256-Jok2eyBcFs4y7UIAlCuLix4mLfxw2byfvHfElpmk8d8=";
    let wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(sofetch(&["--integrity", right, &server.url("/")]).ended(0).text(), "ok");
    let said = sofetch(&["--integrity", wrong, &server.url("/")]).ended(1);
    assert_eq!(said.text(), "");
}

#[test]
fn usage() {
    for args in [
        &[][..],
        &["a b"],
        &["https://"],
        &["-v", "tour"],
        &["-v", "cors", "a.test"],
        &["--nonsense", "a.test"],
        &["/relative"],
        &["--report", "xml", "a.test"],
    ] {
        let said = sofetch(args).ended(2);
        assert!(!said.err.is_empty(), "{args:?}");
    }
    assert!(sofetch(&["--version"]).ended(0).text().starts_with("sofetch "));
    let help = sofetch(&["--help"]).ended(0);
    for word in ["Exit codes:", "--origin", "--resolve", "cors", "tour", "Examples:"] {
        assert!(help.text().contains(word), "{word}");
    }
}

#[test]
fn options_for_pages_say_nothing_without_one() {
    let server = plain_server();
    let noted = |options: &[&str]| {
        let said = sofetch(&[options, &[&server.url("/")]].concat()).ended(0);
        let silent = sofetch(&[&["-s"], options, &[&server.url("/")]].concat()).ended(0);
        assert_eq!(silent.err, "");
        said.err
    };
    for (option, value) in
        [("--mode", "no-cors"), ("--credentials", "include"), ("--referrer-policy", "unsafe-url")]
    {
        let err = noted(&[option, value]);
        assert!(err.contains(&format!("note: `{option}` has no meaning without --page")), "{err}");
    }
    // These two are the user's as well.
    assert_eq!(noted(&["--credentials", "omit"]), "");
    assert_eq!(noted(&["--referrer", "http://127.0.0.1/", "--referrer-policy", "origin"]), "");
    let page = ["--page", "http://127.0.0.1:1/", "--mode", "no-cors", &server.url("/")];
    assert!(!sofetch(&page).err.contains("no meaning"));
}

#[test]
fn what_cannot_be_taken_away_is_said() {
    let help = sofetch(&["--help"]).ended(0).text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("(Accept, Accept-Encoding and Host stay)"), "{help}");
    for stays in ["Accept:", "Accept-Encoding:", "Host:"] {
        sofetch(&["-H", stays, "127.0.0.1:1"]).ended(2).complained("cannot be taken away");
    }
}

#[test]
fn files_are_not_read() {
    let said = sofetch(&["file:///etc/hostname"]).ended(1).complained("This command reads no files");
    assert!(!said.err.contains("Allow the agent"), "{}", said.err);
}

#[test]
fn what_no_http_carries_is_told_with_its_report() {
    let server = plain_server();
    let url = server.url(&format!("/{}", "a".repeat(70_000)));
    let said = sofetch(&["--report", "json", &url]);
    assert_eq!(said.code, 2);
    assert!(said.json().is_object());
    assert!(said.err.starts_with("sofetch: "), "{}", said.err);
    assert_eq!(server.requests().len(), 0);
}
