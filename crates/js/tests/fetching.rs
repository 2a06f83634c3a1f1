//! `fetch()` from scripts, over loopback: a page's rules, bodies both ways, abort; each script says what it saw, line by line.
//! Long by its tables: a row a case, and of one stage of a fetch after the other.
//! A case is an asynchronous function of its own, so that its names are not the global's.

mod support;

use std::time::Duration;

use sofetch::UserAgent;
use sofetch_testkit::loopback::{Origins, Reply, RequestSeen, Server, serve};
use support::{Page, run};

/// `/json`, `/large` and the like; the rest is an echo of the request.
fn answer(request: &RequestSeen) -> Reply {
    match request.path() {
        "/json" => Reply::ok(r#"{"entries":[1,2,3]}"#).header("Content-Type", "application/json"),
        "/missing" => Reply::new(404).body("no such thing"),
        "/hang" => Reply::hang(),
        "/large" => Reply::ok(vec![b'x'; 300_000]),
        "/again" => Reply::new(307).header("Location", "/echo"),
        "/redirect" => Reply::new(302).header("Location", "/json"),
        "/empty" => Reply::new(204),
        "/late" => Reply::new(200).chunked().pause(Duration::from_millis(5)).piece("late"),
        "/endless" => Reply::new(200).chunked().piece("x").pause(Duration::from_secs(600)).piece("y"),
        "/form" => Reply::ok("a=1&b=%C3%A9").header("Content-Type", "application/x-www-form-urlencoded"),
        _ => Reply::ok(echo(request)).header("Content-Type", "text/plain").header("Set-Cookie", "a=b"),
    }
}

fn echo(request: &RequestSeen) -> String {
    let content_type = request.header("content-type").unwrap_or_default();
    let content_type = content_type.split("boundary=").next().unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {} [{content_type}] {}", request.method, request.path(), body.len().min(999)) + "|" + &body
}

fn server() -> Server {
    serve(answer)
}

/// What each script of a page of this server prints.
fn check(cases: &[(&str, &str, &[&str])]) {
    let server = server();
    for (name, script, expected) in cases {
        let script = format!("(async () => {{ {script} }})();");
        assert_eq!(run(Page::of(&server.url("/page/")), &script), *expected, "{name}");
    }
}

#[test]
fn responses_table() {
    check(&[
        (
            "the simplest fetch",
            r#"fetch("/json").then(function (response) {
                 console.log(response instanceof Response, response.ok, response.status, response.type, response.url.endsWith("/json"));
                 return response.json().then(data => console.log(data.entries.length, response.bodyUsed));
               }, error => console.log("failed", error));"#,
            &["true true 200 basic true", "3 true"],
        ),
        (
            "any status is an answer",
            r#"const r = await fetch("/missing"); console.log(r.ok, r.status, r.statusText, await r.text());"#,
            &["false 404 Not Found no such thing"],
        ),
        (
            "redirects are followed, refused, or opaque",
            r#"const r = await fetch("/redirect"); console.log(r.redirected, r.url.endsWith("/json"));
               const m = await fetch("/redirect", { redirect: "manual" }); console.log(m.type, m.status, m.body);
               await fetch("/redirect", { redirect: "error" }).catch(e => console.log(e instanceof TypeError));"#,
            &["true true", "opaqueredirect 0 null", "true"],
        ),
        (
            "cookies are for nobody's eyes, and fetched headers are nobody's to change",
            r#"const r = await fetch("/echo"); console.log(r.headers.get("set-cookie"), r.headers.getSetCookie().length);
               try { r.headers.set("a", "b"); } catch (e) { console.log(e instanceof TypeError); }"#,
            &["null 0", "true"],
        ),
        (
            "a body is read once",
            r#"const r = await fetch("/json"); const c = r.clone(); await r.text();
               await r.text().catch(e => console.log(e instanceof TypeError)); console.log((await c.text()).length);
               try { r.clone(); } catch (e) { console.log(e instanceof TypeError); }"#,
            &["true", "19", "true"],
        ),
        (
            "every way to read one",
            r#"const read = async kind => (await fetch("/json"))[kind]();
               console.log((await read("arrayBuffer")).byteLength, (await read("bytes")).constructor.name, (await read("blob")).type);
               console.log([...(await (await fetch("/form")).formData())].join(" "));
               await read("formData").catch(e => console.log(e instanceof TypeError));
               let text = ""; for await (const chunk of (await fetch("/json")).textStream()) text += chunk; console.log(text);"#,
            &["19 Uint8Array application/json", "a,1 b,é", "true", r#"{"entries":[1,2,3]}"#],
        ),
        (
            "no body",
            r#"const r = await fetch("/empty"); console.log(r.status, r.body, r.bodyUsed, (await r.text()) === "", r.bodyUsed);"#,
            &["204 null false true false"],
        ),
        (
            "read as a stream",
            r#"const r = await fetch("/large"); const reader = r.body.getReader(); let n = 0;
               for (;;) { const { done, value } = await reader.read(); if (done) break; n += value.byteLength; }
               console.log(n, r.bodyUsed, r.body.locked);
               const byob = (await fetch("/large")).body.getReader({ mode: "byob" });
               const { value } = await byob.read(new Uint8Array(1000), { min: 1000 }); console.log(value.byteLength); await byob.cancel();
               const [a, b] = (await fetch("/large")).body.tee();
               console.log((await new Response(a).text()).length, (await new Response(b).arrayBuffer()).byteLength);"#,
            &["300000 true true", "1000", "300000 300000"],
        ),
        (
            "a stream that was never asked for looks read once it was",
            r#"const r = await fetch("/json"); await r.text(); console.log(r.body.locked, r.bodyUsed, r.body === r.body);"#,
            &["true true true"],
        ),
        (
            "what is no URL, or none that scripts may fetch",
            r#"for (const url of ["http://[", "http://a:b@c/", "ftp://a.test/", "http://127.0.0.1:1/"])
                 await fetch(url).catch(e => console.log(e.name));"#,
            &["TypeError", "TypeError", "TypeError", "TypeError"],
        ),
        (
            "data: and about: URLs, and blobs",
            r#"console.log(await (await fetch("data:,hi")).text());
               await fetch("about:config").catch(e => console.log(e.name));
               const url = URL.createObjectURL(new Blob(["blob"], { type: "a/b" })); const r = await fetch(url);
               console.log(r.headers.get("content-type"), await r.text());"#,
            &["hi", "TypeError", "a/b blob"],
        ),
    ]);
}

