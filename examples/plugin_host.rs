//! A program that runs plugins: each in a global of its own, with functions of the program's, limits, and somebody who can
//! end it.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use sofetch_demo::World;
use sofetch_examples::agent_for;
use sofetch_js::{Ending, Error, Printer, Runtime, THREAD_STACK_BYTES, Value};

/// Fetches as a page would, and tells the program what it found.
const PRICES: &str = r#"
    const response = await fetch("https://site.com/open.json");
    publish({ status: response.status, body: await response.json(), rate: await rate("EUR") });
    console.log("prices:", typeof process, typeof require);
"#;

/// Never ends by itself, and cannot catch its end.
const GREEDY: &str = "begin(); try { for (;;); } finally { publish('still here'); }";

struct Log(&'static str);

impl Printer for Log {
    fn out(&self, line: &str) {
        println!("[{}] {line}", self.0);
    }

    fn error(&self, line: &str) {
        println!("[{}] error: {line}", self.0);
    }
}

/// What a plugin published, and how it ended.
fn run(world: &World, name: &'static str, source: &str) -> Result<(Vec<Value>, Ending), Error> {
    let mut plugin = Runtime::builder()
        .agent(agent_for(world))
        .base_url(sofetch::Url::parse("https://plugins.example/", None).expect("a URL"))
        .max_memory(32 << 20)
        .time_limit(Duration::from_secs(60))
        .printer(Rc::new(Log(name)))
        .build()?;
    let published = Rc::new(RefCell::new(Vec::new()));
    let list = published.clone();
    plugin.define("publish", move |arguments| {
        list.borrow_mut().extend_from_slice(arguments);
        Ok(Value::Undefined)
    })?;
    plugin.define_async("rate", |arguments| {
        let is_known = arguments.first().and_then(Value::as_str) == Some("EUR");
        async move { if is_known { Ok(Value::from(1.25)) } else { Err("no such currency".to_owned()) } }
    })?;
    // Whoever has the handle ends the plugin, from any thread: here as soon as it says that it begins.
    let interrupt = plugin.interrupt_handle();
    plugin.define("begin", move |_| {
        let interrupt = interrupt.clone();
        thread::spawn(move || interrupt.interrupt());
        Ok(Value::Undefined)
    })?;
    plugin.run_module(source, name)?;
    let ending = plugin.run_until_idle();
    Ok((published.take(), ending))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = World::start()?;
    // Scripts may go as deep as their thread's stack allows.
    let plugins = move || -> Result<(), Error> {
        for (name, source) in [("prices", PRICES), ("greedy", GREEDY)] {
            let (published, ending) = run(&world, name, source)?;
            println!("{name}: {ending:?}, published {published:?}");
        }
        Ok(())
    };
    thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(plugins)?.join().expect("no panic")?;
    Ok(())
}
