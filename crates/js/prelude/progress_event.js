// Progress events: https://xhr.spec.whatwg.org/#interface-progressevent

import { EventImpl, fireEvent } from "./events.js";
import { implement } from "./platform_objects.js";

export class ProgressEventImpl extends EventImpl {
  static {
    const { prototype } = this;
    prototype.lengthComputable = false;
    prototype.loaded = 0;
    prototype.total = 0;
  }

  innerCreate(init) {
    super.innerCreate(init);
    if (init === undefined) return;
    this.lengthComputable = init.lengthComputable;
    this.loaded = init.loaded;
    this.total = init.total;
  }
}
implement("ProgressEvent", ProgressEventImpl);

/** https://xhr.spec.whatwg.org/#concept-event-fire-progress; `inTask` as `fireEvent` has it. */
export function fireProgressEvent(type, target, transmitted, length, inTask = false) {
  if (!target.hasListener(type)) return true;
  const init = { __proto__: null, lengthComputable: length !== 0, loaded: transmitted, total: length };
  return fireEvent(type, target, ProgressEventImpl, init, inTask);
}
