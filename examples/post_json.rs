//! A POST of JSON, with a header of one's own and a time-out for the whole.

use std::time::Duration;

use sofetch::Request;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = sofetch_demo::World::start()?;
    let agent = sofetch_examples::agent_for(&world).build()?;

    let request = Request::new("https://site.com/service.json")
        .method("PATCH")
        .header("API-Key", "secret")
        .json(&serde_json::json!({ "name": "lamp" }))
        .timeout(Duration::from_secs(30));
    let mut response = agent.fetch(request).await?;

    println!("{}: {}", response.status(), response.text().await?);
    Ok(())
}
