//! Tests of `multipart.rs`: what is written byte for byte, what is read, what is refused, and that one reads the other.

use super::*;
use crate::infrastructure::form_data::FormDataInit;

fn form(entries: Vec<(&str, FormDataInit)>) -> FormData {
    let entries =
        entries.into_iter().map(|(name, value)| FormDataEntry::create(name, value, None, 0)).collect();
    FormData { entries }
}

fn file(name: &str, content_type: &str, content: &'static [u8]) -> FormDataInit {
    let blob = Blob::new([Bytes::from_static(content)], content_type);
    FormDataInit::File(File { blob, name: name.to_owned(), last_modified: 0 })
}

fn written(form_data: &FormData) -> String {
    String::from_utf8(multipart_form_data_encode(form_data, "B").concat()).expect("UTF-8 in the tables")
}

fn part(disposition: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: {disposition}\r\n\r\n{content}\r\n--B--\r\n")
}

fn read(input: &str) -> Result<Vec<String>, MultipartFailure> {
    let form_data = multipart_form_data_parse(&Bytes::copy_from_slice(input.as_bytes()), Some("B"), 7)?;
    Ok(form_data.entries.iter().map(described).collect())
}

fn described(entry: &FormDataEntry) -> String {
    match &entry.value {
        FormDataValue::String(string) => format!("{}={string}", entry.name),
        FormDataValue::File(file) => {
            let content = file.blob.bytes().escape_ascii().to_string();
            format!("{}=[{} {} {content}]", entry.name, file.name, file.blob.content_type())
        }
    }
}

#[test]
fn encode_table() {
    for (name, entries, expected) in [
        ("no entries", vec![], "--B--\r\n".to_owned()),
        ("a string has no type", vec![("a", "b".into())], part("form-data; name=\"a\"", "b")),
        (
            "newlines of strings are normalized",
            vec![("a", "\r1\n2\r\n3\n\r".into())],
            part("form-data; name=\"a\"", "\r\n1\r\n2\r\n3\r\n\r\n"),
        ),
        (
            "newlines of names are normalized, then escaped",
            vec![("\r1\n2\r\n3", "".into())],
            part("form-data; name=\"%0D%0A1%0D%0A2%0D%0A3\"", ""),
        ),
        (
            "quotes of names are escaped, and nothing else",
            vec![("\"%22\\'", "".into())],
            part("form-data; name=\"%22%22\\'\"", ""),
        ),
        (
            "names are UTF-8",
            vec![("\u{E9}\u{1F600}", "".into())],
            part("form-data; name=\"\u{E9}\u{1F600}\"", ""),
        ),
        (
            "a file has a name and a type",
            vec![("a", file("f.txt", "text/plain", b"x\ny"))],
            part("form-data; name=\"a\"; filename=\"f.txt\"\r\nContent-Type: text/plain", "x\ny"),
        ),
        (
            "a file without a type is octets",
            vec![("a", file("f", "", b""))],
            part("form-data; name=\"a\"; filename=\"f\"\r\nContent-Type: application/octet-stream", ""),
        ),
        (
            "newlines of filenames are only escaped",
            vec![("a", file("\r1\n2\"", "x/y", b"z"))],
            part("form-data; name=\"a\"; filename=\"%0D1%0A2%22\"\r\nContent-Type: x/y", "z"),
        ),
    ] {
        assert_eq!(written(&form(entries)), expected, "{name}");
    }
}

#[test]
fn files_are_shared_not_copied() {
    let segments = [Bytes::from(vec![b'x'; 100_000]), Bytes::from(vec![b'y'; 100_000])];
    let blob = Blob::new(segments.clone(), "");
    let form_data = form(vec![("s", "t".into()), ("a", blob.into())]);
    let chunks = multipart_form_data_encode(&form_data, "B");
    assert_eq!(chunks.len(), 4);
    assert_eq!(chunks[1].as_ptr(), segments[0].as_ptr());
    assert_eq!(chunks[2].as_ptr(), segments[1].as_ptr());
    let input = Bytes::from(chunks.concat());
    let parsed = multipart_form_data_parse(&input, Some("B"), 0).expect("a form");
    let content = parsed.get("a").and_then(FormDataValue::as_file).expect("a file").blob.bytes();
    assert!(input.as_ptr_range().contains(&content.as_ptr()), "the parser slices its input");
}

