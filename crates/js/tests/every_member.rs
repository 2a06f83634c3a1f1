//! Every constructor and member of every interface, called with odd values in many orders: what is thrown is an exception, and the
//! process lives. A failure is repeated by its seed.

mod support;

use sofetch_js::Global;
use support::{Page, run};

fn survives(global: Global, seeds: std::ops::Range<u32>) {
    for seed in seeds {
        let script = include_str!("hostile/every_member.js");
        let script = script.replace("SEED", &(seed * 7919).to_string()).replace("TURNS", "20");
        let printed = run(Page { global, ..Page::of("https://page.test/") }, &script);
        // NB: what a handler of errors throws is uncaught, as is said of a console's timers.
        let is_said = |line: &&String| line.starts_with("! ") && *line != "! timed out";
        let said: Vec<_> = printed.iter().filter(|line| !is_said(line)).collect();
        assert_eq!(said, ["end"], "{global:?}, seed {seed}");
    }
}

#[test]
fn of_a_window() {
    survives(Global::Window, 1..9);
}

#[test]
fn of_a_worker() {
    survives(Global::Worker, 9..17);
}
