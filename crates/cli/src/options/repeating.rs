//! `--batch`, `--parallel` and `--retry`: many URLs, and one more than once.

use std::time::Duration;

use sofetch::{Retry, RetryMethods};

use super::usage::UsageError;
use crate::args::BatchArgs;
use crate::batch::BatchOptions;

/// How many URLs of a batch are fetched at a time.
const PARALLEL: u16 = 4;

/// The longest wait before a second try.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where the URLs are.
pub(crate) fn batch(args: &BatchArgs) -> Result<Option<BatchOptions>, UsageError> {
    if args.parallel.is_some() && args.batch.is_none() {
        return Err(UsageError::NothingInParallel);
    }
    Ok(args.batch.as_ref().map(|path| BatchOptions {
        path: path.clone(),
        parallel: usize::from(args.parallel.unwrap_or(PARALLEL)),
    }))
}

/// What is tried again.
pub(crate) fn retry(args: &BatchArgs) -> Option<Retry> {
    Some(Retry {
        retries: args.retry?,
        longest_wait: args.retry_max_wait.unwrap_or(LONGEST_WAIT),
        // Who typed how often has set the budget.
        budget: f64::INFINITY,
        methods: if args.retry_all { RetryMethods::All } else { RetryMethods::Idempotent },
    })
}
