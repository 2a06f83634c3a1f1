// Channel messaging: https://html.spec.whatwg.org/#channel-messaging, and what a window posts to itself:
// https://html.spec.whatwg.org/#posting-messages
//
// Two ports are entangled through their queues (port_queues.js). A port that is transferred leaves its queue, with the messages in it,
// to the port that comes of it: the other end need not know.
//
// Neither port nor listener keeps the event loop alive: a message under way does, as any task.

import { ArrayIsArray, ArrayPrototypeSlice, DOMException, ObjectFreeze, newList, ops } from "./primordials.js";
import { implement, keepShapes, unwrap, wrap, wrapNullable } from "./platform_objects.js";
import { EventImpl, EventTargetImpl, coarseTime, fireEvent } from "./events.js";
import { entangledQueues, isQueue, queueOf } from "./port_queues.js";
import {
  StructuredDeserializeWithTransfer, StructuredSerializeWithTransfer, registerTransferable, serializeWithinRealm,
} from "./structured_clone.js";
import { queueTask } from "./tasks.js";
import { URLImpl } from "./url.js";

// https://html.spec.whatwg.org/#the-messageevent-interface
export class MessageEventImpl extends EventImpl {
  data = null;

  static {
    const { prototype } = this;
    prototype.origin = "";
    prototype.lastEventId = "";
    prototype.sender = null;
    prototype.portList = newList();
    prototype.frozenPorts = undefined;
  }

  innerCreate(init) {
    super.innerCreate(init);
    if (init === undefined) return;
    this.data = init.data;
    this.origin = init.origin;
    this.lastEventId = init.lastEventId;
    this.sender = init.source;
    this.portList = init.ports;
  }

  get source() {
    return wrapNullable(this.sender);
  }

  get ports() {
    if (this.frozenPorts === undefined) {
      const ports = newList();
      for (let i = 0; i < this.portList.length; i++) ports[i] = wrap(this.portList[i]);
      this.frozenPorts = ObjectFreeze(ArrayPrototypeSlice(ports));
    }
    return this.frozenPorts;
  }

  initMessageEvent(type, bubbles, cancelable, data, origin, lastEventId, source, ports) {
    if (this.dispatching) return;
    this.initialize(type, bubbles, cancelable);
    this.data = data;
    this.origin = origin;
    this.lastEventId = lastEventId;
    this.sender = source;
    this.portList = ports;
    this.frozenPorts = undefined;
  }
}
implement("MessageEvent", MessageEventImpl);
keepShapes(MessageEventImpl);

/** Deserializes a message and fires `message` or `messageerror`: the steps that each kind of posting ends with, in a task. */
export function fireMessageEvent(target, message, origin, source) {
  let record;
  try {
    record = StructuredDeserializeWithTransfer(message);
  } catch {
    // UNTESTED: what was serialized can be deserialized, unless memory is short.
    const init = { __proto__: null, data: null, origin, lastEventId: "", source, ports: newList() };
    fireEvent("messageerror", target, MessageEventImpl, init, true);
    return;
  }
  if (!target.hasListener("message")) return;
  const event = new MessageEventImpl();
  event.initialized = true;
  event.timeStamp = coarseTime();
  event.type = "message";
  event.isTrusted = true;
  event.data = record.value;
  if (origin !== "") event.origin = origin;
  if (source !== null) event.sender = source;
  const { transferred } = record;
  if (transferred.length > 0) event.portList = portsOf(transferred);
  target.dispatch(event, true);
}

function portsOf(transferred) {
  const ports = newList();
  for (let i = 0; i < transferred.length; i++) {
    const port = unwrap(transferred[i], MessagePortImpl);
    if (port !== undefined) ports[ports.length] = port;
  }
  return ports;
}

export class MessagePortImpl extends EventTargetImpl {
  // Undefined once it was transferred.
  queue = undefined;
  // [[Detached]]
  detached = false;
  awaitsClose = false;
  // Who is told instead of listeners, where the port is the prelude's own.
  onMessage = undefined;

  /** https://html.spec.whatwg.org/#dom-messageport-postmessage */
  postMessage(message, options) {
    postMessageSteps(this, message, ArrayIsArray(options) ? options : options.transfer);
  }

  start() {
    if (this.queue !== undefined) this.queue.enable(this);
  }

  close() {
    this.detached = true;
    this.disentangle();
  }

