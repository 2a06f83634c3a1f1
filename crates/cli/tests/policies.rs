//! The policies of a page, on `sofetch URL` and `sofetch cors`: what they refuse is told with its directive, its policy and what
//! would allow it.

mod support;

use support::{InWorld, sofetch};

const PAGE: &str = "https://javascript.info/article/";
const OPEN: &str = "https://site.com/open.json";

/// As a page under these options, which lead to what is fetched.
fn under(world: &InWorld, command: &[&str], options: &[&str]) -> support::Said {
    world.sofetch(&[command, &["--page", PAGE], options].concat())
}

#[test]
fn a_policy_refuses_and_says_why() {
    let world = InWorld::start();
    for (policy, words) in [
        (
            "connect-src 'self'",
            &["`connect-src`", "`connect-src 'self'`", "Add `https://site.com` to `connect-src`."][..],
        ),
        (
            "img-src *; default-src 'none'",
            &[
                "`default-src`",
                "stands in for `connect-src`",
                "write `https://site.com` in place of `'none'`",
            ],
        ),
        ("connect-src", &["it is empty", "Write `https://site.com` into `connect-src`."]),
        ("connect-src https://site.com:444 site.com/other", &["`connect-src`", "Add `https://site.com`"]),
        ("connect-src *, connect-src 'self'", &["Policy `connect-src 'self'`"]),
    ] {
        let said = under(&world, &[], &[OPEN, "--csp", policy]).ended(1);
        assert_eq!(said.text(), "", "{policy}");
        let said = words.iter().fold(said, |said, word| said.complained(word));
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        let told = under(&world, &["cors"], &[OPEN, "--csp", policy]).ended(1);
        for word in words {
            assert!(told.text().contains(word), "{word}: {}", told.text());
        }
        assert!(told.text().contains("The request was not sent."), "{}", told.text());
        assert_eq!(told.err, "");
    }
    assert!(world.world.api.requests().is_empty(), "nothing is sent that a policy refuses");
}

#[test]
fn a_policy_allows() {
    let world = InWorld::start();
    for policy in [
        "connect-src https://site.com",
        "default-src *",
        "img-src 'none'",
        "default-src 'none'; connect-src *.com site.com",
    ] {
        assert_eq!(under(&world, &[], &[OPEN, "--csp", policy]).ended(0).err, "", "{policy}");
    }
    under(&world, &[], &["/own.json", "--csp", "connect-src 'self'"]).ended(0);
    // Each restricts further.
    under(&world, &[], &[OPEN, "--csp", "connect-src *", "--csp", "connect-src 'self'"]).ended(1);
    let told = under(&world, &["cors"], &[OPEN, "--csp", "connect-src https:"]).ended(0);
    assert!(told.text().contains("`connect-src` has `https:`"), "{}", told.text());
}

#[test]
fn a_redirect_is_refused_where_it_leads() {
    let world = InWorld::start();
    let from = "https://site.com/redirect/cross-origin";
    let told = under(&world, &["cors"], &[from, "--csp", "connect-src https://site.com"]).ended(1);
    for word in ["where a redirect led", "The request was not sent to the last URL."] {
        assert!(told.text().contains(word), "{word}: {}", told.text());
    }
    assert_eq!(world.world.api.requests().len(), 1);
    assert!(world.world.page.requests().is_empty());
}

#[test]
fn what_is_only_reported_is_told() {
    let world = InWorld::start();
    let options = [OPEN, "--csp-report-only", "connect-src 'self'"];
    let said = under(&world, &[], &options).ended(0).complained("report-only Content Security Policy");
    assert!(said.err.starts_with("sofetch: note: ") && said.err.lines().count() == 1, "{}", said.err);
    assert!(!said.text().is_empty());
    assert_eq!(under(&world, &["--silent"], &options).ended(0).err, "");
    let told = under(&world, &["cors"], &options).ended(0);
    assert_eq!(told.text().matches("which is only reported").count(), 1, "{}", told.text());
    // With -v it stands among the decisions, and nowhere else.
    let said = under(&world, &["-v"], &options).ended(0);
    assert_eq!(said.err.matches("which is only reported").count(), 1, "{}", said.err);
}

