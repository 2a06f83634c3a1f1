//! Processes that run scripts, and their costs: the server, the port that takes marks, clocks of other processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::time::TimeValLike;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::Value;

use crate::Failure;
use crate::js::{Client, Imports, MODULE, MODULES, Row, START};
use crate::measure::{Server, Target, pin_to_cpu};

/// The longest that one script may take.
const BOUND: Duration = Duration::from_secs(300);

/// What a client's rounds cost in a row.
#[derive(Default)]
pub(crate) struct Cost {
    /// CPU time a request in microseconds; of the whole process in `start`.
    pub(crate) cpu: Vec<f64>,
    /// The same with the server's, where the row counts it.
    pub(crate) cpu_with_server: Vec<f64>,
    pub(crate) peak_mib: Vec<f64>,
    /// In milliseconds, of `start` alone: until the process was there and gone again with nothing done, until its realm began, its
    /// script, its fetch was done, and the process gone.
    pub(crate) bare: Vec<f64>,
    pub(crate) origin: Vec<f64>,
    pub(crate) begun: Vec<f64>,
    pub(crate) fetched: Vec<f64>,
    pub(crate) ended: Vec<f64>,
    pub(crate) bare_cpu: Vec<f64>,
}

impl Cost {
    pub(crate) fn sort(&mut self) {
        for list in [
            &mut self.cpu,
            &mut self.cpu_with_server,
            &mut self.peak_mib,
            &mut self.bare,
            &mut self.origin,
            &mut self.begun,
            &mut self.fetched,
            &mut self.ended,
            &mut self.bare_cpu,
        ] {
            list.sort_by(f64::total_cmp);
        }
    }
}

/// What all runs share.
pub(crate) struct Runs {
    server: Server,
    target: Target,
    folder: PathBuf,
}

impl Runs {
    pub(crate) fn start(two_cpus: bool) -> Result<Runs, Failure> {
        let server = Server::start(two_cpus)?;
        let target = server.target()?;
        // Whom this thread starts is pinned with it.
        pin_to_cpu(two_cpus);
        let folder = std::env::temp_dir().join(format!("sofetch-benches-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Runs { server, target, folder })
    }

    fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.target.plain)
    }

