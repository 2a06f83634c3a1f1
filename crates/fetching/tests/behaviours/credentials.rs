//! Credentials: the three modes, cookies, authentication entries, and 401, 407 and 421.

use std::sync::Arc;

use bytes::Bytes;
use sofetch_core::infrastructure::clients::{EmbedderPolicyValue, Global};
use sofetch_core::infrastructure::requests::{CredentialsMode, Mode, Request, TraversableForUserPrompts};
use sofetch_core::infrastructure::responses::Response;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{Answer, AuthenticationEntries};
use sofetch_fetching::user_agent::UserAgent;
use sofetch_testkit::{get, post};

use crate::common::{A, ALLOW_A, B, OWN, With, World, from, from_client, own, page, page_with, url};
use crate::ports::{Asked, Cookies, Entries, Slow};

const ALLOW: (&str, &str) = ("Access-Control-Allow-Credentials", "true");
const CHALLENGE: (&str, &str) = ("WWW-Authenticate", "Basic realm=\"r\"");
/// `user:word`
const BASIC: &str = "Basic dXNlcjp3b3Jk";

fn cookies() -> Cookies {
    Cookies::new(&Slow::default()).with("a.test", "mine=1").with("b.test", "theirs=2")
}

fn keeps_cookies(agent: &mut UserAgent) {
    agent.cookies = Some(Arc::new(cookies()));
}

#[test]
fn the_three_modes_at_home_and_abroad() {
    use CredentialsMode::{Include, Omit, SameOrigin};
    for (mode, to, sent, name) in [
        (Omit, OWN, None, "omit-own"),
        (SameOrigin, OWN, Some("mine=1"), "same-origin-own"),
        (Include, OWN, Some("mine=1"), "include-own"),
        (Omit, B, None, "omit-other"),
        (SameOrigin, B, None, "same-origin-other"),
        (Include, B, Some("theirs=2"), "include-other"),
    ] {
        let row = get(to)
            .headers(&[ALLOW_A, ALLOW, ("Set-Cookie", "new=3; Path=/")])
            .expects_credentials(sent.is_some());
        let row = match sent {
            Some(cookie) => row.expects_header("Cookie", cookie),
            None => row.expects_no_header("Cookie"),
        };
        let after = match sent {
            Some(cookie) => get(to).expects_header("Cookie", format!("{cookie}; new=3")),
            None => get(to).expects_no_header("Cookie"),
        };
        let world = World::with([row, after.headers(&[ALLOW_A, ALLOW])], keeps_cookies);
        world.ok(from(A, to).credentials(mode));
        world.ok(from(A, to).credentials(mode));
        world.tells(&format!("credentials/{name}"));
    }
}

#[test]
fn no_cors_sends_cookies_only_when_told() {
    for (mode, cookie) in [(CredentialsMode::Include, true), (CredentialsMode::SameOrigin, false)] {
        let world = World::with([get(B).expects_credentials(cookie)], keeps_cookies);
        world.ok(from(A, B).mode(Mode::NoCors).credentials(mode));
        assert_eq!(world.network.sent()[0].header("Cookie").is_some(), cookie);
    }
}

#[test]
fn with_credentials_a_star_allows_nobody() {
    let world = World::with([get(B).header("Access-Control-Allow-Origin", "*")], keeps_cookies);
    world.err(from(A, B).credentials(CredentialsMode::Include));
    world.tells("credentials/star-refused");
}

#[test]
fn with_credentials_true_must_be_said() {
    for (said, name) in [(None, "unsaid"), (Some("True"), "in-another-case"), (Some("true, true"), "twice")] {
        let row = match said {
            Some(said) => get(B).headers(&[ALLOW_A, ("Access-Control-Allow-Credentials", said)]),
            None => get(B).headers(&[ALLOW_A]),
        };
        let world = World::with([row], keeps_cookies);
        world.err(from(A, B).credentials(CredentialsMode::Include));
        world.tells(&format!("credentials/not-allowed-{name}"));
    }
}

