//! `Request`: the engine's request, without its body, which is the prelude's.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::{Ctx, Exception, FromJs, Object, Result, Value};
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::methods::Method;
use sofetch::core::infrastructure::requests::{
    CacheMode, CredentialsMode, Initiator, InitiatorType, Mode, Priority, RedirectMode, Referrer,
    ReferrerPolicy, Request as CoreRequest, TraversableForUserPrompts,
};
use sofetch::core::rules::header_guards::Guard;
use sofetch::{Bytes, Url};

use crate::handles::Handle;
use crate::host::Host;
use crate::ops::headers::Headers;
use crate::ops::set;
use crate::throwing::throw_type;
use crate::values::{Text, new_record};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, request_new, request_headers, request_clone, request_members, request_content_type);
    set!(ctx, ops, request_use_cors_preflight);
    Ok(())
}

/// A [`Request` object](https://fetch.spec.whatwg.org/#request-class)'s request. Its header list stands beside it, shared with
/// its `Headers`; its body is the prelude's.
pub(crate) struct Request {
    pub(crate) request: RefCell<CoreRequest>,
    pub(crate) header_list: Rc<RefCell<HeaderList>>,
}

impl Request {
    fn new(request: CoreRequest) -> Request {
        let header_list = request.header_list.clone();
        Request { request: RefCell::new(request), header_list: Rc::new(RefCell::new(header_list)) }
    }

    /// The engine's request, to be fetched.
    pub(crate) fn to_core(&self) -> CoreRequest {
        let mut request = self.request.borrow().clone_without_body();
        request.header_list = self.header_list.borrow().clone();
        request
    }
}

/// What `new Request` makes a request of.
enum Input {
    Url(String),
    Request(Rc<Request>),
}

impl Input {
    fn of<'js>(ctx: &Ctx<'js>, input: Value<'js>) -> Result<Input> {
        if input.is_string() {
            return Ok(Input::Url(Text::from_js(ctx, input)?.0));
        }
        Ok(Input::Request(Handle::from_js(ctx, input)?.get(ctx)?))
    }
}

/// A member of the dictionary, where it is present.
fn word<T>(
    ctx: &Ctx<'_>,
    init: Option<&Object<'_>>,
    member: &str,
    from_word: fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(said) = text(init, member)? else { return Ok(None) };
    from_word(&said).map(Some).ok_or_else(|| Exception::throw_type(ctx, "no such value of the enumeration"))
}

fn text(init: Option<&Object<'_>>, member: &str) -> Result<Option<String>> {
    let Some(init) = init else { return Ok(None) };
    Ok(init.get::<_, Option<Text>>(member)?.map(|text| text.0))
}

/// Steps 5 to 28 and 32 of the [constructor](https://fetch.spec.whatwg.org/#dom-request): all but the signal, the headers and the body.
///
/// `init` is the converted dictionary, `undefined` where it is empty.
fn request_new<'js>(ctx: Ctx<'js>, input: Value<'js>, init: Value<'js>) -> Result<Handle> {
    let host = Host::of(&ctx);
    let client = host.page.as_ref().map(|page| page.client());
    let init = init.as_object();
    let (mut request, fallback_mode) = match Input::of(&ctx, input)? {
        // 5.
        Input::Url(said) => {
            let url = parse(&ctx, &host, &said)?;
            if url.includes_credentials() {
                return Err(Exception::throw_type(&ctx, "the URL includes credentials"));
            }
            (CoreRequest::new(url), Some(Mode::Cors))
        }
        // 6.
        Input::Request(input) => (input.to_core(), None),
    };
    // 10, 11.
    if let Some(init) = init
        && init.contains_key("window")?
    {
        if !init.get::<_, Value<'_>>("window")?.is_null() {
            return Err(Exception::throw_type(&ctx, "window is not null"));
        }
        request.traversable_for_user_prompts = TraversableForUserPrompts::NoTraversable;
    }
    // 12.
    request.unsafe_request = true;
    request.use_cors_preflight = false;
    request.priority = Priority::Auto;
    request.client = client.cloned();
    request.owner = client.is_none();
    request.initiator = Initiator::Empty;
    request.initiator_type = Some(InitiatorType::Fetch);
    // 13.
    if init.is_some() {
        if request.mode == Mode::Navigate {
            request.mode = Mode::SameOrigin;
        }
        request.reload_navigation = false;
        request.history_navigation = false;
        request.origin = None;
        request.referrer = Referrer::Client;
        request.referrer_policy = ReferrerPolicy::Empty;
        request.keep_current_url();
    }
    // 14.
    if let Some(said) = text(init, "referrer")? {
        request.referrer = if said.is_empty() {
            Referrer::NoReferrer
        } else {
            let url = parse(&ctx, &host, &said)?;
            let is_client = url.scheme() == "about" && url.path() == "client";
            match client {
                _ if is_client => Referrer::Client,
                Some(client) if !url.same_origin_with(&client.origin) => Referrer::Client,
                _ => Referrer::Url(url),
            }
        };
    }
    // 15 to 18.
    if let Some(policy) = word(&ctx, init, "referrerPolicy", ReferrerPolicy::from_word)? {
        request.referrer_policy = policy;
    }
    let mode = word(&ctx, init, "mode", Mode::from_word)?.or(fallback_mode);
    if mode == Some(Mode::Navigate) {
        return Err(Exception::throw_type(&ctx, "no script makes a request of mode 'navigate'"));
    }
    if let Some(mode) = mode {
        request.mode = mode;
    }
    // 19 to 24.
    if let Some(credentials) = word(&ctx, init, "credentials", CredentialsMode::from_word)? {
        request.credentials_mode = credentials;
    }
    if let Some(cache) = word(&ctx, init, "cache", CacheMode::from_word)? {
        request.cache_mode = cache;
    }
    if request.cache_mode == CacheMode::OnlyIfCached && request.mode != Mode::SameOrigin {
        return Err(Exception::throw_type(&ctx, "'only-if-cached' is for requests of mode 'same-origin'"));
    }
    if let Some(redirect) = word(&ctx, init, "redirect", RedirectMode::from_word)? {
        request.redirect_mode = redirect;
    }
    if let Some(integrity) = text(init, "integrity")? {
        request.integrity_metadata = integrity;
    }
    if let Some(init) = init
        && let Some(keepalive) = init.get::<_, Option<bool>>("keepalive")?
    {
        request.keepalive = keepalive;
    }
    // 25.
    if let Some(said) = text(init, "method")? {
        let method = Method::new(said.as_bytes())
            .map_err(|_| throw_type(&ctx, &format!("'{said}' is not a method")))?;
        if method.is_forbidden() {
            return Err(throw_type(&ctx, &format!("the method '{said}' is forbidden")));
        }
        request.method = method.normalize();
    }
    // 27.
    if let Some(priority) = word(&ctx, init, "priority", Priority::from_word)? {
        request.priority = priority;
    }
    // 32.
    if request.mode == Mode::NoCors && !request.method.is_cors_safelisted() {
        let method = request.method.as_str();
        return Err(throw_type(&ctx, &format!("'{method}' is no method of mode 'no-cors'")));
    }
    Ok(Handle::new(Request::new(request)))
}

