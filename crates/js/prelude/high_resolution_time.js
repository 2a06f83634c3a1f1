// The clock: https://w3c.github.io/hr-time/

import { MathFloor, ops } from "./primordials.js";

/** https://w3c.github.io/hr-time/#dfn-coarsen-time: 5 microseconds where no other origin's data is near, 100 elsewhere. */
export function coarsen(milliseconds) {
  const perMillisecond = ops.global_is_isolated() ? 200 : 10;
  return MathFloor(milliseconds * perMillisecond) / perMillisecond;
}

/** https://w3c.github.io/hr-time/#dfn-current-high-resolution-time */
export function currentTime() {
  return coarsen(ops.now());
}
