//! Who gets which connection: what keys them, how many there are, who waits, what idles; and whose runtime they are of.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{Tasks, Timers};
use sofetch_net::{
    ConnectTo, NetworkConfig, PoolConfig, ResolveOverride, TimeOuts, TlsConfig, TokioTasks, TokioTimers,
};
use support::*;
use tokio::sync::{mpsc, oneshot};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn partition(site: &str) -> Option<NetworkPartitionKey> {
    let url = Url::parse(site, None).unwrap();
    Some(NetworkPartitionKey { top_level_site: url.origin().site() })
}

#[tokio::test]
async fn rows_20_and_46_what_keys_a_connection() {
    let url = always(OK).await;
    let network = network(NetworkConfig::default());
    let reused = async |asked: Ask| {
        let connection = asked.obtain(&network).await.unwrap();
        let reused = connection.reused();
        assert_eq!(read(asked.over(connection).await.unwrap()).await.unwrap(), "ok");
        reused
    };
    let of_partition = |site| {
        let mut asked = ask(&url);
        asked.request.key = partition(site);
        asked
    };
    assert!(!reused(ask(&url)).await);
    assert!(reused(ask(&url)).await, "the same is shared");
    assert!(!reused(ask(&url).credentials(false)).await, "without credentials is another");
    assert!(reused(ask(&url).credentials(false)).await);
    assert!(!reused(of_partition("https://a.test")).await, "another partition is another");
    assert!(!reused(of_partition("https://b.test")).await);
    assert!(reused(of_partition("https://a.test")).await);
    let mut new = ask(&url);
    new.request.new = true;
    assert!(!reused(new).await, "a new one is a new one");
    let by_name = url.replace("127.0.0.1", "localhost");
    assert!(!reused(ask(&by_name)).await, "another name for it is another");
    // Whatever is changed of the configuration, nothing from before is used.
    for config in [
        NetworkConfig {
            tls: TlsConfig { danger_accept_invalid_certs: true, ..TlsConfig::default() },
            ..NetworkConfig::default()
        },
        NetworkConfig::default(),
    ] {
        network.reconfigure(config).unwrap();
        assert!(!reused(ask(&url)).await);
        assert!(reused(ask(&url)).await);
    }
    network.close_idle_connections();
    assert!(!reused(ask(&url)).await);
}

