//! Commands for a POSIX shell: curl's, HTTPie's and this program's own.

use sofetch_inspect::safe_text::escaped;

use super::shell_quotes::{printf, word};
use super::{Plain, Source};

/// A command line that grows by lines.
struct Line {
    text: String,
    /// What is piped into it.
    input: Option<String>,
}

impl Line {
    fn new(program: &str) -> Line {
        Line { text: program.to_owned(), input: None }
    }

    /// Another word on the same line.
    fn word(&mut self, bytes: &[u8]) {
        self.text.push(' ');
        // Only bodies have NULs, and they go through `body`.
        self.text.push_str(&word(bytes).unwrap_or_else(|| "''".to_owned()));
    }

    /// An option and its value, on a line of their own.
    fn option(&mut self, name: &str, value: &[u8]) {
        self.flag(name);
        self.word(value);
    }

    fn flag(&mut self, name: &str) {
        self.text.push_str(" \\\n  ");
        self.text.push_str(name);
    }

    /// The body as an argument, or piped in where none can hold it.
    fn body(&mut self, bytes: &[u8], argument: &str, piped: &str) {
        if bytes.contains(&0) {
            self.input = Some(printf(bytes));
            self.text.push_str(piped);
        } else {
            self.option(argument, bytes);
        }
    }

    fn finished(self) -> String {
        match self.input {
            Some(input) => format!("{input} | {}\n", self.text),
            None => format!("{}\n", self.text),
        }
    }
}

/// `Name: value`, or `Name;` where it is empty.
fn header(name: &str, value: &[u8]) -> Vec<u8> {
    if value.is_empty() { format!("{name};").into_bytes() } else { [name.as_bytes(), b": ", value].concat() }
}

/// curl. What it would say by itself is taken away where the request does not say it.
pub(super) fn curl(plain: &Plain) -> String {
    let mut line = Line::new("curl");
    line.word(plain.url.as_bytes());
    // NB: curl takes brackets and braces of a URL for patterns.
    line.text.push_str(if plain.url.contains(['[', ']', '{', '}']) { " --globoff" } else { "" });
    let implied = if plain.body.is_some() { "POST" } else { "GET" };
    match &*plain.method {
        "HEAD" if plain.body.is_none() => line.flag("--head"),
        method if method != implied => line.option("-X", method.as_bytes()),
        _ => {}
    }
    for (name, value) in &plain.headers {
        line.option("-H", &header(name, value));
    }
    let mut absent = vec!["User-Agent", "Accept"];
    absent.extend(plain.body.is_some().then_some("Content-Type"));
    for name in absent.into_iter().filter(|name| !plain.has(name)) {
        line.option("-H", format!("{name}:").as_bytes());
    }
    if let Some(body) = &plain.body {
        line.body(body, "--data-raw", " \\\n  --data-binary @-");
    }
    line.flag("--compressed");
    line.finished()
}

/// HTTPie, whose `--raw` takes the body as it is.
pub(super) fn httpie(plain: &Plain, notes: &mut Vec<String>) -> String {
    let mut line = Line::new("http");
    let piped =
        plain.body.as_ref().is_some_and(|body| std::str::from_utf8(body).is_err() || body.contains(&0));
    line.text.push_str(if piped { "" } else { " --ignore-stdin" });
    line.word(plain.method.as_bytes());
    line.word(plain.url.as_bytes());
    for (name, value) in &plain.headers {
        let item = match &**value {
            [] => format!("{name};").into_bytes(),
            // What would make another operator of the colon.
            [b'=' | b'@', ..] => [name.as_bytes(), b":\\", value].concat(),
            _ => [name.as_bytes(), b":", value].concat(),
        };
        // HTTPie takes that backslash for its own, and has no way to say it.
        let escapes = |pair: &[u8]| pair[0] == b'\\' && matches!(pair[1], b':' | b';' | b'=' | b'@');
        if value.windows(2).any(escapes) {
            notes.push(format!("HTTPie loses a backslash of {}", escaped(name)));
        }
        line.text.push_str(" \\\n ");
        line.word(&item);
    }
    if plain.body.is_some() && !plain.has("content-type") {
        line.text.push_str(" \\\n ");
        line.word(b"Content-Type:");
    }
    match &plain.body {
        Some(body) if piped => line.input = Some(printf(body)),
        Some(body) => {
            line.flag("--raw=");
            line.text.push_str(&word(body).unwrap_or_default());
        }
        None => {}
    }
    line.finished()
}

/// This program: the options that were given, so that its rules add the same headers.
pub(super) fn sofetch(source: &Source<'_>, plain: &Plain) -> String {
    let mut line = Line::new("sofetch");
    line.word(plain.url.as_bytes());
    let asked = source.asked;
    if let Some(page) = source.page {
        match page.opaque {
            true => line.option("--origin", b"null"),
            false => line.option("--page", page.url.href().as_bytes()),
        }
    }
    let implied = if plain.body.is_some() { "POST" } else { "GET" };
    match &*plain.method {
        "HEAD" if plain.body.is_none() => line.flag("--head"),
        method if method != implied => line.option("-X", method.as_bytes()),
        _ => {}
    }
    if let Some(user_agent) = source.user_agent {
        line.option("-A", user_agent.as_deref().unwrap_or_default().as_bytes());
    }
    for (name, value) in &plain.headers {
        line.option("-H", &header(name, value));
    }
    if plain.body.is_some() && !plain.has("content-type") {
        let said = source.sent.headers.get("content-type").map(|value| value.to_vec());
        let typed = said.map_or(b"Content-Type:".to_vec(), |value| header("Content-Type", &value));
        line.option("-H", &typed);
    }
    let words = [
        ("--mode", asked.mode.map(sofetch::Mode::as_str)),
        ("--credentials", asked.credentials.map(sofetch::CredentialsMode::as_str)),
        ("--cache", asked.cache.map(sofetch::CacheMode::as_str)),
        ("--redirect", asked.redirect.map(sofetch::RedirectMode::as_str)),
        ("--referrer", asked.referrer.as_deref()),
        ("--referrer-policy", asked.referrer_policy.map(sofetch::ReferrerPolicy::as_str)),
        ("--integrity", asked.integrity.as_deref()),
    ];
    for (name, value) in words {
        if let Some(value) = value {
            line.option(name, value.as_bytes());
        }
    }
    if let Some(body) = &plain.body {
        line.body(body, "--data-raw", " \\\n  --data-binary @-");
    }
    line.finished()
}
