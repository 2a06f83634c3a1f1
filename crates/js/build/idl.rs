//! The part of [Web IDL](https://webidl.spec.whatwg.org/#idl-grammar) that standards use, as data.
//!
//! Reads; what a type's name stands for is `idl_link.rs`'s business, what is made of an interface `shells.rs`'s.

use std::fmt;

use crate::idl_tokens::{Token, Tokens, tokenize};

/// What is wrong with an IDL file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdlError {
    pub(crate) at: At,
    pub(crate) message: String,
}

impl fmt::Display for IdlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.file, self.at.line, self.message)
    }
}

/// A place in an IDL file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct At {
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// One `[...]`: names with what stands right of `=`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Extended(pub(crate) Vec<(String, Vec<String>)>);

impl Extended {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
    /// The identifiers right of `=`; none for a bare name.
    pub(crate) fn get(&self, name: &str) -> Option<&[String]> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, values)| values.as_slice())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Type {
    pub(crate) kind: TypeKind,
    pub(crate) nullable: bool,
    pub(crate) extended: Extended,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TypeKind {
    /// `any`, `undefined`, `boolean`, `unsigned long`, `USVString`, `Uint8Array` ...
    Builtin(&'static str),
    Named(String),
    Union(Vec<Type>),
    Sequence(Box<Type>),
    AsyncSequence(Box<Type>),
    FrozenArray(Box<Type>),
    Record(Box<Type>, Box<Type>),
    Promise(Box<Type>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Default {
    Null,
    Undefined,
    Boolean(bool),
    Number(String),
    String(String),
    EmptySequence,
    EmptyDictionary,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) optional: bool,
    pub(crate) variadic: bool,
    pub(crate) default: Option<Default>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) at: At,
    pub(crate) extended: Extended,
    pub(crate) kind: MemberKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MemberKind {
    Constructor { arguments: Vec<Argument> },
    Constant { name: String, value: String },
    Attribute { name: String, ty: Type, readonly: bool, is_static: bool, stringifier: bool },
    Operation { name: String, returns: Type, arguments: Vec<Argument>, is_static: bool, stringifier: bool },
    Stringifier,
    Iterable { key: Option<Type>, value: Type },
    AsyncIterable { key: Option<Type>, value: Type, arguments: Vec<Argument> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InterfaceKind {
    Interface,
    Mixin,
    Namespace,
    CallbackInterface,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Interface {
    pub(crate) at: At,
    pub(crate) kind: InterfaceKind,
    pub(crate) partial: bool,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) extended: Extended,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DictionaryMember {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    pub(crate) default: Option<Default>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dictionary {
    pub(crate) at: At,
    pub(crate) partial: bool,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) members: Vec<DictionaryMember>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Definition {
    Interface(Interface),
    Dictionary(Dictionary),
    Enum { at: At, name: String, values: Vec<String> },
    Typedef { at: At, name: String, ty: Type },
    Callback { at: At, name: String, legacy_null: bool },
    Includes { at: At, target: String, mixin: String },
}

const TYPE_ATTRIBUTES: [&str; 5] =
    ["AllowResizable", "AllowShared", "Clamp", "EnforceRange", "LegacyNullToEmptyString"];

const BUILTIN_TYPES: [&str; 35] = [
    "any",
    "undefined",
    "object",
    "symbol",
    "boolean",
    "byte",
    "octet",
    "bigint",
    "DOMString",
    "USVString",
    "ByteString",
    "ArrayBuffer",
    "SharedArrayBuffer",
    "DataView",
    "Int8Array",
    "Int16Array",
    "Int32Array",
    "Uint8Array",
    "Uint16Array",
    "Uint32Array",
    "Uint8ClampedArray",
    "BigInt64Array",
    "BigUint64Array",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "DOMException",
    "ArrayBufferView",
    "BufferSource",
    "AllowSharedBufferSource",
    "Function",
    "VoidFunction",
    "EventHandler",
    "OnErrorEventHandler",
    "OnBeforeUnloadEventHandler",
];

/// All definitions of one file.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Definition>, IdlError> {
    let mut p = Parser { tokens: tokenize(file, text)? };
    let mut definitions = Vec::new();
    while !p.tokens.at_end() {
        definitions.push(p.definition()?);
    }
    Ok(definitions)
}

struct Parser {
    tokens: Tokens,
}

type Parsed<T> = Result<T, IdlError>;

impl Parser {
    fn definition(&mut self) -> Parsed<Definition> {
        let extended = self.extended()?;
        let at = self.tokens.here();
        let partial = self.tokens.take("partial");
        if self.tokens.take("callback") {
            if self.tokens.take("interface") {
                return self.interface(at, InterfaceKind::CallbackInterface, partial, extended);
            }
            let name = self.tokens.identifier()?;
            self.tokens.expect("=")?;
            self.ty()?;
            self.arguments()?;
            self.tokens.expect(";")?;
            let legacy_null = extended.has("LegacyTreatNonObjectAsNull");
            return Ok(Definition::Callback { at, name, legacy_null });
        }
        if self.tokens.take("interface") {
            let kind =
                if self.tokens.take("mixin") { InterfaceKind::Mixin } else { InterfaceKind::Interface };
            return self.interface(at, kind, partial, extended);
        }
        if self.tokens.take("namespace") {
            return self.interface(at, InterfaceKind::Namespace, partial, extended);
        }
        if self.tokens.take("dictionary") {
            return self.dictionary(at, partial);
        }
        if self.tokens.take("enum") {
            return self.enumeration(at);
        }
        if self.tokens.take("typedef") {
            let mut ty = self.ty()?;
            let name = self.tokens.identifier()?;
            self.tokens.expect(";")?;
            ty.extended.0.extend(extended.0);
            return Ok(Definition::Typedef { at, name, ty });
        }
        let target = self.tokens.identifier()?;
        if !self.tokens.take("includes") {
            return self.tokens.fail(format!("expected a definition, found '{target}'"));
        }
        let mixin = self.tokens.identifier()?;
        self.tokens.expect(";")?;
        Ok(Definition::Includes { at, target, mixin })
    }

    fn interface(
        &mut self,
        at: At,
        kind: InterfaceKind,
        partial: bool,
        extended: Extended,
    ) -> Parsed<Definition> {
        let name = self.tokens.identifier()?;
        let parent = self.parent()?;
        self.tokens.expect("{")?;
        let mut members = Vec::new();
        while !self.tokens.take("}") {
            members.push(self.member()?);
        }
        self.tokens.expect(";")?;
        Ok(Definition::Interface(Interface { at, kind, partial, name, parent, extended, members }))
    }

    fn parent(&mut self) -> Parsed<Option<String>> {
        Ok(if self.tokens.take(":") { Some(self.tokens.identifier()?) } else { None })
    }

    fn member(&mut self) -> Parsed<Member> {
        let mut extended = self.extended()?;
        let at = self.tokens.here();
        let kind = self.member_kind(&mut extended)?;
        self.tokens.expect(";")?;
        Ok(Member { at, extended, kind })
    }

    fn member_kind(&mut self, extended: &mut Extended) -> Parsed<MemberKind> {
        if self.tokens.peek_is("constructor") && self.tokens.second_is("(") {
            self.tokens.expect("constructor")?;
            return Ok(MemberKind::Constructor { arguments: self.arguments()? });
        }
        if self.tokens.take("const") {
            self.ty()?;
            let name = self.tokens.identifier()?;
            self.tokens.expect("=")?;
            let value = match self.tokens.next()? {
                Token::Number(n) => n,
                Token::Word(w) if matches!(w.as_str(), "true" | "false" | "Infinity" | "NaN") => w,
                Token::Word(w) if w == "-Infinity" => w,
                other => return self.tokens.fail(format!("expected a constant's value, found '{other}'")),
            };
            return Ok(MemberKind::Constant { name, value });
        }
        if self.tokens.peek_is("iterable")
            || self.tokens.peek_is("async_iterable")
            || self.tokens.peek_is("async")
        {
            return self.iterable();
        }
        let stringifier = self.tokens.take("stringifier");
        if stringifier && self.tokens.peek_is(";") {
            return Ok(MemberKind::Stringifier);
        }
        let is_static = self.tokens.take("static");
        if self.tokens.peek_is("inherit") && self.tokens.second_is("attribute") {
            return self.tokens.fail("'inherit' attributes are not supported".to_owned());
        }
        let readonly = self.tokens.take("readonly");
        if self.tokens.take("attribute") {
            let mut ty = self.ty()?;
            move_type_attributes(extended, &mut ty);
            let name = self.tokens.identifier()?;
            return Ok(MemberKind::Attribute { name, ty, readonly, is_static, stringifier });
        }
        if readonly {
            return self.tokens.fail("expected 'attribute' after 'readonly'".to_owned());
        }
        for special in ["getter", "setter", "deleter", "maplike", "setlike"] {
            if self.tokens.peek_is(special) && !self.tokens.second_is("(") {
                return self.tokens.fail(format!("'{special}' is not supported"));
            }
        }
        let mut returns = self.ty()?;
        move_type_attributes(extended, &mut returns);
        let name = if self.tokens.peek_is("(") && stringifier {
            "toString".to_owned()
        } else {
            self.tokens.identifier()?
        };
        let arguments = self.arguments()?;
        Ok(MemberKind::Operation { name, returns, arguments, is_static, stringifier })
    }

    fn iterable(&mut self) -> Parsed<MemberKind> {
        let asynchronous = if self.tokens.take("async") {
            self.tokens.expect("iterable")?;
            true
        } else {
            self.tokens.take("async_iterable") || !self.tokens.take("iterable")
        };
        self.tokens.expect("<")?;
        let first = self.ty()?;
        let second = if self.tokens.take(",") { Some(self.ty()?) } else { None };
        self.tokens.expect(">")?;
        let (key, value) = match second {
            Some(second) => (Some(first), second),
            None => (None, first),
        };
        if !asynchronous {
            return Ok(MemberKind::Iterable { key, value });
        }
        let arguments = if self.tokens.peek_is("(") { self.arguments()? } else { Vec::new() };
        Ok(MemberKind::AsyncIterable { key, value, arguments })
    }

    fn dictionary(&mut self, at: At, partial: bool) -> Parsed<Definition> {
        let name = self.tokens.identifier()?;
        let parent = self.parent()?;
        self.tokens.expect("{")?;
        let mut members = Vec::new();
        while !self.tokens.take("}") {
            let mut extended = self.extended()?;
            let required = self.tokens.take("required");
            let mut ty = self.ty()?;
            move_type_attributes(&mut extended, &mut ty);
            let name = self.tokens.identifier()?;
            let default = self.default()?;
            self.tokens.expect(";")?;
            members.push(DictionaryMember { name, ty, required, default });
        }
        self.tokens.expect(";")?;
        Ok(Definition::Dictionary(Dictionary { at, partial, name, parent, members }))
    }

    fn enumeration(&mut self, at: At) -> Parsed<Definition> {
        let name = self.tokens.identifier()?;
        self.tokens.expect("{")?;
        let mut values = Vec::new();
        while !self.tokens.take("}") {
            match self.tokens.next()? {
                Token::String(value) => values.push(value),
                other => return self.tokens.fail(format!("expected a string, found '{other}'")),
            }
            if !self.tokens.peek_is("}") {
                self.tokens.expect(",")?;
            }
        }
        self.tokens.expect(";")?;
        Ok(Definition::Enum { at, name, values })
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.tokens.expect("(")?;
        let mut arguments: Vec<Argument> = Vec::new();
        while !self.tokens.take(")") {
            if !arguments.is_empty() {
                self.tokens.expect(",")?;
            }
            let mut extended = self.extended()?;
            let optional = self.tokens.take("optional");
            let mut ty = self.ty()?;
            move_type_attributes(&mut extended, &mut ty);
            let variadic = self.tokens.take("...");
            let name = self.tokens.identifier()?;
            let default = self.default()?;
            if !optional && !variadic && arguments.last().is_some_and(|last| last.optional) {
                return self
                    .tokens
                    .fail(format!("the required argument '{name}' stands after an optional one"));
            }
            arguments.push(Argument { name, ty, optional, variadic, default });
        }
        Ok(arguments)
    }

    fn default(&mut self) -> Parsed<Option<Default>> {
        if !self.tokens.take("=") {
            return Ok(None);
        }
        if self.tokens.take("[") {
            self.tokens.expect("]")?;
            return Ok(Some(Default::EmptySequence));
        }
        if self.tokens.take("{") {
            self.tokens.expect("}")?;
            return Ok(Some(Default::EmptyDictionary));
        }
        Ok(Some(match self.tokens.next()? {
            Token::Number(n) => Default::Number(n),
            Token::String(s) => Default::String(s),
            Token::Word(w) => match w.as_str() {
                "null" => Default::Null,
                "undefined" => Default::Undefined,
                "true" => Default::Boolean(true),
                "false" => Default::Boolean(false),
                "Infinity" | "-Infinity" | "NaN" => Default::Number(w),
                _ => return self.tokens.fail(format!("expected a default value, found '{w}'")),
            },
            other => return self.tokens.fail(format!("expected a default value, found '{other}'")),
        }))
    }

    fn extended(&mut self) -> Parsed<Extended> {
        let mut list = Vec::new();
        while self.tokens.take("[") {
            while !self.tokens.take("]") {
                let name = self.tokens.identifier()?;
                let mut values = Vec::new();
                if self.tokens.take("=") {
                    if self.tokens.take("(") {
                        while !self.tokens.take(")") {
                            values.push(self.tokens.next()?.to_string());
                            self.tokens.take(",");
                        }
                    } else {
                        values.push(self.tokens.next()?.to_string());
                    }
                }
                list.push((name, values));
                if !self.tokens.peek_is("]") {
                    self.tokens.expect(",")?;
                }
            }
        }
        Ok(Extended(list))
    }

    fn ty(&mut self) -> Parsed<Type> {
        let extended = self.extended()?;
        let kind = self.type_kind()?;
        let nullable = self.tokens.take("?");
        Ok(Type { kind, nullable, extended })
    }

    fn type_kind(&mut self) -> Parsed<TypeKind> {
        if self.tokens.take("(") {
            let mut members = vec![self.ty()?];
            while self.tokens.take("or") {
                members.push(self.ty()?);
            }
            self.tokens.expect(")")?;
            return Ok(TypeKind::Union(members));
        }
        let word = self.tokens.identifier()?;
        if let Some(number) = self.number_type(&word)? {
            return Ok(TypeKind::Builtin(number));
        }
        if !self.tokens.peek_is("<") {
            return Ok(match BUILTIN_TYPES.iter().find(|builtin| **builtin == word) {
                Some(builtin) => TypeKind::Builtin(builtin),
                None => TypeKind::Named(word),
            });
        }
        self.tokens.expect("<")?;
        let first = Box::new(self.ty()?);
        let kind = match word.as_str() {
            "sequence" => TypeKind::Sequence(first),
            "async_sequence" => TypeKind::AsyncSequence(first),
            "FrozenArray" => TypeKind::FrozenArray(first),
            "Promise" => TypeKind::Promise(first),
            "record" => {
                self.tokens.expect(",")?;
                TypeKind::Record(first, Box::new(self.ty()?))
            }
            _ => return self.tokens.fail(format!("'{word}<>' is not supported")),
        };
        self.tokens.expect(">")?;
        Ok(kind)
    }

    fn number_type(&mut self, word: &str) -> Parsed<Option<&'static str>> {
        Ok(Some(match word {
            "short" => "short",
            "long" if self.tokens.take("long") => "long long",
            "long" => "long",
            "float" => "float",
            "double" => "double",
            "unsigned" if self.tokens.take("short") => "unsigned short",
            "unsigned" => {
                self.tokens.expect("long")?;
                if self.tokens.take("long") { "unsigned long long" } else { "unsigned long" }
            }
            "unrestricted" if self.tokens.take("float") => "unrestricted float",
            "unrestricted" => {
                self.tokens.expect("double")?;
                "unrestricted double"
            }
            _ => return Ok(None),
        }))
    }
}

/// Extended attributes that are written before a member or an argument and belong to its type.
fn move_type_attributes(extended: &mut Extended, ty: &mut Type) {
    let (of_type, others) =
        std::mem::take(&mut extended.0).into_iter().partition(|(n, _)| TYPE_ATTRIBUTES.contains(&n.as_str()));
    extended.0 = others;
    ty.extended.0.append(&mut { of_type });
}

#[cfg(test)]
#[path = "idl_tests.rs"]
mod tests;
