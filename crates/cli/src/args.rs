//! The arguments as they were typed: names, help and the few words that have a fixed list. What they mean is `options.rs`.
//!
//! Network options have curl's long names, the request's own have the names of fetch's init members. The file is longer than most
//! because it is one list.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use sofetch::{CacheMode, CredentialsMode, Mode, RedirectMode, ReferrerPolicy};
use sofetch_inspect::fix_texts::{SERVERS, Server, server_named};
use sofetch_inspect::safe_text::escaped;

use crate::complaints;
use crate::ending::Ending;

const EXAMPLES: &str = "\
Examples:
  sofetch https://api.example/items
  sofetch --json '{\"name\":\"lamp\"}' localhost:8080/items
  sofetch --page https://app.example/ -v https://api.example/items
  sofetch cors https://api.example/items --origin https://app.example -X PATCH
  sofetch run --base-url https://app.example/ page.js
  sofetch demo

A URL without a scheme is https:, but http: for localhost and loopback
addresses. Relative URLs are those of --page. To fetch from a host that is
called `cors`, `run` or `demo`, write its scheme.

Secrets (passwords, cookies, keys) print as [redacted] unless --show-secrets.

Exit codes:
  0  answered, whatever the status
  1  refused: by a rule of the Standard, or by --no-private
  2  usage: wrong options, or a request that cannot be made
  3  the network failed, a time-out or a limit was reached, or the answer
     could not be written
  4  answered with 400 or above, under --fail";

const CORS_EXAMPLES: &str = "\
Examples:
  sofetch cors https://api.example/items --origin https://app.example
  sofetch cors https://api.example/items/1 --origin https://app.example \\
      -X PATCH -H 'API-Key: key' --json @item.json
  sofetch cors https://api.example/account --page https://app.example/ \\
      --credentials include --report json
  sofetch cors localhost:8080/items --origin https://app.example --server nginx

The request is really sent, as a browser would: first the preflight if the
rules ask for one, and if it is granted, the request itself.

Exit codes:
  0  the script would read the response
  1  it would not: refused by the rules, or unreadable (an opaque response)
  2  usage: wrong options, or a request that cannot be made
  3  the network failed, a time-out or a limit was reached
  4  readable, with a status of 400 or above, under --fail";

const RUN_EXAMPLES: &str = "\
Examples:
  sofetch run page.js
  sofetch run --base-url https://app.example/ page.js
  sofetch run --module --eval 'console.log((await fetch(\"data:,hi\")).status)'
  pbpaste | sofetch run -v --base-url https://app.example/ -

Scripts run in one global, in this order; then its event loop until nothing is
left to do. They fetch as a page: CORS applies, and a page of a file has an
opaque origin (--base-url gives another, --no-page lifts the rules).

A module imports files of its own folder and below, if the page is a file's.
Modules from the network are not built yet. Nothing else reads files.

There is no document, and the engine has no Intl, no Temporal and no
WebAssembly. docs/js.md says what is there, and what each limit means.

What a browser's \"Copy as fetch\" copies runs as pasted; where it begins with
await, as a module (--module).

Exit codes:
  0    nothing is left to do
  1    an exception or a rejection that nobody caught
  2    usage: wrong options, or a script that cannot be read
  3    no thread could be started, or the output not be written
  124  the time limit came first";

const DEMO_EXAMPLES: &str = "\
Two servers are started on loopback under the names https://javascript.info
(the page's) and https://site.com (the API's), with certificates made for this
run. Nothing leaves this machine.

Exit codes:
  0  the first fetch was readable and the second was refused, as is right
  1  it came out otherwise
  3  the servers could not be started";

/// Fetches a URL by the rules of the Fetch Standard: on your own behalf, or as a page of an origin
#[derive(Debug, Parser)]
#[command(
    name = "sofetch",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    /// The command; without one, the URL is fetched.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// What `sofetch URL` takes.
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
}

/// The commands that have a name.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch as a script of an origin would, and tell each decision: preflight, question, answer, checks, what the script sees
    #[command(after_help = CORS_EXAMPLES)]
    Cors(Box<CorsArgs>),
    /// Run scripts as those of a page: fetch, streams, events, abort and their kin
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Show `cors` offline, between two origins that this command serves itself
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
}

