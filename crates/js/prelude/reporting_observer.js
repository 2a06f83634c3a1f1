// Reports, as scripts see them: https://w3c.github.io/reporting/#observers

import { ArrayPrototypeSlice, ReflectApply, createDataProperty, newList, ops } from "./primordials.js";
import { implement, wrap } from "./platform_objects.js";
import { reportException } from "./reporting.js";
import { queueTask } from "./tasks.js";

// Which types are visible to observers: https://w3c.github.io/webappsec-csp/#reporting, https://html.spec.whatwg.org/#coep-report-type
// DEPARTS: the text says of no other that it is; in browsers and web-platform-tests these are, too.
// https://w3c.github.io/webappsec-subresource-integrity/#report-violations
const visible = { __proto__: null, coep: true, "csp-violation": true, "integrity-violation": true };

const MOST_OF_A_TYPE = 100;

// https://w3c.github.io/reporting/#windoworworkerglobalscope-registered-reporting-observer-list. One that is walked is never changed, but
// replaced.
let observers = newList();

// https://w3c.github.io/reporting/#windoworworkerglobalscope-report-buffer
let buffer = newList();

function without(list, item) {
  const left = newList();
  for (let i = 0; i < list.length; i++) {
    if (list[i] !== item) left[left.length] = list[i];
  }
  return left;
}

export class ReportingObserverImpl {
  wrapper = undefined;
  callback = undefined;
  types = undefined;
  buffered = false;
  reportQueue = newList();

  // https://w3c.github.io/reporting/#dom-reportingobserver-reportingobserver
  construct(callback, options) {
    this.callback = callback;
    this.types = options.types;
    this.buffered = options.buffered;
  }

  // https://w3c.github.io/reporting/#dom-reportingobserver-observe
  observe() {
    // 2. It is an ordered set.
    if (!this.isRegistered()) {
      const all = without(observers, this);
      all[all.length] = this;
      observers = all;
    }
    // 3, 4.
    if (!this.buffered) return;
    this.buffered = false;
    // 5.
    const reports = buffer;
    for (let i = 0; i < reports.length; i++) queueTask(() => addReport(reports[i], this));
  }

  // https://w3c.github.io/reporting/#dom-reportingobserver-disconnect
  disconnect() {
    observers = without(observers, this);
  }

  // https://w3c.github.io/reporting/#dom-reportingobserver-takerecords
  takeRecords() {
    const reports = this.reportQueue;
    this.reportQueue = newList();
    return asSequence(reports);
  }

  isRegistered() {
    for (let i = 0; i < observers.length; i++) {
      if (observers[i] === this) return true;
    }
    return false;
  }

  observes(type) {
    const { types } = this;
    if (types === undefined || types.length === 0) return true;
    for (let i = 0; i < types.length; i++) {
      if (types[i] === type) return true;
    }
    return false;
  }
}
implement("ReportingObserver", ReportingObserverImpl);

// https://webidl.spec.whatwg.org/#js-dictionary: members in lexicographical order; a body's stand so already.
function asSequence(reports) {
  const objects = newList();
  for (let i = 0; i < reports.length; i++) {
    const { body, type, url } = reports[i];
    const members = {};
    for (let j = 0; j < body.length; j++) createDataProperty(members, body[j].name, body[j].value);
    const report = {};
    createDataProperty(report, "body", members);
    createDataProperty(report, "type", type);
    createDataProperty(report, "url", url);
    objects[i] = report;
  }
  return ArrayPrototypeSlice(objects);
}

// https://w3c.github.io/reporting/#add-report
function addReport(report, observer) {
  // 1, 2.
  if (visible[report.type] !== true || !observer.observes(report.type)) return;
  // 3. 4.
  observer.reportQueue[observer.reportQueue.length] = report;
  if (observer.reportQueue.length !== 1) return;
  const notifyList = observers;
  queueTask(() => invokeObservers(notifyList));
}

// https://w3c.github.io/reporting/#invoke-observers
function invokeObservers(notifyList) {
  for (let i = 0; i < notifyList.length; i++) {
    const observer = notifyList[i];
    if (observer.reportQueue.length === 0) continue;
    const reports = observer.takeRecords();
    const object = wrap(observer);
    try {
      ReflectApply(observer.callback, object, [reports, object]);
    } catch (error) {
      reportException(error);
    }
  }
}

// The hook: https://w3c.github.io/reporting/#notify-observers. The body is a list of names and values.
function notifyObservers(type, url, body) {
  const report = { __proto__: null, type, url, body };
  // 1.
  for (let i = 0; i < observers.length; i++) addReport(report, observers[i]);
  // 2.
  buffer[buffer.length] = report;
  // 3, 4.
  let count = 0;
  let earliest = -1;
  for (let i = buffer.length - 1; i >= 0; i--) {
    if (buffer[i].type !== type) continue;
    count++;
    earliest = i;
  }
  if (count > MOST_OF_A_TYPE) buffer = without(buffer, buffer[earliest]);
}
ops.set_hooks({ notifyObservers });
