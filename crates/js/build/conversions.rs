//! The JavaScript that converts a value to an IDL type: <https://webidl.spec.whatwg.org/#js-type-mapping>
//!
//! Small things stand in the text of the shell; what needs a function (unions, dictionaries, elements) is written once for a type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::idl::{Default, Dictionary, Extended, Type, TypeKind};
use crate::idl_link::Idl;

pub(crate) struct Conversions<'a> {
    idl: &'a Idl,
    /// Functions that the shells call, in the order in which they were needed.
    pub(crate) functions: String,
    names: BTreeMap<String, String>,
}

/// A JavaScript string literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

impl<'a> Conversions<'a> {
    pub(crate) fn new(idl: &'a Idl) -> Self {
        Self { idl, functions: String::new(), names: BTreeMap::new() }
    }

    /// An expression that converts the variable `v`; `place` is an expression for the beginning of the error's message.
    pub(crate) fn convert(&mut self, ty: &Type, v: &str, place: &str) -> String {
        if ty.nullable && !matches!(ty.kind, TypeKind::Union(_)) {
            let inner = Type { nullable: false, ..ty.clone() };
            let inner = self.convert(&inner, v, place);
            return format!("({v} === null || {v} === undefined ? null : {inner})");
        }
        match &ty.kind {
            TypeKind::Builtin(name) => self.convert_builtin(name, &ty.extended, v, place),
            TypeKind::Named(name) => self.convert_named(name, ty, v, place),
            TypeKind::Union(_) => format!("{}({v}, {place})", self.union(ty)),
            TypeKind::Sequence(inner) => format!("sequence({v}, {place}, {})", self.function(inner)),
            TypeKind::FrozenArray(inner) => {
                format!("ObjectFreeze(sequence({v}, {place}, {}))", self.function(inner))
            }
            TypeKind::AsyncSequence(_) => format!("asyncSequence({v}, {place})"),
            TypeKind::Record(key, value) => {
                format!("record({v}, {place}, {}, {})", self.function(key), self.function(value))
            }
            TypeKind::Promise(_) => format!("promise({v})"),
        }
    }

    fn convert_builtin(&mut self, name: &str, extended: &Extended, v: &str, place: &str) -> String {
        let shared = extended.has("AllowShared");
        let resizable = extended.has("AllowResizable");
        match name {
            "any" => v.to_owned(),
            "undefined" => "undefined".to_owned(),
            "boolean" => format!("!!{v}"),
            "DOMString" if extended.has("LegacyNullToEmptyString") => {
                format!("DOMStringNullToEmpty({v}, {place})")
            }
            "DOMString" => format!("(typeof {v} === \"string\" ? {v} : DOMString({v}, {place}))"),
            "USVString" | "ByteString" | "object" | "symbol" | "bigint" => format!("{name}({v}, {place})"),
            "DOMException" => format!("DOMExceptionObject({v}, {place})"),
            "Function" | "VoidFunction" => format!("callback({v}, {place})"),
            "EventHandler" | "OnErrorEventHandler" | "OnBeforeUnloadEventHandler" => {
                format!("callbackOrNull({v})")
            }
            "ArrayBuffer" => format!("arrayBuffer({v}, {place}, {shared}, {resizable})"),
            "SharedArrayBuffer" => format!("sharedArrayBuffer({v}, {place}, {resizable})"),
            "DataView" => format!("dataView({v}, {place}, {shared}, {resizable})"),
            "ArrayBufferView" => format!("arrayBufferView({v}, {place}, {shared}, {resizable})"),
            "BufferSource" => format!("bufferSource({v}, {place}, {shared}, {resizable})"),
            "AllowSharedBufferSource" => format!("bufferSource({v}, {place}, true, {resizable})"),
            "float" | "double" | "unrestricted float" | "unrestricted double" => {
                format!("{}({v}, {place})", name.replace(' ', "_"))
            }
            _ => match integer_range(name) {
                Some((lower, upper)) if extended.has("EnforceRange") => {
                    format!("enforceRange({v}, {place}, {lower}, {upper})")
                }
                Some((lower, upper)) if extended.has("Clamp") => {
                    format!("clamp({v}, {place}, {lower}, {upper})")
                }
                Some(_) => format!("{}({v}, {place})", name.replace(' ', "_")),
                None => format!("typedArray({v}, {place}, {shared}, {resizable}, {})", quoted(name)),
            },
        }
    }

