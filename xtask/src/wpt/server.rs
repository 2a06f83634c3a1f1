//! The server of a tree of web-platform-tests: started for a run, ended with it, on loopback alone.
//!
//! Its ports are the suite's own where these are free, so that what tests print of them stays the same; its certificates
//! are of an authority that it makes for itself. Its names are given to the command by `--resolve`: no file of hosts is
//! touched.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::listing::{Place, PortKind};

const SERVE: &str = include_str!("serve.py");

/// The names that tests use. `nonexistent.` of them is no name, as the suite has it.
const HOSTS: [&str; 2] = ["web-platform.test", "not-web-platform.test"];
const SUBDOMAINS: [&str; 6] = ["", "www.", "www1.", "www2.", "xn--n8j6ds53lwwkrqhv28a.", "xn--lve-6lad."];

/// Kinds of ports with the suite's own numbers. Those with a `-` are told only to trees that know them.
const PORTS: [(&str, &[u16]); 11] = [
    ("http", &[8000, 8001]),
    ("https", &[8443, 8444]),
    ("h2", &[9000]),
    ("ws", &[8666]),
    ("wss", &[8667]),
    ("http-private", &[8002]),
    ("http-public", &[8003]),
    ("https-private", &[8445]),
    ("https-public", &[8446]),
    ("http-local", &[8004]),
    ("https-local", &[8447]),
];

/// How long it may take to start, certificates included.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server.
pub(super) struct Server {
    child: Child,
    pub(super) ports: Ports,
    /// The authority of its certificates.
    pub(super) cacert: PathBuf,
}

