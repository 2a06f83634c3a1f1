// XMLHttpRequest: https://xhr.spec.whatwg.org/#interface-xmlhttprequest
//
// The request, its fetch and what was received are Rust's, behind handles; states and events are here.

import {
  DOMException, JSONParse, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, MathMax, ops,
} from "./primordials.js";
import { globalImplementation, implement, implementationOf, wrap } from "./platform_objects.js";
import { newBlob } from "./blob.js";
import { EventTargetImpl, fireEvent } from "./events.js";
import { fireProgressEvent } from "./progress_event.js";
import { clearTimer, runStepsAfterTimeout } from "./timers.js";
import { URLSearchParamsImpl } from "./url.js";
import { extract } from "./fetch/body.js";
import { newHeaders } from "./fetch/headers.js";

const UNSENT = 0;
const OPENED = 1;
const HEADERS_RECEIVED = 2;
const LOADING = 3;
const DONE = 4;

// Between two events that tell of progress, in milliseconds.
const PROGRESS_EVERY = 50;

// The fetches under way, which keep their objects.
const underWay = new Map();
let lastId = 0;

// No body here is a stream of script's, which would have to be fed.
const transmitted = (body) => (body === undefined ? undefined : body.transmit().handle);

const isWindow = () => globalImplementation instanceof implementationOf("Window");

const invalidState = (message) => new DOMException(message, "InvalidStateError");
const invalidAccess = () => new DOMException("A synchronous request of a window has neither.", "InvalidAccessError");

export class XMLHttpRequestEventTargetImpl extends EventTargetImpl {}
implement("XMLHttpRequestEventTarget", XMLHttpRequestEventTargetImpl);

export class XMLHttpRequestUploadImpl extends XMLHttpRequestEventTargetImpl {}
implement("XMLHttpRequestUpload", XMLHttpRequestUploadImpl);

// One `send()`, from its first event to its last byte.
class Sending {
  // Defaults are the prototypes', as in fetch/body.js.
  static {
    const { prototype } = this;
    prototype.id = 0;
    prototype.xhr = undefined;
    // Rust's, once the fetch has begun.
    prototype.transfer = undefined;
    prototype.startedAt = 0;
    prototype.timer = undefined;
    prototype.requestBodyTransmitted = 0;
    prototype.requestBodyLength = 0;
    prototype.uploadToldAt = 0;
    prototype.uploadTimer = undefined;
    prototype.toldAt = -PROGRESS_EVERY;
    // How many bytes the last progress event told of.
    prototype.told = -1;
  }

  constructor(xhr, requestBodyLength) {
    this.xhr = xhr;
    this.requestBodyLength = requestBodyLength;
  }

  get isCurrent() {
    return this.xhr.sending === this;
  }

  start(body) {
    const { xhr } = this;
    lastId = lastId >= 0xffffffff ? 1 : lastId + 1;
    while (MapPrototypeGet(underWay, lastId) !== undefined) lastId += 1;
    this.id = lastId;
    MapPrototypeSet(underWay, this.id, this);
    try {
      this.transfer = ops.xhr_start(this.id, xhr.request, body, xhr.crossOriginCredentials, xhr.uploadListener);
    } catch (error) {
      this.end();
      throw error;
    }
    this.startedAt = ops.now();
    this.uploadToldAt = this.startedAt;
    this.setTimer();
  }

  // It is measured from the start, whenever it is set.
  setTimer() {
    if (this.transfer === undefined) return;
    this.clearTimer();
    const { timeoutMilliseconds } = this.xhr;
    if (timeoutMilliseconds === 0) return;
    const left = MathMax(0, this.startedAt + timeoutMilliseconds - ops.now());
    this.timer = runStepsAfterTimeout(left, () => this.timeOut(), false);
  }

  timeOut() {
    if (!this.isCurrent) return;
    this.terminate(false);
    this.xhr.requestErrorSteps("timeout", "TimeoutError", true);
  }

  terminate(aborted) {
    this.end();
    if (this.transfer !== undefined) ops.xhr_terminate(this.transfer, aborted);
  }

