//! The [connection pool](https://fetch.spec.whatwg.org/#concept-connection-pool): what is kept, who waits, who is served.
//!
//! Bookkeeping only: nothing here connects. A [`Group`] is the connections of one key; it lends HTTP/1.1 connections to
//! one exchange each, shares an HTTP/2 connection among all, and serves who waits in the order in which they came.
//! An idle HTTP/1.1 connection is data without a task; whether it still lives is seen when it is lent.
//!
//! Over 400 lines, as it is one state under one lock: whatever is sent or dropped is so after the lock is let go.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::ports::Clock;
use sofetch_core::wire_faults::NetworkFault;

use crate::create_a_connection::{About, Destination};
use crate::http2_connection::Http2;
use crate::runtime::IoRuntime;
use crate::transport::Transport;

/// Whoever keeps groups: told when there is something to let go of later.
pub(crate) trait Keeper: Send + Sync {
    /// Something idles.
    fn something_idles(self: Arc<Self>);
}

/// The connections of one key.
pub(crate) struct Group {
    pub(crate) destination: Destination,
    pub(crate) runtime: Arc<IoRuntime>,
    pub(crate) clock: Arc<dyn Clock>,
    keeper: Weak<dyn Keeper>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Parked>,
    http2: Option<Http2>,
    /// HTTP/1.1 connections lent, and connections being made.
    lent: usize,
    flights: usize,
    last_flight: u64,
    waiters: VecDeque<Waiter>,
    /// Did the server choose HTTP/1.1 where it could have chosen HTTP/2?
    knows_http1: bool,
    closed: bool,
}

struct Parked {
    transport: Box<dyn Transport>,
    about: Arc<About>,
    used: bool,
    since: Timestamp,
}

struct Waiter {
    reply: oneshot::Sender<Granted>,
    waits_for: WaitsFor,
    fresh_only: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    /// The connection that is being made for it.
    Flight(u64),
    /// To learn from another's flight whether there is HTTP/2 to share.
    News,
    /// The same, for a WebSocket, which shares nothing else.
    Session,
    /// A place under the limit.
    Place,
}

impl WaitsFor {
    /// Does it hang on another's flight?
    fn is_news(self) -> bool {
        matches!(self, WaitsFor::News | WaitsFor::Session)
    }
}

/// What a waiter gets.
pub(crate) enum Granted {
    /// A connection, ours alone.
    Http1(Http1),
    /// A share of one.
    Http2(Http2),
    /// Leave to make one.
    Place(Place),
    /// Things are different now: ask again.
    Again,
    /// The connection could not be made.
    Failed(NetworkFault),
}

/// What [`Group::check_out`] has.
pub(crate) enum CheckOut {
    Http1(Http1),
    Http2(Http2),
    Connect(Place),
    Wait(oneshot::Receiver<Granted>, QueuedFor),
}

/// What [`Group::session`] has.
pub(crate) enum Session {
    /// One to share.
    Http2(Http2),
    /// The server speaks HTTP/1.1.
    Http1,
    /// There may be one soon.
    Wait(oneshot::Receiver<Granted>),
    /// Nobody knows yet: leave to find out.
    Unknown(Place),
}

/// What one waits for, for the sake of time-outs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueuedFor {
    News,
    Place,
}

/// An HTTP/1.1 connection, lent.
pub(crate) struct Http1 {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) about: Arc<About>,
    pub(crate) used: bool,
    pub(crate) place: Place,
}

impl Http1 {
    /// Gives it back; it goes to who waits, or idles.
    pub(crate) fn park(mut self) {
        self.used = true;
        self.park_as_it_was();
    }

    /// The same after no exchange.
    pub(crate) fn park_as_it_was(self) {
        let group = self.place.group.clone();
        group.hand_over(self);
    }
}

/// One of a group's connections, as far as limits count.
pub(crate) struct Place {
    pub(crate) group: Arc<Group>,
    counted: bool,
}

impl Place {
    fn counted(group: &Arc<Group>) -> Place {
        Place { group: group.clone(), counted: true }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.counted {
            self.group.place_freed();
        }
    }
}

impl Group {
    pub(crate) fn new(
        destination: Destination,
        runtime: Arc<IoRuntime>,
        clock: Arc<dyn Clock>,
        keeper: Weak<dyn Keeper>,
    ) -> Group {
        Group { destination, runtime, clock, keeper, state: Mutex::default() }
    }

