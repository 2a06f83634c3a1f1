// Runs every scenario in Chromium and in `sofetch cors`, against the same servers, and writes docs/chromium.md: both verdicts,
// and each byte that differs in what the servers saw. README.md says how to run it. Loopback only.

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { O, SCENARIOS } from './scenarios.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '../..');
const sofetch = process.env.SOFETCH ?? path.join(root, 'target/debug/sofetch');
const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
// NB: from where one stands, so that nothing is installed in the repository.
const { chromium } = createRequire(path.join(process.cwd(), 'x'))('playwright-core');
const only = process.argv[2];

const BODY = 'lamp\n';
const DIGEST = createHash('sha256').update(BODY).digest('base64');

// The servers. A path is /ID/STEP; what each request was is kept by its ID.

const seen = new Map();
let answersOf = new Map();

function answerTo(id, method, step) {
  const { answers } = answersOf.get(id) ?? { answers: {} };
  const keys = Object.keys(answers);
  if (!keys.some((key) => /^(?:[A-Z]+ )?\//.test(key))) return answers;
  const numbered = /^(.*\/)(\d+)$/.exec(step);
  const found = answers[`${method} ${step}`] ?? answers[step] ?? (numbered && answers[numbered[1]]) ?? {};
  return typeof found === 'function' ? found(Number(numbered[2])) : found;
}

// Node's parser knows no `patch`; what it refuses is read here.
function unparsed(error, socket) {
  const [line, ...fields] = (error.rawPacket ?? Buffer.from('')).toString('latin1').split('\r\n\r\n')[0].split('\r\n');
  const [method, url] = line.split(' ');
  if (!url?.startsWith('/')) return socket.destroy();
  const rawHeaders = fields.flatMap((field) => /^([^:]*): ?(.*)$/.exec(field).slice(1));
  const host = rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'host') + 1];
  const head = (status, fields) => Object.entries({ ...fields, 'content-length': BODY.length, connection: 'close' })
    .reduce((text, [name, value]) => `${text}${name}: ${value}\r\n`, `HTTP/1.1 ${status} OK\r\n`);
  const response = { writeHead: (...args) => socket.write(`${head(...args)}\r\n`), end: (body) => socket.end(body) };
  listener({ method, url, rawHeaders, headers: { host }, socket, resume() {} }, response);
}

function listener(request, response) {
  const [, id, step] = /^\/(\d+)?(\/?.*)$/.exec(request.url);
  if (id === undefined) {
    response.writeHead(200, { 'content-type': 'text/html' });
    return response.end('<!doctype html><title>page</title>');
  }
  const headers = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) headers.push([request.rawHeaders[i], request.rawHeaders[i + 1]]);
  const requests = seen.get(id) ?? [];
  seen.set(id, requests);
  const { method, socket } = request;
  requests.push({ method, step, host: request.headers.host, headers, connection: socket.remotePort });
  request.resume();
  const { status = 200, raw = [], ...fields } = answerTo(id, method, step);
  if (fields.location) {
    fields.location = fields.location.replace(/^(https?:\/\/[^/]+)?\/(?=.|$)/, (_, origin = '') => `${origin}/${id}/`);
  }
  if (raw.length > 0) {
    return socket.end(['HTTP/1.1 200 OK', ...raw, 'Connection: close', '', BODY].join('\r\n'));
  }
  response.writeHead(status, { 'content-type': 'text/html', ...fields });
  response.end([204, 205, 304].includes(status) || method === 'OPTIONS' ? '' : BODY);
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'sofetch-chromium-'));
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
  '/CN=test', '-keyout', path.join(folder, 'key'), '-out', path.join(folder, 'certificate')], { stdio: 'ignore' });
const tls = { key: readFileSync(path.join(folder, 'key')), cert: readFileSync(path.join(folder, 'certificate')) };
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
const servers = [https.createServer(tls, listener), http.createServer(listener), net.createServer()];
servers.slice(0, 2).forEach((server) => server.on('clientError', unparsed));
const [tlsPort, httpPort, closedPort] = await Promise.all(servers.map(listen));
servers[2].close();

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

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors', '--disable-features=HttpsUpgrades',
    `--host-resolver-rules=MAP *.test:443 127.0.0.1:${tlsPort}, MAP *.test:80 127.0.0.1:${httpPort}`],
});

