// Safe passing of structured data: https://html.spec.whatwg.org/#safe-passing-of-structured-data
//
// What is serialized is data of ours: primitive values as they are, each object as a record, the same for the same object. Other
// files say how their platform objects are serialized and transferred; this one knows those of JavaScript and DOMException.
// A record is deserialized once at most, and may be used up. What stays in the realm is a copy instead where nobody can tell.

import {
  Array, ArrayBuffer, ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeGetDetached,
  ArrayBufferPrototypeGetMaxByteLength, ArrayBufferPrototypeGetResizable, ArrayBufferPrototypeResize,
  ArrayBufferPrototypeTransfer, BigInt64Array, BigIntPrototypeValueOf, BigUint64Array, Boolean, BooleanPrototypeValueOf,
  DOMException, DOMExceptionPrototypeGetMessage, DOMExceptionPrototypeGetName, DataView, DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset, Date, DatePrototypeGetTime, Error, ErrorPrototypeGetStack,
  EvalError, Float16Array, Float32Array, Float64Array, Int16Array, Int32Array, Int8Array, Map, MapPrototypeForEach,
  MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, Number, NumberPrototypeValueOf, Object, ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor, ObjectGetPrototypeOf, ObjectHasOwn, ObjectKeys, ObjectPrototype, ObjectSetPrototypeOf,
  RangeError, ReferenceError, RegExp, RegExpPrototypeGetDotAll, RegExpPrototypeGetGlobal, RegExpPrototypeGetHasIndices,
  RegExpPrototypeGetIgnoreCase, RegExpPrototypeGetMultiline, RegExpPrototypeGetSource, RegExpPrototypeGetSticky,
  RegExpPrototypeGetUnicode, RegExpPrototypeGetUnicodeSets, Set, SetPrototypeAdd, SetPrototypeForEach, String,
  StringPrototypeToString, SyntaxError, TypeError, TypedArrayPrototypeAt, TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength, TypedArrayPrototypeSet,
  URIError, Uint16Array, Uint32Array, Uint8Array, Uint8ClampedArray, dataValue, newList, ops,
} from "./primordials.js";
import { keepShapes, unwrap, unwrapAny, wrap } from "./platform_objects.js";
import { DOMString } from "./webidl.js";
import { isInterfaceIterator } from "./webidl_iterators.js";
import { className } from "./class_names.js";
import { createQuotaExceededError, quotaOfError } from "./quota_exceeded_error.js";

const nothing = newList();

function DataCloneError(message) {
  return new DOMException(message, "DataCloneError");
}

// https://html.spec.whatwg.org/#serializable-objects, those of subclasses first.
const serializable = newList();

/**
 * Makes the platform objects of an interface serializable.
 * `serialize(impl, subSerialize)` gives any data, `deserialize(data, subDeserialize)` the new implementation.
 */
export function registerSerializable(Impl, { serialize, deserialize }) {
  // A subclass is registered after its superclass and must be asked before it.
  const id = serializable.length;
  for (let i = id; i > 0; i--) serializable[i] = serializable[i - 1];
  serializable[0] = { __proto__: null, id, Impl, serialize, deserialize };
}

// https://html.spec.whatwg.org/#transferable-objects
const transferable = newList();

/**
 * Makes the platform objects of an interface transferable.
 * `isDetached(impl)`, `transfer(impl)` gives any data and detaches, `receive(data)` the new implementation.
 */
export function registerTransferable(Impl, { isDetached, transfer, receive }) {
  transferable[transferable.length] = { __proto__: null, id: transferable.length, Impl, isDetached, transfer, receive };
}

// Of which kind a record is. NB: records are data, which may leave the realm: the number is the same in every realm.
function kindOf(registry, id) {
  for (let i = 0; i < registry.length; i++) {
    if (registry[i].id === id) return registry[i];
  }
  return undefined;
}

function entryOf(registry, value) {
  for (let i = 0; i < registry.length; i++) {
    const impl = unwrap(value, registry[i].Impl);
    if (impl !== undefined) return { __proto__: null, kind: registry[i], impl };
  }
  return undefined;
}

const errorConstructors = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const viewConstructors = {
  __proto__: null, BigInt64Array, BigUint64Array, DataView, Float16Array, Float32Array, Float64Array, Int16Array, Int32Array,
  Int8Array, Uint16Array, Uint32Array, Uint8Array, Uint8ClampedArray,
};

