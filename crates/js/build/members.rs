//! The members of an interface, as the text of methods, getters and setters.
//!
//! <https://webidl.spec.whatwg.org/#js-attributes> and <https://webidl.spec.whatwg.org/#js-operations>

use std::fmt::Write as _;

use crate::conversions::quoted;
use crate::idl::{Argument, Extended, Interface, Member, MemberKind, Type, TypeKind};
use crate::idl_link::{exposure, global_bits};
use crate::overloads::{Call, Target};
use crate::shells::Shells;

/// How the members of one interface find their implementation.
pub(crate) struct Holder<'a> {
    pub(crate) interface: &'a str,
    /// A root whose objects are never the global: the private field is at hand.
    pub(crate) direct: bool,
}

impl Holder<'_> {
    fn this(&self, member: &str) -> String {
        if self.direct {
            "this.#impl".to_owned()
        } else {
            format!("this_{}(this, {})", self.interface, quoted(member))
        }
    }
    fn check(&self, member: &str) -> String {
        match self.direct {
            // NB: of what is no object the operator itself throws. This costs less than to look first.
            true => format!(
                "try {{ if (!(#impl in this)) throw null; }} catch {{ throw illegalInvocation({}, {}); }}",
                quoted(self.interface),
                quoted(member)
            ),
            false => String::new(),
        }
    }
}

/// What of an interface is not in its class, by kind of property.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) members: Vec<String>,
    pub(crate) enumerable: Vec<String>,
    pub(crate) statics: Vec<String>,
    pub(crate) own: Vec<String>,
    pub(crate) own_names: Vec<String>,
    pub(crate) constants: Vec<String>,
    /// Members that are not exposed wherever their interface is: target, key, bits, secure context.
    pub(crate) guarded: Vec<String>,
}

