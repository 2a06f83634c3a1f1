// Errors that nobody caught: https://html.spec.whatwg.org/#runtime-script-errors
// and promises that nobody waits for: https://html.spec.whatwg.org/#unhandled-promise-rejections

import {
  PromisePrototypeThen, StringPrototypeStartsWith, WeakMap, WeakMapPrototypeDelete, WeakMapPrototypeGet, WeakMapPrototypeSet,
  markHandled, newList, ops,
} from "./primordials.js";
import { globalImplementation, implement } from "./platform_objects.js";
import { EventImpl, fireEvent, setErrorEventClass, setExceptionReporter } from "./events.js";
import { fireTimer } from "./timers.js";
import { queueTask, runTask } from "./tasks.js";
import { headline, stackOf } from "./inspect.js";
import { callerStack, placeOf } from "./stacks.js";

export class ErrorEventImpl extends EventImpl {
  message = "";
  filename = "";
  lineno = 0;
  colno = 0;
  error = undefined;

  innerCreate(init) {
    super.innerCreate(init);
    if (init === undefined) return;
    this.message = init.message;
    this.filename = init.filename;
    this.lineno = init.lineno;
    this.colno = init.colno;
    this.error = init.error;
  }
}
implement("ErrorEvent", ErrorEventImpl);
setErrorEventClass(ErrorEventImpl);

export class PromiseRejectionEventImpl extends EventImpl {
  promise = undefined;
  reason = undefined;

  innerCreate(init) {
    super.innerCreate(init);
    this.promise = init.promise;
    this.reason = init.reason;
  }
}
implement("PromiseRejectionEvent", PromiseRejectionEventImpl);

// https://html.spec.whatwg.org/#extract-error
function extractError(exception) {
  const stack = stackOf(exception) || callerStack();
  const place = placeOf(stack);
  return {
    __proto__: null,
    cancelable: true,
    message: `Uncaught ${headline(exception)}`,
    filename: place === undefined ? ops.global_url_part("href") : place.filename,
    lineno: place === undefined ? 0 : place.lineno,
    colno: place === undefined ? 0 : place.colno,
    error: exception,
  };
}

// Why there is no script, which no script may see: only the console is told.
const reasons = new WeakMap();
const noteReason = (exception, reason) => WeakMapPrototypeSet(reasons, exception, reason);

// A line as browsers print it, and the stack.
function describe(said, exception) {
  const reason = WeakMapPrototypeGet(reasons, exception);
  const head = reason === undefined ? headline(exception) : `${headline(exception)} (${reason})`;
  const stack = stackOf(exception);
  if (stack === "") return said + head;
  return StringPrototypeStartsWith(stack, head) ? said + stack : `${said}${head}\n${stack}`;
}

// https://html.spec.whatwg.org/#in-error-reporting-mode
let inErrorReportingMode = false;

/** https://html.spec.whatwg.org/#report-an-exception */
export function reportException(exception) {
  reportErrorInformation(undefined, undefined, exception);
}

/** The same of a worker's exception, of which this is known, and a line for the console. */
export function reportErrorInformation(information, line, exception) {
  let notHandled = true;
  if (!inErrorReportingMode && globalImplementation !== undefined) {
    inErrorReportingMode = true;
    try {
      information ??= extractError(exception);
      notHandled = fireEvent("error", globalImplementation, ErrorEventImpl, information);
    } finally {
      inErrorReportingMode = false;
    }
  }
  if (!notHandled) return;
  line ??= describe("Uncaught ", exception);
  if (!ops.is_dedicated_worker()) {
    ops.report_uncaught(line);
    return;
  }
  // In a task of its owner's, unless there is nothing more to hear of it.
  const { message, filename, lineno, colno } = information ?? extractError(exception);
  ops.worker_report_error(message, filename, lineno, colno, line);
}
setExceptionReporter(reportException);

/** Whoever reported was ended on the way, and comes back no more. */
export function leaveErrorReportingMode() {
  inErrorReportingMode = false;
}

// What became of a rejected promise that nobody waited for. NB: holds neither the promise nor its reason.
const rejections = new WeakMap();
const ABOUT_TO_BE_NOTIFIED = 0;
const OUTSTANDING = 1;

// https://html.spec.whatwg.org/#about-to-be-notified-rejected-promises-list
let aboutToBeNotified = newList();

// https://html.spec.whatwg.org/#the-hostpromiserejectiontracker-implementation
//
// NB: where there is no room for an error the engine throws null, of which Rust knows better.
function trackRejection(promise, handled, outOfMemory) {
  if (!handled) {
    const rejection = { __proto__: null, state: ABOUT_TO_BE_NOTIFIED, handled: false, outOfMemory };
    WeakMapPrototypeSet(rejections, promise, rejection);
    aboutToBeNotified[aboutToBeNotified.length] = { __proto__: null, promise, rejection };
    return;
  }
  const rejection = WeakMapPrototypeGet(rejections, promise);
  if (rejection === undefined) return;
  WeakMapPrototypeDelete(rejections, promise);
  rejection.handled = true;
  if (rejection.state === OUTSTANDING) queueTask(() => firePromiseRejectionEvent("rejectionhandled", promise, false));
}

// https://html.spec.whatwg.org/#notify-about-rejected-promises
function notifyRejected() {
  const list = aboutToBeNotified;
  if (list.length === 0) return;
  aboutToBeNotified = newList();
  queueTask(() => {
    for (let i = 0; i < list.length; i++) notify(list[i].promise, list[i].rejection);
  });
}

function notify(promise, rejection) {
  if (rejection.handled) return;
  const reason = ops.promise_result(promise);
  const notHandled = firePromiseRejectionEvent("unhandledrejection", promise, true);
  if (notHandled) {
    const said = "Uncaught (in promise) ";
    ops.report_uncaught(rejection.outOfMemory ? `${said}InternalError: out of memory` : describe(said, reason));
  }
  if (!rejection.handled) rejection.state = OUTSTANDING;
}

function firePromiseRejectionEvent(type, promise, cancelable) {
  const reason = ops.promise_result(promise);
  const init = { __proto__: null, cancelable, promise, reason };
  return fireEvent(type, globalImplementation, PromiseRejectionEventImpl, init, true);
}

// https://html.spec.whatwg.org/#run-a-module-script: its evaluation's rejection is an exception like a classic script's.
function reportModule(evaluation) {
  PromisePrototypeThen(evaluation, undefined, reportException);
}

// https://tc39.es/ecma262/#sec-ContinueDynamicImport: what import() waits for is there.
function finishImport(evaluation, namespace, resolve, reject) {
  PromisePrototypeThen(evaluation, () => resolve(namespace), reject);
}

const describeException = (exception) => describe("", exception);

ops.set_hooks({
  fireTimer, reportException, reportModule, finishImport, describeException, markHandled, noteReason, trackRejection, notifyRejected,
  runTask,
});
