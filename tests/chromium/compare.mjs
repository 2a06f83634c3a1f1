// Runs every scenario in Chromium and in `sofetch cors`, against the same servers, and writes docs/chromium.md: both verdicts,
// and each byte that differs in what the servers saw. README.md says how to run it. Loopback only.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { O } from './origins.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { BODY, answersOf, ask, browser, close, closedPort, httpPort, root, script, seen, sofetch, verdict } from './world.mjs';

const only = process.argv[2];
const DIGEST = createHash('sha256').update(BODY).digest('base64');

// The scenarios, each with its own ID in its URL.

const scenarios = [];
let section = '';
for (const entry of SCENARIOS) {
  if (typeof entry === 'string') {
    section = entry.slice(2);
    continue;
  }
  const [name, at, init, answers, more = {}] = entry;
  if (only && !name.includes(only)) continue;
  const id = String(1000 + 2 * scenarios.length);
  const place = (text, id) => text.replace('PORT', httpPort).replace('CLOSED', closedPort)
    .replace(/^([a-z]+:\/\/[^/]+)\/?(.*)$/, `$1/${id}/$2`);
  const integrity = init.integrity?.replaceAll('DIGEST', DIGEST);
  scenarios.push({ section, name, id, at, url: (id) => place(at, id), init: integrity ? { ...init, integrity } : init, answers, more });
  answersOf.set(id, { answers }).set(String(Number(id) + 1), { answers });
}

// Chromium.

async function inChromium({ id, url, init, more }) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  const codes = new Set();
  await cdp.send('Network.enable');
  cdp.on('Network.loadingFailed', ({ errorText, blockedReason, corsErrorStatus }) =>
    codes.add(corsErrorStatus?.corsError ?? blockedReason ?? errorText));
  await page.goto(`${more.page && more.page !== 'null' ? more.page : O}/page?q#f`);
  let frame = page.mainFrame();
  if (more.page === 'null') {
    await page.evaluate(() => {
      const element = document.createElement('iframe');
      element.sandbox = 'allow-scripts';
      element.src = '/frame';
      document.body.append(element);
      return new Promise((done) => { element.onload = done; });
    });
    frame = page.frames().find((each) => each !== page.mainFrame());
  }
  const result = await frame.evaluate(script, { url: url(id), init });
  await new Promise((done) => setTimeout(done, 20));
  await context.close();
  return { ...result, why: [...codes].join(', '), seen: seen.get(id) ?? [] };
}

// sofetch.

async function inSofetch({ id: theirs, url, init, more }) {
  const id = String(Number(theirs) + 1);
  const answer = await ask({ url: url(id), init, more }, []);
  const refused = answer.report?.verdict;
  return { ...answer, report: undefined, refusal: refused?.ruling?.code ?? refused?.error?.code, seen: seen.get(id) ?? [] };
}

// The comparison.

const short = ({ error, type, status }) => (error ? 'refused' : type.startsWith('opaque') ? type : `${type} ${status}`);

// What is a browser's own: who it is, its user's languages, and what other standards add.
const OWN = /^(user-agent|accept-language|connection|sec-ch-ua.*|priority|upgrade-insecure-requests|sec-fetch-storage-access)$/;

function fields({ method, headers }, id, more, init) {
  const set = new Set((init.headers ?? []).map(([name]) => name.toLowerCase()));
  const lines = headers
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => (!OWN.test(name) || more.see?.includes(name) || (set.has(name) && method !== 'OPTIONS')) && !more.unlike?.includes(name))
    .map(([name, value]) => `${name}: ${value.replaceAll(`/${id}`, '')}`);
  return lines.sort();
}

