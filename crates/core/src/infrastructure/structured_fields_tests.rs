//! Tests of `structured_fields.rs`: its own tables, and rows for each rule of the grammar.

use super::*;
use BareItem::{Boolean, ByteSequence, Date, Decimal, DisplayString, Integer, String as Text, Token};

fn bare(input: &str) -> Option<BareItem> {
    let item = Item::parse(input.as_bytes()).ok()?;
    assert_eq!(item.parameters, Parameters::default(), "{input}");
    Some(item.value)
}

#[test]
fn bare_items_table() {
    let text = |text: &str| Some(Text(text.to_owned()));
    let token = |text: &str| Some(Token(text.to_owned()));
    let display = |text: &str| Some(DisplayString(text.to_owned()));
    for (input, expected) in [
        ("42", Some(Integer(42))),
        ("  42  ", Some(Integer(42))),
        ("\t42", None),
        ("-0", Some(Integer(0))),
        ("007", Some(Integer(7))),
        ("-999999999999999", Some(Integer(-999_999_999_999_999))),
        ("1000000000000000", None),
        ("99999999999999999999999999999999999999", None),
        ("-", None),
        ("--1", None),
        ("+1", None),
        ("- 1", None),
        ("1 2", None),
        ("1,2", None),
        ("", None),
        (" ", None),
        ("1.5", Some(Decimal(1500))),
        ("-0.025", Some(Decimal(-25))),
        ("1.", None),
        (".5", None),
        ("1.5.", None),
        ("1.2345", None),
        ("999999999999.999", Some(Decimal(999_999_999_999_999))),
        ("1234567890123.0", None),
        ("\"a b\"", text("a b")),
        ("\"\"", text("")),
        ("\"\\\"\\\\\"", text("\"\\")),
        ("\"\\a\"", None),
        ("\"a", None),
        ("\"a\\", None),
        ("\"\u{e9}\"", None),
        ("\"\t\"", None),
        ("'a'", None),
        ("a", token("a")),
        ("*a/b:c.1!", token("*a/b:c.1!")),
        ("A\u{e9}", None),
        ("a@", None),
        ("/a", None),
        (":aGVsbG8=:", Some(ByteSequence(b"hello".to_vec()))),
        (":aGVsbG8:", Some(ByteSequence(b"hello".to_vec()))),
        (":iZ==:", Some(ByteSequence(vec![0x89]))),
        ("::", Some(ByteSequence(vec![]))),
        (":aGVsbG8", None),
        (":aGVs bG8=:", None),
        (":aGVsbG8_:", None),
        (":aGVsb=G8=:", None),
        (":a:", None),
        ("?1", Some(Boolean(true))),
        ("?0", Some(Boolean(false))),
        ("?2", None),
        ("?", None),
        ("?10", None),
        ("@1659578233", Some(Date(1_659_578_233))),
        ("@-1", Some(Date(-1))),
        ("@1.0", None),
        ("@", None),
        ("%\"f%c3%bc%c3%bc\"", display("f\u{fc}\u{fc}")),
        ("%\"%25%22\\\"", display("%\"\\")),
        ("%\"%C3%BC\"", None),
        ("%\"%c3\"", None),
        ("%\"%c\"", None),
        ("%\"%\"", None),
        ("%\"a", None),
        ("%a", None),
        ("%\"\u{fc}\"", None),
        ("(a b)", None),
        ("\0", None),
    ] {
        assert_eq!(bare(input), expected, "{input:?}");
    }
}

#[test]
fn parameters_keep_order_and_the_last_value() {
    let item = Item::parse(b"a; x=1;y;  *z-_.9=\"q\";x=?0").expect("an item");
    assert_eq!(
        item.parameters,
        Parameters(vec![
            ("x".to_owned(), Boolean(false)),
            ("y".to_owned(), Boolean(true)),
            ("*z-_.9".to_owned(), Text("q".to_owned())),
        ])
    );
    assert_eq!(item.parameters.get("y"), Some(&Boolean(true)));
    assert_eq!(item.parameters.get("w"), None);
    for input in ["a ;x", "a;", "a;X", "a;x=", "a;x= 1", "a;x =1", "a;x=(1)", "a;1"] {
        assert!(Item::parse(input.as_bytes()).is_err(), "{input}");
    }
}

#[test]
fn lists_table() {
    for (input, expected) in [
        ("", Some("")),
        ("a", Some("a")),
        (" a ,\tb\t,  c ", Some("a, b, c")),
        ("a,b", Some("a, b")),
        ("(a  b ), ()", Some("(a b), ()")),
        ("(a;x b);y=1", Some("(a;x b);y=1")),
        ("( )", Some("()")),
        ("a,", None),
        ("a, ", None),
        (",a", None),
        ("a,,b", None),
        ("a b", None),
        ("a\u{b}", None),
        ("(a,b)", None),
        ("(a\tb)", None),
        ("(a", None),
        ("(a ", None),
        ("(", None),
        ("a)", None),
        ("((a))", None),
        ("(\"a\"\"b\")", None),
    ] {
        let serialized = List::parse(input.as_bytes())
            .ok()
            .map(|list| list.serialize().expect("what was parsed").unwrap_or_default());
        assert_eq!(serialized.as_deref(), expected, "{input:?}");
    }
}

