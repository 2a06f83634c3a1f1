//! `cargo xtask load [N]`: the tests of aborts and errors, N times, while other processes keep every core busy: what hangs or fails only
//! where threads wait for each other's turn shows then.
//!
//! A run is one test executable with some of its tests, under a watchdog; its number alone says which, and with how many threads, so that
//! what is reported can be run again. It is no step of `check`: it takes its time.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{Outcome, check, sources};

/// How many runs where nobody says.
const RUNS: usize = 100;

/// No good run takes a tenth of it on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

/// Packages, their test executables, and the tests in them by parts of their names; none are all.
const TESTS: [(&str, &str, &[&str]); 9] = [
    ("sofetch-js", "abort_reasons", &[]),
    ("sofetch-js", "fetching", &["abort", "wrong_chunks", "nobody_reads", "reads_no_bodies", "across"]),
    ("sofetch-js", "endings", &[]),
    ("sofetch-js", "xml_http_request", &[]),
    ("sofetch-js", "event_source", &[]),
    ("sofetch-js", "modules_network", &[]),
    ("sofetch-js", "beacon", &[]),
    ("sofetch", "whole_path", &["ends::", "bodies::"]),
    ("sofetch", "whole_path", &["bad_http2::"]),
];

/// Threads of the executable's own.
const THREADS: [usize; 3] = [1, 2, 8];

/// `cargo xtask load [N]`
pub(crate) fn load(runs: Option<&str>) -> Outcome {
    let runs = match runs.map(str::parse) {
        None => RUNS,
        Some(Ok(runs)) => runs,
        Some(Err(_)) => return Err(vec!["load: that is no number of runs".to_owned()]),
    };
    let built = test_executables()?;
    let _burners = Burners::start()?;
    let (mut bad, began) = (0, Instant::now());
    for number in 0..runs {
        let run = Run::of(number);
        // Told at once, as there may be hours to go.
        match run.command(&built).and_then(|command| watched(command, LIMIT)) {
            Ok(Ended::Well) => {}
            Ok(Ended::Badly(said)) => {
                bad += 1;
                eprintln!("load: {run} failed:\n{said}");
            }
            Ok(Ended::Hung(said)) => {
                bad += 1;
                eprintln!("load: {run} hung for {} s:\n{said}", LIMIT.as_secs());
            }
            Err(why) => return Err(vec![format!("load: {run}: {why}")]),
        }
        if (number + 1) % 100 == 0 {
            println!("{} runs, {bad} bad ones, {} s", number + 1, began.elapsed().as_secs());
        }
    }
    match bad {
        0 => Ok(format!("load: {runs} runs, no hang, no failure")),
        _ => Err(vec![format!("load: {bad} of {runs} runs")]),
    }
}

/// Keeps a core busy until whoever started it is gone.
pub(crate) fn burn() -> Outcome {
    thread::spawn(|| {
        // NB: it ends with its other end, however that ended.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    loop {
        std::hint::black_box((0..1 << 20).fold(0_u64, |sum, number| sum.rotate_left(7) ^ number));
    }
}

/// A process for each core.
struct Burners(Vec<Child>);

impl Burners {
    fn start() -> Result<Burners, Vec<String>> {
        let failed = |error: std::io::Error| vec![format!("load: {error}")];
        let ours = std::env::current_exe().map_err(failed)?;
        let mut burners = Burners(Vec::new());
        for _ in 0..thread::available_parallelism().map_err(failed)?.get() {
            let burner = Command::new(&ours).arg("burn").stdin(Stdio::piped()).spawn();
            burners.0.push(burner.map_err(failed)?);
        }
        Ok(burners)
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for burner in &mut self.0 {
            let _ = burner.kill();
            let _ = burner.wait();
        }
    }
}

#[derive(Debug, PartialEq)]
struct Run {
    number: usize,
    package: &'static str,
    target: &'static str,
    filters: &'static [&'static str],
    threads: usize,
}

impl Run {
    fn of(number: usize) -> Run {
        let (package, target, filters) = TESTS[number % TESTS.len()];
        Run { number, package, target, filters, threads: THREADS[number / TESTS.len() % THREADS.len()] }
    }

    fn command(&self, built: &[TestExecutable]) -> Result<Command, String> {
        let executable =
            built.iter().find(|built| built.package == self.package && built.target == self.target);
        let executable = executable.ok_or("no such test executable")?;
        let mut command = Command::new(&executable.path);
        command.args(self.filters).arg("--test-threads").arg(self.threads.to_string());
        // As cargo runs it.
        command.current_dir(executable.folder.clone());
        Ok(command)
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Run { number, package, target, filters, threads } = self;
        write!(
            f,
            "run {number} (cargo test -p {package} --test {target} -- {} --test-threads {threads})",
            filters.join(" ")
        )
    }
}

/// How a run ended, with what it said.
#[derive(Debug, PartialEq)]
enum Ended {
    Well,
    Badly(String),
    Hung(String),
}

