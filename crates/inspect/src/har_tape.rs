//! The answers of a HAR file's entry as a [`Tape`], to be replayed: the entry's own, its preflight's, and those it was redirected to.
//!
//! Browsers write a preflight as an entry beside its request, before or behind it, and each redirect as an entry. What they blocked
//! has no answer (status 0): of that only the preflight's is known.

use serde_json::Value;
use sofetch_core::fixes::{AnswerId, AnswerTo};
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::header_values::{is_header_name, is_header_value};
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::statuses::{Status, is_redirect_status};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::tape::{Tape, TapedAnswer, answer_to};

/// No fetch follows more redirects.
const MOST_HOPS: u32 = 20;

/// The answers to this entry of a HAR document, counted from 0; `None` where it has none.
pub fn har_tape(document: &Value, entry: usize) -> Option<Tape> {
    let entries = document["log"]["entries"].as_array()?;
    let mut tape = Tape::default();
    let (mut at, mut hop) = (entry, 0);
    loop {
        let request = Asked::of(entries.get(at)?)?;
        let preflight = nearest(entries, at, |other| other.is_preflight() && other.is_at(&request.url));
        if let Some(preflight) = preflight.filter(|_| !request.is_preflight()) {
            tape.answers.extend(answer(&entries[preflight], AnswerTo::Preflight, hop));
        }
        let Some(own) = answer(&entries[at], AnswerTo::Request, hop) else { break };
        let next = redirected_to(&own);
        tape.answers.push(own);
        let Some(next) = next.filter(|_| hop < MOST_HOPS) else { break };
        let behind = |other: &Asked| !other.is_preflight() && other.is_at(&next);
        let Some(found) = (at + 1..entries.len())
            .find(|&other| Asked::of(&entries[other]).is_some_and(|other| behind(&other)))
        else {
            break;
        };
        (at, hop) = (found, hop + 1);
    }
    (!tape.answers.is_empty()).then_some(tape)
}

/// The entry nearest to this one of which it holds.
fn nearest(entries: &[Value], at: usize, holds: impl Fn(&Asked) -> bool) -> Option<usize> {
    let mut places: Vec<usize> = (0..entries.len()).filter(|&place| place != at).collect();
    places.sort_by_key(|&place| place.abs_diff(at));
    places.into_iter().find(|&place| Asked::of(&entries[place]).is_some_and(|other| holds(&other)))
}

/// An entry's request.
struct Asked {
    method: Method,
    url: Url,
    headers: HeaderList,
}

impl Asked {
    fn of(entry: &Value) -> Option<Asked> {
        let request = &entry["request"];
        Some(Asked {
            method: Method::new(request["method"].as_str()?.as_bytes()).ok()?,
            url: Url::parse(request["url"].as_str()?, None).ok()?,
            headers: headers(&request["headers"]),
        })
    }

    fn is_preflight(&self) -> bool {
        answer_to(&self.method, &self.headers) == AnswerTo::Preflight
    }

    fn is_at(&self, url: &Url) -> bool {
        self.url.href_without_fragment() == url.href_without_fragment()
    }
}

fn answer(entry: &Value, to: AnswerTo, hop: u32) -> Option<TapedAnswer> {
    let Asked { method, url, headers: sent } = Asked::of(entry)?;
    let response = &entry["response"];
    let status = response["status"].as_u64().and_then(|status| Status::try_from(status).ok());
    let status = status.filter(|status| (200..=599).contains(status))?;
    let http2 = response["httpVersion"]
        .as_str()
        .is_some_and(|version| version.contains('2') || version.contains('3'));
    Some(TapedAnswer {
        id: AnswerId { hop, to },
        method,
        url,
        sent,
        status: Some(status),
        status_message: Default::default(),
        header_list: headers(&response["headers"]),
        body: Default::default(),
        protocol: if http2 { Protocol::Http2 } else { Protocol::Http1 },
    })
}

/// Those that are headers. HTTP/2's own (`:status`) are none; several of one name may stand in one value, a line each.
fn headers(list: &Value) -> HeaderList {
    let mut headers = HeaderList::new();
    for header in list.as_array().into_iter().flatten() {
        let (Some(name), Some(values)) = (header["name"].as_str(), header["value"].as_str()) else {
            continue;
        };
        for value in values.split('\n').map(str::trim) {
            if is_header_name(name.as_bytes()) && is_header_value(value.as_bytes()) {
                headers.append(name.as_bytes().to_vec(), value.as_bytes().to_vec());
            }
        }
    }
    headers
}

