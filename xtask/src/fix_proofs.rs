//! `cargo xtask fix-proofs`: what `sofetch cors` says to write into a server is written into a real one, and the same
//! command then ends with 0.
//!
//! A peer is a server that gets CORS wrong in each of the ways of `CASES`. For each case the command is asked for its text,
//! a new server is made with the text in it, and the command is run again; so is one for an origin that is not allowed,
//! and one for a path that was not asked for: both must be refused as before. A peer that cannot be had is left out, and
//! the outcome says so. What must be installed for a peer is fetched from its registry into a scratch folder, once.

mod axum;
mod fronts;
mod go;
mod nginx;
mod node;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::peers::Scene;
use crate::{Outcome, check, sources};

/// One way to get it wrong: the path that does, what more is asked, and for which origin.
struct Case {
    path: &'static str,
    origin: &'static str,
    more: &'static str,
}

const PAGE: &str = "https://app.example";
const PATCH: &str = "-X PATCH -H 'API-Key: k' --json '{}' --send always";
const PRIVATE: &str = "-X PATCH -H 'API-Key: k' -H 'Authorization: Basic dTpw' --json '{}' --send always";

/// Every path of a peer. A server's base has them all, and `/untouched`, which is closed and stays so.
const CASES: &[Case] = &[
    Case { path: "/closed", origin: PAGE, more: "" },
    Case { path: "/account", origin: PAGE, more: "--credentials include" },
    // `*`, which credentials forbid.
    Case { path: "/wildcard", origin: PAGE, more: "--credentials include" },
    // The preflight gets what the server says to an OPTIONS that it knows nothing of: 404, 405, or 200 without headers.
    Case { path: "/unrouted", origin: PAGE, more: PATCH },
    Case { path: "/missing", origin: PAGE, more: PATCH },
    // Authentication asks the preflight for credentials: 401.
    Case { path: "/private", origin: PAGE, more: PRIVATE },
    // The preflight is granted, and the answer closed.
    Case { path: "/granted", origin: PAGE, more: PATCH },
    // The preflight grants GET alone.
    Case { path: "/method", origin: PAGE, more: PATCH },
    // The application fails, and its error page has no headers.
    Case { path: "/error", origin: PAGE, more: "" },
    // Two layers set the same header.
    Case { path: "/doubled", origin: PAGE, more: "" },
    // A sandboxed page.
    Case { path: "/sandbox", origin: "null", more: "" },
    Case { path: ODD, origin: PAGE, more: "" },
];

/// A path that must be quoted: an apostrophe, a space, quotes and a backslash.
const ODD: &str = "/it%27s%20%22odd%22%5C";