  end() {
    if (this.isCurrent) this.xhr.sending = undefined;
    MapPrototypeDelete(underWay, this.id);
    this.clearTimer();
    if (this.uploadTimer === undefined) return;
    clearTimer(this.uploadTimer);
    this.uploadTimer = undefined;
  }

  clearTimer() {
    if (this.timer === undefined) return;
    clearTimer(this.timer);
    this.timer = undefined;
  }

  // processRequestBodyChunkLength. NB: a body that a redirect sends once more is told of once.
  sent(bytesLength) {
    if (this.xhr.uploadComplete || this.uploadTimer !== undefined) return;
    this.requestBodyTransmitted += bytesLength;
    // A transport that knows the length never asks for more, and so never hears of the end.
    if (this.isAllSent) {
      this.sentAllSoon();
      return;
    }
    const now = ops.now();
    if (now - this.uploadToldAt < PROGRESS_EVERY) return;
    this.uploadToldAt = now;
    this.fireAtUpload("progress");
  }

  get isAllSent() {
    return this.requestBodyTransmitted === this.requestBodyLength;
  }

  // What is sent at once is told of like all progress: in its time, or before there is more to tell.
  sentAllSoon() {
    if (this.uploadTimer !== undefined) return;
    const left = MathMax(0, this.uploadToldAt + PROGRESS_EVERY - ops.now());
    this.uploadTimer = runStepsAfterTimeout(left, () => this.sentAll(), false);
  }

  // processRequestEndOfBody
  sentAll() {
    const { xhr } = this;
    if (xhr.uploadComplete || !this.isCurrent) return;
    xhr.uploadComplete = true;
    this.fireAtUpload("progress");
    this.fireAtUpload("load");
    this.fireAtUpload("loadend");
  }

  fireAtUpload(type) {
    if (this.isCurrent) fireProgressEvent(type, this.xhr.upload, this.requestBodyTransmitted, this.requestBodyLength, true);
  }

  // processResponse
  respond(handle, hasBody) {
    const { xhr } = this;
    if (xhr.uploadListener && this.isAllSent) this.sentAll();
    if (!this.isCurrent) return;
    xhr.takeResponse(handle, this.transfer, hasBody);
    xhr.readyState = HEADERS_RECEIVED;
    xhr.fireReadyStateChange(true);
    if (this.isCurrent && xhr.readyState === HEADERS_RECEIVED && !hasBody) xhr.handleResponseEndOfBody(this);
  }

  // processBodyChunk
  receive() {
    const { xhr } = this;
    xhr.receive();
    const now = ops.now();
    if (now - this.toldAt < PROGRESS_EVERY) return;
    this.toldAt = now;
    if (xhr.readyState === HEADERS_RECEIVED) xhr.readyState = LOADING;
    xhr.fireReadyStateChange(true);
    if (!this.isCurrent) return;
    this.told = xhr.responseOrNone.received;
    xhr.fireProgress("progress", true);
  }

  // processBodyError, or a response that is a network error.
  fail() {
    if (this.xhr.uploadListener && this.isAllSent) this.sentAll();
    if (!this.isCurrent) return;
    this.end();
    this.xhr.requestErrorSteps("error", "NetworkError", true);
  }
}

// The hook: what the fetch of this number has to tell, in a task of its own.
function xmlHttpRequestStep(id, step, value, hasBody) {
  const sending = MapPrototypeGet(underWay, id);
  if (sending === undefined) return;
  if (step === "sent") sending.sent(value);
  else if (step === "sentAll") sending.sentAllSoon();
  else if (step === "response") sending.respond(value, hasBody);
  else if (step === "chunk") sending.receive();
  else if (step === "end") sending.xhr.handleResponseEndOfBody(sending);
  else sending.fail();
}
ops.set_hooks({ xmlHttpRequestStep });

