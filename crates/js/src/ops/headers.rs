//! `Headers`: a header list, its own or that of a request or response, behind a guard.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use rquickjs::{Ctx, Exception, Object, Result};
use sofetch::core::infrastructure::header_list::{HeaderList, Name};
use sofetch::core::infrastructure::mime_types::extract_a_mime_type;
use sofetch::core::rules::header_guards::{self, Guard, HeaderGuard};
use sofetch::engine::is_framing_name;

use crate::handles::Handle;
use crate::ledger::hold;
use crate::ops::set;
use crate::throwing::throw_type;
use crate::values::{ByteString, ENTERED_FROM, List, isomorphic_decode};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(
        ctx,
        ops,
        headers_new,
        headers_append,
        headers_set,
        headers_delete,
        headers_get,
        headers_get_set_cookie,
        headers_has,
        headers_pair_at,
        headers_clear,
        headers_refill,
        headers_mime_type,
    );
    Ok(())
}

/// A [`Headers` object](https://fetch.spec.whatwg.org/#headers-class)'s list and guard; a request's or response's is shared with it.
pub(crate) struct Headers {
    pub(crate) list: Rc<RefCell<HeaderList>>,
    guard: Guard,
    owners: bool,
    /// The list as an iteration sees it, until it changes.
    sorted: RefCell<Option<Sorted>>,
}

/// Names and values.
type Sorted = Vec<(Vec<u8>, Bytes)>;

impl Headers {
    pub(crate) fn new(list: Rc<RefCell<HeaderList>>, guard: Guard) -> Headers {
        Headers { list, guard, owners: false, sorted: RefCell::default() }
    }

    /// Of a request on the user's own behalf: any name goes but those that frame the message, which change nothing.
    pub(crate) fn of_owner(list: Rc<RefCell<HeaderList>>) -> Headers {
        Headers { owners: true, ..Headers::new(list, Guard::None) }
    }

    /// [Appends](https://fetch.spec.whatwg.org/#concept-headers-append).
    pub(crate) fn append(&self, ctx: &Ctx<'_>, name: impl Into<Name>, value: impl Into<Bytes>) -> Result<()> {
        let name = name.into();
        if self.owners && is_framing_name(name.as_bytes()) {
            return Ok(());
        }
        self.sorted.take();
        thrown(ctx, header_guards::append(&mut self.list.borrow_mut(), self.guard, name, value))
    }
}

/// The guard that the prelude calls so.
pub(crate) fn guard(ctx: &Ctx<'_>, name: &str) -> Result<Guard> {
    Ok(match name {
        "none" => Guard::None,
        "request" => Guard::Request,
        "request-no-cors" => Guard::RequestNoCors,
        "response" => Guard::Response,
        "immutable" => Guard::Immutable,
        _ => return Err(Exception::throw_type(ctx, "no such guard")),
    })
}

fn headers_new(ctx: Ctx<'_>, guard_name: String) -> Result<Handle> {
    Ok(Handle::new(Headers::new(Rc::default(), guard(&ctx, &guard_name)?)))
}

/// Silent refusals are silent; the others are a `TypeError`.
fn thrown(ctx: &Ctx<'_>, verdict: HeaderGuard) -> Result<()> {
    if !verdict.throws() {
        return Ok(());
    }
    Err(match verdict {
        HeaderGuard::InvalidName { said: name } => throw_type(ctx, &format!("'{name}' is not a header name")),
        HeaderGuard::InvalidValue { .. } => Exception::throw_type(ctx, "not a header value"),
        _ => Exception::throw_type(ctx, "the headers are immutable"),
    })
}

/// A long value is entered in the ledger.
fn held(ctx: &Ctx<'_>, value: ByteString) -> Result<Bytes> {
    if value.0.len() < ENTERED_FROM { Ok(value.0.into()) } else { hold(ctx, value.0.into()) }
}

