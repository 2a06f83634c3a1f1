//! The prelude as bytecode: every file in the load order, then the shells.
//!
//! A module's name is `sofetch:/` and its path under prelude/, so that the engine's own normalisation resolves relative imports.
//! The source is left out, and so `Function.prototype.toString` has nothing to print but native code.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declared, WriteOptions, WriteOptionsEndianness};
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Error, Module, Runtime};

use crate::idl;
use crate::idl_link::Idl;
use crate::shells::shells;

/// What is loaded, in this order; what a file imports is loaded before it, wherever it stands here.
pub(crate) const ORDER: &[&str] = &[
    "primordials.js",
    "platform_objects.js",
    "webidl.js",
    "webidl_iterators.js",
    "interfaces.js",
    "events.js",
    "timers.js",
    "abort.js",
    "base64.js",
    "streams/miscellaneous.js",
    "streams/queues.js",
    "streams/readable_stream.js",
    "streams/byte_queue.js",
    "streams/strategies.js",
    "streams/default_controller.js",
    "streams/byte_controller.js",
    "streams/from.js",
    "streams/readers.js",
    "streams/writable_stream.js",
    "streams/writable_controller.js",
    "streams/writers.js",
    "streams/pipe_to.js",
    "class_names.js",
    "structured_clone.js",
    "streams/tee.js",
    "streams/transform_stream.js",
    "streams/other_specs.js",
    "tasks.js",
    "blob.js",
    "url.js",
    "port_queues.js",
    "message_ports.js",
    "broadcast_channel.js",
    "streams/transfer.js",
    "blob_urls.js",
    "encoding.js",
    "compression.js",
    "inspect.js",
    "stacks.js",
    "console.js",
    "quota_exceeded_error.js",
    "crypto.js",
    "form_data.js",
    "fetch/body.js",
    "fetch/headers.js",
    "fetch/request.js",
    "fetch/response.js",
    "fetch/abort_reason.js",
    "fetch/fetch.js",
    "fetch/fetch_later.js",
    "progress_event.js",
    "file_reader.js",
    "xml_http_request.js",
    "event_source.js",
    "web_socket.js",
    "location.js",
    "navigator.js",
    "high_resolution_time.js",
    "performance_timeline.js",
    "user_timing.js",
    "resource_timing.js",
    "performance.js",
    "dom_exception.js",
    "reporting.js",
    "prompt.js",
    "reporting_observer.js",
    "worker.js",
    "security_policy_violation.js",
    "natives.js",
    "global.js",
    "streams/readable_stream_methods.js",
];

/// The files of idl/ whose interfaces have implementations in those.
pub(crate) const IDL: &[&str] = &[
    "broadcast_channel.webidl",
    "compression.webidl",
    "console.webidl",
    "crypto.webidl",
    "csp.webidl",
    "dom.webidl",
    "encoding.webidl",
    "errors.webidl",
    "event_source.webidl",
    "fetch.webidl",
    "file.webidl",
    "form_data.webidl",
    "global.webidl",
    "html_base64.webidl",
    "location.webidl",
    "messaging.webidl",
    "navigator.webidl",
    "performance.webidl",
    "performance_timeline.webidl",
    "reporting.webidl",
    "resource_timing.webidl",
    "streams.webidl",
    "url.webidl",
    "user_timing.webidl",
    "web_socket.webidl",
    "workers.webidl",
    "xhr.webidl",
    "xhr_events.webidl",
];

/// The modules with their texts, in load order.
pub(crate) fn modules(root: &Path) -> Result<Vec<(String, String)>, String> {
    let mut modules = Vec::new();
    for file in ORDER {
        add(root, file, &mut Vec::new(), &mut modules)?;
    }
    let mut definitions = Vec::new();
    for file in IDL {
        let path = root.join("idl").join(file);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        definitions.extend(idl::parse(&format!("idl/{file}"), &text).map_err(|error| error.to_string())?);
    }
    let idl = Idl::link(definitions).map_err(|error| error.to_string())?;
    let imported: Vec<String> = modules.iter().map(|(file, _)| file.clone()).collect();
    modules.push(("shells.js".to_owned(), shells(&idl, &imported)));
    Ok(modules)
}

