//! The task that drives a connection on the io thread, and what it and script both see.
//!
//! It reads no more while script has not taken what was read.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use sofetch::UserAgent;
use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::infrastructure::web_sockets::{
    ABNORMAL_CLOSURE, WebSocketClosure, WebSocketConnection, WebSocketEvent, WebSocketMessage,
};
use sofetch::engine::{ClientsLife, Established, FetchController};
use tokio::sync::{Notify, mpsc, watch};

use crate::ledger::{Charge, Ledger};

/// So many bytes may wait for script, and one message more.
const WAITING: usize = 1 << 20;

/// So many messages.
const WAITING_MESSAGES: usize = 256;

/// <https://websockets.spec.whatwg.org/#garbage-collection>: what a socket says whose page goes away.
const GOING_AWAY: u16 = 1001;

/// What script wants.
pub(super) enum Order {
    Send(WebSocketMessage, Charge),
    Close(Option<u16>, String),
    /// <https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7>, before there is a connection; and what is
    /// [full](https://websockets.spec.whatwg.org/#flagged-as-full).
    Fail,
}

/// What the task and script both see.
#[derive(Default)]
pub(super) struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits for script.
    pub(super) came: Notify,
    /// Is there no object any more?
    pub(super) is_forgotten: AtomicBool,
    /// Bytes that were given to the connection, and those that are on their way.
    pub(super) given: AtomicU64,
    pub(super) transmitted: AtomicU64,
    /// Is script to be told once all that was given is on its way?
    pub(super) tells_when_sent: AtomicBool,
}

/// What waits for script.
#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    bytes: usize,
    /// The task, where it waits for room.
    task: Option<Waker>,
}

/// What script is told, each in a task of its own.
pub(super) enum Event {
    Open {
        protocol: String,
        extensions: String,
    },
    Text(String, Charge),
    Binary(Bytes),
    Closing,
    /// Everything is on its way.
    Sent,
    Closed(WebSocketClosure),
}

impl Event {
    fn weight(&self) -> usize {
        match self {
            Event::Text(text, _) => text.len(),
            Event::Binary(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        let mut waiting = self.waiting();
        waiting.bytes += event.weight();
        waiting.events.push_back(event);
        drop(waiting);
        self.came.notify_one();
    }

    /// Is there room for another message? Where not, the waker is woken once there is.
    fn has_room(&self, context: &Context<'_>) -> bool {
        let mut waiting = self.waiting();
        let has_room = waiting.bytes <= WAITING && waiting.events.len() < WAITING_MESSAGES;
        waiting.task = (!has_room).then(|| context.waker().clone());
        has_room
    }

    pub(super) fn take(&self) -> Option<Event> {
        let mut waiting = self.waiting();
        let event = waiting.events.pop_front()?;
        waiting.bytes -= event.weight();
        let has_room = waiting.bytes <= WAITING && waiting.events.len() < WAITING_MESSAGES;
        let task = if has_room { waiting.task.take() } else { None };
        drop(waiting);
        if let Some(task) = task {
            task.wake();
        }
        Some(event)
    }

    /// Does nothing wait for script?
    pub(super) fn is_empty(&self) -> bool {
        self.waiting().events.is_empty()
    }

    pub(super) fn is_all_sent(&self) -> bool {
        self.transmitted.load(Ordering::Acquire) == self.given.load(Ordering::Acquire)
    }
}

/// What drives a connection, on the io thread.
pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) end: End,
    pub(super) ledger: Arc<Ledger>,
    /// Bytes that were given to the connection.
    pub(super) given: u64,
    /// Of what is not on its way yet: up to which byte of all, and its charge.
    pub(super) charges: VecDeque<(u64, Charge)>,
}

/// When there are but last words to be said.
pub(super) struct End {
    /// The realm's.
    pub(super) realm: watch::Receiver<bool>,
    /// The io thread's, which waits a moment for who has this: a worker that native code keeps does not end before that.
    pub(super) io: watch::Receiver<bool>,
}

impl End {
    async fn comes(&mut self) {
        // Where nobody is there to say so it has come, too.
        tokio::select! {
            _ = self.realm.wait_for(|ends| *ends) => {}
            _ = self.io.wait_for(|ends| *ends) => {}
        }
    }

    fn has_come(&self) -> bool {
        *self.realm.borrow() || *self.io.borrow()
    }
}

impl Task {
    pub(super) async fn run(mut self, agent: UserAgent, request: CoreRequest, protocols: Vec<String>) {
        let closure = match self.established(&agent, request, &protocols).await {
            Some(established) => self.speak(established).await,
            // <https://websockets.spec.whatwg.org/#feedback-from-the-protocol>: whatever went wrong, script learns no more than that.
            None => Some(failed()),
        };
        if let Some(closure) = closure {
            self.shared.tell(Event::Closed(closure));
        }
    }

    /// `None` where it was not established, or is not wanted any more.
    async fn established(
        &mut self,
        agent: &UserAgent,
        request: CoreRequest,
        protocols: &[String],
    ) -> Option<Established> {
        let controller = FetchController::new();
        let establishing = agent.web_socket_core(Box::new(request), protocols, controller);
        // NB: the first order that can come is to fail, and without anybody to give orders it is all the same.
        let established = tokio::select! {
            _ = self.orders.recv() => return None,
            () = self.end.comes() => return None,
            established = establishing => established,
        };
        established.ok()?.ok()
    }

