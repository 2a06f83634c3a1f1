//! Evaluating [classic scripts](https://html.spec.whatwg.org/#classic-script), with whatever characters they hold.

use std::ffi::CString;

use rquickjs::context::EvalOptions;
use rquickjs::{Ctx, Error, Result, Value, qjs};

/// The completion value of a script, which stacks call by this name.
pub(crate) fn evaluate<'js>(ctx: &Ctx<'js>, source: &str, name: &str) -> Result<Value<'js>> {
    let name = name.replace('\0', "\u{FFFD}");
    if source.contains('\0') {
        return evaluate_as(ctx, source, &name, qjs::JS_EVAL_TYPE_GLOBAL);
    }
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name);
    ctx.eval_with_options(source, options)
}

/// What the engine makes of a script under these flags of its own: a value, a promise, or the script compiled.
///
/// NB: the binding takes a text for ended at U+0000; the engine, told the length, does not.
#[allow(unsafe_code)]
pub(crate) fn evaluate_as<'js>(ctx: &Ctx<'js>, source: &str, name: &str, flags: u32) -> Result<Value<'js>> {
    let name = CString::new(name)?;
    // The engine looks at one byte behind the text.
    let text = [source.as_bytes(), b"\0"].concat();
    // SAFETY: both texts are alive until the call returns, and end with a NUL that their lengths do not count; the value
    // that comes back is a new one of this context.
    unsafe {
        let value = qjs::JS_Eval(
            ctx.as_raw().as_ptr(),
            text.as_ptr().cast(),
            source.len() as _,
            name.as_ptr(),
            flags as _,
        );
        if qjs::JS_IsException(value) {
            return Err(Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}
