//! Runs the built command, with nothing of the environment that could lead it elsewhere.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod rows;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sofetch_demo::{CertificateAuthority, Reply, RequestSeen, Server, ServerConfig, World, answering};

/// What the command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: Vec<u8>,
    pub err: String,
}

impl Said {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.out).expect("standard output is UTF-8")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body, if the command ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Said {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", String::from_utf8_lossy(&self.out), self.err);
        self
    }

    /// Is the word on standard error?
    #[track_caller]
    pub fn complained(self, word: &str) -> Said {
        assert!(self.err.contains(word), "{word:?} is not in: {}", self.err);
        self
    }
}

pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sofetch"));
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_ascii_uppercase());
    }
    command.env("SOFETCH_CONFIG", "").args(args).stdin(Stdio::null());
    command
}

pub fn sofetch(args: &[&str]) -> Said {
    said(command(args))
}

pub fn said(mut command: Command) -> Said {
    let output = command.output().expect("the command was built");
    Said {
        code: output.status.code().expect("no signal ended it"),
        out: output.stdout,
        err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
    }
}

/// The same with this on standard input.
pub fn sofetch_with(args: &[&str], input: &[u8]) -> Said {
    let mut command = command(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command was built");
    child.stdin.take().expect("piped").write_all(input).expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    Said {
        code: output.status.code().expect("no signal ended it"),
        out: output.stdout,
        err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
    }
}

/// A plain server with one answer for all.
pub fn server(answer: impl Fn(&RequestSeen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(ServerConfig::http(answering(answer))).expect("a loopback port")
}

/// A server that answers every request with `ok`.
pub fn plain_server() -> Server {
    server(|_| Reply::ok("ok"))
}

/// A folder that goes with its owner.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sofetch-cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder of one's own");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.file(name);
        fs::write(&path, bytes).expect("a file of one's own");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The world of the demonstrations, and the options that lead to it.
pub struct InWorld {
    pub world: World,
    pub folder: Folder,
    options: Vec<String>,
}

impl InWorld {
    pub fn start() -> InWorld {
        let world = World::start().expect("loopback ports");
        let folder = Folder::new();
        let mut options = vec!["--cacert".to_owned(), folder.write("ca.pem", world.ca_pem().as_bytes())];
        for (host, port, address) in world.addresses() {
            options.push("--connect-to".to_owned());
            options.push(format!("{host}:{port}:{}:{}", address.ip(), address.port()));
        }
        InWorld { world, folder, options }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.args(&self.options);
        command
    }

    pub fn sofetch(&self, args: &[&str]) -> Said {
        said(self.command(args))
    }
}

/// A server over TLS under this name, and a file with the authority's certificate.
pub fn tls_server(names: &[&str], folder: &Folder) -> (Server, String) {
    let authority = CertificateAuthority::new().expect("keys");
    let identity = authority.issue(names).expect("a certificate");
    let server = Server::start(ServerConfig::https(identity, answering(|_| Reply::ok("ok"))))
        .expect("a loopback port");
    (server, folder.write("ca.pem", authority.pem().as_bytes()))
}

/// An address where nobody listens.
pub fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
    listener.local_addr().expect("it is bound").port()
}
