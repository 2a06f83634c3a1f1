//! [`WebSocket`](https://websockets.spec.whatwg.org/#the-websocket-interface): its URL, its connection, and what passes between that and the prelude, which has the
//! states and events.
//!
//! A task of the io thread drives the connection. It reads no more while script has not taken what was read; what script sends is
//! entered in the ledger until it is on its way, and so is what waits for script.

mod task;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use rquickjs::{Array, ArrayBuffer, Class, Ctx, Exception, FromJs, Function, IntoJs, Object, Result, Value};
use sofetch::core::infrastructure::blobs::Blob;
use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::infrastructure::web_sockets::WebSocketMessage;
use sofetch::core::rules::web_sockets::{MAX_REASON, invalid_protocol, may_close_with};
use tokio::sync::mpsc;

use crate::handles::Handle;
use crate::host::{Host, Plain, call_back_on_the_side};
use crate::ledger::{Charge, hold};
use crate::ops::{set, with_bytes};
use crate::values::{Data, Text, new_list};
use task::{End, Event, Order, Shared, Task};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, web_socket_open, web_socket_next, web_socket_take, web_socket_has_more, web_socket_keep);
    set!(ctx, ops, web_socket_send, web_socket_close, web_socket_fail, web_socket_transmitted);
    set!(ctx, ops, web_socket_is_sending, web_socket_may_close_with, web_socket_is_long);
    Ok(())
}

/// What a socket weighs in the ledger: the buffer that it reads into.
const WEIGHT: usize = 128 << 10;

/// What a message in a queue weighs besides its bytes.
const MESSAGE_WEIGHT: usize = 128;

/// What script holds. Dropped with the object, it leaves its task without orders, which then says goodbye.
struct Socket {
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
    /// Does the event loop live for it?
    is_kept: Cell<bool>,
    /// How much was transmitted when a task of the event loop first asked, and which task it was.
    transmitted: Cell<(u32, u64)>,
    _weight: Charge,
}

/// Steps 1 to 11 of the [constructor](https://websockets.spec.whatwg.org/#dom-websocket-websocket): the socket, its URL, and that one's origin.
fn web_socket_open<'js>(ctx: Ctx<'js>, url: Text, protocols: Array<'js>) -> Result<Array<'js>> {
    let host = Host::of(&ctx);
    let syntax_error = |message: &str| Exception::throw_dom(&ctx, "SyntaxError", message);
    // 1 to 6.
    let Some(url) = host.parse_url(&url.0) else {
        return Err(syntax_error("that is not a valid URL"));
    };
    let (url, fetched) = match url.scheme() {
        "http" | "ws" => (url.with_scheme("ws"), url.with_scheme("http")),
        "https" | "wss" => (url.with_scheme("wss"), url.with_scheme("https")),
        _ => return Err(syntax_error("the scheme of a WebSocket's URL is ws or wss")),
    };
    // 7.
    if url.fragment().is_some() {
        return Err(syntax_error("the URL of a WebSocket has no fragment"));
    }
    // 8, 9.
    let protocols = protocols.iter::<Text>().map(|text| text.map(|Text(text)| text));
    let protocols: Vec<String> = protocols.collect::<Result<_>>()?;
    if invalid_protocol(&protocols).is_some() {
        return Err(syntax_error("a subprotocol is a token, and asked for once"));
    }
    // 11, 12.
    let weight = Charge::new(&ctx, WEIGHT)?;
    let client = host.page.as_ref().map(|page| page.client().clone());
    let mut request = CoreRequest::new(fetched);
    request.owner = client.is_none();
    request.client = client;
    let shared = Arc::<Shared>::default();
    let (orders, ordered) = mpsc::unbounded_channel();
    let task = Task {
        shared: shared.clone(),
        orders: ordered,
        end: End { realm: host.going.subscribe(), io: host.last_words.subscribe() },
        ledger: host.ledger.clone(),
        given: 0,
        charges: VecDeque::new(),
    };
    host.io.spawn(task.run(host.agent.clone(), request, protocols));
    let opened = new_list(&ctx)?;
    opened.set(1, url.href())?;
    opened.set(2, url.origin().serialize())?;
    let socket = Socket {
        orders,
        shared,
        is_kept: Cell::new(false),
        transmitted: Cell::new((host.task_number.get(), 0)),
        _weight: weight,
    };
    opened.set(0, Handle::new(socket).into_js(&ctx)?)?;
    Ok(opened)
}

