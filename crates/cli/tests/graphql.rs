//! `docs/graphql.md`: every command of the page is run through a shell, and prints what the page says.

#![cfg(unix)]

mod support;

use std::os::unix::fs::symlink;
use std::process::Command;

use sofetch_demo::{CertificateAuthority, Reply, RequestSeen, Server, ServerConfig, answering};
use support::Folder;

/// A server of GraphQL, as far as the page asks: it knows a lamp, and one mutation.
fn graphql(request: &RequestSeen) -> Reply {
    let allowed = |reply: Reply| {
        reply.header("Access-Control-Allow-Origin", "https://app.test").header("Vary", "Origin")
    };
    if request.method == "OPTIONS" {
        return allowed(Reply::new(204))
            .header("Access-Control-Allow-Methods", "POST")
            .header("Access-Control-Allow-Headers", "content-type, authorization");
    }
    let query = if request.method == "GET" {
        let target = query_of(&request.target);
        target.unwrap_or_default()
    } else if request.header("Content-Type").as_deref() == Some("application/json") {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
        body["query"].as_str().unwrap_or_default().to_owned()
    } else {
        return allowed(Reply::new(415));
    };
    let json = |status: u16, text: &str| {
        allowed(Reply::new(status)).header("Content-Type", "application/json").body(text.to_owned())
    };
    if request.method == "GET" && query.starts_with("mutation") {
        return json(405, "{\"errors\":[{\"message\":\"a mutation is a POST\"}]}");
    }
    if query.contains("lamp") {
        return json(200, "{\"data\":{\"lamp\":{\"watts\":60}}}");
    }
    let modern = request.header("Accept").is_some_and(|accept| accept.contains("graphql-response+json"));
    json(if modern { 400 } else { 200 }, "{\"errors\":[{\"message\":\"there is no field lmap\"}]}")
}

/// The `query` parameter of a target.
fn query_of(target: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let pairs = sofetch::core::infrastructure::urlencoded::urlencoded_parser(query.as_bytes());
    pairs.into_iter().find(|(name, _)| name == "query").map(|(_, value)| value)
}

/// The commands of a page, and what each prints.
fn blocks(page: &str) -> Vec<(String, String)> {
    let fenced = page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let block = |text: &str| {
        let (command, printed) = text.split_once('\n').expect("a command has a line");
        (command.strip_prefix("$ ").expect("a command").to_owned(), printed.to_owned())
    };
    fenced.map(block).collect()
}

#[test]
fn the_page_is_true() {
    let authority = CertificateAuthority::new().expect("keys");
    let identity = authority.issue(&["api.test"]).expect("a certificate");
    let server = Server::start(ServerConfig::https(identity, answering(graphql))).expect("a loopback port");
    let folder = Folder::new();
    symlink(env!("CARGO_BIN_EXE_sofetch"), folder.path().join("sofetch")).expect("a folder of one's own");
    let ca = folder.write("ca.pem", authority.pem().as_bytes());
    let lines = format!(
        "cacert = {ca}\nproxy =\nhttp1.1\nconnect-to = api.test:443:127.0.0.1:{}\n",
        server.address().port()
    );
    let config = folder.write("config", lines.as_bytes());
    let page = include_str!("../../../docs/graphql.md");
    let blocks = blocks(page);
    assert_eq!(blocks.len(), page.matches("\n$ ").count());
    for (command, printed) in blocks {
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let output = Command::new("sh")
            .args(["-c", &command])
            .env_clear()
            .env("PATH", path)
            .env("SOFETCH_CONFIG", &config)
            .output()
            .expect("a shell");
        // A body without a line's end is followed by what the page shows on the next one.
        let out = String::from_utf8(output.stdout).expect("text").replace('\r', "");
        let squeezed = |text: &str| text.lines().collect::<Vec<_>>().join("\n").replace("}exit", "}\nexit");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(squeezed(&out), squeezed(&printed), "{command}\n{err}");
    }
    let done =
        server.requests().iter().filter(|seen| seen.body.starts_with(b"{\"query\":\"mutation")).count();
    assert_eq!(done, 1, "it arrived, and was answered with 415");
}
