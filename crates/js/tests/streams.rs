//! Streams, where the order of steps shows or the text leaves a state without a way out.

mod support;

use support::{Page, run};

/// What each script prints.
fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        let script = format!("const log = console.log;\n{script}");
        assert_eq!(run(Page::of("https://a.test/"), &script), *expected, "{name}");
    }
}

#[test]
fn a_write_while_the_readable_side_is_canceled_table() {
    let settles =
        "const told = (name, promise) => promise.then(() => log(name, 'done'), (error) => log(name, error));";
    for (name, script, expected) in [
        (
            "fails as the writable side does, and with all that follow it",
            "const ts = new TransformStream({ cancel() { return new Promise((resolve) => setTimeout(resolve)); } }, { highWaterMark: 4 }, { highWaterMark: 4 });
             const writer = ts.writable.getWriter(); told('closed', writer.closed);
             setTimeout(() => { told('cancel', ts.readable.cancel('why')); told('first', writer.write(1)); told('second', writer.write(2)); log(writer.desiredSize); });",
            &["2", "cancel done", "first why", "second why", "closed why"][..],
        ),
        (
            "or as its cancel() does",
            "const ts = new TransformStream({ cancel() { return Promise.reject('no'); } }, undefined, { highWaterMark: 4 });
             const writer = ts.writable.getWriter(); told('closed', writer.closed);
             setTimeout(() => { told('cancel', ts.readable.cancel('why')); told('write', writer.write(1)); });",
            &["cancel no", "write no", "closed no"],
        ),
        (
            "the stream can be aborted meanwhile",
            "const ts = new TextEncoderStream(); const writer = ts.writable.getWriter(), reader = ts.readable.getReader(); told('closed', writer.closed);
             setTimeout(() => { told('read', reader.read()); told('cancel', reader.cancel('why')); told('write', writer.write('x')); told('abort', writer.abort('enough')); });",
            &["read done", "cancel done", "write enough", "abort done", "closed enough"],
        ),
    ] {
        check(&[(name, &format!("{settles}\n{script}"), expected)]);
    }
}

#[test]
fn a_transform_stream_that_ended_is_given_up_table() {
    let settles = "const told = (name, promise) => promise.then(() => log(name, 'done'), (error) => log(name, error.name ?? error));
        let controller, fail, end; const turn = () => new Promise((resolve) => setTimeout(resolve));
        const ts = new TransformStream({ start(c) { controller = c; }, transform() { return new Promise((resolve, reject) => { end = resolve; fail = reject; }); }, cancel() { log('wrong'); } }, {}, { highWaterMark: 5 });
        const writer = ts.writable.getWriter(); told('closed', writer.closed);
        const read = () => told('read', ts.readable.getReader().read());";
    for (name, script, expected) in [
        (
            "aborted before its transform() fails",
            "await turn(); told('write', writer.write(1)); told('abort', writer.abort('enough')); await turn(); fail('failed'); await turn(); read();",
            &["write failed", "abort failed", "closed enough", "read failed"][..],
        ),
        (
            "aborted before it errors",
            "await turn(); told('write', writer.write(1)); told('abort', writer.abort('enough')); controller.error('failed'); await turn(); end(); await turn(); read();",
            &["write done", "abort failed", "closed enough", "read failed"],
        ),
        (
            "aborted before it terminates",
            "await turn(); told('write', writer.write(1)); told('abort', writer.abort('enough')); controller.terminate(); await turn(); end(); await turn(); read();",
            &["write done", "abort done", "closed enough", "read done"],
        ),
        (
            "canceled with a chunk in its queue once it terminated",
            "await turn(); controller.enqueue(1); controller.terminate(); await turn(); told('cancel', ts.readable.cancel('why')); await turn(); read();",
            &["closed TypeError", "cancel TypeError", "read done"],
        ),
    ] {
        check(&[(name, &format!("(async () => {{ {settles}\n{script} }})();"), expected)]);
    }
}

