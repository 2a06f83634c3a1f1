//! `sofetch run`: scripts and modules in one global, what they print, how it ends, `-v` and `--har`.
//!
//! Longer than most because the scripts stand in it, those that browsers copy whole.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use sofetch_demo::{Ending, Reply, RequestSeen, Server};
use support::{Folder, InWorld, Said, server, sofetch, sofetch_with};

/// An echo, a redirect, and a body that nobody need read.
fn answer(request: &RequestSeen) -> Reply {
    match request.path() {
        "/redirect" => Reply::new(302).header("Location", "/target?token=hush-1"),
        "/large" => Reply::ok(vec![b'x'; 200_000]),
        _ => Reply::ok(format!("{} {}", request.method, request.path()))
            .header("Content-Type", "text/plain")
            .header("Set-Cookie", "session=hush-2; HttpOnly"),
    }
}

/// On the page of this server.
fn on(server: &Server, args: &[&str]) -> Said {
    sofetch(&[&["run", "--base-url", &server.url("/page/")], args].concat())
}

#[test]
fn scripts_share_a_global_in_their_order() {
    let folder = Folder::new();
    let one = folder.write(
        "one.js",
        b"var order = ['one']; let own = 1; setTimeout(() => console.log(order.join()), 0);",
    );
    let two = folder.write("two.mjs", b"order.push('two' + own + typeof this);");
    let args = ["run", &one, "-", &two, "--eval", "order.push('eval')", "--eval", "order.push('again')"];
    let said = sofetch_with(&args, b"\xef\xbb\xbforder.push('stdin')").ended(0);
    assert_eq!((said.text(), &*said.err), ("one,stdin,two1undefined,eval,again\n", ""));
}

#[test]
fn what_goes_where() {
    let said =
        sofetch(&["run", "--eval", "console.log('o'); console.error('e'); console.warn('w'); alert('a')"])
            .ended(0);
    assert_eq!((said.text(), &*said.err), ("o\na\n", "e\nw\n"));
}

#[test]
fn who_has_read_enough_ends_the_scripts() {
    let scripts = [
        "for (let i = 0; ; i++) console.log(i)",
        "setInterval(() => console.log(1), 0); throw new Error('reported all the same')",
        "(async () => { for (;;) { console.log(await 1) } })()",
    ];
    for script in scripts {
        let mut command = support::command(&["run", "--eval", script]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it was built");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        // The reader is gone here.
        assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(0), "{script}: {line}");
    }
}

#[test]
fn exit_codes_table() {
    let table: [(&str, &[&str], i32, &str); 20] = [
        ("nothing left", &["--eval", "1"], 0, ""),
        ("a rejection that was caught", &["--eval", "Promise.reject(1).catch(() => {})"], 0, ""),
        ("a prevented error", &["--eval", "onerror = () => true; throw 1"], 0, ""),
        (
            "an exception",
            &["--eval", "throw new Error('x')"],
            1,
            "Uncaught Error: x\n    at <eval> (--eval:1:",
        ),
        ("one of a task", &["--eval", "setTimeout(() => null.x, 0)"], 1, "Uncaught TypeError"),
        (
            "a rejection",
            &["--eval", "fetch('http://127.0.0.1:1/')"],
            1,
            "Uncaught (in promise) TypeError: Failed to fetch",
        ),
        ("a syntax error", &["--eval", "let 1"], 1, "Uncaught SyntaxError"),
        ("a module's", &["--module", "--eval", "await 0; throw new Error('y')"], 1, "Uncaught Error: y"),
        ("no script", &[], 2, "SCRIPT"),
        ("one that is not there", &["/no/such.js"], 2, "/no/such.js"),
        ("no URL", &["--base-url", "page", "--eval", "1"], 2, "page"),
        ("one without a scheme", &["--base-url", "localhost:8080", "--eval", "1"], 2, "localhost:8080"),
        ("no memory", &["--max-memory", "0", "--eval", "console.log('run')"], 2, "engine"),
        (
            "a report nowhere",
            &["--har", "/no/such/folder/x.har", "--eval", "console.log('run')"],
            2,
            "/no/such/folder",
        ),
        (
            "no page has no policy",
            &["--no-page", "--referrer-policy", "origin", "--eval", "1"],
            2,
            "--no-page",
        ),
        ("nor such a one", &["--no-page", "--csp", "connect-src *", "--eval", "1"], 2, "--no-page"),
        ("a policy that says nothing", &["--csp-report-only", ";", "--eval", "1"], 2, "--csp-report-only"),
        (
            "an integrity policy that is none",
            &["--integrity-policy", "a=(", "--eval", "1"],
            2,
            "--integrity-policy",
        ),
        (
            "a permissions policy that is none",
            &["--permissions-policy", "deferred-fetch=(", "--eval", "1"],
            2,
            "--permissions-policy",
        ),
        ("endpoints that are none", &["--reporting-endpoints", "a=\"", "--eval", "1"], 2, "name=\"URL\""),
    ];
    for (name, args, code, word) in table {
        let said = sofetch(&[&["run"], args].concat());
        assert_eq!((said.code, said.text()), (code, ""), "{name}: {}", said.err);
        assert!(said.err.contains(word), "{name}: {}", said.err);
        assert!(!word.is_empty() || said.err.is_empty(), "{name}: {}", said.err);
    }
}