export class XMLHttpRequestImpl extends XMLHttpRequestEventTargetImpl {
  static {
    const { prototype } = this;
    prototype.uploadOrNone = undefined;
    prototype.readyState = UNSENT;
    prototype.sendInvoked = false;
    prototype.timeoutMilliseconds = 0;
    prototype.crossOriginCredentials = false;
    // Method, URL and author request headers.
    prototype.request = undefined;
    prototype.method = "";
    prototype.synchronous = false;
    prototype.uploadComplete = false;
    prototype.uploadListener = false;
    // undefined is a network error.
    prototype.responseOrNone = undefined;
    prototype.responseTypeSaid = "";
    // undefined is null, and null failure.
    prototype.responseObject = undefined;
    prototype.overridingMimeType = undefined;
    prototype.sending = undefined;
  }

  // One that script has not seen has no listeners.
  get upload() {
    this.uploadOrNone ??= new XMLHttpRequestUploadImpl();
    return this.uploadOrNone;
  }

  // https://xhr.spec.whatwg.org/#dom-xmlhttprequest-open
  open(method, url, async, username, password) {
    // 2 to 8.
    const opened = ops.xhr_open(method, url, username ?? undefined, password ?? undefined);
    // 7. NB: what is given as undefined is false.
    const isAsync = async === undefined || async;
    // 9.
    if (!isAsync && isWindow() && (this.timeoutMilliseconds !== 0 || this.responseTypeSaid !== "")) throw invalidAccess();
    // 10, 11.
    this.terminate(false);
    this.sendInvoked = false;
    this.request = opened[0];
    this.method = opened[1];
    this.synchronous = !isAsync;
    this.uploadListener = false;
    this.forgetResponse();
    // 12.
    if (this.readyState !== OPENED) {
      this.readyState = OPENED;
      this.fireReadyStateChange(false);
    }
  }

  setRequestHeader(name, value) {
    this.checkUnsent();
    ops.xhr_set_request_header(this.request, name, value);
  }

  checkUnsent() {
    if (this.readyState !== OPENED) throw invalidState("The request is not open.");
    if (this.sendInvoked) throw invalidState("The request was sent already.");
  }

  get timeout() {
    return this.timeoutMilliseconds;
  }

  set timeout(value) {
    if (this.synchronous && isWindow()) throw invalidAccess();
    this.timeoutMilliseconds = value;
    if (this.sending !== undefined) this.sending.setTimer();
  }

  get withCredentials() {
    return this.crossOriginCredentials;
  }

  set withCredentials(value) {
    if ((this.readyState !== UNSENT && this.readyState !== OPENED) || this.sendInvoked) {
      throw invalidState("The request was sent already.");
    }
    this.crossOriginCredentials = value;
  }

  // https://xhr.spec.whatwg.org/#dom-xmlhttprequest-send
  send(body) {
    // 1, 2.
    this.checkUnsent();
    // 3, 4.
    let requestBody;
    if (body !== null && body !== undefined && this.method !== "GET" && this.method !== "HEAD") {
      const extracted = extract(body, false);
      requestBody = extracted.body;
      const isText = typeof body === "string" || body instanceof URLSearchParamsImpl;
      ops.xhr_content_type(this.request, extracted.type, isText);
    }
    // 5.
    this.uploadListener = this.uploadOrNone !== undefined && this.uploadOrNone.hasListeners;
    // 7 to 10.
    this.uploadComplete = requestBody === undefined;
    this.sendInvoked = true;
    if (this.synchronous) this.sendAndWait(requestBody);
    else this.sendAndGoOn(requestBody);
  }

  // Step 11.
  sendAndGoOn(requestBody) {
    const sending = new Sending(this, requestBody === undefined ? 0 : requestBody.length);
    this.sending = sending;
    // 11.1.
    fireProgressEvent("loadstart", this, 0, 0);
    // 11.5.
    if (sending.isCurrent && !this.uploadComplete && this.uploadListener) {
      fireProgressEvent("loadstart", this.upload, 0, sending.requestBodyLength);
    }
    // 11.6. NB: an event's handler may have opened it again, and sent it, too.
    if (!sending.isCurrent) return;
    // 11.7 to 11.13.
    sending.start(transmitted(requestBody));
  }

