//! What the tests share: agents, servers for several hosts, servers that speak raw bytes, proxies.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use sofetch::net::{ConnectTo, HttpVersions, NetworkConfig, Roots};
use sofetch::{Error, ErrorKind, PeerMisbehaved, Reason, Ruling, UserAgent, UserAgentBuilder, WireFault};
use sofetch_testkit::loopback::{
    CertificateAuthority, Identity, Reply, RequestSeen, Server, ServerConfig, answering, authority, serve,
    serve_https, start,
};

pub(crate) use sofetch_testkit::loopback::on_tokio as on;

/// An agent with the defaults.
pub(crate) fn agent() -> UserAgent {
    UserAgent::builder().build().expect("the defaults")
}

/// An agent with a network of this configuration.
pub(crate) fn agent_with(change: impl FnOnce(&mut NetworkConfig)) -> UserAgent {
    UserAgent::builder().network_config(change).build().expect("a usable configuration")
}

/// An agent that speaks HTTP/2 from the first byte.
pub(crate) fn http2_agent() -> UserAgent {
    agent_with(|config| config.versions = HttpVersions::Http2Only)
}

/// Believes this authority and no other: the platform's roots need not be read.
pub(crate) fn trust(config: &mut NetworkConfig, authority: &CertificateAuthority) {
    config.tls.roots = Roots::Only;
    config.tls.extra_ca_pem = authority.pem().into();
}

/// Servers whose certificate for `name` is wrong, each in a way of its own, for who trusts `own` alone.
pub(crate) fn servers_that_are_not_believed(
    own: &CertificateAuthority,
    name: &str,
) -> [(&'static str, Server); 5] {
    [
        ("self-signed", Identity::self_signed(&[name])),
        ("another authority's", authority().issue(&[name])),
        ("another name's", own.issue(&["another.test"])),
        ("expired", own.issue_expired(&[name])),
        ("not yet valid", own.issue_not_yet_valid(&[name])),
    ]
    .map(|(what, identity)| {
        let answer = answering(|_| Reply::ok(""));
        (what, start(ServerConfig::https(identity.expect("an identity"), answer)))
    })
}

/// Every host's port is connected to here.
pub(crate) fn port_is_at(config: &mut NetworkConfig, port: u16, address: SocketAddr) {
    config.connect_to.push(ConnectTo {
        host: None,
        port: Some(port),
        to_host: Some(address.ip().to_string()),
        to_port: Some(address.port()),
    });
}

/// The secret that no third party may see.
pub(crate) const SECRET: &str = "s3cret";

/// Several hosts: ports 80 and 8080 are one server, 443 and 8443 another, with a certificate for the names below.
///
/// `/go?status=S&to=URL` redirects to the URL with that status; everything else is 200, readable by any origin.
pub(crate) struct Web {
    pub(crate) plain: Server,
    pub(crate) secure: Server,
    pub(crate) authority: CertificateAuthority,
}

const NAMES: [&str; 6] = ["a.test", "b.test", "c.test", "sub.a.test", "example.com", "notexample.com"];

impl Web {
    pub(crate) fn new() -> Web {
        Web::answering(answer)
    }

    pub(crate) fn answering(answer: impl Fn(&RequestSeen) -> Reply + Clone + Send + Sync + 'static) -> Web {
        let authority = authority();
        Web { plain: serve(answer.clone()), secure: serve_https(&authority, &NAMES, answer), authority }
    }

    pub(crate) fn builder(&self) -> UserAgentBuilder {
        UserAgent::builder().network_config(|config| self.configure(config))
    }

    pub(crate) fn configure(&self, config: &mut NetworkConfig) {
        trust(config, &self.authority);
        for (port, server) in
            [(80, &self.plain), (8080, &self.plain), (443, &self.secure), (8443, &self.secure)]
        {
            port_is_at(config, port, server.address());
        }
    }

    pub(crate) fn agent(&self) -> UserAgent {
        self.builder().build().expect("a usable configuration")
    }

    /// What this origin saw, by its scheme, host and port.
    pub(crate) fn seen_by(&self, origin: &str) -> Vec<RequestSeen> {
        let (scheme, host) = origin.split_once("://").expect("an origin");
        let server = if scheme == "https" { &self.secure } else { &self.plain };
        let mut requests = server.requests();
        requests.retain(|request| request.header("Host").as_deref() == Some(host));
        requests
    }
}

/// How `Web` answers.
pub(crate) fn answer(request: &RequestSeen) -> Reply {
    let reply = match redirection(request).filter(|_| request.method != "OPTIONS") {
        Some((status, to)) => Reply::new(status).header("Location", to),
        None => Reply::ok("hello"),
    };
    readable(reply)
}

/// Status and target of a request to `/go`.
pub(crate) fn redirection(request: &RequestSeen) -> Option<(u16, String)> {
    let query = request.query().filter(|_| request.path().ends_with("/go"))?;
    let (status, to) = query.strip_prefix("status=")?.split_once("&to=")?;
    Some((status.parse().ok()?, to.to_owned()))
}

/// Any page may ask for it and read it.
pub(crate) fn readable(reply: Reply) -> Reply {
    reply
        .header("Access-Control-Allow-Origin", "*")
        .header("Access-Control-Allow-Methods", "*")
        .header("Access-Control-Allow-Headers", "*, Authorization")
}

/// A URL that redirects.
pub(crate) fn go(origin: &str, status: u16, to: &str) -> String {
    format!("{origin}/go?status={status}&to={to}")
}

/// The statuses that redirect.
pub(crate) const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// The request carries nothing of the secret, in no header and not in its target.
#[track_caller]
pub(crate) fn assert_no_secret(request: &RequestSeen, row: &str) {
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value);
        assert!(!value.contains(SECRET), "{row}: {}: {value}", String::from_utf8_lossy(name));
    }
    assert!(!request.target.contains(SECRET), "{row}: {}", request.target);
}

