// The origins that pages are of and servers answer for. All are on loopback: world.mjs leads there.

export const O = 'https://www.app.test'; // the page's origin, where nothing else is said
export const SIB = 'https://api.app.test'; // of the same site
export const API = 'https://api.site.test'; // of another
export const THIRD = 'https://third.test';
export const PLAIN = 'http://plain.test'; // no TLS
export const LOOP = 'http://127.0.0.1:PORT'; // neither, but trustworthy
