//! [Happy Eyeballs](https://www.rfc-editor.org/rfc/rfc8305): connects to the first of several addresses that answers.
//!
//! The address guard is asked here, about each address, right before its connection is tried: there is no other door.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{Cause, WireFault};

use crate::address_guard;
use crate::config::AddressPolicy;

/// <https://www.rfc-editor.org/rfc/rfc8305#section-8>: the connection attempt delay.
const STAGGER: Duration = Duration::from_millis(250);

/// A transport to the first address that answers. Only for tasks of the IO runtime.
pub(crate) async fn connect(
    addresses: Vec<SocketAddr>,
    policy: AddressPolicy,
    trace: &Trace,
) -> Result<(TcpStream, SocketAddr), WireFault> {
    let mut left = VecDeque::from(interleave(addresses));
    let mut attempts: JoinSet<(SocketAddr, io::Result<TcpStream>)> = JoinSet::new();
    let mut tried: Vec<(SocketAddr, Cause)> = Vec::new();
    let mut refused = None;
    loop {
        // The next allowed address, if there is one, sets out.
        while let Some(address) = left.pop_front() {
            if let Err(fault) = address_guard::judge(policy, address.ip()) {
                refused.get_or_insert(fault);
                continue;
            }
            trace.emit(|| Event::Wire(WireEvent::Connecting { address }));
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            break;
        }
        if attempts.is_empty() {
            return Err(refused.filter(|_| tried.is_empty()).unwrap_or(WireFault::Connect { tried }));
        }
        let ended = if left.is_empty() {
            attempts.join_next().await
        } else {
            match tokio::time::timeout(STAGGER, attempts.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            }
        };
        match ended {
            Some(Ok((address, Ok(stream)))) => {
                // Requests are small and written whole: waiting to fill a segment only delays them.
                // NB: a socket that cannot turn it off is merely slower.
                let _ = stream.set_nodelay(true);
                trace.emit(|| Event::Wire(WireEvent::Connected { address }));
                return Ok((stream, address));
            }
            Some(Ok((address, Err(error)))) => {
                trace.emit(|| Event::Wire(WireEvent::ConnectFailed { address, error: error.to_string() }));
                tried.push((address, Arc::new(error)));
            }
            // An attempt is only ever cancelled by the end of its runtime.
            Some(Err(_)) => return Err(WireFault::RuntimeGone),
            None => {}
        }
    }
}

/// <https://www.rfc-editor.org/rfc/rfc8305#section-4>: families by turns, the resolver's first one first.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_family = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_family);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(first.len() + second.len());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return turns,
            (one, other) => turns.extend(one.into_iter().chain(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let addresses =
            |list: &[&str]| list.iter().map(|a| a.parse().expect("an address")).collect::<Vec<_>>();
        for (row, given, expected) in [
            (
                "six before four",
                vec!["[::1]:1", "[::2]:1", "1.1.1.1:1", "2.2.2.2:1"],
                vec!["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1"],
            ),
            (
                "four before six, as the resolver said",
                vec!["1.1.1.1:1", "2.2.2.2:1", "[::1]:1"],
                vec!["1.1.1.1:1", "[::1]:1", "2.2.2.2:1"],
            ),
            ("one family keeps its order", vec!["1.1.1.1:1", "2.2.2.2:1"], vec!["1.1.1.1:1", "2.2.2.2:1"]),
        ] {
            assert_eq!(interleave(addresses(&given)), addresses(&expected), "{row}");
        }
    }
}
