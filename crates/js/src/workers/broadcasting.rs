//! [Broadcasting](https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts): which channels there are, and who hears a message.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sofetch::Origin;

use super::messages::Message;
use crate::event_loop::TaskQueue;
use crate::handles::Handle;
use crate::host::Host;

/// All that are open, of all realms of a cluster, oldest first.
#[derive(Default)]
pub(crate) struct Channels(Mutex<Vec<Channel>>);

struct Channel {
    realm: u64,
    /// The prelude's number for it.
    id: u32,
    origin: Origin,
    name: String,
    queue: TaskQueue,
}

impl Channels {
    pub(crate) fn open(&self, realm: u64, id: u32, origin: Origin, name: String, queue: TaskQueue) {
        self.lock().push(Channel { realm, id, origin, name, queue });
    }

    pub(crate) fn close(&self, realm: u64, id: u32) {
        self.lock().retain(|channel| (channel.realm, channel.id) != (realm, id));
    }

    /// The realm is no more.
    pub(crate) fn close_all(&self, realm: u64) {
        self.lock().retain(|channel| channel.realm != realm);
    }

    /// Steps 4 to 9 of [`postMessage()`](https://html.spec.whatwg.org/#dom-broadcastchannel-postmessage): a task of each other channel
    /// of this name and origin.
    pub(crate) fn post(&self, realm: u64, id: u32, message: Message) {
        let channels = self.lock();
        let Some(source) = channels.iter().find(|channel| (channel.realm, channel.id) == (realm, id)) else {
            return;
        };
        let destinations: Vec<_> = channels
            .iter()
            .filter(|channel| {
                channel.name == source.name
                    && channel.origin.same_origin(&source.origin)
                    && (channel.realm, channel.id) != (realm, id)
            })
            .map(|channel| (channel.queue.clone(), channel.id))
            .collect();
        let origin = source.origin.serialize();
        drop(channels);
        let message = Arc::new(message);
        for (queue, id) in destinations {
            let (message, origin) = (message.clone(), origin.clone());
            queue.queue(move |ctx| {
                let hook = Host::of(ctx).hook(ctx, "deliverBroadcast")?;
                hook.call((id, Handle::new(Shared(message)), origin))
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message in the prelude's hands.
pub(crate) struct Shared(pub(crate) Arc<Message>);
