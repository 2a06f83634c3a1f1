//! Blob, File, FileReader, blob URLs and FormData as scripts find them: each case is a script and the lines that it prints.
//! Long by its tables: a row a case, and of one interface after the other.
//! A case is a function of its own, so that its names are not the global's.

#[path = "support/lines.rs"]
mod lines;

use std::rc::Rc;
use std::time::Duration;

use sofetch::Url;
use sofetch_js::{Ending, Global, Runtime, RuntimeBuilder};

use lines::Lines;

/// What every case finds: `log`, which prints values as JSON, and `said`, what a function throws.
const PROLOGUE: &str = r#"
    const log = (...values) => console.log(values.map((value) => JSON.stringify(value) ?? String(value)).join(" "));
    const said = (steps) => { try { steps(); return "nothing"; } catch (error) { return error.name; } };
"#;

fn run(global: Global, script: &str) -> Vec<String> {
    run_with(Runtime::builder().global(global), script)
}

fn run_with(builder: RuntimeBuilder, script: &str) -> Vec<String> {
    let lines = Lines::default();
    let mut runtime = builder
        .base_url(Url::parse("https://example.test/page", None).expect("a URL"))
        .time_limit(Duration::from_secs(60))
        .printer(Rc::new(lines.clone()))
        .build()
        .expect("a runtime");
    // A function, so that no case's names are the global's.
    let source = format!("{{ {PROLOGUE} (async () => {{ {script} }})(); }}");
    runtime.run_script(&source, "case.js").expect("no NUL");
    assert_eq!(runtime.run_until_idle(), Ending::Idle, "{script}");
    drop(runtime);
    lines.take()
}

fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        assert_eq!(run(Global::Window, script), *expected, "{name}");
    }
}

