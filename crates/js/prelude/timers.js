// Timers: https://html.spec.whatwg.org/#timers
//
// The loop knows when (`ops.timer_set`), this file what.

import { Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ops } from "./primordials.js";

const active = new Map();
let last = 0;

/** https://html.spec.whatwg.org/#run-steps-after-a-timeout: its id. Where it does not keep the loop alive, it may never come. */
export function runStepsAfterTimeout(milliseconds, steps, keepsAlive = true) {
  last = last >= 0x7fffffff ? 1 : last + 1;
  while (MapPrototypeGet(active, last) !== undefined) last += 1;
  MapPrototypeSet(active, last, steps);
  ops.timer_set(last, milliseconds, keepsAlive);
  return last;
}

/** Forgets a timer, if it is still to come. */
export function clearTimer(id) {
  if (MapPrototypeDelete(active, id)) ops.timer_clear(id);
}

/** The hook of the loop. */
export function fireTimer(id) {
  const steps = MapPrototypeGet(active, id);
  MapPrototypeDelete(active, id);
  if (steps !== undefined) steps();
}
