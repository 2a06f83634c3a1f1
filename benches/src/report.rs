//! What was measured, as a table or as JSON: ratios first, then the figures, then the bars.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::Asked;
use crate::measure::{Costs, RowResult, median};

/// A bar, and whether it is met.
pub(crate) struct Bar {
    pub(crate) what: &'static str,
    pub(crate) limit: f64,
    pub(crate) found: f64,
    pub(crate) met: bool,
}

fn of<'a>(result: &'a RowResult, client: &str) -> Option<&'a Costs> {
    result.costs.iter().find(|costs| costs.client == client)
}

fn ratio(ours: Option<f64>, theirs: Option<f64>) -> Option<f64> {
    Some(ours? / theirs?)
}

/// Those bars of a row that were measured; sofetch is held to them where no page asks.
pub(crate) fn bars(result: &RowResult) -> Vec<Bar> {
    let bars = &result.row.bars;
    let Some(ours) = of(result, "sofetch") else { return Vec::new() };
    let cpu = ratio(median(&ours.cpu), of(result, "reqwest").and_then(|costs| median(&costs.cpu)));
    let added =
        ratio(ours.instructions, Some(1.0)).zip(result.tiny_instructions).map(|(all, tiny)| all - tiny);
    [
        ("CPU, ratio to reqwest", Some(bars.cpu_ratio), cpu),
        ("instructions a request", bars.instructions, ours.instructions),
        ("instructions added to tiny-seq", bars.added_instructions, added),
        ("peak memory, MiB", bars.peak_mib, median(&ours.peak_mib)),
    ]
    .into_iter()
    .filter_map(|(what, limit, found)| {
        let (limit, found) = (limit?, found?);
        Some(Bar { what, limit, found, met: found <= limit })
    })
    .collect()
}

/// A table for people; it is also valid Markdown.
pub(crate) fn table(results: &[RowResult], asked: &Asked) -> String {
    let mut page = String::new();
    let mut line = |text: String| {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{text}");
    };
    let cpus =
        if asked.two_cpus { "a CPU each for server and client" } else { "one CPU for server and client" };
    line(format!("{}; {cpus}; {} rounds; {}", machine(), asked.rounds, versions().join(", ")));
    line(String::new());
    line("| row | client | CPU / reqwest | CPU / hyper | instr / reqwest | instr / hyper | CPU us (least-most) | instr | peak MiB |".to_owned());
    line("|---|---|---|---|---|---|---|---|---|".to_owned());
    for result in results {
        let peer = |name| of(result, name);
        for costs in &result.costs {
            let cpu = median(&costs.cpu);
            let against = |name| ratio(cpu, peer(name).and_then(|peer| median(&peer.cpu)));
            let instructions_against =
                |name| ratio(costs.instructions, peer(name).and_then(|peer| peer.instructions));
            let spread = match (costs.cpu.first(), costs.cpu.last()) {
                (Some(least), Some(most)) => {
                    format!("{} ({}-{})", shown(cpu, 2), shown(Some(*least), 2), shown(Some(*most), 2))
                }
                _ => "-".to_owned(),
            };
            line(format!(
                "| {} | {} | {} | {} | {} | {} | {spread} | {} | {} |",
                result.row.name,
                costs.client,
                shown(against("reqwest"), 2),
                shown(against("hyper"), 2),
                shown(instructions_against("reqwest"), 2),
                shown(instructions_against("hyper"), 2),
                shown(costs.instructions, 0),
                shown(median(&costs.peak_mib), 1),
            ));
        }
    }
    line(String::new());
    line("| row | bar for sofetch | limit | found | met |".to_owned());
    line("|---|---|---|---|---|".to_owned());
    for result in results {
        for bar in bars(result) {
            let met = if bar.met { "yes" } else { "NO" };
            let places = if bar.limit < 100.0 { 2 } else { 0 };
            let (limit, found) = (shown(Some(bar.limit), places), shown(Some(bar.found), places));
            line(format!("| {} | {} | {limit} | {found} | {met} |", result.row.name, bar.what));
        }
    }
    page
}

pub(crate) fn shown(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}

/// The same for programs.
pub(crate) fn json(results: &[RowResult], asked: &Asked) -> Value {
    let rows: Vec<Value> = results
        .iter()
        .map(|result| {
            let clients: Vec<Value> = result
                .costs
                .iter()
                .map(|costs| {
                    json!({
                        "client": costs.client,
                        "cpu-microseconds": median(&costs.cpu),
                        "cpu-microseconds-of-rounds": costs.cpu,
                        "instructions": costs.instructions,
                        "peak-mib": median(&costs.peak_mib),
                    })
                })
                .collect();
            let bars: Vec<Value> = bars(result)
                .iter()
                .map(|bar| json!({"what": bar.what, "limit": bar.limit, "found": bar.found, "met": bar.met}))
                .collect();
            json!({"row": result.row.name, "what": result.row.what, "clients": clients, "bars": bars})
        })
        .collect();
    json!({
        "machine": machine(),
        "versions": versions(),
        "rounds": asked.rounds,
        "two-cpus": asked.two_cpus,
        "rows": rows,
    })
}

/// The CPU, how many, and the kernel.
pub(crate) fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    // NB: this process may be pinned to one of them.
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{count} x {}, Linux {}", model.map_or("unknown CPU", |model| model.1), kernel.trim())
}

/// Of the peers and what all stand on, from the lock file of this build.
pub(crate) fn versions() -> Vec<String> {
    const NAMED: [&str; 8] = ["sofetch", "reqwest", "hyper", "hyper-util", "h2", "rustls", "ring", "tokio"];
    let lock = include_str!("../Cargo.lock");
    let mut packages = lock.split("[[package]]").filter_map(|package| {
        let value =
            |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        Some((value("name")?.trim_matches('"'), value("version")?.trim_matches('"')))
    });
    let mut versions = Vec::new();
    for (name, version) in packages.by_ref() {
        if NAMED.contains(&name) {
            versions.push(format!("{name} {version}"));
        }
    }
    versions
}