  // Step 12.
  sendAndWait(requestBody) {
    const { request, crossOriginCredentials, uploadListener, timeoutMilliseconds } = this;
    const ended = ops.xhr_wait(request, transmitted(requestBody), crossOriginCredentials, uploadListener, timeoutMilliseconds);
    if (ended[0] === "timeout") this.requestErrorSteps("timeout", "TimeoutError", false);
    if (ended[0] === "error") this.requestErrorSteps("error", "NetworkError", false);
    this.takeResponse(ended[2], ended[1], ended[3]);
    this.handleResponseEndOfBody(undefined);
  }

  // https://xhr.spec.whatwg.org/#handle-response-end-of-body, of a response that is no network error.
  handleResponseEndOfBody(sending) {
    // 3 to 6.
    this.receive();
    if (sending !== undefined) {
      // DEPARTS: nothing is told twice, as in browsers.
      if (sending.told !== this.responseOrNone.received) this.fireProgress("progress", true);
      if (!sending.isCurrent) return;
      sending.end();
    }
    // 7 to 11.
    const inTask = sending !== undefined;
    this.readyState = DONE;
    this.sendInvoked = false;
    const { responseOrNone } = this;
    const { received, length } = responseOrNone;
    this.fireReadyStateChange(inTask);
    fireProgressEvent("load", this, received, length, inTask);
    fireProgressEvent("loadend", this, received, length, inTask);
  }

  // https://xhr.spec.whatwg.org/#request-error-steps
  requestErrorSteps(event, exceptionName, inTask) {
    // 1 to 3.
    this.readyState = DONE;
    this.sendInvoked = false;
    this.forgetResponse();
    // 4.
    if (this.synchronous) {
      throw new DOMException(event === "timeout" ? "The request timed out." : "The request failed.", exceptionName);
    }
    // 5.
    this.fireReadyStateChange(inTask);
    // 6.
    if (!this.uploadComplete) {
      this.uploadComplete = true;
      if (this.uploadListener) {
        fireProgressEvent(event, this.upload, 0, 0, inTask);
        fireProgressEvent("loadend", this.upload, 0, 0, inTask);
      }
    }
    // 7, 8.
    fireProgressEvent(event, this, 0, 0, inTask);
    fireProgressEvent("loadend", this, 0, 0, inTask);
  }

  // https://xhr.spec.whatwg.org/#dom-xmlhttprequest-abort
  abort() {
    // 1.
    this.terminate(true);
    // 2.
    const isUnderWay = this.readyState === HEADERS_RECEIVED || this.readyState === LOADING;
    if (isUnderWay || (this.readyState === OPENED && this.sendInvoked)) this.requestErrorSteps("abort", "AbortError", false);
    // 3.
    if (this.readyState === DONE) {
      this.readyState = UNSENT;
      this.forgetResponse();
    }
  }

  terminate(aborted) {
    if (this.sending !== undefined) this.sending.terminate(aborted);
  }

  takeResponse(handle, transfer, hasBody) {
    const headers = newHeaders(ops.response_headers(handle, "immutable"));
    const members = ops.response_members(handle);
    const length = ops.xhr_length(headers.handle);
    // `text` is what was decoded of it so far, `isDecoded` all there ever will be.
    this.responseOrNone = { __proto__: null, headers, members, transfer, hasBody, length, received: 0, text: "", isDecoded: false };
  }

  forgetResponse() {
    this.responseOrNone = undefined;
    this.responseObject = undefined;
  }

  receive() {
    this.responseOrNone.received = ops.xhr_receive(this.responseOrNone.transfer);
  }

  fireReadyStateChange(inTask) {
    fireEvent("readystatechange", this, undefined, undefined, inTask);
  }

  fireProgress(type, inTask) {
    fireProgressEvent(type, this, this.responseOrNone.received, this.responseOrNone.length, inTask);
  }

