// Resource Timing: https://w3c.github.io/resource-timing/, and Server Timing: https://w3c.github.io/server-timing/
//
// What a fetch reported is Rust's, behind a handle, until somebody asks. As long as no script looks at the timeline it waits there and is
// no entry yet: all that script does with the timeline begins by `takeIn()`, and ends by `letWait()`.

import { ArrayPrototypeSlice, ObjectFreeze, newList, ops } from "./primordials.js";
import { globalImplementation, implement, wrap } from "./platform_objects.js";
import { fireEvent } from "./events.js";
import {
  PerformanceEntryImpl, addToBuffer, bufferSize, clearBuffer, countDropped, isObserved, queueEntry, setWaiting,
} from "./performance_timeline.js";
import { queueTask } from "./tasks.js";

export class PerformanceServerTimingImpl {
  wrapper = undefined;
  name = "";
  duration = 0;
  description = "";
}
implement("PerformanceServerTiming", PerformanceServerTimingImpl);

export class PerformanceResourceTimingImpl extends PerformanceEntryImpl {
  entryType = "resource";
  initiatorType = "";
  handle = undefined;
  membersOrNone = undefined;
  serverTimingOrNone = undefined;

  get members() {
    this.membersOrNone ??= ops.timing_members(this.handle);
    return this.membersOrNone;
  }

  get deliveryType() {
    return this.members.cacheMode === "" ? "" : "cache";
  }

  get responseStart() {
    const { firstInterimResponseStart, finalResponseHeadersStart } = this.members;
    return firstInterimResponseStart === 0 ? finalResponseHeadersStart : firstInterimResponseStart;
  }

  get responseEnd() {
    return this.endTime;
  }

  // https://w3c.github.io/resource-timing/#dom-performanceresourcetiming-transfersize
  // DEPARTS: 0 where the server allows no details, as in browsers and web-platform-tests; the text takes this for granted.
  get transferSize() {
    const { cacheMode, encodedBodySize, isAllowed } = this.members;
    if (!isAllowed || cacheMode === "local") return 0;
    return cacheMode === "validated" ? 300 : encodedBodySize + 300;
  }

  // https://w3c.github.io/server-timing/#the-servertiming-attribute
  get serverTiming() {
    if (this.serverTimingOrNone === undefined) {
      const metrics = ops.timing_server(this.handle);
      const entries = newList();
      for (let i = 0; i < metrics.length; i += 3) {
        const metric = new PerformanceServerTimingImpl();
        metric.name = metrics[i];
        metric.duration = metrics[i + 1];
        metric.description = metrics[i + 2];
        entries[entries.length] = wrap(metric);
      }
      this.serverTimingOrNone = ObjectFreeze(ArrayPrototypeSlice(entries));
    }
    return this.serverTimingOrNone;
  }

  get nextHopProtocol() {
    return this.members.nextHopProtocol;
  }

  get workerStart() {
    return this.members.workerStart;
  }

  get redirectStart() {
    return this.members.redirectStart;
  }

  get redirectEnd() {
    return this.members.redirectEnd;
  }

  get fetchStart() {
    return this.members.fetchStart;
  }

  get domainLookupStart() {
    return this.members.domainLookupStart;
  }

  get domainLookupEnd() {
    return this.members.domainLookupEnd;
  }

  get connectStart() {
    return this.members.connectStart;
  }

  get connectEnd() {
    return this.members.connectEnd;
  }

  get secureConnectionStart() {
    return this.members.secureConnectionStart;
  }

  get requestStart() {
    return this.members.requestStart;
  }

  get finalResponseHeadersStart() {
    return this.members.finalResponseHeadersStart;
  }

  get firstInterimResponseStart() {
    return this.members.firstInterimResponseStart;
  }

  get workerRouterEvaluationStart() {
    return this.members.workerRouterEvaluationStart;
  }

  get workerCacheLookupStart() {
    return this.members.workerCacheLookupStart;
  }

  get workerMatchedRouterSource() {
    return this.members.workerMatchedRouterSource;
  }

  get workerFinalRouterSource() {
    return this.members.workerFinalRouterSource;
  }

  get encodedBodySize() {
    return this.members.encodedBodySize;
  }

  get decodedBodySize() {
    return this.members.decodedBodySize;
  }

  get responseStatus() {
    return this.members.responseStatus;
  }

