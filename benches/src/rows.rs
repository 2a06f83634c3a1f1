//! The rows: what is fetched, how, how often, and the bars that sofetch is held to.

/// One workload.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) work: Work,
    pub(crate) wire: Wire,
    /// How many fetches are under way at once.
    pub(crate) at_once: usize,
    /// tokio's multi-thread runtime (two workers), else the current-thread one.
    pub(crate) multi_thread: bool,
    /// Requests that are measured, and those before them.
    pub(crate) requests: usize,
    pub(crate) warm_up: usize,
    /// Does it make sense to count its instructions?
    pub(crate) countable: bool,
    pub(crate) bars: Bars,
}

/// What one request is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// `GET` of twelve bytes.
    Tiny,
    /// The same under 40 response headers more.
    Headers,
    /// `POST` of 64 KiB, twelve bytes back.
    Post,
    /// `GET` of 1 GiB, read chunk by chunk.
    Stream,
}

/// What it goes over.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wire {
    Http1,
    TlsHttp1,
    TlsHttp2,
}

/// What sofetch is held to; `None` is no bar.
pub(crate) struct Bars {
    /// CPU time, as a ratio to reqwest's in the same run.
    pub(crate) cpu_ratio: f64,
    /// Instructions a request.
    pub(crate) instructions: Option<f64>,
    /// Instructions a request over those of `tiny-seq`, where that was counted too.
    pub(crate) added_instructions: Option<f64>,
    /// Peak memory of the process, in MiB.
    pub(crate) peak_mib: Option<f64>,
}

const NO_MORE_THAN_REQWEST: Bars =
    Bars { cpu_ratio: 1.0, instructions: None, added_instructions: None, peak_mib: None };

/// The clients, in the order of a round.
pub(crate) const CLIENTS: [&str; 4] = ["sofetch", "sofetch-page", "reqwest", "hyper"];

/// Bytes of the stream.
pub(crate) const STREAM_BYTES: u64 = 1 << 30;

const TINY: Row = Row {
    name: "tiny-seq",
    what: "GET of 12 bytes, one after the other on one connection",
    work: Work::Tiny,
    wire: Wire::Http1,
    at_once: 1,
    multi_thread: false,
    requests: 8192,
    warm_up: 256,
    countable: true,
    bars: Bars { instructions: Some(45_000.0), ..NO_MORE_THAN_REQWEST },
};

pub(crate) const ROWS: [Row; 8] = [
    TINY,
    Row {
        name: "mt-seq",
        what: "as tiny-seq, on tokio's multi-thread runtime with two workers",
        multi_thread: true,
        countable: false,
        bars: Bars { cpu_ratio: 0.7, ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
    Row {
        name: "tiny-c64",
        what: "GET of 12 bytes, 64 at once",
        at_once: 64,
        requests: 16384,
        warm_up: 1024,
        bars: Bars { cpu_ratio: 0.85, ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
    Row {
        name: "headers-40",
        what: "as tiny-seq, with 40 response headers more",
        work: Work::Headers,
        bars: Bars { added_instructions: Some(40_000.0), ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
    Row {
        name: "post-64k",
        what: "POST of 64 KiB, one after the other on one connection",
        work: Work::Post,
        requests: 4096,
        bars: Bars { instructions: Some(50_000.0), ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
    Row {
        name: "tls-seq",
        what: "as tiny-seq, over TLS",
        wire: Wire::TlsHttp1,
        bars: Bars { instructions: Some(50_000.0), ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
    Row {
        name: "h2-c100",
        what: "GET of 12 bytes over HTTP/2 and TLS, 100 streams at once on one connection",
        wire: Wire::TlsHttp2,
        at_once: 100,
        requests: 16384,
        warm_up: 1024,
        bars: Bars { instructions: Some(60_000.0), ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
    Row {
        name: "stream-1g",
        what: "GET of 1 GiB, read chunk by chunk",
        work: Work::Stream,
        requests: 1,
        warm_up: 0,
        countable: false,
        bars: Bars { peak_mib: Some(24.0), ..NO_MORE_THAN_REQWEST },
        ..TINY
    },
];

/// The row of this name.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

impl Row {
    /// Is the server's CPU time counted with the client's?
    ///
    /// On loopback the kernel carries a long stream's segments in the name of whichever process runs just then, so that
    /// up to two thirds of a client's time move to the server from one run to the next while their sum stands still.
    pub(crate) fn counts_server(&self) -> bool {
        self.work == Work::Stream
    }

    /// The path that is fetched.
    pub(crate) fn path(&self) -> &'static str {
        match self.work {
            Work::Tiny => "/tiny",
            Work::Headers => "/headers",
            Work::Post => "/post",
            Work::Stream => "/stream",
        }
    }
}
