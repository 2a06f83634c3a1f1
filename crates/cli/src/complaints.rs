//! Why arguments are none: clap's complaint without tips that mislead, and what to type in place of curl's options that are
//! not here.

use std::ffi::OsString;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::redacted_urls;

use crate::args::Args;
use crate::options::UsageError;

/// curl's options that many will try, and what to type here.
const CURLS: &[(&[&str], &str)] = &[
    (&["-b", "--cookie"], "use -H 'Cookie: ...'"),
    (&["-c", "--cookie-jar"], "cookies are not kept"),
    (&["-G", "--get"], "write the query into the URL"),
    (&["--remote-name"], "use -O, which takes the name from the server or the URL"),
    (&["-J", "--remote-header-name"], "leave it out: -O takes the server's name if it is safe"),
    (&["-C", "--continue-at"], "use --continue"),
    (&["-T", "--upload-file"], "use -X PUT --data-binary @FILE"),
    (&["-e", "--referer"], "use --referrer URL"),
    (&["-D", "--dump-header"], "use -i"),
    (&["--request"], "use -X METHOD"),
    (&["--data-urlencode"], "use an item: --form URL name=text"),
    (&["--url"], "write the URL as it is"),
];

/// All that is said of these arguments, in lines that are not safe to print yet. NB: no value is repeated that could be a
/// secret.
pub(crate) fn complaint(mut error: clap::Error, typed: &[OsString]) -> String {
    if let Some(word) = late_command(typed) {
        return format!("error: {}\n\n{}", UsageError::CommandLate(word), help());
    }
    if error.kind() == ErrorKind::InvalidUtf8 {
        return format!("error: {}\n\n{}", not_utf8(typed), help());
    }
    let known = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(option) = known(ContextKind::InvalidArg)
    {
        if let Some((_, instead)) = CURLS.iter().find(|(names, _)| names.contains(&&*option)) {
            return format!("error: '{option}' is not here: {instead}\n\n{}", help());
        }
        // It would have the option passed as a URL.
        error.remove(ContextKind::Suggested);
    }
    redacted_urls(&error.to_string(), Secrets::Redacted).into_owned()
}

fn help() -> &'static str {
    "For more information, try '--help'."
}

/// A command's word that stands behind something else.
fn late_command(typed: &[OsString]) -> Option<String> {
    let first = typed.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    if matches!(first, "cors" | "tour" | "generate" | "repl" | "run") {
        return None;
    }
    let words = typed.iter().skip(2).filter_map(|arg| arg.to_str());
    words.into_iter().find(|arg| matches!(*arg, "cors" | "tour")).map(str::to_owned)
}

/// Which argument it is that must be UTF-8: files' names need not be, so clap is asked of each by itself.
fn not_utf8(typed: &[OsString]) -> String {
    let lossy = |arg: &OsString| OsString::from(arg.to_string_lossy().into_owned());
    let wrong = (1..typed.len()).filter(|&at| typed[at].to_str().is_none()).find(|&at| {
        let alone =
            typed.iter().enumerate().map(|(other, arg)| if other == at { arg.clone() } else { lossy(arg) });
        Args::try_parse_from(alone).is_err_and(|error| error.kind() == ErrorKind::InvalidUtf8)
    });
    let Some(at) = wrong else { return "an argument is not UTF-8".to_owned() };
    let before = typed[at - 1].to_str().filter(|arg| at > 1 && arg.starts_with('-'));
    let place = before.map(|option| format!(", after {option},")).unwrap_or_default();
    format!("argument {at}{place} is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complained(line: &str) -> String {
        let typed: Vec<OsString> =
            std::iter::once("sofetch").chain(line.split(' ')).map(OsString::from).collect();
        complaint(Args::try_parse_from(&typed).expect_err(line), &typed)
    }

    #[test]
    fn complaint_table() {
        let table = [
            ("two who one is", "-u a:hush --bearer hush a.test", "cannot be used with"),
            ("a cookie", "-b a=hush a.test", "-H 'Cookie: ...'"),
            ("a query", "-G a.test", "query"),
            ("a file named by its server", "-J a.test", "-O takes"),
            ("in a cluster", "-OJ a.test", "-O takes"),
            ("for cors too", "cors -C - a.test", "--continue"),
            ("an option that nobody knows", "--frobnicate a.test", "unexpected argument '--frobnicate'"),
            ("a short one", "-Z a.test", "unexpected argument '-Z'"),
            ("one that is nearly right", "--verbos a.test", "'--verbose'"),
            (
                "a word too many",
                "tour https://u:hush@b.test",
                "unexpected argument 'https://[redacted]@b.test'",
            ),
            ("what is not generated", "generate cors", "unrecognized subcommand 'cors'"),
            ("a time below nothing", "-m -1 a.test", "a number of seconds above 0"),
            ("and of connecting", "--connect-timeout -1 a.test", "a number of seconds above 0"),
        ];
        for (name, line, expected) in table {
            let said = complained(line);
            assert!(said.contains(expected), "{name}: {said}");
            assert!(!said.contains("as a value") && !said.contains("hush"), "{name}: {said}");
        }
    }
}
