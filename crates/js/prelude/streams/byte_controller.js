// [The controller](https://streams.spec.whatwg.org/#rbs-controller-class) of a stream of bytes, and its
// [BYOB request](https://streams.spec.whatwg.org/#rs-byob-request-class).
import {
  ArrayBuffer, ArrayBufferPrototypeGetByteLength, RangeError, TypeError, Uint8Array, isObject, uponPromise,
} from "../primordials.js";
import { implement } from "../platform_objects.js";
import { Queue, ResetQueue } from "./queues.js";
import {
  IsDetachedBuffer, TransferArrayBuffer, aPromiseResolvedWith, byteLengthOf, byteOffsetOf, resolvedPromise, viewConstructor,
  viewedArrayBuffer,
} from "./miscellaneous.js";
import {
  ReadableStreamAddReadIntoRequest, ReadableStreamAddReadRequest, ReadableStreamClose, ReadableStreamFulfillReadRequest,
  ReadableStreamGetNumReadIntoRequests, ReadableStreamGetNumReadRequests, ReadableStreamHasBYOBReader,
  ReadableStreamHasDefaultReader, ReadableStreamImpl,
} from "./readable_stream.js";
import { algorithmsOf } from "./default_controller.js";
import {
  PullIntoDescriptor, ReadableByteStreamControllerCallPullIfNeeded, ReadableByteStreamControllerClearAlgorithms,
  ReadableByteStreamControllerClearPendingPullIntos, ReadableByteStreamControllerCommitPullIntoDescriptor,
  ReadableByteStreamControllerConvertPullIntoDescriptor, ReadableByteStreamControllerEnqueueChunkToQueue,
  ReadableByteStreamControllerEnqueueClonedChunkToQueue, ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue,
  ReadableByteStreamControllerError, ReadableByteStreamControllerFillPullIntoDescriptorFromQueue,
  ReadableByteStreamControllerFillReadRequestFromQueue, ReadableByteStreamControllerGetDesiredSize,
  ReadableByteStreamControllerHandleQueueDrain, ReadableByteStreamControllerInvalidateBYOBRequest,
  ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue, ReadableByteStreamControllerProcessReadRequestsUsingQueue,
  ReadableByteStreamControllerShiftPendingPullInto,
} from "./byte_queue.js";

export class ReadableByteStreamControllerImpl {
  wrapper = undefined;
  stream = undefined;
  queue = new Queue();
  queueTotalSize = 0;
  started = false;
  closeRequested = false;
  pullAgain = false;
  pulling = false;
  strategyHWM = undefined;
  pullAlgorithm = undefined;
  cancelAlgorithm = undefined;
  autoAllocateChunkSize = undefined;
  pendingPullIntos = new Queue();
  // [[byobRequest]], which the attribute below makes when it is asked for.
  currentByobRequest = null;
  // What is done when a pull's promise settles, made once.
  pullFulfilledSteps = undefined;
  pullRejectedSteps = undefined;

  get byobRequest() {
    return ReadableByteStreamControllerGetBYOBRequest(this);
  }

  get desiredSize() {
    return ReadableByteStreamControllerGetDesiredSize(this);
  }

  close() {
    if (this.closeRequested) throw new TypeError("The stream was closed already");
    if (this.stream.state !== "readable") throw new TypeError("The stream cannot be closed any more");
    ReadableByteStreamControllerClose(this);
  }

  enqueue(chunk) {
    // 1, 2. A view with bytes has a buffer with bytes, which is not detached.
    if (byteLengthOf(chunk) === 0) throw new TypeError("A chunk must have bytes");
    if (this.closeRequested) throw new TypeError("The stream was closed already");
    if (this.stream.state !== "readable") throw new TypeError("The stream takes no more chunks");
    ReadableByteStreamControllerEnqueue(this, chunk);
  }

  error(e) {
    ReadableByteStreamControllerError(this, e);
  }

  // https://streams.spec.whatwg.org/#rbs-controller-private-cancel
  cancelSteps(reason) {
    ReadableByteStreamControllerClearPendingPullIntos(this);
    ResetQueue(this);
    const { cancelAlgorithm } = this;
    const result = cancelAlgorithm(reason);
    ReadableByteStreamControllerClearAlgorithms(this);
    return result;
  }

