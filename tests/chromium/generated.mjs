// Holds the verdict of `sofetch cors` against Chromium's on cases made from a seed: what the script sees, and which requests the servers
// saw. Twice: by the Standard, where each difference must be a departure that departures.mjs lists and the report itself names;
// and `--as chromium`, where none is allowed. README.md says how to run it. Loopback only; nothing is timed.

import { DEPARTURES } from './departures.mjs';
import { generate } from './generate.mjs';
import { localNetwork } from './local_network.mjs';
import { O } from './origins.mjs';
import { answersOf, ask, browser, close, httpPort, script, seen, verdict } from './world.mjs';

const SEED = Number(process.env.SEED ?? 20261120);
const COUNT = Number(process.env.COUNT ?? 320);
const only = process.argv[2] === undefined ? undefined : Number(process.argv[2]);
// How many fetches of a page, and how many commands, are under way at a time.
const FETCHES = 24;
const COMMANDS = 4;

// Each case has three IDs: Chromium's, the Standard's, `--as chromium`'s.
const cases = generate(SEED, COUNT).map((each, at) => ({ ...each, at, ids: [0, 1, 2].map((who) => String(100000 + 10 * at + who)) }))
  .filter(({ at }) => only === undefined || at === only);
for (const { ids, answers } of cases) ids.forEach((id) => answersOf.set(id, { answers }));
const placed = ({ url, ...rest }, id) => ({ ...rest, url: url.replace('PORT', httpPort).replace(/^([a-z]+:\/\/[^/]+)\/?(.*)$/, `$1/${id}/$2`) });
for (const { answers } of cases) {
  for (const answer of Object.values(answers)) {
    if (answer.location) answer.location = answer.location.replace('PORT', httpPort);
  }
}

// Runs so many at a time.
async function each(list, width, work) {
  const rest = list.values();
  await Promise.all(Array.from({ length: width }, async () => { for (const item of rest) await work(item); }));
}

// Chromium: a page for each kind of origin, all in one browser.

async function inChromium(kind, cases, results) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${kind === 'null' ? O : kind}/page?q#f`);
  let frame = page.mainFrame();
  if (kind === 'null') {
    await page.evaluate(() => {
      const element = document.createElement('iframe');
      element.sandbox = 'allow-scripts';
      element.src = '/frame';
      document.body.append(element);
      return new Promise((done) => { element.onload = done; });
    });
    frame = page.frames().find((each) => each !== page.mainFrame());
  }
  // Which CORS error a request met, by the ID in its URL.
  const codes = new Map();
  const urls = new Map();
  // NB: a sandboxed frame has a process, and so a session, of its own.
  const cdp = await context.newCDPSession(kind === 'null' ? frame : page);
  await cdp.send('Network.enable');
  cdp.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (!urls.has(requestId)) urls.set(requestId, /\/(1\d{5})(?:\/|$)/.exec(request.url)?.[1]);
  });
  cdp.on('Network.loadingFailed', ({ requestId, corsErrorStatus }) => {
    if (!corsErrorStatus) return;
    const id = urls.get(requestId);
    codes.set(id, (codes.get(id) ?? new Set()).add(corsErrorStatus.corsError));
  });
  await each(cases, FETCHES, async (scenario) => {
    const id = scenario.ids[0];
    const { url, init } = placed(scenario, id);
    results.set(id, await frame.evaluate(script, { url, init }));
  });
  // What is reported of the last ones is on its way: another fetch's report comes after theirs.
  await frame.evaluate(() => fetch('/page').catch(() => {}));
  await cdp.send('Network.disable');
  for (const [id, found] of codes) if (results.has(id)) results.get(id).codes = [...found];
  await context.close();
}

const chromium = new Map();
const kinds = [...new Set(cases.map(({ more }) => more.page ?? O))];
await Promise.all(kinds.map((kind) => inChromium(kind, cases.filter(({ more }) => (more.page ?? O) === kind), chromium)));

