// Broadcasting to other realms: https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts
//
// Who listens keeps nothing waiting; a message under way does, as any task.

import {
  DOMException, FinalizationRegistry, FinalizationRegistryPrototypeRegister, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet,
  WeakRef, WeakRefPrototypeDeref, newList, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl } from "./events.js";
import { fireMessageEvent } from "./message_ports.js";
import { StructuredSerializeWithTransfer } from "./structured_clone.js";

// Those that are open, by their numbers.
const channels = new Map();
let lastChannel = 0;
const collected = new FinalizationRegistry((id) => {
  MapPrototypeDelete(channels, id);
});
const nothing = newList();

export class BroadcastChannelImpl extends EventTargetImpl {
  id = 0;
  // NB: Rust forgets the channel when this is collected.
  handle = undefined;
  name = "";
  closed = false;

  construct(name) {
    lastChannel++;
    this.handle = ops.broadcast_open(lastChannel, name);
    this.id = lastChannel;
    this.name = name;
    MapPrototypeSet(channels, this.id, { __proto__: null, weakChannel: new WeakRef(this), heldChannel: undefined });
    FinalizationRegistryPrototypeRegister(collected, this, this.id);
  }

  // https://html.spec.whatwg.org/#dom-broadcastchannel-postmessage
  postMessage(message) {
    if (this.closed) throw new DOMException("The channel is closed.", "InvalidStateError");
    ops.broadcast_post(this.handle, StructuredSerializeWithTransfer(message, nothing));
  }

  // https://html.spec.whatwg.org/#dom-broadcastchannel-close
  close() {
    if (this.closed) return;
    this.closed = true;
    MapPrototypeDelete(channels, this.id);
    ops.broadcast_close(this.handle);
  }

  // With a listener it lives as long as it is open.
  beHeld() {
    const entry = MapPrototypeGet(channels, this.id);
    if (entry === undefined) return;
    entry.heldChannel = this.hasListener("message") || this.hasListener("messageerror") ? this : undefined;
  }

  addListener(listener) {
    super.addListener(listener);
    this.beHeld();
  }

  removeListener(listener) {
    super.removeListener(listener);
    this.beHeld();
  }
}
implement("BroadcastChannel", BroadcastChannelImpl);

// The hook: a message from a channel of the same name.
function deliverBroadcast(id, written, origin) {
  const entry = MapPrototypeGet(channels, id);
  const channel = entry === undefined ? undefined : WeakRefPrototypeDeref(entry.weakChannel);
  if (channel !== undefined) fireMessageEvent(channel, { __proto__: null, written }, origin, null);
}
ops.set_hooks({ deliverBroadcast });
