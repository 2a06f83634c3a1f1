// Platform objects and their implementations: https://webidl.spec.whatwg.org/#dfn-platform-object
//
// A platform object holds its implementation in a private field of its shell; an implementation holds its platform object in
// `wrapper`. Nothing else connects the two, and script reaches neither.

import {
  Error, Map, MapPrototypeGet, MapPrototypeSet, ObjectCreate, ReflectConstruct, ReflectOwnKeys, Symbol, createDataProperty, global, newList,
} from "./primordials.js";

// As the first argument of a shell's constructor: no constructor steps, the second argument is the implementation.
export const NEW = Symbol("new");

const SHELL = Symbol("shell");
const ROOT = Symbol("root");
const UNWRAP = Symbol("unwrap");
const implementations = new Map();
const unwraps = newList();

/** Says which class implements an interface, or which object a namespace. */
export function implement(name, Impl) {
  if (MapPrototypeGet(implementations, name) !== undefined) throw new Error(`${name} is implemented twice`);
  MapPrototypeSet(implementations, name, Impl);
}

/** The implementation of an interface or a namespace, for its shell. */
export function implementationOf(name) {
  return MapPrototypeGet(implementations, name);
}

/**
 * Connects an implementation with its shell; `unwrapThis` gives the implementation of a platform object, or undefined. `Root` is the shell
 * that keeps it, where its constructor does all that there is to do.
 */
export function connect(Impl, Shell, unwrapThis, Root) {
  Impl.prototype[SHELL] = Shell;
  Impl.prototype[ROOT] = Root;
  // An interface with a parent, which stands before it, is known by that.
  if (Impl[UNWRAP] === undefined) unwraps[unwraps.length] = unwrapThis;
  Impl[UNWRAP] = unwrapThis;
}

/** The platform object of an implementation: the one that it has, or a new one. */
export function wrap(impl) {
  const wrapper = impl.wrapper;
  if (wrapper !== undefined) return wrapper;
  const Root = impl[ROOT];
  return Root === undefined ? new impl[SHELL](NEW, impl) : ReflectConstruct(Root, [NEW, impl], impl[SHELL]);
}

// Objects with the first fields of what is made often. NB: the engine forgets how objects look of which none is left, also those that
// have not got all their fields yet, and to find out again takes longer than all the rest.
const models = newList();

/** Has the engine remember how the objects of a class look that comes with all its fields. */
export function keepShapes(Class) {
  const keys = ReflectOwnKeys(new Class());
  for (let count = 0; count <= keys.length; count++) {
    const model = ObjectCreate(Class.prototype);
    for (let i = 0; i < count; i++) createDataProperty(model, keys[i], undefined);
    models[models.length] = model;
  }
}

/** `wrap` for what may be null or undefined. */
export function wrapNullable(impl) {
  return impl === null || impl === undefined ? impl : wrap(impl);
}

/** The implementation of a platform object of this implementation's interface, or undefined. */
export function unwrap(value, Impl) {
  return Impl[UNWRAP](value);
}

/** The implementation of a platform object of any interface, or undefined. */
export function unwrapAny(value) {
  if (globalImplementation !== undefined && value === global) return globalImplementation;
  for (let i = 0; i < unwraps.length; i++) {
    const impl = unwraps[i](value);
    if (impl !== undefined) return impl;
  }
  return undefined;
}

// What the members of the global object itself act on.
export let globalImplementation;

/** Makes the global object the platform object of this implementation. */
export function setGlobalImplementation(impl) {
  globalImplementation = impl;
  impl.wrapper = global;
}
