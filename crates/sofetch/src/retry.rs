//! Retries, opt-in: idempotent requests whose body can be sent again, within a budget, minding `Retry-After`.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use sofetch_core::infrastructure::body_extraction::safely_extract_source;
use sofetch_core::infrastructure::requests::Request as CoreRequest;
use sofetch_core::rulings::{Fetched, NetworkError, Reason};
use sofetch_core::trace::{Purpose, Trace};
use sofetch_core::wire_faults::WireFault;

use crate::agent::{Engine, UserAgent};
use crate::fetch::{Ends, attempt, timed_out};

/// When to try again. The Standard knows no retries: a page's script never sees one.
///
/// Tried again are GET, HEAD, OPTIONS, TRACE, PUT and DELETE (or [all methods](RetryMethods::All)) whose body (if any) can be
/// made again, after a failure of the network before the response's head, or after 429, 502, 503 or 504. The waits double from 100 ms up to
/// `longest_wait`; a `Retry-After`, in seconds or as a date, counts instead if it is not longer than that.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How many times a request is tried again.
    pub retries: u32,
    /// The longest single wait.
    pub longest_wait: Duration,
    /// How many retries the agent may spend per request it makes, on average: 0.2 is one in five. It keeps a fleet
    /// of clients from finishing off a server that is down. [`f64::INFINITY`] is no budget.
    pub budget: f64,
    /// Which requests are tried again.
    pub methods: RetryMethods,
}

/// Which requests may be sent more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryMethods {
    /// Those that do the same when they come twice: [idempotent ones](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2).
    #[default]
    Idempotent,
    /// All: the server may then have done a thing twice.
    All,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            retries: 2,
            longest_wait: Duration::from_secs(10),
            budget: 0.2,
            methods: RetryMethods::Idempotent,
        }
    }
}

/// What is left of the budget: every request deposits, every retry withdraws one.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<f64>);

impl Budget {
    /// NB: a few retries are there from the start, or a first failure could never be retried.
    pub(crate) fn new() -> Budget {
        Budget(Mutex::new(10.0))
    }

    fn deposit(&self, amount: f64) {
        let mut left = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *left = if amount.is_finite() { (*left + amount).min(100.0) } else { amount };
    }

    fn withdraw(&self) -> bool {
        let mut left = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

pub(crate) async fn fetch_with_retries(
    agent: &UserAgent,
    engine: &Engine,
    request: Box<CoreRequest>,
    ends: &mut Ends,
    trace: Trace,
) -> Fetched {
    let Some(retry) = agent.retry() else { return attempt(engine, request, ends, trace).await };
    let budget = agent.retry_budget();
    budget.deposit(retry.budget);
    let wanted = retry.methods == RetryMethods::All || request.method.is_idempotent();
    let replayable = wanted && request.body.as_ref().is_none_or(|body| !body.source.is_null());
    let mut spare = replayable.then(|| spare_of(&request));
    let mut fetched = attempt(engine, request, ends, trace.clone()).await;
    for number in 0..retry.retries {
        let (Some(again), Some(wait)) =
            (spare.take(), wait_before_retry(&fetched, number, retry, SystemTime::now()))
        else {
            break;
        };
        if !budget.withdraw() {
            break;
        }
        if ends.time_left().is_some_and(|left| left < wait) {
            return match fetched {
                Ok(response) => Ok(response),
                Err(_) => Err(timed_out()),
            };
        }
        // An answer that is not taken must not hold its connection while we wait.
        drop(fetched);
        if let Some(reason) = ends.unless_aborted(engine.timers.sleep(wait)).await {
            return Err(NetworkError::new(reason));
        }
        spare = Some(spare_of(&again));
        fetched = attempt(engine, again, ends, trace.child(Purpose::Retry)).await;
    }
    fetched
}

fn spare_of(request: &CoreRequest) -> Box<CoreRequest> {
    let mut spare = request.clone_without_body();
    spare.body = request.body.as_ref().and_then(|body| safely_extract_source(&body.source));
    Box::new(spare)
}

/// `None` where the outcome stands.
fn wait_before_retry(fetched: &Fetched, number: u32, retry: &Retry, now: SystemTime) -> Option<Duration> {
    let doubled = Duration::from_millis(100).saturating_mul(1 << number.min(16)).min(retry.longest_wait);
    match fetched {
        Ok(response) if matches!(response.internal().status, 429 | 502 | 503 | 504) => {
            match response.internal().header_list.get("Retry-After") {
                None => Some(doubled),
                Some(value) => {
                    let said = std::str::from_utf8(&value).ok()?.trim();
                    let told = match said.parse() {
                        Ok(seconds) => Duration::from_secs(seconds),
                        // A moment that is past is now.
                        Err(_) => {
                            httpdate::parse_http_date(said).ok()?.duration_since(now).unwrap_or_default()
                        }
                    };
                    (told <= retry.longest_wait).then_some(told)
                }
            }
        }
        Ok(_) => None,
        Err(error) => match error.reason() {
            Reason::Wire(
                WireFault::Resolve { .. }
                | WireFault::Connect { .. }
                | WireFault::UnixSocket { .. }
                | WireFault::Closed { .. }
                | WireFault::TimedOut { .. },
            ) => Some(doubled),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sofetch_core::infrastructure::responses::{InternalResponse, Response};

    fn answered(status: u16, retry_after: Option<&'static str>) -> Fetched {
        let mut internal = InternalResponse { status, ..InternalResponse::default() };
        if let Some(value) = retry_after {
            internal.header_list.append("Retry-After", value);
        }
        Ok(Response::new(internal))
    }

    #[test]
    fn waits_table() {
        let retry = Retry { retries: 9, longest_wait: Duration::from_secs(2), ..Retry::default() };
        let millis = |millis| Some(Duration::from_millis(millis));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        for (row, fetched, number, wait) in [
            ("200 stands", answered(200, None), 0, None),
            ("404 stands", answered(404, None), 0, None),
            ("503 is tried again", answered(503, None), 0, millis(100)),
            ("the waits double", answered(503, None), 3, millis(800)),
            ("up to the longest", answered(503, None), 60, millis(2000)),
            ("Retry-After counts", answered(429, Some("1")), 0, millis(1000)),
            ("unless it is too long", answered(429, Some("3600")), 0, None),
            ("a date counts", answered(503, Some("Thu, 01 Jan 1970 00:00:11 GMT")), 0, millis(1000)),
            ("one that is past is now", answered(503, Some("Thu, 01 Jan 1970 00:00:01 GMT")), 0, millis(0)),
            ("unless it is far", answered(503, Some("Fri, 20 Nov 2026 10:00:00 GMT")), 0, None),
            ("what is neither stands", answered(503, Some("soon")), 0, None),
        ] {
            assert_eq!(wait_before_retry(&fetched, number, &retry, now), wait, "{row}");
        }
    }

    #[test]
    fn a_budget_is_spent_and_earned() {
        let budget = Budget::new();
        assert_eq!(std::iter::repeat_with(|| budget.withdraw()).take_while(|&granted| granted).count(), 10);
        (0..5).for_each(|_| budget.deposit(0.25));
        assert!(budget.withdraw());
        assert!(!budget.withdraw());
        budget.deposit(f64::INFINITY);
        assert!((0..1_000).all(|_| budget.withdraw()), "no budget is never spent");
    }
}
