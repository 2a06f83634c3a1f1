//! [Structured field values](https://www.rfc-editor.org/rfc/rfc9651): dictionaries, lists and items, both ways; get and set in a header list.
//!
//! The parser never nests deeper than an inner list's parameters, keeps no more than its input holds, and sorts
//! rather than searches for repeated keys. One file for one grammar,
//! for which it is long; its tests stand in `structured_fields_tests.rs`.

mod serializing;

use crate::infrastructure::base64::forgiving_base64_decode;
use crate::infrastructure::header_list::{HeaderList, Name};
use crate::infrastructure::methods::is_token_byte;
use serializing::{separate, write_item, write_key, write_member, write_parameters};

/// <https://fetch.spec.whatwg.org/#concept-header-list-get-structured-header>: `None` too where parsing fails.
pub fn get_a_structured_field_value<Field: StructuredField>(name: &str, list: &HeaderList) -> Option<Field> {
    // 1, 2, 4. The type is that of the result, and the value the combined one.
    Field::parse(&list.get(name)?).ok()
    // 3, 5, 6. Absent and malformed are alike.
}

/// <https://fetch.spec.whatwg.org/#concept-header-list-set-structured-header>
///
/// An empty dictionary or list has no serialization, which leaves no such header.
pub fn set_a_structured_field_value<Field: StructuredField>(
    name: impl Into<Name>,
    structured_value: &Field,
    list: &mut HeaderList,
) -> Result<(), Unserializable> {
    let name = name.into();
    // 1. Serialize.
    match structured_value.serialize()? {
        // 2. Set.
        Some(serialized) => list.set(name, serialized),
        None => list.retain(|header| !header.name().eq_ignore_ascii_case(name.as_bytes())),
    }
    Ok(())
}

/// Input outside the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The offset where parsing stopped.
    pub at: usize,
}

/// A value that no field can carry: a number out of range, or text that its type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unserializable;

/// One of the three types at the top: [`Dictionary`], [`List`] and [`Item`].
pub trait StructuredField: Sized {
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2>
    fn parse(input: &[u8]) -> Result<Self, Malformed>;

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.1>: `None` for what is empty.
    fn serialize(&self) -> Result<Option<String>, Unserializable>;
}

/// <https://www.rfc-editor.org/rfc/rfc9651#section-3.2>: members by key, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary(pub Vec<(String, Member)>);

impl Dictionary {
    /// The member of that key.
    pub fn get(&self, key: &str) -> Option<&Member> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, member)| member)
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9651#section-3.1>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(pub Vec<Member>);

/// What a dictionary or a list holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// One item.
    Item(Item),
    /// Several, in parentheses.
    InnerList(InnerList),
}

impl Member {
    /// Is it an item, or an inner list with an item, that is this token?
    pub fn has_token(&self, token: &str) -> bool {
        let items = match self {
            Member::Item(item) => std::slice::from_ref(item),
            Member::InnerList(list) => &list.items,
        };
        items.iter().any(|item| item.value.as_token() == Some(token))
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9651#section-3.1.1>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InnerList {
    /// Its items.
    pub items: Vec<Item>,
    /// The parameters of the list itself.
    pub parameters: Parameters,
}

/// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Without its parameters.
    pub value: BareItem,
    /// Its parameters.
    pub parameters: Parameters,
}

impl From<BareItem> for Item {
    fn from(value: BareItem) -> Item {
        Item { value, parameters: Parameters::default() }
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9651#section-3.1.2>: in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(pub Vec<(String, BareItem)>);

impl Parameters {
    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&BareItem> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }
}

/// A value without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BareItem {
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.1>
    Integer(i64),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.2>, in thousandths.
    Decimal(i64),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3>
    String(String),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.4>
    Token(String),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.5>
    ByteSequence(Vec<u8>),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.6>
    Boolean(bool),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.7>: seconds since 1970.
    Date(i64),
    /// <https://www.rfc-editor.org/rfc/rfc9651#section-3.3.8>
    DisplayString(String),
}

impl BareItem {
    /// The token, where it is one.
    pub fn as_token(&self) -> Option<&str> {
        match self {
            BareItem::Token(token) => Some(token),
            _ => None,
        }
    }

    /// The string, where it is one.
    pub fn as_string(&self) -> Option<&str> {
        match self {
            BareItem::String(string) => Some(string),
            _ => None,
        }
    }
}

