// What a new realm has, taken before script can change it.
//
// https://webidl.spec.whatwg.org/#js-environment says nothing of tampering; this file is why nothing in the prelude has to.
// It must stay the first module of the load order and must not import anything.
//
// Names: `Object.defineProperty` is `ObjectDefineProperty`, `Array.prototype.slice` is `ArrayPrototypeSlice(array, ...)`, a getter is
// `TypedArrayPrototypeGetByteLength(view)`, a constructor keeps its name. What the engine lacks is undefined here.

const { bind, call } = Function.prototype;
const uncurry = bind.bind(call);
const getOwn = Object.getOwnPropertyDescriptor;
const bound = (object, name) => (object === undefined || object[name] === undefined ? undefined : bind.call(object[name], object));
const method = (object, name) => (object === undefined || object[name] === undefined ? undefined : uncurry(object[name]));
const getter = (object, name) => {
  const property = object === undefined ? undefined : getOwn(object, name);
  return property === undefined || property.get === undefined ? undefined : uncurry(property.get);
};

// The global, and the host's functions, which script must not find. Without a host (in tests) there are none.
export const global = globalThis;
export const ops = globalThis.__ops;
delete globalThis.__ops;

// No standard has it, and what it is given are the functions that are being called, with those of the prelude.
delete Error.prepareStackTrace;

// Constructors.
const {
  Array: Array_, ArrayBuffer: ArrayBuffer_, SharedArrayBuffer: SharedArrayBuffer_, DataView: DataView_, Int8Array: Int8Array_,
  Uint8Array: Uint8Array_, Uint8ClampedArray: Uint8ClampedArray_, Int16Array: Int16Array_, Uint16Array: Uint16Array_,
  Int32Array: Int32Array_, Uint32Array: Uint32Array_, BigInt64Array: BigInt64Array_, BigUint64Array: BigUint64Array_,
  Float16Array: Float16Array_, Float32Array: Float32Array_, Float64Array: Float64Array_, BigInt: BigInt_, Boolean: Boolean_,
  Date: Date_, DOMException: DOMException_, Error: Error_, EvalError: EvalError_, RangeError: RangeError_,
  ReferenceError: ReferenceError_, SyntaxError: SyntaxError_, TypeError: TypeError_, URIError: URIError_,
  AggregateError: AggregateError_, FinalizationRegistry: FinalizationRegistry_, Function: Function_, Map: Map_,
  Number: Number_, Object: Object_, Promise: Promise_, Proxy: Proxy_, RegExp: RegExp_, Set: Set_, String: String_,
  Symbol: Symbol_, WeakMap: WeakMap_, WeakRef: WeakRef_, WeakSet: WeakSet_,
} = globalThis;
export {
  Array_ as Array, ArrayBuffer_ as ArrayBuffer, SharedArrayBuffer_ as SharedArrayBuffer, DataView_ as DataView,
  Int8Array_ as Int8Array, Uint8Array_ as Uint8Array, Uint8ClampedArray_ as Uint8ClampedArray, Int16Array_ as Int16Array,
  Uint16Array_ as Uint16Array, Int32Array_ as Int32Array, Uint32Array_ as Uint32Array, BigInt64Array_ as BigInt64Array,
  BigUint64Array_ as BigUint64Array, Float16Array_ as Float16Array, Float32Array_ as Float32Array,
  Float64Array_ as Float64Array, BigInt_ as BigInt, Boolean_ as Boolean, Date_ as Date, DOMException_ as DOMException,
  Error_ as Error, EvalError_ as EvalError, RangeError_ as RangeError, ReferenceError_ as ReferenceError,
  SyntaxError_ as SyntaxError, TypeError_ as TypeError, URIError_ as URIError, AggregateError_ as AggregateError,
  FinalizationRegistry_ as FinalizationRegistry, Function_ as Function, Map_ as Map, Number_ as Number, Object_ as Object,
  Promise_ as Promise, Proxy_ as Proxy, RegExp_ as RegExp, Set_ as Set, String_ as String, Symbol_ as Symbol,
  WeakMap_ as WeakMap, WeakRef_ as WeakRef, WeakSet_ as WeakSet,
};
export const TypedArray = Object.getPrototypeOf(Uint8Array);