#[test]
fn a_limit_ends_what_runs() {
    for script in
        ["for (;;);", "try { for (;;); } finally { console.log('caught') }", "setInterval(() => {}, 1)"]
    {
        let said = sofetch(&["run", "--script-timeout", "0.2", "--eval", script]).ended(124);
        assert_eq!((said.text(), &*said.err), ("", ""), "{script}");
    }
    // Before any of it has begun, too.
    let said = sofetch(&["run", "--script-timeout", "0.000001", "--eval", "console.log('run')"]).ended(124);
    assert_eq!((said.text(), &*said.err), ("", ""));
    let said =
        sofetch(&["run", "--script-timeout", "0.2", "--module", "--eval", "for (;;) await 0;"]).ended(124);
    assert_eq!(said.err, "");
}

#[test]
fn each_fetch_has_the_limit_of_the_network() {
    let server = server(|request| match request.path() {
        "/page/hang" => Reply::hang(),
        "/page/stalls" => Reply::ok("begun").header("Content-Length", "9").ending(Ending::Hang),
        _ => Reply::ok("whole"),
    });
    let script = "const said = (text) => console.log(String(text));
        fetch('hang').catch(said).then(() => fetch('stalls')).then(r => r.text()).catch(said).then(() => {
          const x = new XMLHttpRequest(); x.open('GET', 'hang'); x.onerror = () => said('error'); x.send();
          x.onloadend = () => fetch('whole').then(r => r.text()).then(said);
        });";
    let expected =
        "TypeError: Failed to fetch\nTypeError: the body could not be read to its end\nerror\nwhole\n";
    // On a busy machine the limit may come before an answer that there is.
    let within = |limit| on(&server, &["--max-time", limit, "--eval", script]).ended(0).text().to_owned();
    let said = ["0.2", "2", "10"].map(|limit| move || within(limit));
    assert!(said.into_iter().any(|said| said() == expected));
}

#[test]
fn errors_have_their_file_line_and_stack() {
    let folder = Folder::new();
    let script = folder.write("page.js", b"function inner() {\n  throw new Error('deep');\n}\ninner();\n");
    let said = sofetch(&["run", &script]).ended(1);
    assert!(said.err.starts_with("Uncaught Error: deep\n    at inner ("), "{}", said.err);
    assert!(
        said.err.contains(&format!("{script}:2:")) && said.err.contains(&format!("{script}:4:")),
        "{}",
        said.err
    );
    let broken = folder.write("broken.js", b"\n\nlet = ;");
    sofetch(&["run", &broken]).ended(1).complained("broken.js:3:");
    folder.write("dep.mjs", b"\nexport default (() => { throw new TypeError('dep') })();");
    let module = folder.write("main.mjs", b"import './dep.mjs';");
    sofetch(&["run", &module]).ended(1).complained("Uncaught TypeError: dep").complained("dep.mjs:2:");
    folder.write("bad.mjs", b"export default 1;\nexport default 2;");
    let module = folder.write("main2.mjs", b"import './bad.mjs';");
    sofetch(&["run", &module]).ended(1).complained("Uncaught SyntaxError").complained("bad.mjs:2:");
}

#[test]
fn a_script_may_hold_any_character() {
    let folder = Folder::new();
    let script = folder.write(
        "nul.js",
        b"#!/usr/bin/env -S sofetch run\nconsole.log('a\0b'.length, '\xff'.codePointAt(0)); // \0",
    );
    assert_eq!(sofetch(&["run", &script]).ended(0).text(), "3 65533\n");
    let module = folder.write("nul.mjs", b"console.log('a\0b')");
    sofetch(&["run", &module]).ended(2).complained("nul.mjs").complained("NUL");
}

