//! [Fetch response handover](https://fetch.spec.whatwg.org/#fetch-finale): the response goes to the caller; its body tells when it ends, and timing is reported.

use std::sync::{Arc, Mutex, PoisonError};

use sofetch_core::infrastructure::bodies::BodyError;
use sofetch_core::infrastructure::header_values::get_decode_and_split;
use sofetch_core::infrastructure::mime_types::{self, MimeType};
use sofetch_core::infrastructure::requests::{Mode, RedirectTaint, Request};
use sofetch_core::infrastructure::responses::{CacheState, Response};
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::timing::{FetchTimingInfo, ResponseBodyInfo};
use sofetch_core::ports::Clock;
use sofetch_core::rules::response_filtering::shown_header_list;
use sofetch_core::rulings::Fetched;
use sofetch_core::trace::{Algorithm, Event, Outcome, Trace};

use crate::body_reading::{NotifiedBody, network_error_of};
use crate::fetch_groups::Membership;
use crate::fetch_params::{Callbacks, FetchParams, ReportedTiming};

/// <https://fetch.spec.whatwg.org/#fetch-finale>
pub(crate) fn fetch_response_handover(fetch: &mut FetchParams, fetched: Fetched) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::FetchResponseHandover);
    // 1, 2. Server-Timing, for secure contexts; what may be seen of it the TAO check says.
    if let (Ok(response), Some(client)) = (&fetched, &fetch.request.client)
        && client.is_secure_context()
    {
        let headers = get_decode_and_split("Server-Timing", &response.internal().header_list);
        fetch.timing().server_timing_headers = headers.unwrap_or_default();
    }
    // SKIPS 3: full timing info is for documents.
    // 5 to 7. processResponse is the caller's await. NB: where there is no body, its end is told before.
    fetch.trace.emit(|| Event::Ended(outcome(&fetched)));
    let membership = fetch.membership.take();
    let mut response = match fetched {
        Ok(response) => response,
        Err(error) => {
            // 8. A network error has no body: its end is now, and its timing is opaque.
            drop(membership);
            report_network_error(fetch);
            return Err(error);
        }
    };
    let wants_report = fetch.callbacks.process_response_end_of_body.is_some();
    if membership.is_none() && !wants_report && !fetch.trace.is_on() {
        return Ok(response);
    }
    // 4. What happens at the end of the body.
    let end = EndOfBody {
        membership,
        reported: wants_report.then(|| Reported::of(fetch, &response)),
        callbacks: fetch.callbacks.clone(),
        timing_info: fetch.timing_info.clone(),
        clock: fetch.user_agent.clock.clone(),
        trace: fetch.trace.clone(),
        body_info: response.internal().body_info.clone(),
        cross_origin_isolated_capability: fetch.cross_origin_isolated_capability,
    };
    // 8, 9. Without a body it is now; a body carries it in an identity transform.
    match &mut response.internal_mut().body {
        None => end.run(0, None),
        Some(body) => {
            body.pipe_through(|stream| NotifiedBody::new(stream, move |passed, error| end.run(passed, error)))
        }
    }
    // SKIPS 10: processResponseConsumeBody is the caller's reading of the body.
    Ok(response)
}

/// processResponseEndOfBody, and what it needs. Dropped unrun, it still sets the done flag.
struct EndOfBody {
    membership: Option<Membership>,
    reported: Option<Reported>,
    callbacks: Arc<Callbacks>,
    timing_info: Arc<Mutex<FetchTimingInfo>>,
    clock: Arc<dyn Clock>,
    trace: Trace,
    body_info: Arc<Mutex<ResponseBodyInfo>>,
    cross_origin_isolated_capability: bool,
}

impl EndOfBody {
    fn run(self, passed: u64, error: Option<BodyError>) {
        let body_info = self.body_info.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let broke_off = error.is_some();
        self.trace.emit(|| Event::BodyEnded {
            encoded: body_info.encoded_size,
            // NB: what the reader got; what no network gave counts as well.
            decoded: passed,
            error: error.map(network_error_of),
        });
        // 4.3.1. The done flag. NB: also where the body broke off and the text leaves it unset, for nothing is in flight.
        drop(self.membership);
        let (Some(reported), Some(process), false) =
            (self.reported, &self.callbacks.process_response_end_of_body, broke_off)
        else {
            return;
        };
        // 4.2.2, 4.3.2.
        let mut timing_info = self.timing_info.lock().unwrap_or_else(PoisonError::into_inner).clone();
        timing_info.end_time = self.clock.now().coarsen(self.cross_origin_isolated_capability);
        process(reported.finish(timing_info, body_info));
    }
}