impl StructuredField for Dictionary {
    fn parse(input: &[u8]) -> Result<Dictionary, Malformed> {
        Parser::whole(input, |parser| {
            let mut members = Vec::new();
            parser.separated(|parser| {
                let key = parser.key()?;
                // A key alone is true, and may have parameters.
                let member = if parser.take(b'=') {
                    parser.member()?
                } else {
                    Member::Item(Item { value: BareItem::Boolean(true), parameters: parser.parameters()? })
                };
                members.push((key, member));
                Ok(())
            })?;
            Ok(Dictionary(last_of_each_key(members)))
        })
    }

    fn serialize(&self) -> Result<Option<String>, Unserializable> {
        let mut out = String::new();
        for (key, member) in &self.0 {
            separate(&mut out);
            write_key(&mut out, key)?;
            match member {
                Member::Item(Item { value: BareItem::Boolean(true), parameters }) => {
                    write_parameters(&mut out, parameters)?;
                }
                member => {
                    out.push('=');
                    write_member(&mut out, member)?;
                }
            }
        }
        Ok((!self.0.is_empty()).then_some(out))
    }
}

impl StructuredField for List {
    fn parse(input: &[u8]) -> Result<List, Malformed> {
        Parser::whole(input, |parser| {
            let mut members = Vec::new();
            parser.separated(|parser| {
                members.push(parser.member()?);
                Ok(())
            })?;
            Ok(List(members))
        })
    }

    fn serialize(&self) -> Result<Option<String>, Unserializable> {
        let mut out = String::new();
        for member in &self.0 {
            separate(&mut out);
            write_member(&mut out, member)?;
        }
        Ok((!self.0.is_empty()).then_some(out))
    }
}

impl StructuredField for Item {
    fn parse(input: &[u8]) -> Result<Item, Malformed> {
        Parser::whole(input, Parser::item)
    }

    fn serialize(&self) -> Result<Option<String>, Unserializable> {
        let mut out = String::new();
        write_item(&mut out, self)?;
        Ok(Some(out))
    }
}

/// A repeated key keeps its first place and its last value.
fn last_of_each_key<Value>(entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| entries[a].0.cmp(&entries[b].0));
    if order.windows(2).all(|pair| entries[pair[0]].0 != entries[pair[1]].0) {
        return entries;
    }
    // The sort is stable: of each run of one key the first index is the place, the last one the value's.
    let mut places: Vec<Option<usize>> = vec![None; entries.len()];
    for run in order.chunk_by(|&a, &b| entries[a].0 == entries[b].0) {
        if let (Some(&first), Some(&last)) = (run.first(), run.last()) {
            places[last] = Some(first);
        }
    }
    let mut kept: Vec<(usize, (String, Value))> =
        entries.into_iter().zip(places).filter_map(|(entry, place)| Some((place?, entry))).collect();
    kept.sort_by_key(|(place, _)| *place);
    kept.into_iter().map(|(_, entry)| entry).collect()
}

