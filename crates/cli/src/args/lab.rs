//! What `sofetch lab` takes.

use super::{ConfigArgs, NetworkArgs};

pub(super) const LAB_EXAMPLES: &str = "\
Examples:
  sofetch lab
  sofetch lab --port 4000 --no-open

The page is served on 127.0.0.1 alone. Its address has a token, without which
nothing answers: whoever has it fetches as you, with your network's options.
In the page, https://javascript.info and https://site.com are servers of this
program, for the examples; --no-demo leaves the names to the network. What may
change something at a server is not sent before one says so there. It serves
until it is interrupted (Ctrl-C).

Exit codes:
  2  usage: wrong options
  3  the port could not be listened on";

/// What `sofetch lab` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct LabArgs {
    /// The port to listen on (default: any that is free)
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Listen on ::1 too
    #[arg(long)]
    pub(crate) ipv6: bool,
    /// Start no browser: the address is printed
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Serve no examples: the names of their servers lead where they lead
    #[arg(long)]
    pub(crate) no_demo: bool,
    /// Show secrets as they are
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// The network.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// The config file.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