  get renderBlockingStatus() {
    return this.members.renderBlockingStatus;
  }

  get contentType() {
    return this.members.contentType;
  }

  get contentEncoding() {
    return this.members.contentEncoding;
  }
}
implement("PerformanceResourceTiming", PerformanceResourceTimingImpl);

// https://w3c.github.io/resource-timing/#dfn-resource-timing-buffer-size-limit
let sizeLimit = 250;
let fullEventPending = false;
let secondaryBuffer = newList();

export function setResourceTimingBufferSize(maxSize) {
  takeIn();
  sizeLimit = maxSize;
  letWait();
}

export function clearResourceTimings() {
  takeIn();
  clearBuffer("resource", undefined);
  letWait();
}

// https://w3c.github.io/resource-timing/#dfn-can-add-resource-timing-entry
const canAdd = () => bufferSize("resource") < sizeLimit;

function newEntry(handle, url, initiatorType, startTime, endTime) {
  const entry = new PerformanceResourceTimingImpl();
  entry.name = url;
  entry.initiatorType = initiatorType;
  entry.startTime = startTime;
  entry.endTime = endTime;
  entry.handle = handle;
  queueEntry(entry);
  return entry;
}

// The hook: https://w3c.github.io/resource-timing/#dfn-mark-resource-timing
function markResourceTiming(handle, url, initiatorType, startTime, endTime) {
  takeIn();
  addEntry(newEntry(handle, url, initiatorType, startTime, endTime));
  letWait();
}
ops.set_hooks({ fireBufferFullEvent, markResourceTiming });

/** Makes entries of the reports that wait, each in the buffer that it was for. */
export function takeIn() {
  const waiting = ops.timing_take();
  if (waiting === undefined) return;
  let foundRoom = waiting[0];
  countDropped("resource", waiting[1]);
  if (waiting[2]) fullEventPending = true;
  for (let i = 3; i < waiting.length; i += 5) {
    const entry = newEntry(waiting[i], waiting[i + 1], waiting[i + 2], waiting[i + 3], waiting[i + 4]);
    if (foundRoom > 0) addToBuffer(entry);
    else addToSecondaryBuffer(entry);
    foundRoom -= 1;
  }
}

/** Lets reports wait, if nobody is to be told of them at once. */
export function letWait() {
  if (isObserved() || fullEventPending || globalImplementation.performance.hasListeners) return;
  const room = sizeLimit - bufferSize("resource");
  ops.timing_wait(room > 0 ? room : 0);
}
setWaiting(takeIn, letWait);

// https://w3c.github.io/resource-timing/#dfn-add-a-PerformanceResourceTiming-entry
function addEntry(entry) {
  // 1.
  if (canAdd() && !fullEventPending) {
    addToBuffer(entry);
    return;
  }
  // 2.
  if (!fullEventPending) {
    fullEventPending = true;
    queueTask(fireBufferFullEvent);
  }
  // 3, 4.
  addToSecondaryBuffer(entry);
}

// NB: it counts as dropped from now on, as Performance Timeline has it, unless it finds room after all.
function addToSecondaryBuffer(entry) {
  secondaryBuffer[secondaryBuffer.length] = entry;
  countDropped("resource", 1);
}

// https://w3c.github.io/resource-timing/#dfn-fire-a-buffer-full-event; a hook, too: the task is Rust's where nobody had looked when it was queued.
function fireBufferFullEvent() {
  while (secondaryBuffer.length > 0) {
    const before = secondaryBuffer.length;
    if (!canAdd()) fireEvent("resourcetimingbufferfull", globalImplementation.performance, undefined, undefined, true);
    copySecondaryBuffer();
    if (before <= secondaryBuffer.length) secondaryBuffer = newList();
  }
  // NB: the steps that drop entries are said to end here with the flag still set: no entry would ever be added again.
  fullEventPending = false;
  letWait();
}

// https://w3c.github.io/resource-timing/#dfn-copy-secondary-buffer
function copySecondaryBuffer() {
  let copied = 0;
  while (copied < secondaryBuffer.length && canAdd()) {
    addToBuffer(secondaryBuffer[copied]);
    copied += 1;
  }
  countDropped("resource", -copied);
  const left = newList();
  for (let i = copied; i < secondaryBuffer.length; i++) left[left.length] = secondaryBuffer[i];
  secondaryBuffer = left;
}
