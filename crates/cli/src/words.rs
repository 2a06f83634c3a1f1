//! Sentences for what only the faces know: a request that cannot be made, settings that cannot be used. All others are
//! `inspect`'s.

mod configs;
mod imports;
pub(crate) mod lab;
pub(crate) mod policies;
pub(crate) mod repl;

use std::error::Error as _;
use std::path::Path;

use sofetch::core::rules::schemes::SchemeFetch;
use sofetch::net::ConfigError;
use sofetch::{Error, ErrorKind, Misuse, NetworkError, Reason, Ruling};
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{escaped, redacted_urls};
use sofetch_inspect::words::{hint_for_network_error, words_for_network_error};

use crate::batch::LineError;
use crate::import::Ignored;

/// One line for a failed fetch, its chain of causes, and what to do. What strangers said in it is safe to print.
pub(crate) fn error_words(error: &Error, secrets: Secrets) -> String {
    let mut words = match (error.kind(), error.network_error()) {
        (_, Some(network_error)) if matches!(network_error.reason(), Reason::Aborted(_)) => {
            "The time of --max-time was over.".to_owned()
        }
        (_, Some(network_error)) => words_for_network_error(network_error),
        // The source tells which setting.
        (ErrorKind::Misuse(Misuse::Settings), _) if error.source().is_some_and(is_config) => String::new(),
        (ErrorKind::Misuse(misuse), _) => misuse_words(misuse).to_owned(),
        (ErrorKind::BodyUsed, _) => "the body was read before".to_owned(),
        (ErrorKind::TooLarge, _) => "the body is larger than is allowed".to_owned(),
        (ErrorKind::Decode, _) => "the body is not what was asked for".to_owned(),
        (_, None) => error.to_string(),
    };
    let mut cause = error.source();
    while let Some(source) = cause {
        let said = match source.downcast_ref::<ConfigError>() {
            Some(config) => config_words(config),
            None => source.to_string(),
        };
        let said = escaped(&*redacted_urls(&said, secrets)).into_owned();
        // NB: a chain often says the same thing at two places, and faults say their code where inspect has said a sentence.
        if !is_code(&said) && !words.contains(&said) {
            words.truncate(words.trim_end_matches('.').len());
            words.push_str(if words.is_empty() { "" } else { ": " });
            words.push_str(&said);
        }
        cause = source.source();
    }
    if let Some(hint) = error.network_error().and_then(hint) {
        let stop = if words.ends_with('.') { "" } else { "." };
        // NB: nobody but this face knows of the option.
        let believe =
            if words.contains("UnknownIssuer") { " --cacert FILE believes more authorities." } else { "" };
        words.push_str(&format!("{stop} {hint}{believe}"));
    }
    words
}

/// What to do. `inspect` speaks of the library, which has settings that the command has no options for.
fn hint(error: &NetworkError) -> Option<String> {
    match error.reason() {
        Reason::Ruling(Ruling::SchemeFetch(SchemeFetch::FileRefused)) => {
            Some("This command reads no files: serve the file over http.".to_owned())
        }
        _ => hint_for_network_error(error),
    }
}

