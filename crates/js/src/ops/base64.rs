//! [atob and btoa](https://html.spec.whatwg.org/#atob).

use rquickjs::{Ctx, Object, Result};
use sofetch::core::infrastructure::base64::{forgiving_base64_decode, forgiving_base64_encode};

use crate::ops::set;
use crate::values::Text;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, base64_decode, base64_encode);
    Ok(())
}

/// The bytes as a string; undefined is failure.
fn base64_decode(data: Text) -> Option<String> {
    let bytes = forgiving_base64_decode(data.0.as_bytes()).ok()?;
    Some(encoding_rs::mem::decode_latin1(&bytes).into_owned())
}

/// Undefined where a character is no byte.
fn base64_encode(data: Text) -> Option<String> {
    let is_bytes = encoding_rs::mem::is_str_latin1(&data.0);
    is_bytes.then(|| forgiving_base64_encode(&encoding_rs::mem::encode_latin1_lossy(&data.0)))
}
