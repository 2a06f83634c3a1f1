//! [HTTP-network fetch](https://fetch.spec.whatwg.org/#concept-http-network-fetch): obtain a connection, send, hear interim responses, receive; the body stays with the socket until it is pulled.

use sofetch_core::infrastructure::bodies::{Body, ByteStream};
use sofetch_core::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::infrastructure::responses::{InternalResponse, Response};
use sofetch_core::ports::{ConnectionRequest, Interim, WireRequest};
use sofetch_core::rules::network_gate::{is_offline, may_send_body};
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::Algorithm;
use sofetch_core::wire_faults::PeerMisbehaved;

use crate::body_reading::{NetworkBody, transmit_request_body};
use crate::content_codings::{ContentCodings, Decoded};
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
    // 5 to 7. The connection. SKIPS 7: WebSocket and WebTransport connections wait for their modes.
    let ask = ConnectionRequest {
        key: request.network_partition_key(),
        url: request.current_url().clone(),
        credentials: include_credentials,
        new: force_new_connection,
        page: !request.owner,
        trace: fetch.trace.clone(),
    };
    let network = fetch.user_agent.network.clone();
    let mut body = request.body.take();
    let mut resends = 0;
    let head = loop {
        let obtained = fetch.unless_canceled(network.obtain_a_connection(ask.clone())).await?;
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
        // 8.5. The request goes out.
        let sent = WireRequest {
            method: request.method.clone(),
            url: request.current_url().clone(),
            header_list: request.header_list.clone(),
            body: transmitted(fetch, body.take()),
            on_interim: wants_interims(fetch).then(|| hear_interims(fetch)),
            trace: fetch.trace.clone(),
        };
        match fetch.unless_canceled(connection.exchange(sent)).await? {
            Ok(head) => break head,
            // The pool cannot know that a connection is about to be closed by the other side: try another one.
            Err(failed) if failed.resend_is_safe && resends < RESENDS => {
                resends += 1;
                body = failed.unread_body;
            }
            Err(failed) => {
                // A body of the script's that failed has ended the fetch by its own reason already.
                fetch.check_canceled()?;
                return Err(NetworkError::new(failed.fault));
            }
        }
    };
    {
        let mut timing = fetch.timing();
        timing.final_network_response_start_time =
            head.started_at.coarsen(fetch.cross_origin_isolated_capability);
    }
    let mut internal = InternalResponse {
        status: head.status,
        status_message: head.status_message,
        header_list: head.header_list,
        ..InternalResponse::default()
    };
    // 9 to 13. The body: pulled, decoded, canceled with the fetch. NB: pulling is the back-pressure; there is no buffer
    // of ours, so no suspending.
    if let Some(stream) = head.body {
        internal.body = Some(response_body(fetch, stream, &mut internal)?);
    }
    // 15. Set-Cookie.
    if include_credentials && let Some(cookies) = fetch.user_agent.cookies.clone() {
        let now = fetch.user_agent.clock.wall();
        fetch.unless_canceled(cookies.store_set_cookie(request, &internal.header_list, now)).await?;
    }
    // NB: Strict-Transport-Security counts over secure transport only (RFC 6797, 8.1); the Standard leaves the noting to it.
    if let (Some(hsts), "https") = (fetch.user_agent.hsts.clone(), request.current_url().scheme())
        && let Some(header) = internal.header_list.first("Strict-Transport-Security")
    {
        let host = request.current_url().hostname();
        hsts.note(host, header.value(), fetch.user_agent.clock.wall()).await;
    }
    // 17.
    Ok(Response::new(internal))
}

/// Step 8.5's last part: the body with its two algorithms; without a body its end is now.
fn transmitted(fetch: &FetchParams, body: Option<Body>) -> Option<Body> {
    match body {
        None => {
            if let Some(process) = &fetch.callbacks.process_request_end_of_body {
                process(());
            }
            None
        }
        Some(body) => {
            let (callbacks, controller) = (fetch.callbacks.clone(), fetch.controller.clone());
            Some(transmit_request_body(body, callbacks, controller, fetch.trace.clone()))
        }
    }
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
        let mut timing = timing_info.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if timing.first_interim_network_response_start_time.0 == 0 {
            timing.first_interim_network_response_start_time = interim.started_at.coarsen(capability);
        }
        drop(timing);
        if let (103, Some(process)) = (interim.status, &callbacks.process_early_hints_response) {
            process(interim);
        }
    })
}

/// Step 16: content codings, sizes, and the end that a cancellation brings.
fn response_body(
    fetch: &FetchParams,
    stream: Box<dyn ByteStream>,
    internal: &mut InternalResponse,
) -> Result<Body, NetworkError> {
    let extracted = extract_header_list_values("Content-Encoding", &internal.header_list);
    let codings: Vec<String> = match extracted {
        HeaderListValues::Values(values) => {
            values.iter().map(|value| value.iter().map(|&byte| byte as char).collect()).collect()
        }
        HeaderListValues::Null | HeaderListValues::Failure { .. } => Vec::new(),
    };
    let filtered = filtered_coding(&codings);
    internal.body_info.lock().unwrap_or_else(std::sync::PoisonError::into_inner).content_encoding = filtered;
    let codings = ContentCodings::new(&codings, fetch.user_agent.settings.codings)
        .map_err(|misbehaved: PeerMisbehaved| NetworkError::new(misbehaved))?;
    let decoded = Decoded::new(stream, codings, internal.body_info.clone());
    let limit = fetch.user_agent.settings.max_body_size;
    Ok(Body::from_stream(NetworkBody::new(Box::new(decoded), fetch.controller.clone(), limit)))
}

/// What response body info tells of the codings.
fn filtered_coding(codings: &[String]) -> String {
    match codings {
        [] => String::new(),
        [one] => {
            let lower = one.to_ascii_lowercase();
            match &*lower {
                "" | "gzip" | "x-gzip" | "deflate" | "br" | "zstd" | "identity" => lower,
                _ => "@unknown".to_owned(),
            }
        }
        _ => "multiple".to_owned(),
    }
}
