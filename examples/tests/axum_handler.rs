//! A handler of axum's, asked by a script of another origin's page: what the page sees of it, and where it sees nothing, why.
//!
//! All of it runs in one process: the application on loopback, the page in a runtime of its own.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::get;
use serde_json::{Value, json};
use sofetch::core::trace::Outcome;
use sofetch::{Event, Observer, TraceId, Url, UserAgent};
use sofetch_inspect::words::words_for_network_error;
use sofetch_js::{Ending, Printer, Runtime, THREAD_STACK_BYTES};
use tower_http::cors::CorsLayer;

/// What is under test: items that pages of one origin may read and, with a key, change.
fn application() -> Router {
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_static("http://app.example"))
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([header::CONTENT_TYPE, HeaderName::from_static("api-key")])
        .expose_headers([header::ETAG]);
    let item = |Path(id): Path<u32>| async move {
        let headers = [("ETag", "\"1\""), ("X-Served-By", "one")];
        (headers, Json(serde_json::json!({ "id": id, "name": "lamp" })))
    };
    let change = |Path(id): Path<u32>, Json(item): Json<serde_json::Value>| async move {
        Json(serde_json::json!({ "id": id, "was": item }))
    };
    Router::new().route("/items/{id}", get(item).put(change)).layer(cors)
}

/// Starts it on a thread of its own; it lives as long as the process.
fn serve() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a socket");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, application()).await.expect("it serves for ever");
        });
    });
    address
}

/// Why fetches failed, in words: what a script is not told.
#[derive(Default)]
struct Reasons(Mutex<Vec<String>>);

impl Observer for Reasons {
    fn event(&self, _: TraceId, event: &Event) {
        if let Event::Ended(Outcome::NetworkError(error)) = event {
            self.0.lock().expect("no panic").push(words_for_network_error(error));
        }
    }
}

/// What scripts print is in nobody's way.
struct Quiet;

impl Printer for Quiet {
    fn out(&self, _: &str) {}
    fn error(&self, line: &str) {
        panic!("uncaught: {line}");
    }
}

/// What an expression comes to on a page of this origin, and why what it fetched failed.
fn on_a_page(origin: &str, api: SocketAddr, expression: &str) -> (Value, Vec<String>) {
    let reasons = Arc::new(Reasons::default());
    let (heard, origin, expression) = (reasons.clone(), origin.to_owned(), expression.to_owned());
    let page = move || {
        let mut runtime = Runtime::builder()
            // The application has a name and a port of its own in the world that the page sees.
            .agent(UserAgent::builder().connect_to("api.example", 80, api).observer(heard))
            .base_url(Url::parse(&origin, None).expect("a URL"))
            .max_memory(64 << 20)
            .time_limit(Duration::from_secs(60))
            .printer(Rc::new(Quiet))
            .build()
            .expect("a runtime");
        runtime.run_script(ASK, "ask.js").expect("a script");
        let value = runtime.evaluate(&expression).expect("a value");
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        value
    };
    // Scripts may go as deep as their thread's stack allows.
    let thread = thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(page).expect("a thread");
    let value = thread.join().expect("no panic");
    let reasons = reasons.0.lock().expect("no panic").clone();
    (value, reasons)
}

/// An expression's value: of a fetch what the page sees of it, or the error that it gets.
const ASK: &str = "async function ask(path, init) {
    try {
        const response = await fetch('http://api.example' + path, init);
        return { status: response.status, json: await response.json(), etag: response.headers.get('etag'), served: response.headers.get('x-served-by') };
    } catch (error) {
        return String(error);
    }
}";
const KEYED: &str =
    "{ method: 'PUT', headers: { 'API-Key': 'k', 'Content-Type': 'application/json' }, body: '5' }";

#[test]
fn its_own_page_reads_what_is_exposed_and_changes_what_it_may() {
    let api = serve();
    let (seen, reasons) = on_a_page("http://app.example/", api, "ask('/items/7')");
    let item = json!({ "id": 7, "name": "lamp" });
    assert_eq!(seen, json!({ "status": 200, "json": item, "etag": "\"1\"", "served": null }));
    assert_eq!(reasons, [""; 0]);

    let (seen, reasons) = on_a_page("http://app.example/", api, &format!("ask('/items/7', {KEYED})"));
    assert_eq!(seen["json"], json!({ "id": 7, "was": 5 }));
    assert_eq!(reasons, [""; 0]);
}

#[test]
fn what_is_refused_is_refused_for_the_reason_that_it_should_be() {
    let api = serve();
    for (row, origin, expression, reason) in [
        (
            "a page of another origin",
            "http://other.example/",
            "ask('/items/7')".to_owned(),
            "Access-Control-Allow-Origin is `http://app.example`, not this page's origin `http://other.example`.",
        ),
        (
            "a method that is not allowed",
            "http://app.example/",
            "ask('/items/7', { method: 'DELETE' })".to_owned(),
            "DELETE",
        ),
        (
            "a header that is not allowed",
            "http://app.example/",
            "ask('/items/7', { headers: { 'X-Trace': '1' } })".to_owned(),
            "x-trace",
        ),
        (
            "credentials, of which the application says nothing",
            "http://app.example/",
            "ask('/items/7', { credentials: 'include' })".to_owned(),
            "Access-Control-Allow-Credentials",
        ),
    ] {
        let (seen, reasons) = on_a_page(origin, api, &expression);
        assert_eq!(seen, "TypeError: Failed to fetch", "{row}");
        assert!(reasons.iter().any(|said| said.contains(reason)), "{row}: {reasons:?}");
    }
}
