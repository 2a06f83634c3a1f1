//! The door for other faces: a request of the engine's own goes in, its answer comes out, and nothing is made of either.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sofetch_core::infrastructure::requests::Request as CoreRequest;
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::Trace;

pub use sofetch_fetching::deferred_fetching::{Deferred, DeferredFetchRecord, InvokeState};
use sofetch_fetching::establish_a_web_socket_connection::establish_a_web_socket_connection;
pub use sofetch_fetching::establish_a_web_socket_connection::{ClientsLife, Established};
use sofetch_fetching::fetch_later::fetch_later;
pub use sofetch_fetching::fetch_params::{Callbacks, FetchController, Process, ReportedTiming};

use sofetch_fetching::user_agent::NO_CLIENT;

use crate::agent::UserAgent;
use crate::error::Error;
use crate::fetch::fetch_core;
pub use crate::fetch_later::UnderWay;
pub use crate::headers::is_framing_name;
use crate::page::Page;

impl UserAgent {
    /// <https://fetch.spec.whatwg.org/#concept-fetch>: for a face with objects of its own, such as a script engine's. The
    /// request says on whose behalf (its client); aborting and terminating are the controller's, and that of the agent's
    /// limit on each fetch.
    ///
    /// # Errors
    /// Where there is no engine to fetch with: its settings cannot be used, or no thread could be started. What becomes of
    /// the fetch itself is the inner result.
    pub async fn fetch_core(
        &self,
        request: Box<CoreRequest>,
        callbacks: Callbacks,
        controller: Arc<FetchController>,
    ) -> Result<Fetched, Error> {
        let engine = self.engine()?;
        let trace = self.trace();
        Ok(fetch_core(engine, request, callbacks, controller, trace).await)
    }

    /// <https://fetch.spec.whatwg.org/#dom-window-fetchlater>, from step 7 on: for a face with objects of its own. Whose page it is the request says
    /// (its client, or the user); whether that was left already the caller.
    ///
    /// # Errors
    /// As [`UserAgent::fetch_core`]; that the request may not wait is the inner result.
    pub fn fetch_later_core(
        &self,
        mut deferred: Deferred,
        activate_after: Option<Duration>,
        is_fully_active: bool,
    ) -> Result<Result<Arc<DeferredFetchRecord>, NetworkError>, Error> {
        let engine = self.engine()?;
        deferred.time_limit = deferred.time_limit.or(engine.timeout);
        Ok(fetch_later(&engine.user_agent, deferred, activate_after, is_fully_active))
    }

    /// [Leaves](Page::close) this page, or the user's own. What was deferred is under way then.
    pub fn leave(&self, page: Option<&Page>) -> UnderWay {
        match page {
            Some(page) => page.leave(),
            None => self.terminate(NO_CLIENT),
        }
    }

    /// Sends what this page deferred, or the user's own, and ends nothing.
    pub fn send_deferred(&self, page: Option<&Page>) -> UnderWay {
        self.forget(page.map_or(NO_CLIENT, |page| &page.client().id))
    }

    /// A trace for the observer that it was told of, if any.
    pub fn trace(&self) -> Trace {
        self.observer().map_or_else(Trace::off, Trace::new)
    }

    /// <https://websockets.spec.whatwg.org/#concept-websocket-establish>: for a face with objects of its own. The request has a URL of scheme "http" or
    /// "https", and its client or owner; the controller fails the connection until it is established, and the client's end
    /// cancels it then.
    ///
    /// # Errors
    /// As [`UserAgent::fetch_core`]; what becomes of the handshake is the inner result.
    pub async fn web_socket_core(
        &self,
        request: Box<CoreRequest>,
        protocols: &[String],
        controller: Arc<FetchController>,
    ) -> Result<Result<Established, NetworkError>, Error> {
        let agent = self.engine()?.user_agent.clone();
        let trace = self.trace();
        Ok(establish_a_web_socket_connection(agent, request, protocols, controller, trace).await)
    }

    /// The moment that its clock counts from: the timestamps in what a fetch
    /// [reports](Callbacks::process_response_end_of_body) are nanoseconds since then.
    ///
    /// # Errors
    /// As [`UserAgent::fetch_core`].
    pub fn time_origin(&self) -> Result<Instant, Error> {
        Ok(self.engine()?.time_origin)
    }

    /// Fills with random bytes of the agent's source.
    ///
    /// # Errors
    /// As [`UserAgent::fetch_core`].
    pub fn fill_random(&self, bytes: &mut [u8]) -> Result<(), Error> {
        self.engine()?.user_agent.random.fill(bytes);
        Ok(())
    }
}
