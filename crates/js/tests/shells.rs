//! What the generator makes of an interface, checked from script as a page would.

#[path = "../build/conversions.rs"]
mod conversions;
#[path = "../build/idl.rs"]
mod idl;
#[path = "../build/idl_link.rs"]
mod idl_link;
#[path = "../build/idl_tokens.rs"]
mod idl_tokens;
#[path = "../build/members.rs"]
mod members;
#[path = "../build/overloads.rs"]
mod overloads;
#[path = "../build/prelude.rs"]
#[allow(dead_code, reason = "the build script compiles by it")]
mod prelude;
#[path = "../build/shells.rs"]
mod shells;

use std::path::Path;

use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Runtime};

const OWN: [&str; 5] =
    ["primordials.js", "platform_objects.js", "webidl.js", "webidl_iterators.js", "interfaces.js"];

/// The layer's own files, these implementations, and the shells of this IDL, as bytecode.
fn modules(webidl: &str, implementations: &str) -> Vec<(String, Vec<u8>)> {
    let definitions = idl::parse("test.webidl", webidl).unwrap_or_else(|error| panic!("{error}"));
    let idl = idl_link::Idl::link(definitions).unwrap_or_else(|error| panic!("{error}"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prelude");
    let mut texts: Vec<(String, String)> = OWN
        .iter()
        .map(|file| {
            ((*file).to_owned(), std::fs::read_to_string(folder.join(file)).expect("the file is there"))
        })
        .collect();
    texts.push(("implementations.js".to_owned(), implementations.to_owned()));
    texts.push(("shells.js".to_owned(), shells::shells(&idl, &["implementations.js".to_owned()])));
    prelude::compile(&texts, cfg!(target_endian = "big")).unwrap_or_else(|error| panic!("{error}"))
}

fn install<'js>(
    ctx: &Ctx<'js>,
    modules: &[(String, Vec<u8>)],
    kind: &str,
) -> rquickjs::Result<Module<'js, rquickjs::module::Evaluated>> {
    let mut last = None;
    for (_, bytes) in modules {
        // SAFETY: written a moment ago by the same engine.
        #[allow(unsafe_code)]
        let module = unsafe { Module::load(ctx.clone(), bytes) }?;
        last = Some(module);
    }
    let (module, evaluated) = last.expect("there are modules").eval()?;
    evaluated.finish::<()>()?;
    module.get::<_, Function<'_>>("install")?.call::<_, ()>((kind,))?;
    Ok(module)
}

#[test]
fn shells_behave_as_web_idl_says() {
    let modules = modules(include_str!("shells/test.webidl"), include_str!("shells/implementations.js"));
    for kind in ["window", "worker"] {
        let runtime = Runtime::new().expect("memory");
        let context = Context::full(&runtime).expect("memory");
        let run = |text: String| {
            context.with(|ctx| {
                let mut options = rquickjs::context::EvalOptions::default();
                options.strict = false;
                options.filename = Some("checks.js".to_owned());
                ctx.eval_with_options::<String, _>(text, options)
                    .catch(&ctx)
                    .unwrap_or_else(|error| panic!("{kind}: {error}"))
            })
        };
        context.with(|ctx| {
            install(&ctx, &modules, kind).catch(&ctx).unwrap_or_else(|error| panic!("{kind}: {error}"));
        });
        run(format!("const sourceKept = false, kind = '{kind}';\n{}\n''", include_str!("shells/checks.js")));
        while runtime.is_job_pending() {
            runtime.execute_pending_job().unwrap_or_else(|_| panic!("{kind}: a job failed"));
        }
        let failures = run("finish()".to_owned());
        assert!(failures.is_empty(), "{kind}:\n{failures}");
    }
}

#[test]
fn what_is_not_implemented_is_named() {
    let modules = modules("[Exposed=*] interface Lonely { undefined cry(); };", "");
    let runtime = Runtime::new().expect("memory");
    let context = Context::full(&runtime).expect("memory");
    context.with(|ctx| {
        let error = install(&ctx, &modules, "window")
            .catch(&ctx)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(error.contains("no implementation of Lonely"), "{error}");
    });
}

#[test]
fn errors_of_the_prelude_say_where() {
    let broken = |text: &str| {
        let texts = [
            ("first.js".to_owned(), "export const a = 1;".to_owned()),
            ("streams/second.js".to_owned(), text.to_owned()),
        ];
        prelude::compile(&texts, false).err().unwrap_or_default()
    };
    assert!(
        broken("import { a } from \"../first.js\";\n\nlet = ;\n").starts_with("prelude/streams/second.js:3"),
        "{}",
        broken("\n\nlet = ;\n")
    );
    assert!(broken("import { a } from \"./first.js\";\n").contains("./first.js"));
    assert_eq!(broken("import { a } from \"../first.js\"; export const b = a;"), "");
}
