//! [Web Cryptography](https://w3c.github.io/webcrypto/): randomness.

use rquickjs::{Ctx, Exception, Object, Result, TypedArray};
use sofetch::net::SystemRandom;

use crate::host::Thrown;
use crate::ops::set;

/// <https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues>
const QUOTA: u32 = 65_536;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, crypto_random_bytes);
    Ok(())
}

/// So many random bytes, at most what the quota allows.
fn crypto_random_bytes(ctx: Ctx<'_>, length: u32) -> Result<TypedArray<'_, u8>> {
    if length > QUOTA {
        return Err(Exception::throw_range(&ctx, "more random bytes than the quota allows"));
    }
    let mut bytes = vec![0; length as usize];
    let filled = SystemRandom::new().ok().and_then(|random| random.try_fill(&mut bytes).ok());
    match filled {
        Some(()) => TypedArray::new(ctx, bytes),
        None => Err(Thrown::Dom("OperationError", "The system gave no randomness.".into()).throw(&ctx)),
    }
}
