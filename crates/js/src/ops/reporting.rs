//! Console lines, uncaught errors, and the prelude's functions that the loop calls.

use rquickjs::{Ctx, Object, Result};

use crate::host::{Host, call_program};
use crate::ops::set;
use crate::values::Text;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, print_out, print_error, report_uncaught, set_hooks);
    Ok(())
}

fn print_out(ctx: Ctx<'_>, line: Text) -> Result<()> {
    call_program(&ctx, || Host::of(&ctx).printer.out(&line.0))
}

fn print_error(ctx: Ctx<'_>, line: Text) -> Result<()> {
    call_program(&ctx, || Host::of(&ctx).printer.error(&line.0))
}

/// An exception or a rejection that no handler took: said, and remembered for the exit code.
fn report_uncaught(ctx: Ctx<'_>, line: Text) -> Result<()> {
    let host = Host::of(&ctx);
    host.cluster.set_uncaught();
    call_program(&ctx, || host.printer.error(&line.0))
}

/// An object of functions: `fireTimer(id)`, `reportException(error)`, `trackRejection(promise, handled, outOfMemory)`, `notifyRejected()`.
fn set_hooks<'js>(ctx: Ctx<'js>, hooks: Object<'js>) -> Result<()> {
    Host::of(&ctx).set_hooks(&ctx, &hooks)
}
