//! Errors that ops throw say all that there is to say, on one line, and not without end.

mod support;

use support::{Page, run};

#[test]
fn long_messages_are_whole_table() {
    let url = "no%".repeat(500);
    for (name, script) in [
        ("a TypeError", "try { new Request('http://a b/' + long); } catch (e) { said(e, TypeError); }".to_owned()),
        (
            "one that comes later",
            "import('./a' + long + '.js').catch(e => said(e, TypeError)); Promise.reject = Object.prototype.message = 1;".to_owned(),
        ),
        ("a name of a header", "try { new Headers({ [long + ' ']: '' }); } catch (e) { said(e, TypeError); }".to_owned()),
        (
            "with a setter in its way",
            "for (const p of [Object, Error, TypeError]) Object.defineProperty(p.prototype, 'message', { set() { throw 1; } });
             try { new Request('http://a b/' + long); } catch (e) { said(e, TypeError); }".to_owned(),
        ),
    ] {
        let script = format!(
            "const long = '{url}'; const said = (error, Kind) => {{
               const {{ writable, enumerable, configurable, value }} = Object.getOwnPropertyDescriptor(error, 'message');
               console.log(error.constructor === Kind, value.includes(long), writable, enumerable, configurable, typeof error.stack);
             }};
             {script}"
        );
        assert_eq!(run(Page::of("https://a.test/"), &script), ["true true true false true string"], "{name}");
    }
}

#[test]
fn messages_are_bounded_and_on_one_line() {
    let script = "const tell = (steps) => { try { steps(); } catch (error) { console.log(error.message.length, error.message.slice(-3)); } };
        tell(() => new Request('http://a b/' + 'x'.repeat(1e6)));
        tell(() => new Headers({ ['\\n\\0'.repeat(2000)]: '' }));
        try { new Headers({ 'a\\n\\0b\\u001b[1m': '' }); } catch (error) { console.log(error.message); }";
    assert_eq!(
        run(Page::of("https://a.test/"), script),
        ["4083 ...", "4085 ...", "'a\\n\\u{0}b\\u{1b}[1m' is not a header name"]
    );
}

#[test]
fn who_takes_a_method_from_its_object_is_told_which_object_it_wants() {
    let script = "const tell = (steps) => { try { steps(); } catch (error) { console.log(error.name, error.message); } };
        const { get } = Headers.prototype; tell(() => get('a')); tell(() => get.call('a', 'b')); tell(() => get.call({}, 'b'));
        const { abort } = new AbortController(); tell(() => abort());
        Response.prototype.text.call(null).catch((error) => tell(() => { throw error; }));";
    let wants = |member: &str, kind: &str| {
        format!("TypeError Illegal invocation: '{member}' wants an object of type '{kind}'")
    };
    let get = wants("get", "Headers");
    let said = [&get, &get, &get, &wants("abort", "AbortController"), &wants("text", "Response")];
    assert_eq!(run(Page::of("https://a.test/"), script), said.map(String::as_str));
}

#[test]
fn a_message_says_what_was_wanted_in_its_place() {
    let script = "const tell = (steps) => { try { steps(); } catch (error) { console.log(error.name, error.message); } };
        const { port1, port2 } = new MessageChannel(); tell(() => port1.postMessage(1, 5)); port2.close(); tell(() => structuredClone(1, { transfer: [port2] }));";
    assert_eq!(
        run(Page::of("https://a.test/"), script),
        [
            "TypeError Failed to execute 'postMessage' on 'MessagePort': parameter 2 is not of type 'sequence<object>' or 'StructuredSerializeOptions'",
            "DataCloneError An object that is detached, as a port that was closed, cannot be transferred.",
        ]
    );
}
