//! What the scripts cost, as a table or as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::js::{Asked, Client, Row, START};
use crate::js_measure::Cost;
use crate::measure::median;
use crate::report::{machine, shown};

/// The CPU figure that a row is compared by.
fn compared<'a>(row: &Row, cost: &'a Cost) -> &'a [f64] {
    if row.counts_server && row.name != START && row.imports.is_none() {
        &cost.cpu_with_server
    } else {
        &cost.cpu
    }
}

fn spread(list: &[f64], unit: f64, places: usize) -> String {
    match (median(list), list.first(), list.last()) {
        (Some(middle), Some(least), Some(most)) => {
            format!("{:.places$} ({:.places$}-{:.places$})", middle / unit, least / unit, most / unit)
        }
        _ => "-".to_owned(),
    }
}

/// Is it told in milliseconds?
fn is_long(row: &Row) -> bool {
    row.requests == 1
}

/// A table for people; it is also valid Markdown.
pub(crate) fn table(rows: &[&Row], clients: &[Client], costs: &[Vec<Cost>], asked: &Asked) -> String {
    let mut page = String::new();
    let mut line = |text: String| {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{text}");
    };
    let cpus =
        if asked.two_cpus { "a CPU each for server and client" } else { "one CPU for server and client" };
    let versions: Vec<String> =
        clients.iter().map(|client| format!("{} {}", client.name, client.version)).collect();
    line(format!("{}; {cpus}; {} rounds; {}", machine(), asked.rounds, versions.join(", ")));
    line(String::new());
    line("| row | client | CPU, ours / its | CPU a request (least-most) | peak MiB |".to_owned());
    line("|---|---|---|---|---|".to_owned());
    for (row, costs) in rows.iter().zip(costs) {
        let ours = costs.first().and_then(|cost| median(compared(row, cost)));
        for (client, cost) in clients.iter().zip(costs) {
            let cpu = compared(row, cost);
            let ratio = ours.zip(median(cpu)).map(|(ours, its)| ours / its);
            let figure = match is_long(row) {
                true => format!("{} ms", spread(cpu, 1000.0, 1)),
                false => format!("{} us", spread(cpu, 1.0, 1)),
            };
            line(format!(
                "| {} | {} | {} | {figure} | {} |",
                row.name,
                client.name,
                shown(ratio, 2),
                shown(median(&cost.peak_mib), 1),
            ));
        }
    }
    let Some(start) = rows.iter().position(|row| row.name == START) else { return page };
    line(String::new());
    line("| start, ms | `--version` CPU | `--version` | realm begins | script begins | fetch is done | process ends |".to_owned());
    line("|---|---|---|---|---|---|---|".to_owned());
    for (client, cost) in clients.iter().zip(&costs[start]) {
        let [bare_cpu, bare, origin, begun, fetched, ended] = phases(cost);
        line(format!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            client.name,
            shown(bare_cpu, 1),
            shown(bare, 1),
            shown(origin, 1),
            shown(begun, 1),
            shown(fetched, 1),
            shown(ended, 1),
        ));
    }
    page
}

/// In milliseconds: CPU and time of the bare process, and the moments since the other's start.
fn phases(cost: &Cost) -> [Option<f64>; 6] {
    let bare_cpu = median(&cost.bare_cpu).map(|microseconds| microseconds / 1000.0);
    let moments = [&cost.bare, &cost.origin, &cost.begun, &cost.fetched, &cost.ended];
    let [bare, origin, begun, fetched, ended] = moments.map(|list| median(list));
    [bare_cpu, bare, origin, begun, fetched, ended]
}

/// The same for programs.
pub(crate) fn json(rows: &[&Row], clients: &[Client], costs: &[Vec<Cost>], asked: &Asked) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .zip(costs)
        .map(|(row, costs)| {
            let clients: Vec<Value> = clients
                .iter()
                .zip(costs)
                .map(|(client, cost)| {
                    let [bare_cpu, bare, origin, begun, fetched, ended] = phases(cost);
                    json!({
                        "client": client.name,
                        "cpu-microseconds": median(&cost.cpu),
                        "cpu-microseconds-of-rounds": cost.cpu,
                        "cpu-microseconds-with-server": median(&cost.cpu_with_server),
                        "peak-mib": median(&cost.peak_mib),
                        "bare-cpu-milliseconds": bare_cpu,
                        "milliseconds": {
                            "bare": bare, "realm": origin, "script": begun, "fetched": fetched, "ended": ended,
                        },
                    })
                })
                .collect();
            json!({"row": row.name, "what": row.what, "clients": clients})
        })
        .collect();
    let versions: Vec<String> =
        clients.iter().map(|client| format!("{} {}", client.name, client.version)).collect();
    json!({
        "machine": machine(),
        "versions": versions,
        "rounds": asked.rounds,
        "two-cpus": asked.two_cpus,
        "rows": rows,
    })
}