    /// Drives the connection to its end; `None` where nobody is there to be told.
    async fn speak(&mut self, established: Established) -> Option<WebSocketClosure> {
        let Established { terms, mut connection, client } = established;
        let mut client = Some(client);
        let protocol = terms.protocol.unwrap_or_default();
        self.shared.tell(Event::Open { protocol, extensions: terms.extensions });
        loop {
            let step = {
                let ends = self.end.comes();
                let mut ends = std::pin::pin!(ends);
                let (orders, shared) = (&mut self.orders, &self.shared);
                poll_fn(|context| {
                    if ends.as_mut().poll(context).is_ready() {
                        return Poll::Ready(Step::Ends);
                    }
                    poll_step(orders, shared, &mut client, &mut *connection, context)
                })
                .await
            };
            match step {
                Step::Ordered(order) => {
                    if let Some(closure) = self.carry_out(order, &mut *connection) {
                        return Some(closure);
                    }
                }
                Step::ClientIsGone => {
                    client = None;
                    connection.start_the_closing_handshake(Some(GOING_AWAY), "");
                }
                Step::Happened(event) => {
                    let transmitted = self.given - connection.buffered_amount();
                    if let Some(closure) = self.happened(event, transmitted).await {
                        return Some(closure);
                    }
                }
                Step::Ends => {
                    // NB: what script ordered before its end comes before that.
                    while let Ok(order) = self.orders.try_recv() {
                        if let Some(closure) = self.carry_out(order, &mut *connection) {
                            return Some(closure);
                        }
                    }
                    connection.start_the_closing_handshake(Some(GOING_AWAY), "");
                    return last_words(&mut *connection).await;
                }
                // NB: the runtime ends, which is what the next step says.
                Step::NobodyIsThere if self.end.has_come() => {}
                Step::NobodyIsThere => {
                    connection.start_the_closing_handshake(None, "");
                    return self.say_goodbye(&mut *connection).await;
                }
            }
        }
    }

    /// Gives the closure where the connection is to fail.
    fn carry_out(
        &mut self,
        order: Order,
        connection: &mut dyn WebSocketConnection,
    ) -> Option<WebSocketClosure> {
        match order {
            Order::Send(message, charge) => {
                self.given += message.len() as u64;
                self.charges.push_back((self.given, charge));
                connection.send(message);
            }
            Order::Close(code, reason) => connection.start_the_closing_handshake(code, &reason),
            Order::Fail => return Some(failed()),
        }
        None
    }

    /// Tells script what it is to know; gives the closure, if that is what happened.
    async fn happened(&mut self, event: WebSocketEvent, transmitted: u64) -> Option<WebSocketClosure> {
        match event {
            WebSocketEvent::Message(message) => {
                let event = match message {
                    WebSocketMessage::Text(text) => {
                        let mut charge = Charge::empty(self.ledger.clone());
                        charge.grow_later(text.len()).await.then_some(Event::Text(text, charge))
                    }
                    WebSocketMessage::Binary(bytes) => {
                        self.ledger.enter_later(bytes).await.map(Event::Binary)
                    }
                };
                match event {
                    Some(event) => self.shared.tell(event),
                    // There is no memory for it: it cannot be processed.
                    None => return Some(failed()),
                }
            }
            WebSocketEvent::Sent => {
                self.charges.retain(|(up_to, _)| *up_to > transmitted);
                self.shared.transmitted.store(transmitted, Ordering::SeqCst);
                if self.shared.is_all_sent() && self.shared.tells_when_sent.swap(false, Ordering::SeqCst) {
                    self.shared.tell(Event::Sent);
                }
            }
            WebSocketEvent::Closing => self.shared.tell(Event::Closing),
            WebSocketEvent::Closed(closure) => return Some(closure),
        }
        None
    }

    /// Says goodbye for an object that was garbage collected, and waits for the answer as long as the runtime is there.
    async fn say_goodbye(&mut self, connection: &mut dyn WebSocketConnection) -> Option<WebSocketClosure> {
        let closing = async {
            while !matches!(
                poll_fn(|context| connection.poll_event(false, context)).await,
                WebSocketEvent::Closed(_)
            ) {}
        };
        tokio::select! {
            () = closing => return None,
            () = self.end.comes() => {}
        }
        last_words(connection).await
    }
}

/// What is next to be dealt with.
enum Step {
    Ordered(Order),
    /// The object is gone.
    NobodyIsThere,
    ClientIsGone,
    /// The runtime ends.
    Ends,
    Happened(WebSocketEvent),
}

fn poll_step(
    orders: &mut mpsc::UnboundedReceiver<Order>,
    shared: &Shared,
    client: &mut Option<ClientsLife>,
    connection: &mut dyn WebSocketConnection,
    context: &mut Context<'_>,
) -> Poll<Step> {
    match orders.poll_recv(context) {
        Poll::Ready(Some(order)) => return Poll::Ready(Step::Ordered(order)),
        Poll::Ready(None) => return Poll::Ready(Step::NobodyIsThere),
        Poll::Pending => {}
    }
    if client.as_mut().is_some_and(|client| client.poll_gone(context).is_ready()) {
        return Poll::Ready(Step::ClientIsGone);
    }
    let wants_messages = shared.has_room(context);
    connection.poll_event(wants_messages, context).map(Step::Happened)
}

/// What is queued goes out, as far as the socket takes it at once or soon: nobody is there any more to hear an answer.
async fn last_words(connection: &mut dyn WebSocketConnection) -> Option<WebSocketClosure> {
    poll_fn(|context| {
        loop {
            match connection.poll_event(false, context) {
                _ if connection.is_flushed() => return Poll::Ready(()),
                Poll::Ready(WebSocketEvent::Closed(_)) => return Poll::Ready(()),
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
    None
}

/// The end of a connection that had to be failed.
fn failed() -> WebSocketClosure {
    WebSocketClosure {
        code: ABNORMAL_CLOSURE,
        reason: String::new(),
        was_clean: false,
        failed: true,
        fault: None,
    }
}
