// Response: https://fetch.spec.whatwg.org/#response-class
//
// The response is Rust's, behind a handle; its body is here.

import { JSONStringify, TypeError, ops } from "../primordials.js";
import { implement } from "../platform_objects.js";
import { Body, BodyMixin, extract } from "./body.js";
import { newHeaders } from "./headers.js";

export class ResponseImpl extends BodyMixin {
  static {
    const { prototype } = this;
    prototype.handle = undefined;
    prototype.guard = "response";
    prototype.headersOrNone = undefined;
    prototype.membersOrNone = undefined;
  }

  // https://fetch.spec.whatwg.org/#dom-response
  construct(body, init) {
    const bodyWithType = body === null || body === undefined ? null : extract(body, false);
    this.initialize(init, bodyWithType);
  }

  // https://fetch.spec.whatwg.org/#initialize-a-response
  initialize(init, bodyWithType) {
    this.handle = ops.response_new(init.status, init.statusText);
    if (init.headers !== undefined) this.headers.fill(init.headers);
    if (bodyWithType === null) return;
    if (this.members[6]) throw new TypeError(`A response of status ${init.status} has no body`);
    this.bodyOrNull = bodyWithType.body;
    if (bodyWithType.type !== undefined) ops.request_content_type(this.headers.handle, bodyWithType.type);
  }

  static error() {
    return newResponse(ops.response_error(), "immutable");
  }

  static redirect(url, status) {
    return newResponse(ops.response_redirect(url, status), "immutable");
  }

  static json(data, init) {
    const text = JSONStringify(data);
    if (text === undefined) throw new TypeError("The value is nothing that JSON can say");
    const response = new ResponseImpl();
    response.initialize(init, { __proto__: null, body: extract(text, false).body, type: "application/json" });
    return response;
  }

  get headers() {
    this.headersOrNone ??= newHeaders(ops.response_headers(this.handle, this.guard));
    return this.headersOrNone;
  }

  get members() {
    this.membersOrNone ??= ops.response_members(this.handle);
    return this.membersOrNone;
  }

  get type() {
    return this.members[0];
  }

  get url() {
    return this.members[1];
  }

  get redirected() {
    return this.members[2];
  }

  get status() {
    return this.members[3];
  }

  get ok() {
    return this.members[4];
  }

  get statusText() {
    return this.members[5];
  }

  // https://fetch.spec.whatwg.org/#dom-response-clone
  clone() {
    if (this.isUnusable) throw new TypeError("The response's body was read, or is being read");
    const clone = newResponse(ops.response_clone(this.handle), this.guard);
    clone.bodyOrNull = this.bodyOrNull === null ? null : this.bodyOrNull.clone();
    return clone;
  }
}
implement("Response", ResponseImpl);

/** The object of a response that Rust holds. */
export function newResponse(handle, guard) {
  const response = new ResponseImpl();
  response.handle = handle;
  if (guard !== "response") response.guard = guard;
  const body = ops.response_body(handle);
  if (body !== undefined && body !== null) {
    response.bodyOrNull = new Body(body[0], undefined, true);
    response.bodyOrNull.isAtEnd = body[1];
  }
  return response;
}
