//! Random hostile bytes from a server, end to end: whatever the command prints for a person, or as a report, has nothing in it that a
//! terminal obeys or that hides or turns text. The bytes are made from a seed, which a failure names.
//!
//! NB: a pipe gets bodies byte for byte; `--color always` is how a person is pretended.

mod support;

use std::process::Command;

use sofetch_demo::{Ending, Reply};
use sofetch_inspect::safe_text::is_unsafe;
use support::{Folder, Said, server, sofetch, sofetch_with};

const PIECES: &[&[u8]] = &[
    b"\x1b[31m",
    b"\x1b[2J",
    b"\x1b]0;owned\x07",
    b"\x1b]8;;http://127.0.0.1:1\x1b\\",
    b"\x1bP$q\x1b\\",
    b"\x9b31m",
    b"\x9d0;owned\x9c",
    "\u{9b}2J\u{85}".as_bytes(),
    "\u{202e}gpj\u{2066}".as_bytes(),
    "\u{2028}\u{2029}\u{feff}".as_bytes(),
    "\u{200b}\u{ad}\u{e0041}".as_bytes(),
    b"\xff\xfe",
    b"\xc0\x9b",
    b"\xe2\x80",
    b"\xed\xa0\x80",
    b"\x7f\x08\x0b",
    b"`\"'\\<>&]]>",
    b"\xf0\x9f\x98\x80",
    b"plain",
];

struct Hostile(u64);

impl Hostile {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Any bytes.
    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..1 + self.below(8) {
            match self.below(4) {
                0 => bytes.push(self.next() as u8),
                _ => bytes.extend_from_slice(PIECES[self.below(PIECES.len())]),
            }
        }
        bytes
    }

    /// Bytes that a field of HTTP may have.
    fn field(&mut self) -> Vec<u8> {
        self.bytes().into_iter().filter(|byte| !matches!(byte, 0..=0x1F | 0x7F)).collect()
    }

    /// The same in JSON, where it may stand.
    fn json(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        let raw: String =
            text.chars().filter(|character| !matches!(character, '\0'..='\x1F' | '"' | '\\')).collect();
        format!("{{\"{raw}\": [\"{raw}\", {}]}}", serde_json::to_string(&text).expect("a text"))
    }
}

/// What this seed's server answers.
fn reply(seed: u64) -> Reply {
    let mut hostile = Hostile(seed.wrapping_mul(0xD134_2543_DE82_EF95));
    let status = [200, 200, 302, 404][hostile.below(4)];
    let line = [format!("HTTP/1.1 {status} ").as_bytes(), &hostile.field()].concat();
    let essence =
        ["text/plain", "application/json", "application/x-ndjson", "text/event-stream", "image/png"]
            [hostile.below(5)];
    let body = match essence {
        "application/json" if hostile.below(3) > 0 => hostile.json().into_bytes(),
        "application/x-ndjson" => format!("{}\n{}\n", hostile.json(), hostile.json()).into_bytes(),
        "text/event-stream" => {
            let data = hostile.json();
            [&b"event: "[..], &hostile.field(), b"\ndata: ", data.as_bytes(), b"\n\n:", &hostile.bytes()]
                .concat()
        }
        _ => hostile.bytes(),
    };
    let mut reply = Reply::with_status_line(line).header("Content-Type", essence);
    for name in [
        "X-Odd",
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
        "Access-Control-Allow-Credentials",
        "Access-Control-Max-Age",
        "Access-Control-Expose-Headers",
        "Vary",
        "Set-Cookie",
        "WWW-Authenticate",
        "Content-Disposition",
        "Link",
    ] {
        if hostile.below(2) == 0 {
            reply = reply.header(name, hostile.field());
        }
    }
    if status == 302 {
        reply = reply.header("Location", [b"/next/", &*hostile.field()].concat());
    }
    match hostile.below(8) {
        // A head that is none.
        0 => Reply::raw(
            [b"HTTP/1.1 200 ", &*hostile.bytes(), b"\r\nA: ", &*hostile.bytes(), b"\r\n\r\n"].concat(),
        ),
        1 => reply.header("Content-Encoding", "gzip").body(body),
        2 => reply.header("Content-Length", "100000").piece(body).as_given().ending(Ending::Close),
        _ => reply.body(body),
    }
}

/// Nothing unsafe but line breaks; in what is laid out, tabs too, as they came.
#[track_caller]
fn assert_safe(row: &str, seed: u64, text: &str) {
    let wild = text.chars().find(|&character| !matches!(character, '\n' | '\t') && is_unsafe(character));
    assert_eq!(wild, None, "{row}, seed {seed}: {}", text.escape_debug());
}

/// Without our colours.
fn plain(text: &str) -> String {
    (0..100).fold(text.to_owned(), |plain, code| plain.replace(&format!("\x1b[{code}m"), ""))
}

#[track_caller]
fn assert_both_safe(row: &str, seed: u64, said: &Said) {
    let out = std::str::from_utf8(&said.out).unwrap_or_else(|error| panic!("{row}, seed {seed}: {error}"));
    assert_safe(row, seed, &plain(out));
    assert_safe(row, seed, &plain(&said.err));
    assert!(matches!(said.code, 0 | 1 | 3 | 4 | 5), "{row}, seed {seed}: {said:?}");
}

#[test]
fn whatever_a_server_says_is_tame_wherever_it_is_printed() {
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || (0..32).filter(|seed| seed % 4 == part).for_each(one_server));
        }
    });
}

