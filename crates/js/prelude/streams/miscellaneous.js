// What the algorithms borrow: [Web IDL's promises](https://webidl.spec.whatwg.org/#js-promise-manipulation) and callbacks,
// and [buffers](https://streams.spec.whatwg.org/#misc-abstract-ops) with their views.
import {
  ArrayBufferPrototypeGetDetached, ArrayBufferPrototypeTransfer, BigInt64Array, BigUint64Array, DataView,
  DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, Float16Array, Float32Array,
  Float64Array, FunctionPrototypeSymbolHasInstance, Int16Array, Int32Array, Int8Array, ObjectDefineProperty, Promise,
  PromiseReject, ReflectApply, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint16Array, Uint32Array,
  Uint8Array, Uint8ClampedArray, isObject, markHandled, newPromise, uponPromise,
} from "../primordials.js";

// For reactions alone: script never sees this promise. A promise without a constructor is reacted to in half the time, since
// nobody has to be asked for the species of the reaction's promise.
export const resolvedPromise = aPromiseResolvedWith(undefined);
ObjectDefineProperty(resolvedPromise, "constructor", { __proto__: null, value: undefined });

// https://webidl.spec.whatwg.org/#a-promise-resolved-with
// NB: a new promise even when x is one, which costs the two microtasks that the Standard's order counts on.
export function aPromiseResolvedWith(x) {
  const capability = newPromise();
  capability.resolve(x);
  return capability.promise;
}

// https://html.spec.whatwg.org/#queue-a-microtask
export function queueAMicrotask(steps) {
  uponPromise(resolvedPromise, steps);
}

// A promise whose [[PromiseState]] an algorithm asks for.
export class StatefulPromise {
  pending = true;
  capability = newPromise();

  get promise() {
    return this.capability.promise;
  }

  resolve(value) {
    this.pending = false;
    this.capability.resolve(value);
  }

  reject(reason) {
    this.pending = false;
    this.capability.reject(reason);
  }

  static resolvedWith(value) {
    const promise = new StatefulPromise();
    promise.resolve(value);
    return promise;
  }

  static rejectedWith(reason) {
    const promise = new StatefulPromise();
    promise.reject(reason);
    markHandled(promise.promise);
    return promise;
  }
}

// [Invoking](https://webidl.spec.whatwg.org/#invoke-a-callback-function) a callback function that returns Promise<undefined>.
export function invokeForPromise(callback, callbackThisValue, args) {
  let result;
  try {
    result = ReflectApply(callback, callbackThisValue, args);
  } catch (e) {
    return PromiseReject(e);
  }
  // Whatever is no object is no thenable, and the value of Promise<undefined> is not looked at.
  return isObject(result) ? aPromiseResolvedWith(result) : resolvedPromise;
}

// The wrapper that "set up" puts around the algorithms of another standard: these may throw, and need not return a promise.
export function wrapAlgorithm(algorithm) {
  if (algorithm === undefined) return () => resolvedPromise;
  return (argument) => {
    try {
      const result = algorithm(argument);
      return isObject(result) && FunctionPrototypeSymbolHasInstance(Promise, result) ? result : resolvedPromise;
    } catch (e) {
      return PromiseReject(e);
    }
  };
}

const viewConstructors = {
  __proto__: null,
  Int8Array: { __proto__: null, elementSize: 1, constructor: Int8Array },
  Uint8Array: { __proto__: null, elementSize: 1, constructor: Uint8Array },
  Uint8ClampedArray: { __proto__: null, elementSize: 1, constructor: Uint8ClampedArray },
  Int16Array: { __proto__: null, elementSize: 2, constructor: Int16Array },
  Uint16Array: { __proto__: null, elementSize: 2, constructor: Uint16Array },
  Int32Array: { __proto__: null, elementSize: 4, constructor: Int32Array },
  Uint32Array: { __proto__: null, elementSize: 4, constructor: Uint32Array },
  Float16Array: { __proto__: null, elementSize: 2, constructor: Float16Array },
  Float32Array: { __proto__: null, elementSize: 4, constructor: Float32Array },
  Float64Array: { __proto__: null, elementSize: 8, constructor: Float64Array },
  BigInt64Array: { __proto__: null, elementSize: 8, constructor: BigInt64Array },
  BigUint64Array: { __proto__: null, elementSize: 8, constructor: BigUint64Array },
};
const dataView = { __proto__: null, elementSize: 1, constructor: DataView };

// https://tc39.es/ecma262/#table-the-typedarray-constructors, and DataView
export function viewConstructor(view) {
  const name = TypedArrayPrototypeGetSymbolToStringTag(view);
  return name === undefined ? dataView : viewConstructors[name];
}

export function isUint8Array(value) {
  return TypedArrayPrototypeGetSymbolToStringTag(value) === "Uint8Array";
}

function isTypedArray(view) {
  return TypedArrayPrototypeGetSymbolToStringTag(view) !== undefined;
}

export function viewedArrayBuffer(view) {
  return isTypedArray(view) ? TypedArrayPrototypeGetBuffer(view) : DataViewPrototypeGetBuffer(view);
}

// NB: the getters of a DataView throw once its buffer is detached, those of a typed array say 0.
export function byteLengthOf(view) {
  if (isTypedArray(view)) return TypedArrayPrototypeGetByteLength(view);
  return IsDetachedBuffer(DataViewPrototypeGetBuffer(view)) ? 0 : DataViewPrototypeGetByteLength(view);
}

export function byteOffsetOf(view) {
  return isTypedArray(view) ? TypedArrayPrototypeGetByteOffset(view) : DataViewPrototypeGetByteOffset(view);
}

export function lengthOf(view) {
  return isTypedArray(view) ? TypedArrayPrototypeGetLength(view) : DataViewPrototypeGetByteLength(view);
}

/** https://tc39.es/ecma262/#sec-isdetachedbuffer */
export function IsDetachedBuffer(buffer) {
  return ArrayBufferPrototypeGetDetached(buffer);
}

/** https://streams.spec.whatwg.org/#transfer-array-buffer */
export function TransferArrayBuffer(O) {
  return ArrayBufferPrototypeTransfer(O);
}

// NB: not by `ArrayBuffer.prototype.slice`, which asks the buffer for its species.
/** https://tc39.es/ecma262/#sec-clonearraybuffer */
export function CloneArrayBuffer(buffer, byteOffset, byteLength) {
  return TypedArrayPrototypeGetBuffer(cloneBytes(buffer, byteOffset, byteLength));
}

/** https://streams.spec.whatwg.org/#abstract-opdef-cloneasuint8array */
export function CloneAsUint8Array(O) {
  return cloneBytes(viewedArrayBuffer(O), byteOffsetOf(O), byteLengthOf(O));
}

function cloneBytes(buffer, byteOffset, byteLength) {
  const bytes = new Uint8Array(byteLength);
  TypedArrayPrototypeSet(bytes, new Uint8Array(buffer, byteOffset, byteLength));
  return bytes;
}

/** https://tc39.es/ecma262/#sec-copydatablockbytes */
export function CopyDataBlockBytes(toBuffer, toIndex, fromBuffer, fromIndex, count) {
  TypedArrayPrototypeSet(new Uint8Array(toBuffer, toIndex, count), new Uint8Array(fromBuffer, fromIndex, count));
}
