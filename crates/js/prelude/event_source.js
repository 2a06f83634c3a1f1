// EventSource: https://html.spec.whatwg.org/#the-eventsource-interface
//
// The fetch and the stream are Rust's, behind a handle; states, events and reconnections are here.
//
// As long as it is not closed it keeps the event loop alive, whoever listens to it, as in Node.js and Deno.

import { newList, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl, fireEvent } from "./events.js";
import { MessageEventImpl } from "./message_ports.js";
import { queueTask } from "./tasks.js";
import { clearTimer, runStepsAfterTimeout } from "./timers.js";

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

export class EventSourceImpl extends EventTargetImpl {
  url = "";
  withCredentials = false;
  readyState = CONNECTING;
  handle = undefined;
  // https://html.spec.whatwg.org/#concept-event-stream-reconnection-time, in milliseconds
  reconnectionTime = 3000;
  // https://html.spec.whatwg.org/#concept-event-stream-last-event-id, as the last connection left it
  lastEventId = "";
  connection = undefined;
  origin = "";
  timer = undefined;

  construct(url, init) {
    const source = ops.event_source_new(url, init.withCredentials);
    this.handle = source[0];
    this.url = source[1];
    this.withCredentials = init.withCredentials;
    this.connect();
  }

  connect() {
    this.connection = ops.event_source_connect(this.handle, this.lastEventId, (answer) => {
      if (typeof answer === "string") this.announce(answer);
      else if (answer === true) this.reestablish();
      else this.fail();
    });
  }

  // https://html.spec.whatwg.org/#announce-the-connection
  announce(origin) {
    if (this.readyState === CLOSED) return;
    this.readyState = OPEN;
    this.origin = origin;
    fireEvent("open", this, undefined, undefined, true);
    this.readOn();
  }

  readOn() {
    if (this.readyState === CLOSED) return;
    ops.event_source_next(this.connection, (came) => {
      if (came === "messages") this.dispatchFrom(ops.event_source_messages(this.connection), 0);
      else if (came === "end") this.reestablish();
      else this.fail();
    });
  }

  // https://html.spec.whatwg.org/#dispatchMessage: each has a task of its own.
  dispatchFrom(messages, index) {
    if (this.readyState === CLOSED) return;
    const init = {
      __proto__: null, data: messages[index + 1], origin: this.origin, lastEventId: messages[index + 2], source: null, ports: newList(),
    };
    fireEvent(messages[index] || "message", this, MessageEventImpl, init, true);
    const next = index + 3;
    if (next === messages.length) this.readOn();
    else queueTask(() => this.dispatchFrom(messages, next));
  }

  // https://html.spec.whatwg.org/#reestablish-the-connection
  reestablish() {
    if (this.readyState === CLOSED) return;
    const said = ops.event_source_stream(this.connection);
    this.lastEventId = said[0];
    if (said[1] !== undefined && said[1] !== null) this.reconnectionTime = said[1];
    this.connection = undefined;
    this.readyState = CONNECTING;
    fireEvent("error", this, undefined, undefined, true);
    if (this.readyState === CLOSED) return;
    this.timer = runStepsAfterTimeout(this.reconnectionTime, () => {
      this.timer = undefined;
      this.connect();
    });
  }

  // https://html.spec.whatwg.org/#fail-the-connection
  fail() {
    if (this.readyState === CLOSED) return;
    this.close();
    fireEvent("error", this, undefined, undefined, true);
  }

  close() {
    this.readyState = CLOSED;
    if (this.connection !== undefined) ops.event_source_close(this.connection);
    this.connection = undefined;
    if (this.timer !== undefined) clearTimer(this.timer);
    this.timer = undefined;
  }
}
implement("EventSource", EventSourceImpl);
