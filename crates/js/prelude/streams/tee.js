// [Teeing](https://streams.spec.whatwg.org/#readable-stream-tee): two streams of what one gives.
import { newPromise, uponPromise } from "../primordials.js";
import { StructuredDeserialize, StructuredSerialize } from "../structured_clone.js";
import { CloneAsUint8Array, queueAMicrotask, resolvedPromise } from "./miscellaneous.js";
import { ReadRequest, ReadableStreamCancel } from "./readable_stream.js";
import {
  CreateReadableStream, ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue,
  ReadableStreamDefaultControllerError,
} from "./default_controller.js";
import { ReadableByteStreamControllerError } from "./byte_queue.js";
import {
  CreateReadableByteStream, ReadableByteStreamControllerClose, ReadableByteStreamControllerEnqueue,
  ReadableByteStreamControllerGetBYOBRequest, ReadableByteStreamControllerImpl, ReadableByteStreamControllerRespond,
  ReadableByteStreamControllerRespondWithNewView,
} from "./byte_controller.js";
import {
  AcquireReadableStreamBYOBReader, AcquireReadableStreamDefaultReader, ReadableStreamBYOBReaderImpl,
  ReadableStreamBYOBReaderRead, ReadableStreamBYOBReaderRelease, ReadableStreamDefaultReaderRead,
  ReadableStreamDefaultReaderRelease,
} from "./readers.js";

// NB: an array of implementations.
/** https://streams.spec.whatwg.org/#readable-stream-tee */
export function ReadableStreamTee(stream, cloneForBranch2) {
  if (stream.controller instanceof ReadableByteStreamControllerImpl) return ReadableByteStreamTee(stream);
  return ReadableStreamDefaultTee(stream, cloneForBranch2);
}

// How many streams deep the steps are that run: what a branch asks of its stream is asked of that one's stream, where it is a branch too.
let depth = 0;
const DEEPEST = 16;

/** What an interrupt ended on its way is no depth any more. */
export function leaveDepths() {
  depth = 0;
}

// DEPARTS: a branch that is so deep asks a microtask later, for the engine's stack ends:
// https://streams.spec.whatwg.org/#readable-stream-tee
function goOn(steps) {
  if (depth === DEEPEST) {
    queueAMicrotask(() => goOn(steps));
    return;
  }
  depth++;
  try {
    steps();
  } finally {
    depth--;
  }
}

// The cancelation of either: the stream is canceled once both of its branches are.
class TeeState {
  canceled1 = false;
  canceled2 = false;
  reason1 = undefined;
  reason2 = undefined;
  cancelPromise = newPromise();
  stream;

  constructor(stream) {
    this.stream = stream;
  }

  cancel1Algorithm(reason) {
    this.canceled1 = true;
    this.reason1 = reason;
    if (this.canceled2) this.cancelBoth();
    return this.cancelPromise.promise;
  }

  cancel2Algorithm(reason) {
    this.canceled2 = true;
    this.reason2 = reason;
    if (this.canceled1) this.cancelBoth();
    return this.cancelPromise.promise;
  }

  cancelBoth() {
    goOn(() => this.cancelPromise.resolve(ReadableStreamCancel(this.stream, [this.reason1, this.reason2])));
  }