#[test]
fn modules_of_a_files_page() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().join("app/lib")).expect("a folder of one's own");
    folder.write("outside.js", b"export default 'outside';");
    folder.write("app/secret.json", b"{}");
    folder.write(
        "app/lib/part.js",
        b"export const where = import.meta.url; export { main } from '../main.mjs';",
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink("../outside.js", folder.file("app/link.js")).expect("a link of one's own");
    let main = folder.write(
        "app/main.mjs",
        br#"import { where, main as again } from "./lib/part.js";
            export const main = {};
            const late = await new Promise(resolve => setTimeout(resolve, 0, "late"));
            console.log(late, again === main, import.meta.url.endsWith("/app/main.mjs"), where === import.meta.resolve("./lib/part.js"));
            for (const name of ["../outside.js", "./link.js", "./secret.json", "lib"])
              await import(name).catch(error => console.log(error.name, /outside|ends in|no URL/.exec(error.message)[0]));
            import data from "./data.json" with { type: "json" }; console.log(data.n, (await import("mapped")).default);"#,
    );
    folder.write("app/data.json", b"{\"n\": 1}");
    folder.write("app/lib/mapped.js", b"export default 'mapped';");
    // What it says is relative to its own place.
    let map = folder.write("app/map.json", br#"{ "imports": { "mapped": "./lib/mapped.js" } }"#);
    let said = sofetch(&["run", "--import-map", &map, &main]).ended(0);
    let lines: Vec<&str> = said.text().lines().collect();
    let mut expected = vec![
        "late true true true",
        "TypeError outside",
        "TypeError outside",
        "TypeError ends in",
        "TypeError no URL",
        "1 mapped",
    ];
    if !cfg!(unix) {
        expected.remove(1);
    }
    assert_eq!(lines, expected);
    // A file that another imported has its module already.
    let other = folder.write("app/other.mjs", b"import './once.mjs'; console.log('other');");
    let once = folder.write("app/once.mjs", b"console.log('once');");
    assert_eq!(sofetch(&["run", &other, &once]).ended(0).text(), "once\nother\n");
    // A classic script imports relative to its own place; what has no file imports nothing.
    folder.write("app/lib/alone.js", b"export default 'alone';");
    let classic = folder
        .write("app/classic.js", b"import('./lib/alone.js').then(alone => console.log(alone.default));");
    assert_eq!(sofetch(&["run", &classic]).ended(0).text(), "alone\n");
    sofetch(&["run", "--eval", &format!("import('file://{}')", folder.file("outside.js"))])
        .ended(1)
        .complained("folder");
    // A file's page reads nothing else.
    let reading = format!("fetch('file://{main}').catch(error => console.log(error.name))");
    assert_eq!(sofetch(&["run", "--eval", &reading]).ended(0).text(), "TypeError\n");
}

#[test]
fn modules_of_a_page_of_the_network() {
    let server = server(|request| match request.path() {
        "/page/part.js" => module("export default import.meta.url;"),
        "/page/main.js" => {
            module("import part from './part.js'; import late from 'late'; console.log(late, part);")
        }
        "/lib/late.js" => module("export default 'late';"),
        _ => Reply::new(404),
    });
    let folder = Folder::new();
    folder.write("part.js", b"");
    let main = folder.write(
        "main.mjs",
        b"import part from './part.js'; console.log(import.meta.url, part); await import('./none.js').catch(e => console.log(e.message));",
    );
    let page = server.url("/page/");
    let said = on(&server, &[&main]).ended(0);
    let refused = format!("{page}none.js cannot be imported: the server answered 404");
    assert_eq!(said.text(), format!("{page} {page}part.js\n{refused}\n"));
    let importing = format!("import('file://{}').catch(e => console.log(e.message))", folder.file("part.js"));
    assert!(on(&server, &["--eval", &importing]).ended(0).text().contains("there is no folder"));
    // A module of the page's own, with a map whose URLs are relative to the page; scripts keep their order.
    let map = folder.write("map.json", br#"{ "imports": { "late": "/lib/late.js" } }"#);
    let url = format!("{page}main.js");
    let said =
        on(&server, &["--import-map", &map, "--module", &url, "--eval", "console.log('behind')"]).ended(0);
    assert_eq!(said.text(), format!("late {page}part.js\nbehind\n"));
    let said = on(&server, &["-v", "--module", &url]).ended(1);
    assert!(said.err.contains("\"late\" is no URL") && said.err.contains("main.js"), "{}", said.err);
    on(&server, &[&url]).ended(2).complained("--module");
    on(&server, &["--import-map", &main, "--eval", "1"]).ended(2).complained("the import map cannot be used");
    // What a fetch may not reach, a module may not either; -v tells of modules as of fetches.
    on(&server, &["--no-private", "--module", &url]).ended(1).complained("failed to fetch");
    let said = on(&server, &["-v", "--import-map", &map, "--module", &url]).ended(0);
    assert!(said.err.contains("/page/part.js") && said.err.contains("/lib/late.js"), "{}", said.err);
    // On one's own behalf nobody asks for leave.
    let own = [
        "run",
        "--no-page",
        "--module",
        "--eval",
        &format!("import part from '{page}part.js'; console.log(part)"),
    ];
    assert_eq!(sofetch(&own).ended(0).text(), format!("{page}part.js\n"));
    sofetch(&["run", "--module", &url]).ended(1).complained("failed to fetch");
}

fn module(text: &'static str) -> Reply {
    Reply::ok(text).header("Content-Type", "text/javascript")
}

#[test]
fn the_page_is_who_fetches() {
    let world = InWorld::start();
    let page = ["run", "--base-url", "https://javascript.info/article/page.html"];
    let script = "fetch('https://site.com/closed.json').catch(e => console.log(e.name)).then(() => fetch('https://site.com/readable.json')).then(r => console.log(r.type))";
    let said = world.sofetch(&[&page[..], &["--eval", script]].concat()).ended(0);
    assert_eq!(said.text(), "TypeError\ncors\n");
    let said = world
        .sofetch(&[
            "run",
            "--no-page",
            "--eval",
            "fetch('https://site.com/closed.json').then(r => console.log(r.status))",
        ])
        .ended(0);
    assert_eq!(said.text(), "200\n");
    for (policy, referrer) in [
        ("no-referrer", None),
        ("origin", Some("https://javascript.info/")),
        ("unsafe-url", Some("https://javascript.info/article/page.html")),
    ] {
        let asked = world.world.api.requests().len();
        let args = ["--referrer-policy", policy, "--eval", "fetch('https://site.com/readable.json')"];
        world.sofetch(&[&page[..], &args].concat()).ended(0);
        assert_eq!(world.world.api.requests()[asked].header("Referer").as_deref(), referrer, "{policy}");
    }
}

#[test]
fn a_page_has_policies() {
    let world = InWorld::start();
    let script = "addEventListener('securitypolicyviolation', e => console.log(e.effectiveDirective, e.disposition, e.blockedURI));
                  fetch('https://site.com/readable.json').then(r => console.log(r.status), e => console.log(e.name))";
    let url = "https://site.com/readable.json";
    for (option, policy, expected) in [
        ("--csp", "connect-src 'self'", format!("connect-src enforce {url}\nTypeError\n")),
        ("--csp-report-only", "default-src 'self'", format!("connect-src report {url}\n200\n")),
        ("--csp", "connect-src https://site.com", "200\n".to_owned()),
    ] {
        let page = ["run", "--base-url", "https://javascript.info/article/page.html", option, policy];
        let said = world.sofetch(&[&page[..], &["--eval", script]].concat()).ended(0);
        assert_eq!((said.text(), &*said.err), (&*expected, ""), "{option} {policy}");
    }
    let said = world.sofetch(&["run", "--csp", "conect-src 'self'", "--eval", "1"]).ended(0);
    assert!(said.err.contains("conect-src"), "what a policy says in vain is told: {}", said.err);
}

/// As three browsers copy one request. Chromium's and Safari's run as they are, Firefox's begins with `await`.
#[test]
fn what_devtools_copy_runs_as_pasted() {
    let chromium = r#"fetch("https://site.com/account.json", {
  "headers": {
    "accept": "*/*",
    "accept-language": "en-GB,en;q=0.9",
    "cache-control": "no-cache",
    "pragma": "no-cache",
    "priority": "u=1, i",
    "sec-ch-ua": "\"Not;A=Brand\";v=\"99\", \"Chromium\";v=\"140\"",
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": "\"Linux\"",
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "cross-site"
  },
  "referrer": "https://javascript.info/",
  "referrerPolicy": "strict-origin-when-cross-origin",
  "body": null,
  "method": "GET",
  "mode": "cors",
  "credentials": "include"
});"#;
    let safari = r#"fetch("https://site.com/account.json", {
    "cache": "default",
    "credentials": "include",
    "headers": {
        "Accept": "*/*",
        "Accept-Language": "en-GB",
        "Priority": "u=3, i",
        "User-Agent": "Mozilla/5.0"
    },
    "method": "GET",
    "mode": "cors",
    "redirect": "follow",
    "referrer": "https://javascript.info/",
    "referrerPolicy": "strict-origin-when-cross-origin"
})"#;
    let firefox = r#"await fetch("https://site.com/account.json", {
    "credentials": "include",
    "headers": {
        "User-Agent": "Mozilla/5.0",
        "Accept": "*/*",
        "Accept-Language": "en-GB,en;q=0.5",
        "Sec-Fetch-Dest": "empty",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "cross-site"
    },
    "referrer": "https://javascript.info/",
    "method": "GET",
    "mode": "cors"
});"#;
    for (script, more, granted) in [
        (chromium, &[][..], false),
        (safari, &[], false),
        (firefox, &["--module"], false),
        (SIMPLE, &[], true),
    ] {
        let world = InWorld::start();
        let args = [&["run", "--base-url", "https://javascript.info/"], more, &["--eval", script]].concat();
        let said = world.sofetch(&args);
        let requests = world.world.api.requests();
        if granted {
            said.ended(0);
            let sent = requests.last().expect("it was sent");
            assert_eq!(sent.header("Referer").as_deref(), Some("https://javascript.info/"));
            assert_eq!(sent.header("Origin").as_deref(), Some("https://javascript.info"));
            assert_eq!(sent.header("Sec-Fetch-Site").as_deref(), Some("cross-site"), "the engine's own word");
            assert_eq!(sent.header("sec-ch-ua"), None, "no page sets it");
            continue;
        }
        // What a browser adds by itself is a header of the script's once it is pasted: it needs a preflight, as in a browser.
        assert_eq!(requests[0].method, "OPTIONS", "{script}");
        let asked = requests[0].header("Access-Control-Request-Headers").unwrap_or_default();
        assert!(!asked.contains("sec-") && !asked.contains("accept"), "{asked}");
        said.ended(1).complained("Failed to fetch");
    }
}

