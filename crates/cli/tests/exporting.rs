//! `--offline`, `--print` and `--copy-as`: what they print is what is sent, for hostile values too, through a real shell.

#![cfg(unix)]

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use sofetch_demo::{Reply, RequestSeen, Server};
use support::{Folder, InWorld, plain_server, said, server, sofetch, sofetch_with};

/// Values that shells, scripts and formats trip over.
const HOSTILE: [&str; 12] = [
    "it's \"so\"",
    "$(touch never) `id` $HOME ${PATH}",
    "-X --data @/etc/passwd",
    "@/etc/passwd",
    "\\n \\\\ \\' \\\"",
    "a'; rm -rf x; '",
    "!history !! #comment",
    "% %s %% \\045",
    "two\nlines\n",
    "\u{e9} \u{1f600} \u{4e2d}",
    "{a,b} [c] * ? ~",
    "=a:=b==c;d@e",
];

/// Method, target, headers but the connection's, body.
type Seen = (String, String, Vec<(String, Vec<u8>)>, Vec<u8>);

fn of(seen: &RequestSeen) -> Seen {
    let mut headers: Vec<(String, Vec<u8>)> = seen
        .headers
        .iter()
        .map(|(name, value)| (String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()))
        .collect();
    headers.sort();
    (seen.method.clone(), seen.target.clone(), headers, seen.body.to_vec())
}

fn last(server: &Server) -> Seen {
    of(server.requests().last().expect("something was sent"))
}

/// The options of a request with this value wherever a value stands.
fn hostile(value: &str) -> Vec<String> {
    // NB: no header has a line break.
    let header = value.trim().replace('\n', " ");
    let options = [
        "-X",
        "PUT",
        "-H",
        &format!("X-A: {header}"),
        "-H",
        "X-Empty;",
        "--show-secrets",
        "--data-raw",
        value,
    ];
    options.map(str::to_owned).into()
}

fn run(first: &[&str], options: &[String], url: &str) -> support::Said {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    sofetch(&[first, &options, &[url]].concat())
}

/// Runs a text in a shell, with a folder of commands before the others.
fn shell(shell: &str, text: &str, folder: &Folder) -> support::Said {
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut command = Command::new(shell);
    command.args(["-c", text]).env_clear().env("PATH", path).env("SOFETCH_CONFIG", "").stdin(Stdio::null());
    said(command)
}

/// `sofetch`, and an `http` that is sofetch with HTTPie's names of options.
fn commands() -> Folder {
    let folder = Folder::new();
    symlink(env!("CARGO_BIN_EXE_sofetch"), folder.path().join("sofetch")).expect("a folder of one's own");
    let script = b"#!/bin/sh
for word; do
    shift
    case $word in
        --ignore-stdin) ;;
        --raw=*) set -- \"$@\" --data-raw \"${word#--raw=}\" ;;
        *) set -- \"$@\" \"$word\" ;;
    esac
done
exec sofetch \"$@\"
";
    let path = folder.write("http", script);
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a file of one's own");
    folder
}

#[test]
fn copies_send_the_same_through_a_shell() {
    let (server, commands) = (plain_server(), commands());
    let url = server.url("/x?q='a'&b=$HOME");
    for value in HOSTILE {
        let options = hostile(value);
        run(&[], &options, &url).ended(0);
        let sent = last(&server);
        for form in ["sofetch", "httpie"] {
            let text = run(&["--copy-as", form], &options, &url).ended(0).text().to_owned();
            shell("sh", &text, &commands).ended(0);
            assert_eq!(last(&server), sent, "{form}: {text}");
        }
    }
}

#[test]
fn curl_gets_the_words_that_were_meant() {
    let (server, folder) = (plain_server(), Folder::new());
    let path = folder.write("curl", b"#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done\n");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a file of one's own");
    let url = server.url("/x?q='a'&b=$HOME");
    for value in HOSTILE {
        let text = run(&["--copy-as", "curl"], &hostile(value), &url).ended(0).text().to_owned();
        let out = shell("sh", &text, &folder).ended(0).out;
        let words: Vec<&[u8]> = out.split(|&byte| byte == 0).collect();
        let after = |option: &str| {
            let at = words.iter().position(|word| *word == option.as_bytes()).expect(option);
            words[at + 1]
        };
        assert_eq!(after("--data-raw"), value.as_bytes(), "{text}");
        let header = format!("X-A: {}", value.trim().replace('\n', " "));
        assert!(words.contains(&header.as_bytes()) && words.contains(&&b"X-Empty;"[..]), "{text}");
        assert_eq!(
            (words[0], after("-X")),
            (server.url("/x?q=%27a%27&b=$HOME").as_bytes(), &b"PUT"[..]),
            "{text}"
        );
    }
}

