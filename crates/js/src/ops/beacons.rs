//! [`sendBeacon()`](https://w3c.github.io/beacon/#sendbeacon-method), and how many bytes of bodies that are kept alive are under way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rquickjs::{Ctx, Exception, Object, Result};
use sofetch::Url;
use sofetch::core::infrastructure::methods::Method;
use sofetch::core::infrastructure::requests::{CredentialsMode, InitiatorType, Mode, Request as CoreRequest};
use sofetch::core::rules::cors_safelists::cors_safelisted_request_header;
use sofetch::core::rules::mixed_content;
use sofetch::core::rules::request_headers::KEEPALIVE_LIMIT;
use sofetch::core::rules::verdict::Verdict;
use sofetch::engine::Callbacks;

use crate::handles::Handle;
use crate::host::{Host, Plain, promise};
use crate::ops::bodies::BodyHandle;
use crate::ops::unheard::Unheard;
use crate::ops::{resource_timing, set};
use crate::values::Text;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, beacon_url, beacon_send);
    Ok(())
}

/// Step 3 of [sendBeacon()](https://w3c.github.io/beacon/#sec-processing-model).
fn beacon_url(ctx: Ctx<'_>, url: Text) -> Result<Handle> {
    match Host::of(&ctx).parse_url(&url.0).filter(Url::has_http_scheme) {
        Some(url) => Ok(Handle::new(url)),
        None => Err(Exception::throw_type(&ctx, "that is not a valid URL of http: or https:")),
    }
}

/// The steps after it, of what was extracted of the data: `false` where there is no room for the body beside those under way.
fn beacon_send(ctx: Ctx<'_>, url: Handle, body: Option<Handle>, content_type: Option<Text>) -> Result<bool> {
    let host = Host::of(&ctx);
    let url = url.get::<Url>(&ctx)?;
    let client = host.page.as_ref().map(|page| page.client().clone());
    let mut request = CoreRequest::new((*url).clone());
    request.method = Method::new(b"POST").expect("it is one");
    request.owner = client.is_none();
    request.client = client;
    request.keepalive = true;
    request.credentials_mode = CredentialsMode::Include;
    request.initiator_type = Some(InitiatorType::Beacon);
    // 5.
    request.mode = Mode::NoCors;
    // NB: populate from client would say so later.
    request.origin = request.client.as_ref().map(|client| client.origin.clone());
    // 6.1.
    if let Some(body) = body {
        request.body = body.get::<BodyHandle>(&ctx)?.take();
    }
    // 6.2.
    let length = request.body.as_ref().and_then(|body| body.length).unwrap_or(0);
    if host.keepalive_bytes.load(Ordering::Acquire).saturating_add(length) > KEEPALIVE_LIMIT {
        return Ok(false);
    }
    // 6.3.
    if let Some(Text(content_type)) = content_type {
        if !cors_safelisted_request_header(b"Content-Type", content_type.as_bytes()).is_safelisted() {
            request.mode = Mode::Cors;
            // DEPARTS: the text says nowhere that such a request asks first, which its own section on security tells of.
            // https://w3c.github.io/beacon/#privacy
            request.unsafe_request = true;
        }
        request.header_list.append("Content-Type", content_type.into_bytes());
    }
    // DEPARTS: what will be blocked as mixed content cannot be queued, and who sends it is told so, as in browsers; the text blocks it
    // later and in silence. https://w3c.github.io/beacon/#return-value
    if is_blocked_as_mixed_content(&request) {
        return Ok(false);
    }
    // 7.
    let callbacks = counted(&host, &request, resource_timing::callbacks(&host, &request));
    let unheard = Unheard::new(&host);
    promise(&ctx, async move {
        unheard.send(request, callbacks).await;
        Ok(Plain::Undefined)
    })?;
    Ok(true)
}

/// Will main fetch block it so, whatever else it asks?
fn is_blocked_as_mixed_content(request: &CoreRequest) -> bool {
    mixed_content::upgrade_request_to_a_potentially_trustworthy_url(request).1.is_none()
        && mixed_content::upgrade_a_mixed_content_request(request).1.is_none()
        && mixed_content::should_fetching_request_be_blocked_as_mixed_content(request).blocks()
}

/// Counts the body of a request that is kept alive, until the fetch is done or given up.
pub(super) fn counted(host: &Host, request: &CoreRequest, callbacks: Callbacks) -> Callbacks {
    let length = request.body.as_ref().and_then(|body| body.length).filter(|_| request.keepalive);
    let Some(length) = length else { return callbacks };
    host.keepalive_bytes.fetch_add(length, Ordering::AcqRel);
    let counted = Mutex::new(Some(Counted { total: host.keepalive_bytes.clone(), length }));
    let process = callbacks.process_response_end_of_body;
    let process_response_end_of_body = Box::new(move |timing| {
        drop(counted.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(process) = &process {
            process(timing);
        }
    });
    Callbacks { process_response_end_of_body: Some(process_response_end_of_body), ..callbacks }
}

struct Counted {
    total: Arc<AtomicU64>,
    length: u64,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.total.fetch_sub(self.length, Ordering::AcqRel);
    }
}
