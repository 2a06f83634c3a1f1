//! `sofetch cors audit`: servers that err and servers that do not, what is sent to them, exit codes and forms.

#[path = "../../inspect/src/audit/servers_tests.rs"]
mod servers_tests;
mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use servers_tests::{APP, Kept, Seen, erring, well_kept};
use sofetch_demo::{
    CertificateAuthority, Reply, RequestSeen, Server, ServerConfig, answering, answering_later,
};
use sofetch_inspect::audit::RULES;
use support::{Folder, Said, closed_port, server, sofetch};

/// Serves one of the table's, under its name.
struct Served {
    server: Server,
    folder: Folder,
    args: Vec<String>,
}

impl Served {
    fn start(kept: Kept, authority: &CertificateAuthority) -> Served {
        let url = kept.url;
        let mut args: Vec<String> = Vec::new();
        let mut say = |name: &str, value: &str| args.extend([name.to_owned(), value.to_owned()]);
        kept.origins.iter().for_each(|origin| say("--origin", origin));
        kept.methods.iter().for_each(|method| say("--method", method));
        kept.header_names.iter().for_each(|name| say("--header-name", name));
        if kept.include {
            say("--credentials", "include");
        }
        let handler = answering(move |seen: &RequestSeen| reply(&kept, seen));
        let folder = Folder::new();
        let config = match url.starts_with("https:") {
            true => {
                ServerConfig::https(authority.issue(&["api.example.com"]).expect("a certificate"), handler)
            }
            false => ServerConfig::http(handler),
        };
        let server = Server::start(config).expect("a loopback port");
        say("--cacert", &folder.write("ca.pem", authority.pem().as_bytes()));
        say("--connect-to", &format!("::127.0.0.1:{}", server.address().port()));
        args.push(url.to_owned());
        Served { server, folder, args }
    }

    fn audit(&self, more: &[&str]) -> Said {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        sofetch(&[&["cors", "audit"], &args[..], more].concat())
    }
}

fn reply(kept: &Kept, seen: &RequestSeen) -> Reply {
    let header = |name: &str| seen.header(name);
    let said = kept.answer(&Seen { method: &seen.method, path: seen.path(), header: &header });
    let mut reply = Reply::new(said.status);
    for (name, value) in said.headers {
        reply = reply.header(name, value);
    }
    // Neither a HEAD's answer nor a 204 has a body, and only the first may say how long it would be.
    match (&*seen.method, said.status) {
        ("HEAD", _) | (_, 204) => reply.as_given(),
        _ => reply.body("{}"),
    }
}

fn authority() -> CertificateAuthority {
    CertificateAuthority::new().expect("keys")
}

fn ids(report: &serde_json::Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().expect("a list");
    findings.iter().map(|finding| finding["rule"].as_str().expect("an id").to_owned()).collect()
}

/// On two threads, as each audit waits for its own server.
fn each(servers: Vec<Kept>, check: impl Fn(&str, &[&'static str], &Served) + Sync) -> usize {
    let (authority, count, next) = (authority(), servers.len(), AtomicUsize::new(0));
    let servers: Vec<_> = servers.into_iter().map(|kept| std::sync::Mutex::new(Some(kept))).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(place) = servers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let kept = place.lock().expect("nobody panicked").take().expect("each once");
                    let (name, finds) = (kept.name, kept.finds);
                    check(name, finds, &Served::start(kept, &authority));
                }
            });
        }
    });
    count
}

#[test]
fn each_rule_is_broken_by_a_server_that_errs_so() {
    let count = each(erring(), |name, besides, served| {
        let said = served.audit(&["--report", "json", "--fail-on", "never"]).ended(0);
        let report = said.json();
        let expected: BTreeSet<String> =
            std::iter::once(name).chain(besides.iter().copied()).map(str::to_owned).collect();
        assert_eq!(ids(&report), expected, "{name}");
        assert_eq!(report["requests"]["answered"], report["requests"]["sent"], "{name}");
        let methods: BTreeSet<String> =
            served.server.requests().into_iter().map(|request| request.method).collect();
        let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
        assert_eq!(methods, ["GET", "HEAD", "OPTIONS"], "{name}: others are not safe");
        assert!(served.server.requests().iter().all(|request| request.body.is_empty()));
    });
    assert_eq!(count, RULES.len());
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    each(well_kept(), |name, _, served| {
        let said = served.audit(&["--fail-on", "low"]).ended(0);
        assert!(said.text().contains("Found: nothing."), "{name}: {}", said.text());
        assert_eq!(said.err, "", "{name}");
    });
}

fn named(name: &str) -> Served {
    let kept = erring().into_iter().find(|kept| kept.name == name).expect(name);
    Served::start(kept, &authority())
}

#[test]
fn the_exit_code_follows_the_gravest() {
    for (name, fails) in [
        ("origin-reflected", &["low", "medium", "high", "critical"][..]),
        ("origin-suffix-matched", &["low", "medium", "high"]),
        ("trusted-origin-refused", &["low", "medium"]),
        ("max-age-missing", &["low"]),
        ("max-age-zero", &[]),
    ] {
        let served = named(name);
        for fail_on in ["low", "medium", "high", "critical", "never"] {
            let code = i32::from(fails.contains(&fail_on));
            served.audit(&["--fail-on", fail_on]).ended(code);
        }
        served.audit(&[]).ended(i32::from(fails.contains(&"medium")));
    }
}

