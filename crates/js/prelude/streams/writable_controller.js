// [The controller](https://streams.spec.whatwg.org/#ws-default-controller-class) of a writable stream.
import { ReflectApply, isObject, uponPromise } from "../primordials.js";
import { implement, wrap } from "../platform_objects.js";
import { AbortControllerImpl } from "../abort.js";
import { DequeueValue, EnqueueValueWithSize, PeekQueueValue, Queue, ResetQueue } from "./queues.js";
import { aPromiseResolvedWith, invokeForPromise, resolvedPromise } from "./miscellaneous.js";
import {
  WritableStreamCloseQueuedOrInFlight, WritableStreamDealWithRejection, WritableStreamFinishErroring,
  WritableStreamFinishInFlightClose, WritableStreamFinishInFlightCloseWithError, WritableStreamFinishInFlightWrite,
  WritableStreamFinishInFlightWriteWithError, WritableStreamMarkCloseRequestInFlight,
  WritableStreamMarkFirstWriteRequestInFlight, WritableStreamStartErroring, WritableStreamUpdateBackpressure,
} from "./writable_stream.js";

const closeSentinel = { __proto__: null };

export class WritableStreamDefaultControllerImpl {
  wrapper = undefined;
  stream = undefined;
  queue = new Queue();
  queueTotalSize = 0;
  started = false;
  strategySizeAlgorithm = undefined;
  strategyHWM = undefined;
  writeAlgorithm = undefined;
  closeAlgorithm = undefined;
  abortAlgorithm = undefined;
  abortControllerOrUndefined = undefined;
  // What is done when a write's promise settles, made once.
  writeFulfilledSteps = undefined;
  writeRejectedSteps = undefined;

  // [[abortController]], made for who first asks: most streams are never aborted.
  get abortController() {
    return (this.abortControllerOrUndefined ??= new AbortControllerImpl());
  }

  get signal() {
    return this.abortController.signal;
  }

  error(e) {
    WritableStreamDefaultControllerErrorIfNeeded(this, e);
  }

  // https://streams.spec.whatwg.org/#ws-default-controller-private-abort
  abortSteps(reason) {
    const { abortAlgorithm } = this;
    const result = abortAlgorithm(reason);
    WritableStreamDefaultControllerClearAlgorithms(this);
    return result;
  }

  // https://streams.spec.whatwg.org/#ws-default-controller-private-error
  errorSteps() {
    ResetQueue(this);
  }
}
implement("WritableStreamDefaultController", WritableStreamDefaultControllerImpl);

/** https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller */
export function SetUpWritableStreamDefaultController(
  stream, controller, startAlgorithm, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark, sizeAlgorithm,
) {
  controller.stream = stream;
  stream.controller = controller;
  controller.strategySizeAlgorithm = sizeAlgorithm;
  controller.strategyHWM = highWaterMark;
  controller.writeAlgorithm = writeAlgorithm;
  controller.closeAlgorithm = closeAlgorithm;
  controller.abortAlgorithm = abortAlgorithm;
  controller.writeFulfilledSteps = () => writeFulfilled(controller);
  controller.writeRejectedSteps = (reason) => writeRejected(controller, reason);
  WritableStreamUpdateBackpressure(stream, WritableStreamDefaultControllerGetBackpressure(controller));
  const startResult = startAlgorithm();
  uponPromise(isObject(startResult) ? aPromiseResolvedWith(startResult) : resolvedPromise, () => {
    controller.started = true;
    WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
  }, (r) => {
    controller.started = true;
    WritableStreamDealWithRejection(stream, r);
  });
}

