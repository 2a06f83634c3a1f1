//! What a handler answers: bytes, exactly as they shall stand on the wire, and how the connection goes on.
//!
//! Nothing is added but the framing that the reply asks for: no `Date`, no `Server`, no `Connection`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

/// An answer to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Whole interim responses (1xx), written before the head.
    pub interims: Vec<Head>,
    /// Status line and headers; `None` writes none, so that the body's pieces are all that goes out.
    pub head: Option<Head>,
    /// How the body's end is marked.
    pub framing: Framing,
    /// The body, in the pieces in which it is written.
    pub body: Vec<Piece>,
    /// Trailers after the last chunk; only [`Framing::Chunked`] has them.
    pub trailers: Vec<(Bytes, Bytes)>,
    /// What becomes of the connection.
    pub ending: Ending,
}

/// A status line and headers, in exact bytes.
#[derive(Clone, Debug)]
pub struct Head {
    /// Without CR LF.
    pub status_line: Bytes,
    /// In order, in their case; written as `name: value`.
    pub headers: Vec<(Bytes, Bytes)>,
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A `Content-Length` of the sum of the pieces, unless the headers have one.
    Fixed,
    /// `Transfer-Encoding: chunked`, a chunk a piece.
    Chunked,
    /// No header: the body ends with the connection.
    UntilClose,
    /// No header is added and the pieces are written as they are, whatever the headers say.
    AsGiven,
}

/// A part of a body.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Written and flushed at once.
    Bytes(Bytes),
    /// Waits until somebody notifies.
    Wait(Arc<Notify>),
    /// Waits for a frame of a WebSocket from the client, and notes it.
    Frame,
    /// Sends the frames of a WebSocket back as they come, until the client says goodbye or leaves.
    Echo,
    /// Waits for so long. For demonstrations; a test waits for what it knows.
    Pause(Duration),
}

/// What becomes of the connection after the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The next request is read, unless the request or the framing forbids it.
    KeepAlive,
    /// Closed in good order (over TLS with a close_notify).
    Close,
    /// Closed without a close_notify: over TLS a cut, over TCP the same as [`Ending::Close`].
    Cut,
    /// TCP reset.
    Reset,
    /// Kept open, and nothing more is said, until the client leaves.
    Hang,
}

impl Reply {
    /// A response of this status with its usual reason phrase, no headers and no body.
    pub fn new(status: u16) -> Reply {
        Reply::with_status_line(status_line(status))
    }

    /// A 200 with this body and no other header than its length.
    pub fn ok(body: impl Into<Bytes>) -> Reply {
        Reply::new(200).body(body)
    }

    /// A response whose status line is exactly this.
    pub fn with_status_line(status_line: impl Into<Bytes>) -> Reply {
        Reply {
            interims: Vec::new(),
            head: Some(Head::new(status_line)),
            framing: Framing::Fixed,
            body: Vec::new(),
            trailers: Vec::new(),
            ending: Ending::KeepAlive,
        }
    }

    /// These bytes and no others, then a close.
    pub fn raw(bytes: impl Into<Bytes>) -> Reply {
        Reply { head: None, framing: Framing::AsGiven, ..Reply::new(200) }.piece(bytes).ending(Ending::Close)
    }

    /// Not a byte: the connection is closed.
    pub fn close() -> Reply {
        Reply { head: None, framing: Framing::AsGiven, ..Reply::new(200) }.ending(Ending::Close)
    }

    /// Not a byte: the connection is reset.
    pub fn reset() -> Reply {
        Reply::close().ending(Ending::Reset)
    }

    /// Not a byte, ever.
    pub fn hang() -> Reply {
        Reply::close().ending(Ending::Hang)
    }

    /// Adds a header, as it is.
    #[must_use]
    pub fn header(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Reply {
        if let Some(head) = &mut self.head {
            head.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Adds headers, as they are.
    #[must_use]
    pub fn headers(mut self, headers: &[(&'static str, &'static str)]) -> Reply {
        for &(name, value) in headers {
            self = self.header(name, value);
        }
        self
    }

    /// Takes all headers of that name away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Reply {
        if let Some(head) = &mut self.head {
            head.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name.as_bytes()));
        }
        self
    }

    /// Another status, with its usual reason phrase.
    #[must_use]
    pub fn status_of(mut self, status: u16) -> Reply {
        if let Some(head) = &mut self.head {
            head.status_line = status_line(status).into();
        }
        self
    }

    /// Adds an interim response.
    #[must_use]
    pub fn interim(mut self, status: u16, headers: &[(&'static str, &'static str)]) -> Reply {
        let mut head = Head::new(status_line(status));
        head.headers = headers.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        self.interims.push(head);
        self
    }

    /// The whole body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Reply {
        self.body = vec![Piece::Bytes(body.into())];
        self
    }

    /// One more piece of the body.
    #[must_use]
    pub fn piece(mut self, piece: impl Into<Bytes>) -> Reply {
        self.body.push(Piece::Bytes(piece.into()));
        self
    }

    /// Then waits for the notification.
    #[must_use]
    pub fn wait(mut self, until: &Arc<Notify>) -> Reply {
        self.body.push(Piece::Wait(until.clone()));
        self
    }

    /// Then waits for a frame of a WebSocket.
    #[must_use]
    pub fn frame(mut self) -> Reply {
        self.body.push(Piece::Frame);
        self
    }

    /// Then sends the frames of a WebSocket back.
    #[must_use]
    pub fn echo(mut self) -> Reply {
        self.body.push(Piece::Echo);
        self
    }

    /// Then waits for so long.
    #[must_use]
    pub fn pause(mut self, duration: Duration) -> Reply {
        self.body.push(Piece::Pause(duration));
        self
    }

    /// Frames the body as chunks.
    #[must_use]
    pub fn chunked(mut self) -> Reply {
        self.framing = Framing::Chunked;
        self
    }

    /// Adds a trailer, and so frames the body as chunks.
    #[must_use]
    pub fn trailer(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Reply {
        self.trailers.push((name.into(), value.into()));
        self.chunked()
    }

    /// Lets the body end with the connection.
    #[must_use]
    pub fn until_close(mut self) -> Reply {
        self.framing = Framing::UntilClose;
        self
    }

    /// Adds no framing: the pieces go out as they are.
    #[must_use]
    pub fn as_given(mut self) -> Reply {
        self.framing = Framing::AsGiven;
        self
    }

    /// What becomes of the connection.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Reply {
        self.ending = ending;
        self
    }

    /// The status that the status line says, where it says one.
    pub fn status(&self) -> Option<u16> {
        let line = &self.head.as_ref()?.status_line;
        std::str::from_utf8(line.split(|&byte| byte == b' ').nth(1)?).ok()?.parse().ok()
    }
}

impl Head {
    fn new(status_line: impl Into<Bytes>) -> Head {
        Head { status_line: status_line.into(), headers: Vec::new() }
    }

    /// Is there a header of that name?
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()))
    }
}

fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} {}", reason_phrase(status))
}

/// The usual phrases of the statuses that the demonstrations use.
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        425 => "Too Early",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "",
    }
}
