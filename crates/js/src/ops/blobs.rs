//! [Blob](https://w3c.github.io/FileAPI/#blob-section): handles of core's blobs, which share their bytes; reading them, and their URLs.
//!
//! Nothing here reads a file of the host: a blob is what script put into it.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use rquickjs::{Array, Class, Ctx, Exception, FromJs, Object, Result, TypedArray, Value};
use sofetch::core::infrastructure::base64::forgiving_base64_encode;
use sofetch::core::infrastructure::blobs::Blob;
use sofetch::core::infrastructure::mime_types::MimeType;
use sofetch::core::infrastructure::package_data::text_of;
use sofetch::core::ports::Random;
use sofetch::net::SystemRandom;

use crate::handles::Handle;
use crate::host::Host;
use crate::ledger::{hold, room_for};
use crate::ops::set;
use crate::values::{Data, Text, isomorphic_decode};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, blob_new, blob_size, blob_type, blob_slice, blob_copy, blob_package, microtask_checkpoint);
    set!(ctx, ops, blob_url_create, blob_url_revoke, blob_url_forget);
    Ok(())
}

/// A segment shorter than this is copied, so that many small ones become few.
const SHARED_FROM: usize = 4096;

/// The small ones joined are at most about as long as this.
const JOINED_UP_TO: usize = 1 << 20;

/// The most segments of one blob: a blob of blobs doubles at no cost but theirs.
const MOST_SEGMENTS: usize = 1 << 20;

/// The longest string that the engine makes.
const LONGEST_STRING: u64 = (1 << 30) - 1;

const NATIVE_LINE_ENDING: &str = if cfg!(windows) { "\r\n" } else { "\n" };

/// <https://w3c.github.io/FileAPI/#constructorBlob>: a blob of strings, buffers and blobs; `native` says what becomes of
/// the line endings of strings.
fn blob_new<'js>(ctx: Ctx<'js>, parts: Array<'js>, content_type: Text, native: bool) -> Result<Handle> {
    let mut segments = Segments::default();
    for part in parts.iter::<Value<'js>>() {
        let part = part?;
        if part.is_string() {
            let Text(text) = Text::from_js(&ctx, part)?;
            match native {
                true => segments.copied(&ctx, convert_line_endings(&text, NATIVE_LINE_ENDING).into())?,
                false => segments.copied(&ctx, text.into())?,
            }
        } else if let Ok(handle) = Class::<Handle>::from_value(&part) {
            for segment in handle.borrow().get::<Blob>(&ctx)?.segments() {
                segments.shared(&ctx, segment.clone())?;
            }
        } else {
            segments.shared(&ctx, Data::from_js(&ctx, part)?.0)?;
        }
        if segments.list.len() > MOST_SEGMENTS {
            return Err(Exception::throw_range(&ctx, "a blob of too many pieces"));
        }
    }
    Ok(Handle::new(Blob::new(segments.finish(&ctx)?, &content_type.0)))
}

/// Segments in the making.
#[derive(Default)]
struct Segments {
    list: Vec<Bytes>,
    small: Vec<u8>,
}

impl Segments {
    /// Bytes that are nobody's yet.
    fn copied(&mut self, ctx: &Ctx<'_>, bytes: Bytes) -> Result<()> {
        if bytes.len() < SHARED_FROM {
            return self.shared(ctx, bytes);
        }
        let bytes = hold(ctx, bytes)?;
        self.shared(ctx, bytes)
    }

    /// Bytes of another blob.
    fn shared(&mut self, ctx: &Ctx<'_>, bytes: Bytes) -> Result<()> {
        if bytes.len() < SHARED_FROM {
            self.small.extend_from_slice(&bytes);
            return if self.small.len() < JOINED_UP_TO { Ok(()) } else { self.flush(ctx) };
        }
        self.flush(ctx)?;
        self.list.push(bytes);
        Ok(())
    }

    fn flush(&mut self, ctx: &Ctx<'_>) -> Result<()> {
        if !self.small.is_empty() {
            self.list.push(hold(ctx, Bytes::from(std::mem::take(&mut self.small)))?);
        }
        Ok(())
    }

