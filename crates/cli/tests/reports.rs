//! `-v` and `--report json` of a plain fetch.

mod support;

use sofetch_demo::Reply;
use support::{Folder, InWorld, closed_port, plain_server, server, sofetch};

#[test]
fn decisions_are_told_on_standard_error() {
    let world = InWorld::start();
    let args = [
        "-v",
        "--origin",
        "https://javascript.info",
        "-X",
        "PATCH",
        "--json",
        "{}",
        "https://site.com/service.json",
    ];
    let said = world.sofetch(&args).ended(0);
    assert_eq!(said.text(), "{\"service\":\"updated\"}\n", "standard output is the body's");
    for word in [
        "main fetch",
        "preflight",
        "OPTIONS https://site.com/service.json",
        "PATCH https://site.com/service.json",
    ] {
        assert!(said.err.to_ascii_lowercase().contains(&word.to_ascii_lowercase()), "{word}: {}", said.err);
    }
    assert!(!said.err.contains('\u{1b}'), "no colours in a pipe: {}", said.err);
    let refused = world
        .sofetch(&["-v", "--origin", "https://javascript.info", "https://site.com/closed.json"])
        .ended(1);
    assert!(refused.err.lines().last().expect("an error").starts_with("sofetch: "), "{}", refused.err);
    assert!(refused.err.lines().count() > 3, "{}", refused.err);
}

#[test]
fn a_report_takes_the_bodys_place() {
    let server = plain_server();
    let said = sofetch(&["--report", "json", &server.url("/")]).ended(0);
    assert_eq!(said.json()["schema"], "sofetch-trace/1");
    assert_eq!(said.err, "");
    let folder = Folder::new();
    let path = folder.file("body");
    sofetch(&["--report", "json", "-o", &path, &server.url("/")]).ended(0).json();
    assert_eq!(std::fs::read(path).expect("it is there"), b"ok");
}

#[test]
fn a_report_tells_of_failures_too() {
    let said = sofetch(&["--report", "json", &format!("127.0.0.1:{}", closed_port())]).ended(3);
    assert!(said.json().is_object());
    assert!(said.err.starts_with("sofetch: "));
    let server = server(|_| Reply::new(404));
    sofetch(&["--report", "json", "--fail", &server.url("/")]).ended(4).json();
    let said = sofetch(&["--report", "json", "-X", "a b", &server.url("/")]).ended(2);
    assert_eq!(said.text(), "");
}
