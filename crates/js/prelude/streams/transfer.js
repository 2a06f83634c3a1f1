// [Transferable streams](https://streams.spec.whatwg.org/#transferrable-streams): an identity transform whose writable side is in
// one realm and whose readable side is in another, with a channel between them.
import { DOMException, PromisePrototypeThen, PromiseReject, markHandled, newList, newPromise } from "../primordials.js";
import { StructuredDeserializeWithTransfer, registerTransferable } from "../structured_clone.js";
import { newEntangledPorts, postMessageSteps, receivePort, transferPort } from "../message_ports.js";
import { aPromiseResolvedWith, resolvedPromise } from "./miscellaneous.js";
import { IsReadableStreamLocked, ReadableStreamImpl } from "./readable_stream.js";
import { sizeOne } from "./strategies.js";
import {
  CreateReadableStream, ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue,
  ReadableStreamDefaultControllerError,
} from "./default_controller.js";
import { IsWritableStreamLocked } from "./writable_stream.js";
import { WritableStreamDefaultControllerErrorIfNeeded } from "./writable_controller.js";
import { CreateWritableStream, WritableStreamImpl } from "./writers.js";
import { ReadableStreamPipeTo } from "./pipe_to.js";
import { TransformStreamImpl } from "./transform_stream.js";

const nothing = newList();

function DataCloneError(message) {
  return new DOMException(message, "DataCloneError");
}

/** https://streams.spec.whatwg.org/#abstract-opdef-crossrealmtransformsenderror */
export function CrossRealmTransformSendError(port, error) {
  try {
    PackAndPostMessage(port, "error", error);
  } catch {
    // In an errored state already.
  }
}

/** https://streams.spec.whatwg.org/#abstract-opdef-packandpostmessage */
export function PackAndPostMessage(port, type, value) {
  // NB: with the usual prototype, which nobody asks as both properties are there: such an object is serialized faster.
  postMessageSteps(port, { type, value }, nothing);
}

/** https://streams.spec.whatwg.org/#abstract-opdef-packandpostmessagehandlingerror */
export function PackAndPostMessageHandlingError(port, type, value) {
  try {
    PackAndPostMessage(port, type, value);
  } catch (e) {
    CrossRealmTransformSendError(port, e);
    throw e;
  }
}

// The reason of whoever gives up one side, sent to the other: cancelAlgorithm and abortAlgorithm.
function sendReason(port, reason) {
  try {
    PackAndPostMessageHandlingError(port, "error", reason);
    return resolvedPromise;
  } catch (e) {
    return PromiseReject(e);
  } finally {
    port.disentangle();
  }
}

// Handlers of the `message` and `messageerror` events of a port that script never sees; enables its queue.
function listen(port, onMessage, onMessageError) {
  port.onMessage = (serialized) => {
    let data;
    try {
      data = StructuredDeserializeWithTransfer(serialized).value;
    } catch {
      const error = DataCloneError("A chunk could not be deserialized.");
      CrossRealmTransformSendError(port, error);
      onMessageError(error);
      port.disentangle();
      return;
    }
    onMessage(data.type, data.value);
  };
  port.start();
}

/** https://streams.spec.whatwg.org/#abstract-opdef-setupcrossrealmtransformreadable: the stream. */
export function SetUpCrossRealmTransformReadable(port) {
  const pullAlgorithm = () => {
    PackAndPostMessage(port, "pull", undefined);
    return resolvedPromise;
  };
  const cancelAlgorithm = (reason) => sendReason(port, reason);
  const stream = CreateReadableStream(() => undefined, pullAlgorithm, cancelAlgorithm, 0, sizeOne);
  const { controller } = stream;
  listen(port, (type, value) => {
    if (type === "chunk") {
      ReadableStreamDefaultControllerEnqueue(controller, value);
    } else if (type === "close") {
      ReadableStreamDefaultControllerClose(controller);
      port.disentangle();
    } else if (type === "error") {
      ReadableStreamDefaultControllerError(controller, value);
      port.disentangle();
    }
  }, (error) => ReadableStreamDefaultControllerError(controller, error));
  return stream;
}

/** https://streams.spec.whatwg.org/#abstract-opdef-setupcrossrealmtransformwritable: the stream. */
export function SetUpCrossRealmTransformWritable(port) {
  let backpressurePromise = newPromise();
  const endBackpressure = () => {
    if (backpressurePromise === undefined) return;
    backpressurePromise.resolve(undefined);
    backpressurePromise = undefined;
  };
  const writeAlgorithm = (chunk) => {
    const room = backpressurePromise === undefined ? aPromiseResolvedWith(undefined) : backpressurePromise.promise;
    return PromisePrototypeThen(room, () => {
      backpressurePromise = newPromise();
      try {
        PackAndPostMessageHandlingError(port, "chunk", chunk);
      } catch (e) {
        port.disentangle();
        throw e;
      }
    });
  };
  const closeAlgorithm = () => {
    PackAndPostMessage(port, "close", undefined);
    port.disentangle();
    return resolvedPromise;
  };
  const abortAlgorithm = (reason) => sendReason(port, reason);
  const stream = CreateWritableStream(() => undefined, writeAlgorithm, closeAlgorithm, abortAlgorithm, 1, sizeOne);
  const { controller } = stream;
  listen(port, (type, value) => {
    if (type === "pull") {
      endBackpressure();
    } else if (type === "error") {
      WritableStreamDefaultControllerErrorIfNeeded(controller, value);
      endBackpressure();
    }
  }, (error) => WritableStreamDefaultControllerErrorIfNeeded(controller, error));
  return stream;
}

// https://streams.spec.whatwg.org/#rs-transfer
function transferReadable(stream) {
  if (IsReadableStreamLocked(stream)) throw DataCloneError("A locked stream cannot be transferred.");
  const { port1, port2 } = newEntangledPorts();
  markHandled(ReadableStreamPipeTo(stream, SetUpCrossRealmTransformWritable(port1), false, false, false));
  stream.detached = true;
  return transferPort(port2);
}
const receiveReadable = (port) => SetUpCrossRealmTransformReadable(receivePort(port));

// https://streams.spec.whatwg.org/#ws-transfer
function transferWritable(stream) {
  if (IsWritableStreamLocked(stream)) throw DataCloneError("A locked stream cannot be transferred.");
  const { port1, port2 } = newEntangledPorts();
  markHandled(ReadableStreamPipeTo(SetUpCrossRealmTransformReadable(port1), stream, false, false, false));
  stream.detached = true;
  return transferPort(port2);
}
const receiveWritable = (port) => SetUpCrossRealmTransformWritable(receivePort(port));

// https://streams.spec.whatwg.org/#ts-transfer
function transferTransform(stream) {
  const { readable, writable } = stream;
  if (IsReadableStreamLocked(readable) || IsWritableStreamLocked(writable)) {
    throw DataCloneError("A transform stream with a locked side cannot be transferred.");
  }
  stream.detached = true;
  return { __proto__: null, readable: transferReadable(readable), writable: transferWritable(writable) };
}
function receiveTransform({ readable, writable }) {
  const stream = new TransformStreamImpl();
  stream.readable = receiveReadable(readable);
  stream.writable = receiveWritable(writable);
  return stream;
}

const isDetached = (stream) => stream.detached;
registerTransferable(ReadableStreamImpl, { isDetached, transfer: transferReadable, receive: receiveReadable });
registerTransferable(WritableStreamImpl, { isDetached, transfer: transferWritable, receive: receiveWritable });
registerTransferable(TransformStreamImpl, { isDetached, transfer: transferTransform, receive: receiveTransform });
