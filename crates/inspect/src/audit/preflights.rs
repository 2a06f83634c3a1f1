//! What may be sent: what preflights are answered with, and whether the answers themselves say the same.

use sofetch_core::infrastructure::header_values::{MaxAge, extract_max_age};
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::statuses::is_ok_status;
use sofetch_core::rules::cors_preflight::PreflightAnswer;

use super::answers::{Access, Answer, AuditExchange, granted, preflight_access};
use super::askers::{Asker, Role};
use super::case::{Asked, Case, with_credentials};
use super::headers::is_malformed;
use super::plan::{About, Ask, NO_HEADER, NO_METHOD, Purpose};
use super::rules::Rule;

/// Browsers remember no preflight for longer.
pub(crate) const LONGEST_MAX_AGE: u64 = 86_400;

type Preflight<'a> = (&'a AuditExchange, &'a Asker, &'a Ask, &'a Answer);

/// Judges them all.
pub(crate) fn judge(case: &mut Case<'_>) {
    let preflights: Vec<Preflight<'_>> = case
        .exchanges
        .iter()
        .filter_map(|exchange| {
            let (asker, ask, answer) = exchange.preflight()?;
            Some((exchange, asker, ask, answer))
        })
        .collect();
    for &preflight in &preflights {
        match preflight.2.about {
            About::Origin | About::Method | About::Header | About::Together => {
                // NB: a GET without more is sent anyway.
                let more = preflight.2.about != About::Origin;
                if more && matches!(preflight.1.role, Role::Stranger | Role::Null) {
                    stranger(case, preflight);
                }
                let passes = |other: &Preflight<'_>| {
                    other.1.origin.as_str() == preflight.1.origin.as_str() && is_granted(case, *other)
                };
                let elsewhere = preflights.iter().any(passes);
                asked(case, preflight, elsewhere);
            }
            About::AnyMethod | About::AnyHeader => reflected(case, preflight),
            About::PrivateNetwork => private_network(case, preflight),
        }
    }
    max_age(case, &preflights);
    against_answers(case);
}

/// In the mode in which those who are named ask.
fn answer_of(case: &Case<'_>, (_, asker, ask, answer): Preflight<'_>) -> PreflightAnswer {
    let mode = match case.includes_credentials() && asker.role == Role::Trusted {
        true => CredentialsMode::Include,
        false => CredentialsMode::Omit,
    };
    granted(&case.question.url, &asker.origin, ask, answer, mode)
}

fn is_granted(case: &Case<'_>, preflight: Preflight<'_>) -> bool {
    matches!(answer_of(case, preflight), PreflightAnswer::Granted { .. })
}

fn access(case: &Case<'_>, (_, asker, ask, answer): Preflight<'_>) -> Access {
    preflight_access(&case.question.url, &asker.origin, ask, answer)
}

/// What is granted to a stranger who may not read: the request itself is sent all the same.
fn stranger(case: &mut Case<'_>, preflight: Preflight<'_>) {
    let (exchange, asker, ask, _) = preflight;
    let (granted, reads) = (access(case, preflight), case.reads_as(asker));
    let own = |(_, other, _): &Asked<'_>| other.origin.as_str() == asker.origin.as_str();
    let failed = case.reads().find(own).is_none_or(|(_, _, answer)| answer.is_error());
    let more = match reads {
        // NB: an error may lack the headers that every other answer has; without credentials that is not worth a guess.
        Access::No if failed => granted == Access::Credentials,
        Access::No => granted != Access::No,
        Access::Anybody => granted == Access::Credentials,
        // That he may read is told already.
        Access::Origin | Access::Credentials => false,
    };
    if more {
        let what = what(ask);
        let detail = format!("{} may send {what}{}.", asker.origin.as_str(), with_credentials(granted));
        case.find(Rule::PreflightGrantsStranger, granted == Access::Credentials, detail, exchange);
    }
}

/// `PUT`, or `GET with x-key`
fn what(ask: &Ask) -> String {
    match ask.header_names.is_empty() {
        true => ask.method.as_str().to_owned(),
        false => format!("{} with {}", ask.method.as_str(), ask.header_names.join(", ")),
    }
}