#[test]
fn copies_send_the_same_through_an_import() {
    let server = plain_server();
    let url = server.url("/x[1]?q='a'&b=$HOME&c={d,e}\\[");
    for value in HOSTILE {
        let options = hostile(value);
        run(&[], &options, &url).ended(0);
        let sent = last(&server);
        for form in ["curl", "fetch"] {
            let text = run(&["--copy-as", form], &options, &url).ended(0).text().to_owned();
            sofetch_with(&["--import", "-"], text.as_bytes()).ended(0);
            assert_eq!(last(&server), sent, "{form}: {text}");
        }
        let text = run(&["--copy-as", "fetch"], &options, &url).ended(0).text().to_owned();
        sofetch(&["run", "--no-page", "--module", "--eval", &text]).ended(0);
        let again = last(&server);
        assert_eq!((again.0, again.1, again.3), (sent.0, sent.1, sent.3), "a script: {text}");
    }
}

#[test]
fn what_no_plain_quote_holds_goes_by_number() {
    let (server, commands, folder) = (plain_server(), commands(), Folder::new());
    let url = server.url("/x");
    for bytes in [&b"\x1b[31m\x07'\\"[..], b"\xFF\xE2\x82 1", "a\u{202e}b\r\n".as_bytes(), b"a\0b%\\'\n"] {
        let file = format!("@{}", folder.write("body", bytes));
        let options = ["-H", "Content-Type: a/b", "--data-binary", &file].map(str::to_owned);
        run(&[], &options, &url).ended(0);
        let sent = last(&server);
        let text = run(&["--copy-as", "sofetch"], &options, &url).ended(0).text().to_owned();
        assert!(text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "{text:?}");
        // NB: `$'...'` is bash's where sh has none yet.
        shell("bash", &text, &commands).ended(0);
        assert_eq!(last(&server), sent, "{text}");
        if !bytes.contains(&0) {
            let text = run(&["--copy-as", "curl"], &options, &url).ended(0).text().to_owned();
            sofetch_with(&["--import", "-"], text.as_bytes()).ended(0);
            assert_eq!(last(&server), sent, "{text}");
        }
    }
}

#[test]
fn forms_have_one_boundary() {
    let (server, commands) = (plain_server(), commands());
    let text =
        sofetch(&["--copy-as", "sofetch", "--multipart", &server.url("/"), "a=b"]).ended(0).text().to_owned();
    // NB: its line breaks have two bytes, which no plain quote may hold.
    shell("bash", &text, &commands).ended(0);
    let seen = server.requests().remove(0);
    let content_type = seen.header("Content-Type").expect("said");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a form");
    assert!(seen.body.ends_with(format!("--{boundary}--\r\n").as_bytes()));
}

#[test]
fn offline_prints_what_would_be_sent() {
    let server = plain_server();
    let url = server.url("/x?y");
    let options: &[&[&str]] = &[
        &[],
        &["-I"],
        &["-H", "X-Low: 1", "-H", "x-low: 2", "-d", "a=b"],
        &["--json", "{}", "-A", "me"],
        &["--page", &server.url("/page"), "-X", "POST"],
    ];
    for options in options {
        let printed = sofetch(&[*options, &["--offline", &url]].concat()).ended(0);
        assert_eq!(server.requests().len(), 0, "nothing is sent");
        assert_eq!(printed.err, "");
        let raw = printed.out;
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&raw[..end]).expect("text");
        let mut lines = head.split("\r\n");
        let first = lines.next().expect("a request line").to_owned();
        let mut fields: Vec<String> = lines.map(str::to_owned).collect();
        fields.sort();
        let other = plain_server();
        let options: Vec<String> =
            options.iter().map(|word| word.replace(&server.url(""), &other.url(""))).collect();
        run(&[], &options, &other.url("/x?y")).ended(0);
        let seen = other.requests().remove(0);
        assert_eq!(first, format!("{} {} HTTP/1.1", seen.method, seen.target));
        let mut sent: Vec<String> = seen
            .headers
            .iter()
            .map(|(name, value)| {
                format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
            })
            .map(|field| {
                field.replace(&other.address().port().to_string(), &server.address().port().to_string())
            })
            .collect();
        sent.sort();
        assert_eq!(fields, sent);
        assert_eq!(&raw[end + 4..], &seen.body[..]);
    }
}

