//! [`XMLHttpRequest`](https://xhr.spec.whatwg.org/#interface-xmlhttprequest): its request, the fetch of it, and what was received. Its
//! states and its events are the prelude's.
//!
//! The bytes are received beside the scripts, which see them a task at a time: `xhr_receive` shows what has come until then.

use std::cell::RefCell;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use encoding_rs::{Decoder, Encoding, UTF_8};
use rquickjs::{Array, ArrayBuffer, Ctx, Exception, Function, IntoJs, Object, Result};
use sofetch::core::infrastructure::blobs::Blob;
use sofetch::core::infrastructure::content_length::{ContentLength, extract_a_length};
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::header_values::normalize;
use sofetch::core::infrastructure::methods::Method;
use sofetch::core::infrastructure::mime_types::{MimeType, extract_a_mime_type};
use sofetch::core::infrastructure::package_data::text_of;
use sofetch::core::infrastructure::requests::{CredentialsMode, InitiatorType, Mode, Request as CoreRequest};
use sofetch::core::infrastructure::responses::Response as CoreResponse;
use sofetch::core::rules::header_guards::{Guard, HeaderGuard, forbidden_request_header, validate};
use sofetch::engine::{Callbacks, FetchController, is_framing_name};
use sofetch::{AbortReason, Url, UserAgent};

use crate::handles::Handle;
use crate::host::{Host, Plain, promise};
use crate::ledger::{Charge, Ledger, room_for};
use crate::ops::bodies::{BodyHandle, next_chunk};
use crate::ops::global::look_at_the_clock;
use crate::ops::headers::Headers;
use crate::ops::resource_timing::Reports;
use crate::ops::responses::Response;
use crate::ops::{resource_timing, set};
use crate::values::{ByteString, Text, isomorphic_decode, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, xhr_open, xhr_set_request_header, xhr_content_type, xhr_start, xhr_wait, xhr_terminate);
    set!(ctx, ops, xhr_receive, xhr_text, xhr_json, xhr_array_buffer, xhr_blob);
    set!(ctx, ops, xhr_all_response_headers, xhr_length, xhr_final_mime_type, xhr_parse_mime_type);
    Ok(())
}

/// How long whoever waits for a fetch goes without a look at the clock and at interrupts.
const PATIENCE: Duration = Duration::from_millis(10);

/// What `open()` says, and `setRequestHeader()`.
struct XhrRequest {
    method: Method,
    url: Url,
    author_request_headers: RefCell<HeaderList>,
}

/// Steps 2 to 8 of [open()](https://xhr.spec.whatwg.org/#dom-xmlhttprequest-open): the request, and its method.
fn xhr_open<'js>(
    ctx: Ctx<'js>,
    method: ByteString,
    url: Text,
    username: Option<Text>,
    password: Option<Text>,
) -> Result<Array<'js>> {
    let syntax_error = |message: &str| Exception::throw_dom(&ctx, "SyntaxError", message);
    // 2 to 4.
    let method = Method::new(&method.0).map_err(|_| syntax_error("that is not a method"))?;
    if method.is_forbidden() {
        let message = format!("the method '{}' is forbidden", method.as_str());
        return Err(Exception::throw_dom(&ctx, "SecurityError", &message));
    }
    let method = method.normalize();
    // 5, 6.
    let mut url = Host::of(&ctx).parse_url(&url.0).ok_or_else(|| syntax_error("that is not a valid URL"))?;
    // 8. Where there is no host, nothing is set.
    if let Some(username) = username {
        url.set("username", &username.0);
    }
    if let Some(password) = password {
        url.set("password", &password.0);
    }
    let opened = new_list(&ctx)?;
    opened.set(1, method.as_str())?;
    let request = XhrRequest { method, url, author_request_headers: RefCell::default() };
    opened.set(0, Handle::new(request).into_js(&ctx)?)?;
    Ok(opened)
}

/// Steps 3 to 6 of [setRequestHeader()](https://xhr.spec.whatwg.org/#dom-xmlhttprequest-setrequestheader).
fn xhr_set_request_header(ctx: Ctx<'_>, request: Handle, name: ByteString, value: ByteString) -> Result<()> {
    // 3, 4.
    let value = normalize(&value.0);
    match validate(Guard::None, &name.0, value) {
        HeaderGuard::Allowed => {}
        _ => return Err(Exception::throw_dom(&ctx, "SyntaxError", "that is not a header")),
    }
    // 5.
    let is_forbidden = match Host::of(&ctx).page {
        Some(_) => forbidden_request_header(&name.0, value).is_some(),
        None => is_framing_name(&name.0),
    };
    if is_forbidden {
        return Ok(());
    }
    // 6.
    room_for(&ctx, value.len())?;
    let request = request.get::<XhrRequest>(&ctx)?;
    request.author_request_headers.borrow_mut().combine(name.0, Bytes::copy_from_slice(value));
    Ok(())
}