#[test]
fn dictionaries_table() {
    for (input, expected) in [
        ("", Some("")),
        ("a=1, b;x , c=?1;y", Some("a=1, b;x, c;y")),
        ("a=(b c);d, e=\"f\"", Some("a=(b c);d, e=\"f\"")),
        ("a=1, b=2, a=3", Some("a=3, b=2")),
        ("a, b, a=(x), b=?0, c", Some("a=(x), b=?0, c")),
        ("a=1,", None),
        ("A=1", None),
        ("a =1", None),
        ("a= 1", None),
        ("a=", None),
        ("a==1", None),
        ("a=1 b=2", None),
        ("1=a", None),
    ] {
        let serialized = Dictionary::parse(input.as_bytes())
            .ok()
            .map(|dictionary| dictionary.serialize().expect("what was parsed").unwrap_or_default());
        assert_eq!(serialized.as_deref(), expected, "{input:?}");
    }
}

#[test]
fn members_are_asked_for_tokens() {
    let policy =
        Dictionary::parse(b"blocked-destinations=(script \"style\"), endpoints=main").expect("a dictionary");
    let blocked = policy.get("blocked-destinations").expect("a member");
    assert!(blocked.has_token("script") && !blocked.has_token("style"));
    assert!(policy.get("endpoints").is_some_and(|member| member.has_token("main")));
    assert_eq!(policy.get("sources"), None);
}

#[test]
fn what_no_field_carries_is_not_serialized() {
    for value in [
        Integer(1_000_000_000_000_000),
        Integer(i64::MIN),
        Date(i64::MIN),
        Decimal(1_000_000_000_000_000),
        Text("\n".to_owned()),
        Text("\u{e9}".to_owned()),
        Token(String::new()),
        Token("1a".to_owned()),
        Token("a b".to_owned()),
    ] {
        assert_eq!(Item::from(value.clone()).serialize(), Err(Unserializable), "{value:?}");
    }
    let with_key = |key: &str| {
        let parameters = Parameters(vec![(key.to_owned(), Boolean(true))]);
        Item { value: Integer(1), parameters }.serialize()
    };
    assert_eq!(with_key("a"), Ok(Some("1;a".to_owned())));
    for key in ["", "A", "1", "a b", "a="] {
        assert_eq!(with_key(key), Err(Unserializable), "{key}");
    }
}

#[test]
fn bare_items_are_serialized() {
    for (value, expected) in [
        (Integer(-5), "-5"),
        (Decimal(1500), "1.5"),
        (Decimal(-25), "-0.025"),
        (Decimal(2000), "2.0"),
        (Decimal(0), "0.0"),
        (Text("a\"\\b".to_owned()), "\"a\\\"\\\\b\""),
        (Token("a/b".to_owned()), "a/b"),
        (ByteSequence(vec![]), "::"),
        (ByteSequence(b"h".to_vec()), ":aA==:"),
        (ByteSequence(b"he".to_vec()), ":aGU=:"),
        (ByteSequence(b"hel".to_vec()), ":aGVs:"),
        (ByteSequence(vec![0xFB, 0xFF, 0xFE, 0xFF]), ":+//+/w==:"),
        (Boolean(false), "?0"),
        (Date(-7), "@-7"),
        (DisplayString("f\u{fc}%\"\n".to_owned()), "%\"f%c3%bc%25%22%0a\""),
    ] {
        assert_eq!(Item::from(value.clone()).serialize(), Ok(Some(expected.to_owned())));
        assert_eq!(bare(expected), Some(value), "{expected}");
    }
}

#[test]
fn every_byte_is_parsed_or_refused() {
    for input in [&b"a=1;b"[..], b"(a \"b\");c=:aa:, %\"%c3%a9\"", b"@1, ?1, -1.5"] {
        for at in 0..input.len() {
            for byte in 0..=u8::MAX {
                let mut input = input.to_vec();
                input[at] = byte;
                let list = List::parse(&input);
                if let Ok(list) = list {
                    let again = list.serialize().expect("what was parsed").unwrap_or_default();
                    assert_eq!(List::parse(again.as_bytes()), Ok(list), "{again}");
                }
                let _ = (Dictionary::parse(&input[..at]), Item::parse(&input[at..]));
            }
        }
    }
}

#[test]
fn many_repeated_keys_are_kept_once() {
    let keys = 20_000;
    let input: Vec<String> = (0..2 * keys).map(|index| format!("k{}={index}", index % keys)).collect();
    let dictionary = Dictionary::parse(input.join(",").as_bytes()).expect("a dictionary");
    assert_eq!(dictionary.0.len(), keys);
    for (index, (key, member)) in dictionary.0.iter().enumerate() {
        let Member::Item(item) = member else { panic!("an item") };
        assert_eq!(
            (key.as_str(), &item.value),
            (format!("k{index}").as_str(), &Integer((keys + index) as i64))
        );
    }
}

#[test]
fn a_header_list_holds_structured_fields() {
    let mut list = HeaderList::new();
    list.append("A", "x=1");
    assert_eq!(get_a_structured_field_value::<Dictionary>("b", &list), None);
    list.append("a", "y, x=2");
    let dictionary: Dictionary = get_a_structured_field_value("a", &list).expect("values are combined");
    assert_eq!(dictionary.serialize(), Ok(Some("x=2, y".to_owned())));
    assert_eq!(get_a_structured_field_value::<Item>("a", &list), None);
    assert_eq!(
        set_a_structured_field_value("Sec-Purpose", &Item::from(Token("prefetch".into())), &mut list),
        Ok(())
    );
    assert_eq!(list.get("sec-purpose").as_deref(), Some(&b"prefetch"[..]));
    assert_eq!(
        set_a_structured_field_value("A", &Item::from(Token("a b".into())), &mut list),
        Err(Unserializable)
    );
    assert_eq!(set_a_structured_field_value("A", &List::default(), &mut list), Ok(()));
    assert!(!list.contains("a"));
}
