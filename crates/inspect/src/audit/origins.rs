//! Who may read: what a server's comparison of origins lets through, and what it should and does not.

use sofetch_core::infrastructure::origins::Host;

use super::answers::Access;
use super::askers::{Role, Trick, is_private};
use super::case::{Asked, Case, with_credentials};
use super::headers::{is_malformed, is_origin};
use super::plan::Purpose;
use super::rules::Rule;

/// Judges them all.
pub(crate) fn judge(case: &mut Case<'_>) {
    strangers(case);
    // Where every origin is allowed, those that look like another are too.
    if !case.has(Rule::OriginReflected) {
        null(case);
        look_alikes(case);
        hosts(case);
    }
    http_origins(case);
    wildcards(case);
    addresses(case);
    trusted(case);
    others(case);
}

fn allowed(case: &mut Case<'_>, rule: Rule, (exchange, asker, _): Asked<'_>) {
    let access = exchange.access();
    let like = asker.of.as_ref().map(|of| format!(", which looks like {of},")).unwrap_or_default();
    let detail = format!("{}{like} is allowed{}.", asker.origin.as_str(), with_credentials(access));
    case.find(rule, access == Access::Credentials, detail, exchange);
}

fn strangers(case: &mut Case<'_>) {
    let Some(stranger) = case.read_of(Role::Stranger) else { return };
    let access = stranger.0.access();
    if access.is_of_origin() {
        allowed(case, Rule::OriginReflected, stranger);
    }
    for with_cookie in case.of_purpose(Purpose::ReadWithCookie).collect::<Vec<_>>() {
        if with_cookie.0.access() > access.max(Access::Anybody) {
            allowed(case, Rule::OriginReflectedWithCookies, with_cookie);
        }
    }
}

fn null(case: &mut Case<'_>) {
    if let Some(null) = case.read_of(Role::Null).filter(|(exchange, ..)| exchange.access().is_of_origin()) {
        allowed(case, Rule::NullAllowed, null);
    }
}

