//! The same scripts in `sofetch run` and in other runtimes: `cargo xtask bench js`.
//!
//! ```text
//! cargo xtask bench js [--rows NAME,..] [--clients NAME,..] [--rounds N] [--two-cpus] [--json] [--peers] [--list]
//! ```
//!
//! - `--rows`, `--clients`: only those
//! - `--rounds N`: so many interleaved rounds (5), of which medians are taken
//! - `--two-cpus`: server and client have a CPU each, where they share one otherwise
//! - `--json`: one JSON object in place of the table
//! - `--peers`: has npm put Node, Deno and Bun into target/peers first
//!
//! # Method
//!
//! As in the benches of the Rust face: the server is a process of its own, each client too, all on one CPU, in
//! interleaved rounds. A script warms up, fetches `/begin` from a second port, works, fetches `/end`; whoever answers
//! there reads the CPU clock of the script's process (all threads, user and system) and its peak memory. Start-up, what the
//! engine compiles while it warms up, and connects are so left out, but for the row `start`, which is all of that: CPU of the
//! whole process until it has ended, and the moments that its script tells. `stream-` rows count the server's CPU too. `import-` rows are
//! whole processes as well, of one module that imports a hundred.
//!
//! `sofetch` runs a script as a page of the server's origin, with a browser's rules and six connections to a host;
//! `sofetch-no-page` under a server's rules, as the others do. Those that are not installed are passed over, and who lacks what a row is of
//! has no figure in it: Node has no global `Worker`, and Node and Bun import nothing by http.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;
use crate::js_measure::{Cost, Runs};
use crate::js_report;

/// One workload.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) script: &'static str,
    pub(crate) at_once: usize,
    pub(crate) requests: usize,
    pub(crate) warm_up: usize,
    /// See `Row::counts_server` of the other benches.
    pub(crate) counts_server: bool,
    /// The global that it is of; nobody is asked for it who lacks that.
    pub(crate) needs: &'static str,
    /// Where the hundred modules are that it imports.
    pub(crate) imports: Option<Imports>,
}

/// Where modules are imported from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Imports {
    Files,
    Http,
}

const TINY: Row = Row {
    name: "tiny-seq",
    what: "GET of 12 bytes, one after the other",
    script: include_str!("../js/tiny.js"),
    at_once: 1,
    requests: 4096,
    warm_up: 1024,
    counts_server: false,
    needs: "fetch",
    imports: None,
};

const MESSAGES: Row = Row {
    name: "message-clone",
    what: "64 KiB cloned through a MessageChannel of one realm, and back",
    script: concat!(
        "const TRANSFERS = false;\n",
        include_str!("../js/exchange.js"),
        include_str!("../js/messages.js")
    ),
    needs: "MessageChannel",
    ..TINY
};

const WORKER: Row = Row {
    name: "worker-start",
    what: "new Worker() to its first message",
    script: include_str!("../js/worker_start.js"),
    requests: 64,
    warm_up: 16,
    needs: "Worker",
    ..TINY
};

const IMPORT: Row =
    Row { name: "import-files", what: "a hundred modules of files", imports: Some(Imports::Files), ..STREAM };

const STREAM: Row = Row {
    name: "stream-reader",
    what: "GET of 1 GiB through getReader()",
    script: include_str!("../js/reader.js"),
    requests: 1,
    warm_up: 0,
    counts_server: true,
    ..TINY
};

pub(crate) const START: &str = "start";

