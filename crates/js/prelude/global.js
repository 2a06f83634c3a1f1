// Globals: https://html.spec.whatwg.org/#the-window-object, https://html.spec.whatwg.org/#workerglobalscope, and what both have:
// https://html.spec.whatwg.org/#windoworworkerglobalscope-mixin
//
// What a mixin has in another file is copied onto GlobalImpl from the object that the file exports.

import {
  DOMException, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor, ReflectApply, ReflectOwnKeys, StringPrototypeIncludes, TypeError,
  global, globalEval, globalQueueMicrotask, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl, theCurrentEvent } from "./events.js";
import { clearTimer, runStepsAfterTimeout } from "./timers.js";
import { structuredClone } from "./structured_clone.js";
import { reportException } from "./reporting.js";
import { LocationImpl, WorkerLocationImpl } from "./location.js";
import { NavigatorImpl, WorkerNavigatorImpl } from "./navigator.js";
import { PerformanceImpl } from "./performance.js";
import { CryptoImpl } from "./crypto.js";
import { base64Members } from "./base64.js";
import { fetch } from "./fetch/fetch.js";
import { fetchLater } from "./fetch/fetch_later.js";
import { MessagePortImpl, postMessageToWindow } from "./message_ports.js";
import { QuotaExceededError } from "./quota_exceeded_error.js";

// What the engine has of its own, and ours differs from.
const native = ["performance", "queueMicrotask", "atob", "btoa", "navigator"];
for (let i = 0; i < native.length; i++) delete global[native[i]];

ObjectDefineProperty(global, "QuotaExceededError", {
  __proto__: null, value: QuotaExceededError, writable: true, enumerable: false, configurable: true,
});

// https://html.spec.whatwg.org/#map-of-settimeout-and-setinterval-ids
const timers = new Map();
let lastTimer = 0;

// The timer nesting level of the task that runs, if that is a timer's.
let nesting = 0;
let nestingTask = -1;

// https://html.spec.whatwg.org/#timer-initialisation-steps
function initializeTimer(handler, timeout, args, repeat, previousId) {
  const id = previousId ?? newTimerId();
  const level = nestingTask === ops.task_number() ? nesting : 0;
  let after = timeout < 0 ? 0 : timeout;
  if (level > 5 && after < 4) after = 4;
  const timer = { __proto__: null, handle: 0 };
  MapPrototypeSet(timers, id, timer);
  timer.handle = runStepsAfterTimeout(after, () => {
    if (MapPrototypeGet(timers, id) !== timer) return;
    nesting = level + 1;
    nestingTask = ops.task_number();
    try {
      if (typeof handler === "function") ReflectApply(handler, global, args);
      else runHandler(handler);
    } catch (error) {
      reportException(error);
    }
    // It may have been cleared meanwhile, or its number given to another.
    if (MapPrototypeGet(timers, id) !== timer) return;
    if (repeat) initializeTimer(handler, timeout, args, true, id);
    else MapPrototypeDelete(timers, id);
  });
  return id;
}

function newTimerId() {
  do lastTimer = lastTimer >= 0x7fffffff ? 1 : lastTimer + 1;
  while (MapPrototypeGet(timers, lastTimer) !== undefined);
  return lastTimer;
}

// A handler that is no function is a classic script.
function runHandler(source) {
  // NB: a host's string ends at U+0000. In an indirect eval, declarations with let and const are not the global's.
  if (StringPrototypeIncludes(source, "\0")) globalEval(source);
  else ops.script_evaluate(source, ops.global_url_part("href"));
}

export class GlobalImpl extends EventTargetImpl {
  isGlobal = true;
  ownName = "";
  ownPerformance = new PerformanceImpl();
  ownCrypto = new CryptoImpl();

  get self() {
    return this;
  }

  get name() {
    return this.ownName;
  }

  get origin() {
    return ops.global_origin();
  }

  get isSecureContext() {
    return ops.global_is_secure();
  }

  get crossOriginIsolated() {
    return ops.global_is_isolated();
  }

  get performance() {
    return this.ownPerformance;
  }

  get crypto() {
    return this.ownCrypto;
  }

  reportError(error) {
    reportException(error);
  }

  setTimeout(handler, timeout, ...args) {
    return initializeTimer(handler, timeout, args, false);
  }

