// Aborting ongoing activities: https://dom.spec.whatwg.org/#aborting-ongoing-activities

import {
  DOMException, Set, SetPrototypeAdd, SetPrototypeDelete, SetPrototypeForEach, SetPrototypeGetSize, WeakRef,
  WeakRefPrototypeDeref, newList,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl, fireEvent } from "./events.js";
import { runStepsAfterTimeout } from "./timers.js";

export class AbortSignalImpl extends EventTargetImpl {
  // https://dom.spec.whatwg.org/#abortsignal-abort-reason; undefined is "not aborted", as no reason ever is.
  reason = undefined;
  aborted = false;
  dependent = false;
  algorithms = new Set();
  sources = new Set();
  // Weak, in order; those that somebody waits for are held too.
  dependents = newList();
  dependentsLimit = 16;
  held = new Set();

  static abort(reason) {
    const signal = new AbortSignalImpl();
    signal.aborted = true;
    signal.reason = reasonOr(reason);
    return signal;
  }

  static timeout(milliseconds) {
    const signal = new AbortSignalImpl();
    const timeOut = () => signal.signalAbort(new DOMException("The operation timed out.", "TimeoutError"), true);
    runStepsAfterTimeout(milliseconds, timeOut, false);
    return signal;
  }

  static any(signals) {
    return dependentSignal(signals);
  }

  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }

  /** https://dom.spec.whatwg.org/#abortsignal-add */
  addAlgorithm(algorithm) {
    if (this.aborted) return;
    SetPrototypeAdd(this.algorithms, algorithm);
    this.beHeld();
  }

  /** https://dom.spec.whatwg.org/#abortsignal-remove */
  removeAlgorithm(algorithm) {
    SetPrototypeDelete(this.algorithms, algorithm);
    this.beHeld();
  }

  addListener(listener) {
    super.addListener(listener);
    this.beHeld();
  }

  removeListener(listener) {
    super.removeListener(listener);
    this.beHeld();
  }

  // https://dom.spec.whatwg.org/#abort-signal-garbage-collection: its sources keep it as long as somebody waits for it.
  beHeld() {
    if (!this.dependent) return;
    const isAwaited = !this.aborted && (SetPrototypeGetSize(this.algorithms) > 0 || this.hasListener("abort"));
    const change = isAwaited ? SetPrototypeAdd : SetPrototypeDelete;
    SetPrototypeForEach(this.sources, (source) => change(source.held, this));
  }

  addDependent(signal) {
    if (this.dependents.length >= this.dependentsLimit) {
      const alive = newList();
      for (let i = 0; i < this.dependents.length; i++) {
        if (WeakRefPrototypeDeref(this.dependents[i]) !== undefined) alive[alive.length] = this.dependents[i];
      }
      this.dependents = alive;
      this.dependentsLimit = alive.length * 2 + 16;
    }
    this.dependents[this.dependents.length] = new WeakRef(signal);
  }

  /** https://dom.spec.whatwg.org/#abortsignal-signal-abort; `inTask` as `fireEvent` has it. */
  signalAbort(reason, inTask = false) {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reasonOr(reason);
    const toAbort = newList();
    for (let i = 0; i < this.dependents.length; i++) {
      const dependent = WeakRefPrototypeDeref(this.dependents[i]);
      if (dependent === undefined || dependent.aborted) continue;
      dependent.aborted = true;
      dependent.reason = this.reason;
      toAbort[toAbort.length] = dependent;
    }
    this.runAbortSteps(inTask);
    for (let i = 0; i < toAbort.length; i++) toAbort[i].runAbortSteps(inTask);
  }

  // https://dom.spec.whatwg.org/#run-the-abort-steps
  runAbortSteps(inTask) {
    const { algorithms } = this;
    this.algorithms = new Set();
    SetPrototypeForEach(algorithms, (algorithm) => algorithm());
    fireEvent("abort", this, undefined, undefined, inTask);
    // It aborts once: who depended on it is let go, and so is what it depended on.
    this.beHeld();
    this.sources = new Set();
    this.dependents = newList();
    this.held = new Set();
  }
}
implement("AbortSignal", AbortSignalImpl);

const reasonOr = (reason) =>
  reason === undefined ? new DOMException("The operation was aborted.", "AbortError") : reason;

/** https://dom.spec.whatwg.org/#create-a-dependent-abort-signal */
export function dependentSignal(signals) {
  const result = new AbortSignalImpl();
  for (let i = 0; i < signals.length; i++) {
    if (!signals[i].aborted) continue;
    result.aborted = true;
    result.reason = signals[i].reason;
    return result;
  }
  result.dependent = true;
  const depend = (source) => {
    SetPrototypeAdd(result.sources, source);
    source.addDependent(result);
  };
  for (let i = 0; i < signals.length; i++) {
    if (signals[i].dependent) SetPrototypeForEach(signals[i].sources, depend);
    else depend(signals[i]);
  }
  return result;
}

export class AbortControllerImpl {
  wrapper = undefined;
  signal = new AbortSignalImpl();

  construct() {}

  abort(reason) {
    this.signal.signalAbort(reason);
  }
}
implement("AbortController", AbortControllerImpl);
