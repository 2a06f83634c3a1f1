// Performance Timeline: https://w3c.github.io/performance-timeline/
//
// Which entries there are, and who is told of them. What an entry measures is the other files'.

import {
  ArrayPrototypeSlice, ArrayPrototypeSort, DOMException, MathFloor, MathRandom, ObjectFreeze, ReflectApply, TypeError,
  createDataProperty, newList,
} from "./primordials.js";
import { implement, wrap } from "./platform_objects.js";
import { reportException } from "./reporting.js";
import { queueTask } from "./tasks.js";

// https://w3c.github.io/timing-entrytypes-registry/, in alphabetical order: what there is of it.
const entryTypes = ["mark", "measure", "resource"];
ObjectFreeze(entryTypes);

// https://w3c.github.io/performance-timeline/#dfn-performance-entry-buffer-map; all of them are available from the timeline.
const buffers = { __proto__: null, mark: newBuffer(), measure: newBuffer(), resource: newBuffer() };

function newBuffer() {
  return { __proto__: null, entries: newList(), droppedEntriesCount: 0 };
}

// https://w3c.github.io/performance-timeline/#dfn-last-performance-entry-id
let lastId = 0;

export class PerformanceEntryImpl {
  wrapper = undefined;
  id = 0;
  name = "";
  entryType = "";
  startTime = 0;
  endTime = 0;
  // There is no document that was navigated to.
  navigationId = 0;

  get duration() {
    return this.endTime === 0 ? 0 : this.endTime - this.startTime;
  }
}
implement("PerformanceEntry", PerformanceEntryImpl);

// https://w3c.github.io/performance-timeline/#dfn-list-of-registered-performance-observer-objects: observers that have options. One that
// is walked is never changed, but replaced.
let observers = newList();

let taskQueued = false;

// See resource_timing.js.
let takeIn = () => {};
let letWait = () => {};

/** Who takes in the reports that wait, and who lets them wait again. */
export function setWaiting(take, wait) {
  takeIn = take;
  letWait = wait;
}

/** Is there any observer that has options? */
export function isObserved() {
  return observers.length > 0;
}

export class PerformanceObserverImpl {
  wrapper = undefined;
  callback = undefined;
  buffer = newList();
  // undefined, "multiple" or "single"
  observerType = undefined;
  requiresDroppedEntries = false;
  // Which entry types it observes.
  types = newList();

  construct(callback) {
    this.callback = callback;
  }

  static get supportedEntryTypes() {
    return entryTypes;
  }

  // https://w3c.github.io/performance-timeline/#observe-method
  observe(options) {
    const { entryTypes: several, type, buffered } = options;
    // 2.
    if (several === undefined && type === undefined) throw new TypeError("observe() needs entryTypes or a type");
    // 3.
    if (several !== undefined && (type !== undefined || buffered !== undefined)) {
      throw new TypeError("observe() takes nothing else beside entryTypes");
    }
    // 4.
    const kind = several === undefined ? "single" : "multiple";
    this.observerType ??= kind;
    if (this.observerType !== kind) {
      throw new DOMException("An observer has always entryTypes, or always a type.", "InvalidModificationError");
    }
    // 5.
    this.requiresDroppedEntries = true;
    if (several !== undefined) {
      // 6.
      const types = newList();
      for (let i = 0; i < several.length; i++) {
        if (buffers[several[i]] !== undefined) types[types.length] = several[i];
      }
      if (types.length === 0) return;
      this.types = types;
      this.register();
      return;
    }
    // 7.
    if (buffers[type] === undefined) return;
    if (!includes(this.types, type)) this.types[this.types.length] = type;
    this.register();
    if (buffered !== true) return;
    const { entries } = buffers[type];
    for (let i = 0; i < entries.length; i++) this.buffer[this.buffer.length] = entries[i];
    queueObserverTask();
  }

  register() {
    if (includes(observers, this)) return;
    takeIn();
    const all = newList();
    for (let i = 0; i < observers.length; i++) all[i] = observers[i];
    all[all.length] = this;
    observers = all;
  }

  disconnect() {
    const left = newList();
    for (let i = 0; i < observers.length; i++) {
      if (observers[i] !== this) left[left.length] = observers[i];
    }
    observers = left;
    this.buffer = newList();
    this.types = newList();
    letWait();
  }

  takeRecords() {
    const entries = this.buffer;
    this.buffer = newList();
    return wrapped(entries);
  }

