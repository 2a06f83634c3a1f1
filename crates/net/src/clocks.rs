//! The system's clocks and its randomness, as ports.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;

use sofetch_core::infrastructure::timing::{Timestamp, WallTime};
use sofetch_core::ports::{Clock, Random};

use crate::config::ConfigError;
use crate::tls::crypto_provider;

/// The two clocks of this machine. Timestamps count from when it was made.
#[derive(Clone, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose time origin is as long ago as the coarsest step of a page's clock.
    pub fn new() -> SystemClock {
        // NB: 0 means "not yet" in timing infos, of coarsened times too.
        let now = Instant::now();
        SystemClock { origin: now.checked_sub(Duration::from_micros(100)).unwrap_or(now) }
    }

    /// Its time origin.
    pub fn origin(&self) -> Instant {
        self.origin
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // NB: not 0 either on a machine that has just begun.
        Timestamp(u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1))
    }

    fn wall(&self) -> WallTime {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        WallTime(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => seconds(since),
            Err(before) => -seconds(before.duration()),
        })
    }
}

/// The CSPRNG of the crypto provider.
#[derive(Clone)]
pub struct SystemRandom {
    provider: Arc<CryptoProvider>,
}

/// The system gave no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomUnavailable;

impl fmt::Display for RandomUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("random-unavailable")
    }
}

impl std::error::Error for RandomUnavailable {}

impl SystemRandom {
    /// The randomness of this crate's crypto provider.
    pub fn new() -> Result<SystemRandom, ConfigError> {
        Ok(SystemRandom { provider: crypto_provider(None)? })
    }

    /// The randomness of a provider of the owner's.
    pub fn with_provider(provider: Arc<CryptoProvider>) -> SystemRandom {
        SystemRandom { provider }
    }

    /// Fills the buffer, or says that it cannot.
    pub fn try_fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.provider.secure_random.fill(buffer).map_err(|_| RandomUnavailable)
    }
}

impl fmt::Debug for SystemRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemRandom")
    }
}

impl Random for SystemRandom {
    /// Without randomness no boundary and no key is safe to make: that ends the caller, as the port has no other answer.
    fn fill(&self, buffer: &mut [u8]) {
        self.try_fill(buffer).expect("the operating system gives randomness: nothing works without it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_says_not_yet_and_never_goes_back() {
        let clock = SystemClock::new();
        let first = clock.now();
        assert!(first.coarsen(false) > Timestamp(0) && first.coarsen(true) > Timestamp(0));
        assert!(clock.now() >= first);
        assert!(clock.wall() > WallTime(1_600_000_000));
    }

    #[test]
    fn two_draws_differ() {
        let random = SystemRandom::new().expect("a provider is built in");
        let (mut one, mut other) = ([0; 32], [0; 32]);
        random.fill(&mut one);
        random.try_fill(&mut other).expect("randomness");
        assert_ne!(one, other);
    }
}