/// A server that is not ours.
trait Peer {
    /// As `--server` takes it.
    fn name(&self) -> &'static str;
    /// Do its answers show who it is?
    fn shows_itself(&self) -> bool {
        true
    }
    /// Does it stand before an application?
    fn is_front(&self) -> bool {
        false
    }
    /// Is there no safe way to write the odd path in its language?
    fn refuses_odd_paths(&self) -> bool {
        false
    }
    /// Makes sure that it is here; otherwise why not.
    fn install(&self, folder: &Path) -> Result<(), String>;
    /// All texts, before any is tried: for a peer that is compiled.
    fn prepare(&self, _folder: &Path, _fixes: &[Fix]) -> Result<(), String> {
        Ok(())
    }
    /// Writes the server's files into the scene, the text of a fix among them, and says how its servers start.
    fn write(&self, scene: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>>;
}

/// What the command said to write.
struct Fix {
    case: &'static Case,
    text: String,
    notes: String,
}

/// Proves each peer's texts, or one's alone.
pub(crate) fn fix_proofs(only: Option<&str>) -> Outcome {
    let peers: [&dyn Peer; 12] = [
        &nginx::Nginx,
        &fronts::Apache,
        &fronts::Caddy,
        &fronts::Worker,
        &node::EXPRESS,
        &node::FASTIFY,
        &node::HONO,
        &python::FastApi,
        &python::Django,
        &axum::Axum,
        &go::NET_HTTP,
        &go::RS_CORS,
    ];
    check::build("sofetch-cli")?;
    let (mut said, mut faults) = (Vec::new(), Vec::new());
    for peer in peers.into_iter().filter(|peer| only.is_none_or(|only| only == peer.name())) {
        let folder = scratch().join(peer.name());
        let made = fs::create_dir_all(&folder).map_err(|error| error.to_string());
        match made.and_then(|()| peer.install(&folder)) {
            Err(why) => said.push(format!("{}: left out: {why}", peer.name())),
            Ok(()) => match prove(peer, &folder) {
                Ok(count) => said.push(format!("{}: {count} texts, each let its fetch pass", peer.name())),
                Err(error) => faults.push(format!("{}: {error}", peer.name())),
            },
        }
    }
    if only.is_none() {
        syntax(&mut said, &mut faults);
    }
    if said.is_empty() && faults.is_empty() {
        faults.push(format!("no peer is called {}", only.unwrap_or_default()));
    }
    if faults.is_empty() {
        return Ok(said.join("\n"));
    }
    faults.splice(0..0, said);
    Err(faults)
}

/// Where peers are kept from one run to the next: outside of the repository, and for each checkout its own.
fn scratch() -> PathBuf {
    let checkout = sources::root().to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    std::env::temp_dir().join(format!("sofetch-fix-proofs{checkout}"))
}

/// Whether their languages take the golden texts of inspect: a suffix for the file, and what reads it.
const SYNTAX: &[(&str, &[&str], &str, &str)] = &[
    ("node", &["express", "fastify", "hono", "next", "cloudflare"], "mjs", "node --check"),
    ("python3", &["fastapi", "django"], "py", "python3 -m py_compile"),
    ("ruby", &["rails"], "rb", "ruby -c"),
    ("php", &["laravel"], "php", "php -l"),
    ("gofmt", &["go", "rs-cors"], "go", "gofmt -e"),
];

fn syntax(said: &mut Vec<String>, faults: &mut Vec<String>) {
    let golden = sources::root().join("crates/inspect/src/fix_texts/golden");
    let folder = scratch();
    for (tool, servers, suffix, command) in SYNTAX {
        if run("sh", &["-c", &format!("command -v {tool}")], &folder).is_err() {
            said.push(format!("{}: syntax left out: no {tool}", servers.join(", ")));
            continue;
        }
        let mut count = 0;
        for (server, case) in
            servers.iter().flat_map(|server| ["patch", "open", "headers"].map(|case| (server, case)))
        {
            let name = format!("{server}.{case}");
            let outcome = fs::read_to_string(golden.join(format!("{name}.txt")))
                .map_err(|error| error.to_string())
                .and_then(|text| match text.starts_with("No text: ") {
                    true => Ok(()),
                    false => {
                        count += 1;
                        let package = if *suffix == "go" { "package golden\n" } else { "" };
                        write(folder.join(format!("golden.{suffix}")), &format!("{package}{text}"))?;
                        run("sh", &["-c", &format!("{command} golden.{suffix}")], &folder)
                    }
                });
            faults.extend(outcome.err().map(|error| format!("{name}: {error}")));
        }
        said.push(format!("{}: {tool} takes {count} golden texts", servers.join(", ")));
    }
}

/// The ports that peers name; free ones stand for them.
const PORT: u16 = 18090;
const PORT_BEHIND: u16 = 18091;

fn prove(peer: &dyn Peer, folder: &Path) -> Result<usize, String> {
    let io = |error: std::io::Error| error.to_string();
    let ports: &[u16] = if peer.is_front() { &[PORT, PORT_BEHIND] } else { &[PORT] };
    let scene = started(peer, folder, ports, None).map_err(io)?;
    let mut fixes = Vec::new();
    for case in CASES {
        fixes.extend(fix(peer, &scene, case).map_err(|error| format!("{}: {error}", case.path))?);
    }
    drop(scene);
    peer.prepare(folder, &fixes)?;
    for fix in &fixes {
        let wrong = |what: &str, said: &str| format!("{}: {what}\n{}\n{said}", fix.case.path, fix.text);
        let scene = started(peer, folder, ports, Some(fix))
            .map_err(|error| wrong("it does not start", &error.to_string()))?;
        let (code, said) = scene.run(&command(fix.case, fix.case.origin, "")).map_err(io)?;
        if code != Some(0) {
            return Err(wrong("refused still", &said));
        }
        if fix.case.origin == PAGE {
            if said.contains("does not say `Vary: Origin`") {
                return Err(wrong("without Vary", &said));
            }
            let (code, said) = scene.run(&command(fix.case, "https://other.example", "")).map_err(io)?;
            if code != Some(1) {
                return Err(wrong("another origin is let in", &said));
            }
        }
        let untouched = Case { path: "/untouched", ..*fix.case };
        let (code, said) = scene.run(&command(&untouched, fix.case.origin, "")).map_err(io)?;
        if code != Some(1) {
            return Err(wrong("another path is opened", &said));
        }
    }
    Ok(fixes.len())
}

/// A scene whose server answers. A port that was free may be taken before the server has it: then another is tried.
fn started(peer: &dyn Peer, folder: &Path, ports: &[u16], fix: Option<&Fix>) -> std::io::Result<Scene> {
    let mut tries = 3;
    loop {
        let mut scene = Scene::new(ports)?;
        let start = peer.write(&scene, folder, fix)?;
        tries -= 1;
        match scene.serve(&start) {
            Ok(()) => return Ok(scene),
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

/// What the command says to write, once it has refused. `None` where it says that it cannot, and is right.
fn fix(peer: &dyn Peer, scene: &Scene, case: &'static Case) -> Result<Option<Fix>, String> {
    let asked = |more: &str| -> Result<Value, String> {
        let (code, said) = scene.run(&command(case, case.origin, more)).map_err(|error| error.to_string())?;
        if code != Some(1) {
            return Err(format!("not refused: {code:?}\n{said}"));
        }
        let report: Value = serde_json::from_str(&said).map_err(|error| format!("{error}\n{said}"))?;
        Ok(report["fixes"]["sets"][0]["texts"][0].clone())
    };
    let named = asked(&format!("--server {} --report json", peer.name()))?;
    let refuses = case.path == ODD && peer.refuses_odd_paths();
    if refuses == named["refused"].is_null() {
        return Err(format!("a text where none was expected, or none where one was: {named}"));
    }
    let Some(text) = named["text"].as_str() else { return Ok(None) };
    if peer.shows_itself() {
        let guessed = asked("--report json")?;
        if guessed["server"] != named["server"] || guessed["guessed"] != true {
            return Err(format!("guessed another: {guessed}"));
        }
    }
    Ok(Some(Fix { case, text: text.to_owned(), notes: named["notes"].to_string() }))
}

fn command(case: &Case, origin: &str, more: &str) -> String {
    format!("sofetch cors http://127.0.0.1:{PORT}{} --origin {origin} {} {more}", case.path, case.more)
}

impl Fix {
    /// Does it say that an older layer is to be taken away?
    fn takes_away(&self) -> bool {
        self.notes.contains("take it out") || self.notes.contains("take that out")
    }
}

/// A command's outcome as an error of ours.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<(), String> {
    let output = std::process::Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("`{program}`: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("`{program} {}`: {said}", arguments.join(" ")))
        }
    }
}

/// Writes a file of a peer's folder, unless it says the same already.
fn write(path: PathBuf, text: &str) -> Result<(), String> {
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}
