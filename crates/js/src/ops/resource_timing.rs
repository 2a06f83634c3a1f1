//! [Resource Timing](https://w3c.github.io/resource-timing/): what a fetch reports at its end, for the prelude's entries.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rquickjs::{Array, Ctx, IntoJs, Object, Result};
use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::infrastructure::responses::CacheState;
use sofetch::core::infrastructure::server_timing::parse_a_server_timing_header_field;
use sofetch::core::infrastructure::timing::Timestamp;
use sofetch::engine::{Callbacks, ReportedTiming};

use crate::handles::Handle;
use crate::host::Host;
use crate::ops::set;
use crate::values::{isomorphic_decode, new_list, new_record};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, timing_members, timing_server, timing_take, timing_wait);
    Ok(())
}

/// What was reported while no script looked at the timeline, which most scripts never do: entries are made of it for who does.
///
/// What the prelude does with the timeline begins by taking all of it, and ends by saying whether, and how much, may wait here again.
pub(crate) struct Unseen {
    /// For the primary buffer.
    found_room: Vec<Report>,
    /// How many more find room there; `None`: the prelude is told of each at once.
    room: Option<usize>,
    /// For the secondary buffer, as the task that empties it is still to come.
    found_none: Vec<Report>,
    /// The [resource timing buffer full event pending flag](https://w3c.github.io/resource-timing/#dfn-resource-timing-buffer-full-event-pending-flag).
    full_event_pending: bool,
    /// How many that task dropped.
    dropped: usize,
}

/// <https://w3c.github.io/resource-timing/#dfn-resource-timing-buffer-size-limit>, as long as script has set no other.
///
/// NB: no more than twice as many wait here, whatever it sets and for both buffers: entries are in the limit of memory, and what waits is not.
const LIMIT: usize = 250;

impl Default for Unseen {
    fn default() -> Unseen {
        Unseen {
            found_room: Vec::new(),
            room: Some(LIMIT),
            found_none: Vec::new(),
            full_event_pending: false,
            dropped: 0,
        }
    }
}

/// A report, on its way to the global.
pub(crate) struct Report {
    timing: ReportedTiming,
    lead: i128,
    url: String,
    initiator_type: &'static str,
}

impl Report {
    /// [Marks resource timing](https://w3c.github.io/resource-timing/#dfn-mark-resource-timing), as
    /// [adding an entry](https://w3c.github.io/resource-timing/#dfn-add-a-PerformanceResourceTiming-entry) has it: calls the hook
    /// `markResourceTiming` with what it is made of, unless it waits here.
    fn mark(self, ctx: &Ctx<'_>) -> Result<()> {
        let host = Host::of(ctx);
        let mut unseen = host.unseen_timings.borrow_mut();
        let may_wait = unseen.found_room.len() + unseen.found_none.len() < 2 * LIMIT;
        let Some(room) = unseen.room.filter(|_| may_wait) else {
            drop(unseen);
            let (reported, url, initiator_type, start, end) = self.parts();
            return host.hook(ctx, "markResourceTiming")?.call((reported, url, initiator_type, start, end));
        };
        if room > 0 && !unseen.full_event_pending {
            unseen.room = Some(room - 1);
            unseen.found_room.push(self);
            return Ok(());
        }
        unseen.found_none.push(self);
        if !unseen.full_event_pending {
            unseen.full_event_pending = true;
            host.queue.queue(empty_secondary_buffer);
        }
        Ok(())
    }

    /// What the prelude makes an entry of: what was reported, the URL, the initiator type, when it started and when it ended.
    fn parts(self) -> (Handle, String, &'static str, f64, f64) {
        let Report { timing, lead, url, initiator_type } = self;
        let start = of_realm(timing.timing_info.start_time, lead);
        let end = of_realm(timing.timing_info.end_time, lead);
        (Handle::new(Reported { timing, lead }), url, initiator_type, start, end)
    }
}

