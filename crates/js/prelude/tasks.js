// Tasks that the prelude queues itself: https://html.spec.whatwg.org/#queue-a-task

import { ObjectSetPrototypeOf, ops } from "./primordials.js";
import { Queue } from "./streams/queues.js";

const tasks = new Queue();

class Task {
  next = undefined;
  steps;

  constructor(steps) {
    this.steps = steps;
  }
}
ObjectSetPrototypeOf(Task.prototype, null);

/** https://html.spec.whatwg.org/#queue-a-task; what the steps throw is reported. */
export function queueTask(steps) {
  tasks.append(new Task(steps));
  ops.task_queue();
}

/** The hook of the loop. */
export function runTask() {
  const { steps } = tasks.shift();
  steps();
}
