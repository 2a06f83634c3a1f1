// The conversions of https://webidl.spec.whatwg.org/#js-type-mapping
//
// A converter takes the value and the beginning of its error message ("Failed to execute 'append' on 'Headers': parameter 1"). The
// generated shells call them; hand-written code may. Objects that shells share (iterators) stand in webidl_iterators.js.

import {
  ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeGetResizable, ArrayIsArray, ArrayIteratorNext, ArrayValues,
  BigInt, DOMExceptionPrototypeGetCode, DataViewPrototypeGetBuffer,
  FunctionPrototypeCall, MathFloor, MathFround, MathTrunc, ObjectCreate, PromiseResolve,
  ReflectGetOwnPropertyDescriptor, ReflectOwnKeys, RegExpPrototypeExec, SharedArrayBufferPrototypeGetByteLength,
  SharedArrayBufferPrototypeGetGrowable, String, StringPrototypeToWellFormed, SymbolAsyncIterator, SymbolIterator, TypeError,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetSymbolToStringTag, createDataProperty, isObject,
} from "./primordials.js";

export { isObject };

// Errors.

/** The TypeError of a `this` that is not one of ours. */
export function illegalInvocation(name, member) {
  return new TypeError(`Illegal invocation: '${member}' wants an object of type '${name}'`);
}

/** The TypeError of too few arguments. */
export function tooFew(where, required, present) {
  return new TypeError(`${where}: ${required} argument${required === 1 ? "" : "s"} required, but only ${present} present`);
}

/** The TypeError of a value that is no object of an interface (or other type). */
export function notOfType(where, name) {
  return new TypeError(`${where} is not of type '${name}'`);
}

function notA(where, what) {
  return new TypeError(`${where} is not ${what}`);
}

// Numbers. https://webidl.spec.whatwg.org/#js-integer-types

const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

function number(V, where) {
  if (typeof V === "symbol" || typeof V === "bigint") throw notA(where, "a number");
  return +V;
}

export function byte(V, where) {
  return (number(V, where) << 24) >> 24;
}
export function octet(V, where) {
  return number(V, where) & 0xff;
}
export function short(V, where) {
  return (number(V, where) << 16) >> 16;
}
export function unsigned_short(V, where) {
  return number(V, where) & 0xffff;
}
export function long(V, where) {
  return number(V, where) | 0;
}
export function unsigned_long(V, where) {
  return number(V, where) >>> 0;
}
export function long_long(V, where) {
  const x = modulo64(V, where);
  return x >= TWO_63 ? x - TWO_64 : x < -TWO_63 ? x + TWO_64 : x;
}
export function unsigned_long_long(V, where) {
  const x = modulo64(V, where);
  return x < 0 ? x + TWO_64 : x;
}
function modulo64(V, where) {
  const x = MathTrunc(number(V, where)) % TWO_64;
  return x !== x ? 0 : x + 0;
}

/** An integer type with [EnforceRange]. */
export function enforceRange(V, where, lower, upper) {
  const x = MathTrunc(number(V, where));
  if (x !== x || x === Infinity || x === -Infinity) throw notA(where, "a finite number");
  if (x < lower || x > upper) throw new TypeError(`${where} is outside the range ${lower} to ${upper}`);
  return x + 0;
}

/** An integer type with [Clamp]. */
export function clamp(V, where, lower, upper) {
  const x = number(V, where);
  if (x !== x) return 0;
  if (x <= lower) return lower;
  if (x >= upper) return upper;
  // To the nearest integer, of two equally near to the even one.
  const floor = MathFloor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor + 0;
  if (rest > 0.5) return floor + 1 + 0;
  return (floor % 2 === 0 ? floor : floor + 1) + 0;
}

export function float(V, where) {
  const x = MathFround(unrestricted_double(V, where));
  if (x - x !== 0) throw notA(where, "a finite float");
  return x;
}
export function unrestricted_float(V, where) {
  return MathFround(number(V, where));
}
export function double(V, where) {
  const x = number(V, where);
  if (x - x !== 0) throw notA(where, "a finite number");
  return x;
}
export function unrestricted_double(V, where) {
  return number(V, where);
}
export function bigint(V, where) {
  if (typeof V === "bigint") return V;
  if (typeof V === "number" || typeof V === "symbol") throw notA(where, "a bigint");
  // DEPARTS: an object whose primitive value is a number is converted too.
  return BigInt(V);
}

// Strings. https://webidl.spec.whatwg.org/#js-DOMString

