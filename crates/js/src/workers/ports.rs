//! Ports whose other end may be in another realm: a [`PortEnd`] each, over messages that wait.
//!
//! An end is a realm's, whose queue it names, or on its way in a message. What is posted waits at the other end, wherever that is;
//! where it is enabled, a task of its realm takes one message each. So an end that moves takes with it what waits, in its order, and
//! a task that comes too late finds nothing.
//!
//! An end that is on its way lies in the queue of another. Ends that would lie in each other's queues nobody could ever have again: the
//! message that would make them do so is dropped, with the ends in it.
//!
//! Nothing is queued and nothing dropped while a channel is locked.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Tether;
use super::messages::Message;
use crate::event_loop::TaskQueue;
use crate::host::Host;
use crate::ledger;

/// One of two ends. Who drops it tells the other.
pub(crate) struct PortEnd {
    channel: Arc<Channel>,
    side: usize,
}

struct Channel {
    sides: Mutex<[Side; 2]>,
    transit: Arc<Transit>,
}

/// Of all ports of a cluster: held by whoever puts ends into a queue, before any channel.
#[derive(Default)]
pub(crate) struct Transit(Mutex<()>);

#[derive(Default)]
struct Side {
    /// What was posted to this end and not taken yet.
    waiting: VecDeque<Message>,
    /// The realm that has it.
    owner: Option<Owner>,
    /// Is it gone?
    is_closed: bool,
    /// Is the other gone, and was nobody told yet?
    is_closing: bool,
    /// The end in whose queue this one lies.
    container: Option<(Weak<Channel>, usize)>,
}