fn redirected_to(answer: &TapedAnswer) -> Option<Url> {
    answer.status.filter(|&status| is_redirect_status(status))?;
    let location = answer.header_list.get("Location")?;
    Url::parse(std::str::from_utf8(&location).ok()?, Some(&answer.url)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(method: &str, url: &str, asks: bool, status: u16, headers: &[(&str, &str)]) -> Value {
        let pairs = |list: &[(&str, &str)]| -> Vec<Value> {
            list.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
        };
        let sent: &[(&str, &str)] = if asks { &[("access-control-request-method", "PATCH")] } else { &[] };
        json!({
            "request": { "method": method, "url": url, "headers": pairs(sent) },
            "response": { "status": status, "httpVersion": "h2", "headers": pairs(headers) },
        })
    }

    fn told(entries: &[Value], chosen: usize) -> Vec<String> {
        let tape = har_tape(&json!({ "log": { "entries": entries } }), chosen).unwrap_or_default();
        let line = |answer: &TapedAnswer| {
            let AnswerId { hop, to } = answer.id;
            let names: Vec<_> = answer
                .header_list
                .iter()
                .map(|header| String::from_utf8_lossy(header.name()).into_owned())
                .collect();
            let status = answer.status.unwrap_or_default();
            format!("{hop} {to:?} {} {status} {}", answer.url.path(), names.join(","))
        };
        tape.answers.iter().map(line).collect()
    }

    #[test]
    fn entries_table() {
        let x = "https://b.test/x";
        let request = |status| entry("PATCH", x, false, status, &[("Vary", "Origin")]);
        let preflight = |url: &str| entry("OPTIONS", url, true, 204, &[("access-control-allow-origin", "*")]);
        let plain = entry("OPTIONS", x, false, 200, &[]);
        let redirect = |to: &str| entry("GET", x, false, 302, &[("Location", to)]);
        let y = entry("GET", "https://b.test/y", false, 200, &[]);
        let granted = "0 Preflight /x 204 access-control-allow-origin";
        type Row<'a> = (&'a str, Vec<Value>, usize, Vec<&'a str>);
        let table: Vec<Row<'_>> = vec![
            ("a request alone", vec![request(200)], 0, vec!["0 Request /x 200 Vary"]),
            (
                "its preflight before it",
                vec![preflight(x), request(200)],
                1,
                vec![granted, "0 Request /x 200 Vary"],
            ),
            ("or behind it", vec![request(200), preflight(x)], 0, vec![granted, "0 Request /x 200 Vary"]),
            (
                "another's preflight",
                vec![preflight("https://b.test/z"), request(200)],
                1,
                vec!["0 Request /x 200 Vary"],
            ),
            ("an OPTIONS that asks nothing", vec![plain, request(200)], 1, vec!["0 Request /x 200 Vary"]),
            ("what was blocked after its preflight", vec![preflight(x), request(0)], 1, vec![granted]),
            ("what was blocked alone", vec![request(0)], 0, vec![]),
            (
                "a redirect",
                vec![redirect("/y"), request(200), y.clone()],
                0,
                vec!["0 Request /x 302 Location", "1 Request /y 200 "],
            ),
            ("a redirect to what is not there", vec![redirect("/q")], 0, vec!["0 Request /x 302 Location"]),
            ("a redirect to itself", vec![redirect("/x")], 0, vec!["0 Request /x 302 Location"]),
            ("an entry that is not there", vec![y], 3, vec![]),
        ];
        for (name, entries, chosen, expected) in table {
            assert_eq!(told(&entries, chosen), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_header_is_left_out() {
        let odd = [(":status", "200"), ("Set-Cookie", "a=1\nb=2"), ("a b", "c"), ("X", "a\0b"), ("Y", " z ")];
        let entries = [entry("GET", "https://b.test/", false, 200, &odd)];
        assert_eq!(told(&entries, 0), ["0 Request / 200 Set-Cookie,Set-Cookie,Y"]);
        assert!(har_tape(&json!({ "log": 1 }), 0).is_none());
        assert!(har_tape(&json!({ "log": { "entries": [{}] } }), 0).is_none());
    }
}