/// A mistake that lets one look-alike through lets others through too: the widest is told.
fn look_alikes(case: &mut Case<'_>) {
    let tricks: Vec<(Trick, Asked<'_>)> = case
        .reads()
        .filter(|(exchange, ..)| exchange.access().is_of_origin())
        .filter_map(|asked| match asked.1.role {
            Role::Trick(trick) => Some((trick, asked)),
            _ => None,
        })
        .collect();
    for (trick, asked) in &tricks {
        let also = |wider: &[Trick]| tricks.iter().any(|(other, _)| wider.contains(other));
        let (rule, wider): (Rule, &[Trick]) = match trick {
            Trick::Contains => (Rule::OriginSubstringMatched, &[]),
            Trick::PartOf => (Rule::OriginSubstringMatched, &[Trick::PublicSuffix]),
            Trick::Prefix => (Rule::OriginPrefixMatched, &[Trick::Contains]),
            Trick::Suffix => (Rule::OriginSuffixMatched, &[Trick::Contains, Trick::PublicSuffix]),
            Trick::PublicSuffix => (Rule::PublicSuffixSubdomainAllowed, &[Trick::Contains]),
            Trick::Dot => (Rule::OriginDotUnescaped, &[Trick::Contains, Trick::Suffix, Trick::PublicSuffix]),
            Trick::Underscore => (Rule::OriginUnderscoreMatched, &[Trick::Contains, Trick::Prefix]),
            Trick::Character(_) => (Rule::OriginCharacterMatched, &[Trick::Contains, Trick::Prefix]),
            Trick::Subdomain => {
                (Rule::AnySubdomainAllowed, &[Trick::Contains, Trick::Suffix, Trick::PublicSuffix])
            }
            Trick::Port => (Rule::PortIgnored, &[Trick::Contains, Trick::Prefix]),
            // By itself it is judged with all others of that scheme.
            Trick::Http => continue,
        };
        if !also(wider) {
            allowed(case, rule, *asked);
        }
    }
}

fn hosts(case: &mut Case<'_>) {
    let allowed_reads: Vec<Asked<'_>> =
        case.reads().filter(|(exchange, ..)| exchange.access().is_of_origin()).collect();
    let host = |asked: &Asked<'_>| asked.1.origin.host().map(Host::to_string).unwrap_or_default();
    // Under a public suffix that is allowed whole, every name is.
    let suffixes: Vec<String> = allowed_reads
        .iter()
        .filter(|asked| asked.1.role == Role::Trick(Trick::PublicSuffix))
        .filter_map(|asked| host(asked).split_once('.').map(|(_, suffix)| format!(".{suffix}")))
        .collect();
    for asked in allowed_reads {
        let rule = match asked.1.role {
            Role::CodeHost => Rule::CodeHostAllowed,
            Role::Localhost => Rule::LocalhostAllowed,
            _ => continue,
        };
        if !suffixes.iter().any(|suffix| host(&asked).ends_with(&**suffix)) {
            allowed(case, rule, asked);
        }
    }
}

/// An https server that believes http pages, be they named or not.
fn http_origins(case: &mut Case<'_>) {
    if case.question.url.scheme() != "https" || case.has(Rule::OriginReflected) {
        return;
    }
    for asked in case.reads().collect::<Vec<_>>() {
        let (exchange, asker, _) = asked;
        let judged = matches!(asker.role, Role::Trusted | Role::Trick(Trick::Http));
        let plain = asker.origin.scheme() == Some("http") && !asker.origin.is_potentially_trustworthy();
        if judged && plain && exchange.access().is_of_origin() {
            allowed(case, Rule::HttpOriginAllowed, asked);
        }
    }
}

fn wildcards(case: &mut Case<'_>) {
    let reads: Vec<Asked<'_>> = case.reads().collect();
    for (exchange, _, answer) in &reads {
        if answer.text("Access-Control-Allow-Origin").as_deref() == Some("*") && answer.allows_credentials() {
            let detail = "Both headers stand on one answer.".to_owned();
            case.find(Rule::WildcardWithCredentials, true, detail, exchange);
        }
    }
    let stranger = case.read_of(Role::Stranger).filter(|(exchange, ..)| exchange.access() == Access::Anybody);
    if let Some((exchange, ..)) = stranger.filter(|_| !case.question.trusted.is_empty()) {
        let detail = "Access-Control-Allow-Origin is `*`, whoever asks.".to_owned();
        case.find(Rule::WildcardDespiteOrigins, false, detail, exchange);
    }
}

fn addresses(case: &mut Case<'_>) {
    let url = &case.question.url;
    let private = is_private(url.host().as_ref());
    if let Some((exchange, ..)) = case.read_of(Role::Stranger)
        && private
        && exchange.access() != Access::No
    {
        let host = url.host().as_ref().map(Host::to_string).unwrap_or_default();
        let detail = format!("{host} is reached from within its own network, and any page may read it.");
        case.find(Rule::PrivateAddressOpen, false, detail, exchange);
    }
    if url.scheme() == "http" && !private {
        let credentials = case.reads().find(|(exchange, ..)| exchange.access() == Access::Credentials);
        if let Some((exchange, asker, _)) = credentials {
            let detail = format!("{} is allowed with credentials.", asker.origin.as_str());
            case.find(Rule::CredentialsOverHttp, true, detail, exchange);
        }
    }
}

/// Those who are to be allowed.
fn trusted(case: &mut Case<'_>) {
    for (exchange, asker, answer) in case.reads().collect::<Vec<_>>() {
        if asker.role != Role::Trusted {
            continue;
        }
        let (access, origin) = (exchange.access(), asker.origin.as_str());
        let nothing_said = answer.count("Access-Control-Allow-Origin") == 0;
        match access {
            Access::No if nothing_said && answer.is_redirect() => {
                let detail = format!("{origin} gets a {} that it may not follow.", answer.status);
                case.find(Rule::RedirectWithoutCors, false, detail, exchange);
            }
            Access::No if nothing_said && answer.is_error() => {
                let detail = format!("{origin} gets a {} that it cannot see.", answer.status);
                case.find(Rule::ErrorWithoutCors, false, detail, exchange);
            }
            // How it is said is told elsewhere.
            Access::No if is_malformed(answer) => {}
            Access::No => {
                let said = match answer.text("Access-Control-Allow-Origin") {
                    Some(said) => format!("Access-Control-Allow-Origin is `{said}`"),
                    None => "there is no Access-Control-Allow-Origin".to_owned(),
                };
                case.find(Rule::TrustedOriginRefused, false, format!("For {origin} {said}."), exchange);
            }
            Access::Anybody | Access::Origin if case.includes_credentials() => {
                let detail = format!("{origin} may read what is sent without credentials.");
                case.find(Rule::TrustedCredentialsRefused, true, detail, exchange);
            }
            Access::Anybody | Access::Origin | Access::Credentials => {}
        }
    }
}

/// An origin that is allowed whoever asks, and was not named.
fn others(case: &mut Case<'_>) {
    if case.question.trusted.is_empty() {
        return;
    }
    let url = &case.question.url;
    for (exchange, asker, answer) in case.reads().collect::<Vec<_>>() {
        let Some(said) = answer.text("Access-Control-Allow-Origin") else { continue };
        let known = case.question.trusted.iter().any(|origin| origin.as_str() == said)
            || url.origin().as_str() == said
            || asker.origin.as_str() == said;
        if !known && is_origin(&said) {
            let detail = format!("{said} is allowed, also in the answer to {}.", asker.origin.as_str());
            case.find(Rule::UnexpectedOriginAllowed, false, detail, exchange);
            return;
        }
    }
}
