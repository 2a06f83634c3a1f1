//! [TextDecoder and TextEncoder](https://encoding.spec.whatwg.org/#api): bytes to strings and back, a chunk at a time.
//!
//! UTF-8 is decoded where it lies: ASCII is copied once, into the engine. The other encodings are encoding_rs's.

use std::borrow::Cow;
use std::cell::RefCell;

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, mem};
use rquickjs::{Ctx, Exception, Object, Result, String as JsString, Value, qjs};

use crate::handles::Handle;
use crate::ops::buffer_sources::{new_uint8_array, with_bytes, with_bytes_mut};
use crate::ops::set;
use crate::values::{List, Text};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, text_decoder_new, text_decoder_encoding, text_decode, text_encode, text_encode_into);
    Ok(())
}

/// A decoder of the encoding with this label; undefined where there is none.
fn text_decoder_new(label: Text, fatal: bool, ignore_bom: bool) -> Option<Handle> {
    let encoding = Encoding::for_label_no_replacement(label.0.as_bytes())?;
    Some(Handle::new(TextDecoder::new(encoding, fatal, ignore_bom)))
}

/// <https://encoding.spec.whatwg.org/#dom-textdecoder-encoding>
fn text_decoder_encoding(ctx: Ctx<'_>, decoder: Handle) -> Result<String> {
    let decoder = decoder.get::<TextDecoder>(&ctx)?;
    let name = decoder.0.borrow().encoding.name().to_ascii_lowercase();
    Ok(name)
}

/// The string that the next bytes are, in the state of the decoder; `stream` says that more will come.
fn text_decode<'js>(
    ctx: Ctx<'js>,
    decoder: Handle,
    source: Value<'js>,
    stream: bool,
) -> Result<JsString<'js>> {
    let decoder = decoder.get::<TextDecoder>(&ctx)?;
    with_bytes(&ctx, &source, |bytes| match decoder.0.borrow_mut().decode(bytes, stream) {
        Ok(text) => new_string(&ctx, &text),
        Err(Malformed) => Err(Exception::throw_type(&ctx, "The encoded data was not valid.")),
    })
}

/// <https://encoding.spec.whatwg.org/#dom-textencoder-encode>
fn text_encode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<Value<'js>> {
    with_code_units(&text, |units| {
        // Room for ASCII first, as most text is; for what is none, as much as it may take.
        let mut bytes = vec![0; units.len()];
        let (read, mut written) = mem::convert_utf16_to_utf8_partial(units, &mut bytes);
        if read < units.len() {
            bytes.resize(written + (units.len() - read) * 3, 0);
            written += mem::convert_utf16_to_utf8(&units[read..], &mut bytes[written..]);
        }
        new_uint8_array(&ctx, &bytes[..written])
    })?
}

/// <https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto>: code units that were read, and bytes that were written.
fn text_encode_into<'js>(ctx: Ctx<'js>, text: JsString<'js>, destination: Value<'js>) -> Result<List<usize>> {
    with_code_units(&text, |units| {
        let (read, written) = with_bytes_mut(&ctx, &destination, |room| {
            // Characters go in whole or not at all.
            mem::convert_utf16_to_utf8_partial(units, room)
        });
        List(vec![read, written])
    })
}

/// A string of the engine. What is not ASCII goes there in UTF-16, which is much faster than the engine's own reading of UTF-8.
#[allow(unsafe_code)]
fn new_string<'js>(ctx: &Ctx<'js>, text: &str) -> Result<JsString<'js>> {
    if text.is_ascii() || text.len() < SHORT {
        return JsString::from_str(ctx.clone(), text);
    }
    let mut units = vec![0; text.len()];
    let length = mem::convert_str_to_utf16(text, &mut units);
    // SAFETY: the engine copies so many code units before it returns, and gives a string of this context or throws.
    unsafe {
        let string = qjs::JS_NewStringUTF16(ctx.as_raw().as_ptr(), units.as_ptr(), length as _);
        if qjs::JS_IsException(string) {
            return Err(rquickjs::Error::Exception);
        }
        JsString::from_value(Value::from_raw(ctx.clone(), string))
    }
}

/// Shorter strings are not worth the way around.
const SHORT: usize = 64;

/// The code units of a string; where it is no string of bytes, the engine's own.
#[allow(unsafe_code)]
fn with_code_units<T>(text: &JsString<'_>, look: impl FnOnce(&[u16]) -> T) -> Result<T> {
    let context = text.ctx().as_raw().as_ptr();
    // SAFETY: the value is the context's and a string. Its code units are there until they are given back, also where
    // `look` panics, which leaks them.
    unsafe {
        let mut length = 0;
        let start = qjs::JS_ToCStringLenUTF16(context, &mut length, text.as_value().as_raw());
        if start.is_null() {
            return Err(rquickjs::Error::Exception);
        }
        let looked = look(std::slice::from_raw_parts(start, length as usize));
        qjs::JS_FreeCStringUTF16(context, start);
        Ok(looked)
    }
}