fn headers_append(ctx: Ctx<'_>, headers: Handle, name: ByteString, value: ByteString) -> Result<()> {
    headers.get::<Headers>(&ctx)?.append(&ctx, name.0, held(&ctx, value)?)
}

fn headers_set(ctx: Ctx<'_>, headers: Handle, name: ByteString, value: ByteString) -> Result<()> {
    let headers = headers.get::<Headers>(&ctx)?;
    if headers.owners && is_framing_name(&name.0) {
        return Ok(());
    }
    headers.sorted.take();
    let value = held(&ctx, value)?;
    let verdict = header_guards::set(&mut headers.list.borrow_mut(), headers.guard, name.0, value);
    thrown(&ctx, verdict)
}

fn headers_delete(ctx: Ctx<'_>, headers: Handle, name: ByteString) -> Result<()> {
    let headers = headers.get::<Headers>(&ctx)?;
    headers.sorted.take();
    let verdict = header_guards::delete(&mut headers.list.borrow_mut(), headers.guard, &name.0);
    thrown(&ctx, verdict)
}

fn headers_get(ctx: Ctx<'_>, headers: Handle, name: ByteString) -> Result<Option<String>> {
    let headers = headers.get::<Headers>(&ctx)?;
    let list = headers.list.borrow();
    match header_guards::get(&list, &name.0) {
        Ok(value) => Ok(value.map(|value| isomorphic_decode(&value))),
        Err(verdict) => thrown(&ctx, verdict).map(|()| None),
    }
}

fn headers_get_set_cookie(ctx: Ctx<'_>, headers: Handle) -> Result<List<String>> {
    let headers = headers.get::<Headers>(&ctx)?;
    let list = headers.list.borrow();
    Ok(List(header_guards::get_set_cookie(&list).map(|value| isomorphic_decode(value)).collect()))
}

fn headers_has(ctx: Ctx<'_>, headers: Handle, name: ByteString) -> Result<bool> {
    let headers = headers.get::<Headers>(&ctx)?;
    let list = headers.list.borrow();
    header_guards::has(&list, &name.0).or_else(|verdict| thrown(&ctx, verdict).map(|()| false))
}

/// The name and value of the list, sorted and combined, at this place; `undefined` beyond its end.
fn headers_pair_at(ctx: Ctx<'_>, headers: Handle, index: usize) -> Result<Option<List<String>>> {
    let headers = headers.get::<Headers>(&ctx)?;
    let mut sorted = headers.sorted.borrow_mut();
    let sorted = sorted.get_or_insert_with(|| headers.list.borrow().sort_and_combine());
    Ok(sorted.get(index).map(|(name, value)| List(vec![isomorphic_decode(name), isomorphic_decode(value)])))
}

/// Empties the list.
fn headers_clear(ctx: Ctx<'_>, headers: Handle) -> Result<()> {
    let headers = headers.get::<Headers>(&ctx)?;
    headers.sorted.take();
    *headers.list.borrow_mut() = HeaderList::new();
    Ok(())
}

/// Appends anew what is in the list: what the guard allows stays.
fn headers_refill(ctx: Ctx<'_>, headers: Handle) -> Result<()> {
    let headers = headers.get::<Headers>(&ctx)?;
    let all = std::mem::take(&mut *headers.list.borrow_mut());
    for header in &all {
        headers.append(&ctx, Bytes::copy_from_slice(header.name()), header.value().clone())?;
    }
    Ok(())
}

/// The [extracted MIME type](https://fetch.spec.whatwg.org/#concept-header-extract-mime-type), serialized; `undefined` is failure.
fn headers_mime_type(ctx: Ctx<'_>, headers: Handle) -> Result<Option<String>> {
    let headers = headers.get::<Headers>(&ctx)?;
    let list = headers.list.borrow();
    Ok(extract_a_mime_type(&list).ok().map(|mime_type| isomorphic_decode(&mime_type.to_bytes())))
}
