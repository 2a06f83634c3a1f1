// Makes CORS cases from a seed: who asks, what, and what the servers answer. Pure: a seed's cases are the same everywhere.
//
// A case begins as one that all would let pass, and then goes wrong in none, one or two of its parts: so that each check is come to,
// and not only the first. Read by generated.mjs.

import { API, O, PLAIN, SIB, THIRD } from './origins.mjs';

// mulberry32: 32 bits of state, and all that is wanted here is that it is the same everywhere.
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const originOf = (url) => /^[a-z]+:\/\/[^/]+/.exec(url)[0];

// What a list may say, that should say `wanted`.
const LISTS = [
  (wanted) => wanted,
  () => undefined,
  () => '*',
  () => '',
  (wanted) => wanted.toUpperCase(),
  (wanted) => wanted.toLowerCase(),
  (wanted) => ['x-shade', wanted],
  (wanted) => `${wanted} x-shade`,
  (wanted) => `,${wanted},,`,
  (wanted) => `"${wanted}"`,
  () => 'x-shade, PATCH',
];

// What Access-Control-Allow-Origin may say, that should say `origin`.
const ORIGINS = [
  (origin) => origin,
  () => undefined,
  () => '*',
  () => '',
  () => 'null',
  (origin) => `${origin}/`,
  (origin) => origin.toUpperCase(),
  (origin) => origin.replace(/^https/, 'http'),
  (origin) => `${origin}:443`,
  (origin) => `${origin}, https://other.test`,
  (origin) => `${origin} https://other.test`,
  (origin) => [origin, origin],
  () => ['*', '*'],
  () => 'https://other.test',
  () => 'https://*.test',
  (origin) => origin.replace(/^[a-z]+:\/\//, ''),
  () => 'lamp',
];

const CREDENTIALS = ['true', undefined, 'True', 'false', '', ['true', 'true'], '1'];
const EXPOSED = [undefined, '*', 'Total', 'total, x-lamp', 'Total X-Lamp', ['Total', 'etag'], '', 'set-cookie, Total'];
const MAX_AGES = [undefined, '60', '0', '-1', 'lamp', '86400'];
const PREFLIGHT_STATUSES = [200, 204, 299, 301, 302, 304, 307, 400, 401, 403, 404, 405, 500];
const STATUSES = [200, 201, 204, 299, 400, 401, 404, 500, 503];
const POLICIES = ['same-origin', 'same-site', 'cross-origin', 'Same-Origin', 'lamp', 'same-site, same-site', ['same-origin', 'same-origin']];

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'PUT', 'DELETE', 'PATCH', 'patch', 'put', 'delete', 'OPTIONS', 'LAMP', 'TRACE'];
const BODIED = ['POST', 'PUT', 'PATCH', 'patch', 'put', 'LAMP'];
const HEADERS = [
  ['Accept', 'a/b'], ['Accept', 'a'.repeat(128)], ['Accept', 'a'.repeat(129)], ['Accept', 'a(b'], ['Accept-Language', 'en, de'],
  ['Accept-Language', 'en_GB'], ['Content-Language', 'en'], ['Content-Type', 'application/json'], ['Content-Type', 'text/plain'],
  ['Content-Type', 'TEXT/plain;charset=x'], ['Content-Type', 'multipart/form-data'], ['Content-Type', 'lamp'], ['Range', 'bytes=0-9'],
  ['Range', 'bytes=5-'], ['Range', 'bytes=-5'], ['Range', 'bytes=0-1,3-4'], ['X-Lamp', '1'], ['x-b', '1'], ['X-Lamp', ''],
  ['Authorization', 'Bearer x'], ['Cookie', 'a=b'], ['Sec-Lamp', '1'], ['Access-Control-Allow-Origin', '*'], ['X-Requested-With', 'x'],
  ['DNT', '1'], ['Cache-Control', 'no-cache'], ['Pragma', 'no-cache'], ['X-HTTP-Method-Override', 'TRACE'], ['If-Modified-Since', 'x'],
  ['User-Agent', 'lamp'], ['Authorization', 'Bearer x'],
];
const FACTS = { total: '2', etag: '"1"', 'x-lamp': '1', 'cache-control': 'no-store', 'content-language': 'en', 'set-cookie': 'a=b' };

