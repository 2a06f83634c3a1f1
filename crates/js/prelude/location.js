// https://html.spec.whatwg.org/#the-location-interface, https://html.spec.whatwg.org/#worker-locations

import { DOMException, ops } from "./primordials.js";
import { implement } from "./platform_objects.js";

export class WorkerLocationImpl {
  wrapper = undefined;
  href = ops.global_url_part("href");
  origin = ops.global_url_part("origin");
  protocol = ops.global_url_part("protocol");
  host = ops.global_url_part("host");
  hostname = ops.global_url_part("hostname");
  port = ops.global_url_part("port");
  pathname = ops.global_url_part("pathname");
  search = ops.global_url_part("search");
  hash = ops.global_url_part("hash");
}
implement("WorkerLocation", WorkerLocationImpl);

// SKIPS navigation: this page stays where it is, and says so.
function navigate() {
  throw new DOMException("This page cannot be navigated: it has no document.", "NotSupportedError");
}

// https://html.spec.whatwg.org/#location-object-navigate
function navigateTo(url) {
  if (ops.global_url_parse(url) === undefined) throw new DOMException(`'${url}' is no URL.`, "SyntaxError");
  navigate();
}

export class LocationImpl {
  wrapper = undefined;

  get href() {
    return ops.global_url_part("href");
  }
  set href(url) {
    navigateTo(url);
  }
  get origin() {
    return ops.global_url_part("origin");
  }
  get protocol() {
    return ops.global_url_part("protocol");
  }
  set protocol(_) {
    navigate();
  }
  get host() {
    return ops.global_url_part("host");
  }
  set host(_) {
    navigate();
  }
  get hostname() {
    return ops.global_url_part("hostname");
  }
  set hostname(_) {
    navigate();
  }
  get port() {
    return ops.global_url_part("port");
  }
  set port(_) {
    navigate();
  }
  get pathname() {
    return ops.global_url_part("pathname");
  }
  set pathname(_) {
    navigate();
  }
  get search() {
    return ops.global_url_part("search");
  }
  set search(_) {
    navigate();
  }
  get hash() {
    return ops.global_url_part("hash");
  }
  set hash(_) {
    navigate();
  }
  assign(url) {
    navigateTo(url);
  }
  replace(url) {
    navigateTo(url);
  }
  reload() {
    navigate();
  }
}
implement("Location", LocationImpl);