// Prototypes.
export const ObjectPrototype = Object.prototype;
export const FunctionPrototype = Function.prototype;
export const ArrayPrototype = Array.prototype;
export const ErrorPrototype = Error.prototype;
export const DatePrototype = Date.prototype;
export const RegExpPrototype = RegExp.prototype;
export const MapPrototype = Map.prototype;
export const SetPrototype = Set.prototype;
export const PromisePrototype = Promise.prototype;
export const ArrayBufferPrototype = ArrayBuffer.prototype;
export const TypedArrayPrototype = TypedArray.prototype;
export const DOMExceptionPrototype = DOMException_ === undefined ? undefined : DOMException_.prototype;
export const ArrayIteratorPrototype = Object.getPrototypeOf([][Symbol.iterator]());
export const IteratorPrototype = Object.getPrototypeOf(ArrayIteratorPrototype);
export const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

// Symbols.
export const SymbolAsyncIterator = Symbol.asyncIterator;
export const SymbolHasInstance = Symbol.hasInstance;
export const SymbolIterator = Symbol.iterator;
export const SymbolSpecies = Symbol.species;
export const SymbolToPrimitive = Symbol.toPrimitive;
export const SymbolToStringTag = Symbol.toStringTag;
export const SymbolUnscopables = Symbol.unscopables;
export const SymbolFor = bound(Symbol, "for");

// Object, Reflect, Function.
export const ObjectAssign = bound(Object, "assign");
export const ObjectCreate = bound(Object, "create");
export const ObjectDefineProperties = bound(Object, "defineProperties");
export const ObjectDefineProperty = bound(Object, "defineProperty");
export const ObjectEntries = bound(Object, "entries");
export const ObjectFreeze = bound(Object, "freeze");
export const ObjectFromEntries = bound(Object, "fromEntries");
export const ObjectGetOwnPropertyDescriptor = bound(Object, "getOwnPropertyDescriptor");
export const ObjectGetOwnPropertyNames = bound(Object, "getOwnPropertyNames");
export const ObjectGetOwnPropertySymbols = bound(Object, "getOwnPropertySymbols");
export const ObjectGetPrototypeOf = bound(Object, "getPrototypeOf");
export const ObjectHasOwn = bound(Object, "hasOwn");
export const ObjectIs = bound(Object, "is");
export const ObjectIsFrozen = bound(Object, "isFrozen");
export const ObjectKeys = bound(Object, "keys");
export const ObjectPreventExtensions = bound(Object, "preventExtensions");
export const ObjectSetPrototypeOf = bound(Object, "setPrototypeOf");
export const ObjectValues = bound(Object, "values");
export const ObjectPrototypeHasOwnProperty = method(Object.prototype, "hasOwnProperty");
export const ObjectPrototypeIsPrototypeOf = method(Object.prototype, "isPrototypeOf");
export const ObjectPrototypePropertyIsEnumerable = method(Object.prototype, "propertyIsEnumerable");
export const ObjectPrototypeToString = method(Object.prototype, "toString");
export const ObjectPrototypeValueOf = method(Object.prototype, "valueOf");
export const ReflectApply = bound(Reflect, "apply");
export const ReflectConstruct = bound(Reflect, "construct");
export const ReflectDefineProperty = bound(Reflect, "defineProperty");
export const ReflectDeleteProperty = bound(Reflect, "deleteProperty");
export const ReflectGet = bound(Reflect, "get");
export const ReflectGetOwnPropertyDescriptor = bound(Reflect, "getOwnPropertyDescriptor");
export const ReflectGetPrototypeOf = bound(Reflect, "getPrototypeOf");
export const ReflectHas = bound(Reflect, "has");
export const ReflectOwnKeys = bound(Reflect, "ownKeys");
export const ReflectSet = bound(Reflect, "set");
export const ReflectSetPrototypeOf = bound(Reflect, "setPrototypeOf");
export const FunctionPrototypeApply = method(Function.prototype, "apply");
export const FunctionPrototypeBind = method(Function.prototype, "bind");
export const FunctionPrototypeCall = method(Function.prototype, "call");
export const FunctionPrototypeToString = method(Function.prototype, "toString");
export const FunctionPrototypeSymbolHasInstance = method(Function.prototype, Symbol.hasInstance);

