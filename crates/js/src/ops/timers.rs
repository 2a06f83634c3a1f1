//! Timers and clocks: when, not what; the steps that a timer runs are the prelude's.

use std::time::{Duration, Instant};

use rquickjs::{Ctx, Object, Result};

use crate::host::Host;
use crate::ops::set;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, timer_set, timer_clear, now, time_origin);
    Ok(())
}

/// Calls the hook `fireTimer` with `id` after so many milliseconds, if the loop lives that long.
fn timer_set(ctx: Ctx<'_>, id: u32, milliseconds: f64, keeps_alive: bool) {
    let after = Duration::try_from_secs_f64(milliseconds.max(0.0) / 1000.0).unwrap_or(Duration::MAX);
    Host::of(&ctx).timers.borrow_mut().set(id, after, keeps_alive);
}

fn timer_clear(ctx: Ctx<'_>, id: u32) {
    Host::of(&ctx).timers.borrow_mut().clear(id);
}

/// Milliseconds since the realm was made, to 5 microseconds or 100 as the caller coarsens them.
fn now(ctx: Ctx<'_>) -> f64 {
    Instant::now().duration_since(Host::of(&ctx).time_origin.get()).as_nanos() as f64 / 1e6
}

/// Milliseconds from the Unix epoch to the moment in which the realm was made.
fn time_origin(ctx: Ctx<'_>) -> f64 {
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let age = Host::of(&ctx).time_origin.get().elapsed();
    since_epoch.saturating_sub(age).as_secs_f64() * 1000.0
}
