// What a prompt asks of the realm: declarations that the next entry sees and may make anew, the last result, results as text, and
// names to complete. Nothing that script wrote is run for any of it. Without a prompt nothing of this is called.
//
// The engine keeps `let`, `const` and `class` of a script where nothing reaches them, and refuses a second one of the same name. Those
// of an entry are therefore properties of the global, not enumerable, behind a pair of accessors where they are constant.

import {
  ArrayBufferIsView, ArrayIsArray, Map, MapPrototypeGet, MapPrototypeSet, Object, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf, ObjectHasOwn, ReferenceError, ReflectApply, ReflectOwnKeys, StringPrototypeStartsWith,
  StringPrototypeToString, TypeError, global, newList, ops,
} from "./primordials.js";
import { unwrapAny } from "./platform_objects.js";
import { className } from "./class_names.js";
import { forgetCurrentEvent } from "./events.js";
import { inspect, isOurs } from "./inspect.js";
import { leaveErrorReportingMode } from "./reporting.js";
import { leaveDepths } from "./streams/tee.js";

// The constants of entries, by name: { get, value, initialized }.
const constants = new Map();

// May a name be declared? What the global has for good may not, but for what `var` made.
function canDeclare(name) {
  const property = ObjectGetOwnPropertyDescriptor(global, name);
  return property === undefined || property.configurable || property.writable === true;
}

/** Makes room for what an entry declares. `false`, with nothing done, where one of the names cannot be declared. */
function promptDeclare(variables, constantNames) {
  for (let i = 0; i < variables.length; i++) if (!canDeclare(variables[i])) return false;
  for (let i = 0; i < constantNames.length; i++) if (!canDeclare(constantNames[i])) return false;
  for (let i = 0; i < variables.length; i++) declareVariable(variables[i]);
  for (let i = 0; i < constantNames.length; i++) declareConstant(constantNames[i]);
  return true;
}

function declareVariable(name) {
  const property = ObjectGetOwnPropertyDescriptor(global, name);
  if (property !== undefined && !property.configurable) ObjectDefineProperty(global, name, { __proto__: null, value: undefined });
  else ObjectDefineProperty(global, name, { __proto__: null, value: undefined, writable: true, enumerable: false, configurable: true });
}

function declareConstant(name) {
  const property = ObjectGetOwnPropertyDescriptor(global, name);
  if (property !== undefined && !property.configurable) {
    // NB: of what `var` made no constant can be made.
    ObjectDefineProperty(global, name, { __proto__: null, value: undefined });
    return;
  }
  const constant = { __proto__: null, get: undefined, value: undefined, initialized: false };
  constant.get = () => {
    if (!constant.initialized) throw new ReferenceError(`${name} is not initialized`);
    return constant.value;
  };
  const set = (value) => {
    if (constant.initialized) throw new TypeError(`'${name}' is read-only`);
    constant.value = value;
    constant.initialized = true;
  };
  MapPrototypeSet(constants, name, constant);
  ObjectDefineProperty(global, name, { __proto__: null, get: constant.get, set, enumerable: false, configurable: true });
}

const last = { __proto__: null, _: undefined, _error: undefined };
const lastGetters = { __proto__: null, _: () => last._, _error: () => last._error };

// The last result is `_` until script gives that name to something else.
function remember(name, value) {
  const property = ObjectGetOwnPropertyDescriptor(global, name);
  if (property !== undefined && property.get !== lastGetters[name]) return;
  last[name] = value;
  if (property !== undefined) return;
  const set = (other) => {
    ObjectDefineProperty(global, name, { __proto__: null, value: other, writable: true, enumerable: false, configurable: true });
  };
  ObjectDefineProperty(global, name, { __proto__: null, get: lastGetters[name], set, enumerable: false, configurable: true });
}

/** A result as text, and from now on `_`. */
function promptResult(value) {
  remember("_", value);
  return inspect(value);
}

/** What was thrown as text, and from now on `_error`. */
function promptThrown(exception) {
  remember("_error", exception);
  return `Uncaught ${inspect(exception)}`;
}

// A list of more elements is not looked through for names.
const MOST_ELEMENTS = 10_000;
const MOST_NAMES = 5000;

/** The names that begin so, of the global, or of what a path of names leads to from there. */
function promptComplete(path, prefix) {
  let value = global;
  for (let i = 0; i < path.length; i++) {
    const property = find(value, path[i]);
    if (property === undefined) return newList();
    value = valueOf(value, path[i], property);
    if (value === undefined || value === null) return newList();
  }
  const names = newList();
  for (let o = Object(value); o !== null && className(o) !== "Proxy"; o = ObjectGetPrototypeOf(o)) {
    if (isLong(o)) continue;
    const keys = ReflectOwnKeys(o);
    for (let i = 0; i < keys.length && names.length < MOST_NAMES; i++) {
      const key = keys[i];
      if (typeof key === "string" && StringPrototypeStartsWith(key, prefix)) names[names.length] = key;
    }
  }
  return names;
}

// NB: a typed array's elements are its keys, too.
function isLong(object) {
  if (ArrayIsArray(object)) return object.length > MOST_ELEMENTS;
  if (ArrayBufferIsView(object)) return className(object) !== "DataView";
  const text = className(object) === "String" ? StringPrototypeToString(object) : "";
  return text.length > MOST_ELEMENTS;
}

function find(value, key) {
  for (let o = Object(value); o !== null && className(o) !== "Proxy"; o = ObjectGetPrototypeOf(o)) {
    const property = ObjectGetOwnPropertyDescriptor(o, key);
    if (property !== undefined) return property;
  }
  return undefined;
}

// NB: no accessor is called but those of platform objects, and there not what makes a body's stream.
function valueOf(object, key, property) {
  if (ObjectHasOwn(property, "value")) return property.value;
  if (object === global) {
    const constant = MapPrototypeGet(constants, key);
    if (constant !== undefined && property.get === constant.get) return constant.value;
    if (property.get === lastGetters[key] && property.get !== undefined) return last[key];
  }
  if (property.get === undefined || key === "body" || key === "__proto__" || !isOurs(property.get)) return undefined;
  if (typeof object !== "object" || unwrapAny(object) === undefined) return undefined;
  try {
    return ReflectApply(property.get, object, []);
  } catch {
    return undefined;
  }
}

/** What was going on when an interrupt ended it goes on no more. */
function afterInterrupt() {
  forgetCurrentEvent();
  leaveErrorReportingMode();
  leaveDepths();
}

ops.set_hooks({ promptDeclare, promptResult, promptThrown, promptComplete, afterInterrupt });