/// Steps 4.3 to 4.5 of [send()](https://xhr.spec.whatwg.org/#dom-xmlhttprequest-send): which type a body is said to be of.
fn xhr_content_type(
    ctx: Ctx<'_>,
    request: Handle,
    extracted_content_type: Option<Text>,
    is_text: bool,
) -> Result<()> {
    let request = request.get::<XhrRequest>(&ctx)?;
    let mut headers = request.author_request_headers.borrow_mut();
    let original = headers.get("Content-Type").map(|value| value.into_owned());
    match (original, extracted_content_type) {
        // 4.4. What is text is sent as UTF-8, whatever was said.
        (Some(original), _) if is_text => {
            let Ok(mut mime_type) = MimeType::parse_bytes(&original) else { return Ok(()) };
            let charset = mime_type.parameter("charset");
            if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case("UTF-8")) {
                mime_type.set_parameter("charset", "UTF-8");
                headers.set("Content-Type", mime_type.to_bytes());
            }
        }
        (Some(_), _) | (None, None) => {}
        // 4.5.
        (None, Some(extracted)) => headers.set("Content-Type", extracted.0.into_bytes()),
    }
    Ok(())
}

/// Step 6 of [send()](https://xhr.spec.whatwg.org/#dom-xmlhttprequest-send).
fn request_of(
    ctx: &Ctx<'_>,
    request: &XhrRequest,
    body: Option<Handle>,
    with_credentials: bool,
    upload_listener: bool,
) -> Result<CoreRequest> {
    let client = Host::of(ctx).page.as_ref().map(|page| page.client().clone());
    let mut core = CoreRequest::new(request.url.clone());
    core.method = request.method.clone();
    core.header_list = request.author_request_headers.borrow().clone();
    core.unsafe_request = true;
    if let Some(body) = body {
        core.body = body.get::<BodyHandle>(ctx)?.take();
    }
    core.owner = client.is_none();
    core.client = client;
    core.mode = Mode::Cors;
    core.use_cors_preflight = upload_listener;
    core.credentials_mode =
        if with_credentials { CredentialsMode::Include } else { CredentialsMode::SameOrigin };
    core.use_url_credentials = core.url().includes_credentials();
    core.initiator_type = Some(InitiatorType::XmlHttpRequest);
    Ok(core)
}

/// A fetch under way, and [what was received](https://xhr.spec.whatwg.org/#received-bytes).
struct Transfer {
    controller: Arc<FetchController>,
    received: Arc<Mutex<Received>>,
    decoding: RefCell<Option<Decoding>>,
}

struct Received {
    bytes: BytesMut,
    /// So many of them script was shown.
    shown: usize,
    /// Was script told that there is more?
    told: bool,
    charge: Charge,
}

/// The text so far was given away; the next begins at this byte.
struct Decoding {
    decoder: Decoder,
    at: usize,
}

impl Transfer {
    fn new(ledger: Arc<Ledger>) -> Transfer {
        let received =
            Received { bytes: BytesMut::new(), shown: 0, told: false, charge: Charge::empty(ledger) };
        Transfer {
            controller: FetchController::new(),
            received: Arc::new(Mutex::new(received)),
            decoding: RefCell::default(),
        }
    }

    /// With what script was shown.
    fn read<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let received = lock(&self.received);
        read(received.bytes.get(..received.shown).unwrap_or_default())
    }
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a chunk; `tell` is called where script was not told already that there is more. `false` where there is no room.
fn keep(received: &Mutex<Received>, chunk: &Bytes, tell: impl FnOnce()) -> bool {
    let mut received = lock(received);
    if !received.charge.grow(chunk.len()) {
        return false;
    }
    received.bytes.extend_from_slice(chunk);
    if !std::mem::replace(&mut received.told, true) {
        tell();
    }
    true
}

/// So much of a body, in bytes, is looked for as soon as the head is there.
const AT_ONCE: usize = 64 << 10;

