//! What would have made it pass: edits of a server's answers, and which edit answers a refusal.
//!
//! Data and one pure function. Whether an edit helps is never decided here: the procedure itself is run again over the
//! recorded exchange with the edits applied (`sofetch::replay`), and a set of edits is one that it lets pass.

use std::cmp::Ordering;

use bytes::Bytes;

use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_values::{get_decode_and_split_value, is_header_name};
use crate::infrastructure::methods::Method;
use crate::infrastructure::statuses::Status;
use crate::infrastructure::url::Url;
use crate::rules::cors_check::CorsCheck;
use crate::rules::cors_preflight::PreflightAnswer;
use crate::rules::cross_origin_resource_policy::CrossOriginResourcePolicy;
use crate::rules::mime_blocking::{MimeTypeBlocking, NosniffBlocking};
use crate::rules::range_requested::RangeRequested;
use crate::rules::redirect::Redirect;
use crate::rules::unencoded_digest::UnencodedDigest;
use crate::rules::verdict::said;
use crate::rulings::Ruling;

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

/// Which answer of a fetch: one at each URL of its URL list, and one to each preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct AnswerId {
    /// How many redirects came before.
    pub hop: u32,
    /// To what.
    pub to: AnswerTo,
}

/// What an answer is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerTo {
    /// The CORS-preflight request.
    Preflight,
    /// The request itself.
    Request,
}

/// A change of one answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Edit {
    /// Of which.
    pub answer: AnswerId,
    /// What changes.
    pub change: Change,
}

/// What changes in an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    /// A header gets this value, in place of all that it had.
    Set {
        /// Its name.
        name: String,
        /// Its value, isomorphic-decoded.
        value: String,
    },
    /// A header goes.
    Remove {
        /// Its name.
        name: String,
    },
    /// The status becomes another.
    Status {
        /// Which.
        status: Status,
    },
}

impl Change {
    fn set(name: &str, value: impl Into<String>) -> Change {
        Change::Set { name: name.to_owned(), value: value.into() }
    }

    /// Does it change the same thing of an answer: the same header, or the status?
    pub fn is_of_same_thing(&self, other: &Change) -> bool {
        match (self.header_name(), other.header_name()) {
            (Some(name), Some(other)) => name.eq_ignore_ascii_case(other),
            (None, None) => true,
            _ => false,
        }
    }

    /// The header that it changes; `None` for the status.
    pub fn header_name(&self) -> Option<&str> {
        match self {
            Change::Set { name, .. } | Change::Remove { name } => Some(name),
            Change::Status { .. } => None,
        }
    }

    /// Changes an answer.
    pub fn apply(&self, status: &mut Status, header_list: &mut HeaderList) {
        match self {
            Change::Set { name, value } => {
                header_list.set(name.clone().into_bytes(), isomorphic_encode(value));
            }
            Change::Remove { name } => header_list.delete(name),
            Change::Status { status: new } => *status = *new,
        }
    }
}

/// <https://infra.spec.whatwg.org/#isomorphic-encode>; what is no byte is left as UTF-8.
fn isomorphic_encode(text: &str) -> Bytes {
    let bytes: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(char).ok()).collect();
    bytes.map_or_else(|| Bytes::copy_from_slice(text.as_bytes()), Bytes::from)
}

/// Why an edit is not offered, though it would do: it opens more than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpensMore {
    /// `null` is the origin of every sandboxed page, and with credentials it reads what is the user's.
    NullWithCredentials,
    /// `null` is the origin of every sandboxed page: `*` says as much, and says it plainly.
    Null,
}

/// An edit that may answer a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What changes.
    pub change: Change,
    /// Why it is not offered; `None` where it is.
    pub opens: Option<OpensMore>,
}

impl Candidate {
    fn of(change: Change) -> Candidate {
        Candidate { change, opens: None }
    }
}

/// The exchange whose answer was refused, as far as the edits need it.
#[derive(Debug)]
pub struct RefusedExchange<'a> {
    /// The headers that were sent: those of the preflight, where its answer was refused.
    pub sent: &'a HeaderList,
    /// Is the credentials mode "include"?
    pub credentials: bool,
}

