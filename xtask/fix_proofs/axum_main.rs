//! A server that gets CORS wrong in several ways, or in one less.

mod fixed;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, options, patch};

const ORIGIN: HeaderName = HeaderName::from_static("access-control-allow-origin");
const PAGE: HeaderValue = HeaderValue::from_static("https://app.example");

pub async fn answer() -> &'static str {
    "{}"
}

fn granting(methods: &'static str) -> MethodRouter {
    options(move || async move {
        let headers = [
            (ORIGIN, PAGE),
            (HeaderName::from_static("access-control-allow-methods"), HeaderValue::from_static(methods)),
            (
                HeaderName::from_static("access-control-allow-headers"),
                HeaderValue::from_static("api-key, content-type"),
            ),
        ];
        (StatusCode::NO_CONTENT, headers)
    })
}

async fn doubled() -> (HeaderMap, &'static str) {
    let mut headers = HeaderMap::new();
    headers.append(ORIGIN, PAGE);
    headers.append(ORIGIN, PAGE);
    (headers, "{}")
}

async fn refuse(request: Request, next: Next) -> Response {
    let authorized = request.headers().get("authorization").is_some_and(|value| value == "Basic dTpw");
    match request.uri().path() {
        "/private" if !authorized => StatusCode::UNAUTHORIZED.into_response(),
        "/missing" if request.method() == Method::OPTIONS => StatusCode::NOT_FOUND.into_response(),
        _ => next.run(request).await,
    }
}

pub fn app(sandbox: MethodRouter) -> Router {
    Router::new()
        .route("/sandbox", sandbox)
        .route("/{odd}", get(answer))
        .route("/closed", get(answer))
        .route("/account", get(answer))
        .route("/untouched", get(answer))
        .route("/unrouted", patch(answer))
        .route("/missing", patch(answer))
        .route("/private", patch(answer))
        .route("/granted", granting("PATCH").patch(answer))
        .route("/method", granting("GET").patch(async || ([(ORIGIN, PAGE)], "{}")))
        .route("/wildcard", get(async || ([(ORIGIN, HeaderValue::from_static("*"))], "{}")))
        .route("/doubled", get(doubled))
        .route("/error", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(from_fn(refuse))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(0);
    let app = fixed::fixed(arguments.next().as_deref());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await
}