#[tokio::test]
async fn a_page_has_six_connections_and_a_fair_queue() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let open = Arc::new(AtomicUsize::new(0));
    let counter = open.clone();
    let url = serve(move |_, mut peer| {
        let (arrived, counter) = (arrived.clone(), counter.clone());
        async move {
            counter.fetch_add(1, Ordering::SeqCst);
            while let Some(head) = peer.head().await {
                let (answer, told) = oneshot::channel::<()>();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                arrived.send((path, answer)).unwrap();
                if told.await.is_err() {
                    return;
                }
                peer.write(OK).await;
            }
        }
    })
    .await;
    let network = Arc::new(network(NetworkConfig::default()));
    let mut fetches = Vec::new();
    for index in 0..9 {
        let (network, url) = (network.clone(), format!("{url}{index}"));
        fetches.push(tokio::spawn(async move { ask(&url).page().read(&network).await }));
        // Each gets in line before the next.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(arrivals.recv().await.unwrap());
    }
    assert_eq!(open.load(Ordering::SeqCst), 6);
    assert!(arrivals.try_recv().is_err(), "the others wait");
    // The seventh waiter leaves; the place is the eighth's.
    fetches[6].abort();
    let (path, answer) = held.remove(0);
    assert!(!["/6", "/7", "/8"].contains(&path.as_str()));
    answer.send(()).unwrap();
    let (path, answer) = arrivals.recv().await.unwrap();
    assert_eq!(path, "/7");
    held.push((path, answer));
    // A connection that closes makes room as well.
    drop(held.remove(0));
    let (path, answer) = arrivals.recv().await.unwrap();
    assert_eq!(path, "/8");
    held.push((path, answer));
    for (_, answer) in held {
        answer.send(()).unwrap();
    }
    let mut outcomes = (0, 0, 0);
    for fetch in fetches {
        match fetch.await {
            Ok(Ok(_)) => outcomes.0 += 1,
            Ok(Err(_)) => outcomes.1 += 1,
            Err(_) => outcomes.2 += 1,
        }
    }
    assert_eq!(outcomes, (7, 1, 1), "answered, cut off, left");
    assert_eq!(open.load(Ordering::SeqCst), 7);
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_a_time_out() {
    let url = serve(|_, mut peer| async move {
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let network = network(NetworkConfig {
        time_outs: TimeOuts {
            queue: Some(Duration::from_secs(5)),
            resolve: None,
            connect: None,
            ..TimeOuts::default()
        },
        pool: PoolConfig { connections_per_host: Some(1), ..PoolConfig::default() },
        ..NetworkConfig::default()
    });
    let held = ask(&url).send(&network).await.unwrap();
    assert_eq!(word(&ask(&url).send(&network).await.err().unwrap()), "timed-out Queue");
    drop(held);
    assert_eq!(ask(&url).send(&network).await.unwrap().status, 200);
}

#[tokio::test]
async fn what_idles_is_let_go_of() {
    let url = always(OK).await;
    for pool in [
        PoolConfig { idle_time_out: Duration::ZERO, ..PoolConfig::default() },
        PoolConfig { idle_per_host: 0, ..PoolConfig::default() },
    ] {
        let network = network(NetworkConfig { pool, ..NetworkConfig::default() });
        ask(&url).read(&network).await.unwrap();
        assert!(!ask(&url).obtain(&network).await.unwrap().reused());
    }
    // With the network go its connections.
    let (gone, closed) = oneshot::channel();
    let gone = Mutex::new(Some(gone));
    let url = serve(move |_, mut peer| {
        let gone = gone.lock().unwrap().take();
        async move {
            peer.head().await;
            peer.write(OK).await;
            peer.closed().await;
            gone.unwrap().send(()).unwrap();
        }
    })
    .await;
    let network = network(NetworkConfig::default());
    ask(&url).read(&network).await.unwrap();
    drop(network);
    closed.await.unwrap();
}

#[tokio::test]
async fn a_connection_obtained_and_not_used_goes_back() {
    let url = always_on_one_connection(OK).await;
    let network = network(NetworkConfig::default());
    drop(ask(&url).obtain(&network).await.unwrap());
    let asked = ask(&url);
    let connection = asked.obtain(&network).await.unwrap();
    assert!(!connection.reused(), "it has carried no request");
    assert_eq!(read(asked.over(connection).await.unwrap()).await.unwrap(), "ok");
}

#[tokio::test]
async fn connections_to_elsewhere() {
    let url = always(OK).await;
    let port: u16 = url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let network = network(NetworkConfig {
        resolve_overrides: vec![ResolveOverride {
            host: "a.test".into(),
            port: Some(port),
            addresses: vec!["127.0.0.1".parse().unwrap()],
        }],
        connect_to: vec![ConnectTo {
            host: Some("b.test".into()),
            port: Some(80),
            to_host: Some("127.0.0.1".into()),
            to_port: Some(port),
        }],
        ..NetworkConfig::default()
    });
    for url in [format!("http://a.test:{port}/"), "http://b.test/".to_owned()] {
        assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok", "{url}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let (listener, url) = listen().await;
    drop(listener);
    let network = network(NetworkConfig::default());
    let recorder = Recorder::new();
    assert_eq!(word(&ask(&url).trace(&recorder).send(&network).await.err().unwrap()), "connect");
    assert_eq!(recorder.said(), ["connecting", "connect failed"]);
}

#[test]
fn two_runtimes_share_a_network_and_the_first_goes() {
    let (first, second) = (tokio::runtime::Runtime::new().unwrap(), tokio::runtime::Runtime::new().unwrap());
    let serving = tokio::runtime::Runtime::new().unwrap();
    let url = serving.block_on(always(OK));
    let halting = serving.block_on(serve(|_, mut peer| async move {
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
        peer.closed().await;
    }));
    let silent = serving.block_on(serve(|_, mut peer| async move { peer.closed().await }));
    let network = Arc::new(network(NetworkConfig {
        time_outs: TimeOuts { head: Some(Duration::from_secs(600)), ..TimeOuts::default() },
        ..NetworkConfig::default()
    }));
    // The first fetch's runtime is the network's; the second runtime's fetches use its sockets.
    first.block_on(async { ask(&url).read(&network).await.unwrap() });
    second.block_on(async {
        let asked = ask(&url);
        let connection = asked.obtain(&network).await.unwrap();
        assert!(connection.reused());
        assert_eq!(read(asked.over(connection).await.unwrap()).await.unwrap(), "ok");
        // A new one too.
        assert_eq!(ask(&url).credentials(false).read(&network).await.unwrap().1, "ok");
    });
    // What waits for the first runtime when it goes is told so.
    let mut half = second.block_on(async { body_of(ask(&halting).send(&network).await.unwrap()) });
    let waiting = {
        let network = network.clone();
        let (asked, asking) = (ask(&silent), std::sync::mpsc::channel());
        let task = second.spawn(async move {
            let connection = asked.obtain(&network).await.unwrap();
            asking.0.send(()).unwrap();
            asked.over(connection).await.err().unwrap().fault
        });
        asking.1.recv().unwrap();
        task
    };
    let parked = second.block_on(async { ask(&url).obtain(&network).await.unwrap() });
    drop(first);
    second.block_on(async {
        assert_eq!(word(&waiting.await.unwrap()), "runtime-gone");
        assert_eq!(&half.chunk().await.unwrap().unwrap()[..], b"half");
        assert_eq!(word(&fault_of(half.chunk().await.unwrap().unwrap_err())), "runtime-gone");
        assert_eq!(word(&ask(&url).over(parked).await.err().unwrap().fault), "runtime-gone");
        assert_eq!(word(&ask(&url).send(&network).await.err().unwrap()), "runtime-gone");
    });
}

#[test]
fn a_network_without_a_runtime_says_so() {
    let network = network(NetworkConfig::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut asking = std::pin::pin!(async { ask("http://127.0.0.1:1/").send(&network).await });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match asking.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(fault)) => assert_eq!(word(&fault), "runtime-gone"),
        _ => panic!("it cannot have connected"),
    }
    // Given one that ends, it says the same.
    let handle = runtime.handle().clone();
    drop(runtime);
    let network = support::network(NetworkConfig::default()).with_handle(handle);
    let mut asking = std::pin::pin!(async { ask("http://127.0.0.1:1/").send(&network).await });
    match asking.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(fault)) => assert_eq!(word(&fault), "runtime-gone"),
        _ => panic!("it cannot have connected"),
    }
}

