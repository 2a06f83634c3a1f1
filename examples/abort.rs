//! A fetch ended from elsewhere: by a controller, or by time.

use std::time::Duration;

use sofetch::{AbortController, AbortSignal, Request, UserAgent};
use sofetch_demo::{Reply, Server, ServerConfig, answering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(ServerConfig::http(answering(|_| Reply::hang())))?;
    let agent = UserAgent::builder().build()?;

    let controller = AbortController::new();
    let patience = AbortSignal::any([controller.signal(), AbortSignal::timeout(Duration::from_secs(60))]);
    let fetching = agent.fetch(Request::new(server.url("/")).signal(&patience));
    let aborting = async {
        server.until_requests(1).await;
        controller.abort();
    };
    let (fetched, ()) = tokio::join!(fetching, aborting);

    let Err(error) = fetched else { return Err("nobody answers here".into()) };
    println!("{error}; aborted: {}, timed out: {}", error.is_aborted(), error.is_timeout());
    Ok(())
}