// Array and the iterators.
export const ArrayFrom = bound(Array, "from");
export const ArrayIsArray = bound(Array, "isArray");
export const ArrayOf = bound(Array, "of");
export const ArrayPrototypeAt = method(Array.prototype, "at");
export const ArrayPrototypeConcat = method(Array.prototype, "concat");
export const ArrayPrototypeCopyWithin = method(Array.prototype, "copyWithin");
export const ArrayPrototypeEntries = method(Array.prototype, "entries");
export const ArrayPrototypeEvery = method(Array.prototype, "every");
export const ArrayPrototypeFill = method(Array.prototype, "fill");
export const ArrayPrototypeFilter = method(Array.prototype, "filter");
export const ArrayPrototypeFind = method(Array.prototype, "find");
export const ArrayPrototypeFindIndex = method(Array.prototype, "findIndex");
export const ArrayPrototypeFindLast = method(Array.prototype, "findLast");
export const ArrayPrototypeFindLastIndex = method(Array.prototype, "findLastIndex");
export const ArrayPrototypeFlat = method(Array.prototype, "flat");
export const ArrayPrototypeFlatMap = method(Array.prototype, "flatMap");
export const ArrayPrototypeForEach = method(Array.prototype, "forEach");
export const ArrayPrototypeIncludes = method(Array.prototype, "includes");
export const ArrayPrototypeIndexOf = method(Array.prototype, "indexOf");
export const ArrayPrototypeJoin = method(Array.prototype, "join");
export const ArrayPrototypeKeys = method(Array.prototype, "keys");
export const ArrayPrototypeLastIndexOf = method(Array.prototype, "lastIndexOf");
export const ArrayPrototypeMap = method(Array.prototype, "map");
export const ArrayPrototypePop = method(Array.prototype, "pop");
export const ArrayPrototypePush = method(Array.prototype, "push");
export const ArrayPrototypeReduce = method(Array.prototype, "reduce");
export const ArrayPrototypeReverse = method(Array.prototype, "reverse");
export const ArrayPrototypeShift = method(Array.prototype, "shift");
export const ArrayPrototypeSlice = method(Array.prototype, "slice");
export const ArrayPrototypeSome = method(Array.prototype, "some");
export const ArrayPrototypeSort = method(Array.prototype, "sort");
export const ArrayPrototypeSplice = method(Array.prototype, "splice");
export const ArrayPrototypeToSorted = method(Array.prototype, "toSorted");
export const ArrayPrototypeUnshift = method(Array.prototype, "unshift");
export const ArrayIteratorNext = ArrayIteratorPrototype.next;
export const ArrayValues = Array.prototype.values;
export const ArrayPrototypeValues = method(Array.prototype, "values");
export const ArrayPrototypeSymbolIterator = method(Array.prototype, Symbol.iterator);
export const ArrayIteratorPrototypeNext = method(ArrayIteratorPrototype, "next");

