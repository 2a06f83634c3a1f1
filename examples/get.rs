//! A GET on your own behalf: three lines to a JSON document.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = sofetch_demo::World::start()?;
    let agent = sofetch_examples::agent_for(&world).build()?;

    // `sofetch::fetch(url)` does the same with an agent that the whole process shares.
    let mut response = agent.fetch("https://site.com/open.json").await?;
    let document: serde_json::Value = response.json().await?;

    println!("{} {}: {document}", response.status(), response.url());
    Ok(())
}
