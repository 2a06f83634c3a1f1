// [Queuing strategies](https://streams.spec.whatwg.org/#qs): how much a stream may hold before its source should wait.
import { RangeError, ReflectApply } from "../primordials.js";
import { implement } from "../platform_objects.js";

// As functions of a record's methods they are no constructors; neither looks at its this value.
const sizeFunctions = {
  __proto__: null,
  // https://streams.spec.whatwg.org/#byte-length-queuing-strategy-size-function
  byteLength: { size(chunk) { return chunk.byteLength; } }.size,
  // https://streams.spec.whatwg.org/#count-queuing-strategy-size-function
  count: { size() { return 1; } }.size,
};

// https://streams.spec.whatwg.org/#blqs-class
export class ByteLengthQueuingStrategyImpl {
  wrapper = undefined;
  highWaterMark = undefined;

  construct(init) {
    this.highWaterMark = init.highWaterMark;
  }

  get size() {
    return sizeFunctions.byteLength;
  }
}
implement("ByteLengthQueuingStrategy", ByteLengthQueuingStrategyImpl);

// https://streams.spec.whatwg.org/#cqs-class
export class CountQueuingStrategyImpl {
  wrapper = undefined;
  highWaterMark = undefined;

  construct(init) {
    this.highWaterMark = init.highWaterMark;
  }

  get size() {
    return sizeFunctions.count;
  }
}
implement("CountQueuingStrategy", CountQueuingStrategyImpl);

/** https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark */
export function ExtractHighWaterMark(strategy, defaultHWM) {
  const { highWaterMark } = strategy;
  if (highWaterMark === undefined) return defaultHWM;
  if (!(highWaterMark >= 0)) throw new RangeError("A high water mark must be a number that is not negative");
  return highWaterMark;
}

/** https://streams.spec.whatwg.org/#make-size-algorithm-from-size-function */
export function ExtractSizeAlgorithm(strategy) {
  const { size } = strategy;
  if (size === undefined) return sizeOne;
  return (chunk) => +ReflectApply(size, undefined, [chunk]);
}

// "An algorithm that returns 1".
export const sizeOne = () => 1;
