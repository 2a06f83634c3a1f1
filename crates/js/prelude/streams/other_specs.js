// [Using streams in other specifications](https://streams.spec.whatwg.org/#other-specs): the door for the rest of the prelude.
//
// "To close a ReadableStream" is `closeReadableStream`. The algorithms that are given may throw, and may return a promise.
import {
  TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeSet, Uint8Array, markHandled,
} from "../primordials.js";
import { CloneAsUint8Array, isUint8Array, resolvedPromise, viewedArrayBuffer, wrapAlgorithm } from "./miscellaneous.js";
import { Queue } from "./queues.js";
import { sizeOne } from "./strategies.js";
import { IsReadableStreamLocked, ReadRequest, ReadableStreamCancel, ReadableStreamImpl } from "./readable_stream.js";
import {
  ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue, ReadableStreamDefaultControllerError,
  ReadableStreamDefaultControllerGetDesiredSize, ReadableStreamDefaultControllerImpl, SetUpReadableStreamDefaultController,
} from "./default_controller.js";
import { ReadableByteStreamControllerError, ReadableByteStreamControllerGetDesiredSize } from "./byte_queue.js";
import {
  ReadableByteStreamControllerClose, ReadableByteStreamControllerEnqueue, ReadableByteStreamControllerGetBYOBRequest,
  ReadableByteStreamControllerImpl, ReadableByteStreamControllerRespond, SetUpReadableByteStreamController,
} from "./byte_controller.js";
import {
  AcquireReadableStreamDefaultReader, ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease,
  ReadableStreamReaderGenericCancel,
} from "./readers.js";
import {
  SetUpWritableStreamDefaultController, WritableStreamDefaultControllerErrorIfNeeded, WritableStreamDefaultControllerImpl,
} from "./writable_controller.js";
import {
  AcquireWritableStreamDefaultWriter, WritableStreamAbort, WritableStreamClose, WritableStreamDefaultWriterRelease,
  WritableStreamDefaultWriterWrite, WritableStreamImpl,
} from "./writers.js";
import { ReadableStreamFromIterable } from "./from.js";
import { ReadableStreamPipeTo } from "./pipe_to.js";
import { ReadableStreamTee } from "./tee.js";
import {
  InitializeTransformStream, SetUpTransformStreamDefaultController, TransformStreamDefaultControllerEnqueue,
  TransformStreamDefaultControllerError, TransformStreamDefaultControllerImpl, TransformStreamDefaultControllerTerminate,
  TransformStreamImpl,
} from "./transform_stream.js";

export { ReadableStreamImpl, TransformStreamImpl, WritableStreamImpl };

const startAlgorithm = () => undefined;

// Readable streams.

/** https://streams.spec.whatwg.org/#readablestream-set-up */
export function setUpReadableStream(stream, pullAlgorithm, cancelAlgorithm, highWaterMark = 1, sizeAlgorithm = sizeOne) {
  SetUpReadableStreamDefaultController(
    stream, new ReadableStreamDefaultControllerImpl(), startAlgorithm, wrapAlgorithm(pullAlgorithm),
    wrapAlgorithm(cancelAlgorithm), highWaterMark, sizeAlgorithm);
}

/** https://streams.spec.whatwg.org/#readablestream-set-up-with-byte-reading-support */
export function setUpReadableStreamWithByteReadingSupport(stream, pullAlgorithm, cancelAlgorithm, highWaterMark = 0) {
  SetUpReadableByteStreamController(
    stream, new ReadableByteStreamControllerImpl(), startAlgorithm, wrapAlgorithm(pullAlgorithm),
    wrapAlgorithm(cancelAlgorithm), highWaterMark, undefined);
}

/** https://streams.spec.whatwg.org/#readablestream-create-from-async-sequence */
export function createReadableStreamFromAsyncSequence(sequence) {
  return ReadableStreamFromIterable(sequence);
}