/// A place in the input. NB: no rule accepts a byte outside ASCII, so none needs to look for it beforehand.
struct Parser<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    /// One production with spaces around it, and nothing after.
    fn whole<T>(
        input: &'a [u8],
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let mut parser = Parser { input, at: 0 };
        parser.skip(|byte| byte == b' ');
        let value = parse(&mut parser)?;
        parser.skip(|byte| byte == b' ');
        if parser.peek().is_some() { parser.fail() } else { Ok(value) }
    }

    fn fail<T>(&self) -> Result<T, Malformed> {
        Err(Malformed { at: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Malformed> {
        let byte = self.peek().ok_or(Malformed { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.take(wanted) { Ok(()) } else { self.fail() }
    }

    fn skip(&mut self, is: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is) {
            self.at += 1;
        }
    }

    /// The bytes from here on that are such.
    fn run(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.at;
        self.skip(is);
        &self.input[start..self.at]
    }

    /// Steps 2 of lists and dictionaries: members between commas, none of them empty.
    fn separated(
        &mut self,
        mut member: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let is_blank = |byte| matches!(byte, b' ' | b'\t');
        while self.peek().is_some() {
            member(self)?;
            self.skip(is_blank);
            if self.peek().is_none() {
                break;
            }
            self.expect(b',')?;
            self.skip(is_blank);
            if self.peek().is_none() {
                return self.fail();
            }
        }
        Ok(())
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.1.1>
    fn member(&mut self) -> Result<Member, Malformed> {
        if self.peek() == Some(b'(') {
            self.inner_list().map(Member::InnerList)
        } else {
            self.item().map(Member::Item)
        }
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.1.2>
    fn inner_list(&mut self) -> Result<InnerList, Malformed> {
        self.expect(b'(')?;
        let mut items = Vec::new();
        loop {
            self.skip(|byte| byte == b' ');
            if self.take(b')') {
                return Ok(InnerList { items, parameters: self.parameters()? });
            }
            items.push(self.item()?);
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return self.fail();
            }
        }
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.3>
    fn item(&mut self) -> Result<Item, Malformed> {
        Ok(Item { value: self.bare_item()?, parameters: self.parameters()? })
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.3.2>
    fn parameters(&mut self) -> Result<Parameters, Malformed> {
        let mut parameters = Vec::new();
        while self.take(b';') {
            self.skip(|byte| byte == b' ');
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare_item()? } else { BareItem::Boolean(true) };
            parameters.push((key, value));
        }
        Ok(Parameters(last_of_each_key(parameters)))
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.3.3>
    fn key(&mut self) -> Result<String, Malformed> {
        if !self.peek().is_some_and(starts_key) {
            return self.fail();
        }
        Ok(text(self.run(is_key_byte)))
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.3.1>
    fn bare_item(&mut self) -> Result<BareItem, Malformed> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'"') => self.string(),
            Some(byte) if starts_token(byte) => Ok(BareItem::Token(text(self.run(is_token_item_byte)))),
            Some(b':') => self.byte_sequence(),
            Some(b'?') => {
                self.at += 1;
                match self.peek() {
                    Some(digit @ (b'0' | b'1')) => {
                        self.at += 1;
                        Ok(BareItem::Boolean(digit == b'1'))
                    }
                    _ => self.fail(),
                }
            }
            Some(b'@') => {
                self.at += 1;
                match self.number()? {
                    BareItem::Integer(seconds) => Ok(BareItem::Date(seconds)),
                    _ => self.fail(),
                }
            }
            Some(b'%') => self.display_string(),
            _ => self.fail(),
        }
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.4>
    fn number(&mut self) -> Result<BareItem, Malformed> {
        let sign = if self.take(b'-') { -1 } else { 1 };
        let (value, count) = self.digits()?;
        let is_decimal = self.take(b'.');
        if count > if is_decimal { 12 } else { 15 } {
            return self.fail();
        }
        if !is_decimal {
            return Ok(BareItem::Integer(sign * value));
        }
        match self.digits()? {
            (fraction, digits @ 1..=3) => {
                let thousandths = fraction * [100, 10, 1][digits - 1];
                Ok(BareItem::Decimal(sign * (value * 1000 + thousandths)))
            }
            _ => self.fail(),
        }
    }

    /// One digit or more: their value, exact up to 15 of them, and how many there are.
    fn digits(&mut self) -> Result<(i64, usize), Malformed> {
        let digits = self.run(|byte| byte.is_ascii_digit());
        if digits.is_empty() {
            return self.fail();
        }
        let value = digits.iter().take(15).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Ok((value, digits.len()))
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.5>
    fn string(&mut self) -> Result<BareItem, Malformed> {
        self.expect(b'"')?;
        let mut string = String::new();
        loop {
            match self.next()? {
                b'"' => return Ok(BareItem::String(string)),
                b'\\' => match self.next()? {
                    byte @ (b'"' | b'\\') => string.push(byte as char),
                    _ => return self.fail(),
                },
                byte @ 0x20..=0x7E => string.push(byte as char),
                _ => return self.fail(),
            }
        }
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.7>: padding may be missing, and nothing but base64 may be there.
    fn byte_sequence(&mut self) -> Result<BareItem, Malformed> {
        self.expect(b':')?;
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let decoded = forgiving_base64_decode(self.run(is_base64));
        self.expect(b':')?;
        decoded.map(BareItem::ByteSequence).or_else(|_| self.fail())
    }

    /// <https://www.rfc-editor.org/rfc/rfc9651#section-4.2.10>
    fn display_string(&mut self) -> Result<BareItem, Malformed> {
        self.expect(b'%')?;
        self.expect(b'"')?;
        let hex = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => break,
                b'%' => match (hex(self.next()?), hex(self.next()?)) {
                    (Some(high), Some(low)) => bytes.push(high << 4 | low),
                    _ => return self.fail(),
                },
                byte @ 0x20..=0x7E => bytes.push(byte),
                _ => return self.fail(),
            }
        }
        String::from_utf8(bytes).map(BareItem::DisplayString).or_else(|_| self.fail())
    }
}

fn text(ascii: &[u8]) -> String {
    ascii.iter().map(|&byte| byte as char).collect()
}

fn starts_key(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'*'
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*')
}

fn starts_token(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'*'
}

fn is_token_item_byte(byte: u8) -> bool {
    is_token_byte(byte) || matches!(byte, b':' | b'/')
}

#[cfg(test)]
#[path = "structured_fields_tests.rs"]
mod tests;
