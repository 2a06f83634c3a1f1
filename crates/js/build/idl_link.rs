//! All IDL files together: partials and mixins are merged, parents stand first, every name has a meaning.

use std::collections::BTreeMap;

use crate::idl::{
    Argument, At, Definition, Dictionary, Extended, IdlError, Interface, InterfaceKind, Member, MemberKind,
    Type, TypeKind,
};

/// What the shells are made of.
#[derive(Debug, Default)]
pub(crate) struct Idl {
    /// Interfaces, parents before their children.
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) namespaces: Vec<Interface>,
    pub(crate) callback_interfaces: Vec<Interface>,
    /// Dictionaries, parents before their children, members in the order in which they are read.
    pub(crate) dictionaries: Vec<Dictionary>,
    pub(crate) enums: BTreeMap<String, Vec<String>>,
    pub(crate) typedefs: BTreeMap<String, Type>,
    /// Callback functions, and whether they have \[LegacyTreatNonObjectAsNull].
    pub(crate) callbacks: BTreeMap<String, bool>,
}

/// The kinds of global that `install` knows, each a bit: <https://webidl.spec.whatwg.org/#Exposed>
pub(crate) const GLOBALS: [(&str, u8); 6] = [
    ("*", 15),
    ("Window", 1),
    ("Worker", 14),
    ("DedicatedWorker", 2),
    ("SharedWorker", 4),
    ("ServiceWorker", 8),
];

/// The bits of an \[Exposed] or \[Global] list.
pub(crate) fn global_bits(names: &[String]) -> u8 {
    names
        .iter()
        .map(|name| GLOBALS.iter().find(|(n, _)| n == name).map_or(0, |(_, bits)| *bits))
        .fold(0, |a, b| a | b)
}

type Linked<T> = Result<T, IdlError>;

fn fail<T>(at: &At, message: String) -> Linked<T> {
    Err(IdlError { at: at.clone(), message })
}

impl Idl {
    /// Merges the definitions of all files.
    pub(crate) fn link(definitions: Vec<Definition>) -> Linked<Idl> {
        let mut idl = Idl::default();
        let (mut interfaces, mut mixins, mut partials, mut includes): (
            Vec<Interface>,
            Vec<Interface>,
            Vec<Interface>,
            Vec<_>,
        ) = Default::default();
        let (mut dictionaries, mut partial_dictionaries): (Vec<Dictionary>, Vec<Dictionary>) =
            Default::default();
        for definition in definitions {
            match definition {
                Definition::Interface(i) if i.partial => partials.push(i),
                Definition::Interface(i) => match i.kind {
                    InterfaceKind::Interface => interfaces.push(i),
                    InterfaceKind::Mixin => mixins.push(i),
                    InterfaceKind::Namespace => idl.namespaces.push(i),
                    InterfaceKind::CallbackInterface => idl.callback_interfaces.push(i),
                },
                Definition::Dictionary(d) if d.partial => partial_dictionaries.push(d),
                Definition::Dictionary(d) => dictionaries.push(d),
                Definition::Enum { name, values, .. } => drop(idl.enums.insert(name, values)),
                Definition::Typedef { name, ty, .. } => drop(idl.typedefs.insert(name, ty)),
                Definition::Callback { name, legacy_null, .. } => {
                    idl.callbacks.insert(name, legacy_null);
                }
                Definition::Includes { at, target, mixin } => includes.push((at, target, mixin)),
            }
        }
        for partial in partials {
            let list = match partial.kind {
                InterfaceKind::Namespace => &mut idl.namespaces,
                InterfaceKind::Mixin => &mut mixins,
                _ => &mut interfaces,
            };
            let Some(whole) = list.iter_mut().find(|i| i.name == partial.name) else {
                return fail(&partial.at, format!("a partial of '{}', which is not defined", partial.name));
            };
            whole.members.extend(inheriting(&partial));
        }
        for (at, target, mixin) in includes {
            let Some(mixin) = mixins.iter().find(|m| m.name == mixin) else {
                return fail(&at, format!("the mixin '{mixin}' is not defined"));
            };
            let Some(target) = interfaces.iter_mut().find(|i| i.name == target) else {
                return fail(&at, format!("the interface '{target}' is not defined"));
            };
            target.members.extend(inheriting(mixin));
        }
        for partial in partial_dictionaries {
            let Some(whole) = dictionaries.iter_mut().find(|d| d.name == partial.name) else {
                return fail(&partial.at, format!("a partial of '{}', which is not defined", partial.name));
            };
            whole.members.extend(partial.members);
        }
        for dictionary in &mut dictionaries {
            dictionary.members.sort_by(|a, b| a.name.encode_utf16().cmp(b.name.encode_utf16()));
        }
        idl.interfaces = parents_first(interfaces, |i| (&i.at, &i.name, i.parent.as_deref()))?;
        idl.dictionaries = parents_first(dictionaries, |d| (&d.at, &d.name, d.parent.as_deref()))?;
        idl.check()?;
        Ok(idl)
    }

