//! [Serializing structured fields](https://www.rfc-editor.org/rfc/rfc9651#section-4.1): the parts, written onto a string.

use crate::infrastructure::base64::forgiving_base64_encode;

use super::{
    BareItem, Item, Member, Parameters, Unserializable, is_key_byte, is_token_item_byte, starts_key,
    starts_token,
};

/// Between members of a dictionary or a list.
pub(super) fn separate(out: &mut String) {
    if !out.is_empty() {
        out.push_str(", ");
    }
}

pub(super) fn write_member(out: &mut String, member: &Member) -> Result<(), Unserializable> {
    let list = match member {
        Member::Item(item) => return write_item(out, item),
        Member::InnerList(list) => list,
    };
    out.push('(');
    for (index, item) in list.items.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_item(out, item)?;
    }
    out.push(')');
    write_parameters(out, &list.parameters)
}

pub(super) fn write_item(out: &mut String, item: &Item) -> Result<(), Unserializable> {
    write_bare_item(out, &item.value)?;
    write_parameters(out, &item.parameters)
}

pub(super) fn write_parameters(out: &mut String, parameters: &Parameters) -> Result<(), Unserializable> {
    for (key, value) in &parameters.0 {
        out.push(';');
        write_key(out, key)?;
        if *value != BareItem::Boolean(true) {
            out.push('=');
            write_bare_item(out, value)?;
        }
    }
    Ok(())
}

pub(super) fn write_key(out: &mut String, key: &str) -> Result<(), Unserializable> {
    if !key.bytes().next().is_some_and(starts_key) || !key.bytes().all(is_key_byte) {
        return Err(Unserializable);
    }
    out.push_str(key);
    Ok(())
}

/// <https://www.rfc-editor.org/rfc/rfc9651#section-4.1.3.1>
fn write_bare_item(out: &mut String, value: &BareItem) -> Result<(), Unserializable> {
    const MOST: u64 = 999_999_999_999_999;
    match value {
        BareItem::Integer(number) | BareItem::Date(number) | BareItem::Decimal(number)
            if number.unsigned_abs() > MOST =>
        {
            return Err(Unserializable);
        }
        BareItem::Integer(number) => out.push_str(&number.to_string()),
        BareItem::Date(seconds) => out.push_str(&format!("@{seconds}")),
        BareItem::Decimal(thousandths) => {
            let sign = if *thousandths < 0 { "-" } else { "" };
            let (whole, fraction) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
            let written = format!("{sign}{whole}.{fraction:03}");
            let trimmed = written.trim_end_matches('0');
            out.push_str(trimmed);
            if trimmed.ends_with('.') {
                out.push('0');
            }
        }
        BareItem::String(string) => {
            if !string.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
                return Err(Unserializable);
            }
            out.push('"');
            for char in string.chars() {
                if matches!(char, '"' | '\\') {
                    out.push('\\');
                }
                out.push(char);
            }
            out.push('"');
        }
        BareItem::Token(token) => {
            if !token.bytes().next().is_some_and(starts_token) || !token.bytes().all(is_token_item_byte) {
                return Err(Unserializable);
            }
            out.push_str(token);
        }
        BareItem::ByteSequence(bytes) => write_base64(out, bytes),
        BareItem::Boolean(value) => out.push_str(if *value { "?1" } else { "?0" }),
        BareItem::DisplayString(string) => {
            out.push_str("%\"");
            for byte in string.bytes() {
                match byte {
                    b'%' | b'"' | 0..=0x1F | 0x7F.. => out.push_str(&format!("%{byte:02x}")),
                    _ => out.push(byte as char),
                }
            }
            out.push('"');
        }
    }
    Ok(())
}

fn write_base64(out: &mut String, bytes: &[u8]) {
    out.push(':');
    out.push_str(&forgiving_base64_encode(bytes));
    out.push(':');
}
