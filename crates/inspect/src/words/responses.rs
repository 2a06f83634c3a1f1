//! Sentences for what is judged of an answer: redirects, authentication, MIME types, ranges, a service worker's response.

use sofetch_core::rules::authentication::{AuthenticationNeed, NotAsked};
use sofetch_core::rules::mime_blocking::{MimeTypeBlocking, NosniffBlocking};
use sofetch_core::rules::range_requested::RangeRequested;
use sofetch_core::rules::redirect::Redirect;
use sofetch_core::rules::redirect_mode::RedirectModeVerdict;
use sofetch_core::service_workers::gate::ServiceWorkerGate;

use super::quoting::{count, listed, quoted};
use super::requests::wanted;
use super::{Words, weighed};

impl Words for RedirectModeVerdict {
    fn words(&self) -> String {
        match self {
            RedirectModeVerdict::ErrorMode { status } => {
                format!("The status is {status}, and the redirect mode is \"error\".")
            }
            RedirectModeVerdict::ManualNavigation => {
                "The redirect mode is \"manual\": the navigation follows by itself.".to_owned()
            }
            RedirectModeVerdict::OpaqueRedirect => {
                "The redirect mode is \"manual\": the response is an opaque redirect.".to_owned()
            }
            RedirectModeVerdict::RealRedirect => {
                "The redirect mode is \"manual\": the redirect itself is the answer.".to_owned()
            }
            RedirectModeVerdict::Follow => {
                "The redirect mode is \"follow\": the redirect is followed.".to_owned()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            RedirectModeVerdict::ErrorMode { .. } => {
                Some("Ask the final URL, or use redirect mode \"follow\".".to_owned())
            }
            RedirectModeVerdict::ManualNavigation
            | RedirectModeVerdict::OpaqueRedirect
            | RedirectModeVerdict::RealRedirect
            | RedirectModeVerdict::Follow => None,
        }
    }

    weighed!(Idle: RedirectModeVerdict::Follow);
}

impl Words for Redirect {
    fn words(&self) -> String {
        match self {
            Redirect::NotARedirect => "There is no Location: the response itself is the answer.".to_owned(),
            Redirect::Followed { from, to, method_changed, removed_headers, count } => {
                let method = match method_changed {
                    Some((before, after)) => {
                        format!("; the method {} becomes {} without a body", quoted(before), quoted(after))
                    }
                    None => String::new(),
                };
                let headers = match &**removed_headers {
                    [] => String::new(),
                    names => format!("; left behind: {}", listed(names)),
                };
                format!("Redirect {count} leads from {} to {}{method}{headers}.", quoted(from), quoted(to))
            }
            Redirect::InvalidLocation { said } => {
                format!("Location is {}, which is not a URL.", quoted(said))
            }
            Redirect::NotHttpScheme { scheme } => {
                format!("Location has the scheme {}; redirects lead to http and https only.", quoted(scheme))
            }
            Redirect::TooMany { count } => {
                format!("There have been {count} redirects; no more are followed.")
            }
            Redirect::CorsWithCredentials { to, origin } => format!(
                "Location {} has a username or password and is of another origin than this page's {}.",
                quoted(to),
                quoted(origin)
            ),
            Redirect::TaintedWithCredentials { to } => format!(
                "Location {} has a username or password, and another origin had a say on the way.",
                quoted(to)
            ),
            Redirect::WithCredentials { to } => format!(
                "Location {} has a username or password, which the browser lets no redirect bring.",
                quoted(to)
            ),
            Redirect::BodyNotReplayable { status } => format!(
                "The status {status} wants the body sent again, and the body was a stream that is gone."
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Redirect::NotARedirect | Redirect::Followed { .. } => return None,
            Redirect::InvalidLocation { .. } => "Send one Location that is a URL.",
            Redirect::NotHttpScheme { .. } => "Redirect to http or https.",
            Redirect::TooMany { .. } => {
                "Break the loop: cookies that are not kept, slashes at the end, http and https are the usual causes."
            }
            Redirect::CorsWithCredentials { .. }
            | Redirect::TaintedWithCredentials { .. }
            | Redirect::WithCredentials { .. } => "Leave username and password out of Location.",
            Redirect::BodyNotReplayable { .. } => {
                "Send bytes instead of a stream, ask the final URL, or answer with 303."
            }
        };
        Some(hint.to_owned())
    }

    weighed!(Idle: Redirect::NotARedirect);
}

impl Words for AuthenticationNeed {
    fn words(&self) -> String {
        match self {
            AuthenticationNeed::None => "The status asks for no authentication.".to_owned(),
            AuthenticationNeed::NotAsked(because) => format!(
                "The server asks for authentication, and nobody is asked: {}.",
                match because {
                    NotAsked::Cors => "the response is of another origin",
                    NotAsked::NoCredentials => "the request goes without credentials",
                    NotAsked::NoTraversable => "there is nobody to ask",
                }
            ),
            AuthenticationNeed::BodyNotReplayable => {
                "The server asks for authentication, and the body was a stream that cannot be sent again."
                    .to_owned()
            }
            AuthenticationNeed::AskUser => {
                "The server asks for authentication: the user is asked.".to_owned()
            }
            AuthenticationNeed::UseUrlCredentials => {
                "The server asks for authentication: the URL's username and password are tried.".to_owned()
            }
            AuthenticationNeed::AnswerChallenge => {
                "The server asks for authentication: its challenge is answered.".to_owned()
            }
            AuthenticationNeed::ProxyWithoutUser => {
                "The proxy asks for authentication, and there is nobody to ask.".to_owned()
            }
            AuthenticationNeed::AskUserForProxy => {
                "The proxy asks for authentication: the user is asked.".to_owned()
            }
            AuthenticationNeed::NewConnection => {
                "The server says that it was misdirected: a new connection is tried.".to_owned()
            }
            AuthenticationNeed::Misdirected => {
                "The server says that it was misdirected, and the request cannot be sent again.".to_owned()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            AuthenticationNeed::BodyNotReplayable => {
                Some("Send bytes instead of a stream, or authenticate first.".to_owned())
            }
            AuthenticationNeed::ProxyWithoutUser => {
                Some("Give the proxy's username and password with its URL.".to_owned())
            }
            AuthenticationNeed::None
            | AuthenticationNeed::NotAsked(_)
            | AuthenticationNeed::AskUser
            | AuthenticationNeed::UseUrlCredentials
            | AuthenticationNeed::AnswerChallenge
            | AuthenticationNeed::AskUserForProxy
            | AuthenticationNeed::NewConnection
            | AuthenticationNeed::Misdirected => None,
        }
    }

    weighed!(Idle: AuthenticationNeed::None);
}

impl Words for MimeTypeBlocking {
    fn words(&self) -> String {
        match self {
            MimeTypeBlocking::NoMimeType => "The response has no MIME type that would be blocked.".to_owned(),
            MimeTypeBlocking::NotScriptLike => "No script is wanted: any MIME type will do.".to_owned(),
            MimeTypeBlocking::TypeFits => "The MIME type may be a script's.".to_owned(),
            MimeTypeBlocking::NeverAScript { destination, essence } => format!(
                "The MIME type is {}, and {} is never made of that.",
                quoted(essence),
                wanted(*destination)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            MimeTypeBlocking::NoMimeType | MimeTypeBlocking::NotScriptLike | MimeTypeBlocking::TypeFits => {
                None
            }
            MimeTypeBlocking::NeverAScript { .. } => {
                Some("Send Content-Type: text/javascript, if it is a script.".to_owned())
            }
        }
    }

    weighed!(Idle: MimeTypeBlocking::NoMimeType | MimeTypeBlocking::NotScriptLike | MimeTypeBlocking::TypeFits);
}

impl Words for NosniffBlocking {
    fn words(&self) -> String {
        let content_type = |said: &Option<String>| match said {
            Some(said) => format!("Content-Type is {}", quoted(said)),
            None => "there is no Content-Type".to_owned(),
        };
        match self {
            NosniffBlocking::NotAsked => "There is no X-Content-Type-Options.".to_owned(),
            NosniffBlocking::OtherValue { said } => {
                format!("X-Content-Type-Options is {}, not `nosniff`: it is ignored.", quoted(said))
            }
            NosniffBlocking::OtherDestination => {
                "X-Content-Type-Options is `nosniff`; neither a script nor a style sheet is wanted."
                    .to_owned()
            }
            NosniffBlocking::TypeFits => {
                "X-Content-Type-Options is `nosniff`, and the MIME type fits.".to_owned()
            }
            NosniffBlocking::NotJavaScript { destination, said } => format!(
                "X-Content-Type-Options is `nosniff`, {} is wanted, and {}, which is no script's.",
                wanted(*destination),
                content_type(said)
            ),
            NosniffBlocking::NotCss { said } => format!(
                "X-Content-Type-Options is `nosniff`, a style sheet is wanted, and {}, not `text/css`.",
                content_type(said)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            NosniffBlocking::NotAsked
            | NosniffBlocking::OtherValue { .. }
            | NosniffBlocking::OtherDestination
            | NosniffBlocking::TypeFits => None,
            NosniffBlocking::NotJavaScript { .. } => Some("Send Content-Type: text/javascript.".to_owned()),
            NosniffBlocking::NotCss { .. } => Some("Send Content-Type: text/css.".to_owned()),
        }
    }

    weighed!(
        Idle: NosniffBlocking::NotAsked | NosniffBlocking::OtherDestination,
        Passed: NosniffBlocking::TypeFits
    );
}

impl Words for RangeRequested {
    fn words(&self) -> String {
        match self {
            RangeRequested::NotOpaque => "The response is not opaque: its status can be seen.".to_owned(),
            RangeRequested::NotRangeStatus => "The response is not a part of something.".to_owned(),
            RangeRequested::RangeNotRequested => {
                "The server answered with a range without being asked for one.".to_owned()
            }
            RangeRequested::RequestHasRange => "The request asks for a range.".to_owned(),
            RangeRequested::OthersRange { status } => format!(
                "The opaque response of status {status} answers another request's range; this request asks for the whole."
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            RangeRequested::NotOpaque
            | RangeRequested::NotRangeStatus
            | RangeRequested::RangeNotRequested
            | RangeRequested::RequestHasRange => None,
            RangeRequested::OthersRange { .. } => {
                Some("Let the service worker answer each request with its own response.".to_owned())
            }
        }
    }

    weighed!(
        Idle: RangeRequested::NotOpaque
            | RangeRequested::NotRangeStatus
            | RangeRequested::RangeNotRequested
            | RangeRequested::RequestHasRange
    );
}

impl Words for ServiceWorkerGate {
    fn words(&self) -> String {
        match self {
            ServiceWorkerGate::Passed => "A service worker answers.".to_owned(),
            ServiceWorkerGate::Error => "The service worker answers with a network error.".to_owned(),
            ServiceWorkerGate::CorsForSameOrigin => {
                "The service worker answers with a \"cors\" response; the mode is \"same-origin\".".to_owned()
            }
            ServiceWorkerGate::OpaqueOutsideNoCors { mode } => format!(
                "The service worker answers with an opaque response; the mode is \"{}\", not \"no-cors\".",
                mode.as_str()
            ),
            ServiceWorkerGate::OpaqueRedirectOutsideManual { redirect_mode } => format!(
                "The service worker answers with an opaque redirect; the redirect mode is \"{}\", not \"manual\".",
                redirect_mode.as_str()
            ),
            ServiceWorkerGate::RedirectedOutsideFollow { redirect_mode, urls } => format!(
                "The service worker answers with a response that was redirected ({}); the redirect mode is \"{}\", not \"follow\".",
                count(u64::try_from(*urls).unwrap_or(u64::MAX), "URL"),
                redirect_mode.as_str()
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            ServiceWorkerGate::Passed => return None,
            ServiceWorkerGate::Error => "Let respondWith() resolve with a response.",
            ServiceWorkerGate::CorsForSameOrigin => "Answer with a response of the page's own origin.",
            ServiceWorkerGate::OpaqueOutsideNoCors { .. } => {
                "Let the service worker fetch with mode \"cors\"."
            }
            ServiceWorkerGate::OpaqueRedirectOutsideManual { .. }
            | ServiceWorkerGate::RedirectedOutsideFollow { .. } => {
                "Let the service worker fetch with the redirect mode of the request."
            }
        };
        Some(hint.to_owned())
    }

    weighed!(Passed: ServiceWorkerGate::Passed);
}
