//! URL, URLSearchParams, TextDecoder, TextEncoder, their streams, compression and base64 as scripts find them: each case is a
//! script and the lines that it prints.
//! Long by its tables: a row a case, and a table for each of these.

#[path = "support/lines.rs"]
mod lines;

use std::rc::Rc;
use std::time::Duration;

use sofetch_js::{Ending, Runtime};

use lines::Lines;

/// What every case finds: `log`, which prints values as JSON; `said`, what a function throws; `bytes`, those of a stream.
const PROLOGUE: &str = r#"
    const log = (...values) => console.log(values.map((value) => JSON.stringify(value) ?? String(value)).join(" "));
    const said = (steps) => { try { steps(); return "nothing"; } catch (error) { return error.name; } };
    const failed = (promise) => promise.then(() => "nothing", (error) => error.name);
    const chunks = (...list) => new ReadableStream({ start(c) { list.forEach((x) => c.enqueue(x)); c.close(); } });
    const all = async (stream) => { const list = []; for await (const chunk of stream) list.push(chunk); return list; };
"#;

fn run(script: &str) -> Vec<String> {
    let lines = Lines::default();
    let mut runtime = Runtime::builder()
        .time_limit(Duration::from_secs(60))
        .printer(Rc::new(lines.clone()))
        .build()
        .expect("a runtime");
    let source = format!("{{ {PROLOGUE} (async () => {{ {script} }})(); }}");
    runtime.run_script(&source, "case.js").expect("no NUL");
    assert_eq!(runtime.run_until_idle(), Ending::Idle, "{script}");
    drop(runtime);
    lines.take()
}

fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        assert_eq!(run(script), *expected, "{name}");
    }
}