/// Later the function is called, once something waits to be taken, or nobody is there any more to take it. The event loop does not live
/// for that.
fn web_socket_next<'js>(ctx: Ctx<'js>, socket: Handle, came: Function<'js>) -> Result<()> {
    let shared = socket.get::<Socket>(&ctx)?.shared.clone();
    call_back_on_the_side(&ctx, came, async move {
        while shared.is_empty() && !shared.is_forgotten.load(Ordering::Acquire) {
            shared.came.notified().await;
        }
        Ok(Plain::Undefined)
    });
    Ok(())
}

fn web_socket_has_more(ctx: Ctx<'_>, socket: Handle) -> Result<bool> {
    Ok(!socket.get::<Socket>(&ctx)?.shared.is_empty())
}

/// What came next: its name, and what there is to say of it. Of bytes a blob where one is wanted, else an ArrayBuffer.
fn web_socket_take<'js>(ctx: Ctx<'js>, socket: Handle, as_blob: bool) -> Result<Option<Array<'js>>> {
    let Some(event) = socket.get::<Socket>(&ctx)?.shared.take() else { return Ok(None) };
    let said = new_list(&ctx)?;
    match event {
        Event::Open { protocol, extensions } => {
            said.set(0, "open")?;
            said.set(1, protocol)?;
            said.set(2, extensions)?;
        }
        Event::Text(text, _charge) => {
            said.set(0, "message")?;
            said.set(1, text)?;
            said.set(2, false)?;
        }
        Event::Binary(bytes) => {
            said.set(0, "message")?;
            said.set(
                1,
                match as_blob {
                    true => Handle::new(Blob::new(vec![bytes], "")).into_js(&ctx)?,
                    false => ArrayBuffer::new_copy(ctx.clone(), &bytes)?.into_js(&ctx)?,
                },
            )?;
            said.set(2, as_blob)?;
        }
        Event::Closing => said.set(0, "closing")?,
        Event::Sent => said.set(0, "sent")?,
        Event::Closed(closure) => {
            said.set(0, "close")?;
            said.set(1, closure.code)?;
            said.set(2, closure.reason)?;
            said.set(3, closure.was_clean)?;
            said.set(4, closure.failed)?;
        }
    }
    Ok(Some(said))
}

/// Lets the event loop live for the socket, or no longer.
fn web_socket_keep(ctx: Ctx<'_>, socket: Handle, keeps: bool) -> Result<()> {
    let socket = socket.get::<Socket>(&ctx)?;
    if socket.is_kept.replace(keeps) != keeps {
        let under_way = &Host::of(&ctx).under_way;
        under_way.set(if keeps { under_way.get() + 1 } else { under_way.get() - 1 });
    }
    Ok(())
}

/// Is anything that was sent not on its way yet? Then script is told once it is.
fn web_socket_is_sending(ctx: Ctx<'_>, socket: Handle) -> Result<bool> {
    let socket = socket.get::<Socket>(&ctx)?;
    // NB: in this order, so that one of the two sees what the other did.
    socket.shared.tells_when_sent.store(true, Ordering::SeqCst);
    let is_sending = !socket.shared.is_all_sent();
    if !is_sending {
        socket.shared.tells_when_sent.store(false, Ordering::SeqCst);
    }
    Ok(is_sending)
}

/// How many bytes were on their way when the event loop began with this task, or a little later.
fn web_socket_transmitted(ctx: Ctx<'_>, socket: Handle) -> Result<f64> {
    Ok(socket.get::<Socket>(&ctx)?.transmitted_before(&Host::of(&ctx)) as f64)
}

impl Drop for Socket {
    /// Whoever waits for what comes has nobody to give it to.
    fn drop(&mut self) {
        self.shared.is_forgotten.store(true, Ordering::Release);
        self.shared.came.notify_one();
    }
}

impl Socket {
    fn transmitted_before(&self, host: &Host) -> u64 {
        let task = host.task_number.get();
        let (asked_in, mut transmitted) = self.transmitted.get();
        if asked_in != task {
            transmitted = self.shared.transmitted.load(Ordering::Acquire);
            self.transmitted.set((task, transmitted));
        }
        transmitted
    }
}

/// Sends text, bytes or a blob, if the socket is open: how many bytes that is. Where there is no room for them the socket is
/// [flagged as full](https://websockets.spec.whatwg.org/#flagged-as-full), and closed.
fn web_socket_send<'js>(ctx: Ctx<'js>, socket: Handle, data: Value<'js>, is_open: bool) -> Result<f64> {
    let socket = socket.get::<Socket>(&ctx)?;
    // NB: what is sent now counts as not transmitted to the end of this task.
    socket.transmitted_before(&Host::of(&ctx));
    let (length, message) = message_of(&ctx, data, is_open)?;
    if is_open {
        let order = match message {
            Some((message, charge)) => {
                socket.shared.given.fetch_add(length as u64, Ordering::AcqRel);
                Order::Send(message, charge)
            }
            None => Order::Fail,
        };
        // A task that ended has nothing to send on.
        let _ = socket.orders.send(order);
    }
    Ok(length as f64)
}

