//! [fetchLater()](https://fetch.spec.whatwg.org/#dom-window-fetchlater): a request that is sent when its page ends, or after a time; refused at once, if it is.

use std::sync::Arc;
use std::time::Duration;

use sofetch_core::rules::deferred_fetching;
use sofetch_core::rules::verdict::Verdict;
use sofetch_core::rulings::{NetworkError, Ruling};
use sofetch_core::trace::{Algorithm, Event, Outcome};

use crate::deferred_fetching::{Deferred, DeferredFetchRecord, process_after, queue_a_deferred_fetch};
use crate::user_agent::{NO_CLIENT, UserAgent};

/// <https://fetch.spec.whatwg.org/#dom-window-fetchlater>
///
/// From step 7 on: the request object, its signal and the result are the face's.
///
/// # Errors
/// That it may not be deferred, and why; it is not sent then.
pub fn fetch_later(
    user_agent: &Arc<UserAgent>,
    deferred: Deferred,
    activate_after: Option<Duration>,
    is_fully_active: bool,
) -> Result<Arc<DeferredFetchRecord>, NetworkError> {
    let trace = deferred.trace.clone();
    let _room = trace.enter(Algorithm::FetchLater);
    let client_id = deferred.request.client.as_ref().map_or(NO_CLIENT, |client| &client.id);
    let group = user_agent.fetch_group_of(client_id);
    let (method, url) = (deferred.request.method.clone(), deferred.request.url().clone());
    // 7 to 13, and 15. NB: nobody is told anything meanwhile.
    let (verdict, record) = group.append_deferred(|waiting| {
        let verdict = deferred_fetching::fetch_later(&deferred.request, is_fully_active, waiting);
        let record = (!verdict.blocks()).then(|| queue_a_deferred_fetch(user_agent, &group, deferred));
        (verdict, record)
    });
    let ruling = Ruling::from(verdict);
    trace.emit(|| Event::Ruled(Box::new(ruling.clone())));
    let Some(record) = record else {
        let error = NetworkError::new(ruling);
        trace.emit(|| Event::Ended(Outcome::NetworkError(error.clone())));
        return Err(error);
    };
    trace.emit(|| Event::Deferred { method, url, activate_after });
    if let Some(after) = activate_after {
        process_after(user_agent, &record, after);
    }
    Ok(record)
}
