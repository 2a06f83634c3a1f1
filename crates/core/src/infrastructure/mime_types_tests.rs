//! Tests of `mime_types.rs`: tables of our own, and the files of MIME Sniffing and Fetch in web-platform-tests.

use serde_json::Value;

use super::wpt_data::{cases, text};
use super::*;

fn parsed(input: &str) -> Option<String> {
    MimeType::parse(input).ok().map(|mime_type| mime_type.to_string())
}

fn list(values: &[&[u8]]) -> HeaderList {
    let mut list = HeaderList::new();
    for &value in values {
        list.append("Content-Type", value.to_vec());
    }
    list
}

#[test]
fn parse_and_serialize_table() {
    for (name, input, output) in [
        ("a type", "text/plain", Some("text/plain")),
        ("whitespace around it is removed", "\r\n\t text/plain \t", Some("text/plain")),
        ("but not form feeds", "text/plain\u{C}", None),
        ("no slash", "text", None),
        ("no type", "/plain", None),
        ("no subtype", "text/", None),
        ("whitespace inside", "text /plain", None),
        ("a second slash", "text/plain/x", None),
        ("the essence is lower-cased, a value is not", "TEXT/Plain;A=B", Some("text/plain;a=B")),
        ("of two names the first is kept", "a/b;x=1;x=2", Some("a/b;x=1")),
        ("also where they differ in case", "a/b;x=1;X=2", Some("a/b;x=1")),
        ("an empty value is no parameter", "a/b;x=;y=1", Some("a/b;y=1")),
        ("an empty quoted value is one", "a/b;x=\"\"", Some("a/b;x=\"\"")),
        ("a semicolon in quotes is part of the value", "a/b;x=\"1;2\";y=3", Some("a/b;x=\"1;2\";y=3")),
        ("an escaped quote is part of the value", r#"a/b;x="\"\\z""#, Some(r#"a/b;x="\"\\z""#)),
        ("a quote that never closes", "a/b;x=\"1;2", Some("a/b;x=\"1;2\"")),
        ("a backslash at the end stands for itself", r#"a/b;x="1\"#, Some(r#"a/b;x="1\\""#)),
        ("rubbish after the closing quote is dropped", "a/b;x=\"1\"\u{1}2;y=3", Some("a/b;x=1;y=3")),
        ("a control character after a semicolon", "a/b;x=\"1;\u{1}\";y=3", Some("a/b;y=3")),
        ("code points above U+00FF", "a/b;x=\u{100};y=\u{FF}", Some("a/b;y=\"\u{FF}\"")),
        ("only semicolons", "a/b;;; ;", Some("a/b")),
        ("whitespace before a value counts", "a/b;x= 1", Some("a/b;x=\" 1\"")),
    ] {
        assert_eq!(parsed(input).as_deref(), output, "{name}");
    }
}

#[test]
fn bytes_are_decoded_and_encoded_one_by_one() {
    let mime_type = MimeType::parse_bytes(b"text/plain;x=\xE9\xFF").expect("a type");
    assert_eq!(mime_type.parameter("x"), Some("\u{E9}\u{FF}"));
    assert_eq!(mime_type.to_bytes(), b"text/plain;x=\"\xE9\xFF\"");
    assert_eq!((mime_type.type_(), mime_type.subtype()), ("text", "plain"));
}

#[test]
fn a_hundred_thousand_parameters_are_told_apart_without_comparing_each_with_each() {
    let input: String = (0..100_000).map(|n| format!(";p{}=1", n % 60_000)).collect();
    let mime_type = MimeType::parse(&format!("a/b{input}")).expect("a type");
    assert_eq!(mime_type.parameters().len(), 60_000);
}

#[test]
fn no_bytes_make_it_panic_and_what_is_serialized_parses_to_itself() {
    // Every short string over the bytes that mean something.
    let alphabet = b"a/;=\"\\ ,\xFF\x01";
    for number in 0..alphabet.len().pow(5) {
        let mut bytes = b"a/b;x=".to_vec();
        let mut rest = number;
        for _ in 0..5 {
            bytes.push(alphabet[rest % alphabet.len()]);
            rest /= alphabet.len();
        }
        let _ = extract_a_mime_type(&list(&[&bytes[6..]]));
        if let Ok(mime_type) = MimeType::parse_bytes(&bytes) {
            assert_eq!(MimeType::parse_bytes(&mime_type.to_bytes()), Ok(mime_type));
        }
    }
}

#[test]
fn row_68_a_type_never_holds_line_breaks_or_nul() {
    for bad in ["\r", "\n", "\0"] {
        assert_eq!(parsed(&format!("te{bad}xt/plain")), None);
        assert_eq!(parsed(&format!("text/pl{bad}ain")), None);
        for input in
            [format!("a/b;x={bad}y;z=1"), format!("a/b;x=\"{bad}\";z=1"), format!("a/b;x{bad}=y;z=1")]
        {
            assert_eq!(parsed(&input).as_deref(), Some("a/b;z=1"), "{input:?}");
        }
    }
}

#[test]
fn row_35_parameter_names_that_are_special_to_scripts_are_plain_names() {
    let mime_type = MimeType::parse("a/b;__proto__=1;constructor=2").expect("a type");
    assert_eq!(mime_type.parameter("__proto__"), Some("1"));
    assert_eq!(mime_type.parameter("constructor"), Some("2"));
    assert_eq!(mime_type.parameter("charset"), None);
}

#[test]
fn extract_table() {
    for (name, values, output) in [
        ("no header", &[][..], None),
        ("an empty header", &[&b""[..]], None),
        ("one type", &[b"text/html"], Some("text/html")),
        ("any type is none", &[b"*/*;charset=gbk"], None),
        ("the last type wins", &[b"text/plain;charset=gbk, text/html"], Some("text/html")),
        (
            "its charset comes from before",
            &[b"text/html;charset=gbk;a=b, text/html;x=y"],
            Some("text/html;x=y;charset=gbk"),
        ),
        (
            "not from before another type",
            &[b"text/html;charset=gbk;a=b", b"x/x", b"text/html;x=y"],
            Some("text/html;x=y"),
        ),
        ("what does not parse is passed over", &[b"text/html", b"cannot-parse"], Some("text/html")),
        ("an empty value too", &[b"text/html", b""], Some("text/html")),
        ("and any type", &[b"text/html", b"*/*"], Some("text/html")),
        ("a comma in quotes does not divide", &[b"text/html;\", x/x"], Some("text/html")),
        ("nothing but commas", &[b",,,"], None),
    ] {
        let extracted = extract_a_mime_type(&list(values)).ok().map(|mime_type| mime_type.to_string());
        assert_eq!(extracted.as_deref(), output, "{name}");
    }
}

#[test]
fn legacy_extract_an_encoding_table() {
    let fallback = encoding_rs::UTF_8;
    for (name, input, encoding) in [
        ("failure", "nonsense", fallback),
        ("no charset", "text/html", fallback),
        ("an unknown charset", "text/html;charset=bogus", fallback),
        ("a label of an encoding", "text/html;charset=LATIN1", encoding_rs::WINDOWS_1252),
        ("whitespace around a label", "text/html;charset=\" gbk \"", encoding_rs::GBK),
    ] {
        let mime_type = MimeType::parse(input);
        assert_eq!(
            legacy_extract_an_encoding(mime_type.as_ref().map_err(|&e| e), fallback),
            encoding,
            "{name}"
        );
    }
}

#[test]
fn javascript_essences_match_in_any_case_and_whole() {
    assert!(is_javascript_mime_type_essence_match("Text/JavaScript"));
    assert!(!is_javascript_mime_type_essence_match("text/javascript;x=y"));
    assert!(!is_javascript_mime_type_essence_match(" text/javascript"));
}

fn encoding(mime_type: Result<&MimeType, NoMimeType>) -> Option<&'static str> {
    let none = encoding_rs::X_USER_DEFINED;
    Some(legacy_extract_an_encoding(mime_type, none)).filter(|&found| found != none).map(Encoding::name)
}

fn wpt_mime_types(file: &str, known: usize) {
    for case in cases(file, known) {
        let input = text(&case["input"]);
        let mime_type = MimeType::parse(input);
        let serialized = mime_type.as_ref().ok().map(MimeType::to_string);
        assert_eq!(serialized.as_deref(), case["output"].as_str(), "{input:?}");
        if let Some(expected) = case.get("encoding") {
            assert_eq!(encoding(mime_type.as_ref().map_err(|&e| e)), expected.as_str(), "{input:?}");
        }
        if let (Some(expected), Ok(mime_type)) = (case.get("minimizedMIMEType"), &mime_type) {
            let minimized = mime_type.minimize(MimeType::is_html);
            assert_eq!(Some(minimized), expected.as_str(), "{input:?}");
        }
    }
}

#[test]
fn wpt_mime_types_json() {
    wpt_mime_types("mimesniff/mime-types/resources/mime-types.json", 74);
}

#[test]
fn wpt_generated_mime_types_json() {
    wpt_mime_types("mimesniff/mime-types/resources/generated-mime-types.json", 881);
}

#[test]
fn wpt_mime_types_minimized_json() {
    for case in cases("mimesniff/mime-types/resources/mime-types-minimized.json", 32) {
        let mime_type = MimeType::parse(text(&case["input"])).expect("a type of the data");
        let minimized = mime_type.minimize(|mime_type| mime_type.essence() == "image/png");
        assert_eq!(minimized, text(&case["output"]), "{mime_type}");
    }
}

#[test]
fn wpt_mime_groups_json() {
    type InGroup = fn(&MimeType) -> bool;
    let groups: [(&str, InGroup); 10] = [
        ("image", MimeType::is_image),
        ("audio or video", MimeType::is_audio_or_video),
        ("font", MimeType::is_font),
        ("ZIP-based", MimeType::is_zip_based),
        ("archive", MimeType::is_archive),
        ("XML", MimeType::is_xml),
        ("HTML", MimeType::is_html),
        ("scriptable", MimeType::is_scriptable),
        ("JavaScript", MimeType::is_javascript),
        ("JSON", MimeType::is_json),
    ];
    for case in cases("mimesniff/mime-types/resources/mime-groups.json", 146) {
        let mime_type = MimeType::parse(text(&case["input"])).expect("a type of the data");
        let mut expected: Vec<&str> =
            case["groups"].as_array().expect("groups in the data").iter().map(text).collect();
        // NB: the data say "font-off" where the Standard lists "font-otf"; the Standard decides.
        if mime_type.essence() == "application/font-off" {
            expected.clear();
        }
        for (name, is_in) in groups {
            assert_eq!(is_in(&mime_type), expected.contains(&name), "{mime_type} in {name}");
        }
    }
    assert!(MimeType::parse("application/font-otf").is_ok_and(|mime_type| mime_type.is_font()));
}

fn content_types(case: &Value) -> HeaderList {
    let values = case["contentType"].as_array().expect("values in the data");
    let encode = |value: &Value| text(value).chars().map(|c| u8::try_from(c).expect("a byte")).collect();
    let values: Vec<Vec<u8>> = values.iter().map(encode).collect();
    list(&values.iter().map(|value| &**value).collect::<Vec<_>>())
}

#[test]
fn wpt_content_types_json() {
    for case in cases("fetch/content-type/resources/content-types.json", 20) {
        let extracted = extract_a_mime_type(&content_types(&case));
        assert_eq!(encoding(extracted.as_ref().map_err(|&e| e)), case["encoding"].as_str(), "{case}");
        let serialized = extracted.map_or(String::new(), |mime_type| mime_type.to_string());
        assert_eq!(serialized, text(&case["mimeType"]), "{case}");
    }
}

#[test]
fn wpt_script_content_types_json() {
    for case in cases("fetch/content-type/resources/script-content-types.json", 18) {
        let extracted = extract_a_mime_type(&content_types(&case));
        if let Some(expected) = case["encoding"].as_str() {
            assert_eq!(encoding(extracted.as_ref().map_err(|&e| e)), Some(expected), "{case}");
        }
        let executes = extracted.is_ok_and(|mime_type| mime_type.is_javascript());
        assert_eq!(Some(executes), case["executes"].as_bool(), "{case}");
    }
}
