//! One row of a script: which request is expected next, and what the network does with it.
//!
//! `get("https://b.test/x").replies(200).header("Access-Control-Allow-Origin", "*").body("hi")`: what stands before
//! `replies` concerns the request (`expects_..`) and the connection, what stands after it the response.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::Protocol;
use sofetch_core::wire_faults::NetworkFault;
use sofetch_demo::reply::reason_phrase;

use crate::gate::Gate;

/// An expected request with its answer.
#[derive(Clone, Debug)]
#[must_use = "a row does nothing until a network has it"]
pub struct Scripted {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) expects: Vec<Expectation>,
    pub(crate) times: usize,
    pub(crate) protocol: Protocol,
    pub(crate) reused: Option<bool>,
    pub(crate) before_connection: Vec<Wait>,
    pub(crate) connect_fault: Option<NetworkFault>,
    pub(crate) reads_body: bool,
    pub(crate) before_head: Vec<Wait>,
    pub(crate) interims: Vec<(Status, HeaderList)>,
    pub(crate) fault: Option<Fault>,
    pub(crate) status: Status,
    pub(crate) status_message: Bytes,
    pub(crate) header_list: HeaderList,
    pub(crate) body: VecDeque<Part>,
    pub(crate) closes: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Expectation {
    Header(String, Bytes),
    NoHeader(String),
    Body(Bytes),
    Credentials(bool),
    NewConnection(bool),
}

#[derive(Clone, Debug)]
pub(crate) enum Wait {
    For(Duration),
    Gate(Gate),
    Ever,
}

#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) fault: NetworkFault,
    pub(crate) resend_is_safe: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Chunk(Bytes),
    Wait(Wait),
    Fault(NetworkFault),
}

/// Expects a GET.
pub fn get(url: &str) -> Scripted {
    on("GET", url)
}

/// Expects a HEAD.
pub fn head(url: &str) -> Scripted {
    on("HEAD", url)
}

/// Expects a POST.
pub fn post(url: &str) -> Scripted {
    on("POST", url)
}

/// Expects a PUT.
pub fn put(url: &str) -> Scripted {
    on("PUT", url)
}

/// Expects a PATCH.
pub fn patch(url: &str) -> Scripted {
    on("PATCH", url)
}

/// Expects a DELETE.
pub fn delete(url: &str) -> Scripted {
    on("DELETE", url)
}

/// Expects an OPTIONS, as a preflight is one.
pub fn options(url: &str) -> Scripted {
    on("OPTIONS", url)
}

/// Expects this method, to this URL (fragments do not count). The answer is an empty 200 until it is said otherwise.
pub fn on(method: &str, url: &str) -> Scripted {
    Scripted {
        method: Method::new(method.as_bytes()).expect("the script's method is one"),
        url: Url::parse(url, None).expect("the script's URL is one"),
        expects: Vec::new(),
        times: 1,
        protocol: Protocol::Http1,
        reused: None,
        before_connection: Vec::new(),
        connect_fault: None,
        reads_body: true,
        before_head: Vec::new(),
        interims: Vec::new(),
        fault: None,
        status: 200,
        status_message: reason_phrase(200).into(),
        header_list: HeaderList::new(),
        body: VecDeque::new(),
        closes: false,
    }
}

impl Scripted {
    /// The request must have this header; more than one are joined by `, `.
    pub fn expects_header(mut self, name: &str, value: impl Into<Bytes>) -> Scripted {
        self.expects.push(Expectation::Header(name.to_owned(), value.into()));
        self
    }

    /// The request must not have this header.
    pub fn expects_no_header(mut self, name: &str) -> Scripted {
        self.expects.push(Expectation::NoHeader(name.to_owned()));
        self
    }

    /// The request's body must be this; without one it is empty.
    pub fn expects_body(mut self, body: impl Into<Bytes>) -> Scripted {
        self.expects.push(Expectation::Body(body.into()));
        self
    }

    /// The connection must be one with (or without) credentials.
    pub fn expects_credentials(mut self, credentials: bool) -> Scripted {
        self.expects.push(Expectation::Credentials(credentials));
        self
    }

    /// A new connection must have been asked for (or not).
    pub fn expects_new_connection(mut self, new: bool) -> Scripted {
        self.expects.push(Expectation::NewConnection(new));
        self
    }

    /// The row serves so many requests.
    pub fn times(mut self, times: usize) -> Scripted {
        self.times = times;
        self
    }

    /// The connection speaks HTTP/2: no reason phrase, and it is shared.
    pub fn http2(mut self) -> Scripted {
        self.protocol = Protocol::Http2;
        self.status_message = Bytes::new();
        self
    }

