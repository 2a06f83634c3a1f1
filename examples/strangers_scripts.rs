//! Scripts of strangers: what they may take of this machine, whom they may ask and how much, and what each limit looks like
//! when it is reached.

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sofetch::core::ports::BoxFuture;
use sofetch::core::trace::Outcome;
use sofetch::{Event, Observer, Outgoing, SendPolicy, TraceId, Url, UserAgentBuilder};
use sofetch_demo::World;
use sofetch_examples::agent_for;
use sofetch_inspect::words::words_for_network_error;
use sofetch_js::{Error, Printer, Runtime, THREAD_STACK_BYTES, Value};

/// Whom a script may ask, and how much it has left. Redirects and preflights are asked about, too.
struct Allowance {
    hosts: &'static [&'static str],
    methods: &'static [&'static str],
    left: Mutex<Left>,
}

struct Left {
    requests: u32,
    bytes: u64,
}

impl Allowance {
    fn decide(&self, request: &Outgoing) -> Result<(), String> {
        let method = request.method.to_string();
        if !request.preflight && !self.methods.contains(&&*method) {
            return Err(format!("{method} is not allowed"));
        }
        let Some(length) = request.body_length else { return Err("a body of unknown length".to_owned()) };
        let mut left = self.left.lock().expect("no panic");
        let requests = left.requests.checked_sub(1).ok_or("no requests left")?;
        let bytes = left.bytes.checked_sub(length).ok_or(format!("{length} bytes are too many"))?;
        *left = Left { requests, bytes };
        Ok(())
    }
}

impl SendPolicy for Allowance {
    // Before anybody is asked where the host is.
    fn may_connect(&self, url: &Url) -> bool {
        self.hosts.contains(&url.hostname())
    }

    fn may_send(&self, request: Outgoing) -> BoxFuture<'_, bool> {
        let decided = self.decide(&request);
        if let Err(why) = &decided {
            println!("  {why}:");
        }
        Box::pin(async move { decided.is_ok() })
    }
}

/// What scripts print, a line each, is theirs: nobody should take it for ours.
struct Quoted;

impl Printer for Quoted {
    fn out(&self, line: &str) {
        println!("  | {line}");
    }

    fn error(&self, line: &str) {
        println!("  ! {line}");
    }
}

/// A script is told no more than that it failed; whoever runs it hears why.
struct Reasons;

impl Observer for Reasons {
    fn event(&self, _: TraceId, event: &Event) {
        if let Event::Ended(Outcome::NetworkError(error)) = event {
            println!("  {}", words_for_network_error(error));
        }
    }
}

fn run(agent: UserAgentBuilder, name: &str, script: &str) -> Result<(), Error> {
    println!("{name}");
    let allowance = Allowance {
        hosts: &["site.com", "127.0.0.1", "localhost"],
        methods: &["GET", "POST"],
        left: Mutex::new(Left { requests: 3, bytes: 1000 }),
    };
    let mut runtime = Runtime::builder()
        .agent(agent.send_policy(Arc::new(allowance)).max_body_size(64 << 10).observer(Arc::new(Reasons)))
        .base_url(Url::parse("https://javascript.info/", None).expect("a URL"))
        .max_memory(16 << 20)
        .max_stack(256 << 10)
        .time_limit(Duration::from_secs(if name == "time" { 2 } else { 60 }))
        .printer(Rc::new(Quoted))
        .build()?;
    runtime.define("double", |arguments| match arguments {
        [Value::Number(number)] => Ok(Value::from(number * 2.0)),
        _ => Err("double takes a number".to_owned()),
    })?;
    runtime.define_async("lookUp", |arguments| {
        let key = arguments.first().and_then(Value::as_str).unwrap_or_default().to_owned();
        async move { Err(format!("nothing is known of {key:?}")) }
    })?;
    runtime.run_module(script, name)?;
    let ending = runtime.run_until_idle();
    println!("  {ending:?}{}", if runtime.has_failed() { ", with an uncaught error" } else { "" });
    Ok(())
}

/// The error of each is one that the script can catch, but for the end of its time.
const SCRIPTS: [(&str, &str); 9] = [
    ("functions", "console.log(double(21)); try { double('x') } catch (e) { console.log(`${e}`) } lookUp('lamp').catch(e => console.log(`${e}`))"),
    ("memory", "try { const all = []; for (;;) all.push('x'.repeat(1e6) + all.length) } catch (e) { console.log(`${e}`) }"),
    ("stack", "const deep = () => deep() + 1; try { deep() } catch (e) { console.log(`${e}`) }"),
    ("time", "try { for (;;); } finally { console.log('no') }"),
    ("a host", "await fetch('https://elsewhere.example/').catch(e => console.log(`${e}`))"),
    ("a redirect", "await fetch('https://site.com/redirect/cross-origin').catch(e => console.log(`${e}`))"),
    (
        "a method",
        "await fetch('https://site.com/service.json', { method: 'PATCH', headers: { 'API-Key': 'k' } }).catch(e => console.log(`${e}`))",
    ),
    ("requests", "for (let i = 0; i < 4; i++) console.log(await fetch('https://site.com/open.json').then(r => r.status, e => `${e}`))"),
    (
        "bytes",
        "for (const n of [900, 200])
           await fetch('https://site.com/open.json', { method: 'POST', mode: 'no-cors', body: 'x'.repeat(n) }).then(() => console.log(n), e => console.log(`${e}`))",
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = World::start()?;
    let all = move || -> Result<(), Error> {
        for (name, script) in SCRIPTS {
            run(agent_for(&world), name, script)?;
        }
        // Whatever the list says, by whichever name: an address of this machine or its network is none of the public's.
        let script =
            "for (const url of ['http://127.0.0.1/', 'http://localhost/', 'https://site.com/open.json'])
            await fetch(url).catch(e => console.log(url, `${e}`))";
        run(agent_for(&world).public_only(true), "addresses", script)
    };
    // Scripts may go as deep as their thread's stack allows.
    thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(all)?.join().expect("no panic")?;
    Ok(())
}
