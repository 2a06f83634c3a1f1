// Channel messaging: https://html.spec.whatwg.org/#channel-messaging, and what a window posts to itself:
// https://html.spec.whatwg.org/#posting-messages
//
// Two ports are entangled through their queues. A port that is transferred leaves its queue, with the messages in it, to the port
// that comes of it: the other end need not know. Whatever has `add(message)` and `closed()` can be the other end of a queue, that
// of a port elsewhere too.
//
// Neither port nor listener keeps the event loop alive: a message under way does, as any task.

import {
  ArrayIsArray, ArrayPrototypeSlice, DOMException, FinalizationRegistry, FinalizationRegistryPrototypeRegister, ObjectFreeze,
  WeakRef, WeakRefPrototypeDeref, newList, ops,
} from "./primordials.js";
import { implement, unwrap, wrap, wrapNullable } from "./platform_objects.js";
import { EventImpl, EventTargetImpl, fireEvent } from "./events.js";
import { Queue } from "./streams/queues.js";
import { StructuredDeserializeWithTransfer, StructuredSerializeWithTransfer, registerTransferable } from "./structured_clone.js";
import { queueTask } from "./tasks.js";
import { URLImpl } from "./url.js";

// https://html.spec.whatwg.org/#the-messageevent-interface
export class MessageEventImpl extends EventImpl {
  data = null;
  origin = "";
  lastEventId = "";
  sender = null;
  portList = newList();
  frozenPorts = undefined;

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

// Deserializes a message and fires `message` or `messageerror`: the steps that both kinds of posting end with, in a task.
function fireMessageEvent(target, serialized, origin, source) {
  const init = { __proto__: null, data: null, origin, lastEventId: "", source, ports: newList() };
  let record;
  try {
    record = StructuredDeserializeWithTransfer(serialized);
  } catch {
    // UNTESTED: within one realm what was serialized can be deserialized, unless memory is short.
    fireEvent("messageerror", target, MessageEventImpl, init, true);
    return;
  }
  init.data = record.value;
  for (let i = 0; i < record.transferred.length; i++) {
    const port = unwrap(record.transferred[i], MessagePortImpl);
    if (port !== undefined) init.ports[init.ports.length] = port;
  }
  fireEvent("message", target, MessageEventImpl, init, true);
}

// https://html.spec.whatwg.org/#port-message-queue
class PortMessageQueue {
  // The other end.
  remote = undefined;
  // Enabled for the port that has it now.
  enabled = false;
  messages = new Queue();
  // The port in whose queue a task finds itself; held only as long as it may have something to hear.
  weakPort = undefined;
  heldPort = undefined;
  // How many ports have had it.
  ports = 0;
  // Was the other end closed, and the port not told yet?
  closing = false;
  deliverySteps = () => this.deliver();
  closeSteps = () => this.fireClose();

  get port() {
    return this.weakPort === undefined ? undefined : WeakRefPrototypeDeref(this.weakPort);
  }

  // The port that has it from now on, in the initial, disabled state.
  attach(port) {
    port.queue = this;
    this.ports++;
    this.weakPort = new WeakRef(port);
    this.hold(port);
    if (this.remote !== undefined) watchForCollection(port, this);
    if (this.closing) queueTask(this.closeSteps);
  }

  detach() {
    this.ports++;
    this.enabled = false;
    this.weakPort = this.heldPort = undefined;
  }

  // https://html.spec.whatwg.org/#ports-and-garbage-collection
  hold(port) {
    const hears = port.isAwaiting() || this.closing || (this.enabled && this.messages.size > 0);
    this.heldPort = hears ? port : undefined;
  }

  enable(port) {
    if (this.enabled) return;
    this.enabled = true;
    this.hold(port);
    for (let i = this.messages.size; i > 0; i--) queueTask(this.deliverySteps);
  }

  add(message) {
    this.messages.append({ __proto__: null, next: undefined, message });
    if (!this.enabled) return;
    const { port } = this;
    // Nobody will ever hear it.
    if (port === undefined) return;
    this.hold(port);
    queueTask(this.deliverySteps);
  }

  deliver() {
    // It may have been transferred since, with what was in it.
    if (!this.enabled || this.messages.size === 0) return;
    const { port } = this;
    const { message } = this.messages.shift();
    this.hold(port);
    port.receive(message);
  }

  /** https://html.spec.whatwg.org/#disentangle */
  disentangle() {
    const { remote } = this;
    if (remote === undefined) return;
    this.remote = undefined;
    remote.closed();
  }

  // DEPARTS: fires `close` in a task, behind the messages that are under way, and for a port that is under way itself when it has
  // come, as browsers do: https://html.spec.whatwg.org/#disentangle
  closed() {
    this.remote = undefined;
    this.closing = true;
    const { port } = this;
    if (port === undefined) return;
    this.hold(port);
    queueTask(this.closeSteps);
  }

  fireClose() {
    const { port } = this;
    if (!this.closing || port === undefined) return;
    this.closing = false;
    this.hold(port);
    fireEvent("close", port, undefined, undefined, true);
  }
}

// NB: knows nothing that would keep the port or its queue.
const collected = new FinalizationRegistry(({ weakRemote, ports }) => {
  const remote = WeakRefPrototypeDeref(weakRemote);
  const queue = remote === undefined ? undefined : remote.remote;
  // Its queue may have gone on without the port.
  if (queue !== undefined && queue.ports === ports) queue.disentangle();
});

function watchForCollection(port, queue) {
  const weakRemote = new WeakRef(queue.remote);
  FinalizationRegistryPrototypeRegister(collected, port, { __proto__: null, weakRemote, ports: queue.ports });
}

export class MessagePortImpl extends EventTargetImpl {
  // Undefined once it was transferred.
  queue = undefined;
  // [[Detached]]
  detached = false;
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
    if (target !== undefined && port.queue === target) doomed = true;
  }
  const serialized = StructuredSerializeWithTransfer(message, transfer);
  if (target !== undefined && !doomed) target.add(serialized);
}

/** Transfer steps and transfer-receiving steps: https://html.spec.whatwg.org/#message-ports */
export function transferPort(port) {
  const { queue } = port;
  port.detached = true;
  port.queue = undefined;
  queue.detach();
  return queue;
}
export function receivePort(queue) {
  const port = new MessagePortImpl();
  queue.attach(port);
  return port;
}
registerTransferable(MessagePortImpl, { isDetached: (port) => port.detached, transfer: transferPort, receive: receivePort });

/** https://html.spec.whatwg.org/#entangle */
export function newEntangledPorts() {
  const queue1 = new PortMessageQueue();
  const queue2 = new PortMessageQueue();
  queue1.remote = queue2;
  queue2.remote = queue1;
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
  const serialized = StructuredSerializeWithTransfer(message, transfer);
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
