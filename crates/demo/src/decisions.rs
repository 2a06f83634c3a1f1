//! What a route answers where that depends on the request: a form, who is signed in, a query, a token.

use crate::request_seen::RequestSeen;

/// Decides on a request. It must not block.
pub type Decide = fn(&RequestSeen) -> Decision;

/// What a request deserves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The route's own status, with this body.
    Done(String),
    /// Another status, with this body.
    Not(u16, &'static str),
}

use Decision::{Done, Not};

/// The visitor of `https://site.com`: username and password are `ada` and `lovelace`.
pub const VISITOR: &str = "Basic YWRhOmxvdmVsYWNl";

/// The token that the site's own pages have in their forms.
const TOKEN: &str = "r4nd0m";

pub(crate) fn submit(request: &RequestSeen) -> Decision {
    match form_field(request, "favColor") {
        Some(colour) => Done(format!("{{\"saved\":{{\"favColor\":{}}}}}\n", quoted(&colour))),
        None => Not(400, "{\"error\":\"no favColor\"}\n"),
    }
}

pub(crate) fn who(request: &RequestSeen) -> Decision {
    Done(format!("{{\"user\":{}}}\n", if is_signed_in(request) { "\"ada\"" } else { "null" }))
}

/// A schema of one lamp that has a name.
pub(crate) fn graphql(request: &RequestSeen) -> Decision {
    const KNOWN: [&str; 3] = ["query", "lamp", "name"];
    let said = match &*request.method {
        "POST" => String::from_utf8_lossy(&request.body).into_owned(),
        _ => request.query().unwrap_or_default().to_owned(),
    };
    let mut words = said.split(|other: char| !other.is_alphanumeric()).filter(|word| !word.is_empty());
    Done(match words.find(|word| !KNOWN.contains(word)) {
        Some(field) => format!("{{\"errors\":[{{\"message\":\"no field {field}\"}}]}}\n"),
        None => "{\"data\":{\"lamp\":{\"name\":\"desk\"}}}\n".to_owned(),
    })
}

pub(crate) fn transfer(request: &RequestSeen) -> Decision {
    match is_signed_in(request) {
        true => Done("{\"transferred\":true}\n".to_owned()),
        false => Not(401, "{\"error\":\"who are you?\"}\n"),
    }
}

pub(crate) fn transfer_with_token(request: &RequestSeen) -> Decision {
    match form_field(request, "token").as_deref() {
        Some(TOKEN) => transfer(request),
        _ => Not(403, "{\"error\":\"no token\"}\n"),
    }
}

pub(crate) fn transfer_same_site(request: &RequestSeen) -> Decision {
    match request.header("Sec-Fetch-Site").as_deref() {
        Some("same-origin" | "same-site" | "none") => transfer(request),
        _ => Not(403, "{\"error\":\"not from here\"}\n"),
    }
}

fn is_signed_in(request: &RequestSeen) -> bool {
    request.header("Authorization").as_deref() == Some(VISITOR)
}

/// A field of a urlencoded body. Nothing is decoded: these forms have plain words.
fn form_field(request: &RequestSeen, name: &str) -> Option<String> {
    let body = String::from_utf8_lossy(&request.body);
    let mut fields = body.split('&').filter_map(|pair| pair.split_once('='));
    fields.find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(|other: char| !other.is_alphanumeric(), "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(
        method: &str,
        target: &str,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> RequestSeen {
        RequestSeen {
            method: method.to_owned(),
            target: target.to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: headers.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
            body: body.to_owned().into(),
            trailers: Vec::new(),
            connection: 1,
            tls_sni: None,
        }
    }

    #[test]
    fn decisions_table() {
        let signed_in = ("Authorization", VISITOR);
        let cross_site = ("Sec-Fetch-Site", "cross-site");
        let same_origin = ("Sec-Fetch-Site", "same-origin");
        type Row<'a> = (&'a str, Decide, RequestSeen, Option<&'a str>);
        let rows: [Row<'_>; 14] = [
            ("a form", submit, request("POST", "/", &[], "a=b&favColor=blue"), Some("\"favColor\":\"blue\"")),
            ("quotes stay out", submit, request("POST", "/", &[], "favColor=a\"b"), Some("\"a_b\"")),
            ("half a form", submit, request("POST", "/", &[], "a=b"), None),
            ("nobody", who, request("GET", "/", &[], ""), Some("null")),
            ("the visitor", who, request("GET", "/", &[signed_in], ""), Some("ada")),
            ("somebody else", who, request("GET", "/", &[("Authorization", "Basic eDp5")], ""), Some("null")),
            ("a query", graphql, request("GET", "/graphql?query={lamp{name}}", &[], ""), Some("desk")),
            (
                "a field that is none",
                graphql,
                request("POST", "/", &[], "{\"query\":\"{lamp{watts}}\"}"),
                Some("no field watts"),
            ),
            ("a transfer of nobody", transfer, request("POST", "/", &[], ""), None),
            ("of the visitor", transfer, request("POST", "/", &[signed_in], ""), Some("true")),
            ("without a token", transfer_with_token, request("POST", "/", &[signed_in], "token=x"), None),
            (
                "with one",
                transfer_with_token,
                request("POST", "/", &[signed_in], "token=r4nd0m"),
                Some("true"),
            ),
            ("from elsewhere", transfer_same_site, request("POST", "/", &[signed_in, cross_site], ""), None),
            (
                "from here",
                transfer_same_site,
                request("POST", "/", &[signed_in, same_origin], ""),
                Some("true"),
            ),
        ];
        for (name, decide, request, expected) in rows {
            match (decide(&request), expected) {
                (Done(body), Some(part)) => assert!(body.contains(part), "{name}: {body}"),
                (Not(status, _), None) => assert!(status >= 400, "{name}"),
                (decision, _) => panic!("{name}: {decision:?}"),
            }
        }
    }
}