const SIMPLE: &str = r#"fetch("https://site.com/account.json", {
  "headers": {
    "accept": "*/*",
    "accept-language": "en-GB,en;q=0.9",
    "sec-ch-ua": "\"Not;A=Brand\";v=\"99\", \"Chromium\";v=\"140\"",
    "sec-ch-ua-mobile": "?0",
    "sec-fetch-dest": "empty"
  },
  "referrer": "https://javascript.info/",
  "referrerPolicy": "strict-origin-when-cross-origin",
  "body": null,
  "method": "GET",
  "mode": "cors",
  "credentials": "include"
});"#;

#[test]
fn decisions_are_told_when_a_fetch_has_answered() {
    let server = server(answer);
    let script = "(async () => {
        for (const path of ['/one?token=hush-3', '/redirect']) await (await fetch(path, { headers: { 'Api-Key': 'hush-4' } })).text();
        console.error('both are over');
        await fetch('http://127.0.0.1:6000/').catch(() => {});
    })()";
    let said = on(&server, &["-v", "--eval", script]).ended(0);
    let told = said.err.find("both are over").expect("it is told");
    let (before, after) = said.err.split_at(told);
    assert!(
        before.contains("GET") && before.contains("/one?token=[redacted]") && before.contains("/target"),
        "{}",
        said.err
    );
    assert!(after.contains("6000") && !after.contains("/one"), "{}", said.err);
    assert!(!said.err.contains("hush") && !said.err.contains('\u{1b}'), "{}", said.err);
    let shown = on(&server, &["-v", "--show-secrets", "--eval", script]).ended(0);
    assert!(shown.err.contains("hush-3") && shown.err.contains("hush-4"), "{}", shown.err);
}

