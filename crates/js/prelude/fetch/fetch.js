// fetch(): https://fetch.spec.whatwg.org/#fetch-method

import { WeakRef, WeakRefPrototypeDeref, newPromise, ops } from "../primordials.js";
import { wrap } from "../platform_objects.js";
import { isReadable } from "../streams/other_specs.js";
import { RequestImpl } from "./request.js";
import { newResponse } from "./response.js";

/** https://fetch.spec.whatwg.org/#dom-global-fetch */
export function fetch(input, init) {
  // 1, 2.
  const { promise, resolve, reject } = newPromise();
  const request = new RequestImpl();
  try {
    request.construct(input, init);
  } catch (error) {
    reject(error);
    return promise;
  }
  // 4. A request that was given no signal has one that nobody can abort.
  const { signalOrNone: signal } = request;
  if (signal !== undefined && signal.aborted) {
    abortFetch(reject, request, undefined, signal.reason);
    return promise;
  }
  // 8 to 11. The signal holds no body that script has let go of.
  let response;
  let controller;
  const abort = () => {
    reject(signal.reason);
    ops.fetch_abort(controller);
    abortFetch(reject, request, response, signal.reason);
  };
  const end = signal === undefined ? undefined : () => signal.removeAlgorithm(abort);
  // 12.
  const upload = request.bodyOrNull === null ? undefined : request.bodyOrNull.transmit();
  controller = ops.fetch_start(
    request.handle,
    upload === undefined ? undefined : upload.handle,
    (handle) => {
      if (signal !== undefined && signal.aborted) return;
      const object = newResponse(handle, "immutable");
      if (signal !== undefined) {
        // NB: an opaque response has a body all the same, which an abort ends.
        if (object.bodyOrNull !== null) object.bodyOrNull.onEnd = end;
        else if (object.type !== "opaque") end();
        response = new WeakRef(object);
      }
      resolve(wrap(object));
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
      ops.fetch_abort(controller);
    });
  }
  return promise;
}

// https://fetch.spec.whatwg.org/#abort-fetch
function abortFetch(reject, request, response, error) {
  reject(error);
  const requestBody = request.bodyOrNull;
  if (requestBody !== null && requestBody.stream !== undefined && isReadable(requestBody.stream)) requestBody.cancel(error);
  const object = response === undefined ? undefined : WeakRefPrototypeDeref(response);
  if (object !== undefined && object.bodyOrNull !== null) object.bodyOrNull.fail(error);
}
