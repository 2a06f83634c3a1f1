//! The shells: what <https://webidl.spec.whatwg.org/#js-interfaces> makes of an interface, as the text of one module.
//!
//! A root class keeps the implementation in a private field; its descendants ask the root and look whether the implementation is
//! one of theirs. Bodies are straight code: arguments are checked, converted one by one, and given on.

use std::fmt::Write as _;

use crate::conversions::{Conversions, quoted};
use crate::idl::{Argument, Interface, Member, MemberKind};
use crate::idl_link::{Idl, global_bits};
use crate::members::{Holder, Parts};
use crate::overloads::{Call, Target};

/// The text of `shells.js`, which imports all the other modules for what they implement.
pub(crate) fn shells(idl: &Idl, modules: &[String]) -> String {
    let mut shells = Shells {
        idl,
        conversions: Conversions::new(idl),
        classes: String::new(),
        rows: String::new(),
        globals: String::new(),
    };
    for dictionary in &idl.dictionaries {
        shells.conversions.dictionary(dictionary);
        let name = &dictionary.name;
        let place = quoted(&format!("The dictionary '{name}'"));
        let _ = writeln!(
            shells.classes,
            "dictionaries.{name} = (V, place = {place}) => dictionary_{name}(V, place);"
        );
    }
    for interface in &idl.interfaces {
        shells.interface(interface);
    }
    for interface in &idl.callback_interfaces {
        shells.callback_interface(interface);
    }
    for namespace in &idl.namespaces {
        shells.namespace(namespace);
    }
    let mut text = String::from(include_str!("shells_head.js"));
    for module in modules {
        let _ = writeln!(text, "import \"./{module}\";");
    }
    for (name, values) in &idl.enums {
        let values: String = values.iter().map(|value| format!(", {}: true", quoted(value))).collect();
        let _ = writeln!(text, "const enum_{name} = {{ __proto__: null{values} }};");
    }
    text += &shells.conversions.functions;
    text += &shells.classes;
    let _ = writeln!(
        text,
        "export function install(kind, secureContext = true) {{\n  expose(kind, secureContext, [\n{}  ], [\n{}  ]);\n}}",
        shells.rows, shells.globals
    );
    text
}

pub(crate) struct Shells<'a> {
    pub(crate) idl: &'a Idl,
    pub(crate) conversions: Conversions<'a>,
    classes: String,
    rows: String,
    globals: String,
}