/// The length of what is to be sent, and the message if one is wanted and there is room for it.
fn message_of<'js>(
    ctx: &Ctx<'js>,
    data: Value<'js>,
    is_wanted: bool,
) -> Result<(usize, Option<(WebSocketMessage, Charge)>)> {
    let charged = |message: WebSocketMessage, bytes: usize| -> Result<Option<_>> {
        Ok(if_there_is_room(ctx, Charge::new(ctx, bytes))?.map(|charge| (message, charge)))
    };
    if data.is_string() {
        // NB: a text so long that there is no room to look at it is counted as nothing.
        let Some(Text(text)) = if_there_is_room(ctx, Text::from_js(ctx, data))? else { return Ok((0, None)) };
        let length = text.len();
        let message = if is_wanted { charged(text.into(), length + MESSAGE_WEIGHT)? } else { None };
        return Ok((length, message));
    }
    let (length, bytes) = if let Ok(handle) = Class::<Handle>::from_value(&data) {
        let blob = handle.borrow().get::<Blob>(ctx)?;
        let bytes = if is_wanted { if_there_is_room(ctx, bytes_of_blob(ctx, &blob))? } else { None };
        (blob.size() as usize, bytes)
    } else {
        let length = with_bytes(ctx, &data, <[u8]>::len);
        let bytes = if is_wanted { if_there_is_room(ctx, Data::from_js(ctx, data))? } else { None };
        (length, bytes.map(|Data(bytes)| bytes))
    };
    match bytes {
        Some(bytes) => Ok((length, charged(bytes.into(), MESSAGE_WEIGHT)?)),
        None => Ok((length, None)),
    }
}

/// Its bytes in one piece, which are shared where they are in one already.
fn bytes_of_blob(ctx: &Ctx<'_>, blob: &Blob) -> Result<Bytes> {
    match blob.segments() {
        [] => Ok(Bytes::new()),
        [one] => Ok(one.clone()),
        segments => hold(ctx, Bytes::from(segments.concat())),
    }
}

/// `None` where there is no room: to a socket that is no exception.
fn if_there_is_room<T>(ctx: &Ctx<'_>, held: Result<T>) -> Result<Option<T>> {
    match held {
        Ok(held) => Ok(Some(held)),
        Err(error) if error.is_exception() => {
            drop(ctx.catch());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// [Starts the closing handshake](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2), behind what was sent.
fn web_socket_close(ctx: Ctx<'_>, socket: Handle, code: Option<u16>, reason: Text) -> Result<()> {
    let _ = socket.get::<Socket>(&ctx)?.orders.send(Order::Close(code, reason.0));
    Ok(())
}

/// [Fails the connection](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7), which nobody knows to be established.
fn web_socket_fail(ctx: Ctx<'_>, socket: Handle) -> Result<()> {
    let _ = socket.get::<Socket>(&ctx)?.orders.send(Order::Fail);
    Ok(())
}

fn web_socket_may_close_with(code: u16) -> bool {
    may_close_with(code)
}

fn web_socket_is_long(reason: Text) -> bool {
    reason.0.len() > MAX_REASON
}

#[cfg(test)]
mod tests {
    use sofetch_testkit::loopback::{Ending, serve};
    use sofetch_testkit::web_socket::accept;

    /// The server keeps each open, and says nothing: only the collector knows that nobody is there any more.
    #[test]
    fn sockets_that_nobody_has_any_more_leave_nothing_that_waits() {
        let server = serve(|request| accept(request).ending(Ending::Hang));
        let url = server.url("/page");
        let thread = std::thread::Builder::new().stack_size(crate::THREAD_STACK_BYTES);
        let ran = thread.spawn(move || {
            let url = sofetch::Url::parse(&url, None).expect("a URL");
            let mut runtime = crate::Runtime::builder().base_url(url).build().expect("a runtime");
            let script = "(async () => { for (let i = 0; i < 1000; i++) await new Promise(done => {
                const s = new WebSocket('/'); s.onopen = () => { s.onopen = null; if (i % 2 === 0) s.close(); done(); };
              }); })();";
            runtime.run_script(script, "test.js").expect("no limit");
            // What waits is told in tasks, which other threads queue.
            for _ in 0..5_000 {
                assert_eq!(runtime.run_until_idle(), crate::Ending::Idle);
                if runtime.held() == (0, 0) && runtime.host.waits() == 0 {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            (runtime.held(), runtime.host.waits(), runtime.has_failed())
        });
        assert_eq!(ran.expect("a thread").join().expect("no panic"), ((0, 0), 0, false));
    }
}
