//! [HTTP-network fetch](https://fetch.spec.whatwg.org/#concept-http-network-fetch): obtain a connection, send, hear interim responses, receive; the body stays with the socket until it is pulled.

use std::sync::{Arc, PoisonError};

use sofetch_core::infrastructure::bodies::{Body, ByteStream};
use sofetch_core::infrastructure::body_extraction::safely_extract_source;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use sofetch_core::infrastructure::requests::{Mode, Request};
use sofetch_core::infrastructure::responses::{InternalResponse, Response};
use sofetch_core::ports::{ConnectionRequest, Interim, Protocol, WireRequest, WireResponse};
use sofetch_core::rules::network_gate::{is_offline, may_send_body};
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::Algorithm;

use crate::body_reading::{NetworkBody, Transmission};
use crate::content_codings::{ContentCodings, Cut, Decoded};
use crate::fetch_params::FetchParams;

/// How often a request goes out again because a pooled connection had died meanwhile.
const RESENDS: usize = 3;

/// <https://fetch.spec.whatwg.org/#concept-http-network-fetch>
///
/// `request` is HTTP-network-or-cache fetch's httpRequest; the fetch params' own request stays as it was.
pub(crate) async fn http_network_fetch(
    fetch: &FetchParams,
    request: &mut Request,
    include_credentials: bool,
    force_new_connection: bool,
) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::HttpNetworkFetch);
    // 2. Offline?
    fetch.judge(is_offline(request))?;
    // 5 to 9. The connection, the request, the head.
    let header_list = Arc::new(std::mem::take(&mut request.header_list));
    let made = make_an_http_request(fetch, request, &header_list, include_credentials, force_new_connection);
    let head = made.await;
    request.header_list = Arc::unwrap_or_clone(header_list);
    let head = head?;
    fetch.timing().final_network_response_start_time =
        head.started_at.coarsen(fetch.cross_origin_isolated_capability);
    let mut internal = InternalResponse {
        status: head.status,
        status_message: head.status_message,
        header_list: head.header_list,
        upgraded: head.upgraded,
        ..InternalResponse::default()
    };
    // 10 to 15, 18. The body: pulled, decoded, canceled with the fetch.
    if let Some(stream) = head.body {
        internal.body = Some(response_body(fetch, stream, head.protocol, &mut internal)?);
    }
    // SKIPS 16: WebDriver BiDi's cloned bodies; who drives a browser by BiDi would need them.
    // 17. Set-Cookie.
    if include_credentials && let Some(cookies) = &fetch.user_agent.cookies {
        let now = fetch.user_agent.clock.wall();
        fetch.unless_canceled(cookies.store_set_cookie(request, &internal.header_list, now)).await?;
    }
    note_hsts(fetch, request, &internal).await?;
    // 19.
    Ok(Response::new(internal))
}

/// Steps 5 to 9: again over another connection, as long as that is safe and the connection was a dead one.
///
/// `header_list` is the request's, which each sending shares.
async fn make_an_http_request(
    fetch: &FetchParams,
    request: &mut Request,
    header_list: &Arc<HeaderList>,
    include_credentials: bool,
    force_new_connection: bool,
) -> Result<WireResponse, NetworkError> {
    // 5, 6.
    let mut ask = ConnectionRequest {
        key: request.network_partition_key(),
        url: request.current_url().clone(),
        credentials: include_credentials,
        new: force_new_connection,
        web_socket: request.mode == Mode::WebSocket,
        page: !request.owner,
        trace: fetch.trace.clone(),
    };
    let transmission = Transmission::of(fetch, request.body.as_ref());
    let has_body = request.body.is_some();
    let mut body = request.body.take();
    let mut is_transmitted = false;
    let mut resends = 0;
    loop {
        // 7. A WebSocket's connection is its own. SKIPS: WebTransport connections wait for their mode.
        let obtained =
            fetch.unless_canceled(fetch.user_agent.network.obtain_a_connection(ask.clone())).await?;
        // 8.1. No connection.
        let connection = obtained.map_err(NetworkError::new)?;
        // 8.2. Its times, as far as they are this fetch's.
        {
            let mut timing = fetch.timing();
            let clamped = connection
                .timing_info()
                .clamp_and_coarsen(timing.post_redirect_start_time, fetch.cross_origin_isolated_capability);
            timing.final_connection_timing_info = Some(clamped);
        }
        // 8.3. A stream needs HTTP/2.
        request.body = body;
        fetch.judge(may_send_body(request, connection.protocol()))?;
        body = request.body.take();
        // 8.4.
        let now = fetch.coarsened_now();
        fetch.timing().final_network_request_start_time = now;
        // 8.5. The request goes out. SKIPS: a dialog for a TLS client certificate; ours are settings of the transport.
        if let (Some(transmission), false) = (&transmission, is_transmitted) {
            transmission.transmit(&mut body);
            is_transmitted = true;
        }
        let sent = WireRequest {
            method: request.method.clone(),
            url: request.current_url().clone(),
            header_list: header_list.clone(),
            body: body.take(),
            on_interim: wants_interims(fetch).then(|| hear_interims(fetch)),
            trace: fetch.trace.clone(),
        };
        // 9. Dropping the exchange resets an HTTP/2 stream.
        let failed = match fetch.unless_canceled(connection.exchange(sent)).await? {
            Ok(head) => return Ok(head),
            Err(failed) => failed,
        };
        // A body that failed has ended the fetch for its own reason already.
        fetch.check_canceled()?;
        // The pool cannot know that a connection is about to be closed by the other side: try another one, at last a new one.
        if !failed.resend_is_safe || resends == RESENDS {
            return Err(NetworkError::new(failed.fault));
        }
        resends += 1;
        ask.new |= resends == RESENDS;
        if has_body {
            body = failed.unread_body;
            if body.is_none() {
                // What was read of it is gone, unless its source can make it again.
                let source = fetch.request.body.as_ref().map(|body| &body.source);
                body = source.and_then(safely_extract_source);
                is_transmitted = false;
            }
            if body.is_none() {
                return Err(NetworkError::new(failed.fault));
            }
        }
    }
}