#[test]
fn a_credentialless_page_sends_none_abroad() {
    let client =
        || page_with(A, |policies| policies.embedder_policy.value = EmbedderPolicyValue::Credentialless);
    let world = World::with(
        [get(B).expects_no_header("Cookie"), get(OWN).expects_header("Cookie", "mine=1")],
        keeps_cookies,
    );
    let to = |to| from_client(client(), to).mode(Mode::NoCors).credentials(CredentialsMode::Include);
    world.ok(to(B));
    world.ok(to(OWN));
    world.tells("credentials/credentialless");
}

fn with_prompt(answers: &[(&str, &str)]) -> (Arc<Asked>, Arc<Entries>, impl FnOnce(&mut UserAgent) + use<>) {
    let slow = Slow::default();
    let (prompt, entries) = (Arc::new(Asked::new(&slow, answers)), Arc::new(Entries::new(&slow)));
    let (given, kept) = (prompt.clone(), entries.clone());
    (prompt, entries, move |agent: &mut UserAgent| {
        agent.prompt = Some(given);
        agent.authentication_entries = Some(kept);
    })
}

fn questions(prompt: &Asked) -> Vec<String> {
    prompt.questions.lock().unwrap().clone()
}

#[test]
fn a_401_asks_the_user_and_remembers() {
    let (prompt, _, change) = with_prompt(&[("user", "word")]);
    let world = World::with(
        [
            get(OWN).expects_no_header("Authorization").replies(401).headers(&[CHALLENGE]).body("who?"),
            get("https://user:word@a.test/x").expects_header("Authorization", BASIC).body("you"),
            get("https://a.test/again").expects_header("Authorization", BASIC),
        ],
        change,
    );
    let (response, text) = world.ok(from(A, OWN));
    assert_eq!(text, "you");
    assert_eq!(response.url_list().last().map(Url::href), Some(OWN), "no page sees what was typed");
    world.ok(from(A, "https://a.test/again"));
    assert_eq!(questions(&prompt), ["https://a.test/x: Basic realm=\"r\""]);
    world.tells("credentials/401-asks");
}

#[test]
fn a_401_asks_again_until_the_user_gives_up() {
    let (prompt, entries, change) = with_prompt(&[("user", "wrong"), ("user", "word")]);
    let refuses = |url: &str| get(url).replies(401).headers(&[CHALLENGE]);
    let world = World::with(
        [
            refuses(OWN),
            refuses("https://user:wrong@a.test/x"),
            refuses("https://user:word@a.test/x").expects_header("Authorization", BASIC).body("no"),
        ],
        change,
    );
    let (response, text) = world.ok(from(A, OWN));
    assert_eq!((response.status(), text.as_str()), (401, "no"));
    assert_eq!(questions(&prompt).len(), 3);
    assert!(entries.0.lock().unwrap().is_empty(), "what was refused is not remembered");
    world.tells("credentials/401-asks-again");
}

#[test]
fn a_401_after_an_entry_that_is_refused_takes_what_was_typed() {
    let (_, entries, change) = with_prompt(&[("user", "word")]);
    entries.0.lock().unwrap().insert("https://a.test".into(), "Basic old".into());
    let world = World::with(
        [
            get(OWN).expects_header("Authorization", "Basic old").replies(401).headers(&[CHALLENGE]),
            get("https://user:word@a.test/x").expects_header("Authorization", BASIC),
        ],
        change,
    );
    world.ok(from(A, OWN));
    world.tells("credentials/401-stale-entry");
}

/// Answers challenges with what they said; `stubborn` goes on after a refusal, three times.
#[derive(Default)]
struct Answering {
    challenge: std::sync::Mutex<Option<String>>,
    refused: std::sync::atomic::AtomicU32,
    stubborn: bool,
}