const ROWS: [Row; 14] = [
    Row {
        name: START,
        what: "start of the process to its first fetch done",
        script: include_str!("../js/start.js"),
        ..STREAM
    },
    TINY,
    Row { name: "tiny-c64", what: "GET of 12 bytes, 64 at once", at_once: 64, requests: 8192, ..TINY },
    Row {
        name: "json-2k",
        what: "GET of 2 KB of JSON, parsed",
        script: include_str!("../js/json.js"),
        ..TINY
    },
    STREAM,
    Row {
        name: "stream-pipe",
        what: "GET of 1 GiB through pipeTo(new WritableStream())",
        script: include_str!("../js/pipe.js"),
        ..STREAM
    },
    Row {
        name: "xhr-seq",
        what: "GET of 12 bytes by XMLHttpRequest, one after the other",
        script: include_str!("../js/xhr.js"),
        needs: "XMLHttpRequest",
        ..TINY
    },
    MESSAGES,
    Row {
        name: "message-transfer",
        what: "64 KiB transferred through a MessageChannel of one realm, and back",
        script: concat!(
            "const TRANSFERS = true;\n",
            include_str!("../js/exchange.js"),
            include_str!("../js/messages.js")
        ),
        ..MESSAGES
    },
    WORKER,
    Row {
        name: "worker-clone",
        what: "64 KiB cloned to a worker, and back",
        script: concat!(
            "const TRANSFERS = false;\n",
            include_str!("../js/exchange.js"),
            include_str!("../js/worker_messages.js")
        ),
        needs: "Worker",
        ..TINY
    },
    Row {
        name: "worker-transfer",
        what: "64 KiB transferred to a worker, and back",
        script: concat!(
            "const TRANSFERS = true;\n",
            include_str!("../js/exchange.js"),
            include_str!("../js/worker_messages.js")
        ),
        needs: "Worker",
        ..TINY
    },
    IMPORT,
    Row { name: "import-http", what: "a hundred modules by http", imports: Some(Imports::Http), ..IMPORT },
];

/// How many modules are imported.
pub(crate) const MODULES: usize = 100;

/// The text of each.
pub(crate) const MODULE: &str = include_str!("../js/module.js");

/// What runs scripts.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    program: PathBuf,
    arguments: &'static [&'static str],
    is_ours: bool,
    imports_http: bool,
}

impl Client {
    /// The command that runs this file.
    pub(crate) fn command(&self, script: &Path, page: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.arguments).env("DENO_NO_UPDATE_CHECK", "1").env("NO_COLOR", "1");
        if self.is_ours {
            command.args(["--base-url", page]);
        }
        self.ready(command, script)
    }

    /// The same as a page of the file's own.
    pub(crate) fn file_command(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.arguments).env("DENO_NO_UPDATE_CHECK", "1").env("NO_COLOR", "1");
        self.ready(command, script)
    }

    /// Can it do what the row is of, as far as that is known before it runs?
    pub(crate) fn imports(&self, imports: Imports) -> bool {
        imports == Imports::Files || self.imports_http
    }

    fn ready(&self, mut command: Command, script: &Path) -> Command {
        command.arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command
    }

    /// The command that does nothing: what it takes to be a process at all.
    pub(crate) fn bare_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command
    }
}

/// What is asked for on the command line.
pub(crate) struct Asked {
    rows: Vec<String>,
    clients: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) two_cpus: bool,
    json: bool,
    peers: bool,
    /// Our own command, and the folder that peers are installed in.
    sofetch: PathBuf,
    installed: PathBuf,
}

const USAGE: &str = "\
cargo xtask bench js [--rows NAME,..] [--clients NAME,..] [--rounds N] [--two-cpus] [--json] [--peers] [--list]
";

