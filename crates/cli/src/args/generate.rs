//! What `sofetch generate` takes.

use clap::{Subcommand, ValueEnum};
use clap_complete::Shell;

pub(super) const GENERATE_EXAMPLES: &str = "\
Examples:
  sofetch generate completions bash > ~/.local/share/bash-completion/completions/sofetch
  sofetch generate completions zsh > ~/.zfunc/_sofetch
  sofetch generate completions fish > ~/.config/fish/completions/sofetch.fish
  sofetch generate completions powershell >> $PROFILE
  sofetch generate man > ~/.local/share/man/man1/sofetch.1
  sofetch generate man cors > ~/.local/share/man/man1/sofetch-cors.1

Exit codes:
  0  it is printed
  2  usage: no such shell or command
  3  the output could not be written";

/// What `sofetch generate` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// What is printed.
    #[command(subcommand)]
    pub(crate) what: Generated,
}

/// What can be generated.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Generated {
    /// A script of completions
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// A page for `man`, as roff
    Man {
        /// Of which command; the whole without one
        command: Option<ManPage>,
    },
}

/// The commands that have a page of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManPage {
    /// sofetch-cors(1)
    Cors,
    /// sofetch-repl(1)
    Repl,
    /// sofetch-run(1)
    Run,
    /// sofetch-tour(1)
    Tour,
    /// sofetch-generate(1)
    Generate,
}
