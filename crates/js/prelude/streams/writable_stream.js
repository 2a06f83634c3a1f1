// [Writable streams](https://streams.spec.whatwg.org/#ws-class): the slots of one, and how its
// [controller](https://streams.spec.whatwg.org/#ws-abstract-ops-used-by-controllers) speaks to it.
//
// What script calls is in writers.js: closing and aborting go by the controller.
import { markHandled, newPromise, uponPromise } from "../primordials.js";
import { Queue } from "./queues.js";
import { StatefulPromise } from "./miscellaneous.js";

// InitializeWritableStream
export class WritableStreamSlots {
  wrapper = undefined;
  // Was it transferred?
  detached = false;
  state = "writable";
  storedError = undefined;
  writer = undefined;
  controller = undefined;
  inFlightWriteRequest = undefined;
  closeRequest = undefined;
  inFlightCloseRequest = undefined;
  pendingAbortRequest = undefined;
  writeRequests = new Queue();
  backpressure = false;
}

class WriteRequest {
  next = undefined;
  capability = newPromise();
}

/** https://streams.spec.whatwg.org/#is-writable-stream-locked */
export function IsWritableStreamLocked(stream) {
  return stream.writer !== undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-add-write-request */
export function WritableStreamAddWriteRequest(stream) {
  const writeRequest = new WriteRequest();
  stream.writeRequests.append(writeRequest);
  return writeRequest.capability.promise;
}

/** https://streams.spec.whatwg.org/#writable-stream-close-queued-or-in-flight */
export function WritableStreamCloseQueuedOrInFlight(stream) {
  return stream.closeRequest !== undefined || stream.inFlightCloseRequest !== undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-deal-with-rejection */
export function WritableStreamDealWithRejection(stream, error) {
  if (stream.state === "writable") WritableStreamStartErroring(stream, error);
  else WritableStreamFinishErroring(stream);
}

/** https://streams.spec.whatwg.org/#writable-stream-finish-erroring */
export function WritableStreamFinishErroring(stream) {
  stream.state = "errored";
  stream.controller.errorSteps();
  const { storedError, writeRequests, pendingAbortRequest: abortRequest } = stream;
  writeRequests.forEach((writeRequest) => writeRequest.capability.reject(storedError));
  stream.writeRequests = new Queue();
  if (abortRequest === undefined) {
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
    return;
  }
  stream.pendingAbortRequest = undefined;
  if (abortRequest.wasAlreadyErroring) {
    abortRequest.promise.reject(storedError);
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
    return;
  }
  uponPromise(stream.controller.abortSteps(abortRequest.reason), () => {
    abortRequest.promise.resolve(undefined);
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
  }, (reason) => {
    abortRequest.promise.reject(reason);
    WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream);
  });
}

/** https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close */
export function WritableStreamFinishInFlightClose(stream) {
  stream.inFlightCloseRequest.resolve(undefined);
  stream.inFlightCloseRequest = undefined;
  if (stream.state === "erroring") {
    // The close came before the error could take hold.
    stream.storedError = undefined;
    if (stream.pendingAbortRequest !== undefined) {
      stream.pendingAbortRequest.promise.resolve(undefined);
      stream.pendingAbortRequest = undefined;
    }
  }
  stream.state = "closed";
  if (stream.writer !== undefined) stream.writer.closedPromise.resolve(undefined);
}

/** https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error */
export function WritableStreamFinishInFlightCloseWithError(stream, error) {
  stream.inFlightCloseRequest.reject(error);
  stream.inFlightCloseRequest = undefined;
  if (stream.pendingAbortRequest !== undefined) {
    stream.pendingAbortRequest.promise.reject(error);
    stream.pendingAbortRequest = undefined;
  }
  WritableStreamDealWithRejection(stream, error);
}

/** https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write */
export function WritableStreamFinishInFlightWrite(stream) {
  stream.inFlightWriteRequest.capability.resolve(undefined);
  stream.inFlightWriteRequest = undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write-with-error */
export function WritableStreamFinishInFlightWriteWithError(stream, error) {
  stream.inFlightWriteRequest.capability.reject(error);
  stream.inFlightWriteRequest = undefined;
  WritableStreamDealWithRejection(stream, error);
}

/** https://streams.spec.whatwg.org/#writable-stream-has-operation-marked-in-flight */
export function WritableStreamHasOperationMarkedInFlight(stream) {
  return stream.inFlightWriteRequest !== undefined || stream.inFlightCloseRequest !== undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-mark-close-request-in-flight */
export function WritableStreamMarkCloseRequestInFlight(stream) {
  stream.inFlightCloseRequest = stream.closeRequest;
  stream.closeRequest = undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-mark-first-write-request-in-flight */
export function WritableStreamMarkFirstWriteRequestInFlight(stream) {
  stream.inFlightWriteRequest = stream.writeRequests.shift();
}

/** https://streams.spec.whatwg.org/#writable-stream-reject-close-and-closed-promise-if-needed */
export function WritableStreamRejectCloseAndClosedPromiseIfNeeded(stream) {
  if (stream.closeRequest !== undefined) {
    stream.closeRequest.reject(stream.storedError);
    stream.closeRequest = undefined;
  }
  if (stream.writer !== undefined) {
    stream.writer.closedPromise.reject(stream.storedError);
    markHandled(stream.writer.closedPromise.promise);
  }
}

/** https://streams.spec.whatwg.org/#writable-stream-start-erroring */
export function WritableStreamStartErroring(stream, reason) {
  const { controller, writer } = stream;
  stream.state = "erroring";
  stream.storedError = reason;
  if (writer !== undefined) WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, reason);
  if (!WritableStreamHasOperationMarkedInFlight(stream) && controller.started) WritableStreamFinishErroring(stream);
}

/** https://streams.spec.whatwg.org/#writable-stream-update-backpressure */
export function WritableStreamUpdateBackpressure(stream, backpressure) {
  const { writer } = stream;
  if (writer !== undefined && backpressure !== stream.backpressure) {
    if (backpressure) writer.readyPromise = new StatefulPromise();
    else writer.readyPromise.resolve(undefined);
  }
  stream.backpressure = backpressure;
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-ensure-closed-promise-rejected */
export function WritableStreamDefaultWriterEnsureClosedPromiseRejected(writer, error) {
  writer.closedPromise = ensureRejected(writer.closedPromise, error);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-ensure-ready-promise-rejected */
export function WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, error) {
  writer.readyPromise = ensureRejected(writer.readyPromise, error);
}

function ensureRejected(promise, error) {
  if (!promise.pending) return StatefulPromise.rejectedWith(error);
  promise.reject(error);
  markHandled(promise.promise);
  return promise;
}
