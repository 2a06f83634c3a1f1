// Tasks that the prelude queues itself: https://html.spec.whatwg.org/#queue-a-task

import { ops } from "./primordials.js";
import { Fifo } from "./streams/queues.js";

const tasks = new Fifo();

/** https://html.spec.whatwg.org/#queue-a-task; what the steps throw is reported. */
export function queueTask(steps) {
  tasks.append(steps);
  ops.task_queue();
}

/** The hook of the loop. */
export function runTask() {
  const steps = tasks.shift();
  steps();
}
