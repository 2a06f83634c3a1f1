//! [`Recorder`] listens; [`Recording`] is what it heard: the tree of fetches with their events, each with its time.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::ports::Clock;
use sofetch_core::rules::response_tainting::{BasicBecause, ResponseTaintingFork};
use sofetch_core::rulings::Ruling;
use sofetch_core::trace::{Event, Observer, Outcome, Purpose, RequestSnapshot, TraceId, WireEvent};

/// More events than this are counted, not kept: no peer can make a recording grow without bound.
const LIMIT: usize = 100_000;

/// An observer that keeps every event with its time.
///
/// One recorder serves any number of fetches, also at the same time: each has ids of its own.
pub struct Recorder {
    time: Time,
    heard: Mutex<Heard>,
    begun: AtomicU32,
}

enum Time {
    SinceMade(Instant),
    OfPort(Arc<dyn Clock>),
}

#[derive(Default)]
struct Heard {
    events: Vec<(TraceId, Timed)>,
    dropped: u64,
}

/// An event and when it happened.
#[derive(Clone)]
pub struct Timed {
    /// By the recorder's clock.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

impl Recorder {
    /// A recorder that counts time from now.
    pub fn new() -> Arc<Recorder> {
        Arc::new(Recorder {
            time: Time::SinceMade(Instant::now()),
            heard: Mutex::default(),
            begun: AtomicU32::new(0),
        })
    }

    /// A recorder that asks this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Arc<Recorder> {
        Arc::new(Recorder { time: Time::OfPort(clock), heard: Mutex::default(), begun: AtomicU32::new(0) })
    }

    /// All that was heard so far.
    pub fn recording(&self) -> Recording {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        Recording::of(heard.events.iter().cloned(), heard.dropped)
    }

    /// All that was heard since the last time it was taken.
    pub fn take(&self) -> Recording {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        Recording::of(heard.events, heard.dropped)
    }

    fn now(&self) -> Timestamp {
        match &self.time {
            Time::SinceMade(made) => Timestamp(u64::try_from(made.elapsed().as_nanos()).unwrap_or(u64::MAX)),
            Time::OfPort(clock) => clock.now(),
        }
    }
}

impl Observer for Recorder {
    fn begin(&self) -> u32 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    fn event(&self, id: TraceId, event: &Event) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.now();
        if is_more_of(heard.events.last_mut(), id, at, event) {
            return;
        }
        if heard.events.len() >= LIMIT {
            heard.dropped += 1;
            return;
        }
        heard.events.push((id, Timed { at, event: event.clone() }));
    }
}

/// Is this only more of what was heard last? An upload tells of every chunk; their sum is enough.
pub(crate) fn is_more_of(
    last: Option<&mut (TraceId, Timed)>,
    id: TraceId,
    at: Timestamp,
    event: &Event,
) -> bool {
    if let Event::Wire(WireEvent::BodySent { bytes }) = event
        && let Some((last_id, Timed { at: last_at, event: Event::Wire(WireEvent::BodySent { bytes: sum }) })) =
            last
        && *last_id == id
    {
        *sum = sum.saturating_add(*bytes);
        *last_at = at;
        return true;
    }
    false
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Recorder({} events)", heard.events.len())
    }
}

/// What was recorded: fetches in the order in which they began, their children inside.
#[derive(Clone, Default)]
pub struct Recording {
    /// The fetches.
    pub fetches: Vec<RecordedFetch>,
    /// How many events were heard and not kept.
    pub dropped: u64,
}

/// One fetch, or a child of one, and what happened in it.
#[derive(Clone)]
pub struct RecordedFetch {
    /// Its id.
    pub id: TraceId,
    /// Whose child it is.
    pub parent: Option<TraceId>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// When it began.
    pub began: Timestamp,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

/// One thing that happened in a fetch.
#[derive(Clone)]
pub enum Entry {
    /// An event.
    Event(Timed),
    /// A child began here.
    Child(RecordedFetch),
}

impl Recording {
    /// The tree that events in the order in which they were heard make.
    pub fn of(events: impl IntoIterator<Item = (TraceId, Timed)>, dropped: u64) -> Recording {
        let mut flat = Flat::default();
        for (id, timed) in events {
            flat.add(id, timed);
        }
        Recording { fetches: flat.into_trees(), dropped }
    }

    /// The first fetch: for who recorded one.
    pub fn first(&self) -> Option<&RecordedFetch> {
        self.fetches.first()
    }

