// Violations of the page's Content Security Policies: https://w3c.github.io/webappsec-csp/#violation-events

import { ops } from "./primordials.js";
import { globalImplementation, implement } from "./platform_objects.js";
import { EventImpl, fireEvent } from "./events.js";

export class SecurityPolicyViolationEventImpl extends EventImpl {
  documentURI = "";
  referrer = "";
  blockedURI = "";
  effectiveDirective = "";
  violatedDirective = "";
  originalPolicy = "";
  sourceFile = "";
  sample = "";
  disposition = "enforce";
  statusCode = 0;
  lineNumber = 0;
  columnNumber = 0;

  innerCreate(init) {
    super.innerCreate(init);
    if (init === undefined) return;
    this.documentURI = init.documentURI;
    this.referrer = init.referrer;
    this.blockedURI = init.blockedURI;
    this.effectiveDirective = init.effectiveDirective;
    this.violatedDirective = init.violatedDirective;
    this.originalPolicy = init.originalPolicy;
    this.sourceFile = init.sourceFile;
    this.sample = init.sample;
    this.disposition = init.disposition;
    this.statusCode = init.statusCode;
    this.lineNumber = init.lineNumber;
    this.columnNumber = init.columnNumber;
  }
}
implement("SecurityPolicyViolationEvent", SecurityPolicyViolationEventImpl);

// The hook: https://w3c.github.io/webappsec-csp/#report-violation, steps 3.2 and 3.3. There is no document: the event is fired at the
// window, where it would come to.
// SKIPS create-violation-for-global 2: where in a script a fetch began is not looked for, as a page with many fetches would pay for.
function reportViolation(members) {
  fireEvent("securitypolicyviolation", globalImplementation, SecurityPolicyViolationEventImpl, {
    __proto__: null,
    bubbles: true,
    composed: true,
    documentURI: members.documentURL,
    referrer: members.referrer,
    blockedURI: members.blockedURL,
    effectiveDirective: members.effectiveDirective,
    violatedDirective: members.effectiveDirective,
    originalPolicy: members.originalPolicy,
    sourceFile: "",
    sample: members.sample,
    disposition: members.disposition,
    statusCode: members.statusCode,
    lineNumber: 0,
    columnNumber: 0,
  }, true);
}
ops.set_hooks({ reportViolation });
