// [The controller](https://streams.spec.whatwg.org/#rs-default-controller-class) of a stream of any chunks.
import { ReflectApply, TypeError, isObject, uponPromise } from "../primordials.js";
import { implement, wrap } from "../platform_objects.js";
import { DequeueValue, EnqueueValueWithSize, Queue, ResetQueue } from "./queues.js";
import { aPromiseResolvedWith, invokeForPromise, resolvedPromise } from "./miscellaneous.js";
import {
  ReadableStreamAddReadRequest, ReadableStreamClose, ReadableStreamError, ReadableStreamFulfillReadRequest, ReadableStreamImpl,
} from "./readable_stream.js";
import { sizeOne } from "./strategies.js";

export class ReadableStreamDefaultControllerImpl {
  wrapper = undefined;
  stream = undefined;
  queue = new Queue();
  queueTotalSize = 0;
  started = false;
  closeRequested = false;
  pullAgain = false;
  pulling = false;
  strategySizeAlgorithm = undefined;
  strategyHWM = undefined;
  pullAlgorithm = undefined;
  cancelAlgorithm = undefined;
  // What is done when a pull's promise settles, made once.
  pullFulfilledSteps = undefined;
  pullRejectedSteps = undefined;

  get desiredSize() {
    return ReadableStreamDefaultControllerGetDesiredSize(this);
  }

  close() {
    if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(this)) throw new TypeError("The stream cannot be closed any more");
    ReadableStreamDefaultControllerClose(this);
  }

  enqueue(chunk) {
    if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(this)) throw new TypeError("The stream takes no more chunks");
    ReadableStreamDefaultControllerEnqueue(this, chunk);
  }

  error(e) {
    ReadableStreamDefaultControllerError(this, e);
  }

  // https://streams.spec.whatwg.org/#rs-default-controller-private-cancel
  cancelSteps(reason) {
    ResetQueue(this);
    const result = this.cancelAlgorithm(reason);
    ReadableStreamDefaultControllerClearAlgorithms(this);
    return result;
  }

  // https://streams.spec.whatwg.org/#rs-default-controller-private-pull
  pullSteps(readRequest) {
    const { stream } = this;
    if (this.queue.size === 0) {
      ReadableStreamAddReadRequest(stream, readRequest);
      ReadableStreamDefaultControllerCallPullIfNeeded(this);
      return;
    }
    const chunk = DequeueValue(this);
    if (this.closeRequested && this.queue.size === 0) {
      ReadableStreamDefaultControllerClearAlgorithms(this);
      ReadableStreamClose(stream);
    } else {
      ReadableStreamDefaultControllerCallPullIfNeeded(this);
    }
    readRequest.chunkSteps(chunk);
  }

  // https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultcontroller-releasesteps
  releaseSteps() {}
}
implement("ReadableStreamDefaultController", ReadableStreamDefaultControllerImpl);

