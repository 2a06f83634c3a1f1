// [Byte stream controllers](https://streams.spec.whatwg.org/#rbs-controller-abstract-ops): their queue, and the pull-into
// descriptors that are filled from it.
import { Uint8Array, uponPromise } from "../primordials.js";
import { Queue, ResetQueue } from "./queues.js";
import { CloneArrayBuffer, CopyDataBlockBytes, TransferArrayBuffer } from "./miscellaneous.js";
import {
  ReadableStreamClose, ReadableStreamError, ReadableStreamFulfillReadIntoRequest, ReadableStreamFulfillReadRequest,
} from "./readable_stream.js";

// https://streams.spec.whatwg.org/#pull-into-descriptor
export class PullIntoDescriptor {
  next = undefined;
  bytesFilled = 0;
  buffer;
  bufferByteLength;
  byteOffset;
  byteLength;
  minimumFill;
  elementSize;
  viewConstructor;
  readerType;

  constructor(buffer, bufferByteLength, byteOffset, byteLength, minimumFill, elementSize, viewConstructor, readerType) {
    this.buffer = buffer;
    this.bufferByteLength = bufferByteLength;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.minimumFill = minimumFill;
    this.elementSize = elementSize;
    this.viewConstructor = viewConstructor;
    this.readerType = readerType;
  }
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-call-pull-if-needed */
export function ReadableByteStreamControllerCallPullIfNeeded(controller) {
  if (!ReadableByteStreamControllerShouldCallPull(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  const { pullAlgorithm } = controller;
  uponPromise(pullAlgorithm(), controller.pullFulfilledSteps, controller.pullRejectedSteps);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-clear-algorithms */
export function ReadableByteStreamControllerClearAlgorithms(controller) {
  controller.pullAlgorithm = undefined;
  controller.cancelAlgorithm = undefined;
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-clear-pending-pull-intos */
export function ReadableByteStreamControllerClearPendingPullIntos(controller) {
  ReadableByteStreamControllerInvalidateBYOBRequest(controller);
  controller.pendingPullIntos = new Queue();
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-commit-pull-into-descriptor */
export function ReadableByteStreamControllerCommitPullIntoDescriptor(stream, pullIntoDescriptor) {
  const done = stream.state === "closed";
  const filledView = ReadableByteStreamControllerConvertPullIntoDescriptor(pullIntoDescriptor);
  if (pullIntoDescriptor.readerType === "default") ReadableStreamFulfillReadRequest(stream, filledView, done);
  else ReadableStreamFulfillReadIntoRequest(stream, filledView, done);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-convert-pull-into-descriptor */
export function ReadableByteStreamControllerConvertPullIntoDescriptor(pullIntoDescriptor) {
  const { bytesFilled, elementSize, byteOffset, viewConstructor } = pullIntoDescriptor;
  const buffer = TransferArrayBuffer(pullIntoDescriptor.buffer);
  return new viewConstructor(buffer, byteOffset, bytesFilled / elementSize);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue-chunk-to-queue */
export function ReadableByteStreamControllerEnqueueChunkToQueue(controller, buffer, byteOffset, byteLength) {
  controller.queue.append({ __proto__: null, next: undefined, buffer, byteOffset, byteLength });
  controller.queueTotalSize += byteLength;
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerenqueueclonedchunktoqueue */
export function ReadableByteStreamControllerEnqueueClonedChunkToQueue(controller, buffer, byteOffset, byteLength) {
  let clone;
  try {
    clone = CloneArrayBuffer(buffer, byteOffset, byteLength);
  } catch (e) {
    ReadableByteStreamControllerError(controller, e);
    throw e;
  }
  ReadableByteStreamControllerEnqueueChunkToQueue(controller, clone, 0, byteLength);
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerenqueuedetachedpullintotoqueue */
export function ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, pullIntoDescriptor) {
  const { buffer, byteOffset, bytesFilled } = pullIntoDescriptor;
  if (bytesFilled > 0) ReadableByteStreamControllerEnqueueClonedChunkToQueue(controller, buffer, byteOffset, bytesFilled);
  ReadableByteStreamControllerShiftPendingPullInto(controller);
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-error */
export function ReadableByteStreamControllerError(controller, e) {
  const { stream } = controller;
  if (stream.state !== "readable") return;
  ReadableByteStreamControllerClearPendingPullIntos(controller);
  ResetQueue(controller);
  ReadableByteStreamControllerClearAlgorithms(controller);
  ReadableStreamError(stream, e);
}

// Says whether the descriptor holds at least its minimum, in whole elements.
/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-fill-pull-into-descriptor-from-queue */
export function ReadableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, pullIntoDescriptor) {
  const { queue } = controller;
  const { bytesFilled, byteLength } = pullIntoDescriptor;
  const free = byteLength - bytesFilled;
  const maxBytesToCopy = controller.queueTotalSize < free ? controller.queueTotalSize : free;
  const maxBytesFilled = bytesFilled + maxBytesToCopy;
  const maxAlignedBytes = maxBytesFilled - (maxBytesFilled % pullIntoDescriptor.elementSize);
  const ready = maxAlignedBytes >= pullIntoDescriptor.minimumFill;
  let totalBytesToCopyRemaining = ready ? maxAlignedBytes - bytesFilled : maxBytesToCopy;
  while (totalBytesToCopyRemaining > 0) {
    const headOfQueue = queue.head;
    const bytesToCopy = totalBytesToCopyRemaining < headOfQueue.byteLength ? totalBytesToCopyRemaining : headOfQueue.byteLength;
    const destStart = pullIntoDescriptor.byteOffset + pullIntoDescriptor.bytesFilled;
    // CanCopyDataBlockBytes holds: the views that copy would throw.
    CopyDataBlockBytes(pullIntoDescriptor.buffer, destStart, headOfQueue.buffer, headOfQueue.byteOffset, bytesToCopy);
    if (headOfQueue.byteLength === bytesToCopy) {
      queue.shift();
    } else {
      headOfQueue.byteOffset += bytesToCopy;
      headOfQueue.byteLength -= bytesToCopy;
    }
    controller.queueTotalSize -= bytesToCopy;
    // ReadableByteStreamControllerFillHeadPullIntoDescriptor
    pullIntoDescriptor.bytesFilled += bytesToCopy;
    totalBytesToCopyRemaining -= bytesToCopy;
  }
  return ready;
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerfillreadrequestfromqueue */
export function ReadableByteStreamControllerFillReadRequestFromQueue(controller, readRequest) {
  const { buffer, byteOffset, byteLength } = controller.queue.shift();
  controller.queueTotalSize -= byteLength;
  ReadableByteStreamControllerHandleQueueDrain(controller);
  readRequest.chunkSteps(new Uint8Array(buffer, byteOffset, byteLength));
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-get-desired-size */
export function ReadableByteStreamControllerGetDesiredSize(controller) {
  const { state } = controller.stream;
  if (state === "errored") return null;
  if (state === "closed") return 0;
  return controller.strategyHWM - controller.queueTotalSize;
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-handle-queue-drain */
export function ReadableByteStreamControllerHandleQueueDrain(controller) {
  if (controller.queueTotalSize === 0 && controller.closeRequested) {
    ReadableByteStreamControllerClearAlgorithms(controller);
    ReadableStreamClose(controller.stream);
  } else {
    ReadableByteStreamControllerCallPullIfNeeded(controller);
  }
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-invalidate-byob-request */
export function ReadableByteStreamControllerInvalidateBYOBRequest(controller) {
  const byobRequest = controller.currentByobRequest;
  if (byobRequest === null) return;
  byobRequest.controller = undefined;
  byobRequest.view = null;
  controller.currentByobRequest = null;
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-process-pull-into-descriptors-using-queue */
export function ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller) {
  const filledPullIntos = new Queue();
  while (controller.pendingPullIntos.size !== 0 && controller.queueTotalSize > 0) {
    if (ReadableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, controller.pendingPullIntos.head)) {
      filledPullIntos.append(ReadableByteStreamControllerShiftPendingPullInto(controller));
    }
  }
  return filledPullIntos;
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerprocessreadrequestsusingqueue */
export function ReadableByteStreamControllerProcessReadRequestsUsingQueue(controller) {
  const { reader } = controller.stream;
  while (reader.readRequests.size !== 0 && controller.queueTotalSize > 0) {
    ReadableByteStreamControllerFillReadRequestFromQueue(controller, reader.readRequests.shift());
  }
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-shift-pending-pull-into */
export function ReadableByteStreamControllerShiftPendingPullInto(controller) {
  return controller.pendingPullIntos.shift();
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-controller-should-call-pull */
export function ReadableByteStreamControllerShouldCallPull(controller) {
  const { stream } = controller;
  if (stream.state !== "readable" || controller.closeRequested || !controller.started) return false;
  const { reader } = stream;
  if (reader !== undefined) {
    const requests = reader.readRequests ?? reader.readIntoRequests;
    if (requests.size !== 0) return true;
  }
  return controller.strategyHWM - controller.queueTotalSize > 0;
}
