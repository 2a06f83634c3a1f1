//! [Handle content codings](https://fetch.spec.whatwg.org/#handle-content-codings): from the bytes on the wire to the bytes of the body.
//!
//! Bytes in, bytes out: [`ContentCodings`] does no IO, makes output in bounded pieces and asks for input only when it
//! has none left, so a body that inflates a thousandfold costs its reader one piece at a time. [`Decoded`] puts it
//! around a body's stream and counts. The formats themselves are in `decoders.rs` and `gzip.rs`.

mod decoders;
mod gzip;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{BodyError, ByteStream};
use sofetch_core::infrastructure::timing::ResponseBodyInfo;
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved};

use decoders::{Coding, Decoder};

/// The largest piece of output.
pub const PIECE: usize = 64 * 1024;

/// How many decoder runs may bring nothing before [`ContentCodings::next`] says [`Step::Busy`].
const PATIENCE: u32 = 64;

/// What a body may do to its reader. The default caps the number of codings and nothing else: pieces are bounded anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// More codings than this are an error, however many header lines they are spread over.
    pub max_codings: usize,
    /// How many bytes each layer may make of one byte.
    pub max_ratio: Option<u64>,
    /// The ratio is not looked at before a layer made this many bytes.
    pub ratio_floor: u64,
    /// How many bytes each layer may make in all.
    pub max_decoded: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_codings: 5, max_ratio: None, ratio_floor: 1024 * 1024, max_decoded: None }
    }
}

/// What [`ContentCodings::next`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Decoded bytes, never empty.
    Chunk(Bytes),
    /// Nothing without more input: [`ContentCodings::feed`] or [`ContentCodings::finish`] is next.
    Hungry,
    /// Nothing yet after much work: call again, after a look at whether anybody still waits.
    Busy,
    /// The end of the decoded bytes.
    End,
}

/// <https://fetch.spec.whatwg.org/#handle-content-codings>
///
/// The decoders of one body. After an error every call answers it again.
pub struct ContentCodings {
    /// In the order of decoding: the coding applied last comes first.
    layers: Vec<Layer>,
    finished: bool,
    limits: Limits,
}

impl ContentCodings {
    /// The decoders for `codings`, which stand in the order in which they were applied. `None`: bytes pass unchanged,
    /// because there are no codings or because one of them is not supported.
    pub fn new(codings: &[impl AsRef<[u8]>], limits: Limits) -> Result<Option<Self>, PeerMisbehaved> {
        let named = || codings.iter().map(AsRef::as_ref).filter(|coding| !coding.is_empty());
        let count = named().count();
        if count > limits.max_codings {
            return Err(PeerMisbehaved::TooManyCodings { count, limit: limits.max_codings });
        }
        // 1. A chain that we know only in part is not supported.
        let mut layers = Vec::new();
        for coding in named().filter(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
            match Coding::named(coding) {
                Some(coding) => layers.push(Layer::new(coding)),
                None => return Ok(None),
            }
        }
        // 2. What was applied last is undone first.
        layers.reverse();
        Ok((!layers.is_empty()).then_some(ContentCodings { layers, finished: false, limits }))
    }

    /// Is this a coding that we decode?
    pub fn supports(coding: &[u8]) -> bool {
        Coding::named(coding).is_some()
    }

    /// More bytes from the wire. To be called upon [`Step::Hungry`]; earlier it has to join what is left.
    pub fn feed(&mut self, input: Bytes) {
        let Some(first) = self.layers.first_mut() else { return };
        first.input = if first.input.is_empty() {
            input
        } else {
            [first.input.as_ref(), input.as_ref()].concat().into()
        };
    }

    /// The wire's bytes are at their end. [`ContentCodings::next`] then gives what is left, and an error if a stream
    /// was cut. A body without a single byte stays one.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Has each layer read a whole stream, so that more would be another one, or junk?
    fn are_at_end(&self) -> bool {
        self.layers.iter().all(|layer| layer.decoder.as_ref().is_some_and(Decoder::is_at_end))
    }

    /// The next piece of at most [`PIECE`] bytes.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Step, PeerMisbehaved> {
        let mut patience = PATIENCE;
        pull(&mut self.layers, self.finished, &self.limits, &mut patience)
    }
}

/// The last layer's next piece, made from the pieces of those before it.
fn pull(
    layers: &mut [Layer],
    finished: bool,
    limits: &Limits,
    patience: &mut u32,
) -> Result<Step, PeerMisbehaved> {
    let Some((layer, before)) = layers.split_last_mut() else { return Ok(Step::End) };
    loop {
        if let Some(failure) = &layer.failure {
            return Err(failure.clone());
        }
        if layer.wants_input() {
            match pull_or_feed(before, finished, limits, patience)? {
                Step::Chunk(chunk) => layer.input = chunk,
                Step::End => return layer.finish().map(|()| Step::End),
                step => return Ok(step),
            }
        }
        if *patience == 0 {
            return Ok(Step::Busy);
        }
        *patience -= 1;
        if let Some(chunk) = layer.run(limits)? {
            return Ok(Step::Chunk(chunk));
        }
    }
}

/// What the layers before have; the first layer has only the wire.
fn pull_or_feed(
    before: &mut [Layer],
    finished: bool,
    limits: &Limits,
    patience: &mut u32,
) -> Result<Step, PeerMisbehaved> {
    match before {
        [] if finished => Ok(Step::End),
        [] => Ok(Step::Hungry),
        layers => pull(layers, finished, limits, patience),
    }
}

/// One coding of the chain.
struct Layer {
    coding: Coding,
    /// Made at the first byte: an empty body allocates nothing.
    decoder: Option<Decoder>,
    input: Bytes,
    /// The last run filled its output, so that the decoder may hold more.
    full: bool,
    encoded: u64,
    decoded: u64,
    failure: Option<PeerMisbehaved>,
}

