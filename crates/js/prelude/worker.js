// Dedicated workers: https://html.spec.whatwg.org/#dedicated-workers-and-the-worker-interface
//
// A worker runs on a thread of its own, which Rust starts and ends: this is what its owner has of it, and what errors go through.

import {
  ArrayIsArray, DOMException, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, WeakRef, WeakRefPrototypeDeref, ops,
} from "./primordials.js";
import { globalImplementation, implement } from "./platform_objects.js";
import { EventTargetImpl, fireEvent } from "./events.js";
import { fireMessageEvent, postMessageSteps, receivePort } from "./message_ports.js";
import { discardSent, queueOf } from "./port_queues.js";
import { ErrorEventImpl, reportErrorInformation } from "./reporting.js";

// Those that were not ended, by their numbers.
const workers = new Map();
let lastWorker = 0;

const optionsTransfer = (options) => (ArrayIsArray(options) ? options : options.transfer);

export class WorkerImpl extends EventTargetImpl {
  id = 0;
  // NB: a worker whose object is collected may end; Rust knows it by this.
  handle = undefined;
  outsidePort = undefined;
  ended = false;

  // https://html.spec.whatwg.org/#dom-worker
  construct(scriptURL, { name, type, credentials }) {
    lastWorker++;
    const started = ops.worker_start(lastWorker, scriptURL, type, credentials, name);
    if (started === undefined) throw new DOMException(`'${scriptURL}' is not a valid URL`, "SyntaxError");
    this.id = lastWorker;
    this.handle = started[0];
    const weakThis = new WeakRef(this);
    MapPrototypeSet(workers, this.id, { __proto__: null, weakWorker: weakThis, heldWorker: undefined });
    this.outsidePort = receivePort(queueOf(started[1], true));
    this.outsidePort.onMessage = (message) => {
      const worker = WeakRefPrototypeDeref(weakThis);
      if (worker !== undefined && !worker.ended) fireMessageEvent(worker, message, "", null);
    };
    this.outsidePort.start();
  }

  // https://html.spec.whatwg.org/#dom-worker-terminate
  terminate() {
    if (this.ended) return;
    discardSent(this.outsidePort);
    this.end();
    ops.worker_terminate(this.handle);
  }

  // https://html.spec.whatwg.org/#dom-worker-postmessage
  postMessage(message, options) {
    postMessageSteps(this.outsidePort, message, optionsTransfer(options));
  }

  // Nothing is heard of it any more.
  end() {
    this.ended = true;
    MapPrototypeDelete(workers, this.id);
    this.outsidePort.close();
  }

  // It may be heard of as long as it is not ended.
  beHeld() {
    const entry = MapPrototypeGet(workers, this.id);
    if (entry === undefined) return;
    const hears = this.hasListener("message") || this.hasListener("messageerror") || this.hasListener("error");
    entry.heldWorker = hears ? this : undefined;
  }

  addListener(listener) {
    super.addListener(listener);
    this.beHeld();
  }

  removeListener(listener) {
    super.removeListener(listener);
    this.beHeld();
  }
}
implement("Worker", WorkerImpl);

// The hooks around a collection: these workers are held by nothing but what script has of them, and then as before.
function loosenWorkers(ids) {
  for (let i = 0; i < ids.length; i++) {
    const entry = MapPrototypeGet(workers, ids[i]);
    if (entry !== undefined) entry.heldWorker = undefined;
  }
}
function holdWorkers(ids) {
  for (let i = 0; i < ids.length; i++) {
    const entry = MapPrototypeGet(workers, ids[i]);
    const worker = entry === undefined ? undefined : WeakRefPrototypeDeref(entry.weakWorker);
    if (worker !== undefined) worker.beHeld();
  }
}

// The hook: the thread has ended, of its own accord.
function workerEnded(id) {
  const entry = MapPrototypeGet(workers, id);
  if (entry === undefined) return;
  const worker = WeakRefPrototypeDeref(entry.weakWorker);
  if (worker !== undefined) worker.end();
  else MapPrototypeDelete(workers, id);
}

// The hook: there is no script to run, and the line says why to whoever does not listen.
function workerFailed(id, line) {
  const entry = MapPrototypeGet(workers, id);
  if (entry === undefined) return;
  const worker = WeakRefPrototypeDeref(entry.weakWorker);
  const isHeard = worker !== undefined && worker.hasListener("error");
  if (isHeard) fireEvent("error", worker, undefined, undefined, true);
  else ops.report_uncaught(line);
}

// The hook: an exception in a worker, which nobody handled there. Step 5.2 of https://html.spec.whatwg.org/#report-an-exception
function reportWorkerError(id, message, filename, lineno, colno, line) {
  const entry = MapPrototypeGet(workers, id);
  if (entry === undefined) return;
  const worker = WeakRefPrototypeDeref(entry.weakWorker);
  const information = { __proto__: null, cancelable: true, message, filename, lineno, colno, error: null };
  const notHandled = worker === undefined || fireEvent("error", worker, ErrorEventImpl, information, true);
  if (notHandled) reportErrorInformation(information, line);
}

// The hook: the global is that of a dedicated worker of this name, whose implicit port has this end.
function becomeDedicatedWorker(name, handle) {
  const scope = globalImplementation;
  scope.ownName = name;
  scope.implicitPort = receivePort(queueOf(handle, true));
  scope.implicitPort.onMessage = (message) => fireMessageEvent(scope, message, "", null);
}

// The hook: its script was run.
function enableImplicitPort() {
  globalImplementation.implicitPort.start();
}

ops.set_hooks({
  becomeDedicatedWorker, enableImplicitPort, holdWorkers, loosenWorkers, reportWorkerError, workerEnded, workerFailed,
});
