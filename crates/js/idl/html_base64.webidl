// https://html.spec.whatwg.org/#atob

partial interface mixin WindowOrWorkerGlobalScope {
  DOMString btoa(DOMString data);
  ByteString atob(DOMString data);
};