fn one_server(seed: u64) {
    let server = server(move |_| reply(seed));
    let folder = Folder::new();
    let (url, har) = (server.url("/"), folder.file("har"));
    let origin = ["--origin", "http://app.test"];
    for (row, args) in [
        ("the head and the body for a person", &["--color", "always", "-i", &*url][..]),
        ("decisions", &["--color", "always", "-v", "--fail", &url]),
        ("the request and the answer", &["--color", "always", "--print", "HBhb", "-d", "a=1", &url]),
        ("as it streams", &["--color", "always", "--stream", &url]),
        ("raw, for a person", &["--color", "always", "--raw", &url]),
        ("the waterfall", &["--color", "always", "--timeline", &url]),
        ("the report", &["--report", "json", "--timeline", "--show-secrets", &url]),
        ("a page's", &["--color", "always", "-v", origin[0], origin[1], &url]),
        ("HAR", &["--har", &har, "-o", &folder.file("body"), "--show-secrets", &url]),
        (
            "the story",
            &["cors", "--color", "always", origin[0], origin[1], "-X", "PUT", "--send", "always", &url],
        ),
        (
            "the story, with credentials",
            &["cors", "-v", "--show-secrets", "--credentials", "include", origin[0], origin[1], &url],
        ),
        ("the story as JSON", &["cors", "--report", "json", "--show-secrets", origin[0], origin[1], &url]),
        ("the audit", &["cors", "audit", &url]),
        ("the audit as JSON", &["cors", "audit", "--report", "json", &url]),
        ("the audit as SARIF", &["cors", "audit", "--report", "sarif", &url]),
        ("the audit as JUnit", &["cors", "audit", "--report", "junit", &url]),
    ] {
        assert_both_safe(row, seed, &sofetch(args));
    }
    // A download's name is the server's.
    let mut saved = support::command(&["-O", &url]);
    saved.current_dir(folder.path());
    assert_both_safe("a download", seed, &support::said(saved));
    let written = String::from_utf8(std::fs::read(&har).expect("it was written")).expect("UTF-8");
    assert_safe("the HAR file", seed, &written);
    let lines = format!("{url}\n{}\n", server.url("/other"));
    for report in [&["--report", "json"][..], &[]] {
        let said = sofetch_with(&[&["--batch", "-", "--color", "always"], report].concat(), lines.as_bytes());
        assert_both_safe("a batch", seed, &said);
    }
    // What a script does not catch: a stranger's words within an error's.
    let script = "fetch('/').then(r => r.text()).then(t => { throw new Error(t) })";
    assert_both_safe(
        "an error of a script",
        seed,
        &sofetch(&["run", "-v", "--base-url", &url, "--eval", script]),
    );
}

/// An argument may have any bytes but NUL.
#[cfg(unix)]
fn with(args: &[&str], bytes: &[u8]) -> Said {
    use std::os::unix::ffi::OsStrExt;
    let mut command: Command = support::command(args);
    let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    command.arg(std::ffi::OsStr::from_bytes(&bytes));
    support::said(command)
}

#[test]
#[cfg(unix)]
fn whatever_an_argument_or_a_file_says_is_tame_in_complaints() {
    let folder = Folder::new();
    for seed in 0..24 {
        let mut hostile = Hostile(seed);
        for args in [
            &["--origin"][..],
            &["--resolve"],
            &["--proxy"],
            &["--mode"],
            &["--cacert"],
            &["-H"],
            &["-F"],
            &["--csp"],
            &["http://127.0.0.1:1/", "-X"],
            &["--batch"],
            &["cors", "http://127.0.0.1:1/", "--origin"],
            &["run"],
            &["generate"],
        ] {
            let said = with(args, &hostile.bytes());
            assert!(said.code != 0, "{args:?}, seed {seed}: {said:?}");
            assert_safe(&args.join(" "), seed, &plain(&said.err));
        }
        let text = match hostile.below(3) {
            0 => [b"curl 'http://127.0.0.1:1/' -H 'a: ", &*hostile.bytes(), b"' --lamp ", &*hostile.bytes()]
                .concat(),
            1 => [b"{\"log\": {\"entries\": [", &*hostile.bytes(), b"]}}"].concat(),
            _ => hostile.bytes(),
        };
        let path = folder.write("import", &text);
        assert_safe("--import", seed, &plain(&sofetch(&["--import", &path]).err));
        // NB: a line of its own might be a name to be looked up; nothing is to leave this machine.
        let mut line = || -> Vec<u8> {
            hostile.bytes().into_iter().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect()
        };
        let lines =
            [b"http://127.0.0.1:1/", &*line(), b"\nhttp://127.0.0.1:99999/", &*line(), b"\n"].concat();
        for report in [&["--report", "json"][..], &[]] {
            let said = sofetch_with(&[&["--batch", "-"], report].concat(), &lines);
            assert_both_safe_or_usage("--batch -", seed, &said);
        }
        let mut configured = support::command(&["http://127.0.0.1:1/"]);
        configured
            .env("SOFETCH_CONFIG", folder.write("config", &[b"max-time = ", &*hostile.bytes()].concat()));
        assert_safe("the config file", seed, &support::said(configured).err);
    }
}

#[track_caller]
fn assert_both_safe_or_usage(row: &str, seed: u64, said: &Said) {
    assert_safe(row, seed, said.text());
    assert_safe(row, seed, &said.err);
}
