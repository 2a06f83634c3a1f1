// Port message queues: https://html.spec.whatwg.org/#port-message-queue
//
// A queue's other end is another queue of the realm, or a port anywhere: then both have an end of a channel in Rust, where the messages
// wait that come from there. It becomes so when one of the two leaves the realm.

import {
  FinalizationRegistry, FinalizationRegistryPrototypeRegister, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, WeakRef,
  WeakRefPrototypeDeref, newList, ops,
} from "./primordials.js";
import { fireEvent } from "./events.js";
import { Fifo } from "./streams/queues.js";
import { serializedForOthers } from "./structured_clone.js";
import { queueTask } from "./tasks.js";

class PortMessageQueue {
  // The other end: a queue or a RemoteEnd; undefined once it is gone.
  remote = undefined;
  // Where messages from other realms wait, also once the other end is gone.
  end = undefined;
  // Enabled for the port that has it now.
  enabled = false;
  messages = new Fifo();
  // The port in whose queue a task finds itself; held only as long as it may have something to hear.
  weakPort = undefined;
  heldPort = undefined;
  // Was the port awaiting messages when that was last asked? It says whenever it changes.
  awaited = false;
  // How many ports have had it.
  ports = 0;
  // Was the other end closed, and the port not told yet?
  closing = false;
  // Does it come from another port? Then this one is told of that behind what waits, whenever it asks for it.
  hasMoved = false;
  #isQueue = true;
  deliverySteps = () => this.deliver();
  closeSteps = () => this.fireClose();

  static is(value) {
    return #isQueue in value;
  }

  get port() {
    if (this.heldPort !== undefined) return this.heldPort;
    return this.weakPort === undefined ? undefined : WeakRefPrototypeDeref(this.weakPort);
  }

  // The port that has it from now on, in the initial, disabled state.
  attach(port) {
    port.queue = this;
    this.ports++;
    this.weakPort = new WeakRef(port);
    if (this.end !== undefined && this.end.own(this)) {
      this.remote = undefined;
      this.closing = true;
    }
    this.hold(port);
    if (this.remote !== undefined) watchForCollection(port, this);
    if (this.closing) queueTask(this.closeSteps);
  }

  detach() {
    this.ports++;
    this.hasMoved = true;
    this.enabled = false;
    this.weakPort = this.heldPort = undefined;
    if (this.end !== undefined) this.end.detach(this);
  }

  // https://html.spec.whatwg.org/#ports-and-garbage-collection
  hold(port) {
    const closes = this.closing && (this.enabled || !this.isToCloseLater());
    this.awaited = port.isAwaiting();
    const hears = this.awaited || closes || (this.enabled && this.messages.size > 0);
    this.heldPort = hears ? port : undefined;
    if (this.end !== undefined) this.end.hold(this, hears);
  }

  enable(port) {
    if (this.enabled) return;
    this.enabled = true;
    this.hold(port);
    const waiting = this.messages.size + (this.end === undefined ? 0 : this.end.enable());
    for (let i = waiting; i > 0; i--) queueTask(this.deliverySteps);
  }

  isToCloseLater() {
    return this.hasMoved && this.messages.size + (this.end === undefined ? 0 : this.end.waiting()) > 0;
  }

  /** Is the port with this queue the one that is posted to? */
  isQueueOf(queue) {
    return queue === this;
  }

  add(message) {
    this.messages.append(message);
    if (!this.enabled) return;
    const { port } = this;
    // Nobody will ever hear it.
    if (port === undefined) return;
    if (this.heldPort === undefined || this.end !== undefined) this.hold(port);
    queueTask(this.deliverySteps);
  }

  deliver() {
    // It may have been transferred since, with what was in it.
    if (!this.enabled) return;
    const { port } = this;
    if (port === undefined) return;
    let message;
    if (this.messages.size > 0) message = this.messages.shift();
    else if (this.end !== undefined) message = this.end.receive();
    if (message === undefined) return;
    if (this.closing && this.hasMoved && !this.isToCloseLater()) queueTask(this.closeSteps);
    if (this.end !== undefined || !this.awaited) this.hold(port);
    port.receive(message);
  }

  /** https://html.spec.whatwg.org/#disentangle */
  disentangle() {
    const { remote } = this;
    if (remote === undefined) return;
    this.remote = undefined;
    remote.closed();
  }

  // DEPARTS: fires `close` in a task, behind the messages that are under way, and for a port that is under way itself, or has been,
  // when it has come and no message waits in it any more, as browsers do: https://html.spec.whatwg.org/#disentangle
  closed() {
    this.remote = undefined;
    this.closing = true;
    const { port } = this;
    if (port === undefined) return;
    this.hold(port);
    queueTask(this.closeSteps);
  }

  // The port is gone; it was entangled with the one whose queue this is.
  otherIsCollected(ports) {
    const other = this.remote;
    // Its queue may have gone on without it, also to another realm.
    if (other !== undefined && this.end === undefined && other.ports === ports) other.disentangle();
  }

  // The other end leaves the realm.
  goRemote(end) {
    this.remote = this.end = end;
    const { port } = this;
    if (port === undefined) return;
    end.own(this);
    if (this.enabled) end.enable();
    this.hold(port);
    watchForCollection(port, this);
  }

