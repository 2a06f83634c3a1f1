//! A recorded exchange as a network: the procedure runs again over the answers of a [`Tape`], changed as one likes.
//!
//! Nothing is sent. An answer that the tape does not have is assumed to be a bare 200.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use sofetch_core::fixes::{AnswerId, AnswerTo, Edit};
use sofetch_core::infrastructure::bodies::{BodyError, ByteStream};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::statuses::{is_null_body_status, is_redirect_status};
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{
    Answer, BoxFuture, Connection, ConnectionRequest, ExchangeFault, Network, Protocol, WireRequest,
    WireResponse,
};
use sofetch_core::tape::{Tape, TapedAnswer, answer_to};
use sofetch_core::trace::{Event, WireEvent};
use sofetch_core::wire_faults::NetworkFault;

/// A network that answers from a tape, with edits. It serves one fetch.
pub struct Replay {
    tape: Arc<Tape>,
    edits: Vec<Edit>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hop: u32,
    /// Which answers of the tape were given.
    given: Vec<bool>,
    served: Vec<Served>,
}

/// An answer that a replay gave.
#[derive(Clone, Debug)]
pub struct Served {
    /// Which.
    pub id: AnswerId,
    /// The request's method.
    pub method: Method,
    /// Its URL.
    pub url: Url,
    /// Its headers.
    pub sent: Arc<HeaderList>,
    /// The headers before the edits.
    pub header_list: HeaderList,
    /// Was it never seen, but assumed?
    pub assumed: bool,
}

impl Replay {
    /// A network of these answers, so changed.
    pub fn new(tape: Arc<Tape>, edits: Vec<Edit>) -> Replay {
        let state = State { given: vec![false; tape.answers.len()], ..State::default() };
        Replay { tape, edits, state: Mutex::new(state) }
    }

    /// What it answered so far, in order.
    pub fn served(&self) -> Vec<Served> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).served.clone()
    }

    fn answer(&self, request: &WireRequest) -> TapedAnswer {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let id = AnswerId { hop: state.hop, to: answer_to(&request.method, &request.header_list) };
        let position = self.tape.answers.iter().zip(&state.given).position(|(answer, given)| {
            let same_url = answer.url.href_without_fragment() == request.url.href_without_fragment();
            !given
                && answer.status.is_some()
                && answer.id == id
                && answer.method == request.method
                && same_url
        });
        let mut answer = match position {
            Some(position) => {
                state.given[position] = true;
                self.tape.answers[position].clone()
            }
            None => TapedAnswer {
                id,
                method: request.method.clone(),
                url: request.url.clone(),
                sent: HeaderList::new(),
                status: Some(200),
                status_message: Bytes::new(),
                header_list: HeaderList::new(),
                body: Bytes::new(),
                protocol: Protocol::Http1,
            },
        };
        state.served.push(Served {
            id,
            method: request.method.clone(),
            url: request.url.clone(),
            sent: request.header_list.clone(),
            header_list: answer.header_list.clone(),
            assumed: position.is_none(),
        });
        let mut status = answer.status.unwrap_or(200);
        for edit in self.edits.iter().filter(|edit| edit.answer == id) {
            edit.change.apply(&mut status, &mut answer.header_list);
        }
        if answer.status != Some(status) {
            // A phrase of another status would mislead.
            answer.status_message = Bytes::new();
            answer.status = Some(status);
        }
        let redirects = is_redirect_status(status) && answer.header_list.contains("Location");
        if redirects && id.to == AnswerTo::Request {
            state.hop += 1;
        }
        answer
    }
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replay({} answers, {} edits)", self.tape.answers.len(), self.edits.len())
    }
}

/// A handle on a replay, as a network.
#[derive(Clone, Debug)]
pub(crate) struct ReplayNetwork(pub(crate) Arc<Replay>);

impl Network for ReplayNetwork {
    fn obtain_a_connection(
        &self,
        ask: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>> {
        let timing_info = ConnectionTimingInfo::default();
        // NB: nothing is sent, so that nothing of the question counts but the request itself.
        drop(ask);
        Answer::ready(Ok(Box::new(ReplayConnection { replay: self.0.clone(), timing_info })))
    }
}

struct ReplayConnection {
    replay: Arc<Replay>,
    timing_info: ConnectionTimingInfo,
}

impl Connection for ReplayConnection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        &self.timing_info
    }

    fn protocol(&self) -> Protocol {
        // NB: the protocol decides whether a streamed body can be sent at all: as it was the first time.
        self.replay.tape.answers.first().map_or(Protocol::Http1, |answer| answer.protocol)
    }

    fn reused(&self) -> bool {
        false
    }

    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        Box::pin(async move {
            let answer = self.replay.answer(&request);
            let (status, protocol) = (answer.status.unwrap_or(200), answer.protocol);
            request.trace.emit(|| {
                Event::Wire(WireEvent::Sent {
                    method: request.method.clone(),
                    url: request.url.clone(),
                    header_list: HeaderList::clone(&request.header_list),
                    protocol,
                })
            });
            request.trace.emit(|| {
                Event::Wire(WireEvent::Head {
                    status,
                    status_message: answer.status_message.clone(),
                    header_list: answer.header_list.clone(),
                    protocol,
                    remote_address: None,
                })
            });
            let bodiless = is_null_body_status(status) || request.method == Method::HEAD;
            let body: Option<Box<dyn ByteStream>> = match bodiless {
                true => None,
                false => Some(Box::new(OneChunk(Some(answer.body)))),
            };
            Ok(WireResponse {
                status,
                status_message: answer.status_message,
                header_list: answer.header_list,
                body,
                started_at: Default::default(),
                remote_address: None,
                protocol,
                upgraded: None,
            })
        })
    }
}

/// A body that is here.
struct OneChunk(Option<Bytes>);

impl ByteStream for OneChunk {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        Poll::Ready(self.0.take().filter(|bytes| !bytes.is_empty()).map(Ok))
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
