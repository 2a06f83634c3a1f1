//! Processes and their costs: starts the server, runs the clients in turn, counts under valgrind, takes medians.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::rows::{CLIENTS, ROWS, Row, Wire};
use crate::{Asked, Failure};

/// The longest that one client may take; under valgrind everything is some fifty times slower.
const BOUND: Duration = Duration::from_secs(300);

/// What instructions are counted for: the larger number of requests less the smaller.
const COUNTED: (usize, usize) = (1024, 2048);

/// A moment of this process.
pub(crate) struct Mark {
    pub(crate) at: Instant,
    pub(crate) cpu_nanoseconds: u64,
}

impl Mark {
    pub(crate) fn now() -> Mark {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        Mark { at: Instant::now(), cpu_nanoseconds: cpu.tv_sec as u64 * 1_000_000_000 + cpu.tv_nsec as u64 }
    }
}

/// Where the server is, and who vouches for it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) plain: u16,
    pub(crate) tls: u16,
    pub(crate) authority: String,
}

const VARIABLE: &str = "SOFETCH_BENCH_TARGET";

impl Target {
    pub(crate) fn from_environment() -> Result<Target, Failure> {
        Target::read(&std::env::var(VARIABLE)?)
    }

    fn read(line: &str) -> Result<Target, Failure> {
        let value: Value = serde_json::from_str(line)?;
        let port = |name: &str| value[name].as_u64().and_then(|port| u16::try_from(port).ok());
        Ok(Target {
            plain: port("plain").ok_or("no port")?,
            tls: port("tls").ok_or("no port")?,
            authority: value["authority"].as_str().ok_or("no authority")?.to_owned(),
        })
    }

    pub(crate) fn port(&self, wire: Wire) -> u16 {
        if wire == Wire::Http1 { self.plain } else { self.tls }
    }

    pub(crate) fn url(&self, row: &Row) -> String {
        let scheme = if row.wire == Wire::Http1 { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}{}", self.port(row.wire), row.path())
    }
}

const TWO_CPUS: &str = "SOFETCH_BENCH_TWO_CPUS";

/// Pins this process to the first of its CPUs; a client to the last, where it shall have one of its own.
pub(crate) fn pin_to_cpu(last: bool) {
    let Ok(mine) = sched_getaffinity(None) else { return };
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|&cpu| mine.is_set(cpu));
    let last = last && std::env::var_os(TWO_CPUS).is_some();
    let cpu = if last { cpus.next_back() } else { cpus.next() };
    let mut one = CpuSet::new();
    if let Some(cpu) = cpu {
        one.set(cpu);
        // A machine that will not be pinned is measured as it is.
        let _ = sched_setaffinity(None, &one);
    }
}

/// The most memory that this process ever held, in KiB.
pub(crate) fn peak_memory() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// What a row cost each client.
pub(crate) struct RowResult {
    pub(crate) row: &'static Row,
    pub(crate) costs: Vec<Costs>,
    /// Instructions of `tiny-seq` by the same client, where they were counted.
    pub(crate) tiny_instructions: Option<f64>,
}

/// Of one client in one row.
pub(crate) struct Costs {
    pub(crate) client: &'static str,
    /// CPU time a request in microseconds, a round each, sorted; with the server's where [`Row::counts_server`].
    pub(crate) cpu: Vec<f64>,
    pub(crate) instructions: Option<f64>,
    /// The median of the peaks in MiB.
    pub(crate) peak_mib: Vec<f64>,
}

pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[count / 2]),
        count => Some((sorted[count / 2 - 1] + sorted[count / 2]) / 2.0),
    }
}