#[test]
fn parse_table() {
    for (name, input, expected) in [
        ("no parts", "--B--".to_owned(), &[][..]),
        ("a string", part("form-data; name=\"a\"", "b"), &["a=b"]),
        ("the last line break is the delimiter's", part("form-data; name=a", "b\r\n"), &["a=b\r\n"]),
        ("a file", part("form-data; name=\"a\"; filename=\"f\"", "b"), &["a=[f text/plain b]"]),
        (
            "an empty filename makes a file",
            part("form-data; name=a; filename=\"\"", ""),
            &["a=[ text/plain ]"],
        ),
        (
            "a file with a type",
            part("form-data; name=a; filename=f\r\nContent-Type:  X/y;z=1 ", "b"),
            &["a=[f x/y;z=1 b]"],
        ),
        ("a type makes no file", part("form-data; name=a\r\ncontent-type: x/y; charset=gbk", "b"), &["a=b"]),
        (
            "headers of any case and order",
            part("FORM-DATA; FileName=f; NAME=a", "b"),
            &["a=[f text/plain b]"],
        ),
        (
            "unknown headers and parameters",
            part("form-data; x=y; name=a; filename*=utf-8''f\r\nX-Y: z", "b"),
            &["a=b"],
        ),
        (
            "no space after a semicolon",
            part("form-data;name=\"a\";filename=\"f\";", "b"),
            &["a=[f text/plain b]"],
        ),
        ("a semicolon in quotes", part("form-data; name=\"a; filename=x\"", "b"), &["a; filename=x=b"]),
        ("percent forms stay", part("form-data; name=\"%0D%0A%22%41\"", "b"), &["%0D%0A%22%41=b"]),
        (
            "a backslash escapes nothing",
            part("form-data; name=\"a\\\"; filename=\"C:\\f\"", ""),
            &["a\\=[C:\\f text/plain ]"],
        ),
        ("an empty name is a name", part("form-data; name=\"\"", "b"), &["=b"]),
        ("of two names the first counts", part("form-data; name=a; name=b", "c"), &["a=c"]),
        ("the BOM is kept", part("form-data; name=\"\u{FEFF}a\"", "\u{FEFF}b"), &["\u{FEFF}a=\u{FEFF}b"]),
        ("_charset_ is a name like any", part("form-data; name=_charset_", "gbk"), &["_charset_=gbk"]),
        (
            "no base64 in forms",
            part("form-data; name=a\r\nContent-Transfer-Encoding: base64", "YQ=="),
            &["a=YQ=="],
        ),
        ("a preamble and an epilogue", format!("p\r\nq\r\n{}e--B", part("form-data; name=a", "b")), &["a=b"]),
        (
            "a line break before the first delimiter",
            format!("\r\n{}", part("form-data; name=a", "b")),
            &["a=b"],
        ),
        (
            "padding after a delimiter",
            "--B \t\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--B--".to_owned(),
            &["a=b"],
        ),
        (
            "content that nearly ends",
            part("form-data; name=a", "\r\r\n\r\n-\r\n--\r\n--b"),
            &["a=\r\r\n\r\n-\r\n--\r\n--b"],
        ),
        (
            "a part without content, not even its line break",
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n--B--".to_owned(),
            &["a="],
        ),
    ] {
        assert_eq!(read(&input), Ok(expected.iter().map(|&entry| entry.to_owned()).collect()), "{name}");
    }
}

