// Events: https://dom.spec.whatwg.org/#events, and event handlers: https://html.spec.whatwg.org/#event-handlers
//
// No event target here has a parent, so that an event's path is its target alone.

import {
  DOMException, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, MathFloor, ObjectHasOwn, ReflectApply, TypeError, newList, ops,
} from "./primordials.js";
import { implement, wrap } from "./platform_objects.js";

const NONE = 0;
const AT_TARGET = 2;

/** Milliseconds since the time origin, coarsened: https://w3c.github.io/hr-time/#dfn-relative-high-resolution-coarse-time */
export function coarseTime() {
  return MathFloor(ops.now() * 10) / 10;
}

// https://dom.spec.whatwg.org/#window-current-event
let currentEvent;

/** The event whose listener runs, or `undefined`. */
export const theCurrentEvent = () => (currentEvent === undefined ? undefined : wrap(currentEvent));

/** Whoever dispatched it was ended on the way, and comes back no more. */
export function forgetCurrentEvent() {
  currentEvent = undefined;
}

let reportException = () => {};

/** Who is told of what listeners throw; it needs events itself. */
export function setExceptionReporter(report) {
  reportException = report;
}

export class EventImpl {
  // NB: undefined again after it was dispatched, or the two of them would wait for a collection, with all that a message has.
  wrapper = undefined;
  type = "";
  target = null;
  currentTarget = null;
  eventPhase = NONE;
  isTrusted = false;
  timeStamp = 0;
  initialized = false;
  dispatching = false;

  // What few events have otherwise is found here until they do: each field of an object takes its time.
  static {
    const { prototype } = this;
    prototype.bubbles = false;
    prototype.cancelable = false;
    prototype.composed = false;
    prototype.propagationStopped = false;
    prototype.immediatePropagationStopped = false;
    prototype.defaultPrevented = false;
    prototype.inPassiveListener = false;
  }

  construct(type, init) {
    this.innerCreate(init);
    this.type = type;
  }

  // https://dom.spec.whatwg.org/#inner-event-creation-steps; subclasses have members of their own.
  innerCreate(init) {
    this.initialized = true;
    this.timeStamp = coarseTime();
    if (init === undefined) return;
    if (init.bubbles === true) this.bubbles = true;
    if (init.cancelable === true) this.cancelable = true;
    if (init.composed === true) this.composed = true;
  }

  get srcElement() {
    return this.target;
  }

  composedPath() {
    return this.currentTarget === null ? [] : [wrap(this.currentTarget)];
  }

  stopPropagation() {
    this.propagationStopped = true;
  }

  stopImmediatePropagation() {
    this.propagationStopped = true;
    this.immediatePropagationStopped = true;
  }

  get cancelBubble() {
    return this.propagationStopped;
  }

  set cancelBubble(value) {
    if (value) this.propagationStopped = true;
  }

  // https://dom.spec.whatwg.org/#set-the-canceled-flag
  preventDefault() {
    if (this.cancelable && !this.inPassiveListener) this.defaultPrevented = true;
  }

  get returnValue() {
    return !this.defaultPrevented;
  }

  set returnValue(value) {
    if (!value) this.preventDefault();
  }

  // https://dom.spec.whatwg.org/#concept-event-initialize
  initialize(type, bubbles, cancelable) {
    this.initialized = true;
    this.propagationStopped = false;
    this.immediatePropagationStopped = false;
    this.defaultPrevented = false;
    this.isTrusted = false;
    this.target = null;
    this.type = type;
    this.bubbles = bubbles;
    this.cancelable = cancelable;
  }

  initEvent(type, bubbles, cancelable) {
    if (!this.dispatching) this.initialize(type, bubbles, cancelable);
  }
}
implement("Event", EventImpl);

export class CustomEventImpl extends EventImpl {
  detail = null;

  innerCreate(init) {
    super.innerCreate(init);
    if (init !== undefined && ObjectHasOwn(init, "detail")) this.detail = init.detail;
  }

  initCustomEvent(type, bubbles, cancelable, detail) {
    if (this.dispatching) return;
    this.initialize(type, bubbles, cancelable);
    this.detail = detail;
  }
}
implement("CustomEvent", CustomEventImpl);

/** https://dom.spec.whatwg.org/#concept-event-create, trusted. */
export function createEvent(Impl, type, init) {
  const event = new Impl();
  event.innerCreate(init);
  event.type = type;
  event.isTrusted = true;
  return event;
}

/**
 * https://dom.spec.whatwg.org/#concept-event-fire: was it not canceled? `inTask`: by a task itself, and by nothing that script
 * called, so that microtasks run after each listener.
 */
export function fireEvent(type, target, Impl = EventImpl, init = undefined, inTask = false) {
  // No tree is here: nobody else could see it.
  if (!target.hasListener(type)) return true;
  return target.dispatch(createEvent(Impl, type, init), inTask);
}

