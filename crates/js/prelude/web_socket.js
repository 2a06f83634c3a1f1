// WebSocket: https://websockets.spec.whatwg.org/#the-websocket-interface
//
// The connection is Rust's, behind a handle, and tells what becomes of it event by event. States and events are here.

import { DOMException, WeakRef, WeakRefPrototypeDeref, newList, ops } from "./primordials.js";
import { implement, wrap } from "./platform_objects.js";
import { BlobImpl, blobHandle, bytesHeldBy, newBlob } from "./blob.js";
import { EventImpl, EventTargetImpl, fireEvent } from "./events.js";
import { MessageEventImpl } from "./message_ports.js";
import { queueTask } from "./tasks.js";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

// https://websockets.spec.whatwg.org/#the-closeevent-interface
export class CloseEventImpl extends EventImpl {
  wasClean = false;
  code = 0;
  reason = "";

  innerCreate(init) {
    super.innerCreate(init);
    if (init === undefined) return;
    this.wasClean = init.wasClean;
    this.code = init.code;
    this.reason = init.reason;
  }
}
implement("CloseEvent", CloseEventImpl);

export class WebSocketImpl extends EventTargetImpl {
  url = "";
  readyState = CONNECTING;
  extensions = "";
  protocol = "";
  binaryType = "blob";
  handle = undefined;
  origin = "";
  // So many bytes were given to send().
  sent = 0;
  // What comes finds the socket by this: strongly, as long as it must not be garbage collected.
  found = { __proto__: null, strong: undefined, weak: undefined };
  kept = false;

  construct(url, protocols) {
    const list = newList();
    if (typeof protocols === "string") list[0] = protocols;
    else for (let i = 0; i < protocols.length; i++) list[i] = protocols[i];
    const opened = ops.web_socket_open(url, list);
    this.handle = opened[0];
    this.url = opened[1];
    this.origin = opened[2];
    this.found.weak = new WeakRef(this);
    listen(this);
  }

  // https://websockets.spec.whatwg.org/#garbage-collection: who must not be collected keeps the event loop alive, too.
  keep() {
    if (this.handle === undefined) return;
    const keeps = this.isAwaited();
    if (keeps === this.kept) return;
    this.kept = keeps;
    this.found.strong = keeps ? this : undefined;
    ops.web_socket_keep(this.handle, keeps);
  }

  isAwaited() {
    if (this.readyState === CLOSED) return false;
    if (this.hasListener("error") || this.hasListener("close")) return true;
    if (this.readyState === CONNECTING && this.hasListener("open")) return true;
    if (this.readyState !== CLOSING && this.hasListener("message")) return true;
    return this.readyState !== CONNECTING && ops.web_socket_is_sending(this.handle);
  }

  addListener(listener) {
    super.addListener(listener);
    this.keep();
  }

  removeListener(listener) {
    super.removeListener(listener);
    this.keep();
  }

  get bufferedAmount() {
    return this.sent - ops.web_socket_transmitted(this.handle);
  }

  close(code, reason) {
    // 1.
    if (code !== undefined && !ops.web_socket_may_close_with(code)) {
      throw new DOMException("A socket can be closed with 1000, or with 3000 to 4999.", "InvalidAccessError");
    }
    // 2.
    if (reason !== undefined && ops.web_socket_is_long(reason)) {
      throw new DOMException("The reason is longer than 123 bytes.", "SyntaxError");
    }
    // 3.
    if (this.readyState === CLOSING || this.readyState === CLOSED) return;
    if (this.readyState === CONNECTING) ops.web_socket_fail(this.handle);
    else ops.web_socket_close(this.handle, code, reason ?? "");
    this.readyState = CLOSING;
    this.keep();
  }

  send(data) {
    if (this.readyState === CONNECTING) throw new DOMException("The socket is not open yet.", "InvalidStateError");
    const isText = typeof data === "string";
    let said = data;
    if (data instanceof BlobImpl) said = blobHandle(data);
    else if (!isText) said = bytesHeldBy(data);
    const isOpen = this.readyState === OPEN;
    // https://websockets.spec.whatwg.org/#flagged-as-full is what Rust does where there is no room.
    this.sent += ops.web_socket_send(this.handle, said, isOpen);
    if (isOpen) this.keep();
  }

  // https://websockets.spec.whatwg.org/#feedback-from-the-protocol; each is a task.
  take(event) {
    switch (event[0]) {
      case "open":
        if (this.readyState !== CONNECTING) return;
        this.readyState = OPEN;
        this.protocol = event[1];
        this.extensions = event[2];
        fireEvent("open", this, undefined, undefined, true);
        break;
      case "message": {
        if (this.readyState !== OPEN) return;
        const data = event[2] ? wrap(newBlob(event[1])) : event[1];
        const init = { __proto__: null, data, origin: this.origin, lastEventId: "", source: null, ports: newList() };
        fireEvent("message", this, MessageEventImpl, init, true);
        break;
      }
      case "closing":
        this.readyState = CLOSING;
        break;
      case "close":
        this.readyState = CLOSED;
        this.keep();
        if (event[4]) fireEvent("error", this, undefined, undefined, true);
        fireEvent("close", this, CloseEventImpl, { __proto__: null, code: event[1], reason: event[2], wasClean: event[3] }, true);
        break;
    }
    this.keep();
  }
}
implement("WebSocket", WebSocketImpl);

// Waits for what comes. NB: the wait holds nothing of the socket but `found`.
function listen({ handle, found }) {
  ops.web_socket_next(handle, () => dispatchNext(found));
}

function dispatchNext(found) {
  const socket = found.strong ?? WeakRefPrototypeDeref(found.weak);
  if (socket === undefined) return;
  const event = ops.web_socket_take(socket.handle, socket.binaryType === "blob");
  const isLast = event !== undefined && event[0] === "close";
  // NB: before any listener, which an interrupt may end.
  if (!isLast) {
    if (ops.web_socket_has_more(socket.handle)) queueTask(() => dispatchNext(found));
    else listen(socket);
  }
  if (event !== undefined) socket.take(event);
}
