//! What 401, 407 and 421 ask of [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch).

use crate::infrastructure::clients::Global;
use crate::infrastructure::requests::{Request, ResponseTainting, TraversableForUserPrompts};
use crate::infrastructure::statuses::Status;
use crate::rules::verdict::Verdict;

/// What follows from such a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthenticationNeed {
    /// Nothing: the response stands.
    None,
    /// 401, but nobody may be asked: the response stands. On the user's own behalf so does a 407.
    NotAsked(NotAsked),
    /// 401 to a request whose body cannot be sent again.
    BodyNotReplayable,
    /// 401: ask the user, then fetch again.
    AskUser,
    /// 401 with credentials in the URL that were not sent yet: fetch again with them.
    UseUrlCredentials,
    /// 401 with a challenge that an authentication entry can answer: fetch again with the answer.
    AnswerChallenge,
    /// 407 without anybody to ask.
    ProxyWithoutUser,
    /// 407: ask the user, then fetch again.
    AskUserForProxy,
    /// 421: fetch again over a new connection.
    NewConnection,
    /// 421 to a request whose body cannot be sent again, or for the second time: the response stands.
    Misdirected,
}

/// Why nobody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotAsked {
    /// Response tainting "cors".
    Cors,
    /// Credentials are not included.
    NoCredentials,
    /// No traversable for user prompts.
    NoTraversable,
}

impl Verdict for AuthenticationNeed {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch";
    fn blocks(&self) -> bool {
        matches!(self, AuthenticationNeed::BodyNotReplayable | AuthenticationNeed::ProxyWithoutUser)
    }
}

/// HTTP-network-or-cache fetch, steps 15 to 17.
pub fn authentication_need(
    request: &Request,
    status: Status,
    include_credentials: bool,
    is_authentication_fetch: bool,
    is_new_connection_fetch: bool,
) -> AuthenticationNeed {
    let replayable = request.body.as_ref().is_none_or(|body| !body.source.is_null());
    let traversable = request.traversable_for_user_prompts == TraversableForUserPrompts::Traversable;
    let in_url = request.use_url_credentials
        && !is_authentication_fetch
        && request.current_url().includes_credentials();
    match status {
        // 15. Only where the user may be asked, and credentials are part of the bargain.
        401 if request.response_tainting == ResponseTainting::Cors => {
            AuthenticationNeed::NotAsked(NotAsked::Cors)
        }
        401 if !include_credentials => AuthenticationNeed::NotAsked(NotAsked::NoCredentials),
        // NB: a window has a traversable. If there is nobody before it, what stands in the URL can be tried all the same.
        401 if !(traversable || in_url && is_of_window(request)) => {
            AuthenticationNeed::NotAsked(NotAsked::NoTraversable)
        }
        401 if !replayable => AuthenticationNeed::BodyNotReplayable,
        401 if !request.use_url_credentials || is_authentication_fetch => AuthenticationNeed::AskUser,
        401 => AuthenticationNeed::UseUrlCredentials,
        // 16. A proxy's question goes to the user or nowhere.
        // DEPARTS: who fetches on the user's own behalf is shown the answer, as every other.
        407 if !traversable && request.owner => AuthenticationNeed::NotAsked(NotAsked::NoTraversable),
        407 if !traversable => AuthenticationNeed::ProxyWithoutUser,
        407 => AuthenticationNeed::AskUserForProxy,
        // 17. Another connection may lead to the right server, once.
        421 if !is_new_connection_fetch && replayable => AuthenticationNeed::NewConnection,
        421 => AuthenticationNeed::Misdirected,
        _ => AuthenticationNeed::None,
    }
}

fn is_of_window(request: &Request) -> bool {
    request.client.as_ref().is_some_and(|client| matches!(client.global, Global::Window { .. }))
}

