//! How long a server may take for the handshakes of a WebSocket, and for the end of TCP after them.

use std::time::Duration;

use sofetch::net::TimeOuts;
use sofetch::{Phase, WireFault};
use sofetch_testkit::loopback::{Ending, Reply, serve};
use sofetch_testkit::web_socket::{frame, goodbye};

use crate::support::{agent_with, on, wire};
use crate::web_sockets::{saying, ws};

#[test]
fn a_server_that_answers_no_handshake_is_left() {
    let server = serve(|_| Reply::hang());
    on(async {
        let rows = [
            (None, Phase::Open),
            (Some(Duration::from_secs(600)), Phase::Open),
            (Some(Duration::ZERO), Phase::Head),
        ];
        for (head, phase) in rows {
            let agent = agent_with(|config| {
                config.time_outs.head = head;
                config.time_outs.open = Some(Duration::from_millis(1));
            });
            let Err(error) = agent.web_socket(ws(&server, "/"), &[]).await else { panic!("no answer") };
            let fault = wire(&error);
            assert!(
                matches!(fault, WireFault::TimedOut { phase: found, .. } if *found == phase),
                "{fault:?}"
            );
        }
        assert_eq!(TimeOuts::default().open, Some(Duration::from_secs(240)));
        // It is the handshake's alone.
        let agent = agent_with(|config| config.time_outs.open = Some(Duration::ZERO));
        let other = serve(|_| Reply::ok("x"));
        assert_eq!(agent.fetch(other.url("/")).await.expect("a response").text().await.expect("a body"), "x");
        server.until_open_connections(0).await;
    });
}

/// Both have said goodbye, whoever began: what ends is the TCP connection, and nothing is wrong with it.
#[test]
fn a_server_that_does_not_end_tcp_is_left_with_a_clean_goodbye() {
    let server = saying(|reply| {
        reply.frame().piece(goodbye(1000, "")).piece(frame(0x81, b"on and on")).ending(Ending::Hang)
    });
    on(async {
        let agent = agent_with(|config| {
            config.time_outs.close = None;
            config.time_outs.tcp_close = Some(Duration::from_millis(1));
        });
        let socket = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        let closure = socket.close(1000, "").await.expect("an end");
        assert_eq!((closure.code, closure.was_clean, closure.failed), (1000, true, false));
        assert!(closure.fault.is_none(), "{closure:?}");
        server.until_open_connections(0).await;
    });
}
