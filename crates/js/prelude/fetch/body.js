// Bodies and the Body mixin: https://fetch.spec.whatwg.org/#bodies, https://fetch.spec.whatwg.org/#body-mixin
//
// A body is Rust's, behind a handle, until script asks for its stream; read whole before that, no stream is ever made. A body of
// script's own stream has no handle.

import {
  JSONParse, PromiseReject, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength,
  Uint8Array, WeakRef, WeakRefPrototypeDeref, markHandled, newList, newPromise, ops, uponPromise,
} from "../primordials.js";
import { wrap } from "../platform_objects.js";
import { BlobImpl, blobHandle, bytesHeldBy, newBlob } from "../blob.js";
import { FormDataImpl, formDataHandle, newFormData } from "../form_data.js";
import { URLSearchParamsImpl } from "../url.js";
import { createTextDecoderStream } from "../encoding.js";
import { isUint8Array } from "../streams/miscellaneous.js";
import {
  ReadableStreamImpl, cancelReadableStream, cancelReader, closeReadableStream, createAProxy, enqueueIntoReadableStream,
  errorReadableStream, getAReader, isDisturbed, isLocked, isReadable, pipeReadableStreamThrough, readAChunk, readAllBytes, setUpReadableStream,
  setUpReadableStreamWithByteReadingSupport, teeReadableStream,
} from "../streams/other_specs.js";

export class Body {
  // The prototype has the defaults, as each field takes time to make. NB: what is set later must stand there, or setters that
  // script gave Object.prototype would see it.
  static {
    const { prototype } = this;
    prototype.handle = undefined;
    prototype.length = undefined;
    prototype.sourceIsNull = false;
    // Is nothing to come of it, and was nothing ever?
    prototype.isAtEnd = false;
    // undefined as long as script has not seen it.
    prototype.stream = undefined;
    // Where its stream has its chunks from, and which stream that was before any clone was made.
    prototype.source = undefined;
    prototype.sourceStream = undefined;
    // Its bytes once more, where it has a source, as long as nobody has read the stream: what can be sent again.
    prototype.spare = undefined;
    // Was it read, or given away, without a stream?
    prototype.taken = false;
    // How a fetch that was aborted, or broke off, ended it: `{ error }`.
    prototype.failure = undefined;
    prototype.onFailure = undefined;
    // Told once, when nothing more will come.
    prototype.onEnd = undefined;
    // The bodies of one fetch, its response's and those cloned of it, which an abort fails together. Each holds the list; the
    // list holds none of them.
    prototype.siblings = undefined;
    // Takes chunks of its stream's, on their way into a request.
    prototype.feeder = undefined;
  }

  constructor(handle, length, sourceIsNull) {
    this.handle = handle;
    this.length = length;
    this.sourceIsNull = sourceIsNull;
  }

  get isDisturbed() {
    return this.stream === undefined ? this.taken : isDisturbed(this.stream);
  }

  /** https://fetch.spec.whatwg.org/#body-unusable */
  get isUnusable() {
    return this.stream === undefined ? this.taken : isDisturbed(this.stream) || isLocked(this.stream);
  }

  /** https://fetch.spec.whatwg.org/#concept-body-stream */
  getStream() {
    if (this.stream === undefined) {
      this.stream = this.taken ? takenStream() : this.streamOfHandle();
      if (this.failure !== undefined && isReadable(this.stream)) errorReadableStream(this.stream, this.failure.error);
    }
    return this.stream;
  }

