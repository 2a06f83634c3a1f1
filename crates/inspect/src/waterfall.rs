//! A [timeline](crate::timeline()) for people and for programs: bars on one scale with each phase's time beneath, and JSON.

use serde::Serialize;
use serde_json::Value;

use crate::json::to_value;
use crate::safe_text::{Secrets, escaped, redacted_urls};
use crate::timeline::{Hop, Phase, Step, bar, millis, span};
use crate::tree::{Options, Paint, painted};
use crate::words::purpose;

/// Every step, in the order in which an exchange takes them.
const STEPS: [Step; 7] =
    [Step::Deferred, Step::Resolve, Step::Connect, Step::Tls, Step::Send, Step::Wait, Step::Body];

/// The exchanges as bars, two lines each: what it was and how long it took, then its phases. Nothing for no exchange.
pub fn waterfall(hops: &[Hop], options: Options) -> String {
    if hops.is_empty() {
        return String::new();
    }
    let (start, whole) = span(hops);
    // What hardly any fetch does is explained where one did.
    let is_there = |step: Step| hops.iter().any(|hop| hop.phases.iter().any(|phase| phase.step == step));
    let keys = STEPS.iter().filter(|step| **step != Step::Deferred || is_there(**step));
    let keys: Vec<String> = keys.map(|step| format!("{} {}", step.letter(), name(*step))).collect();
    let head = format!("Timeline of {} ({})", millis(whole), keys.join(", "));
    let mut text = format!("{}\n", painted(&head, Paint::Room, options));
    for hop in hops {
        let (method, url) = match &hop.request {
            Some((method, url)) => (escaped(method).into_owned(), redacted_urls(url, options.secrets)),
            None => ("(nothing sent)".to_owned(), "".into()),
        };
        let (status, paint) = match hop.status {
            None => ("---".to_owned(), Paint::Bad),
            Some(status @ 400..) => (status.to_string(), Paint::Bad),
            Some(status) => (status.to_string(), Paint::Good),
        };
        let spent = millis(hop.end().saturating_sub(hop.start()));
        let why = hop.purpose.map(|why| format!("  ({})", purpose(why))).unwrap_or_default();
        text.push_str(&format!(
            "|{}| {spent:>10}  {}  {method} {}{why}\n",
            coloured(&bar(hop, start, whole), options),
            painted(&status, paint, options),
            escaped(&*url),
        ));
        let mut phases: Vec<String> = summed(&hop.phases)
            .map(|(step, phase)| format!("{} {}", name(step), millis(phase.end.saturating_sub(phase.start))))
            .collect();
        if hop.reused {
            phases.insert(0, "connection reused".to_owned());
        }
        let after = millis(hop.start().saturating_sub(start));
        phases.insert(0, format!("after {after}"));
        text.push_str(&format!("    {}\n", painted(&phases.join(", "), Paint::Dim, options)));
    }
    text
}

/// The same as JSON: a list of exchanges with their phases, times in milliseconds since the first began.
pub fn timeline_json(hops: &[Hop], secrets: Secrets) -> Value {
    let (start, _) = span(hops);
    let at = |time: std::time::Duration| time.saturating_sub(start).as_secs_f64() * 1e3;
    let list: Vec<HopJson> = hops
        .iter()
        .map(|hop| HopJson {
            purpose: hop.purpose.map(purpose),
            method: hop.request.as_ref().map(|(method, _)| method.clone()),
            url: hop.request.as_ref().map(|(_, url)| redacted_urls(url, secrets).into_owned()),
            status: hop.status,
            reused: hop.reused,
            start: at(hop.start()),
            end: at(hop.end()),
            phases: hop
                .phases
                .iter()
                .map(|phase| PhaseJson { step: phase.step, start: at(phase.start), end: at(phase.end) })
                .collect(),
        })
        .collect();
    to_value(&list)
}

#[derive(Serialize)]
struct HopJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    method: Option<String>,
    url: Option<String>,
    status: Option<u16>,
    reused: bool,
    start: f64,
    end: f64,
    phases: Vec<PhaseJson>,
}

#[derive(Serialize)]
struct PhaseJson {
    step: Step,
    start: f64,
    end: f64,
}

/// One phase a step: an upload may be told of in many pieces.
fn summed(phases: &[Phase]) -> impl Iterator<Item = (Step, Phase)> {
    STEPS.iter().filter_map(|&step| {
        let own = || phases.iter().filter(|phase| phase.step == step);
        let start = own().map(|phase| phase.start).min()?;
        let end = own().map(|phase| phase.end).max()?;
        Some((step, Phase { step, start, end }))
    })
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Deferred => "deferred",
        Step::Resolve => "resolve",
        Step::Connect => "connect",
        Step::Tls => "TLS",
        Step::Send => "send",
        Step::Wait => "wait",
        Step::Body => "body",
    }
}

