//! Why was it refused? The same events as the command line's `cors`, from a program.

use sofetch::Request;
use sofetch_inspect::Recorder;
use sofetch_inspect::tree::{Options, tree};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = sofetch_demo::World::start()?;
    let page = sofetch_examples::agent_for(&world).build()?.page("https://javascript.info/")?;

    let recorder = Recorder::new();
    let request = Request::new("https://site.com/other-origin.json").observer(recorder.clone());
    if page.fetch(request).await.is_ok() {
        return Err("another origin is allowed here".into());
    }
    let recording = recorder.recording();
    println!("{}", tree(&recording, Options::default()));
    Ok(())
}
