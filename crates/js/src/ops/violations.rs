//! [Violations](https://w3c.github.io/webappsec-csp/#report-violation) of the page's Content Security Policies: the reports of its fetches, on
//! their way to the prelude's event.

use std::sync::Arc;

use rquickjs::{Ctx, Result};
use sofetch::core::infrastructure::clients::Client;
use sofetch::core::ports::{Report, Reports};

use crate::event_loop::TaskQueue;
use crate::host::Host;
use crate::values::new_record;
use crate::workers::Cluster;

/// Makes a task of each report, of the realm whose client fetches, or of the page's: the hook `reportViolation` is called with the
/// body's members.
pub(crate) struct ViolationEvents {
    cluster: Arc<Cluster>,
    outermost: TaskQueue,
}

impl ViolationEvents {
    pub(crate) fn new(cluster: Arc<Cluster>, outermost: TaskQueue) -> ViolationEvents {
        ViolationEvents { cluster, outermost }
    }
}

fn queue_to(queue: &TaskQueue, report: Report) {
    // NB: one of each violation; those of the kind `csp-report` are the same for the endpoints of a `report-uri`.
    if report.kind == "csp-violation" {
        queue.queue(move |ctx| fire(ctx, report));
    }
}

impl Reports for ViolationEvents {
    fn queue(&self, report: Report) {
        queue_to(&self.outermost, report);
    }

    fn queue_of(&self, client: &Client, report: Report) {
        let queue = self.cluster.queue_of_client(&client.id);
        queue_to(queue.as_ref().unwrap_or(&self.outermost), report);
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