    fn convert_named(&mut self, name: &str, ty: &Type, v: &str, place: &str) -> String {
        if let Some(typedef) = self.idl.typedefs.get(name) {
            return self.convert(&with_attributes(typedef, ty), v, place);
        }
        if self.idl.interface(name).is_some() {
            return format!("to_{name}({v}, {place})");
        }
        if self.idl.enums.contains_key(name) {
            return format!("enumeration({v}, {place}, enum_{name}, {})", quoted(name));
        }
        if let Some(dictionary) = self.idl.dictionary(name) {
            self.dictionary(dictionary);
            return format!("dictionary_{name}({v}, {place})");
        }
        match self.idl.callbacks.get(name) {
            Some(true) => format!("callbackOrNull({v})"),
            Some(false) => format!("callback({v}, {place})"),
            None => format!("callbackInterface({v}, {place})"),
        }
    }

    /// The expression of a default value.
    pub(crate) fn default(&mut self, default: &Default, ty: &Type, place: &str) -> String {
        match default {
            Default::Null => "null".to_owned(),
            Default::Undefined => "undefined".to_owned(),
            Default::Boolean(value) => value.to_string(),
            Default::Number(value) => value.clone(),
            Default::String(value) => quoted(value),
            Default::EmptySequence => "[]".to_owned(),
            Default::EmptyDictionary => self.convert(ty, "undefined", place),
        }
    }

    /// The conversion of a value that may be missing.
    pub(crate) fn convert_optional(
        &mut self,
        ty: &Type,
        default: Option<&Default>,
        v: &str,
        place: &str,
    ) -> String {
        match default {
            // A dictionary is made of undefined as of an object, and so is a union with one.
            Some(Default::EmptyDictionary) => self.convert(ty, v, place),
            Some(default) => {
                let default = self.default(default, ty, place);
                format!("{v} === undefined ? {default} : {}", self.convert(ty, v, place))
            }
            None => match self.convert(ty, v, place) {
                same if same == v => same,
                converted => format!("{v} === undefined ? undefined : {converted}"),
            },
        }
    }

    /// A function (value, place) for a type, as an argument of another.
    fn function(&mut self, ty: &Type) -> String {
        let plain = |builtin: &str| {
            TypeKind::Builtin(
                ["USVString", "ByteString", "DOMString"].into_iter().find(|n| *n == builtin).unwrap_or(""),
            )
        };
        for name in ["USVString", "ByteString", "DOMString"] {
            if ty.kind == plain(name) && !ty.nullable && ty.extended.0.is_empty() {
                return name.to_owned();
            }
        }
        let key = format!("function {ty:?}");
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let body = self.convert(ty, "V", "place");
        let name = format!("convert_{}", self.names.len());
        let _ = writeln!(self.functions, "function {name}(V, place) {{ return {body}; }}");
        self.names.insert(key, name.clone());
        name
    }

    /// <https://webidl.spec.whatwg.org/#js-dictionary>
    pub(crate) fn dictionary(&mut self, dictionary: &Dictionary) {
        let key = format!("dictionary {}", dictionary.name);
        if self.names.insert(key, String::new()).is_some() {
            return;
        }
        let name = &dictionary.name;
        let mut body = String::new();
        if let Some(parent) = dictionary.parent.as_deref().and_then(|parent| self.idl.dictionary(parent)) {
            self.dictionary(parent);
            let _ = writeln!(body, "  read_{}(O, record, place);", parent.name);
        }
        if !dictionary.members.is_empty() {
            body.push_str("  let v;\n");
        }
        for member in &dictionary.members {
            let place = format!("`${{place}}: member '{}'`", member.name);
            let converted = self.convert(&member.ty, "v", &place);
            let _ = writeln!(body, "  v = O === undefined ? undefined : O.{};", member.name);
            let _ = write!(body, "  if (v !== undefined) record.{} = {converted};", member.name);
            if member.required {
                let _ = write!(body, " else throw new TypeError({place} + \" is required\");");
            } else if let Some(default) = &member.default {
                let default = self.default(default, &member.ty, &place);
                let _ = write!(body, " else record.{} = {default};", member.name);
            }
            body.push('\n');
        }
        let _ = writeln!(self.functions, "function read_{name}(O, record, place) {{\n{body}}}");
        // A dictionary that is not there has no members but those with a default, where they are.
        let absent = match self.says_nothing(dictionary) {
            true => "  if (V === undefined) return record;\n",
            false => "",
        };
        let _ = writeln!(
            self.functions,
            "function dictionary_{name}(V, place) {{\n  const record = {{ __proto__: null }};\n{absent}  read_{name}(dictionarySource(V, place), record, place);\n  return record;\n}}"
        );
    }

