//! [`Worker`](https://html.spec.whatwg.org/#dedicated-workers-and-the-worker-interface)s, as their owner has them and as they have their owner.

use rquickjs::{Ctx, IntoJs, Object, Result};
use sofetch::Url;
use sofetch::core::infrastructure::requests::CredentialsMode;

use crate::handles::Handle;
use crate::host::Host;
use crate::modules::Modules;
use crate::ops::set;
use crate::values::{List, Text};
use crate::workers::dedicated::{Options, WorkerHandle, WorkerType, start};
use crate::workers::ports::PortHandle;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(
        ctx,
        ops,
        worker_start,
        worker_terminate,
        is_dedicated_worker,
        is_module_worker,
        worker_report_error
    );
    Ok(())
}

/// Steps 2 to 8 of the [constructor](https://html.spec.whatwg.org/#dom-worker): a handle of the worker, and one of the outside port's end;
/// undefined where the URL is none.
fn worker_start<'js>(
    ctx: Ctx<'js>,
    id: u32,
    url: Text,
    kind: Text,
    credentials: Text,
    name: Text,
) -> Result<rquickjs::Value<'js>> {
    let Some(url) = script_url(&ctx, &url.0) else { return Ok(rquickjs::Value::new_undefined(ctx)) };
    let kind = if kind.0 == "module" { WorkerType::Module } else { WorkerType::Classic };
    let credentials = match &*credentials.0 {
        "omit" => CredentialsMode::Omit,
        "include" => CredentialsMode::Include,
        _ => CredentialsMode::SameOrigin,
    };
    let (worker, outside) = start(&ctx, Options { id, url, kind, credentials, name: name.0 });
    List(vec![Handle::new(worker), Handle::new(PortHandle::new(Some(outside)))]).into_js(&ctx)
}

/// So many calls of ours are between a script and the op.
const MOST_FRAMES: usize = 8;

/// Relative to the settings object. NB: a page of files that was given no URL has none that means anything: there it is relative to the
/// script that asks.
fn script_url(ctx: &Ctx<'_>, said: &str) -> Option<Url> {
    let host = Host::of(ctx);
    if host.url.href() == "file:///" {
        let names = (0..).map_while(|level| ctx.script_or_module_name(level)?.to_string().ok());
        // What is called by script is ours.
        if let Some(name) = names.take(MOST_FRAMES).find(|name| !name.starts_with("sofetch:/")) {
            let base = Modules::of(ctx).base_of(ctx, &name);
            return Url::parse(said, Some(&base)).ok().map(|url| host.blob_urls.with_entry(url));
        }
    }
    host.parse_url(said)
}

fn worker_terminate(ctx: Ctx<'_>, worker: Handle) -> Result<()> {
    let worker = worker.get::<WorkerHandle>(&ctx)?;
    Host::of(&ctx).children.terminate(worker.id);
    Ok(())
}

/// Is the global that of a worker that a page made?
fn is_dedicated_worker(ctx: Ctx<'_>) -> bool {
    Host::of(&ctx).worker.is_some()
}

/// Is its [type](https://html.spec.whatwg.org/#concept-workerglobalscope-type) "module"?
fn is_module_worker(ctx: Ctx<'_>) -> bool {
    Host::of(&ctx).worker.as_ref().is_some_and(|worker| worker.is_module)
}

/// Step 5.2 of [report an exception](https://html.spec.whatwg.org/#report-an-exception): the owner's `Worker` is told.
fn worker_report_error(ctx: Ctx<'_>, message: Text, filename: Text, lineno: f64, colno: f64, line: Text) {
    if let Some(worker) = &Host::of(&ctx).worker {
        worker.owner.report_error(message.0, filename.0, (lineno, colno), line.0);
    }
}
