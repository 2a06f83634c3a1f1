//! The parser and the linker, by tables of what they read and what they refuse.

use super::*;
use crate::idl_link::Idl;

fn parsed(text: &str) -> Vec<Definition> {
    parse("a.webidl", text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn errors_say_where() {
    for (name, text, expected) in [
        ("a missing semicolon", "interface A {\n  undefined a()\n};", "a.webidl:3: expected ';', found '}'"),
        ("an unknown definition", "\n\nfoo bar;", "a.webidl:3: expected a definition, found 'foo'"),
        ("a strange character", "interface A { @ };", "a.webidl:1: '@' has no meaning here"),
        ("an early end", "interface A {", "a.webidl:1: the file ends too early"),
        ("a comment without an end", "\n/* a", "a.webidl:2: a comment does not end"),
        (
            "what no interface here needs",
            "interface A { getter any (long i); };",
            "a.webidl:1: 'getter' is not supported",
        ),
        (
            "a required argument behind an optional one",
            "interface A {\nundefined a(optional any b, any c); };",
            "a.webidl:2: the required argument 'c' stands after an optional one",
        ),
    ] {
        let error = parse("a.webidl", text).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn unknown_names_are_errors_of_the_whole() {
    for (name, text, expected) in [
        ("a type", "interface A {\n attribute B b; };", "a.webidl:2: the type 'B' is not defined"),
        ("a parent", "interface A : B {};", "a.webidl:1: 'B', which 'A' inherits from, is not defined"),
        ("a mixin", "interface A {};\nA includes B;", "a.webidl:2: the mixin 'B' is not defined"),
        ("a partial", "partial interface A {};", "a.webidl:1: a partial of 'A', which is not defined"),
        ("a second definition", "interface A {};\ninterface A {};", "a.webidl:2: 'A' is defined twice"),
    ] {
        let error = Idl::link(parsed(text)).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn types_are_read_whole() {
    let definitions =
        parsed("typedef (sequence<unsigned long long?> or record<DOMString, Promise<any>>)? T;");
    let Definition::Typedef { ty, .. } = &definitions[0] else { panic!("no typedef") };
    assert!(ty.nullable);
    let TypeKind::Union(members) = &ty.kind else { panic!("no union") };
    let TypeKind::Sequence(inner) = &members[0].kind else { panic!("no sequence") };
    assert_eq!(inner.kind, TypeKind::Builtin("unsigned long long"));
    assert!(inner.nullable && matches!(members[1].kind, TypeKind::Record(..)));
}

#[test]
fn attributes_of_types_move_to_their_types() {
    let definitions = parsed(
        "interface A { [NewObject, Clamp] attribute octet a; undefined b([EnforceRange] optional long c = -1); };",
    );
    let Definition::Interface(interface) = &definitions[0] else { panic!("no interface") };
    let MemberKind::Attribute { ty, .. } = &interface.members[0].kind else { panic!("no attribute") };
    assert!(
        ty.extended.has("Clamp")
            && !interface.members[0].extended.has("Clamp")
            && interface.members[0].extended.has("NewObject")
    );
    let MemberKind::Operation { arguments, .. } = &interface.members[1].kind else { panic!("no operation") };
    assert!(arguments[0].ty.extended.has("EnforceRange"));
    assert_eq!(arguments[0].default, Some(Default::Number("-1".to_owned())));
}

#[test]
fn parents_and_members_stand_in_order() {
    let idl = Idl::link(parsed(
        "dictionary B : A { any b; any a; }; dictionary A {}; partial dictionary B { any aa; };
         interface D : C {}; interface C {}; interface mixin M { const long X = 0x10; }; D includes M;",
    ))
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(idl.dictionaries.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(
        idl.dictionaries[1].members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(),
        ["a", "aa", "b"]
    );
    assert_eq!(idl.interfaces[1].members.len(), 1);
    assert_eq!(idl.interfaces.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["C", "D"]);
}
