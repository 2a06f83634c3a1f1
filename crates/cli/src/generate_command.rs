//! `sofetch generate`: completions and pages for `man`, made of the arguments themselves.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{Args, Generated, ManPage};
use crate::ending::{Ending, Failure};

/// Runs the command.
pub(crate) fn run(what: Generated) -> Result<Ending, Failure> {
    let text = match what {
        Generated::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "sofetch", &mut text);
            text
        }
        Generated::Man { command } => man(command).map_err(Failure::stdout)?,
    };
    let mut out = io::stdout().lock();
    out.write_all(&text).and_then(|()| out.flush()).map_err(Failure::stdout)?;
    Ok(Ending::Answered)
}

fn man(page: Option<ManPage>) -> io::Result<Vec<u8>> {
    let mut whole = Args::command();
    // What the whole hands down to its commands: versions, usages.
    whole.build();
    let command = match page {
        None => whole,
        Some(page) => {
            let (name, title) = match page {
                ManPage::Cors => ("cors", "sofetch-cors"),
                ManPage::Repl => ("repl", "sofetch-repl"),
                ManPage::Run => ("run", "sofetch-run"),
                ManPage::Tour => ("tour", "sofetch-tour"),
                ManPage::Generate => ("generate", "sofetch-generate"),
            };
            let command = whole.find_subcommand(name).expect("each page is a command's").clone();
            command.name(title)
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(text)
}
