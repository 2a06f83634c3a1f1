//! The arguments as they were typed: names, help and the few words that have a fixed list. What they mean is `options.rs`.
//!
//! `args/audit.rs` has those of `cors audit`.
//!
//! Network options have curl's long names, the request's own have the names of fetch's init members. The file is longer than most
//! because it is one list; what stands beside the URL, imports and what is shown have files of their own.

mod generate;
mod imports;
mod items;
#[cfg(test)]
mod page;
mod run;
mod showing;
mod values;

mod audit;
mod authentication;
mod batch;
mod cors;
mod lab;
mod printing;
mod repl;
mod saving;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use sofetch::{CacheMode, CredentialsMode, Destination, Mode, RedirectMode, ReferrerPolicy};
use sofetch_inspect::safe_text::escaped;

use crate::complaints;
use crate::config;
use crate::ending::Ending;
pub(crate) use cors::{BrowserName, CorsArgs, Send, ServerOption};

pub(crate) use audit::{AuditArgs, AuditReport, CorsCommand, FailOn};

pub(crate) use authentication::AuthenticationArgs;
pub(crate) use batch::BatchArgs;
pub(crate) use printing::{ColorWhen, PrintingArgs};
pub(crate) use saving::SavingArgs;

pub(crate) use generate::{GenerateArgs, Generated, ManPage};
pub(crate) use imports::ImportArgs;
pub(crate) use items::ItemArgs;
pub(crate) use lab::LabArgs;
pub(crate) use repl::ReplArgs;
pub(crate) use run::{GlobalKind, RealmArgs, RunArgs};
pub(crate) use showing::{CopyAs, Parts, ShowingArgs};

use generate::GENERATE_EXAMPLES;
use lab::LAB_EXAMPLES;
use repl::REPL_EXAMPLES;
use run::RUN_EXAMPLES;
use values::{cache, credentials, destination, mode, redirect, referrer_policy, seconds, size};

const EXAMPLES: &str = "\
Examples:
  sofetch https://api.example/items
  sofetch :8080/items name=lamp watts:=60 API-Key:key page==2
  sofetch --json '{\"name\":\"lamp\"}' localhost:8080/items
  sofetch --page https://app.example/ -v https://api.example/items
  sofetch cors https://api.example/items --origin https://app.example -X PATCH
  sofetch cors audit https://api.example/items --origin https://app.example
  sofetch -O --continue https://files.example/large.iso
  sofetch --batch urls.txt --parallel 8 --retry 2 --report json
  sofetch -u user --digest --timeline https://api.example/items
  sofetch run --base-url https://app.example/ page.js
  sofetch repl --base-url https://app.example/
  sofetch lab
  sofetch tour

A URL without a scheme is https:, but http: for localhost and loopback
addresses. Relative URLs are those of --page. To fetch from a host that is
called `cors`, `lab`, `repl`, `run`, `tour` or `generate`, or like a method,
write its scheme.

The config file holds options for every run, a line each, without the dashes:
`max-time = 30`, `http1.1`, `header = Accept-Language: en`; # begins a comment.
It is $SOFETCH_CONFIG (empty: none), or sofetch/config in the user's folder of
configurations. What is typed comes before it; --no-config leaves it out.

Secrets (passwords, cookies, keys) print as [redacted] unless --show-secrets.

Exit codes:
  0  answered, whatever the status
  1  refused: by a rule of the Standard, or by --no-private
  2  usage: wrong options, or a request that cannot be made
  3  the network failed, a time-out or a limit was reached, or the answer
     could not be written
  4  answered with 400 or above, under --fail; under --download with
     anything but a success
Of --batch it is the highest of all.";

const TOUR_EXAMPLES: &str = "\
Examples:
  sofetch tour
  sofetch tour --list
  sofetch tour --stop preflight --stop refused
  sofetch tour --report json

Two servers are started on loopback under the names https://javascript.info
(the page's) and https://site.com (the API's), with certificates made for this
run. Nothing leaves this machine. Each stop runs its script in the JavaScript
face and is compared with what must come of it.

Exit codes:
  0  every stop came out as it must
  1  one came out otherwise
  2  usage: there is no such stop
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

/// What holds for every command that reads the config file.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Take no options from the config file (SOFETCH_CONFIG, or sofetch/config in the user's folder of configurations)
    #[arg(long, help_heading = "Output")]
    pub(crate) no_config: bool,
}

