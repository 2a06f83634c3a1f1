//! Sentences for asking across origins: the fork, the preflight and its cache, the CORS check.

use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_preflight_cache::CacheLookUp;
use sofetch_core::rules::cors_safelists::{CorsSafelist, UnsafeName};
use sofetch_core::rules::response_tainting::{BasicBecause, ResponseTaintingFork};

use super::near_miss::near_miss;
use super::quoting::{MOST, byte, count, listed, quoted};
use super::{Words, weighed};

impl Words for ResponseTaintingFork {
    fn words(&self) -> String {
        match self {
            ResponseTaintingFork::Preloaded => "A preloaded response answers.".to_owned(),
            ResponseTaintingFork::Basic(because) => {
                let because = match because {
                    BasicBecause::SameOrigin => "The URL is of the page's own origin",
                    BasicBecause::Data => "The URL is a data: URL",
                    BasicBecause::Navigate => "The mode is \"navigate\"",
                    BasicBecause::WebSocket => "The mode is \"websocket\"",
                    BasicBecause::WebTransport => "The mode is \"webtransport\"",
                    BasicBecause::Owner => "Nobody's page asks",
                };
                format!("{because}: the response will be \"basic\", and CORS is not asked.")
            }
            ResponseTaintingFork::SameOriginModeRefused { origin, url_origin } => format!(
                "The mode is \"same-origin\", and the URL's origin {} is not this page's origin {}.",
                quoted(url_origin),
                quoted(origin)
            ),
            ResponseTaintingFork::NoCorsRedirectModeRefused { redirect_mode } => format!(
                "The mode is \"no-cors\", and the redirect mode is \"{}\", not \"follow\".",
                redirect_mode.as_str()
            ),
            ResponseTaintingFork::Opaque => {
                "The mode is \"no-cors\": the response will be opaque, and nothing of it can be read."
                    .to_owned()
            }
            ResponseTaintingFork::SchemeRefused { scheme } => {
                format!("The URL's scheme is {}; CORS is for http and https only.", quoted(scheme))
            }
            ResponseTaintingFork::CorsWithPreflight(need) => {
                format!("The URL is of another origin. {}", need.words())
            }
            ResponseTaintingFork::Cors => {
                "The URL is of another origin, and the request needs no preflight.".to_owned()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ResponseTaintingFork::SameOriginModeRefused { .. } => {
                Some("Use mode \"cors\", or ask the page's own origin.".to_owned())
            }
            ResponseTaintingFork::NoCorsRedirectModeRefused { .. } => {
                Some("Use mode \"cors\", or follow redirects.".to_owned())
            }
            ResponseTaintingFork::SchemeRefused { .. } => {
                Some("Serve the resource over http or https.".to_owned())
            }
            ResponseTaintingFork::Preloaded
            | ResponseTaintingFork::Basic(_)
            | ResponseTaintingFork::Opaque
            | ResponseTaintingFork::CorsWithPreflight(_)
            | ResponseTaintingFork::Cors => None,
        }
    }

    weighed!(Idle: ResponseTaintingFork::Basic(BasicBecause::Owner));
}

impl Words for PreflightNeed {
    fn words(&self) -> String {
        match self {
            PreflightNeed::NotCors => "The mode is not \"cors\": no preflight is asked for.".to_owned(),
            PreflightNeed::Simple => {
                "Method and headers are safelisted: the request needs no preflight.".to_owned()
            }
            PreflightNeed::Vouched => {
                "Not all of the request is safelisted, but its caller vouches for it: no preflight."
                    .to_owned()
            }
            PreflightNeed::Needed { flag_set, unsafe_method, unsafe_names } => {
                let reasons = preflight_reasons(*flag_set, unsafe_method.as_deref(), unsafe_names);
                format!("A preflight goes first: {}.", reasons.join("; "))
            }
        }
    }

    weighed!(Idle: PreflightNeed::NotCors);
}

/// Each reason for a preflight, as a clause.
pub(crate) fn preflight_reasons(
    flag_set: bool,
    unsafe_method: Option<&str>,
    unsafe_names: &[UnsafeName],
) -> Vec<String> {
    let method = unsafe_method.map(|method| format!("the method {} is not safelisted", quoted(method)));
    let flag = flag_set.then(|| "somebody listens to the upload".to_owned());
    let names = unsafe_names.iter().take(MOST).map(|UnsafeName { name, because }| match because {
        CorsSafelist::NotListed => format!("the header {} is not safelisted", quoted(name)),
        because => {
            let why = because.words().replacen("Its", "its", 1).replacen("The", "the", 1);
            format!("the header {} is not safelisted ({})", quoted(name), why.trim_end_matches('.'))
        }
    });
    let more = unsafe_names.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("so are {more} more headers"));
    method.into_iter().chain(names).chain(more).chain(flag).collect()
}

