// Request: https://fetch.spec.whatwg.org/#request-class
//
// The request is Rust's, behind a handle; its body and its signal are here.

import { ObjectKeys, TypeError, ops } from "../primordials.js";
import { implement } from "../platform_objects.js";
import { dependentSignal } from "../abort.js";
import { BodyMixin, extract } from "./body.js";
import { newHeaders } from "./headers.js";

export class RequestImpl extends BodyMixin {
  static {
    const { prototype } = this;
    prototype.handle = undefined;
    prototype.signalOrNone = undefined;
    prototype.headersOrNone = undefined;
    prototype.membersOrNone = undefined;
  }

  // https://fetch.spec.whatwg.org/#dom-request
  construct(input, init) {
    const isRequest = input instanceof RequestImpl;
    const isEmpty = ObjectKeys(init).length === 0;
    // 5 to 28, 32.
    this.handle = ops.request_new(isRequest ? input.handle : input, isEmpty ? undefined : init);
    // Of a URL alone there is nothing more to say.
    if (isEmpty && !isRequest) return;
    // 26, 29, 30. The signal.
    let signal = isRequest ? input.signalOrNone : undefined;
    if (init.signal !== undefined) ({ signal } = init);
    if (signal !== undefined && signal !== null) this.signalOrNone = dependentSignal([signal]);
    // 33. The headers: those that were given, or what the guard leaves of those there were.
    if (!isEmpty) this.refillHeaders(init.headers);
    // 34, 35.
    const inputBody = isRequest ? input.bodyOrNull : null;
    const hasInitBody = init.body !== undefined && init.body !== null;
    if (hasInitBody || inputBody !== null) {
      const { method } = this;
      if (method === "GET" || method === "HEAD") throw new TypeError(`A request of method ${method} has no body`);
    }
    // 36, 37.
    let initBody = null;
    if (hasInitBody) {
      const { body, type } = extract(init.body, this.keepalive);
      initBody = body;
      if (type !== undefined) ops.request_content_type(this.headers.handle, type);
    }
    // 38, 39. A stream cannot be sent twice, and asks first.
    const inputOrInitBody = initBody ?? inputBody;
    if (inputOrInitBody !== null && inputOrInitBody.sourceIsNull) {
      if (initBody !== null && init.duplex === undefined) throw new TypeError("A stream is sent with duplex: 'half'");
      ops.request_use_cors_preflight(this.handle);
    }
    // 40 to 42.
    let finalBody = inputOrInitBody;
    if (initBody === null && inputBody !== null) {
      if (inputBody.isUnusable) throw new TypeError("The request's body was read, or is being read");
      finalBody = inputBody.proxy();
    }
    this.bodyOrNull = finalBody;
  }

  refillHeaders(init) {
    if (init === undefined) {
      ops.headers_refill(this.headers.handle);
      return;
    }
    ops.headers_clear(this.headers.handle);
    this.headers.fill(init);
  }

  get headers() {
    this.headersOrNone ??= newHeaders(ops.request_headers(this.handle));
    return this.headersOrNone;
  }

  // One that depends on no other is never aborted, and made when script asks for it.
  get signal() {
    this.signalOrNone ??= dependentSignal([]);
    return this.signalOrNone;
  }

  // What its getters show never changes.
  get members() {
    this.membersOrNone ??= ops.request_members(this.handle);
    return this.membersOrNone;
  }

  get method() {
    return this.members.method;
  }

  get url() {
    return this.members.url;
  }

  get destination() {
    return this.members.destination;
  }

  get referrer() {
    return this.members.referrer;
  }

  get referrerPolicy() {
    return this.members.referrerPolicy;
  }

  get mode() {
    return this.members.mode;
  }

  get credentials() {
    return this.members.credentials;
  }

  get cache() {
    return this.members.cache;
  }

  get redirect() {
    return this.members.redirect;
  }

  get integrity() {
    return this.members.integrity;
  }

  get keepalive() {
    return this.members.keepalive;
  }

  get isReloadNavigation() {
    return this.members.isReloadNavigation;
  }

  get isHistoryNavigation() {
    return this.members.isHistoryNavigation;
  }

  get duplex() {
    return "half";
  }

  // https://fetch.spec.whatwg.org/#dom-request-clone
  clone() {
    if (this.isUnusable) throw new TypeError("The request's body was read, or is being read");
    const clone = new RequestImpl();
    clone.handle = ops.request_clone(this.handle);
    clone.bodyOrNull = this.bodyOrNull === null ? null : this.bodyOrNull.clone();
    if (this.signalOrNone !== undefined) clone.signalOrNone = dependentSignal([this.signalOrNone]);
    return clone;
  }
}
implement("Request", RequestImpl);