    /// Is it empty where no member of it is there?
    fn says_nothing(&self, dictionary: &Dictionary) -> bool {
        let parent = dictionary.parent.as_deref().and_then(|parent| self.idl.dictionary(parent));
        let has_none = dictionary.members.iter().all(|member| !member.required && member.default.is_none());
        has_none && parent.is_none_or(|parent| self.says_nothing(parent))
    }

    /// <https://webidl.spec.whatwg.org/#js-union>
    fn union(&mut self, ty: &Type) -> String {
        let key = format!("union {ty:?}");
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let mut flat = Vec::new();
        let nullable = self.flatten(ty, &mut flat);
        let mut choices = Vec::new();
        for member in &flat {
            let action = format!("return {};", self.convert(member, "V", "place"));
            choices.push(Choice { ty: member.clone(), action });
        }
        let body = self.choose(&choices, nullable.then_some("return null;"), &type_name(ty));
        let name = format!("convert_{}", self.names.len());
        let _ = writeln!(self.functions, "function {name}(V, place) {{\n{body}}}");
        self.names.insert(key, name.clone());
        name
    }

    /// A function that gives the index of the overload that a value chooses; each has a type at the distinguishing index.
    pub(crate) fn overload(&mut self, types: &[(Type, bool)]) -> String {
        let mut choices = Vec::new();
        let mut null = None;
        for (index, (ty, _)) in types.iter().enumerate() {
            let mut flat = Vec::new();
            if self.flatten(ty, &mut flat) {
                null = Some(format!("return {index};"));
            }
            choices.extend(flat.into_iter().map(|ty| Choice { ty, action: format!("return {index};") }));
        }
        let mut body = String::new();
        if let Some(index) = types.iter().position(|(_, optional)| *optional) {
            let _ = writeln!(body, "  if (V === undefined) return {index};");
        }
        let mut names: Vec<String> = types.iter().map(|(ty, _)| type_name(ty)).collect();
        names.dedup();
        let expected = names.join("' or '");
        body += &self.choose(&choices, null.as_deref(), &expected);
        let name = format!("overload_{}", self.names.len());
        let _ = writeln!(self.functions, "function {name}(V, place) {{\n{body}}}");
        self.names.insert(name.clone(), name.clone());
        name
    }

    pub(crate) fn is_sequence(&self, ty: &Type) -> bool {
        matches!(self.resolve(ty).kind, TypeKind::Sequence(_))
    }

    /// The sequence of a value whose method is known.
    pub(crate) fn iterate(&mut self, ty: &Type, v: &str, place: &str, method: &str) -> String {
        match self.resolve(ty).kind {
            TypeKind::Sequence(inner) => {
                format!("sequenceFrom({v}, {place}, {}, {method})", self.function(&inner))
            }
            _ => self.convert(ty, v, place),
        }
    }

    /// The flattened member types; says whether the union includes a nullable type.
    fn flatten(&self, ty: &Type, into: &mut Vec<Type>) -> bool {
        match &ty.kind {
            TypeKind::Union(members) => {
                members.iter().fold(ty.nullable, |null, member| self.flatten(member, into) | null)
            }
            TypeKind::Named(name) if self.idl.typedefs.contains_key(name) => {
                self.flatten(&with_attributes(&self.idl.typedefs[name], ty), into)
            }
            _ => {
                into.push(Type { nullable: false, ..ty.clone() });
                ty.nullable
            }
        }
    }

