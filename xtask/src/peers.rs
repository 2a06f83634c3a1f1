//! `cargo xtask peers`: the command against servers that nobody here wrote. The pages under docs/peers are the cases.
//!
//! A page is read, what it says is run, and it is written again with what came out. Its fenced blocks are obeyed by their
//! info strings: `file=NAME` is written to a scratch folder; `console version` names the server; `console setup` runs
//! before the servers; `console server` is a server and runs on until the page's end; each `$ ` line of a `console` block
//! runs, and what stood below it gives way to what it prints now. The ports that a page names stand for free ones.

use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{Outcome, check, sources};

/// Each page with the ports that it names. Five digits, as free ports have, so that lengths come out the same.
const PAGES: &[(&str, &[u16])] = &[
    ("docs/peers/nginx.md", &[18080, 18081, 18443]),
    ("docs/peers/node.md", &[13000, 13001]),
    ("docs/peers/python.md", &[18000, 18001, 18002]),
];

/// How long a command may take, or a server until it answers.
const LIMIT: Duration = Duration::from_secs(30);

/// Writes the pages anew.
pub(crate) fn write() -> Outcome {
    each_page(|path, _, new| {
        fs::write(sources::root().join(path), new).map_err(|error| format!("{path}: {error}"))?;
        Ok(format!("{path}: written"))
    })
}

/// Compares the pages with what would be written.
pub(crate) fn compare() -> Outcome {
    each_page(|path, old, new| {
        if old == new {
            return Ok(format!("{path}: as it was"));
        }
        let differs = old.lines().zip(new.lines()).position(|(old, new)| old != new);
        let line = differs.unwrap_or(old.lines().count().min(new.lines().count()));
        let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
        Err(format!("{path}:{}: `{}` is now `{}`", line + 1, at(old), at(new)))
    })
}

/// Runs each page whose server is installed; what to do with it is the caller's.
fn each_page(done: impl Fn(&str, &str, &str) -> Result<String, String>) -> Outcome {
    check::build("sofetch-cli")?;
    let (mut said, mut faults) = (Vec::new(), Vec::new());
    for (path, ports) in PAGES {
        let outcome = fs::read_to_string(sources::root().join(path))
            .map_err(|error| format!("{path}: {error}"))
            .and_then(|old| match run(&old, ports).map_err(|error| format!("{path}: {error}"))? {
                Ran::Page(new) => done(path, &old, &new),
                Ran::NotInstalled { command } => {
                    Ok(format!("{path}: left out: `{command}` does not run here"))
                }
                Ran::OtherVersion { here, page } => Ok(format!(
                    "{path}: left out: it is of {page}, and here is {here}; to renew it, take that line away"
                )),
            });
        match outcome {
            Ok(line) => said.push(line),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(said.join("\n")) } else { Err(faults) }
}

/// What became of a page.
enum Ran {
    /// As it reads now.
    Page(String),
    /// Its server is not here.
    NotInstalled { command: String },
    /// Its server is another than the page was written with.
    OtherVersion { here: String, page: String },
}

fn run(page: &str, ports: &[u16]) -> io::Result<Ran> {
    let mut scene = Scene::new(ports)?;
    let mut new = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        new.push_str(line);
        new.push('\n');
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let mut block = Vec::new();
        while let Some(line) = lines.next_if(|line| *line != "```") {
            block.push(line);
        }
        if let Some((_, name)) = info.split_once("file=") {
            scene.write_file(name, &block)?;
        }
        let (commands, outputs) = commands_of(&block);
        match info {
            "console" => {
                for command in &commands {
                    new.push_str(&format!("$ {command}\n{}", scene.transcript(command)?));
                }
                continue;
            }
            "console version" => {
                let command = commands.join("\n");
                let (well, said) = scene.output(&command)?;
                if !well {
                    return Ok(Ran::NotInstalled { command });
                }
                let (here, page) = (said.trim().to_owned(), outputs.join("\n"));
                if !page.is_empty() && here != page {
                    return Ok(Ran::OtherVersion { here, page });
                }
                new.push_str(&format!("$ {command}\n{here}\n"));
                continue;
            }
            "console setup" => scene.set_up(&commands)?,
            "console server" => scene.serve(&commands)?,
            _ => {}
        }
        for line in block {
            new.push_str(line);
            new.push('\n');
        }
    }
    Ok(Ran::Page(new))
}

/// The commands of a block, each with the lines that a backslash joins to it; and all that is none.
fn commands_of(block: &[&str]) -> (Vec<String>, Vec<String>) {
    let (mut commands, mut outputs) = (Vec::<String>::new(), Vec::new());
    let mut continued = false;
    for line in block {
        match (continued, line.strip_prefix("$ ")) {
            (false, Some(command)) => commands.push(command.to_owned()),
            (true, _) => {
                if let Some(command) = commands.last_mut() {
                    command.push('\n');
                    command.push_str(line);
                }
            }
            (false, None) => outputs.push((*line).to_owned()),
        }
        continued = (continued || line.starts_with("$ ")) && line.ends_with('\\');
    }
    (commands, outputs)
}

/// A scratch folder, the servers that run in it, and which port stands for which.
pub(crate) struct Scene {
    folder: PathBuf,
    /// As the page says, and as it is.
    ports: Vec<(String, String)>,
    servers: Vec<Child>,
}