#[test]
fn url_table() {
    check(&[
        (
            "every part is there",
            r#"const url = new URL("../x?a=b#h", "https://u:p@a.test:8443/y/z");
               log(url.href, url.origin, url.protocol, url.username, url.password, url.host, url.hostname, url.port);
               log(url.pathname, url.search, url.hash, String(url), url);"#,
            &[
                r#""https://u:p@a.test:8443/x?a=b#h" "https://a.test:8443" "https:" "u" "p" "a.test:8443" "a.test" "8443""#,
                r##""/x" "?a=b" "#h" "https://u:p@a.test:8443/x?a=b#h" "https://u:p@a.test:8443/x?a=b#h""##,
            ],
        ),
        (
            "a part that is not there is empty, and so is a lone sign",
            r##"for (const href of ["data:,x", "foo:/.//p", "https://a.test/?#"]) {
                 const url = new URL(href);
                 log(url.href, url.username, url.password, url.host, url.port, url.pathname, url.search, url.hash, url.origin);
               }"##,
            &[
                r#""data:,x" "" "" "" "" ",x" "" "" "null""#,
                r#""foo:/.//p" "" "" "" "" "//p" "" "" "null""#,
                r##""https://a.test/?#" "" "" "a.test" "" "/" "" "" "https://a.test""##,
            ],
        ),
        (
            "a URL that is none is a TypeError, null or false",
            r#"log(said(() => new URL("x")), said(() => new URL("http://a.test", "x")), URL.parse("x"), URL.canParse("x", "y:"));
               log(URL.parse("x", "https://a.test").href, URL.canParse("x", "https://a.test"), said(() => { new URL("a:").href = "x"; }));"#,
            &[r#""TypeError" "TypeError" null false"#, r#""https://a.test/x" true "TypeError""#],
        ),
        (
            "a lone surrogate becomes U+FFFD",
            r#"log(new URL("a:/\uD800").href, new URLSearchParams("a=\uDC00").get("a"));"#,
            &["\"a:/%EF%BF%BD\" \"\u{FFFD}\""],
        ),
        (
            "setters change what they may and nothing else",
            r##"const url = new URL("https://a.test/x");
               url.protocol = "http"; url.port = "99999"; url.port = "81"; url.host = "b.test:82"; url.hostname = "[::1"; log(url.href);
               url.username = "\u00E9"; url.password = "@"; url.pathname = "?"; url.hash = "#a b"; url.search = "q r"; log(url.href);
               url.hash = url.search = url.port = url.username = url.password = ""; log(url.href);
               const opaque = new URL("data:x"); opaque.host = "a.test"; opaque.pathname = "/"; opaque.username = "u"; log(opaque.href);"##,
            &[
                r#""http://b.test:82/x""#,
                r##""http://%C3%A9:%40@b.test:82/%3F?q%20r#a%20b""##,
                r#""http://b.test/%3F""#,
                r#""data:x""#,
            ],
        ),
        (
            "a URL and its parameters follow each other",
            r#"const url = new URL("https://a.test/?a=~#h"), { searchParams } = url;
               log(url.searchParams === searchParams, searchParams.get("a"), url.href);
               searchParams.append("b", "1 2"); log(url.href);
               url.search = "c=3"; log([...searchParams]);
               url.href = "https://b.test/?d=4"; log([...searchParams]);
               searchParams.delete("d"); log(url.href);"#,
            &[
                r#"true "~" "https://a.test/?a=~#h""#,
                r#""https://a.test/?a=%7E&b=1+2#h""#,
                r#"[["c","3"]]"#,
                r#"[["d","4"]]"#,
                r#""https://b.test/""#,
            ],
        ),
        (
            "whoever looks at the URL finds its query as it is by now",
            r#"const url = new URL("https://a.test/p?a=1#h"), { searchParams } = url; let n = 1; const next = () => searchParams.append("n", n++);
               for (const name of ["href", "search", "pathname", "origin", "hash"]) { next(); log(url[name]); }
               next(); url.hash = "i"; log(url.search); next(); url.host = "b.test"; log(url.href.length);
               next(); log(JSON.stringify(url).length, `${url}`.length, new URL("x", url).search, new URL("\u{23}x", url).search.length);
               next(); url.search = "?b"; log(url.href); next(); url.href = "c:d"; log(url.href, searchParams.size);
               next(); try { url.href = "none"; } catch (error) { log(error.name, url.href); } url.searchParams.delete("n"); log(url.href);"#,
            &[
                r#""https://a.test/p?a=1&n=1#h""#,
                r#""?a=1&n=1&n=2""#,
                r#""/p""#,
                r#""https://a.test""#,
                r##""#h""##,
                r#""?a=1&n=1&n=2&n=3&n=4&n=5&n=6""#,
                "50",
                r#"56 54 "" 36"#,
                r#""https://b.test/p?b#i""#,
                r#""c:d" 0"#,
                r#""TypeError" "c:d?n=11""#,
                r#""c:d""#,
            ],
        ),
        (
            "many changes that nobody looks at cost no more than themselves",
            r#"const url = new URL("https://a.test/"); for (let i = 0; i < 50000; i++) url.searchParams.append("name", "value"); log(url.href.length);"#,
            &["550015"],
        ),
        (
            "the list is made of what was set, not of what became of it",
            r#"const url = new URL("https://a.test/"); url.search = "??a\n=b"; log(url.search, [...url.searchParams]);"#,
            &[r#""??a=b" [["?a\n","b"]]"#],
        ),
    ]);
}

#[test]
fn url_search_params_table() {
    check(&[
        (
            "made of a string, of pairs, of a record, of nothing",
            r#"log(String(new URLSearchParams("?a=1&b")), String(new URLSearchParams("??a")), String(new URLSearchParams()));
               log(String(new URLSearchParams([["a", 1], new Set(["b", "2"])])), String(new URLSearchParams({ a: 1, b: "&" })));
               log(String(new URLSearchParams(new URLSearchParams("x=y&x=z"))));"#,
            &[r#""a=1&b=" "%3Fa=" """#, r#""a=1&b=2" "a=1&b=%26""#, r#""x=y&x=z""#],
        ),
        (
            "a pair has two elements",
            r#"log(said(() => new URLSearchParams([["a"]])), said(() => new URLSearchParams([["a", "b", "c"]])), said(() => new URLSearchParams([1])));"#,
            &[r#""TypeError" "TypeError" "TypeError""#],
        ),
        (
            "names may be asked for with a value",
            r#"const p = new URLSearchParams("a=1&a=2&b=3");
               log(p.has("a", "2"), p.has("a", "3"), p.has("a", undefined), p.get("x"), p.getAll("a"), p.size);
               p.delete("a", "1"); log(String(p)); p.delete("a", undefined); log(String(p));"#,
            &[r#"true false true null ["1","2"] 3"#, r#""a=2&b=3""#, r#""b=3""#],
        ),
        (
            "the first of a name is set, the others go",
            r#"const p = new URLSearchParams("a=1&b=2&a=3"); p.set("a", "4"); p.set("c", "5"); log(String(p));"#,
            &[r#""a=4&b=2&c=5""#],
        ),
        (
            "sorted by code units, equal names in their order",
            r#"const p = new URLSearchParams("z=1&\uFB03=2&\u{1F308}=3&a=4&z=0"); p.sort(); log([...p]);"#,
            &["[[\"a\",\"4\"],[\"z\",\"1\"],[\"z\",\"0\"],[\"\u{1F308}\",\"3\"],[\"\u{FB03}\",\"2\"]]"],
        ),
        (
            "iteration looks at the list as it is",
            r#"const p = new URLSearchParams("a=1&b=2&c=3"); const seen = [];
               for (const [name] of p) { seen.push(name); p.delete(name); }
               p.forEach((value, name, of) => { seen.push(value, name, of === p); p.append("x", "y"); if (p.size > 3) p.delete("x"); });
               log(seen, String(p));"#,
            &[r#"["a","c","2","b",true,"y","x",true,"y","x",true] "b=2""#],
        ),
        (
            "names that are special to scripts are plain names",
            r#"const p = new URLSearchParams({ ["__proto__"]: 1, constructor: 2 }); log(String(p), p.get("__proto__"), p.has("toString"));"#,
            &[r#""__proto__=1&constructor=2" "1" false"#],
        ),
        (
            "no script can come between",
            r#"Array.prototype[Symbol.iterator] = String.prototype.slice = Array.prototype.sort = Array.prototype.push = () => { throw 1; };
               Object.defineProperty(Object.prototype, "key", { get() { throw 2; } });
               const url = new URL("https://a.test/?b=1&a=2"); url.searchParams.sort(); log(url.search);"#,
            &[r#""?a=2&b=1""#],
        ),
    ]);
}

#[test]
fn text_decoder_table() {
    check(&[
        (
            "labels are trimmed and of any case, and names are small",
            r#"log(new TextDecoder(" \n\fLATIN1\t").encoding, new TextDecoder().encoding, new TextDecoder("GBK").encoding);
               log(["", "\u00A0utf-8", "utf-8\0", "replacement", "iso-2022-kr", "hz-gb-2312"].map((label) => said(() => new TextDecoder(label))));"#,
            &[
                r#""windows-1252" "utf-8" "gbk""#,
                r#"["RangeError","RangeError","RangeError","RangeError","RangeError","RangeError"]"#,
            ],
        ),
        (
            "its options can be read",
            r#"const d = new TextDecoder("utf-8", { fatal: 1, ignoreBOM: "x" }); log(d.fatal, d.ignoreBOM, new TextDecoder().fatal);"#,
            &["true true false"],
        ),
        (
            "every kind of source",
            r#"const b = new Uint8Array([97, 98, 99, 100]), d = new TextDecoder(), shared = new SharedArrayBuffer(2);
               new Uint8Array(shared).set([120, 121]);
               log(d.decode(b), d.decode(b.buffer), d.decode(new DataView(b.buffer, 1, 2)), d.decode(new Uint16Array(b.buffer, 2)), d.decode());
               log(d.decode(shared), d.decode(new Uint8Array(shared, 1)), d.decode(new DataView(shared)), said(() => d.decode("a")), said(() => d.decode(null)));"#,
            &[r#""abcd" "abcd" "bc" "cd" """#, r#""xy" "y" "xy" "TypeError" "TypeError""#],
        ),
        (
            "bytes that were taken away are none",
            r#"const b = new Uint8Array([97]), v = new DataView(b.buffer), d = new TextDecoder();
               structuredClone(b.buffer, { transfer: [b.buffer] }); log(d.decode(b), d.decode(v), d.decode(b.buffer));
               log(said(() => d.decode(new ArrayBuffer(1, { maxByteLength: 2 }))));"#,
            &[r#""" "" """#, r#""TypeError""#],
        ),
        (
            "malformed bytes are replaced, or a TypeError",
            r#"const b = new Uint8Array([97, 0xF0, 0x9F, 98]); log(new TextDecoder().decode(b), said(() => new TextDecoder("utf-8", { fatal: true }).decode(b)));"#,
            &["\"a\u{FFFD}b\" \"TypeError\""],
        ),
        (
            "a stream keeps its state between calls, until it is flushed",
            r#"const d = new TextDecoder("utf-16le"), u = (...b) => new Uint8Array(b), stream = { stream: true };
               log(d.decode(u(0xFF), stream), d.decode(u(0xFE, 61), stream), d.decode(u(0xD8), stream), d.decode(u(77, 0xDC)), d.decode(u(0xFF, 0xFE, 97, 0)));"#,
            &["\"\" \"\" \"\" \"\u{1F44D}\" \"a\""],
        ),
        (
            "the BOM stays when it is ignored",
            r#"const b = new Uint8Array([0xEF, 0xBB, 0xBF, 97]); log(new TextDecoder().decode(b), new TextDecoder("utf-8", { ignoreBOM: true }).decode(b));"#,
            &["\"a\" \"\u{FEFF}a\""],
        ),
    ]);
}

#[test]
fn text_encoder_table() {
    check(&[
        (
            "strings become UTF-8",
            r#"const e = new TextEncoder(); log(e.encoding, [...e.encode("a\u00E9\u3042\u{1F4A9}\0")], [...e.encode()], [...e.encode(undefined)], [...e.encode("\uDC00\uD800")]);"#,
            &[r#""utf-8" [97,195,169,227,129,130,240,159,146,169,0] [] [] [239,191,189,239,191,189]"#],
        ),
        (
            "the array is script's own",
            r#"const b = new TextEncoder().encode("abc"); b[0] = 120; log(b.buffer.byteLength, b instanceof Uint8Array, new TextDecoder().decode(b));"#,
            &[r#"3 true "xbc""#],
        ),
        (
            "characters go in whole or not at all",
            r#"const e = new TextEncoder(); for (let n = 0; n < 9; n++) { const b = new Uint8Array(n); const { read, written } = e.encodeInto("a\u00E9\u{1F4A9}b", b); log(n, read, written, [...b]); }"#,
            &[
                "0 0 0 []",
                "1 1 1 [97]",
                "2 1 1 [97,0]",
                "3 2 3 [97,195,169]",
                "4 2 3 [97,195,169,0]",
                "5 2 3 [97,195,169,0,0]",
                "6 2 3 [97,195,169,0,0,0]",
                "7 4 7 [97,195,169,240,159,146,169]",
                "8 5 8 [97,195,169,240,159,146,169,98]",
            ],
        ),
        (
            "into a part of a shared buffer, into one that was taken away, and into nothing else",
            r#"const e = new TextEncoder(), shared = new SharedArrayBuffer(4), gone = new Uint8Array(2);
               log(e.encodeInto("xy", new Uint8Array(shared, 1, 2)), [...new Uint8Array(shared)]);
               structuredClone(gone.buffer, { transfer: [gone.buffer] }); log(e.encodeInto("x", gone));
               log(said(() => e.encodeInto("x", new DataView(shared))), said(() => e.encodeInto("x", new Uint8ClampedArray(1))), said(() => e.encodeInto("x")));"#,
            &[
                r#"{"read":2,"written":2} [0,120,121,0]"#,
                r#"{"read":0,"written":0}"#,
                r#""TypeError" "TypeError" "TypeError""#,
            ],
        ),
    ]);
}

#[test]
fn text_stream_table() {
    check(&[
        (
            "characters may be cut between chunks",
            r#"const u = (...b) => new Uint8Array(b);
               log(await all(chunks(u(97, 0xF0), u(0x9F, 0x92), u(), u(0xA9, 98)).pipeThrough(new TextDecoderStream())));
               log((await all(chunks("a\uD83D", "", "\uDCA9b", "\uD800", "c", "\uD800").pipeThrough(new TextEncoderStream()))).map((b) => [...b]));"#,
            &["[\"a\",\"\u{1F4A9}b\"]", "[[97],[240,159,146,169,98],[239,191,189,99],[239,191,189]]"],
        ),
        (
            "what is cut off at the end is replaced, or an error",
            r#"const cut = () => chunks(new Uint8Array([0xE3, 0x81]));
               log(await all(cut().pipeThrough(new TextDecoderStream())), await failed(all(cut().pipeThrough(new TextDecoderStream("utf-8", { fatal: true })))));"#,
            &["[\"\u{FFFD}\"] \"TypeError\""],
        ),
        (
            "chunks are bytes there, and strings here",
            r#"log(await failed(all(chunks("a").pipeThrough(new TextDecoderStream()))));
               log((await all(chunks(1, null).pipeThrough(new TextEncoderStream()))).map((b) => [...b]), await failed(all(chunks(Symbol()).pipeThrough(new TextEncoderStream()))));"#,
            &[r#""TypeError""#, r#"[[49],[110,117,108,108]] "TypeError""#],
        ),
        (
            "what they are can be read",
            r#"const d = new TextDecoderStream("latin1", { fatal: true }); log(d.encoding, d.fatal, d.ignoreBOM, new TextEncoderStream().encoding, d.readable === d.readable, said(() => new TextDecoderStream("x")));"#,
            &[r#""windows-1252" true false "utf-8" true "RangeError""#],
        ),
    ]);
}

#[test]
fn compression_table() {
    check(&[
        (
            "every format comes back, and no other exists",
            r#"for (const format of ["gzip", "deflate", "deflate-raw"]) {
                 const there = new Response("hello ".repeat(50000)).body.pipeThrough(new CompressionStream(format));
                 const text = await new Response(there.pipeThrough(new DecompressionStream(format))).text();
                 log(format, text === "hello ".repeat(50000));
               }
               log(said(() => new CompressionStream("zip")), said(() => new DecompressionStream()));"#,
            &[r#""gzip" true"#, r#""deflate" true"#, r#""deflate-raw" true"#, r#""TypeError" "TypeError""#],
        ),
        (
            "chunks are bytes that nobody shares",
            r#"for (const Stream of [CompressionStream, DecompressionStream])
                 for (const chunk of ["a", 1, null, {}, [1], new SharedArrayBuffer(1), new Uint8Array(new SharedArrayBuffer(1))])
                   if (await failed(all(chunks(chunk).pipeThrough(new Stream("gzip")))) !== "TypeError") log(chunk);"#,
            &[],
        ),
        (
            "a cut, damaged or overlong stream is a TypeError",
            r#"const bytes = await new Response(chunks(new Uint8Array([97])).pipeThrough(new CompressionStream("gzip"))).bytes();
               const decompress = (...list) => failed(all(chunks(...list).pipeThrough(new DecompressionStream("gzip"))));
               log(await decompress(bytes), await decompress(bytes.slice(0, -1)), await decompress(), await decompress(bytes, new Uint8Array(1)), await decompress(bytes, new Uint8Array()), await decompress(bytes.map((b) => b ^ 1)));"#,
            &[r#""nothing" "TypeError" "TypeError" "TypeError" "nothing" "TypeError""#],
        ),
        (
            "a chunk that becomes very much is made as it is read",
            r#"const cs = new CompressionStream("deflate"), zeros = new Uint8Array(1 << 20);
               const bytes = await new Response(new ReadableStream({ i: 0, pull(c) { this.i++ < 64 ? c.enqueue(zeros) : c.close(); } }).pipeThrough(cs)).bytes();
               const ds = new DecompressionStream("deflate"), writer = ds.writable.getWriter(), reader = ds.readable.getReader();
               let written = false, length = 0, early;
               writer.write(bytes).then(() => { written = true; }); writer.close();
               for (;;) {
                 const { value, done } = await reader.read();
                 if (done) break;
                 early ??= written;
                 length += value.length;
                 if (value.length > 65536) log(value.length);
               }
               log(bytes.length < 100000, early, written, length);"#,
            &["true false true 67108864"],
        ),
        (
            "a chunk that is taken away while it is compressed was there",
            r#"const cs = new CompressionStream("deflate"), noise = new Uint8Array(9 << 20).map((_, i) => i * i >> 7);
               const sum = noise.reduce((a, b) => a * 31 + b | 0, 0);
               const done = new Response(cs.readable).bytes(), writer = cs.writable.getWriter();
               Object.defineProperty(Object.prototype, "then", { configurable: true, get() { if (noise.length) structuredClone(noise.buffer, { transfer: [noise.buffer] }); } });
               writer.write(noise); writer.close();
               const bytes = await done;
               delete Object.prototype.then;
               const back = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).bytes();
               log(noise.length, back.length, back.reduce((a, b) => a * 31 + b | 0, 0) === sum);"#,
            &["0 9437184 true"],
        ),
        (
            "who stops reading stops that",
            r#"const cs = new CompressionStream("gzip"), writer = cs.writable.getWriter();
               writer.write(new Uint8Array(8 << 20)); writer.close();
               const bytes = await new Response(cs.readable).bytes();
               const ds = new DecompressionStream("gzip"), w = ds.writable.getWriter(), reader = ds.readable.getReader();
               const write = failed(w.write(bytes)); await reader.read(); await reader.cancel("enough"); log(await write, await failed(w.closed));"#,
            &[r#""nothing" undefined"#],
        ),
    ]);
}

#[test]
fn base64_table() {
    check(&[
        (
            "there and back",
            r#"log(btoa(""), btoa("\u00FF\0a"), atob("/wBh") === "\u00FF\0a", btoa(null), atob(" Z\tg\n=\f=\r"), btoa(12));"#,
            &[r#""" "/wBh" true "bnVsbA==" "f" "MTI=""#],
        ),
        (
            "what is no byte, and what is no base64",
            r#"log(said(() => btoa("\u0100")), said(() => btoa("\uD800")), said(() => atob("a")), said(() => atob("\u00E9\u00E9\u00E9\u00E9")), said(() => atob("ab\u000Bcd")), said(() => atob()));"#,
            &[
                r#""InvalidCharacterError" "InvalidCharacterError" "InvalidCharacterError" "InvalidCharacterError" "InvalidCharacterError" "TypeError""#,
            ],
        ),
    ]);
}
