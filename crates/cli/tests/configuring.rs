//! The config file, and what `sofetch generate` prints.

mod support;

use std::process::Command;

use support::{Folder, Said, command, plain_server, said, sofetch};

fn with_config(path: &str, args: &[&str]) -> Said {
    let mut command = command(args);
    command.env("SOFETCH_CONFIG", path);
    said(command)
}

#[test]
fn a_config_file_has_options_for_every_run() {
    let (server, folder) = (plain_server(), Folder::new());
    let url = server.url("/");
    let path = folder.write("config", b"# ours\nuser-agent = me\nheader = X-A: 1\ninclude\n");
    let said = with_config(&path, &[&url]).ended(0);
    assert!(said.text().starts_with("HTTP/1.1 200 OK\r\n"), "{}", said.text());
    let seen = server.requests().remove(0);
    assert_eq!(
        (seen.header("User-Agent").as_deref(), seen.header("X-A").as_deref()),
        (Some("me"), Some("1"))
    );
    with_config(&path, &["-A", "you", &url]).ended(0);
    assert_eq!(server.requests().remove(1).header("User-Agent").as_deref(), Some("you"));
    let said = with_config(&path, &["--no-config", &url]).ended(0);
    assert_eq!(said.text(), "ok");
    assert_eq!(server.requests().remove(2).header("X-A"), None);
    let script = format!("fetch('{url}').then(response => response.text()).then(console.log)");
    let said = with_config(&path, &["run", "--no-page", "--eval", &script]).ended(0);
    assert_eq!(said.text(), "ok\n", "what this command does not have is no fault");
    assert_eq!(server.requests().remove(3).header("User-Agent").as_deref(), Some("me"));
}

#[test]
fn a_config_file_is_found_where_the_platform_has_it() {
    if cfg!(any(windows, target_os = "macos")) {
        return;
    }
    let (server, folder) = (plain_server(), Folder::new());
    std::fs::create_dir(folder.path().join("sofetch")).expect("a folder of one's own");
    folder.write("sofetch/config", b"include");
    let mut command = command(&[&server.url("/")]);
    command.env_remove("SOFETCH_CONFIG").env("XDG_CONFIG_HOME", folder.path());
    assert!(said(command).ended(0).text().starts_with("HTTP/1.1 200"));
}

#[test]
fn what_is_wrong_in_a_config_file_is_told_with_its_line() {
    let folder = Folder::new();
    let path = folder.write("config", b"insecure\n\nmax-time = soon\n");
    let said =
        with_config(&path, &["a.test"]).ended(2).complained(", line 3: ").complained("a number of seconds");
    assert_eq!(said.text(), "");
    with_config(&path, &["--no-config", "--offline", "a.test"]).ended(0);
    with_config(&path, &["--help"]).ended(0);
    with_config(&path, &["generate", "man"]).ended(0);
    with_config(&folder.file("none"), &["a.test"]).ended(2).complained("none");
    let path = folder.write("bytes", b"\xFF");
    with_config(&path, &["a.test"]).ended(2).complained("not UTF-8");
    let path = folder.write("hostile", b"\x1b[31m = 1");
    let said = with_config(&path, &["a.test"]).ended(2).complained("line 1");
    assert!(!said.err.contains('\u{1b}'), "{}", said.err);
}

#[test]
fn completions_complete() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let said = sofetch(&["generate", "completions", shell]).ended(0);
        for word in ["max-time", "copy-as", "cors", "generate"] {
            assert!(said.text().contains(word), "{shell}: {word}");
        }
    }
    sofetch(&["generate", "completions", "ksh"]).ended(2);
    let folder = Folder::new();
    let script =
        folder.write("sofetch.bash", sofetch(&["generate", "completions", "bash"]).text().as_bytes());
    let asked = format!(
        "set -e; source '{script}'
        for words in 'sofetch --max-t' 'sofetch cors --cre' 'sofetch --copy-as ht' 'sofetch generate m'; do
            COMP_WORDS=($words); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
            _sofetch sofetch \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"
            echo \"${{COMPREPLY[@]}}\"
        done"
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &asked]);
    let Ok(output) = bash.output() else { return };
    let out = String::from_utf8(output.stdout).expect("text");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(out, "--max-time\n--credentials\nhttpie\nman\n", "{err}");
}

#[test]
fn pages_for_man_have_every_option() {
    let page = sofetch(&["generate", "man"]).ended(0).text().replace("\\-", "-");
    for word in [".TH sofetch 1", "--max-time", "--print", "SOFETCH_CONFIG", "Exit codes"] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    for command in ["cors", "run", "tour", "generate"] {
        let page = sofetch(&["generate", "man", command]).ended(0).text().replace("\\-", "-");
        assert!(page.contains(&format!(".TH sofetch-{command} 1")), "{page}");
    }
    sofetch(&["generate", "man", "fetch"]).ended(2);
}
