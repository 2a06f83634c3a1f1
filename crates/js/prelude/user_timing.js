// User Timing: https://w3c.github.io/user-timing/

import { DOMException, TypeError } from "./primordials.js";
import { globalImplementation, implement, implementationOf } from "./platform_objects.js";
import { currentTime } from "./high_resolution_time.js";
import { PerformanceEntryImpl, addToBuffer, queueEntry, startOfMark } from "./performance_timeline.js";
import { StructuredDeserialize, StructuredSerialize } from "./structured_clone.js";

// The read only attributes of PerformanceTiming: https://w3c.github.io/navigation-timing/#sec-performance-timing-interface
const timingAttributes = {
  __proto__: null, navigationStart: true, unloadEventStart: true, unloadEventEnd: true, redirectStart: true, redirectEnd: true,
  fetchStart: true, domainLookupStart: true, domainLookupEnd: true, connectStart: true, connectEnd: true, secureConnectionStart: true,
  requestStart: true, responseStart: true, responseEnd: true, domLoading: true, domInteractive: true, domContentLoadedEventStart: true,
  domContentLoadedEventEnd: true, domComplete: true, loadEventStart: true, loadEventEnd: true,
};

const isWindow = () => globalImplementation instanceof implementationOf("Window");

// Null where there is none.
const clone = (detail) => (detail === undefined || detail === null ? null : StructuredDeserialize(StructuredSerialize(detail)));

export class PerformanceMarkImpl extends PerformanceEntryImpl {
  entryType = "mark";
  detail = null;

  // https://w3c.github.io/user-timing/#dom-performancemark-constructor
  construct(name, options) {
    // 1.
    if (timingAttributes[name] === true && isWindow()) {
      throw new DOMException(`'${name}' is the name of an attribute of performance.timing.`, "SyntaxError");
    }
    // 3.
    this.name = name;
    // 5.
    if (options.startTime === undefined) {
      this.startTime = currentTime();
    } else {
      if (options.startTime < 0) throw new TypeError("A mark's startTime is not negative");
      this.startTime = options.startTime;
    }
    // 7, 8.
    this.detail = clone(options.detail);
  }
}
implement("PerformanceMark", PerformanceMarkImpl);

export class PerformanceMeasureImpl extends PerformanceEntryImpl {
  entryType = "measure";
  detail = null;
  // NB: it may end at 0, and be negative.
  length = 0;

  get duration() {
    return this.length;
  }
}
implement("PerformanceMeasure", PerformanceMeasureImpl);

/** https://w3c.github.io/user-timing/#mark-method */
export function mark(name, options) {
  const entry = new PerformanceMarkImpl();
  entry.construct(name, options);
  queueEntry(entry);
  addToBuffer(entry);
  return entry;
}

/** https://w3c.github.io/user-timing/#measure-method; `timing` is the global's PerformanceTiming. */
export function measure(timing, name, startOrOptions, endMark) {
  const options = typeof startOrOptions === "string" ? { __proto__: null } : startOrOptions;
  const { start, duration, end, detail } = options;
  const toTime = (said) => convertMark(timing, said);
  // 1.
  if (start !== undefined || end !== undefined || duration !== undefined || detail !== undefined) {
    if (endMark !== undefined) throw new TypeError("measure() takes no end mark beside options");
    if (start === undefined && end === undefined) throw new TypeError("A measure has a start or an end");
    if (start !== undefined && duration !== undefined && end !== undefined) {
      throw new TypeError("A measure has no more than two of start, duration and end");
    }
  }
  // 2.
  let endTime;
  if (endMark !== undefined) endTime = toTime(endMark);
  else if (end !== undefined) endTime = toTime(end);
  else if (start !== undefined && duration !== undefined) endTime = toTime(start) + toTime(duration);
  else endTime = currentTime();
  // 3.
  let startTime = 0;
  if (start !== undefined) startTime = toTime(start);
  else if (duration !== undefined && end !== undefined) startTime = toTime(end) - toTime(duration);
  else if (typeof startOrOptions === "string") startTime = toTime(startOrOptions);
  // 4 to 9.
  const entry = new PerformanceMeasureImpl();
  entry.name = name;
  entry.startTime = startTime;
  entry.length = endTime - startTime;
  entry.detail = clone(detail);
  // 10 to 12.
  queueEntry(entry);
  addToBuffer(entry);
  return entry;
}

// https://w3c.github.io/user-timing/#convert-a-mark-to-a-timestamp
function convertMark(timing, said) {
  if (typeof said !== "string") {
    if (said < 0) throw new TypeError("A time is not negative");
    return said;
  }
  if (timingAttributes[said] === true) return convertName(timing, said);
  const start = startOfMark(said);
  if (start === undefined) throw new DOMException(`There is no mark '${said}'.`, "SyntaxError");
  return start;
}

// https://w3c.github.io/user-timing/#convert-a-name-to-a-timestamp
function convertName(timing, name) {
  if (!isWindow()) throw new TypeError("A worker has no performance.timing");
  if (name === "navigationStart") return 0;
  const endTime = timing[name];
  if (endTime === 0) throw new DOMException(`'${name}' did not happen.`, "InvalidAccessError");
  return endTime - timing.navigationStart;
}