/// Fetches, and receives the body; `None` is a network error. `on_response` has the response as soon as it is there, without its body,
/// and whether it had one, and whether all of it is there, so that the end follows at once; `on_chunk` is told that there is more, and the same.
async fn transfer(
    agent: UserAgent,
    request: CoreRequest,
    callbacks: Callbacks,
    controller: Arc<FetchController>,
    received: Arc<Mutex<Received>>,
    mut on_response: impl FnMut(CoreResponse, bool, bool),
    on_chunk: impl Fn(bool),
) -> Option<()> {
    let fetched = agent.fetch_core(Box::new(request), callbacks, controller.clone()).await;
    // NB: a page's script is told no more; the reason is the observer's.
    let mut response = fetched.ok()?.ok()?;
    let mut body = response.internal_mut().body.take();
    let is_whole = body.as_mut().is_none_or(|body| body.read_ahead(AT_ONCE));
    on_response(response, body.is_some(), is_whole);
    let Some(mut body) = body else { return Some(()) };
    while let Some(chunk) = next_chunk(&mut body).await {
        let tell = || on_chunk(is_whole);
        if !keep(&received, &chunk.ok()?, tell) {
            controller.terminate();
            return None;
        }
    }
    Some(())
}

/// Fetches beside the scripts. The hook `xmlHttpRequestStep` is called in tasks, with `id` and what there is to tell: `"sent"` with a
/// number of bytes, `"sentAll"`, `"response"` with it and whether it has a body, `"chunk"`, `"end"` and `"error"`.
fn xhr_start(
    ctx: Ctx<'_>,
    id: u32,
    request: Handle,
    body: Option<Handle>,
    with_credentials: bool,
    upload_listener: bool,
) -> Result<Handle> {
    let host = Host::of(&ctx);
    let request = request.get::<XhrRequest>(&ctx)?;
    let request = request_of(&ctx, &request, body, with_credentials, upload_listener)?;
    let started = Transfer::new(host.ledger.clone());
    let queue = host.queue.clone();
    let tell = move |step: &'static str, bytes: u64| {
        queue.queue(move |ctx| step_of(ctx)?.call((id, step, bytes as f64)));
    };
    let mut callbacks = resource_timing::callbacks(&host, &request);
    if upload_listener {
        let (sent, sent_all) = (tell.clone(), tell.clone());
        callbacks.process_request_body_chunk_length = Some(Box::new(move |bytes| sent("sent", bytes)));
        callbacks.process_request_end_of_body = Some(Box::new(move |()| sent_all("sentAll", 0)));
    }
    let queue = host.queue.clone();
    let on_response = move |response, has_body: bool, is_whole: bool| {
        let task = move |ctx: &Ctx<'_>| {
            let response = Handle::new(Response::new(response));
            step_of(ctx)?.call((id, "response", response, has_body))
        };
        match is_whole {
            true => queue.queue_before_another(task),
            false => queue.queue(task),
        }
    };
    let for_chunks = host.queue.clone();
    let (agent, controller, received) =
        (host.agent.clone(), started.controller.clone(), started.received.clone());
    promise(&ctx, async move {
        let on_chunk = move |is_whole: bool| {
            let task = move |ctx: &Ctx<'_>| step_of(ctx)?.call((id, "chunk"));
            match is_whole {
                true => for_chunks.queue_before_another(task),
                false => for_chunks.queue(task),
            }
        };
        let ended = transfer(agent, request, callbacks, controller, received, on_response, on_chunk).await;
        tell(if ended.is_some() { "end" } else { "error" }, 0);
        // What the loop lived for: nobody else waits for it.
        Ok(Plain::Undefined)
    })?;
    Ok(Handle::new(started))
}

fn step_of<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    Host::of(ctx).hook(ctx, "xmlHttpRequestStep")
}

/// Fetches while script waits, so many milliseconds at most where they are not 0: how it ended (`"end"`, `"error"`, `"timeout"`),
/// what was received, the response, and whether it has a body.
fn xhr_wait<'js>(
    ctx: Ctx<'js>,
    request: Handle,
    body: Option<Handle>,
    with_credentials: bool,
    upload_listener: bool,
    milliseconds: f64,
) -> Result<Array<'js>> {
    let host = Host::of(&ctx);
    let request = request.get::<XhrRequest>(&ctx)?;
    let request = request_of(&ctx, &request, body, with_credentials, upload_listener)?;
    let reports = Reports::default();
    let callbacks = reports.callbacks(&host, &request);
    let started = Transfer::new(host.ledger.clone());
    let (agent, controller, received) =
        (host.agent.clone(), started.controller.clone(), started.received.clone());
    let (sender, receiver) = mpsc::channel();
    let until = (milliseconds > 0.0)
        .then(|| Instant::now().checked_add(Duration::from_secs_f64(milliseconds / 1000.0)))
        .flatten();
    host.io.spawn(async move {
        let mut response = None;
        let on_response = |of_network, has_body, _| response = Some((of_network, has_body));
        let ended = transfer(agent, request, callbacks, controller, received, on_response, |_| {}).await;
        // Who waited may have gone.
        let _ = sender.send(ended.and(response));
    });
    let ended = new_list(&ctx)?;
    let outcome = loop {
        let patience =
            until.map_or(PATIENCE, |until| until.saturating_duration_since(Instant::now()).min(PATIENCE));
        match receiver.recv_timeout(patience) {
            Ok(Some((response, has_body))) => {
                ended.set(3, has_body)?;
                ended.set(2, Handle::new(Response::new(response)).into_js(&ctx)?)?;
                break "end";
            }
            Ok(None) | Err(RecvTimeoutError::Disconnected) => break "error",
            Err(RecvTimeoutError::Timeout) => {}
        }
        if host.is_over() {
            started.controller.terminate();
            look_at_the_clock(ctx.clone())?;
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            started.controller.terminate();
            break "timeout";
        }
    };
    reports.mark(&ctx)?;
    ended.set(1, Handle::new(started).into_js(&ctx)?)?;
    ended.set(0, outcome)?;
    Ok(ended)
}