  streamOfHandle() {
    const stream = new ReadableStreamImpl();
    if (this.isAtEnd) {
      setUpReadableStreamWithByteReadingSupport(stream, () => undefined, () => undefined);
      closeReadableStream(stream);
      return stream;
    }
    if (!this.sourceIsNull) this.spare = ops.body_tee(this.handle);
    const pair = ops.body_stream(this.handle);
    const source = pair[0];
    const give = (chunk) => {
      if (!isReadable(stream)) return;
      if (chunk !== null) {
        enqueueIntoReadableStream(stream, new Uint8Array(chunk));
        return;
      }
      closeReadableStream(stream);
      this.end();
    };
    const fail = (error) => {
      if (isReadable(stream)) errorReadableStream(stream, error);
      this.end();
    };
    let pulled;
    const giveLater = (chunk) => {
      give(chunk);
      pulled.resolve();
    };
    const failLater = (error) => {
      fail(error);
      pulled.resolve();
    };
    const pull = () => {
      let chunk;
      try {
        chunk = ops.stream_chunk(source, giveLater, failLater);
      } catch (error) {
        fail(error);
        return undefined;
      }
      if (chunk === undefined) {
        // NB: no other pull comes before this one has settled.
        pulled = newPromise();
        return pulled.promise;
      }
      give(chunk);
      return undefined;
    };
    const cancel = () => {
      ops.stream_cancel(source);
      // A clone goes on.
      if (this.siblings === undefined || this.siblings.length === 1) this.end();
    };
    setUpReadableStreamWithByteReadingSupport(stream, pull, cancel);
    this.source = source;
    this.sourceStream = stream;
    // A body that breaks off is told before anybody pulls. NB: what waits for that must not keep the stream.
    const weak = new WeakRef(stream);
    uponPromise(pair[1], undefined, (error) => {
      const broken = WeakRefPrototypeDeref(weak);
      if (broken !== undefined && isReadable(broken)) errorReadableStream(broken, error);
    });
    return stream;
  }

  /** https://fetch.spec.whatwg.org/#body-fully-read; the steps are given a string where `asText`, else an ArrayBuffer. */
  // DEPARTS: bytes that are there already are given at once, not in a task, and who waits for the promise waits for microtasks only.
  fullyRead(asText, successSteps, failureSteps) {
    if (this.stream !== undefined) {
      const steps = (bytes) => {
        let read;
        // There may be no room for it.
        try {
          read = asText ? ops.utf8_decode(bytes) : exactBuffer(bytes);
        } catch (error) {
          failureSteps(error);
          return;
        }
        successSteps(read);
      };
      readAllBytes(getAReader(this.stream), steps, failureSteps);
      return;
    }
    this.taken = true;
    if (this.failure !== undefined) {
      failureSteps(this.failure.error);
      return;
    }
    let read;
    try {
      read = ops.body_read_now(this.handle, asText);
    } catch (error) {
      failureSteps(error);
      return;
    }
    if (read !== undefined) {
      successSteps(read);
      this.end();
      return;
    }
    this.onFailure = failureSteps;
    const once = (steps) => (value) => {
      if (this.onFailure === undefined) return;
      this.onFailure = undefined;
      steps(value);
      this.end();
    };
    ops.body_read_later(this.handle, asText, once(successSteps), once(failureSteps));
  }

  /** Whoever reads it is told so; what is still to come is not waited for. */
  fail(error) {
    if (this.failure !== undefined || this.isAtEnd) return;
    this.failure = { __proto__: null, error };
    if (this.source !== undefined) {
      ops.stream_cancel(this.source);
      if (isReadable(this.sourceStream)) errorReadableStream(this.sourceStream, error);
    } else if (this.handle !== undefined) {
      ops.body_cancel(this.handle);
    }
    if (this.stream !== undefined && isReadable(this.stream)) errorReadableStream(this.stream, error);
    const { onFailure } = this;
    this.onFailure = undefined;
    if (onFailure !== undefined) onFailure(error);
  }

  /** Makes it the first of its siblings: the list of them. */
  beginSiblings() {
    this.siblings = newList();
    this.siblings[0] = new WeakRef(this);
    return this.siblings;
  }

  /** [Cancels](https://streams.spec.whatwg.org/#readablestream-cancel) its stream, whoever reads it. */
  cancel(error) {
    // NB: the pump hears of it as of an end, and what was sent would look whole.
    if (this.feeder !== undefined) ops.upload_end(this.feeder, true);
    markHandled(cancelReadableStream(this.stream, error));
  }