#[test]
fn requests_are_counted() {
    let served = named("origin-suffix-matched");
    let report = served.audit(&["--report", "json", "--max-requests", "7", "--parallel", "1"]).json();
    assert_eq!(served.server.requests().len(), 7);
    assert_eq!(served.server.connections(), 1);
    assert_eq!(report["requests"]["sent"], 7);
    assert!(report["requests"]["left_out"].as_u64().is_some_and(|count| count > 20), "{report}");
    assert!(ids(&report).is_empty(), "the look-alikes come later");
}

#[test]
fn few_requests_are_under_way_at_a_time() {
    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let handler = answering_later(async |_| {
        MOST.fetch_max(UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // The others have their turn.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        Reply::new(204).as_given()
    });
    let server = Server::start(ServerConfig::http(handler)).expect("a loopback port");
    for parallel in [3, 1] {
        MOST.store(0, Ordering::SeqCst);
        sofetch(&["cors", "audit", &server.url("/"), "--parallel", &parallel.to_string()]).ended(0);
        let most = MOST.load(Ordering::SeqCst);
        assert!((1..=parallel).contains(&most), "{most}");
    }
}

#[test]
fn what_is_sent_is_what_browsers_send() {
    let served = named("trusted-origin-refused");
    served
        .audit(&["-H", "Cookie: a=b", "-X", "PUT", "--header-name", "X-B", "--header-name", "x-a"])
        .ended(1);
    let requests = served.server.requests();
    assert_eq!(requests[0].header("Origin"), None);
    let first = |method: &str| {
        let own = |request: &&RequestSeen| {
            request.method == method && request.header("Origin").as_deref() == Some(APP)
        };
        requests.iter().find(own).expect(method)
    };
    assert_eq!(first("GET").header("Cookie").as_deref(), Some("a=b"));
    assert_eq!(first("GET").header("Sec-Fetch-Site").as_deref(), Some("same-site"));
    assert_eq!(first("GET").header("Sec-Fetch-Mode").as_deref(), Some("cors"));
    let together = requests
        .iter()
        .find(|request| request.header("Access-Control-Request-Headers").as_deref() == Some("x-a,x-b"));
    assert_eq!(
        together.and_then(|request| request.header("Access-Control-Request-Method")).as_deref(),
        Some("PUT")
    );
    for preflight in requests.iter().filter(|request| request.method == "OPTIONS") {
        assert_eq!(preflight.header("Cookie"), None);
        assert!(preflight.header("Access-Control-Request-Method").is_some());
    }
}

#[test]
fn reports_are_what_their_readers_read() {
    let served = named("preflight-grants-stranger");
    let json = served.audit(&["--report", "json"]).ended(1).json();
    assert_eq!((&json["schema"], &json["worst"]), (&"sofetch-cors-audit/1".into(), &"high".into()));
    assert_eq!(json["preflights"]["remembered"][2]["seconds"], 600);
    let sarif = served.audit(&["--report", "sarif"]).ended(1).json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&sarif["version"], &result["ruleId"]),
        (&"2.1.0".into(), &"preflight-grants-stranger".into())
    );
    let location = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(location, "api.example.com/items");
    let junit = served.audit(&["--report", "junit", "--fail-on", "never"]).ended(0);
    assert!(junit.text().starts_with("<?xml") && junit.text().contains("failures=\"0\""), "{}", junit.text());
    let junit = served.audit(&["--report", "junit"]).ended(1);
    assert!(junit.text().contains("failures=\"1\""), "{}", junit.text());
    let text = served.audit(&[]).ended(1);
    for word in
        ["high preflight-grants-stranger", "> OPTIONS https://", "< access-control-allow-origin", "Fix:"]
    {
        assert!(text.text().contains(word), "{word}: {}", text.text());
    }
    assert!(served.folder.path().is_dir());
}

/// Nothing that a terminal obeys.
#[track_caller]
fn assert_tame(text: &str) {
    let wild = text
        .chars()
        .find(|&character| (character.is_control() && character != '\n') || character == '\u{202e}');
    assert_eq!(wild, None, "{text:?}");
}