/// Ends the fetch: nothing more is received.
fn xhr_terminate(ctx: Ctx<'_>, transfer: Handle, aborted: bool) -> Result<()> {
    let transfer = transfer.get::<Transfer>(&ctx)?;
    match aborted {
        true => transfer.controller.abort(AbortReason::AbortError),
        false => transfer.controller.terminate(),
    }
    Ok(())
}

/// Shows script what has come until now: how many bytes there are.
fn xhr_receive(ctx: Ctx<'_>, transfer: Handle) -> Result<f64> {
    let transfer = transfer.get::<Transfer>(&ctx)?;
    let mut received = lock(&transfer.received);
    received.shown = received.bytes.len();
    received.told = false;
    Ok(received.shown as f64)
}

/// What [get a text response](https://xhr.spec.whatwg.org/#text-response) adds to what it gave before; nothing more comes `at_end`.
fn xhr_text(
    ctx: Ctx<'_>,
    transfer: Handle,
    headers: Handle,
    override_mime_type: Option<Text>,
    may_be_xml: bool,
    at_end: bool,
) -> Result<String> {
    let transfer = transfer.get::<Transfer>(&ctx)?;
    let mut decoding = transfer.decoding.borrow_mut();
    let decoding = match &mut *decoding {
        Some(decoding) => decoding,
        none => {
            let headers = headers.get::<Headers>(&ctx)?;
            let headers = headers.list.borrow();
            let overriding = overriding(override_mime_type.as_ref());
            let declared = || {
                let is_xml = may_be_xml && final_mime_type(&headers, overriding.as_ref()).is_xml();
                if is_xml { transfer.read(xml_encoding) } else { None }
            };
            let encoding = final_encoding(&headers, overriding.as_ref()).or_else(declared);
            none.insert(Decoding { decoder: encoding.unwrap_or(UTF_8).new_decoder(), at: 0 })
        }
    };
    let new = transfer.read(|bytes| bytes.len().saturating_sub(decoding.at));
    room_for(&ctx, new)?;
    Ok(transfer.read(|bytes| {
        let new = bytes.get(decoding.at..).unwrap_or_default();
        decoding.at = bytes.len();
        let room = decoding.decoder.max_utf8_buffer_length(new.len()).unwrap_or(usize::MAX);
        let mut text = String::with_capacity(room);
        let _ = decoding.decoder.decode_to_string(new, &mut text, at_end);
        text
    }))
}

/// What was received as [UTF-8](https://encoding.spec.whatwg.org/#utf-8-decode).
fn xhr_json(ctx: Ctx<'_>, transfer: Handle) -> Result<String> {
    Ok(transfer.get::<Transfer>(&ctx)?.read(text_of))
}

fn xhr_array_buffer<'js>(ctx: Ctx<'js>, transfer: Handle) -> Result<ArrayBuffer<'js>> {
    transfer.get::<Transfer>(&ctx)?.read(|bytes| ArrayBuffer::new_copy(ctx.clone(), bytes))
}

/// A blob of what was received.
fn xhr_blob(ctx: Ctx<'_>, transfer: Handle, content_type: Text) -> Result<Handle> {
    let transfer = transfer.get::<Transfer>(&ctx)?;
    let length = transfer.read(<[u8]>::len);
    let charge = Charge::new(&ctx, length)?;
    let bytes = transfer.read(Bytes::copy_from_slice);
    Ok(Handle::new(Blob::of_type([charge.into_bytes(bytes)], content_type.0)))
}