// https://dom.spec.whatwg.org/#event-flatten-options
const flatten = (options) => (typeof options === "boolean" ? options : options !== undefined && options.capture === true);

// https://dom.spec.whatwg.org/#concept-event-listener; of an event handler, whose callback is the handler itself, `handler` too.
class Listener {
  static {
    const { prototype } = this;
    prototype.type = "";
    prototype.callback = null;
    prototype.capture = false;
    prototype.once = false;
    prototype.passive = false;
    prototype.signal = undefined;
    prototype.abortAlgorithm = undefined;
    prototype.removed = false;
    prototype.handler = undefined;
    // Another of the same callback, where they are known by that.
    prototype.another = undefined;
  }

  constructor(type, callback) {
    this.type = type;
    this.callback = callback;
  }
}

// So many listeners are looked through; of more it is known who has which callback, and who was removed stays among them for a while.
const MANY = 16;

export class EventTargetImpl {
  static {
    const { prototype } = this;
    prototype.wrapper = undefined;
    // https://dom.spec.whatwg.org/#eventtarget-event-listener-list; an invocation that walks it sees nobody who is added, so that a list only
    // grows, or is replaced. All have this one as long as they have none.
    prototype.listeners = newList();
    // How many of them were removed.
    prototype.removed = 0;
    // Where they are many: who has a callback.
    prototype.byCallback = undefined;
    // Was there ever one among them that captures?
    prototype.hasCapturing = false;
    // Is it a Window or a WorkerGlobalScope?
    prototype.isGlobal = false;
    // https://html.spec.whatwg.org/#event-handler-map
    prototype.handlers = undefined;
  }

  construct() {}

  addEventListener(type, callback, options) {
    const listener = new Listener(type, callback);
    listener.capture = flatten(options);
    if (typeof options === "object") {
      listener.once = options.once === true;
      listener.passive = options.passive === true;
      listener.signal = options.signal;
    }
    this.addListener(listener);
  }

  // https://dom.spec.whatwg.org/#add-an-event-listener
  addListener(listener) {
    const { signal, callback } = listener;
    if (signal !== undefined && signal.aborted) return;
    if (callback === null) return;
    // NB: one that is there already is not this one, and 6 would remove nothing.
    if (this.find(listener.type, callback, listener.capture) !== undefined) return;
    if (listener.capture) this.hasCapturing = true;
    if (this.listeners.length === 0) this.listeners = newList();
    this.listeners[this.listeners.length] = listener;
    if (this.byCallback !== undefined) makeKnown(this.byCallback, listener);
    else if (this.listeners.length > MANY) this.byCallback = knownByCallback(this.listeners);
    if (signal === undefined) return;
    listener.abortAlgorithm = () => this.removeListener(listener);
    signal.addAlgorithm(listener.abortAlgorithm);
  }

  removeEventListener(type, callback, options) {
    const listener = this.find(type, callback, flatten(options));
    if (listener !== undefined) this.removeListener(listener);
  }

  // https://dom.spec.whatwg.org/#remove-an-event-listener
  removeListener(listener) {
    if (listener.removed) return;
    listener.removed = true;
    // NB: a signal that is never aborted would hold all that ever listened.
    if (listener.abortAlgorithm !== undefined) {
      listener.signal.removeAlgorithm(listener.abortAlgorithm);
      listener.abortAlgorithm = undefined;
    }
    const { byCallback } = this;
    this.removed++;
    if (byCallback !== undefined) {
      makeUnknown(byCallback, listener);
      if (this.removed * 2 < this.listeners.length) return;
    }
    const left = newList();
    for (let i = 0; i < this.listeners.length; i++) {
      if (!this.listeners[i].removed) left[left.length] = this.listeners[i];
    }
    this.listeners = left;
    this.removed = 0;
    if (left.length <= MANY) this.byCallback = undefined;
  }

  find(type, callback, capture) {
    if (this.byCallback !== undefined) {
      let listener = MapPrototypeGet(this.byCallback, callback);
      while (listener !== undefined && !isListener(listener, type, callback, capture)) listener = listener.another;
      return listener;
    }
    for (let i = 0; i < this.listeners.length; i++) {
      if (isListener(this.listeners[i], type, callback, capture)) return this.listeners[i];
    }
    return undefined;
  }

  hasListener(type) {
    for (let i = 0; i < this.listeners.length; i++) {
      const listener = this.listeners[i];
      if (listener.type === type && !listener.removed) return true;
    }
    return false;
  }

  get hasListeners() {
    return this.listeners.length > this.removed;
  }

  dispatchEvent(event) {
    if (event.dispatching) throw new DOMException("The event is being dispatched already.", "InvalidStateError");
    if (!event.initialized) throw new DOMException("The event was never initialized.", "InvalidStateError");
    event.isTrusted = false;
    return this.dispatch(event);
  }

