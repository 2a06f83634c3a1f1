//! What else is to be known of a story: what other tools do not show, what would spare the preflight, how long it is remembered.
//!
//! None of it decides anything; each is a sentence, for the client's author or the server's.

use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_safelists::{CorsSafelist, UnsafeName};
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rulings::Ruling;
use sofetch_core::trace::Event;

use super::StoryVerdict;
use crate::recording::RecordedFetch;
use crate::safe_text::escaped;

/// All that is to be said of this fetch of a page, in the order in which it matters.
pub(super) fn advice(fetch: &RecordedFetch, verdict: &StoryVerdict) -> Vec<String> {
    let events = fetch.events_of_exchange();
    let rulings = || {
        events.iter().filter_map(|event| match event {
            Event::Ruled(ruling) => Some(&**ruling),
            _ => None,
        })
    };
    let mut advice = Vec::new();
    let refused_by = match verdict {
        StoryVerdict::Refused { ruling } => Some(ruling),
        _ => None,
    };
    if matches!(refused_by, Some(Ruling::CorsCheck(_) | Ruling::PreflightAnswer(_))) {
        advice.push(
            "That it works in curl or Postman says nothing: they are no pages, and CORS does not bind them."
                .to_owned(),
        );
    }
    let need = rulings().find_map(|ruling| match ruling {
        Ruling::ResponseTaintingFork(ResponseTaintingFork::CorsWithPreflight(need))
        | Ruling::PreflightNeed(need) => Some(need),
        _ => None,
    });
    advice.extend(need.and_then(headers_of_answers));
    if let Some(Ruling::PreflightAnswer(_)) = refused_by {
        advice.extend(need.and_then(without_preflight));
    }
    advice.extend(rulings().find_map(remembered));
    advice
}

/// Headers that only an answer has, and that a client sets in the hope that they help.
fn headers_of_answers(need: &PreflightNeed) -> Option<String> {
    let PreflightNeed::Needed { unsafe_names, .. } = need else { return None };
    let names: Vec<String> = unsafe_names
        .iter()
        .map(|UnsafeName { name, .. }| escaped(name))
        .filter(|name| is_of_answers(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() {
        return None;
    }
    Some(format!(
        "Delete {} from the client: that is for answers to say, and in a request it allows nothing and makes a preflight \
         necessary.",
        names.join(" and ")
    ))
}

fn is_of_answers(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("access-control-allow-")
        || matches!(&*name, "access-control-expose-headers" | "access-control-max-age")
}

/// How the same could be asked without a preflight, where that is in the client's hand and costs nothing.
fn without_preflight(need: &PreflightNeed) -> Option<String> {
    let PreflightNeed::Needed { flag_set, unsafe_method: None, unsafe_names } = need else { return None };
    let mut conditions = Vec::new();
    for name in unsafe_names {
        conditions.push(spared(name)?);
    }
    conditions.dedup();
    if *flag_set {
        conditions.push("nobody listened to the upload".to_owned());
    }
    Some(format!("The request would need no preflight, if {}.", conditions.join(", and ")))
}

/// What would make this header safelisted; `None` where that would be another request.
fn spared(UnsafeName { name, because }: &UnsafeName) -> Option<String> {
    let name = escaped(name);
    match because {
        CorsSafelist::TooLong { .. } => Some(format!("`{name}` had at most 128 bytes")),
        CorsSafelist::TooLongTogether { .. } => {
            Some("the safelisted headers had at most 1024 bytes together".to_owned())
        }
        CorsSafelist::NoSingleRange { .. } | CorsSafelist::NoRangeStart { .. } => {
            Some(format!("`{name}` said where it starts, as bytes=0-499 does"))
        }
        CorsSafelist::UnsafeByte { .. } => Some(format!("`{name}` were without that byte")),
        CorsSafelist::NotListed if is_of_answers(&name) => Some(format!("it were without `{name}`")),
        // A type that forms have is another protection against them, which is the server's to give up.
        CorsSafelist::NoMimeType { .. }
        | CorsSafelist::UnsafeMimeType { .. }
        | CorsSafelist::NotListed
        | CorsSafelist::Safelisted => None,
    }
}

/// That a preflight is asked again and again.
fn remembered(ruling: &Ruling) -> Option<String> {
    let Ruling::PreflightAnswer(PreflightAnswer::Granted { max_age, max_age_said, .. }) = ruling else {
        return None;
    };
    let again = match (max_age, max_age_said) {
        (0, _) => "The preflight is asked before each such request".to_owned(),
        (_, None) => format!("The preflight is asked again after {max_age} seconds"),
        (_, Some(_)) => return None,
    };
    Some(format!(
        "{again}: send `Access-Control-Max-Age: 7200`, which is as long as Chromium remembers (for each URL, query included)."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(flag_set: bool, method: Option<&str>, names: &[(&str, CorsSafelist)]) -> PreflightNeed {
        let unsafe_names = names
            .iter()
            .map(|(name, because)| UnsafeName { name: (*name).to_owned(), because: because.clone() })
            .collect();
        PreflightNeed::Needed { flag_set, unsafe_method: method.map(str::to_owned), unsafe_names }
    }

    #[test]
    fn what_would_spare_a_preflight() {
        let long = || ("accept", CorsSafelist::TooLong { length: 142 });
        let json = ("content-type", CorsSafelist::UnsafeMimeType { essence: "application/json".into() });
        let together = |name| (name, CorsSafelist::TooLongTogether { total: 1080 });
        for (row, need, advice) in [
            ("a long value", need(false, None, &[long()]), Some("`accept` had at most 128 bytes")),
            (
                "two that can be helped",
                need(true, None, &[long()]),
                Some("`accept` had at most 128 bytes, and nobody listened to the upload"),
            ),
            ("only listened to (row 25)", need(true, None, &[]), Some("nobody listened to the upload")),
            (
                "too much together is said once",
                need(false, None, &[together("accept"), together("range")]),
                Some("the safelisted headers had at most 1024 bytes together"),
            ),
            (
                "another header is another request",
                need(false, None, &[long(), ("x-a", CorsSafelist::NotListed)]),
                None,
            ),
            ("so is another method", need(false, Some("PUT"), &[long()]), None),
            ("JSON is not to be sent as what it is not", need(false, None, &[json]), None),
            ("none is needed", PreflightNeed::Simple, None),
        ] {
            let expected = advice.map(|advice| format!("The request would need no preflight, if {advice}."));
            assert_eq!(without_preflight(&need), expected, "{row}");
        }
    }

    #[test]
    fn headers_of_answers_are_named_and_no_others() {
        let names = |names: &[&'static str]| {
            let names: Vec<_> = names.iter().map(|name| (*name, CorsSafelist::NotListed)).collect();
            headers_of_answers(&need(false, None, &names))
        };
        assert_eq!(names(&["x-a", "authorization"]), None);
        let advice = names(&["x-a", "access-control-allow-origin", "access-control-max-age"]).expect("two");
        assert!(
            advice.starts_with(
                "Delete `access-control-allow-origin` and `access-control-max-age` from the client:"
            ),
            "{advice}"
        );
    }
}
