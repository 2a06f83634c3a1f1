//! Sentences for what may be fetched later, and what may not.

use sofetch_core::rules::deferred_fetching::DeferredFetch;

use super::quoting::{count, quoted};
use super::{Words, weighed};

impl Words for DeferredFetch {
    fn words(&self) -> String {
        match self {
            DeferredFetch::Within { quota, requested } => format!(
                "The request may wait: its {} are within the {quota} that are left.",
                count(*requested, "byte")
            ),
            DeferredFetch::NotFullyActive => {
                "The request may not wait: there is no page, or it was left.".to_owned()
            }
            DeferredFetch::SchemeRefused { scheme } => {
                format!("The request may not wait: its scheme {} is not an HTTP(S) one.", quoted(scheme))
            }
            DeferredFetch::NotPotentiallyTrustworthy { origin } => {
                format!("The request may not wait: {} is not potentially trustworthy.", quoted(origin))
            }
            DeferredFetch::BodyWithoutLength => {
                "The request may not wait: its body is of no known length.".to_owned()
            }
            DeferredFetch::QuotaExceeded { quota, requested } => format!(
                "The request may not wait: its {} are more than the {quota} that are left.",
                count(*requested, "byte")
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            DeferredFetch::Within { .. } => return None,
            DeferredFetch::NotFullyActive => "Fetch it before the page is left, or with keepalive.",
            DeferredFetch::SchemeRefused { .. } => "Fetch later by https: only.",
            DeferredFetch::NotPotentiallyTrustworthy { .. } => "Serve it over https:.",
            DeferredFetch::BodyWithoutLength => "Send bytes in place of a stream.",
            DeferredFetch::QuotaExceeded { .. } => "Send less, or some of it sooner.",
        };
        Some(hint.to_owned())
    }

    weighed!(Passed: DeferredFetch::Within { .. });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::{check, hostile as text};

    #[test]
    fn every_verdict_has_its_sentence() {
        check([
            DeferredFetch::Within { quota: 2, requested: 1 },
            DeferredFetch::NotFullyActive,
            DeferredFetch::SchemeRefused { scheme: text() },
            DeferredFetch::NotPotentiallyTrustworthy { origin: text() },
            DeferredFetch::BodyWithoutLength,
            DeferredFetch::QuotaExceeded { quota: u64::MAX, requested: u64::MAX },
        ]);
    }
}