    /// Lends a connection, or says what to do instead.
    pub(crate) fn check_out(self: &Arc<Group>, new: bool, limit: Option<usize>) -> CheckOut {
        loop {
            let mut state = self.state();
            if !new {
                if let Some(http2) = state.http2.take_if(|http2| !http2.is_usable()) {
                    drop(state);
                    drop(http2);
                    continue;
                }
                if let Some(http2) = &state.http2 {
                    return CheckOut::Http2(http2.share());
                }
                // The one used last is the likeliest to live.
                if let Some(parked) = state.idle.pop() {
                    state.lent += 1;
                    drop(state);
                    if let Some(http1) = self.revive(parked) {
                        return CheckOut::Http1(http1);
                    }
                    continue;
                }
                if self.destination.may_speak_http2() && !state.knows_http1 && state.flights > 0 {
                    let receiver = state.wait(WaitsFor::News, false);
                    return CheckOut::Wait(receiver, QueuedFor::News);
                }
            }
            if limit.is_some_and(|limit| state.lent + state.idle.len() >= limit) {
                if state.idle.is_empty() {
                    let receiver = state.wait(WaitsFor::Place, new);
                    return CheckOut::Wait(receiver, QueuedFor::Place);
                }
                let oldest = state.idle.remove(0);
                drop(state);
                drop(oldest);
                continue;
            }
            state.lent += 1;
            return CheckOut::Connect(Place::counted(self));
        }
    }

    /// Is there an HTTP/2 connection to share, or could there be? No HTTP/1.1 connection is lent, and no limit holds for who finds out:
    /// there is no other connection then.
    pub(crate) fn session(self: &Arc<Group>, new: bool) -> Session {
        let mut state = self.state();
        let unusable = state.http2.take_if(|http2| !http2.is_usable());
        let session = match &state.http2 {
            Some(http2) if !new => Session::Http2(http2.share()),
            _ if state.knows_http1 => Session::Http1,
            _ if state.flights > 0 && !new => Session::Wait(state.wait(WaitsFor::Session, false)),
            _ => {
                state.lent += 1;
                Session::Unknown(Place::counted(self))
            }
        };
        drop(state);
        drop(unusable);
        session
    }

    /// A parked connection, if it still lives.
    fn revive(self: &Arc<Group>, parked: Parked) -> Option<Http1> {
        let Parked { transport, about, used, since } = parked;
        let mut http1 = Http1 { transport, about, used, place: Place::counted(self) };
        let expired = self.clock.now().since(since) >= self.idle_time_out();
        (!expired && http1.transport.is_alive()).then_some(http1)
    }

    /// Begins a flight: its starter waits first in line for it.
    pub(crate) fn take_off(
        self: &Arc<Group>,
        place: Place,
        new: bool,
    ) -> (Flight, oneshot::Receiver<Granted>) {
        let mut state = self.state();
        state.flights += 1;
        state.last_flight += 1;
        let id = state.last_flight;
        let receiver = state.wait(WaitsFor::Flight(id), new);
        (Flight { group: self.clone(), id, place: Some(place) }, receiver)
    }

    /// Does anybody but a flight's own starter count on it?
    pub(crate) fn others_count_on_flights(&self) -> bool {
        self.state().waiters.iter().any(|waiter| waiter.waits_for.is_news() && !waiter.reply.is_closed())
    }

    /// A connection that nobody uses now.
    fn hand_over(self: &Arc<Group>, mut http1: Http1) {
        loop {
            let mut state = self.state();
            let used = http1.used;
            let suits =
                |waiter: &Waiter| !(used && waiter.fresh_only) && waiter.waits_for != WaitsFor::Session;
            let Some(waiter) = state.next_waiter(suits) else {
                let limits = &self.destination.settings.config.pool;
                let kept = !state.closed
                    && state.idle.len() < limits.idle_per_host
                    && limits.idle_time_out > Duration::ZERO;
                if !kept {
                    drop(state);
                    drop(http1);
                    return;
                }
                let Http1 { transport, about, used, mut place } = http1;
                state.idle.push(Parked { transport, about, used, since: self.clock.now() });
                state.lent -= 1;
                place.counted = false;
                drop(state);
                self.tell_keeper();
                return;
            };
            drop(state);
            match waiter.reply.send(Granted::Http1(http1)) {
                Ok(()) => return,
                Err(Granted::Http1(back)) => http1 = back,
                Err(_) => return,
            }
        }
    }

    fn place_freed(self: &Arc<Group>) {
        let mut state = self.state();
        state.lent -= 1;
        let Some(waiter) = state.next_waiter(|waiter| waiter.waits_for == WaitsFor::Place) else { return };
        state.lent += 1;
        drop(state);
        // NB: should the waiter have left, the place is freed again, by its drop.
        let _ = waiter.reply.send(Granted::Place(Place::counted(self)));
    }

