//! A body chunk by chunk: nothing is read ahead, so a gigabyte needs no more memory than a chunk.

use sofetch::Request;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = sofetch_demo::World::start()?;
    let agent = sofetch_examples::agent_for(&world).build()?;

    let request = Request::new("https://site.com/slow.txt").on_download(|bytes| println!("({bytes} bytes)"));
    let mut response = agent.fetch(request).await?;
    let mut body = response.body()?;
    while let Some(chunk) = body.chunk().await? {
        print!("{}", String::from_utf8_lossy(&chunk));
    }
    Ok(())
}
