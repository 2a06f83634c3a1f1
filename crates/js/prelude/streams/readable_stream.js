// [Readable streams](https://streams.spec.whatwg.org/#rs-class): the slots of one, and how its
// [controller](https://streams.spec.whatwg.org/#rs-abstract-ops-used-by-controllers) speaks to it.
//
// The methods that script calls are added by the files of what they do, since those make streams themselves.
import { PromisePrototypeThen, PromiseReject, TypeError, markHandled, newPromise } from "../primordials.js";
import { Queue } from "./queues.js";
import { aPromiseResolvedWith } from "./miscellaneous.js";

export class ReadableStreamImpl {
  wrapper = undefined;
  // Was it transferred?
  detached = false;
  // InitializeReadableStream
  controller = undefined;
  disturbed = false;
  reader = undefined;
  state = "readable";
  storedError = undefined;

  get locked() {
    return IsReadableStreamLocked(this);
  }

  cancel(reason) {
    if (IsReadableStreamLocked(this)) return PromiseReject(new TypeError("A locked stream can only be canceled by its reader"));
    return ReadableStreamCancel(this, reason);
  }
}

// https://streams.spec.whatwg.org/#read-request, and read-into request
export class ReadRequest {
  next = undefined;
  chunkSteps;
  closeSteps;
  errorSteps;

  constructor(chunkSteps, closeSteps, errorSteps) {
    this.chunkSteps = chunkSteps;
    this.closeSteps = closeSteps;
    this.errorSteps = errorSteps;
  }
}

/** https://streams.spec.whatwg.org/#is-readable-stream-locked */
export function IsReadableStreamLocked(stream) {
  return stream.reader !== undefined;
}

/** https://streams.spec.whatwg.org/#readable-stream-add-read-into-request */
export function ReadableStreamAddReadIntoRequest(stream, readRequest) {
  stream.reader.readIntoRequests.append(readRequest);
}

/** https://streams.spec.whatwg.org/#readable-stream-add-read-request */
export function ReadableStreamAddReadRequest(stream, readRequest) {
  stream.reader.readRequests.append(readRequest);
}

/** https://streams.spec.whatwg.org/#readable-stream-cancel */
export function ReadableStreamCancel(stream, reason) {
  stream.disturbed = true;
  if (stream.state === "closed") return aPromiseResolvedWith(undefined);
  if (stream.state === "errored") return PromiseReject(stream.storedError);
  ReadableStreamClose(stream);
  if (ReadableStreamHasBYOBReader(stream)) {
    const { readIntoRequests } = stream.reader;
    stream.reader.readIntoRequests = new Queue();
    readIntoRequests.forEach((readIntoRequest) => readIntoRequest.closeSteps(undefined));
  }
  return PromisePrototypeThen(stream.controller.cancelSteps(reason), () => undefined);
}

/** https://streams.spec.whatwg.org/#readable-stream-close */
export function ReadableStreamClose(stream) {
  stream.state = "closed";
  const { reader } = stream;
  if (reader === undefined) return;
  reader.closedPromise.resolve(undefined);
  if (ReadableStreamHasDefaultReader(stream)) {
    const { readRequests } = reader;
    reader.readRequests = new Queue();
    readRequests.forEach((readRequest) => readRequest.closeSteps());
  }
}

/** https://streams.spec.whatwg.org/#readable-stream-error */
export function ReadableStreamError(stream, e) {
  stream.state = "errored";
  stream.storedError = e;
  const { reader } = stream;
  if (reader === undefined) return;
  reader.closedPromise.reject(e);
  markHandled(reader.closedPromise.promise);
  if (ReadableStreamHasDefaultReader(stream)) ReadableStreamDefaultReaderErrorReadRequests(reader, e);
  else ReadableStreamBYOBReaderErrorReadIntoRequests(reader, e);
}

/** https://streams.spec.whatwg.org/#readable-stream-fulfill-read-into-request */
export function ReadableStreamFulfillReadIntoRequest(stream, chunk, done) {
  const readIntoRequest = stream.reader.readIntoRequests.shift();
  if (done) readIntoRequest.closeSteps(chunk);
  else readIntoRequest.chunkSteps(chunk);
}

/** https://streams.spec.whatwg.org/#readable-stream-fulfill-read-request */
export function ReadableStreamFulfillReadRequest(stream, chunk, done) {
  const readRequest = stream.reader.readRequests.shift();
  if (done) readRequest.closeSteps();
  else readRequest.chunkSteps(chunk);
}

/** https://streams.spec.whatwg.org/#readable-stream-get-num-read-into-requests */
export function ReadableStreamGetNumReadIntoRequests(stream) {
  return stream.reader.readIntoRequests.size;
}

/** https://streams.spec.whatwg.org/#readable-stream-get-num-read-requests */
export function ReadableStreamGetNumReadRequests(stream) {
  return stream.reader.readRequests.size;
}

// A reader is told by the list that it has; the classes of readers come later.
/** https://streams.spec.whatwg.org/#readable-stream-has-byob-reader */
export function ReadableStreamHasBYOBReader(stream) {
  return stream.reader !== undefined && stream.reader.readIntoRequests !== undefined;
}

/** https://streams.spec.whatwg.org/#readable-stream-has-default-reader */
export function ReadableStreamHasDefaultReader(stream) {
  return stream.reader !== undefined && stream.reader.readRequests !== undefined;
}

/** https://streams.spec.whatwg.org/#readable-stream-reader-generic-initialize */
export function ReadableStreamReaderGenericInitialize(reader, stream) {
  reader.stream = stream;
  stream.reader = reader;
  reader.closedPromise = newPromise();
  if (stream.state === "closed") {
    reader.closedPromise.resolve(undefined);
  } else if (stream.state === "errored") {
    reader.closedPromise.reject(stream.storedError);
    markHandled(reader.closedPromise.promise);
  }
}

/** https://streams.spec.whatwg.org/#readable-stream-reader-generic-release */
export function ReadableStreamReaderGenericRelease(reader) {
  const { stream } = reader;
  if (stream.state !== "readable") reader.closedPromise = newPromise();
  reader.closedPromise.reject(new TypeError("The reader was released"));
  markHandled(reader.closedPromise.promise);
  stream.controller.releaseSteps();
  stream.reader = undefined;
  reader.stream = undefined;
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreambyobreadererrorreadintorequests */
export function ReadableStreamBYOBReaderErrorReadIntoRequests(reader, e) {
  const { readIntoRequests } = reader;
  reader.readIntoRequests = new Queue();
  readIntoRequests.forEach((readIntoRequest) => readIntoRequest.errorSteps(e));
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultreadererrorreadrequests */
export function ReadableStreamDefaultReaderErrorReadRequests(reader, e) {
  const { readRequests } = reader;
  reader.readRequests = new Queue();
  readRequests.forEach((readRequest) => readRequest.errorSteps(e));
}