fn parse(ctx: &Ctx<'_>, host: &Host, said: &str) -> Result<Url> {
    host.parse_url(said)
        .ok_or_else(|| throw_type(ctx, &format!("'{}' is not a valid URL", said.escape_debug())))
}

/// The header list of a request, behind the guard of its mode.
fn request_headers(ctx: Ctx<'_>, request: Handle) -> Result<Handle> {
    let request = request.get::<Request>(&ctx)?;
    let core = request.request.borrow();
    if core.owner {
        return Ok(Handle::new(Headers::of_owner(request.header_list.clone())));
    }
    let guard = match core.mode {
        Mode::NoCors => Guard::RequestNoCors,
        _ => Guard::Request,
    };
    Ok(Handle::new(Headers::new(request.header_list.clone(), guard)))
}

/// [Clones](https://fetch.spec.whatwg.org/#concept-request-clone) it, but for the body.
fn request_clone(ctx: Ctx<'_>, request: Handle) -> Result<Handle> {
    let request = request.get::<Request>(&ctx)?;
    Ok(Handle::new(Request::new(request.to_core())))
}

/// Everything that a `Request`'s getters show, in one go.
fn request_members<'js>(ctx: Ctx<'js>, request: Handle) -> Result<Object<'js>> {
    let request = request.get::<Request>(&ctx)?;
    let request = request.request.borrow();
    let members = new_record(&ctx)?;
    members.set("method", request.method.as_str())?;
    members.set("url", request.url().href())?;
    members.set("destination", request.destination.as_str())?;
    members.set(
        "referrer",
        match &request.referrer {
            Referrer::NoReferrer => "",
            Referrer::Client => "about:client",
            Referrer::Url(url) => url.href(),
        },
    )?;
    members.set("referrerPolicy", request.referrer_policy.as_str())?;
    members.set("mode", request.mode.as_str())?;
    members.set("credentials", request.credentials_mode.as_str())?;
    members.set("cache", request.cache_mode.as_str())?;
    members.set("redirect", request.redirect_mode.as_str())?;
    members.set("integrity", &*request.integrity_metadata)?;
    members.set("keepalive", request.keepalive)?;
    members.set("isReloadNavigation", request.reload_navigation)?;
    members.set("isHistoryNavigation", request.history_navigation)?;
    Ok(members)
}

/// Step 37.3 of the constructor: the type of a body that was extracted, unless the headers say one.
fn request_content_type(ctx: Ctx<'_>, headers: Handle, content_type: Text) -> Result<()> {
    let headers = headers.get::<Headers>(&ctx)?;
    if !headers.list.borrow().contains("Content-Type") {
        headers.append(&ctx, "Content-Type", Bytes::from(content_type.0))?;
    }
    Ok(())
}

/// Step 39 of the constructor: a body that cannot be sent again asks first, and only where CORS can.
fn request_use_cors_preflight(ctx: Ctx<'_>, request: Handle) -> Result<()> {
    let request = request.get::<Request>(&ctx)?;
    let mut request = request.request.borrow_mut();
    if !matches!(request.mode, Mode::SameOrigin | Mode::Cors) {
        let mode = request.mode.as_str();
        return Err(throw_type(&ctx, &format!("a request of mode '{mode}' sends no stream")));
    }
    request.use_cors_preflight = true;
    Ok(())
}
