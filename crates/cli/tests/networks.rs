//! How `sofetch URL` gets there: names, certificates, proxies, versions, limits, and what happens where it does not.

mod support;

use std::io::Read;
use std::process::Stdio;

use sofetch_demo::Reply;
use support::{Folder, InWorld, closed_port, command, plain_server, said, server, sofetch, tls_server};

#[test]
fn names_are_resolved_as_told() {
    let server = plain_server();
    let port = server.address().port();
    let resolve = format!("a.test:{port}:127.0.0.1");
    let said = sofetch(&["--resolve", &resolve, &format!("http://a.test:{port}/x")]).ended(0);
    assert_eq!(said.out, b"ok");
    assert_eq!(server.requests()[0].header("Host"), Some(format!("a.test:{port}")));
    let connect_to = format!("a.test:80:127.0.0.1:{port}");
    sofetch(&["--connect-to", &connect_to, "http://a.test/x"]).ended(0);
    assert_eq!(server.requests()[1].header("Host").as_deref(), Some("a.test"));
    sofetch(&["--resolve", "a.test:127.0.0.1", "http://a.test/"]).ended(2).complained("--resolve");
    sofetch(&["--connect-to", "a.test", "http://a.test/"]).ended(2).complained("--connect-to");
}

#[test]
fn ipv6() {
    let config = sofetch_demo::ServerConfig::http(sofetch_demo::answering(|_| Reply::ok("six"))).on_ipv6();
    let Ok(server) = sofetch_demo::Server::start(config) else {
        println!("skipped 1 case: this machine has no ::1");
        return;
    };
    let port = server.address().port();
    assert_eq!(sofetch(&[&format!("[::1]:{port}/x")]).ended(0).text(), "six");
    let resolve = format!("a.test:{port}:[::1]");
    assert_eq!(sofetch(&["--resolve", &resolve, &format!("http://a.test:{port}/")]).ended(0).text(), "six");
    let connect_to = format!("a.test:80:[::1]:{port}");
    assert_eq!(sofetch(&["--connect-to", &connect_to, "http://a.test/"]).ended(0).text(), "six");
}

#[test]
fn certificates() {
    let folder = Folder::new();
    let (server, ca) = tls_server(&["a.test"], &folder);
    let port = server.address().port();
    let (resolve, url) = (format!("a.test:{port}:127.0.0.1"), format!("https://a.test:{port}/"));
    sofetch(&["--resolve", &resolve, &url]).ended(3).complained("sofetch: ");
    assert_eq!(sofetch(&["--resolve", &resolve, "--cacert", &ca, &url]).ended(0).text(), "ok");
    assert_eq!(sofetch(&["--resolve", &resolve, "-k", &url]).ended(0).text(), "ok");
    let other = format!("https://b.test:{port}/");
    let resolve = format!("b.test:{port}:127.0.0.1");
    sofetch(&["--resolve", &resolve, "--cacert", &ca, &other]).ended(3);
    sofetch(&["--cacert", &folder.file("none.pem"), &url]).ended(2).complained("none.pem");
    let broken =
        folder.write("broken.pem", b"-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n");
    sofetch(&["--cacert", &broken, &url]).ended(2).complained("--cacert");
    sofetch(&["--cert", &broken, &url]).ended(2);
}

#[test]
fn client_certificates() {
    let folder = Folder::new();
    let (server, ca) = tls_server(&["a.test"], &folder);
    let port = server.address().port();
    let (resolve, url) = (format!("a.test:{port}:127.0.0.1"), format!("https://a.test:{port}/"));
    let pair = || rcgen::generate_simple_self_signed(["me".to_owned()]).expect("keys");
    let (mine, other) = (pair(), pair());
    let cert = folder.write("cert.pem", mine.cert.pem().as_bytes());
    let key = folder.write("key.pem", mine.signing_key.serialize_pem().as_bytes());
    let both = format!("{}{}", mine.signing_key.serialize_pem(), mine.cert.pem());
    let both = folder.write("both.pem", both.as_bytes());
    let wrong = folder.write("wrong.pem", other.signing_key.serialize_pem().as_bytes());
    let with =
        |options: &[&str]| sofetch(&[&["--resolve", &resolve, "--cacert", &ca, &url][..], options].concat());
    // UNTESTED: no server of the demonstrations asks for one; that it is shown is net's to test.
    assert_eq!(with(&["--cert", &cert, "--key", &key]).ended(0).text(), "ok");
    assert_eq!(with(&["-E", &both]).ended(0).text(), "ok");
    with(&["--cert", &cert]).ended(2).complained("sofetch: ");
    with(&["--cert", &cert, "--key", &wrong]).ended(2).complained("sofetch: ");
    with(&["--cert", &folder.file("none.pem")]).ended(2).complained("none.pem");
}

#[test]
fn versions() {
    let folder = Folder::new();
    let (server, ca) = tls_server(&["a.test"], &folder);
    let port = server.address().port();
    let (resolve, url) = (format!("a.test:{port}:127.0.0.1"), format!("https://a.test:{port}/"));
    assert_eq!(sofetch(&["--http1.1", "--resolve", &resolve, "--cacert", &ca, &url]).ended(0).text(), "ok");
    // The servers of the demonstrations speak HTTP/1.1 only.
    sofetch(&["--http2", "--resolve", &resolve, "--cacert", &ca, &url]).ended(3);
}

