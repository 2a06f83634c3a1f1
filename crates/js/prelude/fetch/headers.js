// Headers: https://fetch.spec.whatwg.org/#headers-class
//
// The list and its guard are Rust's, behind a handle.

import { ArrayPrototypeSlice, TypeError, ops } from "../primordials.js";
import { implement } from "../platform_objects.js";

export class HeadersImpl {
  wrapper = undefined;
  handle = undefined;

  construct(init) {
    this.handle = ops.headers_new("none");
    if (init !== undefined) this.fill(init);
  }

  append(name, value) {
    ops.headers_append(this.handle, name, value);
  }

  delete(name) {
    ops.headers_delete(this.handle, name);
  }

  get(name) {
    return ops.headers_get(this.handle, name) ?? null;
  }

  getSetCookie() {
    return ArrayPrototypeSlice(ops.headers_get_set_cookie(this.handle));
  }

  has(name) {
    return ops.headers_has(this.handle, name);
  }

  set(name, value) {
    ops.headers_set(this.handle, name, value);
  }

  pairAt(index) {
    const pair = ops.headers_pair_at(this.handle, index);
    return pair === undefined || pair === null ? undefined : { __proto__: null, key: pair[0], value: pair[1] };
  }

  /** https://fetch.spec.whatwg.org/#concept-headers-fill, with a converted HeadersInit: pairs, or what should be some. */
  fill(init) {
    for (let i = 0; i < init.length; i++) {
      const header = init[i];
      if (header.length !== 2) throw new TypeError("A header is a name and a value");
      this.append(header[0], header[1]);
    }
  }
}
implement("Headers", HeadersImpl);

/** The object of a list that Rust holds. */
export function newHeaders(handle) {
  const headers = new HeadersImpl();
  headers.handle = handle;
  return headers;
}