/// Adds a file after the files that it imports.
fn add(
    root: &Path,
    file: &str,
    importers: &mut Vec<String>,
    modules: &mut Vec<(String, String)>,
) -> Result<(), String> {
    if modules.iter().any(|(name, _)| name == file) {
        return Ok(());
    }
    if importers.iter().any(|name| name == file) {
        return Err(format!("prelude/{file} imports itself, through {}", importers.join(", ")));
    }
    let path = root.join("prelude").join(file);
    let text = fs::read_to_string(&path).map_err(|error| match importers.last() {
        Some(importer) => format!("prelude/{importer} imports prelude/{file}: {error}"),
        None => format!("prelude/{file}: {error}"),
    })?;
    importers.push(file.to_owned());
    for specifier in imports(&text) {
        add(root, &resolve(file, specifier), importers, modules)?;
    }
    importers.pop();
    modules.push((file.to_owned(), text));
    Ok(())
}

/// What stands in quotes after `from` or `import` at the ends of import declarations.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_end();
        let quoted = line.strip_suffix(';')?.strip_suffix('"')?;
        let (before, specifier) = quoted.rsplit_once('"')?;
        let before = before.trim_end();
        (specifier.starts_with('.') && (before.ends_with("from") || before == "import")).then_some(specifier)
    })
}

/// A relative specifier against the path of the file that imports it.
fn resolve(base: &str, specifier: &str) -> String {
    let mut path: Vec<&str> = base.split('/').collect();
    path.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.join("/")
}

/// The name by which a module's file is known to the engine.
pub(crate) fn module_name(file: &str) -> String {
    format!("sofetch:/{file}")
}

/// The bytecode of each module.
pub(crate) fn compile(
    modules: &[(String, String)],
    big_endian: bool,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let declared = Rc::new(RefCell::new(HashSet::new()));
    runtime.set_loader(LoadOrder(Rc::clone(&declared)), LoadOrder(Rc::clone(&declared)));
    let context = Context::full(&runtime).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        let mut compiled = Vec::new();
        for (file, text) in modules {
            let name = module_name(file);
            let module = Module::declare(ctx.clone(), name.clone(), text.as_str())
                .catch(&ctx)
                .map_err(|error| located(file, &error))?;
            let endianness =
                if big_endian { WriteOptionsEndianness::Big } else { WriteOptionsEndianness::Little };
            let options = WriteOptions { strip_source: true, endianness, ..WriteOptions::default() };
            compiled.push((
                name.clone(),
                module.write(options).catch(&ctx).map_err(|error| located(file, &error))?,
            ));
            declared.borrow_mut().insert(name);
        }
        Ok(compiled)
    })
}

/// An error with the file and line where it is, as far as the engine says.
fn located(file: &str, error: &CaughtError<'_>) -> String {
    let stack = match error {
        CaughtError::Exception(exception) => exception.stack().unwrap_or_default(),
        _ => String::new(),
    };
    let message = match error {
        CaughtError::Exception(exception) => exception.message().unwrap_or_default(),
        other => other.to_string(),
    };
    let place = stack.lines().find_map(|line| line.trim().strip_prefix("at sofetch:/")).unwrap_or(file);
    format!("prelude/{place}: {message}")
}

/// Resolves to modules that were declared before, and loads nothing.
struct LoadOrder(Rc<RefCell<HashSet<String>>>);

impl Resolver for LoadOrder {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        let resolved = resolve(base, name);
        match self.0.borrow().contains(&resolved) {
            true => Ok(resolved),
            false => {
                Err(Error::new_resolving_message(base, name, "build/prelude.rs did not see this import"))
            }
        }
    }
}

impl Loader for LoadOrder {
    fn load<'js>(
        &mut self,
        _: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        Err(Error::new_loading(name))
    }
}
