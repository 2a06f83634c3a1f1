// What an object is, whatever script made of its prototype, its properties and Symbol.toStringTag.

import {
  Array, ArrayBuffer, BigInt, BigInt64Array, BigUint64Array, Boolean, DOMException, DataView, Date, Error, FinalizationRegistry,
  Float16Array, Float32Array, Float64Array, Int16Array, Int32Array, Int8Array, Map, Number, Object, Promise, Proxy, RegExp, Set,
  SharedArrayBuffer, String, Symbol, Uint16Array, Uint32Array, Uint8Array, Uint8ClampedArray, WeakMap, WeakRef, WeakSet, ops,
} from "./primordials.js";

// By the engine's number.
const names = { __proto__: null };

function learn(name, example) {
  names[ops.class_id(example)] = name;
}

learn("Object", {});
learn("Array", []);
learn("Boolean", new Boolean(false));
learn("Number", new Number(0));
learn("BigInt", Object(BigInt(0)));
learn("String", new String(""));
learn("Symbol", Object(Symbol()));
learn("Date", new Date(0));
learn("RegExp", new RegExp(""));
learn("Error", new Error());
learn("DOMException", new DOMException());
learn("Map", new Map());
learn("Set", new Set());
learn("WeakMap", new WeakMap());
learn("WeakSet", new WeakSet());
learn("WeakRef", new WeakRef({}));
learn("FinalizationRegistry", new FinalizationRegistry(() => {}));
learn("Promise", new Promise(() => {}));
learn("Proxy", new Proxy({}, {}));
learn("Arguments", (function () { return arguments; })());
learn("Generator", (function* () {})());
learn("ArrayBuffer", new ArrayBuffer(0));
if (SharedArrayBuffer !== undefined) learn("SharedArrayBuffer", new SharedArrayBuffer(0));
learn("DataView", new DataView(new ArrayBuffer(0)));
learn("BigInt64Array", new BigInt64Array(0));
learn("BigUint64Array", new BigUint64Array(0));
if (Float16Array !== undefined) learn("Float16Array", new Float16Array(0));
learn("Float32Array", new Float32Array(0));
learn("Float64Array", new Float64Array(0));
learn("Int8Array", new Int8Array(0));
learn("Int16Array", new Int16Array(0));
learn("Int32Array", new Int32Array(0));
learn("Uint8Array", new Uint8Array(0));
learn("Uint8ClampedArray", new Uint8ClampedArray(0));
learn("Uint16Array", new Uint16Array(0));
learn("Uint32Array", new Uint32Array(0));

/** "Array", "Map", "Object" (also that of a platform object), or undefined for what is none of those that are named here. */
export function className(object) {
  return names[ops.class_id(object)];
}