#[test]
fn requests_table() {
    check(&[
        (
            "each kind of body with its type",
            r#"const send = async body => console.log(await (await fetch("/echo", { method: "POST", body })).text());
               await send("text é"); await send(new URLSearchParams({ a: "1 2" })); await send(new Uint8Array([104, 105]));
               await send(new Blob(["b"], { type: "x/y" }));
               const form = new FormData(); form.append("k", "v");
               const sent = await (await fetch("/echo", { method: "POST", body: form })).text();
               console.log(sent.startsWith("POST /echo [multipart/form-data; ] "), sent.includes('name="k"'));"#,
            &[
                "POST /echo [text/plain;charset=UTF-8] 7|text é",
                "POST /echo [application/x-www-form-urlencoded;charset=UTF-8] 5|a=1+2",
                "POST /echo [] 2|hi",
                "POST /echo [x/y] 1|b",
                "true true",
            ],
        ),
        (
            "methods, normalized as the Standard has it, and those that are forbidden",
            r#"console.log(new Request("/", { method: "put" }).method, new Request("/", { method: "patch" }).method);
               for (const method of ["TRACE", "connect", "a b"])
                 try { new Request("/", { method }); } catch (e) { console.log(e.name); }
               try { new Request("/", { body: "x" }); } catch (e) { console.log(e.name); }"#,
            &["PUT patch", "TypeError", "TypeError", "TypeError", "TypeError"],
        ),
        (
            "guards",
            r#"const r = new Request("/", { headers: { "Content-Length": "11", "Host": "x", "X-A": "1" } });
               console.log([...r.headers].join(" "));
               const n = new Request("/", { mode: "no-cors", headers: { "X-A": "1", "Accept": "a/b" } }); console.log([...n.headers].join(" "));
               const h = new Headers([["b", "2"], ["a", "1"], ["a", "3"]]); console.log([...h].join(" "), h.get("A"), h.has("c"));
               for (const bad of [["a b", "c"], ["a", "b\nc"], ["é", "c"]]) try { h.append(...bad); } catch (e) { console.log(e.name); }"#,
            &["x-a,1", "accept,a/b", "a,1, 3 b,2 1, 3 false", "TypeError", "TypeError", "TypeError"],
        ),
        (
            "a request of a request",
            r#"const a = new Request("/echo", { method: "POST", body: "abc", headers: { "X-A": "1" } });
               const b = new Request(a, { headers: { "X-B": "2" } });
               console.log(a.bodyUsed, [...b.headers].join(" "), await (await fetch(b)).text(), b.bodyUsed);
               try { new Request(a); } catch (e) { console.log(e.name); }
               const c = new Request("/echo", { method: "POST", body: "abc" }); const d = c.clone();
               console.log(await c.text(), await d.text());"#,
            &["true x-b,2 POST /echo [] 3|abc true", "TypeError", "abc abc"],
        ),
        (
            "a body whose stream was only looked at can still be sent twice",
            r#"const r = new Request("/again", { method: "POST", body: "abc" }); const { body } = r;
               const sent = await fetch(r); console.log(await sent.text(), r.bodyUsed, body.locked, r.body === body);
               const s = new Request("/again", { method: "POST", body: "abc" }); s.body; const c = s.clone();
               console.log(await (await fetch(c)).text(), await (await fetch(s)).text());"#,
            &[
                "POST /echo [text/plain;charset=UTF-8] 3|abc true true true",
                "POST /echo [text/plain;charset=UTF-8] 3|abc POST /echo [text/plain;charset=UTF-8] 3|abc",
            ],
        ),
        (
            "the members of a request",
            r#"const r = new Request("/a?b#c", { credentials: "include", cache: "no-store", redirect: "manual", referrerPolicy: "origin", keepalive: true, integrity: "sha256-x", referrer: "" });
               console.log(r.url.endsWith("/a?b#c"), r.mode, r.credentials, r.cache, r.redirect, r.referrerPolicy, r.keepalive, r.integrity, JSON.stringify(r.referrer), r.destination === "", r.duplex);
               console.log(new Request("/").referrer);"#,
            &["true cors include no-store manual origin true sha256-x \"\" true half", "about:client"],
        ),
        (
            "responses of one's own",
            r#"const r = new Response("hi", { status: 201, statusText: "Made", headers: { "Set-Cookie": "a", "X-A": "b" } });
               console.log(r.status, r.statusText, r.headers.get("set-cookie"), r.headers.get("x-a"), r.headers.get("content-type"), await r.text());
               for (const make of [() => new Response("x", { status: 204 }), () => new Response("x", { status: 99 }), () => Response.redirect("/", 200), () => Response.json(undefined)])
                 try { make(); } catch (e) { console.log(e.name); }
               const e = Response.error(); console.log(e.type, e.status, e.body); try { e.headers.set("Origin", "x"); } catch (x) { console.log(x.name); }
               console.log(await Response.json({ a: 1 }).text(), Response.redirect("/x").headers.get("location").endsWith("/x"));"#,
            &[
                "201 Made null b text/plain;charset=UTF-8 hi",
                "TypeError",
                "RangeError",
                "RangeError",
                "TypeError",
                "error 0 null",
                "TypeError",
                "{\"a\":1} true",
            ],
        ),
        (
            "a stream goes up over HTTP/2 alone, and asks to be half duplex",
            r#"const body = () => new ReadableStream({ start(c) { c.enqueue(new Uint8Array([1])); c.close(); } });
               try { new Request("/echo", { method: "POST", body: body() }); } catch (e) { console.log(e.name); }
               await fetch("/echo", { method: "POST", body: body(), duplex: "half" }).catch(e => console.log(e.name));"#,
            &["TypeError", "TypeError"],
        ),
    ]);
}

