//! Without `async`: each call waits on this thread.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = sofetch_demo::World::start()?;
    let agent = sofetch_examples::agent_for(&world).own_runtime().build()?;

    let mut response = sofetch::blocking::wait(agent.fetch("https://site.com/open.json"))?;
    println!("{}", sofetch::blocking::wait(response.text())?);
    Ok(())
}
