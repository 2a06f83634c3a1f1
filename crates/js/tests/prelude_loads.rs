//! The prelude's bytecode loads in order, links by name, and prints as native code.

use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Runtime};

include!(concat!(env!("OUT_DIR"), "/prelude.rs"));

fn load(ctx: &Ctx<'_>, kind: &str) -> rquickjs::Result<()> {
    // The prelude of a realm without a host: no op is called while it loads.
    ctx.eval::<(), _>("globalThis.__ops = new Proxy({}, { get: (_, name) => () => undefined })")?;
    let mut last = None;
    for (_, bytes) in PRELUDE {
        // SAFETY: written at build by this version of the engine.
        #[allow(unsafe_code)]
        let module = unsafe { Module::load(ctx.clone(), bytes) }?;
        last = Some(module);
    }
    let (module, evaluated) = last.expect("the shells are always there").eval()?;
    evaluated.finish::<()>()?;
    module.get::<_, Function<'_>>("install")?.call((kind,))
}

#[test]
fn the_prelude_loads_and_looks_native() {
    for kind in ["window", "worker"] {
        let runtime = Runtime::new().expect("memory");
        let context = Context::full(&runtime).expect("memory");
        context.with(|ctx| {
            load(&ctx, kind).catch(&ctx).map_err(|error| error.to_string()).expect("the prelude loads");
            let text: String = ctx
                .eval("[AbortController, AbortController.prototype.abort, EventTarget.prototype.addEventListener].join()")
                .catch(&ctx)
                .map_err(|error| error.to_string())
                .expect("the interfaces are there");
            assert_eq!(text.matches("[native code]").count(), 3, "{text}");
            assert!(!text.contains("impl"), "{text}");
            let left: bool = ctx.eval("'__ops' in globalThis").expect("a boolean");
            assert!(!left);
        });
    }
}