// https://html.spec.whatwg.org/#structuredserializeinternal, forStorage being false.
function StructuredSerializeInternal(value, memory) {
  const type = typeof value;
  if (type === "symbol") throw DataCloneError("A symbol cannot be cloned.");
  if (type === "function") throw DataCloneError("A function cannot be cloned.");
  if (type !== "object" || value === null) return value;
  const known = MapPrototypeGet(memory, value);
  if (known !== undefined) return known;
  const name = className(value);
  const record = { __proto__: null, type: name };
  // NB: as soon as the value can come up again, it must be known.
  MapPrototypeSet(memory, value, record);
  // These two first, as most objects are of them.
  if (name === "Object") {
    if (!serializePlatformObject(value, record, memory)) serializeProperties(value, record, memory);
    return record;
  }
  if (name === "Array") {
    record.length = value.length;
    serializeProperties(value, record, memory);
    return record;
  }
  switch (name) {
    case "Boolean":
      record.value = BooleanPrototypeValueOf(value);
      return record;
    case "Number":
      record.value = NumberPrototypeValueOf(value);
      return record;
    case "BigInt":
      record.value = BigIntPrototypeValueOf(value);
      return record;
    case "String":
      record.value = StringPrototypeToString(value);
      return record;
    case "Date":
      record.value = DatePrototypeGetTime(value);
      return record;
    case "RegExp":
      serializeRegExp(value, record);
      return record;
    case "ArrayBuffer":
      serializeArrayBuffer(value, record);
      return record;
    case "SharedArrayBuffer":
      // DEPARTS: in a cross-origin isolated global too, since the engine makes no second object of the same memory:
      // https://html.spec.whatwg.org/#structuredserializeinternal
      throw DataCloneError("A SharedArrayBuffer cannot be cloned.");
    case "Map":
      serializeMap(value, record, memory);
      return record;
    case "Set":
      serializeSet(value, record, memory);
      return record;
    case "Error":
      serializeError(value, record, memory);
      return record;
    case "DOMException":
      if (serializePlatformObject(value, record, memory)) return record;
      record.name = DOMExceptionPrototypeGetName(value);
      record.message = DOMExceptionPrototypeGetMessage(value);
      record.quota = quotaOfError(value);
      record.stack = stackOf(value);
      return record;
  }
  if (viewConstructors[name] !== undefined) {
    serializeView(value, record, memory);
    return record;
  }
  throw DataCloneError("The object cannot be cloned.");
}

// NB: the getter `flags` asks the object for its properties, which script may have replaced; these ask for its slots.
function serializeRegExp(value, record) {
  record.source = RegExpPrototypeGetSource(value);
  record.flags =
    (RegExpPrototypeGetHasIndices(value) ? "d" : "") +
    (RegExpPrototypeGetGlobal(value) ? "g" : "") +
    (RegExpPrototypeGetIgnoreCase(value) ? "i" : "") +
    (RegExpPrototypeGetMultiline(value) ? "m" : "") +
    (RegExpPrototypeGetDotAll(value) ? "s" : "") +
    (RegExpPrototypeGetUnicode(value) ? "u" : "") +
    (RegExpPrototypeGetUnicodeSets(value) ? "v" : "") +
    (RegExpPrototypeGetSticky(value) ? "y" : "");
}

function copyOf(buffer, length, maxByteLength) {
  const copy = maxByteLength === undefined ? new ArrayBuffer(length) : new ArrayBuffer(length, { __proto__: null, maxByteLength });
  if (length > 0) TypedArrayPrototypeSet(new Uint8Array(copy), new Uint8Array(buffer));
  return copy;
}

function serializeArrayBuffer(value, record) {
  if (ArrayBufferPrototypeGetDetached(value)) throw DataCloneError("A detached ArrayBuffer cannot be cloned.");
  record.maxByteLength = maxByteLengthOf(value);
  record.bytes = copyOf(value, ArrayBufferPrototypeGetByteLength(value), undefined);
}

// Undefined for one of fixed length.
function maxByteLengthOf(buffer) {
  return ArrayBufferPrototypeGetResizable(buffer) ? ArrayBufferPrototypeGetMaxByteLength(buffer) : undefined;
}