  end() {
    const { onEnd } = this;
    this.onEnd = undefined;
    if (onEnd !== undefined) onEnd();
  }

  /** https://fetch.spec.whatwg.org/#concept-body-clone */
  clone() {
    const clone = new Body(undefined, this.length, this.sourceIsNull);
    if (this.stream === undefined && this.handle !== undefined) {
      // Where it failed, nothing is behind the handle, and nobody will ask.
      clone.handle = this.failure === undefined ? ops.body_tee(this.handle) : this.handle;
      clone.isAtEnd = this.isAtEnd;
    } else {
      const branches = teeReadableStream(this.getStream());
      if (this.spare !== undefined) clone.spare = ops.body_tee(this.spare);
      this.stream = branches[0];
      clone.stream = branches[1];
    }
    clone.failure = this.failure;
    if (this.siblings !== undefined) {
      clone.siblings = this.siblings;
      this.siblings[this.siblings.length] = new WeakRef(clone);
    }
    return clone;
  }

  /** [Creates a proxy](https://streams.spec.whatwg.org/#readablestream-create-a-proxy) for it: a body that has what this one had. */
  proxy() {
    const proxy = new Body(this.handle, this.length, this.sourceIsNull);
    proxy.failure = this.failure;
    proxy.isAtEnd = this.isAtEnd;
    proxy.spare = this.spare;
    this.spare = undefined;
    if (this.stream === undefined) {
      this.taken = true;
      this.handle = undefined;
    } else {
      proxy.handle = undefined;
      proxy.stream = createAProxy(this.stream);
    }
    return proxy;
  }

  /**
   * The body for a fetch to send: a handle, and what feeds it from script's own stream once the fetch has begun. What the stream
   * fails with goes to the argument of that.
   */
  transmit() {
    const sent = (handle, feed) => ({ __proto__: null, handle, feed });
    if (this.stream === undefined) {
      this.taken = true;
      return sent(this.handle, undefined);
    }
    if (this.spare !== undefined && !isDisturbed(this.stream)) {
      const { spare } = this;
      this.spare = undefined;
      beTaken(this.stream);
      return sent(spare, undefined);
    }
    const upload = ops.upload_new();
    this.feeder = upload[0];
    const reader = getAReader(this.stream);
    return sent(upload[1], (onError) => pump(reader, upload[0], onError));
  }
}

/** Fails the bodies of one fetch that are still there. */
export function failSiblings(siblings, error) {
  for (let i = 0; i < siblings.length; i++) {
    const body = WeakRefPrototypeDeref(siblings[i]);
    if (body !== undefined) body.fail(error);
  }
}

// What is left of a body that was read or given away: disturbed, locked, and closed.
function takenStream() {
  const stream = new ReadableStreamImpl();
  setUpReadableStream(stream, () => undefined, () => undefined);
  beTaken(stream);
  return stream;
}

function beTaken(stream) {
  stream.disturbed = true;
  getAReader(stream);
  closeReadableStream(stream);
}

// The buffer of bytes that are all of it.
function exactBuffer(bytes) {
  const buffer = TypedArrayPrototypeGetBuffer(bytes);
  if (new Uint8Array(buffer).length === TypedArrayPrototypeGetByteLength(bytes)) return buffer;
  return TypedArrayPrototypeGetBuffer(new Uint8Array(bytes));
}