  // One observer's part of the task, with what it has not been told of.
  notify() {
    const entries = this.buffer;
    if (entries.length === 0) return;
    this.buffer = newList();
    const list = new PerformanceObserverEntryListImpl();
    list.entries = entries;
    const options = {};
    if (this.requiresDroppedEntries) {
      let count = 0;
      for (let i = 0; i < this.types.length; i++) count += buffers[this.types[i]].droppedEntriesCount;
      createDataProperty(options, "droppedEntriesCount", count);
      this.requiresDroppedEntries = false;
    }
    const observer = wrap(this);
    try {
      ReflectApply(this.callback, observer, [wrap(list), observer, options]);
    } catch (error) {
      reportException(error);
    }
  }
}
implement("PerformanceObserver", PerformanceObserverImpl);

function includes(list, value) {
  for (let i = 0; i < list.length; i++) {
    if (list[i] === value) return true;
  }
  return false;
}

// https://w3c.github.io/performance-timeline/#dfn-queue-the-performanceobserver-task
function queueObserverTask() {
  if (taskQueued) return;
  taskQueued = true;
  queueTask(() => {
    taskQueued = false;
    const list = observers;
    for (let i = 0; i < list.length; i++) list[i].notify();
  });
}

/** https://w3c.github.io/performance-timeline/#dfn-queue-a-performanceentry; which buffer it is added to is the caller's to say. */
export function queueEntry(entry) {
  // 1.
  if (lastId === 0) lastId = 100 + MathFloor(MathRandom() * 9900);
  lastId += 1 + MathFloor(MathRandom() * 10);
  entry.id = lastId;
  // 2 to 7.
  let isObserved = false;
  for (let i = 0; i < observers.length; i++) {
    const observer = observers[i];
    if (!includes(observer.types, entry.entryType)) continue;
    observer.buffer[observer.buffer.length] = entry;
    isObserved = true;
  }
  // 12.
  if (isObserved) queueObserverTask();
}

/** Adds it to the performance entry buffer of its type, however full that is. */
export function addToBuffer(entry) {
  const { entries } = buffers[entry.entryType];
  entries[entries.length] = entry;
}

/** So many entries of this type found no room; a negative number of them did after all. */
export function countDropped(type, count) {
  buffers[type].droppedEntriesCount += count;
}

/** How many entries of this type are there? */
export function bufferSize(type) {
  return buffers[type].entries.length;
}

/** Removes the entries of a type: those of this name, or all where it is undefined. */
export function clearBuffer(type, name) {
  const { entries } = buffers[type];
  const left = newList();
  for (let i = 0; i < entries.length; i++) {
    if (name !== undefined && entries[i].name !== name) left[left.length] = entries[i];
  }
  buffers[type].entries = left;
}

/** The start of the last mark of this name, or undefined. */
export function startOfMark(name) {
  const { entries } = buffers.mark;
  for (let i = entries.length - 1; i >= 0; i--) {
    if (entries[i].name === name) return entries[i].startTime;
  }
  return undefined;
}

const byStart = (one, other) => one.startTime - other.startTime;

// https://w3c.github.io/performance-timeline/#dfn-filter-buffer-by-name-and-type; what is undefined filters nothing. `result` is not sorted yet.
function filter(entries, name, type, result) {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (type !== undefined && entry.entryType !== type) continue;
    if (name !== undefined && entry.name !== name) continue;
    result[result.length] = entry;
  }
}

function wrapped(entries) {
  const objects = newList();
  for (let i = 0; i < entries.length; i++) objects[i] = wrap(entries[i]);
  return ArrayPrototypeSlice(objects);
}

/** https://w3c.github.io/performance-timeline/#dfn-filter-buffer-map-by-name-and-type; what is undefined filters nothing. */
export function entriesOfTimeline(name, type) {
  const result = newList();
  for (let i = 0; i < entryTypes.length; i++) {
    if (type === undefined || type === entryTypes[i]) filter(buffers[entryTypes[i]].entries, name, type, result);
  }
  ArrayPrototypeSort(result, byStart);
  return wrapped(result);
}

export class PerformanceObserverEntryListImpl {
  wrapper = undefined;
  entries = newList();

  getEntries() {
    return this.filtered(undefined, undefined);
  }

  getEntriesByType(type) {
    return this.filtered(undefined, type);
  }

  getEntriesByName(name, type) {
    return this.filtered(name, type);
  }

  filtered(name, type) {
    const result = newList();
    filter(this.entries, name, type, result);
    ArrayPrototypeSort(result, byStart);
    return wrapped(result);
  }
}
implement("PerformanceObserverEntryList", PerformanceObserverEntryListImpl);
