//! `--download`, `--continue` and `--overwrite`: names, parts, and what servers try with them.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};

use sofetch_demo::{Ending, Reply, RequestSeen, Server};
use support::{Folder, Said, command, said, server, sofetch};

/// The command with this folder as its own.
fn inside(folder: &Folder, args: &[&str]) -> Said {
    let mut command = command(args);
    command.current_dir(folder.path());
    said(command)
}

/// All files of the folder with their texts, by name.
fn files(folder: &Folder) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder of one's own")
        .map(|entry| {
            let entry = entry.expect("a file");
            let text = std::fs::read(entry.path()).expect("a file of one's own");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            (name, String::from_utf8_lossy(&text).into_owned())
        })
        .collect();
    files.sort();
    files
}

fn names(folder: &Folder) -> Vec<String> {
    files(folder).into_iter().map(|(name, _)| name).collect()
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn the_name_is_the_servers_or_the_urls() {
    let server = server(|request| match request.query() {
        Some("named") => Reply::ok("x").header("Content-Disposition", "attachment; filename=\"a b.txt\""),
        Some(to) if to.starts_with('/') => Reply::new(302).header("Location", to.to_owned()),
        _ => Reply::ok("x"),
    });
    for (path, expected) in [
        ("/dir/page.html", "page.html"),
        ("/dir/", "download"),
        ("/a%20c", "a c"),
        ("/x?named", "a b.txt"),
        ("/typed?/evil.sh", "typed"),
        ("/typed?/x?named", "a b.txt"),
    ] {
        let folder = Folder::new();
        let heard = inside(&folder, &["-O", &server.url(path)]).ended(0);
        assert_eq!(files(&folder), [pair(expected, "x")], "{path}");
        assert_eq!(heard.text(), "");
        assert!(heard.err.contains(&format!("saved to {expected}, 1 bytes")), "{}", heard.err);
    }
    assert_eq!(server.requests()[0].header("Accept-Encoding").as_deref(), Some("identity"));
}

#[test]
fn no_name_leads_out_of_the_folder() {
    for proposed in [
        "../../up.txt",
        "..\\..\\up.txt",
        "/up.txt",
        "C:\\up.txt",
        "a/../../up.txt",
        "%2e%2e%2fup.txt",
        "..",
        ".",
        ".bashrc",
        "-rf",
        "nul",
        "a\u{1b}]0;x\u{7}",
        "up.txt:stream",
        "up.part",
        "up.part.json",
        "",
    ] {
        let said = proposed.to_owned();
        let server = server(move |_| {
            Reply::ok("x").header(
                "Content-Disposition",
                format!("attachment; filename=\"{}\"", said.replace('\\', "\\\\")),
            )
        });
        let (outer, folder) = (Folder::new(), "inner");
        std::fs::create_dir(outer.path().join(folder)).expect("a folder of one's own");
        let mut command = command(&["-O", &server.url("/")]);
        command.current_dir(outer.path().join(folder));
        let heard = support::said(command);
        if heard.code != 0 {
            // A header with such bytes is no header.
            assert!(proposed.contains('\u{1b}'), "{proposed:?}: {}", heard.err);
            continue;
        }
        let outside: Vec<_> = std::fs::read_dir(outer.path()).expect("a folder").collect();
        assert_eq!(outside.len(), 1, "{proposed:?}");
        let inside: Vec<_> = std::fs::read_dir(outer.path().join(folder)).expect("a folder").collect();
        let [Ok(entry)] = &inside[..] else { panic!("{proposed:?}: {inside:?}") };
        let name = entry.file_name().into_string().expect("UTF-8");
        assert!(
            !name.starts_with(['.', '-']) && !name.ends_with(".part") && name != "nul",
            "{proposed:?}: {name}"
        );
        assert!(!heard.err.contains('\u{1b}'), "{}", heard.err);
    }
}

#[test]
fn nothing_is_replaced_but_on_demand() {
    let server = server(|_| Reply::ok("new"));
    let url = server.url("/a.txt");
    let folder = Folder::new();
    folder.write("a.txt", b"old");
    inside(&folder, &["-O", &url]).ended(0);
    inside(&folder, &["-O", &url]).ended(0);
    assert_eq!(files(&folder), [pair("a-1.txt", "new"), pair("a-2.txt", "new"), pair("a.txt", "old")]);
    inside(&folder, &["-O", "--overwrite", &url]).ended(0);
    assert_eq!(files(&folder)[2], pair("a.txt", "new"));
    inside(&folder, &["-O", "-o", "mine", &url]).ended(0);
    assert_eq!(files(&folder)[3], pair("mine", "new"));
    inside(&folder, &["--overwrite", &url]).ended(2);
    // What is no file is not replaced by one.
    std::fs::create_dir(folder.path().join("inner")).expect("a folder of one's own");
    inside(&folder, &["-O", "-o", "inner", &url]).ended(3).complained("inner");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let server = server(|_| Reply::ok("new"));
    let url = server.url("/a.txt");
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let precious = elsewhere.write("precious", b"old");
    for name in ["a.txt", "a.txt.part", "a.txt.part.json"] {
        std::os::unix::fs::symlink(&precious, folder.file(name)).expect("a link of one's own");
    }
    inside(&folder, &["-O", &url]).ended(0);
    inside(&folder, &["-O", "--overwrite", &url]).ended(0);
    assert_eq!(files(&elsewhere), [pair("precious", "old")]);
    assert_eq!(files(&folder), [pair("a-1.txt", "new"), pair("a.txt", "new")]);
}

#[test]
fn what_is_no_success_is_no_file() {
    let server = server(|_| Reply::new(404).body("sorry"));
    let folder = Folder::new();
    let url = server.url("/a.txt");
    inside(&folder, &["-O", &url]).ended(4).complained("404");
    inside(&folder, &["-O", "--fail", &url]).ended(4).complained("404");
    inside(&folder, &["-O", "-o", "mine", "--report", "json", &url]).ended(4).json();
    inside(&folder, &["-O", "-o", "mine", "--fail", "--report", "json", &url]).ended(4).json();
    assert!(names(&folder).is_empty());
}

const WHOLE: &str = "0123456789";

/// A server of one file that knows ranges. Asked for the whole it sends half of it, once.
fn half_server(
    validator: &'static str,
    more: impl Fn(&RequestSeen) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    let cut = AtomicBool::new(true);
    server(move |request| {
        if let Some(reply) = more(request) {
            return reply;
        }
        let tagged = |reply: Reply| reply.header("ETag", validator);
        let range =
            request.header("Range").filter(|_| request.header("If-Range").as_deref() == Some(validator));
        if let Some(range) = range {
            let first: usize =
                range.trim_start_matches("bytes=").trim_end_matches('-').parse().expect("a range");
            if first >= WHOLE.len() {
                return tagged(Reply::new(416)).header("Content-Range", format!("bytes */{}", WHOLE.len()));
            }
            let said = format!("bytes {first}-{}/{}", WHOLE.len() - 1, WHOLE.len());
            return tagged(Reply::new(206)).header("Content-Range", said).body(&WHOLE.as_bytes()[first..]);
        }
        if cut.swap(false, Ordering::SeqCst) {
            return tagged(Reply::new(200))
                .header("Content-Length", "10")
                .as_given()
                .piece(&WHOLE.as_bytes()[..5])
                .ending(Ending::Close);
        }
        tagged(Reply::ok(WHOLE))
    })
}

#[test]
fn a_download_that_broke_is_gone_on_with() {
    for named in [false, true] {
        let server = half_server("\"v1\"", |_| None);
        let folder = Folder::new();
        let url = server.url("/file.bin?token=hush");
        let args: &[&str] = if named { &["-O", "-o", "mine"] } else { &["-O"] };
        let name = if named { "mine" } else { "file.bin" };
        let broke = inside(&folder, &[args, &[&url]].concat()).ended(3);
        assert!(broke.err.contains(&format!("{name}.part; --continue")), "{}", broke.err);
        assert_eq!(names(&folder), [format!("{name}.part"), format!("{name}.part.json")]);
        assert_eq!(files(&folder)[0].1, "01234");
        assert!(!files(&folder)[1].1.contains("hush"), "{:?}", files(&folder));
        let heard = inside(&folder, &[args, &["--continue", &url]].concat()).ended(0);
        assert!(heard.err.contains(&format!("saved to {name}, 10 bytes")), "{}", heard.err);
        assert_eq!(files(&folder), [pair(name, WHOLE)]);
        let last = server.requests().pop().expect("it was asked");
        assert_eq!(
            (last.header("Range").as_deref(), last.header("If-Range").as_deref()),
            (Some("bytes=5-"), Some("\"v1\""))
        );
    }
}

#[test]
fn without_continue_a_part_is_left_alone() {
    let server = half_server("\"v1\"", |_| None);
    let folder = Folder::new();
    let url = server.url("/f");
    inside(&folder, &["-O", &url]).ended(3);
    inside(&folder, &["-O", &url]).ended(0);
    assert_eq!(names(&folder), ["f-1", "f.part", "f.part.json"]);
    assert!(server.requests().iter().all(|request| request.header("Range").is_none()));
}

/// How a server may answer the second request, and what becomes of the file.
#[test]
fn what_came_of_going_on() {
    type Answer = fn(&RequestSeen) -> Option<Reply>;
    fn second(request: &RequestSeen) -> bool {
        request.header("Range").is_some()
    }
    /// Name, the server's answer, the exit code, the files.
    type Row<'a> = (&'a str, Answer, i32, &'a [(&'a str, &'a str)]);
    let table: [Row<'_>; 8] = [
        (
            "the file is another by now",
            |request| second(request).then(|| Reply::ok("another")),
            0,
            &[("f", "another")],
        ),
        (
            "another part than was asked for",
            |request| {
                second(request)
                    .then(|| Reply::new(206).header("Content-Range", "bytes 3-9/10").body("3456789"))
            },
            0,
            &[("f", WHOLE)],
        ),
        (
            "a part of another length",
            |request| {
                second(request).then(|| Reply::new(206).header("Content-Range", "bytes 5-6/7").body("56"))
            },
            0,
            &[("f", WHOLE)],
        ),
        (
            "a part of another version",
            |request| {
                let part = Reply::new(206).header("ETag", "\"v2\"").header("Content-Range", "bytes 5-9/10");
                second(request).then(|| part.body("EVILS"))
            },
            0,
            &[("f", WHOLE)],
        ),
        (
            "a part without its range",
            |request| second(request).then(|| Reply::new(206).body("56789")),
            0,
            &[("f", WHOLE)],
        ),
        (
            "a range that is none",
            |request| second(request).then(|| Reply::new(416).header("Content-Range", "bytes */3")),
            0,
            &[("f", WHOLE)],
        ),
        (
            "less than is left",
            |request| {
                second(request).then(|| Reply::new(206).header("Content-Range", "bytes 5-6/10").body("56"))
            },
            3,
            &[("f.part", "0123456")],
        ),
        ("an error", |request| second(request).then(|| Reply::new(503)), 4, &[("f.part", "01234")]),
    ];
    for (name, answer, code, expected) in table {
        let server = half_server("\"v1\"", answer);
        let folder = Folder::new();
        let url = server.url("/f");
        inside(&folder, &["-O", &url]).ended(3);
        let heard = inside(&folder, &["-O", "--continue", &url]);
        assert_eq!(heard.code, code, "{name}: {}", heard.err);
        let expected: Vec<_> = expected.iter().map(|(name, text)| pair(name, text)).collect();
        let mut found = files(&folder);
        found.retain(|(name, _)| !name.ends_with(".json"));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_part_that_is_whole_is_finished() {
    let server = half_server("\"v1\"", |_| None);
    let folder = Folder::new();
    let url = server.url("/f");
    inside(&folder, &["-O", &url]).ended(3);
    folder.write("f.part", WHOLE.as_bytes());
    inside(&folder, &["-O", "--continue", &url]).ended(0);
    assert_eq!(files(&folder), [pair("f", WHOLE)]);
    assert_eq!(server.requests().len(), 2, "416 said that nothing is left");
}

#[test]
fn what_cannot_be_gone_on_with_is_begun_anew() {
    // A weak tag is no promise of bytes, and no date was given.
    let server = half_server("W/\"v1\"", |_| None);
    let folder = Folder::new();
    let url = server.url("/f");
    let broke = inside(&folder, &["-O", &url]).ended(3);
    assert!(broke.err.contains("nothing to go on with"), "{}", broke.err);
    assert_eq!(names(&folder), ["f.part"]);
    inside(&folder, &["-O", "--continue", &url]).ended(0);
    assert!(server.requests().iter().all(|request| request.header("Range").is_none()));
    assert_eq!(files(&folder), [pair("f-1", WHOLE), pair("f.part", "01234")]);
}

#[test]
fn notes_of_another_url_do_not_count() {
    let server = half_server("\"v1\"", |_| None);
    let folder = Folder::new();
    inside(&folder, &["-O", "-o", "mine", &server.url("/a")]).ended(3);
    inside(&folder, &["-O", "-o", "mine", "--continue", &server.url("/b")]).ended(0);
    assert_eq!(files(&folder), [pair("mine", WHOLE)]);
    assert!(server.requests().iter().all(|request| request.header("Range").is_none()));
}

#[test]
fn options_that_say_nothing() {
    sofetch(&["--continue", "http://127.0.0.1:1/"]).ended(2).complained("--continue needs");
    sofetch(&["--continue", "-O", "-d", "a", "http://127.0.0.1:1/"]).ended(2);
    sofetch(&["cors", "-O", "--origin", "https://a.test", "http://127.0.0.1:1/"])
        .ended(2)
        .complained("not for cors");
}

#[test]
fn an_output_that_breaks_off_is_named() {
    let server = server(move |_| {
        Reply::new(200).header("Content-Length", "10").as_given().piece("01234").ending(Ending::Close)
    });
    let folder = Folder::new();
    inside(&folder, &["-o", "out", &server.url("/")]).ended(3).complained("what came is in out");
    assert_eq!(files(&folder), [pair("out", "01234")]);
}
