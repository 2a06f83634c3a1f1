//! The door for other faces: a request of the engine's own goes in, its answer comes out, and nothing is made of either.

use std::sync::Arc;

use sofetch_core::infrastructure::requests::Request as CoreRequest;
use sofetch_core::rulings::Fetched;
use sofetch_core::trace::Trace;

pub use sofetch_fetching::fetch_params::{Callbacks, FetchController, Process};

use crate::agent::UserAgent;
use crate::error::Error;
use crate::fetch::fetch_core;
pub use crate::headers::is_framing_name;

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
        let trace = self.observer().map_or_else(Trace::off, Trace::new);
        Ok(fetch_core(engine, request, callbacks, controller, trace).await)
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