    fn finish(mut self, ctx: &Ctx<'_>) -> Result<Vec<Bytes>> {
        self.flush(ctx)?;
        Ok(self.list)
    }
}

/// <https://w3c.github.io/FileAPI/#convert-line-endings-to-native>
fn convert_line_endings(text: &str, native: &str) -> String {
    let mut converted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        converted.push_str(&rest[..at]);
        converted.push_str(native);
        let length = if rest[at..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[at + length..];
    }
    converted.push_str(rest);
    converted
}

fn blob_size(ctx: Ctx<'_>, blob: Handle) -> Result<f64> {
    Ok(blob.get::<Blob>(&ctx)?.size() as f64)
}

fn blob_type(ctx: Ctx<'_>, blob: Handle) -> Result<String> {
    Ok(blob.get::<Blob>(&ctx)?.content_type().to_owned())
}

/// <https://w3c.github.io/FileAPI/#slice-blob>; a position is a long long, clamped.
fn blob_slice(
    ctx: Ctx<'_>,
    blob: Handle,
    start: Option<f64>,
    end: Option<f64>,
    content_type: Text,
) -> Result<Handle> {
    let position = |number: f64| number as i64;
    let blob = blob.get::<Blob>(&ctx)?;
    Ok(Handle::new(blob.slice(start.map(position), end.map(position), &content_type.0)))
}

/// Copies the bytes from `offset` on into `into`, which no script has seen yet; how many.
fn blob_copy<'js>(ctx: Ctx<'js>, blob: Handle, offset: f64, into: TypedArray<'js, u8>) -> Result<usize> {
    let blob = blob.get::<Blob>(&ctx)?;
    let Some(raw) = into.as_raw() else {
        return Err(Exception::throw_type(&ctx, "no bytes, or bytes that were taken away"));
    };
    let length = raw.len();
    let part = blob.slice(Some(offset as i64), Some((offset as i64).saturating_add(length as i64)), "");
    let mut copied = 0;
    for segment in part.segments() {
        // SAFETY: the array's memory is that long, lives as long as `into`, and nothing of script's runs meanwhile. The
        // segments of a slice are together no longer than what was asked for, and are no memory of script's.
        #[allow(unsafe_code)]
        unsafe {
            let to = raw.cast::<u8>().as_ptr().add(copied);
            std::ptr::copy_nonoverlapping(segment.as_ptr(), to, segment.len());
        }
        copied += segment.len();
    }
    Ok(copied)
}

/// <https://w3c.github.io/FileAPI/#blob-package-data>, where the result is a string; `kind` is the Standard's word for
/// it, or `UTF8`, which knows neither encodings nor types.
fn blob_package(ctx: Ctx<'_>, blob: Handle, kind: Text, encoding_name: Option<Text>) -> Result<String> {
    let blob = blob.get::<Blob>(&ctx)?;
    if blob.size() > LONGEST_STRING {
        return Err(Exception::throw_range(&ctx, "more bytes than a string can hold"));
    }
    room_for(&ctx, blob.size() as usize)?;
    let bytes = blob.bytes();
    Ok(match &*kind.0 {
        "DataURL" => data_url(blob.content_type(), &bytes),
        "Text" => {
            let encoding = encoding_of(encoding_name.as_ref().map(|name| &*name.0), blob.content_type());
            encoding.decode(&bytes).0.into_owned()
        }
        "BinaryString" => isomorphic_decode(&bytes),
        _ => text_of(&bytes),
    })
}

/// The encoding that is named, else the type's, else UTF-8.
fn encoding_of(name: Option<&str>, content_type: &str) -> &'static Encoding {
    name.and_then(|name| Encoding::for_label(name.as_bytes()))
        .or_else(|| {
            let mime_type = MimeType::parse(content_type).ok()?;
            Encoding::for_label(mime_type.parameter("charset")?.as_bytes())
        })
        .unwrap_or(UTF_8)
}

