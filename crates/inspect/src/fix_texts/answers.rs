//! What was asked and what was answered, as far as a server's policy needs it: read from a recorded fetch.

use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::trace::{Event, WireEvent};

use crate::recording::RecordedFetch;

/// The answers of a fetch, its preflights' among them, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub(super) answers: Vec<Answered>,
    /// Was the credentials mode "include"?
    pub(super) credentials: bool,
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) sent: HeaderList,
    /// 0 where none came.
    pub(super) status: Status,
    pub(super) header_list: HeaderList,
}

impl Answers {
    /// Those of a recorded fetch.
    pub fn of(fetch: &RecordedFetch) -> Answers {
        let mut answers: Vec<Answered> = Vec::new();
        // NB: a preflight's own request brings no credentials, but asks for them.
        let mut credentials = false;
        for event in fetch.events_of_exchange() {
            match event {
                Event::Request(request) => {
                    credentials |= request.credentials_mode == CredentialsMode::Include.as_str();
                }
                Event::Wire(WireEvent::Sent { method, url, header_list, .. }) => answers.push(Answered {
                    method: method.clone(),
                    url: url.clone(),
                    sent: header_list.clone(),
                    status: 0,
                    header_list: HeaderList::new(),
                }),
                Event::Wire(WireEvent::Head { status, header_list, .. }) => {
                    if let Some(answer) = answers.last_mut() {
                        answer.status = *status;
                        answer.header_list = header_list.clone();
                    }
                }
                _ => {}
            }
        }
        answers.retain(|answer| answer.status != 0);
        Answers { answers, credentials }
    }

    /// The answers' headers of one server.
    pub(super) fn of_origin<'a>(&'a self, url: &'a Url) -> impl Iterator<Item = &'a Answered> + Clone {
        self.answers.iter().filter(|answer| answer.url.same_origin(url))
    }
}

impl Answered {
    /// Is it the answer to a preflight? No page can set this name.
    pub(super) fn is_preflights(&self) -> bool {
        self.method == Method::OPTIONS && self.sent.contains("Access-Control-Request-Method")
    }
}
