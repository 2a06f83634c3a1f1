//! [`EachFetch`] tells of one fetch at a time, and remembers none that is over: for programs that fetch for ever.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::trace::{Event, Observer, Outcome, TraceId};

use crate::recording::{Recording, Timed, is_more_of};

/// More events of one fetch than this are counted, not kept.
const LIMIT: usize = 10_000;

/// Up to when a fetch is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It has answered, with a response or a network error.
    Answered,
    /// Its response's body has come to its end, too.
    BodyEnded,
}

/// An observer that hands over the recording of each fetch as soon as there is no more to hear of it.
///
/// It is called from within fetches: what it tells must not block.
pub struct EachFetch {
    until: Until,
    began: (Instant, SystemTime),
    begun: AtomicU32,
    under_way: Mutex<HashMap<u32, Heard>>,
    tell: Box<dyn Fn(Recording, SystemTime) + Send + Sync>,
}

#[derive(Default)]
struct Heard {
    events: Vec<(TraceId, Timed)>,
    dropped: u64,
}

impl Heard {
    fn into_recording(self) -> Recording {
        Recording::of(self.events, self.dropped)
    }
}

impl EachFetch {
    /// One that listens to fetches until then, and counts time from now: it tells the recording, and the wall clock's time
    /// when the recording's was 0.
    pub fn new(until: Until, tell: impl Fn(Recording, SystemTime) + Send + Sync + 'static) -> Arc<EachFetch> {
        Arc::new(EachFetch {
            until,
            began: (Instant::now(), SystemTime::now()),
            begun: AtomicU32::new(0),
            under_way: Mutex::default(),
            tell: Box::new(tell),
        })
    }

    /// The wall clock's time when its recordings' was 0.
    pub fn began(&self) -> SystemTime {
        self.began.1
    }

    /// What was heard of fetches that are not over, the first that began first; it is heard of no more.
    pub fn rest(&self) -> Vec<Recording> {
        let heard = std::mem::take(&mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        let mut heard: Vec<_> = heard.into_iter().collect();
        heard.sort_by_key(|(number, _)| *number);
        heard.into_iter().map(|(_, heard)| heard.into_recording()).collect()
    }

    /// Is this the last event that is wanted of the fetch itself?
    fn is_last(&self, event: &Event) -> bool {
        match (event, self.until) {
            (Event::BodyEnded { .. }, _) => true,
            (Event::Ended(outcome), until) => {
                until == Until::Answered || matches!(outcome, Outcome::NetworkError(_))
            }
            _ => false,
        }
    }
}

impl Observer for EachFetch {
    fn begin(&self) -> u32 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    fn event(&self, id: TraceId, event: &Event) {
        let number = (id.0 >> 32) as u32;
        let at = Timestamp(u64::try_from(self.began.0.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let over = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            if let Event::Began { parent: None, .. } = event {
                under_way.insert(number, Heard::default());
            }
            // What comes after the last is not wanted any more.
            let Some(heard) = under_way.get_mut(&number) else { return };
            if is_more_of(heard.events.last_mut(), id, at, event) {
                return;
            }
            let is_root = heard.events.first().is_none_or(|(root, _)| *root == id);
            let is_last = is_root && self.is_last(event);
            if heard.events.len() < LIMIT || is_last {
                heard.events.push((id, Timed { at, event: event.clone() }));
            } else {
                heard.dropped += 1;
            }
            if is_last { under_way.remove(&number) } else { None }
        };
        if let Some(heard) = over {
            (self.tell)(heard.into_recording(), self.began.1);
        }
    }
}

impl fmt::Debug for EachFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "EachFetch({} under way)", under_way.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use sofetch_core::infrastructure::methods::Method;
    use sofetch_core::rules::cors_preflight::PreflightAnswer;
    use sofetch_core::trace::{Algorithm, Trace};

    use super::*;
    use crate::test_recordings::{head, headers, preflight, sent};

    fn response() -> Event {
        Event::Ended(Outcome::Response {
            response_type: "basic",
            status: 200,
            internal_status: 200,
            header_list: headers(&[]),
            url: None,
        })
    }

    fn body_ended() -> Event {
        Event::BodyEnded { encoded: 1, decoded: 1, error: None }
    }

    /// Two fetches at once, of which the first has a preflight, and the second never answers.
    fn told(until: Until) -> (Vec<usize>, Vec<usize>) {
        let (sender, receiver) = mpsc::channel();
        let each = EachFetch::new(until, move |recording, _| {
            let [fetch] = &recording.fetches[..] else { panic!("one fetch at a time") };
            sender.send(fetch.entries.len()).expect("somebody listens");
        });
        let (first, second) = (Trace::new(each.clone()), Trace::new(each.clone()));
        second.emit(|| sent(Method::GET, "https://a.test/", &[]));
        preflight(&first, PreflightAnswer::NotOkStatus { status: 405 });
        first.emit(|| head(200, "OK", &[]));
        let room = first.enter(Algorithm::Fetch);
        first.emit(response);
        drop(room);
        first.emit(body_ended);
        let rest = each.rest().iter().map(|recording| recording.fetches[0].entries.len()).collect();
        second.emit(response);
        second.emit(body_ended);
        drop((first, second));
        assert_eq!(format!("{each:?}"), "EachFetch(0 under way)");
        drop(each);
        (receiver.iter().collect(), rest)
    }

    #[test]
    fn each_is_told_of_once() {
        assert_eq!(told(Until::Answered), (vec![4], vec![1]));
        assert_eq!(told(Until::BodyEnded), (vec![6], vec![1]));
    }

    #[test]
    fn no_fetch_grows_without_bound() {
        let (sender, receiver) = mpsc::channel();
        let each = EachFetch::new(Until::BodyEnded, move |recording, _| {
            sender.send((recording.fetches[0].entries.len(), recording.dropped)).expect("somebody listens");
        });
        let trace = Trace::new(each);
        for _ in 0..LIMIT {
            trace.emit(|| head(103, "", &[]));
        }
        trace.emit(body_ended);
        assert_eq!(receiver.recv().expect("it is over"), (LIMIT, 1));
    }
}
