//! [Reports](https://w3c.github.io/reporting/#concept-reports) of what violates the page's policies, on their way to the prelude: the event of a
//! Content Security Policy, reporting observers. Who else is told of them is `report_delivery.rs`'s.

use std::sync::Arc;

use rquickjs::{Ctx, Object, Result, Value};
use sofetch::core::infrastructure::clients::Client;
use sofetch::core::infrastructure::reports::{ReportValue, strip_url_for_use_in_reports};
use sofetch::core::ports::{Report, Reports};

use crate::event_loop::TaskQueue;
use crate::host::Host;
use crate::ops::report_delivery::send_csp_report;
use crate::values::{new_list, new_record};
use crate::workers::Cluster;

/// Makes a task of each report, of the realm whose client fetches, or of the page's.
pub(crate) struct PageReports {
    cluster: Arc<Cluster>,
    outermost: TaskQueue,
}

impl PageReports {
    pub(crate) fn new(cluster: Arc<Cluster>, outermost: TaskQueue) -> PageReports {
        PageReports { cluster, outermost }
    }
}

impl Reports for PageReports {
    fn queue(&self, report: Report) {
        self.outermost.queue(move |ctx| heard(ctx, report));
    }

    fn queue_of(&self, client: &Client, report: Report) {
        if let Some(queue) = self.cluster.queue_of_client(&client.id) {
            queue.queue(move |ctx| heard(ctx, report));
            return;
        }
        // It is the page's, or that of a worker which has ended: then nobody hears it but who is told by URL.
        let id = client.id.clone();
        self.outermost.queue(move |ctx| {
            let host = Host::of(ctx);
            let is_own = host.page.as_ref().is_some_and(|page| page.client().id == id);
            if is_own || report.kind == "csp-report" { heard(ctx, report) } else { Ok(()) }
        });
    }
}

/// <https://w3c.github.io/webappsec-csp/#report-violation>, step 3; what other policies have to say goes on at 3.5.3.
///
/// NB: core makes several reports of one violation: one for each URL of a `report-uri`, and the one that the event is made of.
pub(crate) fn heard(ctx: &Ctx<'_>, report: Report) -> Result<()> {
    match report.kind {
        // 3.4.
        "csp-report" => return send_csp_report(ctx, &report),
        "csp-violation" => {
            // 3.3. NB: a page that was left hears nothing.
            if !Host::of(ctx).left.get() {
                fire(ctx, &report)?;
            }
            // 3.5. NB: a `report-to` that names nobody has nothing to say.
            if report.endpoint.is_empty() {
                return Ok(());
            }
        }
        _ => {}
    }
    generate_and_queue_a_report(ctx, report)
}

/// Calls the hook `reportViolation` with the body's members.
fn fire(ctx: &Ctx<'_>, report: &Report) -> Result<()> {
    let members = new_record(ctx)?;
    for (name, value) in &report.body {
        set(&members, name, value)?;
    }
    Host::of(ctx).hook(ctx, "reportViolation")?.call((members,))
}

/// <https://w3c.github.io/reporting/#generate-and-queue-a-report>
fn generate_and_queue_a_report(ctx: &Ctx<'_>, report: Report) -> Result<()> {
    let host = Host::of(ctx);
    let creation_url = host.page.as_ref().map_or(&host.url, |page| &page.client().creation_url);
    // 2.
    let url = strip_url_for_use_in_reports(creation_url);
    // 3.2.
    let mut members: Vec<_> = report.body.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    let body = new_list(ctx)?;
    for (at, (name, value)) in members.into_iter().enumerate() {
        let member = new_record(ctx)?;
        member.set("name", *name)?;
        set(&member, "value", value)?;
        body.set(at, member)?;
    }
    if !host.left.get() {
        host.hook(ctx, "notifyObservers")?.call::<_, ()>((report.kind, &*url, body))?;
    }
    // 4.
    host.outbox.append(ctx, report, url);
    Ok(())
}

fn set(record: &Object<'_>, name: &str, value: &ReportValue) -> Result<()> {
    match value {
        ReportValue::Null => record.set(name, Value::new_null(record.ctx().clone())),
        ReportValue::Boolean(value) => record.set(name, *value),
        ReportValue::Number(value) => record.set(name, *value),
        ReportValue::Text(text) => record.set(name, text.as_str()),
    }
}