#[test]
fn timers_and_tasks_run_on_the_handle_and_end_with_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outside = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (sender, receiver) = oneshot::channel();
    TokioTasks::new(runtime.handle().clone()).spawn(Box::pin(async move { sender.send(7).unwrap() }));
    assert_eq!(outside.block_on(receiver).unwrap(), 7);
    let timers = TokioTimers::new(runtime.handle().clone());
    outside.block_on(timers.sleep(Duration::from_millis(1)));
    let long = timers.sleep(Duration::from_secs(3600));
    drop(runtime);
    outside.block_on(long);
    outside.block_on(timers.sleep(Duration::from_secs(3600)));
}

#[tokio::test]
async fn what_follows_a_response_is_never_the_answer_to_the_next_request() {
    const STRAY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
    for (row, answer, method, expected) in [
        ("after a body", OK, Method::GET, "ok"),
        (
            "after chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Method::GET,
            "ok",
        ),
        ("after an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Method::GET, ""),
        ("after none", "HTTP/1.1 204 No Content\r\n\r\n", Method::GET, ""),
        ("after a head alone", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Method::HEAD, ""),
    ] {
        let url = always(format!("{answer}{STRAY}")).await;
        let network = network(NetworkConfig::default());
        for number in 0..20 {
            let read = ask(&url).method(method.clone()).read(&network).await;
            assert_eq!(
                read.map(|(_, body)| body).map_err(|fault| word(&fault)),
                Ok(expected.to_owned()),
                "{row}, {number}"
            );
        }
    }
}
