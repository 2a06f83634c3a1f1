//! [Delivery of reports](https://w3c.github.io/reporting/#report-delivery) to the endpoints that the page named in `Reporting-Endpoints`, and of
//! violations to the URLs of a `report-uri`, the older way. Nobody is told what became of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rquickjs::{Ctx, Result};
use serde_json::{Map, Value, json};
use sofetch::core::infrastructure::bodies::Body;
use sofetch::core::infrastructure::destinations::Destination;
use sofetch::core::infrastructure::methods::Method;
use sofetch::core::infrastructure::reports::{Endpoint, ReportValue};
use sofetch::core::infrastructure::requests::{
    CredentialsMode, Mode, RedirectMode, Request, ServiceWorkersMode, TraversableForUserPrompts,
};
use sofetch::core::ports::Report;
use sofetch::engine::Callbacks;
use sofetch::{Origin, Url};

use crate::event_loop::TaskQueue;
use crate::host::{Host, Plain, promise};
use crate::ops::unheard::Unheard;
use crate::values::isomorphic_decode;

/// So many failures in a row, and an endpoint is given up: <https://w3c.github.io/reporting/#gc>
const MOST_FAILURES: u32 = 5;

/// A global's [endpoints](https://w3c.github.io/reporting/#windoworworkerglobalscope-endpoints) and its
/// [reports](https://w3c.github.io/reporting/#windoworworkerglobalscope-reports) that are still to be sent.
pub(crate) struct Outbox(Mutex<State>);

struct State {
    /// Each with its failures.
    endpoints: Vec<(Endpoint, u32)>,
    reports: Vec<Queued>,
}

/// A report as it was generated.
struct Queued {
    report: Report,
    url: String,
    user_agent: String,
    timestamp: Instant,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Success,
    RemoveEndpoint,
    Failure,
}