function isByteStream(stream) {
  return stream.controller instanceof ReadableByteStreamControllerImpl;
}

/** https://streams.spec.whatwg.org/#readablestream-desired-size-to-fill-up-to-the-high-water-mark */
export function desiredSizeToFillUpToTheHighWaterMark(stream) {
  if (!isReadable(stream)) return 0;
  if (isByteStream(stream)) return ReadableByteStreamControllerGetDesiredSize(stream.controller);
  return ReadableStreamDefaultControllerGetDesiredSize(stream.controller);
}

/** https://streams.spec.whatwg.org/#readablestream-need-more-data */
export function needsMoreData(stream) {
  return desiredSizeToFillUpToTheHighWaterMark(stream) > 0;
}

/** https://streams.spec.whatwg.org/#readablestream-close */
export function closeReadableStream(stream) {
  const { controller } = stream;
  if (!isByteStream(stream)) {
    ReadableStreamDefaultControllerClose(controller);
    return;
  }
  ReadableByteStreamControllerClose(controller);
  if (controller.pendingPullIntos.size !== 0) ReadableByteStreamControllerRespond(controller, 0);
}

/** https://streams.spec.whatwg.org/#readablestream-error */
export function errorReadableStream(stream, e) {
  if (isByteStream(stream)) ReadableByteStreamControllerError(stream.controller, e);
  else ReadableStreamDefaultControllerError(stream.controller, e);
}

/** https://streams.spec.whatwg.org/#readablestream-enqueue */
export function enqueueIntoReadableStream(stream, chunk) {
  const { controller } = stream;
  if (!isByteStream(stream)) {
    ReadableStreamDefaultControllerEnqueue(controller, chunk);
    return;
  }
  const byobView = currentByobRequestView(stream);
  if (byobView !== null && viewedArrayBuffer(chunk) === viewedArrayBuffer(byobView)) {
    ReadableByteStreamControllerRespond(controller, TypedArrayPrototypeGetByteLength(chunk));
  } else {
    ReadableByteStreamControllerEnqueue(controller, chunk);
  }
}

/** https://streams.spec.whatwg.org/#readablestream-current-byob-request-view */
export function currentByobRequestView(stream) {
  const byobRequest = ReadableByteStreamControllerGetBYOBRequest(stream.controller);
  return byobRequest === null ? null : byobRequest.view;
}

/**
 * https://streams.spec.whatwg.org/#readablestream-pull-from-bytes
 *
 * `bytes` is a Uint8Array, not empty, that the caller gives away: its buffer is detached when nobody brought one of his own.
 * Gives how many of them were taken.
 */
export function pullFromBytes(stream, bytes) {
  const available = TypedArrayPrototypeGetByteLength(bytes);
  // NB: a BYOB request is not made for the asking: without a pull-into descriptor there is none to come.
  if (stream.controller.pendingPullIntos.size === 0) {
    ReadableByteStreamControllerEnqueue(stream.controller, bytes);
    return available;
  }
  const view = currentByobRequestView(stream);
  const desiredSize = TypedArrayPrototypeGetByteLength(view);
  const pullSize = available < desiredSize ? available : desiredSize;
  const pulled = new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes), pullSize);
  TypedArrayPrototypeSet(view, pulled);
  ReadableByteStreamControllerRespond(stream.controller, pullSize);
  return pullSize;
}

/** https://streams.spec.whatwg.org/#readablestream-get-a-reader */
export function getAReader(stream) {
  return AcquireReadableStreamDefaultReader(stream);
}

/** https://streams.spec.whatwg.org/#readablestreamdefaultreader-read-a-chunk */
export function readAChunk(reader, chunkSteps, closeSteps, errorSteps) {
  ReadableStreamDefaultReaderRead(reader, new ReadRequest(chunkSteps, closeSteps, errorSteps));
}

