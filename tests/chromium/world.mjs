// What both comparisons share: the servers, Chromium with a way to them, and `sofetch cors` with the same. Loopback only.

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { O } from './origins.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.join(here, '../..');
export const sofetch = process.env.SOFETCH ?? path.join(root, 'target/debug/sofetch');
const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
// NB: from where one stands, so that nothing is installed in the repository.
const { chromium } = createRequire(path.join(process.cwd(), 'x'))('playwright-core');

export const BODY = 'lamp\n';

// The servers. A path is /ID/STEP; what each request was is kept by its ID.

export const seen = new Map();
export const answersOf = new Map();

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
export const [tlsPort, httpPort, closedPort] = await Promise.all(servers.map(listen));
servers[2].close();

// Chromium.

export const launch = (...more) => chromium.launch({
  executablePath: chromiumPath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors', '--disable-features=HttpsUpgrades',
    `--host-resolver-rules=MAP *.test:443 127.0.0.1:${tlsPort}, MAP *.test:80 127.0.0.1:${httpPort}`, ...more],
});
export const browser = await launch();

// What a page runs.
export const script = async ({ url, init }) => {
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

// What the command says of a scenario: what the script would see, and the whole report.
export async function ask({ url, init, more }, args) {
  const page = more.page === 'null' ? ['--origin', 'null'] : ['--page', `${more.page ?? O}/page?q#f`];
  const all = ['cors', url, ...page, '--report', 'json', '--send', 'always', '--show-secrets', '-k', '-m', '60', '--proxy', '',
    '--connect-to', `:443:127.0.0.1:${tlsPort}`, '--connect-to', `:80:127.0.0.1:${httpPort}`, ...curlLike(init), ...args];
  const { code, out, err } = await new Promise((done) => {
    execFile(sofetch, all, { maxBuffer: 1 << 26, env: { ...process.env, SOFETCH_CONFIG: '' } },
      (error, out, err) => done({ code: error?.code ?? 0, out, err }));
  });
  if (code === 2) return { code, error: 'TypeError', why: err.trim().split('\n').at(-1) };
  const report = JSON.parse(out);
  const { script, words } = report;
  const common = { code, report, why: words };
  if (script.kind !== 'response') return { ...common, error: script.with };
  const hidden = script.response_type.startsWith('opaque');
  return { ...common, type: script.response_type, status: script.status, url: script.url ?? '',
    names: hidden ? [] : script.readable.map(({ name }) => name) };
}

// In a word what the script sees.
export const verdict = ({ error, type, status, url, names }, id) => (error ? 'refused'
  : type.startsWith('opaque') ? type : `${type} ${status} ${url.replace(`/${id}`, '')} [${[...names].sort().join(' ')}]`);

// Ends all.
export async function close() {
  await browser.close();
  servers.forEach((server) => server.close());
  rmSync(folder, { recursive: true });
}
