//! Trees, line by line.

use sofetch_core::infrastructure::methods::Method;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rulings::NetworkError;
use sofetch_core::wire_faults::WireFault;

use super::*;
use crate::safe_text::is_unsafe;
use crate::test_recordings::{patch_with_json, recorded, request, ruled, sent};

#[test]
fn the_tree_of_a_preflighted_patch() {
    let text = tree(&patch_with_json(CorsCheck::AnyOrigin, 200), Options::default());
    let expected = r#"fetch
  main fetch
    PATCH https://[redacted]@b.test/x?token=[redacted]&n=1 from https://a.test, mode "cors", credentials "same-origin"
    · The URL is of another origin. A preflight goes first: the method `PATCH` is not safelisted; the header `authorization` is not safelisted; the header `content-type` is not safelisted (`application/json` is not a type that a form could send); the header `cookie` is not safelisted.
    HTTP fetch
      · No earlier preflight that is still remembered granted the method `PATCH`.
      preflight
        CORS-preflight fetch
          OPTIONS https://[redacted]@b.test/x?token=[redacted]&n=1 from https://a.test, mode "cors", credentials "same-origin"
          HTTP-network fetch
            resolving b.test  [13.0 ms]
            resolved: 10.0.0.1:443  [14.0 ms]
            connecting to 10.0.0.1:443  [15.0 ms]
            connected to 10.0.0.1:443  [16.0 ms]
            TLS handshake with b.test  [17.0 ms]
            TLS: TLSv1_3, TLS13_AES_128_GCM_SHA256, http/1.1  [18.0 ms]
            > OPTIONS https://[redacted]@b.test/x?token=[redacted]&n=1 http/1.1  [19.0 ms]
            > Access-Control-Request-Method: PATCH
            > Access-Control-Request-Headers: authorization,content-type
            < http/1.1 204  [20.0 ms]
            < Access-Control-Allow-Methods: PATCH
          ✓ The preflight grants the methods `PATCH` and the headers `content-type` and `authorization`, for 5 seconds (the default).
      HTTP-network fetch
        + Origin: https://a.test
        + Cookie: [redacted]
        > PATCH https://[redacted]@b.test/x?token=[redacted]&n=1 http/1.1  [27.0 ms]
        > Authorization: Bearer [redacted]
        > Cookie: [redacted]
        > Content-Type: application/json
        > (5 bytes of the body)  [29.0 ms]
        < http/1.1 200 Fine  [30.0 ms]
        < Content-Type: text/plain
        < Set-Cookie: [redacted]
        < X-Odd: \x1B[31m\u{202E}
        < Access-Control-Expose-Headers: X-Shown
        < X-Shown: 1
      ✓ Access-Control-Allow-Origin is `*`: any origin may read.
  answered: a response of type "cors", status 200  [38.0 ms]
  body ended after 10 bytes, 20 decoded  [39.0 ms]
"#;
    assert_eq!(text, expected);
}

#[test]
fn verbose_shows_idle_rulings_and_every_room() {
    let options = Options { verbose: true, ..Options::default() };
    let text = tree(&patch_with_json(CorsCheck::AnyOrigin, 200), options);
    for line in [
        "· The port is not a bad port.",
        "override fetch",
        "fetch response handover",
        "· There is no Timing-Allow-Origin: the times are hidden from the page.",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_refusal_is_marked_and_hinted_at() {
    let text = tree(&patch_with_json(CorsCheck::NoAllowOrigin, 500), Options::default());
    let refusal =
        "      ✗ There is no Access-Control-Allow-Origin.\n        Send Access-Control-Allow-Origin";
    assert!(text.contains(refusal), "{text}");
    assert!(text.contains("network error: CorsCheck  ["), "{text}");
}

#[test]
fn a_fault_is_said_where_no_ruling_was() {
    let error = std::io::Error::other("\x1b[2Jno");
    let fault = WireFault::Resolve { host: "\u{202e}b.test".into(), cause: Some(std::sync::Arc::new(error)) };
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "https://b.test/", &[]));
        trace.emit(|| Event::Wire(WireEvent::Resolving { host: "\u{202e}b.test\x1b".into() }));
        trace.emit(|| Event::Ended(Outcome::NetworkError(NetworkError::new(fault.clone()))));
    });
    let text = tree(&recording, Options::default());
    assert!(text.contains("✗ The name `\\u{202E}b.test` did not resolve: \\x1B[2Jno."), "{text}");
    assert!(!text.chars().any(|shown| shown != '\n' && is_unsafe(shown)), "{text}");
}

#[test]
fn redirects_do_not_march_off_the_screen() {
    let recording = recorded(|trace| {
        let mut rooms = Vec::new();
        for _ in 0..20 {
            rooms.push(trace.enter(Algorithm::MainFetch));
            trace.emit(|| request(Method::GET, "https://b.test/", &[]));
            rooms.push(trace.enter(Algorithm::HttpFetch));
            trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
            rooms.push(trace.enter(Algorithm::HttpRedirectFetch));
        }
        trace.emit(|| ruled(CorsCheck::AnyOrigin));
        while let Some(room) = rooms.pop() {
            drop(room);
        }
        trace.emit(|| ruled(CorsCheck::OriginMatches));
    });
    let text = tree(&recording, Options::default());
    assert!(!text.contains(&" ".repeat(8)), "{text}");
    assert!(text.ends_with("\n✓ Access-Control-Allow-Origin is this page's origin.\n"), "{text}");
}

#[test]
fn colours_are_the_only_escapes() {
    let recording = patch_with_json(CorsCheck::NoAllowOrigin, 500);
    let plain = tree(&recording, Options::default());
    let coloured = tree(&recording, Options { colour: true, ..Options::default() });
    assert!(!plain.contains('\x1b'));
    assert!(coloured.contains("\x1b[31m✗ There is no Access-Control-Allow-Origin.\x1b[0m"), "{coloured}");
    let mut stripped = coloured;
    for code in ["0", "1", "2", "31", "32", "33", "35", "36"] {
        stripped = stripped.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(stripped, plain);
}
