//! What every judgement can say of itself. A leaf: it knows no rule, and every rule knows it.

/// The value of a judgement: which step decided, on what evidence.
///
/// An implementor is an enum of reasons, never a `bool`. Its evidence is plain data: no sentence (those are
/// `inspect`'s), and bytes of strangers as isomorphic-decoded strings (see [`said`]).
pub trait Verdict {
    /// Where the rule stands: a full URL with the anchor of its algorithm.
    const ANCHOR: &'static str;

    /// Does this verdict turn the fetch into a network error?
    fn blocks(&self) -> bool;
}

/// <https://infra.spec.whatwg.org/#isomorphic-decode>: how bytes that somebody sent stand as evidence.
pub fn said(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| byte as char).collect()
}