impl Words for CorsSafelist {
    fn words(&self) -> String {
        match self {
            CorsSafelist::Safelisted => "The header is safelisted.".to_owned(),
            CorsSafelist::TooLong { length } => {
                format!("Its value has {length} bytes; a safelisted one has at most 128.")
            }
            CorsSafelist::UnsafeByte { byte: unsafe_byte, at } => {
                format!("Its value has {} at offset {at}, which is not safelisted there.", byte(*unsafe_byte))
            }
            CorsSafelist::NoMimeType { said } => format!("Its value {} is not a MIME type.", quoted(said)),
            CorsSafelist::UnsafeMimeType { essence } => {
                format!("{} is not a type that a form could send.", quoted(essence))
            }
            CorsSafelist::NoSingleRange { said } => {
                format!("Its value {} is not a single range.", quoted(said))
            }
            CorsSafelist::NoRangeStart { said } => {
                format!("Its value {} does not say where the range starts.", quoted(said))
            }
            CorsSafelist::NotListed => "Its name is not safelisted.".to_owned(),
            CorsSafelist::TooLongTogether { total } => {
                format!("The safelisted values have {total} bytes together; 1024 are the limit.")
            }
        }
    }

    weighed!(Idle: CorsSafelist::Safelisted);
}

impl Words for CacheLookUp {
    fn words(&self) -> String {
        match self {
            CacheLookUp::Remembered => {
                "An earlier preflight granted all that is asked: none is sent.".to_owned()
            }
            CacheLookUp::MethodMiss { method } => {
                format!(
                    "No earlier preflight that is still remembered granted the method {}.",
                    quoted(method)
                )
            }
            CacheLookUp::HeaderNameMiss { name } => {
                format!("No earlier preflight that is still remembered granted the header {}.", quoted(name))
            }
        }
    }

    weighed!();
}

impl Words for PreflightAnswer {
    fn words(&self) -> String {
        match self {
            PreflightAnswer::CorsCheckFailed(check) => format!("The preflight is refused. {}", check.words()),
            PreflightAnswer::NotOkStatus { status } => format!(
                "The preflight was answered with status {status}{}, which is not 200 to 299.",
                if matches!(status, 300..=399) { " (redirects are not followed)" } else { "" }
            ),
            PreflightAnswer::UnparsableMethods { said } => {
                format!("Access-Control-Allow-Methods is {}, which is not a list of methods.", quoted(said))
            }
            PreflightAnswer::UnparsableHeaders { said } => {
                format!(
                    "Access-Control-Allow-Headers is {}, which is not a list of header names.",
                    quoted(said)
                )
            }
            PreflightAnswer::MethodNotAllowed { method, allowed, wildcard_refused } => format!(
                "Access-Control-Allow-Methods lists {}, not the method {}{}.",
                listed(allowed),
                quoted(method),
                wildcard(*wildcard_refused)
            ),
            PreflightAnswer::NonWildcardHeaderNotListed { name, allowed } => format!(
                "Access-Control-Allow-Headers lists {}, not {}, which `*` never covers.",
                listed(allowed),
                quoted(name)
            ),
            PreflightAnswer::HeaderNotAllowed { name, allowed, wildcard_refused } => format!(
                "Access-Control-Allow-Headers lists {}, not the header {}{}.",
                listed(allowed),
                quoted(name),
                wildcard(*wildcard_refused)
            ),
            PreflightAnswer::Granted {
                methods,
                header_names,
                max_age,
                max_age_said,
                covered_by_departure,
            } => {
                let method = match &**methods {
                    [] => "the safelisted methods".to_owned(),
                    methods => format!("the methods {}", listed(methods)),
                };
                let names = match &**header_names {
                    [] => "no further headers".to_owned(),
                    names => format!("the headers {}", listed(names)),
                };
                let age = match max_age_said {
                    None => " (the default)".to_owned(),
                    Some(said) if *said == max_age.to_string() => String::new(),
                    Some(said) => format!(" (Access-Control-Max-Age is {})", quoted(said)),
                };
                let departure = match covered_by_departure {
                    true => {
                        " `*` covers the header `authorization`, as in browsers and against the Standard."
                    }
                    false => "",
                };
                format!(
                    "The preflight grants {method} and {names}, for {}{age}.{departure}",
                    count(*max_age, "second")
                )
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            PreflightAnswer::CorsCheckFailed(check) => {
                let hint = check.hint()?;
                Some(match check {
                    // It is a request of its own, checked as the one that it asks for.
                    CorsCheck::CredentialsNotAllowed { .. } => {
                        format!("On the answer to OPTIONS as well as on the request's own: {hint}")
                    }
                    _ => format!("On the answer to OPTIONS, before any authentication: {hint}"),
                })
            }
            PreflightAnswer::NotOkStatus { status } => Some(match status {
                300..=399 => {
                    "Ask the final URL; mind trailing slashes, http and https, redirects to a login."
                        .to_owned()
                }
                401 | 403 => {
                    "Answer OPTIONS before authentication: a preflight carries no credentials.".to_owned()
                }
                404 | 405 | 501 => "Route OPTIONS to what answers CORS, and answer 204.".to_owned(),
                _ => "Answer OPTIONS with 204.".to_owned(),
            }),
            PreflightAnswer::UnparsableMethods { .. } | PreflightAnswer::UnparsableHeaders { .. } => {
                Some("Write tokens with commas between them.".to_owned())
            }
            PreflightAnswer::MethodNotAllowed { method, allowed, .. } => {
                let upper = method.to_ascii_uppercase();
                Some(if *method != upper && allowed.contains(&upper) {
                    format!("Write {} in the client: this method's case is kept.", quoted(&upper))
                } else {
                    let none = match &**allowed {
                        [] => " Without a list GET, HEAD and POST alone are allowed.",
                        _ => "",
                    };
                    format!(
                        "Send Access-Control-Allow-Methods: {} on the answer to OPTIONS.{none}",
                        named(method)
                    )
                })
            }
            PreflightAnswer::NonWildcardHeaderNotListed { name, .. }
            | PreflightAnswer::HeaderNotAllowed { name, .. } => {
                Some(format!("Send Access-Control-Allow-Headers: {} on the answer to OPTIONS.", named(name)))
            }
            PreflightAnswer::Granted { .. } => None,
        }
    }

    weighed!(Passed: PreflightAnswer::Granted { .. });
}

fn named(token: &str) -> String {
    quoted(token).trim_matches('`').to_owned()
}

fn wildcard(refused: bool) -> &'static str {
    if refused { "; `*` is no wildcard for a request with credentials" } else { "" }
}

