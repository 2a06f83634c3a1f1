//! [atob and btoa](https://html.spec.whatwg.org/#atob).

use rquickjs::{Ctx, Object, Result};
use sofetch::core::infrastructure::base64::{forgiving_base64_decode, forgiving_base64_encode};

use crate::ops::set;
use crate::values::{Text, isomorphic_decode};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, base64_decode, base64_encode);
    Ok(())
}

/// The bytes as a string; undefined is failure.
fn base64_decode(data: Text) -> Option<String> {
    forgiving_base64_decode(data.0.as_bytes()).ok().map(|bytes| isomorphic_decode(&bytes))
}

/// Undefined where a character is no byte.
fn base64_encode(data: Text) -> Option<String> {
    let bytes = data.0.chars().map(|character| u8::try_from(character).ok());
    bytes.collect::<Option<Vec<u8>>>().map(|bytes| forgiving_base64_encode(&bytes))
}
