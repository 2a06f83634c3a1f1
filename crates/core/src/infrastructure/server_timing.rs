//! [`Server-Timing`](https://w3c.github.io/server-timing/#the-server-timing-header-field): metrics that a server tells of itself.

use crate::infrastructure::header_values::collect_an_http_quoted_string;
use crate::infrastructure::methods::is_token_byte;

/// A [`PerformanceServerTiming`](https://w3c.github.io/server-timing/#the-performanceservertiming-interface)'s values.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerTiming {
    /// Never empty.
    pub name: String,
    /// In milliseconds, or what else the server counts in; 0 where it said none.
    pub duration: f64,
    /// Empty where it said none.
    pub description: String,
}

/// <https://w3c.github.io/server-timing/#parse-a-server-timing-header-field>, of one of the values between commas.
// DEPARTS: names, and values without quotes, are tokens as the field's ABNF has them, and parameters are known in any case. The
// steps take whatever stands up to the next `;` or `=`, also across parameters; web-platform-tests and browsers do as here.
pub fn parse_a_server_timing_header_field(field: &str) -> Option<ServerTiming> {
    let bytes = field.as_bytes();
    let mut at = 0;
    let name = token(bytes, &mut at);
    if name.is_empty() {
        return None;
    }
    let (mut duration, mut description) = (None, None);
    while let Some(semicolon) = bytes[at..].iter().position(|&byte| byte == b';') {
        at += semicolon + 1;
        let parameter = token(bytes, &mut at).to_ascii_lowercase();
        skip_white_space(bytes, &mut at);
        let mut value = String::new();
        if bytes.get(at) == Some(&b'=') {
            at += 1;
            skip_white_space(bytes, &mut at);
            value = match bytes.get(at) {
                Some(b'"') => {
                    String::from_utf8_lossy(&collect_an_http_quoted_string(bytes, &mut at, true)).into_owned()
                }
                _ => token(bytes, &mut at).to_owned(),
            };
        }
        // The first of a name counts.
        match &*parameter {
            "dur" => drop(duration.get_or_insert(value)),
            "desc" => drop(description.get_or_insert(value)),
            _ => {}
        }
    }
    let duration = duration.and_then(|said| parse_floating_point_number(&said)).unwrap_or(0.0);
    Some(ServerTiming { name: name.to_owned(), duration, description: description.unwrap_or_default() })
}

/// The token that is next, behind white space; empty where there is none.
fn token<'a>(bytes: &'a [u8], at: &mut usize) -> &'a str {
    skip_white_space(bytes, at);
    let start = *at;
    while bytes.get(*at).is_some_and(|&byte| is_token_byte(byte)) {
        *at += 1;
    }
    std::str::from_utf8(&bytes[start..*at]).unwrap_or_default()
}

fn skip_white_space(bytes: &[u8], at: &mut usize) {
    while bytes.get(*at).is_some_and(u8::is_ascii_whitespace) {
        *at += 1;
    }
}

/// <https://html.spec.whatwg.org/#rules-for-parsing-floating-point-number-values>: whatever follows the number is passed over.
fn parse_floating_point_number(input: &str) -> Option<f64> {
    let input = input.trim_start_matches(|character: char| character.is_ascii_whitespace());
    let bytes = input.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(start);
    let mut end = start + whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += if fraction > 0 { 1 + fraction } else { 0 };
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    input[..end].parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_table() {
        for (row, field, expected) in [
            ("a name", "miss", Some(("miss", 0.0, ""))),
            ("a duration", "db;dur=53", Some(("db", 53.0, ""))),
            ("a description", "dc;desc=atl", Some(("dc", 0.0, "atl"))),
            (
                "both, with blanks",
                " cache ; desc = \"Cache; Read\" ; dur\t= 23.2 ",
                Some(("cache", 23.2, "Cache; Read")),
            ),
            ("escapes", r#"a;desc="b\"c\\""#, Some(("a", 0.0, r#"b"c\"#))),
            ("parameters have no case, names have theirs", "aB;DUR=1;Desc=Cd", Some(("aB", 1.0, "Cd"))),
            ("the first of a name counts", "a;dur=x;dur=2;desc=b;desc=c", Some(("a", 0.0, "b"))),
            ("a parameter without a value is one", "a;dur;dur=2;desc;desc=c", Some(("a", 0.0, ""))),
            ("unknown parameters", "a;foo=1;dur=2;bar", Some(("a", 2.0, ""))),
            ("what is behind a value", "a;dur=1 2;desc=\"b\" c", Some(("a", 1.0, "b"))),
            ("what is behind a name", "a==\"\"b;dur=1", Some(("a", 1.0, ""))),
            ("no token", r"a;desc=\b", Some(("a", 0.0, ""))),
            ("a quoted number", "a;dur=\"1.5\"", Some(("a", 1.5, ""))),
            ("a quote without an end", "a;desc=\"b", Some(("a", 0.0, "b"))),
            ("nothing", "", None),
            ("no name", ";dur=1", None),
            ("no token for a name", "=", None),
            ("beyond ASCII", "\u{e9};dur=1", None),
        ] {
            let parsed = parse_a_server_timing_header_field(field);
            let parsed = parsed.as_ref().map(|one| (&*one.name, one.duration, &*one.description));
            assert_eq!(parsed, expected, "{row}");
        }
    }

    #[test]
    fn numbers_table() {
        for (said, expected) in [
            ("12", Some(12.0)),
            ("-1.5", Some(-1.5)),
            ("+.5e1x", Some(5.0)),
            ("1e", Some(1.0)),
            ("1e-", Some(1.0)),
            ("1.", Some(1.0)),
            (".", None),
            ("e1", None),
            ("", None),
            ("-", None),
            ("1e999", None),
        ] {
            assert_eq!(parse_floating_point_number(said), expected, "{said}");
        }
    }
}
