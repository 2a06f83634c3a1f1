// [Queue-with-sizes](https://streams.spec.whatwg.org/#queue-with-sizes), on a list that gives up its first entry without
// moving the others. An entry is a record with a member `next`; it stands in one list at a time.
import { RangeError } from "../primordials.js";

export class Queue {
  head = undefined;
  tail = undefined;
  size = 0;

  append(entry) {
    entry.next = undefined;
    if (this.tail === undefined) this.head = entry;
    else this.tail.next = entry;
    this.tail = entry;
    this.size++;
  }

  shift() {
    const entry = this.head;
    this.head = entry.next;
    if (this.head === undefined) this.tail = undefined;
    this.size--;
    entry.next = undefined;
    return entry;
  }

  // NB: an entry may be put into another list while we are at it.
  forEach(steps) {
    let entry = this.head;
    while (entry !== undefined) {
      const next = entry.next;
      steps(entry);
      entry = next;
    }
  }
}

/** https://streams.spec.whatwg.org/#dequeue-value */
export function DequeueValue(container) {
  const valueWithSize = container.queue.shift();
  container.queueTotalSize -= valueWithSize.size;
  if (container.queueTotalSize < 0) container.queueTotalSize = 0;
  return valueWithSize.value;
}

/** https://streams.spec.whatwg.org/#enqueue-value-with-size */
export function EnqueueValueWithSize(container, value, size) {
  if (!IsNonNegativeNumber(size) || size === Infinity) {
    throw new RangeError("The size of a chunk must be a finite number that is not negative");
  }
  container.queue.append({ __proto__: null, next: undefined, value, size });
  container.queueTotalSize += size;
}

/** https://streams.spec.whatwg.org/#peek-queue-value */
export function PeekQueueValue(container) {
  return container.queue.head.value;
}

/** https://streams.spec.whatwg.org/#reset-queue */
export function ResetQueue(container) {
  container.queue = new Queue();
  container.queueTotalSize = 0;
}

/** https://streams.spec.whatwg.org/#is-non-negative-number */
export function IsNonNegativeNumber(v) {
  return typeof v === "number" && v >= 0;
}
