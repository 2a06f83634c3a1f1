// The clock: https://w3c.github.io/hr-time/

import { MathFloor, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl } from "./events.js";

// https://w3c.github.io/hr-time/#dfn-coarsen-time: 5 microseconds where no other origin's data is near, 100 elsewhere.
function coarsen(milliseconds) {
  const perMillisecond = ops.global_is_isolated() ? 200 : 10;
  return MathFloor(milliseconds * perMillisecond) / perMillisecond;
}

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
    return coarsen(ops.now());
  }
}
implement("Performance", PerformanceImpl);
