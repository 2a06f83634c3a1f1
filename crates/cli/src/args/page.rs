//! `docs/command-line.md`, made of the arguments: its reference is what this test writes (`UPDATE_DOCS=1`), or finds already there.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::Args;

const BEGIN: &str =
    "<!-- What follows is written by UPDATE_DOCS=1 cargo test -p sofetch-cli --bin sofetch page -->\n";

/// The reference: exit codes of all commands, then each command.
fn reference() -> String {
    let mut whole = Args::command();
    whole.build();
    // Each command, and behind `cors` those of its own.
    let of = |command| {
        let inner = Command::get_subcommands(command).filter(|_| command.get_name() == "cors");
        std::iter::once(command).chain(inner)
    };
    let commands: Vec<&Command> =
        std::iter::once(&whole).chain(whole.get_subcommands().flat_map(of)).collect();
    let mut text = String::from("\n## Exit codes\n\n| command | code | meaning |\n|---|---|---|\n");
    for command in &commands {
        for (code, meaning) in exit_codes(&after_help(command)) {
            let _ = writeln!(text, "| `{}` | {code} | {} |", title(command), cell(&meaning));
        }
    }
    for command in &commands {
        section(&mut text, command, commands[0]);
    }
    text
}

fn title(command: &Command) -> String {
    match command.get_bin_name().unwrap_or(command.get_name()) {
        "sofetch" => "sofetch URL".to_owned(),
        name => name.to_owned(),
    }
}

fn after_help(command: &Command) -> String {
    command.get_after_help().map(ToString::to_string).unwrap_or_default()
}

/// The rows of `Exit codes:`; a line that is further in goes on with the one before.
fn exit_codes(help: &str) -> Vec<(String, String)> {
    let mut codes: Vec<(String, String)> = Vec::new();
    let lines = help.lines().skip_while(|line| *line != "Exit codes:").skip(1);
    for line in lines.take_while(|line| line.starts_with("  ")) {
        let (code, meaning) = line.trim_start().split_once("  ").unwrap_or(("", line));
        match codes.last_mut() {
            Some((_, before)) if !code.bytes().all(|byte| byte.is_ascii_digit()) || code.is_empty() => {
                before.push(' ');
                before.push_str(line.trim());
            }
            _ => codes.push((code.to_owned(), meaning.trim().to_owned())),
        }
    }
    codes
}

fn section(text: &mut String, command: &Command, whole: &Command) {
    let _ = writeln!(text, "\n## {}\n", title(command));
    if let Some(about) = command.get_about() {
        let _ = writeln!(text, "{about}.\n");
    }
    let ids = |command: &Command| -> Vec<String> {
        command.get_arguments().map(|arg| arg.get_id().to_string()).filter(|id| id != "version").collect()
    };
    let help = after_help(command);
    let shared = ids(whole);
    let shares = command.get_name() != whole.get_name() && shared.iter().all(|id| ids(command).contains(id));
    if shares {
        let _ = writeln!(text, "Its arguments and options are those of `sofetch URL`, and these:\n");
    }
    let shown = |arg: &&Arg| {
        let told = shares && shared.iter().any(|id| id == arg.get_id().as_str());
        !told && !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
    };
    let arguments: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    let mut headings: Vec<Option<&str>> = Vec::new();
    for argument in &arguments {
        if !headings.contains(&argument.get_help_heading()) {
            headings.push(argument.get_help_heading());
        }
    }
    for heading in headings {
        let _ = writeln!(text, "| {} | |\n|---|---|", heading.unwrap_or("Arguments and options"));
        for argument in arguments.iter().filter(|argument| argument.get_help_heading() == heading) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let words: Vec<String> = argument
                .get_possible_values()
                .iter()
                .filter(|_| argument.get_action().takes_values())
                .map(|value| format!("`{}`", value.get_name()))
                .collect();
            let words = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
            let _ = writeln!(text, "| `{}` | {}{words} |", cell(&name(argument)), cell(&help));
        }
        text.push('\n');
    }
    for argument in &arguments {
        if let Some(long) =
            argument.get_long_help().filter(|_| argument.get_help() != argument.get_long_help())
        {
            let _ = writeln!(text, "```text\n{long}\n```\n");
        }
    }
    for inner in command
        .get_subcommands()
        .filter(|inner| command.get_name() == "generate" && inner.get_name() != "help")
    {
        let positionals: Vec<String> = inner.get_positionals().map(name).collect();
        let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            text,
            "`sofetch {} {} {}`: {about}.\n",
            command.get_name(),
            inner.get_name(),
            positionals.join(" ")
        );
    }
    if !help.is_empty() {
        let _ = writeln!(text, "```text\n{help}\n```");
    }
}

/// As usages write it.
fn name(argument: &Arg) -> String {
    let values: Vec<String> = match argument.get_value_names() {
        Some(names) if argument.get_action().takes_values() => {
            names.iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    };
    if argument.is_positional() {
        return format!("[{}]", values.join(" "));
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    [names.join(", "), values.join(" ")].join(" ").trim_end().to_owned()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_page_has_the_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command-line.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (before, after) = page.split_once(BEGIN).expect("the page says where the reference begins");
    let reference = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{reference}")).expect("the page can be written");
        return;
    }
    assert_eq!(after, reference, "UPDATE_DOCS=1 writes it");
}

#[test]
fn every_exit_code_is_there() {
    use crate::ending::Ending;
    let codes = |name: &str| -> Vec<String> {
        let whole = Args::command();
        let command =
            if name == "sofetch" { &whole } else { whole.find_subcommand(name).expect("a command") };
        exit_codes(&after_help(command)).into_iter().map(|(code, _)| code).collect()
    };
    let all = [Ending::Answered, Ending::Refused, Ending::Usage, Ending::Network, Ending::Status];
    let all: Vec<String> = all.iter().map(|ending| (*ending as u8).to_string()).collect();
    assert_eq!(codes("sofetch"), all);
    let undecided = (Ending::Undecided as u8).to_string();
    assert_eq!(codes("cors"), [&all[..], &[undecided]].concat());
    assert_eq!(codes("run"), ["0", "1", "2", "3", "124"]);
    assert_eq!(codes("repl"), ["0", "1", "2", "3"]);
    assert_eq!(codes("tour"), ["0", "1", "2", "3"]);
    assert_eq!(codes("generate"), ["0", "2", "3"]);
}
