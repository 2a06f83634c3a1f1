//! `--send`: which requests `sofetch cors` really sends. What changes something at the server is a person's decision.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use sofetch::core::infrastructure::methods::Method;
use sofetch::core::ports::BoxFuture;
use sofetch::{Outgoing, SendPolicy};
use sofetch_inspect::safe_text::{escaped, redacted_urls};

use crate::args::Send;
use crate::output::Streams;

/// The policy of one command.
pub(crate) struct Sending {
    when: Send,
    /// May a person be asked?
    terminal: bool,
    /// The URLs whose preflight was sent. If one is asked for, it was granted: nothing else comes between.
    preflighted: Mutex<Vec<String>>,
}

impl Sending {
    /// What `--send` says, for a process with these streams.
    pub(crate) fn new(when: Send, streams: &Streams) -> Sending {
        let terminal = streams.err_is_terminal && io::stdin().is_terminal();
        Sending { when, terminal, preflighted: Mutex::default() }
    }

    /// The same where nobody is at a terminal to be asked.
    pub(crate) fn by_option(when: Send) -> Sending {
        Sending { when, terminal: false, preflighted: Mutex::default() }
    }

    /// What there is to say without a person's word; `None` where one is needed.
    fn decided(&self, request: &Outgoing) -> Option<bool> {
        let mut preflighted = self.preflighted.lock().unwrap_or_else(PoisonError::into_inner);
        let url = request.url.href_without_fragment().to_owned();
        if request.preflight {
            preflighted.push(url);
            return Some(true);
        }
        match self.when {
            Send::Always => Some(true),
            Send::Never => Some(false),
            // What needs no permission any form or link may send.
            Send::Auto if is_safe(&request.method) || !preflighted.contains(&url) => Some(true),
            Send::Auto => None,
        }
    }
}

/// <https://httpwg.org/specs/rfc9110.html#safe.methods>
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

impl SendPolicy for Sending {
    fn may_send(&self, request: Outgoing) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            if let Some(decided) = self.decided(&request) {
                return decided;
            }
            if !self.terminal {
                return false;
            }
            // NB: a thread of its own waits for the person, so that time limits go on.
            tokio::task::spawn_blocking(move || ask(&request)).await.unwrap_or(false)
        })
    }
}

/// Asks the person at the terminal. No answer is a no.
fn ask(request: &Outgoing) -> bool {
    let url = request.url.without_credentials();
    let shown = redacted_urls(url.href(), sofetch_inspect::Secrets::Redacted);
    let question = format!(
        "The preflight is granted. Send {} {} now? [y/N] ",
        escaped(request.method.as_str()),
        escaped(&*shown)
    );
    let mut err = io::stderr();
    // Nobody is left to ask where the terminal is gone.
    let asked = err.write_all(question.as_bytes()).and_then(|()| err.flush());
    let mut answer = String::new();
    asked.is_ok() && io::stdin().lock().read_line(&mut answer).is_ok() && is_yes(&answer)
}

fn is_yes(answer: &str) -> bool {
    matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sofetch::Url;
    use std::sync::Arc;

    fn outgoing(method: &str, url: &str, preflight: bool) -> Outgoing {
        Outgoing {
            method: Method::new(method.as_bytes()).expect("a method of the tests"),
            url: Url::parse(url, None).expect("a URL of the tests"),
            header_list: Arc::default(),
            preflight,
            body_length: Some(0),
        }
    }

    #[test]
    fn what_is_sent_without_a_person_s_word() {
        let table = [
            // when, method, preflighted before, decided
            (Send::Always, "PATCH", true, Some(true)),
            (Send::Always, "GET", false, Some(true)),
            (Send::Never, "GET", false, Some(false)),
            (Send::Never, "PATCH", true, Some(false)),
            (Send::Auto, "GET", false, Some(true)),
            (Send::Auto, "GET", true, Some(true)),
            (Send::Auto, "HEAD", true, Some(true)),
            (Send::Auto, "OPTIONS", true, Some(true)),
            (Send::Auto, "POST", false, Some(true)),
            (Send::Auto, "POST", true, None),
            (Send::Auto, "DELETE", true, None),
            (Send::Auto, "patch", true, None),
        ];
        for (when, method, preflighted, decided) in table {
            let sending = Sending { when, terminal: false, preflighted: Mutex::default() };
            if preflighted {
                assert_eq!(sending.decided(&outgoing("OPTIONS", "https://a.test/x", true)), Some(true));
            }
            let request = outgoing(method, "https://a.test/x#f", false);
            assert_eq!(sending.decided(&request), decided, "{when:?} {method} {preflighted}");
        }
    }

    #[test]
    fn the_preflight_of_one_url_says_nothing_of_another() {
        let sending = Sending { when: Send::Auto, terminal: false, preflighted: Mutex::default() };
        sending.decided(&outgoing("OPTIONS", "https://a.test/x", true));
        assert_eq!(sending.decided(&outgoing("POST", "https://a.test/y", false)), Some(true));
        assert_eq!(sending.decided(&outgoing("POST", "https://a.test/x", false)), None);
    }

    #[test]
    fn only_a_yes_is_one() {
        for (answer, yes) in
            [("y\n", true), ("YES\r\n", true), ("", false), ("\n", false), ("yellow\n", false)]
        {
            assert_eq!(is_yes(answer), yes, "{answer:?}");
        }
    }
}