/// What `sofetch demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Print the two reports as one JSON document
    #[arg(long, value_name = "FORMAT")]
    pub(crate) report: Option<Report>,
    /// Print secrets as they are
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// What `sofetch cors URL` takes.
#[derive(Debug, Default, clap::Args)]
#[command(mut_arg("url", |url| url.required(false).required_unless_present("server")))]
pub(crate) struct CorsArgs {
    /// The fetch.
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
    /// Print what would let it pass as configuration of this server (`list` names them all; otherwise it is guessed)
    #[arg(long, value_name = "NAME", value_parser = server, help_heading = "Output")]
    pub(crate) server: Option<ServerOption>,
}

/// `--server`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ServerOption {
    /// All names are asked for.
    List,
    /// This one.
    Named(&'static Server),
}

/// What `sofetch URL` and `sofetch cors URL` take.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct FetchArgs {
    /// What to fetch
    #[arg(required = true)]
    pub(crate) url: Option<OsString>,

    /// The method: GET, or POST if there is a body
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Request")]
    pub(crate) method: Option<String>,
    /// A header; `Name;` sends it empty, `Name:` takes a default away: User-Agent's, or the Content-Type of --data and --json (Accept, Accept-Encoding and Host stay)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Request")]
    pub(crate) headers: Vec<OsString>,
    /// A body of type application/x-www-form-urlencoded; @FILE reads one (@- standard input) without its line breaks; several are joined by `&`
    #[arg(short = 'd', long, value_name = "DATA", group = "body", help_heading = "Request")]
    pub(crate) data: Vec<OsString>,
    /// As --data, but a file's bytes are sent as they are
    #[arg(long, value_name = "DATA", group = "body", help_heading = "Request")]
    pub(crate) data_binary: Option<OsString>,
    /// A body of type application/json; @FILE reads one (@- standard input)
    #[arg(long, value_name = "DATA", group = "body", help_heading = "Request")]
    pub(crate) json: Option<OsString>,
    /// A field of a multipart/form-data body: NAME=TEXT, NAME=@FILE or NAME=<FILE, a file with ;type= and ;filename=
    #[arg(short = 'F', long = "form", value_name = "NAME=CONTENT", group = "body", help_heading = "Request")]
    pub(crate) form: Vec<OsString>,
    /// Ask for the head alone (method HEAD) and print it
    #[arg(short = 'I', long, conflicts_with_all = ["method", "body"], help_heading = "Request")]
    pub(crate) head: bool,

    /// Fetch as a script of the page with this URL
    #[arg(long, value_name = "URL", help_heading = "Page rules")]
    pub(crate) page: Option<String>,
    /// Fetch as a script of this origin, `null` for an opaque one
    #[arg(long, conflicts_with = "page", help_heading = "Page rules")]
    pub(crate) origin: Option<String>,
    /// cors, no-cors or same-origin
    #[arg(long, value_parser = mode, help_heading = "Page rules")]
    pub(crate) mode: Option<Mode>,
    /// omit, same-origin or include
    #[arg(long, value_name = "MODE", value_parser = credentials, help_heading = "Page rules")]
    pub(crate) credentials: Option<CredentialsMode>,
    /// default, no-store, reload, no-cache, force-cache or only-if-cached
    #[arg(long, value_name = "MODE", value_parser = cache, help_heading = "Page rules")]
    pub(crate) cache: Option<CacheMode>,
    /// follow, error or manual
    #[arg(long, value_name = "MODE", value_parser = redirect, help_heading = "Page rules")]
    pub(crate) redirect: Option<RedirectMode>,
    /// As in curl; changes nothing, since redirects are followed (--redirect says otherwise)
    #[arg(short = 'L', long, conflicts_with = "redirect", help_heading = "Network")]
    pub(crate) location: bool,
    /// As in curl; changes nothing, since encoded bodies are asked for and decoded
    #[arg(long, help_heading = "Network")]
    pub(crate) compressed: bool,
    /// The referrer: a URL, about:client, or nothing for none
    #[arg(long, value_name = "URL", help_heading = "Page rules")]
    pub(crate) referrer: Option<String>,
    /// no-referrer, origin, strict-origin, unsafe-url ...
    #[arg(long, value_name = "POLICY", value_parser = referrer_policy, help_heading = "Page rules")]
    pub(crate) referrer_policy: Option<ReferrerPolicy>,
    /// Hashes that the body must have one of: sha256-..., sha384-..., sha512-...
    #[arg(long, value_name = "METADATA", help_heading = "Page rules")]
    pub(crate) integrity: Option<String>,

    /// Save the body to a file (`-` is standard output)
    #[arg(short = 'o', long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Print the status and the headers before the body
    #[arg(short = 'i', long, help_heading = "Output")]
    pub(crate) include: bool,
    /// Tell the decisions on standard error
    #[arg(short = 'v', long, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// Neither progress nor notes nor errors on standard error
    #[arg(short = 's', long, help_heading = "Output")]
    pub(crate) silent: bool,
    /// Errors, even under --silent
    #[arg(short = 'S', long, help_heading = "Output")]
    pub(crate) show_error: bool,
    /// Print a report in place of the body
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) report: Option<Report>,
    /// Exit with 4, and leave the body, if the status is 400 or above
    #[arg(short = 'f', long, help_heading = "Output")]
    pub(crate) fail: bool,
    /// Print secrets as they are
    #[arg(long, help_heading = "Output")]
    pub(crate) show_secrets: bool,

    /// The network.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// Who the agent says it is, and how it reaches others: for each command that fetches.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct NetworkArgs {
    /// The User-Agent of this agent (nothing sends none); as -H it would be the page's own header
    #[arg(short = 'A', long, value_name = "NAME", help_heading = "Request")]
    pub(crate) user_agent: Option<String>,
    /// Addresses that stand for a host and port ([v6] in brackets)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", help_heading = "Network")]
    pub(crate) resolve: Vec<String>,
    /// Connect to the second host and port in place of the first; each may be empty
    #[arg(long, value_name = "H1:P1:H2:P2", help_heading = "Network")]
    pub(crate) connect_to: Vec<String>,
    /// PEM certificates to believe besides the platform's
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    pub(crate) cacert: Vec<PathBuf>,
    /// A client certificate, PEM, with its chain
    #[arg(short = 'E', long, value_name = "FILE", help_heading = "Network")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key, PEM, if the certificate's file has none
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "Network")]
    pub(crate) key: Option<PathBuf>,
    /// Believe every certificate: what is read may then come from anybody
    #[arg(short = 'k', long, help_heading = "Network")]
    pub(crate) insecure: bool,
    /// A proxy: http, https, socks5 or socks5h; nothing for none. Otherwise http_proxy, https_proxy, all_proxy and no_proxy count
    #[arg(short = 'x', long, value_name = "URL", help_heading = "Network")]
    pub(crate) proxy: Option<String>,
    /// Hosts that are reached without the proxy, with commas between, or `*`
    #[arg(long, value_name = "HOSTS", help_heading = "Network")]
    pub(crate) noproxy: Option<String>,
    /// Speak HTTP/1.1 alone
    #[arg(long = "http1.1", conflicts_with = "http2", help_heading = "Network")]
    pub(crate) http1_1: bool,
    /// Speak HTTP/2 alone, without TLS too
    #[arg(long, help_heading = "Network")]
    pub(crate) http2: bool,
    /// A limit on the whole, in seconds
    #[arg(short = 'm', long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds, help_heading = "Network")]
    pub(crate) max_time: Option<Duration>,
    /// A limit on each phase of connecting, in seconds (default 30)
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds, help_heading = "Network")]
    pub(crate) connect_timeout: Option<Duration>,
    /// A limit on the decoded body, in bytes, or with k, M or G
    #[arg(long, value_name = "BYTES", value_parser = size, help_heading = "Network")]
    pub(crate) max_size: Option<u64>,
    /// Connect to public addresses only, at every redirect
    #[arg(long, help_heading = "Network")]
    pub(crate) no_private: bool,
}

