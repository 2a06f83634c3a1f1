//! What is wrong with an `Access-Control-Allow-Origin` that is not the origin: the near misses by name, all else by its first byte.
//!
//! Whether it is wrong was decided by the rule, byte for byte; here two texts are compared so that a person sees why.

use super::quoting::{byte, quoted};

/// What is wrong, and what to send instead. `allowed` is isomorphic decoded: a character is a byte.
pub(super) fn near_miss(allowed: &str, origin: &str, tainted: bool, credentials: bool) -> String {
    let send = format!("Send Access-Control-Allow-Origin: {}", quoted(origin).trim_matches('`'));
    if tainted {
        return "Ask the last URL directly: after redirects across origins the origin is `null`, and to allow `null` is to allow anybody.".to_owned();
    }
    if allowed == "*" && credentials {
        return format!("{send}, and Vary: Origin; or do not ask with credentials.");
    }
    if origin == "null" {
        return "The page's origin is `null`, as in a sandboxed frame, a file or a data: URL: serve it over http or https, or give its frame `allow-same-origin`. To allow `null` is to allow anybody.".to_owned();
    }
    if allowed.contains(',') {
        return several(allowed, origin, &send);
    }
    if allowed.contains('*') {
        return format!("Patterns mean nothing here. {send}, and Vary: Origin.");
    }
    if allowed.trim_matches([' ', '\t']).is_empty() {
        return format!("The value is empty. {send}.");
    }
    match misspelt(allowed, origin) {
        Some(how) => format!("{how} {send}."),
        None => format!(
            "They differ {}. {send}, and Vary: Origin where several origins are allowed.",
            first_difference(allowed, origin)
        ),
    }
}

/// Several values, which were joined or written as one.
fn several(allowed: &str, origin: &str, send: &str) -> String {
    let values: Vec<&str> = allowed.split(',').map(|value| value.trim_matches([' ', '\t'])).collect();
    if values.iter().all(|value| *value == values[0]) {
        return format!(
            "Send one value: {} is there {} times, as when a proxy and the application each add the header.",
            quoted(values[0]),
            values.len()
        );
    }
    let among = if values.contains(&origin) { "This page's origin is among them, but" } else { "And" };
    format!(
        "Send one value: the header was sent twice, or lists several. {among} it must be the only one. {send}, and Vary: Origin."
    )
}

/// Nearly the origin: what was meant, and how it was written.
fn misspelt(allowed: &str, origin: &str) -> Option<String> {
    let (scheme, host) = origin.split_once("://")?;
    if allowed.strip_suffix('/') == Some(origin) {
        return Some(format!("Leave out the slash at the end (offset {}).", origin.len()));
    }
    if let Some(path) = allowed.strip_prefix(origin).filter(|path| path.starts_with('/')) {
        return Some(format!("Leave out {}: an origin has no path.", quoted(path)));
    }
    if allowed.trim_matches(['"', '\'', '<', '>', '[', ']', ';', ' ']) == origin {
        return Some("Write the origin and nothing around it: no quotes, no brackets.".to_owned());
    }
    if allowed.eq_ignore_ascii_case(origin) {
        return Some(format!("Write it in lower case: they differ {}.", first_difference(allowed, origin)));
    }
    let Some((their_scheme, their_host)) = allowed.split_once("://") else {
        return (allowed == host)
            .then(|| format!("Write the scheme too: {}.", quoted(&format!("{scheme}://"))));
    };
    if their_host == host {
        return Some(format!(
            "The schemes differ: {} is allowed, and the page came over {}.",
            quoted(their_scheme),
            quoted(scheme)
        ));
    }
    let ((their_name, their_port), (name, port)) = (name_and_port(their_host), name_and_port(host));
    if their_name == name && their_scheme == scheme {
        let default = match scheme {
            "https" => "443",
            _ => "80",
        };
        return Some(match (their_port, port) {
            (Some(theirs), None) if theirs == default => {
                format!("Leave out `:{default}`: an origin does not name its scheme's own port.")
            }
            (theirs, ours) => {
                let said = |port: Option<&str>| port.map_or(format!("{default} (not written)"), quoted);
                format!("The ports differ: {} is allowed, and the page's is {}.", said(theirs), said(ours))
            }
        });
    }
    if their_scheme != scheme || their_port != port {
        return None;
    }
    if their_name.strip_prefix("www.") == Some(name) || name.strip_prefix("www.") == Some(their_name) {
        return Some("They differ by `www.`: these are two origins.".to_owned());
    }
    if their_name.strip_suffix('.') == Some(name) {
        return Some("Leave out the dot at the end of the name.".to_owned());
    }
    let of_this_machine = ["localhost", "127.0.0.1", "[::1]"];
    if of_this_machine.contains(&their_name) && of_this_machine.contains(&name) {
        return Some(format!(
            "{} and {} are one machine, and two origins.",
            quoted(their_name),
            quoted(name)
        ));
    }
    if their_name.ends_with(&format!(".{name}")) || name.ends_with(&format!(".{their_name}")) {
        return Some("One is a subdomain of the other: these are two origins.".to_owned());
    }
    None
}

