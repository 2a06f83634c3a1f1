//! How it is said: values that are none, headers that came twice, lists that nobody can use, and what caches are told.

use sofetch_core::infrastructure::header_names::{has_forbidden_prefix, is_forbidden_request_header_name};
use sofetch_core::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;

use super::answers::{Access, Answer, AuditExchange};
use super::case::{Asked, Case};
use super::plan::Purpose;
use super::rules::Rule;

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const METHODS: &str = "Access-Control-Allow-Methods";
const HEADERS: &str = "Access-Control-Allow-Headers";
const EXPOSE: &str = "Access-Control-Expose-Headers";
const MAX_AGE: &str = "Access-Control-Max-Age";
const CREDENTIALS: &str = "Access-Control-Allow-Credentials";

/// Judges every answer.
pub(crate) fn judge(case: &mut Case<'_>) {
    for exchange in case.exchanges {
        let Ok(answer) = &exchange.answer else { continue };
        let preflight = matches!(exchange.probe.purpose, Purpose::Preflight(_));
        allow_origin(case, exchange, answer);
        credentials(case, exchange, answer);
        lists(case, exchange, answer, preflight);
        if !preflight {
            outside_of_preflights(case, exchange, answer);
        }
    }
    vary(case);
    caching(case);
}

fn allow_origin(case: &mut Case<'_>, exchange: &AuditExchange, answer: &Answer) {
    // NB: an odd origin that asks may be told its own name.
    if let Some((rule, said)) = malformed(answer).filter(|_| exchange.access() == Access::No) {
        case.find(rule, false, format!("It is `{said}`."), exchange);
    }
}

/// Is Access-Control-Allow-Origin there, and nothing that could match?
pub(crate) fn is_malformed(answer: &Answer) -> bool {
    malformed(answer).is_some()
}

fn malformed(answer: &Answer) -> Option<(Rule, String)> {
    let said = answer.text(ALLOW_ORIGIN)?;
    let rule = if answer.count(ALLOW_ORIGIN) > 1 {
        Rule::DoubledAllowOrigin
    } else if said.contains(',') || said.split_whitespace().count() > 1 {
        Rule::AllowOriginList
    } else if said != "*" && said != "null" && !is_origin(&said) {
        Rule::InvalidAllowOrigin
    } else {
        return None;
    };
    Some((rule, said))
}

/// Is it what a browser would send as `Origin`?
pub(crate) fn is_origin(said: &str) -> bool {
    // NB: the URL parser lets a `*` stand, and whoever writes one means a pattern.
    let serialized = Url::parse(said, None).map(|url| url.origin());
    serialized.is_ok_and(|origin| !origin.is_opaque() && origin.as_str() == said) && !said.contains('*')
}

fn credentials(case: &mut Case<'_>, exchange: &AuditExchange, answer: &Answer) {
    for name in [CREDENTIALS, MAX_AGE] {
        if answer.count(name) > 1 {
            let detail = format!("{name} is `{}`.", answer.text(name).unwrap_or_default());
            case.find(Rule::DoubledHeader, true, detail, exchange);
            return;
        }
    }
    // NB: `false` says what it does.
    let said = answer.text(CREDENTIALS).filter(|said| !matches!(&**said, "true" | "false"));
    if let Some(said) = said {
        case.find(Rule::AllowCredentialsNotTrue, true, format!("It is `{said}`."), exchange);
    }
}

fn lists(case: &mut Case<'_>, exchange: &AuditExchange, answer: &Answer, preflight: bool) {
    let here: &[&str] = if preflight { &[METHODS, HEADERS] } else { &[EXPOSE] };
    for name in here {
        if let HeaderListValues::Failure { said } = extract_header_list_values(name, &answer.header_list) {
            case.find(Rule::UnparsableList, false, format!("{name} is `{said}`."), exchange);
        }
        let tokens = answer.tokens(name);
        if answer.allows_credentials() && tokens.iter().any(|token| token == "*") {
            let detail = format!("{name} has `*`.");
            case.find(Rule::WildcardListWithCredentials, true, detail, exchange);
        }
        for token in tokens {
            let rule = match *name {
                METHODS => method_fault(&token),
                HEADERS => is_unneeded(&token).then_some(Rule::UnneededHeaderListed),
                _ => is_cookie(&token).then_some(Rule::UnreadableHeaderExposed),
            };
            if let Some(rule) = rule {
                case.find(rule, false, format!("{name} has `{token}`."), exchange);
            }
        }
    }
}

fn method_fault(token: &str) -> Option<Rule> {
    let method = Method::new(token.as_bytes()).ok()?;
    if method.is_forbidden() {
        return Some(Rule::ForbiddenMethodListed);
    }
    let upper = token.to_ascii_uppercase();
    let usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&&*upper);
    (usual && upper != token).then_some(Rule::MethodInWrongCase)
}

/// Is it a name that no script's request has?
fn is_unneeded(token: &str) -> bool {
    let name = token.to_ascii_lowercase();
    is_forbidden_request_header_name(name.as_bytes())
        || has_forbidden_prefix(name.as_bytes())
        || name.starts_with("access-control-")
        || is_cookie(&name)
}

fn is_cookie(token: &str) -> bool {
    ["set-cookie", "set-cookie2"].iter().any(|name| token.eq_ignore_ascii_case(name))
}