impl Outbox {
    pub(crate) fn new(endpoints: Vec<Endpoint>) -> Outbox {
        let endpoints = endpoints.into_iter().map(|endpoint| (endpoint, 0)).collect();
        Outbox(Mutex::new(State { endpoints, reports: Vec::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last step of generating a report. All that the tasks which are there by now bring are sent together.
    pub(crate) fn append(self: &Arc<Self>, ctx: &Ctx<'_>, report: Report, url: String) {
        let host = Host::of(ctx);
        let mut state = self.lock();
        // NB: to send them would leave these out, and until then they would be in the way.
        if !state.endpoints.iter().any(|(endpoint, _)| endpoint.name == report.endpoint) {
            return;
        }
        let user_agent = host.agent.settings().user_agent.as_deref().map(isomorphic_decode);
        state.reports.push(Queued {
            report,
            url,
            user_agent: user_agent.unwrap_or_default(),
            timestamp: Instant::now(),
        });
        if state.reports.len() == 1 {
            let outbox = self.clone();
            host.queue.queue(move |ctx| outbox.send_reports(ctx));
        }
    }

    /// At the end of a worker: what is still to be sent is sent in the realm of its owner.
    pub(crate) fn leave_to(self: &Arc<Self>, queue: &TaskQueue) {
        if !self.lock().reports.is_empty() {
            let outbox = self.clone();
            queue.queue(move |ctx| outbox.send_reports(ctx));
        }
    }

    /// At the end of a realm that has no owner: what is still to be sent are its last words.
    pub(crate) fn send_the_rest(self: &Arc<Self>, host: &Host) {
        for attempt in self.attempts(host) {
            host.io.spawn(attempt);
        }
    }

    /// <https://w3c.github.io/reporting/#send-reports>
    fn send_reports(self: &Arc<Self>, ctx: &Ctx<'_>) -> Result<()> {
        for attempt in self.attempts(&Host::of(ctx)) {
            promise(ctx, async move {
                attempt.await;
                Ok(Plain::Undefined)
            })?;
        }
        Ok(())
    }

    /// The same, for who waits for them: one for each endpoint.
    fn attempts(self: &Arc<Self>, host: &Host) -> Vec<impl Future<Output = ()> + Send + use<>> {
        let mut attempts = Vec::new();
        let by_endpoint = self.lock().by_endpoint();
        for (endpoint, reports) in by_endpoint {
            // 3.2. NB: all reports here are one global's, and so of one URL.
            let Some(url) = reports.first().map(|queued| &queued.url) else { continue };
            let origin = Url::parse(url, None).map_or_else(|_| Origin::new_opaque(), |url| url.origin());
            // 3.3.
            let request = delivery_request(&endpoint, origin, serialize_reports(&reports, Instant::now()));
            let (unheard, outbox) = (Unheard::new(host), self.clone());
            attempts.push(async move {
                let delivery = attempt_to_deliver(unheard, request).await;
                outbox.lock().attempted(&endpoint, delivery);
            });
        }
        attempts
    }
}

impl State {
    /// Steps 1 and 2: takes all reports, and leaves out whom nobody is told of.
    fn by_endpoint(&mut self) -> Vec<(Endpoint, Vec<Queued>)> {
        let mut map: Vec<(Endpoint, Vec<Queued>)> =
            self.endpoints.iter().map(|(endpoint, _)| (endpoint.clone(), Vec::new())).collect();
        for queued in std::mem::take(&mut self.reports) {
            if let Some((_, reports)) =
                map.iter_mut().find(|(endpoint, _)| endpoint.name == queued.report.endpoint)
            {
                reports.push(queued);
            }
        }
        map
    }

    /// Steps 3.3.2 and 3.3.3.
    fn attempted(&mut self, endpoint: &Endpoint, delivery: Delivery) {
        let failures = self.endpoints.iter_mut().find(|(known, _)| known == endpoint).map(|(_, count)| count);
        let Some(failures) = failures else { return };
        match delivery {
            // What is counted are consecutive ones.
            Delivery::Success => *failures = 0,
            Delivery::Failure => *failures += 1,
            Delivery::RemoveEndpoint => *failures = u32::MAX,
        }
        self.endpoints.retain(|(_, failures)| *failures <= MOST_FAILURES);
    }
}

/// <https://w3c.github.io/reporting/#serialize-reports>
fn serialize_reports(reports: &[Queued], now: Instant) -> Vec<u8> {
    let collection: Vec<Value> = reports
        .iter()
        .map(|queued| {
            json!({
                "age": u64::try_from(now.saturating_duration_since(queued.timestamp).as_millis()).unwrap_or(u64::MAX),
                "type": queued.report.kind,
                "url": queued.url,
                "user_agent": queued.user_agent,
                "body": members(&queued.report.body),
            })
        })
        .collect();
    Value::from(collection).to_string().into_bytes()
}

fn members(body: &[(&'static str, ReportValue)]) -> Map<String, Value> {
    let value = |value: &ReportValue| match value {
        ReportValue::Null => Value::Null,
        ReportValue::Boolean(value) => (*value).into(),
        ReportValue::Number(value) => (*value).into(),
        ReportValue::Text(text) => text.as_str().into(),
    };
    body.iter().map(|(name, said)| ((*name).to_owned(), value(said))).collect()
}

/// Steps 1 and 2 of [attempting to deliver](https://w3c.github.io/reporting/#try-delivery).
fn delivery_request(endpoint: &Endpoint, origin: Origin, body: Vec<u8>) -> Request {
    let mut request = report_request(endpoint.url.clone(), "application/reports+json", body);
    request.origin = Some(origin);
    request.service_workers_mode = ServiceWorkersMode::None;
    request.mode = Mode::Cors;
    request.unsafe_request = true;
    request
}

/// What all requests for reports have.
fn report_request(url: Url, media_type: &str, body: Vec<u8>) -> Request {
    let mut request = Request::new(url);
    request.method = Method::new(b"POST").expect("it is one");
    request.header_list.append("Content-Type", media_type.as_bytes().to_vec());
    request.traversable_for_user_prompts = TraversableForUserPrompts::NoTraversable;
    request.destination = Destination::Report;
    request.credentials_mode = CredentialsMode::SameOrigin;
    request.body = Some(Body::from_bytes(body));
    request
}

/// Steps 4 to 8 of [attempting to deliver](https://w3c.github.io/reporting/#try-delivery).
async fn attempt_to_deliver(unheard: Unheard, request: Request) -> Delivery {
    match unheard.send(request, Callbacks::default()).await {
        // 6.
        Some(200..=299) => Delivery::Success,
        // 7.
        Some(410) => Delivery::RemoveEndpoint,
        // 8.
        _ => Delivery::Failure,
    }
}

/// <https://w3c.github.io/webappsec-csp/#report-violation>, steps 3.4.2.3 and 3.4.2.4: to one URL of a `report-uri`.
pub(super) fn send_csp_report(ctx: &Ctx<'_>, report: &Report) -> Result<()> {
    let host = Host::of(ctx);
    let Some(client) = host.page.as_ref().map(|page| page.client().clone()) else { return Ok(()) };
    // NB: core has parsed it already.
    let Ok(endpoint) = Url::parse(&report.endpoint, None) else { return Ok(()) };
    let body = json!({ "csp-report": members(&report.body) }).to_string().into_bytes();
    let mut request = report_request(endpoint, "application/csp-report", body);
    request.origin = Some(client.origin.clone());
    request.client = Some(client);
    request.keepalive = true;
    request.redirect_mode = RedirectMode::Error;
    let unheard = Unheard::new(&host);
    promise(ctx, async move {
        unheard.send(request, Callbacks::default()).await;
        Ok(Plain::Undefined)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn endpoint(name: &str) -> Endpoint {
        Endpoint { name: name.to_owned(), url: Url::parse("https://a.test/", None).expect("a URL") }
    }

    fn state(names: &[&str]) -> State {
        State { endpoints: names.iter().map(|name| (endpoint(name), 0)).collect(), reports: Vec::new() }
    }

    fn queued(endpoint: &str, timestamp: Instant) -> Queued {
        let body = vec![("b", ReportValue::Null), ("a", ReportValue::Number(5)), ("c", "x".into())];
        Queued {
            report: Report { kind: "csp-violation", endpoint: endpoint.to_owned(), body },
            url: "https://a.test/".to_owned(),
            user_agent: "agent".to_owned(),
            timestamp,
        }
    }

    #[test]
    fn reports_go_to_whom_they_name() {
        let mut state = state(&["a", "b"]);
        let now = Instant::now();
        state.reports.extend(["b", "nobody", "a", "b"].map(|name| queued(name, now)));
        let counts: Vec<_> =
            state.by_endpoint().iter().map(|(to, reports)| (to.name.clone(), reports.len())).collect();
        assert_eq!(counts, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert!(state.reports.is_empty());
    }

    #[test]
    fn who_is_gone_or_fails_too_often_is_told_no_more() {
        use Delivery::{Failure, RemoveEndpoint, Success};
        for (row, deliveries, is_left) in [
            ("gone", &[RemoveEndpoint][..], false),
            ("five failures", &[Failure; 5], true),
            ("six", &[Failure; 6], false),
            ("not in a row", &[Failure, Failure, Failure, Success, Failure, Failure, Failure], true),
        ] {
            let mut state = state(&["a", "b"]);
            deliveries.iter().for_each(|delivery| state.attempted(&endpoint("a"), *delivery));
            assert_eq!(state.endpoints.len(), if is_left { 2 } else { 1 }, "{row}");
        }
    }

    #[test]
    fn reports_are_json() {
        let now = Instant::now();
        let bytes = serialize_reports(&[queued("a", now)], now + Duration::from_millis(7));
        let said: Value = serde_json::from_slice(&bytes).expect("JSON");
        let expected = json!([{
            "age": 7, "type": "csp-violation", "url": "https://a.test/", "user_agent": "agent",
            "body": { "a": 5, "b": null, "c": "x" },
        }]);
        assert_eq!(said, expected);
    }
}