/// [Fires a buffer full event](https://w3c.github.io/resource-timing/#dfn-fire-a-buffer-full-event). As long as no script has looked, nobody
/// listens and no room was made: what found none is dropped.
fn empty_secondary_buffer(ctx: &Ctx<'_>) -> Result<()> {
    let host = Host::of(ctx);
    let mut unseen = host.unseen_timings.borrow_mut();
    if !unseen.full_event_pending {
        drop(unseen);
        return host.hook(ctx, "fireBufferFullEvent")?.call(());
    }
    unseen.full_event_pending = false;
    unseen.dropped += unseen.found_none.len();
    unseen.found_none.clear();
    Ok(())
}

/// All that waits, which the prelude is told of at once from now on: `undefined` where nothing does, and else how many entries there was room
/// for, how many were dropped, whether the buffer full event is pending, and then of each entry, five at a time, what it is made of. Those
/// behind the ones that found room are for the secondary buffer.
fn timing_take<'js>(ctx: Ctx<'js>) -> Result<Option<Array<'js>>> {
    let host = Host::of(&ctx);
    let mut unseen = host.unseen_timings.borrow_mut();
    unseen.room = None;
    if unseen.found_room.is_empty() && unseen.dropped == 0 && !unseen.full_event_pending {
        return Ok(None);
    }
    let found_room = std::mem::take(&mut unseen.found_room);
    let found_none = std::mem::take(&mut unseen.found_none);
    let dropped = std::mem::take(&mut unseen.dropped);
    let full_event_pending = std::mem::take(&mut unseen.full_event_pending);
    drop(unseen);
    let list = new_list(&ctx)?;
    list.set(0, found_room.len())?;
    list.set(1, dropped)?;
    list.set(2, full_event_pending)?;
    for report in found_room.into_iter().chain(found_none) {
        let (reported, url, initiator_type, start, end) = report.parts();
        let at = list.len();
        list.set(at, reported)?;
        list.set(at + 1, url)?;
        list.set(at + 2, initiator_type)?;
        list.set(at + 3, start)?;
        list.set(at + 4, end)?;
    }
    Ok(Some(list))
}

/// What is reported from now on waits, as there is room for so many and nobody to be told.
fn timing_wait(ctx: Ctx<'_>, room: f64) {
    Host::of(&ctx).unseen_timings.borrow_mut().room = Some(room as usize);
}

/// <https://fetch.spec.whatwg.org/#finalize-and-report-timing>
///
/// Callbacks that report the timing of this request to the global, in a task.
pub(crate) fn callbacks(host: &Host, request: &CoreRequest) -> Callbacks {
    let queue = host.queue.clone();
    callbacks_to(host, request, move |report| queue.queue(move |ctx| report.mark(ctx)))
}

fn callbacks_to(
    host: &Host,
    request: &CoreRequest,
    take: impl Fn(Report) + Send + Sync + 'static,
) -> Callbacks {
    let lead = host.clock_lead();
    let url = request.url().href().to_owned();
    let initiator_type = request.initiator_type.map_or("other", |initiator_type| initiator_type.as_str());
    let report = move |timing: ReportedTiming| {
        if timing.is_to_be_marked {
            take(Report { timing, lead, url: url.clone(), initiator_type });
        }
    };
    Callbacks { process_response_end_of_body: Some(Box::new(report)), ..Callbacks::default() }
}