#[test]
fn abort_table() {
    check(&[
        (
            "before it begins",
            r#"const signal = AbortSignal.abort(); await fetch("/json", { signal }).catch(e => console.log(e.name, e === signal.reason));"#,
            &["AbortError true"],
        ),
        (
            "before the response",
            r#"const c = new AbortController(); const f = fetch("/hang", { signal: c.signal }); setTimeout(() => c.abort("why"), 10);
               await f.catch(e => console.log(e));"#,
            &["why"],
        ),
        (
            "while the body is read",
            r#"const c = new AbortController(); const r = await fetch("/large", { signal: c.signal });
               const text = r.text(); c.abort(); await text.catch(e => console.log(e.name)); console.log(r.bodyUsed);
               const s = await fetch("/large", { signal: AbortSignal.any([AbortSignal.timeout(60000)]) }); await s.text(); console.log("done");"#,
            &["AbortError", "true", "done"],
        ),
        (
            "the stream of a body",
            r#"const c = new AbortController(); const r = await fetch("/large", { signal: c.signal }); const reader = r.body.getReader();
               await reader.read(); c.abort(); await reader.closed.catch(e => console.log(e.name));"#,
            &["AbortError"],
        ),
        (
            "what was cloned fails with what it was cloned of",
            r#"const told = async (cloned) => { const c = new AbortController(); const r = await fetch("/endless", { signal: c.signal });
                 const bodies = cloned(r, () => c.abort("why")); c.abort("why");
                 console.log(...await Promise.all(bodies.map(b => b.text().catch(e => e)))); };
               await told(r => [r, r.clone()]);
               await told((r, abort) => { abort(); return [r, r.clone()]; });
               await told(r => { r.body; return [r, r.clone().clone()]; });
               await told(r => { const clone = r.clone(); clone.body; return [clone, clone.clone()]; });
               await told(r => { const clone = r.clone(); r.body.cancel(); return [clone]; });"#,
            &["why why", "why why", "why why", "why why", "why"],
        ),
        (
            "whatever script still holds of it",
            r#"const c = new AbortController(), { signal } = c; const get = () => fetch("/endless", { signal });
               const text = (await get()).text(), clone = (await get()).clone().text(), reader = (await get()).body.getReader();
               const branch = await get().then(r => { r.body; return r.clone().body.getReader(); });
               await reader.read(); await branch.read(); c.abort("why");
               console.log(...await Promise.all([text, clone, reader.read(), branch.read()].map(p => p.catch(e => e))));"#,
            &["why why why why"],
        ),
        (
            "a time limit",
            r#"await fetch("/hang", { signal: AbortSignal.timeout(10) }).catch(e => console.log(e.name));"#,
            &["TimeoutError"],
        ),
    ]);
}