/// A server of raw bytes: each connection is handed to `serve`, on a thread of its own.
pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl RawServer {
    pub(crate) fn new(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> RawServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let stopped = Arc::new(AtomicBool::new(false));
        let (serve, on_thread) = (Arc::new(serve), stopped.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if on_thread.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), serve) = (stream, serve.clone()) else { continue };
                std::thread::spawn(move || serve(stream));
            }
        });
        RawServer { address, stopped }
    }

    /// Answers every connection's first request with these bytes, and closes.
    pub(crate) fn saying(bytes: impl Into<Vec<u8>>) -> RawServer {
        let bytes = bytes.into();
        RawServer::new(move |mut stream| {
            read_head(&mut stream);
            say(&mut stream, &bytes);
        })
    }

    /// Answers with these bytes and then with those, if there are any, again and again, until the client leaves.
    pub(crate) fn repeating(first: impl Into<Vec<u8>>, then: impl Into<Vec<u8>>) -> RawServer {
        let (first, then) = (first.into(), then.into());
        RawServer::new(move |mut stream| {
            read_head(&mut stream);
            if then.is_empty() {
                return say(&mut stream, &first);
            }
            let mut sent = stream.write_all(&first);
            while sent.is_ok() {
                sent = stream.write_all(&then);
            }
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Only to wake the listener.
        drop(TcpStream::connect(self.address));
    }
}

/// Writes, ends, and waits until the client has left: nothing is lost to a reset.
pub(crate) fn say(stream: &mut TcpStream, bytes: &[u8]) {
    if stream.write_all(bytes).is_ok() && stream.shutdown(std::net::Shutdown::Write).is_ok() {
        let _ = std::io::copy(stream, &mut std::io::sink());
    }
}

/// A request's head, as it stands on the wire.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    head.iter().map(|&byte| byte as char).collect()
}

/// A proxy that tunnels: CONNECT, and SOCKS5 by address or name. Every tunnel leads to one place.
pub(crate) struct Proxy {
    server: RawServer,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Answers CONNECT.
    pub(crate) fn connecting_to(place: SocketAddr) -> Proxy {
        Proxy::of(move |stream| {
            let head = read_head(stream);
            let target = TcpStream::connect(place).ok()?;
            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
            Some((head, target))
        })
    }

    /// Answers SOCKS5; what it was asked is told as `user:password@host:port`.
    pub(crate) fn socks_to(place: SocketAddr) -> Proxy {
        Proxy::of(move |stream| {
            let mut read = |length: usize| {
                let mut bytes = vec![0; length];
                stream.read_exact(&mut bytes).ok().map(|()| bytes)
            };
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let methods = read(2)?[1];
            let offered = read(methods.into())?;
            let mut asked = String::new();
            if offered.contains(&2) {
                stream.write_all(&[5, 2]).ok()?;
                let mut read = |length: usize| {
                    let mut bytes = vec![0; length];
                    stream.read_exact(&mut bytes).ok().map(|()| bytes)
                };
                let user_length = read(2)?[1];
                let user = text(read(user_length.into())?);
                let password_length = read(1)?[0];
                let password = text(read(password_length.into())?);
                asked = format!("{user}:{password}@");
                stream.write_all(&[1, 0]).ok()?;
            } else {
                stream.write_all(&[5, 0]).ok()?;
            }
            let mut read = |length: usize| {
                let mut bytes = vec![0; length];
                stream.read_exact(&mut bytes).ok().map(|()| bytes)
            };
            let host = match read(4)?[3] {
                1 => format!("{:?}", read(4)?),
                4 => format!("{:?}", read(16)?),
                _ => {
                    let length = read(1)?[0];
                    text(read(length.into())?)
                }
            };
            let port = read(2)?;
            asked += &format!("{host}:{}", u16::from_be_bytes([port[0], port[1]]));
            let target = TcpStream::connect(place).ok()?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
            Some((asked, target))
        })
    }

    fn of(open: impl Fn(&mut TcpStream) -> Option<(String, TcpStream)> + Send + Sync + 'static) -> Proxy {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = asked.clone();
        let server = RawServer::new(move |mut stream| {
            let Some((said, target)) = open(&mut stream) else { return };
            log.lock().expect("no test panics with it").push(said);
            let (Ok(mut from), Ok(mut to)) = (stream.try_clone(), target.try_clone()) else { return };
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            let (mut from, mut to) = (target, stream);
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
        Proxy { server, asked }
    }

    /// What it was asked, a tunnel a line.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics with it").clone()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }
}

/// The server's fault, where the fetch ended for one.
#[track_caller]
pub(crate) fn peer(error: &Error) -> &PeerMisbehaved {
    assert!(matches!(error.kind(), ErrorKind::Peer | ErrorKind::TooLarge), "{error:?}");
    match error.reason() {
        Some(Reason::Peer(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// The network's fault, where the fetch ended for one.
#[track_caller]
pub(crate) fn wire(error: &Error) -> &WireFault {
    let carried = ErrorKind::Misuse(sofetch::Misuse::CannotCarry);
    assert!(matches!(error.kind(), ErrorKind::Network | ErrorKind::TimedOut) || error.kind() == carried);
    match error.reason() {
        Some(Reason::Wire(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// The ruling, where a rule refused.
#[track_caller]
pub(crate) fn ruling(error: &Error) -> &Ruling {
    assert!(error.is_refused(), "{error:?}");
    match error.reason() {
        Some(Reason::Ruling(ruling)) => ruling,
        other => panic!("{other:?}"),
    }
}