/// Reports to whoever waits for a fetch, so that its entry is there when script goes on.
#[derive(Clone, Default)]
pub(super) struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    /// As [`callbacks`], to here.
    pub(super) fn callbacks(&self, host: &Host, request: &CoreRequest) -> Callbacks {
        let reports = self.clone();
        callbacks_to(host, request, move |report| reports.lock().push(report))
    }

    /// Marks what has come.
    pub(super) fn mark(&self, ctx: &Ctx<'_>) -> Result<()> {
        let reports = std::mem::take(&mut *self.lock());
        reports.into_iter().try_for_each(|report| report.mark(ctx))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// [Converts a fetch timestamp](https://w3c.github.io/resource-timing/#dfn-convert-fetch-timestamp), which is coarse already: milliseconds
/// since the realm's time origin.
fn of_realm(timestamp: Timestamp, lead: i128) -> f64 {
    // 1.
    if timestamp.0 == 0 {
        return 0.0;
    }
    // 2. NB: in whole steps of 5 microseconds, so that equal moments are equal numbers, as the prelude makes them.
    let steps = (i128::from(timestamp.0) - lead).div_euclid(5_000);
    steps as f64 / 200.0
}

struct Reported {
    timing: ReportedTiming,
    lead: i128,
}

/// All that a `PerformanceResourceTiming`'s getters show but its start and end, by their names.
fn timing_members<'js>(ctx: Ctx<'js>, reported: Handle) -> Result<Object<'js>> {
    let reported = reported.get::<Reported>(&ctx)?;
    let Reported { timing, lead } = &*reported;
    let info = &timing.timing_info;
    let connection = info.final_connection_timing_info.clone().unwrap_or_default();
    let worker = info.service_worker_timing_info.clone().unwrap_or_default();
    let members = new_record(&ctx)?;
    for (name, moment) in [
        ("workerStart", info.final_service_worker_start_time),
        ("redirectStart", info.redirect_start_time),
        ("redirectEnd", info.redirect_end_time),
        ("fetchStart", info.post_redirect_start_time),
        ("domainLookupStart", connection.domain_lookup_start_time),
        ("domainLookupEnd", connection.domain_lookup_end_time),
        ("connectStart", connection.connection_start_time),
        ("connectEnd", connection.connection_end_time),
        ("secureConnectionStart", connection.secure_connection_start_time),
        ("requestStart", info.final_network_request_start_time),
        ("finalResponseHeadersStart", info.final_network_response_start_time),
        ("firstInterimResponseStart", info.first_interim_network_response_start_time),
        ("workerRouterEvaluationStart", worker.worker_router_evaluation_start),
        ("workerCacheLookupStart", worker.worker_cache_lookup_start),
    ] {
        members.set(name, of_realm(moment, *lead))?;
    }
    members.set("workerMatchedRouterSource", worker.worker_matched_router_source)?;
    members.set("workerFinalRouterSource", worker.worker_final_router_source)?;
    members.set("nextHopProtocol", isomorphic_decode(&connection.alpn_negotiated_protocol))?;
    members.set(
        "cacheMode",
        match timing.cache_state {
            CacheState::Empty => "",
            CacheState::Local => "local",
            CacheState::Validated => "validated",
        },
    )?;
    members.set("isAllowed", timing.timing_allow_passed)?;
    members.set("encodedBodySize", timing.body_info.encoded_size as f64)?;
    members.set("decodedBodySize", timing.body_info.decoded_size as f64)?;
    members.set("contentType", &*timing.body_info.content_type)?;
    members.set("contentEncoding", &*timing.body_info.content_encoding)?;
    members.set("responseStatus", timing.response_status)?;
    members.set("renderBlockingStatus", if info.render_blocking { "blocking" } else { "non-blocking" })?;
    Ok(members)
}

/// What the server said of itself: of each metric its name, its duration and its description, one after the other.
fn timing_server<'js>(ctx: Ctx<'js>, reported: Handle) -> Result<Array<'js>> {
    let reported = reported.get::<Reported>(&ctx)?;
    let list = new_list(&ctx)?;
    let headers = &reported.timing.timing_info.server_timing_headers;
    for metric in headers.iter().filter_map(|field| parse_a_server_timing_header_field(field)) {
        let at = list.len();
        list.set(at, metric.name)?;
        list.set(at + 1, metric.duration.into_js(&ctx)?)?;
        list.set(at + 2, metric.description)?;
    }
    Ok(list)
}
