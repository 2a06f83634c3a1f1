//! What is found, and how it is written.

use std::collections::BTreeSet;

use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;

use super::servers_tests::{Kept, Said, Seen, erring, well_kept};
use super::*;
use crate::tree::Options;

fn question(kept: &Kept) -> AuditQuestion {
    let url = |text: &str| Url::parse(text, None).expect("a URL of the tests");
    let mut question = AuditQuestion::new(url(kept.url));
    question.trusted = kept.origins.iter().map(|origin| url(origin).origin()).collect();
    question.methods =
        kept.methods.iter().map(|name| Method::new(name.as_bytes()).expect("a token")).collect();
    question.header_names = kept.header_names.iter().map(|&name| name.to_owned()).collect();
    if kept.include {
        question.credentials_mode = CredentialsMode::Include;
    }
    question
}

fn ask(probe: Probe, kept: &Kept) -> AuditExchange {
    let header =
        |name: &str| probe.headers.get(name).map(|value| String::from_utf8_lossy(&value).into_owned());
    let seen = Seen { method: probe.method.as_str(), path: probe.url.path(), header: &header };
    let Said { status, headers } = kept.answer(&seen);
    let mut header_list = HeaderList::new();
    headers.into_iter().for_each(|(name, value)| header_list.append(name, value.into_bytes()));
    AuditExchange { probe, answer: Ok(Answer { status, header_list }) }
}

/// The server of that name.
pub(super) fn named(name: &str) -> Kept {
    erring().into_iter().chain(well_kept()).find(|kept| kept.name == name).expect(name)
}

pub(super) fn audit(kept: &Kept) -> Audit {
    let question = question(kept);
    let exchanges: Vec<AuditExchange> = plan(&question).into_iter().map(|probe| ask(probe, kept)).collect();
    Audit::of(&question, &exchanges, 0, Secrets::Redacted)
}

fn ids(audit: &Audit) -> BTreeSet<&'static str> {
    audit.findings.iter().map(|finding| finding.rule.facts().id).collect()
}

#[test]
fn each_rule_is_broken_by_a_server_that_errs_so() {
    let mut provoked = BTreeSet::new();
    for kept in erring() {
        let expected: BTreeSet<&str> = [kept.name].into_iter().chain(kept.finds.iter().copied()).collect();
        let audit = audit(&kept);
        assert_eq!(ids(&audit), expected, "{}: {}", kept.name, audit.text(Options::default()));
        provoked.insert(kept.name);
    }
    let all: BTreeSet<&str> = RULES.iter().map(|facts| facts.id).collect();
    assert_eq!(provoked, all, "a rule without a server, or a server without a rule");
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for kept in well_kept() {
        let audit = audit(&kept);
        assert_eq!(ids(&audit), BTreeSet::new(), "{}: {}", kept.name, audit.text(Options::default()));
        assert_eq!(audit.worst(), None);
    }
}

#[test]
fn what_follows_from_a_fault_is_not_told_as_another() {
    for name in [
        "allow-origin-list",
        "doubled-allow-origin",
        "invalid-allow-origin",
        "unparsable-list",
        "trusted-origin-refused",
        "trusted-credentials-refused",
        "preflight-needs-credentials",
        "preflight-redirected",
        "redirect-without-cors",
    ] {
        let kept = Kept { methods: &["PUT"], header_names: &["content-type"], ..named(name) };
        assert_eq!(ids(&audit(&kept)), BTreeSet::from([name]), "{name}");
    }
}

#[test]
fn an_error_without_headers_is_no_stranger_who_may_send() {
    let mut kept = named("a public API");
    kept.change = |seen, said| {
        *said = named("a public API").answer(seen);
        if !seen.is_preflight() {
            said.bare(401);
        }
    };
    assert_eq!(ids(&audit(&kept)), BTreeSet::new());
}

#[test]
fn severity_follows_credentials() {
    let mut kept = named("origin-reflected");
    assert_eq!(audit(&kept).worst(), Some(Severity::Critical));
    kept.change = |_, said| said.headers.retain(|(name, _)| *name != "Access-Control-Allow-Credentials");
    assert_eq!(audit(&kept).worst(), Some(Severity::Low));
}

#[test]
fn the_matrix_tells_who_may_what() {
    let kept = well_kept().into_iter().find(|kept| !kept.methods.is_empty()).expect("one is");
    let audit = audit(&kept);
    let row = |origin: &str| audit.matrix.iter().find(|row| row.origin == origin).expect("a row");
    let app = row("https://app.example.com");
    assert_eq!(app.read, Some(Access::Credentials));
    let cells = |cells: &[(String, Cell)]| cells.iter().map(|(_, cell)| *cell).collect::<Vec<_>>();
    let granted = Cell::Granted(Access::Credentials);
    assert_eq!(cells(&app.methods), [Cell::Safelisted, Cell::Safelisted, granted, granted]);
    assert_eq!(cells(&app.header_names), [Cell::Safelisted, granted, granted]);
    let stranger = row("https://sofetch-audit.example");
    assert_eq!(stranger.read, Some(Access::No));
    assert_eq!(cells(&stranger.methods)[2..], [Cell::Refused, Cell::Refused]);
    assert_eq!(row("null").role, Role::Null);
}

#[test]
fn preflights_cost_what_browsers_remember() {
    let economy = audit(&well_kept()[0]).economy;
    assert_eq!(economy.remembered, [("Chromium", 7200), ("Firefox", 7200), ("WebKit", 600)]);
    assert_eq!(economy.max_age_said.as_deref(), Some("7200"));
    let preflights = |request: &str| {
        let cost = economy.requests.iter().find(|cost| cost.request == request).expect(request);
        (!cost.reasons.is_empty(), cost.instead.is_some())
    };
    assert_eq!(preflights("GET"), (false, false));
    assert_eq!(preflights("PUT"), (true, true));
    assert_eq!(preflights("GET with authorization"), (true, false));
    let missing = named("max-age-missing");
    let economy = audit(&missing).economy;
    assert_eq!(economy.remembered, [("Chromium", 5), ("Firefox", 5), ("WebKit", 5)]);
    assert!(economy.advice[0].contains("7200"));
}

#[test]
fn what_was_not_answered_or_not_sent_is_said() {
    let kept = &well_kept()[0];
    let question = question(kept);
    let mut exchanges: Vec<AuditExchange> =
        plan(&question).into_iter().take(20).map(|probe| ask(probe, kept)).collect();
    for exchange in &mut exchanges[3..] {
        exchange.answer = Err("The connection was reset.".to_owned());
    }
    let audit = Audit::of(&question, &exchanges, 7, Secrets::Redacted);
    assert_eq!((audit.sent, audit.answered, audit.left_out), (20, 3, 7));
    let notes = audit.notes.join("\n");
    assert!(
        notes.contains("17 of the requests got no answer. The first: The connection was reset."),
        "{notes}"
    );
    assert!(notes.contains("7 requests of the plan were not sent"), "{notes}");
    assert_eq!(ids(&audit), BTreeSet::new());
    let nothing = Audit::of(&question, &[], 0, Secrets::Redacted);
    assert_eq!(nothing.findings.len(), 0);
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let kept = named("redirect-without-cors");
    assert!(audit(&kept).notes.iter().any(|note| note.contains("(302) to /elsewhere")));
}

#[test]
fn the_page_of_rules_is_as_it_would_be_written() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md");
    let page = rules_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/audit.md can be written");
    }
    let written = std::fs::read_to_string(path).expect("docs/audit.md is there");
    assert!(written == page, "docs/audit.md is not of this table: run with UPDATE_DOCS=1");
}
