// Tasks that the prelude queues itself: https://html.spec.whatwg.org/#queue-a-task

import { newList, ops } from "./primordials.js";

// First in, first out; those that were run stand before `next`.
let tasks = newList();
let next = 0;

/** https://html.spec.whatwg.org/#queue-a-task; what the steps throw is reported. */
export function queueTask(steps) {
  tasks[tasks.length] = steps;
  ops.task_queue();
}

/** The hook of the loop. */
export function runTask() {
  const steps = tasks[next];
  tasks[next++] = undefined;
  if (next === tasks.length) {
    tasks = newList();
    next = 0;
  }
  steps();
}
