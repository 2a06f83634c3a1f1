//! [`importScripts()`](https://html.spec.whatwg.org/#import-scripts-into-worker-global-scope): classic scripts, fetched while script waits.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rquickjs::{Ctx, Exception, Object, Result};
use sofetch::Url;
use sofetch::engine::FetchController;

use crate::handles::Handle;
use crate::host::{Host, call_program};
use crate::modules::fetching::{Fetched, NotFetched, classic_request, fetch_script};
use crate::modules::{ModuleType, Modules};
use crate::ops::global::look_at_the_clock;
use crate::ops::resource_timing::Reports;
use crate::ops::set;
use crate::scripts;
use crate::values::Text;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, import_script_url, import_script);
    Ok(())
}

/// How long whoever waits for a fetch goes without a look at the clock and at interrupts.
const PATIENCE: Duration = Duration::from_millis(10);

/// Step 4: a URL as seen from the global, with what it names if it is a `blob:` URL; undefined where it is none.
fn import_script_url(ctx: Ctx<'_>, url: Text) -> Option<Handle> {
    Host::of(&ctx).parse_url(&url.0).map(Handle::new)
}

/// Step 5 for one URL: fetches the script, and runs it. What it throws is the caller's.
fn import_script(ctx: Ctx<'_>, url: Handle) -> Result<()> {
    let url = url.get::<Url>(&ctx)?;
    let network_error = || {
        let said = format!("the script at {} could not be loaded", url.href());
        Exception::throw_dom(&ctx, "NetworkError", &said)
    };
    // A file of a folder that modules are loaded from.
    let loader = Modules::of(&ctx).loader.clone();
    if loader.takes(&url) {
        return match call_program(&ctx, || loader.load(&url, ModuleType::JavaScript))? {
            Ok(text) => scripts::evaluate(&ctx, &text, url.href()).map(|_| ()),
            Err(_) => Err(network_error()),
        };
    }
    let Fetched { text, url: response_url, muted_errors, charge, .. } = match fetch(&ctx, &url)? {
        Ok(fetched) => fetched,
        Err(why) => return Err(why.throw_unsaid(&ctx, network_error())),
    };
    let ran = scripts::evaluate(&ctx, &text, response_url.href());
    drop(charge);
    match ran {
        // What stopped it stops who called it.
        Err(error) if muted_errors && error.is_exception() && !Host::of(&ctx).is_over() => {
            ctx.catch();
            Err(network_error())
        }
        ran => ran.map(|_| ()),
    }
}

/// <https://html.spec.whatwg.org/#fetch-a-classic-worker-imported-script>
fn fetch(ctx: &Ctx<'_>, url: &Url) -> Result<std::result::Result<Fetched, NotFetched>> {
    let host = Host::of(ctx);
    let request = classic_request(&host, url.clone());
    let reports = Reports::default();
    let callbacks = reports.callbacks(&host, &request);
    let controller = FetchController::new();
    let fetching = fetch_script(
        host.agent.clone(),
        request,
        callbacks,
        controller.clone(),
        host.ledger.clone(),
        ModuleType::JavaScript,
    );
    let (sender, receiver) = mpsc::channel();
    host.io.spawn(async move {
        // Who waited may have gone.
        let _ = sender.send(fetching.await);
    });
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(fetched) => {
                reports.mark(ctx)?;
                return Ok(fetched);
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(Err(NotFetched::NETWORK_ERROR)),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if host.is_over() {
            controller.terminate();
            look_at_the_clock(ctx.clone())?;
        }
    }
}