/// DEPARTS: a blob without a type is of `application/octet-stream`, as browsers and WPT have it; the text names none,
/// which would make it text. https://github.com/w3c/FileAPI/issues/104
fn data_url(content_type: &str, bytes: &[u8]) -> String {
    let content_type = if content_type.is_empty() { "application/octet-stream" } else { content_type };
    format!("data:{content_type};base64,{}", forgiving_base64_encode(bytes))
}

/// <https://html.spec.whatwg.org/#clean-up-after-running-script>, between two events of one task: nothing of script's is
/// on the stack then.
fn microtask_checkpoint(ctx: Ctx<'_>) {
    let host = Host::of(&ctx);
    while !host.is_over() && ctx.execute_pending_job() {}
}

/// <https://w3c.github.io/FileAPI/#dfn-createObjectURL>
fn blob_url_create(ctx: Ctx<'_>, blob: Handle) -> Result<String> {
    let blob = blob.get::<Blob>(&ctx)?;
    let host = Host::of(&ctx);
    let random = SystemRandom::new().map_err(|_| Exception::throw_type(&ctx, "no source of randomness"))?;
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let environment = host.blob_urls.environment(host.page.as_ref(), &host.url);
    Ok(host.blob_urls.add((*blob).clone(), host.realm, environment, bytes))
}

/// <https://w3c.github.io/FileAPI/#dfn-revokeObjectURL>: the URL that was revoked, if there was one. Whoever imported it before finds it
/// until it is forgotten.
fn blob_url_revoke(ctx: Ctx<'_>, url: Text) -> Option<String> {
    let host = Host::of(&ctx);
    let environment = host.blob_urls.environment(host.page.as_ref(), &host.url);
    let (url, entry) = host.blob_urls.revoke(&url.0, &environment)?;
    host.imported.was_revoked(url.clone(), entry);
    Some(url)
}

fn blob_url_forget(ctx: Ctx<'_>, url: Text) {
    Host::of(&ctx).imported.forget(&url.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_endings_table() {
        for (name, given, lf, crlf) in [
            ("none", "ab", "ab", "ab"),
            ("each of the three", "a\rb\nc\r\nd", "a\nb\nc\nd", "a\r\nb\r\nc\r\nd"),
            ("LF CR are two", "a\n\rb", "a\n\nb", "a\r\n\r\nb"),
            ("CR CR LF are two", "\r\r\n", "\n\n", "\r\n\r\n"),
            ("at both ends", "\n\u{E9}\r", "\n\u{E9}\n", "\r\n\u{E9}\r\n"),
        ] {
            assert_eq!(convert_line_endings(given, "\n"), lf, "{name}");
            assert_eq!(convert_line_endings(given, "\r\n"), crlf, "{name}");
        }
    }

    #[test]
    fn encoding_table() {
        for (name, given, content_type, expected) in [
            ("nothing says", None, "", "UTF-8"),
            ("the argument", Some("utf-16be"), "text/plain;charset=latin1", "UTF-16BE"),
            ("the type", None, "text/plain;charset=latin1", "windows-1252"),
            ("an unknown argument counts as none", Some("x"), "text/plain;charset=utf-16", "UTF-16LE"),
            ("an unknown charset too", None, "text/plain;charset=x", "UTF-8"),
            ("a type that is none", None, "text;charset=latin1", "UTF-8"),
        ] {
            assert_eq!(encoding_of(given, content_type).name(), expected, "{name}");
        }
    }

    #[test]
    fn data_url_table() {
        for (bytes, content_type, expected) in [
            (&b""[..], "", "data:application/octet-stream;base64,"),
            (b"a", "a/b", "data:a/b;base64,YQ=="),
            (b"ab", "a/b", "data:a/b;base64,YWI="),
            (b"abc", "a/b", "data:a/b;base64,YWJj"),
            (b"\xFB\xFF\xBFT", "a/b", "data:a/b;base64,+/+/VA=="),
        ] {
            assert_eq!(data_url(content_type, bytes), expected);
        }
    }
}