    pub(crate) fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|i| i.name == name)
    }

    pub(crate) fn dictionary(&self, name: &str) -> Option<&Dictionary> {
        self.dictionaries.iter().find(|d| d.name == name)
    }

    /// The interface at the top of this one's inheritance.
    pub(crate) fn root<'a>(&'a self, interface: &'a Interface) -> &'a Interface {
        match interface.parent.as_deref().and_then(|parent| self.interface(parent)) {
            Some(parent) => self.root(parent),
            None => interface,
        }
    }

    /// Is a global object, or may one be, an object of this interface?
    pub(crate) fn is_of_global(&self, interface: &Interface) -> bool {
        self.interfaces.iter().any(|i| {
            i.extended.has("Global") && {
                let mut at = Some(i);
                std::iter::from_fn(|| {
                    let this = at?;
                    at = this.parent.as_deref().and_then(|p| self.interface(p));
                    Some(this)
                })
                .any(|ancestor| ancestor.name == interface.name)
            }
        })
    }

    fn check(&self) -> Linked<()> {
        for interface in self.interfaces.iter().chain(&self.namespaces).chain(&self.callback_interfaces) {
            for member in &interface.members {
                self.check_member(member)?;
            }
        }
        for dictionary in &self.dictionaries {
            for member in &dictionary.members {
                self.check_type(&dictionary.at, &member.ty)?;
            }
        }
        for ty in self.typedefs.values() {
            self.check_type(&At { file: "typedef".to_owned(), line: 0 }, ty)?;
        }
        Ok(())
    }

    fn check_member(&self, member: &Member) -> Linked<()> {
        let check_arguments =
            |arguments: &[Argument]| arguments.iter().try_for_each(|a| self.check_type(&member.at, &a.ty));
        match &member.kind {
            MemberKind::Constructor { arguments } => check_arguments(arguments),
            MemberKind::Attribute { ty, .. } => self.check_type(&member.at, ty),
            MemberKind::Operation { returns, arguments, .. } => {
                self.check_type(&member.at, returns)?;
                check_arguments(arguments)
            }
            MemberKind::AsyncIterable { arguments, .. } => check_arguments(arguments),
            MemberKind::Iterable { key: None, .. } => {
                fail(&member.at, "iterable<> of values is not supported: no indexes".to_owned())
            }
            MemberKind::Constant { .. } | MemberKind::Stringifier | MemberKind::Iterable { .. } => Ok(()),
        }
    }

    fn check_type(&self, at: &At, ty: &Type) -> Linked<()> {
        match &ty.kind {
            TypeKind::Builtin(_) => Ok(()),
            TypeKind::Named(name) => {
                let known = self.interface(name).is_some()
                    || self.dictionary(name).is_some()
                    || self.enums.contains_key(name)
                    || self.typedefs.contains_key(name)
                    || self.callbacks.contains_key(name)
                    || self.callback_interfaces.iter().any(|c| c.name == *name);
                if known { Ok(()) } else { fail(at, format!("the type '{name}' is not defined")) }
            }
            TypeKind::Union(members) => members.iter().try_for_each(|member| self.check_type(at, member)),
            TypeKind::Record(key, value) => {
                self.check_type(at, key)?;
                self.check_type(at, value)
            }
            TypeKind::Sequence(inner)
            | TypeKind::AsyncSequence(inner)
            | TypeKind::FrozenArray(inner)
            | TypeKind::Promise(inner) => self.check_type(at, inner),
        }
    }
}

/// The members of a mixin or a partial, which is exposed where it says unless a member says otherwise.
fn inheriting(from: &Interface) -> Vec<Member> {
    let mut members = from.members.clone();
    for member in &mut members {
        for name in ["Exposed", "SecureContext"] {
            if let (Some(values), false) = (from.extended.get(name), member.extended.has(name)) {
                member.extended.0.push((name.to_owned(), values.to_vec()));
            }
        }
    }
    members
}

fn parents_first<T>(mut left: Vec<T>, parts: impl Fn(&T) -> (&At, &str, Option<&str>)) -> Linked<Vec<T>> {
    let mut sorted: Vec<T> = Vec::new();
    while !left.is_empty() {
        let ready = left
            .iter()
            .position(|d| parts(d).2.is_none_or(|parent| sorted.iter().any(|s| parts(s).1 == parent)));
        let Some(ready) = ready else {
            let (at, name, parent) = parts(&left[0]);
            return fail(
                at,
                format!("'{}', which '{name}' inherits from, is not defined", parent.unwrap_or_default()),
            );
        };
        let definition = left.remove(ready);
        let (at, name, _) = parts(&definition);
        if sorted.iter().any(|s| parts(s).1 == name) {
            return fail(at, format!("'{name}' is defined twice"));
        }
        sorted.push(definition);
    }
    Ok(sorted)
}

/// The exposure of a member of something that is exposed to `bits`.
pub(crate) fn exposure(extended: &Extended, bits: u8) -> u8 {
    extended.get("Exposed").map_or(bits, |names| global_bits(names) & bits)
}