#[test]
fn from_table() {
    check(&[
        (
            "a result that is no object is an error as soon as one that is thrown",
            "const from = (next) => ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next }) }).getReader().read();
             from(() => 5).catch((error) => log(error.name)); from(() => { throw 'thrown'; }).catch(log);",
            &["TypeError", "thrown"],
        ),
        (
            "one that is promised as soon as one that is rejected",
            "const from = (next) => ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next }) }).getReader().read();
             from(async () => 5).catch((error) => log(error.name)); from(async () => { throw 'rejected'; }).catch(log);",
            &["TypeError", "rejected"],
        ),
        (
            "a synchronous iterator's too",
            "const from = (next) => ReadableStream.from({ [Symbol.iterator]: () => ({ next }) }).getReader().read();
             from(() => 5).catch((error) => log(error.name)); from(() => { throw 'thrown'; }).catch(log);",
            &["TypeError", "thrown"],
        ),
        (
            "what a synchronous iterator throws is an error as soon as what an asynchronous one rejects with",
            "const read = (iterable) => ReadableStream.from(iterable).getReader().read().catch(log);
             read({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject('rejected') }) });
             read({ [Symbol.iterator]: () => ({ next() { throw 'thrown'; } }) });",
            &["rejected", "thrown"],
        ),
        (
            "and so with return()",
            "const cancel = (iterable) => ReadableStream.from(iterable).cancel('why').then(log, (e) => log(e.name ?? e));
             cancel({ [Symbol.asyncIterator]: () => ({ next() {}, return: () => Promise.reject('rejected') }) });
             cancel({ [Symbol.iterator]: () => ({ next() {}, return() { throw 'thrown'; } }) });
             cancel({ [Symbol.iterator]: () => ({ next() {}, get return() { throw 'got'; } }) });
             cancel({ [Symbol.asyncIterator]: () => ({ next() {}, return: (reason) => { log(reason); return Promise.resolve({}); } }) });
             cancel({ [Symbol.iterator]: () => ({ next() {} }) });
             cancel({ [Symbol.iterator]: () => ({ next() {}, return: (reason) => { log(reason); return 5; } }) });",
            &["why", "why", "rejected", "thrown", "got", "undefined", "undefined", "TypeError"],
        ),
    ]);
}

#[test]
fn pull_may_release_the_reader() {
    check(&[(
        "of which the chunk that is being enqueued waits for the next",
        "(async () => {
           let controller, reader, releases = false; const turn = () => new Promise((resolve) => setTimeout(resolve));
           const pull = () => { if (releases) reader.releaseLock(); releases = false; };
           const stream = new ReadableStream({ type: 'bytes', start(c) { controller = c; }, pull }, { highWaterMark: 10 });
           const byob = stream.getReader({ mode: 'byob' }); await turn();
           byob.read(new Uint16Array(2)).catch((error) => log('byob', error.name)); await turn();
           controller.enqueue(new Uint8Array([1])); byob.releaseLock();
           reader = stream.getReader(); await turn();
           const read = () => reader.read().then(({ value }) => log(value), (error) => log(error.name)); read(); read(); await turn();
           releases = true; controller.enqueue(new Uint8Array([2, 3])); await turn();
           reader = stream.getReader(); await read();
         })();",
        &["byob TypeError", "TypeError", "Uint8Array(1) [1]", "Uint8Array(2) [2, 3]"],
    )]);
}

#[test]
fn branches_of_branches_are_no_deeper_for_the_stack() {
    let tees = "const n = 1000; const bytes = () => new Response('hello').body;
        const objects = () => new ReadableStream({ start(c) { c.enqueue('hello'); c.close(); } });
        const breaks = () => new ReadableStream({ pull(c) { c.error('broken'); } }, { highWaterMark: 0 });
        const tees = (stream) => { const all = []; for (let i = 0; i < n; i++) { const [one, other] = stream.tee(); all.push(one); stream = other; } return [...all, stream]; };
        const read = async (stream) => { let read = ''; for await (const chunk of stream) read += chunk.length; return read; };
        const all = (what) => Promise.all(what).then((got) => log(got.length, ...new Set(got)), (error) => log(error));";
    for (name, script, expected) in [
        (
            "read",
            "await all(tees(bytes()).map(read)); await all(tees(objects()).map(read));",
            &["1001 5", "1001 5"][..],
        ),
        ("broken off", "await all(tees(breaks()).map((stream) => read(stream).catch((error) => error)));", &["1001 broken"]),
        (
            "canceled",
            "for (const make of [bytes, objects]) await all(tees(make()).map((stream) => stream.cancel()));",
            &["1001 undefined"; 2],
        ),
        (
            "into a buffer",
            "const reader = tees(bytes()).pop().getReader({ mode: 'byob' });
             log((await reader.read(new Uint8Array(9))).value); log((await reader.read(new Uint8Array(9))).done);",
            &["Uint8Array(5) [104, 101, 108, 108, 111]", "true"],
        ),
        (
            "as bodies of which script has the stream",
            "let response = new Response('hello'); response.body; for (let i = 0; i < n; i++) response = response.clone(); log(await response.text());
             let request = new Request('/', { method: 'POST', body: objects().pipeThrough(new TextEncoderStream()), duplex: 'half' });
             for (let i = 0; i < n; i++) request = request.clone(); log(await request.text());",
            &["hello", "hello"],
        ),
    ] {
        check(&[(name, &format!("{tees}\n(async () => {{ {script} }})()"), expected)]);
    }
}