fn is_config(source: &(dyn std::error::Error + 'static)) -> bool {
    source.is::<ConfigError>()
}

/// `body-cut` and the like: a word for machines.
fn is_code(said: &str) -> bool {
    said.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Why a request cannot be made.
pub(crate) fn misuse_words(misuse: Misuse) -> &'static str {
    match misuse {
        Misuse::InvalidUrl => "this is not a URL",
        Misuse::UrlWithCredentials => {
            "a page's request has no username and password in its URL: an Authorization header has them"
        }
        Misuse::InvalidMethod => "the method is not a token",
        Misuse::ForbiddenMethod => "nobody makes CONNECT requests, and no page TRACE or TRACK requests",
        Misuse::MethodNotSafelisted => "mode no-cors allows the methods GET, HEAD and POST only",
        Misuse::InvalidHeaderName => "a header's name is not a token",
        Misuse::InvalidHeaderValue => "a header's value has a byte that no value may have",
        Misuse::FramingHeader => {
            "a framing header (Content-Length, Transfer-Encoding, Connection, Keep-Alive, Upgrade, TE, Trailer) follows from the body or belongs to the connection; nobody sets it"
        }
        Misuse::Immutable => "the headers cannot be changed",
        Misuse::BodyNotAllowed => "a page's GET and HEAD requests have no body",
        Misuse::NavigateMode => "this mode is not for callers",
        Misuse::OnlyIfCachedMode => "--cache only-if-cached needs --mode same-origin",
        Misuse::StreamMode => "a streamed body needs mode same-origin or cors",
        Misuse::InvalidStatus => "this status cannot be given to a response",
        Misuse::NullBodyStatus => "a response of this status has no body",
        Misuse::InvalidStatusText => "the reason phrase has a byte that it may not have",
        Misuse::Serialize => "the value does not serialize",
        Misuse::Destination => "this destination is not for callers",
        Misuse::InvalidPolicy => "the page's policy is none",
        Misuse::Settings => "the settings cannot be used",
        Misuse::InvalidProtocol => "a subprotocol is no token, or there twice",
        Misuse::InvalidClose => "a WebSocket cannot be closed with this code or reason",
        Misuse::Closed => "the WebSocket is closed",
        Misuse::NoRuntime => "there is no runtime to open sockets on",
        _ => "the request cannot be made",
    }
}

/// What was left out of an imported request, a line for each reason.
pub(crate) fn ignored_words(ignored: &[(String, Ignored)]) -> Vec<String> {
    let why = |why: Ignored| match why {
        Ignored::Framing => "the transport writes it",
        Ignored::Encoding => "what is asked for is what can be decoded here",
        Ignored::Redacted => "its value is not in the file",
        Ignored::NotTheRequest => "it says nothing of the request; this command has options of its own",
        Ignored::Unknown => "it has no meaning here",
        Ignored::PageRules => "no page can set it, the rules do",
        Ignored::BrowsersOwn => "the browser adds it; type it if a script sets it",
    };
    let mut reasons: Vec<Ignored> = ignored.iter().map(|(_, why)| *why).collect();
    reasons.sort();
    reasons.dedup();
    let line = |reason: Ignored| {
        let names: Vec<&str> =
            ignored.iter().filter(|(_, why)| *why == reason).map(|(name, _)| &**name).collect();
        format!("not imported: {} ({})", escaped(&names.join(", ")), why(reason))
    };
    reasons.into_iter().map(line).collect()
}

/// Why the network's settings cannot be used.
pub(crate) fn config_words(error: &ConfigError) -> String {
    match error {
        ConfigError::Pem { field, detail } => {
            format!("the PEM of {} cannot be used: {detail}", option_of(field))
        }
        ConfigError::Tls { cause } => format!("TLS cannot be set up: {cause}"),
        ConfigError::NoCryptoProvider => "this program was built without cryptography".to_owned(),
        ConfigError::Proxy { said } => format!("{said:?} is not a proxy that can be used"),
        ConfigError::NoProxy { said } => format!("{said:?} is not a host to reach without a proxy"),
        ConfigError::UnixSocket => {
            "a Unix domain socket cannot be used here: there is none, or only public addresses are allowed"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

/// What is asked on the terminal for a password that was left out.
pub(crate) fn password_prompt(username: &str) -> String {
    format!("sofetch: password of {}: ", escaped(username))
}

/// What is left of a download that failed. The path is safe to print.
pub(crate) fn part_is_kept(path: &str, resumable: bool) -> String {
    match resumable {
        true => format!("what came is kept in {path}; --continue goes on with it"),
        false => format!("what came is kept in {path}; the server gives nothing to go on with it by"),
    }
}

/// What is left of a body that was not to be gone on with.
pub(crate) fn some_is_in(path: &str) -> String {
    format!("what came is in {path}")
}

/// What a download became. The path is safe to print.
pub(crate) fn saved_to(path: &str, length: u64) -> String {
    format!("saved to {path}, {length} bytes")
}

/// A server that sent less than it announced for the whole.
pub(crate) fn incomplete(length: u64, whole: u64) -> String {
    format!("the server sent a part of the rest: {length} of {whole} bytes are there")
}

/// Why a line of a batch asks for nothing. Not safe to print yet.
pub(crate) fn line_words(error: &LineError) -> String {
    match error {
        LineError::TooLong => "the line is too long".to_owned(),
        LineError::NotUtf8 => "the line is not UTF-8".to_owned(),
        LineError::Words => "a line is URL, METHOD URL, or an object of JSON".to_owned(),
        LineError::Method(said) => format!("\"{said}\": a method is a token, such as PATCH"),
        LineError::Header(name) => format!("header {name:?}: its value is a text or a number"),
        LineError::TwoBodies => "a line has a body or a json, not both".to_owned(),
        LineError::Json(error) => format!("the line's JSON: {error}"),
        LineError::Url(error) => error.to_string(),
        LineError::File(error) => format!("the lines cannot be read any further: {error}"),
    }
}

/// How a batch went.
pub(crate) fn batch_is_over(count: u64, failed: u64) -> String {
    match failed {
        0 => format!("{count} fetched"),
        _ => format!("{count} fetched, {failed} of them failed"),
    }
}

/// A file of passwords that is no secret.
pub(crate) fn netrc_is_open(path: &Path) -> String {
    let path = escaped(path.as_os_str().as_encoded_bytes());
    format!("others may read {path}, which has passwords in it: chmod 600 makes it yours alone")
}

/// The option that fills a field of the network's settings.
fn option_of(field: &str) -> &str {
    match field {
        "extra_ca_pem" => "--cacert",
        "client_identity.certificate_pem" => "--cert",
        "client_identity.key_pem" => "--key",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_allowed() {
        let words = hint(&NetworkError::new(Reason::Ruling(Ruling::SchemeFetch(SchemeFetch::FileRefused))));
        assert!(words.expect("a hint").starts_with("This command reads no files"));
    }

    #[test]
    fn codes_are_told_from_sentences() {
        assert!(is_code("body-cut") && is_code("http2") && is_code("tls"));
        assert!(!is_code("connection refused") && !is_code("Eof") && !is_code("os error 111"));
    }
}