  fireClose() {
    const { port } = this;
    if (!this.closing || port === undefined || this.isToCloseLater()) return;
    this.closing = false;
    this.hold(port);
    fireEvent("close", port, undefined, undefined, true);
  }
}

// NB: knows nothing that would keep the port or its queue.
const collected = new FinalizationRegistry(({ weakRemote, ports }) => {
  const remote = WeakRefPrototypeDeref(weakRemote);
  if (remote !== undefined) remote.otherIsCollected(ports);
});

function watchForCollection(port, queue) {
  const weakRemote = new WeakRef(queue.remote);
  FinalizationRegistryPrototypeRegister(collected, port, { __proto__: null, weakRemote, ports: queue.ports });
}

// Those of the realm, by the numbers that tasks know them by.
const ends = new Map();
let lastEnd = 0;

// An end of a channel to a port that may be anywhere.
class RemoteEnd {
  handle;
  id = 0;
  // Is it the implicit port of a worker, which no lifetime depends on?
  implicit = false;
  weakQueue = undefined;
  heldQueue = undefined;
  // How many ports the queue had when it was last given to one.
  ports = 0;

  constructor(handle, implicit) {
    this.handle = handle;
    this.implicit = implicit;
  }

  // The queue is a realm's again, or for the first time: was the other end closed meanwhile?
  own(queue) {
    if (this.id === 0) {
      lastEnd++;
      this.id = lastEnd;
      MapPrototypeSet(ends, this.id, this);
    }
    this.weakQueue = new WeakRef(queue);
    this.ports = queue.ports;
    return ops.port_own(this.handle, this.id, this.implicit);
  }

  detach(queue) {
    this.ports = queue.ports;
    this.heldQueue = undefined;
    ops.port_enable(this.handle, false);
  }

  hold(queue, hears) {
    const mayHear = hears && (queue.remote !== undefined || queue.closing || this.waiting() > 0);
    this.heldQueue = mayHear ? queue : undefined;
  }

  enable() {
    return ops.port_enable(this.handle, true);
  }

  waiting() {
    return ops.port_waiting(this.handle);
  }

  receive() {
    const written = ops.port_receive(this.handle);
    return written === undefined ? undefined : { __proto__: null, written };
  }

  get queue() {
    return this.weakQueue === undefined ? undefined : WeakRefPrototypeDeref(this.weakQueue);
  }

  // What a queue does with its other end.
  add(message) {
    ops.port_post(this.handle, message);
  }

  closed() {
    this.forget();
    ops.port_close(this.handle);
  }

  isQueueOf(queue) {
    return queue.end !== undefined && ops.port_is_entangled(this.handle, queue.end.handle);
  }

  // NB: the queue may have gone on without the port that was collected.
  otherIsCollected(ports) {
    if (this.ports === ports && this.id !== 0) this.closed();
  }

  forget() {
    MapPrototypeDelete(ends, this.id);
    this.id = 0;
    this.heldQueue = undefined;
  }
}

// The hook: a message for an enabled port has come from another realm.
function deliverToPort(id) {
  const end = MapPrototypeGet(ends, id);
  const queue = end === undefined ? undefined : end.queue;
  if (queue !== undefined) queue.deliver();
}

// The hook: the other end of a port is gone.
function closeRemotePort(id) {
  const end = MapPrototypeGet(ends, id);
  if (end === undefined || !ops.port_take_closing(end.handle)) return;
  const { queue } = end;
  if (queue === undefined) return;
  queue.closed();
}

// The hook: a queue leaves the realm, with its end of a channel. Gives that, and the messages that are the realm's own.
function exportQueue(queue) {
  let handle;
  if (queue.end === undefined) {
    const pair = ops.port_pair();
    const { remote } = queue;
    queue.remote = undefined;
    handle = pair[1];
    if (remote !== undefined) remote.goRemote(new RemoteEnd(pair[0], false));
    else ops.port_close(pair[0]);
    if (remote === undefined && !queue.closing) ops.port_take_closing(handle);
  } else {
    ({ handle } = queue.end);
    queue.end.forget();
    ops.port_disown(handle, queue.closing);
    queue.end = undefined;
    queue.remote = undefined;
  }
  const waiting = newList();
  while (queue.messages.size > 0) waiting[waiting.length] = serializedForOthers(queue.messages.shift());
  const exported = newList();
  exported[0] = handle;
  exported[1] = waiting;
  return exported;
}
ops.set_hooks({ deliverToPort, closeRemotePort, exportQueue });

/** https://html.spec.whatwg.org/#entangle */
export function entangledQueues() {
  const queue1 = new PortMessageQueue();
  const queue2 = new PortMessageQueue();
  queue1.remote = queue2;
  queue2.remote = queue1;
  return { __proto__: null, queue1, queue2 };
}

/** Drops what was posted to the other realm, and not heard there. */
export function discardSent(port) {
  ops.port_discard_sent(port.queue.end.handle);
}

export const isQueue = (value) => PortMessageQueue.is(value);

/** A queue that was transferred within the realm, or that of an end which has come from elsewhere. */
export function queueOf(queueOrHandle, implicit = false) {
  if (PortMessageQueue.is(queueOrHandle)) return queueOrHandle;
  const queue = new PortMessageQueue();
  queue.end = queue.remote = new RemoteEnd(queueOrHandle, implicit);
  queue.hasMoved = true;
  return queue;
}