impl Scene {
    pub(crate) fn new(named: &[u16]) -> io::Result<Scene> {
        let folder = std::env::temp_dir().join(format!("sofetch-peers-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        // All are held until each is known, or one would be given twice.
        // NB: from below those that a system gives to whoever asks for any: until the server has it, nobody else takes it.
        let first = 20_000 + (std::process::id() % 8_000) as u16;
        let mut free = (first..32_000).filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
        let held: Vec<TcpListener> = free.by_ref().take(named.len()).collect();
        let mut ports = Vec::new();
        if held.len() < named.len() {
            return Err(io::Error::other("no ports are free"));
        }
        for (named, free) in named.iter().zip(&held) {
            ports.push((named.to_string(), free.local_addr()?.port().to_string()));
        }
        Ok(Scene { folder, ports, servers: Vec::new() })
    }

    pub(crate) fn write_file(&self, name: &str, block: &[&str]) -> io::Result<()> {
        fs::write(self.folder.join(name), self.with_real_ports(&(block.join("\n") + "\n")))
    }

    fn set_up(&self, commands: &[String]) -> io::Result<()> {
        for command in commands {
            let (well, said) = self.output(command)?;
            if !well {
                return Err(io::Error::other(format!("`{command}` failed: {said}")));
            }
        }
        Ok(())
    }

    /// Starts servers, and waits until each port that they name answers.
    pub(crate) fn serve(&mut self, commands: &[String]) -> io::Result<()> {
        for command in commands {
            // NB: `exec`, so that the child that is ended is the server and not its shell.
            let mut child = self.shell(&format!("exec {command}"));
            self.servers
                .push(child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        }
        let start = Instant::now();
        for (named, port) in self.ports.clone() {
            while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
                if start.elapsed() > LIMIT {
                    return Err(io::Error::other(format!("no server answers at port {named}")));
                }
                self.all_run()?;
                sleep(Duration::from_millis(20));
            }
        }
        self.all_run()
    }

    /// Fails where a server has ended: another program may have taken its port meanwhile, and answer there.
    fn all_run(&mut self) -> io::Result<()> {
        for server in &mut self.servers {
            if let Some(status) = server.try_wait()? {
                return Err(io::Error::other(format!("a server ended: {status}")));
            }
        }
        Ok(())
    }

    /// What a command prints and how it ends, as a page may say it.
    fn transcript(&self, command: &str) -> io::Result<String> {
        let (status, said) = self.run(command)?;
        let mut text = String::new();
        for line in self.with_named_ports(&said).lines() {
            text.push_str(&settled(line));
            text.push('\n');
        }
        if status != Some(0) {
            let code = status.map_or("none".to_owned(), |code| code.to_string());
            text.push_str(&format!("(exit code {code})\n"));
        }
        Ok(text)
    }

    /// Did it end well, and what did it print?
    fn output(&self, command: &str) -> io::Result<(bool, String)> {
        self.run(command).map(|(status, said)| (status == Some(0), said))
    }

    pub(crate) fn run(&self, command: &str) -> io::Result<(Option<i32>, String)> {
        // NB: a file and no pipe: nobody needs to read it for the command to go on.
        let path = self.folder.join("output");
        let out = File::create(&path)?;
        let err = out.try_clone()?;
        let mut child = self.shell(command).stdin(Stdio::null()).stdout(out).stderr(err).spawn()?;
        let start = Instant::now();
        let status = loop {
            match child.try_wait()? {
                Some(status) => break status.code(),
                None if start.elapsed() > LIMIT => {
                    child.kill()?;
                    break child.wait()?.code();
                }
                None => sleep(Duration::from_millis(5)),
            }
        };
        Ok((status, String::from_utf8_lossy(&fs::read(&path)?).into_owned()))
    }

    /// A shell in the scratch folder, where `sofetch` is the one just built and no proxy is set.
    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(self.with_real_ports(command)).current_dir(&self.folder).env("LC_ALL", "C");
        // No option of whoever runs this is in the transcripts.
        shell.env("SOFETCH_CONFIG", "");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy") {
                shell.env_remove(name);
            }
        }
        let ours = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
        let theirs = std::env::var_os("PATH").unwrap_or_default();
        // Debian keeps its servers where not every user looks.
        let path = ours.into_iter().chain(std::env::split_paths(&theirs)).chain([PathBuf::from("/usr/sbin")]);
        if let Ok(path) = std::env::join_paths(path) {
            shell.env("PATH", path);
        }
        shell
    }

    fn with_real_ports(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (named, real)| text.replace(named.as_str(), real))
    }

    fn with_named_ports(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (named, real)| text.replace(real.as_str(), named))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A line without what is another at every run: the date, times, random boundaries.
fn settled(line: &str) -> String {
    let line = line.trim_end();
    let field = line.trim_start_matches([' ', '<', '>']);
    if field.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("date: ")) && line.contains(" GMT") {
        let kept = line.len() - field.len() + 6;
        return format!("{}(now)", &line[..kept]);
    }
    let mut line = line.to_owned();
    if let Some(at) = line.rfind("  [").filter(|_| line.ends_with("s]")) {
        line.truncate(at);
    }
    if let Some(at) = line.find("formdata-boundary-").or_else(|| line.find("----")) {
        let rest = &line[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        if end > 30 {
            line.replace_range(at..at + end, "(boundary)");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_at_every_run_is_settled() {
        for (line, expected) in [
            ("Date: Thu, 01 Jan 2026 00:00:00 GMT\r", "Date: (now)"),
            ("  < date: Thu, 01 Jan 2026 00:00:00 GMT", "  < date: (now)"),
            ("  date: can be read", "  date: can be read"),
            ("  connected to 127.0.0.1:80  [1.2 ms]", "  connected to 127.0.0.1:80"),
            ("a [word]", "a [word]"),
        ] {
            assert_eq!(settled(line), expected);
        }
    }

    #[test]
    fn commands_may_have_several_lines() {
        let (commands, outputs) = commands_of(&["$ a \\", "  -b", "said", "$ c", "more"]);
        assert_eq!(commands, ["a \\\n  -b", "c"]);
        assert_eq!(outputs, ["said", "more"]);
    }
}