  // https://streams.spec.whatwg.org/#rbs-controller-private-pull
  pullSteps(readRequest) {
    if (this.queueTotalSize > 0) {
      ReadableByteStreamControllerFillReadRequestFromQueue(this, readRequest);
      return;
    }
    const { autoAllocateChunkSize: size } = this;
    if (size !== undefined) {
      let buffer;
      try {
        buffer = new ArrayBuffer(size);
      } catch (e) {
        readRequest.errorSteps(e);
        return;
      }
      this.pendingPullIntos.append(new PullIntoDescriptor(buffer, size, 0, size, 1, 1, Uint8Array, "default"));
    }
    ReadableStreamAddReadRequest(this.stream, readRequest);
    ReadableByteStreamControllerCallPullIfNeeded(this);
  }

  // https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontroller-releasesteps
  releaseSteps() {
    if (this.pendingPullIntos.size === 0) return;
    const firstPendingPullInto = this.pendingPullIntos.shift();
    firstPendingPullInto.readerType = "none";
    this.pendingPullIntos = new Queue();
    this.pendingPullIntos.append(firstPendingPullInto);
  }
}
implement("ReadableByteStreamController", ReadableByteStreamControllerImpl);

export class ReadableStreamBYOBRequestImpl {
  wrapper = undefined;
  controller = undefined;
  view = null;

  respond(bytesWritten) {
    if (this.controller === undefined) throw new TypeError("This request was answered already");
    if (IsDetachedBuffer(viewedArrayBuffer(this.view))) throw new TypeError("The buffer of this request's view is detached");
    ReadableByteStreamControllerRespond(this.controller, bytesWritten);
  }

  respondWithNewView(view) {
    if (this.controller === undefined) throw new TypeError("This request was answered already");
    if (IsDetachedBuffer(viewedArrayBuffer(view))) throw new TypeError("The view's buffer is detached");
    ReadableByteStreamControllerRespondWithNewView(this.controller, view);
  }
}
implement("ReadableStreamBYOBRequest", ReadableStreamBYOBRequestImpl);