/** https://streams.spec.whatwg.org/#create-readable-stream */
export function CreateReadableStream(startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark = 1, sizeAlgorithm = sizeOne) {
  const stream = new ReadableStreamImpl();
  const controller = new ReadableStreamDefaultControllerImpl();
  SetUpReadableStreamDefaultController(
    stream, controller, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, sizeAlgorithm);
  return stream;
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-call-pull-if-needed */
export function ReadableStreamDefaultControllerCallPullIfNeeded(controller) {
  if (!ReadableStreamDefaultControllerShouldCallPull(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  uponPromise(controller.pullAlgorithm(), controller.pullFulfilledSteps, controller.pullRejectedSteps);
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-should-call-pull */
export function ReadableStreamDefaultControllerShouldCallPull(controller) {
  const { stream } = controller;
  // ReadableStreamDefaultControllerCanCloseOrEnqueue
  if (controller.closeRequested || stream.state !== "readable") return false;
  if (!controller.started) return false;
  if (hasReadRequests(stream)) return true;
  return controller.strategyHWM - controller.queueTotalSize > 0;
}

// NB: only default readers are given for a stream with this controller.
function hasReadRequests(stream) {
  return stream.reader !== undefined && stream.reader.readRequests.size !== 0;
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-clear-algorithms */
export function ReadableStreamDefaultControllerClearAlgorithms(controller) {
  controller.pullAlgorithm = undefined;
  controller.cancelAlgorithm = undefined;
  controller.strategySizeAlgorithm = undefined;
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-close */
export function ReadableStreamDefaultControllerClose(controller) {
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(controller)) return;
  controller.closeRequested = true;
  if (controller.queue.size === 0) {
    ReadableStreamDefaultControllerClearAlgorithms(controller);
    ReadableStreamClose(controller.stream);
  }
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-enqueue */
export function ReadableStreamDefaultControllerEnqueue(controller, chunk) {
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(controller)) return;
  const { stream } = controller;
  if (hasReadRequests(stream)) {
    ReadableStreamFulfillReadRequest(stream, chunk, false);
  } else {
    try {
      const sizeAlgorithm = controller.strategySizeAlgorithm;
      EnqueueValueWithSize(controller, chunk, sizeAlgorithm(chunk));
    } catch (e) {
      ReadableStreamDefaultControllerError(controller, e);
      throw e;
    }
  }
  ReadableStreamDefaultControllerCallPullIfNeeded(controller);
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-error */
export function ReadableStreamDefaultControllerError(controller, e) {
  const { stream } = controller;
  if (stream.state !== "readable") return;
  ResetQueue(controller);
  ReadableStreamDefaultControllerClearAlgorithms(controller);
  ReadableStreamError(stream, e);
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-get-desired-size */
export function ReadableStreamDefaultControllerGetDesiredSize(controller) {
  const { state } = controller.stream;
  if (state === "errored") return null;
  if (state === "closed") return 0;
  return controller.strategyHWM - controller.queueTotalSize;
}

/** https://streams.spec.whatwg.org/#rs-default-controller-has-backpressure */
export function ReadableStreamDefaultControllerHasBackpressure(controller) {
  return !ReadableStreamDefaultControllerShouldCallPull(controller);
}

/** https://streams.spec.whatwg.org/#readable-stream-default-controller-can-close-or-enqueue */
export function ReadableStreamDefaultControllerCanCloseOrEnqueue(controller) {
  return !controller.closeRequested && controller.stream.state === "readable";
}

/** https://streams.spec.whatwg.org/#set-up-readable-stream-default-controller */
export function SetUpReadableStreamDefaultController(
  stream, controller, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, sizeAlgorithm,
) {
  controller.stream = stream;
  controller.strategySizeAlgorithm = sizeAlgorithm;
  controller.strategyHWM = highWaterMark;
  controller.pullAlgorithm = pullAlgorithm;
  controller.cancelAlgorithm = cancelAlgorithm;
  controller.pullFulfilledSteps = () => {
    controller.pulling = false;
    if (controller.pullAgain) {
      controller.pullAgain = false;
      ReadableStreamDefaultControllerCallPullIfNeeded(controller);
    }
  };
  controller.pullRejectedSteps = (e) => ReadableStreamDefaultControllerError(controller, e);
  stream.controller = controller;
  const startResult = startAlgorithm();
  uponPromise(isObject(startResult) ? aPromiseResolvedWith(startResult) : resolvedPromise, () => {
    controller.started = true;
    ReadableStreamDefaultControllerCallPullIfNeeded(controller);
  }, controller.pullRejectedSteps);
}

/** https://streams.spec.whatwg.org/#set-up-readable-stream-default-controller-from-underlying-source */
export function SetUpReadableStreamDefaultControllerFromUnderlyingSource(
  stream, underlyingSource, underlyingSourceDict, highWaterMark, sizeAlgorithm,
) {
  const controller = new ReadableStreamDefaultControllerImpl();
  const { startAlgorithm, pullAlgorithm, cancelAlgorithm } = algorithmsOf(underlyingSource, underlyingSourceDict, controller);
  SetUpReadableStreamDefaultController(
    stream, controller, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, sizeAlgorithm);
}

// Steps 2 to 7 of either SetUp...FromUnderlyingSource.
export function algorithmsOf(underlyingSource, underlyingSourceDict, controller) {
  const { start, pull, cancel } = underlyingSourceDict;
  return {
    __proto__: null,
    startAlgorithm: start === undefined ? () => undefined : () => ReflectApply(start, underlyingSource, [wrap(controller)]),
    pullAlgorithm: pull === undefined ?
      () => resolvedPromise : () => invokeForPromise(pull, underlyingSource, [wrap(controller)]),
    cancelAlgorithm: cancel === undefined ?
      () => resolvedPromise : (reason) => invokeForPromise(cancel, underlyingSource, [reason]),
  };
}
