//! Ends of ports, messages and broadcast channels: what goes to other realms, and comes from there.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rquickjs::{Array, Ctx, Exception, Function, IntoJs, Object, Result, Value};

use crate::handles::Handle;
use crate::host::Host;
use crate::ops::set;
use crate::structured_data::{Natives, Plain};
use crate::values::{List, Text};
use crate::workers::broadcasting::Shared;
use crate::workers::messages::Message;
use crate::workers::ports::{PortEnd, PortHandle, entangled};
use crate::workers::{Cluster, Tether};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, port_pair, port_own, port_disown, port_enable, port_waiting, port_receive, port_post);
    set!(ctx, ops, port_close, port_take_closing, port_is_entangled, port_discard_sent, message_read);
    set!(ctx, ops, port_close_awaited);
    set!(ctx, ops, broadcast_open, broadcast_post, broadcast_close, structured_plain_copy);
    Ok(())
}

/// What is to be the receiver's, in this realm, of a value that is plain; undefined of any other, to which nothing has happened.
fn structured_plain_copy<'js>(
    ctx: Ctx<'js>,
    value: Value<'js>,
    transfer: Array<'js>,
    is_resizable: Function<'js>,
    transfer_buffer: Function<'js>,
) -> Result<Value<'js>> {
    let natives = Natives { is_resizable, transfer: transfer_buffer };
    let copied = match Plain::find(value, &transfer, &natives) {
        Some(plain) => plain.copy(&ctx, &natives)?,
        None => None,
    };
    Ok(copied.unwrap_or_else(|| Value::new_undefined(ctx)))
}

/// Both ends of a new channel.
fn port_pair(ctx: Ctx<'_>) -> Result<Value<'_>> {
    let (one, other) = entangled(&Host::of(&ctx).cluster.transit);
    let handle = |end| Handle::new(PortHandle::new(Some(end)));
    List(vec![handle(one), handle(other)]).into_js(&ctx)
}

/// The end is a queue's of this realm from now on, of this number. Is the other end gone?
fn port_own(ctx: Ctx<'_>, port: Handle, id: u32, implicit: bool) -> Result<bool> {
    let host = Host::of(&ctx);
    let port = port.get::<PortHandle>(&ctx)?;
    if !implicit {
        port.count(host.worker.as_ref().map(|worker| worker.tether.clone()));
    }
    Ok(port.with(|end| end.own(host.queue.clone(), id)).unwrap_or(true))
}

/// It leaves the realm; was that told of the other end's, which nobody has heard yet?
fn port_disown(ctx: Ctx<'_>, port: Handle, is_closing: bool) -> Result<()> {
    let port = port.get::<PortHandle>(&ctx)?;
    port.with(|end| end.disown(is_closing));
    port.count(None);
    Ok(())
}

/// How many messages wait.
fn port_enable(ctx: Ctx<'_>, port: Handle, is_enabled: bool) -> Result<usize> {
    Ok(port.get::<PortHandle>(&ctx)?.with(|end| end.enable(is_enabled)).unwrap_or_default())
}

fn port_waiting(ctx: Ctx<'_>, port: Handle) -> Result<usize> {
    Ok(port.get::<PortHandle>(&ctx)?.with(|end| end.waiting()).unwrap_or_default())
}

/// The oldest message.
fn port_receive(ctx: Ctx<'_>, port: Handle) -> Result<Option<Handle>> {
    let message = port.get::<PortHandle>(&ctx)?.with(|end| end.receive()).flatten();
    Ok(message.map(|message| Handle::new(Shared(Arc::new(message)))))
}

/// Posts what was serialized to the other end.
fn port_post<'js>(ctx: Ctx<'js>, port: Handle, serialized: Value<'js>) -> Result<()> {
    let port = port.get::<PortHandle>(&ctx)?;
    let posted = written(&ctx, serialized).map(|message| port.with(|end| end.post(message)));
    if posted.is_err() || Host::of(&ctx).ledger.is_short() {
        port.with(PortEnd::have_other_collect);
    }
    posted.map(|_| ())
}

