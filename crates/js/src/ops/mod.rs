//! The ops: what the prelude asks of Rust. Plain values in, plain values out; one file an interface.

mod base64;
mod beacons;
mod blobs;
mod bodies;
mod body_streams;
mod buffer_sources;
mod compression;
mod crypto;
mod deferred_fetching;
mod encoding;
mod event_sources;
mod fetching;
pub(crate) mod form_data;
mod global;
mod headers;
mod import_scripts;
mod ports;
mod reading_ahead;
mod report_delivery;
mod reporting;
mod requests;
pub(crate) mod resource_timing;
mod responses;
mod timers;
mod unheard;
mod uploads;
mod url;
mod violations;
mod web_sockets;
mod workers;
mod xml_http_requests;

use rquickjs::{Ctx, Object, Result};

pub(crate) use buffer_sources::with_bytes;
pub(crate) use global::is_secure_context;
pub(crate) use report_delivery::Outbox;
pub(crate) use resource_timing::Unseen;
pub(crate) use violations::{PageReports, heard};

/// All ops, as one object for the prelude.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let ops = Object::new(ctx.clone())?;
    base64::register(ctx, &ops)?;
    beacons::register(ctx, &ops)?;
    blobs::register(ctx, &ops)?;
    compression::register(ctx, &ops)?;
    crypto::register(ctx, &ops)?;
    deferred_fetching::register(ctx, &ops)?;
    encoding::register(ctx, &ops)?;
    event_sources::register(ctx, &ops)?;
    responses::register(ctx, &ops)?;
    requests::register(ctx, &ops)?;
    resource_timing::register(ctx, &ops)?;
    headers::register(ctx, &ops)?;
    import_scripts::register(ctx, &ops)?;
    fetching::register(ctx, &ops)?;
    bodies::register(ctx, &ops)?;
    body_streams::register(ctx, &ops)?;
    form_data::register(ctx, &ops)?;
    global::register(ctx, &ops)?;
    ports::register(ctx, &ops)?;
    reporting::register(ctx, &ops)?;
    timers::register(ctx, &ops)?;
    uploads::register(ctx, &ops)?;
    url::register(ctx, &ops)?;
    web_sockets::register(ctx, &ops)?;
    workers::register(ctx, &ops)?;
    xml_http_requests::register(ctx, &ops)?;
    Ok(ops)
}

/// Sets each function under its own name.
macro_rules! set {
    ($ctx:expr, $ops:expr, $($function:ident),* $(,)?) => {
        $( $ops.set(stringify!($function), rquickjs::Function::new($ctx.clone(), $function)?)?; )*
    };
}
pub(crate) use set;