fn watched(mut command: Command, limit: Duration) -> Result<Ended, String> {
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| error.to_string())?;
    let said = [child.stdout.take().map(collected), child.stderr.take().map(collected)];
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break Some(status),
            None if Instant::now() >= deadline => break None,
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    if status.is_none() {
        child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
    }
    let said: String = said.into_iter().flatten().filter_map(|reader| reader.join().ok()).collect();
    Ok(match status {
        Some(status) if status.success() => Ended::Well,
        Some(_) => Ended::Badly(said),
        None => Ended::Hung(said),
    })
}

/// Reads on, so that nobody waits for a full pipe.
fn collected(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut said = Vec::new();
        // What was read before it broke off is worth a look, too.
        let _ = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// One that was built.
#[derive(Debug, PartialEq)]
struct TestExecutable {
    package: String,
    target: String,
    path: PathBuf,
    /// Where cargo runs it.
    folder: PathBuf,
}

/// Builds them, and copies those that are run: a build meanwhile changes nothing.
fn test_executables() -> Result<Vec<TestExecutable>, Vec<String>> {
    let output = check::command()
        .args(["test", "--no-run", "--message-format", "json-render-diagnostics"])
        .args(["--package", "sofetch-js", "--package", "sofetch", "--tests"])
        .current_dir(sources::root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| vec![format!("load: {error}")])?;
    if !output.status.success() {
        return Err(vec![format!("load: cargo test --no-run: {}", output.status)]);
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let built = lines.filter_map(|line| executable_of(&serde_json::from_slice(line).ok()?));
    let is_run =
        |built: &TestExecutable| TESTS.iter().any(|test| (test.0, test.1) == (&built.package, &built.target));
    built.filter(is_run).map(copied).collect()
}

fn copied(built: TestExecutable) -> Result<TestExecutable, Vec<String>> {
    let failed = |error: std::io::Error| vec![format!("load: {}: {error}", built.path.display())];
    let folder = built.path.ancestors().nth(2).unwrap_or(&built.path).join("load");
    let path = folder.join(format!("{}-{}{}", built.package, built.target, std::env::consts::EXE_SUFFIX));
    std::fs::create_dir_all(&folder).and_then(|()| std::fs::copy(&built.path, &path)).map_err(failed)?;
    Ok(TestExecutable { path, ..built })
}

/// What a message of cargo's says of a test executable.
fn executable_of(message: &serde_json::Value) -> Option<TestExecutable> {
    let path = message["executable"].as_str()?.into();
    let folder = PathBuf::from(message["manifest_path"].as_str()?).parent()?.to_owned();
    // Behind `#` stands `name@version`, or the version alone where the folder has the package's name.
    let id = message["package_id"].as_str()?.rsplit('#').next()?;
    let package = id.split_once('@').map(|(name, _)| name).or(folder.file_name()?.to_str())?.to_owned();
    Some(TestExecutable { package, target: message["target"]["name"].as_str()?.to_owned(), path, folder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_comes_with_every_number_of_threads() {
        let whole = TESTS.len() * THREADS.len();
        let runs: Vec<Run> = (0..whole).map(Run::of).collect();
        for (package, target, filters) in TESTS {
            for threads in THREADS {
                let is_it = |run: &&Run| {
                    (run.package, run.target, run.threads) == (package, target, threads)
                        && run.filters == filters
                };
                assert_eq!(runs.iter().filter(is_it).count(), 1, "{package} {target} {threads}");
            }
        }
        assert_eq!(Run::of(whole + 1), Run { number: whole + 1, ..Run::of(1) });
    }

    #[test]
    fn messages_of_cargo_table() {
        let made = |package: &str| TestExecutable {
            package: package.to_owned(),
            target: "whole_path".to_owned(),
            path: "/t/whole_path-1".into(),
            folder: "/w/sofetch".into(),
        };
        for (id, expected) in [
            ("path+file:///w/sofetch#0.1.0", Some(made("sofetch"))),
            ("path+file:///w/sofetch#sofetch-js@0.1.0", Some(made("sofetch-js"))),
        ] {
            let message = serde_json::json!({
                "package_id": id, "manifest_path": "/w/sofetch/Cargo.toml", "executable": "/t/whole_path-1", "target": { "name": "whole_path" },
            });
            assert_eq!(executable_of(&message), expected, "{id}");
        }
        assert_eq!(
            executable_of(&serde_json::json!({ "executable": null, "reason": "compiler-artifact" })),
            None
        );
    }

    #[cfg(unix)]
    #[test]
    fn endings_table() {
        let shell = |script: &str, limit| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            watched(command, limit).expect("a shell")
        };
        let long = Duration::from_secs(600);
        assert_eq!(shell("echo well", long), Ended::Well);
        assert_eq!(shell("echo out; echo wrong >&2; exit 3", long), Ended::Badly("out\nwrong\n".to_owned()));
        assert!(matches!(shell("exec sleep 600", Duration::ZERO), Ended::Hung(_)));
    }
}
