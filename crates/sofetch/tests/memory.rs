//! What hostile servers cost in memory, by the pages that the process holds (where `/proc` says): rows 49, 85, 86 and 88.
//!
//! A program of its own, whose tests run one after the other: what another test allocates would be measured too.

#[path = "whole_path/bombs.rs"]
mod bombs;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sofetch::net::{ConnectTo, Roots};
use sofetch::{ErrorKind, UserAgent};
use sofetch_testkit::loopback::{Identity, Reply, ServerConfig, answering, authority, on_tokio, start};

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that the process holds; 0 where nobody says.
fn held() -> usize {
    let said = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    said.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[track_caller]
fn assert_grew_less_than(limit: usize, before: usize, row: &str) {
    let grown = held().saturating_sub(before);
    assert!(grown < limit, "{row}: {} KiB more than before", grown / 1024);
}

/// Answers the first request of every connection by writing `first`, then `then` for ever.
fn endless(first: Vec<u8>, then: Vec<u8>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (first, then) = (first.clone(), then.clone());
            std::thread::spawn(move || write_for_ever(stream, &first, &then));
        }
    });
    format!("http://{address}/")
}

fn write_for_ever(mut stream: TcpStream, first: &[u8], then: &[u8]) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let mut written = stream.write_all(first);
    while written.is_ok() && !then.is_empty() {
        written = stream.write_all(then);
    }
}

#[test]
fn row_49_a_bad_certificate_leaks_nothing() {
    let _alone = alone();
    let own = authority();
    let server = start(ServerConfig::https(
        Identity::self_signed(&["a.test"]).expect("an identity"),
        answering(|_| Reply::ok("")),
    ));
    let agent = UserAgent::builder()
        .network_config(|config| {
            config.tls.roots = Roots::Only;
            config.tls.extra_ca_pem = own.pem().into();
            config.connect_to.push(ConnectTo {
                host: None,
                port: None,
                to_host: Some("127.0.0.1".to_owned()),
                to_port: Some(server.address().port()),
            });
        })
        .build()
        .expect("usable");
    on_tokio(async {
        let refused = async |count: usize| {
            for _ in 0..count {
                let error = agent.fetch("https://a.test/").await.expect_err("nobody vouches for it");
                assert!(error.is_tls(), "{error:?}");
            }
            server.until_open_connections(0).await;
        };
        refused(200).await;
        let before = held();
        refused(2000).await;
        // A kilobyte that each leaves behind would show: a session with its buffers is twenty.
        assert_grew_less_than(4 << 20, before, "2,000 refused handshakes");
    });
}

#[test]
fn row_85_and_88_a_bomb_that_is_streamed_holds_a_piece() {
    let _alone = alone();
    for (coding, first, then) in bombs::endless() {
        let url = endless(
            [format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n").as_bytes(), &first].concat(),
            then,
        );
        on_tokio(async {
            let agent = UserAgent::builder().build().expect("usable");
            let mut body = agent.fetch(&*url).await.expect("a head").body().expect("unread");
            let before = held();
            let mut read = 0;
            while read < 48 << 20 {
                read += body.chunk().await.expect("no end").expect("no end").len();
            }
            // brotli's window is 16 MiB, zstd's here 2.
            assert_grew_less_than(26 << 20, before, coding);
        });
    }
}

#[test]
fn row_85_a_bomb_that_is_collected_ends_at_the_limit() {
    let _alone = alone();
    let [(_, first, then), ..] = bombs::endless();
    let url = endless([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", &first[..]].concat(), then);
    on_tokio(async {
        let agent = UserAgent::builder().max_body_size(2 << 20).build().expect("usable");
        let before = held();
        for _ in 0..10 {
            let error = agent.fetch(&*url).await.expect("a head").bytes().await.expect_err("too large");
            assert_eq!(error.kind(), ErrorKind::TooLarge);
        }
        assert_grew_less_than(12 << 20, before, "ten bodies of 2 MiB at the most");
    });
}

#[test]
fn row_86_bodies_that_nobody_reads_hold_little() {
    let _alone = alone();
    let url = endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 64 * 1024]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let agent = UserAgent::builder().build().expect("usable");
        let before = held();
        let mut unread = Vec::new();
        for _ in 0..64 {
            unread.push(agent.fetch(&*url).await.expect("a head"));
        }
        // 64 sockets whose servers write as fast as they are let: what is read ahead is a buffer each.
        assert_grew_less_than(32 << 20, before, "64 unread bodies");
        assert_eq!(unread.len(), 64);
    });
}

#[test]
fn row_87_heads_without_end_hold_no_more_than_the_limit() {
    let _alone = alone();
    let url = endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Name: 0123456789abcdef\r\n".repeat(1000));
    on_tokio(async {
        let agent = UserAgent::builder().build().expect("usable");
        let before = held();
        for _ in 0..20 {
            assert_eq!(agent.fetch(&*url).await.expect_err("no end").kind(), ErrorKind::Peer);
        }
        assert_grew_less_than(8 << 20, before, "20 heads");
    });
}
