// [Transform streams](https://streams.spec.whatwg.org/#ts-class): what is written to one side comes out of the other, changed.
import {
  PromisePrototypeThen, PromiseReject, RangeError, ReflectApply, TypeError, newPromise, uponPromise,
} from "../primordials.js";
import { implement, wrap } from "../platform_objects.js";
import { dictionaries } from "../webidl.js";
import { invokeForPromise, resolvedPromise } from "./miscellaneous.js";
import { ExtractHighWaterMark, ExtractSizeAlgorithm } from "./strategies.js";
import {
  CreateReadableStream, ReadableStreamDefaultControllerCanCloseOrEnqueue, ReadableStreamDefaultControllerClose,
  ReadableStreamDefaultControllerEnqueue, ReadableStreamDefaultControllerError, ReadableStreamDefaultControllerGetDesiredSize,
  ReadableStreamDefaultControllerHasBackpressure,
} from "./default_controller.js";
import { WritableStreamDefaultControllerErrorIfNeeded } from "./writable_controller.js";
import { CreateWritableStream } from "./writers.js";

export class TransformStreamImpl {
  wrapper = undefined;
  // Was it transferred?
  detached = false;
  readable = undefined;
  writable = undefined;
  backpressure = undefined;
  // A capability.
  backpressureChangePromise = undefined;
  controller = undefined;

  construct(transformer = null, writableStrategy, readableStrategy) {
    const transformerDict = dictionaries.Transformer(transformer);
    if (transformerDict.readableType !== undefined) throw new RangeError("A transformer has no readableType yet");
    if (transformerDict.writableType !== undefined) throw new RangeError("A transformer has no writableType yet");
    const readableHighWaterMark = ExtractHighWaterMark(readableStrategy, 0);
    const readableSizeAlgorithm = ExtractSizeAlgorithm(readableStrategy);
    const writableHighWaterMark = ExtractHighWaterMark(writableStrategy, 1);
    const writableSizeAlgorithm = ExtractSizeAlgorithm(writableStrategy);
    const startPromise = newPromise();
    InitializeTransformStream(
      this, startPromise.promise, writableHighWaterMark, writableSizeAlgorithm, readableHighWaterMark, readableSizeAlgorithm);
    SetUpTransformStreamDefaultControllerFromTransformer(this, transformer, transformerDict);
    const { start } = transformerDict;
    startPromise.resolve(start === undefined ? undefined : ReflectApply(start, transformer, [wrap(this.controller)]));
  }
}
implement("TransformStream", TransformStreamImpl);

export class TransformStreamDefaultControllerImpl {
  wrapper = undefined;
  stream = undefined;
  // A capability.
  finishPromise = undefined;
  transformAlgorithm = undefined;
  flushAlgorithm = undefined;
  cancelAlgorithm = undefined;

  get desiredSize() {
    return ReadableStreamDefaultControllerGetDesiredSize(this.stream.readable.controller);
  }

  enqueue(chunk) {
    TransformStreamDefaultControllerEnqueue(this, chunk);
  }

  error(e) {
    TransformStreamDefaultControllerError(this, e);
  }

  terminate() {
    TransformStreamDefaultControllerTerminate(this);
  }
}
implement("TransformStreamDefaultController", TransformStreamDefaultControllerImpl);

/** https://streams.spec.whatwg.org/#initialize-transform-stream */
export function InitializeTransformStream(
  stream, startPromise, writableHighWaterMark, writableSizeAlgorithm, readableHighWaterMark, readableSizeAlgorithm,
) {
  const startAlgorithm = () => startPromise;
  stream.writable = CreateWritableStream(
    startAlgorithm,
    (chunk) => TransformStreamDefaultSinkWriteAlgorithm(stream, chunk),
    () => TransformStreamDefaultSinkCloseAlgorithm(stream),
    (reason) => TransformStreamDefaultSinkAbortAlgorithm(stream, reason),
    writableHighWaterMark, writableSizeAlgorithm);
  stream.readable = CreateReadableStream(
    startAlgorithm,
    () => TransformStreamDefaultSourcePullAlgorithm(stream),
    (reason) => TransformStreamDefaultSourceCancelAlgorithm(stream, reason),
    readableHighWaterMark, readableSizeAlgorithm);
  TransformStreamSetBackpressure(stream, true);
}