/// What there is no room for cannot be cloned.
fn written<'js>(ctx: &Ctx<'js>, serialized: Value<'js>) -> Result<Message> {
    Message::write(ctx, serialized).map_err(|error| no_room(ctx, error))
}

fn no_room(ctx: &Ctx<'_>, error: rquickjs::Error) -> rquickjs::Error {
    if !error.is_exception() || Host::of(ctx).is_over() {
        return error;
    }
    ctx.catch();
    Exception::throw_dom(ctx, "DataCloneError", "There is no memory for the message.")
}

fn port_close(ctx: Ctx<'_>, port: Handle) -> Result<()> {
    let port = port.get::<PortHandle>(&ctx)?;
    port.count(None);
    drop(port.take());
    Ok(())
}

/// Is the other end gone, and was nobody told?
fn port_take_closing(ctx: Ctx<'_>, port: Handle) -> Result<bool> {
    let port = port.get::<PortHandle>(&ctx)?;
    let is_closing = port.with(|end| end.take_closing()).unwrap_or_default();
    if is_closing {
        port.count(None);
    }
    Ok(is_closing)
}

/// Somebody waits for a port's `close`, or does so no more.
fn port_close_awaited(ctx: Ctx<'_>, is_awaited: bool) {
    let count = &Host::of(&ctx).close_awaited;
    count.set(if is_awaited { count.get() + 1 } else { count.get().saturating_sub(1) });
}

/// Drops what waits at the other end.
fn port_discard_sent(ctx: Ctx<'_>, port: Handle) -> Result<()> {
    port.get::<PortHandle>(&ctx)?.with(|end| end.discard_sent());
    Ok(())
}

/// Are these the two ends of one channel?
fn port_is_entangled(ctx: Ctx<'_>, port: Handle, other: Handle) -> Result<bool> {
    let (port, other) = (port.get::<PortHandle>(&ctx)?, other.get::<PortHandle>(&ctx)?);
    Ok(port.with(|end| other.with(|other| end.is_entangled_with(other))).flatten().unwrap_or_default())
}

/// What was serialized in another realm. NB: ports within are the first reader's.
fn message_read<'js>(ctx: Ctx<'js>, message: Handle) -> Result<Value<'js>> {
    message.get::<Shared>(&ctx)?.0.read(&ctx)
}

/// A broadcast channel in the prelude's hands, open until it is dropped at the latest.
struct Channel {
    cluster: Arc<Cluster>,
    realm: u64,
    id: u32,
    /// Of the worker whose it is, as long as it is open.
    tether: RefCell<Option<Arc<Tether>>>,
}

impl Channel {
    fn close(&self) {
        self.cluster.channels.close(self.realm, self.id);
        if let Some(tether) = self.tether.take() {
            tether.ports.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.close();
    }
}

/// The [constructor](https://html.spec.whatwg.org/#dom-broadcastchannel).
fn broadcast_open(ctx: Ctx<'_>, id: u32, name: Text) -> Result<Handle> {
    let host = Host::of(&ctx);
    host.cluster.channels.open(&ctx, id, name.0)?;
    let tether = host.worker.as_ref().map(|worker| worker.tether.clone());
    if let Some(tether) = &tether {
        tether.ports.fetch_add(1, Ordering::SeqCst);
    }
    let (cluster, realm) = (host.cluster.clone(), host.realm);
    Ok(Handle::new(Channel { cluster, realm, id, tether: RefCell::new(tether) }))
}

/// Posts what was serialized to the others of its name.
fn broadcast_post<'js>(ctx: Ctx<'js>, channel: Handle, serialized: Value<'js>) -> Result<()> {
    let channel = channel.get::<Channel>(&ctx)?;
    let message = written(&ctx, serialized)?;
    let posted = channel.cluster.channels.post(&ctx, channel.realm, channel.id, message);
    posted.map_err(|error| no_room(&ctx, error))
}

fn broadcast_close(ctx: Ctx<'_>, channel: Handle) -> Result<()> {
    channel.get::<Channel>(&ctx)?.close();
    Ok(())
}