impl Shells<'_> {
    pub(crate) fn members(
        &mut self,
        interface: &Interface,
        holder: &Holder<'_>,
        parts: &mut Parts,
        bits: u8,
    ) {
        let name = &interface.name;
        let is_global = interface.extended.has("Global");
        let mut done: Vec<(bool, &str)> = Vec::new();
        for member in &interface.members {
            let own = member.extended.has("LegacyUnforgeable");
            // Own members stand outside of the class, where there is no private field.
            let holder = &Holder { interface: name, direct: holder.direct && !own };
            let guard = |parts: &mut Parts, key: &str, is_static: bool| {
                let secure = member.extended.has("SecureContext");
                let of_member = exposure(&member.extended, bits);
                if secure || of_member != bits {
                    let target = match (is_static, is_global) {
                        (true, _) => name.clone(),
                        (false, true) => format!("members_{name}"),
                        (false, false) => format!("{name}.prototype"),
                    };
                    parts.guarded.push(format!("[{target}, {}, {of_member}, {secure}]", quoted(key)));
                }
            };
            match &member.kind {
                MemberKind::Constant { name: key, value } => {
                    parts.constants.push(format!("{}, {value}", quoted(key)));
                }
                MemberKind::Attribute { name: key, ty, readonly, is_static, stringifier } => {
                    let text = self.attribute(holder, &member.extended, key, ty, *readonly, *is_static);
                    guard(parts, key, *is_static);
                    match (*is_static, own) {
                        (true, _) => parts.statics.extend(text.into_iter().map(|t| format!("static {t}"))),
                        (false, true) => {
                            parts.own.extend(text);
                            parts.own_names.push(key.clone());
                        }
                        (false, false) => {
                            parts.members.extend(text);
                            parts.enumerable.push(key.clone());
                        }
                    }
                    if *stringifier {
                        parts.members.push(stringifier_text(holder, &format!(".{key}")));
                        parts.enumerable.push("toString".to_owned());
                    }
                }
                MemberKind::Stringifier => {
                    parts.members.push(stringifier_text(holder, ".toString()"));
                    parts.enumerable.push("toString".to_owned());
                }
                MemberKind::Operation { name: key, is_static, .. } => {
                    if done.contains(&(*is_static, key)) {
                        continue;
                    }
                    done.push((*is_static, key));
                    let text = self.operation(interface, holder, member, key, *is_static);
                    guard(parts, key, *is_static);
                    if *is_static {
                        parts.statics.push(format!("static {text}"));
                    } else if own {
                        parts.own.push(text);
                        parts.own_names.push(key.clone());
                    } else {
                        parts.members.push(text);
                        parts.enumerable.push(key.clone());
                    }
                }
                MemberKind::Iterable { .. } => {
                    let text = |key: &str, kind: &str| {
                        format!(
                            "{key}() {{\n{}\nreturn new Iterator_{name}({}, {kind});\n}}",
                            holder.check(key),
                            holder.this(key)
                        )
                    };
                    parts.members.push(text("entries", "ENTRIES"));
                    parts.members.push(text("keys", "KEYS"));
                    parts.members.push(text("values", "VALUES"));
                    parts.members.push(format!(
                        "forEach(callback, thisArg = undefined) {{\n{}\nconst impl = {};\nif (arguments.length < 1) throw tooFew({place}, 1, 0);\nforEachPair(impl, this, callback, thisArg, {place_1});\n}}",
                        holder.check("forEach"),
                        holder.this("forEach"),
                        place = quoted(&format!("Failed to execute 'forEach' on '{name}'")),
                        place_1 = quoted(&format!("Failed to execute 'forEach' on '{name}': parameter 1")),
                    ));
                    parts.enumerable.extend(["entries", "keys", "values", "forEach"].map(str::to_owned));
                }
                MemberKind::AsyncIterable { key, arguments, .. } => {
                    let kinds: &[(&str, &str)] = match key {
                        Some(_) => &[("entries", "ENTRIES"), ("keys", "KEYS"), ("values", "VALUES")],
                        None => &[("values", "VALUES")],
                    };
                    for (method, kind) in kinds {
                        let call = Call {
                            arguments: vec![arguments.as_slice()],
                            place: format!("Failed to execute '{method}' on '{name}'"),
                            target: Target::Method,
                        };
                        let (formals, body) = call.write(&mut self.conversions, 0, |arguments| {
                            format!("return new Iterator_{name}(impl, {kind}, impl.asyncIteratorInit({arguments}));")
                        });
                        parts.members.push(format!(
                            "{method}({formals}) {{\n{}\nconst impl = {};\n{body}}}",
                            holder.check(method),
                            holder.this(method)
                        ));
                        parts.enumerable.push((*method).to_owned());
                    }
                }
                MemberKind::Constructor { .. } => {}
            }
        }
    }

    /// <https://webidl.spec.whatwg.org/#js-attributes>; a getter and perhaps a setter.
    fn attribute(
        &mut self,
        holder: &Holder<'_>,
        extended: &Extended,
        key: &str,
        ty: &Type,
        readonly: bool,
        is_static: bool,
    ) -> Vec<String> {
        let name = holder.interface;
        let resolved = self.conversions.resolve(ty);
        let (check, impl_) = match is_static {
            true => (String::new(), format!("{name}_Impl")),
            false => (holder.check(key), holder.this(key)),
        };
        if let TypeKind::Builtin("EventHandler" | "OnErrorEventHandler" | "OnBeforeUnloadEventHandler") =
            resolved.kind
        {
            let event = quoted(key.strip_prefix("on").unwrap_or(key));
            return vec![
                format!("get {key}() {{\n{check}\nreturn {impl_}.getEventHandler({event});\n}}"),
                format!("set {key}(V) {{\n{check}\n{impl_}.setEventHandler({event}, callbackOrNull(V));\n}}"),
            ];
        }
        let value = self.conversions.give(ty, &format!("{impl_}.{key}"));
        let mut text = vec![match matches!(resolved.kind, TypeKind::Promise(_)) {
            true => format!(
                "get {key}() {{\ntry {{\n{check}\nreturn {value};\n}} catch (error) {{\nreturn PromiseReject(error);\n}}\n}}"
            ),
            false => format!("get {key}() {{\n{check}\nreturn {value};\n}}"),
        }];
        let checked_this = if holder.direct || is_static { check.clone() } else { format!("{impl_};") };
        if let Some(forwards) = extended.get("PutForwards").and_then(<[String]>::first) {
            text.push(format!(
                "set {key}(V) {{\n{checked_this}\nputForwards(this, {}, {}, V);\n}}",
                quoted(key),
                quoted(forwards)
            ));
        } else if extended.has("Replaceable") {
            text.push(format!("set {key}(V) {{\n{checked_this}\nreplace(this, {}, V);\n}}", quoted(key)));
        } else if !readonly {
            let place = quoted(&format!("Failed to set '{key}' on '{name}': the value"));
            let ignored = match &resolved.kind {
                TypeKind::Named(n) if self.idl.enums.contains_key(n) && !resolved.nullable => {
                    format!("V = DOMString(V, {place});\nif (enum_{n}[V] !== true) return;\n")
                }
                _ => String::new(),
            };
            let converted = self.conversions.convert(ty, "V", &place);
            text.push(format!(
                "set {key}(V) {{\n{check}\nconst impl = {impl_};\n{ignored}impl.{key} = {converted};\n}}"
            ));
        }
        text
    }

    /// <https://webidl.spec.whatwg.org/#js-operations>; all overloads of a name.
    pub(crate) fn operation(
        &mut self,
        interface: &Interface,
        holder: &Holder<'_>,
        first: &Member,
        key: &str,
        is_static: bool,
    ) -> String {
        let name = &interface.name;
        let overloads: Vec<(&Type, &[Argument])> = interface
            .members
            .iter()
            .filter_map(|m| match &m.kind {
                MemberKind::Operation { name: n, returns, arguments, is_static: s, .. }
                    if n == key && *s == is_static =>
                {
                    Some((returns, arguments.as_slice()))
                }
                _ => None,
            })
            .collect();
        let returns = overloads[0].0.clone();
        if first.extended.has("Default") && key == "toJSON" {
            return format!(
                "toJSON() {{\n{}\nconst impl = {};\nconst result = {{}};\n{}return result;\n}}",
                holder.check(key),
                holder.this(key),
                self.default_to_json(interface)
            );
        }
        let (check, impl_) = match is_static {
            true => (String::new(), format!("{name}_Impl")),
            false => (holder.check(key), holder.this(key)),
        };
        let call = Call {
            arguments: overloads.iter().map(|(_, arguments)| *arguments).collect(),
            place: format!("Failed to execute '{key}' on '{name}'"),
            target: Target::Method,
        };
        // `apply` stands for a call with as many arguments as there are.
        let variadic = call.is_variadic();
        let given = self.conversions.give(&returns, "\u{0}");
        let (formals, body) = call.write(&mut self.conversions, 0, |arguments| {
            let called = match variadic {
                true => format!("FunctionPrototypeApply(impl.{key}, impl, {arguments})"),
                false => format!("impl.{key}({arguments})"),
            };
            match returns.kind {
                TypeKind::Builtin("undefined") => format!("{called};\nreturn;"),
                _ => format!("return {};", given.replace('\u{0}', &called)),
            }
        });
        let body = format!("{check}\nconst impl = {impl_};\n{body}");
        match matches!(self.conversions.resolve(&returns).kind, TypeKind::Promise(_)) {
            true => format!(
                "{key}({formals}) {{\ntry {{\n{body}}} catch (error) {{\nreturn PromiseReject(error);\n}}\n}}"
            ),
            false => format!("{key}({formals}) {{\n{body}}}"),
        }
    }

    /// <https://webidl.spec.whatwg.org/#default-tojson-steps>, whatever script made of the attributes: from `impl` into `result`.
    fn default_to_json(&self, interface: &Interface) -> String {
        let mut chain = vec![interface];
        while let Some(parent) = chain[chain.len() - 1].parent.as_deref().and_then(|p| self.idl.interface(p))
        {
            chain.push(parent);
        }
        let bits = interface.extended.get("Exposed").map_or(0, global_bits);
        let mut text = String::new();
        for ancestor in chain.iter().rev().filter(|i| has_default_to_json(i)) {
            for member in &ancestor.members {
                if let MemberKind::Attribute { name, ty, is_static: false, .. } = &member.kind
                    && self.is_json(&self.conversions.resolve(ty))
                {
                    let of_member = exposure(&member.extended, bits);
                    let secure = member.extended.has("SecureContext");
                    if secure || of_member != bits {
                        let _ = write!(text, "if (isExposed({of_member}, {secure})) ");
                    }
                    let value = self.conversions.give(ty, &format!("impl.{name}"));
                    let _ = writeln!(text, "createDataProperty(result, {}, {value});", quoted(name));
                }
            }
        }
        text
    }

    fn is_json(&self, ty: &Type) -> bool {
        match &ty.kind {
            TypeKind::Builtin(name) => {
                matches!(
                    *name,
                    "object"
                        | "boolean"
                        | "DOMString"
                        | "USVString"
                        | "ByteString"
                        | "byte"
                        | "octet"
                        | "float"
                        | "double"
                ) || ["short", "long", "unrestricted"].iter().any(|word| name.contains(word))
            }
            TypeKind::Named(name) => match self.idl.interface(name) {
                Some(interface) => interface
                    .members
                    .iter()
                    .any(|m| matches!(&m.kind, MemberKind::Operation { name, .. } if name == "toJSON")),
                None => self.idl.enums.contains_key(name) || self.idl.dictionary(name).is_some(),
            },
            TypeKind::Union(types) => types.iter().all(|ty| self.is_json(&self.conversions.resolve(ty))),
            TypeKind::Sequence(inner) | TypeKind::FrozenArray(inner) | TypeKind::Record(_, inner) => {
                self.is_json(&self.conversions.resolve(inner))
            }
            TypeKind::AsyncSequence(_) | TypeKind::Promise(_) => false,
        }
    }
}

fn has_default_to_json(interface: &Interface) -> bool {
    interface.members.iter().any(|m| {
        m.extended.has("Default") && matches!(&m.kind, MemberKind::Operation { name, .. } if name == "toJSON")
    })
}

fn stringifier_text(holder: &Holder<'_>, value: &str) -> String {
    format!("toString() {{\n{}\nreturn {}{value};\n}}", holder.check("toString"), holder.this("toString"))
}
