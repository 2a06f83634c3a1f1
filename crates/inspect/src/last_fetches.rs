//! [`LastFetches`] keeps what was heard of the last fetches, also while they are under way: for who asks afterwards what became of one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::trace::{Event, Observer, Outcome, TraceId};

use crate::recording::{RecordedFetch, Recording, Timed, is_more_of};
use crate::safe_text::{Secrets, escaped, redacted_urls};

/// More events of one fetch than this are counted, not kept.
const LIMIT: usize = 1000;

/// An observer that keeps the recordings of so many fetches, and of no body a byte.
pub struct LastFetches {
    most: usize,
    began: (Instant, SystemTime),
    begun: AtomicU32,
    heard: Mutex<VecDeque<Heard>>,
}

struct Heard {
    /// From 1.
    number: u32,
    events: Vec<(TraceId, Timed)>,
    dropped: u64,
}

/// One of them.
#[derive(Clone)]
pub struct LastFetch {
    /// The how-manieth it was, from 1.
    pub number: u32,
    /// What was heard so far.
    pub recording: Recording,
}

impl LastFetches {
    /// One that keeps so many, and counts time from now.
    pub fn new(most: usize) -> Arc<LastFetches> {
        Arc::new(LastFetches {
            most,
            began: (Instant::now(), SystemTime::now()),
            begun: AtomicU32::new(0),
            heard: Mutex::default(),
        })
    }

    /// The wall clock's time when its recordings' was 0.
    pub fn began(&self) -> SystemTime {
        self.began.1
    }

    /// Those that are kept, the oldest first.
    pub fn all(&self) -> Vec<LastFetch> {
        self.lock().iter().map(Heard::told).collect()
    }

    /// The one of this number; without one, the last that has answered.
    pub fn one(&self, number: Option<u32>) -> Option<LastFetch> {
        let heard = self.lock();
        let mut fetches = heard.iter().rev().map(Heard::told);
        match number {
            Some(number) => fetches.find(|fetch| fetch.number == number),
            None => fetches.find(LastFetch::has_answered),
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn told(&self) -> LastFetch {
        LastFetch { number: self.number, recording: Recording::of(self.events.iter().cloned(), self.dropped) }
    }
}

impl LastFetch {
    /// Has it come to a response or a network error?
    pub fn has_answered(&self) -> bool {
        self.recording.first().is_some_and(|fetch| fetch.outcome().is_some())
    }

    /// Has it come to a network error?
    pub fn has_failed(&self) -> bool {
        let outcome = self.recording.first().and_then(RecordedFetch::outcome);
        matches!(outcome, Some(Outcome::NetworkError(_)))
    }

    /// How long it took from its beginning to the last that was heard of it: its answer, or the end of that one's body.
    pub fn spent(&self) -> Option<Duration> {
        let fetch = self.recording.first()?;
        let last = fetch.events().last()?;
        Some(last.at.since(fetch.began))
    }

    /// A line: its number, method and URL, and what it came to.
    pub fn line(&self, secrets: Secrets) -> String {
        let fetch = self.recording.first();
        let request = fetch.and_then(RecordedFetch::request);
        let asked = request.map(|request| format!("{} {}", request.method.as_str(), request.url.href()));
        let asked = shortened(&asked.unwrap_or_default());
        let came = match fetch.and_then(RecordedFetch::outcome) {
            None => "under way".to_owned(),
            Some(Outcome::Response { response_type, internal_status, .. }) => {
                format!("{internal_status} {response_type}")
            }
            Some(Outcome::NetworkError(_)) => "network error".to_owned(),
        };
        format!("{:>3}  {}  {came}", self.number, escaped(&*redacted_urls(&asked, secrets)))
    }
}

/// NB: a data URL may be as long as it likes.
fn shortened(text: &str) -> String {
    const MOST: usize = 160;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text.to_owned(),
    }
}

impl Observer for LastFetches {
    fn begin(&self) -> u32 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    fn event(&self, id: TraceId, event: &Event) {
        let number = ((id.0 >> 32) as u32).wrapping_add(1);
        let at = Timestamp(u64::try_from(self.began.0.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let mut heard = self.lock();
        if let Event::Began { parent: None, .. } = event {
            if heard.len() >= self.most {
                heard.pop_front();
            }
            heard.push_back(Heard { number, events: Vec::new(), dropped: 0 });
        }
        let Some(heard) = heard.iter_mut().rev().find(|heard| heard.number == number) else { return };
        if is_more_of(heard.events.last_mut(), id, at, event) {
            return;
        }
        // How it ended is wanted however much was heard before.
        if heard.events.len() < LIMIT || matches!(event, Event::Ended(_) | Event::BodyEnded { .. }) {
            heard.events.push((id, Timed { at, event: event.clone() }));
        } else {
            heard.dropped += 1;
        }
    }
}

impl fmt::Debug for LastFetches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastFetches({} of {})", self.lock().len(), self.most)
    }
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::methods::Method;
    use sofetch_core::trace::Trace;

    use super::*;
    use crate::test_recordings::{head, headers, sent};

    fn response() -> Event {
        Event::Ended(Outcome::Response {
            response_type: "basic",
            status: 200,
            internal_status: 200,
            header_list: headers(&[]),
            url: None,
        })
    }

    #[test]
    fn the_last_are_kept_and_the_last_that_answered_is_the_one() {
        let last = LastFetches::new(2);
        assert!(last.one(None).is_none() && last.all().is_empty());
        let traces = [Trace::new(last.clone()), Trace::new(last.clone()), Trace::new(last.clone())];
        for (trace, url) in traces.iter().zip(["https://a.test/", "https://b.test/\u{1b}", "https://c.test/"])
        {
            trace.emit(|| sent(Method::GET, url, &[]));
        }
        let numbers = |fetches: Vec<LastFetch>| fetches.iter().map(|fetch| fetch.number).collect::<Vec<_>>();
        assert_eq!(numbers(last.all()), [2, 3], "the first was one too many");
        assert!(last.one(None).is_none() && last.one(Some(1)).is_none());
        traces[1].emit(response);
        assert_eq!(last.one(None).map(|fetch| fetch.number), Some(2));
        assert!(!last.one(Some(3)).expect("it is kept").has_answered());
        let line = last.one(Some(2)).expect("it is kept").line(Secrets::Redacted);
        assert!(line.starts_with("  2  ") && line.ends_with("  200 basic"), "{line}");
        // What comes of one that was forgotten is nobody's.
        traces[0].emit(response);
        assert_eq!(format!("{last:?}"), "LastFetches(2 of 2)");
    }

    #[test]
    fn no_fetch_grows_without_bound() {
        let last = LastFetches::new(1);
        let trace = Trace::new(last.clone());
        for _ in 0..LIMIT + 5 {
            trace.emit(|| head(103, "", &[]));
        }
        trace.emit(response);
        let fetch = last.one(None).expect("how it ended is kept");
        assert_eq!((fetch.recording.fetches[0].entries.len(), fetch.recording.dropped), (LIMIT, 6));
    }
}