/// A preflight of those who may read or are to. `elsewhere`: was another of theirs granted?
fn asked(case: &mut Case<'_>, preflight: Preflight<'_>, elsewhere: bool) {
    let (exchange, asker, ask, answer) = preflight;
    let named = asker.role == Role::Trusted;
    if !named && case.reads_as(asker) == Access::No {
        return;
    }
    let origin = asker.origin.as_str();
    // NB: where nobody said what is used, a refusal may be what is meant.
    let meant = named && !(case.question.methods.is_empty() && case.question.header_names.is_empty());
    let verdict = answer_of(case, preflight);
    match &verdict {
        PreflightAnswer::Granted { .. } => {}
        PreflightAnswer::CorsCheckFailed(_) | PreflightAnswer::NotOkStatus { .. }
            if !is_ok_status(answer.status) =>
        {
            let rule = match answer.status {
                401 | 407 => Rule::PreflightNeedsCredentials,
                300..=399 => Rule::PreflightRedirected,
                403 | 404 | 405 | 501 if meant => Rule::PreflightNotRouted,
                _ if meant => Rule::PreflightFails,
                _ => return,
            };
            let detail =
                format!("The preflight of {origin} for {} is answered {}.", what(ask), answer.status);
            case.find(rule, false, detail, exchange);
        }
        // How it is said is told elsewhere.
        PreflightAnswer::UnparsableMethods { .. } | PreflightAnswer::UnparsableHeaders { .. } => {}
        PreflightAnswer::CorsCheckFailed(_) if is_malformed(answer) => {}
        // NB: some servers leave all CORS headers out when but one method or header is refused.
        PreflightAnswer::CorsCheckFailed(_) if !elsewhere => {
            let told = case.reads_as(asker) == Access::No || case.has(Rule::TrustedCredentialsRefused);
            if meant && !told {
                let detail = format!("{origin} is not allowed in the answer to OPTIONS for {}.", what(ask));
                case.find(Rule::PreflightRefusesOrigin, false, detail, exchange);
            }
        }
        PreflightAnswer::NonWildcardHeaderNotListed { allowed, .. }
            if allowed.iter().any(|name| name == "*") && !case.includes_credentials() =>
        {
            let detail = format!("{origin} asks to send Authorization and is told `*`.");
            case.find(Rule::WildcardWithoutAuthorization, false, detail, exchange);
        }
        _ if meant && ask.about == About::Method => {
            let detail = format!("{origin} may not send {}.", what(ask));
            case.find(Rule::MethodRefused, false, detail, exchange);
        }
        _ if meant && ask.about == About::Header => {
            let detail = format!("{origin} may not send {}.", ask.header_names.join(", "));
            case.find(Rule::HeaderRefused, false, detail, exchange);
        }
        _ if meant
            && ask.about == About::Together
            && !case.has(Rule::MethodRefused)
            && !case.has(Rule::HeaderRefused) =>
        {
            let detail = format!("{origin} may not send {} together.", what(ask));
            case.find(Rule::HeaderRefused, false, detail, exchange);
        }
        _ => {}
    }
}

/// Is what nobody has granted by its name, and not by `*`?
fn reflected(case: &mut Case<'_>, preflight: Preflight<'_>) {
    let (exchange, _, ask, answer) = preflight;
    let granted = access(case, preflight);
    if granted == Access::No {
        return;
    }
    let credentials = granted == Access::Credentials;
    let (rule, list, asked) = match ask.about {
        About::AnyMethod => (Rule::MethodsReflected, "Access-Control-Allow-Methods", NO_METHOD),
        _ => (Rule::HeadersReflected, "Access-Control-Allow-Headers", NO_HEADER),
    };
    if answer.tokens(list).iter().any(|token| token.eq_ignore_ascii_case(asked)) {
        case.find(rule, credentials, format!("{asked}, which nobody has, is in {list}."), exchange);
    }
}