    /// When the first fetch began.
    pub(crate) fn start(&self) -> Timestamp {
        self.first().map_or(Timestamp(0), |fetch| fetch.began)
    }
}

impl RecordedFetch {
    /// Its own events, those of its children left out.
    pub fn events(&self) -> impl Iterator<Item = &Timed> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Event(timed) => Some(timed),
            Entry::Child(_) => None,
        })
    }

    /// Its own events and those of its preflights and of each time that it was sent again, in the order in which they
    /// happened. What only revalidates what is stored is left out.
    pub fn events_of_exchange(&self) -> Vec<&Event> {
        let mut events = Vec::new();
        // NB: a child may have children, as deep as a server makes them: no recursion.
        let mut rest = vec![self.entries.iter()];
        while let Some(entries) = rest.last_mut() {
            match entries.next() {
                Some(Entry::Event(timed)) => events.push(&timed.event),
                Some(Entry::Child(child)) if child.purpose != Some(Purpose::Revalidation) => {
                    rest.push(child.entries.iter());
                }
                Some(Entry::Child(_)) => {}
                None => {
                    rest.pop();
                }
            }
        }
        events
    }

    /// Its children, in order.
    pub fn children(&self) -> impl Iterator<Item = &RecordedFetch> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Event(_) => None,
            Entry::Child(child) => Some(child),
        })
    }

    /// The request as main fetch saw it first.
    pub fn request(&self) -> Option<&RequestSnapshot> {
        self.events().find_map(|timed| match &timed.event {
            Event::Request(snapshot) => Some(&**snapshot),
            _ => None,
        })
    }

    /// Does no page ask, but the program's owner himself?
    pub fn is_owners(&self) -> bool {
        let owner = ResponseTaintingFork::Basic(BasicBecause::Owner);
        self.events().any(|timed| match &timed.event {
            Event::Ruled(ruling) => matches!(&**ruling, Ruling::ResponseTaintingFork(fork) if *fork == owner),
            _ => false,
        })
    }

    /// How it answered, if it did.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.events().find_map(|timed| match &timed.event {
            Event::Ended(outcome) => Some(outcome),
            _ => None,
        })
    }
}

impl fmt::Debug for Recording {
    /// Never the events: a `{:?}` may end in a log, and they hold what the fetch was about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("fetches", &self.fetches).field("dropped", &self.dropped).finish()
    }
}

impl fmt::Debug for RecordedFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedFetch({}, {} entries)", self.id.0, self.entries.len())
    }
}

/// The tree while it grows: fetches in a row, each entry either an event or the place of a child in that row.
#[derive(Default)]
struct Flat {
    fetches: Vec<(RecordedFetch, Vec<(usize, usize)>)>,
    roots: Vec<usize>,
    latest: HashMap<TraceId, usize>,
}

impl Flat {
    fn add(&mut self, id: TraceId, timed: Timed) {
        if let Event::Began { parent, purpose } = timed.event {
            self.begin(id, parent, purpose, timed.at);
            return;
        }
        // A recorder that came late has not heard of the beginning.
        let index = match self.latest.get(&id) {
            Some(&index) => index,
            None => self.begin(id, None, None, timed.at),
        };
        self.fetches[index].0.entries.push(Entry::Event(timed));
    }

    fn begin(
        &mut self,
        id: TraceId,
        parent: Option<TraceId>,
        purpose: Option<Purpose>,
        began: Timestamp,
    ) -> usize {
        let index = self.fetches.len();
        match parent.and_then(|parent| self.latest.get(&parent)) {
            Some(&parent) => {
                let (fetch, children) = &mut self.fetches[parent];
                children.push((fetch.entries.len(), index));
            }
            None => self.roots.push(index),
        }
        let fetch = RecordedFetch { id, parent, purpose, began, entries: Vec::new() };
        self.fetches.push((fetch, Vec::new()));
        self.latest.insert(id, index);
        index
    }

    /// A child stands after its parent in the row, so that from the back each is whole when its parent takes it.
    fn into_trees(self) -> Vec<RecordedFetch> {
        let mut done: Vec<Option<RecordedFetch>> = Vec::new();
        done.resize_with(self.fetches.len(), || None);
        for (index, (mut fetch, children)) in self.fetches.into_iter().enumerate().rev() {
            if !children.is_empty() {
                let mut children = children.into_iter().peekable();
                let own = std::mem::take(&mut fetch.entries);
                for (place, entry) in own.into_iter().map(Some).chain([None]).enumerate() {
                    while let Some((_, child)) = children.next_if(|(before, _)| *before == place) {
                        fetch.entries.extend(done[child].take().map(Entry::Child));
                    }
                    fetch.entries.extend(entry);
                }
            }
            done[index] = Some(fetch);
        }
        self.roots.into_iter().filter_map(|root| done[root].take()).collect()
    }
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