#[test]
fn parse_failures() {
    use MultipartFailure as M;
    let disposition = |said: &str| M::BrokenContentDisposition { said: said.to_owned() };
    for (name, input, failure) in [
        ("nothing", String::new(), M::NoDelimiter),
        ("another boundary", "--C--".to_owned(), M::NoDelimiter),
        ("a boundary within a line", "x--B--".to_owned(), M::NoDelimiter),
        ("nothing after a delimiter", "--B".to_owned(), M::BrokenDelimiter { at: 3 }),
        ("half a closing", "--B-".to_owned(), M::BrokenDelimiter { at: 3 }),
        (
            "a line that goes on",
            part("form-data; name=a", "b\r\n--B-Random junk"),
            M::BrokenDelimiter { at: 53 },
        ),
        ("only a line feed", "--B\nx".to_owned(), M::BrokenDelimiter { at: 3 }),
        ("headers without end", "--B\r\nContent-Disposition: form-data; name=a".to_owned(), M::Unterminated),
        (
            "a part without end",
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nb".to_owned(),
            M::Unterminated,
        ),
        (
            "a part that ends without delimiter",
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n".to_owned(),
            M::Unterminated,
        ),
        ("a header without colon", "--B\r\nx\r\n\r\n\r\n--B--".to_owned(), M::BrokenHeader { at: 5 }),
        ("a header without name", "--B\r\n: x\r\n\r\n\r\n--B--".to_owned(), M::BrokenHeader { at: 5 }),
        (
            "a header name that is none",
            "--B\r\na b: x\r\n\r\n\r\n--B--".to_owned(),
            M::BrokenHeader { at: 5 },
        ),
        ("a lone line feed in headers", "--B\r\nx: y\n\r\n\r\n--B--".to_owned(), M::BrokenHeader { at: 5 }),
        ("a lone CR in headers", "--B\r\nx: y\rz\r\n\r\n\r\n--B--".to_owned(), M::BrokenHeader { at: 5 }),
        ("a folded header", "--B\r\nx: y\r\n z: x\r\n\r\n\r\n--B--".to_owned(), M::BrokenHeader { at: 11 }),
        ("a delimiter among headers", "--B\r\nx: y\r\n--B--\r\n".to_owned(), M::BrokenHeader { at: 11 }),
        ("no disposition", "--B\r\nx: y\r\n\r\n\r\n--B--".to_owned(), M::NoContentDisposition { at: 13 }),
        ("no headers", "--B\r\n\r\nx\r\n--B--".to_owned(), M::NoContentDisposition { at: 7 }),
        ("another disposition", part("attachment; name=a", ""), disposition("attachment; name=a")),
        ("no name", part("form-data; filename=a", ""), disposition("form-data; filename=a")),
        ("a quote that never closes", part("form-data; name=\"a", ""), disposition("form-data; name=\"a")),
        ("rubbish after a quote", part("form-data; name=\"a\"b", ""), disposition("form-data; name=\"a\"b")),
        ("a parameter without value", part("form-data; name", ""), disposition("form-data; name")),
    ] {
        assert_eq!(read(&input), Err(failure), "{name}");
    }
    let parse = |boundary| multipart_form_data_parse(&Bytes::from_static(b"--B--"), boundary, 0).err();
    assert_eq!(parse(None), Some(M::NoBoundary));
    assert_eq!(parse(Some("")), Some(M::NoBoundary));
    assert_eq!(parse(Some("B\r\n")), Some(M::InvalidBoundary));
    assert_eq!(parse(Some("\u{100}")), Some(M::InvalidBoundary));
}

#[test]
fn text_is_utf8_and_files_are_bytes() {
    let input = b"--\xE9\r\nContent-Disposition: form-data; name=\"\xFF\"\r\n\r\n\xFF\r\n--\xE9\r\n\
        Content-Disposition: form-data; name=f; filename=g\r\nContent-Type: \xFF\r\n\r\n\xFF\r\n--\xE9--";
    let form_data = multipart_form_data_parse(&Bytes::from_static(input), Some("\u{E9}"), 7).expect("a form");
    let described: Vec<String> = form_data.entries.iter().map(described).collect();
    assert_eq!(described, ["\u{FFFD}=\u{FFFD}", "f=[g  \\xff]"]);
    assert_eq!(form_data.get("f").and_then(FormDataValue::as_file).map(|file| file.last_modified), Some(7));
}

#[test]
fn what_is_written_is_read_back() {
    let form_data = form(vec![
        ("a", "1".into()),
        ("a", "--B--\r\n--C".into()),
        ("\u{E9};=\\", "\0\u{FEFF}%0D".into()),
        ("f", file("C:\\x\\", "text/html;charset=utf-8", b"\r\n--\r\n\xFF\r")),
        ("", file("", "", b"")),
    ]);
    let boundary = boundary_from([7; 16]);
    let input = Bytes::from(multipart_form_data_encode(&form_data, &boundary).concat());
    let parsed = multipart_form_data_parse(&input, Some(&boundary), 0).expect("a form");
    let [before, after] =
        [&form_data, &parsed].map(|form_data| form_data.entries.iter().map(described).collect::<Vec<_>>());
    assert_eq!(before[..4], after[..4]);
    assert_eq!(after[4], "=[ application/octet-stream ]");
}