const script = async ({ url, init }) => {
  try {
    const response = await fetch(url, init);
    const { type, status, url: seenUrl } = response;
    const names = [...new Set([...response.headers.keys()])];
    const text = await response.text().catch((error) => error.name);
    return { type, status, url: seenUrl, names, text };
  } catch (error) {
    return { error: error.name };
  }
};

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

const curlLike = (init) => {
  const { method, headers = [], body, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity } = init;
  const flags = { '-X': method, '--data-binary': body, '--mode': mode, '--credentials': credentials, '--cache': cache,
    '--redirect': redirect, '--referrer': referrer, '--referrer-policy': referrerPolicy, '--integrity': integrity };
  const list = [...headers];
  // As a script's string has.
  if (body !== undefined && !list.some(([name]) => name === 'Content-Type')) list.push(['Content-Type', 'text/plain;charset=UTF-8']);
  return [
    ...Object.entries(flags).filter(([, value]) => value !== undefined).map(([flag, value]) => (flag.startsWith('--') ? [`${flag}=${value}`] : [flag, value])).flat(),
    ...list.flatMap(([name, value]) => ['-H', value === '' ? `${name};` : `${name}: ${value}`]),
  ];
};

async function inSofetch({ id: theirs, url, init, more }) {
  const id = String(Number(theirs) + 1);
  const page = more.page === 'null' ? ['--origin', 'null'] : ['--page', `${more.page ?? O}/page?q#f`];
  const args = ['cors', url(id), ...page, '--report', 'json', '--send', 'always', '--show-secrets', '-k', '-m', '20', '--proxy', '',
    '--connect-to', `:443:127.0.0.1:${tlsPort}`, '--connect-to', `:80:127.0.0.1:${httpPort}`, ...curlLike(init)];
  const { code, out, err } = await new Promise((done) => {
    execFile(sofetch, args, { maxBuffer: 1 << 26 }, (error, out, err) => done({ code: error?.code ?? 0, out, err }));
  });
  const common = { code, seen: seen.get(id) ?? [] };
  if (code === 2) return { ...common, error: 'TypeError', why: err.trim().split('\n').at(-1) };
  const { script, words } = JSON.parse(out);
  if (script.kind !== 'response') return { ...common, error: script.with, why: words };
  const hidden = script.response_type.startsWith('opaque');
  return { ...common, type: script.response_type, status: script.status, url: script.url ?? '', why: words,
    names: hidden ? [] : script.readable.map(({ name }) => name) };
}

// The comparison.

const verdict = ({ error, type, status, url, names }, id) => (error ? 'refused'
  : type.startsWith('opaque') ? type : `${type} ${status} ${url.replace(`/${id}`, '')} [${[...names].sort().join(' ')}]`);
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
await browser.close();
servers.forEach((server) => server.close());
rmSync(folder, { recursive: true });

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
let page = readFileSync(path.join(here, 'page.md'), 'utf8')
  .replace('{versions}', `Chromium ${chromiumVersion}, ${execFileSync(sofetch, ['--version']).toString().trim()}, ${new Date().toISOString().slice(0, 10)}`)
  .replace('{sum}', `${results.length} scenarios; ${same} come out the same: verdict, response type, status, URL, names of visible headers, `
    + `requests sent, and ${sum('compared')} header fields of ${sum('requests')} requests. `
    + `Chromium sent ${shared('chromium')} preflighted requests over their preflight's connection, sofetch ${shared('ours')}.`);
page += told.map(({ scenario, found }) => `- **${scenario.section}, ${scenario.name}** ${found.map(cell).join('; ')}. ${scenario.more.departs ?? ''}\n`).join('');
for (const heading of new Set(scenarios.map(({ section }) => section))) {
  page += `\n## ${heading}\n\n| scenario | Chromium | sofetch | Chromium's code | sofetch's words |\n|---|---|---|---|---|\n`;
  for (const { scenario, chromium, ours } of results.filter(({ scenario }) => scenario.section === heading)) {
    const why = ours.error || ours.type.startsWith('opaque') ? ours.why : '';
    page += `| ${cell(scenario.name)} | ${short(chromium)} | ${short(ours)} | ${cell(chromium.why)} | ${cell(why)} |\n`;
  }
}
if (!only) writeFileSync(path.join(root, 'docs/chromium.md'), page);
console.log(`${results.length} scenarios, ${told.length} differ, ${unexpected.length} of them without a reason`);
process.exit(unexpected.length > 0 ? 1 : 0);