/** https://streams.spec.whatwg.org/#readablestreamdefaultreader-read-all-bytes; the bytes come as one Uint8Array. */
export function readAllBytes(reader, successSteps, failureSteps) {
  // A chunk of a byte stream is nobody else's; another may change before we are done.
  const chunksAreOurs = isByteStream(reader.stream);
  const chunks = new Queue();
  let length = 0;
  // The read-loop, as a loop where chunks are there already.
  let reading = false;
  let readOn = false;
  const readLoop = () => {
    reading = true;
    do {
      readOn = false;
      ReadableStreamDefaultReaderRead(reader, readRequest);
    } while (readOn);
    reading = false;
  };
  const readRequest = new ReadRequest((chunk) => {
    if (!isUint8Array(chunk)) {
      failureSteps(new TypeError("A chunk that is no Uint8Array cannot be read as bytes"));
      return;
    }
    const byteLength = TypedArrayPrototypeGetByteLength(chunk);
    if (byteLength !== 0) {
      let bytes = chunk;
      if (!chunksAreOurs) {
        // There may be no room for it.
        try {
          bytes = CloneAsUint8Array(chunk);
        } catch (error) {
          failureSteps(error);
          return;
        }
      }
      chunks.append({ __proto__: null, next: undefined, bytes });
    }
    length += byteLength;
    if (reading) readOn = true;
    else readLoop();
  }, () => {
    let bytes;
    try {
      bytes = concatenate(chunks, length);
    } catch (error) {
      failureSteps(error);
      return;
    }
    successSteps(bytes);
  }, failureSteps);
  readLoop();
}

function concatenate(chunks, length) {
  if (chunks.size === 1) return chunks.head.bytes;
  const bytes = new Uint8Array(length);
  let offset = 0;
  chunks.forEach((chunk) => {
    TypedArrayPrototypeSet(bytes, chunk.bytes, offset);
    offset += TypedArrayPrototypeGetByteLength(chunk.bytes);
  });
  return bytes;
}

/** https://streams.spec.whatwg.org/#readablestreamdefaultreader-release */
export function releaseReader(reader) {
  ReadableStreamDefaultReaderRelease(reader);
}

/** https://streams.spec.whatwg.org/#readablestreamdefaultreader-cancel */
export function cancelReader(reader, reason) {
  return ReadableStreamReaderGenericCancel(reader, reason);
}

/** https://streams.spec.whatwg.org/#readablestream-cancel */
export function cancelReadableStream(stream, reason) {
  return ReadableStreamCancel(stream, reason);
}

/** https://streams.spec.whatwg.org/#readablestream-tee; gives two implementations. */
export function teeReadableStream(stream) {
  return ReadableStreamTee(stream, true);
}

/** https://streams.spec.whatwg.org/#readablestream-readable */
export function isReadable(stream) {
  return stream.state === "readable";
}

/** https://streams.spec.whatwg.org/#readablestream-closed */
export function isClosed(stream) {
  return stream.state === "closed";
}

/** https://streams.spec.whatwg.org/#readablestream-errored */
export function isErrored(stream) {
  return stream.state === "errored";
}

/** https://streams.spec.whatwg.org/#readablestream-locked */
export function isLocked(stream) {
  return IsReadableStreamLocked(stream);
}

/** https://streams.spec.whatwg.org/#is-readable-stream-disturbed */
export function isDisturbed(stream) {
  return stream.disturbed;
}

// Writable streams.

/** https://streams.spec.whatwg.org/#writablestream-set-up */
export function setUpWritableStream(
  stream, writeAlgorithm, closeAlgorithm, abortAlgorithm, highWaterMark = 1, sizeAlgorithm = sizeOne,
) {
  SetUpWritableStreamDefaultController(
    stream, new WritableStreamDefaultControllerImpl(), startAlgorithm, writeAlgorithm, wrapAlgorithm(closeAlgorithm),
    wrapAlgorithm(abortAlgorithm), highWaterMark, sizeAlgorithm);
}

