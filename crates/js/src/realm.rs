//! A realm: a global object, and the prelude that gives it its interfaces.

use rquickjs::{CatchResultExt, Ctx, Module};

use crate::error::Error;
use crate::host::Host;
use crate::ops;
use crate::runtime::Global;

include!(concat!(env!("OUT_DIR"), "/prelude.rs"));

/// Makes the realm's global what `global` says.
pub(crate) fn prepare(ctx: &Ctx<'_>, host: Host, global: Global) -> Result<(), Error> {
    ctx.store_userdata(host).map_err(|_| Error::prelude("the realm has a host already".to_owned()))?;
    evaluate(ctx, global).catch(ctx).map_err(|error| Error::prelude(error.to_string()))
}

fn evaluate(ctx: &Ctx<'_>, global: Global) -> rquickjs::Result<()> {
    ctx.globals().set("__ops", ops::object(ctx)?)?;
    let mut last = None;
    for (_, bytes) in PRELUDE {
        // SAFETY: the bytes were written at build by this very version of the engine, and nobody else's are read.
        #[allow(unsafe_code)]
        let module = unsafe { Module::load(ctx.clone(), bytes) }?;
        last = Some(module);
    }
    let Some(last) = last else { return Ok(()) };
    let (module, evaluated) = last.eval()?;
    evaluated.finish::<()>()?;
    let install: rquickjs::Function<'_> = module.get("install")?;
    let kind = match global {
        Global::Window => "window",
        Global::Worker => "worker",
    };
    install.call((kind, ops::is_secure_context(ctx)))
}