#[test]
fn offline_shows_the_question_before_the_request() {
    let args = ["--offline", "-X", "PATCH", "--json", "{}", "https://a.test/x"];
    let said = sofetch(&[&["cors", "--origin", "https://b.test"], &args[..]].concat()).ended(0);
    let text = said.text();
    let (question, request) = text.split_once("\r\n\r\n").expect("two heads");
    assert!(question.starts_with("OPTIONS /x HTTP/1.1\r\nHost: a.test\r\n"), "{text}");
    assert!(question.contains("Access-Control-Request-Method: PATCH"), "{text}");
    assert!(request.starts_with("PATCH /x HTTP/1.1\r\n") && request.ends_with("\r\n\r\n{}"), "{text}");
    let world = InWorld::start();
    let online = ["cors", "-p", "h", "--origin", "https://javascript.info", "https://site.com/service.json"];
    world.sofetch(&online).complained("`--print` has no meaning for cors without --offline");
    let refused = sofetch(&["--offline", "--page", "https://b.test/", "http://a.test/x"]).ended(1);
    assert_eq!(refused.text(), "", "mixed content is never sent: {}", refused.err);
    sofetch(&["--offline", "data:,x"]).ended(0).complained("nothing is sent");
    let secret = sofetch(&["--offline", "a.test", "Authorization:Bearer hush", "token==hush"]).ended(0);
    assert!(
        !secret.text().contains("hush") && secret.text().contains("Bearer [redacted]"),
        "{}",
        secret.text()
    );
    let shown = sofetch(&["--offline", "--show-secrets", "a.test", "Authorization:Bearer hush"]).ended(0);
    assert!(shown.text().contains("Authorization: Bearer hush"), "{}", shown.text());
}

#[test]
fn parts_are_printed_as_asked() {
    let server = server(|_| Reply::ok("body").header("X-A", "1"));
    let url = server.url("/x");
    let print = |parts: &str| sofetch(&["--print", parts, &url, "a=b"]).ended(0).text().to_owned();
    assert_eq!(print("b"), "body");
    assert_eq!(print("h"), "HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(print("B"), "{\"a\":\"b\"}");
    assert_eq!(print(""), "");
    let whole = print("HBhb");
    assert!(whole.starts_with("POST /x HTTP/1.1\r\nHost: 127.0.0.1:"), "{whole}");
    assert!(
        whole.contains("\r\n\r\n{\"a\":\"b\"}\r\n\r\nHTTP/1.1 200 OK\r\n") && whole.ends_with("\r\n\r\nbody"),
        "{whole}"
    );
    let measured = print("m");
    assert!(measured.starts_with("\nElapsed time: "), "{measured}");
    assert!(measured.contains(&format!("Remote address: {}\n", server.address())), "{measured}");
    sofetch(&["--print", "x", &url]).ended(2).complained("H, B, h, b and m");
    sofetch(&["--print", "h", "-i", &url]).ended(2);
}

#[test]
fn a_page_is_copied_with_its_rules() {
    let (world, commands) = (InWorld::start(), commands());
    let args = [
        "--origin",
        "https://javascript.info",
        "--credentials",
        "include",
        "-X",
        "PATCH",
        "--json",
        "{}",
        "https://site.com/service.json",
    ];
    let said = world.sofetch(&[&["--copy-as", "sofetch"], &args[..]].concat()).ended(0);
    for word in ["--page https://javascript.info/", "--credentials include", "-X PATCH"] {
        assert!(said.text().contains(word), "{word}: {}", said.text());
    }
    let offline = said.text().replacen("sofetch ", "sofetch --offline ", 1);
    let again = shell("sh", &offline, &commands).ended(0);
    assert_eq!(again.text(), world.sofetch(&[&["--offline"], &args[..]].concat()).ended(0).text());
    let fetch = world.sofetch(&[&["--copy-as", "fetch"], &args[..]].concat()).ended(0);
    assert!(
        fetch.text().contains("credentials: \"include\"") && !fetch.text().contains("Origin"),
        "{}",
        fetch.text()
    );
    fetch.complained("on the page https://javascript.info/");
}
