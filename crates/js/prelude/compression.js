// [Compression streams](https://compression.spec.whatwg.org/): CompressionStream and DecompressionStream.

import { PromisePrototypeThen, newList, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";
import { bufferSource } from "./webidl.js";
import { opBytes } from "./encoding.js";
import { GenericTransformStreamImpl, enqueueIntoTransformStream, setUpTransformStream } from "./streams/other_specs.js";

function chunkBytes(chunk) {
  return opBytes(bufferSource(chunk, "The chunk", false, false));
}

function enqueueAll(stream, pieces) {
  for (let i = 0; i < pieces.length; i++) enqueueIntoTransformStream(stream, pieces[i]);
}

export class CompressionStreamImpl extends GenericTransformStreamImpl {
  construct(format) {
    const context = ops.compression_new(format);
    setUpTransformStream(
      this.transform,
      (chunk) => enqueueAll(this.transform, compress(context, chunkBytes(chunk), false)),
      () => enqueueAll(this.transform, compress(context, undefined, true)));
  }
}
implement("CompressionStream", CompressionStreamImpl);

// NB: all of a chunk before the first piece is enqueued, as script may run then and take the bytes away.
function compress(context, bytes, finish) {
  const pieces = newList();
  let from = 0;
  do {
    from = ops.compress(context, bytes, from, finish, pieces);
  } while (from !== undefined);
  return pieces;
}

export class DecompressionStreamImpl extends GenericTransformStreamImpl {
  construct(format) {
    const context = ops.decompression_new(format);
    setUpTransformStream(
      this.transform,
      (chunk) => decompressAndEnqueue(this.transform, context, chunkBytes(chunk)),
      () => enqueueAll(this.transform, ops.decompress(context, undefined, true)));
  }
}
implement("DecompressionStream", DecompressionStreamImpl);

/** https://compression.spec.whatwg.org/#decompress-and-enqueue-a-chunk */
function decompressAndEnqueue(stream, context, bytes) {
  for (;;) {
    enqueueAll(stream, ops.decompress(context, bytes, false));
    if (!ops.decompression_has_more(context)) return undefined;
    // DEPARTS: of a chunk that becomes more than a mebibyte the rest is made as it is read, and its write lasts as long, since
    // a few bytes may stand for gigabytes.
    if (stream.backpressure) {
      return PromisePrototypeThen(
        stream.backpressureChangePromise.promise,
        () => (stream.readable.state === "readable" ? decompressAndEnqueue(stream, context, undefined) : undefined));
    }
    bytes = undefined;
  }
}