/// Runs everything that is asked for.
pub(crate) fn measure(asked: &Asked) -> Result<Vec<RowResult>, Failure> {
    let chosen = |name: &str, wanted: &[String]| {
        wanted.is_empty()
            || wanted.iter().any(|wanted| name == wanted || name.starts_with(&format!("{wanted}-")))
    };
    let server = Server::start(asked.two_cpus)?;
    let mut results: Vec<RowResult> = ROWS
        .iter()
        .filter(|row| chosen(row.name, &asked.rows))
        .map(|row| {
            let clients = CLIENTS.iter().filter(|client| {
                asked.clients.is_empty() || asked.clients.iter().any(|wanted| wanted == *client)
            });
            let costs = clients
                .map(|&client| Costs { client, cpu: Vec::new(), instructions: None, peak_mib: Vec::new() })
                .collect();
            RowResult { row, costs, tiny_instructions: None }
        })
        .collect();
    for round in 0..asked.rounds {
        eprintln!("round {} of {}", round + 1, asked.rounds);
        for result in &mut results {
            let row = result.row;
            for costs in &mut result.costs {
                let served_before = server.cpu_nanoseconds(row)?;
                let printed = server.run(row, costs.client, row.requests, false)?;
                let served = server.cpu_nanoseconds(row)? - served_before;
                let printed: Value = serde_json::from_str(&printed)?;
                let number = |name: &str| printed[name].as_f64().ok_or("a number is missing");
                costs.cpu.push((number("cpu")? + served) / 1000.0 / row.requests as f64);
                costs.peak_mib.push(number("peak")? / 1024.0);
            }
        }
    }
    for costs in results.iter_mut().flat_map(|result| &mut result.costs) {
        costs.cpu.sort_by(f64::total_cmp);
        costs.peak_mib.sort_by(f64::total_cmp);
    }
    if asked.instructions {
        count_instructions(&server, &mut results)?;
    }
    Ok(results)
}

fn count_instructions(server: &Server, results: &mut [RowResult]) -> Result<(), Failure> {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Err("valgrind is not installed: run without --instr".into());
    }
    for result in results.iter_mut().filter(|result| result.row.countable) {
        eprintln!("counting {}", result.row.name);
        for costs in &mut result.costs {
            let few = collected(&server.run(result.row, costs.client, COUNTED.0, true)?)?;
            let many = collected(&server.run(result.row, costs.client, COUNTED.1, true)?)?;
            costs.instructions = Some((many - few) / (COUNTED.1 - COUNTED.0) as f64);
        }
    }
    let tiny = results.iter().find(|result| result.row.name == "tiny-seq");
    let tiny =
        tiny.and_then(|result| result.costs.iter().find(|costs| costs.client == "sofetch")?.instructions);
    results.iter_mut().for_each(|result| result.tiny_instructions = tiny);
    Ok(())
}

/// What callgrind says that it collected.
fn collected(said: &str) -> Result<f64, Failure> {
    let line = said.lines().rev().find_map(|line| line.split_once("Collected :"));
    Ok(line.ok_or("callgrind said no count")?.1.trim().parse()?)
}

/// The server's process: it ends with us.
pub(crate) struct Server {
    process: Child,
    line: String,
    two_cpus: bool,
    _output: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(two_cpus: bool) -> Result<Server, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .envs(two_cpus.then_some((TWO_CPUS, "1")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        Target::read(&line)?;
        Ok(Server { process, line, two_cpus, _output: output })
    }

    pub(crate) fn target(&self) -> Result<Target, Failure> {
        Target::read(&self.line)
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The server's own CPU time until now, of all its threads; nothing for a row that does not count it.
    fn cpu_nanoseconds(&self, row: &Row) -> Result<f64, Failure> {
        if !row.counts_server() {
            return Ok(0.0);
        }
        let mut sum = 0.0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let spent = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            sum += spent.split_whitespace().next().ok_or("an empty schedstat")?.parse::<f64>()?;
        }
        Ok(sum)
    }

    /// What a client prints; under valgrind, what valgrind says.
    fn run(&self, row: &Row, client: &str, requests: usize, count: bool) -> Result<String, Failure> {
        let this = std::env::current_exe()?;
        let mut command = if count {
            let mut command = Command::new("valgrind");
            command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(this);
            command
        } else {
            Command::new(this)
        };
        let (out, err) =
            if count { (Stdio::null(), Stdio::piped()) } else { (Stdio::piped(), Stdio::inherit()) };
        let mut process = command
            .args(["client", row.name, client, &requests.to_string()])
            .env(VARIABLE, self.line.trim())
            .envs(self.two_cpus.then_some((TWO_CPUS, "1")))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()?;
        let until = Instant::now() + BOUND;
        let status = loop {
            match process.try_wait()? {
                Some(status) => break status,
                None if Instant::now() > until => {
                    process.kill()?;
                    process.wait()?;
                    return Err(format!("{client} did not end {} in time", row.name).into());
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        // NB: what a client says fits in a pipe, so it never waits for us to read.
        let mut said = String::new();
        match (process.stdout.take(), process.stderr.take()) {
            (Some(mut output), _) => output.read_to_string(&mut said)?,
            (_, Some(mut errors)) => errors.read_to_string(&mut said)?,
            _ => 0,
        };
        match status.success() {
            true => Ok(said),
            false => Err(format!("{client} failed at {}: {status}\n{said}", row.name).into()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
