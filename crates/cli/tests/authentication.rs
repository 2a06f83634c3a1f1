//! Who the user is, and who is never told: Basic, Bearer, Digest, netrc, through redirects and in every output.

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use sofetch_demo::{Reply, RequestSeen, Server};
use support::{Folder, command, said, server, sofetch};

fn authorizations(server: &Server) -> Vec<Option<String>> {
    server.requests().iter().map(|request| request.header("Authorization")).collect()
}

/// Answers `/` with itself, and redirects from any other path to what follows its `?`.
fn redirecting() -> Server {
    server(|request| match request.query() {
        Some(to) => Reply::new(302).header("Location", to.to_owned()),
        None => Reply::ok("ok"),
    })
}

#[test]
fn basic_and_bearer_go_at_once() {
    let server = redirecting();
    let url = server.url("/");
    sofetch(&["-u", "user:word", &url]).ended(0);
    sofetch(&["--auth", "user:", &url]).ended(0);
    sofetch(&["--bearer", "t0ken", &url]).ended(0);
    let seen = authorizations(&server);
    assert_eq!(
        seen.iter().map(Option::as_deref).collect::<Vec<_>>(),
        [Some("Basic dXNlcjp3b3Jk"), Some("Basic dXNlcjo="), Some("Bearer t0ken"),]
    );
    sofetch(&["-u", "a:b", "-H", "Authorization: x", &url]).ended(2).complained("leave one out");
    sofetch(&["--bearer", "a\nb", &url]).ended(2);
    assert_eq!(server.requests().len(), 3);
}

/// Rows 1, 5, 8, 17: A -> B -> A, with the credentials of the options.
#[test]
fn row_17_what_is_typed_stays_with_its_origin() {
    let (a, b) = (redirecting(), redirecting());
    let back = format!("/back?{}", a.url("/"));
    let url = a.url(&format!("/to?{}", b.url(&back)));
    for option in [["-u", "user:word"], ["--bearer", "t0ken"]] {
        sofetch(&[option[0], option[1], &url]).ended(0);
        let (seen_by_a, seen_by_b) = (authorizations(&a), authorizations(&b));
        let at = seen_by_a.len() - 2;
        assert!(seen_by_a[at].is_some(), "{option:?}");
        assert_eq!(seen_by_a[at + 1], None, "not even back home: {option:?}");
        assert!(seen_by_b.iter().all(Option::is_none), "{option:?}");
    }
    // At home it is kept.
    let url = a.url(&format!("/to?{}", a.url("/")));
    sofetch(&["-u", "user:word", &url]).ended(0);
    assert_eq!(authorizations(&a).last(), Some(&Some("Basic dXNlcjp3b3Jk".to_owned())));
}

#[test]
fn no_output_tells_it() {
    let folder = Folder::new();
    let server = redirecting();
    let url = server.url("/");
    let har = folder.file("har");
    for option in [["-u", "user:hush"], ["--bearer", "hush"]] {
        let secret = if option[0] == "-u" { "dXNlcjpodXNo" } else { "hush" };
        for more in [&["-v"][..], &["--report", "json"], &["-i"], &["--har", &har, "--timeline"]] {
            let said = sofetch(&[&option[..], more, &[&url]].concat()).ended(0);
            let written = std::fs::read_to_string(&har).unwrap_or_default();
            for text in [said.text(), &said.err, &written] {
                assert!(!text.contains(secret) && !text.contains("hush"), "{more:?}: {text}");
            }
        }
        let said = sofetch(&[&option[..], &["-v", "--show-secrets", &url]].concat()).ended(0);
        assert!(said.err.contains(secret), "{}", said.err);
    }
    let said = sofetch(&["cors", "-u", "user:hush", "--origin", "https://a.test", &url]);
    assert!(!said.text().contains("dXNlcjpodXNo"), "{}", said.text());
}

