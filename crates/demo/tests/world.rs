//! TLS by the authority, its faulty certificates, and the world's routes through a real handshake.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, Error};
use sofetch_demo::{CertificateAuthority, Ending, Identity, Reply, Server, ServerConfig, World, answering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

async fn handshake(
    server: &Server,
    config: &Arc<ClientConfig>,
    name: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address()).await?;
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(config.clone()).connect(name, stream).await
}

async fn talk(server: &Server, config: &Arc<ClientConfig>, host: &str, request: &str) -> io::Result<String> {
    let mut stream = handshake(server, config, host).await?;
    let request = request.replacen("\r\n", &format!("\r\nHost: {host}\r\nConnection: close\r\n"), 1);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn the_authority_vouches_for_names_and_addresses() {
    let authority = CertificateAuthority::new().expect("an authority");
    let identity = authority.issue(&["a.test", "*.b.test", "127.0.0.1"]).expect("an identity");
    let server =
        Server::start(ServerConfig::https(identity, answering(|_| Reply::ok("hi")))).expect("a server");
    let config = authority.client_config(&[b"h2", b"http/1.1"]).expect("a configuration");
    for (name, sni) in [("a.test", Some("a.test")), ("x.b.test", Some("x.b.test")), ("127.0.0.1", None)] {
        let answer = talk(&server, &config, name, "GET / HTTP/1.1\r\n\r\n").await.expect("an answer");
        assert!(answer.ends_with("hi"), "{name}");
        assert_eq!(server.requests().pop().expect("a request").tls_sni.as_deref(), sni);
    }
    let stream = handshake(&server, &config, "a.test").await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn faulty_certificates_are_refused_for_what_they_are() {
    let authority = CertificateAuthority::new().expect("an authority");
    let other = CertificateAuthority::new().expect("an authority");
    let config = authority.client_config(&[]).expect("a configuration");
    let is_expired = |error: &CertificateError| {
        matches!(error, CertificateError::Expired | CertificateError::ExpiredContext { .. })
    };
    let is_early = |error: &CertificateError| {
        matches!(error, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. })
    };
    let is_misnamed = |error: &CertificateError| {
        matches!(error, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
    };
    let is_unknown = |error: &CertificateError| {
        matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature)
    };
    type Row<'a> = (&'a str, io::Result<Identity>, &'a dyn Fn(&CertificateError) -> bool);
    let rows: [Row<'_>; 5] = [
        ("expired", authority.issue_expired(&["a.test"]), &is_expired),
        ("not yet valid", authority.issue_not_yet_valid(&["a.test"]), &is_early),
        ("of another name", authority.issue(&["b.test"]), &is_misnamed),
        ("of another authority", other.issue(&["a.test"]), &is_unknown),
        ("self-signed", Identity::self_signed(&["a.test"]), &is_unknown),
    ];
    for (name, identity, is_so) in rows {
        let config_of_server = ServerConfig::https(identity.expect(name), answering(|_| Reply::close()));
        let server = Server::start(config_of_server).expect("a server");
        let error = handshake(&server, &config, "a.test").await.expect_err(name);
        let cause = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
        assert!(matches!(cause, Some(Error::InvalidCertificate(error)) if is_so(error)), "{name}: {cause:?}");
        server.until_open_connections(0).await;
        assert!(server.complaints()[0].starts_with("TLS handshake: "), "{name}");
    }
}

#[tokio::test]
async fn a_cut_over_tls_lacks_the_close_notify() {
    let authority = CertificateAuthority::new().expect("an authority");
    let config = authority.client_config(&[]).expect("a configuration");
    for (ending, cut) in [(Ending::Close, false), (Ending::Cut, true)] {
        let identity = authority.issue(&["a.test"]).expect("an identity");
        let handler = answering(move |_| Reply::ok("x").until_close().ending(ending));
        let server = Server::start(ServerConfig::https(identity, handler)).expect("a server");
        let answer = talk(&server, &config, "a.test", "GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(answer.is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof), cut);
    }
}

#[tokio::test]
async fn the_patch_of_the_note() {
    let world = World::start().expect("a world");
    let config = world.authority.client_config(&[]).expect("a configuration");
    assert!(world.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(world.addresses()[1], ("site.com", 443, world.api.address()));
    let preflight = "OPTIONS /service.json HTTP/1.1\r\nOrigin: https://javascript.info\r\n\
        Access-Control-Request-Method: PATCH\r\nAccess-Control-Request-Headers: api-key,content-type\r\n\r\n";
    assert_eq!(
        talk(&world.api, &config, "site.com", preflight).await.expect("an answer"),
        "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://javascript.info\r\n\
         Access-Control-Allow-Methods: PUT,PATCH,DELETE\r\n\
         Access-Control-Allow-Headers: API-Key,Content-Type,If-Modified-Since,Cache-Control\r\n\
         Access-Control-Max-Age: 86400\r\nContent-Length: 0\r\n\r\n"
    );
    let patch = "PATCH /service.json HTTP/1.1\r\nContent-Type: application/json\r\nAPI-Key: secret\r\n\
        Origin: https://javascript.info\r\nContent-Length: 2\r\n\r\n{}";
    let answer = talk(&world.api, &config, "site.com", patch).await.expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://javascript.info\r\n"),
        "{answer}"
    );
    let seen = world.api.requests();
    assert_eq!(seen.iter().map(|request| &*request.method).collect::<Vec<_>>(), ["OPTIONS", "PATCH"]);
    assert_eq!(seen[1].header("api-key").as_deref(), Some("secret"));
    assert_eq!(seen[1].tls_sni.as_deref(), Some("site.com"));
}

#[tokio::test]
async fn other_routes_of_the_world() {
    let world = World::start().expect("a world");
    let config = world.authority.client_config(&[]).expect("a configuration");
    world.open_gate();
    for (request, begins, contains) in [
        ("GET /closed.json?x HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "{\"readable\":false}\n"),
        ("GET /redirect/loop HTTP/1.1\r\n\r\n", "HTTP/1.1 302 Found", "Location: /redirect/loop\r\n"),
        (
            "OPTIONS /preflight-401.json HTTP/1.1\r\n\r\n",
            "HTTP/1.1 401 Unauthorized",
            "WWW-Authenticate: Basic",
        ),
        ("GET /gzip.json HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "Content-Encoding: gzip\r\n"),
        ("GET /gated.txt HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "7\r\nbefore\n\r\n6\r\nafter\n\r\n0\r\n\r\n"),
        ("DELETE /readable.json HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n"),
        ("GET /nowhere HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "nothing here"),
    ] {
        let answer = talk(&world.api, &config, "site.com", request).await.expect("an answer");
        assert!(answer.starts_with(begins) && answer.contains(contains), "{request}: {answer}");
    }
    let page =
        talk(&world.page, &config, "javascript.info", "GET / HTTP/1.1\r\n\r\n").await.expect("an answer");
    assert!(page.contains("<title>The page</title>"));
    assert!(world.api.complaints().is_empty() && world.page.complaints().is_empty());
}