// String and RegExp. The methods that take a pattern ask it for Symbol.replace and its kin: give them strings.
export const StringFromCharCode = bound(String, "fromCharCode");
export const StringFromCodePoint = bound(String, "fromCodePoint");
export const StringRaw = bound(String, "raw");
export const StringPrototypeAt = method(String.prototype, "at");
export const StringPrototypeCharAt = method(String.prototype, "charAt");
export const StringPrototypeCharCodeAt = method(String.prototype, "charCodeAt");
export const StringPrototypeCodePointAt = method(String.prototype, "codePointAt");
export const StringPrototypeConcat = method(String.prototype, "concat");
export const StringPrototypeEndsWith = method(String.prototype, "endsWith");
export const StringPrototypeIncludes = method(String.prototype, "includes");
export const StringPrototypeIndexOf = method(String.prototype, "indexOf");
export const StringPrototypeIsWellFormed = method(String.prototype, "isWellFormed");
export const StringPrototypeLastIndexOf = method(String.prototype, "lastIndexOf");
export const StringPrototypeLocaleCompare = method(String.prototype, "localeCompare");
export const StringPrototypeMatch = method(String.prototype, "match");
export const StringPrototypeNormalize = method(String.prototype, "normalize");
export const StringPrototypePadEnd = method(String.prototype, "padEnd");
export const StringPrototypePadStart = method(String.prototype, "padStart");
export const StringPrototypeRepeat = method(String.prototype, "repeat");
export const StringPrototypeReplace = method(String.prototype, "replace");
export const StringPrototypeReplaceAll = method(String.prototype, "replaceAll");
export const StringPrototypeSearch = method(String.prototype, "search");
export const StringPrototypeSlice = method(String.prototype, "slice");
export const StringPrototypeSplit = method(String.prototype, "split");
export const StringPrototypeStartsWith = method(String.prototype, "startsWith");
export const StringPrototypeSubstring = method(String.prototype, "substring");
export const StringPrototypeToLowerCase = method(String.prototype, "toLowerCase");
export const StringPrototypeToString = method(String.prototype, "toString");
export const StringPrototypeToUpperCase = method(String.prototype, "toUpperCase");
export const StringPrototypeToWellFormed = method(String.prototype, "toWellFormed");
export const StringPrototypeTrim = method(String.prototype, "trim");
export const StringPrototypeTrimEnd = method(String.prototype, "trimEnd");
export const StringPrototypeTrimStart = method(String.prototype, "trimStart");
export const RegExpPrototypeExec = method(RegExp.prototype, "exec");
export const RegExpPrototypeTest = method(RegExp.prototype, "test");
export const RegExpPrototypeToString = method(RegExp.prototype, "toString");
export const RegExpPrototypeGetFlags = getter(RegExp.prototype, "flags");
export const RegExpPrototypeGetSource = getter(RegExp.prototype, "source");
export const RegExpPrototypeGetDotAll = getter(RegExp.prototype, "dotAll");
export const RegExpPrototypeGetGlobal = getter(RegExp.prototype, "global");
export const RegExpPrototypeGetHasIndices = getter(RegExp.prototype, "hasIndices");
export const RegExpPrototypeGetIgnoreCase = getter(RegExp.prototype, "ignoreCase");
export const RegExpPrototypeGetMultiline = getter(RegExp.prototype, "multiline");
export const RegExpPrototypeGetSticky = getter(RegExp.prototype, "sticky");
export const RegExpPrototypeGetUnicode = getter(RegExp.prototype, "unicode");
export const RegExpPrototypeGetUnicodeSets = getter(RegExp.prototype, "unicodeSets");
export const RegExpPrototypeSymbolMatch = method(RegExp.prototype, Symbol.match);
export const RegExpPrototypeSymbolReplace = method(RegExp.prototype, Symbol.replace);
export const RegExpPrototypeSymbolSearch = method(RegExp.prototype, Symbol.search);
export const RegExpPrototypeSymbolSplit = method(RegExp.prototype, Symbol.split);

// Numbers.
export const NumberIsFinite = bound(Number, "isFinite");
export const NumberIsInteger = bound(Number, "isInteger");
export const NumberIsNaN = bound(Number, "isNaN");
export const NumberIsSafeInteger = bound(Number, "isSafeInteger");
export const NumberParseFloat = bound(Number, "parseFloat");
export const NumberParseInt = bound(Number, "parseInt");
export const NumberMAX_SAFE_INTEGER = Number.MAX_SAFE_INTEGER;
export const NumberMIN_SAFE_INTEGER = Number.MIN_SAFE_INTEGER;
export const NumberPrototypeToFixed = method(Number.prototype, "toFixed");
export const NumberPrototypeToString = method(Number.prototype, "toString");
export const NumberPrototypeValueOf = method(Number.prototype, "valueOf");
export const BigIntPrototypeToString = method(BigInt.prototype, "toString");
export const BigIntPrototypeValueOf = method(BigInt.prototype, "valueOf");
export const BigIntAsIntN = bound(BigInt, "asIntN");
export const BigIntAsUintN = bound(BigInt, "asUintN");
export const BooleanPrototypeToString = method(Boolean.prototype, "toString");
export const BooleanPrototypeValueOf = method(Boolean.prototype, "valueOf");
export const SymbolPrototypeToString = method(Symbol.prototype, "toString");
export const SymbolPrototypeValueOf = method(Symbol.prototype, "valueOf");
export const SymbolPrototypeGetDescription = getter(Symbol.prototype, "description");
export const MathAbs = bound(Math, "abs");
export const MathCeil = bound(Math, "ceil");
export const MathClz32 = bound(Math, "clz32");
export const MathFloor = bound(Math, "floor");
export const MathFround = bound(Math, "fround");
export const MathLog2 = bound(Math, "log2");
export const MathMax = bound(Math, "max");
export const MathMin = bound(Math, "min");
export const MathPow = bound(Math, "pow");
export const MathRandom = bound(Math, "random");
export const MathRound = bound(Math, "round");
export const MathSign = bound(Math, "sign");
export const MathSqrt = bound(Math, "sqrt");
export const MathTrunc = bound(Math, "trunc");

