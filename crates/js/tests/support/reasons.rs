//! How fetches end.

use std::sync::Mutex;

use sofetch::core::trace::Outcome;
use sofetch::{Event, Observer, TraceId};

/// The codes of those that failed.
#[derive(Default)]
pub(crate) struct Reasons(pub(crate) Mutex<Vec<&'static str>>);

impl Observer for Reasons {
    fn event(&self, _: TraceId, event: &Event) {
        if let Event::Ended(Outcome::NetworkError(error)) = event {
            self.0.lock().expect("nobody panicked").push(error.code());
        }
    }
}