struct Owner {
    queue: TaskQueue,
    /// The prelude's number for it.
    id: u32,
    is_enabled: bool,
    /// Is there a task already that has it collect?
    collects: Arc<AtomicBool>,
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, [Side; 2]> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transit {
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ends of a new channel.
pub(crate) fn entangled(transit: &Arc<Transit>) -> (PortEnd, PortEnd) {
    let channel = Arc::new(Channel { sides: Mutex::default(), transit: transit.clone() });
    (PortEnd { channel: channel.clone(), side: 0 }, PortEnd { channel, side: 1 })
}

impl PortEnd {
    /// A realm has it from now on, disabled. Is the other end gone?
    pub(crate) fn own(&self, queue: TaskQueue, id: u32) -> bool {
        let mut sides = self.channel.lock();
        let side = &mut sides[self.side];
        side.owner = Some(Owner { queue, id, is_enabled: false, collects: Arc::default() });
        std::mem::take(&mut side.is_closing)
    }

    /// No realm has it. `is_closing`: was the realm told that the other end is gone, and has told nobody yet?
    pub(crate) fn disown(&self, is_closing: bool) {
        let mut sides = self.channel.lock();
        let side = &mut sides[self.side];
        let owner = side.owner.take();
        side.is_closing |= is_closing;
        drop(sides);
        drop(owner);
    }

    /// How many messages wait; each that comes from now on is a task.
    pub(crate) fn enable(&self, is_enabled: bool) -> usize {
        let mut sides = self.channel.lock();
        let side = &mut sides[self.side];
        if let Some(owner) = &mut side.owner {
            owner.is_enabled = is_enabled;
        }
        side.waiting.len()
    }

    /// Is the other end gone, and was nobody told yet?
    pub(crate) fn take_closing(&self) -> bool {
        std::mem::take(&mut self.channel.lock()[self.side].is_closing)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.channel.lock()[self.side].waiting.len()
    }

    /// The oldest message.
    pub(crate) fn receive(&self) -> Option<Message> {
        let message = self.channel.lock()[self.side].waiting.pop_front()?;
        // NB: until they are out of there, whoever follows them comes to this end, which lies nowhere.
        message.ports().iter().for_each(|port| port.lie_in(None));
        Some(message)
    }

    /// Posts to the other end. What nobody will take is dropped.
    pub(crate) fn post(&self, message: Message) {
        let ports = message.ports();
        let transit = (!ports.is_empty()).then(|| self.channel.transit.lock());
        let target = Place { channel: self.channel.clone(), side: 1 - self.side };
        if target.is_within(&ports) {
            drop(transit);
            drop(message);
            return;
        }
        ports.iter().for_each(|port| port.lie_in(Some(&target)));
        let mut sides = self.channel.lock();
        let other = &mut sides[1 - self.side];
        if other.is_closed {
            drop(sides);
            drop(transit);
            drop(message);
            return;
        }
        other.waiting.push_back(message);
        let owner = other.owner.as_ref().filter(|owner| owner.is_enabled);
        let task = owner.map(|owner| (owner.queue.clone(), owner.id));
        drop(sides);
        drop(transit);
        if let Some((queue, id)) = task {
            queue.queue(move |ctx| Host::of(ctx).hook(ctx, "deliverToPort")?.call((id,)));
        }
    }

    /// Drops what waits at the other end.
    pub(crate) fn discard_sent(&self) {
        let waiting = std::mem::take(&mut self.channel.lock()[1 - self.side].waiting);
        discard(waiting);
    }

    /// Has the realm that has the other end collect: of what waits there it may have lost the port already.
    pub(crate) fn have_other_collect(&self) {
        let sides = self.channel.lock();
        let owner = sides[1 - self.side].owner.as_ref();
        let task = owner.map(|owner| (owner.queue.clone(), owner.collects.clone()));
        drop(sides);
        if let Some((queue, collects)) = task.filter(|(_, collects)| !collects.swap(true, Ordering::SeqCst)) {
            queue.queue(move |ctx| {
                collects.store(false, Ordering::SeqCst);
                ledger::collect(ctx);
                Ok(())
            });
        }
    }

    /// Are these the two ends of one channel?
    pub(crate) fn is_entangled_with(&self, other: &PortEnd) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    pub(crate) fn place(&self) -> Place {
        Place { channel: self.channel.clone(), side: self.side }
    }
}

impl Drop for PortEnd {
    fn drop(&mut self) {
        let mut sides = self.channel.lock();
        let side = &mut sides[self.side];
        side.is_closed = true;
        let (waiting, owner) = (std::mem::take(&mut side.waiting), side.owner.take());
        let other = &mut sides[1 - self.side];
        let task = other.owner.as_ref().map(|owner| (owner.queue.clone(), owner.id));
        // NB: also where a realm has it: it may be gone from there before the task is run.
        other.is_closing = !other.is_closed;
        drop(sides);
        drop(owner);
        discard(waiting);
        if let Some((queue, id)) = task {
            queue.queue(move |ctx| Host::of(ctx).hook(ctx, "closeRemotePort")?.call((id,)));
        }
    }
}

/// Where an end is, for what goes there before anything else: the end itself may be on its way.
pub(crate) struct Place {
    channel: Arc<Channel>,
    side: usize,
}

impl Place {
    /// So many stand before it. NB: the end lies nowhere yet.
    pub(crate) fn insert(&self, place: usize, message: Message) {
        let ports = message.ports();
        let transit = (!ports.is_empty()).then(|| self.channel.transit.lock());
        ports.iter().for_each(|port| port.lie_in(Some(self)));
        self.channel.lock()[self.side].waiting.insert(place, message);
        drop(transit);
    }

    fn lie_in(&self, container: Option<&Place>) {
        let container = container.map(|place| (Arc::downgrade(&place.channel), place.side));
        self.channel.lock()[self.side].container = container;
    }

    /// Is it one of these ends, or does it lie in the queue of one, or of one that does?
    fn is_within(&self, ends: &[Place]) -> bool {
        let is_one = |channel: &Arc<Channel>, side| {
            ends.iter().any(|end| end.side == side && Arc::ptr_eq(&end.channel, channel))
        };
        let (mut channel, mut side) = (self.channel.clone(), self.side);
        while !ends.is_empty() {
            if is_one(&channel, side) {
                return true;
            }
            let container = channel.lock()[side].container.clone();
            let Some((next, its_side)) = container.and_then(|(next, side)| Some((next.upgrade()?, side)))
            else {
                return false;
            };
            (channel, side) = (next, its_side);
        }
        false
    }
}

thread_local! {
    /// What is being dropped on this thread, where that is so.
    static DISCARDED: RefCell<Option<Vec<VecDeque<Message>>>> = const { RefCell::new(None) };
}

/// Drops messages, one after the other: what each has in its ports' queues, and so on, is not followed by calls.
fn discard(messages: VecDeque<Message>) {
    if messages.is_empty() {
        return;
    }
    let mut messages = Some(messages);
    let is_inner = DISCARDED.with_borrow_mut(|discarded| match discarded {
        Some(list) => {
            list.extend(messages.take());
            true
        }
        None => {
            *discarded = Some(Vec::new());
            false
        }
    });
    if is_inner {
        return;
    }
    drop(messages);
    while let Some(more) = DISCARDED.with_borrow_mut(|discarded| discarded.as_mut().and_then(Vec::pop)) {
        drop(more);
    }
    DISCARDED.set(None);
}

/// An end in the prelude's hands, until it leaves the realm.
pub(crate) struct PortHandle {
    end: RefCell<Option<PortEnd>>,
    /// Of the worker that others reach by this.
    counted: RefCell<Option<Arc<Tether>>>,
}

impl PortHandle {
    pub(crate) fn new(end: Option<PortEnd>) -> PortHandle {
        PortHandle { end: RefCell::new(end), counted: RefCell::default() }
    }

    pub(crate) fn take(&self) -> Option<PortEnd> {
        self.end.take()
    }

    /// Counts it as one of this worker's ports, or as none any more.
    pub(crate) fn count(&self, tether: Option<Arc<Tether>>) {
        if let Some(tether) = &tether {
            tether.ports.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(before) = self.counted.replace(tether) {
            before.ports.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Steps with the end, if it is still here.
    pub(crate) fn with<T>(&self, steps: impl FnOnce(&PortEnd) -> T) -> Option<T> {
        self.end.borrow().as_ref().map(steps)
    }
}
