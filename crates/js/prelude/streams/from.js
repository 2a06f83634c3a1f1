// [ReadableStream.from](https://streams.spec.whatwg.org/#readable-stream-from-iterable), and
// [iterating async sequences](https://webidl.spec.whatwg.org/#js-async-sequence-iteration).
import {
  FunctionPrototypeCall, PromisePrototypeThen, PromiseReject, PromiseResolve, TypeError, isObject,
} from "../primordials.js";
import { END_OF_ITERATION } from "../webidl_iterators.js";
import { aPromiseResolvedWith } from "./miscellaneous.js";
import {
  CreateReadableStream, ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue,
  ReadableStreamDefaultControllerError,
} from "./default_controller.js";

/** https://streams.spec.whatwg.org/#readable-stream-from-iterable */
export function ReadableStreamFromIterable(asyncIterable) {
  const iterator = openAsyncSequence(asyncIterable);
  const stream = CreateReadableStream(() => undefined, () => PromisePrototypeThen(getTheNextValue(iterator), (v) => {
    if (v === END_OF_ITERATION) ReadableStreamDefaultControllerClose(stream.controller);
    else ReadableStreamDefaultControllerEnqueue(stream.controller, v);
  }, (r) => ReadableStreamDefaultControllerError(stream.controller, r)), (reason) => closeAsyncIterator(iterator, reason), 0);
  return stream;
}

// https://webidl.spec.whatwg.org/#async-sequence-open
function openAsyncSequence({ object, method, asynchronous }) {
  const iterator = FunctionPrototypeCall(method, object);
  if (!isObject(iterator)) throw new TypeError("An iterator must be an object");
  const record = new IteratorRecord(iterator, iterator.next);
  return asynchronous ? record : new AsyncFromSyncIterator(record);
}

// https://webidl.spec.whatwg.org/#async-iterator-get-next-value
function getTheNextValue(iterator) {
  let nextResult;
  try {
    nextResult = iterator.callNext();
  } catch (e) {
    return PromiseReject(e);
  }
  return PromisePrototypeThen(aPromiseResolvedWith(nextResult), (iterResult) => {
    if (!isObject(iterResult)) throw new TypeError("The result of an iterator's next() must be an object");
    return iterResult.done ? END_OF_ITERATION : iterResult.value;
  });
}

// https://webidl.spec.whatwg.org/#async-iterator-close
function closeAsyncIterator(iterator, reason) {
  let returnResult;
  try {
    const returnMethod = iterator.getReturn();
    if (returnMethod === undefined) return aPromiseResolvedWith(undefined);
    returnResult = iterator.callReturn(returnMethod, reason);
  } catch (e) {
    return PromiseReject(e);
  }
  return PromisePrototypeThen(aPromiseResolvedWith(returnResult), (returnPromiseResult) => {
    if (!isObject(returnPromiseResult)) throw new TypeError("The result of an iterator's return() must be an object");
    return undefined;
  });
}

// https://tc39.es/ecma262/#sec-iterator-records
class IteratorRecord {
  iterator;
  nextMethod;

  constructor(iterator, nextMethod) {
    this.iterator = iterator;
    this.nextMethod = nextMethod;
  }

  callNext() {
    const result = FunctionPrototypeCall(this.nextMethod, this.iterator);
    if (!isObject(result)) throw new TypeError("The result of an iterator's next() must be an object");
    return result;
  }

  getReturn() {
    const method = this.iterator.return;
    if (method === undefined || method === null) return undefined;
    if (typeof method !== "function") throw new TypeError("An iterator's return must be a function");
    return method;
  }

  callReturn(returnMethod, reason) {
    return FunctionPrototypeCall(returnMethod, this.iterator, reason);
  }
}

// https://tc39.es/ecma262/#sec-async-from-sync-iterator-objects; what its methods throw is a rejection of their promise.
class AsyncFromSyncIterator {
  syncIteratorRecord;

  constructor(syncIteratorRecord) {
    this.syncIteratorRecord = syncIteratorRecord;
  }

  callNext() {
    try {
      return this.continuation(this.syncIteratorRecord.callNext(), true);
    } catch (e) {
      return PromiseReject(e);
    }
  }

  // Its own, which looks for the synchronous iterator's once it is called.
  getReturn() {
    return this.callReturn;
  }

  callReturn(_, reason) {
    const { syncIteratorRecord } = this;
    try {
      const returnMethod = syncIteratorRecord.getReturn();
      if (returnMethod === undefined) return PromiseResolve({ value: reason, done: true });
      const result = syncIteratorRecord.callReturn(returnMethod, reason);
      if (!isObject(result)) throw new TypeError("The result of an iterator's return() must be an object");
      return this.continuation(result, false);
    } catch (e) {
      return PromiseReject(e);
    }
  }

  // https://tc39.es/ecma262/#sec-asyncfromsynciteratorcontinuation
  continuation(result, closeIterator) {
    const done = !!result.done;
    const value = result.value;
    const closes = !done && closeIterator;
    let valueWrapper;
    try {
      valueWrapper = PromiseResolve(value);
    } catch (e) {
      if (closes) this.close();
      throw e;
    }
    return PromisePrototypeThen(valueWrapper, (v) => ({ value: v, done }), closes ? (error) => {
      this.close();
      throw error;
    } : undefined);
  }

  // https://tc39.es/ecma262/#sec-iteratorclose with a throw completion, which what goes wrong here does not replace.
  close() {
    try {
      const returnMethod = this.syncIteratorRecord.getReturn();
      if (returnMethod !== undefined) this.syncIteratorRecord.callReturn(returnMethod);
    } catch {
      // The iterator's own error is told instead.
    }
  }
}
