// https://webidl.spec.whatwg.org/#quotaexceedederror
//
// The engine's own DOMException is no shell of ours, and so the class that is derived from it is written here by hand.

import {
  DOMException, ObjectDefineProperty, RangeError, SymbolToStringTag,
} from "./primordials.js";
import { DOMString, dictionarySource, double, illegalInvocation } from "./webidl.js";

let quotaOf;
let setQuota;

export class QuotaExceededError extends DOMException {
  #quota = null;
  #requested = null;

  constructor(message = "", options = undefined) {
    const where = "Failed to construct 'QuotaExceededError'";
    const said = DOMString(message, `${where}: parameter 1`);
    const { quota, requested } = readOptions(options, `${where}: parameter 2`);
    if (quota < 0) throw new RangeError("A quota cannot be less than 0.");
    if (requested < 0) throw new RangeError("What is requested cannot be less than 0.");
    if (quota !== null && requested !== null && requested < quota) {
      throw new RangeError("What is requested cannot be less than the quota that it exceeds.");
    }
    super(said, "QuotaExceededError");
    this.#quota = quota;
    this.#requested = requested;
  }

  get quota() {
    if (!isOne(this)) throw illegalInvocation("QuotaExceededError", "quota");
    return this.#quota;
  }

  get requested() {
    if (!isOne(this)) throw illegalInvocation("QuotaExceededError", "requested");
    return this.#requested;
  }

  static {
    quotaOf = (object) => (#quota in object ? { __proto__: null, quota: object.#quota, requested: object.#requested } : undefined);
    setQuota = (object, quota, requested) => {
      object.#quota = quota;
      object.#requested = requested;
    };
  }
}

function isOne(value) {
  return typeof value === "object" && value !== null && quotaOf(value) !== undefined;
}

function readOptions(V, where) {
  const source = dictionarySource(V, where);
  const options = { __proto__: null, quota: null, requested: null };
  if (source === undefined) return options;
  const { quota } = source;
  if (quota !== undefined) options.quota = double(quota, `${where}: 'quota'`);
  const { requested } = source;
  if (requested !== undefined) options.requested = double(requested, `${where}: 'requested'`);
  return options;
}

const prototype = QuotaExceededError.prototype;
ObjectDefineProperty(prototype, "quota", { __proto__: null, enumerable: true });
ObjectDefineProperty(prototype, "requested", { __proto__: null, enumerable: true });
ObjectDefineProperty(prototype, SymbolToStringTag, { __proto__: null, value: "QuotaExceededError", configurable: true });

/** An object of the class, with a quota and what was requested: numbers or null. */
export function createQuotaExceededError(message, quota = null, requested = null) {
  const error = new QuotaExceededError(message);
  setQuota(error, quota, requested);
  return error;
}

/** `{ quota, requested }` of such an object, or undefined. */
export function quotaOfError(error) {
  return quotaOf(error);
}