/** https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller-from-underlying-sink */
export function SetUpWritableStreamDefaultControllerFromUnderlyingSink(
  stream, underlyingSink, underlyingSinkDict, highWaterMark, sizeAlgorithm,
) {
  const controller = new WritableStreamDefaultControllerImpl();
  const { start, write, close, abort } = underlyingSinkDict;
  SetUpWritableStreamDefaultController(
    stream, controller,
    start === undefined ? () => undefined : () => ReflectApply(start, underlyingSink, [wrap(controller)]),
    write === undefined ? () => resolvedPromise : (chunk) => invokeForPromise(write, underlyingSink, [chunk, wrap(controller)]),
    close === undefined ? () => resolvedPromise : () => invokeForPromise(close, underlyingSink, []),
    abort === undefined ? () => resolvedPromise : (reason) => invokeForPromise(abort, underlyingSink, [reason]),
    highWaterMark, sizeAlgorithm);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-advance-queue-if-needed */
export function WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller) {
  const { stream } = controller;
  if (!controller.started) return;
  if (stream.inFlightWriteRequest !== undefined) return;
  if (stream.state === "erroring") {
    WritableStreamFinishErroring(stream);
    return;
  }
  if (controller.queue.size === 0) return;
  const value = PeekQueueValue(controller);
  if (value === closeSentinel) WritableStreamDefaultControllerProcessClose(controller);
  else WritableStreamDefaultControllerProcessWrite(controller, value);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-clear-algorithms */
export function WritableStreamDefaultControllerClearAlgorithms(controller) {
  controller.writeAlgorithm = undefined;
  controller.closeAlgorithm = undefined;
  controller.abortAlgorithm = undefined;
  controller.strategySizeAlgorithm = undefined;
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-close */
export function WritableStreamDefaultControllerClose(controller) {
  EnqueueValueWithSize(controller, closeSentinel, 0);
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-error */
export function WritableStreamDefaultControllerError(controller, error) {
  WritableStreamDefaultControllerClearAlgorithms(controller);
  WritableStreamStartErroring(controller.stream, error);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-error-if-needed */
export function WritableStreamDefaultControllerErrorIfNeeded(controller, error) {
  if (controller.stream.state === "writable") WritableStreamDefaultControllerError(controller, error);
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-get-backpressure */
export function WritableStreamDefaultControllerGetBackpressure(controller) {
  return WritableStreamDefaultControllerGetDesiredSize(controller) <= 0;
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-get-chunk-size */
export function WritableStreamDefaultControllerGetChunkSize(controller, chunk) {
  const { strategySizeAlgorithm } = controller;
  if (strategySizeAlgorithm === undefined) return 1;
  try {
    return strategySizeAlgorithm(chunk);
  } catch (e) {
    WritableStreamDefaultControllerErrorIfNeeded(controller, e);
    return 1;
  }
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-get-desired-size */
export function WritableStreamDefaultControllerGetDesiredSize(controller) {
  return controller.strategyHWM - controller.queueTotalSize;
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-process-close */
export function WritableStreamDefaultControllerProcessClose(controller) {
  const { stream, closeAlgorithm } = controller;
  WritableStreamMarkCloseRequestInFlight(stream);
  DequeueValue(controller);
  const sinkClosePromise = closeAlgorithm();
  WritableStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(
    sinkClosePromise,
    () => WritableStreamFinishInFlightClose(stream),
    (reason) => WritableStreamFinishInFlightCloseWithError(stream, reason));
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write */
export function WritableStreamDefaultControllerProcessWrite(controller, chunk) {
  const { writeAlgorithm } = controller;
  WritableStreamMarkFirstWriteRequestInFlight(controller.stream);
  uponPromise(writeAlgorithm(chunk), controller.writeFulfilledSteps, controller.writeRejectedSteps);
}

function writeFulfilled(controller) {
  const { stream } = controller;
  WritableStreamFinishInFlightWrite(stream);
  DequeueValue(controller);
  updateBackpressureIfWritable(controller);
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}

function writeRejected(controller, reason) {
  const { stream } = controller;
  if (stream.state === "writable") WritableStreamDefaultControllerClearAlgorithms(controller);
  WritableStreamFinishInFlightWriteWithError(stream, reason);
}

function updateBackpressureIfWritable(controller) {
  const { stream } = controller;
  if (WritableStreamCloseQueuedOrInFlight(stream) || stream.state !== "writable") return;
  WritableStreamUpdateBackpressure(stream, WritableStreamDefaultControllerGetBackpressure(controller));
}

/** https://streams.spec.whatwg.org/#writable-stream-default-controller-write */
export function WritableStreamDefaultControllerWrite(controller, chunk, chunkSize) {
  try {
    EnqueueValueWithSize(controller, chunk, chunkSize);
  } catch (e) {
    WritableStreamDefaultControllerErrorIfNeeded(controller, e);
    return;
  }
  updateBackpressureIfWritable(controller);
  WritableStreamDefaultControllerAdvanceQueueIfNeeded(controller);
}
