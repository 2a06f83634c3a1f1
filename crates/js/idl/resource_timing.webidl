// https://w3c.github.io/resource-timing/, and what https://w3c.github.io/server-timing/ adds to it

[Exposed=(Window,Worker)]
interface PerformanceResourceTiming : PerformanceEntry {
  readonly attribute DOMString initiatorType;
  readonly attribute DOMString deliveryType;
  readonly attribute ByteString nextHopProtocol;
  readonly attribute DOMHighResTimeStamp workerStart;
  readonly attribute DOMHighResTimeStamp redirectStart;
  readonly attribute DOMHighResTimeStamp redirectEnd;
  readonly attribute DOMHighResTimeStamp fetchStart;
  readonly attribute DOMHighResTimeStamp domainLookupStart;
  readonly attribute DOMHighResTimeStamp domainLookupEnd;
  readonly attribute DOMHighResTimeStamp connectStart;
  readonly attribute DOMHighResTimeStamp connectEnd;
  readonly attribute DOMHighResTimeStamp secureConnectionStart;
  readonly attribute DOMHighResTimeStamp requestStart;
  readonly attribute DOMHighResTimeStamp finalResponseHeadersStart;
  readonly attribute DOMHighResTimeStamp firstInterimResponseStart;
  readonly attribute DOMHighResTimeStamp responseStart;
  readonly attribute DOMHighResTimeStamp responseEnd;
  readonly attribute DOMHighResTimeStamp workerRouterEvaluationStart;
  readonly attribute DOMHighResTimeStamp workerCacheLookupStart;
  readonly attribute DOMString workerMatchedRouterSource;
  readonly attribute DOMString workerFinalRouterSource;
  readonly attribute unsigned long long transferSize;
  readonly attribute unsigned long long encodedBodySize;
  readonly attribute unsigned long long decodedBodySize;
  readonly attribute unsigned short responseStatus;
  readonly attribute RenderBlockingStatusType renderBlockingStatus;
  readonly attribute DOMString contentType;
  readonly attribute DOMString contentEncoding;
  readonly attribute FrozenArray<PerformanceServerTiming> serverTiming;
  [Default] object toJSON();
};

enum RenderBlockingStatusType { "blocking", "non-blocking" };

partial interface Performance {
  undefined clearResourceTimings();
  undefined setResourceTimingBufferSize(unsigned long maxSize);
  attribute EventHandler onresourcetimingbufferfull;
};

[Exposed=(Window,Worker)]
interface PerformanceServerTiming {
  readonly attribute DOMString name;
  readonly attribute DOMHighResTimeStamp duration;
  readonly attribute DOMString description;
  [Default] object toJSON();
};