struct TextDecoder(RefCell<State>);

/// <https://encoding.spec.whatwg.org/#interface-mixin-textdecodercommon>
struct State {
    encoding: &'static Encoding,
    fatal: bool,
    ignore_bom: bool,
    bom_seen: bool,
    do_not_flush: bool,
    /// None for UTF-8, whose state is what stands in the queue.
    decoder: Option<Decoder>,
    /// Bytes that were not read yet: the beginning of a character, or what follows an error that ended a call.
    queue: Vec<u8>,
}

/// The decoder returned error, and its error mode is fatal.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

impl TextDecoder {
    fn new(encoding: &'static Encoding, fatal: bool, ignore_bom: bool) -> TextDecoder {
        TextDecoder(RefCell::new(State {
            encoding,
            fatal,
            ignore_bom,
            bom_seen: false,
            do_not_flush: false,
            decoder: None,
            queue: Vec::new(),
        }))
    }
}

impl State {
    /// <https://encoding.spec.whatwg.org/#dom-textdecoder-decode>
    fn decode<'a>(&mut self, bytes: &'a [u8], stream: bool) -> std::result::Result<Cow<'a, str>, Malformed> {
        // 1.
        if !self.do_not_flush {
            self.decoder = (self.encoding != UTF_8).then(|| self.encoding.new_decoder_without_bom_handling());
            self.queue.clear();
            self.bom_seen = false;
        }
        // 2.
        self.do_not_flush = stream;
        // 3.
        let input = match self.queue.is_empty() {
            true => Cow::Borrowed(bytes),
            false => {
                let mut queue = std::mem::take(&mut self.queue);
                queue.extend_from_slice(bytes);
                Cow::Owned(queue)
            }
        };
        // 4, 5.
        let output = match (&mut self.decoder, input) {
            (None, Cow::Borrowed(input)) => decode_utf8(input, stream, self.fatal, &mut self.queue)?,
            (None, Cow::Owned(input)) => {
                Cow::Owned(decode_utf8(&input, stream, self.fatal, &mut self.queue)?.into_owned())
            }
            (Some(decoder), input) => {
                Cow::Owned(decode_legacy(decoder, &input, stream, self.fatal, &mut self.queue)?)
            }
        };
        Ok(self.serialize(output))
    }

    /// <https://encoding.spec.whatwg.org/#concept-td-serialize>
    fn serialize<'a>(&mut self, output: Cow<'a, str>) -> Cow<'a, str> {
        let has_bom = self.encoding == UTF_8 || self.encoding == UTF_16LE || self.encoding == UTF_16BE;
        if !has_bom || self.ignore_bom || self.bom_seen || output.is_empty() {
            return output;
        }
        self.bom_seen = true;
        match output {
            Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
            Cow::Owned(mut text) => {
                if text.starts_with('\u{FEFF}') {
                    text.drain(..'\u{FEFF}'.len_utf8());
                }
                Cow::Owned(text)
            }
        }
    }
}