/// Does what the words after `js` ask for.
pub(crate) fn bench(arguments: &[&str]) -> Result<bool, Failure> {
    if arguments.contains(&"--list") {
        for row in &ROWS {
            println!("{:<14} {}", row.name, row.what);
        }
        return Ok(true);
    }
    let asked = asked(arguments).ok_or(USAGE)?;
    if asked.peers {
        install(&asked.installed)?;
    }
    let clients = clients(&asked);
    let rows: Vec<&'static Row> = ROWS.iter().filter(|row| chosen(row.name, &asked.rows)).collect();
    let runs = Runs::start(asked.two_cpus)?;
    let mut costs: Vec<Vec<Cost>> =
        rows.iter().map(|_| clients.iter().map(|_| Cost::default()).collect()).collect();
    for round in 0..asked.rounds {
        eprintln!("round {} of {}", round + 1, asked.rounds);
        for (row, costs) in rows.iter().zip(&mut costs) {
            for (client, cost) in clients.iter().zip(costs) {
                match row.imports {
                    Some(imports) if client.imports(imports) => {
                        runs.measure_import(row, imports, client, cost)?
                    }
                    Some(_) => {}
                    None if row.name == START => runs.measure_start(row, client, cost)?,
                    None => runs.measure(row, client, cost)?,
                }
            }
        }
    }
    costs.iter_mut().flatten().for_each(Cost::sort);
    if asked.json {
        println!("{:#}", js_report::json(&rows, &clients, &costs, &asked));
    } else {
        print!("{}", js_report::table(&rows, &clients, &costs, &asked));
    }
    Ok(true)
}

fn chosen(name: &str, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| name == wanted || name.starts_with(&format!("{wanted}-")))
}

fn asked(arguments: &[&str]) -> Option<Asked> {
    let mut asked = Asked {
        rows: Vec::new(),
        clients: Vec::new(),
        rounds: 5,
        two_cpus: false,
        json: false,
        peers: false,
        sofetch: PathBuf::from("target/release/sofetch"),
        installed: PathBuf::from("target/peers"),
    };
    let list = |value: &str| value.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--rows" => asked.rows = list(arguments.next()?),
            "--clients" => asked.clients = list(arguments.next()?),
            "--rounds" => asked.rounds = arguments.next()?.parse().ok()?,
            "--command" => asked.sofetch = arguments.next()?.into(),
            "--installed" => asked.installed = arguments.next()?.into(),
            "--two-cpus" => asked.two_cpus = true,
            "--json" => asked.json = true,
            "--peers" => asked.peers = true,
            _ => return None,
        }
    }
    Some(asked)
}

/// Each of them from its npm package, which has the program itself.
fn install(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let status = Command::new("npm")
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(folder)
        .args(["node", "deno", "bun"])
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("npm: {error}"))?;
    if !status.success() {
        return Err(format!("npm: {status}").into());
    }
    Ok(())
}

/// Those that are here, and a line for each that is not.
fn clients(asked: &Asked) -> Vec<Client> {
    let modules = asked.installed.join("node_modules");
    let known: [(&'static str, PathBuf, &'static [&'static str]); 6] = [
        ("sofetch", asked.sofetch.clone(), &["run"]),
        ("sofetch-no-page", asked.sofetch.clone(), &["run", "--no-page"]),
        ("node", modules.join("node/bin/node"), &[]),
        ("deno", modules.join("deno/deno"), &["run", "--allow-net", "--allow-import", "--reload", "--quiet"]),
        ("bun", modules.join("bun/bin/bun.exe"), &["run"]),
        ("node-of-system", PathBuf::from("node"), &[]),
    ];
    let mut clients = Vec::new();
    for (name, program, arguments) in known {
        if !asked.clients.is_empty() && !asked.clients.iter().any(|wanted| wanted == name) {
            continue;
        }
        let said = Command::new(&program).arg("--version").stderr(Stdio::null()).output();
        match said {
            Ok(said) if said.status.success() => {
                let version = String::from_utf8_lossy(&said.stdout);
                let version = version.lines().next().unwrap_or_default();
                let version = version.split_whitespace().find(|word| word.contains('.')).unwrap_or(version);
                let version = version.trim_start_matches('v').to_owned();
                clients.push(Client {
                    name,
                    version,
                    program,
                    arguments,
                    is_ours: name.starts_with("sofetch"),
                    imports_http: name.starts_with("sofetch") || name == "deno",
                });
            }
            _ => eprintln!("{name} is not at {} (--peers installs peers): passed over", program.display()),
        }
    }
    clients
}
