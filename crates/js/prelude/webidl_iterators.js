// The iterators of interfaces.
//
// https://webidl.spec.whatwg.org/#js-iterable and https://webidl.spec.whatwg.org/#js-async-iterable

import {
  AsyncIteratorPrototype, FunctionPrototypeCall, IteratorPrototype, ObjectDefineProperty, ObjectSetPrototypeOf,
  PromisePrototypeThen, PromiseReject, PromiseResolve, Symbol, SymbolToStringTag, newList,
} from "./primordials.js";
import { callback, illegalInvocation } from "./webidl.js";

export const END_OF_ITERATION = Symbol("end of iteration");

export const KEYS = 0;
export const VALUES = 1;
export const ENTRIES = 2;

function finishPrototype(Class, parent, tag, members) {
  const prototype = Class.prototype;
  delete prototype.constructor;
  ObjectSetPrototypeOf(prototype, parent);
  for (let i = 0; i < members.length; i++) ObjectDefineProperty(prototype, members[i], { __proto__: null, enumerable: true });
  ObjectDefineProperty(prototype, SymbolToStringTag, { __proto__: null, value: tag, configurable: true });
}

/** The default iterators of one interface: `new (pairIterators("Headers"))(impl, KEYS)`. */
export function pairIterators(name) {
  const tag = `${name} Iterator`;
  let isOne;
  class PairIterator {
    static {
      isOne = (object) => #impl in object;
    }
    #impl;
    #kind;
    #index = 0;
    constructor(impl, kind) {
      this.#impl = impl;
      this.#kind = kind;
    }
    next() {
      if (!isObjectWith(this) || !(#impl in this)) throw illegalInvocation(tag, "next");
      const pair = this.#impl.pairAt(this.#index);
      if (pair === undefined) return { value: undefined, done: true };
      this.#index++;
      const kind = this.#kind;
      return { value: kind === KEYS ? pair.key : kind === VALUES ? pair.value : [pair.key, pair.value], done: false };
    }
  }
  checks[checks.length] = isOne;
  finishPrototype(PairIterator, IteratorPrototype, tag, ["next"]);
  return PairIterator;
}

const checks = newList();

/** Is it an iterator of an interface? */
export function isInterfaceIterator(object) {
  for (let i = 0; i < checks.length; i++) {
    if (checks[i](object)) return true;
  }
  return false;
}

function isObjectWith(value) {
  return typeof value === "object" && value !== null;
}

/** `forEach` of an interface with pairs. */
export function forEachPair(impl, wrapper, V, thisArg, where) {
  const f = callback(V, where);
  for (let i = 0; ; i++) {
    const pair = impl.pairAt(i);
    if (pair === undefined) return;
    FunctionPrototypeCall(f, thisArg, pair.value, pair.key, wrapper);
  }
}

/** The asynchronous iterators of one interface; `Impl` says by its methods whether they can return. */
export function asyncIterators(name, Impl, pairs) {
  const tag = `${name} AsyncIterator`;
  let isOne;
  class AsyncIterator {
    static {
      isOne = (object) => #impl in object;
    }
    #impl;
    #kind;
    #state;
    #ongoing = null;
    #finished = false;
    constructor(impl, kind, state) {
      this.#impl = impl;
      this.#kind = kind;
      this.#state = state;
    }

    next() {
      if (!isObjectWith(this) || !(#impl in this)) return PromiseReject(illegalInvocation(tag, "next"));
      const steps = () => this.#nextSteps();
      const ongoing = this.#ongoing;
      return (this.#ongoing = ongoing === null ? steps() : PromisePrototypeThen(ongoing, steps, steps));
    }
    #nextSteps() {
      if (this.#finished) return PromiseResolve({ value: undefined, done: true });
      let next;
      try {
        next = this.#impl.asyncIteratorNext(this.#state);
      } catch (error) {
        next = PromiseReject(error);
      }
      return PromisePrototypeThen(
        next,
        (value) => {
          this.#ongoing = null;
          if (value === END_OF_ITERATION) {
            this.#finished = true;
            return { value: undefined, done: true };
          }
          if (!pairs) return { value, done: false };
          const kind = this.#kind;
          return { value: kind === KEYS ? value.key : kind === VALUES ? value.value : [value.key, value.value], done: false };
        },
        (reason) => {
          this.#ongoing = null;
          this.#finished = true;
          throw reason;
        },
      );
    }

    return(value) {
      if (!isObjectWith(this) || !(#impl in this)) return PromiseReject(illegalInvocation(tag, "return"));
      const steps = () => this.#returnSteps(value);
      const ongoing = this.#ongoing;
      this.#ongoing = ongoing === null ? steps() : PromisePrototypeThen(ongoing, steps, steps);
      return PromisePrototypeThen(this.#ongoing, () => ({ value, done: true }));
    }
    #returnSteps(value) {
      if (this.#finished) return PromiseResolve({ value, done: true });
      this.#finished = true;
      try {
        return this.#impl.asyncIteratorReturn(this.#state, value);
      } catch (error) {
        return PromiseReject(error);
      }
    }
  }
  checks[checks.length] = isOne;
  const returns = Impl !== undefined && Impl.prototype.asyncIteratorReturn !== undefined;
  if (!returns) delete AsyncIterator.prototype.return;
  finishPrototype(AsyncIterator, AsyncIteratorPrototype, tag, returns ? ["next", "return"] : ["next"]);
  return AsyncIterator;
}