/// The report timing steps' values that are known when the response is handed over.
struct Reported {
    is_to_be_marked: bool,
    is_opaque: bool,
    cache_state: CacheState,
    response_status: Status,
    content_type: String,
    timing_allow_passed: bool,
}

impl Reported {
    fn of(fetch: &FetchParams, response: &Response) -> Reported {
        let internal = response.internal();
        let mut response_status = 0;
        let mut content_type = String::new();
        // 4.2.6, 4.2.7. A redirect across origins hides the status of a navigation.
        if fetch.request.mode != Mode::Navigate || internal.redirect_taint == RedirectTaint::SameOrigin {
            response_status = response.status();
            let shown = shown_header_list(response);
            if let Ok(mime_type) = mime_types::extract_a_mime_type(&shown) {
                content_type = mime_type.minimize(is_supported).to_owned();
            }
        }
        Reported {
            is_to_be_marked: is_to_be_marked(&fetch.request),
            is_opaque: response.is_opaque(),
            cache_state: internal.cache_state,
            response_status,
            content_type,
            timing_allow_passed: internal.timing_allow_passed,
        }
    }

    fn finish(self, timing_info: FetchTimingInfo, body_info: ResponseBodyInfo) -> ReportedTiming {
        // 4.2.3 to 4.2.5. Without the server's leave nothing but the start is told. What an opaque response weighs is
        // nobody's business: its body info is a new one.
        let body_info = if self.is_opaque { ResponseBodyInfo::default() } else { body_info };
        ReportedTiming {
            is_to_be_marked: self.is_to_be_marked,
            timing_info: if self.timing_allow_passed { timing_info } else { opaque(&timing_info) },
            cache_state: if self.timing_allow_passed { self.cache_state } else { CacheState::Empty },
            body_info: ResponseBodyInfo { content_type: self.content_type, ..body_info },
            response_status: self.response_status,
            timing_allow_passed: self.timing_allow_passed,
        }
    }
}

/// An opaque timing info with its end.
// DEPARTS: the text sets the end time first and loses it then. What Resource Timing says is always zero does not have it, and browsers
// tell it: https://w3c.github.io/resource-timing/#sec-cross-origin-intro
fn opaque(timing_info: &FetchTimingInfo) -> FetchTimingInfo {
    FetchTimingInfo { end_time: timing_info.end_time, ..timing_info.opaque() }
}

/// [Supported by the user agent](https://mimesniff.spec.whatwg.org/#supported-by-the-user-agent): nobody here shows anything, so that it is
/// what any browser shows: text, and what MIME sniffing knows by its first bytes.
fn is_supported(mime_type: &MimeType) -> bool {
    match mime_type.essence().split_once('/') {
        Some(("text", _)) => true,
        Some(("font", format)) => matches!(format, "otf" | "ttf" | "woff" | "woff2" | "collection"),
        Some(("image", format)) => {
            matches!(format, "avif" | "bmp" | "gif" | "jpeg" | "png" | "webp" | "x-icon")
        }
        Some(("audio", format)) => {
            matches!(
                format,
                "aac" | "aiff" | "basic" | "flac" | "midi" | "mp4" | "mpeg" | "ogg" | "wave" | "webm"
            )
        }
        Some(("video", format)) => matches!(format, "avi" | "mp4" | "ogg" | "webm"),
        Some(("application", format)) => matches!(format, "ogg" | "pdf" | "wasm"),
        _ => false,
    }
}

/// Steps 4.2.1 and 4.2.8.
fn is_to_be_marked(request: &Request) -> bool {
    request.url().has_http_scheme() && request.initiator_type.is_some()
}

fn report_network_error(fetch: &FetchParams) {
    if let Some(process) = &fetch.callbacks.process_response_end_of_body {
        let mut timing_info = fetch.timing().clone();
        timing_info.end_time = fetch.coarsened_now();
        process(ReportedTiming {
            is_to_be_marked: is_to_be_marked(&fetch.request),
            timing_info: opaque(&timing_info),
            body_info: ResponseBodyInfo::default(),
            cache_state: CacheState::Empty,
            response_status: 0,
            timing_allow_passed: false,
        });
    }
}

/// What the trace says of it.
pub(crate) fn outcome(fetched: &Fetched) -> Outcome {
    match fetched {
        Err(error) => Outcome::NetworkError(error.clone()),
        Ok(response) => Outcome::Response {
            response_type: response.response_type().as_str(),
            status: response.status(),
            internal_status: response.internal().status,
            header_list: response.internal().header_list.clone(),
            url: response.internal().url().cloned(),
        },
    }
}