// The [transmit-request-body loop](https://fetch.spec.whatwg.org/#concept-http-network-fetch): a chunk is asked for once the one before was taken.
function pump(reader, feeder, onError) {
  const fail = (error) => {
    ops.upload_end(feeder, true);
    onError(error);
  };
  const next = () => {
    readAChunk(
      reader,
      (chunk) => {
        if (!isUint8Array(chunk)) {
          const error = new TypeError("A chunk of a request's body is no Uint8Array");
          markHandled(cancelReader(reader, error));
          fail(error);
          return;
        }
        let pushed;
        // There may be no room for it.
        try {
          pushed = ops.upload_push(feeder, bytesHeldBy(chunk));
        } catch (error) {
          markHandled(cancelReader(reader, error));
          fail(error);
          return;
        }
        uponPromise(pushed, (wanted) => {
          if (wanted) next();
          else markHandled(cancelReader(reader, undefined));
        });
      },
      () => ops.upload_end(feeder, false),
      fail,
    );
  };
  next();
}

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract of a converted BodyInit: `{ body, type }`. */
export function extract(object, keepalive) {
  if (object instanceof ReadableStreamImpl) {
    if (keepalive) throw new TypeError("A stream cannot be the body of a request that is kept alive");
    if (isDisturbed(object) || isLocked(object)) throw new TypeError("The stream was read, or is locked to a reader");
    const body = new Body(undefined, undefined, true);
    body.stream = object;
    return { __proto__: null, body, type: undefined };
  }
  if (typeof object === "string") return ofParts(ops.body_of_text(object));
  if (object instanceof BlobImpl) return ofParts(ops.body_of_blob(blobHandle(object)));
  if (object instanceof FormDataImpl) return ofParts(ops.body_of_form(formDataHandle(object)));
  if (object instanceof URLSearchParamsImpl) {
    const extracted = ofParts(ops.body_of_text(object.toString()));
    extracted.type = "application/x-www-form-urlencoded;charset=UTF-8";
    return extracted;
  }
  return ofParts(ops.body_of_bytes(bytesHeldBy(object)));
}

const ofParts = (parts) => ({
  __proto__: null,
  body: new Body(parts[0], parts[2], false),
  type: parts[1] === null ? undefined : parts[1],
});

/** The members of https://fetch.spec.whatwg.org/#body-mixin for a class with `bodyOrNull` and `headers`. */
export class BodyMixin {
  static {
    this.prototype.wrapper = undefined;
    this.prototype.bodyOrNull = null;
  }

  get body() {
    return this.bodyOrNull === null ? null : this.bodyOrNull.getStream();
  }

  get bodyUsed() {
    return this.bodyOrNull !== null && this.bodyOrNull.isDisturbed;
  }

  get isUnusable() {
    return this.bodyOrNull !== null && this.bodyOrNull.isUnusable;
  }

  arrayBuffer() {
    return consumeBody(this, false, (buffer) => buffer);
  }

  blob() {
    return consumeBody(this, false, (buffer) => wrap(newBlob(ops.body_blob(buffer, mimeType(this) ?? ""))));
  }

  bytes() {
    return consumeBody(this, false, (buffer) => new Uint8Array(buffer));
  }

  formData() {
    return consumeBody(this, false, (buffer) => wrap(newFormData(ops.form_data_parse(buffer, mimeType(this) ?? ""))));
  }

  json() {
    return consumeBody(this, true, (text) => JSONParse(text));
  }

  text() {
    return consumeBody(this, true, (text) => text);
  }

  textStream() {
    if (this.isUnusable) throw new TypeError("The body was read, or is being read");
    if (this.bodyOrNull === null) {
      const empty = new ReadableStreamImpl();
      setUpReadableStream(empty, () => undefined, () => undefined);
      closeReadableStream(empty);
      return empty;
    }
    return pipeReadableStreamThrough(this.bodyOrNull.getStream(), createTextDecoderStream());
  }
}

// https://fetch.spec.whatwg.org/#concept-body-mime-type
function mimeType(object) {
  return ops.headers_mime_type(object.headers.handle);
}

// https://fetch.spec.whatwg.org/#concept-body-consume-body
function consumeBody(object, asText, convert) {
  if (object.isUnusable) return PromiseReject(new TypeError("The body was read, or is being read"));
  const { promise, resolve, reject } = newPromise();
  const successSteps = (data) => {
    let value;
    try {
      value = convert(data);
    } catch (error) {
      reject(error);
      return;
    }
    resolve(value);
  };
  if (object.bodyOrNull === null) successSteps(asText ? "" : TypedArrayPrototypeGetBuffer(new Uint8Array(0)));
  else object.bodyOrNull.fullyRead(asText, successSteps, reject);
  return promise;
}