    /// The connection says that it was (or was not) used before, whatever the pool knows.
    pub fn reused(mut self, reused: bool) -> Scripted {
        self.reused = Some(reused);
        self
    }

    /// The connection takes so long.
    pub fn connects_after(mut self, duration: Duration) -> Scripted {
        self.before_connection.push(Wait::For(duration));
        self
    }

    /// The connection waits for the gate.
    pub fn connects_behind(mut self, gate: &Gate) -> Scripted {
        self.before_connection.push(Wait::Gate(gate.clone()));
        self
    }

    /// There is no connection.
    pub fn cannot_connect(mut self, fault: impl Into<NetworkFault>) -> Scripted {
        self.connect_fault = Some(fault.into());
        self
    }

    /// The server answers without reading the request's body.
    pub fn without_reading_the_body(mut self) -> Scripted {
        self.reads_body = false;
        self
    }

    /// The head takes so long.
    pub fn after(mut self, duration: Duration) -> Scripted {
        self.before_head.push(Wait::For(duration));
        self
    }

    /// The head waits for the gate.
    pub fn behind(mut self, gate: &Gate) -> Scripted {
        self.before_head.push(Wait::Gate(gate.clone()));
        self
    }

    /// The head never comes.
    pub fn hangs(mut self) -> Scripted {
        self.before_head.push(Wait::Ever);
        self
    }

    /// An interim response comes before the head.
    pub fn interim(mut self, status: Status, headers: &[(&'static str, &'static str)]) -> Scripted {
        let mut header_list = HeaderList::new();
        for &(name, value) in headers {
            header_list.append(name, value);
        }
        self.interims.push((status, header_list));
        self
    }

    /// Instead of the head comes a fault: the request may have reached the server.
    pub fn fails(mut self, fault: impl Into<NetworkFault>) -> Scripted {
        self.fault = Some(Fault { fault: fault.into(), resend_is_safe: false });
        self
    }

    /// A fault before any of the request's body is read: sending again is safe, and the body comes back unread.
    pub fn fails_safely(mut self, fault: impl Into<NetworkFault>) -> Scripted {
        self.fault = Some(Fault { fault: fault.into(), resend_is_safe: true });
        self
    }

    /// The status, and over HTTP/1 its usual reason phrase.
    pub fn replies(mut self, status: Status) -> Scripted {
        self.status = status;
        self.status_message = match self.protocol {
            Protocol::Http1 => reason_phrase(status).into(),
            Protocol::Http2 => Bytes::new(),
        };
        self
    }

    /// Another reason phrase.
    pub fn status_message(mut self, message: impl Into<Bytes>) -> Scripted {
        self.status_message = message.into();
        self
    }

    /// Adds a header to the response; nothing is added that the script does not say.
    pub fn header(mut self, name: &'static str, value: impl Into<Bytes>) -> Scripted {
        self.header_list.append(name, value);
        self
    }

    /// Adds headers to the response.
    pub fn headers(mut self, headers: &[(&'static str, &'static str)]) -> Scripted {
        for &(name, value) in headers {
            self.header_list.append(name, value);
        }
        self
    }

    /// A redirect: the status with this `Location`.
    pub fn redirects(self, status: Status, location: impl Into<Bytes>) -> Scripted {
        self.replies(status).header("Location", location)
    }

    /// Adds the response's body, or a chunk to it.
    pub fn body(mut self, chunk: impl Into<Bytes>) -> Scripted {
        self.body.push_back(Part::Chunk(chunk.into()));
        self
    }

    /// Adds chunks to the body.
    pub fn chunks<B: Into<Bytes>>(mut self, chunks: impl IntoIterator<Item = B>) -> Scripted {
        self.body.extend(chunks.into_iter().map(|chunk| Part::Chunk(chunk.into())));
        self
    }

    /// The body goes on after so long.
    pub fn pause(mut self, duration: Duration) -> Scripted {
        self.body.push_back(Part::Wait(Wait::For(duration)));
        self
    }

    /// The body goes on once the gate is open.
    pub fn gate(mut self, gate: &Gate) -> Scripted {
        self.body.push_back(Part::Wait(Wait::Gate(gate.clone())));
        self
    }

    /// The body goes no further.
    pub fn body_hangs(mut self) -> Scripted {
        self.body.push_back(Part::Wait(Wait::Ever));
        self
    }

    /// The body fails here.
    pub fn body_fails(mut self, fault: impl Into<NetworkFault>) -> Scripted {
        self.body.push_back(Part::Fault(fault.into()));
        self
    }

    /// The connection is not used again.
    pub fn closes(mut self) -> Scripted {
        self.closes = true;
        self
    }

    /// As it stands in messages.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}