/// <https://encoding.spec.whatwg.org/#utf-8-decoder>. What is not decoded yet goes into `queue`.
fn decode_utf8<'a>(
    input: &'a [u8],
    stream: bool,
    fatal: bool,
    queue: &mut Vec<u8>,
) -> std::result::Result<Cow<'a, str>, Malformed> {
    let mut output = String::new();
    let mut rest = input;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(text) if output.is_empty() => return Ok(Cow::Borrowed(text)),
            Ok(text) => {
                output.push_str(text);
                return Ok(Cow::Owned(output));
            }
            Err(error) => error,
        };
        let (valid, after) = rest.split_at(error.valid_up_to());
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        match error.error_len() {
            // The beginning of a character, of which more may come.
            None if stream => {
                queue.extend_from_slice(after);
                if output.is_empty() {
                    return Ok(Cow::Borrowed(valid));
                }
                output.push_str(valid);
                return Ok(Cow::Owned(output));
            }
            length => {
                rest = &after[length.unwrap_or(after.len())..];
                if fatal {
                    // NB: the queue outlives the call that fails, if the next one goes on.
                    queue.extend_from_slice(rest);
                    return Err(Malformed);
                }
                output.reserve(input.len() - output.len().min(input.len()));
                output.push_str(valid);
                output.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

fn decode_legacy(
    decoder: &mut Decoder,
    input: &[u8],
    stream: bool,
    fatal: bool,
    queue: &mut Vec<u8>,
) -> std::result::Result<String, Malformed> {
    let mut output = String::new();
    let mut rest = input;
    loop {
        // A piece at a time, as the most that it may become is three times what most texts do.
        let (piece, after) = rest.split_at(rest.len().min(PIECE));
        let is_last = after.is_empty() && !stream;
        output.reserve(decoder.max_utf8_buffer_length(piece.len()).unwrap_or(0));
        if fatal {
            match decoder.decode_to_string_without_replacement(piece, &mut output, is_last) {
                (DecoderResult::InputEmpty, _) => {}
                (DecoderResult::OutputFull, read) => {
                    rest = &rest[read..];
                    continue;
                }
                (DecoderResult::Malformed(..), read) => {
                    queue.extend_from_slice(&rest[read..]);
                    return Err(Malformed);
                }
            }
        } else {
            let (result, read, _) = decoder.decode_to_string(piece, &mut output, is_last);
            if result == CoderResult::OutputFull {
                rest = &rest[read..];
                continue;
            }
        }
        rest = after;
        if rest.is_empty() {
            return Ok(output);
        }
    }
}

/// So much is decoded at once.
const PIECE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder makes of chunks, the last of which ends the stream; an error is `None`.
    fn decode(label: &str, fatal: bool, chunks: &[&[u8]]) -> Vec<Option<String>> {
        let encoding = Encoding::for_label_no_replacement(label.as_bytes()).expect("a label of the table");
        let decoder = TextDecoder::new(encoding, fatal, false);
        let decode = |(index, chunk): (usize, &&[u8])| {
            let decoded = decoder.0.borrow_mut().decode(chunk, index + 1 < chunks.len());
            decoded.ok().map(Cow::into_owned)
        };
        chunks.iter().enumerate().map(decode).collect()
    }

    #[test]
    fn decode_table() {
        for (name, label, fatal, chunks, expected) in [
            ("nothing is nothing", "utf-8", true, &[&b""[..]][..], &[Some("")][..]),
            (
                "a character may come in pieces",
                "utf-8",
                true,
                &[b"a\xF0\x9F", b"\x92", b"\xA9b"],
                &[Some("a"), Some(""), Some("\u{1F4A9}b")],
            ),
            ("one that is cut off is an error", "utf-8", true, &[b"a\xF0\x9F"], &[None]),
            ("and one replacement", "utf-8", false, &[b"a\xF0\x9F", b""], &[Some("a"), Some("\u{FFFD}")]),
            (
                "each longest part of a character is replaced",
                "utf-8",
                false,
                &[b"\xF0\x9F\xF0x\xFF\xC0\x80"],
                &[Some("\u{FFFD}\u{FFFD}x\u{FFFD}\u{FFFD}\u{FFFD}")],
            ),
            ("a BOM is taken off", "utf-8", false, &[b"\xEF\xBB\xBFa"], &[Some("a")]),
            ("only one", "utf-8", false, &[b"\xEF\xBB\xBF\xEF\xBB\xBFa"], &[Some("\u{FEFF}a")]),
            (
                "in pieces too",
                "utf-8",
                false,
                &[b"\xEF", b"\xBB", b"\xBFa"],
                &[Some(""), Some(""), Some("a")],
            ),
            ("of UTF-16 too", "utf-16be", false, &[b"\xFE", b"\xFF\0a"], &[Some(""), Some("a")]),
            ("the other BOM is a character", "utf-16le", false, &[b"\xFE\xFFa\0"], &[Some("\u{FFFE}a")]),
            (
                "what follows an error is read by the next call",
                "utf-8",
                true,
                &[b"a\xFFbc", b"d"],
                &[None, Some("bcd")],
            ),
            ("in other encodings too", "euc-jp", true, &[b"a\xFFbc", b"d"], &[None, Some("bcd")]),
            ("a lone byte of UTF-16 is an error", "utf-16le", true, &[b"a\0b"], &[None]),
            (
                "two bytes in two pieces",
                "shift_jis",
                true,
                &[b"\x82", b"\xA0"],
                &[Some(""), Some("\u{3042}")],
            ),
        ] {
            let expected: Vec<_> = expected.iter().map(|text| text.map(str::to_owned)).collect();
            assert_eq!(decode(label, fatal, chunks), expected, "{name}");
        }
    }

    #[test]
    fn long_texts_are_the_same_in_pieces() {
        let text = "\u{E9}\u{3042}\u{1F4A9}x".repeat(40_000);
        let (bytes, _, _) = encoding_rs::GB18030.encode(&text);
        assert_eq!(decode("gb18030", true, &[&bytes]), [Some(text)]);
        let broken = b"a\xFF".repeat(100_000);
        let replaced = "a\u{FFFD}".repeat(100_000);
        assert_eq!(decode("utf-8", false, &[&broken]), [Some(replaced.clone())]);
        assert_eq!(decode("euc-kr", false, &[&broken]), [Some(replaced)]);
    }
}
