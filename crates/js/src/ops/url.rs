//! [URL](https://url.spec.whatwg.org/#url-class) and [URLSearchParams](https://url.spec.whatwg.org/#interface-urlsearchparams).
//!
//! A script's URL is its href and where the parts stand in it; both are told anew with each change.

use rquickjs::{Ctx, Object, Result, String as JsString, TypedArray, Value};
use sofetch::Url;
use sofetch::core::infrastructure::urlencoded::{urlencoded_parser, urlencoded_serializer};

use crate::ops::buffer_sources::with_bytes_mut;
use crate::ops::set;
use crate::values::{List, Text};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, url_parse, url_can_parse, url_set, url_origin);
    set!(ctx, ops, urlencoded_parse, urlencoded_serialize);
    Ok(())
}

/// <https://url.spec.whatwg.org/#api-url-parser>; `None` is failure.
fn api_url_parser(url: &str, base: Option<&str>) -> Option<Url> {
    // 1, 2.
    let base = match base {
        Some(base) => Some(Url::parse(base, None).ok()?),
        None => None,
    };
    // 3.
    Url::parse(url, base.as_ref()).ok()
}

/// The href of a URL, whose parts then stand in `offsets`; undefined is failure.
fn url_parse<'js>(
    ctx: Ctx<'js>,
    url: Text,
    base: Option<Text>,
    offsets: TypedArray<'js, u32>,
) -> Result<Value<'js>> {
    let base = base.as_ref().map(|base| base.0.as_str());
    tell(&ctx, api_url_parser(&url.0, base).as_ref(), &offsets)
}

fn url_can_parse(url: Text, base: Option<Text>) -> bool {
    api_url_parser(&url.0, base.as_ref().map(|base| base.0.as_str())).is_some()
}

/// The same after a setter, which may have changed nothing.
fn url_set<'js>(
    ctx: Ctx<'js>,
    href: Text,
    attribute: Text,
    value: Text,
    offsets: TypedArray<'js, u32>,
) -> Result<Value<'js>> {
    let url = Url::parse(&href.0, None).ok().map(|mut url| {
        url.set(&attribute.0, &value.0);
        url
    });
    tell(&ctx, url.as_ref(), &offsets)
}

/// <https://url.spec.whatwg.org/#dom-url-origin>
fn url_origin(href: Text) -> String {
    Url::parse(&href.0, None).map_or_else(|_| "null".to_owned(), |url| url.origin().to_string())
}

fn tell<'js>(ctx: &Ctx<'js>, url: Option<&Url>, offsets: &TypedArray<'js, u32>) -> Result<Value<'js>> {
    let Some(url) = url else { return Ok(Value::new_undefined(ctx.clone())) };
    let at = url.offsets();
    let told = [
        at.scheme_end,
        at.username_end,
        at.password_end,
        at.host_start,
        at.hostname_end,
        at.host_end,
        at.path_start,
        at.search_start,
        at.hash_start,
    ];
    with_bytes_mut(ctx, offsets.as_value(), |bytes| {
        for (place, offset) in bytes.chunks_exact_mut(4).zip(told) {
            place.copy_from_slice(&offset.to_ne_bytes());
        }
    });
    JsString::from_str(ctx.clone(), url.href()).map(JsString::into_value)
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-string-parser>: names and values by turns.
fn urlencoded_parse(input: Text) -> List<String> {
    let tuples = urlencoded_parser(input.0.as_bytes());
    List(tuples.into_iter().flat_map(|(name, value)| [name, value]).collect())
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-serializer>, of names and values by turns.
fn urlencoded_serialize(list: Vec<Text>) -> String {
    let tuples = list.chunks_exact(2).map(|tuple| (tuple[0].0.as_str(), tuple[1].0.as_str()));
    urlencoded_serializer(tuples, None)
}