/** https://streams.spec.whatwg.org/#transform-stream-error */
export function TransformStreamError(stream, e) {
  ReadableStreamDefaultControllerError(stream.readable.controller, e);
  TransformStreamErrorWritableAndUnblockWrite(stream, e);
}

/** https://streams.spec.whatwg.org/#transform-stream-error-writable-and-unblock-write */
export function TransformStreamErrorWritableAndUnblockWrite(stream, e) {
  TransformStreamDefaultControllerClearAlgorithms(stream.controller);
  WritableStreamDefaultControllerErrorIfNeeded(stream.writable.controller, e);
  TransformStreamUnblockWrite(stream);
}

/** https://streams.spec.whatwg.org/#transform-stream-set-backpressure */
export function TransformStreamSetBackpressure(stream, backpressure) {
  if (stream.backpressureChangePromise !== undefined) stream.backpressureChangePromise.resolve(undefined);
  stream.backpressureChangePromise = newPromise();
  stream.backpressure = backpressure;
}

/** https://streams.spec.whatwg.org/#transform-stream-unblock-write */
export function TransformStreamUnblockWrite(stream) {
  if (stream.backpressure) TransformStreamSetBackpressure(stream, false);
}

/** https://streams.spec.whatwg.org/#set-up-transform-stream-default-controller */
export function SetUpTransformStreamDefaultController(stream, controller, transformAlgorithm, flushAlgorithm, cancelAlgorithm) {
  controller.stream = stream;
  stream.controller = controller;
  controller.transformAlgorithm = transformAlgorithm;
  controller.flushAlgorithm = flushAlgorithm;
  controller.cancelAlgorithm = cancelAlgorithm;
}

/** https://streams.spec.whatwg.org/#set-up-transform-stream-default-controller-from-transformer */
export function SetUpTransformStreamDefaultControllerFromTransformer(stream, transformer, transformerDict) {
  const controller = new TransformStreamDefaultControllerImpl();
  const { transform, flush, cancel } = transformerDict;
  const enqueueUnchanged = (chunk) => {
    try {
      TransformStreamDefaultControllerEnqueue(controller, chunk);
    } catch (e) {
      return PromiseReject(e);
    }
    return resolvedPromise;
  };
  SetUpTransformStreamDefaultController(
    stream, controller,
    transform === undefined ? enqueueUnchanged : (chunk) => invokeForPromise(transform, transformer, [chunk, wrap(controller)]),
    flush === undefined ? () => resolvedPromise : () => invokeForPromise(flush, transformer, [wrap(controller)]),
    cancel === undefined ? () => resolvedPromise : (reason) => invokeForPromise(cancel, transformer, [reason]));
}

/** https://streams.spec.whatwg.org/#transform-stream-default-controller-clear-algorithms */
export function TransformStreamDefaultControllerClearAlgorithms(controller) {
  controller.transformAlgorithm = undefined;
  controller.flushAlgorithm = undefined;
  controller.cancelAlgorithm = undefined;
}

/** https://streams.spec.whatwg.org/#transform-stream-default-controller-enqueue */
export function TransformStreamDefaultControllerEnqueue(controller, chunk) {
  const { stream } = controller;
  const readableController = stream.readable.controller;
  if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(readableController)) {
    throw new TypeError("The readable side takes no more chunks");
  }
  try {
    ReadableStreamDefaultControllerEnqueue(readableController, chunk);
  } catch (e) {
    TransformStreamErrorWritableAndUnblockWrite(stream, e);
    throw stream.readable.storedError;
  }
  const backpressure = ReadableStreamDefaultControllerHasBackpressure(readableController);
  if (backpressure !== stream.backpressure) TransformStreamSetBackpressure(stream, true);
}

/** https://streams.spec.whatwg.org/#transform-stream-default-controller-error */
export function TransformStreamDefaultControllerError(controller, e) {
  TransformStreamError(controller.stream, e);
}

/** https://streams.spec.whatwg.org/#transform-stream-default-controller-perform-transform */
export function TransformStreamDefaultControllerPerformTransform(controller, chunk) {
  const { stream, transformAlgorithm, finishPromise } = controller;
  if (transformAlgorithm === undefined) {
    // DEPARTS: the readable side is being canceled, which took away the algorithm that the text performs. The write waits, and
    // has the error of the writable side: https://streams.spec.whatwg.org/#transform-stream-default-source-cancel
    const fail = () => {
      throw stream.writable.storedError;
    };
    return PromisePrototypeThen(finishPromise.promise, fail, fail);
  }
  return PromisePrototypeThen(transformAlgorithm(chunk), undefined, (r) => {
    TransformStreamError(stream, r);
    throw r;
  });
}

