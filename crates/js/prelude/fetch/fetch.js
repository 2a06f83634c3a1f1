// fetch(): https://fetch.spec.whatwg.org/#fetch-method

import {
  FinalizationRegistry, FinalizationRegistryPrototypeRegister, WeakRef, WeakRefPrototypeDeref, newPromise, ops,
} from "../primordials.js";
import { wrap } from "../platform_objects.js";
import { isReadable } from "../streams/other_specs.js";
import { serializedAbortReason } from "./abort_reason.js";
import { failSiblings } from "./body.js";
import { RequestImpl } from "./request.js";
import { newResponse } from "./response.js";

// Bodies that nobody reads to their end are let go of one day, and then no signal has to wait for them.
const letGoOf = new FinalizationRegistry((end) => end());

/** https://fetch.spec.whatwg.org/#dom-global-fetch */
export function fetch(input, init) {
  // 1, 2.
  const { promise, resolve, reject: rejectPromise } = newPromise();
  const request = new RequestImpl();
  try {
    request.construct(input, init);
  } catch (error) {
    rejectPromise(error);
    return promise;
  }
  // 4. A request that was given no signal has one that nobody can abort.
  const { signalOrNone: signal } = request;
  if (signal !== undefined && signal.aborted) {
    abortFetch(rejectPromise, request.bodyOrNull, undefined, signal.reason);
    return promise;
  }
  // 8 to 11. The signal holds neither the request nor a response that script has let go of. NB: what rejects a promise holds it,
  // and it what it was resolved with.
  const requestBody = request.bodyOrNull;
  let reject = rejectPromise;
  let siblings;
  let controller;
  const abort = () => {
    const { kind, said } = serializedAbortReason(signal.reason);
    ops.fetch_abort(controller, kind, said);
    abortFetch(reject, requestBody, siblings, signal.reason);
  };
  const end = signal === undefined ? undefined : () => signal.removeAlgorithm(abort);
  // 12.
  const upload = requestBody === null ? undefined : requestBody.transmit();
  controller = ops.fetch_start(
    request.handle,
    upload === undefined ? undefined : upload.handle,
    (handle) => {
      if (signal !== undefined && signal.aborted) return;
      let object;
      let wrapper;
      // There may be no room for it.
      try {
        object = newResponse(handle, "immutable");
        wrapper = wrap(object);
      } catch (error) {
        if (signal !== undefined) end();
        reject(error);
        return;
      }
      const body = object.bodyOrNull;
      if (signal !== undefined) {
        if (body !== null && !body.isAtEnd) {
          body.onEnd = end;
          const list = body.beginSiblings();
          siblings = new WeakRef(list);
          FinalizationRegistryPrototypeRegister(letGoOf, list, end);
        } else if (object.type !== "opaque") {
          // NB: an opaque response has a body all the same, which an abort ends.
          end();
        }
      }
      reject = ignore;
      resolve(wrapper);
    },
    (error) => {
      if (signal !== undefined) end();
      reject(error);
    },
  );
  if (signal !== undefined) signal.addAlgorithm(abort);
  if (upload !== undefined && upload.feed !== undefined) {
    upload.feed((error) => {
      reject(error);
      ops.fetch_abort(controller, "AbortError", "");
    });
  }
  return promise;
}

const ignore = () => {};

// https://fetch.spec.whatwg.org/#abort-fetch; of the response, its bodies.
function abortFetch(reject, requestBody, siblings, error) {
  reject(error);
  if (requestBody !== null && requestBody.stream !== undefined && isReadable(requestBody.stream)) requestBody.cancel(error);
  const list = siblings === undefined ? undefined : WeakRefPrototypeDeref(siblings);
  if (list !== undefined) failSiblings(list, error);
}
