// [URL](https://url.spec.whatwg.org/#url-class) and [URLSearchParams](https://url.spec.whatwg.org/#interface-urlsearchparams)
//
// A URL is its href, which Rust made, and where its parts stand there. Nothing here knows how a URL is written.

import {
  ArrayPrototypeSlice, ArrayPrototypeSort, StringPrototypeSlice, TypeError, Uint32Array, newList, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";

// Where the ops write the parts of the URL that they give, and whose parts these are: most URLs are asked for them soon or never.
const offsets = new Uint32Array(9);
let owner;
const SCHEME_END = 0;
const USERNAME_END = 1;
const PASSWORD_END = 2;
const HOST_START = 3;
const HOSTNAME_END = 4;
const HOST_END = 5;
const PATH_START = 6;
const SEARCH_START = 7;
const HASH_START = 8;

export class URLImpl {
  wrapper = undefined;
  // The serialization of the URL, which is ASCII, and whether its query is still to be what the query object's list says: a URL is
  // made anew when somebody looks, not for each of many changes.
  written = "";
  isBehind = false;
  // The query object; made when it is asked for.
  queryObject = undefined;

  get record() {
    if (this.isBehind) catchUp(this);
    return this.written;
  }

  construct(url, base) {
    if (!take(this, ops.url_parse(url, base, offsets))) throw new TypeError("Failed to construct 'URL': Invalid URL");
  }

  static parse(url, base) {
    const impl = new URLImpl();
    return take(impl, ops.url_parse(url, base, offsets)) ? impl : null;
  }

  static canParse(url, base) {
    return ops.url_can_parse(url, base);
  }

  get href() {
    return this.record;
  }

  set href(value) {
    if (!take(this, ops.url_parse(value, undefined, offsets))) throw new TypeError("Failed to set 'href' on 'URL': Invalid URL");
    if (this.queryObject !== undefined) this.queryObject.fill(query(this));
  }

  toJSON() {
    return this.record;
  }

  get origin() {
    return ops.url_origin(this.record);
  }

  get protocol() {
    locate(this);
    return part(this, 0, offsets[SCHEME_END]);
  }

  set protocol(value) {
    setAttribute(this, "protocol", value);
  }

  get username() {
    locate(this);
    return part(this, offsets[SCHEME_END] + 2, offsets[USERNAME_END]);
  }

  set username(value) {
    setAttribute(this, "username", value);
  }

  get password() {
    locate(this);
    return part(this, offsets[USERNAME_END] + 1, offsets[PASSWORD_END]);
  }

  set password(value) {
    setAttribute(this, "password", value);
  }

  get host() {
    locate(this);
    return part(this, offsets[HOST_START], offsets[HOST_END]);
  }

  set host(value) {
    setAttribute(this, "host", value);
  }

  get hostname() {
    locate(this);
    return part(this, offsets[HOST_START], offsets[HOSTNAME_END]);
  }

  set hostname(value) {
    setAttribute(this, "hostname", value);
  }

  get port() {
    locate(this);
    return part(this, offsets[HOSTNAME_END] + 1, offsets[HOST_END]);
  }

  set port(value) {
    setAttribute(this, "port", value);
  }

  get pathname() {
    locate(this);
    return part(this, offsets[PATH_START], offsets[SEARCH_START]);
  }

  set pathname(value) {
    setAttribute(this, "pathname", value);
  }

  // A lone question mark is no search, and a lone number sign no hash.
  get search() {
    locate(this);
    const start = offsets[SEARCH_START];
    const end = offsets[HASH_START];
    return start + 1 < end ? part(this, start, end) : "";
  }

  set search(value) {
    setAttribute(this, "search", value);
    // The list is made of what was given, not of what became of it.
    this.searchParams.fill(value[0] === "?" ? StringPrototypeSlice(value, 1) : value);
  }

  get hash() {
    locate(this);
    const start = offsets[HASH_START];
    const end = this.record.length;
    return start + 1 < end ? part(this, start, end) : "";
  }

  set hash(value) {
    setAttribute(this, "hash", value);
  }

  get searchParams() {
    if (this.queryObject === undefined) {
      this.queryObject = new URLSearchParamsImpl();
      this.queryObject.urlObject = this;
      this.queryObject.fill(query(this));
    }
    return this.queryObject;
  }
}
implement("URL", URLImpl);

/** Makes the URL what an op gave; false where that was failure. */
function take(url, href) {
  // NB: of a failure the offsets are as they were.
  if (href === undefined) return false;
  url.written = href;
  url.isBehind = false;
  owner = url;
  return true;
}

/** Makes the URL's query what its query object's list says. */
function catchUp(url) {
  // Setting the search does the same: nothing in a serialization is encoded once more, nor begins it with a question mark.
  take(url, ops.url_set(url.written, "search", url.queryObject.toString(), offsets));
}

/** Makes the offsets those of this URL. */
function locate(url) {
  const { record } = url;
  if (owner !== url) take(url, ops.url_parse(record, undefined, offsets));
}

function part(url, start, end) {
  return start < end ? StringPrototypeSlice(url.record, start, end) : "";
}

function setAttribute(url, attribute, value) {
  take(url, ops.url_set(url.record, attribute, value, offsets));
}

/** The URL's query; the empty string where it is null. */
function query(url) {
  locate(url);
  return part(url, offsets[SEARCH_START] + 1, offsets[HASH_START]);
}

export class URLSearchParamsImpl {
  wrapper = undefined;
  // The URL object, or null.
  urlObject = null;
  // Names and values, as `{ key, value }`.
  tuples = newList();
  // What the list will be parsed from when somebody looks.
  unparsed = undefined;

  construct(init) {
    if (typeof init === "string") {
      this.fill(init[0] === "?" ? StringPrototypeSlice(init, 1) : init);
      return;
    }
    // A record comes as an array of pairs too.
    for (let i = 0; i < init.length; i++) {
      const pair = init[i];
      if (pair.length !== 2) throw new TypeError("Failed to construct 'URLSearchParams': a pair has other than two elements");
      append(this.tuples, pair[0], pair[1]);
    }
  }

  /** Makes the list anew of a string in application/x-www-form-urlencoded. */
  fill(unparsed) {
    this.tuples = newList();
    this.unparsed = unparsed === "" ? undefined : unparsed;
  }

  /** https://url.spec.whatwg.org/#concept-urlsearchparams-list */
  get list() {
    if (this.unparsed !== undefined) {
      const parsed = ops.urlencoded_parse(this.unparsed);
      this.unparsed = undefined;
      for (let i = 0; i < parsed.length; i += 2) append(this.tuples, parsed[i], parsed[i + 1]);
    }
    return this.tuples;
  }

  /** https://url.spec.whatwg.org/#concept-urlsearchparams-update */
  update() {
    if (this.urlObject !== null) this.urlObject.isBehind = true;
  }

  get size() {
    return this.list.length;
  }

  append(name, value) {
    append(this.list, name, value);
    this.update();
  }

  delete(name, value) {
    const { list } = this;
    const left = newList();
    for (let i = 0; i < list.length; i++) {
      if (!isMatch(list[i], name, value)) left[left.length] = list[i];
    }
    this.tuples = left;
    this.update();
  }

  get(name) {
    const { list } = this;
    for (let i = 0; i < list.length; i++) {
      if (list[i].key === name) return list[i].value;
    }
    return null;
  }

  getAll(name) {
    const { list } = this;
    const values = newList();
    for (let i = 0; i < list.length; i++) {
      if (list[i].key === name) values[values.length] = list[i].value;
    }
    return ArrayPrototypeSlice(values);
  }

  has(name, value) {
    const { list } = this;
    for (let i = 0; i < list.length; i++) {
      if (isMatch(list[i], name, value)) return true;
    }
    return false;
  }

  set(name, value) {
    const { list } = this;
    const left = newList();
    let found = false;
    for (let i = 0; i < list.length; i++) {
      if (list[i].key !== name) left[left.length] = list[i];
      else if (!found) {
        found = true;
        append(left, name, value);
      }
    }
    if (!found) append(left, name, value);
    this.tuples = left;
    this.update();
  }

  sort() {
    // Strings compare by code units, and equal names stay in their order.
    ArrayPrototypeSort(this.list, (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.update();
  }

  pairAt(index) {
    return this.list[index];
  }

  toString() {
    const { list } = this;
    const tuples = newList();
    for (let i = 0; i < list.length; i++) {
      tuples[2 * i] = list[i].key;
      tuples[2 * i + 1] = list[i].value;
    }
    return ops.urlencoded_serialize(tuples);
  }
}
implement("URLSearchParams", URLSearchParamsImpl);

function append(list, key, value) {
  list[list.length] = { key, value };
}

function isMatch(tuple, name, value) {
  return tuple.key === name && (value === undefined || tuple.value === value);
}