fn outside_of_preflights(case: &mut Case<'_>, exchange: &AuditExchange, answer: &Answer) {
    for name in [METHODS, HEADERS, MAX_AGE] {
        if answer.count(name) > 0 {
            let detail = format!("{name} is on the answer to {}.", exchange.probe.method.as_str());
            case.find(Rule::PreflightHeadersOnAnswers, false, detail, exchange);
        }
    }
}

/// May a cache keep it, because it is told so or [by itself](https://www.rfc-editor.org/rfc/rfc9110#section-15.1)?
fn is_storable(answer: &Answer) -> bool {
    let directives = answer.list("Cache-Control");
    let has = |names: &[&str]| directives.iter().any(|directive| names.contains(&&**directive));
    let told = has(&["max-age", "s-maxage", "public"]) || answer.count("Expires") > 0;
    let by_itself =
        matches!(answer.status, 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501);
    !has(&["no-store"]) && (told || by_itself)
}

/// Does the answer depend on who asks, and do caches know?
fn vary(case: &mut Case<'_>) {
    let baseline = case.exchanges.iter().filter(|exchange| exchange.probe.purpose == Purpose::Baseline);
    let reads = case.exchanges.iter().filter(|exchange| exchange.probe.purpose == Purpose::Read);
    let answers: Vec<(&AuditExchange, &Answer)> = baseline
        .chain(reads)
        .filter_map(|exchange| Some((exchange, exchange.answer.as_ref().ok()?)))
        .collect();
    let said = |answer: &Answer| (answer.text(ALLOW_ORIGIN), answer.allows_credentials());
    let differ = answers.windows(2).any(|pair| said(pair[0].1) != said(pair[1].1));
    if !differ {
        return;
    }
    for (exchange, answer) in answers {
        if answer.varies_by_origin() || !is_storable(answer) {
            continue;
        }
        let who = match &exchange.probe.asker {
            Some(asker) => asker.origin.serialize(),
            None => "a request without Origin".to_owned(),
        };
        let detail = format!("The answer to {who} does not say it.");
        let rule = match exchange.access().is_of_origin() {
            true => Rule::VaryOriginMissing,
            false => Rule::VaryOriginMissingElsewhere,
        };
        case.find(rule, false, detail, exchange);
    }
}

fn caching(case: &mut Case<'_>) {
    let reads: Vec<Asked<'_>> = case.reads().collect();
    for (exchange, _, answer) in reads {
        if exchange.access() != Access::Credentials {
            continue;
        }
        let directives = answer.list("Cache-Control");
        let has = |name: &str| directives.iter().any(|directive| directive == name);
        let kept = ["private", "no-store"].into_iter().any(has);
        let cookies = answer.count("Set-Cookie") > 0;
        let shared = has("public") || has("s-maxage") || (cookies && has("max-age"));
        if shared && !kept {
            let said = answer.text("Cache-Control").unwrap_or_default();
            let detail = format!("Cache-Control is `{said}`.");
            case.find(Rule::CredentialedAnswerCacheable, true, detail, exchange);
        }
        let elsewhere = |value: &[u8]| {
            let said = String::from_utf8_lossy(value).to_ascii_lowercase();
            said.split(';').skip(1).any(|attribute| {
                let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
                name.trim() == "samesite" && value.trim() == "none"
            })
        };
        let stays = cookies && !answer.header_list.get_all("Set-Cookie").any(|value| elsewhere(value));
        let same_site = exchange
            .probe
            .asker
            .as_ref()
            .is_some_and(|asker| case.question.url.same_site_with(&asker.origin));
        if stays && !same_site {
            let detail = "No Set-Cookie of this answer says SameSite=None.".to_owned();
            case.find(Rule::CookiesStayAtHome, true, detail, exchange);
        }
    }
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::header_list::HeaderList;

    use super::*;

    #[test]
    fn origins_as_browsers_write_them() {
        for (said, is) in [
            ("https://a.test", true),
            ("http://a.test:8080", true),
            ("http://[::1]", true),
            ("https://a.test/", false),
            ("https://a.test:443", false),
            ("https://A.test", false),
            ("a.test", false),
            ("https://*.a.test", false),
            ("", false),
            ("null", false),
            ("*", false),
            ("file://", false),
        ] {
            assert_eq!(is_origin(said), is, "{said}");
        }
    }

    #[test]
    fn what_caches_keep() {
        for (status, value, kept) in [
            (200, "", true),
            (200, "no-store", false),
            (200, "private", true),
            (404, "", true),
            (403, "", false),
            (429, "no-cache", false),
            (403, "max-age=5", true),
            (403, "max-age=5, No-Store", false),
        ] {
            let mut header_list = HeaderList::new();
            header_list.append("Cache-Control", value);
            assert_eq!(is_storable(&Answer { status, header_list }), kept, "{status} {value}");
        }
    }

    #[test]
    fn names_in_lists() {
        for name in ["Cookie", "origin", "Sec-Fetch-Mode", "Access-Control-Allow-Origin", "Set-Cookie"] {
            assert!(is_unneeded(name), "{name}");
        }
        for name in ["Content-Type", "authorization", "x-key", "Accept", "*", "Cookies"] {
            assert!(!is_unneeded(name), "{name}");
        }
        assert_eq!(method_fault("patch"), Some(Rule::MethodInWrongCase));
        assert_eq!(method_fault("Trace"), Some(Rule::ForbiddenMethodListed));
        assert_eq!((method_fault("PATCH"), method_fault("purge"), method_fault("*")), (None, None, None));
    }
}
