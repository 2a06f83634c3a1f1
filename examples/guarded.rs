//! A server that fetches what strangers name: only public addresses, bounded sizes and times, keys that stay.

use std::time::Duration;

use sofetch::{Reason, UserAgent, WireFault};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = UserAgent::builder()
        .public_only(true)
        .max_body_size(10 * 1024 * 1024)
        .timeout(Duration::from_secs(30))
        .sensitive_headers(["X-Api-Key"])
        .build()?;

    // However it is spelled, and wherever a redirect or a name may lead: the address connected is what counts.
    for url in ["http://127.1/", "http://0x7f000001/", "http://[::ffff:127.0.0.1]/", "http://localhost:8080/"]
    {
        let Err(error) = agent.fetch(url).await else { return Err("this machine is not public".into()) };
        let Some(Reason::Wire(WireFault::AddressRefused { address, block })) = error.reason() else {
            return Err(error.into());
        };
        println!("{url}: {address} is refused ({block})");
    }
    Ok(())
}