/** https://streams.spec.whatwg.org/#abstract-opdef-createreadablebytestream */
export function CreateReadableByteStream(startAlgorithm, pullAlgorithm, cancelAlgorithm) {
  const stream = new ReadableStreamImpl();
  const controller = new ReadableByteStreamControllerImpl();
  SetUpReadableByteStreamController(stream, controller, startAlgorithm, pullAlgorithm, cancelAlgorithm, 0, undefined);
  return stream;
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-close */
export function ReadableByteStreamControllerClose(controller) {
  const { stream } = controller;
  if (controller.closeRequested || stream.state !== "readable") return;
  if (controller.queueTotalSize > 0) {
    controller.closeRequested = true;
    return;
  }
  if (controller.pendingPullIntos.size !== 0) {
    const firstPendingPullInto = controller.pendingPullIntos.head;
    if (firstPendingPullInto.bytesFilled % firstPendingPullInto.elementSize !== 0) {
      const e = new TypeError("The stream was closed in the middle of an element");
      ReadableByteStreamControllerError(controller, e);
      throw e;
    }
  }
  ReadableByteStreamControllerClearAlgorithms(controller);
  ReadableStreamClose(stream);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue */
export function ReadableByteStreamControllerEnqueue(controller, chunk) {
  const { stream } = controller;
  if (controller.closeRequested || stream.state !== "readable") return;
  const buffer = viewedArrayBuffer(chunk);
  const byteOffset = byteOffsetOf(chunk);
  const byteLength = byteLengthOf(chunk);
  // 6, 7. A detached buffer is transferred with a TypeError.
  const transferredBuffer = TransferArrayBuffer(buffer);
  if (controller.pendingPullIntos.size !== 0) {
    const firstPendingPullInto = controller.pendingPullIntos.head;
    if (IsDetachedBuffer(firstPendingPullInto.buffer)) {
      throw new TypeError("The buffer of the BYOB request was detached without an answer to it");
    }
    ReadableByteStreamControllerInvalidateBYOBRequest(controller);
    firstPendingPullInto.buffer = TransferArrayBuffer(firstPendingPullInto.buffer);
    if (firstPendingPullInto.readerType === "none") {
      ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, firstPendingPullInto);
    }
  }
  if (ReadableStreamHasDefaultReader(stream)) ReadableByteStreamControllerProcessReadRequestsUsingQueue(controller);
  // DEPARTS: asks again which reader there is, since pull(), which that may call, may have released it; the text counts on it:
  // https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue
  if (ReadableStreamHasDefaultReader(stream) && ReadableStreamGetNumReadRequests(stream) > 0) {
    if (controller.pendingPullIntos.size !== 0) ReadableByteStreamControllerShiftPendingPullInto(controller);
    ReadableStreamFulfillReadRequest(stream, new Uint8Array(transferredBuffer, byteOffset, byteLength), false);
  } else {
    ReadableByteStreamControllerEnqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
    if (ReadableStreamHasBYOBReader(stream)) {
      commitAll(stream, ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller));
    }
  }
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

// "For each filledPullInto of filledPullIntos".
function commitAll(stream, filledPullIntos) {
  if (filledPullIntos.size === 0) return;
  filledPullIntos.forEach((filledPullInto) => ReadableByteStreamControllerCommitPullIntoDescriptor(stream, filledPullInto));
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollergetbyobrequest */
export function ReadableByteStreamControllerGetBYOBRequest(controller) {
  if (controller.currentByobRequest === null && controller.pendingPullIntos.size !== 0) {
    const { buffer, byteOffset, bytesFilled, byteLength } = controller.pendingPullIntos.head;
    const byobRequest = new ReadableStreamBYOBRequestImpl();
    byobRequest.controller = controller;
    byobRequest.view = new Uint8Array(buffer, byteOffset + bytesFilled, byteLength - bytesFilled);
    controller.currentByobRequest = byobRequest;
  }
  return controller.currentByobRequest;
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-pull-into */
export function ReadableByteStreamControllerPullInto(controller, view, min, readIntoRequest) {
  const { stream } = controller;
  const { elementSize, constructor } = viewConstructor(view);
  const byteOffset = byteOffsetOf(view);
  const byteLength = byteLengthOf(view);
  let buffer;
  try {
    buffer = TransferArrayBuffer(viewedArrayBuffer(view));
  } catch (e) {
    readIntoRequest.errorSteps(e);
    return;
  }
  const bufferByteLength = ArrayBufferPrototypeGetByteLength(buffer);
  const pullIntoDescriptor = new PullIntoDescriptor(
    buffer, bufferByteLength, byteOffset, byteLength, min * elementSize, elementSize, constructor, "byob");
  if (controller.pendingPullIntos.size !== 0) {
    controller.pendingPullIntos.append(pullIntoDescriptor);
    ReadableStreamAddReadIntoRequest(stream, readIntoRequest);
    return;
  }
  if (stream.state === "closed") {
    readIntoRequest.closeSteps(new constructor(buffer, byteOffset, 0));
    return;
  }
  if (controller.queueTotalSize > 0) {
    if (ReadableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, pullIntoDescriptor)) {
      const filledView = ReadableByteStreamControllerConvertPullIntoDescriptor(pullIntoDescriptor);
      ReadableByteStreamControllerHandleQueueDrain(controller);
      readIntoRequest.chunkSteps(filledView);
      return;
    }
    if (controller.closeRequested) {
      const e = new TypeError("The stream closed in the middle of an element");
      ReadableByteStreamControllerError(controller, e);
      readIntoRequest.errorSteps(e);
      return;
    }
  }
  controller.pendingPullIntos.append(pullIntoDescriptor);
  ReadableStreamAddReadIntoRequest(stream, readIntoRequest);
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond */
export function ReadableByteStreamControllerRespond(controller, bytesWritten) {
  const firstDescriptor = controller.pendingPullIntos.head;
  checkBytesWritten(controller, bytesWritten);
  if (firstDescriptor.bytesFilled + bytesWritten > firstDescriptor.byteLength) {
    throw new RangeError("More bytes were written than the view has");
  }
  firstDescriptor.buffer = TransferArrayBuffer(firstDescriptor.buffer);
  ReadableByteStreamControllerRespondInternal(controller, bytesWritten);
}

// Respond 4 to 5.2 and RespondWithNewView 5 to 6.2: after the end nothing can have been written, before it something must.
function checkBytesWritten(controller, bytesWritten) {
  if (controller.stream.state === "closed") {
    if (bytesWritten !== 0) throw new TypeError("No bytes can be written to a closed stream");
  } else if (bytesWritten === 0) {
    throw new TypeError("Some bytes must be written to a stream that is not closed");
  }
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-closed-state */
export function ReadableByteStreamControllerRespondInClosedState(controller, firstDescriptor) {
  if (firstDescriptor.readerType === "none") ReadableByteStreamControllerShiftPendingPullInto(controller);
  const { stream } = controller;
  if (!ReadableStreamHasBYOBReader(stream)) return;
  const filledPullIntos = new Queue();
  while (filledPullIntos.size < ReadableStreamGetNumReadIntoRequests(stream)) {
    filledPullIntos.append(ReadableByteStreamControllerShiftPendingPullInto(controller));
  }
  commitAll(stream, filledPullIntos);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-readable-state */
export function ReadableByteStreamControllerRespondInReadableState(controller, bytesWritten, pullIntoDescriptor) {
  const { stream } = controller;
  // ReadableByteStreamControllerFillHeadPullIntoDescriptor
  pullIntoDescriptor.bytesFilled += bytesWritten;
  if (pullIntoDescriptor.readerType === "none") {
    ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, pullIntoDescriptor);
    commitAll(stream, ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller));
    return;
  }
  if (pullIntoDescriptor.bytesFilled < pullIntoDescriptor.minimumFill) return;
  ReadableByteStreamControllerShiftPendingPullInto(controller);
  const remainderSize = pullIntoDescriptor.bytesFilled % pullIntoDescriptor.elementSize;
  if (remainderSize > 0) {
    const end = pullIntoDescriptor.byteOffset + pullIntoDescriptor.bytesFilled;
    ReadableByteStreamControllerEnqueueClonedChunkToQueue(
      controller, pullIntoDescriptor.buffer, end - remainderSize, remainderSize);
  }
  pullIntoDescriptor.bytesFilled -= remainderSize;
  const filledPullIntos = ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller);
  ReadableByteStreamControllerCommitPullIntoDescriptor(stream, pullIntoDescriptor);
  commitAll(stream, filledPullIntos);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-internal */
export function ReadableByteStreamControllerRespondInternal(controller, bytesWritten) {
  const firstDescriptor = controller.pendingPullIntos.head;
  ReadableByteStreamControllerInvalidateBYOBRequest(controller);
  if (controller.stream.state === "closed") ReadableByteStreamControllerRespondInClosedState(controller, firstDescriptor);
  else ReadableByteStreamControllerRespondInReadableState(controller, bytesWritten, firstDescriptor);
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-with-new-view */
export function ReadableByteStreamControllerRespondWithNewView(controller, view) {
  const firstDescriptor = controller.pendingPullIntos.head;
  const buffer = viewedArrayBuffer(view);
  const viewByteLength = byteLengthOf(view);
  checkBytesWritten(controller, viewByteLength);
  if (firstDescriptor.byteOffset + firstDescriptor.bytesFilled !== byteOffsetOf(view)) {
    throw new RangeError("The view does not begin where the request's view does");
  }
  if (firstDescriptor.bufferByteLength !== ArrayBufferPrototypeGetByteLength(buffer)) {
    throw new RangeError("The view's buffer has another length than the request's");
  }
  if (firstDescriptor.bytesFilled + viewByteLength > firstDescriptor.byteLength) {
    throw new RangeError("The view is longer than the request's view");
  }
  firstDescriptor.buffer = TransferArrayBuffer(buffer);
  ReadableByteStreamControllerRespondInternal(controller, viewByteLength);
}

/** https://streams.spec.whatwg.org/#set-up-readable-byte-stream-controller */
export function SetUpReadableByteStreamController(
  stream, controller, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, autoAllocateChunkSize,
) {
  controller.stream = stream;
  controller.strategyHWM = highWaterMark;
  controller.pullAlgorithm = pullAlgorithm;
  controller.cancelAlgorithm = cancelAlgorithm;
  controller.autoAllocateChunkSize = autoAllocateChunkSize;
  controller.pullFulfilledSteps = () => {
    controller.pulling = false;
    if (controller.pullAgain) {
      controller.pullAgain = false;
      ReadableByteStreamControllerCallPullIfNeeded(controller);
    }
  };
  controller.pullRejectedSteps = (e) => ReadableByteStreamControllerError(controller, e);
  stream.controller = controller;
  const startResult = startAlgorithm();
  uponPromise(isObject(startResult) ? aPromiseResolvedWith(startResult) : resolvedPromise, () => {
    controller.started = true;
    ReadableByteStreamControllerCallPullIfNeeded(controller);
  }, controller.pullRejectedSteps);
}

/** https://streams.spec.whatwg.org/#set-up-readable-byte-stream-controller-from-underlying-source */
export function SetUpReadableByteStreamControllerFromUnderlyingSource(
  stream, underlyingSource, underlyingSourceDict, highWaterMark,
) {
  const controller = new ReadableByteStreamControllerImpl();
  const { startAlgorithm, pullAlgorithm, cancelAlgorithm } = algorithmsOf(underlyingSource, underlyingSourceDict, controller);
  const { autoAllocateChunkSize } = underlyingSourceDict;
  if (autoAllocateChunkSize === 0) throw new TypeError("autoAllocateChunkSize must be more than 0");
  SetUpReadableByteStreamController(
    stream, controller, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, autoAllocateChunkSize);
}
