// The performance object: https://w3c.github.io/hr-time/#sec-performance, and what other Standards add to it

import { MathFloor, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl } from "./events.js";
import { coarsen, currentTime } from "./high_resolution_time.js";
import { clearBuffer, entriesOfTimeline } from "./performance_timeline.js";
import { clearResourceTimings, letWait, setResourceTimingBufferSize, takeIn } from "./resource_timing.js";
import { mark, measure } from "./user_timing.js";

// https://w3c.github.io/navigation-timing/#obsolete: what did not happen is at 0.
export class PerformanceTimingImpl {
  wrapper = undefined;
  navigationStart = MathFloor(ops.time_origin());
  unloadEventStart = 0;
  unloadEventEnd = 0;
  redirectStart = 0;
  redirectEnd = 0;
  fetchStart = this.navigationStart;
  domainLookupStart = 0;
  domainLookupEnd = 0;
  connectStart = 0;
  connectEnd = 0;
  secureConnectionStart = 0;
  requestStart = 0;
  responseStart = 0;
  responseEnd = 0;
  domLoading = 0;
  domInteractive = 0;
  domContentLoadedEventStart = 0;
  domContentLoadedEventEnd = 0;
  domComplete = 0;
  loadEventStart = 0;
  loadEventEnd = 0;
}
implement("PerformanceTiming", PerformanceTimingImpl);

export class PerformanceNavigationImpl {
  wrapper = undefined;
  type = 0;
  redirectCount = 0;
}
implement("PerformanceNavigation", PerformanceNavigationImpl);

export class PerformanceImpl extends EventTargetImpl {
  timeOrigin = coarsen(ops.time_origin());
  timing = new PerformanceTimingImpl();
  navigation = new PerformanceNavigationImpl();

  now() {
    return currentTime();
  }

  // Who listens is told when the buffer is full, and so looks.
  addListener(listener) {
    takeIn();
    super.addListener(listener);
    letWait();
  }

  removeListener(listener) {
    super.removeListener(listener);
    letWait();
  }

  getEntries() {
    return entriesSeen(undefined, undefined);
  }

  getEntriesByType(type) {
    return entriesSeen(undefined, type);
  }

  getEntriesByName(name, type) {
    return entriesSeen(name, type);
  }

  // NB: what was reported before has the lesser ids.
  mark(name, options) {
    takeIn();
    const entry = mark(name, options);
    letWait();
    return entry;
  }

  clearMarks(name) {
    clearBuffer("mark", name);
  }

  measure(name, startOrOptions, endMark) {
    takeIn();
    const entry = measure(this.timing, name, startOrOptions, endMark);
    letWait();
    return entry;
  }

  clearMeasures(name) {
    clearBuffer("measure", name);
  }

  clearResourceTimings() {
    clearResourceTimings();
  }

  setResourceTimingBufferSize(maxSize) {
    setResourceTimingBufferSize(maxSize);
  }
}
implement("Performance", PerformanceImpl);

function entriesSeen(name, type) {
  takeIn();
  const entries = entriesOfTimeline(name, type);
  letWait();
  return entries;
}
