//! [Violations](https://w3c.github.io/webappsec-csp/#report-violation) of the page's Content Security Policies: the reports of its fetches, on
//! their way to the prelude's event.

use rquickjs::{Ctx, Result};
use sofetch::core::ports::{Report, Reports};

use crate::event_loop::TaskQueue;
use crate::host::Host;
use crate::values::new_record;

/// Makes a task of each report: the hook `reportViolation` is called with the body's members.
pub(crate) struct ViolationEvents(TaskQueue);

impl ViolationEvents {
    pub(crate) fn new(queue: TaskQueue) -> ViolationEvents {
        ViolationEvents(queue)
    }
}

impl Reports for ViolationEvents {
    fn queue(&self, report: Report) {
        // NB: one of each violation; those of the kind `csp-report` are the same for the endpoints of a `report-uri`.
        if report.kind == "csp-violation" {
            self.0.queue(move |ctx| fire(ctx, report));
        }
    }
}

fn fire(ctx: &Ctx<'_>, report: Report) -> Result<()> {
    let members = new_record(ctx)?;
    for (name, value) in report.body {
        match name {
            "statusCode" => members.set(name, value.parse().unwrap_or(0_u16))?,
            _ => members.set(name, value)?,
        }
    }
    Host::of(ctx).hook(ctx, "reportViolation")?.call((members,))
}