  disentangle() {
    if (this.queue !== undefined) this.queue.disentangle();
  }

  addListener(listener) {
    super.addListener(listener);
    this.beHeld();
  }

  removeListener(listener) {
    super.removeListener(listener);
    this.beHeld();
  }

  beHeld() {
    if (this.queue !== undefined) this.queue.hold(this);
    const awaitsClose = this.hasListener("close");
    if (awaitsClose === this.awaitsClose) return;
    this.awaitsClose = awaitsClose;
    // NB: the port that it is entangled with may be garbage: who waits has the loop collect it.
    ops.port_close_awaited(awaitsClose);
  }

  isAwaiting() {
    return this.onMessage !== undefined || this.hasListener("message") || this.hasListener("messageerror");
  }

  // https://html.spec.whatwg.org/#handler-messageport-onmessage
  setEventHandler(name, value) {
    super.setEventHandler(name, value);
    if (name === "message") this.start();
  }

  receive(serialized) {
    if (this.onMessage === undefined) fireMessageEvent(this, serialized, "", null);
    else this.onMessage(serialized);
  }
}
implement("MessagePort", MessagePortImpl);

/** https://html.spec.whatwg.org/#message-port-post-message-steps, the target port being the one that is entangled with it. */
export function postMessageSteps(sourcePort, message, transfer) {
  const target = sourcePort.queue === undefined ? undefined : sourcePort.queue.remote;
  let doomed = false;
  for (let i = 0; i < transfer.length; i++) {
    const port = unwrap(transfer[i], MessagePortImpl);
    if (port === undefined) continue;
    if (port === sourcePort) throw new DOMException("A port cannot be transferred through itself.", "DataCloneError");
    if (target !== undefined && port.queue !== undefined && target.isQueueOf(port.queue)) doomed = true;
  }
  const staysInRealm = target === undefined || isQueue(target);
  const serialized = staysInRealm ? serializeWithinRealm(message, transfer) : StructuredSerializeWithTransfer(message, transfer);
  if (target === undefined) discard(serialized.transferred);
  else if (!doomed) target.add(serialized);
}

// What goes to nobody is gone, and whoever was entangled with it is told.
function discard(transferred) {
  for (let i = 0; i < transferred.length; i++) {
    const { kind, data } = transferred[i];
    if (kind === undefined) continue;
    if (isQueue(data)) {
      data.disentangle();
    } else {
      // Of a transform stream.
      data.readable.disentangle();
      data.writable.disentangle();
    }
  }
}

/** Transfer steps and transfer-receiving steps: https://html.spec.whatwg.org/#message-ports */
export function transferPort(port) {
  const { queue } = port;
  port.detached = true;
  port.queue = undefined;
  queue.detach();
  return queue;
}
export function receivePort(queueOrHandle) {
  const port = new MessagePortImpl();
  queueOf(queueOrHandle).attach(port);
  return port;
}
registerTransferable(MessagePortImpl, { isDetached: (port) => port.detached, transfer: transferPort, receive: receivePort });

/** https://html.spec.whatwg.org/#entangle */
export function newEntangledPorts() {
  const { queue1, queue2 } = entangledQueues();
  return { __proto__: null, port1: receivePort(queue1), port2: receivePort(queue2) };
}

export class MessageChannelImpl {
  wrapper = undefined;
  port1 = undefined;
  port2 = undefined;

  construct() {
    const { port1, port2 } = newEntangledPorts();
    this.port1 = port1;
    this.port2 = port2;
  }
}
implement("MessageChannel", MessageChannelImpl);

/** https://html.spec.whatwg.org/#window-post-message-steps, the window being its own target. */
export function postMessageToWindow(window, message, targetOrigin, transfer) {
  const isTarget = isOwnOrigin(targetOrigin);
  const serialized = serializeWithinRealm(message, transfer);
  queueTask(() => {
    if (isTarget) fireMessageEvent(window, serialized, ops.global_origin(), window);
  });
}

function isOwnOrigin(targetOrigin) {
  if (targetOrigin === "*" || targetOrigin === "/") return true;
  const url = URLImpl.parse(targetOrigin);
  if (url === null) throw new DOMException(`The target origin '${targetOrigin}' is not a URL.`, "SyntaxError");
  // An opaque origin is that of nothing else.
  return url.origin !== "null" && url.origin === ops.global_origin();
}