/// A server with Digest: a nonce for so many uses, then it is stale. The hash is checked, not only that one came.
fn digest_server(uses: u32) -> Server {
    let used = AtomicU32::new(0);
    server(move |request| {
        let challenge = |nonce: u32, stale: bool| {
            let more = if stale { ", stale=true" } else { "" };
            Reply::new(401).header("WWW-Authenticate", "Basic realm=\"other\"").header(
                "WWW-Authenticate",
                format!("Digest realm=\"r\", nonce=\"n{nonce}\", qop=\"auth\"{more}"),
            )
        };
        let now = used.load(Ordering::SeqCst) / uses;
        let Some(value) = request.header("Authorization") else { return challenge(now, false) };
        let part = |name: &str| part_of(&value, name);
        if part("nonce") != format!("n{now}") {
            return challenge(now, true);
        }
        if !answers(request, &value, "user", "word") {
            return challenge(now, false);
        }
        used.fetch_add(1, Ordering::SeqCst);
        match request.query() {
            Some(to) => Reply::new(302).header("Location", to.to_owned()),
            None => Reply::ok("you"),
        }
    })
}

fn part_of(value: &str, name: &str) -> String {
    let start = value.find(&format!(" {name}=")).map(|at| at + name.len() + 2);
    let rest = start.map_or("", |start| &value[start..]);
    rest.split(", ").next().unwrap_or_default().trim_matches('"').to_owned()
}

fn answers(request: &RequestSeen, value: &str, username: &str, password: &str) -> bool {
    use md5::{Digest, Md5};
    let hash = |text: String| Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let part = |name: &str| part_of(value, name);
    let first = hash(format!("{username}:{}:{password}", part("realm")));
    let second = hash(format!("{}:{}", request.method, request.target));
    let whole = format!("{first}:{}:{}:{}:auth:{second}", part("nonce"), part("nc"), part("cnonce"));
    value.contains(&format!("username=\"{username}\""))
        && part("uri") == request.target
        && part("response") == hash(whole)
}

#[test]
fn digest() {
    let server = digest_server(100);
    let url = server.url("/secret");
    let args = ["--digest", "-u", "user:word"];
    assert_eq!(sofetch(&[&args[..], &[&url]].concat()).ended(0).text(), "you");
    let seen = authorizations(&server);
    assert_eq!(
        (seen.len(), &seen[0]),
        (2, &None),
        "no password is sent before the challenge, and none after it"
    );
    assert!(!seen[1].as_ref().expect("an answer").contains("word"));
    // The body goes with both.
    assert_eq!(sofetch(&[&args[..], &["-d", "a=b", &url]].concat()).ended(0).text(), "you");
    assert_eq!(
        server.requests().last().map(|request| (request.method.clone(), request.body.clone())),
        Some(("POST".to_owned(), "a=b".into()))
    );
    // A wrong password ends with the second 401.
    let before = server.requests().len();
    sofetch(&["--digest", "-u", "user:wrong", "--fail", &url]).ended(4).complained("401");
    assert_eq!(server.requests().len() - before, 2);
    // Redirects at home are answered each by itself.
    let to = server.url("/secret");
    assert_eq!(sofetch(&[&args[..], &[&server.url(&format!("/to?{to}"))]].concat()).ended(0).text(), "you");
    // No password of a URL goes out in clear where Digest was asked for.
    let in_url = url.replace("//", "//user:word@");
    sofetch(&["--digest", &in_url]).ended(2).complained("--digest needs");
    sofetch(&[&args[..], &[&in_url]].concat()).ended(2).complained("--digest needs");
    // Without the option there is no answer, and Basic goes only where it was asked for.
    sofetch(&["--fail", &url]).ended(4);
}

#[test]
fn a_nonce_that_is_stale_is_replaced() {
    let server = digest_server(1);
    let to = server.url("/secret");
    let url = server.url(&format!("/to?{to}"));
    assert_eq!(sofetch(&["--digest", "-u", "user:word", &url]).ended(0).text(), "you");
}

