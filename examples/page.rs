//! The same server, asked by a page of another origin: CORS, filters and credentials modes as in a browser.

use sofetch::{CredentialsMode, Mode, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = sofetch_demo::World::start()?;
    let page = sofetch_examples::agent_for(&world).build()?.page("https://javascript.info/")?;

    // Allowed, and the server exposes one header more than the safelisted ones.
    let response = page.fetch("https://site.com/exposed.json").await?;
    println!("{:?} {}", response.response_type(), response.status());
    for (name, _) in response.headers().sorted_and_combined() {
        println!("  the script sees {name}");
    }

    // Not asked for CORS: sent, but opaque.
    let opaque = page.fetch(Request::new("https://site.com/opaque.svg").mode(Mode::NoCors)).await?;
    println!("{:?} {}", opaque.response_type(), opaque.status());

    // A wildcard is not enough for credentials.
    let url = "https://site.com/wildcard-with-credentials.json";
    match page.fetch(Request::new(url).credentials(CredentialsMode::Include)).await {
        Ok(_) => Err("a wildcard cannot allow credentials".into()),
        Err(error) => {
            println!("{error:#}");
            Ok(())
        }
    }
}