/// What `sofetch run` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RunArgs {
    /// The scripts, run in one global in this order; `-` is standard input
    #[arg(required_unless_present = "eval", value_name = "SCRIPT")]
    pub(crate) scripts: Vec<PathBuf>,
    /// A script in place of a file's, run after them (repeatable)
    #[arg(long, value_name = "CODE", help_heading = "Scripts")]
    pub(crate) eval: Vec<String>,
    /// All scripts are modules, not only those of .mjs files
    #[arg(long, help_heading = "Scripts")]
    pub(crate) module: bool,
    /// The page's URL: location, base URL, origin and referrer (default: a file's, whose origin is opaque)
    #[arg(long, value_name = "URL", help_heading = "Scripts")]
    pub(crate) base_url: Option<String>,
    /// The global that scripts find
    #[arg(long, value_name = "KIND", default_value = "window", help_heading = "Scripts")]
    pub(crate) global: GlobalKind,
    /// The page's referrer policy: no-referrer, origin, strict-origin, unsafe-url ...
    #[arg(long, value_name = "POLICY", value_parser = referrer_policy, conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) referrer_policy: Option<ReferrerPolicy>,
    /// Fetch on your own behalf: no origin, no CORS, nothing hidden
    #[arg(long, help_heading = "Scripts")]
    pub(crate) no_page: bool,
    /// A limit on what scripts hold, in bytes, or with k, M or G; one byte more is an error that they can catch
    #[arg(long, value_name = "BYTES", value_parser = size, help_heading = "Scripts")]
    pub(crate) max_memory: Option<u64>,
    /// A limit on the whole run, in seconds; what runs then is ended, with exit code 124
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds, help_heading = "Scripts")]
    pub(crate) script_timeout: Option<Duration>,
    /// Tell each fetch's decisions on standard error, when it has answered
    #[arg(short = 'v', long, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// Write all exchanges of the run to a file, as HAR 1.2
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) har: Option<PathBuf>,
    /// Print secrets as they are, and write them
    #[arg(long, help_heading = "Output")]
    pub(crate) show_secrets: bool,
    /// The network.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// Which global `sofetch run` makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GlobalKind {
    /// A window's, without a document
    #[default]
    Window,
    /// A dedicated worker's
    Worker,
}