fn entries(path: &str) -> Vec<Value> {
    let har: Value = serde_json::from_slice(&fs::read(path).expect("it was written")).expect("JSON");
    assert_eq!((&har["log"]["version"], &har["log"]["creator"]["name"]), (&json!("1.2"), &json!("sofetch")));
    har["log"]["entries"].as_array().expect("a list").clone()
}

#[test]
fn a_har_has_every_exchange() {
    let world = InWorld::start();
    let folder = Folder::new();
    let path = folder.file("run.har");
    let script = "(async () => {
        await (await fetch('https://site.com/service.json', { method: 'PATCH', headers: { 'API-Key': 'hush', 'Content-Type': 'application/json' }, body: '{}' })).text();
        await (await fetch('/own.json')).text();
        await fetch('https://site.com/closed.json').catch(() => {});
        await (await fetch('data:text/plain,hi')).text();
    })()";
    let args = ["run", "--base-url", "https://javascript.info/", "-v", "--har", &path, "--eval", script];
    let said = world.sofetch(&args).ended(0);
    assert!(said.err.contains("PATCH"), "both listen: {}", said.err);
    let entries = entries(&path);
    let exchanges: Vec<_> = entries
        .iter()
        .map(|entry| {
            let word = |value: &Value| value.as_str().expect("a word").to_owned();
            (
                word(&entry["request"]["method"]),
                word(&entry["request"]["url"]),
                entry["response"]["status"].clone(),
            )
        })
        .collect();
    let expected = [
        ("OPTIONS", "https://site.com/service.json", 200),
        ("PATCH", "https://site.com/service.json", 200),
        ("GET", "https://javascript.info/own.json", 200),
        ("GET", "https://site.com/closed.json", 200),
        ("GET", "data:text/plain,hi", 200),
    ];
    for ((method, url, status), (expected_method, expected_url, _)) in exchanges.iter().zip(expected) {
        assert_eq!((&**method, &**url), (expected_method, expected_url));
        assert!(status.as_u64().is_some_and(|status| (200..300).contains(&status)), "{status}");
    }
    assert_eq!(exchanges.len(), expected.len(), "{exchanges:?}");
    assert_eq!(entries[0]["_purpose"], "preflight");
    assert_eq!(entries[1]["request"]["bodySize"], 2);
    assert!(entries[1]["response"]["content"]["size"].as_u64().is_some_and(|size| size > 0));
    assert!(entries[0]["timings"]["ssl"].as_f64().is_some_and(|time| time >= 0.0));
    assert!(entries[3]["comment"].is_string() && entries[3]["response"]["_error"].is_string());
    let text = fs::read_to_string(&path).expect("it was written");
    assert!(!text.contains("hush") && text.contains("[redacted]"));
}

