//! Several origins on 127.0.0.1, for the tests that do need sockets: thin words over `sofetch_demo`.

use std::net::SocketAddr;

use sofetch_core::infrastructure::url::Url;

pub use sofetch_demo::{
    CertificateAuthority, Ending, Handler, Identity, Reply, RequestSeen, Server, ServerConfig, World,
    answering, answering_later,
};

/// A server of plain HTTP that answers at once.
pub fn serve(answer: impl Fn(&RequestSeen) -> Reply + Send + Sync + 'static) -> Server {
    start(ServerConfig::http(answering(answer)))
}

/// A server of plain HTTP that always answers this.
pub fn serve_reply(reply: Reply) -> Server {
    serve(move |_| reply.clone())
}

/// A server of HTTPS under these names.
pub fn serve_https(
    authority: &CertificateAuthority,
    names: &[&str],
    answer: impl Fn(&RequestSeen) -> Reply + Send + Sync + 'static,
) -> Server {
    let identity = authority.issue(names).expect("the names are names");
    start(ServerConfig::https(identity, answering(answer)))
}

/// A server of this configuration.
pub fn start(config: ServerConfig) -> Server {
    Server::start(config).expect("a loopback port is free")
}

/// A new authority.
pub fn authority() -> CertificateAuthority {
    CertificateAuthority::new().expect("keys can be made")
}

/// The server's URL with this path, by address.
pub fn url(server: &Server, path: &str) -> Url {
    Url::parse(&server.url(path), None).expect("the test's path makes a URL")
}

/// Several HTTPS origins under one authority.
#[derive(Debug)]
pub struct Origins {
    /// Who vouches for all of them.
    pub authority: CertificateAuthority,
    servers: Vec<(String, Server)>,
}

impl Origins {
    /// None yet.
    pub fn new() -> Origins {
        Origins { authority: authority(), servers: Vec::new() }
    }

    /// One more, at the default port of `https://{host}` once its name is mapped.
    #[must_use]
    pub fn with(
        mut self,
        host: &str,
        answer: impl Fn(&RequestSeen) -> Reply + Send + Sync + 'static,
    ) -> Origins {
        let server = serve_https(&self.authority, &[host], answer);
        self.servers.push((host.to_owned(), server));
        self
    }

    /// The server of that host.
    ///
    /// # Panics
    /// When there is none.
    pub fn server(&self, host: &str) -> &Server {
        let found = self.servers.iter().find(|(own, _)| own == host);
        &found.unwrap_or_else(|| panic!("no origin of the host {host}")).1
    }

    /// Each host, its port in URLs, and where it listens in truth.
    pub fn addresses(&self) -> Vec<(String, u16, SocketAddr)> {
        self.servers.iter().map(|(host, server)| (host.clone(), 443, server.address())).collect()
    }
}

impl Default for Origins {
    fn default() -> Self {
        Origins::new()
    }
}

/// Runs the future on a runtime of its own, of one thread.
pub fn on_tokio<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[test]
    fn several_origins_on_one_authority() {
        let origins = Origins::new().with("a.test", |_| Reply::ok("a")).with("b.test", |_| Reply::ok("b"));
        let addresses = origins.addresses();
        assert_eq!((&*addresses[0].0, addresses[0].1), ("a.test", 443));
        assert_ne!(addresses[0].2, addresses[1].2);
        assert_eq!(origins.server("b.test").address(), addresses[1].2);
    }

    #[test]
    fn a_server_answers_a_socket() {
        let server = serve_reply(Reply::ok("hi").ending(Ending::Close));
        assert_eq!(url(&server, "/x?y").path(), "/x");
        on_tokio(async {
            let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
            stream.write_all(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            assert!(answer.ends_with("\r\n\r\nhi"));
        });
        assert_eq!(server.requests_to("/x").len(), 1);
    }
}