/// The edits of the refused answer that may make the rule pass that refused it; none where no answer can.
pub fn candidates(ruling: &Ruling, exchange: &RefusedExchange<'_>) -> Vec<Candidate> {
    match ruling {
        Ruling::CorsCheck(check) | Ruling::PreflightAnswer(PreflightAnswer::CorsCheckFailed(check)) => {
            for_cors_check(check, exchange)
        }
        Ruling::PreflightAnswer(answer) => for_preflight_answer(answer, exchange),
        Ruling::CrossOriginResourcePolicy(check) if ruling.blocks() => for_corp(check),
        Ruling::Redirect(
            Redirect::CorsWithCredentials { to, .. }
            | Redirect::TaintedWithCredentials { to }
            | Redirect::WithCredentials { to },
        ) => vec![Candidate::of(Change::set("Location", to))],
        Ruling::NosniffBlocking(NosniffBlocking::NotJavaScript { .. })
        | Ruling::MimeTypeBlocking(MimeTypeBlocking::NeverAScript { .. }) => {
            vec![Candidate::of(Change::set("Content-Type", "text/javascript"))]
        }
        Ruling::NosniffBlocking(NosniffBlocking::NotCss { .. }) => {
            vec![Candidate::of(Change::set("Content-Type", "text/css"))]
        }
        Ruling::RangeRequested(RangeRequested::OthersRange { .. }) => {
            vec![Candidate::of(Change::Status { status: 200 })]
        }
        Ruling::UnencodedDigest(UnencodedDigest::Mismatch { .. }) => {
            vec![Candidate::of(Change::Remove { name: "Unencoded-Digest".to_owned() })]
        }
        _ => Vec::new(),
    }
}

fn for_cors_check(check: &CorsCheck, exchange: &RefusedExchange<'_>) -> Vec<Candidate> {
    match check {
        CorsCheck::NoAllowOrigin | CorsCheck::OriginMismatch { .. } => {
            // What must be allowed is what was sent, to the byte.
            let Some(origin) = exchange.sent.get("Origin") else { return Vec::new() };
            if *origin != *b"null" {
                return vec![Candidate::of(Change::set(ALLOW_ORIGIN, said(&origin)))];
            }
            let null = |opens| Candidate { change: Change::set(ALLOW_ORIGIN, "null"), opens: Some(opens) };
            match exchange.credentials {
                true => vec![null(OpensMore::NullWithCredentials)],
                false => vec![Candidate::of(Change::set(ALLOW_ORIGIN, "*")), null(OpensMore::Null)],
            }
        }
        CorsCheck::CredentialsNotAllowed { .. } => {
            vec![Candidate::of(Change::set(ALLOW_CREDENTIALS, "true"))]
        }
        CorsCheck::AnyOrigin | CorsCheck::OriginMatches | CorsCheck::OriginMatchesWithCredentials => {
            Vec::new()
        }
    }
}

fn for_preflight_answer(answer: &PreflightAnswer, exchange: &RefusedExchange<'_>) -> Vec<Candidate> {
    match answer {
        // NB: a redirect is no ok status either. 204 is what there is to say.
        PreflightAnswer::NotOkStatus { .. } => vec![Candidate::of(Change::Status { status: 204 })],
        PreflightAnswer::UnparsableMethods { said } => {
            let asked = exchange.sent.get("Access-Control-Request-Method").map(|name| self::said(&name));
            let unsafe_method = asked
                .filter(|name| Method::new(name.as_bytes()).is_ok_and(|method| !method.is_cors_safelisted()));
            for_unparsable(ALLOW_METHODS, said, unsafe_method.into_iter().collect(), str::eq)
        }
        PreflightAnswer::UnparsableHeaders { said } => {
            for_unparsable(ALLOW_HEADERS, said, asked_names(exchange), str::eq_ignore_ascii_case)
        }
        PreflightAnswer::MethodNotAllowed { method, allowed, .. } => {
            vec![Candidate::of(Change::set(ALLOW_METHODS, listed(allowed, [method.clone()])))]
        }
        PreflightAnswer::NonWildcardHeaderNotListed { allowed, .. }
        | PreflightAnswer::HeaderNotAllowed { allowed, .. } => {
            let wildcard = !exchange.credentials && allowed.iter().any(|name| name == "*");
            let missing = asked_names(exchange).into_iter().filter(|name| {
                let covered = wildcard && name != "authorization";
                !covered && !allowed.iter().any(|listed| listed.eq_ignore_ascii_case(name))
            });
            vec![Candidate::of(Change::set(ALLOW_HEADERS, listed(allowed, missing)))]
        }
        PreflightAnswer::CorsCheckFailed(_) | PreflightAnswer::Granted { .. } => Vec::new(),
    }
}

