// https://html.spec.whatwg.org/#system-state-and-capabilities

import {
  ArrayPrototypeSlice, DOMException, ObjectFreeze, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeSlice,
  StringPrototypeStartsWith, StringPrototypeToLowerCase, StringPrototypeTrim, newList, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { extract } from "./fetch/body.js";

// https://html.spec.whatwg.org/#concept-navigator-compatibility-mode: what the user agent's name makes scripts believe.
function compatibilityMode() {
  const name = userAgent();
  if (StringPrototypeIncludes(name, "Chrome")) return "Chrome";
  return StringPrototypeIncludes(name, "WebKit") ? "WebKit" : "Gecko";
}

function userAgent() {
  return ops.agent_user_agent() ?? "";
}

// The languages of an Accept-Language value in its order, without their weights.
function languagesOf(value) {
  const languages = newList();
  let start = 0;
  while (start <= value.length) {
    let end = StringPrototypeIndexOf(value, ",", start);
    if (end === -1) end = value.length;
    const item = StringPrototypeSlice(value, start, end);
    const weight = StringPrototypeIndexOf(item, ";");
    const language = StringPrototypeTrim(weight === -1 ? item : StringPrototypeSlice(item, 0, weight));
    if (language !== "" && language !== "*") languages[languages.length] = language;
    start = end + 1;
  }
  return languages;
}

class NavigatorBase {
  wrapper = undefined;
  appCodeName = "Mozilla";
  appName = "Netscape";
  product = "Gecko";
  // NB: whether a request will find its way is not known before it is made.
  onLine = true;
  list = undefined;

  get userAgent() {
    return userAgent();
  }

  // https://html.spec.whatwg.org/#dom-navigator-appversion
  get appVersion() {
    const name = userAgent();
    if (!StringPrototypeStartsWith(name, "Mozilla/5.0 (")) return `5.0 (${this.platform})`;
    const trail = StringPrototypeSlice(name, "Mozilla/".length);
    if (compatibilityMode() !== "Gecko") return trail;
    if (StringPrototypeStartsWith(trail, "5.0 (Windows")) return "5.0 (Windows)";
    const end = StringPrototypeIndexOf(trail, ";");
    return end === -1 ? trail : `${StringPrototypeSlice(trail, 0, end)})`;
  }

  get platform() {
    return ops.machine_platform();
  }

  get hardwareConcurrency() {
    return ops.machine_concurrency();
  }

  get language() {
    return this.languages[0];
  }

  // The same array until the languages change, which they do not.
  get languages() {
    if (this.list === undefined) {
      const languages = languagesOf(ops.agent_accept_language() ?? "");
      if (languages.length === 0) languages[0] = "en-US";
      this.list = ObjectFreeze(ArrayPrototypeSlice(languages));
    }
    return this.list;
  }
}

export class WorkerNavigatorImpl extends NavigatorBase {}
implement("WorkerNavigator", WorkerNavigatorImpl);

// https://html.spec.whatwg.org/#safelisted-scheme
const safelisted = {
  __proto__: null, bitcoin: true, ftp: true, ftps: true, geo: true, im: true, irc: true, ircs: true, magnet: true, mailto: true,
  matrix: true, mms: true, news: true, nntp: true, openpgp4fpr: true, sftp: true, sip: true, sms: true, smsto: true, ssh: true,
  tel: true, urn: true, webcal: true, wtai: true, xmpp: true,
};

// https://html.spec.whatwg.org/#normalize-protocol-handler-parameters
function normalize(scheme, url) {
  // NB: the scheme is ASCII lowercased. In all of Unicode the Kelvin sign would be a `k`: with any other letter it is none.
  const lower = StringPrototypeToLowerCase(scheme);
  if (!isAscii(scheme) || (safelisted[lower] !== true && !isCustom(lower))) {
    throw new DOMException(`The scheme '${scheme}' cannot have a handler.`, "SecurityError");
  }
  if (!StringPrototypeIncludes(url, "%s")) throw new DOMException("The URL has no '%s' in it.", "SyntaxError");
  const parsed = ops.global_url_parse(url);
  if (parsed === undefined) throw new DOMException(`'${url}' is no URL.`, "SyntaxError");
  const isHttp = StringPrototypeStartsWith(parsed, "http:") || StringPrototypeStartsWith(parsed, "https:");
  if (!isHttp || !isOfOrigin(parsed, ops.global_url_part("origin"))) {
    throw new DOMException("The URL is of another origin.", "SecurityError");
  }
}

function isOfOrigin(url, origin) {
  return StringPrototypeStartsWith(url, `${origin}/`);
}

function isAscii(text) {
  for (let i = 0; i < text.length; i++) {
    if (text[i] > "\u007f") return false;
  }
  return true;
}

// `web+` and at least one ASCII lower alpha, nothing else.
function isCustom(scheme) {
  if (!StringPrototypeStartsWith(scheme, "web+") || scheme.length === 4) return false;
  for (let i = 4; i < scheme.length; i++) {
    if (scheme[i] < "a" || scheme[i] > "z") return false;
  }
  return true;
}

export class NavigatorImpl extends NavigatorBase {
  vendorSub = "";

  get productSub() {
    return compatibilityMode() === "Gecko" ? "20100101" : "20030107";
  }

  get vendor() {
    const mode = compatibilityMode();
    if (mode === "Gecko") return "";
    return mode === "Chrome" ? "Google Inc." : "Apple Computer, Inc.";
  }

  taintEnabled() {
    return false;
  }

  get oscpu() {
    return ops.machine_platform();
  }

  // https://w3c.github.io/beacon/#sec-processing-model
  sendBeacon(url, data) {
    // 1 to 3.
    const handle = ops.beacon_url(url);
    // 6 to 8.
    if (data === null || data === undefined) return ops.beacon_send(handle, undefined, undefined);
    const { body, type } = extract(data, true);
    return ops.beacon_send(handle, body.transmit().handle, type);
  }

  // Nobody navigates here to such a URL: handlers are checked and declined, as a user agent may.
  registerProtocolHandler(scheme, url) {
    normalize(scheme, url);
  }

  unregisterProtocolHandler(scheme, url) {
    normalize(scheme, url);
  }
}
implement("Navigator", NavigatorImpl);
