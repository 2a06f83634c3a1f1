// The clock: https://w3c.github.io/hr-time/

import { MathFloor, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";
import { EventTargetImpl } from "./events.js";

// https://w3c.github.io/hr-time/#dfn-coarsen-time: 5 microseconds where no other origin's data is near, 100 elsewhere.
function coarsen(milliseconds) {
  const perMillisecond = ops.global_is_isolated() ? 200 : 10;
  return MathFloor(milliseconds * perMillisecond) / perMillisecond;
}

export class PerformanceImpl extends EventTargetImpl {
  timeOrigin = coarsen(ops.time_origin());

  now() {
    return coarsen(ops.now());
  }
}
implement("Performance", PerformanceImpl);
