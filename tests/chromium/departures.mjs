// Where Chromium is known to depart from the Standard, by the ids of `sofetch cors --report json`: read by generated.mjs, which
// allows a difference to the Standard's verdict for no other reason. `--as chromium` knows them all, and may differ nowhere.

export const DEPARTURES = {
  'wildcard-authorization': 'step 7.6 of CORS-preflight fetch: `*` does not cover Authorization',
  'credentials-in-redirect': 'steps 9 and 10 of HTTP-redirect fetch: within one origin, and without CORS, a redirect may bring credentials',
  'combined-values': 'CORS-unsafe request-header names: each header of the list is measured by itself',
  'user-agent-dropped': '`User-Agent` is no forbidden request-header',

  // Where Chromium names another fault than the first that the Standard comes to: [ours, Chromium's].
  // It follows no redirect, so that it never comes to the CORS check of its answer.
  codes: ['MissingAllowOriginHeader', 'MultipleAllowOriginValues', 'InvalidAllowOriginValue', 'AllowOriginMismatch',
    'WildcardOriginNotAllowed', 'InvalidAllowCredentials'].map((code) => [`Preflight${code}`, 'PreflightDisallowedRedirect'])
    // It looks at where a redirect leads before it asks whether any may be followed.
    .concat([['redirect-mode-error', 'RedirectContainsCredentials']]),
};