impl AuthenticationEntries for Answering {
    fn entry<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Bytes>> {
        let said = self.challenge.lock().unwrap().clone();
        Answer::ready(said.map(|said| format!("Answer {} {said}", request.method).into()))
    }
    fn create<'a>(&'a self, _: &'a Request, _: &'a Response) -> Answer<'a, ()> {
        Answer::ready(())
    }
    fn answers_challenge<'a>(
        &'a self,
        _: &'a Request,
        response: &'a Response,
        again: bool,
    ) -> Answer<'a, bool> {
        let challenge = response.internal().header_list.get("WWW-Authenticate").unwrap_or_default();
        *self.challenge.lock().unwrap() = Some(String::from_utf8_lossy(&challenge).into_owned());
        let refused = self.refused.fetch_add(u32::from(again), std::sync::atomic::Ordering::Relaxed);
        Answer::ready(!again || self.stubborn && refused < 3)
    }
}

fn answering(stubborn: bool) -> impl FnOnce(&mut UserAgent) {
    move |agent: &mut UserAgent| {
        agent.authentication_entries = Some(Arc::new(Answering { stubborn, ..Answering::default() }));
    }
}

#[test]
fn an_entry_answers_a_challenge_before_anybody_is_asked() {
    let challenge = |nonce| [("WWW-Authenticate", nonce)];
    let world = World::with(
        [
            post(OWN)
                .expects_no_header("Authorization")
                .expects_body("four")
                .replies(401)
                .headers(&challenge("n")),
            post(OWN).expects_header("Authorization", "Answer POST n").expects_body("four").body("you"),
        ],
        answering(false),
    );
    assert_eq!(world.ok(from(A, OWN).method("POST").body("four")).1, "you");
    world.tells("credentials/401-answered");
    // On the user's own behalf as well; what is refused stands.
    let world = World::with(
        [
            get(OWN).replies(401).headers(&challenge("n")),
            get(OWN)
                .expects_header("Authorization", "Answer GET n")
                .replies(401)
                .headers(&challenge("m"))
                .body("no"),
        ],
        answering(false),
    );
    assert_eq!(world.ok(own(OWN)).1, "no");
    // As often as the entries say, each time with the new answer.
    let refuses = |nonce| get(OWN).replies(401).headers(&challenge(nonce));
    let world = World::with(
        [
            refuses("a"),
            refuses("b").expects_header("Authorization", "Answer GET a"),
            refuses("c").expects_header("Authorization", "Answer GET b"),
            get(OWN).expects_header("Authorization", "Answer GET c").body("you"),
        ],
        answering(true),
    );
    assert_eq!(world.ok(own(OWN)).1, "you");
}

#[test]
fn a_401_sends_the_body_again() {
    let (_, _, change) = with_prompt(&[("user", "word")]);
    let world = World::with(
        [
            post(OWN).expects_body("four").replies(401).headers(&[CHALLENGE]),
            post("https://user:word@a.test/x").expects_body("four"),
        ],
        change,
    );
    world.ok(from(A, OWN).method("POST").body("four"));
    world.tells("credentials/401-body");
}

#[test]
fn a_401_to_a_stream_is_an_error() {
    let (_, _, change) = with_prompt(&[("user", "word")]);
    let world = World::with([post(OWN).http2().replies(401).headers(&[CHALLENGE])], change);
    world.err(from(A, OWN).method("POST").stream(&["a"]));
    world.tells("credentials/401-stream");
}

#[test]
fn a_401_with_nobody_to_ask_stands() {
    let mut client = page(A);
    client.global = Global::Window { traversable: false, top_level: true, document_url: url(A) };
    let worker = {
        let mut client = page(A);
        client.global = Global::Worker { service_worker: false };
        client
    };
    let (_, _, change) = with_prompt(&[("user", "word")]);
    let world = World::with([get(OWN).replies(401).times(2)], change);
    world.ok(from_client(client, OWN));
    world.ok(from_client(worker, OWN));
    world.tells("credentials/401-nobody-to-ask");
}

#[test]
fn a_401_without_a_prompt_stands() {
    let world = World::new([get(OWN).replies(401).headers(&[CHALLENGE]).body("who?")]);
    assert_eq!(world.ok(from(A, OWN)).1, "who?");
    world.tells("credentials/401-no-prompt");
}