    /// Lets go of what idled for too long. Is the group of no use any more?
    pub(crate) fn let_go(self: &Arc<Group>) -> bool {
        let now = self.clock.now();
        let time_out = self.idle_time_out();
        let mut state = self.state();
        let (old, young) = std::mem::take(&mut state.idle)
            .into_iter()
            .partition(|parked| now.since(parked.since) >= time_out);
        state.idle = young;
        let http2 = state.http2.take_if(|http2| !http2.is_usable() || http2.idled_for(now) >= time_out);
        let empty =
            state.idle.is_empty() && state.http2.is_none() && state.lent == 0 && state.waiters.is_empty();
        drop(state);
        let _: (Vec<Parked>, Option<Http2>) = (old, http2);
        empty
    }

    /// Lets go of everything, now and later.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        let http2 = state.http2.take();
        drop(state);
        drop((idle, http2));
    }

    fn idle_time_out(&self) -> Duration {
        self.destination.settings.config.pool.idle_time_out
    }

    fn tell_keeper(&self) {
        if let Some(keeper) = self.keeper.upgrade() {
            keeper.something_idles();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&mut self, waits_for: WaitsFor, fresh_only: bool) -> oneshot::Receiver<Granted> {
        let (reply, receiver) = oneshot::channel();
        self.waiters.push_back(Waiter { reply, waits_for, fresh_only });
        receiver
    }

    /// The first who waits for such a thing. Those who left are forgotten on the way.
    fn next_waiter(&mut self, suits: impl Fn(&Waiter) -> bool) -> Option<Waiter> {
        let mut index = 0;
        while index < self.waiters.len() {
            if self.waiters[index].reply.is_closed() {
                self.waiters.remove(index);
            } else if suits(&self.waiters[index]) {
                return self.waiters.remove(index);
            } else {
                index += 1;
            }
        }
        None
    }

    /// All who wait for such a thing.
    fn all_waiters(&mut self, suits: impl Fn(&Waiter) -> bool) -> VecDeque<Waiter> {
        let (suited, others) = std::mem::take(&mut self.waiters).into_iter().partition(suits);
        self.waiters = others;
        suited
    }
}

/// A connection being made. Dropped before it landed, it leaves nobody waiting for it.
pub(crate) struct Flight {
    group: Arc<Group>,
    id: u64,
    place: Option<Place>,
}

/// What a flight brought.
pub(crate) enum Landed {
    Http1(Box<dyn Transport>, Arc<About>),
    Http2(Http2),
}

impl Flight {
    /// Serves its starter, then whoever else can be.
    pub(crate) fn land(mut self, result: Result<Landed, NetworkFault>) {
        let Some(place) = self.place.take() else { return };
        let group = self.group.clone();
        let own = WaitsFor::Flight(self.id);
        let mut state = group.state();
        state.flights -= 1;
        let starter = state.next_waiter(|waiter| waiter.waits_for == own);
        match result {
            Ok(Landed::Http1(transport, about)) => {
                state.knows_http1 = true;
                let followers = state.all_waiters(|waiter| waiter.waits_for.is_news());
                drop(state);
                let http1 = Http1 { transport, about, used: false, place };
                let left_over = match starter {
                    None => Some(http1),
                    Some(starter) => match starter.reply.send(Granted::Http1(http1)) {
                        Err(Granted::Http1(back)) => Some(back),
                        _ => None,
                    },
                };
                for follower in followers {
                    let _ = follower.reply.send(Granted::Again);
                }
                if let Some(http1) = left_over {
                    group.hand_over(http1);
                }
            }
            Ok(Landed::Http2(http2)) => {
                let sharers = state.all_waiters(|waiter| !waiter.fresh_only);
                if !state.closed {
                    state.http2 = Some(http2.share());
                }
                drop(state);
                if let Some(starter) = starter {
                    let _ = starter.reply.send(Granted::Http2(http2.share_as_new()));
                }
                for sharer in sharers {
                    let _ = sharer.reply.send(Granted::Http2(http2.share()));
                }
                drop(place);
                group.tell_keeper();
            }
            Err(fault) => {
                let followers = state.all_waiters(|waiter| waiter.waits_for.is_news());
                drop(state);
                for waiter in starter.into_iter().chain(followers) {
                    let _ = waiter.reply.send(Granted::Failed(fault.clone()));
                }
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.place.is_none() {
            return;
        }
        let mut state = self.group.state();
        state.flights -= 1;
        let followers = state.all_waiters(|waiter| waiter.waits_for.is_news());
        drop(state);
        for follower in followers {
            let _ = follower.reply.send(Granted::Again);
        }
    }
}