    /// The row's script as a file: constants, what drives it, and itself.
    fn script(&self, row: &Row, marks: u16) -> Result<PathBuf, Failure> {
        let mut text = format!(
            "const TARGET = \"http://127.0.0.1:{}\", MARKS = \"http://127.0.0.1:{}\";\n",
            self.target.plain, marks,
        );
        text += &format!(
            "const AT_ONCE = {}, REQUESTS = {}, WARM_UP = {};\n",
            row.at_once, row.requests, row.warm_up
        );
        if row.name != START {
            text += include_str!("../js/drive.js");
            let needs = row.needs;
            // In a function, as what is not there may be named by what follows.
            text += &format!(
                "if (typeof {needs} === \"undefined\") console.log(\"no {needs}\"); else run();\nfunction run() {{\n"
            );
        }
        text += row.script;
        if row.name != START {
            text += "}\n";
        }
        let path = self.folder.join(format!("{}.js", row.name));
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// A row's work between two marks.
    pub(crate) fn measure(&self, row: &Row, client: &Client, cost: &mut Cost) -> Result<(), Failure> {
        let marks = TcpListener::bind("127.0.0.1:0")?;
        let at = marks.local_addr()?;
        let script = self.script(row, at.port())?;
        let mut process = Process::start(client.command(&script, &self.page()))?;
        let id = process.0.id();
        let (sender, receiver) = channel();
        let server = self.server.process_id();
        let taker = std::thread::spawn(move || take_marks(&marks, id, server, &sender));
        let ended = process.wait(client, row);
        // Whoever waits for a mark that will not come is woken; nobody may be there.
        drop(TcpStream::connect(at));
        taker.join().map_err(|_| "the thread that takes marks failed")??;
        ended?;
        let mut said = String::new();
        process.0.stdout.take().ok_or("no output")?.read_to_string(&mut said)?;
        if said.trim() == format!("no {}", row.needs) {
            return Ok(());
        }
        let [begin, end] = marks_of(&receiver).ok_or_else(|| format!("{} took no marks", client.name))?;
        let cpu = (end.cpu - begin.cpu) / row.requests as f64;
        cost.cpu.push(cpu);
        if row.counts_server {
            cost.cpu_with_server.push(cpu + (end.server_cpu - begin.server_cpu) / row.requests as f64);
        }
        cost.peak_mib.push(end.peak_mib);
        Ok(())
    }

    /// A process from its start to its end: one module that imports a hundred.
    pub(crate) fn measure_import(
        &self,
        row: &Row,
        imports: Imports,
        client: &Client,
        cost: &mut Cost,
    ) -> Result<(), Failure> {
        let folder = self.folder.join("modules");
        std::fs::create_dir_all(&folder)?;
        let place = match imports {
            Imports::Files => ".".to_owned(),
            Imports::Http => format!("http://127.0.0.1:{}/module", self.target.plain),
        };
        let mut text = String::new();
        for number in 0..MODULES {
            std::fs::write(folder.join(format!("{number}.js")), MODULE)?;
            text += &format!("import value{number} from \"{place}/{number}.js\";\n");
        }
        let values: Vec<String> = (0..MODULES).map(|number| format!("value{number}")).collect();
        text += &format!("console.log({});\n", values.join(" + "));
        let script = folder.join(format!("{}.mjs", row.name));
        std::fs::write(&script, text)?;
        let command = match imports {
            Imports::Files => client.file_command(&script),
            Imports::Http => client.command(&script, &self.page()),
        };
        let mut process = Process::start(command)?;
        cost.cpu.push(process.wait(client, row)?);
        let mut said = String::new();
        process.0.stdout.take().ok_or("no output")?.read_to_string(&mut said)?;
        match said.trim() == (MODULES * 53).to_string() {
            true => Ok(()),
            false => Err(format!("{} said at {}: {said}", client.name, row.name).into()),
        }
    }

    /// A process from its start to its end, with the moments that its script tells.
    pub(crate) fn measure_start(&self, row: &Row, client: &Client, cost: &mut Cost) -> Result<(), Failure> {
        let script = self.script(row, 0)?;
        let at = Instant::now();
        let mut bare = Process::start(client.bare_command())?;
        cost.bare_cpu.push(bare.wait(client, row)?);
        cost.bare.push(milliseconds(at.elapsed()));

        let (at, began) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH)?);
        let mut process = Process::start(client.command(&script, &self.page()))?;
        cost.cpu.push(process.wait(client, row)?);
        cost.ended.push(milliseconds(at.elapsed()));
        let mut said = String::new();
        process.0.stdout.take().ok_or("no output")?.read_to_string(&mut said)?;
        let said: Value = serde_json::from_str(&said)?;
        let moment = |name: &str| {
            let at = said[name].as_f64().ok_or("a moment is missing")?;
            Ok::<_, Failure>(at - milliseconds(began))
        };
        cost.origin.push(moment("origin")?);
        cost.begun.push(moment("begun")?);
        cost.fetched.push(moment("fetched")?);
        Ok(())
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        // What is left of it is the system's to sweep.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What a client's process had used at a mark: microseconds, and MiB.
struct Mark {
    cpu: f64,
    server_cpu: f64,
    peak_mib: f64,
}

fn marks_of(receiver: &Receiver<Mark>) -> Option<[Mark; 2]> {
    let mut marks = receiver.try_iter();
    Some([marks.next()?, marks.next()?])
}

/// Answers two requests, each on a connection of its own, once it has read the clocks.
fn take_marks(marks: &TcpListener, client: u32, server: u32, taken: &Sender<Mark>) -> Result<(), Failure> {
    for _ in 0..2 {
        let (mut socket, _) = marks.accept()?;
        let mut lines = BufReader::new(socket.try_clone()?).lines();
        let Some(Ok(first)) = lines.next() else { return Ok(()) };
        if !first.starts_with("GET ") {
            return Err(format!("a mark's request says {first}").into());
        }
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        // Told by the reader alone, should the run have failed meanwhile.
        let _ = taken.send(Mark {
            cpu: cpu_microseconds(client)?,
            server_cpu: cpu_microseconds(server)?,
            peak_mib: peak_mib(client)?,
        });
        socket.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\nOK",
        )?;
    }
    Ok(())
}

/// The CPU clock of a process: all its threads, those that have ended too.
fn cpu_microseconds(process: u32) -> Result<f64, Failure> {
    let process = nix::unistd::Pid::from_raw(i32::try_from(process)?);
    let clock = nix::time::clock_getcpuclockid(process)?;
    Ok(nix::time::clock_gettime(clock)?.num_nanoseconds() as f64 / 1000.0)
}

fn peak_mib(process: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}

/// A client's process: it ends with us.
struct Process(Child);

impl Process {
    fn start(mut command: Command) -> Result<Process, Failure> {
        let program = command.get_program().to_owned();
        Ok(Process(command.spawn().map_err(|error| format!("{}: {error}", program.display()))?))
    }

    /// Waits for its end: the CPU time that it took in all, in microseconds.
    fn wait(&mut self, client: &Client, row: &Row) -> Result<f64, Failure> {
        let id = self.0.id();
        let pid = Pid::from_child(&self.0);
        let (ended, has_ended) = channel::<()>();
        let watchdog = std::thread::spawn(move || {
            let late = has_ended.recv_timeout(BOUND).is_err();
            if late {
                // It may have ended just now.
                let _ = kill_process(pid, Signal::KILL);
            }
            late
        });
        // It stays until its clock was read.
        let waited = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let _ = ended.send(());
        if watchdog.join().unwrap_or(true) {
            return Err(format!("{} did not end {} in time", client.name, row.name).into());
        }
        waited?;
        let cpu = cpu_microseconds(id)?;
        let status = self.0.wait()?;
        if !status.success() {
            return Err(format!("{} failed at {}: {status}", client.name, row.name).into());
        }
        Ok(cpu)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