impl Args {
    /// The arguments of this process. Where they are none, the help or the complaint, with its exit code.
    pub(crate) fn of_process() -> Result<Args, ExitCode> {
        let typed: Vec<OsString> = std::env::args_os().collect();
        Args::try_parse_from(&typed).map_err(|error| {
            if !error.use_stderr() {
                // Help and version; nobody is left to tell that the pipe is gone.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            // NB: a script may hand a stranger's text over as an argument, and clap repeats it as it is.
            for line in complaints::complaint(error, &typed).lines() {
                let _ = writeln!(io::stderr(), "{}", escaped(line));
            }
            ExitCode::from(Ending::Usage as u8)
        })
    }
}

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// One JSON document with a schema version
    Json,
}

fn server(word: &str) -> Result<ServerOption, String> {
    if word == "list" {
        return Ok(ServerOption::List);
    }
    let names = || SERVERS.iter().map(|server| server.name).collect::<Vec<_>>().join(", ");
    server_named(word).map(ServerOption::Named).ok_or_else(|| format!("it is list or one of {}", names()))
}

fn mode(word: &str) -> Result<Mode, String> {
    listed(&[Mode::Cors, Mode::NoCors, Mode::SameOrigin], Mode::as_str, word)
}

fn credentials(word: &str) -> Result<CredentialsMode, String> {
    listed(CredentialsMode::ALL, CredentialsMode::as_str, word)
}

fn cache(word: &str) -> Result<CacheMode, String> {
    listed(CacheMode::ALL, CacheMode::as_str, word)
}

fn redirect(word: &str) -> Result<RedirectMode, String> {
    listed(RedirectMode::ALL, RedirectMode::as_str, word)
}

