//! [Buffer sources](https://webidl.spec.whatwg.org/#idl-buffer-source-types): the bytes that script holds, looked at where they are.
//!
//! Of the views typed arrays only: the prelude makes a `Uint8Array` of a `DataView`, as the engine tells Rust nothing of one.

use std::ptr::{self, NonNull};

use rquickjs::{Ctx, Result, Value, qjs};

/// What `look` makes of the bytes of a typed array, an ArrayBuffer or a SharedArrayBuffer; of none where they were taken away.
pub(crate) fn with_bytes<'js, T>(ctx: &Ctx<'js>, source: &Value<'js>, look: impl FnOnce(&[u8]) -> T) -> T {
    match bytes_of(ctx, source) {
        // SAFETY: `source` holds the bytes, and no script runs within `look`, so that nobody moves or changes them.
        // Those of a SharedArrayBuffer are shared with no other thread, as there is no agent cluster of several.
        #[allow(unsafe_code)]
        Some(bytes) => look(unsafe { bytes.as_ref() }),
        None => look(&[]),
    }
}

/// The same, to be written.
pub(super) fn with_bytes_mut<'js, T>(
    ctx: &Ctx<'js>,
    source: &Value<'js>,
    change: impl FnOnce(&mut [u8]) -> T,
) -> T {
    match bytes_of(ctx, source) {
        // SAFETY: as above; nobody else has a reference, as `change` is given nothing of the engine's.
        #[allow(unsafe_code)]
        Some(mut bytes) => change(unsafe { bytes.as_mut() }),
        None => change(&mut []),
    }
}

/// Where the bytes are until script runs again.
#[allow(unsafe_code)]
fn bytes_of<'js>(ctx: &Ctx<'js>, source: &Value<'js>) -> Option<NonNull<[u8]>> {
    let (context, source) = (ctx.as_raw().as_ptr(), source.as_raw());
    // SAFETY: the value is the context's and alive; the engine checks of which class it is.
    let (start, size, offset, length) = unsafe {
        let (mut size, mut offset, mut length) = (0, 0, 0);
        if qjs::JS_GetTypedArrayType(source) < 0 {
            let start = qjs::JS_GetArrayBuffer(context, &mut size, source);
            (start, size, 0, size)
        } else {
            let buffer =
                qjs::JS_GetTypedArrayBuffer(context, source, &mut offset, &mut length, ptr::null_mut());
            let start = match qjs::JS_IsException(buffer) {
                true => ptr::null_mut(),
                false => qjs::JS_GetArrayBuffer(context, &mut size, buffer),
            };
            // The view still holds the buffer.
            qjs::JS_FreeValue(context, buffer);
            (start, size, offset, length)
        }
    };
    let Some(start) = NonNull::new(start) else {
        // Detached, or no longer within its buffer: the engine threw what the Standard does not.
        ctx.catch();
        return None;
    };
    if offset.checked_add(length).is_none_or(|end| end > size) {
        return None;
    }
    // SAFETY: the engine said that the buffer has that many bytes.
    let first = unsafe { start.add(usize::try_from(offset).ok()?) };
    Some(NonNull::slice_from_raw_parts(first, usize::try_from(length).ok()?))
}

/// A new `Uint8Array` with a copy of these bytes, in the engine's own memory.
#[allow(unsafe_code)]
pub(super) fn new_uint8_array<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    // SAFETY: the engine copies so many bytes before it returns, and gives a value of this context or throws.
    unsafe {
        let array = qjs::JS_NewUint8ArrayCopy(ctx.as_raw().as_ptr(), bytes.as_ptr(), bytes.len() as _);
        if qjs::JS_IsException(array) {
            return Err(rquickjs::Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), array))
    }
}
