//! Bodies both ways: forms, blobs, streams, clones, and the schemes that never leave the process.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_core::Stream;
use sofetch::core::infrastructure::blobs::BlobUrlEntry;
use sofetch::core::infrastructure::form_data::FormDataEntry;
use sofetch::core::rules::network_gate::NetworkGate;
use sofetch::core::rules::schemes::SchemeFetch;
use sofetch::{
    Blob, BodyError, ByteStream, Bytes, File, FormData, Mode, Origin, Request, Ruling, Url, UserAgent,
};
use sofetch_store::memory::MemoryBlobUrls;
use sofetch_testkit::loopback::{Reply, serve, serve_reply};

use crate::h2::answering_http2;
use crate::support::{agent, http2_agent, on, readable, ruling};

/// Chunks, one a poll, with a pause after each.
struct Chunks {
    chunks: VecDeque<Bytes>,
    ready: bool,
}

fn chunks(chunks: &[&'static str]) -> Chunks {
    Chunks { chunks: chunks.iter().map(|chunk| Bytes::from_static(chunk.as_bytes())).collect(), ready: true }
}

impl ByteStream for Chunks {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.ready = !self.ready;
        if !self.ready {
            return Poll::Ready(self.chunks.pop_front().map(Ok));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn a_form_goes_there_and_back() {
    let echo = serve(|request| {
        let content_type = request.header("Content-Type").unwrap_or_default();
        Reply::ok(request.body.clone()).header("Content-Type", content_type)
    });
    on(async {
        let agent = agent();
        let mut form = FormData::default();
        let file = |name: &str, content_type: &str| File {
            blob: Blob::new(["fi".into(), "le".into()], content_type),
            name: name.to_owned(),
            last_modified: 0,
        };
        form.append(FormDataEntry::create("plain", "va\nlue", None, 0));
        form.append(FormDataEntry::create("twice", "1", None, 0));
        form.append(FormDataEntry::create("twice", "2", None, 0));
        form.append(FormDataEntry::create("\u{fc}ber \"x\"", "\u{1f600}", None, 0));
        form.append(FormDataEntry::create("file", file("a \"b\".txt", "text/x"), None, 0));
        form.append(FormDataEntry::create("blob", Blob::new([], ""), None, 0));
        let request = Request::new(echo.url("/")).method("POST").form_data(form);
        let back = agent.fetch(request).await.expect("an answer").form_data().await.expect("a form");
        let text = |name: &str| back.get(name).and_then(|value| value.as_str());
        // A form's line breaks are CR LF on the wire, as the Standard has it.
        assert_eq!(text("plain"), Some("va\r\nlue"));
        // A quote in a name is written as %22, which no reader of RFC 7578 turns back.
        assert_eq!(text("\u{fc}ber %22x%22"), Some("\u{1f600}"));
        assert_eq!(back.get_all("twice").filter_map(|value| value.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        let sent = back.get("file").and_then(|value| value.as_file()).expect("a file");
        assert_eq!(
            (&*sent.name, sent.blob.content_type(), sent.blob.bytes()),
            ("a %22b%22.txt", "text/x", "file".into())
        );
        assert_eq!(back.get("blob").and_then(|value| value.as_file()).expect("a file").name, "blob");
        let pairs = [("a b", "c&d"), ("e", "\u{20ac}")];
        let request = Request::new(echo.url("/")).method("POST").url_search_params(pairs);
        let back = agent.fetch(request).await.expect("an answer").form_data().await.expect("a form");
        assert_eq!(back.get("a b").and_then(|value| value.as_str()), Some("c&d"));
        assert_eq!(back.get("e").and_then(|value| value.as_str()), Some("\u{20ac}"));
        let text = agent.fetch(Request::new(echo.url("/")).method("POST").text("a=b")).await;
        let error = text.expect("an answer").form_data().await.expect_err("text is no form");
        assert!(error.is_decode() && error.url().is_some(), "{error:?}");
    });
    assert_eq!(echo.complaints(), [""; 0]);
}

#[test]
fn types_follow_from_bodies_unless_a_header_says_otherwise() {
    let server = serve(|_| readable(Reply::ok("")));
    let json = || serde_json::json!({});
    let rows: [(&str, Request, Option<&str>); 9] = [
        ("bytes", Request::new("/").body("x"), None),
        ("text", Request::new("/").text("x"), Some("text/plain;charset=UTF-8")),
        ("JSON", Request::new("/").json(&json()), Some("application/json")),
        ("a type before JSON", Request::new("/").header("Content-Type", "a/b").json(&json()), Some("a/b")),
        ("a type after JSON", Request::new("/").json(&json()).header("content-type", "a/b"), Some("a/b")),
        (
            "text in place of JSON",
            Request::new("/").json(&json()).text("x"),
            Some("text/plain;charset=UTF-8"),
        ),
        ("a blob", Request::new("/").blob(Blob::new(["x".into()], "Image/PNG")), Some("image/png")),
        ("a blob without", Request::new("/").blob(Blob::new(["x".into()], "")), None),
        (
            "pairs",
            Request::new("/").url_search_params([("a", "b")]),
            Some("application/x-www-form-urlencoded;charset=UTF-8"),
        ),
    ];
    on(async {
        let page = agent().page(&server.url("/")).expect("a URL");
        for (row, request, expected) in rows {
            page.fetch(request.method("POST")).await.expect(row);
            let seen = server.requests().pop().expect("it came");
            assert_eq!(seen.header("Content-Type").as_deref(), expected, "{row}");
        }
    });
}

#[test]
fn without_cors_a_body_brings_no_type_that_a_form_could_not() {
    let server = serve(|_| Reply::ok(""));
    on(async {
        let page = agent().page("http://app.test/").expect("a URL");
        let post = || Request::new(server.url("/")).method("POST").mode(Mode::NoCors);
        for request in [
            post().json(&serde_json::json!({})),
            post().blob(Blob::new(["{}".into()], "application/json")),
            post().body("{}").header("Content-Type", "application/json"),
        ] {
            page.fetch(request).await.expect("opaque");
            assert_eq!(server.requests().pop().expect("it came").header("Content-Type"), None);
        }
        page.fetch(post().text("x")).await.expect("opaque");
        let said = server.requests().pop().expect("it came").header("Content-Type");
        assert_eq!(said.as_deref(), Some("text/plain;charset=UTF-8"));
    });
}

#[test]
fn a_blob_has_the_response_s_type() {
    let server = serve_reply(Reply::ok("<p>").header("Content-Type", "Text/HTML; charset=\"Latin1\""));
    on(async {
        let mut response = agent().fetch(server.url("/")).await.expect("an answer");
        let blob = response.blob().await.expect("a blob");
        assert_eq!((blob.content_type(), blob.bytes()), ("text/html;charset=latin1", Bytes::from("<p>")));
        assert!(response.blob().await.expect_err("read once").is_body_used());
    });
}

#[test]
fn text_is_utf8_unless_asked_otherwise() {
    let server = serve_reply(
        Reply::ok(b"\xef\xbb\xbfna\xefve".to_vec()).header("Content-Type", "text/plain;charset=latin1"),
    );
    on(async {
        let agent = agent();
        let fetch = || agent.fetch(server.url("/"));
        assert_eq!(fetch().await.expect("an answer").text().await.expect("text"), "na\u{fffd}ve");
        let plain =
            serve_reply(Reply::ok(b"na\xefve".to_vec()).header("Content-Type", "text/plain;charset=latin1"));
        let mut response = agent.fetch(plain.url("/")).await.expect("an answer");
        assert_eq!(response.text_with_charset().await.expect("text"), "na\u{ef}ve");
    });
}

#[test]
fn a_streamed_upload_as_owner_as_page_and_over_http2() {
    let server = serve(|request| readable(Reply::ok(request.body.clone())));
    let stream = |url: &str| Request::new(url).method("POST").stream(chunks(&["one ", "two ", "three"]));
    on(async {
        // The owner's goes in chunks.
        let mut response = agent().fetch(stream(&server.url("/"))).await.expect("an answer");
        assert_eq!(response.text().await.expect("text"), "one two three");
        let seen = &server.requests()[0];
        assert_eq!(seen.header("Transfer-Encoding").as_deref(), Some("chunked"));
        assert_eq!((seen.header("Content-Length"), seen.header("Content-Type")), (None, None));
        // A page's does not go over HTTP/1.1, whosever the server.
        let page = agent().page(&server.url("/")).expect("a URL");
        let error = page.fetch(stream("/")).await.expect_err("HTTP/1.1");
        assert_eq!(*ruling(&error), Ruling::NetworkGate(NetworkGate::StreamOverHttp1));
        let other = agent().page("http://app.test/").expect("a URL");
        let error = other.fetch(stream(&server.url("/"))).await.expect_err("HTTP/1.1");
        assert_eq!(*ruling(&error), Ruling::NetworkGate(NetworkGate::StreamOverHttp1));
        assert_eq!(server.requests().last().expect("it asked first").method, "OPTIONS");
        assert_eq!(server.requests().iter().filter(|request| request.method == "POST").count(), 1);
    });
    let h2 = answering_http2(|peer, stream| {
        let body = peer.read_body(stream)?;
        peer.respond(stream, &body)
    });
    on(async {
        let agent = http2_agent();
        let page = agent.page(&h2.url("/")).expect("a URL");
        for fetched in [page.fetch(stream("/")).await, agent.fetch(stream(&h2.url("/"))).await] {
            assert_eq!(fetched.expect("an answer").text().await.expect("text"), "one two three");
        }
    });
}

#[test]
fn a_response_is_a_stream_of_chunks() {
    let server = serve(|_| Reply::ok("one").chunked().piece("two").piece("three"));
    on(async {
        let mut response = agent().fetch(server.url("/")).await.expect("an answer");
        let mut stream = response.body().expect("unread");
        assert!(response.body_used() && response.body().expect_err("taken").is_body_used());
        let mut read = Vec::new();
        while let Some(chunk) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
            read.extend_from_slice(&chunk.expect("a chunk"));
        }
        assert_eq!(read, b"onetwothree");
        assert!(poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await.is_none());
        // A wait that is given up loses nothing.
        let mut stream = agent().fetch(server.url("/")).await.expect("an answer").body().expect("unread");
        let mut read = Vec::new();
        loop {
            let once = poll_fn(|context| Poll::Ready(std::pin::pin!(stream.chunk()).poll(context))).await;
            match once {
                Poll::Ready(Ok(Some(chunk))) => read.extend_from_slice(&chunk),
                Poll::Ready(last) => break assert_eq!(last.expect("the end"), None),
                Poll::Pending => tokio::task::yield_now().await,
            }
        }
        assert_eq!(read, b"onetwothree");
    });
}

#[test]
fn a_clone_s_faster_branch_waits_for_the_slower() {
    const LIMIT: usize = 64 * 1024;
    let server = serve(|_| Reply::ok(vec![b'x'; 2 << 20]));
    on(async {
        let mut fast = agent().fetch(server.url("/")).await.expect("an answer");
        let slow = fast.clone_at_most(LIMIT).expect("unread");
        let (ahead, behind) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let read =
            async |mut response: sofetch::Response, own: &AtomicUsize, other: &AtomicUsize, lazy: bool| {
                let mut body = response.body().expect("unread");
                while let Some(chunk) = body.chunk().await.expect("a chunk") {
                    let total = own.fetch_add(chunk.len(), Ordering::SeqCst) + chunk.len();
                    let lead = total.saturating_sub(other.load(Ordering::SeqCst));
                    // What is there when the limit is met may be one chunk more.
                    assert!(lead <= 2 * LIMIT + chunk.len(), "{lead}");
                    if lazy {
                        tokio::task::yield_now().await;
                    }
                }
            };
        tokio::join!(read(fast, &ahead, &behind, false), read(slow, &behind, &ahead, true));
        assert_eq!((ahead.into_inner(), behind.into_inner()), (2 << 20, 2 << 20));
        // Unbounded, one may be read to its end before the other begins.
        let mut first = agent().fetch(server.url("/")).await.expect("an answer");
        let mut second = first.clone_unbounded().expect("unread");
        assert_eq!(first.bytes().await.expect("bytes").len(), 2 << 20);
        assert_eq!(second.bytes().await.expect("bytes").len(), 2 << 20);
        // A branch that is dropped holds up nobody; clones of clones share one source.
        let mut first = agent().fetch(server.url("/")).await.expect("an answer");
        drop(first.clone_at_most(LIMIT).expect("unread"));
        let mut second = first.clone().expect("unread");
        let mut third = second.clone().expect("unread");
        let (a, b, c) = tokio::join!(first.bytes(), second.bytes(), third.bytes());
        for bytes in [a, b, c] {
            assert_eq!(bytes.expect("bytes").len(), 2 << 20);
        }
    });
}

#[test]
fn an_unread_body_gives_its_connection_back_or_closes_it() {
    let server = serve(|request| match request.path() {
        "/short" => Reply::ok(vec![b'x'; 1000]),
        _ => Reply::ok(vec![b'x'; 4 << 20]),
    });
    on(async {
        let agent = agent();
        for _ in 0..5 {
            drop(agent.fetch(server.url("/long")).await.expect("an answer"));
        }
        server.until_open_connections(0).await;
        // Progress is told of what is read, and of nothing else.
        let told = Arc::new(AtomicU64::new(0));
        let tell = told.clone();
        let request = Request::new(server.url("/short")).on_download(move |bytes| {
            tell.fetch_add(bytes, Ordering::SeqCst);
        });
        drop(agent.fetch(request).await.expect("an answer"));
        assert_eq!(told.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn data_urls_are_answered_here() {
    on(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        for (url, content_type, body) in [
            ("data:,hello%20world", "text/plain;charset=US-ASCII", &b"hello world"[..]),
            ("data:text/html;base64,PHA+", "text/html", b"<p>"),
            ("data:image/png,%FF#fragment", "image/png", b"\xff"),
        ] {
            for mut response in [agent.fetch(url).await.expect(url), page.fetch(url).await.expect(url)] {
                assert_eq!((response.status(), response.ok()), (200, true));
                assert_eq!(response.headers().get("Content-Type").as_deref(), Some(content_type));
                assert_eq!(response.bytes().await.expect("bytes"), body);
            }
        }
        let error = agent.fetch("data:text/plain;base64,!").await.expect_err("no base64");
        assert_eq!(*ruling(&error), Ruling::SchemeFetch(SchemeFetch::DataInvalid));
    });
}

#[test]
fn blob_urls_are_answered_from_the_store() {
    let store = Arc::new(MemoryBlobUrls::default());
    let origin = Url::parse("http://app.test/", None).expect("a URL").origin();
    let add = |origin: &Origin, id: &str| {
        let url = Url::parse(&format!("blob:{}/{id}", origin.serialize()), None).expect("a URL");
        let object = Blob::new(["0123".into(), "456789".into()], "text/x");
        store.add(&url, BlobUrlEntry { object, origin: origin.clone(), top_level_site: origin.site() })
    };
    let url = add(&origin, "1");
    on(async {
        let agent = UserAgent::builder().blob_urls(store.clone()).build().expect("usable");
        let page = agent.page("http://app.test/").expect("a URL");
        let mut response = page.fetch(url.href()).await.expect("the store knows it");
        assert_eq!(response.headers().get("Content-Type").as_deref(), Some("text/x"));
        assert_eq!(response.headers().get("Content-Length").as_deref(), Some("10"));
        assert_eq!(response.text().await.expect("text"), "0123456789");
        for (range, status, said, body) in [
            ("bytes=2-5", 206, Some("bytes 2-5/10"), "2345"),
            ("bytes=-3", 206, Some("bytes 7-9/10"), "789"),
            ("bytes=8-", 206, Some("bytes 8-9/10"), "89"),
        ] {
            let mut response =
                page.fetch(Request::from_url(url.clone()).header("Range", range)).await.expect(range);
            assert_eq!(
                (response.status(), response.headers().get("Content-Range").as_deref()),
                (status, said),
                "{range}"
            );
            assert_eq!(response.text().await.expect("text"), body, "{range}");
        }
        for range in ["bytes=10-", "bytes=5-2", "lines=1-2", "bytes=0-1,3-4"] {
            let request = Request::from_url(url.clone()).header("Range", range);
            assert!(page.fetch(request).await.expect_err(range).is_refused());
        }
        let post = Request::from_url(url.clone()).method("POST").body("x");
        assert!(page.fetch(post).await.expect_err("GET alone").is_refused());
        // Another site's page has no use of it; and what is revoked is gone.
        let stranger = agent.page("http://other.test/").expect("a URL");
        assert!(stranger.fetch(url.href()).await.expect_err("another partition").is_refused());
        store.revoke(&url);
        let error = page.fetch(url.href()).await.expect_err("revoked");
        assert_eq!(*ruling(&error), Ruling::SchemeFetch(SchemeFetch::BlobUnknown));
    });
}
