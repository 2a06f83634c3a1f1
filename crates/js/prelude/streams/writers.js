// [WritableStream](https://streams.spec.whatwg.org/#ws-prototype), and its
// [writer](https://streams.spec.whatwg.org/#default-writer-class).
import { PromiseReject, RangeError, TypeError, newPromise } from "../primordials.js";
import { implement } from "../platform_objects.js";
import { dictionaries } from "../webidl.js";
import { StatefulPromise, aPromiseResolvedWith } from "./miscellaneous.js";
import { ExtractHighWaterMark, ExtractSizeAlgorithm } from "./strategies.js";
import {
  IsWritableStreamLocked, WritableStreamAddWriteRequest, WritableStreamCloseQueuedOrInFlight,
  WritableStreamDefaultWriterEnsureClosedPromiseRejected, WritableStreamDefaultWriterEnsureReadyPromiseRejected,
  WritableStreamSlots, WritableStreamStartErroring,
} from "./writable_stream.js";
import {
  SetUpWritableStreamDefaultController, SetUpWritableStreamDefaultControllerFromUnderlyingSink,
  WritableStreamDefaultControllerClose, WritableStreamDefaultControllerGetChunkSize,
  WritableStreamDefaultControllerGetDesiredSize, WritableStreamDefaultControllerImpl, WritableStreamDefaultControllerWrite,
} from "./writable_controller.js";

const released = () => new TypeError("The writer was released");
const locked = () => new TypeError("The stream is locked to a writer");
const closing = () => new TypeError("The stream is closing or closed");

export class WritableStreamImpl extends WritableStreamSlots {
  construct(underlyingSink = null, strategy) {
    const underlyingSinkDict = dictionaries.UnderlyingSink(underlyingSink);
    if (underlyingSinkDict.type !== undefined) throw new RangeError("An underlying sink has no type yet");
    const sizeAlgorithm = ExtractSizeAlgorithm(strategy);
    const highWaterMark = ExtractHighWaterMark(strategy, 1);
    SetUpWritableStreamDefaultControllerFromUnderlyingSink(
      this, underlyingSink, underlyingSinkDict, highWaterMark, sizeAlgorithm);
  }

  get locked() {
    return IsWritableStreamLocked(this);
  }

  abort(reason) {
    if (IsWritableStreamLocked(this)) return PromiseReject(locked());
    return WritableStreamAbort(this, reason);
  }

  close() {
    if (IsWritableStreamLocked(this)) return PromiseReject(locked());
    if (WritableStreamCloseQueuedOrInFlight(this)) return PromiseReject(closing());
    return WritableStreamClose(this);
  }

  getWriter() {
    return AcquireWritableStreamDefaultWriter(this);
  }
}
implement("WritableStream", WritableStreamImpl);

export class WritableStreamDefaultWriterImpl {
  wrapper = undefined;
  stream = undefined;
  readyPromise = undefined;
  closedPromise = undefined;

  construct(stream) {
    SetUpWritableStreamDefaultWriter(this, stream);
  }

  get closed() {
    return this.closedPromise.promise;
  }

  get desiredSize() {
    if (this.stream === undefined) throw released();
    return WritableStreamDefaultWriterGetDesiredSize(this);
  }

  get ready() {
    return this.readyPromise.promise;
  }

  abort(reason) {
    if (this.stream === undefined) return PromiseReject(released());
    return WritableStreamDefaultWriterAbort(this, reason);
  }

  close() {
    if (this.stream === undefined) return PromiseReject(released());
    if (WritableStreamCloseQueuedOrInFlight(this.stream)) return PromiseReject(closing());
    return WritableStreamDefaultWriterClose(this);
  }

  releaseLock() {
    if (this.stream !== undefined) WritableStreamDefaultWriterRelease(this);
  }

  write(chunk) {
    if (this.stream === undefined) return PromiseReject(released());
    return WritableStreamDefaultWriterWrite(this, chunk);
  }
}
implement("WritableStreamDefaultWriter", WritableStreamDefaultWriterImpl);

/** https://streams.spec.whatwg.org/#acquire-writable-stream-default-writer */
export function AcquireWritableStreamDefaultWriter(stream) {
  const writer = new WritableStreamDefaultWriterImpl();
  SetUpWritableStreamDefaultWriter(writer, stream);
  return writer;
}

/** https://streams.spec.whatwg.org/#create-writable-stream */
export function CreateWritableStream(
  startAlgorithm, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark, sizeAlgorithm,
) {
  const stream = new WritableStreamImpl();
  const controller = new WritableStreamDefaultControllerImpl();
  SetUpWritableStreamDefaultController(
    stream, controller, startAlgorithm, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark, sizeAlgorithm);
  return stream;
}

