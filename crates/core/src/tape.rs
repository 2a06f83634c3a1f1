//! [`Tape`]: the requests and answers of one fetch, made of its events: what was asked and answered, and nothing of why.

use bytes::Bytes;

use crate::fixes::{AnswerId, AnswerTo};
use crate::infrastructure::connections::Protocol;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::methods::Method;
use crate::infrastructure::requests::CredentialsMode;
use crate::infrastructure::statuses::Status;
use crate::infrastructure::url::Url;
use crate::trace::{Event, WireEvent};

/// The answers of one fetch, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The answers.
    pub answers: Vec<TapedAnswer>,
    /// Was the credentials mode "include"?
    pub credentials: bool,
}

/// A request that was sent, and its answer.
#[derive(Clone, Debug)]
pub struct TapedAnswer {
    /// Which answer it is.
    pub id: AnswerId,
    /// The request's method.
    pub method: Method,
    /// Its URL.
    pub url: Url,
    /// Its headers.
    pub sent: HeaderList,
    /// The answer's status; `None` where none came.
    pub status: Option<Status>,
    /// Its reason phrase.
    pub status_message: Bytes,
    /// Its headers.
    pub header_list: HeaderList,
    /// Its body, before content codings. A tape made of events has none: leave integrity metadata out of what is replayed over it.
    pub body: Bytes,
    /// Which HTTP.
    pub protocol: Protocol,
}

impl Tape {
    /// What these events of one fetch tell, those of its preflights among them, in the order in which they came.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Tape {
        let mut tape = Tape::default();
        let mut hop = 0;
        for event in events {
            match event {
                Event::Request(request) => {
                    // NB: a preflight's own request counts from the beginning, and brings no credentials.
                    hop = hop.max(request.redirect_count);
                    tape.credentials |= request.credentials_mode == CredentialsMode::Include.as_str();
                }
                Event::Wire(WireEvent::Sent { method, url, header_list, protocol }) => {
                    tape.answers.push(TapedAnswer {
                        id: AnswerId { hop, to: answer_to(method, header_list) },
                        method: method.clone(),
                        url: url.clone(),
                        sent: header_list.clone(),
                        status: None,
                        status_message: Bytes::new(),
                        header_list: HeaderList::new(),
                        body: Bytes::new(),
                        protocol: *protocol,
                    });
                }
                Event::Wire(WireEvent::Head { status, status_message, header_list, .. }) => {
                    if let Some(answer) = tape.answers.last_mut() {
                        answer.status = Some(*status);
                        answer.status_message = status_message.clone();
                        answer.header_list = header_list.clone();
                    }
                }
                _ => {}
            }
        }
        tape
    }

    /// The last answer of this id.
    pub fn answer(&self, id: AnswerId) -> Option<&TapedAnswer> {
        self.answers.iter().rev().find(|answer| answer.id == id && answer.status.is_some())
    }
}

/// What the answer to this request is an answer to. No page can set the names of a preflight's headers: who bears one is one.
pub fn answer_to(method: &Method, header_list: &HeaderList) -> AnswerTo {
    let preflight = *method == Method::OPTIONS && header_list.contains("Access-Control-Request-Method");
    if preflight { AnswerTo::Preflight } else { AnswerTo::Request }
}