fn referrer_policy(word: &str) -> Result<ReferrerPolicy, String> {
    listed(ReferrerPolicy::ALL, ReferrerPolicy::as_str, word)
}

fn listed<T: Copy>(list: &[T], word_of: fn(T) -> &'static str, word: &str) -> Result<T, String> {
    let found = list.iter().copied().find(|&value| word_of(value) == word);
    found.ok_or_else(|| {
        let words: Vec<&str> =
            list.iter().map(|&value| word_of(value)).filter(|word| !word.is_empty()).collect();
        format!("it is one of {}", words.join(", "))
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it is a number of seconds above 0".to_owned()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let wrong = || "it is a number of bytes, or one with k, M or G".to_owned();
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(
            std::iter::once("sofetch").chain(line.split(' ').filter(|word| !word.is_empty())),
        )
    }

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_bare_word_is_a_url_unless_it_is_a_command() {
        let url = |line: &str| parse(line).expect(line).fetch.url.and_then(|url| url.into_string().ok());
        assert_eq!(url("a.test").as_deref(), Some("a.test"));
        assert_eq!(url("https://cors").as_deref(), Some("https://cors"));
        assert!(matches!(parse("demo").expect("a command").command, Some(Command::Demo(_))));
        let Some(Command::Cors(cors)) =
            parse("cors a.test --origin https://b.test").expect("a command").command
        else {
            panic!("not cors");
        };
        assert_eq!(cors.fetch.url.as_deref(), Some("a.test".as_ref()));
        assert_eq!(cors.fetch.origin.as_deref(), Some("https://b.test"));
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in [
            "",
            "cors",
            "a.test b.test",
            "--mode navigate a.test",
            "--credentials yes a.test",
            "--redirect never a.test",
            "--max-time 0 a.test",
            "--max-time -1 a.test",
            "--max-time inf a.test",
            "--max-size 1T a.test",
            "--max-size 99999999999G a.test",
            "--max-size + a.test",
            "--report xml a.test",
            "-d a --json {} a.test",
            "-d a -F a=b a.test",
            "-I -X GET a.test",
            "-I -d a a.test",
            "--http1.1 --http2 a.test",
            "--key k.pem a.test",
            "--page https://a.test --origin https://a.test a.test",
            "--frobnicate a.test",
            "-v cors a.test",
            "cors a.test --server iis5",
            "--server nginx a.test",
            "-L --redirect manual a.test",
        ] {
            let error = parse(line).map(|args| format!("{args:?}")).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn a_list_of_servers_needs_no_url() {
        let server = |line: &str| match parse(line).expect(line).command {
            Some(Command::Cors(cors)) => cors.server,
            _ => None,
        };
        assert!(matches!(server("cors --server list"), Some(ServerOption::List)));
        assert!(
            matches!(server("cors a.test --server nginx"), Some(ServerOption::Named(server)) if server.name == "nginx")
        );
        assert!(server("cors a.test").is_none());
    }

    #[test]
    fn habits_of_curl() {
        let args = parse("-fsSL --compressed a.test").expect("valid").fetch;
        assert!(args.fail && args.silent && args.show_error && args.location && args.compressed);
        assert!(parse("--location --show-error a.test").is_ok());
    }

    #[test]
    fn words_and_numbers_are_typed() {
        let args = parse("--mode no-cors --credentials include --cache no-store --redirect manual a.test")
            .expect("valid");
        assert_eq!(args.fetch.mode, Some(Mode::NoCors));
        assert_eq!(args.fetch.credentials, Some(CredentialsMode::Include));
        assert_eq!(args.fetch.cache, Some(CacheMode::NoStore));
        assert_eq!(args.fetch.redirect, Some(RedirectMode::Manual));
        let args = parse("-m 1.5 --max-size 2k --referrer-policy origin -d a -d b a.test").expect("valid");
        assert_eq!(args.fetch.network.max_time, Some(Duration::from_millis(1500)));
        assert_eq!(args.fetch.network.max_size, Some(2048));
        assert_eq!(args.fetch.referrer_policy, Some(ReferrerPolicy::Origin));
        assert_eq!(args.fetch.data, ["a", "b"]);
    }
}