/** https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer */
export function SetUpWritableStreamDefaultWriter(writer, stream) {
  if (IsWritableStreamLocked(stream)) throw locked();
  writer.stream = stream;
  stream.writer = writer;
  const { state, storedError } = stream;
  if (state === "writable") {
    writer.readyPromise = !WritableStreamCloseQueuedOrInFlight(stream) && stream.backpressure ?
      new StatefulPromise() : StatefulPromise.resolvedWith(undefined);
    writer.closedPromise = new StatefulPromise();
  } else if (state === "erroring") {
    writer.readyPromise = StatefulPromise.rejectedWith(storedError);
    writer.closedPromise = new StatefulPromise();
  } else if (state === "closed") {
    writer.readyPromise = StatefulPromise.resolvedWith(undefined);
    writer.closedPromise = StatefulPromise.resolvedWith(undefined);
  } else {
    writer.readyPromise = StatefulPromise.rejectedWith(storedError);
    writer.closedPromise = StatefulPromise.rejectedWith(storedError);
  }
}

/** https://streams.spec.whatwg.org/#writable-stream-abort */
export function WritableStreamAbort(stream, reason) {
  if (stream.state === "closed" || stream.state === "errored") return aPromiseResolvedWith(undefined);
  stream.controller.abortController.abort(reason);
  // Signaling runs script, which may have settled the matter.
  const { state } = stream;
  if (state === "closed" || state === "errored") return aPromiseResolvedWith(undefined);
  if (stream.pendingAbortRequest !== undefined) return stream.pendingAbortRequest.promise.promise;
  const wasAlreadyErroring = state === "erroring";
  const promise = newPromise();
  stream.pendingAbortRequest = { __proto__: null, promise, reason: wasAlreadyErroring ? undefined : reason, wasAlreadyErroring };
  if (!wasAlreadyErroring) WritableStreamStartErroring(stream, reason);
  return promise.promise;
}

/** https://streams.spec.whatwg.org/#writable-stream-close */
export function WritableStreamClose(stream) {
  const { state, writer } = stream;
  if (state === "closed" || state === "errored") return PromiseReject(new TypeError("The stream is closed or errored"));
  const promise = newPromise();
  stream.closeRequest = promise;
  if (writer !== undefined && stream.backpressure && state === "writable") writer.readyPromise.resolve(undefined);
  WritableStreamDefaultControllerClose(stream.controller);
  return promise.promise;
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-abort */
export function WritableStreamDefaultWriterAbort(writer, reason) {
  return WritableStreamAbort(writer.stream, reason);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-close */
export function WritableStreamDefaultWriterClose(writer) {
  return WritableStreamClose(writer.stream);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation */
export function WritableStreamDefaultWriterCloseWithErrorPropagation(writer) {
  const { stream } = writer;
  if (WritableStreamCloseQueuedOrInFlight(stream) || stream.state === "closed") return aPromiseResolvedWith(undefined);
  if (stream.state === "errored") return PromiseReject(stream.storedError);
  return WritableStreamDefaultWriterClose(writer);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-get-desired-size */
export function WritableStreamDefaultWriterGetDesiredSize(writer) {
  const { stream } = writer;
  if (stream.state === "errored" || stream.state === "erroring") return null;
  if (stream.state === "closed") return 0;
  return WritableStreamDefaultControllerGetDesiredSize(stream.controller);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-release */
export function WritableStreamDefaultWriterRelease(writer) {
  const releasedError = released();
  WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, releasedError);
  WritableStreamDefaultWriterEnsureClosedPromiseRejected(writer, releasedError);
  writer.stream.writer = undefined;
  writer.stream = undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-default-writer-write */
export function WritableStreamDefaultWriterWrite(writer, chunk) {
  const { stream } = writer;
  const { controller } = stream;
  const chunkSize = WritableStreamDefaultControllerGetChunkSize(controller, chunk);
  // The size algorithm is script, and may have released the writer.
  if (stream !== writer.stream) return PromiseReject(released());
  if (stream.state === "errored") return PromiseReject(stream.storedError);
  if (WritableStreamCloseQueuedOrInFlight(stream) || stream.state === "closed") return PromiseReject(closing());
  if (stream.state === "erroring") return PromiseReject(stream.storedError);
  const promise = WritableStreamAddWriteRequest(stream);
  WritableStreamDefaultControllerWrite(controller, chunk, chunkSize);
  return promise;
}