/// A bar with a colour for each step's letters.
fn coloured(bar: &str, options: Options) -> String {
    if !options.colour {
        return bar.to_owned();
    }
    let paint = |letter: char| match letter {
        'r' | 'c' | 't' => Paint::Warn,
        's' => Paint::Out,
        '.' | 'd' => Paint::Dim,
        '=' => Paint::In,
        _ => Paint::Plain,
    };
    let letters: Vec<char> = bar.chars().collect();
    letters
        .chunk_by(|one, next| one == next)
        .map(|run| painted(&run.iter().collect::<String>(), paint(run[0]), options))
        .collect()
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::connections::Protocol;
    use sofetch_core::infrastructure::methods::Method;
    use sofetch_core::rules::cors_check::CorsCheck;
    use sofetch_core::trace::{Event, WireEvent};

    use super::*;
    use crate::test_recordings::{patch_with_json, recorded, sent};
    use crate::timeline;

    #[test]
    fn phases_stand_beneath_the_bars() {
        let hops = timeline(&patch_with_json(CorsCheck::AnyOrigin, 200));
        let expected = "\
Timeline of 26.0 ms (r resolve, c connect, t TLS, s send, . wait, = body)
|r  c  t  .                              |     7.0 ms  204  OPTIONS https://[redacted]@b.test/x?token=[redacted]&n=1  (preflight)
    after 0.0 ms, resolve 1.0 ms, connect 1.0 ms, TLS 1.0 ms, wait 1.0 ms
|                     sss..==============|    12.0 ms  200  PATCH https://[redacted]@b.test/x?token=[redacted]&n=1
    after 14.0 ms, send 2.0 ms, wait 1.0 ms, body 9.0 ms
";
        assert_eq!(waterfall(&hops, Options::default()), expected);
        assert_eq!(waterfall(&[], Options::default()), "");
    }

    #[test]
    fn colours_change_no_letter() {
        let hops = timeline(&patch_with_json(CorsCheck::AnyOrigin, 500));
        let plain = waterfall(&hops, Options::default());
        let coloured = waterfall(&hops, Options { colour: true, ..Options::default() });
        assert!(
            coloured.contains("\x1b[33mr\x1b[0m") && coloured.contains("\x1b[31m500\x1b[0m"),
            "{coloured}"
        );
        let mut stripped = String::new();
        let mut rest = &*coloured;
        while let Some((before, after)) = rest.split_once('\x1b') {
            stripped.push_str(before);
            rest = after.split_once('m').expect("a sequence ends").1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain);
    }

    #[test]
    fn the_same_as_json() {
        let json = timeline_json(&timeline(&patch_with_json(CorsCheck::AnyOrigin, 200)), Secrets::Redacted);
        assert_eq!(json[0]["purpose"], "preflight");
        assert_eq!(json[1]["url"], "https://[redacted]@b.test/x?token=[redacted]&n=1");
        assert_eq!((json[1]["status"].as_u64(), json[1]["reused"].as_bool()), (Some(200), Some(false)));
        assert_eq!(json[1]["phases"][0], serde_json::json!({ "step": "send", "start": 14.0, "end": 16.0 }));
        assert_eq!((json[0]["start"].as_f64(), json[1]["end"].as_f64()), (Some(0.0), Some(26.0)));
    }

    #[test]
    fn what_was_never_answered_and_what_was_reused() {
        let recording = recorded(|trace| {
            trace.emit(|| Event::Wire(WireEvent::Reused { protocol: Protocol::Http1 }));
            trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
            trace.emit(|| Event::Wire(WireEvent::Resolving { host: "c.test".into() }));
        });
        let text = waterfall(&timeline(&recording), Options::default());
        assert!(text.contains("---  GET https://b.test/\n    after 0.0 ms, connection reused\n"), "{text}");
        assert!(text.contains("---  (nothing sent) \n"), "{text}");
    }

    #[test]
    fn strangers_steer_nothing() {
        let recording = recorded(|trace| {
            trace.emit(|| sent(Method::GET, "https://b.test/\u{202e}\u{1b}[31m", &[]));
        });
        let text = waterfall(&timeline(&recording), Options::default());
        assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text:?}");
    }
}
