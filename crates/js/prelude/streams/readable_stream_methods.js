// [ReadableStream](https://streams.spec.whatwg.org/#rs-prototype): what script calls.
import { PromiseReject, RangeError, TypeError, markHandled, newPromise } from "../primordials.js";
import { implement, wrap } from "../platform_objects.js";
import { dictionaries } from "../webidl.js";
import { END_OF_ITERATION } from "../webidl_iterators.js";
import { aPromiseResolvedWith } from "./miscellaneous.js";
import { ExtractHighWaterMark, ExtractSizeAlgorithm } from "./strategies.js";
import { IsReadableStreamLocked, ReadRequest, ReadableStreamImpl } from "./readable_stream.js";
import { SetUpReadableStreamDefaultControllerFromUnderlyingSource } from "./default_controller.js";
import { SetUpReadableByteStreamControllerFromUnderlyingSource } from "./byte_controller.js";
import {
  AcquireReadableStreamBYOBReader, AcquireReadableStreamDefaultReader, ReadableStreamDefaultReaderRead,
  ReadableStreamDefaultReaderRelease, ReadableStreamReaderGenericCancel,
} from "./readers.js";
import { IsWritableStreamLocked } from "./writable_stream.js";
import { ReadableStreamFromIterable } from "./from.js";
import { ReadableStreamPipeTo } from "./pipe_to.js";
import { ReadableStreamTee } from "./tee.js";

// The class itself is older than what makes streams, and so than these.
const { prototype } = ReadableStreamImpl;
const lockedSource = () => new TypeError("The stream is locked to a reader");
const lockedDestination = () => new TypeError("The destination is locked to a writer");

prototype.construct = function construct(underlyingSource = null, strategy) {
  const underlyingSourceDict = dictionaries.UnderlyingSource(underlyingSource);
  if (underlyingSourceDict.type === "bytes") {
    if (strategy.size !== undefined) throw new RangeError("A stream of bytes takes no size function");
    const highWaterMark = ExtractHighWaterMark(strategy, 0);
    SetUpReadableByteStreamControllerFromUnderlyingSource(this, underlyingSource, underlyingSourceDict, highWaterMark);
    return;
  }
  const sizeAlgorithm = ExtractSizeAlgorithm(strategy);
  const highWaterMark = ExtractHighWaterMark(strategy, 1);
  SetUpReadableStreamDefaultControllerFromUnderlyingSource(
    this, underlyingSource, underlyingSourceDict, highWaterMark, sizeAlgorithm);
};

ReadableStreamImpl.from = (asyncIterable) => ReadableStreamFromIterable(asyncIterable);

prototype.getReader = function getReader(options) {
  if (options.mode === undefined) return wrap(AcquireReadableStreamDefaultReader(this));
  return wrap(AcquireReadableStreamBYOBReader(this));
};

prototype.pipeThrough = function pipeThrough(transform, options) {
  const { readable, writable } = transform;
  if (IsReadableStreamLocked(this)) throw lockedSource();
  if (IsWritableStreamLocked(writable)) throw lockedDestination();
  const { preventClose, preventAbort, preventCancel, signal } = options;
  markHandled(ReadableStreamPipeTo(this, writable, preventClose, preventAbort, preventCancel, signal));
  return readable;
};

prototype.pipeTo = function pipeTo(destination, options) {
  if (IsReadableStreamLocked(this)) return PromiseReject(lockedSource());
  if (IsWritableStreamLocked(destination)) return PromiseReject(lockedDestination());
  const { preventClose, preventAbort, preventCancel, signal } = options;
  return ReadableStreamPipeTo(this, destination, preventClose, preventAbort, preventCancel, signal);
};

prototype.tee = function tee() {
  const branches = ReadableStreamTee(this, false);
  return [wrap(branches[0]), wrap(branches[1])];
};

// https://streams.spec.whatwg.org/#rs-asynciterator
prototype.asyncIteratorInit = function asyncIteratorInit(options) {
  const reader = AcquireReadableStreamDefaultReader(this);
  return { __proto__: null, reader, preventCancel: options.preventCancel };
};

prototype.asyncIteratorNext = function asyncIteratorNext({ reader }) {
  const { promise, resolve, reject } = newPromise();
  ReadableStreamDefaultReaderRead(reader, new ReadRequest(resolve, () => {
    ReadableStreamDefaultReaderRelease(reader);
    resolve(END_OF_ITERATION);
  }, (e) => {
    ReadableStreamDefaultReaderRelease(reader);
    reject(e);
  }));
  return promise;
};

prototype.asyncIteratorReturn = function asyncIteratorReturn({ reader, preventCancel }, arg) {
  const result = preventCancel ? aPromiseResolvedWith(undefined) : ReadableStreamReaderGenericCancel(reader, arg);
  ReadableStreamDefaultReaderRelease(reader);
  return result;
};

implement("ReadableStream", ReadableStreamImpl);