// Collections.
export const MapPrototypeClear = method(Map.prototype, "clear");
export const MapPrototypeDelete = method(Map.prototype, "delete");
export const MapPrototypeEntries = method(Map.prototype, "entries");
export const MapPrototypeForEach = method(Map.prototype, "forEach");
export const MapPrototypeGet = method(Map.prototype, "get");
export const MapPrototypeHas = method(Map.prototype, "has");
export const MapPrototypeKeys = method(Map.prototype, "keys");
export const MapPrototypeSet = method(Map.prototype, "set");
export const MapPrototypeValues = method(Map.prototype, "values");
export const MapPrototypeGetSize = getter(Map.prototype, "size");
export const SetPrototypeAdd = method(Set.prototype, "add");
export const SetPrototypeClear = method(Set.prototype, "clear");
export const SetPrototypeDelete = method(Set.prototype, "delete");
export const SetPrototypeEntries = method(Set.prototype, "entries");
export const SetPrototypeForEach = method(Set.prototype, "forEach");
export const SetPrototypeHas = method(Set.prototype, "has");
export const SetPrototypeKeys = method(Set.prototype, "keys");
export const SetPrototypeValues = method(Set.prototype, "values");
export const SetPrototypeGetSize = getter(Set.prototype, "size");
export const MapIteratorPrototypeNext = method(Object.getPrototypeOf(new Map()[Symbol.iterator]()), "next");
export const SetIteratorPrototypeNext = method(Object.getPrototypeOf(new Set()[Symbol.iterator]()), "next");
export const WeakMapPrototypeDelete = method(WeakMap.prototype, "delete");
export const WeakMapPrototypeGet = method(WeakMap.prototype, "get");
export const WeakMapPrototypeHas = method(WeakMap.prototype, "has");
export const WeakMapPrototypeSet = method(WeakMap.prototype, "set");
export const WeakSetPrototypeAdd = method(WeakSet.prototype, "add");
export const WeakSetPrototypeDelete = method(WeakSet.prototype, "delete");
export const WeakSetPrototypeHas = method(WeakSet.prototype, "has");
export const WeakRefPrototypeDeref = method(WeakRef.prototype, "deref");
export const FinalizationRegistryPrototypeRegister = method(FinalizationRegistry.prototype, "register");
export const FinalizationRegistryPrototypeUnregister = method(FinalizationRegistry.prototype, "unregister");

