// https://webidl.spec.whatwg.org/#idl-DOMException: what the engine's own class does otherwise.

import { DOMExceptionPrototype, Error, ObjectDefineProperty } from "./primordials.js";
import { className } from "./class_names.js";

// A DOMException is an error: https://webidl.spec.whatwg.org/#js-creating-throwing-exceptions
const { isError } = {
  isError(arg) {
    const name = className(arg);
    // NB: the engine has made an error of the prototype too.
    return (name === "Error" && arg !== DOMExceptionPrototype) || name === "DOMException";
  },
};
ObjectDefineProperty(Error, "isError", { __proto__: null, value: isError, writable: true, enumerable: false, configurable: true });
