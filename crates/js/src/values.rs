//! Values as ops take them: text, bytes as text, bytes.

use bytes::Bytes;
use rquickjs::{
    Array, ArrayBuffer, Ctx, Exception, FromJs, IntoJs, Object, Result, String as JsString, TypedArray, Value,
};

use crate::ledger::{hold, room_for};

/// Bytes of a string that are worth a look at what room there is for them.
const LONG: usize = 1 << 20;

/// A string; its lone surrogates become U+FFFD.
pub(crate) struct Text(pub(crate) String);

impl<'js> FromJs<'js> for Text {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Text> {
        let string = JsString::from_value(value)?;
        match string.to_string() {
            Ok(text) => {
                if text.len() >= LONG {
                    room_for(ctx, text.len())?;
                }
                Ok(Text(text))
            }
            Err(rquickjs::Error::Utf8(_)) => Ok(Text(well_formed(ctx, string)?)),
            Err(error) => Err(error),
        }
    }
}

/// The engine writes a lone surrogate as three bytes of its own, which are no UTF-8.
fn well_formed<'js>(_: &Ctx<'js>, string: JsString<'js>) -> Result<String> {
    let string = string.to_cstring()?;
    // SAFETY: the string owns that many bytes from there on, and lives until the end of this function.
    #[allow(unsafe_code)]
    let bytes = unsafe { std::slice::from_raw_parts(string.as_ptr().cast::<u8>(), string.len()) };
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (valid, after) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, &[][..]),
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), after)
            }
        };
        text.push_str(valid);
        rest = after;
        if !rest.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            rest = rest.get(3..).unwrap_or_default();
        }
    }
    Ok(text)
}

/// A byte sequence [isomorphic decoded](https://infra.spec.whatwg.org/#isomorphic-decode): a character a byte.
pub(crate) struct ByteString(pub(crate) Vec<u8>);

impl<'js> FromJs<'js> for ByteString {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<ByteString> {
        let Text(text) = Text::from_js(ctx, value)?;
        if text.is_ascii() {
            return Ok(ByteString(text.into_bytes()));
        }
        let bytes = text.chars().map(|character| u8::try_from(u32::from(character)));
        let bytes: std::result::Result<_, _> = bytes.collect();
        bytes.map(ByteString).map_err(|_| Exception::throw_type(ctx, "a character that is no byte"))
    }
}

/// <https://infra.spec.whatwg.org/#isomorphic-decode>
pub(crate) fn isomorphic_decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// As many bytes as are entered in the ledger.
pub(crate) const ENTERED_FROM: usize = 4096;

/// The bytes of an ArrayBuffer or a `Uint8Array`, copied: script may change its own at any time. Many are entered in the ledger.
pub(crate) struct Data(pub(crate) Bytes);

impl<'js> FromJs<'js> for Data {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Data> {
        // SAFETY: nothing of script's runs between the look and the copy.
        #[allow(unsafe_code)]
        let copied = if let Ok(array) = TypedArray::<u8>::from_value(value.clone()) {
            unsafe { array.as_bytes() }.map(Bytes::copy_from_slice)
        } else {
            ArrayBuffer::from_value(value)
                .and_then(|buffer| unsafe { buffer.as_bytes() }.map(Bytes::copy_from_slice))
        };
        let copied =
            copied.ok_or_else(|| Exception::throw_type(ctx, "no bytes, or bytes that were taken away"))?;
        // What is small is worth no entry of its own.
        if copied.len() < ENTERED_FROM { Ok(Data(copied)) } else { hold(ctx, copied).map(Data) }
    }
}

/// An empty array for the prelude. It inherits nothing: to set what an array lacks asks its prototypes, where script may
/// have put a setter for it.
pub(crate) fn new_list<'js>(ctx: &Ctx<'js>) -> Result<Array<'js>> {
    let list = Array::new(ctx.clone())?;
    list.as_object().set_prototype(None)?;
    Ok(list)
}

/// An empty object for the prelude, which inherits nothing either.
pub(crate) fn new_record<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let record = Object::new(ctx.clone())?;
    record.set_prototype(None)?;
    Ok(record)
}

/// Values for the prelude, in an array that inherits nothing.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<'js, T: IntoJs<'js>> IntoJs<'js> for List<T> {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let list = new_list(ctx)?;
        for (index, value) in self.0.into_iter().enumerate() {
            list.set(index, value)?;
        }
        Ok(list.into_value())
    }
}
