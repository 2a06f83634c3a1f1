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