  // https://dom.spec.whatwg.org/#concept-event-dispatch
  dispatch(event, inTask = false) {
    event.dispatching = true;
    event.target = this;
    event.eventPhase = AT_TARGET;
    if (this.hasCapturing) this.invoke(event, true, inTask);
    this.invoke(event, false, inTask);
    event.eventPhase = NONE;
    event.currentTarget = null;
    event.dispatching = false;
    if (event.propagationStopped) event.propagationStopped = event.immediatePropagationStopped = false;
    event.wrapper = undefined;
    return !event.defaultPrevented;
  }

  // https://dom.spec.whatwg.org/#concept-event-listener-invoke
  invoke(event, capturing, inTask) {
    if (event.propagationStopped) return;
    event.currentTarget = this;
    const { listeners } = this;
    const { length } = listeners;
    for (let i = 0; i < length; i++) {
      const listener = listeners[i];
      if (listener.removed || listener.type !== event.type || listener.capture !== capturing) continue;
      if (listener.once) this.removeListener(listener);
      // The Window's current event, as long as the listener runs and what it throws is reported. No tree is here, and so none in shadow.
      const outerEvent = currentEvent;
      currentEvent = event;
      if (listener.passive) event.inPassiveListener = true;
      try {
        if (listener.handler !== undefined) processEventHandler(listener.handler, this, event);
        else callListener(listener.callback, wrap(this), wrap(event));
      } catch (error) {
        reportException(error);
      }
      if (listener.passive) event.inPassiveListener = false;
      currentEvent = outerEvent;
      // https://html.spec.whatwg.org/#clean-up-after-running-script
      // DEPARTS: behind the report of what was thrown, not before it, as browsers do:
      // https://webidl.spec.whatwg.org/#call-a-user-objects-operation
      if (inTask) ops.microtask_checkpoint();
      if (event.immediatePropagationStopped) return;
    }
  }

  getEventHandler(name) {
    const handler = this.handlers === undefined ? undefined : this.handlers[name];
    return handler === undefined ? null : handler.value;
  }

  // https://html.spec.whatwg.org/#event-handler-idl-attributes
  setEventHandler(name, value) {
    this.handlers ??= { __proto__: null };
    let handler = this.handlers[name];
    if (value === null) {
      if (handler !== undefined) {
        this.removeListener(handler.listener);
        this.handlers[name] = undefined;
      }
      return;
    }
    if (handler !== undefined) {
      handler.value = value;
      return;
    }
    handler = { __proto__: null, type: name, value, listener: undefined };
    handler.listener = new Listener(name, handler);
    handler.listener.handler = handler;
    this.handlers[name] = handler;
    this.addListener(handler.listener);
  }
}
implement("EventTarget", EventTargetImpl);

const isListener = (listener, type, callback, capture) =>
  listener.type === type && listener.callback === callback && listener.capture === capture;

function knownByCallback(listeners) {
  const byCallback = new Map();
  for (let i = 0; i < listeners.length; i++) makeKnown(byCallback, listeners[i]);
  return byCallback;
}

function makeKnown(byCallback, listener) {
  listener.another = MapPrototypeGet(byCallback, listener.callback);
  MapPrototypeSet(byCallback, listener.callback, listener);
}

function makeUnknown(byCallback, listener) {
  const first = MapPrototypeGet(byCallback, listener.callback);
  if (first === listener) {
    if (listener.another === undefined) MapPrototypeDelete(byCallback, listener.callback);
    else MapPrototypeSet(byCallback, listener.callback, listener.another);
  } else {
    let before = first;
    while (before !== undefined && before.another !== listener) before = before.another;
    if (before !== undefined) before.another = listener.another;
  }
  listener.another = undefined;
}

// https://webidl.spec.whatwg.org/#call-a-user-objects-operation
function callListener(callback, thisValue, event) {
  if (typeof callback === "function") {
    ReflectApply(callback, thisValue, [event]);
    return;
  }
  const operation = callback.handleEvent;
  if (typeof operation !== "function") throw new TypeError("handleEvent is not a function");
  ReflectApply(operation, callback, [event]);
}

let ErrorEventImpl;

/** Which class the error events are of, that a global's `onerror` takes apart. */
export function setErrorEventClass(Impl) {
  ErrorEventImpl = Impl;
}

// https://html.spec.whatwg.org/#the-event-handler-processing-algorithm
function processEventHandler({ value, type }, target, event) {
  if (typeof value !== "function") return;
  let cancels;
  if (type === "error" && target.isGlobal && ErrorEventImpl !== undefined && event instanceof ErrorEventImpl) {
    const { message, filename, lineno, colno, error } = event;
    cancels = ReflectApply(value, wrap(target), [message, filename, lineno, colno, error]) === true;
  } else {
    cancels = ReflectApply(value, wrap(target), [wrap(event)]) === false;
  }
  if (cancels) event.preventDefault();
}
