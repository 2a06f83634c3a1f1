// [The API of the Encoding Standard](https://encoding.spec.whatwg.org/#api): TextDecoder, TextEncoder, and their streams.

import {
  DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, RangeError,
  StringPrototypeCharCodeAt, StringPrototypeSlice, StringPrototypeToWellFormed, Uint8Array, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { DOMString, bufferSource, isDataView } from "./webidl.js";
import { GenericTransformStreamImpl, enqueueIntoTransformStream, setUpTransformStream } from "./streams/other_specs.js";

/** A buffer source as ops take it, which know no DataView. */
export function opBytes(source) {
  if (!isDataView(source)) return source;
  try {
    const length = DataViewPrototypeGetByteLength(source);
    return new Uint8Array(DataViewPrototypeGetBuffer(source), DataViewPrototypeGetByteOffset(source), length);
  } catch {
    // The bytes were taken away.
    return undefined;
  }
}

/** What TextDecoder's and TextDecoderStream's constructors begin with. */
function setUpDecoder(impl, label, options) {
  impl.decoder = ops.text_decoder_new(label, options.fatal, options.ignoreBOM);
  if (impl.decoder === undefined) throw new RangeError(`'${label}' is not the label of an encoding that can be decoded`);
  impl.fatal = options.fatal;
  impl.ignoreBOM = options.ignoreBOM;
}

export class TextDecoderImpl {
  wrapper = undefined;
  decoder = undefined;
  fatal = false;
  ignoreBOM = false;

  get encoding() {
    return ops.text_decoder_encoding(this.decoder);
  }

  construct(label, options) {
    setUpDecoder(this, label, options);
  }

  decode(input, options) {
    return ops.text_decode(this.decoder, opBytes(input), options.stream);
  }
}
implement("TextDecoder", TextDecoderImpl);

export class TextEncoderImpl {
  wrapper = undefined;
  encoding = "utf-8";

  construct() {}

  encode(input) {
    return ops.text_encode(input);
  }

  encodeInto(source, destination) {
    const progress = ops.text_encode_into(source, destination);
    return { __proto__: null, read: progress[0], written: progress[1] };
  }
}
implement("TextEncoder", TextEncoderImpl);

export class TextDecoderStreamImpl extends GenericTransformStreamImpl {
  decoder = undefined;
  fatal = false;
  ignoreBOM = false;

  get encoding() {
    return ops.text_decoder_encoding(this.decoder);
  }

  construct(label, options) {
    setUpDecoder(this, label, options);
    // https://encoding.spec.whatwg.org/#set-up-a-text-decoder-stream
    setUpTransformStream(
      this.transform,
      (chunk) => this.#decodeAndEnqueue(opBytes(bufferSource(chunk, "The chunk", true, false)), true),
      () => this.#decodeAndEnqueue(undefined, false));
  }

  /** https://encoding.spec.whatwg.org/#decode-and-enqueue-a-chunk */
  #decodeAndEnqueue(bytes, stream) {
    const outputChunk = ops.text_decode(this.decoder, bytes, stream);
    if (outputChunk !== "") enqueueIntoTransformStream(this.transform, outputChunk);
  }
}
implement("TextDecoderStream", TextDecoderStreamImpl);

/** https://encoding.spec.whatwg.org/#set-up-a-text-decoder-stream; without more words it is UTF-8 with replacement. */
export function createTextDecoderStream(label = "utf-8", fatal = false, ignoreBOM = false) {
  const stream = new TextDecoderStreamImpl();
  stream.construct(label, { __proto__: null, fatal, ignoreBOM });
  return stream;
}

export class TextEncoderStreamImpl extends GenericTransformStreamImpl {
  encoding = "utf-8";
  // The leading surrogate that ended the last chunk, or the empty string.
  #leadingSurrogate = "";

  construct() {
    setUpTransformStream(this.transform, (chunk) => this.#encodeAndEnqueue(DOMString(chunk, "The chunk")), () => this.#flush());
  }

  /** https://encoding.spec.whatwg.org/#encode-and-enqueue-a-chunk */
  #encodeAndEnqueue(chunk) {
    let input = this.#leadingSurrogate + chunk;
    this.#leadingSurrogate = "";
    const last = input.length - 1;
    if (last < 0) return;
    const unit = StringPrototypeCharCodeAt(input, last);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      this.#leadingSurrogate = StringPrototypeSlice(input, last);
      input = StringPrototypeSlice(input, 0, last);
      if (last === 0) return;
    }
    enqueueIntoTransformStream(this.transform, ops.text_encode(StringPrototypeToWellFormed(input)));
  }

  /** https://encoding.spec.whatwg.org/#encode-and-flush */
  #flush() {
    if (this.#leadingSurrogate !== "") enqueueIntoTransformStream(this.transform, ops.text_encode("\ufffd"));
  }
}
implement("TextEncoderStream", TextEncoderStreamImpl);