#[test]
fn a_401_across_origins_is_not_asked_about() {
    let (prompt, _, change) = with_prompt(&[("user", "word")]);
    let world = World::with([get(B).replies(401).headers(&[CHALLENGE, ALLOW_A, ALLOW])], change);
    assert_eq!(world.ok(from(A, B).credentials(CredentialsMode::Include)).0.status(), 401);
    assert!(questions(&prompt).is_empty());
    world.tells("credentials/401-cors");
}

#[test]
fn a_401_without_credentials_is_not_asked_about() {
    let (_, _, change) = with_prompt(&[("user", "word")]);
    let world = World::with([get(OWN).replies(401).headers(&[CHALLENGE])], change);
    world.ok(from(A, OWN).credentials(CredentialsMode::Omit));
    world.tells("credentials/401-omit");
}

fn with_url_credentials() -> Request {
    from(A, "https://user:word@a.test/x").with(|request| request.use_url_credentials = true)
}

#[test]
fn credentials_in_the_url_answer_a_401() {
    let world = World::new([
        get("https://user:word@a.test/x")
            .expects_no_header("Authorization")
            .replies(401)
            .headers(&[CHALLENGE]),
        get("https://user:word@a.test/x").expects_header("Authorization", BASIC),
    ]);
    world.ok(with_url_credentials());
    world.tells("credentials/401-url");
}

#[test]
fn credentials_in_the_url_that_are_refused_ask_the_user() {
    let (prompt, _, change) = with_prompt(&[("user", "other")]);
    let refuses = || get("https://user:word@a.test/x").replies(401).headers(&[CHALLENGE]);
    let world = World::with([refuses(), refuses(), get("https://user:other@a.test/x")], change);
    world.ok(with_url_credentials());
    assert_eq!(questions(&prompt).len(), 1);
    world.tells("credentials/401-url-refused");
}

#[test]
fn an_entry_is_sent_unless_the_url_has_its_own() {
    let entries = || Entries::new(&Slow::default()).with("https://a.test", "Basic entry");
    let world = World::with(
        [
            get(OWN).expects_header("Authorization", "Basic entry"),
            get(OWN).expects_header("Authorization", "Bearer own"),
            get("https://user:word@a.test/x").expects_no_header("Authorization"),
            get(OWN).expects_no_header("Authorization"),
        ],
        |agent| agent.authentication_entries = Some(Arc::new(entries())),
    );
    world.ok(from(A, OWN));
    world.ok(from(A, OWN).header("Authorization", "Bearer own"));
    world.ok(with_url_credentials());
    world.ok(from(A, OWN).credentials(CredentialsMode::Omit));
    world.network.assert_done();
}

#[test]
fn a_407_with_nobody_to_ask_is_an_error() {
    let world = World::new([get(OWN).replies(407)]);
    world.err(
        from(A, OWN)
            .with(|request| request.traversable_for_user_prompts = TraversableForUserPrompts::NoTraversable),
    );
    world.tells("credentials/407-nobody-to-ask");
}

#[test]
fn a_407_stands_where_settings_cannot_change() {
    let world = World::new([get(OWN).replies(407)]);
    assert_eq!(world.ok(from(A, OWN)).0.status(), 407);
    world.tells("credentials/407-asks");
}

#[test]
fn a_421_takes_another_connection() {
    let world = World::new([
        post(OWN).expects_new_connection(false).expects_body("four").replies(421),
        post(OWN).expects_new_connection(true).expects_body("four").body("right"),
    ]);
    assert_eq!(world.ok(from(A, OWN).method("POST").body("four")).1, "right");
    world.tells("credentials/421");
}

#[test]
fn a_second_421_stands() {
    let world = World::new([get(OWN).replies(421).times(2)]);
    assert_eq!(world.ok(from(A, OWN)).0.status(), 421);
    world.tells("credentials/421-twice");
}

#[test]
fn a_421_to_a_stream_stands() {
    let world = World::new([post(OWN).http2().replies(421)]);
    world.ok(from(A, OWN).method("POST").stream(&["a"]));
    world.tells("credentials/421-stream");
}