fn private_network(case: &mut Case<'_>, (exchange, _, _, answer): Preflight<'_>) {
    for name in ["Access-Control-Allow-Private-Network", "Access-Control-Allow-Local-Network"] {
        if answer.count(name) > 0 {
            case.find(Rule::PrivateNetworkHeader, false, format!("{name} is sent."), exchange);
        }
    }
}

/// How long a preflight that is granted is remembered.
fn max_age(case: &mut Case<'_>, preflights: &[Preflight<'_>]) {
    for &preflight in preflights {
        let (exchange, asker, ask, answer) = preflight;
        let usual = matches!(ask.about, About::Origin | About::Method | About::Header | About::Together);
        if !usual || asker.role == Role::Null || !is_granted(case, preflight) {
            continue;
        }
        let (rule, detail) = match extract_max_age(&answer.header_list) {
            MaxAge::Null => (Rule::MaxAgeMissing, format!("{} is granted without it.", what(ask))),
            MaxAge::Failure => {
                let said = answer.text("Access-Control-Max-Age").unwrap_or_default();
                (Rule::MaxAgeInvalid, format!("It is `{said}`."))
            }
            MaxAge::Seconds(0) => (Rule::MaxAgeZero, "It is 0.".to_owned()),
            MaxAge::Seconds(seconds) if seconds > LONGEST_MAX_AGE => {
                (Rule::MaxAgeOverCaps, format!("It is {seconds} seconds."))
            }
            MaxAge::Seconds(_) => continue,
        };
        case.find(rule, false, detail, exchange);
        return;
    }
}

/// Do answers say what preflights, HEAD and errors say?
fn against_answers(case: &mut Case<'_>) {
    let reads: Vec<Asked<'_>> = case.reads().collect();
    for &(exchange, asker, answer) in &reads {
        if asker.role != Role::Trusted {
            continue;
        }
        let read = exchange.access();
        let preflights = case.exchanges.iter().filter(|other| {
            other.preflight().is_some_and(|(other, ..)| other.origin.as_str() == asker.origin.as_str())
        });
        let best = preflights
            .filter_map(|exchange| {
                let (asker, ask, answer) = exchange.preflight()?;
                Some((access(case, (exchange, asker, ask, answer)), exchange))
            })
            // The first of the best.
            .min_by_key(|(access, _)| std::cmp::Reverse(*access));
        let Some((granted, preflight)) = best.filter(|(access, _)| *access != Access::No) else { continue };
        let origin = asker.origin.as_str();
        if read == Access::No && !answer.is_error() && !answer.is_redirect() && !is_malformed(answer) {
            let detail = format!("{origin} may send, and may not read.");
            case.find(Rule::GrantedThenRefused, granted == Access::Credentials, detail, preflight);
        }
        let differ = (granted == Access::Credentials) != (read == Access::Credentials);
        if read != Access::No && differ && !case.has(Rule::TrustedCredentialsRefused) {
            let (with, without) = match granted {
                Access::Credentials => ("preflight", "answer"),
                _ => ("answer", "preflight"),
            };
            let detail = format!("For {origin} the {with} allows credentials, and the {without} does not.");
            case.find(Rule::CredentialsDisagree, true, detail, preflight);
        }
    }
    for (exchange, asker, answer) in case.of_purpose(Purpose::Head).collect::<Vec<_>>() {
        let (head, read) = (exchange.access(), case.reads_as(asker));
        let status = reads.iter().find(|(_, other, _)| other.origin.as_str() == asker.origin.as_str());
        // NB: a server need not know HEAD.
        if head != read && status.is_some_and(|(_, _, get)| get.status == answer.status) {
            let detail = format!(
                "{} is {} by GET and {} by HEAD.",
                asker.origin.as_str(),
                read.as_str(),
                head.as_str()
            );
            case.find(Rule::HeadDisagrees, false, detail, exchange);
        }
    }
    for (exchange, asker, answer) in case.of_purpose(Purpose::NotFound).collect::<Vec<_>>() {
        if answer.is_error() && exchange.access() == Access::No && case.reads_as(asker) != Access::No {
            let detail = format!("A page that is not there is answered {} without them.", answer.status);
            case.find(Rule::NotFoundWithoutCors, false, detail, exchange);
        }
    }
}