/// A list that is none: its words, and what was asked for. Where nothing was, no list does as well.
fn for_unparsable(
    name: &str,
    said: &str,
    asked: Vec<String>,
    same: impl Fn(&str, &str) -> bool,
) -> Vec<Candidate> {
    let mut words: Vec<String> = Vec::new();
    let said =
        said.split([',', ' ', '\t', ';', '|', '"', '[', ']']).filter(|word| is_header_name(word.as_bytes()));
    for word in said.map(str::to_owned).chain(asked.iter().cloned()) {
        if !words.iter().any(|known| same(known, &word)) {
            words.push(word);
        }
    }
    let mut candidates = Vec::new();
    if !words.is_empty() {
        candidates.push(Candidate::of(Change::set(name, words.join(", "))));
    }
    if asked.is_empty() {
        candidates.push(Candidate::of(Change::Remove { name: name.to_owned() }));
    }
    candidates
}

/// The header names that the preflight asked for.
fn asked_names(exchange: &RefusedExchange<'_>) -> Vec<String> {
    let asked = exchange.sent.get("Access-Control-Request-Headers");
    asked.map(|names| get_decode_and_split_value(&names)).unwrap_or_default()
}

/// All that was allowed, and what is missing.
fn listed(allowed: &[String], missing: impl IntoIterator<Item = String>) -> String {
    allowed.iter().cloned().chain(missing).collect::<Vec<_>>().join(", ")
}

/// The narrowest policy that lets the embedder in.
fn for_corp(check: &CrossOriginResourcePolicy) -> Vec<Candidate> {
    let policy = match check {
        CrossOriginResourcePolicy::NotSameOrigin { origin, resource_origin, .. }
            if same_site(origin, resource_origin) =>
        {
            "same-site"
        }
        _ => "cross-origin",
    };
    vec![Candidate::of(Change::set("Cross-Origin-Resource-Policy", policy))]
}

/// Are the serialized origins of one site?
fn same_site(origin: &str, resource_origin: &str) -> bool {
    let origin_of = |serialized: &str| Url::parse(serialized, None).ok().map(|url| url.origin());
    match (origin_of(origin), origin_of(resource_origin)) {
        (Some(origin), Some(resource)) => origin.same_site(&resource),
        _ => false,
    }
}

/// Some edits that would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditSet {
    /// In the order of the answers.
    pub edits: Vec<OfferedEdit>,
}

/// An edit, and what is known of the answer that it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedEdit {
    /// The edit.
    pub edit: Edit,
    /// The request that is answered.
    pub method: Method,
    /// Its URL.
    pub url: Url,
    /// What the header said, its lines joined; `None` where it was not there.
    pub was: Option<String>,
    /// Was the answer never seen, so that it is assumed to be a 200 without headers?
    pub assumed: bool,
    /// Why it is not offered; `None` where it is.
    pub opens: Option<OpensMore>,
}

impl EditSet {
    /// Why the set is not offered.
    pub fn opens(&self) -> Option<OpensMore> {
        self.edits.iter().find_map(|offered| offered.opens)
    }

    /// How many edits change an answer that was seen.
    pub fn seen(&self) -> usize {
        self.edits.iter().filter(|offered| !offered.assumed).count()
    }

    /// By what there is to do, then by the edits themselves: an order to print in.
    pub fn order(&self, other: &EditSet) -> Ordering {
        let edits = |set: &EditSet| set.edits.iter().map(|offered| offered.edit.clone()).collect::<Vec<_>>();
        self.edits.len().cmp(&other.edits.len()).then_with(|| edits(self).cmp(&edits(other)))
    }
}

/// The smallest changes of a server's answers that let a refused fetch pass.
#[derive(Clone, Debug, Default)]
pub struct SmallestChanges {
    /// All smallest sets; none where no answer can help, or more edits than the limit were needed.
    pub sets: Vec<EditSet>,
    /// Sets that would do and are not offered.
    pub refused: Vec<EditSet>,
}

#[cfg(test)]
#[path = "fixes_tests.rs"]
mod tests;