#[test]
fn hostile_answers_do_no_harm() {
    const CARRIED: &str = "\u{9b}31m\u{9d}0;owned\u{9c}\u{202e}<b>&";
    let server = server(|seen| {
        let origin = seen.header("Origin").unwrap_or_default();
        let reply = Reply::with_status_line(format!("HTTP/1.1 200 {CARRIED}"))
            .header(
                "Access-Control-Allow-Origin",
                if seen.method == "GET" { origin } else { CARRIED.to_owned() },
            )
            .header("Access-Control-Allow-Credentials", CARRIED)
            .header("Access-Control-Allow-Methods", "m".repeat(64 << 10))
            .header("Access-Control-Max-Age", "9".repeat(64 << 10))
            .header("Set-Cookie", "sid=hush")
            .header("Vary", CARRIED.repeat(2000));
        if seen.method == "HEAD" { reply.as_given() } else { reply.body("x".repeat(200 << 10)) }
    });
    for form in ["text", "json", "sarif", "junit"] {
        let said =
            sofetch(&["cors", "audit", &server.url("/"), "--origin", "http://a.test", "--report", form]);
        let said = said.ended(1);
        assert_tame(said.text());
        assert!(!said.text().contains("hush"), "{}", said.text());
        assert!(form != "junit" || !said.text().contains("<b>"), "{}", said.text());
        assert!(said.text().len() < 300_000, "{form}: {} bytes", said.text().len());
        assert_eq!(said.err, "");
    }
}

#[test]
fn redirects_are_not_followed() {
    let server = server(|seen| Reply::new(302).header("Location", format!("{}x", seen.target)).body(""));
    let said = sofetch(&["cors", "audit", &server.url("/"), "--origin", "http://a.test", "--report", "json"]);
    assert_eq!(
        ids(&said.ended(1).json()),
        BTreeSet::from(["preflight-redirected", "redirect-without-cors"].map(str::to_owned))
    );
    let paths: BTreeSet<String> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(paths, BTreeSet::from(["/", "/sofetch-audit-not-there"].map(str::to_owned)));
}

#[test]
fn a_server_that_gives_up_is_told_of() {
    let answered = AtomicUsize::new(0);
    let server = server(move |_| match answered.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::ok("x"),
        1..=9 => Reply::reset(),
        10..=19 => Reply::raw("SSH-2.0-nope\r\n"),
        _ => Reply::close(),
    });
    let said = sofetch(&["cors", "audit", &server.url("/")]).ended(0);
    assert!(said.text().contains("of the requests got no answer"), "{}", said.text());
    assert!(said.text().contains(", 1 answered"), "{}", said.text());
}

#[test]
fn what_hangs_ends_with_its_time() {
    let hang = server(|_| Reply::hang());
    sofetch(&["cors", "audit", &hang.url("/"), "--max-time", "0.2"]).ended(3);
    let later = server(|seen| if seen.header("Origin").is_none() { Reply::ok("x") } else { Reply::hang() });
    // On a busy machine the limit may come before the one answer that there is.
    let answered = |limit| {
        let args = ["cors", "audit", &later.url("/"), "--max-time", limit, "--report", "json"];
        sofetch(&args).json()["requests"]["answered"] == 1
    };
    assert!(answered("1") || answered("5"));
}

#[test]
fn a_network_that_fails_ends_with_three() {
    let at = format!("http://127.0.0.1:{}/", closed_port());
    let said = sofetch(&["cors", "audit", &at]).ended(3);
    assert!(said.err.starts_with("sofetch: ") && said.text().is_empty(), "{said:?}");
    assert_eq!(sofetch(&["cors", "audit", "-s", &at]).ended(3).err, "");
    let private = server(|_| Reply::ok("x"));
    sofetch(&["cors", "audit", &private.url("/"), "--no-private"]).ended(1);
    assert_eq!(private.requests().len(), 0);
}

#[test]
fn command_lines_that_mean_nothing_end_with_two() {
    for (args, word) in [
        (&["a.test", "--origin", "null"][..], "every page can ask as `null`"),
        (&["a.test", "--origin", "a.test"], "--origin"),
        (&["a.test", "--method", "a b"], "method"),
        (&["a.test", "--header-name", "a b"], "--header-name"),
        (&["a.test", "-H", "Origin: https://b.test"], "the audit itself sets"),
        (&["a.test", "--report", "xml"], "sarif"),
        (&["https://a b/"], "is not a URL"),
        (&[], "<URL>"),
    ] {
        sofetch(&[&["cors", "audit"], args].concat()).ended(2).complained(word);
    }
}

#[test]
fn secrets_are_not_printed() {
    let server = server(|seen| {
        let origin = seen.header("Origin").unwrap_or_default();
        let reply = Reply::new(200)
            .header("Access-Control-Allow-Origin", origin)
            .header("Access-Control-Allow-Credentials", "true")
            .header("Set-Cookie", "sid=hush-1");
        if seen.method == "HEAD" { reply.as_given() } else { reply.body("x") }
    });
    let url = format!("http://user:hush-2@{}/?token=hush-3", server.address());
    let args = ["cors", "audit", &url, "-H", "Cookie: a=hush-4", "-H", "Authorization: Bearer hush-5"];
    for form in ["text", "json", "sarif", "junit"] {
        let said = sofetch(&[&args[..], &["--report", form]].concat()).ended(1);
        assert!(!said.text().contains("hush"), "{form}: {}", said.text());
    }
    let shown = sofetch(&[&args[..], &["--show-secrets"]].concat()).ended(1);
    for hush in ["hush-1", "hush-3", "hush-4", "hush-5"] {
        assert!(shown.text().contains(hush), "{hush}: {}", shown.text());
    }
}
