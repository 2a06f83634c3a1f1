// [Queue-with-sizes](https://streams.spec.whatwg.org/#queue-with-sizes), on a list that gives up its first entry without
// moving the others. An entry is a record with a member `next`; it stands in one list at a time.
import { RangeError, newList } from "../primordials.js";

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

// So many that are gone may stand before those that are there.
const MOST_GONE = 1024;

/** First in, first out, of values that need no entries: to make one for each takes its time. */
export class Fifo {
  list = newList();
  first = 0;

  get size() {
    return this.list.length - this.first;
  }

  append(value) {
    const { list } = this;
    list[list.length] = value;
  }

  shift() {
    const { list, first } = this;
    const value = list[first];
    list[first] = undefined;
    if (first + 1 === list.length) {
      list.length = this.first = 0;
      return value;
    }
    this.first = first + 1;
    // NB: not more often than for every second.
    if (this.first >= MOST_GONE && 2 * this.first >= list.length) {
      const left = newList();
      for (let i = this.first; i < list.length; i++) left[left.length] = list[i];
      this.list = left;
      this.first = 0;
    }
    return value;
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