impl Words for CorsCheck {
    fn words(&self) -> String {
        match self {
            CorsCheck::AnyOrigin => "Access-Control-Allow-Origin is `*`: any origin may read.".to_owned(),
            CorsCheck::OriginMatches => "Access-Control-Allow-Origin is this page's origin.".to_owned(),
            CorsCheck::OriginMatchesWithCredentials => "Access-Control-Allow-Origin is this page's origin, and Access-Control-Allow-Credentials is `true`.".to_owned(),
            CorsCheck::NoAllowOrigin => "There is no Access-Control-Allow-Origin.".to_owned(),
            CorsCheck::OriginMismatch { allowed, origin, tainted, credentials } => {
                if *credentials && allowed == "*" {
                    return "Access-Control-Allow-Origin is `*`, which is no wildcard for a request with credentials.".to_owned();
                }
                let whose = if *tainted {
                    format!("{}, which redirects made of this page's origin", quoted(origin))
                } else {
                    format!("this page's origin {}", quoted(origin))
                };
                format!("Access-Control-Allow-Origin is {}, not {whose}.", quoted(allowed))
            }
            CorsCheck::CredentialsNotAllowed { said: None } => {
                "The request has credentials, and there is no Access-Control-Allow-Credentials.".to_owned()
            }
            CorsCheck::CredentialsNotAllowed { said: Some(said) } => format!(
                "The request has credentials, and Access-Control-Allow-Credentials is {}, not `true`.",
                quoted(said)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            CorsCheck::AnyOrigin | CorsCheck::OriginMatches | CorsCheck::OriginMatchesWithCredentials => None,
            CorsCheck::NoAllowOrigin => Some(
                "Send Access-Control-Allow-Origin with this page's origin, on errors and redirects too."
                    .to_owned(),
            ),
            CorsCheck::OriginMismatch { allowed, origin, tainted, credentials } => {
                Some(near_miss(allowed, origin, *tainted, *credentials))
            }
            CorsCheck::CredentialsNotAllowed { said } => Some(match said {
                Some(said) if said.eq_ignore_ascii_case("true") => {
                    "Write `true` in lower case, or do not ask with credentials.".to_owned()
                }
                _ => {
                    "Send Access-Control-Allow-Credentials: true, or do not ask with credentials.".to_owned()
                }
            }),
        }
    }

    weighed!(Passed: CorsCheck::AnyOrigin | CorsCheck::OriginMatches | CorsCheck::OriginMatchesWithCredentials);
}