#[test]
fn blob_table() {
    check(&[
        (
            "parts are joined in order, whatever they are",
            r#"const bytes = new Uint8Array([97, 98, 99, 100]);
               const blob = new Blob(["\u00E9", bytes.subarray(1, 3), bytes.buffer, new DataView(bytes.buffer, 3), new Blob(["!"]), 5]);
               log(blob.size, blob.type, await blob.text());"#,
            &[r#"11 "" "ébcabcdd!5""#],
        ),
        (
            "a lone surrogate becomes U+FFFD, in parts as in names",
            r#"log(await new Blob(["a\uD800b"]).text(), new File([], "a\uDC00b").name);"#,
            &["\"a\u{FFFD}b\" \"a\u{FFFD}b\""],
        ),
        (
            "native line endings are those of strings alone",
            r#"const blob = new Blob(["a\r\nb\rc", new Blob(["\r"]), new Uint8Array([13])], { endings: "native" });
               log([...await blob.bytes()]);"#,
            if cfg!(windows) { &["[97,13,10,98,13,10,99,13,13]"] } else { &["[97,10,98,10,99,13,13]"] },
        ),
        (
            "a buffer that was taken away holds no bytes",
            r#"const buffer = new ArrayBuffer(4), view = new Uint16Array(buffer), data = new DataView(buffer);
               structuredClone(buffer, { transfer: [buffer] });
               log(new Blob([buffer, view, data, "x"]).size);"#,
            &["1"],
        ),
        (
            "what script does with its buffer afterwards is its own business",
            r#"const bytes = new Uint8Array([97, 98]);
               const blob = new Blob([bytes]);
               bytes.fill(120);
               const copy = await blob.bytes();
               copy.fill(121);
               log(await blob.text());"#,
            &[r#""ab""#],
        ),
        (
            "slices count from either end and have a type of their own",
            r#"const blob = new Blob(["abcdef"], { type: "A/B" });
               log(blob.type, blob.slice(1, -1).type, await blob.slice(1, -1).text(), await blob.slice(-2).text());
               log(blob.slice(4, 2).size, blob.slice(NaN, Infinity, "X/Y").type, blob.slice(-1e21, 1e21).size);
               log(blob.slice(undefined, undefined, "a\u0000").type, blob.slice(1.5, 2.5).size);"#,
            &[r#""a/b" "" "bcde" "ef""#, r#"0 "x/y" 6"#, r#""" 0"#],
        ),
        (
            "nothing but bytes is read of a byte order mark",
            r#"const blob = new Blob(["\uFEFFa"]);
               log(await blob.text(), [...new Uint8Array(await blob.arrayBuffer())], (await blob.bytes()) instanceof Uint8Array);"#,
            &[r#""a" [239,187,191,97] true"#],
        ),
        (
            "a file has a name and a time",
            r#"const file = new File(["ab"], "a/b", { type: "T/U", lastModified: new Date(12) });
               log(file.name, file.lastModified, file.type, file.size, file instanceof Blob, String(file));
               const before = Date.now(), now = new File([], "").lastModified;
               log(before <= now && now <= Date.now(), file.slice(0, 1) instanceof File);"#,
            &[r#""a/b" 12 "t/u" 2 true "[object File]""#, "true false"],
        ),
        (
            "bad arguments",
            r#"log(said(() => new Blob("a")), said(() => new Blob([], 1)), said(() => new Blob([], { endings: "x" })));
               log(said(() => new File([])), said(() => Blob()), said(() => new Blob([Symbol()])));
               log(said(() => new Blob([new Uint8Array(new SharedArrayBuffer(1))])));"#,
            &[
                r#""TypeError" "TypeError" "TypeError""#,
                r#""TypeError" "TypeError" "TypeError""#,
                r#""TypeError""#,
            ],
        ),
        (
            "a clone shares the bytes and keeps name and time",
            r#"const clone = structuredClone({ file: new File(["ab"], "n", { type: "a/b", lastModified: 5 }), blob: new Blob(["c"]) });
               log(clone.file instanceof File, clone.file.name, clone.file.lastModified, clone.file.type, await clone.file.text());
               log(clone.blob instanceof File, await clone.blob.text());"#,
            &[r#"true "n" 5 "a/b" "ab""#, r#"false "c""#],
        ),
        (
            "a polluted prototype changes nothing",
            r#"Array.prototype[Symbol.iterator] = String.prototype.replace = Promise.prototype.then = undefined;
               Object.defineProperty(Object.prototype, "type", { value: "x/y", configurable: true });
               const blob = new Blob({ *[Symbol.iterator]() { yield "a"; } }, { __proto__: null });
               log(blob.size, blob.slice(0).size);"#,
            &["1 1"],
        ),
        (
            "doubling ends in an error and not in the end of memory",
            r#"let blob = new Blob(["x".repeat(5000)]);
               log(said(() => { for (let i = 0; i < 60; i++) blob = new Blob([blob, blob]); }));
               log(await blob.text().then(() => "read", (error) => error.name));"#,
            &[r#""RangeError""#, r#""RangeError""#],
        ),
    ]);
}

#[test]
fn what_blobs_hold_counts_and_is_collected() {
    let script = r#"
        for (let i = 0; i < 200; i++) new Blob([new Uint8Array(1 << 20)]);
        log("forgotten");
        const kept = [];
        log(said(() => { for (;;) kept.push(new Blob([new Uint8Array(1 << 20)])); }), kept.length > 20);
        const blob = kept[0];
        log(said(() => { for (let i = 0; i < 1000; i++) kept.push(blob.slice(i)); }));
        log(await new Blob(kept).text().catch((error) => error.name));
    "#;
    assert_eq!(
        run_with(Runtime::builder().max_memory(48 << 20), script),
        [r#""forgotten""#, r#""RangeError" true"#, r#""nothing""#, r#""RangeError""#]
    );
}

#[test]
fn stream_table() {
    check(&[
        (
            "chunks come as they are asked for, and end",
            r#"const reader = new Blob(["x".repeat(100000), "y".repeat(50000)]).stream().getReader();
               const lengths = [];
               for (let read; !(read = await reader.read()).done; ) lengths.push(read.value.length);
               await reader.closed;
               log(lengths);"#,
            &["[65536,65536,18928]"],
        ),
        (
            "into a buffer of the caller's",
            r#"const reader = new Blob(["abcde"]).stream().getReader({ mode: "byob" });
               const first = await reader.read(new Uint8Array(2));
               const second = await reader.read(new Uint8Array(8), { min: 3 });
               const last = await reader.read(new Uint8Array(8));
               log([...first.value], [...second.value], last.done, last.value.length);"#,
            &["[97,98] [99,100,101] true 0"],
        ),
        (
            "half an element at the end is an error",
            r#"const reader = new Blob(["abc"]).stream().getReader({ mode: "byob" });
               log((await reader.read(new Uint16Array(1))).value.length);
               log(await reader.read(new Uint16Array(1)).then(() => "read", (error) => error.name));"#,
            &["1", r#""TypeError""#],
        ),
        (
            "an empty one ends unread",
            r#"const reader = new Blob([]).stream().getReader();
               await reader.closed;
               log((await reader.read()).done);"#,
            &["true"],
        ),
        (
            "canceled, it gives no more",
            r#"const stream = new Blob(["x".repeat(200000)]).stream(), reader = stream.getReader();
               await reader.read();
               const pending = reader.read();
               await reader.cancel();
               log((await pending).done, (await reader.read()).done);"#,
            &["true true"],
        ),
        (
            "each stream begins at the beginning; both branches of a tee read all",
            r#"const blob = new Blob(["ab"]);
               const text = async (stream) => { let all = ""; for await (const chunk of stream) all += new TextDecoder().decode(chunk); return all; };
               const [a, b] = blob.stream().tee();
               log(await Promise.all([a, b, blob.stream()].map(text)));"#,
            &[r#"["ab","ab","ab"]"#],
        ),
    ]);
}

const EVENTS: &str = r#"
    const reader = new FileReader();
    const told = (event) => `${event.type} ${event.loaded}/${event.total} ${event.lengthComputable} ${reader.readyState}`;
    for (const type of ["loadstart", "progress", "load", "abort", "error", "loadend"]) reader.addEventListener(type, (event) => log(told(event)));
    const ended = () => new Promise((resolve) => reader.addEventListener("loadend", resolve, { once: true }));
"#;

#[test]
fn file_reader_table() {
    for (name, script, expected) in [
        (
            "a read and its events",
            r#"reader.readAsText(new Blob(["abc"])); log(reader.readyState, reader.result); await ended(); log(reader.result, reader.error);"#,
            &[
                "1 null",
                r#""loadstart 0/3 true 1""#,
                r#""progress 3/3 true 1""#,
                r#""load 3/3 true 2""#,
                r#""loadend 3/3 true 2""#,
                r#""abc" null"#,
            ][..],
        ),
        (
            "microtasks run after each listener",
            r#"const order = []; reader.onprogress = () => { order.push("progress"); Promise.resolve().then(() => order.push("then")); };
               reader.addEventListener("progress", () => order.push("again")); reader.onload = reader.onprogress;
               reader.addEventListener("load", () => order.push("again"));
               reader.readAsText(new Blob(["a"])); await ended(); log(order.join(" "));"#,
            &[
                r#""loadstart 0/1 true 1""#,
                r#""progress 1/1 true 1""#,
                r#""load 1/1 true 2""#,
                r#""loadend 1/1 true 2""#,
                r#""progress then again progress then again""#,
            ],
        ),
        (
            "an empty blob makes no progress",
            r#"reader.readAsArrayBuffer(new Blob()); await ended(); log(reader.result.byteLength);"#,
            &[r#""loadstart 0/0 false 1""#, r#""load 0/0 false 2""#, r#""loadend 0/0 false 2""#, "0"],
        ),
        (
            "one read at a time",
            r#"reader.readAsText(new Blob()); log(said(() => reader.readAsText(new Blob()))); await ended();"#,
            &[
                r#""InvalidStateError""#,
                r#""loadstart 0/0 false 1""#,
                r#""load 0/0 false 2""#,
                r#""loadend 0/0 false 2""#,
            ],
        ),
        (
            "abort tells at once, and nothing more",
            r#"reader.abort(); log(reader.readyState);
               reader.readAsText(new Blob(["abc"])); reader.abort(); log(reader.result, reader.readyState); reader.abort();"#,
            &["0", r#""abort 0/3 true 2""#, r#""loadend 0/3 true 2""#, "null 2"],
        ),
        (
            "a read begun in an event's handler replaces the one that ended",
            r#"reader.onload = () => { reader.onload = null; reader.readAsDataURL(new Blob(["T"], { type: "a/b" })); };
               reader.readAsText(new Blob([])); await ended(); log(reader.result);"#,
            &[
                r#""loadstart 0/0 false 1""#,
                r#""load 0/0 false 2""#,
                r#""loadstart 0/1 true 1""#,
                r#""progress 1/1 true 1""#,
                r#""load 1/1 true 2""#,
                r#""loadend 1/1 true 2""#,
                r#""data:a/b;base64,VA==""#,
            ],
        ),
        (
            "aborted and begun again in loadstart",
            r#"reader.onloadstart = () => { reader.onloadstart = null; reader.abort(); reader.readAsText(new Blob(["x"])); };
               reader.readAsText(new Blob(["abc"])); await ended(); await ended(); log(reader.result);"#,
            &[
                r#""loadstart 0/3 true 1""#,
                r#""abort 0/3 true 2""#,
                r#""loadend 0/3 true 2""#,
                r#""loadstart 0/1 true 1""#,
                r#""progress 1/1 true 1""#,
                r#""load 1/1 true 2""#,
                r#""loadend 1/1 true 2""#,
                r#""x""#,
            ],
        ),
        (
            "encodings: the argument's, the type's, UTF-8; a byte order mark goes before all",
            r#"const read = (bytes, type, encoding) => new Promise((resolve) => {
                   const reader = new FileReader();
                   reader.onload = () => resolve(reader.result);
                   reader.readAsText(new Blob([new Uint8Array(bytes)], { type }), encoding);
               });
               log(await read([0xE9], "a/b;charset=utf-8", "latin1"), await read([0xE9], "a/b;charset=latin1", "x"));
               log(await read([0xC3, 0xA9], "", undefined), await read([0xFF, 0xFE, 0xE9, 0], "", "latin1"));"#,
            &[r#""é" "é""#, r#""é" "é""#],
        ),
        (
            "binary strings have a character a byte",
            r#"reader.onload = () => log([...reader.result].map((character) => character.charCodeAt(0)));
               for (const type of ["loadstart", "progress"]) reader.addEventListener(type, (event) => event.stopImmediatePropagation());
               reader.readAsBinaryString(new Blob([new Uint8Array([0, 127, 128, 255])])); await ended();"#,
            &[
                r#""loadstart 0/4 true 1""#,
                r#""progress 4/4 true 1""#,
                r#""load 4/4 true 2""#,
                "[0,127,128,255]",
                r#""loadend 4/4 true 2""#,
            ],
        ),
        (
            "microtasks run between load and loadend",
            r#"reader.onload = () => Promise.resolve().then(() => {}).then(() => log("microtask"));
               reader.readAsText(new Blob()); await ended();"#,
            &[
                r#""loadstart 0/0 false 1""#,
                r#""load 0/0 false 2""#,
                r#""microtask""#,
                r#""loadend 0/0 false 2""#,
            ],
        ),
    ] {
        assert_eq!(run(Global::Window, &format!("{EVENTS} {script}")), expected, "{name}");
    }
}

#[test]
fn a_synchronous_reader_is_a_worker_s() {
    let script = r#"
        const reader = new FileReaderSync(), blob = new Blob(["T\u00E9"], { type: "a/b" });
        log(reader.readAsText(blob), reader.readAsText(blob, "latin1"), reader.readAsBinaryString(blob));
        log(reader.readAsDataURL(blob), reader.readAsArrayBuffer(blob).byteLength);
    "#;
    assert_eq!(run(Global::Worker, script), ["\"Té\" \"TÃ©\" \"TÃ©\"", r#""data:a/b;base64,VMOp" 3"#]);
    assert_eq!(run(Global::Window, "log(typeof FileReaderSync);"), [r#""undefined""#]);
}

#[test]
fn blob_url_table() {
    check(&[
        (
            "a URL of our origin finds the blob until it is revoked",
            r#"const url = URL.createObjectURL(new Blob(["abc"], { type: "a/b" }));
               log(/^blob:https:\/\/example\.test\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(url), new URL(url).origin);
               const response = await fetch(url);
               log(response.headers.get("Content-Type"), await response.text());
               URL.revokeObjectURL(`${url}#x`);
               log(await (await fetch(`${url}#x`)).text());
               const parsed = new Request(url), begun = fetch(url);
               URL.revokeObjectURL(url);
               log(await (await begun).text(), await (await fetch(parsed)).text());
               log(await fetch(url).catch((error) => error.name));"#,
            &[
                r#"true "https://example.test""#,
                r#""a/b" "abc""#,
                r#""abc""#,
                r#""abc" "abc""#,
                r#""TypeError""#,
            ],
        ),
        (
            "what is no URL of ours is passed over",
            r#"URL.revokeObjectURL("x"); URL.revokeObjectURL("blob:https://other.test/1");
               log(said(() => URL.createObjectURL("x")), said(() => URL.createObjectURL()), said(() => URL.revokeObjectURL()));"#,
            &[r#""TypeError" "TypeError" "TypeError""#],
        ),
    ]);
}

#[test]
fn form_data_table() {
    check(&[
        (
            "names repeat, and set takes the place of the first",
            r#"const form = new FormData();
               form.append("a", 1); form.append("b", "2"); form.append("a", "3");
               log(form.get("a"), form.getAll("a"), form.get("x"), form.getAll("x"), form.has("b"));
               form.set("a", "4"); form.set("c", "5"); form.delete("b");
               log([...form]);"#,
            &[r#""1" ["1","3"] null [] true"#, r#"[["a","4"],["c","5"]]"#],
        ),
        (
            "a blob becomes a file, a file is itself until it is renamed",
            r#"const form = new FormData(), file = new File(["x"], "own", { type: "a/b", lastModified: 5 });
               form.append("a", new Blob(["abc"])); form.append("a", file); form.append("a", file, "other"); form.append("a", new Blob(), "");
               log(form.getAll("a").map((file) => [file.constructor.name, file.name, file.size, file.type]));
               log(form.getAll("a")[1] === file, form.get("a") === form.get("a"), form.getAll("a")[2].lastModified);"#,
            &[
                r#"[["File","blob",3,""],["File","own",1,"a/b"],["File","other",1,"a/b"],["File","",0,""]]"#,
                "true true 5",
            ],
        ),
        (
            "iteration is live",
            r#"const form = new FormData(), seen = [];
               form.append("a", "1"); form.append("b", "2");
               for (const [name] of form) { seen.push(name); if (name === "a") { form.delete("b"); form.append("c", "3"); } }
               form.forEach((value, name, all) => seen.push(name + value, all === form));
               log(seen, [...form.keys()], [...form.values()]);"#,
            &[r#"["a","c","a1",true,"c3",true] ["a","c"] ["1","3"]"#],
        ),
        (
            "there is no form element to give",
            r#"new FormData(undefined); new FormData(undefined, null);
               log(said(() => new FormData({})), said(() => new FormData(null)), said(() => new FormData(undefined, {})));
               const form = new FormData();
               log(said(() => form.append("a")), said(() => form.append("a", "b", "c")), said(() => form.set("a", {}, "c")));"#,
            &[r#""TypeError" "TypeError" "TypeError""#, r#""TypeError" "TypeError" "TypeError""#],
        ),
        (
            "there and back again, in a body",
            // The parser leaves escapes as they are.
            r#"const form = new FormData();
               form.append("a\"\n", "x\ny"); form.append("f", new File(["z"], "n\"", { type: "a/b" })); form.append("__proto__", "\uD800");
               const back = await new Response(form).formData();
               log([...back.keys()], back.get("a%22%0D%0A"), back.get("__proto__"));
               const file = back.get("f");
               log(file.name, file.type, await file.text(), Date.now() - file.lastModified < 10000);"#,
            &["[\"a%22%0D%0A\",\"f\",\"__proto__\"] \"x\\r\\ny\" \"\u{FFFD}\"", r#""n%22" "a/b" "z" true"#],
        ),
        (
            "urlencoded, and what is no form",
            r#"const body = (text, type) => new Response(text, { headers: { "Content-Type": type } }).formData();
               log([...await body("a=1&b=%20+&a", "application/x-www-form-urlencoded")]);
               log(await body("x", "multipart/form-data; boundary=b").catch((error) => error.name));
               log(await body("x", "text/plain").catch((error) => error.name));"#,
            &[r#"[["a","1"],["b","  "],["a",""]]"#, r#""TypeError""#, r#""TypeError""#],
        ),
    ]);
}

#[test]
fn a_progress_event_says_what_it_was_made_with() {
    check(&[(
        "its members",
        r#"const event = new ProgressEvent("x", { lengthComputable: true, loaded: 1.5, total: 3, cancelable: true });
           log(event.type, event.lengthComputable, event.loaded, event.total, event.cancelable, event.isTrusted);
           const bare = new ProgressEvent("y");
           log(bare.lengthComputable, bare.loaded, bare.total, bare instanceof Event, said(() => new ProgressEvent()));
           log(said(() => new ProgressEvent("x", { loaded: Infinity })));"#,
        &[r#""x" true 1.5 3 true false"#, r#"false 0 0 true "TypeError""#, r#""TypeError""#],
    )]);
}
