// [Base64 utility methods](https://html.spec.whatwg.org/#atob) of the global.

import { DOMException, ops } from "./primordials.js";

/** What the implementation of the global takes over. */
export const base64Members = {
  __proto__: null,

  btoa(data) {
    const encoded = ops.base64_encode(data);
    if (encoded === undefined) {
      throw new DOMException("The string has a character above U+00FF, which is no byte", "InvalidCharacterError");
    }
    return encoded;
  },

  atob(data) {
    const decoded = ops.base64_decode(data);
    if (decoded === undefined) throw new DOMException("The string is not base64", "InvalidCharacterError");
    return decoded;
  },
};
