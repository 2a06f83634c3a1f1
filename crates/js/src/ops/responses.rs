//! `Response`: the engine's response, filtered as it came; its body is handed to the prelude.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::{Array, Ctx, Exception, IntoJs, Object, Result};
use sofetch::Url;
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::responses::{InternalResponse, Response as CoreResponse, ResponseType};
use sofetch::core::infrastructure::statuses::{is_null_body_status, is_ok_status, is_redirect_status};
use sofetch::core::rules::response_filtering::shown_header_list;

use crate::handles::Handle;
use crate::host::Host;
use crate::ops::bodies::BodyHandle;
use crate::ops::headers::{Headers, guard};
use crate::ops::set;
use crate::throwing::throw_type;
use crate::values::{ByteString, Text, isomorphic_decode, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, response_new, response_error, response_redirect, response_clone);
    set!(ctx, ops, response_members, response_headers, response_body);
    Ok(())
}

/// A [`Response` object](https://fetch.spec.whatwg.org/#response-class)'s response, and the header list that it shows, shared with its
/// `Headers`.
pub(crate) struct Response {
    response: RefCell<CoreResponse>,
    header_list: Rc<RefCell<HeaderList>>,
}

impl Response {
    pub(crate) fn new(response: CoreResponse) -> Response {
        let header_list = shown_header_list(&response).into_owned();
        Response { response: RefCell::new(response), header_list: Rc::new(RefCell::new(header_list)) }
    }

    fn of(internal: InternalResponse) -> Handle {
        Handle::new(Response::new(CoreResponse::new(internal)))
    }
}

/// Steps 1 to 4 of [initialize a response](https://fetch.spec.whatwg.org/#initialize-a-response).
fn response_new(ctx: Ctx<'_>, status: u16, status_text: ByteString) -> Result<Handle> {
    if !(200..=599).contains(&status) {
        return Err(Exception::throw_range(&ctx, &format!("the status {status} is not between 200 and 599")));
    }
    let is_phrase = |byte: &u8| matches!(byte, b'\t' | 0x20..=0x7E | 0x80..);
    if !status_text.0.iter().all(is_phrase) {
        return Err(Exception::throw_type(&ctx, "statusText is no reason phrase"));
    }
    Ok(Response::of(InternalResponse {
        status,
        status_message: status_text.0.into(),
        ..InternalResponse::default()
    }))
}

/// <https://fetch.spec.whatwg.org/#dom-response-error>
fn response_error() -> Handle {
    Response::of(InternalResponse {
        response_type: ResponseType::Error,
        status: 0,
        ..InternalResponse::default()
    })
}

/// <https://fetch.spec.whatwg.org/#dom-response-redirect>
fn response_redirect(ctx: Ctx<'_>, url: Text, status: u16) -> Result<Handle> {
    let Some(url) = Host::of(&ctx).parse_url(&url.0) else {
        return Err(throw_type(&ctx, &format!("'{}' is not a valid URL", url.0.escape_debug())));
    };
    if !is_redirect_status(status) {
        return Err(Exception::throw_range(&ctx, &format!("{status} is not a redirect status")));
    }
    let mut internal = InternalResponse { status, ..InternalResponse::default() };
    internal.header_list.append("Location", url.href().to_owned());
    Ok(Response::of(internal))
}

/// [Clones](https://fetch.spec.whatwg.org/#concept-response-clone) it, but for the body, which is no longer here.
fn response_clone(ctx: Ctx<'_>, response: Handle) -> Result<Handle> {
    let response = response.get::<Response>(&ctx)?;
    let clone = response.response.borrow_mut().clone_response();
    let header_list = response.header_list.borrow().clone();
    Ok(Handle::new(Response {
        response: RefCell::new(clone),
        header_list: Rc::new(RefCell::new(header_list)),
    }))
}

/// Type, URL, redirected, status, ok, status text, "is it a null body status?".
fn response_members<'js>(ctx: Ctx<'js>, response: Handle) -> Result<Array<'js>> {
    let response = response.get::<Response>(&ctx)?;
    let response = response.response.borrow();
    let members = new_list(&ctx)?;
    members.set(0, response.response_type().as_str())?;
    members.set(1, response.url_list().last().map_or("", Url::href_without_fragment))?;
    members.set(2, response.url_list().len() > 1)?;
    members.set(3, response.status())?;
    members.set(4, is_ok_status(response.status()))?;
    members.set(5, isomorphic_decode(response.status_message()))?;
    members.set(6, is_null_body_status(response.status()))?;
    Ok(members)
}

/// Its headers, behind this guard.
fn response_headers(ctx: Ctx<'_>, response: Handle, guard_name: String) -> Result<Handle> {
    let response = response.get::<Response>(&ctx)?;
    Ok(Handle::new(Headers::new(response.header_list.clone(), guard(&ctx, &guard_name)?)))
}

/// Its body, once, and whether that is at its end already; `undefined` where it is null.
fn response_body<'js>(ctx: Ctx<'js>, response: Handle) -> Result<Option<Array<'js>>> {
    let response = response.get::<Response>(&ctx)?;
    let mut response = response.response.borrow_mut();
    if response.is_opaque() {
        // NB: as long as there is neither a cache nor a service worker that it could be handed to, nobody will ever read
        // it, and it must not keep a connection.
        response.internal_mut().body = None;
        return Ok(None);
    }
    let Some(mut body) = response.internal_mut().body.take() else { return Ok(None) };
    let pair = new_list(&ctx)?;
    pair.set(1, body.is_at_end())?;
    pair.set(0, Handle::new(BodyHandle::of_network(&ctx, body)?).into_js(&ctx)?)?;
    Ok(Some(pair))
}