#[test]
fn cut_anywhere_it_is_refused_without_panic() {
    let whole = written(&form(vec![("a", "b\r\n".into()), ("f", file("g", "x/y", b"\r\nz"))]));
    let end = whole.len() - "\r\n".len();
    for length in 0..end {
        let cut = Bytes::copy_from_slice(&whole.as_bytes()[..length]);
        assert!(multipart_form_data_parse(&cut, Some("B"), 0).is_err(), "{length}");
    }
    assert!(read(&whole[..end]).is_ok());
}

#[test]
fn a_mebibyte_of_carriage_returns_is_content() {
    let content = "\r\n--\r".repeat(1 << 18);
    assert_eq!(read(&part("form-data; name=a", &content)), Ok(vec![format!("a={content}")]));
}

#[test]
fn row_90_a_boundary_says_all_of_its_random_bits() {
    let boundaries: Vec<String> = (0..128)
        .map(|bit| {
            let mut random = [0; 16];
            random[bit / 8] = 1 << (bit % 8);
            boundary_from(random)
        })
        .collect();
    let distinct: std::collections::BTreeSet<&String> = boundaries.iter().collect();
    assert_eq!(distinct.len(), 128, "each bit makes another boundary");
    for boundary in &boundaries {
        assert!((27..=70).contains(&boundary.len()));
        assert!(matches!(safe_boundary(boundary), Cow::Borrowed(_)));
    }
}

#[test]
fn row_90_content_that_holds_another_boundary_ends_no_part() {
    let guessed = boundary_from([1; 16]);
    let content = format!("x\r\n--{guessed}--\r\n");
    let form_data = form(vec![("a", content.as_str().into())]);
    let boundary = boundary_from([2; 16]);
    let input = Bytes::from(multipart_form_data_encode(&form_data, &boundary).concat());
    let parsed = multipart_form_data_parse(&input, Some(&boundary), 0).expect("a form");
    assert_eq!(parsed.get("a").and_then(FormDataValue::as_str), Some(&*content));
}

#[test]
fn row_68_no_name_filename_or_type_adds_a_line() {
    let hostile = "x\"\r\nX-Injected: 1\r\n\r\n\n\r\0";
    let blob = Blob::new([Bytes::from_static(b"z")], hostile);
    let entry = FormDataEntry::create(hostile, blob, Some(hostile.to_owned()), 0);
    let form_data = FormData { entries: vec![entry] };
    let text = written(&form_data);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 7, "{text:?}");
    assert_eq!(lines[2], "Content-Type: application/octet-stream", "a type with a line break is dropped");
    assert!(lines.iter().all(|line| !line.contains(['\r', '\n']) && !line.starts_with("X-Injected")));
    assert_eq!(lines[1].matches('"').count(), 4, "no quote ends its string early");
    // HTML allows no other escape, so NUL stays in the body; it ends neither line nor string there.
    assert_eq!(lines[1].matches('\0').count(), 2);
}

#[test]
fn row_68_a_boundary_keeps_nothing_that_ends_a_line_or_a_string() {
    for (given, kept) in
        [("a\r\nb", "ab"), ("a\0b", "ab"), ("a\"; x=\"y", "axy"), ("\u{E9}", ""), ("a b,", "ab")]
    {
        assert_eq!(safe_boundary(given), kept);
        let text =
            String::from_utf8(multipart_form_data_encode(&form(vec![]), given).concat()).expect("UTF-8");
        assert_eq!(text, format!("--{kept}--\r\n"));
    }
    assert_eq!(safe_boundary(&"a".repeat(71)).len(), 70);
}

#[test]
fn row_35_names_that_are_special_to_scripts_are_plain_names() {
    let input = part("form-data; name=\"__proto__\"; filename=\"constructor\"", "b");
    assert_eq!(read(&input), Ok(vec!["__proto__=[constructor text/plain b]".to_owned()]));
}
