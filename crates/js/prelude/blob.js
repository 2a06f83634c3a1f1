// Blob and File: https://w3c.github.io/FileAPI/#blob-section
//
// The bytes are core's, behind a handle; nothing here changes them. What reads them does so in tasks.

import {
  ArrayBufferIsView, ArrayBufferPrototypeGetDetached, DateNow, MathMin, TypedArrayPrototypeGetBuffer, Uint8Array, newList,
  newPromise, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { byteLengthOf, byteOffsetOf, viewedArrayBuffer } from "./streams/miscellaneous.js";
import {
  ReadableStreamImpl, closeReadableStream, currentByobRequestView, enqueueIntoReadableStream,
  setUpReadableStreamWithByteReadingSupport,
} from "./streams/other_specs.js";
import { registerSerializable } from "./structured_clone.js";
import { queueTask } from "./tasks.js";

// A stream reads so many bytes in one task.
const CHUNK_BYTES = 65536;

export class BlobImpl {
  wrapper = undefined;
  handle = undefined;

  construct(blobParts, options) {
    this.handle = processBlobParts(blobParts ?? [], options);
  }

  get size() {
    return ops.blob_size(this.handle);
  }

  get type() {
    return ops.blob_type(this.handle);
  }

  slice(start, end, contentType) {
    return newBlob(ops.blob_slice(this.handle, start, end, contentType ?? ""));
  }

  stream() {
    return getStream(this);
  }

  text() {
    return onceRead(() => ops.blob_package(this.handle, "UTF8", undefined));
  }

  arrayBuffer() {
    return onceRead(() => TypedArrayPrototypeGetBuffer(bytesOf(this)));
  }

  bytes() {
    return onceRead(() => bytesOf(this));
  }
}
implement("Blob", BlobImpl);
registerSerializable(BlobImpl, {
  serialize: ({ handle }) => handle,
  deserialize: (handle) => newBlob(handle),
});

// https://w3c.github.io/FileAPI/#file-section
export class FileImpl extends BlobImpl {
  name = "";
  lastModified = 0;

  construct(fileBits, fileName, options) {
    super.construct(fileBits, options);
    this.name = fileName;
    this.lastModified = options.lastModified ?? DateNow();
  }
}
implement("File", FileImpl);
registerSerializable(FileImpl, {
  serialize: ({ handle, name, lastModified }) => ({ __proto__: null, handle, name, lastModified }),
  deserialize: ({ handle, name, lastModified }) => newFile(handle, name, lastModified),
});

/** Core's blob, for ops. */
export function blobHandle(impl) {
  return impl.handle;
}

/** A Blob object of core's blob, under another type where one is given. */
export function newBlob(handle, type) {
  const blob = new BlobImpl();
  blob.handle = type === undefined ? handle : ops.blob_slice(handle, undefined, undefined, type);
  return blob;
}

/** A File object of core's blob. */
export function newFile(handle, name, lastModified) {
  const file = new FileImpl();
  file.handle = handle;
  file.name = name;
  file.lastModified = lastModified;
  return file;
}

/** The blob's bytes: a new array. Throws where there is no room for them. */
export function bytesOf(blob) {
  const bytes = new Uint8Array(blob.size);
  ops.blob_copy(blob.handle, 0, bytes);
  return bytes;
}

// https://w3c.github.io/FileAPI/#process-blob-parts
function processBlobParts(parts, { type, endings }) {
  const list = newList();
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (typeof part === "string") list[i] = part;
    else if (part instanceof BlobImpl) list[i] = part.handle;
    else list[i] = bytesHeldBy(part);
  }
  return ops.blob_new(list, type, endings === "native");
}

// The bytes that a buffer source holds, which are none once they were taken away; to be copied at once.
export function bytesHeldBy(source) {
  if (!ArrayBufferIsView(source)) return ArrayBufferPrototypeGetDetached(source) ? new Uint8Array(0) : source;
  const length = byteLengthOf(source);
  return length === 0 ? new Uint8Array(0) : new Uint8Array(viewedArrayBuffer(source), byteOffsetOf(source), length);
}

// Reading all bytes takes a task; what the steps throw is the promise's reason.
function onceRead(steps) {
  const { promise, resolve, reject } = newPromise();
  queueTask(() => {
    let result;
    try {
      result = steps();
    } catch (error) {
      reject(error);
      return;
    }
    resolve(result);
  });
  return promise;
}

// https://w3c.github.io/FileAPI/#blob-get-stream, but a chunk is read when it is asked for. A stream keeps the bytes, not the object.
function getStream({ handle, size }) {
  const stream = new ReadableStreamImpl();
  let offset = 0;
  const readAChunk = () => {
    if (stream.state !== "readable") return;
    if (offset < size) {
      // Straight into the reader's buffer, where it gave one.
      const room = currentByobRequestView(stream) ?? new Uint8Array(MathMin(CHUNK_BYTES, size - offset));
      const length = ops.blob_copy(handle, offset, room);
      offset += length;
      enqueueIntoReadableStream(stream, new Uint8Array(viewedArrayBuffer(room), byteOffsetOf(room), length));
    }
    if (offset === size) closeReadableStream(stream);
  };
  setUpReadableStreamWithByteReadingSupport(stream, () => onceRead(readAChunk));
  // What is empty ends without being asked for.
  if (size === 0) queueTask(readAChunk);
  return stream;
}