// Bytes.
export const ArrayBufferIsView = bound(ArrayBuffer, "isView");
export const ArrayBufferPrototypeResize = method(ArrayBuffer.prototype, "resize");
export const ArrayBufferPrototypeSlice = method(ArrayBuffer.prototype, "slice");
export const ArrayBufferPrototypeTransfer = method(ArrayBuffer.prototype, "transfer");
export const ArrayBufferPrototypeTransferToFixedLength = method(ArrayBuffer.prototype, "transferToFixedLength");
export const ArrayBufferPrototypeGetByteLength = getter(ArrayBuffer.prototype, "byteLength");
export const ArrayBufferPrototypeGetDetached = getter(ArrayBuffer.prototype, "detached");
export const ArrayBufferPrototypeGetMaxByteLength = getter(ArrayBuffer.prototype, "maxByteLength");
export const ArrayBufferPrototypeGetResizable = getter(ArrayBuffer.prototype, "resizable");
export const SharedArrayBufferPrototypeGrow = method(SharedArrayBuffer_?.prototype, "grow");
export const SharedArrayBufferPrototypeSlice = method(SharedArrayBuffer_?.prototype, "slice");
export const SharedArrayBufferPrototypeGetByteLength = getter(SharedArrayBuffer_?.prototype, "byteLength");
export const SharedArrayBufferPrototypeGetGrowable = getter(SharedArrayBuffer_?.prototype, "growable");
export const SharedArrayBufferPrototypeGetMaxByteLength = getter(SharedArrayBuffer_?.prototype, "maxByteLength");
export const TypedArrayFrom = bound(TypedArray, "from");
export const TypedArrayOf = bound(TypedArray, "of");
export const TypedArrayPrototypeAt = method(TypedArray.prototype, "at");
export const TypedArrayPrototypeCopyWithin = method(TypedArray.prototype, "copyWithin");
export const TypedArrayPrototypeFill = method(TypedArray.prototype, "fill");
export const TypedArrayPrototypeIncludes = method(TypedArray.prototype, "includes");
export const TypedArrayPrototypeIndexOf = method(TypedArray.prototype, "indexOf");
export const TypedArrayPrototypeLastIndexOf = method(TypedArray.prototype, "lastIndexOf");
export const TypedArrayPrototypeSet = method(TypedArray.prototype, "set");
export const TypedArrayPrototypeSlice = method(TypedArray.prototype, "slice");
export const TypedArrayPrototypeSubarray = method(TypedArray.prototype, "subarray");
export const TypedArrayPrototypeGetBuffer = getter(TypedArray.prototype, "buffer");
export const TypedArrayPrototypeGetByteLength = getter(TypedArray.prototype, "byteLength");
export const TypedArrayPrototypeGetByteOffset = getter(TypedArray.prototype, "byteOffset");
export const TypedArrayPrototypeGetLength = getter(TypedArray.prototype, "length");
export const TypedArrayPrototypeGetSymbolToStringTag = getter(TypedArray.prototype, Symbol.toStringTag);
export const DataViewPrototypeGetBigInt64 = method(DataView.prototype, "getBigInt64");
export const DataViewPrototypeGetBigUint64 = method(DataView.prototype, "getBigUint64");
export const DataViewPrototypeGetFloat32 = method(DataView.prototype, "getFloat32");
export const DataViewPrototypeGetFloat64 = method(DataView.prototype, "getFloat64");
export const DataViewPrototypeGetInt16 = method(DataView.prototype, "getInt16");
export const DataViewPrototypeGetInt32 = method(DataView.prototype, "getInt32");
export const DataViewPrototypeGetInt8 = method(DataView.prototype, "getInt8");
export const DataViewPrototypeGetUint16 = method(DataView.prototype, "getUint16");
export const DataViewPrototypeGetUint32 = method(DataView.prototype, "getUint32");
export const DataViewPrototypeGetUint8 = method(DataView.prototype, "getUint8");
export const DataViewPrototypeSetBigInt64 = method(DataView.prototype, "setBigInt64");
export const DataViewPrototypeSetBigUint64 = method(DataView.prototype, "setBigUint64");
export const DataViewPrototypeSetFloat32 = method(DataView.prototype, "setFloat32");
export const DataViewPrototypeSetFloat64 = method(DataView.prototype, "setFloat64");
export const DataViewPrototypeSetInt16 = method(DataView.prototype, "setInt16");
export const DataViewPrototypeSetInt32 = method(DataView.prototype, "setInt32");
export const DataViewPrototypeSetInt8 = method(DataView.prototype, "setInt8");
export const DataViewPrototypeSetUint16 = method(DataView.prototype, "setUint16");
export const DataViewPrototypeSetUint32 = method(DataView.prototype, "setUint32");
export const DataViewPrototypeSetUint8 = method(DataView.prototype, "setUint8");
export const DataViewPrototypeGetBuffer = getter(DataView.prototype, "buffer");
export const DataViewPrototypeGetByteLength = getter(DataView.prototype, "byteLength");
export const DataViewPrototypeGetByteOffset = getter(DataView.prototype, "byteOffset");