  resolveUnlessBothCanceled() {
    if (!this.canceled1 || !this.canceled2) this.cancelPromise.resolve(undefined);
  }
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee */
export function ReadableStreamDefaultTee(stream, cloneForBranch2) {
  const reader = AcquireReadableStreamDefaultReader(stream);
  const tee = new TeeState(stream);
  let reading = false;
  let readAgain = false;
  let branch1;
  let branch2;

  // NB: a microtask later, so that an error of the stream, which takes one to be seen, comes first.
  const chunkSteps = (chunk) => queueAMicrotask(() => {
    readAgain = false;
    let chunk2 = chunk;
    if (!tee.canceled2 && cloneForBranch2) {
      try {
        chunk2 = StructuredDeserialize(StructuredSerialize(chunk2));
      } catch (e) {
        ReadableStreamDefaultControllerError(branch1.controller, e);
        ReadableStreamDefaultControllerError(branch2.controller, e);
        tee.cancelPromise.resolve(ReadableStreamCancel(stream, e));
        return;
      }
    }
    if (!tee.canceled1) ReadableStreamDefaultControllerEnqueue(branch1.controller, chunk);
    if (!tee.canceled2) ReadableStreamDefaultControllerEnqueue(branch2.controller, chunk2);
    reading = false;
    if (readAgain) pullAlgorithm();
  });
  const closeSteps = () => goOn(() => {
    reading = false;
    if (!tee.canceled1) ReadableStreamDefaultControllerClose(branch1.controller);
    if (!tee.canceled2) ReadableStreamDefaultControllerClose(branch2.controller);
    tee.resolveUnlessBothCanceled();
  });
  const errorSteps = () => {
    reading = false;
  };
  const pullAlgorithm = () => {
    if (reading) {
      readAgain = true;
      return resolvedPromise;
    }
    reading = true;
    goOn(() => ReadableStreamDefaultReaderRead(reader, new ReadRequest(chunkSteps, closeSteps, errorSteps)));
    return resolvedPromise;
  };

  const startAlgorithm = () => undefined;
  branch1 = CreateReadableStream(startAlgorithm, pullAlgorithm, (reason) => tee.cancel1Algorithm(reason));
  branch2 = CreateReadableStream(startAlgorithm, pullAlgorithm, (reason) => tee.cancel2Algorithm(reason));
  uponPromise(reader.closed, undefined, (r) => {
    ReadableStreamDefaultControllerError(branch1.controller, r);
    ReadableStreamDefaultControllerError(branch2.controller, r);
    tee.resolveUnlessBothCanceled();
  });
  return [branch1, branch2];
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamtee */
export function ReadableByteStreamTee(stream) {
  const tee = new TeeState(stream);
  let reader = AcquireReadableStreamDefaultReader(stream);
  let reading = false;
  let readAgainForBranch1 = false;
  let readAgainForBranch2 = false;
  let branch1;
  let branch2;

  const errorBoth = (e) => {
    ReadableByteStreamControllerError(branch1.controller, e);
    ReadableByteStreamControllerError(branch2.controller, e);
  };
  // A copy of the chunk; without memory for one the streams end.
  const clone = (chunk) => {
    try {
      return CloneAsUint8Array(chunk);
    } catch (e) {
      errorBoth(e);
      tee.cancelPromise.resolve(ReadableStreamCancel(stream, e));
      return undefined;
    }
  };
  const forwardReaderError = (thisReader) => uponPromise(thisReader.closed, undefined, (r) => {
    if (thisReader !== reader) return;
    errorBoth(r);
    tee.resolveUnlessBothCanceled();
  });
  const readAgain = () => {
    reading = false;
    if (readAgainForBranch1) pull1Algorithm();
    else if (readAgainForBranch2) pull2Algorithm();
  };
  const errorSteps = () => {
    reading = false;
  };

  // NB: a microtask later, so that an error of the stream, which takes one to be seen, comes first.
  const chunkSteps = (chunk) => queueAMicrotask(() => {
    readAgainForBranch1 = false;
    readAgainForBranch2 = false;
    let chunk2 = chunk;
    if (!tee.canceled1 && !tee.canceled2) {
      chunk2 = clone(chunk);
      if (chunk2 === undefined) return;
    }
    if (!tee.canceled1) ReadableByteStreamControllerEnqueue(branch1.controller, chunk);
    if (!tee.canceled2) ReadableByteStreamControllerEnqueue(branch2.controller, chunk2);
    readAgain();
  });
  const closeSteps = () => goOn(() => {
    reading = false;
    if (!tee.canceled1) ReadableByteStreamControllerClose(branch1.controller);
    if (!tee.canceled2) ReadableByteStreamControllerClose(branch2.controller);
    respondIfPending(branch1);
    respondIfPending(branch2);
    tee.resolveUnlessBothCanceled();
  });
  const pullWithDefaultReader = () => {
    if (reader instanceof ReadableStreamBYOBReaderImpl) {
      ReadableStreamBYOBReaderRelease(reader);
      reader = AcquireReadableStreamDefaultReader(stream);
      forwardReaderError(reader);
    }
    goOn(() => ReadableStreamDefaultReaderRead(reader, new ReadRequest(chunkSteps, closeSteps, errorSteps)));
  };

  const pullWithBYOBReader = (view, forBranch2) => {
    if (!(reader instanceof ReadableStreamBYOBReaderImpl)) {
      ReadableStreamDefaultReaderRelease(reader);
      reader = AcquireReadableStreamBYOBReader(stream);
      forwardReaderError(reader);
    }
    const byobBranch = forBranch2 ? branch2 : branch1;
    const otherBranch = forBranch2 ? branch1 : branch2;
    const byobCanceled = () => (forBranch2 ? tee.canceled2 : tee.canceled1);
    const otherCanceled = () => (forBranch2 ? tee.canceled1 : tee.canceled2);
    const readIntoRequest = new ReadRequest((chunk) => queueAMicrotask(() => {
      readAgainForBranch1 = false;
      readAgainForBranch2 = false;
      let clonedChunk;
      if (!otherCanceled()) {
        clonedChunk = clone(chunk);
        if (clonedChunk === undefined) return;
      }
      if (!byobCanceled()) ReadableByteStreamControllerRespondWithNewView(byobBranch.controller, chunk);
      if (clonedChunk !== undefined) ReadableByteStreamControllerEnqueue(otherBranch.controller, clonedChunk);
      readAgain();
    }), (chunk) => goOn(() => {
      reading = false;
      if (!byobCanceled()) ReadableByteStreamControllerClose(byobBranch.controller);
      if (!otherCanceled()) ReadableByteStreamControllerClose(otherBranch.controller);
      if (chunk !== undefined) {
        if (!byobCanceled()) ReadableByteStreamControllerRespondWithNewView(byobBranch.controller, chunk);
        if (!otherCanceled()) respondIfPending(otherBranch);
      }
      tee.resolveUnlessBothCanceled();
    }), errorSteps);
    goOn(() => ReadableStreamBYOBReaderRead(reader, view, 1, readIntoRequest));
  };

  const pull1Algorithm = () => {
    if (reading) {
      readAgainForBranch1 = true;
      return resolvedPromise;
    }
    reading = true;
    const byobRequest = ReadableByteStreamControllerGetBYOBRequest(branch1.controller);
    if (byobRequest === null) pullWithDefaultReader();
    else pullWithBYOBReader(byobRequest.view, false);
    return resolvedPromise;
  };
  const pull2Algorithm = () => {
    if (reading) {
      readAgainForBranch2 = true;
      return resolvedPromise;
    }
    reading = true;
    const byobRequest = ReadableByteStreamControllerGetBYOBRequest(branch2.controller);
    if (byobRequest === null) pullWithDefaultReader();
    else pullWithBYOBReader(byobRequest.view, true);
    return resolvedPromise;
  };

  const startAlgorithm = () => undefined;
  branch1 = CreateReadableByteStream(startAlgorithm, pull1Algorithm, (reason) => tee.cancel1Algorithm(reason));
  branch2 = CreateReadableByteStream(startAlgorithm, pull2Algorithm, (reason) => tee.cancel2Algorithm(reason));
  forwardReaderError(reader);
  return [branch1, branch2];
}

function respondIfPending(branch) {
  if (branch.controller.pendingPullIntos.size !== 0) ReadableByteStreamControllerRespond(branch.controller, 0);
}
