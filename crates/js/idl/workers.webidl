// Dedicated workers: https://html.spec.whatwg.org/#dedicated-workers-and-the-worker-interface
//
// A URL is a string here: nothing makes a TrustedScriptURL.

interface mixin AbstractWorker {
  attribute EventHandler onerror;
};

[Exposed=(Window,DedicatedWorker,SharedWorker)]
interface Worker : EventTarget {
  constructor(USVString scriptURL, optional WorkerOptions options = {});

  undefined terminate();
  undefined postMessage(any message, sequence<object> transfer);
  undefined postMessage(any message, optional StructuredSerializeOptions options = {});
};
Worker includes AbstractWorker;
Worker includes MessageEventTarget;

dictionary WorkerOptions {
  DOMString name = "";
  WorkerType type = "classic";
  RequestCredentials credentials = "same-origin";
};

enum WorkerType { "classic", "module" };
