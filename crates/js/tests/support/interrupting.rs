//! Scripts that ask for their own end.

use sofetch_js::{Runtime, Value};

/// Gives scripts a function `interrupt()`.
pub(crate) fn define_interrupt(runtime: &mut Runtime) {
    let interrupt = runtime.interrupt_handle();
    let define = runtime.define("interrupt", move |_| {
        interrupt.interrupt();
        Ok(Value::Null)
    });
    define.expect("a function");
}