/// The commands that have a name.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch as a script of an origin would, and tell each decision: preflight, question, answer, checks, what the script sees
    #[command(after_help = cors::EXAMPLES)]
    Cors(Box<CorsArgs>),
    /// Open a page where one asks as a script of an origin would, sees each decision, and changes the server's answers
    #[command(after_help = LAB_EXAMPLES)]
    Lab(Box<LabArgs>),
    /// Type scripts as those of a page, an entry at a time, and see what each fetch came to
    #[command(after_help = REPL_EXAMPLES)]
    Repl(Box<ReplArgs>),
    /// Run scripts as those of a page: fetch, streams, events, abort and their kin
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Print what shells and `man` want to know of this command
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(GenerateArgs),
    /// Walk through fetch and CORS offline, between two origins that this command serves itself
    #[command(after_help = TOUR_EXAMPLES)]
    Tour(TourArgs),
}

/// What `sofetch tour` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct TourArgs {
    /// Name the stops and end
    #[arg(long, conflicts_with_all = ["stops", "report", "step"])]
    pub(crate) list: bool,
    /// Only this stop, by name or number (repeatable)
    #[arg(long = "stop", value_name = "NAME|N")]
    pub(crate) stops: Vec<String>,
    /// Print all stops as one JSON document
    #[arg(long, value_name = "FORMAT", conflicts_with = "step")]
    pub(crate) report: Option<Report>,
    /// Wait for the Enter key between two stops, on a terminal
    #[arg(long)]
    pub(crate) step: bool,
    /// Print secrets as they are
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// What `sofetch URL` and `sofetch cors URL` take.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct FetchArgs {
    /// What to fetch; a method may stand before it (`sofetch PUT :3000/items/1`)
    #[arg(value_name = "URL", required_unless_present_any = ["import", "batch"])]
    pub(crate) url: Option<OsString>,
    /// What stands beside it.
    #[command(flatten)]
    pub(crate) beside: ItemArgs,
    /// A request that was written down.
    #[command(flatten)]
    pub(crate) import: ImportArgs,

    /// The method: GET, or POST if there is a body
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Request")]
    pub(crate) method: Option<String>,
    /// A header; `Name;` sends it empty, `Name:` takes a default away: User-Agent's, or the Content-Type of --data and --json (Accept, Accept-Encoding and Host stay)
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        allow_hyphen_values = true,
        help_heading = "Request"
    )]
    pub(crate) headers: Vec<OsString>,
    /// A body of type application/x-www-form-urlencoded; @FILE reads one (@- standard input) without its line breaks; several are joined by `&`
    #[arg(
        short = 'd',
        long,
        value_name = "DATA",
        allow_hyphen_values = true,
        group = "body",
        help_heading = "Request"
    )]
    pub(crate) data: Vec<OsString>,
    /// As --data, but @ means nothing in it
    #[arg(long, value_name = "DATA", allow_hyphen_values = true, group = "body", help_heading = "Request")]
    pub(crate) data_raw: Option<OsString>,
    /// As --data, but a file's bytes are sent as they are
    #[arg(long, value_name = "DATA", allow_hyphen_values = true, group = "body", help_heading = "Request")]
    pub(crate) data_binary: Option<OsString>,
    /// A body of type application/json; @FILE reads one (@- standard input)
    #[arg(long, value_name = "DATA", allow_hyphen_values = true, group = "body", help_heading = "Request")]
    pub(crate) json: Option<OsString>,
    /// A field of a multipart/form-data body: NAME=TEXT, NAME=@FILE or NAME=<FILE, a file with ;type= and ;filename= (curl's --form)
    #[arg(short = 'F', value_name = "NAME=CONTENT", group = "body", help_heading = "Request")]
    pub(crate) fields: Vec<OsString>,
    /// Ask for the head alone (method HEAD) and print it
    #[arg(short = 'I', long, conflicts_with_all = ["method", "body"], help_heading = "Request")]
    pub(crate) head: bool,

    /// Fetch as a script of the page with this URL
    #[arg(long, value_name = "URL", group = "behalf", help_heading = "Page rules")]
    pub(crate) page: Option<String>,
    /// Fetch as a script of this origin, `null` for an opaque one
    #[arg(long, conflicts_with = "page", group = "behalf", help_heading = "Page rules")]
    pub(crate) origin: Option<String>,
    /// A Content-Security-Policy of the page; several all bind it
    #[arg(long, value_name = "POLICY", requires = "behalf", help_heading = "Page rules")]
    pub(crate) csp: Vec<String>,
    /// One that refuses nothing: what violates it is told
    #[arg(long, value_name = "POLICY", requires = "behalf", help_heading = "Page rules")]
    pub(crate) csp_report_only: Vec<String>,
    /// The Integrity-Policy of the page, as blocked-destinations=(script); it minds scripts and styles (--destination)
    #[arg(long, value_name = "VALUE", requires = "behalf", help_heading = "Page rules")]
    pub(crate) integrity_policy: Option<String>,
    /// What an element of the page asks for: script, style, image, font ...; without it, fetch() asks
    #[arg(long, value_name = "NAME", requires = "behalf", value_parser = destination, help_heading = "Page rules")]
    pub(crate) destination: Option<Destination>,
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
    /// What else is shown, or shown instead.
    #[command(flatten)]
    pub(crate) showing: ShowingArgs,
    /// Exit with 4, and leave the body, if the status is 400 or above
    #[arg(short = 'f', long, help_heading = "Output")]
    pub(crate) fail: bool,
    /// Print secrets as they are
    #[arg(long, help_heading = "Output")]
    pub(crate) show_secrets: bool,

    /// Many of them.
    #[command(flatten)]
    pub(crate) batch: BatchArgs,
    /// Where it goes.
    #[command(flatten)]
    pub(crate) saving: SavingArgs,
    /// How it is shown.
    #[command(flatten)]
    pub(crate) printing: PrintingArgs,
    /// Who the user is.
    #[command(flatten)]
    pub(crate) authentication: AuthenticationArgs,
    /// The network.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// The config file.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
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
    /// Connect to this Unix domain socket in place of every host
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", conflicts_with = "no_private", help_heading = "Network")]
    pub(crate) unix_socket: Option<PathBuf>,
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
    /// A limit on each fetch as a whole, in seconds
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