#[test]
fn insecure_requests_are_upgraded() {
    let world = InWorld::start();
    let options = ["http://site.com/open.json", "--csp", "upgrade-insecure-requests; connect-src https:"];
    let told = under(&world, &["cors"], &options).ended(0);
    for word in ["`upgrade-insecure-requests` makes the URL https", "https://site.com/open.json"] {
        assert!(told.text().contains(word), "{word}: {}", told.text());
    }
    assert_eq!(world.world.api.requests().len(), 1);
}

#[test]
fn an_integrity_policy_minds_scripts() {
    let world = InWorld::start();
    const POLICY: [&str; 2] = ["--integrity-policy", "blocked-destinations=(script)"];
    let url = "https://javascript.info/own.json";
    let script = [&[url, "--destination", "script"][..], &POLICY].concat();
    under(&world, &[], &script).ended(1).complained("Integrity-Policy").complained("sha256-");
    let told = under(&world, &["cors"], &script).ended(1);
    assert!(told.text().contains("The request was not sent."), "{}", told.text());
    assert!(world.world.page.requests().is_empty());
    let with = [&script[..], &["--integrity", "sha256-AAAA"]].concat();
    under(&world, &[], &with).ended(1);
    assert_eq!(world.world.page.requests().len(), 1, "now the body is judged");
    under(&world, &[], &[&[url][..], &POLICY].concat()).ended(0);
}

#[test]
fn a_destination_has_its_directive() {
    let world = InWorld::start();
    let policy = ["--csp", "connect-src 'none'; img-src https://site.com"];
    let image = ["https://site.com/opaque.svg", "--mode", "no-cors", "--destination", "image"];
    under(&world, &[], &[&image[..], &policy].concat()).ended(0);
    let seen = world.world.api.requests();
    assert_eq!(seen[0].header("Sec-Fetch-Dest").as_deref(), Some("image"));
    under(&world, &[], &[&[OPEN][..], &policy].concat()).ended(1).complained("connect-src");
}

#[test]
fn what_a_policy_says_in_vain_is_told() {
    let world = InWorld::start();
    let policy = "conect-src 'none'; connect-src * self; connect-src 'none'; img-src a?b";
    for command in [&[][..], &["cors"]] {
        let said = under(&world, command, &[OPEN, "--csp", policy]).ended(0);
        for word in ["`conect-src`", "`self` in `connect-src`", "second `connect-src`", "`a?b`"] {
            assert!(said.err.contains(word), "{word}: {}", said.err);
        }
        assert_eq!(said.err.lines().count(), 4, "{}", said.err);
    }
}

#[test]
fn reports_have_the_evidence() {
    let world = InWorld::start();
    let options = [OPEN, "--report", "json", "--csp", "default-src 'self'"];
    let report = under(&world, &["cors"], &options).ended(1).json();
    let ruling = &report["verdict"]["ruling"];
    assert_eq!(ruling["rule"], "CspBlocking");
    let violation = &ruling["verdict"]["blocked"]["violations"][0];
    for (key, value) in [
        ("policy", "default-src 'self'"),
        ("effective_directive", "connect-src"),
        ("violated_directive", "default-src"),
        ("disposition", "enforce"),
        ("url", OPEN),
    ] {
        assert_eq!(violation[key], value, "{key}");
    }
    assert_eq!(violation["remedy"]["source-expression"], "https://site.com");
    let tree = under(&world, &[], &options).ended(1).json().to_string();
    assert!(tree.contains("violated_directive"), "{tree}");
}

#[test]
fn secrets_of_urls_are_redacted() {
    let world = InWorld::start();
    let url = "https://site.com/open.json?access_token=hunter2";
    for command in [&[][..], &["-v"], &["--report", "json"], &["cors"], &["cors", "--report", "json"]] {
        let said = under(&world, command, &[url, "--csp", "connect-src 'self'"]).ended(1);
        assert!(!said.text().contains("hunter2") && !said.err.contains("hunter2"), "{command:?}: {said:?}");
    }
}

#[test]
fn what_is_no_policy_is_a_usage_error() {
    for (options, word) in [
        (&["--csp", " ; "][..], "--csp"),
        (&["--csp-report-only", ""], "--csp-report-only"),
        (&["--integrity-policy", "a=("], "--integrity-policy"),
        (&["--destination", "document"], "--destination"),
    ] {
        sofetch(&[&["https://a.test/", "--page", PAGE], options].concat()).ended(2).complained(word);
    }
    // On the user's own behalf there is no page to have one.
    sofetch(&["https://a.test/", "--csp", "connect-src *"]).ended(2).complained("--page");
}