impl Shells<'_> {
    fn interface(&mut self, interface: &Interface) {
        let idl = self.idl;
        let name = &interface.name;
        let root = &idl.root(interface).name;
        let is_root = root == name;
        let of_global = idl.is_of_global(interface);
        let is_global = interface.extended.has("Global");
        let bits = interface.extended.get("Exposed").map_or(0, global_bits);
        let holder = Holder { interface: name, direct: is_root && !of_global && !is_global };
        let mut parts = Parts::default();
        self.members(interface, &holder, &mut parts, bits);

        let out = &mut self.classes;
        let _ = writeln!(out, "const {name}_Impl = implementationOf({});", quoted(name));
        if is_root {
            let _ = writeln!(out, "let impl_{name};");
        }
        // The implementation of a platform object, or undefined; of the global too, where it is one.
        let _ = writeln!(
            out,
            "function unwrap_{name}(V) {{\n  const impl = typeof V === \"object\" && V !== null ? impl_{root}(V) : undefined;\n  {}\n}}",
            if is_root {
                "return impl;".to_owned()
            } else {
                format!("return impl instanceof {name}_Impl ? impl : undefined;")
            }
        );
        if !holder.direct || !parts.own.is_empty() {
            let global = if of_global {
                format!(
                    "  if ((V === undefined || V === null) && globalImplementation instanceof {name}_Impl) return globalImplementation;\n"
                )
            } else {
                String::new()
            };
            let found = if is_root {
                "impl !== undefined".to_owned()
            } else {
                format!("impl instanceof {name}_Impl")
            };
            let _ = writeln!(
                out,
                "function this_{name}(V, member) {{\n  const impl = typeof V === \"object\" && V !== null ? impl_{root}(V) : undefined;\n  if ({found}) return impl;\n{global}  throw illegalInvocation({}, member);\n}}",
                quoted(name)
            );
        }
        // An event lets go of its platform object when it was dispatched.
        let regained =
            if root == "Event" { "  if (impl.wrapper === undefined) impl.wrapper = V;\n" } else { "" };
        let _ = writeln!(
            out,
            "function to_{name}(V, place) {{\n  const impl = unwrap_{name}(V);\n  if (impl === undefined) throw notOfType(place, {});\n{regained}  return impl;\n}}",
            quoted(name)
        );
        let mut own = interface_own(idl, interface);
        if !parts.own.is_empty() && !is_global {
            let _ = writeln!(
                out,
                "const own_{name} = ownMembers({{ __proto__: null,\n{} }});",
                parts.own.join(",\n")
            );
        }
        // The root's constructor defines its own.
        own.retain(|of| is_root || of != root);
        let constructor = self.constructor(interface, root, is_root, &own);
        let out = &mut self.classes;
        let extends =
            interface.parent.as_deref().map_or(String::new(), |parent| format!(" extends {parent}"));
        let _ = writeln!(out, "class {name}{extends} {{");
        if is_root {
            out.push_str("  #impl;\n");
            let global = if of_global {
                format!(
                    "V === global && globalImplementation instanceof {name}_Impl ? globalImplementation : "
                )
            } else {
                String::new()
            };
            let _ = writeln!(
                out,
                "  static {{\n    impl_{name} = (V) => (#impl in V ? V.#impl : {global}undefined);\n  }}"
            );
        }
        out.push_str(&constructor);
        if !is_global {
            for member in &parts.members {
                let _ = writeln!(out, "{member}");
            }
        }
        for member in &parts.statics {
            let _ = writeln!(out, "{member}");
        }
        out.push_str("}\n");
        let prototype_names = if is_global { String::new() } else { names(&parts.enumerable) };
        let _ = writeln!(
            out,
            "finishInterface({name}, {}, {name}_Impl, unwrap_{name}, [{prototype_names}], [{}], [{}]{});",
            quoted(name),
            names(&static_names(interface)),
            parts.constants.join(", "),
            if is_root || !own.is_empty() { String::new() } else { format!(", {root}") }
        );
        for member in &interface.members {
            self.iterable(interface, member, &holder);
        }
        if !interface.extended.has("LegacyNoInterfaceObject") {
            let secure = interface.extended.has("SecureContext");
            let _ = writeln!(
                self.rows,
                "    [{}, {name}, {name}_Impl, {bits}, {secure}, [{}]],",
                quoted(name),
                parts.guarded.join(", ")
            );
        }
        if let Some(globals) = interface.extended.get("Global") {
            let members: Vec<String> = parts.members.iter().chain(&parts.own).cloned().collect();
            let _ = writeln!(
                self.classes,
                "const members_{name} = {{ __proto__: null,\n{} }};",
                members.join(",\n")
            );
            let _ = writeln!(
                self.globals,
                "    [{}, {name}, {name}_Impl, members_{name}, [{}]],",
                global_bits(globals),
                names(&parts.own_names)
            );
        }
    }

    /// <https://webidl.spec.whatwg.org/#interface-object>
    fn constructor(&mut self, interface: &Interface, root: &str, is_root: bool, own: &[&str]) -> String {
        let name = &interface.name;
        let define_own: String =
            own.iter().map(|of| format!("ObjectDefineProperties(this, own_{of}); ")).collect();
        let root_new = |indent: &str| match is_root {
            true => {
                format!("{indent}this.#impl = a1;\n{indent}a1.wrapper = this;\n{indent}{define_own}return;\n")
            }
            false => {
                format!("{indent}return newObject({root}, {name}, a1, new.target{});\n", own_argument(own))
            }
        };
        let constructors: Vec<&[Argument]> = interface
            .members
            .iter()
            .filter_map(|m| match &m.kind {
                MemberKind::Constructor { arguments } => Some(arguments.as_slice()),
                _ => None,
            })
            .collect();
        if constructors.is_empty() {
            return format!(
                "  constructor(a0 = undefined, a1 = undefined) {{\n    if (a0 !== NEW) throw new TypeError(\"Illegal constructor\");\n{}  }}\n",
                root_new("    ")
            );
        }
        let call = Call {
            arguments: constructors,
            place: format!("Failed to construct '{name}'"),
            target: Target::Constructor,
        };
        let (formals, body) = call.write(&mut self.conversions, 2, |arguments| {
            let construct = format!("impl.construct({arguments})");
            match is_root {
                true => format!(
                    "const impl = new {name}_Impl();\nthis.#impl = impl;\nimpl.wrapper = this;\n{define_own}if (new.target !== {name}) repairPrototype(this, {name});\n{construct};\nreturn;"
                ),
                false => format!(
                    "const impl = new {name}_Impl();\nconst object = newObject({root}, {name}, impl, new.target{});\n{construct};\nreturn object;",
                    own_argument(own)
                ),
            }
        });
        format!(
            "  constructor({formals}) {{\n    if (a0 === NEW) {{\n{}    }}\n{body}  }}\n",
            root_new("      ")
        )
    }

    fn iterable(&mut self, interface: &Interface, member: &Member, _: &Holder<'_>) {
        let name = &interface.name;
        match &member.kind {
            MemberKind::Iterable { .. } => {
                let _ = writeln!(self.classes, "const Iterator_{name} = pairIterators({});", quoted(name));
                let _ = writeln!(self.classes, "alias({name}, SymbolIterator, \"entries\");");
            }
            MemberKind::AsyncIterable { key, .. } => {
                let _ = writeln!(
                    self.classes,
                    "const Iterator_{name} = asyncIterators({}, {name}_Impl, {});",
                    quoted(name),
                    key.is_some()
                );
                let method = if key.is_some() { "entries" } else { "values" };
                let _ = writeln!(self.classes, "alias({name}, SymbolAsyncIterator, {});", quoted(method));
            }
            _ => {}
        }
    }

    /// A callback interface has an object only for its constants.
    fn callback_interface(&mut self, interface: &Interface) {
        let constants: Vec<String> = interface
            .members
            .iter()
            .filter_map(|m| match &m.kind {
                MemberKind::Constant { name, value } => Some(format!("{}, {value}", quoted(name))),
                _ => None,
            })
            .collect();
        if constants.is_empty() {
            return;
        }
        let name = &interface.name;
        let bits = interface.extended.get("Exposed").map_or(0, global_bits);
        let _ = writeln!(
            self.classes,
            "const {name} = callbackInterfaceObject({}, [{}]);",
            quoted(name),
            constants.join(", ")
        );
        let _ = writeln!(self.rows, "    [{0}, {name}, {name}, {bits}, false, []],", quoted(name));
    }

    /// <https://webidl.spec.whatwg.org/#namespace-object>
    fn namespace(&mut self, namespace: &Interface) {
        let name = &namespace.name;
        let bits = namespace.extended.get("Exposed").map_or(0, global_bits);
        let mut parts = Parts::default();
        let mut operations: Vec<String> = Vec::new();
        for member in &namespace.members {
            match &member.kind {
                MemberKind::Operation { name: key, .. } if !operations.contains(key) => {
                    let holder = Holder { interface: name, direct: false };
                    parts.members.push(self.operation_of_namespace(namespace, &holder, member, key));
                    operations.push(key.clone());
                }
                MemberKind::Attribute { name: key, ty, .. } => {
                    let value = self.conversions.give(ty, &format!("{name}_Impl.{key}"));
                    parts.members.push(format!("get {key}() {{\nreturn {value};\n}}"));
                }
                MemberKind::Constant { name: key, value } => {
                    parts.constants.push(format!("{}, {value}", quoted(key)))
                }
                _ => {}
            }
        }
        let _ = writeln!(self.classes, "const {name}_Impl = implementationOf({});", quoted(name));
        let _ = writeln!(
            self.classes,
            "const namespace_{name} = namespaceObject({}, {{\n{}\n}}, [{}]);",
            quoted(name),
            parts.members.join(",\n"),
            parts.constants.join(", ")
        );
        let secure = namespace.extended.has("SecureContext");
        let _ = writeln!(
            self.rows,
            "    [{}, namespace_{name}, {name}_Impl, {bits}, {secure}, []],",
            quoted(name)
        );
    }

    fn operation_of_namespace(
        &mut self,
        namespace: &Interface,
        holder: &Holder<'_>,
        first: &Member,
        key: &str,
    ) -> String {
        // Its operations are static in all but name.
        let mut copy = namespace.clone();
        for member in &mut copy.members {
            if let MemberKind::Operation { is_static, .. } = &mut member.kind {
                *is_static = true;
            }
        }
        self.operation(&copy, holder, first, key, true)
    }
}

fn own_argument(own: &[&str]) -> String {
    own.iter().map(|of| format!(", own_{of}")).collect()
}

/// The interfaces, from the root down to this one, that have \[LegacyUnforgeable] members.
fn interface_own<'a>(idl: &'a Idl, interface: &'a Interface) -> Vec<&'a str> {
    let mut list = match interface.parent.as_deref().and_then(|parent| idl.interface(parent)) {
        Some(parent) => interface_own(idl, parent),
        None => Vec::new(),
    };
    let has = |i: &Interface| i.members.iter().any(|m| m.extended.has("LegacyUnforgeable"));
    if has(interface) && !interface.extended.has("Global") {
        list.push(&interface.name);
    }
    list
}

fn static_names(interface: &Interface) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for member in &interface.members {
        if let MemberKind::Operation { name, is_static: true, .. }
        | MemberKind::Attribute { name, is_static: true, .. } = &member.kind
            && !list.contains(name)
        {
            list.push(name.clone());
        }
    }
    list
}

pub(crate) fn names(list: &[String]) -> String {
    list.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