/// The host of an origin, and its port where one is written.
fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        // NB: within the brackets of an IPv6 address no colon begins a port.
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

/// Where two texts part, and by what.
fn first_difference(allowed: &str, origin: &str) -> String {
    let (mut theirs, mut ours) = (allowed.chars(), origin.chars());
    let mut at = 0;
    loop {
        let (one, other) = (theirs.next(), ours.next());
        let of = |character: char| byte(u32::from(character) as u8);
        match (one, other) {
            (Some(theirs), Some(ours)) if theirs != ours => {
                return format!("first at offset {at}, where {} stands in place of {}", of(theirs), of(ours));
            }
            (Some(theirs), None) => {
                return format!("at offset {at}, where the origin ends and {} follows", of(theirs));
            }
            (None, Some(ours)) => {
                return format!("at offset {at}, where it ends and the origin has {}", of(ours));
            }
            // NB: equal texts do not come here; the loop ends all the same.
            (None, None) => return "nowhere".to_owned(),
            (Some(_), Some(_)) => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_named_to_the_byte() {
        let page = "https://app.test";
        let send = "Send Access-Control-Allow-Origin: https://app.test";
        for (row, allowed, origin, advice) in [
            ("another host", "https://apt.test", page, format!("They differ first at offset 10, where `t` stands in place of `p`. {send}, and Vary: Origin where several origins are allowed.")),
            ("it goes on", "https://app.tests", page, format!("They differ at offset 16, where the origin ends and `s` follows. {send}, and Vary: Origin where several origins are allowed.")),
            ("it ends early", "https://app.tes", page, format!("They differ at offset 15, where it ends and the origin has `t`. {send}, and Vary: Origin where several origins are allowed.")),
            ("a byte that is none of ASCII", "https://\u{e9}pp.test", page, format!("They differ first at offset 8, where the byte 0xE9 stands in place of `a`. {send}, and Vary: Origin where several origins are allowed.")),
            ("a slash", "https://app.test/", page, format!("Leave out the slash at the end (offset 16). {send}.")),
            ("a path", "https://app.test/x", page, format!("Leave out `/x`: an origin has no path. {send}.")),
            ("quotes", "\"https://app.test\"", page, format!("Write the origin and nothing around it: no quotes, no brackets. {send}.")),
            ("upper case", "https://App.test", page, format!("Write it in lower case: they differ first at offset 8, where `A` stands in place of `a`. {send}.")),
            ("no scheme", "app.test", page, format!("Write the scheme too: `https://`. {send}.")),
            ("http for https", "http://app.test", page, format!("The schemes differ: `http` is allowed, and the page came over `https`. {send}.")),
            ("the default port", "https://app.test:443", page, format!("Leave out `:443`: an origin does not name its scheme's own port. {send}.")),
            ("another port", "https://app.test:8443", page, format!("The ports differ: `8443` is allowed, and the page's is 443 (not written). {send}.")),
            ("www", "https://www.app.test", page, format!("They differ by `www.`: these are two origins. {send}.")),
            ("a dot", "https://app.test.", page, format!("Leave out the dot at the end of the name. {send}.")),
            ("a subdomain", "https://test", page, format!("One is a subdomain of the other: these are two origins. {send}.")),
            ("nothing", "", page, format!("The value is empty. {send}.")),
            ("a pattern", "https://*.test", page, format!("Patterns mean nothing here. {send}, and Vary: Origin.")),
            ("twice the same", "https://app.test, https://app.test", page, "Send one value: `https://app.test` is there 2 times, as when a proxy and the application each add the header.".to_owned()),
            ("a list with it", "https://b.test, https://app.test", page, format!("Send one value: the header was sent twice, or lists several. This page's origin is among them, but it must be the only one. {send}, and Vary: Origin.")),
            ("a list without it", "https://b.test,https://c.test", page, format!("Send one value: the header was sent twice, or lists several. And it must be the only one. {send}, and Vary: Origin.")),
            (
                "the machine by another name", "http://127.0.0.1:3000", "http://localhost:3000",
                "`127.0.0.1` and `localhost` are one machine, and two origins. Send Access-Control-Allow-Origin: http://localhost:3000.".to_owned(),
            ),
            (
                "the machine by its IPv6 address", "http://localhost:80", "http://[::1]:80",
                "`localhost` and `[::1]` are one machine, and two origins. Send Access-Control-Allow-Origin: http://[::1]:80.".to_owned(),
            ),
            (
                "a page without an origin", page, "null",
                "The page's origin is `null`, as in a sandboxed frame, a file or a data: URL: serve it over http or https, or give its frame `allow-same-origin`. To allow `null` is to allow anybody.".to_owned(),
            ),
        ] {
            assert_eq!(near_miss(allowed, origin, false, false), advice, "{row}");
        }
    }
}