#[test]
fn proxies() {
    let proxy = server(|request| Reply::ok(format!("through the proxy to {}", request.target)));
    let at = proxy.url("");
    let said = sofetch(&["--proxy", &at, "http://a.test/x"]).ended(0);
    assert_eq!(said.text(), "through the proxy to http://a.test/x");
    let origin = plain_server();
    assert_eq!(sofetch(&["-x", &at, "--noproxy", "127.0.0.1", &origin.url("/")]).ended(0).text(), "ok");
    assert_eq!(sofetch(&["-x", &at, "--noproxy", "*", &origin.url("/")]).ended(0).text(), "ok");
    let with_environment = |args: &[&str]| {
        let mut command = command(args);
        command.env("http_proxy", &at);
        said_of(command)
    };
    assert!(with_environment(&["http://a.test/x"]).starts_with("through the proxy"));
    assert_eq!(with_environment(&["--proxy", "", &origin.url("/")]), "ok");
    sofetch(&["-x", "ftp://u:secret@a.test", &origin.url("/")]).ended(2);
}

fn said_of(command: std::process::Command) -> String {
    said(command).ended(0).text().to_owned()
}

#[test]
fn row_23_credentials_of_a_proxy_stay_with_the_proxy() {
    let proxy = server(|_| Reply::ok("proxied"));
    let at = format!("http://user:secret@{}", proxy.address());
    let said = sofetch(&["-v", "-x", &at, "http://a.test/x"]).ended(0);
    assert_eq!(proxy.requests()[0].header("Proxy-Authorization").as_deref(), Some("Basic dXNlcjpzZWNyZXQ="));
    assert!(!said.err.contains("secret") && !said.err.contains("dXNlcjpzZWNyZXQ"), "{}", said.err);
}

#[test]
fn limits() {
    let server = server(|request| match request.path() {
        "/hang" => Reply::hang(),
        _ => Reply::ok(vec![b'a'; 3000]),
    });
    assert_eq!(sofetch(&["--max-size", "3000", &server.url("/")]).ended(0).out.len(), 3000);
    sofetch(&["--max-size", "2k", &server.url("/")]).ended(3).complained("sofetch: ");
    sofetch(&["--max-time", "0.2", &server.url("/hang")]).ended(3).complained("sofetch: ");
}

#[test]
fn private_addresses_are_refused_if_told() {
    let server = plain_server();
    for url in [server.url("/"), format!("http://localhost:{}/", server.address().port())] {
        sofetch(&["--no-private", &url]).ended(1).complained("sofetch: ");
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(sofetch(&["--no-private", "data:,hi"]).ended(0).text(), "hi");
}

#[test]
fn the_network_fails_with_three() {
    sofetch(&[&format!("127.0.0.1:{}", closed_port())]).ended(3).complained("sofetch: ");
    for reply in [Reply::close(), Reply::reset(), Reply::raw("SSH-2.0-nope\r\n")] {
        let server = server(move |_| reply.clone());
        let said = sofetch(&[&server.url("/")]).ended(3);
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        assert!(said.err.starts_with("sofetch: "), "{}", said.err);
    }
}

#[test]
fn a_truncated_body_comes_out_as_far_as_it_came() {
    let server = server(|_| {
        Reply::new(200)
            .header("Content-Length", "10")
            .piece("abc")
            .as_given()
            .ending(sofetch_demo::Ending::Close)
    });
    let said = sofetch(&[&server.url("/")]).ended(3);
    assert_eq!(said.text(), "abc");
    assert!(said.err.starts_with("sofetch: "), "{}", said.err);
}

#[test]
fn schemes_that_cannot_be_fetched_are_refused() {
    sofetch(&["ftp://a.test/"]).ended(1).complained("sofetch: ");
    sofetch(&["file:///etc/hostname"]).ended(1);
    sofetch(&["mailto:a@a.test"]).ended(1);
    assert_eq!(sofetch(&["data:text/plain;base64,aGk="]).ended(0).text(), "hi");
}

#[test]
fn a_pipe_that_breaks_ends_quietly() {
    let server = server(|_| Reply::ok(vec![b'a'; 4 << 20]));
    let mut child = command(&[&server.url("/")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut [0; 10]).expect("the body begins");
    drop(out);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn a_body_comes_as_it_is_sent() {
    let world = InWorld::start();
    let mut child =
        world.command(&["https://site.com/gated.txt"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = child.stdout.take().expect("piped");
    let mut first = [0; 7];
    out.read_exact(&mut first).expect("the first chunk is not held back");
    assert_eq!(&first, b"before\n");
    world.world.open_gate();
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "after\n");
    assert!(child.wait().expect("it ends").success());
}

#[cfg(unix)]
#[test]
fn a_socket_of_the_file_system_in_place_of_the_host() {
    use std::io::{BufRead, BufReader, Write};

    let folder = Folder::new();
    let path = folder.file("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("a short path");
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the command comes");
        let heads = BufReader::new(stream.try_clone().expect("one more handle")).lines();
        let head: Vec<String> = heads.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("it listens");
        head.join("\n").to_ascii_lowercase()
    });
    let heard = sofetch(&["-v", "--unix-socket", &path, "http://docker/info"]).ended(0);
    assert_eq!(heard.text(), "ok");
    assert!(heard.err.contains("connected to the socket"), "{}", heard.err);
    let head = serving.join().expect("it served");
    assert!(head.starts_with("get /info http/1.1\n") && head.contains("host: docker"), "{head}");
    let none = folder.file("none");
    sofetch(&["--unix-socket", &none, "http://docker/"])
        .ended(3)
        .complained("Could not connect to the socket");
    sofetch(&["--unix-socket", &none, "--no-private", "http://docker/"]).ended(2).complained("--no-private");
}
