//! What a global says of itself: where it is, who its user agent is, and the engine's own word on values.

use std::num::NonZero;

use rquickjs::{Ctx, Exception, Object, Promise, Result, Value, promise::PromiseState};
use sofetch::Url;

use crate::host::Host;
use crate::ops::set;
use crate::values::{Text, isomorphic_decode};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(
        ctx,
        ops,
        global_close,
        global_url_part,
        global_url_parse,
        global_origin,
        global_is_secure,
        global_is_isolated
    );
    set!(ctx, ops, agent_user_agent, agent_accept_language, machine_platform, machine_concurrency);
    set!(ctx, ops, has_time_limit, look_at_the_clock);
    set!(ctx, ops, task_queue, task_number, script_evaluate, class_id, promise_state, promise_result);
    Ok(())
}

/// <https://html.spec.whatwg.org/#the-location-interface>: one of its attributes, `href` to `hash`.
fn global_url_part(ctx: Ctx<'_>, part: Text) -> String {
    let host = Host::of(&ctx);
    let url = &host.url;
    match part.0.as_str() {
        "protocol" => format!("{}:", url.scheme()),
        "host" => url.host_and_port().to_owned(),
        "hostname" => url.hostname().to_owned(),
        "port" => url.port().map(|port| port.to_string()).unwrap_or_default(),
        "pathname" => url.path().to_owned(),
        "search" => part_after("?", url.query()),
        "hash" => part_after("#", url.fragment()),
        "origin" => url.origin().serialize(),
        _ => url.href().to_owned(),
    }
}

fn part_after(mark: &str, part: Option<&str>) -> String {
    part.filter(|part| !part.is_empty()).map(|part| format!("{mark}{part}")).unwrap_or_default()
}

/// A URL as seen from the global's own, serialized; undefined where it is none.
fn global_url_parse(ctx: Ctx<'_>, url: Text) -> Option<String> {
    Url::parse(&url.0, Some(&Host::of(&ctx).url)).ok().map(|url| url.href().to_owned())
}

/// <https://html.spec.whatwg.org/#close-a-worker>
fn global_close(ctx: Ctx<'_>) {
    Host::of(&ctx).closing.set(true);
}

/// The global's origin, serialized.
fn global_origin(ctx: Ctx<'_>) -> String {
    let host = Host::of(&ctx);
    match &host.page {
        Some(page) => page.origin().serialize(),
        None => host.url.origin().serialize(),
    }
}

fn global_is_secure(ctx: Ctx<'_>) -> bool {
    is_secure_context(&ctx)
}

/// <https://html.spec.whatwg.org/#secure-context>
pub(crate) fn is_secure_context(ctx: &Ctx<'_>) -> bool {
    let host = Host::of(ctx);
    match &host.page {
        Some(page) => page.client().is_secure_context(),
        None => host.url.is_potentially_trustworthy(),
    }
}

/// <https://html.spec.whatwg.org/#concept-settings-object-cross-origin-isolated-capability>
fn global_is_isolated(ctx: Ctx<'_>) -> bool {
    Host::of(&ctx).page.as_ref().is_some_and(|page| page.client().cross_origin_isolated_capability)
}

/// The `User-Agent` that the agent sends, isomorphic decoded.
fn agent_user_agent(ctx: Ctx<'_>) -> Option<String> {
    Host::of(&ctx).agent.settings().user_agent.as_deref().map(isomorphic_decode)
}

/// The `Accept-Language` that the agent sends.
fn agent_accept_language(ctx: Ctx<'_>) -> Option<String> {
    Host::of(&ctx).agent.settings().accept_language.as_deref().map(isomorphic_decode)
}

/// <https://html.spec.whatwg.org/#dom-navigator-platform>
fn machine_platform() -> String {
    match std::env::consts::OS {
        "windows" => "Win32".to_owned(),
        "macos" => "MacIntel".to_owned(),
        "linux" => format!("Linux {}", std::env::consts::ARCH),
        other => other.to_owned(),
    }
}

/// <https://html.spec.whatwg.org/#dom-navigator-hardwareconcurrency>
fn machine_concurrency() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// <https://html.spec.whatwg.org/#queue-a-task>: one call of the hook `runTask`.
fn task_queue(ctx: Ctx<'_>) {
    Host::of(&ctx).queue.queue(|ctx| Host::of(ctx).hook(ctx, "runTask")?.call(()));
}

/// Another one for each task.
fn task_number(ctx: Ctx<'_>) -> u32 {
    Host::of(&ctx).task_number.get()
}

/// <https://html.spec.whatwg.org/#run-a-classic-script>, whose exception is the caller's.
fn script_evaluate(ctx: Ctx<'_>, source: Text, name: Text) -> Result<()> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.0);
    ctx.eval_with_options::<Value<'_>, _>(source.0, options).map(|_| ())
}

/// Is there a moment at which whatever runs is ended?
fn has_time_limit(ctx: Ctx<'_>) -> bool {
    Host::of(&ctx).stop.deadline().is_some()
}

/// Ends the script here if its time is over, as the engine itself does between two instructions.
pub(super) fn look_at_the_clock(ctx: Ctx<'_>) -> Result<()> {
    if !Host::of(&ctx).is_over() {
        return Ok(());
    }
    // What is thrown is made here: an error of the engine's own.
    Exception::throw_internal(&ctx, "interrupted");
    let interrupted = ctx.catch();
    // SAFETY: the value is the context's and alive; the engine marks it if it is an error, and does nothing else.
    #[allow(unsafe_code)]
    unsafe {
        rquickjs::qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), interrupted.as_raw());
    }
    Err(ctx.throw(interrupted))
}

/// The engine's number for the kind of an object: equal numbers, equal internal slots, whatever script made of its prototype.
fn class_id(value: Value<'_>) -> u32 {
    // SAFETY: the value is alive, and this only reads its tag.
    #[allow(unsafe_code)]
    unsafe {
        rquickjs::qjs::JS_GetClassID(value.as_raw())
    }
}

/// 0 where it is pending, 1 fulfilled, 2 rejected.
fn promise_state(promise: Promise<'_>) -> u32 {
    match promise.state() {
        PromiseState::Pending => 0,
        PromiseState::Resolved => 1,
        PromiseState::Rejected => 2,
    }
}

/// What a settled promise was settled with.
fn promise_result<'js>(ctx: Ctx<'js>, promise: Promise<'js>) -> Value<'js> {
    match promise.result::<Value<'js>>() {
        Some(Ok(value)) => value,
        Some(Err(_)) => ctx.catch(),
        None => Value::new_undefined(ctx),
    }
}
