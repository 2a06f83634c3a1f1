// Runs after the suite's harness and before the test: each result is a line of the console behind a mark that tests cannot know.
// MARK, LIMIT (milliseconds) and IMPORTED (what `importScripts` need not bring) are put in by who runs this.
(() => {
  /* constants */
  const { console, JSON, Promise, Object } = globalThis;
  const { setTimeout: later, clearTimeout: never, timeout: expire, done, setup, promise_setup } = globalThis;
  const say = message => console_log(MARK + JSON_stringify(message));
  const console_log = console.log.bind(console), JSON_stringify = JSON.stringify;
  const lone = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g;
  const clean = text => `${text ?? ""}`.replace(lone, it => it.length > 1 ? it : `U+${it.charCodeAt(0).toString(16)}`);
  const row = test => [test.status, clean(test.name), clean(test.message).slice(0, 600)];

  add_result_callback(test => say({ one: row(test) }));
  add_completion_callback((tests, status) => {
    never(timer);
    say({ status: status.status, message: clean(status.message), all: tests.map(row) });
  });
  const timer = later(expire, LIMIT);

  // Without a document and outside workers the harness takes the first idle moment for the end: it is told to wait.
  const is_a = name => name in globalThis && globalThis instanceof globalThis[name];
  const in_worker = is_a("WorkerGlobalScope");
  // The harness posts its results to whoever made the worker: here nobody did.
  if (in_worker && typeof globalThis.postMessage !== "function") {
    Object.defineProperty(globalThis, "postMessage", { configurable: true, writable: true, value() {} });
  }
  const in_document = "document" in globalThis;
  let started = in_worker, told_to_wait = false;
  if (!in_worker && !in_document) {
    setup({ explicit_done: true });
    const note = properties => { told_to_wait ||= Boolean(properties?.explicit_done || properties?.single_test); };
    globalThis.setup = (...given) => {
      note(given.at(-1));
      return setup(...given);
    };
    globalThis.promise_setup = (...given) => {
      note(given[1]);
      return promise_setup(...given);
    };
  }
  let on_start = () => { started = true; };
  add_start_callback(() => on_start());

  const imports = globalThis.importScripts;
  if (IMPORTED.length > 0 && in_worker) {
    globalThis.importScripts = (...urls) => {
      const rest = urls.filter(url => !IMPORTED.includes(url));
      if (rest.length > 0) imports.apply(globalThis, rest);
    };
  }

  // Called after the test's last script: "done" as a wrapper in a worker says it, "load" for a page's event.
  let loaded = false;
  if (globalThis.addEventListener) globalThis.addEventListener("load", () => { loaded = true; });
  Object.defineProperty(globalThis, MARK, {
    configurable: true,
    value: how => {
      delete globalThis[MARK];
      if (how === "done") return done();
      if (how !== "load" || in_worker) return;
      later(() => {
        if (!loaded && globalThis.dispatchEvent) {
          const load = new Event("load");
          globalThis.dispatchEvent(load);
          if (Object.getOwnPropertyDescriptor(globalThis, "onload")?.value) globalThis.onload(load);
        }
        if (told_to_wait || in_document) return;
        if (started) done();
        else on_start = () => Promise.resolve().then(done);
      }, 0);
    },
  });
})();