#[test]
fn the_next_nonce_is_used_at_once() {
    let used = AtomicU32::new(0);
    let server = server(move |request| {
        let now = used.load(Ordering::SeqCst);
        match request.header("Authorization") {
            Some(value)
                if part_of(&value, "nonce") == format!("n{now}")
                    && answers(request, &value, "user", "word") =>
            {
                used.fetch_add(1, Ordering::SeqCst);
                Reply::ok("you").header("Authentication-Info", format!("nextnonce=\"n{}\"", now + 1))
            }
            _ => {
                Reply::new(401).header("WWW-Authenticate", format!("Digest realm=r, nonce=n{now}, qop=auth"))
            }
        }
    });
    let list = server.url("/secret\n").repeat(2);
    let args = ["--batch", "-", "--parallel", "1", "--fail", "--digest", "-u", "user:word"];
    support::sofetch_with(&args, list.as_bytes()).ended(0);
    assert_eq!(server.requests().len(), 3, "one challenge is enough for both");
}

#[test]
fn a_server_that_is_never_content_is_left() {
    let count = AtomicU32::new(0);
    let server = server(move |_| {
        let nonce = count.fetch_add(1, Ordering::SeqCst);
        Reply::new(401)
            .header("WWW-Authenticate", format!("Digest realm=r, nonce=n{nonce}, qop=auth, stale=true"))
    });
    sofetch(&["--digest", "-u", "user:word", "--fail", &server.url("/")]).ended(4);
    assert!(server.requests().len() < 10, "{}", server.requests().len());
}

#[test]
fn row_21_digest_stays_with_its_origin() {
    let (a, b) = (digest_server(100), digest_server(100));
    let url = a.url(&format!("/to?{}", b.url("/")));
    sofetch(&["--digest", "-u", "user:word", "--fail", &url]).ended(4);
    assert_eq!(authorizations(&b), [None], "it is not even asked a second time");
}

#[test]
fn netrc() {
    let folder = Folder::new();
    let (a, b) = (redirecting(), redirecting());
    let file = folder.write(
        "netrc",
        b"machine 127.0.0.1 login ann password hush\nmachine localhost login bob password sh\n",
    );
    let options = ["--netrc-file", &*file];
    let url = a.url("/");
    let said = sofetch(&[&options[..], &[&url]].concat()).ended(0);
    assert_eq!(authorizations(&a), [Some("Basic YW5uOmh1c2g=".to_owned())]);
    #[cfg(unix)]
    {
        assert!(said.err.contains("chmod 600") && !said.err.contains("hush"), "{}", said.err);
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a file of one's own");
        assert_eq!(sofetch(&[&options[..], &[&url]].concat()).ended(0).err, "");
    }
    // Rows 17 and 18: another host has an entry of its own, and is told neither.
    let port = b.address().port();
    let to = a.url(&format!("/to?http://localhost:{port}/"));
    sofetch(&[&options[..], &[&to]].concat()).ended(0);
    assert_eq!(authorizations(&b), [None]);
    // A user of the URL's own picks no other's password.
    sofetch(&[&options[..], &[&url.replace("//", "//eve@")]].concat()).ended(0);
    assert_eq!(
        authorizations(&a).last(),
        Some(&Some("Basic ZXZlOg==".to_owned())),
        "eve, without a password"
    );
    // -H is the user's own word.
    sofetch(&[&options[..], &["-H", "Authorization: mine", &url]].concat()).ended(0);
    assert_eq!(authorizations(&a).last(), Some(&Some("mine".to_owned())));
    sofetch(&["--netrc-file", &folder.file("none"), &url]).ended(2).complained("none");
    let mut command = command(&["--netrc", &url]);
    command.env("NETRC", &file);
    support::said(command).ended(0);
    assert_eq!(authorizations(&a).last(), Some(&Some("Basic YW5uOmh1c2g=".to_owned())));
}

#[test]
fn where_nobody_can_be_asked_there_is_no_password() {
    // NB: a terminal would be asked through the process's own, which a test run may have.
    let has_setsid = std::process::Command::new("setsid").arg("--version").output().is_ok();
    if !has_setsid {
        println!("skipped 1 case: no `setsid`");
        return;
    }
    let mut alone = std::process::Command::new("setsid");
    alone.arg("--wait").arg(env!("CARGO_BIN_EXE_sofetch")).args(["-u", "user", "http://127.0.0.1:1/"]);
    alone.stdin(std::process::Stdio::null());
    said(alone).ended(2).complained("password");
}