function differences(scenario, chromium, ours) {
  const { id, more, init } = scenario;
  const ourId = String(Number(id) + 1);
  const found = [];
  const [theirs, our] = [verdict(chromium, id), verdict(ours, ourId)];
  if (theirs !== our) found.push(`verdict: Chromium \`${theirs}\`, sofetch \`${our}\``);
  const line = ({ method, host, step }) => `${method} ${host.replace(httpPort, 'PORT')}${step}`;
  const [a, b] = [chromium.seen.map(line), ours.seen.map(line)];
  if (a.join() !== b.join()) {
    found.push(`requests: Chromium sent \`${a.join(', ') || 'none'}\`, sofetch \`${b.join(', ') || 'none'}\``);
  }
  let compared = 0;
  for (let i = 0; i < Math.min(a.length, b.length) && a[i] === b[i]; i += 1) {
    const [x, y] = [fields(chromium.seen[i], id, more, init), fields(ours.seen[i], ourId, more, init)];
    compared += x.length;
    const lacks = (list, from) => list.filter((each) => !from.includes(each)).map((each) => `\`${each}\``);
    const [we, they] = [lacks(x, y), lacks(y, x)];
    if (we.length + they.length > 0) {
      found.push(`\`${a[i]}\`: Chromium alone sent ${we.join(', ') || 'nothing'}; sofetch alone ${they.join(', ') || 'nothing'}`);
    }
  }
  return { found, compared, requests: a.length };
}

const results = [];
for (const scenario of scenarios) {
  const chromium = await inChromium(scenario);
  const ours = await inSofetch(scenario);
  const difference = differences(scenario, chromium, ours);
  results.push({ scenario, chromium, ours, ...difference });
  if (only) console.log(JSON.stringify({ chromium, ours }, null, 1));
  for (const found of difference.found) console.log(`${scenario.section}: ${scenario.name}: ${found}`);
}
const chromiumVersion = browser.version();
await close();

// The page.

const cell = (text) => String(text ?? '').replaceAll('|', '\\|').replaceAll(String(httpPort), 'PORT').replaceAll(String(closedPort), 'CLOSED')
  .replaceAll(/\/\d{4}(?=[/\s`#]|$)/g, '').replace(/\s+/g, ' ').replaceAll(/a{60,}/g, 'aaa...');
const told = results.filter(({ found }) => found.length > 0);
const unexpected = told.filter(({ scenario }) => !scenario.more.departs);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const same = results.filter(({ found }) => found.length === 0).length;
// How many preflights were followed by their request on the same connection, of those on whose heels it came.
const shared = (who) => results.reduce(([one, all], { [who]: { seen } }) => {
  const pairs = seen.slice(1).flatMap((request, i) => (seen[i].method === 'OPTIONS' && request.method !== 'OPTIONS' ? [[seen[i], request]] : []));
  return [one + pairs.filter(([a, b]) => a.connection === b.connection).length, all + pairs.length];
}, [0, 0]).join(' of ');
let page = readFileSync(path.join(root, 'tests/chromium/page.md'), 'utf8')
  .replace('{versions}', `Chromium ${chromiumVersion}, ${execFileSync(sofetch, ['--version']).toString().trim()}, ${new Date().toISOString().slice(0, 10)}`)
  .replace('{sum}', `${results.length} scenarios; ${same} come out the same: verdict, response type, status, URL, names of visible headers, `
    + `requests sent, and ${sum('compared')} header fields of ${sum('requests')} requests. `
    + `Chromium sent ${shared('chromium')} preflighted requests over their preflight's connection, sofetch ${shared('ours')}.`);
page += told.map(({ scenario, found }) => `- **${scenario.section}, ${scenario.name}** ${found.map(cell).join('; ')}. ${scenario.more.departs ?? ''}\n`).join('');
for (const heading of new Set(scenarios.map(({ section }) => section))) {
  page += `\n## ${heading}\n\n| scenario | Chromium | sofetch | Chromium's code | sofetch's code | sofetch's words |\n|---|---|---|---|---|---|\n`;
  for (const { scenario, chromium, ours } of results.filter(({ scenario }) => scenario.section === heading)) {
    const why = ours.error || ours.type.startsWith('opaque') ? ours.why : '';
    page += `| ${cell(scenario.name)} | ${short(chromium)} | ${short(ours)} | ${cell(chromium.why)} | ${cell(ours.refusal)} | ${cell(why)} |\n`;
  }
}
if (!only) writeFileSync(path.join(root, 'docs/chromium.md'), page);
console.log(`${results.length} scenarios, ${told.length} differ, ${unexpected.length} of them without a reason`);
process.exit(unexpected.length > 0 ? 1 : 0);