/// What scripts of https://app.test print.
fn of_app(script: &str) -> Vec<String> {
    let origins = Origins::new().with("app.test", answer).with("api.test", |request| {
        let allow = ("Access-Control-Allow-Origin", "https://app.test");
        match (&*request.method, request.path()) {
            ("OPTIONS", "/open") => Reply::new(204).headers(&[
                allow,
                ("Access-Control-Allow-Methods", "PATCH"),
                ("Access-Control-Allow-Headers", "api-key, content-type"),
            ]),
            (_, "/open") => Reply::ok(echo(request)).headers(&[
                allow,
                ("X-Seen", "1"),
                ("Access-Control-Expose-Headers", "x-seen"),
                ("X-Hidden", "2"),
            ]),
            ("POST", "/unasked") => Reply::ok(echo(request)).headers(&[allow]),
            (_, "/stream") => {
                Reply::ok(echo(request)).headers(&[allow, ("Access-Control-Allow-Headers", "*")])
            }
            _ => Reply::ok("secret"),
        }
    });
    let mut agent = UserAgent::builder().add_root_certificates_pem(origins.authority.pem());
    for (host, port, address) in origins.addresses() {
        agent = agent.connect_to(&host, port, address);
    }
    let page = Page { agent, ..Page::of("https://app.test/") };
    run(page, &format!("(async () => {{ {script} }})();"))
}

#[test]
fn across_origins() {
    let lines = of_app(
        r#"const r = await fetch("https://api.test/open", { method: "PATCH", headers: { "API-Key": "k", "Content-Type": "application/json" }, body: "{}" });
           console.log(r.type, r.headers.get("x-seen"), r.headers.get("x-hidden"), await r.text());
           await fetch("https://api.test/closed").catch(e => console.log(e.name));
           await fetch("https://api.test/open", { method: "PUT" }).catch(e => console.log(e.name));
           const o = await fetch("https://api.test/closed", { mode: "no-cors" }); console.log(o.type, o.status, o.body, (await o.text()) === "");
           await fetch("https://api.test/open", { mode: "same-origin" }).catch(e => console.log(e.name));"#,
    );
    assert_eq!(
        lines,
        [
            "cors 1 null PATCH /open [application/json] 2|{}",
            "TypeError",
            "TypeError",
            "opaque 0 null true",
            "TypeError",
        ]
    );
}

#[test]
fn what_asks_first_does_not_make_ask_what_is_made_of_it() {
    let lines = of_app(
        r#"const stream = new Request("https://api.test/unasked", { method: "POST", body: new ReadableStream(), duplex: "half" });
           console.log(await fetch(stream.clone()).then(r => r.status, e => e.name));
           console.log(await fetch(new Request(stream, { body: "x" })).then(r => r.text()));"#,
    );
    assert_eq!(lines, ["TypeError", "POST /unasked [text/plain;charset=UTF-8] 1|x"]);
}

