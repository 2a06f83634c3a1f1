import { NEW, implement, setGlobalImplementation, unwrap, wrap } from "./platform_objects.js";
import { PromiseReject, PromiseResolve, global } from "./primordials.js";
import { END_OF_ITERATION } from "./webidl_iterators.js";

class EventTargetImpl {
  wrapper = undefined;
  pings = [];
  handlers = {};
  construct() {}
  ping(name) {
    this.pings.push(name);
    global.lastPing = [this.constructor.name, name];
  }
  getEventHandler(type) {
    return this.handlers[type] ?? null;
  }
  setEventHandler(type, handler) {
    this.handlers[type] = handler;
  }
}
implement("EventTarget", EventTargetImpl);

class PlaceImpl {
  wrapper = undefined;
  href = "about:blank";
  port = 80;
  anything = 1;
}
implement("Place", PlaceImpl);

class GlobalImpl extends EventTargetImpl {
  location = new PlaceImpl();
  closed = false;
  get window() {
    return this;
  }
  get self() {
    return this;
  }
  close() {
    global.closedBy = "script";
  }
  fetch(input, init) {
    return PromiseResolve(input + init.apple);
  }
  onlyInWindows() {}
}
implement("Window", GlobalImpl);
implement("WorkerGlobalScope", GlobalImpl);
implement("DedicatedWorkerGlobalScope", GlobalImpl);
setGlobalImplementation(new GlobalImpl());

class HeadersImpl {
  wrapper = undefined;
  list = [];
  construct(init) {
    if (init !== undefined) for (const [key, value] of init) this.append(key, value);
  }
  append(key, value) {
    this.list.push({ key, value });
  }
  get(name) {
    return this.list.find(({ key }) => key === name)?.value ?? null;
  }
  pairAt(index) {
    return this.list[index];
  }
}
implement("Headers", HeadersImpl);

class ThingImpl extends EventTargetImpl {
  static made = 0;
  name = "";
  count = 0;
  mode = "cors";
  other = null;
  isTrusted = true;
  construct(name, count) {
    ThingImpl.made++;
    this.name = name;
    this.count = count;
  }
  static of(name) {
    const thing = new ThingImpl();
    thing.construct(name, 0);
    return thing;
  }
  get ready() {
    return PromiseResolve(undefined);
  }
  get later2() {
    return this.wrapper;
  }
  echo(value) {
    return value;
  }
  init(init) {
    return JSON.stringify(init, (key, value) => (value instanceof HeadersImpl ? "a Headers" : value));
  }
  later(value) {
    return value < 0 ? PromiseReject(new RangeError("negative")) : PromiseResolve(value);
  }
  kinds(...all) {
    return JSON.stringify(all);
  }
  overloaded(...all) {
    return all.map((a) => (a instanceof HeadersImpl ? "Headers" : `${typeof a}:${a}`)).join();
  }
  union(value) {
    return value instanceof HeadersImpl ? "Headers" : Array.isArray(value) ? `sequence ${value}` : ArrayBuffer.isView(value) ? "view" : value;
  }
  visit(visitor) {
    visitor(1);
  }
  listen(listener) {
    this.listener = listener;
  }
  integers(...all) {
    return all;
  }
  numbers(...all) {
    return all;
  }
  scalar(a, b) {
    return `${a}|${b}`;
  }
  buffers() {
    return "fine";
  }
  rows(value) {
    return JSON.stringify(value);
  }
  give() {
    return { __proto__: null, a: 1 };
  }
  onlyInWorkers() {}
  toString() {
    return `thing ${this.name}`;
  }
}
implement("Thing", ThingImpl);
class SubThingImpl extends ThingImpl {}
implement("SubThing", SubThingImpl);
global.makeSubThing = () => wrap(new SubThingImpl());
global.isThing = (value) => unwrap(value, ThingImpl) !== undefined;

class LinesImpl {
  wrapper = undefined;
  construct() {}
  asyncIteratorInit(from) {
    return { at: from };
  }
  asyncIteratorNext(state) {
    return PromiseResolve(state.at < 3 ? `line ${state.at++}` : END_OF_ITERATION);
  }
  asyncIteratorReturn(state, value) {
    global.returned = value;
    return PromiseResolve(undefined);
  }
}
implement("Lines", LinesImpl);
class PagesImpl {
  wrapper = undefined;
  construct() {}
  asyncIteratorInit() {
    return { at: 0 };
  }
  asyncIteratorNext(state) {
    if (state.at === 1) return PromiseReject(new RangeError("torn"));
    return PromiseResolve({ key: "page", value: state.at++ });
  }
}
implement("Pages", PagesImpl);
implement("console", {
  log(...data) {
    global.logged = data;
  },
});
implement("Secure", class {});