/// May an authentication entry answer the challenge, before the user is asked? Not where credentials are no part of the
/// bargain, and not where the caller set an `Authorization` of its own or wrote credentials into the URL.
pub fn may_answer_challenge(request: &Request, status: Status, need: AuthenticationNeed) -> bool {
    let replayable = request.body.as_ref().is_none_or(|body| !body.source.is_null());
    let open =
        matches!(need, AuthenticationNeed::AskUser | AuthenticationNeed::NotAsked(NotAsked::NoTraversable));
    let own = request.header_list.contains("Authorization") || request.current_url().includes_credentials();
    status == 401 && open && replayable && !own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::bodies::{Body, BodySource};
    use crate::infrastructure::url::Url;

    #[test]
    fn who_may_answer_a_challenge() {
        use AuthenticationNeed::{AskUser, NotAsked};
        let plain = || Request::new(Url::parse("https://a.test/", None).expect("a valid URL"));
        let mut streamed = plain();
        streamed.body = Some(Body::from_chunks([], BodySource::Null));
        let mut authorized = plain();
        authorized.header_list.append("authorization", "Bearer t");
        let in_url = Request::new(Url::parse("https://u:p@a.test/", None).expect("a valid URL"));
        let nobody = NotAsked(super::NotAsked::NoTraversable);
        for (row, request, status, need, expected) in [
            ("before the user is asked", plain(), 401, AskUser, true),
            ("where there is nobody to ask", plain(), 401, nobody, true),
            ("not across origins", plain(), 401, NotAsked(super::NotAsked::Cors), false),
            ("not without credentials", plain(), 401, NotAsked(super::NotAsked::NoCredentials), false),
            ("not a proxy's", plain(), 407, nobody, false),
            ("not twice the same stream", streamed, 401, nobody, false),
            ("not beside the caller's own", authorized, 401, AskUser, false),
            ("not beside the URL's", in_url, 401, AskUser, false),
        ] {
            assert_eq!(may_answer_challenge(&request, status, need), expected, "{row}");
        }
    }

    #[test]
    fn authentication_need_table() {
        use AuthenticationNeed::{
            AskUser, AskUserForProxy, BodyNotReplayable, Misdirected, NewConnection, NotAsked,
            ProxyWithoutUser, UseUrlCredentials,
        };
        let request = |tainting, traversable, stream: bool, url_credentials| {
            let mut request = Request::new(Url::parse("https://a.test/", None).expect("a valid URL"));
            request.response_tainting = tainting;
            request.traversable_for_user_prompts = if traversable {
                TraversableForUserPrompts::Traversable
            } else {
                TraversableForUserPrompts::NoTraversable
            };
            request.body = stream.then(|| Body::from_chunks([], BodySource::Null));
            request.use_url_credentials = url_credentials;
            request
        };
        let basic = ResponseTainting::Basic;
        for (row, request, status, credentials, authentication, new_connection, need) in [
            (
                "200 asks nothing",
                request(basic, true, false, false),
                200,
                true,
                false,
                false,
                AuthenticationNeed::None,
            ),
            ("401 asks the user", request(basic, true, false, false), 401, true, false, false, AskUser),
            (
                "401 across origins does not",
                request(ResponseTainting::Cors, true, false, false),
                401,
                true,
                false,
                false,
                NotAsked(self::NotAsked::Cors),
            ),
            (
                "401 without credentials does not",
                request(basic, true, false, false),
                401,
                false,
                false,
                false,
                NotAsked(self::NotAsked::NoCredentials),
            ),
            (
                "401 with nobody there does not",
                request(basic, false, false, false),
                401,
                true,
                false,
                false,
                NotAsked(self::NotAsked::NoTraversable),
            ),
            (
                "401 to a stream fails",
                request(basic, true, true, false),
                401,
                true,
                false,
                false,
                BodyNotReplayable,
            ),
            (
                "401 uses the URL's credentials first",
                request(basic, true, false, true),
                401,
                true,
                false,
                false,
                UseUrlCredentials,
            ),
            ("401 again asks", request(basic, true, false, true), 401, true, true, false, AskUser),
            (
                "407 with nobody there fails",
                request(basic, false, false, false),
                407,
                true,
                false,
                false,
                ProxyWithoutUser,
            ),
            ("407 asks", request(basic, true, false, false), 407, false, false, false, AskUserForProxy),
            (
                "421 takes a new connection",
                request(basic, false, false, false),
                421,
                false,
                false,
                false,
                NewConnection,
            ),
            ("421 does so once", request(basic, false, false, false), 421, false, false, true, Misdirected),
            (
                "421 to a stream stands",
                request(basic, false, true, false),
                421,
                false,
                false,
                false,
                Misdirected,
            ),
        ] {
            assert_eq!(
                authentication_need(&request, status, credentials, authentication, new_connection),
                need,
                "{row}"
            );
        }
        let mut own = request(basic, false, false, false);
        own.owner = true;
        let need = authentication_need(&own, 407, true, false, false);
        assert_eq!(need, NotAsked(self::NotAsked::NoTraversable), "the user's own 407 stands");
    }

    #[test]
    fn credentials_of_a_window_s_url_need_nobody_to_ask() {
        use crate::infrastructure::clients::tests::{window, worker};
        let with = |url: &str, client, url_credentials| {
            let mut request = Request::new(Url::parse(url, None).expect("a valid URL"));
            request.client = Some(std::sync::Arc::new(client));
            request.traversable_for_user_prompts = TraversableForUserPrompts::NoTraversable;
            request.use_url_credentials = url_credentials;
            request
        };
        let page = || window("https://a.test/");
        let nobody = AuthenticationNeed::NotAsked(NotAsked::NoTraversable);
        for (row, request, again, need) in [
            (
                "a window's",
                with("https://u:p@a.test/", page(), true),
                false,
                AuthenticationNeed::UseUrlCredentials,
            ),
            ("once", with("https://u:p@a.test/", page(), true), true, nobody),
            ("where there are any", with("https://a.test/", page(), true), false, nobody),
            ("where they are to be used", with("https://u:p@a.test/", page(), false), false, nobody),
            (
                "no worker's",
                with("https://u:p@a.test/", worker("https://a.test/w.js", "https://a.test/"), true),
                false,
                nobody,
            ),
        ] {
            assert_eq!(authentication_need(&request, 401, true, again, false), need, "{row}");
        }
    }
}