// sofetch, by the Standard and as Chromium.

const standard = new Map();
const as = new Map();
const commands = cases.flatMap((scenario) => [[scenario, 1, [], standard], [scenario, 2, ['--as', 'chromium'], as]]);
await each(commands, COMMANDS, async ([scenario, who, args, results]) => {
  const id = scenario.ids[who];
  results.set(id, await ask(placed(scenario, id), args));
});

// The comparison.

// What was sent to each URL, in order.
const sent = (id) => (seen.get(id) ?? []).map(({ method, host, step }) => `${method} ${host.replace(httpPort, 'PORT')}${step}`).join(', ') || 'nothing';
const shown = (answer, id) => `${verdict(answer, id).replaceAll(httpPort, 'PORT')}; sent ${sent(id)}`;
const faults = [];
const met = new Map();
const verdicts = new Map();
let codes = 0;
for (const scenario of cases) {
  const [a, b, c] = scenario.ids;
  const theirs = shown(chromium.get(a), a);
  const ours = shown(standard.get(b), b);
  const asTheirs = shown(as.get(c), c);
  const kind = theirs.split(/[ ;]/)[0];
  verdicts.set(kind, (verdicts.get(kind) ?? 0) + 1);
  const tell = (what, other) => faults.push(`${scenario.name}: ${what}: Chromium \`${theirs}\`, sofetch \`${other}\``
    + `\n  ${JSON.stringify({ url: scenario.url, init: scenario.init, answers: scenario.answers, ...scenario.more })}`);
  if (asTheirs !== theirs) tell('--as chromium', asTheirs);
  const { report } = standard.get(b);
  const named = (report?.departures ?? []).filter(({ id, browsers }) => DEPARTURES[id] && browsers.includes('chromium'));
  if (ours !== theirs) {
    if (named.length === 0) tell('the Standard', ours);
    named.forEach(({ id }) => met.set(id, (met.get(id) ?? 0) + 1));
  }
  // The code of the refusal, where both have one: Chromium's list and ours say the same.
  const code = as.get(c).report?.verdict?.ruling?.code;
  const [theirCode] = chromium.get(a).codes ?? [];
  if (theirCode !== undefined && asTheirs === theirs) {
    codes += 1;
    const also = DEPARTURES.codes.some(([our, their]) => our === code && their === theirCode);
    if (code !== theirCode && !also) tell(`the code: Chromium ${chromium.get(a).codes}, sofetch ${code}`, asTheirs);
  }
  if (only !== undefined) {
    console.log(JSON.stringify({ scenario, chromium: chromium.get(a), theirs, ours, asTheirs, code }, null, 1));
    console.log(JSON.stringify(standard.get(b).report ?? standard.get(b), null, 1));
  }
}
// Cases that are too tame would prove nothing: with the seed that counts each kind of answer, code and departure is met.
if (only === undefined && COUNT >= 320) {
  for (const kind of ['cors', 'basic', 'opaque', 'refused']) if ((verdicts.get(kind) ?? 0) < 10) faults.push(`fewer than 10 cases are ${kind}`);
  if (codes < 50) faults.push('fewer than 50 codes were compared');
}
if (only === undefined && process.env.SEED === undefined) {
  for (const id of Object.keys(DEPARTURES)) if (id !== 'codes' && !met.has(id)) faults.push(`no case meets the departure ${id}`);
}
if (only === undefined) faults.push(...await localNetwork());
const version = browser.version();
await close();
faults.forEach((fault) => console.log(fault));
const counted = (map) => [...map].map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
console.log(`Chromium ${version}: ${cases.length} generated cases (seed ${SEED}): ${counted(verdicts)}; departures met: ${counted(met)}; `
  + `${codes} codes of refusals compared; ${faults.length} differ without a reason`);
process.exit(faults.length > 0 ? 1 : 0);