/** https://streams.spec.whatwg.org/#transform-stream-default-controller-terminate */
export function TransformStreamDefaultControllerTerminate(controller) {
  const { stream } = controller;
  ReadableStreamDefaultControllerClose(stream.readable.controller);
  TransformStreamErrorWritableAndUnblockWrite(stream, new TypeError("The transform stream was terminated"));
}

/** https://streams.spec.whatwg.org/#transform-stream-default-sink-write-algorithm */
export function TransformStreamDefaultSinkWriteAlgorithm(stream, chunk) {
  const { controller } = stream;
  if (!stream.backpressure) return TransformStreamDefaultControllerPerformTransform(controller, chunk);
  return PromisePrototypeThen(stream.backpressureChangePromise.promise, () => {
    const { writable } = stream;
    if (writable.state === "erroring") throw writable.storedError;
    return TransformStreamDefaultControllerPerformTransform(controller, chunk);
  });
}

/** https://streams.spec.whatwg.org/#transform-stream-default-sink-abort-algorithm */
export function TransformStreamDefaultSinkAbortAlgorithm(stream, reason) {
  const { controller, readable } = stream;
  return finish(controller, () => performCancelAlgorithm(controller, reason), () => {
    if (readable.state === "errored") return readable;
    ReadableStreamDefaultControllerError(readable.controller, reason);
    return undefined;
  }, (r) => ReadableStreamDefaultControllerError(readable.controller, r));
}

/** https://streams.spec.whatwg.org/#transform-stream-default-sink-close-algorithm */
export function TransformStreamDefaultSinkCloseAlgorithm(stream) {
  const { controller, readable } = stream;
  return finish(controller, () => {
    const { flushAlgorithm } = controller;
    return flushAlgorithm();
  }, () => {
    if (readable.state === "errored") return readable;
    ReadableStreamDefaultControllerClose(readable.controller);
    return undefined;
  }, (r) => ReadableStreamDefaultControllerError(readable.controller, r));
}

/** https://streams.spec.whatwg.org/#transform-stream-default-source-cancel */
export function TransformStreamDefaultSourceCancelAlgorithm(stream, reason) {
  const { controller, writable } = stream;
  return finish(controller, () => performCancelAlgorithm(controller, reason), () => {
    if (writable.state === "errored") return writable;
    WritableStreamDefaultControllerErrorIfNeeded(writable.controller, reason);
    TransformStreamUnblockWrite(stream);
    return undefined;
  }, (r) => {
    WritableStreamDefaultControllerErrorIfNeeded(writable.controller, r);
    TransformStreamUnblockWrite(stream);
  });
}

// DEPARTS: error() and terminate() clear the algorithms, and either side may be given up after that: the text performs what is
// there no longer, and its promise would never be settled. https://streams.spec.whatwg.org/#transform-stream-error-writable-and-unblock-write
function performCancelAlgorithm(controller, reason) {
  const { cancelAlgorithm } = controller;
  return cancelAlgorithm === undefined ? resolvedPromise : cancelAlgorithm(reason);
}

// What abort, close and cancel have in common: only the first of them is done, and all wait for it. Once its promise is
// fulfilled, `fulfilled` gives the stream that was errored meanwhile, if it was.
function finish(controller, algorithm, fulfilled, rejected) {
  if (controller.finishPromise !== undefined) return controller.finishPromise.promise;
  const finishPromise = newPromise();
  controller.finishPromise = finishPromise;
  const promise = algorithm();
  TransformStreamDefaultControllerClearAlgorithms(controller);
  uponPromise(promise, () => {
    const errored = fulfilled();
    if (errored === undefined) finishPromise.resolve(undefined);
    else finishPromise.reject(errored.storedError);
  }, (r) => {
    rejected(r);
    finishPromise.reject(r);
  });
  return finishPromise.promise;
}

/** https://streams.spec.whatwg.org/#transform-stream-default-source-pull */
export function TransformStreamDefaultSourcePullAlgorithm(stream) {
  TransformStreamSetBackpressure(stream, false);
  return stream.backpressureChangePromise.promise;
}
