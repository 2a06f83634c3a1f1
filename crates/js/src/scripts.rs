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

/// A script that was not run yet.
pub(crate) struct Compiled<'js>(Value<'js>);

/// [Creates a classic script](https://html.spec.whatwg.org/#creating-a-classic-script), which stacks call by this name.
///
/// # Errors
/// A `SyntaxError`, or there is no memory.
pub(crate) fn compile<'js>(ctx: &Ctx<'js>, source: &str, name: &str) -> Result<Compiled<'js>> {
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    evaluate_as(ctx, source, &name.replace('\0', "\u{FFFD}"), flags).map(Compiled)
}

/// Runs it: its completion value.
#[allow(unsafe_code)]
pub(crate) fn run<'js>(ctx: &Ctx<'js>, script: Compiled<'js>) -> Result<Value<'js>> {
    // SAFETY: the function is one that `compile` made in this context. The engine frees a reference of its own; what comes back
    // is a new value of this context.
    unsafe {
        let function = qjs::JS_DupValue(ctx.as_raw().as_ptr(), script.0.as_raw());
        let value = qjs::JS_EvalFunction(ctx.as_raw().as_ptr(), function);
        if qjs::JS_IsException(value) {
            return Err(Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
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