export function DOMString(V, where) {
  if (typeof V === "string") return V;
  if (typeof V === "symbol") throw new TypeError(`${where} is a symbol, which cannot be converted to a string`);
  return String(V);
}
export function DOMStringNullToEmpty(V, where) {
  return V === null ? "" : DOMString(V, where);
}
export function USVString(V, where) {
  return StringPrototypeToWellFormed(DOMString(V, where));
}
const ABOVE_BYTES = /[^\0-\xff]/;
export function ByteString(V, where) {
  const x = DOMString(V, where);
  if (RegExpPrototypeExec(ABOVE_BYTES, x) === null) return x;
  throw new TypeError(`${where} is not a ByteString: it has a character above U+00FF`);
}

export function enumeration(V, where, values, name) {
  const x = DOMString(V, where);
  if (values[x] !== true) throw new TypeError(`${where}: '${x}' is not a value of the enumeration ${name}`);
  return x;
}

// Objects.

export function object(V, where) {
  if (!isObject(V)) throw notA(where, "an object");
  return V;
}
export function symbol(V, where) {
  if (typeof V !== "symbol") throw notA(where, "a symbol");
  return V;
}
export function callback(V, where) {
  if (typeof V !== "function") throw notA(where, "a function");
  return V;
}
export function callbackInterface(V, where) {
  if (!isObject(V)) throw notA(where, "an object");
  return V;
}
/** A callback function type with [LegacyTreatNonObjectAsNull]. */
export function callbackOrNull(V) {
  return isObject(V) ? V : null;
}
export function promise(V) {
  return PromiseResolve(V);
}
/** The engine's own DOMException. */
export function isDOMException(V) {
  if (!isObject(V)) return false;
  try {
    DOMExceptionPrototypeGetCode(V);
    return true;
  } catch {
    return false;
  }
}
export function DOMExceptionObject(V, where) {
  if (!isDOMException(V)) throw notOfType(where, "DOMException");
  return V;
}

/** What a dictionary is read from: an object, or undefined where nothing was given. */
export function dictionarySource(V, where) {
  if (V === undefined || V === null) return undefined;
  if (!isObject(V)) throw notA(where, "an object");
  return V;
}

/** The converters of all dictionaries, by name, for what a standard converts in its own steps: `dictionaries.UnderlyingSource(value)`. */
export const dictionaries = { __proto__: null };

/** The object that script sees of a dictionary that was returned. */
export function dictionaryObject(record) {
  const result = {};
  const keys = ReflectOwnKeys(record);
  for (let i = 0; i < keys.length; i++) createDataProperty(result, keys[i], record[keys[i]]);
  return result;
}

// Sequences and records. https://webidl.spec.whatwg.org/#js-sequence

/** GetMethod(V, @@iterator): undefined where there is none. */
export function iteratorMethod(V, where, symbol = SymbolIterator) {
  const found = V[symbol];
  if (found === undefined || found === null) return undefined;
  if (typeof found !== "function") throw notA(`${where}: its iterator method`, "a function");
  return found;
}

export function sequence(V, where, convert) {
  if (!isObject(V)) throw notA(where, "iterable");
  const found = iteratorMethod(V, where);
  if (found === undefined) throw notA(where, "iterable");
  return sequenceFrom(V, where, convert, found);
}

/** https://webidl.spec.whatwg.org/#create-sequence-from-iterable */
export function sequenceFrom(V, where, convert, found) {
  const iterator = FunctionPrototypeCall(found, V);
  if (!isObject(iterator)) throw notA(`${where}: its iterator`, "an object");
  const next = iterator.next;
  // The iterator of an array by its own method: what it would do, but for the objects that nobody sees.
  if (next === ArrayIteratorNext && found === ArrayValues && ArrayIsArray(V)) {
    if (V.length === 0) return [];
    const result = [convert(V[0], where)];
    for (let i = 1; i < V.length; i++) createDataProperty(result, i, convert(V[i], where));
    return result;
  }
  const result = [];
  for (;;) {
    const step = FunctionPrototypeCall(next, iterator);
    if (!isObject(step)) throw notA(`${where}: an iterator's result`, "an object");
    if (step.done) return result;
    createDataProperty(result, result.length, convert(step.value, where));
  }
}

