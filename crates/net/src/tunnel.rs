//! Through a proxy to a server: CONNECT and SOCKS5. What is left of the stream afterwards is the tunnel.
//!
//! Plain `http:` requests through an HTTP proxy are not tunnelled; `exchange_http1.rs` has them sent in absolute form.

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use sofetch_core::wire_faults::{ProxyFault, WireFault};

use crate::proxy::Proxy;
use crate::resolve_an_origin::literal;

/// How large a proxy's answer to CONNECT may be.
const CONNECT_HEAD_BYTES: usize = 16 * 1024;

/// CONNECT: <https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6>. The stream is the tunnel afterwards.
pub(crate) async fn connect_through_http(
    proxy: &Proxy,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
) -> Result<(), WireFault> {
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(authorization) = proxy.authorization() {
        request.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    request.push_str("\r\n");
    let broken = |_| proxy.fault(ProxyFault::NotAProxy);
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut said = Vec::with_capacity(512);
    loop {
        let end = read_head(proxy, stream, &mut said).await?;
        match status_of(&said[..end]) {
            Some(100..=199) => drop(said.drain(..end)),
            // The client speaks first in a tunnel that bears TLS: bytes before it does are nobody's.
            Some(200..=299) if said.len() > end => return Err(proxy.fault(ProxyFault::NotAProxy)),
            Some(200..=299) => return Ok(()),
            Some(407) => return Err(proxy.fault(ProxyFault::AuthenticationRequired)),
            Some(status) => return Err(proxy.fault(ProxyFault::Refused { status })),
            None => return Err(proxy.fault(ProxyFault::NotAProxy)),
        }
    }
}

/// Reads until `said` begins with a whole head, and tells where that ends.
async fn read_head(
    proxy: &Proxy,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    said: &mut Vec<u8>,
) -> Result<usize, WireFault> {
    let mut seen = 0;
    loop {
        if let Some(at) = said[seen..].windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(seen + at + 4);
        }
        seen = said.len().saturating_sub(3);
        if said.len() > CONNECT_HEAD_BYTES || !matches!(stream.read_buf(said).await, Ok(1..)) {
            return Err(proxy.fault(ProxyFault::NotAProxy));
        }
    }
}

fn status_of(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let digits = match rest {
        [b'0' | b'1', b' ', a, b, c, b' ' | b'\r' | b'\n', ..] => [a, b, c],
        _ => return None,
    };
    digits
        .iter()
        .try_fold(0, |status, &&digit| digit.is_ascii_digit().then(|| status * 10 + u16::from(digit - b'0')))
}

/// Where a SOCKS proxy is asked to connect to.
pub(crate) enum SocksTarget<'a> {
    /// A name, for it to resolve.
    Name(&'a str),
    /// An address.
    Address(IpAddr),
}

/// SOCKS5: <https://www.rfc-editor.org/rfc/rfc1928>, with username and password by RFC 1929.
pub(crate) async fn connect_through_socks5(
    proxy: &Proxy,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: SocksTarget<'_>,
    port: u16,
) -> Result<(), WireFault> {
    let broken = |_| proxy.fault(ProxyFault::NotAProxy);
    // RFC 1928, section 3: the methods that we offer.
    let has_credentials = !proxy.username.is_empty() || !proxy.password.is_empty();
    let offer: &[u8] = if has_credentials { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(offer).await.map_err(broken)?;
    let mut choice = [0; 2];
    stream.read_exact(&mut choice).await.map_err(broken)?;
    match choice {
        [5, 0] => {}
        [5, 2] if has_credentials => {
            let mut message = vec![1, length_byte(&proxy.username)];
            message.extend_from_slice(&proxy.username);
            message.push(length_byte(&proxy.password));
            message.extend_from_slice(&proxy.password);
            stream.write_all(&message).await.map_err(broken)?;
            let mut answer = [0; 2];
            stream.read_exact(&mut answer).await.map_err(broken)?;
            if answer[1] != 0 {
                return Err(proxy.fault(ProxyFault::AuthenticationRequired));
            }
        }
        [5, 2 | 0xff] => return Err(proxy.fault(ProxyFault::AuthenticationRequired)),
        _ => return Err(proxy.fault(ProxyFault::NotAProxy)),
    }
    // Section 4: the request.
    let mut request = vec![5, 1, 0];
    match target {
        SocksTarget::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        SocksTarget::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        // "Host unreachable": no name is longer than the protocol's byte can count.
        SocksTarget::Name(name) if name.len() > 255 => {
            return Err(proxy.fault(ProxyFault::Socks { reply: 4 }));
        }
        SocksTarget::Name(name) => {
            request.push(3);
            request.push(length_byte(name.as_bytes()));
            request.extend_from_slice(name.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await.map_err(broken)?;
    // Section 6: the reply, and the address that it bound, which is of no use to us.
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).await.map_err(broken)?;
    match reply {
        [5, 0, ..] => {}
        [5, reply, ..] => return Err(proxy.fault(ProxyFault::Socks { reply })),
        _ => return Err(proxy.fault(ProxyFault::NotAProxy)),
    }
    let bound = match reply[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(broken)?),
        _ => return Err(proxy.fault(ProxyFault::NotAProxy)),
    };
    let mut ignored = [0; 255 + 2];
    stream.read_exact(&mut ignored[..bound + 2]).await.map_err(broken)?;
    Ok(())
}

/// What a SOCKS proxy that resolves is asked for: addresses as addresses, names as they are.
pub(crate) fn socks_target(host: &str) -> SocksTarget<'_> {
    match literal(host) {
        Some(address) => SocksTarget::Address(address),
        None => SocksTarget::Name(host),
    }
}

fn length_byte(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).expect("lengths are checked where the bytes come in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_answers_to_connect() {
        for (head, expected) in [
            (&b"HTTP/1.1 200 OK\r\n\r\n"[..], Some(200)),
            (b"HTTP/1.0 407\r\n\r\n", Some(407)),
            (b"HTTP/1.1 2000 OK\r\n\r\n", None),
            (b"HTTP/1.1 20x OK\r\n\r\n", None),
            (b"SSH-2.0\r\n\r\n", None),
        ] {
            assert_eq!(status_of(head), expected);
        }
    }
}
