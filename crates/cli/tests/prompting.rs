//! `sofetch repl` without a terminal: entries of standard input, against servers of loopback.

mod support;

use sofetch_demo::Reply;
use support::{Folder, Said, server, sofetch, sofetch_with};

fn entered(args: &[&str], input: &str) -> Said {
    sofetch_with(&[&["repl"], args].concat(), input.as_bytes())
}

#[test]
fn entries_are_read_and_values_printed() {
    let input = "\
1 + 1
const a = [1, 'x'], b = 2
const a = { a: [null] }
a
{ b, c: `
` }
function f() {
  return b
}

f()
_ + 40
// nothing
await (async () => 'late')()
{ a: 1,
  b: 2 }
undefined";
    let said = entered(&[], input).ended(0);
    let expected = "\
2
{ a: [null] }
{ b: 2, c: \"\\n\" }
2
42
\"late\"
{ a: 1, b: 2 }
";
    assert_eq!((said.text(), &*said.err), (expected, ""));
}

#[test]
fn what_is_printed_comes_in_its_order_and_the_end_waits() {
    let input = "\
console.log('first')
console.error('beside')
'second'
void setTimeout(() => console.log('last'), 1)
";
    let said = entered(&[], input).ended(0);
    assert_eq!((said.text(), &*said.err), ("first\n\"second\"\nlast\n", "beside\n"));
    assert_eq!(entered(&[], "").ended(0).text(), "");
}

#[test]
fn who_leaves_leaves_a_page() {
    let page = server(|_| Reply::ok(""));
    for input in ["fetchLater('/later').activated", "fetchLater('/later').activated\n.exit"] {
        let said = entered(&["--base-url", &page.url("/")], input).ended(0);
        assert_eq!((said.text(), &*said.err), ("false\n", ""));
    }
    let said: Vec<_> = page.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(said, ["/later"; 2]);
}

#[test]
fn what_is_thrown_is_said_and_counts() {
    let said =
        entered(&[], "throw new RangeError('no')\n_error.message\n1 2\nlet x = await Promise.reject(3)\nx\n")
            .ended(1);
    assert_eq!(said.text(), "\"no\"\nundefined\n".replace("undefined\n", ""));
    let firsts: Vec<&str> = said.err.lines().filter(|line| line.starts_with("Uncaught")).collect();
    let expected = ["Uncaught RangeError: no", "Uncaught SyntaxError: expecting ';'", "Uncaught 3"];
    assert_eq!(firsts, expected);
    entered(&[], "Promise.reject(1); 1").ended(1).complained("Uncaught (in promise) 1");
    entered(&[], "f(").ended(1).complained("Uncaught SyntaxError");
    entered(&[], "await new Promise(() => {})").ended(1).complained("nothing under way");
    entered(&[], ".nothing").ended(1).complained("there is no command .nothing");
    entered(&[], "setInterval(() => {}, 1000)\n.exit\n").ended(0);
    entered(&[], "throw 1\n.exit\nconsole.log('never')").ended(1);
}

#[test]
fn fetches_are_a_pages_and_cors_tells_of_them() {
    let other = server(|request| match request.method.as_str() {
        "OPTIONS" => Reply::new(204),
        _ => Reply::ok("ok").header("Access-Control-Allow-Origin", "*"),
    });
    let url = other.url("/things");
    let input = format!(
        "\
const r = await fetch('{url}'); [r.status, r.type, await r.text()]
try {{ await fetch('{url}', {{ method: 'PATCH', headers: {{ 'X-Key': '1' }} }}) }} catch (error) {{ error.name }}
.cors
.cors 1
.cors 2 nginx
.fetches
.timeline 1
.cors 9
"
    );
    let said =
        entered(&["--origin", "https://app.example"], &input).ended(1).complained("there is no such fetch");
    let text = said.text();
    assert!(text.starts_with("[200, \"cors\", \"ok\"]\n\"TypeError\"\nPATCH "), "{text}");
    for part in [
        "asked by a page of https://app.example",
        "The smallest change that would let it pass",
        "+ Access-Control-Allow-Methods: PATCH",
        "+ Access-Control-Allow-Headers: x-key",
        "Readable.",
        "add_header",
        &format!("  1  GET {url}  200 cors\n  2  PATCH {url}  network error\n"),
        "Timeline of ",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let seen = other.requests();
    assert!(seen.iter().all(|request| request.header("origin").as_deref() == Some("https://app.example")));
    assert_eq!(seen.len(), 2, "a GET and a preflight");
}

#[test]
fn a_timeline_tells_also_of_what_needed_no_network() {
    let input = "\
await (await fetch('data:,a')).text()
.timeline
await (await fetch(URL.createObjectURL(new Blob(['b'])))).text()
.timeline
await fetch('http://127.0.0.1:1/').catch(() => 'refused')
.timeline
.timeline 1
";
    let said = entered(&[], input).ended(0);
    let lines: Vec<&str> = said.text().lines().collect();
    let [a, data, nothing, b, blob, nothing_too, _, refused, at_once, again, _] = lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!([a, b, again], ["\"a\"", "\"b\"", data]);
    assert_eq!(data, "  1  GET data:,a  200 basic");
    assert!(blob.starts_with("  2  GET blob:") && blob.ends_with("  200 basic"), "{blob}");
    assert_eq!(refused, "  3  GET http://127.0.0.1:1/  network error");
    for line in [nothing, nothing_too, at_once] {
        assert!(line.starts_with("Nothing was sent") && line.ends_with(" ms."), "{line}");
    }
}

#[test]
fn endpoints_that_a_page_cannot_have_are_told() {
    let option = ["--reporting-endpoints", "a=\"https://c.example/\", b=\"http://c.example/\", c=1"];
    let words = "`--reporting-endpoints` has no effect";
    for command in [&["run", "--eval", "1"][..], &["repl"]] {
        let said = |more: &[&str]| sofetch_with(&[command, &option, more].concat(), b"").ended(0).err;
        let plain = said(&["--base-url", "http://a.example/"]);
        assert!(plain.contains(&format!("note: {words}: http://a.example/ is not")), "{plain}");
        let file = said(&[]);
        assert!(file.contains(words), "{file}");
        let secure = said(&["--base-url", "https://a.example/"]);
        assert!(!secure.contains(words) && secure.matches("is left out").count() == 2, "{secure}");
        assert_eq!(said(&["--base-url", "http://127.0.0.1/"]), secure);
    }
    let moved =
        entered(&[&option[..], &["--origin", "https://a.example"]].concat(), ".origin http://b.example\n");
    assert_eq!(moved.ended(0).err.matches(words).count(), 1);
}

#[test]
fn another_origin_is_another_global() {
    let other = server(|_| Reply::ok("ok").header("Access-Control-Allow-Origin", "https://a.example"));
    let url = other.url("/");
    let input = format!(
        "\
const kept = 1
(await fetch('{url}')).status
.origin https://b.example/page
[origin, location.pathname, typeof kept]
try {{ await fetch('{url}') }} catch (error) {{ error.name }}
.cors
.cors 1
.origin null
origin
.clear
typeof kept
.origin
.origin nonsense
"
    );
    let said = entered(&["--origin", "https://a.example"], &input).ended(1);
    let text = said.text();
    for part in [
        "200\nA new global",
        "From here on as the page https://b.example/page.\n[\"https://b.example\", \"/page\", \"undefined\"]\n\"TypeError\"\n",
        "+ Access-Control-Allow-Origin: https://b.example",
        "asked by a page of https://a.example",
        "\"null\"\n",
        "\"undefined\"\nas a page of a file",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    said.complained("sofetch: \"nonsense\" is not a URL");
    for (said, why) in [
        ("ftp://x", "no page's URL"),
        ("javascript:alert(1)", "no page's URL"),
        ("mailto:a@b.example", "no page's URL"),
        ("localhost:8080", "not a URL"),
        ("https://", "not a URL"),
        ("https://u:hush@", "[redacted]@"),
    ] {
        let refused = entered(&["--origin", "https://a.example"], &format!(".origin {said}\norigin\n"));
        assert_eq!(refused.ended(1).complained(why).text(), "\"https://a.example\"\n", "{said}");
        sofetch(&["repl", "--base-url", said]).ended(2).complained(why);
        sofetch(&["repl", "--origin", said]).ended(2).complained("--origin");
        sofetch(&["run", "--base-url", said, "--eval", "1"]).ended(2).complained(why);
    }
    let owner = entered(&["--no-page"], &format!("(await fetch('{url}')).type\n.origin\n")).ended(0);
    assert!(owner.text().contains("on your own behalf"), "{}", owner.text());
}

#[test]
fn files_are_read_and_written() {
    let other = server(|_| Reply::ok("ok").header("Access-Control-Allow-Origin", "*"));
    let folder = Folder::new();
    let script = folder.write(
        "script.js",
        b"const loaded = await 5\nfunction twice(x) {\n  return 2 * x\n}\ntwice(loaded)\n",
    );
    folder.write("part.mjs", b"export const part = 7\n");
    let broken = folder.write(
        "broken.js",
        b"// what follows\nlet fine = 1\nfine\n  .toFixed(1)\nthrow new Error('here')\nlet never = 1\n",
    );
    let (har, saved) = (folder.file("log.har"), folder.file("saved.js"));
    let input = format!(
        "\
.load {script}
loaded + 1
import {{ part }} from './part.mjs'
part
(await fetch('{}', {{ headers: {{ Authorization: 'Bearer hush' }} }}).catch(() => 'refused'))
.har {har}
a = b = (x) => x * 2
(await b(4))
{{ a: 1 }}
.save {saved}
.load {saved}
.load {broken}
typeof never
.load {}
.save {}
",
        other.url("/"),
        folder.file("nothing.js"),
        folder.file("no/such/folder"),
    );
    let mut command = support::command(&["repl"]);
    let said = {
        use std::io::Write;
        use std::process::Stdio;
        command
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command was built");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads its input");
        let output = child.wait_with_output().expect("it ends");
        Said {
            code: output.status.code().expect("no signal ended it"),
            out: output.stdout,
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    };
    let said = said.ended(1).complained("nothing.js").complained("no/such/folder");
    let said =
        said.complained("broken.js: no further than the entry of line 5").complained("Uncaught Error: here");
    let lines: Vec<&str> = said
        .text()
        .lines()
        .map(|line| if line.starts_with("written: ") { "written" } else { line })
        .collect();
    let typed = ["10", "6", "7", "\"refused\"", "written", "[Function: b]", "8", "{ a: 1 }", "written"];
    // Entry by entry: constants are declared again, and what begins with a bracket is no argument of what came before it.
    let loaded = ["10", "6", "7", "\"refused\"", "[Function: b]", "8", "{ a: 1 }"];
    assert_eq!(lines, [&typed[..], &loaded, &["\"1.0\"", "\"undefined\""]].concat());
    let har: serde_json::Value =
        serde_json::from_slice(&std::fs::read(har).expect("it is written")).expect("it is JSON");
    let entries = har["log"]["entries"].as_array().map(Vec::len);
    assert_eq!(entries, Some(2), "a preflight, and what it was for");
    assert!(!har.to_string().contains("hush"));
    let saved = std::fs::read_to_string(saved).expect("it is written");
    assert!(saved.starts_with("const loaded = await 5\n; // next entry\nfunction twice"), "{saved}");
}

#[test]
fn no_stranger_steers_the_terminal() {
    let other = server(|_| {
        Reply::ok("\u{1b}[31m\u{7}").header("Access-Control-Allow-Origin", "*").header("X-Title", "a\tb")
    });
    let input = format!(
        "\
const text = await (await fetch('{}')).text(); text
throw new Error(text)
({{ [text]: 1, [Symbol(text)]: 2 }})
class A {{}}; Object.defineProperty(A, 'name', {{ value: text }}); new A()
Object.assign(new Error('a'), {{ name: text }})
.origin \u{1b}[31m
.\u{1b}[31m
.a\u{1b}[31m
'x'.repeat(10e6)
new Array(1e6).fill('y'.repeat(100))
",
        other.url("/")
    );
    let said = entered(&[], &input).ended(1);
    assert!(!said.text().contains('\u{1b}') && !said.err.contains('\u{1b}'), "{}{}", said.text(), said.err);
    assert!(said.text().contains("9990000 more characters") && said.out.len() < 60_000, "{}", said.out.len());
}

#[test]
fn options_of_the_page_count() {
    let said =
        entered(&["--csp", "connect-src 'none'"], "await fetch('http://127.0.0.1/')\n.cors\n").ended(1);
    assert!(said.text().contains("connect-src"), "{}", said.text());
    entered(&["--max-memory", "16M"], "const all = []; for (;;) all.push(new Array(1e5).fill({}))\n1 + 1\n")
        .ended(1)
        .complained("Uncaught");
    let worker =
        entered(&["--global", "worker", "--base-url", "https://a.example/w.js"], "typeof importScripts\n");
    assert_eq!(worker.ended(0).text(), "\"function\"\n");
    sofetch(&["repl", "--origin", "https://a.example/path"]).ended(2).complained("origin");
    sofetch(&["repl", "--origin", "https://a.example", "--no-page"]).ended(2);
    sofetch(&["repl", "page.js"]).ended(2);
}