    /// The statements that find what a value is meant to be; the last one throws.
    fn choose(&self, choices: &[Choice], null: Option<&str>, expected: &str) -> String {
        let of = |test: &dyn Fn(Kind<'_>) -> bool| {
            choices.iter().find(|c| test(self.kind(&c.ty))).map(|c| c.action.as_str())
        };
        let mut text = String::new();
        let mut add = |condition: &str, action: Option<&str>| {
            if let Some(action) = action {
                let _ = writeln!(text, "  if ({condition}) {action}");
            }
        };
        add("V === undefined", of(&|k| k == Kind::Builtin("undefined")));
        add("V === null || V === undefined", null);
        add("V === null || V === undefined", of(&|k| matches!(k, Kind::Dictionary)));
        let callable = of(&|k| matches!(k, Kind::Callback));
        let any_object = of(&|k| k == Kind::Builtin("object"));
        add("typeof V === \"string\"", of(&|k| matches!(k, Kind::String)));
        for choice in choices {
            if let Kind::Interface(name) = self.kind(&choice.ty) {
                add(&format!("unwrap_{name}(V) !== undefined"), Some(&choice.action));
            }
            if self.kind(&choice.ty) == Kind::Builtin("DOMException") {
                add("isDOMException(V)", Some(&choice.action));
            }
        }
        for choice in choices {
            if let Kind::Buffer(name) = self.kind(&choice.ty) {
                let shared = choice.ty.extended.has("AllowShared") || name == "AllowSharedBufferSource";
                let condition = match name {
                    "ArrayBufferView" => "isView(V)".to_owned(),
                    "DataView" => "isDataView(V)".to_owned(),
                    "ArrayBuffer" if shared => "isArrayBuffer(V) || isSharedArrayBuffer(V)".to_owned(),
                    "ArrayBuffer" => "isArrayBuffer(V)".to_owned(),
                    "SharedArrayBuffer" => "isSharedArrayBuffer(V)".to_owned(),
                    "BufferSource" | "AllowSharedBufferSource" if shared => {
                        "isView(V) || isArrayBuffer(V) || isSharedArrayBuffer(V)".to_owned()
                    }
                    "BufferSource" => "isView(V) || isArrayBuffer(V)".to_owned(),
                    _ => format!("typedArrayName(V) === {}", quoted(name)),
                };
                add(&condition, Some(&choice.action));
            }
        }
        add("typeof V === \"function\"", callable.or(any_object));
        if let Some(action) = of(&|k| matches!(k, Kind::AsyncSequence)) {
            add("isObject(V) && asyncSequenceMethod(V, place) !== undefined", Some(action));
        }
        if let Some(action) = of(&|k| matches!(k, Kind::Sequence)) {
            // The method that decides is the one that is used.
            let once =
                action.strip_prefix("return sequence(V, place, ").and_then(|rest| rest.strip_suffix(");"));
            match once {
                Some(inner) => add(
                    "isObject(V)",
                    Some(&format!(
                        "{{\n    const found = iteratorMethod(V, place);\n    if (found !== undefined) return sequenceFrom(V, place, {inner}, found);\n  }}"
                    )),
                ),
                None => add(
                    "isObject(V)",
                    Some(&format!(
                        "{{\n    methodFound = iteratorMethod(V, place);\n    if (methodFound !== undefined) {action}\n  }}"
                    )),
                ),
            }
        }
        add(
            "isObject(V)",
            of(&|k| matches!(k, Kind::Dictionary | Kind::Record | Kind::CallbackInterface)).or(any_object),
        );
        add("typeof V === \"boolean\"", of(&|k| k == Kind::Builtin("boolean")));
        add("typeof V === \"number\"", of(&|k| matches!(k, Kind::Number)));
        add("typeof V === \"bigint\"", of(&|k| k == Kind::Builtin("bigint")));
        let last = of(&|k| matches!(k, Kind::String))
            .or_else(|| of(&|k| matches!(k, Kind::Number)))
            .or_else(|| of(&|k| k == Kind::Builtin("boolean")))
            .or_else(|| of(&|k| k == Kind::Builtin("bigint")))
            .or_else(|| of(&|k| k == Kind::Builtin("any")));
        match last {
            Some(action) => text += &format!("  {action}\n"),
            None => text += &format!("  throw notOfType(place, {});\n", quoted(expected)),
        }
        text
    }