  get responseURL() {
    return this.responseOrNone === undefined ? "" : this.responseOrNone.members[1];
  }

  get status() {
    return this.responseOrNone === undefined ? 0 : this.responseOrNone.members[3];
  }

  get statusText() {
    return this.responseOrNone === undefined ? "" : this.responseOrNone.members[5];
  }

  getResponseHeader(name) {
    if (this.responseOrNone === undefined) return null;
    try {
      return this.responseOrNone.headers.get(name);
    } catch {
      // What is no name is the name of no header.
      return null;
    }
  }

  getAllResponseHeaders() {
    return this.responseOrNone === undefined ? "" : ops.xhr_all_response_headers(this.responseOrNone.headers.handle);
  }

  overrideMimeType(mime) {
    this.checkNotLoading();
    this.overridingMimeType = ops.xhr_parse_mime_type(mime);
  }

  checkNotLoading() {
    if (this.readyState === LOADING || this.readyState === DONE) throw invalidState("The response is here, or on its way.");
  }

  get responseType() {
    return this.responseTypeSaid;
  }

  set responseType(value) {
    if (value === "document" && !isWindow()) return;
    this.checkNotLoading();
    if (this.synchronous && isWindow()) throw invalidAccess();
    this.responseTypeSaid = value;
  }

  // https://xhr.spec.whatwg.org/#dom-xmlhttprequest-response
  get response() {
    const { responseTypeSaid, responseOrNone } = this;
    if (responseTypeSaid === "" || responseTypeSaid === "text") return this.textResponse();
    if (this.readyState !== DONE || this.responseObject === null) return null;
    if (this.responseObject === undefined) this.responseObject = this.makeResponseObject(responseTypeSaid, responseOrNone);
    return this.responseObject ?? null;
  }

  // Steps 5 to 8.
  // DEPARTS: of a network error it is null, whatever had come and whatever is asked for, as in browsers: https://xhr.spec.whatwg.org/#the-response-attribute
  makeResponseObject(type, responseOrNone) {
    if (responseOrNone === undefined) return undefined;
    if (type === "arraybuffer") {
      try {
        return ops.xhr_array_buffer(responseOrNone.transfer);
      } catch {
        return null;
      }
    }
    if (type === "blob") {
      const mimeType = ops.xhr_final_mime_type(responseOrNone.headers.handle, this.overridingMimeType);
      return wrap(newBlob(ops.xhr_blob(responseOrNone.transfer, mimeType)));
    }
    // SKIPS 7: a document, which nobody here could use.
    if (type === "document" || !responseOrNone.hasBody) return undefined;
    try {
      return JSONParse(ops.xhr_json(responseOrNone.transfer));
    } catch {
      return undefined;
    }
  }

  get responseText() {
    if (this.responseTypeSaid !== "" && this.responseTypeSaid !== "text") {
      throw invalidState("The response is no text.");
    }
    return this.textResponse();
  }

  // https://xhr.spec.whatwg.org/#text-response, from LOADING on; what was decoded is decoded once.
  // DEPARTS: a character whose last bytes are still to come is not there yet, instead of being U+FFFD until then, as in browsers.
  textResponse() {
    if (this.readyState !== LOADING && this.readyState !== DONE) return "";
    const { responseOrNone } = this;
    if (responseOrNone === undefined || !responseOrNone.hasBody) return "";
    if (!responseOrNone.isDecoded) {
      const atEnd = this.readyState === DONE;
      const { transfer, headers } = responseOrNone;
      const mayBeXml = this.responseTypeSaid === "";
      responseOrNone.text += ops.xhr_text(transfer, headers.handle, this.overridingMimeType, mayBeXml, atEnd);
      responseOrNone.isDecoded = atEnd;
    }
    return responseOrNone.text;
  }

  get responseXML() {
    if (this.responseTypeSaid !== "" && this.responseTypeSaid !== "document") {
      throw invalidState("The response is no document.");
    }
    return null;
  }
}
implement("XMLHttpRequest", XMLHttpRequestImpl);
