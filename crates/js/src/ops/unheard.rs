//! Requests of whose answers no script hears: reports and beacons. The loop lives until each has its answer, but not for ever: whoever says
//! nothing is given up. Where the runtime ends before that, they are its last words.

use std::pin::pin;
use std::time::Duration;

use sofetch::core::infrastructure::requests::Request;
use sofetch::engine::{Callbacks, FetchController};
use sofetch::{AbortReason, UserAgent};
use tokio::sync::watch;

use crate::host::Host;
use crate::ops::reading_ahead::read_unseen;

/// Who sends one.
pub(super) struct Unheard {
    agent: UserAgent,
    limit: Duration,
    _last_words: watch::Receiver<bool>,
}

impl Unheard {
    pub(super) fn new(host: &Host) -> Unheard {
        let (agent, limit) = (host.agent.clone(), host.limits.reports());
        Unheard { agent, limit, _last_words: host.last_words.subscribe() }
    }

    /// The status of the answer, whose body nobody reads; `None` where there is none in time.
    pub(super) async fn send(self, request: Request, callbacks: Callbacks) -> Option<u16> {
        let controller = FetchController::new();
        let mut fetching = pin!(self.agent.fetch_core(Box::new(request), callbacks, controller.clone()));
        let fetched = tokio::select! {
            fetched = &mut fetching => fetched,
            () = tokio::time::sleep(self.limit) => {
                controller.abort(AbortReason::TimeoutError);
                fetching.await
            }
        };
        let mut response = fetched.ok()?.ok()?;
        let internal = response.internal_mut();
        if let Some(body) = internal.body.take() {
            read_unseen(body);
        }
        Some(internal.status)
    }
}
