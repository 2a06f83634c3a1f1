//! What `sofetch cors audit` takes, as it was typed.

use std::ffi::OsString;

use clap::{Subcommand, ValueEnum};
use sofetch::CredentialsMode;

use super::{NetworkArgs, credentials};

const AUDIT_EXAMPLES: &str = "\
Examples:
  sofetch cors audit https://api.example/items --origin https://app.example
  sofetch cors audit https://api.example/items --origin https://app.example \\
      -X PATCH --header-name api-key --credentials include
  sofetch cors audit https://api.example/items --report sarif > cors.sarif

Audit your own servers. Only GET, HEAD and OPTIONS are sent, in the names of
the origins that are given and of others that look like them, at most
--max-requests of them. docs/audit.md lists what is looked for.

Exit codes:
  0  nothing was found that is as grave as --fail-on says
  1  something was
  2  usage: wrong options, or a request that cannot be made
  3  the network failed at the first request, or the report could not be
     written";

/// The commands of `cors` that have a name.
#[derive(Debug, Subcommand)]
pub(crate) enum CorsCommand {
    /// Look for what is wrong with the CORS of a server of your own
    #[command(after_help = AUDIT_EXAMPLES)]
    Audit(Box<AuditArgs>),
}

/// What `sofetch cors audit` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct AuditArgs {
    /// What to audit
    #[arg(required = true)]
    pub(crate) url: Option<OsString>,

    /// An origin that is to be allowed (repeatable)
    #[arg(long, value_name = "ORIGIN", help_heading = "Expectations")]
    pub(crate) origin: Vec<String>,
    /// A method that they use (repeatable); without any, PUT, PATCH and DELETE are asked about, and may be refused
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Expectations")]
    pub(crate) method: Vec<String>,
    /// The name of a request header that they set (repeatable); without any, Authorization and Content-Type are asked about
    #[arg(long, value_name = "NAME", help_heading = "Expectations")]
    pub(crate) header_name: Vec<String>,
    /// With include, they are to be allowed with credentials
    #[arg(long, value_name = "MODE", value_parser = credentials, help_heading = "Expectations")]
    pub(crate) credentials: Option<CredentialsMode>,
    /// A header for every request but preflights, such as a test user's Cookie
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Request")]
    pub(crate) headers: Vec<OsString>,

    /// How many requests are sent at most
    #[arg(long, value_name = "NUMBER", default_value_t = 120, value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Network")]
    pub(crate) max_requests: u16,
    /// How many of them at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=16), help_heading = "Network")]
    pub(crate) parallel: u16,

    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) report: AuditReport,
    /// Exit with 1 where something is at least this grave
    #[arg(long, value_name = "SEVERITY", default_value = "medium", help_heading = "Output")]
    pub(crate) fail_on: FailOn,
    /// No errors on standard error
    #[arg(short = 's', long, help_heading = "Output")]
    pub(crate) silent: bool,
    /// Print secrets as they are
    #[arg(long, help_heading = "Output")]
    pub(crate) show_secrets: bool,

    /// The network.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// What an audit's report is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditReport {
    /// For people
    #[default]
    Text,
    /// One JSON document with a schema version
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// JUnit XML, for build servers: each rule is a test
    Junit,
}

/// From which severity on an audit fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// From low on
    Low,
    /// From medium on
    #[default]
    Medium,
    /// From high on
    High,
    /// Where everybody can use it
    Critical,
    /// Not for what is found
    Never,
}

#[cfg(test)]
mod tests {
    use super::super::{Args, Command};
    use super::*;
    use clap::Parser;

    fn audit(line: &str) -> Result<AuditArgs, clap::Error> {
        let args = Args::try_parse_from(["sofetch", "cors", "audit"].into_iter().chain(line.split(' ')))?;
        let Some(Command::Cors(cors)) = args.command else { panic!("not cors") };
        let Some(CorsCommand::Audit(audit)) = cors.command else { panic!("not audit") };
        Ok(*audit)
    }

    #[test]
    fn the_audit_has_options_of_its_own() {
        let args = audit("a.test").expect("valid");
        assert_eq!((args.report, args.fail_on), (AuditReport::Text, FailOn::Medium));
        assert_eq!((args.max_requests, args.parallel), (120, 4));
        let args =
            audit("a.test --origin https://b.test --origin https://c.test -X PUT --header-name x-key -k")
                .expect("valid");
        assert_eq!(args.origin.len(), 2);
        assert!(args.network.insecure);
        for line in [
            "a.test --report xml",
            "a.test --fail-on info",
            "a.test --parallel 0",
            "a.test --parallel 17",
            "a.test --max-requests 0",
            "a.test --max-requests 100000",
            "a.test b.test",
            "--report json",
            "a.test -d a",
        ] {
            assert_eq!(audit(line).map(|args| format!("{args:?}")).expect_err(line).exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn a_fetch_is_no_audit() {
        for line in ["cors https://audit --origin https://b.test", "cors audit.test --origin https://b.test"]
        {
            let args = Args::try_parse_from(std::iter::once("sofetch").chain(line.split(' '))).expect(line);
            assert!(matches!(args.command, Some(Command::Cors(cors)) if cors.command.is_none()), "{line}");
        }
    }
}