impl Layer {
    fn new(coding: Coding) -> Layer {
        Layer {
            coding,
            decoder: None,
            input: Bytes::new(),
            full: false,
            encoded: 0,
            decoded: 0,
            failure: None,
        }
    }

    fn wants_input(&self) -> bool {
        self.input.is_empty() && !self.full
    }

    /// Decodes up to one piece. An error that came after good bytes waits behind them.
    fn run(&mut self, limits: &Limits) -> Result<Option<Bytes>, PeerMisbehaved> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(Decoder::new(self.coding).map_err(|detail| self.coding.invalid(detail))?),
        };
        // Small bodies get small pieces; whoever filled one gets a large one next.
        let size = if self.full { PIECE } else { self.input.len().saturating_mul(4).clamp(1024, PIECE) };
        let mut output = Vec::with_capacity(size);
        let offered = &self.input[..self.input.len().min(1024 * 1024)];
        match decoder.run(offered, &mut output) {
            Ok(used) => {
                let _ = self.input.split_to(used);
                self.encoded += used as u64;
            }
            Err(detail) => self.failure = Some(self.coding.invalid(detail)),
        }
        self.decoded += output.len() as u64;
        self.full = output.len() == output.capacity();
        if self.is_beyond(limits) {
            let failure = PeerMisbehaved::DecompressionLimit {
                coding: self.coding.word(),
                decoded: self.decoded,
                encoded: self.encoded,
            };
            self.failure = Some(failure.clone());
            return Err(failure);
        }
        if output.is_empty() {
            return match &self.failure {
                Some(failure) => Err(failure.clone()),
                None => Ok(None),
            };
        }
        // A chunk may be kept for long: it does not keep more than twice its own size.
        let spacious = output.len() < output.capacity() / 2;
        Ok(Some(if spacious { Bytes::copy_from_slice(&output) } else { output.into() }))
    }

    fn is_beyond(&self, limits: &Limits) -> bool {
        let ratio = limits.max_ratio.is_some_and(|ratio| {
            self.decoded > limits.ratio_floor && self.decoded > self.encoded.saturating_mul(ratio)
        });
        ratio || limits.max_decoded.is_some_and(|most| self.decoded > most)
    }

    /// No more input will come: did the stream end where its format says?
    fn finish(&mut self) -> Result<(), PeerMisbehaved> {
        if self.decoder.as_ref().is_none_or(Decoder::is_at_end) {
            return Ok(());
        }
        let failure = self.coding.invalid("unexpected-end".to_owned());
        self.failure = Some(failure.clone());
        Err(failure)
    }
}

/// A body's stream with its content codings handled; its sizes are counted into the response body info as it is read.
pub struct Decoded {
    source: Box<dyn ByteStream>,
    codings: Option<ContentCodings>,
    info: Arc<Mutex<ResponseBodyInfo>>,
    cut: Cut,
}

/// What it means for a body that its connection ended without TLS's own goodbye (RFC 9112, section 9.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The body has a length, or chunks: it was cut.
    IsNoEnd,
    /// Nothing but the connection's end tells where it ends: it may have been cut, unless its coding is at its end.
    IsAnEndOfCodings,
    /// So it is, but many servers end so, and browsers take it for the end: so do pages.
    IsAnEnd,
}

impl Decoded {
    /// `codings` as [`ContentCodings::new`] gives them: with `None` the bytes pass, and are counted.
    pub fn new(
        source: Box<dyn ByteStream>,
        codings: Option<ContentCodings>,
        info: Arc<Mutex<ResponseBodyInfo>>,
    ) -> Decoded {
        Decoded { source, codings, info, cut: Cut::IsNoEnd }
    }

    /// What it means that the connection was cut.
    #[must_use]
    pub fn when_cut(mut self, cut: Cut) -> Decoded {
        self.cut = cut;
        self
    }

    fn count(&self, encoded: usize, decoded: usize) {
        let mut info = self.info.lock().unwrap_or_else(PoisonError::into_inner);
        info.encoded_size += encoded as u64;
        info.decoded_size += decoded as u64;
    }
}

fn is_cut(error: &BodyError) -> bool {
    let fault = error.cause.downcast_ref::<NetworkFault>();
    fault.is_some_and(|fault| matches!(fault, NetworkFault::Peer(PeerMisbehaved::Truncated)))
}

impl ByteStream for Decoded {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            if let Some(codings) = &mut self.codings {
                match codings.next() {
                    Ok(Step::Hungry) => {}
                    Ok(Step::Chunk(chunk)) => {
                        self.count(0, chunk.len());
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                    Ok(Step::Busy) => {
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Ok(Step::End) => return Poll::Ready(None),
                    Err(failure) => return Poll::Ready(Some(Err(BodyError::new(failure)))),
                }
            }
            let next = match self.source.poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(next) => next,
            };
            match (next, &mut self.codings) {
                (Some(Ok(chunk)), Some(codings)) => {
                    let length = chunk.len();
                    codings.feed(chunk);
                    self.count(length, 0);
                }
                (Some(Ok(chunk)), None) => {
                    self.count(chunk.len(), chunk.len());
                    return Poll::Ready(Some(Ok(chunk)));
                }
                (None, Some(codings)) => codings.finish(),
                (Some(Err(error)), Some(codings))
                    if self.cut != Cut::IsNoEnd && is_cut(&error) && codings.are_at_end() =>
                {
                    codings.finish();
                }
                (Some(Err(error)), None) if self.cut == Cut::IsAnEnd && is_cut(&error) => {
                    return Poll::Ready(None);
                }
                (last, _) => return Poll::Ready(last),
            }
        }
    }
}
