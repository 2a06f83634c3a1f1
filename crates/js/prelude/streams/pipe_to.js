// [Piping](https://streams.spec.whatwg.org/#readable-stream-pipe-to): the chunks of one stream written to another, and how
// the end of either becomes the end of both.
import { TypeError, markHandled, newPromise, uponPromise } from "../primordials.js";
import { queueAMicrotask, resolvedPromise } from "./miscellaneous.js";
import { ReadRequest, ReadableStreamCancel } from "./readable_stream.js";
import {
  AcquireReadableStreamDefaultReader, ReadableStreamDefaultReaderRead, ReadableStreamDefaultReaderRelease,
} from "./readers.js";
import { WritableStreamCloseQueuedOrInFlight } from "./writable_stream.js";
import {
  AcquireWritableStreamDefaultWriter, WritableStreamAbort, WritableStreamDefaultWriterCloseWithErrorPropagation,
  WritableStreamDefaultWriterGetDesiredSize, WritableStreamDefaultWriterRelease, WritableStreamDefaultWriterWrite,
} from "./writers.js";

/** https://streams.spec.whatwg.org/#readable-stream-pipe-to */
export function ReadableStreamPipeTo(source, dest, preventClose, preventAbort, preventCancel, signal) {
  const pipe = new Pipe(source, dest, preventClose, preventAbort, preventCancel, signal);
  pipe.start();
  return pipe.promise.promise;
}

const NO_ERROR = { __proto__: null };

class Pipe {
  promise = newPromise();
  shuttingDown = false;
  // A chunk that was read and is to be written in the next microtask.
  chunkRead = undefined;
  hasChunkRead = false;
  // The promise of the last write: writes settle in their order.
  lastWrite = undefined;
  source;
  dest;
  preventClose;
  preventAbort;
  preventCancel;
  signal;
  reader;
  writer;
  abortAlgorithm = () => this.abort();
  pumpSteps = () => this.pump();
  writeSteps = () => {
    this.writeChunkRead();
    this.pump();
  };
  chunkSteps = (chunk) => {
    this.chunkRead = chunk;
    this.hasChunkRead = true;
    // NB: not at once, since we may stand in the source's call of enqueue(), which must not run the sink's write().
    queueAMicrotask(this.writeSteps);
  };
  // One request will do, since only one chunk is asked for at a time.
  readRequest = new ReadRequest(this.chunkSteps, ignore, ignore);

  constructor(source, dest, preventClose, preventAbort, preventCancel, signal) {
    this.source = source;
    this.dest = dest;
    this.preventClose = preventClose;
    this.preventAbort = preventAbort;
    this.preventCancel = preventCancel;
    this.signal = signal;
    // SKIPS 8: a BYOB reader, at our discretion: sinks say nothing of the size that they like.
    this.reader = AcquireReadableStreamDefaultReader(source);
    this.writer = AcquireWritableStreamDefaultWriter(dest);
    source.disturbed = true;
  }