#[test]
fn a_har_is_written_however_it_ends() {
    let server = server(answer);
    let folder = Folder::new();
    let path = folder.file("run.har");
    // Refused scripts, bodies that nobody reads, a redirect, secrets that are asked for.
    let script = "fetch('/redirect').then(() => fetch('/large')).then(() => { throw new Error('x') })";
    on(&server, &["--har", &path, "--show-secrets", "--eval", script]).ended(1);
    let all = entries(&path);
    let statuses: Vec<_> = all.iter().map(|entry| entry["response"]["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(302), Some(200), Some(200)]);
    assert_eq!(all[0]["response"]["redirectURL"], "/target?token=hush-1");
    assert_eq!(all[1]["request"]["queryString"], json!([{ "name": "token", "value": "hush-1" }]));
    assert_eq!(
        all[1]["response"]["cookies"],
        json!([{ "name": "session", "value": "hush-2", "httpOnly": true }])
    );
    assert_eq!((&all[2]["response"]["bodySize"], &all[2]["timings"]["dns"]), (&json!(-1), &json!(-1)));
    on(
        &server,
        &[
            "--har",
            &path,
            "--script-timeout",
            "1",
            "--eval",
            "fetch('/x').then(r => r.text()).then(() => { for (;;); })",
        ],
    )
    .ended(124);
    assert_eq!(entries(&path).len(), 1);
    sofetch(&["run", "--har", &path, "--eval", "1"]).ended(0);
    assert!(entries(&path).is_empty());
}

#[test]
fn the_help_says_what_the_engine_lacks() {
    let said = sofetch(&["run", "--help"]).ended(0);
    for word in [
        "Intl",
        "Temporal",
        "WebAssembly",
        "document",
        "124",
        "--har",
        "--module",
        "--import-map",
        "Copy as fetch",
    ] {
        assert!(said.text().contains(word), "{word}: {}", said.text());
    }
    let probe = "console.log(['Intl', 'Temporal', 'WebAssembly', 'document', 'process', 'require', 'Deno', 'std', 'os'].filter(name => name in globalThis).join())";
    assert_eq!(sofetch(&["run", "--eval", probe]).ended(0).text(), "\n");
}
