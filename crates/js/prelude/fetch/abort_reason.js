// What the engine is told when a fetch is [aborted](https://fetch.spec.whatwg.org/#fetch-controller-abort). Script's own reason never comes
// back from there: whoever aborts rejects by itself.

import { String, StringPrototypeSlice } from "../primordials.js";
import { StructuredSerialize } from "../structured_clone.js";

// Nobody reads more of it.
const LONGEST = 4096;

/** The kind of a reason, and what it says: its [serialization](https://html.spec.whatwg.org/#structuredserialize), as a text. */
export function serializedAbortReason(reason) {
  const reasonThatSays = (said) => ({ __proto__: null, kind: "other", said: StringPrototypeSlice(said, 0, LONGEST) });
  let record;
  // 4. NB: this may run script's getters.
  try {
    record = StructuredSerialize(reason);
  } catch {
    return { __proto__: null, kind: "AbortError", said: "" };
  }
  if (typeof record !== "object" || record === null) return reasonThatSays(String(record));
  const { type, name, message } = record;
  if (type === "DOMException" && (name === "AbortError" || name === "TimeoutError")) return { __proto__: null, kind: name, said: "" };
  if (type !== "DOMException" && type !== "Error") return reasonThatSays(type);
  return reasonThatSays(message === undefined || message === "" ? name : `${name}: ${message}`);
}