  start() {
    const { source, dest, signal } = this;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.abort();
        return;
      }
      signal.addAlgorithm(this.abortAlgorithm);
    }
    // Error and close states must be propagated, in this order when several hold already.
    if (source.state === "errored") this.sourceErrored();
    else uponPromise(this.reader.closed, undefined, () => this.sourceErrored());
    if (dest.state === "errored") this.destErrored();
    else uponPromise(this.writer.closed, undefined, () => this.destErrored());
    if (source.state === "closed") this.sourceClosed();
    else uponPromise(this.reader.closed, () => this.sourceClosed(), ignore);
    if (WritableStreamCloseQueuedOrInFlight(dest) || dest.state === "closed") this.destClosed();
    this.pump();
  }

  // Reads the next chunk as soon as the destination wants one.
  pump() {
    if (this.shuttingDown) return;
    const desiredSize = WritableStreamDefaultWriterGetDesiredSize(this.writer);
    // A destination that is about to be errored says so by its closed promise.
    if (desiredSize === null) return;
    if (desiredSize <= 0) {
      uponPromise(this.writer.ready, this.pumpSteps, ignore);
      return;
    }
    if (this.source.state !== "readable") return;
    ReadableStreamDefaultReaderRead(this.reader, this.readRequest);
  }

  writeChunkRead() {
    if (!this.hasChunkRead) return;
    const chunk = this.chunkRead;
    this.chunkRead = undefined;
    this.hasChunkRead = false;
    if (this.writer.stream === undefined) return;
    this.lastWrite = WritableStreamDefaultWriterWrite(this.writer, chunk);
    markHandled(this.lastWrite);
  }

  abort() {
    const { source, dest, preventAbort, preventCancel } = this;
    const error = this.signal.reason;
    this.shutdown(() => {
      const aborted = !preventAbort && dest.state === "writable" ? WritableStreamAbort(dest, error) : resolvedPromise;
      const canceled = !preventCancel && source.state === "readable" ? ReadableStreamCancel(source, error) : resolvedPromise;
      return aPromiseToWaitForBoth(aborted, canceled);
    }, error);
  }

  // Errors must be propagated forward.
  sourceErrored() {
    const { storedError } = this.source;
    this.shutdown(this.preventAbort ? undefined : () => WritableStreamAbort(this.dest, storedError), storedError);
  }

  // Errors must be propagated backward.
  destErrored() {
    const { storedError } = this.dest;
    this.shutdown(this.preventCancel ? undefined : () => ReadableStreamCancel(this.source, storedError), storedError);
  }

  // Closing must be propagated forward.
  sourceClosed() {
    this.shutdown(
      this.preventClose ? undefined : () => WritableStreamDefaultWriterCloseWithErrorPropagation(this.writer), NO_ERROR);
  }

  // Closing must be propagated backward.
  destClosed() {
    const destClosed = new TypeError("The destination is closing or closed");
    this.shutdown(this.preventCancel ? undefined : () => ReadableStreamCancel(this.source, destClosed), destClosed);
  }

  // Shutdown, with an action or without.
  shutdown(action, error) {
    if (this.shuttingDown) return;
    this.shuttingDown = true;
    const act = () => {
      if (action === undefined) this.finalize(error);
      else uponPromise(action(), () => this.finalize(error), (newError) => this.finalize(newError));
    };
    if (this.dest.state === "writable" && !WritableStreamCloseQueuedOrInFlight(this.dest)) {
      this.writeChunkRead();
      this.waitForWrites(act);
    } else {
      act();
    }
  }

  waitForWrites(steps) {
    const { lastWrite } = this;
    // NB: what was being read when we began to shut down may have come meanwhile.
    const settled = () => {
      this.writeChunkRead();
      if (lastWrite === this.lastWrite) steps();
      else this.waitForWrites(steps);
    };
    // NB: never at once. A destination that is starting finishes before it is aborted, and its error comes first.
    if (lastWrite === undefined) queueAMicrotask(settled);
    else uponPromise(lastWrite, settled, settled);
  }

  finalize(error) {
    WritableStreamDefaultWriterRelease(this.writer);
    ReadableStreamDefaultReaderRelease(this.reader);
    if (this.signal !== undefined) this.signal.removeAlgorithm(this.abortAlgorithm);
    if (error === NO_ERROR) this.promise.resolve(undefined);
    else this.promise.reject(error);
  }
}

function ignore() {}

// https://webidl.spec.whatwg.org/#waiting-for-all-promise
function aPromiseToWaitForBoth(promise1, promise2) {
  const { promise, resolve, reject } = newPromise();
  let fulfilledCount = 0;
  const fulfillmentHandler = () => {
    fulfilledCount++;
    if (fulfilledCount === 2) resolve(undefined);
  };
  uponPromise(promise1, fulfillmentHandler, reject);
  uponPromise(promise2, fulfillmentHandler, reject);
  return promise;
}
