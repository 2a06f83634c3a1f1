// Creating and revoking blob URLs: https://w3c.github.io/FileAPI/#creating-revoking

import { PromisePrototypeThen, PromiseResolve, ops } from "./primordials.js";
import { URLImpl } from "./url.js";

URLImpl.createObjectURL = ({ handle }) => ops.blob_url_create(handle);

// NB: `import()` takes a URL's blob when it is called, but the engine asks for the module in a job. It stands before this one where the call
// came before the revocation.
URLImpl.revokeObjectURL = (url) => {
  const revoked = ops.blob_url_revoke(url);
  if (revoked === undefined) return;
  try {
    PromisePrototypeThen(PromiseResolve(undefined), () => ops.blob_url_forget(revoked));
  } catch {
    ops.blob_url_forget(revoked);
  }
};
