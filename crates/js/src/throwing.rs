//! Throwing with all that there is to say: the binding cuts the message of an error at 255 bytes, and at a NUL.

use rquickjs::object::Property;
use rquickjs::{Ctx, Error, Exception};

/// What strangers wrote may be as long as they like; a message is at most so many bytes, and dots where more was said.
const LONGEST: usize = 4096;

/// Throws a `TypeError`.
pub(crate) fn throw_type(ctx: &Ctx<'_>, said: &str) -> Error {
    throw(ctx, said, Exception::throw_type)
}

/// Throws a `RangeError`.
pub(crate) fn throw_range(ctx: &Ctx<'_>, said: &str) -> Error {
    throw(ctx, said, Exception::throw_range)
}

/// Throws a `SyntaxError`.
pub(crate) fn throw_syntax(ctx: &Ctx<'_>, said: &str) -> Error {
    throw(ctx, said, Exception::throw_syntax)
}

fn throw<'js>(ctx: &Ctx<'js>, said: &str, shortly: fn(&Ctx<'js>, &str) -> Error) -> Error {
    let message = message(said);
    let thrown = shortly(ctx, &message);
    if message.len() < 256 {
        return thrown;
    }
    let error = ctx.catch();
    // NB: defined, not set, as nothing of script's may have a say; where there is no room left for it, the short one is thrown.
    if let Some(error) = error.as_object()
        && error.prop("message", Property::from(message).writable().configurable()).is_err()
    {
        ctx.catch();
    }
    ctx.throw(error)
}

/// On one line, and no longer than [`LONGEST`].
fn message(said: &str) -> String {
    let mut message = String::with_capacity(said.len().min(LONGEST));
    for character in said.chars() {
        if message.len() >= LONGEST - 16 {
            message.push_str("...");
            break;
        }
        match character.is_control() {
            true => message.extend(character.escape_default()),
            false => message.push(character),
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_table() {
        for (row, said, expected) in [
            ("as it is", "'\u{e9}' is \"no\" URL \\", "'\u{e9}' is \"no\" URL \\"),
            ("on one line", "a\nb\0c\u{1b}[1m\u{85}", "a\\nb\\u{0}c\\u{1b}[1m\\u{85}"),
        ] {
            assert_eq!(message(said), expected, "{row}");
        }
        for long in ["\u{1f600}".repeat(4096), "\u{85}".repeat(4096), "x".repeat(10_000)] {
            let message = message(&long);
            assert!(
                message.ends_with("...") && (LONGEST - 16..LONGEST).contains(&message.len()),
                "{message}"
            );
        }
        assert_eq!(message(&"x".repeat(4080)).len(), 4080);
    }
}
