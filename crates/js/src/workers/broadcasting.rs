//! [Broadcasting](https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts): which channels there are, and who hears a message.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rquickjs::{Ctx, Result};
use sofetch::Origin;

use super::messages::Message;
use crate::event_loop::TaskQueue;
use crate::handles::Handle;
use crate::host::Host;
use crate::ledger::Charge;

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
    /// What it takes, in the ledger of its realm.
    _charge: Charge,
}

/// A channel takes so many bytes besides its name, about.
const BYTES_A_CHANNEL: usize = 256;

/// And a task, for one channel, of a message that all share.
const BYTES_A_TASK: usize = 192;

impl Channels {
    /// # Errors
    /// A `RangeError` where there is no room for it.
    pub(crate) fn open(&self, ctx: &Ctx<'_>, id: u32, name: String) -> Result<()> {
        let charge = Charge::new(ctx, BYTES_A_CHANNEL + name.len())?;
        let host = Host::of(ctx);
        let (realm, origin, queue) = (host.realm, host.origin(), host.queue.clone());
        self.lock().push(Channel { realm, id, origin, name, queue, _charge: charge });
        Ok(())
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
    ///
    /// # Errors
    /// A `RangeError` where there is no room for so many tasks; there is none then.
    pub(crate) fn post(&self, ctx: &Ctx<'_>, realm: u64, id: u32, message: Message) -> Result<()> {
        let channels = self.lock();
        let Some(source) = channels.iter().find(|channel| (channel.realm, channel.id) == (realm, id)) else {
            return Ok(());
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
        let origin: Arc<str> = source.origin.serialize().into();
        // NB: what makes room may drop a channel, which closes it.
        drop(channels);
        let mut charges = Charge::new(ctx, destinations.len() * BYTES_A_TASK)?;
        let message = Arc::new(message);
        for (queue, id) in destinations {
            let (message, origin) = (message.clone(), origin.clone());
            let charge = charges.split(BYTES_A_TASK);
            queue.queue(move |ctx| {
                drop(charge);
                let hook = Host::of(ctx).hook(ctx, "deliverBroadcast")?;
                hook.call((id, Handle::new(Shared(message)), &*origin))
            });
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message in the prelude's hands.
pub(crate) struct Shared(pub(crate) Arc<Message>);
