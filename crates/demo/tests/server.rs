//! The server as a raw socket sees it: bytes out, bytes in, endings, the log.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use sofetch_demo::{Ending, Handler, Reply, Server, ServerConfig, answering, answering_later};
use tokio::sync::Notify;

fn start(handler: Handler) -> Server {
    Server::start(ServerConfig::http(handler)).expect("a server")
}

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).expect("a connection")
}

/// Sends and reads until the server closes.
fn talk(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    stream.write_all(bytes).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server closes in good order");
    String::from_utf8(answer).expect("text")
}

fn read_text(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("so many bytes");
    String::from_utf8(bytes).expect("text")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn replies_stand_on_the_wire_to_the_byte() {
    for (name, reply, wire) in [
        ("a body", Reply::ok("hi"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        ("no body", Reply::new(200), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("204 has no length", Reply::new(204), "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            "headers keep case and order",
            Reply::ok("").header("x-B", "1").header("X-a", "").header("x-b", "2"),
            "HTTP/1.1 200 OK\r\nx-B: 1\r\nX-a: \r\nx-b: 2\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "a length of the handler's own",
            Reply::ok("short").header("content-length", "10"),
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        ),
        (
            "chunks and a trailer",
            Reply::new(200).piece("a").piece("").piece("bcd").trailer("T", "v"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n3\r\nbcd\r\n0\r\nT: v\r\n\r\n",
        ),
        ("until close", Reply::ok("all").until_close(), "HTTP/1.1 200 OK\r\n\r\nall"),
        (
            "interims",
            Reply::ok("").interim(103, &[("Link", "</a>")]).interim(102, &[]),
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        ("any status line", Reply::with_status_line("ICY 200").as_given(), "ICY 200\r\n\r\n"),
        ("raw bytes", Reply::raw("HTTP/1.1 200\n\n"), "HTTP/1.1 200\n\n"),
        ("nothing", Reply::close(), ""),
        (
            "a cut leaves the last chunk out",
            Reply::new(200).piece("a").chunked().ending(Ending::Cut),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        ),
    ] {
        let server = start(answering(move |_| reply.clone()));
        assert_eq!(talk(&server, GET), wire, "{name}");
    }
}

#[test]
fn head_gets_the_length_and_no_body() {
    let server = start(answering(|_| Reply::ok("four")));
    let answer = talk(&server, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
}

#[test]
fn the_log_keeps_what_was_sent() {
    let server = start(answering(|_| Reply::new(204)));
    talk(&server, b"PaTcH /a?b HTTP/1.1\r\nhOst: x\r\nB: 2\r\nA: 1\r\nconnection: close\r\nContent-Length: 3\r\n\r\nabc");
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!((&*request.method, &*request.target, &*request.version), ("PaTcH", "/a?b", "HTTP/1.1"));
    assert_eq!((request.path(), request.query()), ("/a", Some("b")));
    assert_eq!(request.header_names(), ["hOst", "B", "A", "connection", "Content-Length"]);
    assert_eq!((&request.body[..], request.connection), (&b"abc"[..], 1));
    assert_eq!(request.tls_sni, None);
    assert_eq!(server.requests_to("/a").len(), 1);
    assert!(server.complaints().is_empty());
}

#[test]
fn a_connection_carries_many_requests_even_pipelined() {
    let server = start(answering(|request| Reply::ok(request.target.clone())));
    let answer = talk(
        &server,
        b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert!(
        answer.ends_with("/3") && answer.contains("/1HTTP/1.1 200 OK") && answer.contains("/2HTTP/1.1"),
        "{answer}"
    );
    talk(&server, GET);
    let connections: Vec<u64> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [1, 1, 1, 2]);
    assert_eq!(server.connections(), 2);
    block_on(server.until_open_connections(0));
}

#[test]
fn expect_is_answered_before_the_body_is_read() {
    let server = start(answering(|request| Reply::ok(request.body.clone())));
    let mut stream = connect(&server);
    stream.write_all(b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n").expect("sent");
    assert_eq!(read_text(&mut stream, 25), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ok").expect("sent");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("an answer");
    assert!(rest.ends_with("\r\n\r\nok"), "{rest}");
}

#[test]
fn a_word_before_the_body_ends_the_connection() {
    let config = ServerConfig::http(answering(|_| Reply::ok("late")))
        .before_body(|request| (request.method == "PUT").then(|| Reply::new(417)));
    let server = Server::start(config).expect("a server");
    let answer =
        talk(&server, b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    assert_eq!(answer, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(server.requests()[0].body.len(), 0);
    assert!(talk(&server, GET).ends_with("late"));
}

#[test]
fn what_is_malformed_is_answered_400_and_complained_of() {
    let server = start(answering(|_| Reply::ok("no")));
    assert!(talk(&server, b"GET / HTTP/1.1\nHost: x\n\n").starts_with("HTTP/1.1 400 "));
    block_on(server.until_open_connections(0));
    assert_eq!(server.complaints(), ["a line that ends without CR"]);
    assert!(server.requests().is_empty());
}

#[test]
fn a_reset_is_one() {
    let server = start(answering(|_| Reply::reset()));
    let mut stream = connect(&server);
    stream.write_all(GET).expect("sent");
    let error = stream.read_to_end(&mut Vec::new()).expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_piece_waits_for_its_notification() {
    let gate = Arc::new(Notify::new());
    let reply = Reply::new(200).piece("a").wait(&gate).piece("b").chunked();
    let server = start(answering(move |_| reply.clone()));
    let mut stream = connect(&server);
    stream.write_all(GET).expect("sent");
    let before = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
    assert_eq!(read_text(&mut stream, before.len()), before);
    gate.notify_one();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "1\r\nb\r\n0\r\n\r\n");
}

#[test]
fn a_client_that_leaves_is_noticed_while_the_server_waits() {
    let gate = Arc::new(Notify::new());
    let waiting = Reply::ok("").wait(&gate);
    let server = start(answering_later(move |request| {
        let (waiting, gate) = (waiting.clone(), gate.clone());
        async move {
            match request.path() {
                "/hang" => Reply::hang(),
                "/body" => waiting,
                _ => {
                    gate.notified().await;
                    Reply::ok("never")
                }
            }
        }
    }));
    for (count, path) in ["/hang", "/body", "/handler"].into_iter().enumerate() {
        let mut stream = connect(&server);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).expect("sent");
        block_on(server.until_requests(count + 1));
        assert_eq!(server.open_connections(), 1);
        drop(stream);
        block_on(server.until_open_connections(0));
    }
}

#[test]
fn dropping_the_server_ends_what_hangs_and_closes_the_port() {
    let server = start(answering(|_| Reply::hang()));
    let mut stream = connect(&server);
    stream.write_all(GET).expect("sent");
    block_on(server.until_requests(1));
    let address = server.address();
    drop(server);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_panicking_handler_ends_its_connection_alone() {
    let server = start(answering(|request| match request.path() {
        "/panic" => panic!("as the test wants it"),
        _ => Reply::ok("fine"),
    }));
    assert_eq!(talk(&server, b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n"), "");
    assert!(talk(&server, GET).ends_with("fine"));
    block_on(server.until_open_connections(0));
}

#[test]
fn ipv6_where_the_machine_has_it() {
    match Server::start(ServerConfig::http(answering(|_| Reply::ok("six"))).on_ipv6()) {
        Ok(server) => {
            assert!(server.url("/").starts_with("http://[::1]:"));
            assert!(talk(&server, GET).ends_with("six"));
        }
        Err(error) => println!("skipped 1 case: {error}"),
    }
}

#[test]
fn only_loopback_is_listened_on() {
    let mut config = ServerConfig::http(answering(|_| Reply::close()));
    config.address = [0, 0, 0, 0].into();
    assert_eq!(Server::start(config).expect_err("refused").kind(), ErrorKind::InvalidInput);
}