#[test]
fn bodies_that_nobody_reads_end_with_their_objects() {
    let server = server();
    let script = r#"(async () => { for (let i = 0; i < 300; i++) { const r = await fetch("/large"); if (i % 3 == 0) r.body; }
                     const c = new AbortController();
                     for (let i = 0; i < 300; i++) { const a = new AbortController(); const f = fetch("/hang", { signal: a.signal }); a.abort(); await f.catch(() => {}); }
                     for (let i = 0; i < 300; i++) await (await fetch("/json", { signal: c.signal })).text();
                     console.log("done"); })();"#;
    assert_eq!(run(Page::of(&server.url("/")), script), ["done"]);
}

#[test]
fn who_reads_no_bodies_runs_out_of_no_connections() {
    check(&[
        (
            "bodies that come later than their heads, held all the while",
            r#"const kept = []; for (let i = 0; i < 20; i++) kept.push(await fetch("/late")); console.log(kept.length, await kept[7].text());"#,
            &["20 late"],
        ),
        (
            "opaque ones, which script cannot read, and an abort ends",
            r#"const c = new AbortController(); const other = location.origin.replace("127.0.0.1", "localhost"); const kept = [];
               for (let i = 0; i < 20; i++) { kept.push(await fetch(other + "/late", { mode: "no-cors" })); }
               for (let i = 0; i < 6; i++) kept.push(await fetch(other + "/endless", { mode: "no-cors", signal: c.signal }));
               c.abort();
               kept.push(await fetch(other + "/late", { mode: "no-cors" })); console.log(kept.length, kept[0].type);"#,
            &["27 opaque"],
        ),
    ]);
}

#[test]
fn a_clone_of_many_is_read_like_one() {
    check(&[(
        "clones of one, and each of the last",
        r#"const one = await fetch("/late"); for (let i = 0; i < 20_000; i++) one.clone(); console.log(await one.text());
           let last = await fetch("/late"); for (let i = 0; i < 20_000; i++) last = last.clone(); console.log(await last.text());"#,
        &["late", "late"],
    )]);
}

#[test]
fn a_stream_of_wrong_chunks_is_the_fetchs_own_failure() {
    check(&[
        (
            "a chunk that is there before the fetch begins",
            r#"addEventListener("unhandledrejection", e => console.log("unhandled", e.reason));
               const body = new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } });
               await new Promise(r => setTimeout(r));
               await fetch("/echo", { method: "POST", body, duplex: "half" }).catch(e => console.log(e.name, e.message));
               await new Promise(r => setTimeout(r));"#,
            &["TypeError A chunk of a request's body is no Uint8Array"],
        ),
        (
            "one whose bytes were taken away has none; who enqueues it hears nothing of the fetch",
            r#"addEventListener("unhandledrejection", e => console.log("unhandled", e.reason));
               const gone = () => { const chunk = new Uint8Array(4); chunk.buffer.transfer(); return chunk; };
               let controller; const late = new ReadableStream({ start(c) { controller = c; } });
               const early = new ReadableStream({ start(c) { c.enqueue(gone()); c.close(); } });
               const send = body => fetch("/echo", { method: "POST", body, duplex: "half" }).catch(e => console.log(e.name, e.message));
               await send(early); const sent = send(late); controller.enqueue(gone()); await sent;"#,
            &["TypeError Failed to fetch", "TypeError Failed to fetch"],
        ),
    ]);
}

#[test]
fn a_page_asks_in_the_language_that_its_navigator_shows() {
    let server = server();
    for (agent, expected) in
        [(UserAgent::builder(), "en-US"), (UserAgent::builder().accept_language(Some("de-CH")), "de-CH")]
    {
        let page = Page { agent, ..Page::of(&server.url("/")) };
        assert_eq!(run(page, "fetch('/echo').then(() => console.log(navigator.language))"), [expected]);
        let requests = server.requests_to("/echo");
        assert_eq!(
            requests.last().and_then(|request| request.header("accept-language")).as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn on_the_users_own_behalf() {
    let server = server();
    let page = Page { page: false, ..Page::of(&server.url("/")) };
    let script = r#"(async () => {
        const r = await fetch("/echo", { headers: { Cookie: "a=b", Origin: "https://x.test", "Content-Length": "7" } });
        console.log(r.type, r.headers.get("set-cookie")); })();"#;
    assert_eq!(run(page, script), ["basic a=b"]);
    let request = &server.requests_to("/echo")[0];
    assert_eq!(request.header("accept-language"), None);
    let said = ["cookie", "origin", "content-length"].map(|name| request.header(name).unwrap_or_default());
    assert_eq!(said, ["a=b", "https://x.test", ""]);
}
