// Aborting ongoing activities: https://dom.spec.whatwg.org/#aborting-ongoing-activities

import { DOMException, Set, SetPrototypeAdd, SetPrototypeDelete, SetPrototypeForEach } from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl, fireEvent } from "./events.js";
import { runStepsAfterTimeout } from "./timers.js";

export class AbortSignalImpl extends EventTargetImpl {
  // https://dom.spec.whatwg.org/#abortsignal-abort-reason; undefined is "not aborted", as no reason ever is.
  reason = undefined;
  aborted = false;
  dependent = false;
  algorithms = new Set();
  // NB: strong where the Standard has weak sets: a source lives no longer than who may abort it, and leaves both ways then.
  sources = new Set();
  dependents = new Set();

  static abort(reason) {
    const signal = new AbortSignalImpl();
    signal.aborted = true;
    signal.reason = reasonOr(reason);
    return signal;
  }

  static timeout(milliseconds) {
    const signal = new AbortSignalImpl();
    runStepsAfterTimeout(milliseconds, () => signal.signalAbort(new DOMException("The operation timed out.", "TimeoutError")), false);
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
    if (!this.aborted) SetPrototypeAdd(this.algorithms, algorithm);
  }

  /** https://dom.spec.whatwg.org/#abortsignal-remove */
  removeAlgorithm(algorithm) {
    SetPrototypeDelete(this.algorithms, algorithm);
  }

  /** https://dom.spec.whatwg.org/#abortsignal-signal-abort */
  signalAbort(reason) {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reasonOr(reason);
    const toAbort = [];
    SetPrototypeForEach(this.dependents, (dependent) => {
      if (dependent.aborted) return;
      dependent.aborted = true;
      dependent.reason = this.reason;
      toAbort[toAbort.length] = dependent;
    });
    this.runAbortSteps();
    for (let i = 0; i < toAbort.length; i++) toAbort[i].runAbortSteps();
  }

  // https://dom.spec.whatwg.org/#run-the-abort-steps
  runAbortSteps() {
    const { algorithms } = this;
    this.algorithms = new Set();
    SetPrototypeForEach(algorithms, (algorithm) => algorithm());
    fireEvent("abort", this);
    // It aborts once: who depended on it is let go, and so is what it depended on.
    SetPrototypeForEach(this.sources, (source) => SetPrototypeDelete(source.dependents, this));
    this.sources = new Set();
    this.dependents = new Set();
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
    SetPrototypeAdd(source.dependents, result);
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
