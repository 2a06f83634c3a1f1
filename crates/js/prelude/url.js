// [URL](https://url.spec.whatwg.org/#url-class) and [URLSearchParams](https://url.spec.whatwg.org/#interface-urlsearchparams)
//
// A URL is its href, which Rust made, and where its parts stand there. Nothing here knows how a URL is written.

import { ArrayPrototypeSort, StringPrototypeSlice, TypeError, Uint32Array, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";

// Where the ops write the parts of the URL that they give.
const offsets = new Uint32Array(9);

export class URLImpl {
  wrapper = undefined;
  #href = "";
  #schemeEnd = 0;
  #usernameEnd = 0;
  #passwordEnd = 0;
  #hostStart = 0;
  #hostnameEnd = 0;
  #hostEnd = 0;
  #pathStart = 0;
  #searchStart = 0;
  #hashStart = 0;
  // The query object; made when it is asked for.
  #queryObject = undefined;

  construct(url, base) {
    if (!this.#take(ops.url_parse(url, base, offsets))) throw new TypeError("Failed to construct 'URL': Invalid URL");
  }

  static parse(url, base) {
    const impl = new URLImpl();
    return impl.#take(ops.url_parse(url, base, offsets)) ? impl : null;
  }

  static canParse(url, base) {
    return ops.url_can_parse(url, base);
  }

  #take(href) {
    if (href === undefined) return false;
    this.#href = href;
    this.#schemeEnd = offsets[0];
    this.#usernameEnd = offsets[1];
    this.#passwordEnd = offsets[2];
    this.#hostStart = offsets[3];
    this.#hostnameEnd = offsets[4];
    this.#hostEnd = offsets[5];
    this.#pathStart = offsets[6];
    this.#searchStart = offsets[7];
    this.#hashStart = offsets[8];
    return true;
  }

  #part(start, end) {
    return start < end ? StringPrototypeSlice(this.#href, start, end) : "";
  }

  #set(attribute, value) {
    this.#take(ops.url_set(this.#href, attribute, value, offsets));
  }

  get href() {
    return this.#href;
  }

  set href(value) {
    if (!this.#take(ops.url_parse(value, undefined, offsets))) throw new TypeError("Failed to set 'href' on 'URL': Invalid URL");
    if (this.#queryObject !== undefined) this.#queryObject.fill(this.#query());
  }

  toJSON() {
    return this.#href;
  }

  get origin() {
    return ops.url_origin(this.#href);
  }

  get protocol() {
    return this.#part(0, this.#schemeEnd);
  }

  set protocol(value) {
    this.#set("protocol", value);
  }

  get username() {
    return this.#part(this.#schemeEnd + 2, this.#usernameEnd);
  }

  set username(value) {
    this.#set("username", value);
  }

  get password() {
    return this.#part(this.#usernameEnd + 1, this.#passwordEnd);
  }

  set password(value) {
    this.#set("password", value);
  }

  get host() {
    return this.#part(this.#hostStart, this.#hostEnd);
  }

  set host(value) {
    this.#set("host", value);
  }

  get hostname() {
    return this.#part(this.#hostStart, this.#hostnameEnd);
  }

  set hostname(value) {
    this.#set("hostname", value);
  }

  get port() {
    return this.#part(this.#hostnameEnd + 1, this.#hostEnd);
  }

  set port(value) {
    this.#set("port", value);
  }

  get pathname() {
    return this.#part(this.#pathStart, this.#searchStart);
  }

  set pathname(value) {
    this.#set("pathname", value);
  }

  // A lone question mark is no search, and a lone number sign no hash.
  get search() {
    return this.#searchStart + 1 < this.#hashStart ? this.#part(this.#searchStart, this.#hashStart) : "";
  }

  set search(value) {
    this.#set("search", value);
    // The list is made of what was given, not of what became of it.
    this.searchParams.fill(value[0] === "?" ? StringPrototypeSlice(value, 1) : value);
  }

  get hash() {
    return this.#hashStart + 1 < this.#href.length ? this.#part(this.#hashStart, this.#href.length) : "";
  }

  set hash(value) {
    this.#set("hash", value);
  }

  get searchParams() {
    if (this.#queryObject === undefined) {
      this.#queryObject = new URLSearchParamsImpl();
      this.#queryObject.urlObject = this;
      this.#queryObject.fill(this.#query());
    }
    return this.#queryObject;
  }

  /** The URL's query; the empty string where it is null. */
  #query() {
    return this.#part(this.#searchStart + 1, this.#hashStart);
  }

  /** Sets the URL's query to what the query object serializes to. */
  setQuery(query) {
    this.#take(ops.url_set_query(this.#href, query, offsets));
  }
}
implement("URL", URLImpl);

export class URLSearchParamsImpl {
  wrapper = undefined;
  // The URL object, or null.
  urlObject = null;
  // Names and values, as `{ key, value }`.
  #list = [];
  // What the list will be parsed from when somebody looks.
  #unparsed = undefined;

  construct(init) {
    if (typeof init === "string") {
      this.fill(init[0] === "?" ? StringPrototypeSlice(init, 1) : init);
      return;
    }
    // A record comes as an array of pairs too.
    for (let i = 0; i < init.length; i++) {
      const pair = init[i];
      if (pair.length !== 2) throw new TypeError("Failed to construct 'URLSearchParams': a pair has other than two elements");
      append(this.#list, pair[0], pair[1]);
    }
  }

  /** Makes the list anew of a string in application/x-www-form-urlencoded. */
  fill(unparsed) {
    this.#list = [];
    this.#unparsed = unparsed === "" ? undefined : unparsed;
  }

  /** https://url.spec.whatwg.org/#concept-urlsearchparams-list */
  get list() {
    if (this.#unparsed !== undefined) {
      const parsed = ops.urlencoded_parse(this.#unparsed);
      this.#unparsed = undefined;
      for (let i = 0; i < parsed.length; i += 2) append(this.#list, parsed[i], parsed[i + 1]);
    }
    return this.#list;
  }

  /** https://url.spec.whatwg.org/#concept-urlsearchparams-update */
  #update() {
    if (this.urlObject === null) return;
    const serializedQuery = this.toString();
    this.urlObject.setQuery(serializedQuery === "" ? null : serializedQuery);
  }

  get size() {
    return this.list.length;
  }

  append(name, value) {
    append(this.list, name, value);
    this.#update();
  }

  delete(name, value) {
    const { list } = this;
    const left = [];
    for (let i = 0; i < list.length; i++) {
      if (!isMatch(list[i], name, value)) left[left.length] = list[i];
    }
    this.#list = left;
    this.#update();
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
    const values = [];
    for (let i = 0; i < list.length; i++) {
      if (list[i].key === name) values[values.length] = list[i].value;
    }
    return values;
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
    const left = [];
    let found = false;
    for (let i = 0; i < list.length; i++) {
      if (list[i].key !== name) left[left.length] = list[i];
      else if (!found) {
        found = true;
        append(left, name, value);
      }
    }
    if (!found) append(left, name, value);
    this.#list = left;
    this.#update();
  }

  sort() {
    // Strings compare by code units, and equal names stay in their order.
    ArrayPrototypeSort(this.list, (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.#update();
  }

  pairAt(index) {
    return this.list[index];
  }

  toString() {
    const { list } = this;
    const tuples = [];
    for (let i = 0; i < list.length; i++) {
      tuples[2 * i] = list[i].key;
      tuples[2 * i + 1] = list[i].value;
    }
    return ops.urlencoded_serialize(tuples);
  }
}
implement("URLSearchParams", URLSearchParamsImpl);

function append(list, key, value) {
  list[list.length] = { __proto__: null, key, value };
}

function isMatch(tuple, name, value) {
  return tuple.key === name && (value === undefined || tuple.value === value);
}
