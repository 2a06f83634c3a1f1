//! The config file: options for every run, a line each.
//!
//! A line is an option's long name, and its value behind an equals sign if it has one; `#` begins a comment. Options come before
//! those that are typed, and give way to them: where both cannot be, the typed one counts. What a single request is made of
//! (bodies, imports, files to write) is no option for every run.

mod lines;
mod place;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::redacted_urls;

use crate::args::{Args, Command};
use crate::options::{NetworkOptions, UsageError, check_header};
use lines::Line;

/// Options of one request: a file that has one was not meant for every run.
const NOT_FOR_EVERY_RUN: [&str; 27] = [
    "auth",
    "batch",
    "bearer",
    "continue",
    "copy-as",
    "data",
    "data-binary",
    "data-raw",
    "destination",
    "download",
    "entry",
    "eval",
    "form",
    "har",
    "head",
    "help",
    "import",
    "json",
    "method",
    "module",
    "multipart",
    "no-config",
    "offline",
    "output",
    "print",
    "report",
    "version",
];

/// What is wrong with a config file. The sentences stand in `words/configs.rs`.
#[derive(Debug)]
pub(crate) struct ConfigFileError {
    pub(crate) path: PathBuf,
    /// From 1; `None` is of the file itself.
    pub(crate) line: Option<usize>,
    pub(crate) what: What,
}

/// Why a config file, or a line of it, cannot be used.
#[derive(Debug)]
pub(crate) enum What {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is not UTF-8.
    NotUtf8,
    /// A quote that does not end, or something behind it.
    Quote,
    /// No name stands before the equals sign, or one with dashes or blanks.
    Name,
    /// No command has this option.
    Unknown(String),
    /// The option is of a single request.
    NotForEveryRun(String),
    /// The option takes a value, or takes none.
    Value { name: String, takes_one: bool },
    /// The value is none that the option has, or options of the file exclude each other: clap's words, or those of the options.
    Wrong(String),
}

/// The arguments with those of the config file before them, if there is one.
pub(crate) fn with_config(args: Args, typed: &[OsString]) -> Result<Args, ConfigFileError> {
    let Some((path, must_be)) = place::of_process() else { return Ok(args) };
    let error = |line, what| ConfigFileError { path: path.clone(), line, what };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound && !must_be => return Ok(args),
        Err(why) => return Err(error(None, What::Unreadable(why))),
    };
    let text = String::from_utf8(bytes).map_err(|_| error(None, What::NotUtf8))?;
    let lines = lines::lines(&text).map_err(|(line, what)| error(Some(line), what))?;
    applied(args, typed, &lines).map_err(|(line, what)| error(Some(line), what))
}

fn applied(mut args: Args, typed: &[OsString], lines: &[Line]) -> Result<Args, (usize, What)> {
    let command = match &args.command {
        Some(Command::Cors(_)) => Some("cors"),
        Some(Command::Lab(_)) => Some("lab"),
        Some(Command::Run(_)) => Some("run"),
        Some(Command::Repl(_)) => Some("repl"),
        _ => None,
    };
    // The program, and the command if there is one; the file's options stand behind.
    let head = if command.is_some() { 2 } else { 1 };
    let (mut taken, mut alone): (Vec<OsString>, Vec<OsString>) = (Vec::new(), Vec::new());
    for line in lines {
        let option = option_of(line).map_err(|what| (line.number, what))?;
        let wrong = |words: String| (line.number, What::Wrong(words));
        // By itself first, beside the lines before it: what is wrong here is the file's fault.
        let dummy = if line_is_for(&line.name, None) {
            ["sofetch", "a.test"].as_slice()
        } else {
            &["sofetch", "run", "x"]
        };
        let (before, behind) = dummy.split_at(dummy.len() - 1);
        let mut trial: Vec<OsString> = before.iter().map(OsString::from).collect();
        trial.extend(alone.iter().filter(|other| belongs(other, dummy)).cloned());
        trial.push(option.clone());
        trial.extend(behind.iter().map(OsString::from));
        let parsed = Args::try_parse_from(&trial).map_err(|error| wrong(first_line(&error)))?;
        check(parsed).map_err(wrong)?;
        alone.push(option.clone());
        if !line_is_for(&line.name, command) {
            continue;
        }
        let mut all = typed[..head].to_vec();
        all.extend(taken.iter().cloned());
        all.push(option.clone());
        all.extend(typed[head..].iter().cloned());
        match Args::try_parse_from(&all) {
            Ok(parsed) => {
                taken.push(option);
                args = parsed;
            }
            // What is typed comes before it.
            Err(error) if error.kind() == ErrorKind::ArgumentConflict => {}
            Err(error) => return Err(wrong(first_line(&error))),
        }
    }
    Ok(args)
}

/// Is the option one of the command in this trial?
fn belongs(option: &OsString, trial: &[&str]) -> bool {
    let text = option.to_string_lossy();
    let name = text.trim_start_matches('-').split('=').next().unwrap_or_default().to_owned();
    line_is_for(&name, (trial.len() == 3).then_some("run"))
}

fn line_is_for(name: &str, command: Option<&str>) -> bool {
    has_value(name, command).is_some()
}