function serializeView(value, record, memory) {
  let buffer, byteLength, byteOffset, length;
  try {
    if (record.type === "DataView") {
      buffer = DataViewPrototypeGetBuffer(value);
      byteLength = length = DataViewPrototypeGetByteLength(value);
      byteOffset = DataViewPrototypeGetByteOffset(value);
    } else {
      // Throws where the array is out of bounds; its getters do not.
      TypedArrayPrototypeAt(value, 0);
      buffer = TypedArrayPrototypeGetBuffer(value);
      byteLength = TypedArrayPrototypeGetByteLength(value);
      byteOffset = TypedArrayPrototypeGetByteOffset(value);
      length = TypedArrayPrototypeGetLength(value);
    }
  } catch {
    throw DataCloneError("A view that its buffer has no room for cannot be cloned.");
  }
  record.length = tracksLength(value, buffer, byteOffset + byteLength) ? undefined : length;
  record.byteOffset = byteOffset;
  record.buffer = StructuredSerializeInternal(buffer, memory);
}

// Has a view the length `auto`? JavaScript does not say; what becomes of the view in a buffer of another length does.
function tracksLength(view, buffer, end) {
  if (className(buffer) !== "ArrayBuffer" || !ArrayBufferPrototypeGetResizable(buffer)) return false;
  const length = ArrayBufferPrototypeGetByteLength(buffer);
  const most = ArrayBufferPrototypeGetMaxByteLength(buffer);
  if (most - length < 8) return tracksLengthOfFull(view, buffer, length);
  const before = byteLengthOf(view);
  ArrayBufferPrototypeResize(buffer, length + 8);
  const after = byteLengthOf(view);
  ArrayBufferPrototypeResize(buffer, length);
  return after !== before;
}

// There is no room to grow by an element: shrinks instead, and puts back what that took.
function tracksLengthOfFull(view, buffer, length) {
  const start = className(view) === "DataView" ? DataViewPrototypeGetByteOffset(view) : TypedArrayPrototypeGetByteOffset(view);
  if (length === start) return false;
  const tail = copyOf(new Uint8Array(buffer, start), length - start);
  ArrayBufferPrototypeResize(buffer, start);
  let tracks = true;
  try {
    // A view of fixed length is now out of bounds.
    if (className(view) === "DataView") DataViewPrototypeGetByteLength(view);
    else TypedArrayPrototypeAt(view, 0);
  } catch {
    tracks = false;
  }
  ArrayBufferPrototypeResize(buffer, length);
  TypedArrayPrototypeSet(new Uint8Array(buffer, start), new Uint8Array(tail));
  return tracks;
}

function byteLengthOf(view) {
  return className(view) === "DataView" ? DataViewPrototypeGetByteLength(view) : TypedArrayPrototypeGetByteLength(view);
}

function serializeMap(value, record, memory) {
  const copied = newList();
  MapPrototypeForEach(value, (entryValue, key) => {
    copied[copied.length] = key;
    copied[copied.length] = entryValue;
  });
  for (let i = 0; i < copied.length; i++) copied[i] = StructuredSerializeInternal(copied[i], memory);
  record.data = copied;
}

function serializeSet(value, record, memory) {
  const copied = newList();
  SetPrototypeForEach(value, (entry) => {
    copied[copied.length] = entry;
  });
  for (let i = 0; i < copied.length; i++) copied[i] = StructuredSerializeInternal(copied[i], memory);
  record.data = copied;
}

function serializeError(value, record, memory) {
  const { name } = value;
  record.name = typeof name === "string" && errorConstructors[name] !== undefined ? name : "Error";
  const message = ObjectGetOwnPropertyDescriptor(value, "message");
  record.message = isData(message) ? DOMString(message.value, "The message of an error") : undefined;
  record.stack = stackOf(value);
  const cause = ObjectGetOwnPropertyDescriptor(value, "cause");
  record.hasCause = isData(cause);
  if (record.hasCause) record.cause = StructuredSerializeInternal(cause.value, memory);
}

function isData(property) {
  return property !== undefined && ObjectHasOwn(property, "value");
}

function stackOf(value) {
  const stack = ObjectHasOwn(value, "stack") ? dataValue(value, "stack") : ErrorPrototypeGetStack(value);
  return typeof stack === "string" ? stack : undefined;
}