/** `async_sequence<T>`: what was found, to be opened by its user. `asynchronous` says which of the two methods it is. */
export function asyncSequence(V, where) {
  if (!isObject(V)) throw notA(where, "async iterable");
  const found = asyncSequenceMethod(V, where);
  if (found === undefined) throw notA(where, "async iterable");
  return found;
}
export function asyncSequenceMethod(V, where) {
  let method = iteratorMethod(V, where, SymbolAsyncIterator);
  if (method !== undefined) return { __proto__: null, object: V, method, asynchronous: true };
  method = iteratorMethod(V, where);
  return method === undefined ? undefined : { __proto__: null, object: V, method, asynchronous: false };
}

/** `record<K, V>`, as an array of `[key, value]` in the order of the keys. */
export function record(V, where, convertKey, convertValue) {
  if (!isObject(V)) throw notA(where, "an object");
  const result = [];
  const places = ObjectCreate(null);
  const keys = ReflectOwnKeys(V);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const property = ReflectGetOwnPropertyDescriptor(V, key);
    if (property === undefined || !property.enumerable) continue;
    const typedKey = convertKey(key, where);
    const value = convertValue(V[key], where);
    const place = places[typedKey];
    if (place !== undefined) {
      result[place][1] = value;
      continue;
    }
    places[typedKey] = result.length;
    createDataProperty(result, result.length, [typedKey, value]);
  }
  return result;
}

// Bytes. https://webidl.spec.whatwg.org/#js-buffer-source-types

export function isArrayBuffer(V) {
  if (typeof V !== "object" || V === null) return false;
  try {
    ArrayBufferPrototypeGetByteLength(V);
    return true;
  } catch {
    return false;
  }
}
export function isSharedArrayBuffer(V) {
  if (typeof V !== "object" || V === null) return false;
  try {
    SharedArrayBufferPrototypeGetByteLength(V);
    return true;
  } catch {
    return false;
  }
}
export function isDataView(V) {
  return ArrayBufferIsView(V) && TypedArrayPrototypeGetSymbolToStringTag(V) === undefined;
}
/** The name of a typed array's type, or undefined. */
export function typedArrayName(V) {
  return TypedArrayPrototypeGetSymbolToStringTag(V);
}
export const isView = ArrayBufferIsView;

function checkResizable(buffer, where, resizable) {
  if (!resizable && ArrayBufferPrototypeGetResizable(buffer)) throw new TypeError(`${where} is resizable`);
}
function checkView(V, where, shared, resizable) {
  const buffer = TypedArrayPrototypeGetSymbolToStringTag(V) === undefined ? DataViewPrototypeGetBuffer(V) : TypedArrayPrototypeGetBuffer(V);
  if (isArrayBuffer(buffer)) {
    checkResizable(buffer, where, resizable);
  } else {
    if (!shared) throw new TypeError(`${where} is backed by a SharedArrayBuffer`);
    if (!resizable && SharedArrayBufferPrototypeGetGrowable(buffer)) throw new TypeError(`${where} is growable`);
  }
  return V;
}

export function arrayBuffer(V, where, shared, resizable) {
  if (shared && isSharedArrayBuffer(V)) return sharedArrayBuffer(V, where, resizable);
  if (!isArrayBuffer(V)) throw notOfType(where, "ArrayBuffer");
  checkResizable(V, where, resizable);
  return V;
}
export function sharedArrayBuffer(V, where, resizable) {
  if (!isSharedArrayBuffer(V)) throw notOfType(where, "SharedArrayBuffer");
  if (!resizable && SharedArrayBufferPrototypeGetGrowable(V)) throw new TypeError(`${where} is growable`);
  return V;
}
/** A typed array of one type. */
export function typedArray(V, where, shared, resizable, name) {
  if (typedArrayName(V) !== name) throw notOfType(where, name);
  return checkView(V, where, shared, resizable);
}
export function dataView(V, where, shared, resizable) {
  if (!isDataView(V)) throw notOfType(where, "DataView");
  return checkView(V, where, shared, resizable);
}
export function arrayBufferView(V, where, shared, resizable) {
  if (!ArrayBufferIsView(V)) throw notOfType(where, "ArrayBufferView");
  return checkView(V, where, shared, resizable);
}
/** `BufferSource`, and `AllowSharedBufferSource` by `shared`. */
export function bufferSource(V, where, shared, resizable) {
  if (ArrayBufferIsView(V)) return checkView(V, where, shared, resizable);
  if (shared && isSharedArrayBuffer(V)) return sharedArrayBuffer(V, where, resizable);
  if (!isArrayBuffer(V)) throw notOfType(where, "BufferSource");
  checkResizable(V, where, resizable);
  return V;
}