/// <https://xhr.spec.whatwg.org/#the-getallresponseheaders()-method>
fn xhr_all_response_headers(ctx: Ctx<'_>, headers: Handle) -> Result<String> {
    let headers = headers.get::<Headers>(&ctx)?;
    let mut sorted = headers.list.borrow().sort_and_combine();
    // [Legacy-uppercased-byte less than](https://xhr.spec.whatwg.org/#legacy-uppercased-byte-less-than).
    sorted.sort_by_key(|(name, _)| name.to_ascii_uppercase());
    let lines = sorted
        .iter()
        .map(|(name, value)| format!("{}: {}\r\n", isomorphic_decode(name), isomorphic_decode(value)));
    Ok(lines.collect())
}

/// [Extracts a length](https://fetch.spec.whatwg.org/#header-list-extract-a-length); 0 where there is none.
// DEPARTS: 0, too, where contents are encoded: the length is that of the encoded bytes, what is counted that of the decoded
// ones.
fn xhr_length(ctx: Ctx<'_>, headers: Handle) -> Result<f64> {
    let headers = headers.get::<Headers>(&ctx)?;
    let headers = headers.list.borrow();
    if headers.contains("Content-Encoding") {
        return Ok(0.0);
    }
    match extract_a_length(&headers) {
        ContentLength::Length(length) => Ok(length as f64),
        ContentLength::Null | ContentLength::Failure { .. } => Ok(0.0),
    }
}

/// [Gets a final MIME type](https://xhr.spec.whatwg.org/#final-mime-type), serialized.
fn xhr_final_mime_type(ctx: Ctx<'_>, headers: Handle, override_mime_type: Option<Text>) -> Result<String> {
    let headers = headers.get::<Headers>(&ctx)?;
    let overriding = overriding(override_mime_type.as_ref());
    let mime_type = final_mime_type(&headers.list.borrow(), overriding.as_ref());
    Ok(isomorphic_decode(&mime_type.to_bytes()))
}

/// Step 2, 3 of [overrideMimeType()](https://xhr.spec.whatwg.org/#dom-xmlhttprequest-overridemimetype).
fn xhr_parse_mime_type(mime: Text) -> String {
    match MimeType::parse(&mime.0) {
        Ok(mime_type) => isomorphic_decode(&mime_type.to_bytes()),
        Err(_) => "application/octet-stream".to_owned(),
    }
}

fn overriding(override_mime_type: Option<&Text>) -> Option<MimeType> {
    MimeType::parse(&override_mime_type?.0).ok()
}

/// <https://xhr.spec.whatwg.org/#response-mime-type>
fn response_mime_type(headers: &HeaderList) -> MimeType {
    extract_a_mime_type(headers).or_else(|_| MimeType::parse("text/xml")).expect("text/xml is a MIME type")
}

/// <https://xhr.spec.whatwg.org/#final-mime-type>
fn final_mime_type(headers: &HeaderList, overriding: Option<&MimeType>) -> MimeType {
    overriding.cloned().unwrap_or_else(|| response_mime_type(headers))
}

/// <https://xhr.spec.whatwg.org/#final-charset>
fn final_encoding(headers: &HeaderList, overriding: Option<&MimeType>) -> Option<&'static Encoding> {
    let response = response_mime_type(headers);
    let label = overriding.and_then(|mime_type| mime_type.parameter("charset"));
    let label = label.or_else(|| response.parameter("charset"))?;
    Encoding::for_label(label.as_bytes())
}

/// The encoding that an [XML declaration](https://www.w3.org/TR/xml/#sec-guessing) says, in whatever has ASCII's bytes for ASCII.
fn xml_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let end = rest.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&rest[..end]).ok()?;
    let (_, said) = declaration.split_once("encoding")?;
    let said = said.trim_start().strip_prefix('=')?.trim_start();
    let quote = said.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (label, _) = said[1..].split_once(quote)?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_encoding_table() {
        let cases: [(&str, Option<&str>); 6] = [
            ("<?xml version='1.0' encoding='windows-1252'?><a/>", Some("windows-1252")),
            ("<?xml version=\"1.0\" encoding = \"shift_jis\" ?>", Some("Shift_JIS")),
            ("<?xml version='1.0'?>", None),
            ("<?xml encoding='windows-1252'", None),
            ("<?xml encoding='nothing'?>", None),
            ("<a encoding='windows-1252'?>", None),
        ];
        for (said, expected) in cases {
            assert_eq!(xml_encoding(said.as_bytes()).map(Encoding::name), expected, "{said}");
        }
    }
}
