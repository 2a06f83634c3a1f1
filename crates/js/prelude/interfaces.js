// What the shells have in common: https://webidl.spec.whatwg.org/#js-interfaces
//
// The properties of interface objects and their prototypes, and who sees them (https://webidl.spec.whatwg.org/#define-the-global-property-references).

import {
  ArrayPrototypeJoin, Error, ObjectCreate, ObjectDefineProperties, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf, ObjectPrototype, ObjectSetPrototypeOf, ReflectConstruct, ReflectDeleteProperty, ReflectOwnKeys,
  ReflectSet, SymbolToStringTag, TypeError, createDataProperty, global, isObject, newList,
} from "./primordials.js";
import { NEW, connect, globalImplementation, setGlobalImplementation } from "./platform_objects.js";

/** Makes an object of an interface that inherits: the root of the chain keeps its implementation. */
export function newObject(Root, Shell, impl, newTarget, own1, own2) {
  const object = ReflectConstruct(Root, [NEW, impl], newTarget);
  if (newTarget !== Shell) repairPrototype(object, Shell);
  if (own1 !== undefined) ObjectDefineProperties(object, own1);
  if (own2 !== undefined) ObjectDefineProperties(object, own2);
  return object;
}

/** Where new.target has no object as its prototype, the engine took Object.prototype for the interface's. */
export function repairPrototype(object, Shell) {
  if (ObjectGetPrototypeOf(object) === ObjectPrototype) ObjectSetPrototypeOf(object, Shell.prototype);
}

function setEnumerable(object, names) {
  for (let i = 0; i < names.length; i++) ObjectDefineProperty(object, names[i], { __proto__: null, enumerable: true });
}

function defineConstants(object, constants) {
  for (let i = 0; i < constants.length; i += 2) {
    ObjectDefineProperty(object, constants[i], { __proto__: null, value: constants[i + 1], enumerable: true });
  }
}

function setTag(object, tag) {
  ObjectDefineProperty(object, SymbolToStringTag, { __proto__: null, value: tag, configurable: true });
}

export function finishInterface(Shell, name, Impl, unwrapThis, members, statics, constants, Root) {
  if (Impl !== undefined) connect(Impl, Shell, unwrapThis, Root);
  setEnumerable(Shell.prototype, members);
  setEnumerable(Shell, statics);
  defineConstants(Shell, constants);
  defineConstants(Shell.prototype, constants);
  setTag(Shell.prototype, name);
}

/** @@iterator and @@asyncIterator, the same function object as the method that they stand for. */
export function alias(Shell, symbol, method) {
  const value = Shell.prototype[method];
  ObjectDefineProperty(Shell.prototype, symbol, { __proto__: null, value, writable: true, configurable: true });
}

/** The properties that each object of an interface gets for [LegacyUnforgeable]. */
export function ownMembers(members) {
  const properties = { __proto__: null };
  const keys = ReflectOwnKeys(members);
  for (let i = 0; i < keys.length; i++) properties[keys[i]] = unforgeable(ObjectGetOwnPropertyDescriptor(members, keys[i]));
  return properties;
}
function unforgeable({ get, set, value }) {
  return get === undefined && set === undefined
    ? { __proto__: null, value, enumerable: true }
    : { __proto__: null, get, set, enumerable: true };
}

/** The setter of an attribute with [Replaceable]. */
export function replace(object, key, V) {
  createDataProperty(object === undefined || object === null ? global : object, key, V);
}

/** The setter of an attribute with [PutForwards]. */
export function putForwards(object, key, forwards, V) {
  const Q = (object === undefined || object === null ? global : object)[key];
  if (!isObject(Q)) throw new TypeError(`Failed to set '${key}': it is not an object`);
  ReflectSet(Q, forwards, V);
}

export function callbackInterfaceObject(name, constants) {
  // A function that is no constructor has no `prototype`: only the Standard's "legacy callback interface object" looks so.
  const shell = {
    [name]() {
      throw new TypeError("Illegal constructor");
    },
  }[name];
  defineConstants(shell, constants);
  return shell;
}

export function namespaceObject(name, members, constants) {
  defineConstants(members, constants);
  setTag(members, name);
  // https://console.spec.whatwg.org/#console-namespace has an empty object before Object.prototype.
  if (name === "console") ObjectSetPrototypeOf(members, ObjectCreate(ObjectPrototype));
  return members;
}

const KINDS = { __proto__: null, window: 1, worker: 2, sharedworker: 4, serviceworker: 8 };

// What the global is, once it has them.
let exposedBit = 0;
let exposedSecurely = false;

/** Is a member here that so many kinds of global expose? */
export function isExposed(bits, secure) {
  return (bits & exposedBit) !== 0 && (exposedSecurely || !secure);
}

/** Gives the global the interfaces and namespaces that its kind exposes, and the members of its own interface. */
export function expose(kind, secureContext, rows, globals) {
  const bit = KINDS[kind];
  if (bit === undefined) throw new TypeError(`'${kind}' is no kind of global`);
  exposedBit = bit;
  exposedSecurely = secureContext;
  const missing = newList();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (!isExposed(row[3], row[4])) continue;
    if (row[2] === undefined) {
      missing[missing.length] = row[0];
      continue;
    }
    const guarded = row[5];
    for (let j = 0; j < guarded.length; j++) {
      const guard = guarded[j];
      if (!isExposed(guard[2], guard[3])) ReflectDeleteProperty(guard[0], guard[1]);
    }
    ObjectDefineProperty(global, row[0], { __proto__: null, value: row[1], writable: true, configurable: true });
  }
  if (missing.length !== 0) throw new Error(`no implementation of ${ArrayPrototypeJoin(missing, ", ")}: see platform_objects.js`);
  for (let i = 0; i < globals.length; i++) {
    if ((globals[i][0] & bit) !== 0) makeGlobal(globals[i][1], globals[i][2], globals[i][3], globals[i][4]);
  }
}

// https://webidl.spec.whatwg.org/#Global
function makeGlobal(Shell, Impl, members, own) {
  if (globalImplementation === undefined) setGlobalImplementation(new Impl());
  ReflectDeleteProperty(global, SymbolToStringTag);
  ObjectSetPrototypeOf(global, Shell.prototype);
  const keys = ReflectOwnKeys(members);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const property = ObjectGetOwnPropertyDescriptor(members, key);
    let isOwn = false;
    for (let j = 0; j < own.length; j++) isOwn = isOwn || own[j] === key;
    if (isOwn) {
      ObjectDefineProperty(global, key, unforgeable(property));
    } else {
      ObjectDefineProperty(global, key, property);
    }
  }
}