function serializePlatformObject(value, record, memory) {
  // DEPARTS: a platform object with Object.prototype for a prototype is an object like any other, as asking everybody costs
  // time: https://html.spec.whatwg.org/#structuredserializeinternal
  if (ObjectGetPrototypeOf(value) === ObjectPrototype) return false;
  const entry = entryOf(serializable, value);
  if (entry === undefined) {
    if (unwrapAny(value) !== undefined || isInterfaceIterator(value)) throw DataCloneError("The object cannot be cloned.");
    return false;
  }
  record.type = "platform";
  record.kind = entry.kind.id;
  record.data = entry.kind.serialize(entry.impl, (sub) => StructuredSerializeInternal(sub, memory));
  return true;
}

function serializeProperties(value, record, memory) {
  const keys = ObjectKeys(value);
  const properties = newList();
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    // A getter may have removed it meanwhile.
    if (!ObjectHasOwn(value, key)) continue;
    properties[properties.length] = key;
    properties[properties.length] = StructuredSerializeInternal(value[key], memory);
  }
  record.properties = properties;
}

// https://html.spec.whatwg.org/#structureddeserialize
function StructuredDeserializeInternal(serialized, memory) {
  if (typeof serialized !== "object" || serialized === null) return serialized;
  const known = MapPrototypeGet(memory, serialized);
  if (known !== undefined) return known;
  const { properties } = serialized;
  const value = properties === undefined ? create(serialized, memory) : serialized.type === "Array" ? new Array(serialized.length) : {};
  MapPrototypeSet(memory, serialized, value);
  if (properties === undefined) fill(serialized, value, memory);
  else defineProperties(value, properties, memory);
  return value;
}

function create(serialized, memory) {
  switch (serialized.type) {
    case "Boolean":
    case "Number":
    case "BigInt":
    case "String":
      return new Object(serialized.value);
    case "Date":
      return new Date(serialized.value);
    case "RegExp":
      return new RegExp(serialized.source, serialized.flags);
    case "ArrayBuffer":
      return receiveBuffer(serialized);
    case "Map":
      return new Map();
    case "Set":
      return new Set();
    case "Error":
      return createError(serialized);
    case "DOMException":
      return createDOMException(serialized);
    case "platform":
      return wrap(
        kindOf(serializable, serialized.kind).deserialize(serialized.data, (sub) => StructuredDeserializeInternal(sub, memory)),
      );
  }
  const buffer = StructuredDeserializeInternal(serialized.buffer, memory);
  return new viewConstructors[serialized.type](buffer, serialized.byteOffset, serialized.length);
}

function fill(serialized, value, memory) {
  const { type, data } = serialized;
  if (type === "Map") {
    for (let i = 0; i < data.length; i += 2) {
      const key = StructuredDeserializeInternal(data[i], memory);
      MapPrototypeSet(value, key, StructuredDeserializeInternal(data[i + 1], memory));
    }
  } else if (type === "Set") {
    for (let i = 0; i < data.length; i++) SetPrototypeAdd(value, StructuredDeserializeInternal(data[i], memory));
  } else if (type === "Error" && serialized.hasCause) {
    hiddenProperty(value, "cause", StructuredDeserializeInternal(serialized.cause, memory));
  }
}

// NB: nothing of Object.prototype or Array.prototype may have a say, and an object without a prototype asks none.
function defineProperties(value, properties, memory) {
  const prototype = ObjectGetPrototypeOf(value);
  ObjectSetPrototypeOf(value, null);
  for (let i = 0; i < properties.length; i += 2) value[properties[i]] = StructuredDeserializeInternal(properties[i + 1], memory);
  ObjectSetPrototypeOf(value, prototype);
}

function createError(serialized) {
  const error = new errorConstructors[serialized.name]();
  if (serialized.message !== undefined) hiddenProperty(error, "message", serialized.message);
  return withStack(error, serialized.stack);
}

function createDOMException({ name, message, stack, quota }) {
  if (quota === undefined) return withStack(new DOMException(message, name), stack);
  return withStack(createQuotaExceededError(message, quota.quota, quota.requested), stack);
}

function withStack(error, stack) {
  if (stack !== undefined) hiddenProperty(error, "stack", stack);
  return error;
}

