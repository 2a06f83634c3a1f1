//! Brief stories of hand-made recordings.

use sofetch_core::infrastructure::methods::Method;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::trace::Algorithm;

use super::*;
use crate::recording::Recording;
use crate::safe_text::Secrets;
use crate::test_recordings::{patch_refused_at_preflight, patch_with_json, recorded, request, sent};

fn brief(recording: &Recording, also: &[&str]) -> String {
    let story = CorsStory::of(recording.first().expect("a fetch"), Secrets::Redacted).expect("a story");
    story.brief(BriefOptions { print: Options::default(), width: 80, also })
}

#[test]
fn a_readable_response_with_its_preflight() {
    let expected = r#"A preflight is needed: the method `PATCH` is not safelisted; the header
  `authorization` is not safelisted; the header `content-type` is not safelisted
  (`application/json` is not a type that a form could send); the header `cookie`
  is not safelisted.
> OPTIONS https://[redacted]@b.test/x?token=[redacted]&n=1 http/1.1
> Access-Control-Request-Method: PATCH
> Access-Control-Request-Headers: authorization,content-type
< http/1.1 204
< Access-Control-Allow-Methods: PATCH
✓ The preflight grants the methods `PATCH` and the headers `content-type` and
  `authorization`, for 5 seconds (the default).
> PATCH https://[redacted]@b.test/x?token=[redacted]&n=1 http/1.1
> Authorization: Bearer [redacted]
> Cookie: [redacted]
> Content-Type: application/json
< http/1.1 200 Fine
< Set-Cookie: [redacted]
< X-Odd: \x1B[31m\u{202E}
< Access-Control-Expose-Headers: X-Shown
< X-Shown: 1
✓ Access-Control-Allow-Origin is `*`: any origin may read.
Readable. The script sees: type "cors", status 200; the headers x-shown; hidden
  from it: set-cookie, x-odd.
"#;
    assert_eq!(brief(&patch_with_json(CorsCheck::AnyOrigin, 200), &[]), expected);
}

#[test]
fn what_matters_is_not_left_out() {
    let recording = patch_with_json(CorsCheck::AnyOrigin, 200);
    let text = brief(&recording, &["content-type"]);
    assert!(
        text.contains("< Content-Type: text/plain\n")
            && text.contains("the headers content-type,\n  x-shown"),
        "{text}"
    );
}

#[test]
fn what_every_request_says_is_told_where_the_caller_said_it() {
    let get = |accept: &'static str| {
        recorded(|trace| {
            let _main = trace.enter(Algorithm::MainFetch);
            let headers = [("Accept", accept), ("Accept-Language", "en-US"), ("User-Agent", "a")];
            trace.emit(|| request(Method::GET, "https://b.test/", &headers[..2]));
            trace.emit(|| sent(Method::GET, "https://b.test/", &headers));
        })
    };
    let ending = "Unfinished. The recording ends before the fetch does.\n";
    let line = "> GET https://b.test/ http/1.1\n";
    assert_eq!(brief(&get("*/*"), &[]), format!("{line}(no answer)\n{ending}"));
    assert_eq!(brief(&get("text/x"), &[]), format!("{line}> Accept: text/x\n(no answer)\n{ending}"));
}

#[test]
fn refusals() {
    let text = brief(&patch_with_json(CorsCheck::NoAllowOrigin, 500), &[]);
    let ending = "\u{2717} There is no Access-Control-Allow-Origin.\n\
        Refused. The request reached the server and it answered 500.\n\
        The script sees: TypeError, and no reason.\n";
    assert!(text.ends_with(ending), "{text}");
    let text = brief(&patch_refused_at_preflight(), &[]);
    assert!(text.contains("Refused. The request was not sent.\n"), "{text}");
}

#[test]
fn colours_go_around_words_and_not_around_blanks() {
    let recording = patch_with_json(CorsCheck::NoAllowOrigin, 200);
    let story = CorsStory::of(recording.first().expect("a fetch"), Secrets::Redacted).expect("a story");
    let print = Options { colour: true, ..Options::default() };
    let text = story.brief(BriefOptions { print, width: 40, also: &[] });
    assert!(text.contains("\u{1b}[31mRefused.\u{1b}[0m The request"), "{text:?}");
    assert!(text.lines().any(|line| line.starts_with("  \u{1b}[")), "what is folded stands in: {text:?}");
}

#[test]
fn folding_table() {
    let table = [
        ("what fits", "a b c", 0, 5, "a b c"),
        ("what does not", "aa bb cc", 0, 5, "aa bb\n  cc"),
        ("with an indent", "aa bb cc", 2, 7, "  aa bb\n    cc"),
        ("a word that is too long for any line", "a bbbbbbbb c", 0, 4, "a\n  bbbbbbbb\n  c"),
        ("characters count, not bytes", "\u{e9}\u{e9} \u{e9}\u{e9}", 0, 5, "\u{e9}\u{e9} \u{e9}\u{e9}"),
        ("nothing", "", 0, 4, ""),
    ];
    for (name, text, indent, width, expected) in table {
        assert_eq!(folded(text, indent, width), expected, "{name}");
    }
}
