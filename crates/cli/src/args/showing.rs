//! What is shown of a request in place of sending it, and of an exchange besides its body.

use clap::ValueEnum;

/// `--print`, `--offline` and `--copy-as`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ShowingArgs {
    /// What is printed, as HTTPie has it: H and B are the request's head and body, h and b the response's, m what was measured (default: b; under --offline HB)
    #[arg(short = 'p', long, value_name = "PARTS", value_parser = parts, conflicts_with_all = ["include", "report"], help_heading = "Output")]
    pub(crate) print: Option<Parts>,
    /// Send nothing: print the request as it would be sent (a preflight before it, if the rules ask for one)
    #[arg(long, conflicts_with_all = ["report", "output"], help_heading = "Output")]
    pub(crate) offline: bool,
    /// Send nothing: print a command, or code, that sends the same request
    #[arg(long, value_name = "FORM", conflicts_with_all = ["offline", "print", "report", "output"], help_heading = "Output")]
    pub(crate) copy_as: Option<CopyAs>,
}

/// What is written by `--copy-as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CopyAs {
    /// A curl command, for a shell (bash, zsh; any POSIX shell if nothing in it is binary)
    Curl,
    /// A call of fetch, for a browser's console or Node
    Fetch,
    /// Rust, for the crate reqwest
    Reqwest,
    /// An HTTPie command, for a shell
    Httpie,
    /// A command of this program, for a shell
    Sofetch,
}

/// The parts of an exchange that are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) request_head: bool,
    pub(crate) request_body: bool,
    pub(crate) response_head: bool,
    pub(crate) response_body: bool,
    pub(crate) meta: bool,
}

fn parts(letters: &str) -> Result<Parts, String> {
    let mut parts = Parts::default();
    for letter in letters.chars() {
        match letter {
            'H' => parts.request_head = true,
            'B' => parts.request_body = true,
            'h' => parts.response_head = true,
            'b' => parts.response_body = true,
            'm' => parts.meta = true,
            _ => return Err("it is made of the letters H, B, h, b and m".to_owned()),
        }
    }
    Ok(parts)
}
