// [Readers](https://streams.spec.whatwg.org/#generic-reader-mixin): who holds one is alone with its stream.
import { PromiseReject, PromiseResolve, RangeError, TypeError, newPromise } from "../primordials.js";
import { implement } from "../platform_objects.js";
import { Queue } from "./queues.js";
import { byteLengthOf, lengthOf } from "./miscellaneous.js";
import {
  IsReadableStreamLocked, ReadableStreamBYOBReaderErrorReadIntoRequests, ReadableStreamCancel,
  ReadableStreamDefaultReaderErrorReadRequests, ReadableStreamReaderGenericInitialize, ReadableStreamReaderGenericRelease,
} from "./readable_stream.js";
import { ReadableByteStreamControllerImpl, ReadableByteStreamControllerPullInto } from "./byte_controller.js";

const released = () => new TypeError("The reader was released");

class ReadableStreamGenericReader {
  wrapper = undefined;
  stream = undefined;
  // A capability.
  closedPromise = undefined;
  // One of them, by which the streams tell the readers.
  readRequests = undefined;
  readIntoRequests = undefined;

  get closed() {
    return this.closedPromise.promise;
  }

  cancel(reason) {
    if (this.stream === undefined) return PromiseReject(released());
    return ReadableStreamReaderGenericCancel(this, reason);
  }
}

export class ReadableStreamDefaultReaderImpl extends ReadableStreamGenericReader {
  construct(stream) {
    SetUpReadableStreamDefaultReader(this, stream);
  }

  read() {
    if (this.stream === undefined) return PromiseReject(released());
    const readRequest = new PromiseReadRequest();
    ReadableStreamDefaultReaderRead(this, readRequest);
    return readRequest.takePromise();
  }

  releaseLock() {
    if (this.stream !== undefined) ReadableStreamDefaultReaderRelease(this);
  }
}
implement("ReadableStreamDefaultReader", ReadableStreamDefaultReaderImpl);

export class ReadableStreamBYOBReaderImpl extends ReadableStreamGenericReader {
  construct(stream) {
    SetUpReadableStreamBYOBReader(this, stream);
  }

  read(view, options) {
    const { min } = options;
    // 1-3. A view with bytes has a buffer with bytes, which is not detached.
    if (byteLengthOf(view) === 0) return PromiseReject(new TypeError("The view has no room"));
    if (min === 0) return PromiseReject(new TypeError("min must be more than 0"));
    if (min > lengthOf(view)) return PromiseReject(new RangeError("The view is shorter than min"));
    if (this.stream === undefined) return PromiseReject(released());
    const readIntoRequest = new PromiseReadRequest();
    ReadableStreamBYOBReaderRead(this, view, min, readIntoRequest);
    return readIntoRequest.takePromise();
  }

  releaseLock() {
    if (this.stream !== undefined) ReadableStreamBYOBReaderRelease(this);
  }
}
implement("ReadableStreamBYOBReader", ReadableStreamBYOBReaderImpl);

// The requests of both readers' `read()`. Often the answer is there before the promise is asked for, which is then made with it.
class PromiseReadRequest {
  next = undefined;
  promise = undefined;
  capability = undefined;

  takePromise() {
    if (this.promise !== undefined) return this.promise;
    this.capability = newPromise();
    return this.capability.promise;
  }

  chunkSteps(chunk) {
    this.resolve({ done: false, value: chunk });
  }

  closeSteps(chunk) {
    this.resolve({ done: true, value: chunk });
  }

  // NB: a dictionary's members stand in the order of their names.
  resolve(readResult) {
    if (this.capability === undefined) this.promise = PromiseResolve(readResult);
    else this.capability.resolve(readResult);
  }

  errorSteps(e) {
    if (this.capability === undefined) this.promise = PromiseReject(e);
    else this.capability.reject(e);
  }
}

/** https://streams.spec.whatwg.org/#acquire-readable-stream-byob-reader */
export function AcquireReadableStreamBYOBReader(stream) {
  const reader = new ReadableStreamBYOBReaderImpl();
  SetUpReadableStreamBYOBReader(reader, stream);
  return reader;
}

/** https://streams.spec.whatwg.org/#acquire-readable-stream-reader */
export function AcquireReadableStreamDefaultReader(stream) {
  const reader = new ReadableStreamDefaultReaderImpl();
  SetUpReadableStreamDefaultReader(reader, stream);
  return reader;
}

/** https://streams.spec.whatwg.org/#readable-stream-reader-generic-cancel */
export function ReadableStreamReaderGenericCancel(reader, reason) {
  return ReadableStreamCancel(reader.stream, reason);
}

/** https://streams.spec.whatwg.org/#readable-stream-byob-reader-read */
export function ReadableStreamBYOBReaderRead(reader, view, min, readIntoRequest) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === "errored") readIntoRequest.errorSteps(stream.storedError);
  else ReadableByteStreamControllerPullInto(stream.controller, view, min, readIntoRequest);
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreambyobreaderrelease */
export function ReadableStreamBYOBReaderRelease(reader) {
  ReadableStreamReaderGenericRelease(reader);
  ReadableStreamBYOBReaderErrorReadIntoRequests(reader, released());
}

/** https://streams.spec.whatwg.org/#readable-stream-default-reader-read */
export function ReadableStreamDefaultReaderRead(reader, readRequest) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === "readable") stream.controller.pullSteps(readRequest);
  else if (stream.state === "closed") readRequest.closeSteps();
  else readRequest.errorSteps(stream.storedError);
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultreaderrelease */
export function ReadableStreamDefaultReaderRelease(reader) {
  ReadableStreamReaderGenericRelease(reader);
  ReadableStreamDefaultReaderErrorReadRequests(reader, released());
}

/** https://streams.spec.whatwg.org/#set-up-readable-stream-byob-reader */
export function SetUpReadableStreamBYOBReader(reader, stream) {
  if (IsReadableStreamLocked(stream)) throw new TypeError("The stream is locked to a reader");
  if (!(stream.controller instanceof ReadableByteStreamControllerImpl)) {
    throw new TypeError("Only a stream of bytes can be read into a buffer");
  }
  ReadableStreamReaderGenericInitialize(reader, stream);
  reader.readIntoRequests = new Queue();
}

/** https://streams.spec.whatwg.org/#set-up-readable-stream-default-reader */
export function SetUpReadableStreamDefaultReader(reader, stream) {
  if (IsReadableStreamLocked(stream)) throw new TypeError("The stream is locked to a reader");
  ReadableStreamReaderGenericInitialize(reader, stream);
  reader.readRequests = new Queue();
}