    fn kind<'t>(&self, ty: &'t Type) -> Kind<'t> {
        match &ty.kind {
            TypeKind::Builtin(name) => match *name {
                "DOMString" | "USVString" | "ByteString" => Kind::String,
                "Function"
                | "VoidFunction"
                | "EventHandler"
                | "OnErrorEventHandler"
                | "OnBeforeUnloadEventHandler" => Kind::Callback,
                "any" | "undefined" | "object" | "symbol" | "boolean" | "bigint" | "DOMException" => {
                    Kind::Builtin(name)
                }
                "float" | "double" | "unrestricted float" | "unrestricted double" => Kind::Number,
                _ if integer_range(name).is_some() => Kind::Number,
                _ => Kind::Buffer(name),
            },
            TypeKind::Named(name) if self.idl.interface(name).is_some() => Kind::Interface(name),
            TypeKind::Named(name) if self.idl.dictionary(name).is_some() => Kind::Dictionary,
            TypeKind::Named(name) if self.idl.enums.contains_key(name) => Kind::String,
            TypeKind::Named(name) if self.idl.callbacks.contains_key(name) => Kind::Callback,
            TypeKind::Named(_) => Kind::CallbackInterface,
            TypeKind::Sequence(_) | TypeKind::FrozenArray(_) => Kind::Sequence,
            TypeKind::AsyncSequence(_) => Kind::AsyncSequence,
            TypeKind::Record(..) => Kind::Record,
            TypeKind::Promise(_) | TypeKind::Union(_) => Kind::Builtin("any"),
        }
    }

    /// What a value of this type becomes on its way to script.
    pub(crate) fn give(&self, ty: &Type, expression: &str) -> String {
        match &ty.kind {
            TypeKind::Named(name) => match self.idl.typedefs.get(name) {
                Some(typedef) => self.give(&with_attributes(typedef, ty), expression),
                None if self.idl.interface(name).is_some() && ty.nullable => {
                    format!("wrapNullable({expression})")
                }
                None if self.idl.interface(name).is_some() => format!("wrap({expression})"),
                None if self.idl.dictionary(name).is_some() => format!("dictionaryObject({expression})"),
                None => expression.to_owned(),
            },
            _ => expression.to_owned(),
        }
    }

    /// The type without its typedefs.
    pub(crate) fn resolve(&self, ty: &Type) -> Type {
        match &ty.kind {
            TypeKind::Named(name) if self.idl.typedefs.contains_key(name) => {
                self.resolve(&with_attributes(&self.idl.typedefs[name], ty))
            }
            _ => ty.clone(),
        }
    }
}

struct Choice {
    ty: Type,
    action: String,
}

#[derive(PartialEq)]
enum Kind<'a> {
    Builtin(&'a str),
    String,
    Number,
    Buffer(&'a str),
    Interface(&'a str),
    Dictionary,
    Callback,
    CallbackInterface,
    Sequence,
    AsyncSequence,
    Record,
}

fn with_attributes(typedef: &Type, user: &Type) -> Type {
    let mut ty = typedef.clone();
    ty.nullable |= user.nullable;
    ty.extended.0.extend(user.extended.0.iter().cloned());
    ty
}

fn integer_range(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "byte" => ("-128", "127"),
        "octet" => ("0", "255"),
        "short" => ("-32768", "32767"),
        "unsigned short" => ("0", "65535"),
        "long" => ("-2147483648", "2147483647"),
        "unsigned long" => ("0", "4294967295"),
        "long long" => ("-9007199254740991", "9007199254740991"),
        "unsigned long long" => ("0", "9007199254740991"),
        _ => return None,
    })
}

/// A type as a message names it.
fn type_name(ty: &Type) -> String {
    match &ty.kind {
        TypeKind::Builtin(name) => (*name).to_owned(),
        TypeKind::Named(name) => name.clone(),
        TypeKind::Union(members) => {
            format!("({})", members.iter().map(type_name).collect::<Vec<_>>().join(" or "))
        }
        TypeKind::Sequence(inner) => format!("sequence<{}>", type_name(inner)),
        TypeKind::AsyncSequence(inner) => format!("async_sequence<{}>", type_name(inner)),
        TypeKind::FrozenArray(inner) => format!("FrozenArray<{}>", type_name(inner)),
        TypeKind::Promise(inner) => format!("Promise<{}>", type_name(inner)),
        TypeKind::Record(key, value) => format!("record<{}, {}>", type_name(key), type_name(value)),
    }
}