/// Does the option of this name take a value? `None`: the command has no such option.
fn has_value(name: &str, command: Option<&str>) -> Option<bool> {
    let whole = Args::command();
    let command = match command {
        None => &whole,
        Some(command) => whole.find_subcommand(command)?,
    };
    let option = command.get_arguments().find(|option| option.get_long() == Some(name))?;
    Some(option.get_action().takes_values())
}

/// `--name=value`
fn option_of(line: &Line) -> Result<OsString, What> {
    let name = &line.name;
    if NOT_FOR_EVERY_RUN.contains(&&**name) {
        return Err(What::NotForEveryRun(name.clone()));
    }
    let takes_one = has_value(name, None).or_else(|| has_value(name, Some("run")));
    match (takes_one, &line.value) {
        (None, _) => Err(What::Unknown(name.clone())),
        (Some(true), Some(value)) => Ok(format!("--{name}={value}").into()),
        (Some(false), None) => Ok(format!("--{name}").into()),
        (Some(takes_one), _) => Err(What::Value { name: name.clone(), takes_one }),
    }
}

/// What the options' values mean, where clap does not know it.
fn check(args: Args) -> Result<(), String> {
    let (mut network, headers) = match args.command {
        Some(Command::Run(run)) => (run.network, Vec::new()),
        _ => (args.fetch.network, args.fetch.headers),
    };
    // What the environment says of proxies is not this file's fault.
    network.proxy.get_or_insert_default();
    let words = |error: UsageError| redacted_urls(&error.to_string(), Secrets::Redacted).into_owned();
    NetworkOptions::of(&network).map_err(words)?;
    headers.iter().try_for_each(|header| check_header(header)).map_err(words)
}

/// clap's complaint without its tips.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, typed: &str) -> Result<Args, (usize, String)> {
        let typed: Vec<OsString> =
            std::iter::once("sofetch").chain(typed.split(' ')).map(OsString::from).collect();
        let args = Args::try_parse_from(&typed).expect("a test's words");
        let of = |(line, what)| (line, ConfigFileError { path: "c".into(), line: None, what }.to_string());
        let lines = lines::lines(text).map_err(of)?;
        applied(args, &typed, &lines).map_err(of)
    }

    #[test]
    fn typed_options_come_first() {
        let args = with("max-time = 3\nhttp2\nheader = \"A: b\"\n", "a.test").expect("valid").fetch;
        assert_eq!(args.network.max_time.map(|time| time.as_secs()), Some(3));
        assert!(args.network.http2);
        assert_eq!(args.headers, ["A: b"]);
        let args = with("max-time = 3\nhttp2\nheader = A: b", "--max-time 9 --http1.1 -H C:d a.test")
            .expect("valid")
            .fetch;
        assert_eq!(args.network.max_time.map(|time| time.as_secs()), Some(9), "it is typed");
        assert!(args.network.http1_1 && !args.network.http2, "both cannot be");
        assert_eq!(args.headers, ["A: b", "C:d"], "where several can be, all are");
    }

    #[test]
    fn each_command_takes_what_it_has() {
        let text = "origin = https://b.test\nbase-url = https://c.test/\nverbose";
        let Some(Command::Cors(cors)) = with(text, "cors a.test").expect("valid").command else {
            panic!("not cors")
        };
        assert_eq!(cors.fetch.origin.as_deref(), Some("https://b.test"));
        let Some(Command::Run(run)) = with(text, "run x.js").expect("valid").command else {
            panic!("not run")
        };
        assert_eq!(run.realm.base_url.as_deref(), Some("https://c.test/"));
        assert!(run.verbose);
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        let table = [
            ("an unknown option", "\nfrobnicate = 1", 2, "there is no option \"frobnicate\""),
            ("a value that is missing", "# so\nmax-time", 2, "takes a value"),
            ("a value too many", "insecure = yes", 1, "takes no value"),
            ("a value that is none", "verbose\nmax-time = soon", 2, "it is a number of seconds"),
            ("a word that is none", "mode = navigate", 1, "it is one of cors, no-cors, same-origin"),
            ("options that exclude each other", "http2\nhttp1.1", 2, "cannot be used with"),
            ("an option twice", "max-time = 1\nmax-time = 2", 2, "cannot be used multiple times"),
            ("a header that is none", "header = nothing", 1, "`Name: value`"),
            ("an address that is none", "resolve = a", 1, "HOST:PORT:ADDR"),
            ("a file that is not there", "cacert = /nowhere/to/be/found", 1, "/nowhere/to/be/found"),
            ("a body", "data = x", 1, "of a single request"),
            ("another config", "no-config", 1, "of a single request"),
            ("a secret", "proxy = ftp://u:hush@a.test", 1, "is not a proxy"),
            ("an option of another command only", "script-timeout = soon", 1, "number of seconds"),
        ];
        for (name, text, line, expected) in table {
            let (at, words) = with(text, "a.test").map(|args| format!("{args:?}")).expect_err(name);
            assert!(
                at == line && words.contains(expected) && !words.contains("hush"),
                "{name}: line {at}: {words}"
            );
        }
    }

    #[test]
    fn what_is_refused_is_an_option() {
        let known =
            |name: &&str| [None, Some("run")].iter().any(|command| has_value(name, *command).is_some());
        let built_in = ["help", "version"];
        for name in NOT_FOR_EVERY_RUN.iter().filter(|name| !built_in.contains(name)) {
            assert!(known(name), "{name}");
        }
    }
}