impl Args {
    /// The arguments of this process, with those of the config file before them. Where they are none, the help or the
    /// complaint, with its exit code.
    pub(crate) fn of_process() -> Result<Args, ExitCode> {
        let typed: Vec<OsString> = std::env::args_os().collect();
        let args = Args::try_parse_from(&typed).map_err(|error| {
            if !error.use_stderr() {
                // Help and version; nobody is left to tell that the pipe is gone.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            // NB: a script may hand a stranger's text over as an argument, and clap repeats it as it is.
            complain(&complaints::complaint(error, &typed))
        })?;
        if !args.takes_config() {
            return Ok(args);
        }
        config::with_config(args, &typed).map_err(|error| complain(&format!("error: {error}")))
    }

    /// Does the config file count?
    fn takes_config(&self) -> bool {
        match &self.command {
            None => !self.fetch.config.no_config,
            Some(Command::Cors(cors)) => cors.command.is_none() && !cors.fetch.config.no_config,
            Some(Command::Lab(lab)) => !lab.config.no_config,
            Some(Command::Repl(repl)) => !repl.config.no_config,
            Some(Command::Run(run)) => !run.config.no_config,
            Some(Command::Tour(_) | Command::Generate(_)) => false,
        }
    }
}

fn complain(words: &str) -> ExitCode {
    for line in words.lines() {
        let _ = writeln!(io::stderr(), "{}", escaped(line));
    }
    ExitCode::from(Ending::Usage as u8)
}

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// One JSON document with a schema version
    Json,
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
        assert!(matches!(parse("tour").expect("a command").command, Some(Command::Tour(_))));
        let Some(Command::Cors(cors)) =
            parse("cors a.test --origin https://b.test").expect("a command").command
        else {
            panic!("not cors");
        };
        assert_eq!(cors.fetch.url.as_deref(), Some("a.test".as_ref()));
        assert_eq!(cors.fetch.origin.as_deref(), Some("https://b.test"));
        assert_eq!(cors.send, Send::Auto);
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in [
            "",
            "cors",
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
            "-d a --form a.test",
            "--form --multipart a.test",
            "-I -X GET a.test",
            "-I -d a a.test",
            "--http1.1 --http2 a.test",
            "--key k.pem a.test",
            "--page https://a.test --origin https://a.test a.test",
            "--frobnicate a.test",
            "cors a.test --server iis5",
            "--server nginx a.test",
            "--send always a.test",
            "cors --as netscape --origin https://a.test a.test",
            "cors --send sometimes --origin https://a.test a.test",
            "--bearer t --digest a.test",
            "--auth a:b --netrc a.test",
            "--raw --stream a.test",
            "--overwrite a.test",
            "-O -I a.test",
            "--continue -d a a.test",
            "--retry 0 a.test",
            "--retry-all a.test",
            "--batch b --parallel 257",
            "--batch b a.test",
            "--unix-socket s --no-private a.test",
            "-L --redirect manual a.test",
            "--csp default-src a.test",
            "--csp-report-only default-src a.test",
            "--integrity-policy a=(b) a.test",
            "--destination script a.test",
            "--origin https://a.test --destination document a.test",
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