// NB: `Strict-Transport-Security` counts over secure transport alone, and only the first such header
// (https://www.rfc-editor.org/rfc/rfc6797#section-8.1); the Standard leaves the noting to it.
async fn note_hsts(
    fetch: &FetchParams,
    request: &Request,
    internal: &InternalResponse,
) -> Result<(), NetworkError> {
    if let (Some(hsts), "https") = (&fetch.user_agent.hsts, request.current_url().scheme())
        && let Some(header) = internal.header_list.first("Strict-Transport-Security")
    {
        let now = fetch.user_agent.clock.wall();
        let host = request.current_url().hostname();
        fetch.unless_canceled(hsts.note(host, header.value(), now)).await?;
    }
    Ok(())
}

/// Does anybody ask when interim responses came, or what they said?
fn wants_interims(fetch: &FetchParams) -> bool {
    let callbacks = &fetch.callbacks;
    callbacks.process_early_hints_response.is_some() || callbacks.process_response_end_of_body.is_some()
}

/// Step 8.5's loop over interim responses.
fn hear_interims(fetch: &FetchParams) -> Box<dyn FnMut(Interim) + Send> {
    let timing_info = fetch.timing_info.clone();
    let callbacks = fetch.callbacks.clone();
    let capability = fetch.cross_origin_isolated_capability;
    Box::new(move |interim| {
        let mut timing = timing_info.lock().unwrap_or_else(PoisonError::into_inner);
        if timing.first_interim_network_response_start_time.0 == 0 {
            timing.first_interim_network_response_start_time = interim.started_at.coarsen(capability);
        }
        drop(timing);
        if let (103, Some(process)) = (interim.status, &callbacks.process_early_hints_response) {
            process(interim);
        }
    })
}

/// Step 18: content codings, sizes, and the end that a cancellation brings.
fn response_body(
    fetch: &FetchParams,
    stream: Box<dyn ByteStream>,
    protocol: Protocol,
    internal: &mut InternalResponse,
) -> Result<Body, NetworkError> {
    let codings = match extract_header_list_values("Content-Encoding", &internal.header_list) {
        HeaderListValues::Values(values) => values,
        HeaderListValues::Null | HeaderListValues::Failure { .. } => Vec::new(),
    };
    internal.body_info.lock().unwrap_or_else(PoisonError::into_inner).content_encoding =
        filtered_coding(&codings);
    let codings =
        ContentCodings::new(&codings, fetch.user_agent.settings.codings).map_err(NetworkError::new)?;
    let framed = |name| internal.header_list.contains(name);
    let cut = match (protocol, fetch.request.owner) {
        (Protocol::Http2, _) => Cut::IsNoEnd,
        _ if framed("Content-Length") || framed("Transfer-Encoding") => Cut::IsNoEnd,
        (Protocol::Http1, true) => Cut::IsAnEndOfCodings,
        (Protocol::Http1, false) => Cut::IsAnEnd,
    };
    let decoded = Decoded::new(stream, codings, internal.body_info.clone()).when_cut(cut);
    let limit = fetch.user_agent.settings.max_body_size;
    Ok(Body::from_stream(NetworkBody::new(Box::new(decoded), fetch.controller.clone(), limit)))
}

/// Steps 18.1.1.1.3 to 18.1.1.1.6: what response body info tells of the codings.
fn filtered_coding(codings: &[Vec<u8>]) -> String {
    match codings {
        [] => String::new(),
        [coding] if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") => lowercase(coding),
        [coding] if ContentCodings::supports(coding) => lowercase(coding),
        [_] => "@unknown".to_owned(),
        _ => "multiple".to_owned(),
    }
}

fn lowercase(coding: &[u8]) -> String {
    coding.iter().map(|byte| byte.to_ascii_lowercase() as char).collect()
}