// Dates, errors, JSON, URIs, proxies.
export const DateNow = bound(Date, "now");
export const DateParse = bound(Date, "parse");
export const DateUTC = bound(Date, "UTC");
export const DatePrototypeGetTime = method(Date.prototype, "getTime");
export const DatePrototypeGetTimezoneOffset = method(Date.prototype, "getTimezoneOffset");
export const DatePrototypeToISOString = method(Date.prototype, "toISOString");
export const DatePrototypeToString = method(Date.prototype, "toString");
export const DatePrototypeToUTCString = method(Date.prototype, "toUTCString");
export const DatePrototypeValueOf = method(Date.prototype, "valueOf");
export const ErrorPrototypeToString = method(Error.prototype, "toString");
export const ErrorPrototypeGetStack = getter(Error.prototype, "stack");
export const ErrorCaptureStackTrace = bound(Error, "captureStackTrace");
export const DOMExceptionPrototypeGetCode = getter(DOMExceptionPrototype, "code");
export const DOMExceptionPrototypeGetMessage = getter(DOMExceptionPrototype, "message");
export const DOMExceptionPrototypeGetName = getter(DOMExceptionPrototype, "name");
export const JSONParse = bound(JSON, "parse");
export const JSONStringify = bound(JSON, "stringify");
export const ProxyRevocable = bound(Proxy, "revocable");
export const globalDecodeURI = globalThis.decodeURI;
export const globalDecodeURIComponent = globalThis.decodeURIComponent;
export const globalEncodeURI = globalThis.encodeURI;
export const globalEncodeURIComponent = globalThis.encodeURIComponent;
export const globalIsFinite = globalThis.isFinite;
export const globalIsNaN = globalThis.isNaN;
export const globalParseFloat = globalThis.parseFloat;
export const globalParseInt = globalThis.parseInt;
export const globalEval = globalThis.eval;
export const globalQueueMicrotask = globalThis.queueMicrotask;

// Promises.
// NB: PromisePrototypeThen asks the promise for its `constructor`; a script that replaces that on Promise.prototype is on its own.
export const PromisePrototypeCatch = method(Promise.prototype, "catch");
export const PromisePrototypeFinally = method(Promise.prototype, "finally");
export const PromisePrototypeThen = method(Promise.prototype, "then");
export const PromiseAll = bound(Promise, "all");
export const PromiseAllSettled = bound(Promise, "allSettled");
export const PromiseAny = bound(Promise, "any");
export const PromiseRace = bound(Promise, "race");
export const PromiseReject = bound(Promise, "reject");
export const PromiseResolve = bound(Promise, "resolve");
export const PromiseWithResolvers = bound(Promise, "withResolvers");

/** A new promise with its capability: `{ promise, resolve, reject }`. */
export const newPromise = PromiseWithResolvers;

/** Waits for a promise and makes no other: reactions that throw are the caller's mistake and are reported as unhandled. */
export function uponPromise(promise, onFulfilled, onRejected) {
  PromisePrototypeThen(promise, onFulfilled, onRejected);
}

/** Says that nobody has to handle this promise's rejection. */
export function markHandled(promise) {
  PromisePrototypeThen(promise, undefined, ignore);
}
function ignore() {}

// Small things that the prelude would otherwise write with iterators.

/** Is this an ECMAScript object? */
export function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

// NB: what an array lacks is looked for on Array.prototype, where script may have put a setter for "0".
class List extends Array_ {}
delete List.prototype.constructor;
ObjectSetPrototypeOf(List.prototype, null);

/** An empty array that inherits nothing, to be filled by `list[list.length] = value`. Script is given `ArrayPrototypeSlice(list)`. */
export function newList() {
  return new List();
}

/** The value of an own data property; undefined where there is none. NB: Object.prototype may have a `value` or a `get` for descriptors. */
export function dataValue(object, key) {
  const property = ObjectGetOwnPropertyDescriptor(object, key);
  return property !== undefined && ObjectHasOwn(property, "value") ? property.value : undefined;
}

/** Defines a data property on an object that is not script's yet, whatever Object.prototype says about the name. */
export function createDataProperty(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}
