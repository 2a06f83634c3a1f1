// fetchLater(): https://fetch.spec.whatwg.org/#dom-window-fetchlater
//
// What waits is Rust's. This file knows whom to tell that it was sent.

import { Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, RangeError, ops } from "../primordials.js";
import { implement } from "../platform_objects.js";
import { createQuotaExceededError } from "../quota_exceeded_error.js";
import { serializedAbortReason } from "./abort_reason.js";
import { RequestImpl } from "./request.js";

export class FetchLaterResultImpl {
  wrapper = undefined;
  activated = false;
}
implement("FetchLaterResult", FetchLaterResultImpl);

// By their numbers, those that are neither sent nor aborted: what is to be done when they are sent.
const waiting = new Map();
let last = 0;

export function fetchLater(input, init) {
  // 1. NB: the constructor knows nothing of the member that is ours.
  const { activateAfter } = init;
  delete init.activateAfter;
  const request = new RequestImpl();
  request.construct(input, init);
  // 2.
  const { signalOrNone: signal } = request;
  if (signal !== undefined && signal.aborted) throw signal.reason;
  // 6.
  if (activateAfter < 0) throw new RangeError("activateAfter is less than 0");
  // 7 to 15. NB: a stream has no length, and stays as it is.
  const { bodyOrNull: body } = request;
  const isStream = body !== null && body.sourceIsNull;
  const upload = body === null || isStream ? undefined : body.transmit().handle;
  last += 1;
  const number = last;
  const queued = ops.fetch_later(request.handle, upload, isStream, activateAfter, number);
  const deferred = queued[0];
  if (deferred === undefined) {
    throw createQuotaExceededError("There is no room for the request to wait", queued[1], queued[2]);
  }
  const result = new FetchLaterResultImpl();
  // 16.
  const abort = () => {
    MapPrototypeDelete(waiting, number);
    const { kind, said } = serializedAbortReason(signal.reason);
    ops.fetch_later_abort(deferred, kind, said);
  };
  MapPrototypeSet(waiting, number, () => {
    result.activated = true;
    if (signal !== undefined) signal.removeAlgorithm(abort);
  });
  if (signal !== undefined) signal.addAlgorithm(abort);
  return result;
}

// https://fetch.spec.whatwg.org/#deferred-fetch-record-notify-invoked
function activateDeferredFetch(number) {
  const steps = MapPrototypeGet(waiting, number);
  MapPrototypeDelete(waiting, number);
  if (steps !== undefined) steps();
}
ops.set_hooks({ activateDeferredFetch });