/** https://streams.spec.whatwg.org/#writablestream-error */
export function errorWritableStream(stream, e) {
  WritableStreamDefaultControllerErrorIfNeeded(stream.controller, e);
}

/** https://streams.spec.whatwg.org/#writablestream-signal */
export function signalOf(stream) {
  return stream.controller.signal;
}

/** https://streams.spec.whatwg.org/#writablestream-get-a-writer */
export function getAWriter(stream) {
  return AcquireWritableStreamDefaultWriter(stream);
}

/** https://streams.spec.whatwg.org/#writablestreamdefaultwriter-write-a-chunk */
export function writeAChunk(writer, chunk) {
  return WritableStreamDefaultWriterWrite(writer, chunk);
}

/** https://streams.spec.whatwg.org/#writablestreamdefaultwriter-release */
export function releaseWriter(writer) {
  WritableStreamDefaultWriterRelease(writer);
}

/** https://streams.spec.whatwg.org/#writablestream-close */
export function closeWritableStream(stream) {
  return WritableStreamClose(stream);
}

/** https://streams.spec.whatwg.org/#writablestream-abort */
export function abortWritableStream(stream, reason) {
  return WritableStreamAbort(stream, reason);
}

// Transform streams.

/** https://streams.spec.whatwg.org/#transformstream-set-up */
export function setUpTransformStream(stream, transformAlgorithm, flushAlgorithm, cancelAlgorithm) {
  InitializeTransformStream(stream, resolvedPromise, 1, sizeOne, 0, sizeOne);
  SetUpTransformStreamDefaultController(
    stream, new TransformStreamDefaultControllerImpl(), wrapAlgorithm(transformAlgorithm), wrapAlgorithm(flushAlgorithm),
    wrapAlgorithm(cancelAlgorithm));
}

/** https://streams.spec.whatwg.org/#transformstream-create-an-identity-transformstream */
export function createIdentityTransformStream() {
  const transformStream = new TransformStreamImpl();
  setUpTransformStream(transformStream, (chunk) => enqueueIntoTransformStream(transformStream, chunk));
  return transformStream;
}

/** https://streams.spec.whatwg.org/#transformstream-enqueue */
export function enqueueIntoTransformStream(stream, chunk) {
  TransformStreamDefaultControllerEnqueue(stream.controller, chunk);
}

/** https://streams.spec.whatwg.org/#transformstream-terminate */
export function terminateTransformStream(stream) {
  TransformStreamDefaultControllerTerminate(stream.controller);
}

/** https://streams.spec.whatwg.org/#transformstream-error */
export function errorTransformStream(stream, e) {
  TransformStreamDefaultControllerError(stream.controller, e);
}

/** https://streams.spec.whatwg.org/#generictransformstream: what an interface with the mixin extends, and sets up. */
export class GenericTransformStreamImpl {
  wrapper = undefined;
  transform = new TransformStreamImpl();

  get readable() {
    return this.transform.readable;
  }

  get writable() {
    return this.transform.writable;
  }
}

// Piping.

/** https://streams.spec.whatwg.org/#readablestream-pipe */
export function pipeReadableStreamTo(
  readable, writable, preventClose = false, preventAbort = false, preventCancel = false, signal = undefined,
) {
  return ReadableStreamPipeTo(readable, writable, preventClose, preventAbort, preventCancel, signal);
}

/** https://streams.spec.whatwg.org/#readablestream-pipe-through */
export function pipeReadableStreamThrough(
  readable, transform, preventClose = false, preventAbort = false, preventCancel = false, signal = undefined,
) {
  markHandled(ReadableStreamPipeTo(readable, transform.writable, preventClose, preventAbort, preventCancel, signal));
  return transform.readable;
}

/** https://streams.spec.whatwg.org/#readablestream-create-a-proxy */
export function createAProxy(stream) {
  return pipeReadableStreamThrough(stream, createIdentityTransformStream());
}
