//! Every example runs, ends well, and prints what it is for.

use std::process::Command;

fn run(example: &str, prints: &[&str]) {
    let output = Command::new(example).output().expect("the example was built beside this test");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example}: {printed}{complained}");
    for expected in prints {
        assert!(printed.contains(expected), "{example}: no `{expected}` in\n{printed}");
    }
}

macro_rules! examples {
    ($($name:ident prints $prints:expr;)*) => {
        $(#[test] fn $name() { run(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), &$prints); })*
    };
}

examples! {
    get prints ["200 https://site.com/open.json"];
    post_json prints ["200"];
    form_upload prints ["title: Lamp", "photo: photo %22one%22.png (18 bytes)"];
    abort prints ["aborted: true, timed out: false"];
    stream_body prints ["bytes)"];
    page prints ["Cors 200", "Opaque 0", "refused: CorsCheck"];
    cors_explained prints ["Access-Control-Allow-Origin is `https://other.example`"];
    mock prints ["lamp"];
    guarded prints ["127.0.0.1 is refused"];
    blocking prints ["{"];
    strangers_scripts prints [
        "| Error: double takes a number",
        "memory\n  | InternalError: out of memory",
        "stack\n  | RangeError",
        "time\n  TimedOut",
        "a host\n  The request was kept back",
        "a redirect\n  The request was kept back",
        "PATCH is not allowed:\n  The request was kept back",
        "| 200\n  | 200\n  | 200\n  no requests left",
        "| 900\n  200 bytes are too many",
        "127.0.0.1 is refused",
        "::1 is refused",
    ];
    web_socket prints ["text: hello", "3 bytes", "closed with 1000, cleanly: true", "NotSwitched { status: 200 }"];
    plugin_host prints ["[prices] prices: undefined undefined", "\"rate\": Number(1.25)", "greedy: Interrupted, published []"];
}