// `count` cases: { name, url, init, answers, more }, as world.mjs asks them.
export function generate(seed, count) {
  const random = randomFrom(seed);
  const below = (end) => Math.floor(random() * end);
  const one = (list) => list[below(list.length)];
  const chance = (of) => random() < of;

  function answerOf(origin, credentials, wrong) {
    const right = !credentials && chance(0.4) ? '*' : origin;
    const answer = {
      'access-control-allow-origin': wrong.origin ? one(ORIGINS)(origin) : right,
      'access-control-allow-credentials': wrong.credentials ? one(CREDENTIALS) : credentials || chance(0.2) ? 'true' : undefined,
    };
    return answer;
  }

  function preflightOf(origin, credentials, method, names, wrong) {
    const listed = names.length > 0 ? names.join(', ') : 'x-shade';
    return {
      ...answerOf(origin, credentials, { origin: wrong.preflightOrigin, credentials: wrong.preflightCredentials }),
      status: wrong.preflightStatus ? one(PREFLIGHT_STATUSES) : one([200, 204]),
      'access-control-allow-methods': wrong.methods ? one(LISTS)(method) : !credentials && chance(0.3) ? '*' : `GET, ${method}`,
      'access-control-allow-headers': wrong.headers ? one(LISTS)(listed) : !credentials && chance(0.3) ? '*' : listed,
      'access-control-max-age': one(MAX_AGES),
      location: wrong.preflightStatus ? '/z' : undefined,
    };
  }

  function generated(at) {
    const page = one([O, O, O, O, O, O, PLAIN, 'null']);
    const mode = chance(0.8) ? undefined : one(['cors', 'no-cors', 'no-cors', 'no-cors', 'same-origin']);
    const servers = page === 'null' ? [API, SIB] : page === PLAIN ? [API, SIB, PLAIN, O] : [API, API, API, SIB, THIRD, O, PLAIN];
    const from = page === 'null' ? 'null' : page;
    const credentials = chance(0.6) ? undefined : one(['omit', 'same-origin', 'include', 'include']);
    const include = credentials === 'include';
    const method = chance(0.4) ? undefined : one(METHODS);
    const wanted = ['put', 'delete', 'get', 'post'].includes(method) ? method.toUpperCase() : method ?? 'GET';
    const headers = Array.from({ length: chance(0.5) ? 0 : 1 + below(2) }, () => one(HEADERS))
      .filter(([name], index, all) => all.findIndex(([other]) => other.toLowerCase() === name.toLowerCase()) === index);
    // The Standard measures the values of one name apart, Chromium together.
    if (chance(0.04)) headers.push(['Accept', 'b'.repeat(70)], ['Accept', 'c'.repeat(70)]);
    const init = {
      ...(method ? { method } : {}),
      ...(BODIED.includes(method) && chance(0.6) ? { body: 'x' } : {}),
      ...(headers.length > 0 ? { headers } : {}),
      ...(mode ? { mode } : {}),
      ...(credentials ? { credentials } : {}),
      ...(chance(0.1) ? { redirect: one(['error', 'manual', 'follow']) } : {}),
    };
    const names = headers.map(([name]) => name);
    const wrong = {};
    const parts = ['origin', 'origin', 'credentials', 'methods', 'headers', 'preflightOrigin', 'preflightCredentials', 'preflightStatus', 'exposed', 'status'];
    for (let left = one([0, 1, 1, 1, 2]); left > 0; left -= 1) wrong[one(parts)] = true;
    // Where it leads: up to three redirects, each with what CORS asks of it, or not.
    const hops = [one(servers)];
    for (let left = chance(0.3) ? 1 + below(3) : 0; left > 0; left -= 1) hops.push(one(servers));
    const statusOfRedirect = one([301, 302, 303, 307, 308]);
    const answers = {};
    const steps = hops.map((_, hop) => (hop === 0 ? '/' : `/${'abc'[hop - 1]}`));
    let asks = from; // as whom the request comes to each hop
    const broken = below(hops.length);
    hops.forEach((base, hop) => {
      if (hop >= 2 && originOf(hops[hop - 1]) !== originOf(base) && originOf(hops[hop - 1]) !== from) asks = 'null';
      if (hop === 1 && originOf(hops[0]) !== from && originOf(hops[0]) !== originOf(base)) asks = 'null';
      const here = hop === broken ? wrong : {};
      const next = hops[hop + 1];
      const own = answerOf(asks, include, here);
      if (next === undefined) {
        answers[steps[hop]] = {
          ...own, ...FACTS,
          status: here.status ? one(STATUSES) : 200,
          'access-control-expose-headers': here.exposed || chance(0.3) ? one(EXPOSED) : undefined,
          'cross-origin-resource-policy': mode === 'no-cors' && chance(0.6) ? one(POLICIES) : undefined,
        };
      } else {
        const user = chance(0.12) ? next.replace('://', '://u:p@') : next;
        answers[steps[hop]] = { ...own, status: statusOfRedirect, location: `${user}${steps[hop + 1]}` };
      }
      if (wanted !== 'OPTIONS') answers[`OPTIONS ${steps[hop]}`] = preflightOf(asks, include, wanted, names, here);
      else Object.assign(answers[steps[hop]], { 'access-control-allow-methods': 'OPTIONS', 'access-control-allow-headers': names.join(', ') || undefined });
    });
    for (const answer of Object.values(answers)) {
      for (const [name, value] of Object.entries(answer)) if (value === undefined) delete answer[name];
    }
    return { name: `seed ${seed}, case ${at}`, url: `${hops[0]}/`, init, answers, more: page === O ? {} : { page } };
  }

  return Array.from({ length: count }, (_, at) => generated(at));
}