  setInterval(handler, timeout, ...args) {
    return initializeTimer(handler, timeout, args, true);
  }

  clearTimeout(id) {
    const timer = MapPrototypeGet(timers, id);
    if (timer === undefined) return;
    MapPrototypeDelete(timers, id);
    clearTimer(timer.handle);
  }

  clearInterval(id) {
    this.clearTimeout(id);
  }

  queueMicrotask(callback) {
    globalQueueMicrotask(() => {
      try {
        ReflectApply(callback, undefined, []);
      } catch (error) {
        reportException(error);
      }
    });
  }

  structuredClone(value, options) {
    return structuredClone(value, options);
  }

}

// The members of a mixin that another file implements: an object of methods, getters and setters.
function include(members) {
  const keys = ReflectOwnKeys(members);
  for (let i = 0; i < keys.length; i++) {
    ObjectDefineProperty(GlobalImpl.prototype, keys[i], ObjectGetOwnPropertyDescriptor(members, keys[i]));
  }
}
include(base64Members);
include({
  fetch(input, init) {
    return fetch(input, init);
  },
});

export class WindowImpl extends GlobalImpl {
  ownLocation = new LocationImpl();
  ownNavigator = new NavigatorImpl();
  opener = null;
  closed = false;
  // There are no frames in it.
  length = 0;

  get window() {
    return this;
  }

  get frames() {
    return this;
  }

  get top() {
    return this;
  }

  get parent() {
    return this;
  }

  set name(value) {
    this.ownName = value;
  }

  get name() {
    return this.ownName;
  }

  get location() {
    return this.ownLocation;
  }

  get navigator() {
    return this.ownNavigator;
  }

  get clientInformation() {
    return this.ownNavigator;
  }

  // https://dom.spec.whatwg.org/#dom-window-event
  get event() {
    return theCurrentEvent();
  }

  // https://html.spec.whatwg.org/#dom-alert: the person sees it where console lines go.
  alert(message = "") {
    ops.print_out(message);
  }

  fetchLater(input, init) {
    return fetchLater(input, init);
  }

  // https://html.spec.whatwg.org/#dom-window-postmessage, either kind
  postMessage(message, targetOriginOrOptions, transfer) {
    if (typeof targetOriginOrOptions === "string") postMessageToWindow(this, message, targetOriginOrOptions, transfer);
    else postMessageToWindow(this, message, targetOriginOrOptions.targetOrigin, targetOriginOrOptions.transfer);
  }

  // https://html.spec.whatwg.org/#dom-window-close: only what a script opened closes.
  close() {}
}
implement("Window", WindowImpl);

export class WorkerGlobalScopeImpl extends GlobalImpl {
  ownLocation = new WorkerLocationImpl();
  ownNavigator = new WorkerNavigatorImpl();

  get location() {
    return this.ownLocation;
  }

  get navigator() {
    return this.ownNavigator;
  }

  // https://html.spec.whatwg.org/#import-scripts-into-worker-global-scope
  importScripts(...urls) {
    // NB: an outermost global is of either type, its scripts are classic or modules one by one.
    if (ops.is_module_worker()) throw new TypeError("A module worker has no importScripts().");
    for (let i = 0; i < urls.length; i++) {
      const url = ops.import_script_url(urls[i]);
      if (url === undefined) throw new DOMException(`'${urls[i]}' is not a valid URL`, "SyntaxError");
      urls[i] = url;
    }
    for (let i = 0; i < urls.length; i++) ops.import_script(urls[i]);
  }
}
implement("WorkerGlobalScope", WorkerGlobalScopeImpl);

export class DedicatedWorkerGlobalScopeImpl extends WorkerGlobalScopeImpl {
  // Entangled with the one that the Worker has. An outermost global is nobody's: it posts to a port that is closed.
  implicitPort = new MessagePortImpl();

  // https://html.spec.whatwg.org/#dom-dedicatedworkerglobalscope-postmessage
  postMessage(message, options) {
    this.implicitPort.postMessage(message, options);
  }

  // https://html.spec.whatwg.org/#close-a-worker: the task that runs is the last.
  close() {
    ops.global_close();
  }
}
implement("DedicatedWorkerGlobalScope", DedicatedWorkerGlobalScopeImpl);
