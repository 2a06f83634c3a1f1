// Tasks that the prelude queues itself: https://html.spec.whatwg.org/#queue-a-task

import { ops } from "./primordials.js";
import { Queue } from "./streams/queues.js";

const tasks = new Queue();

/** https://html.spec.whatwg.org/#queue-a-task; what the steps throw is reported. */
export function queueTask(steps) {
  tasks.append({ __proto__: null, next: undefined, steps });
  ops.task_queue();
}

/** The hook of the loop. */
export function runTask() {
  const { steps } = tasks.shift();
  steps();
}
