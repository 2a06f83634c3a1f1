// https://w3c.github.io/reporting/#interface-reporting-observer

// NB: a report is made in the prelude, which knows its body's members: a sequence of these is an array of ordinary objects.
callback ReportingObserverCallback = undefined (sequence<any> reports, ReportingObserver observer);

dictionary ReportingObserverOptions {
  sequence<DOMString> types;
  boolean buffered = false;
};

[Exposed=(Window,Worker)]
interface ReportingObserver {
  constructor(ReportingObserverCallback callback, optional ReportingObserverOptions options = {});
  undefined observe();
  undefined disconnect();
  sequence<any> takeRecords();
};