function hiddenProperty(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

/** https://html.spec.whatwg.org/#structuredserialize */
export function StructuredSerialize(value) {
  return StructuredSerializeInternal(value, new Map());
}

/** https://html.spec.whatwg.org/#structureddeserialize */
export function StructuredDeserialize(serialized) {
  return StructuredDeserializeInternal(serialized, new Map());
}

/** https://html.spec.whatwg.org/#structuredserializewithtransfer */
export function StructuredSerializeWithTransfer(value, transferList) {
  // 1, 2. What is transferred is known before anything is serialized.
  const memory = new Map();
  const entries = newList();
  for (let i = 0; i < transferList.length; i++) {
    const object = transferList[i];
    const isBuffer = className(object) === "ArrayBuffer";
    const entry = isBuffer ? undefined : entryOf(transferable, object);
    if (!isBuffer && entry === undefined) throw DataCloneError("The object cannot be transferred.");
    if (MapPrototypeHas(memory, object)) throw DataCloneError("An object cannot be transferred twice.");
    const record = { __proto__: null, type: "transferred" };
    MapPrototypeSet(memory, object, record);
    entries[i] = { __proto__: null, object, entry, record };
  }
  // 3. NB: this may run script, which may detach some of it.
  const serialized = StructuredSerializeInternal(value, memory);
  // 4, 5. Takes them away.
  for (let i = 0; i < entries.length; i++) {
    const { object, entry, record } = entries[i];
    if (entry === undefined) {
      if (ArrayBufferPrototypeGetDetached(object)) throw DataCloneError("A detached ArrayBuffer cannot be transferred.");
      record.maxByteLength = maxByteLengthOf(object);
      record.bytes = ArrayBufferPrototypeTransfer(object);
    } else {
      if (entry.kind.isDetached(entry.impl)) throw DataCloneError("An object that is detached, as a port that was closed, cannot be transferred.");
      record.kind = entry.kind.id;
      record.data = entry.kind.transfer(entry.impl);
    }
  }
  const transferred = newList();
  for (let i = 0; i < entries.length; i++) transferred[i] = entries[i].record;
  return { __proto__: null, serialized, transferred };
}

// NB: on its way to another realm a buffer loses what it may grow to.
function receiveBuffer({ bytes, maxByteLength }) {
  if (maxByteLength === undefined || ArrayBufferPrototypeGetResizable(bytes)) return bytes;
  return copyOf(bytes, ArrayBufferPrototypeGetByteLength(bytes), maxByteLength);
}

// What was copied already, and transfers nothing but buffers; the receiver's as it is.
class Copied {
  value;

  constructor(value) {
    this.value = value;
  }
}
ObjectSetPrototypeOf(Copied.prototype, null);
Copied.prototype.transferred = nothing;
keepShapes(Copied);

/**
 * StructuredSerializeWithTransfer of what is to be deserialized in this very realm. To look at some values runs no script, and neither
 * does to make them again: that is done at once.
 */
export function serializeWithinRealm(value, transferList) {
  const type = typeof value;
  if (type === "object" && value !== null) {
    const copy = ops.structured_plain_copy(value, transferList, ArrayBufferPrototypeGetResizable, ArrayBufferPrototypeTransfer);
    if (copy !== undefined) return new Copied(copy);
  } else if (type !== "symbol" && type !== "function" && transferList.length === 0) {
    return new Copied(value);
  }
  return StructuredSerializeWithTransfer(value, transferList);
}

/** The same for another realm, after all. */
export function serializedForOthers(message) {
  return message instanceof Copied ? StructuredSerializeWithTransfer(message.value, nothing) : message;
}

/** https://html.spec.whatwg.org/#structureddeserializewithtransfer; what comes from another realm is `written`, and read here. */
export function StructuredDeserializeWithTransfer(message) {
  if (message instanceof Copied) return message;
  const { serialized, transferred } = message.written === undefined ? message : ops.message_read(message.written);
  const memory = new Map();
  const values = newList();
  for (let i = 0; i < transferred.length; i++) {
    const record = transferred[i];
    values[i] = record.kind === undefined ? receiveBuffer(record) : wrap(kindOf(transferable, record.kind).receive(record.data));
    MapPrototypeSet(memory, record, values[i]);
  }
  return { __proto__: null, value: StructuredDeserializeInternal(serialized, memory), transferred: values };
}

/** https://html.spec.whatwg.org/#dom-structuredclone */
export function structuredClone(value, options) {
  const data = serializeWithinRealm(value, options.transfer);
  return StructuredDeserializeWithTransfer(data).value;
}