/// Its ports by kind.
pub(super) struct Ports(Vec<(&'static str, Vec<u16>)>);

impl Server {
    /// Starts the tree's server and waits for its answers. Certificates and log stay in `state`, the rest in `folder`.
    pub(super) fn start(tree: &Path, state: &Path, folder: &Path) -> Result<Server, String> {
        let said = |error: std::io::Error| format!("{}: {error}", state.display());
        let certificates = state.join("certs");
        fs::create_dir_all(&certificates).map_err(said)?;
        let source = fs::read_to_string(tree.join("tools/serve/serve.py"))
            .map_err(|error| format!("{}: no tree with a server: {error}", tree.display()))?;
        let ports = Ports::free(|kind| source.contains(&format!("\"{kind}\"")));
        let config = json!({
            "ports": ports.0.iter().map(|(kind, ports)| ((*kind).to_owned(), json!(ports))).collect::<serde_json::Map<_, _>>(),
            "check_subdomains": false,
            "server_host": "127.0.0.1",
            "ssl": {"type": "openssl", "openssl": {
                "base_path": certificates, "duration": 3650, "force_regenerate": false,
            }},
            "logging": {"level": "warning", "suppress_handler_traceback": true},
        });
        fs::create_dir_all(folder).map_err(said)?;
        let config_path = folder.join("config.json");
        fs::write(&config_path, config.to_string()).map_err(said)?;
        let log_path = state.join("serve.log");
        let log = File::create(&log_path).map_err(said)?;
        let child = Command::new(python()?)
            .args(["-c", SERVE])
            .arg(tree)
            .arg(&config_path)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().map_err(said)?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("the server does not start: {error}"))?;
        let mut server = Server { child, ports, cacert: certificates.join("cacert.pem") };
        let start = Instant::now();
        while !server.answers() {
            let ended = server.child.try_wait().ok().flatten().is_some();
            if ended || start.elapsed() > LIMIT {
                return Err(format!("the server does not answer: see {}", log_path.display()));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    fn answers(&self) -> bool {
        let is_of_tests = |kind: &str| matches!(kind, "http" | "https" | "h2" | "ws" | "wss");
        let of_tests = self.ports.0.iter().filter(|(kind, _)| is_of_tests(kind));
        of_tests
            .flat_map(|(_, ports)| ports)
            .all(|&port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
            && self.get("/resources/testharness.js", false).is_ok()
    }

    /// What the server answers to a GET over plain HTTP. A status other than 200 is an error.
    pub(super) fn get(&self, path: &str, www: bool) -> Result<Vec<u8>, String> {
        let answer = self.answer(path, www)?;
        body_of(&answer).map_err(|fault| format!("GET {path}: {fault}"))
    }

    /// The headers with which it answers, names in lower case: those that a page was delivered with.
    pub(super) fn headers(&self, path: &str, www: bool) -> Result<Vec<(String, String)>, String> {
        Ok(headers_of(&self.answer(path, www)?))
    }

    fn answer(&self, path: &str, www: bool) -> Result<Vec<u8>, String> {
        let port = self.ports.of(PortKind::Http);
        let said = |error: std::io::Error| format!("GET {path}: {error}");
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(said)?;
        stream.set_read_timeout(Some(LIMIT)).map_err(said)?;
        let www = if www { "www." } else { "" };
        let escaped = path.replace(' ', "%20");
        let head =
            format!("GET {escaped} HTTP/1.1\r\nHost: {www}{}:{port}\r\nConnection: close\r\n\r\n", HOSTS[0]);
        stream.write_all(head.as_bytes()).map_err(said)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(said)?;
        Ok(answer)
    }
}

impl Ports {
    /// The suite's own ports, or free ones if one of these is taken.
    fn free(known: impl Fn(&str) -> bool) -> Ports {
        let told = PORTS.iter().filter(|(kind, _)| !kind.contains('-') || known(kind));
        let own: Vec<_> = told.map(|(kind, ports)| (*kind, ports.to_vec())).collect();
        let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
        if own.iter().flat_map(|(_, ports)| ports).all(|&port| bind(port).is_some()) {
            return Ports(own);
        }
        // All are held until all are found, so that no two are the same.
        let mut held = Vec::new();
        let mut free = |_: u16| {
            let listener = bind(0)?;
            let port = listener.local_addr().ok()?.port();
            held.push(listener);
            Some(port)
        };
        Ports(
            own.into_iter()
                .map(|(kind, ports)| (kind, ports.into_iter().filter_map(&mut free).collect()))
                .collect(),
        )
    }

    fn of(&self, kind: PortKind) -> u16 {
        let name = match kind {
            PortKind::Http => "http",
            PortKind::Https => "https",
            PortKind::H2 => "h2",
        };
        self.0
            .iter()
            .find(|(kind, _)| *kind == name)
            .and_then(|(_, ports)| ports.first().copied())
            .unwrap_or(0)
    }

    /// The URL of a path at a test's origin.
    pub(super) fn url(&self, place: Place, path: &str) -> String {
        let scheme = if place.port == PortKind::Http { "http" } else { "https" };
        let www = if place.www { "www." } else { "" };
        format!("{scheme}://{www}{}:{}{path}", HOSTS[0], self.of(place.port))
    }

    /// `HOST:PORT:ADDRESS` for every name and port.
    pub(super) fn resolve(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for host in HOSTS {
            for subdomain in SUBDOMAINS {
                for port in self.0.iter().flat_map(|(_, ports)| ports) {
                    rows.push(format!("{subdomain}{host}:{port}:127.0.0.1"));
                }
            }
        }
        rows
    }

    /// A text of a test as it is where the ports are the suite's own: names of subtests hold them.
    pub(super) fn settled(&self, text: String) -> String {
        let mut text = text;
        for (kind, ports) in &self.0 {
            let own = PORTS.iter().find(|(name, _)| name == kind).map_or(&[][..], |(_, ports)| ports);
            for (port, own) in ports.iter().zip(own).filter(|(port, own)| port != own) {
                text = text.replace(&format!(":{port}"), &format!(":{own}"));
            }
        }
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its input ends, and with it the whole group of its processes.
        drop(self.child.stdin.take());
        let start = Instant::now();
        while self.child.try_wait().ok().flatten().is_none() {
            if start.elapsed() > Duration::from_secs(5) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// The first Python that can run the suite's server.
fn python() -> Result<&'static str, String> {
    let runs = |name: &&str| {
        let mut command = Command::new(name);
        command.args(["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let names = ["python3.11", "python3.12", "python3.10", "python3.13", "python3"];
    names.into_iter().find(runs).ok_or("the suite's server needs Python 3.9 or later".to_owned())
}

/// The headers of an answer, in their order.
fn headers_of(answer: &[u8]) -> Vec<(String, String)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&answer[..end]);
    let pairs = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// The body of an answer that ended with its connection.
fn body_of(answer: &[u8]) -> Result<Vec<u8>, String> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no head")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(format!("status {status}"));
    }
    let mut body = &answer[end + 4..];
    if !head.contains("\r\ntransfer-encoding: chunked") {
        return Ok(body.to_vec());
    }
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|two| two == b"\r\n").ok_or("a chunk without a size")?;
        let size = String::from_utf8_lossy(&body[..line]);
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| "a chunk of no size")?;
        let chunk = body.get(line + 2..line + 2 + size).ok_or("a chunk cut short")?;
        if size == 0 {
            return Ok(whole);
        }
        whole.extend_from_slice(chunk);
        body = body.get(line + 4 + size..).ok_or("a chunk without an end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_table() {
        for (name, answer, body) in [
            ("to the end", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nc\r\n\r\nd", Ok("c\r\n\r\nd")),
            (
                "in chunks",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
                Ok("abcd"),
            ),
            (
                "cut short",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
                Err("a chunk cut short"),
            ),
            ("another status", "HTTP/1.1 404 Not Found\r\n\r\nc", Err("status 404")),
            ("nothing", "", Err("no head")),
        ] {
            let expected = body.map(|body| body.as_bytes().to_vec()).map_err(str::to_owned);
            assert_eq!(body_of(answer.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn headers_end_where_the_body_begins() {
        let answer = b"HTTP/1.1 200 OK\r\nX-A: b, c:d \r\nx-a:\r\nnothing\r\n\r\nx-b: c\r\n\r\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(headers_of(answer), [pair("x-a", "b, c:d"), pair("x-a", "")]);
        assert_eq!(headers_of(b"HTTP/1.1 200 OK\r\nA: b"), []);
    }

    #[test]
    fn a_tree_is_told_the_ports_that_it_knows() {
        let kinds = |ports: Ports| ports.0.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert_eq!(kinds(Ports::free(|_| false)), ["http", "https", "h2", "ws", "wss"]);
        assert_eq!(kinds(Ports::free(|kind| kind == "http-local")).last(), Some(&"http-local"));
        let mut all: Vec<u16> = Ports::free(|_| true).0.into_iter().flat_map(|(_, ports)| ports).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 13);
    }

    #[test]
    fn urls_and_names() {
        let ports = Ports(PORTS.iter().map(|(kind, ports)| (*kind, ports.to_vec())).collect());
        for (port, www, url) in [
            (PortKind::Http, false, "http://web-platform.test:8000/a"),
            (PortKind::Https, true, "https://www.web-platform.test:8443/a"),
            (PortKind::H2, false, "https://web-platform.test:9000/a"),
        ] {
            assert_eq!(ports.url(Place { port, www }, "/a"), url);
        }
        let rows = ports.resolve();
        assert!(rows.contains(&"www1.not-web-platform.test:8444:127.0.0.1".to_owned()));
        assert!(!rows.iter().any(|row| row.contains("nonexistent")));
    }

    #[test]
    fn other_ports_are_told_as_the_suites_own() {
        let ports = Ports(vec![("http", vec![40000, 8001]), ("https", vec![40001, 40002])]);
        let text = "http://a.test:40000/ and https://a.test:40002, not 40000".to_owned();
        assert_eq!(ports.settled(text), "http://a.test:8000/ and https://a.test:8444, not 40000");
    }
}
