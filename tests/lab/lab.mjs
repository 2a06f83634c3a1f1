// Uses the lab's page in Chromium as a person would, and compares its verdicts with Chromium's own. README.md says how to run it.
// Loopback only; nothing here waits for a time, only for what is to be seen.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const sofetch = process.env.SOFETCH ?? path.join(here, '../../target/debug/sofetch');
const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const require = createRequire(path.join(process.cwd(), 'x'));
const { chromium } = require('playwright-core');
const axePath = path.join(process.cwd(), 'node_modules/axe-core/axe.min.js');
const axe = existsSync(axePath) ? readFileSync(axePath, 'utf8') : null;
const screenshots = process.env.SCREENSHOTS;
const only = process.argv[2];
if (screenshots) mkdirSync(screenshots, { recursive: true });

// The lab, and a server of one's own beside it.

const lab = spawn(sofetch, ['lab', '--no-open', '--proxy', ''], { env: { ...process.env, SOFETCH_CONFIG: '' }, stdio: ['ignore', 'pipe', 'inherit'] });
const link = await new Promise((done) => { createInterface(lab.stdout).once('line', done); });
const [origin, token] = link.split('/#token=');

async function call(name, document) {
  const response = await fetch(`${origin}/api/${name}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'Lab-Token': token }, body: JSON.stringify(document),
  });
  return response.json();
}

const about = await call('about', {});
const served = [];
const server = http.createServer((request, response) => {
  served.push(`${request.method} ${request.url}`);
  const answers = {
    '/open': { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': 'X-Shown', 'X-Shown': '1', 'X-Hidden': '1' },
    '/closed': {},
    '/hostile': { 'Access-Control-Allow-Origin': '<img src=x onerror=alert(1)>', 'X-Markup': '"><script>alert(1)</script>' },
    '/patch': { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Methods': 'PATCH', 'Access-Control-Allow-Headers': 'api-key' },
  };
  response.writeHead(200, { 'Content-Type': 'text/html', ...answers[request.url] });
  response.end('<!doctype html><title>another page</title>');
});
await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
const elsewhere = `http://127.0.0.1:${server.address().port}`;

const rules = about.servers.map(({ host, port, address }) => `MAP ${host}:${port} ${address}`).join(', ');
const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors', `--host-resolver-rules=${rules}`],
});

// The parts.

const parts = [];
const part = (name, run, options = {}) => parts.push({ name, run, options });

const headline = (page) => page.textContent('.headline');
const verdict = (page, text) => page.waitForFunction((text) => document.querySelector('.headline')?.textContent === text, text);
const READS = 'Readable';

async function choose(page, url) {
  const at = about.examples.findIndex(({ ask }) => ask.url.endsWith(url));
  assert.notEqual(at, -1, url);
  await page.selectOption('#example', String(at));
  await page.waitForSelector('.hops');
  await page.waitForFunction((url) => document.querySelector('.hop-head code').textContent.includes(url), url);
}

async function type(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.fill(`#${name}`, value);
}

async function picture(page, name) {
  if (!screenshots) return;
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
}

// No text is cut off at the side, and whoever sees no colours or pictures misses nothing.
async function accessible(page, what) {
  const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= shown, `${what}: ${wide} pixels wide, of ${shown}`);
  if (!axe) return;
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));
  assert.deepEqual(found, [], what);
}

part('the first example is filled in, refused, and passes with the smallest change', async (page) => {
  assert.equal(await page.inputValue('#origin'), 'https://javascript.info');
  await picture(page, 'light-begin');
  await accessible(page, 'at the beginning');
  await page.click('#run');
  await verdict(page, 'Refused');
  assert.match(await page.textContent('#verdict-text'), /Access-Control-Allow-Headers/);
  const anchors = await page.$$eval('.rule', (links) => links.map(({ href }) => href));
  assert.ok(anchors.length > 5 && anchors.every((href) => /^https:\/\/(fetch\.spec\.whatwg\.org|w3c\.github\.io)\//.test(href)), anchors.join());
  await picture(page, 'light-refused');
  await accessible(page, 'refused');
  for (const summary of await page.$$('#story summary')) await summary.click();
  assert.match(await page.textContent('.heads'), /Access-Control-Request-Method: PATCH/i);
  await accessible(page, 'with all opened');
  await page.focus('#server');
  await page.selectOption('#server', 'nginx');
  await page.waitForSelector('.configuration pre');
  assert.match(await page.textContent('.configuration pre'), /add_header/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'server', 'one stays where one was');
  await accessible(page, 'with configuration');
  await picture(page, 'light-configuration');
  await page.click('.try');
  await verdict(page, READS);
  assert.match(await page.textContent('.eyebrow'), /What if · 2 changes, nothing sent/);
  await picture(page, 'light-changed');
  await accessible(page, 'changed');
  await page.click('#put-back');
  await verdict(page, 'Refused');
  assert.equal(await page.isDisabled('#reset'), true);
});

part('a header of the answer is left out, said otherwise, and said again', async (page) => {
  await choose(page, '/readable.json');
  await verdict(page, READS);
  await page.uncheck('[aria-label="Say access-control-allow-origin"]');
  await verdict(page, 'Refused');
  await page.check('[aria-label="Say access-control-allow-origin"]');
  await verdict(page, READS);
  assert.equal(await page.textContent('.eyebrow'), 'Verdict', 'it is as it was');
  await page.fill('[aria-label="Value of access-control-allow-origin"]', 'https://other.example');
  await verdict(page, 'Refused');
  await page.fill('.status-input', '99');
  await page.waitForFunction(() => document.querySelector('#answers-problem').textContent.includes('200 to 599'));
  await page.fill('.status-input', '404');
  await page.waitForFunction(() => document.querySelector('#answers-problem').hidden);
  await page.click('#reset');
  await verdict(page, READS);
  await page.click('.add');
  await page.keyboard.type('Access-Control-Expose-Headers');
  await page.keyboard.press('Tab');
  await page.keyboard.type('access-control-allow-origin');
  await page.waitForFunction(() => [...document.querySelectorAll('[data-seen=yes] .names code')].some((name) => name.textContent === 'access-control-allow-origin'));
});

part('what may change something is sent when one says so', async (page) => {
  await choose(page, '/service.json');
  await verdict(page, 'Undecided');
  await picture(page, 'light-undecided');
  await accessible(page, 'undecided');
  await page.click('text=Send PATCH now');
  await verdict(page, READS);
  assert.match(await page.textContent('.verdict-facts'), /answered 200/);
  assert.equal(await page.$('#send'), null);
});

part('with the keyboard alone', async (page) => {
  const stops = [];
  const stop = () => page.evaluate(() => {
    const { activeElement: element } = document;
    const style = getComputedStyle(element.matches('input[type=radio]') ? element.nextElementSibling : element);
    const rings = style.outlineStyle !== 'none' || (element.parentElement.matches('.pair') && getComputedStyle(element.parentElement).boxShadow !== 'none');
    return { name: element.id || element.getAttribute('aria-label') || element.textContent, rings, top: element === document.body };
  });
  const walk = async (until) => {
    for (let i = 0; i < 80; i += 1) {
      await page.keyboard.press('Tab');
      const { name, rings, top } = await stop();
      assert.ok(top || rings, `${name}: one does not see where one is`);
      stops.push(name);
      if (name === until) return;
    }
    assert.fail(`${until} was not reached: ${stops.join(', ')}`);
  };
  await walk('run');
  const order = ['Skip to the verdict', 'example', 'Paste a copy, or open a HAR file', 'own-origin', 'origin', 'url', 'method', 'mode', 'headers', 'body'];
  assert.deepEqual(stops.slice(0, order.length), order);
  await page.keyboard.press('Enter');
  await verdict(page, 'Refused');
  const live = await page.getAttribute('#verdict-text', 'aria-live');
  assert.equal(live, 'polite');
  await walk('Try it: this change');
  await page.keyboard.press('Enter');
  await verdict(page, READS);
  assert.equal((await stop()).name, 'verdict', 'where the button was, there is nothing any more');
  await walk('Say access-control-allow-origin');
  await page.keyboard.press('Space');
  await verdict(page, 'Refused');
  assert.equal((await stop()).name, 'Say access-control-allow-origin', 'what changes takes nobody’s place away');
});

part('what other tools copied is read', async (page) => {
  await page.click('#import > summary');
  await page.fill('#import-text', `curl 'https://site.com/closed.json' -H 'Origin: https://javascript.info' -H 'API-Key: k' --compressed`);
  await page.click('#import-read');
  await page.waitForFunction(() => document.querySelector('#url').value.endsWith('/closed.json'));
  assert.equal(await page.inputValue('#headers'), 'API-Key: k');
  assert.ok((await page.textContent('#notes')).includes('not imported: '));
  await page.click('#import > summary');
  await page.fill('#import-text', 'rm -rf /');
  await page.click('#import-read');
  await page.waitForSelector('#problem:not([hidden])');
  await accessible(page, 'with a problem');
});

part('a HAR file goes out and comes back', async (page) => {
  await choose(page, '/redirect/cross-origin-refused');
  await verdict(page, 'Refused');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  assert.equal(download.suggestedFilename(), 'sofetch.har');
  const har = readFileSync(await download.path(), 'utf8');
  assert.equal(JSON.parse(har).log.version, '1.2');
  await choose(page, '/readable.json');
  await page.click('#import > summary');
  await page.setInputFiles('#import-file', { name: 'x.har', mimeType: 'application/json', buffer: Buffer.from(har) });
  await page.waitForSelector('#import-choice:not([hidden])');
  await accessible(page, 'with requests to choose from');
  await page.selectOption('#import-entry', '1');
  await page.click('#import-use');
  await verdict(page, 'Refused');
  assert.match(await page.textContent('.eyebrow'), /From the file/);
  assert.equal((await page.$$('.answer')).length, 2, 'the redirect’s answer and the last one');
});

part('what strangers say stays a text', async (page) => {
  await type(page, { origin: 'https://a.test', url: `${elsewhere}/hostile`, method: 'GET', headers: '', body: '' });
  await page.click('#run');
  await verdict(page, 'Refused');
  for (const summary of await page.$$('#story summary')) await summary.click();
  const [text, made] = await page.evaluate(() => [document.querySelector('#result').textContent, document.querySelectorAll('img, #result script, iframe').length]);
  assert.ok(text.includes('<img src=x onerror=alert(1)>') && text.includes('"><script>alert(1)</script>'));
  assert.equal(made, 0);
});

part('this browser is asked the same', async (page) => {
  const row = () => page.$$eval('.compare tbody tr', (rows) => rows.map((row) => [...row.cells].map((cell) => cell.firstChild?.textContent)));
  await page.click('#own-origin');
  assert.equal(await page.inputValue('#origin'), origin);
  for (const [target, promise] of [['/open', 'a response'], ['/closed', 'rejected: TypeError']]) {
    await type(page, { url: `${elsewhere}${target}`, method: 'GET', headers: '', body: '' });
    await page.click('#run');
    await page.waitForSelector('#in-browser');
    await page.waitForFunction((target) => document.querySelector('.hop-head code').textContent.endsWith(target), target);
    await page.click('#in-browser');
    await page.waitForSelector('.compare');
    const rows = await row();
    assert.deepEqual(rows[0], ['The promise', promise, promise]);
    assert.ok(rows.every(([, ours, theirs]) => ours === theirs), JSON.stringify(rows));
    assert.equal(await page.textContent('#compare-title'), 'This browser says the same');
    await accessible(page, 'compared');
    if (target === '/open') await picture(page, 'light-compared');
  }
  await type(page, { url: `${elsewhere}/patch`, method: 'PATCH', headers: 'API-Key: k' });
  await page.click('#run');
  await verdict(page, 'Undecided');
  const before = served.filter((line) => line === 'PATCH /patch').length;
  assert.equal(before, 0, 'it was not sent');
  await page.click('#send');
  await verdict(page, READS);
  await choose(page, '/readable.json');
  assert.equal(await page.$('#in-browser'), null, 'no other origin is this page’s');
});

part('Chromium comes to the same verdicts', async (page) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const asking = await context.newPage();
  await asking.goto('https://javascript.info/');
  for (const { ask } of about.examples) {
    const { story } = await call('run', { ask, send: true });
    const init = { method: ask.method, headers: ask.headers, credentials: ask.credentials || undefined, mode: ask.mode || undefined, body: ask.body ?? undefined };
    const theirs = await asking.evaluate(async ([url, init]) => {
      try {
        const { type, status, url: seen, headers } = await fetch(url, init);
        return { type, status, url: seen, names: [...new Set(headers.keys())].sort() };
      } catch (error) {
        return { error: error.name };
      }
    }, [ask.url, init]);
    const { script } = story;
    const opaque = script.response_type?.startsWith('opaque');
    const ours = script.kind === 'response'
      ? { type: script.response_type, status: script.status, url: script.url ?? '', names: opaque ? [] : script.readable.map(({ name }) => name).sort() }
      : { error: script.with };
    // What is measured to differ is said in the story.
    const departs = story.departures.some(({ browsers, effect }) => browsers.includes('chromium') && (effect === 'passes' || effect === 'refuses'));
    if (departs) assert.notDeepEqual(theirs, ours, `${ask.url}: the departure is news`);
    else assert.deepEqual(theirs, ours, ask.url);
  }
  await context.close();
  void page;
});

part('in the dark', async (page) => {
  await choose(page, '/account.json');
  await verdict(page, READS);
  await picture(page, 'dark-readable');
  await accessible(page, 'dark, readable');
  await choose(page, '/wildcards-granted.json');
  await verdict(page, 'Refused');
  await picture(page, 'dark-refused');
  await accessible(page, 'dark, refused');
}, { colorScheme: 'dark' });

part('on a narrow screen', async (page) => {
  await accessible(page, 'narrow, at the beginning');
  await page.click('#run');
  await verdict(page, 'Refused');
  for (const summary of await page.$$('summary')) await summary.click();
  await accessible(page, 'narrow, refused');
  await picture(page, 'narrow-refused');
}, { viewport: { width: 320, height: 640 } });

part('in the middle', async (page) => {
  await choose(page, '/redirect/cross-origin');
  await verdict(page, READS);
  await accessible(page, 'in the middle');
  await picture(page, 'middle-redirect');
}, { viewport: { width: 1024, height: 768 } });

part('the token is in no address, and a page that is loaded again has it', async (page) => {
  assert.equal(page.url(), `${origin}/`);
  await page.reload();
  await page.waitForSelector('#pick:not([hidden])');
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(origin);
  await other.waitForSelector('#problem:not([hidden])');
  assert.match(await other.textContent('#problem'), /no token/);
  assert.equal(await other.isDisabled('#run'), true);
  await context.close();
});

part('a link that a browser is started with opens once', async (page) => {
  if (process.platform !== 'linux') return;
  // What the command takes for the system's way to open addresses tells us which one.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sofetch-lab-'));
  const pipe = path.join(folder, 'link');
  execFileSync('mkfifo', [pipe]);
  writeFileSync(path.join(folder, 'xdg-open'), `#!/bin/sh\necho "$1" > '${pipe}'\n`, { mode: 0o755 });
  const other = spawn(sofetch, ['lab', '--proxy', ''], { env: { SOFETCH_CONFIG: '', PATH: folder }, stdio: ['ignore', 'ignore', 'inherit'] });
  const once = (await readFile(pipe, 'utf8')).trim();
  assert.match(once, /#once=[0-9a-f]{64}$/);
  const open = async () => {
    const context = await browser.newContext();
    const opened = await context.newPage();
    await opened.goto(once);
    await opened.waitForSelector('#pick:not([hidden]), #problem:not([hidden])');
    const told = [opened.url(), await opened.isVisible('#pick'), await opened.textContent('#problem')];
    if (told[1]) {
      await opened.reload();
      await opened.waitForSelector('#pick:not([hidden])');
    }
    await context.close();
    return told;
  };
  const address = once.split('#')[0];
  assert.deepEqual(await open(), [address, true, '']);
  const [, opened, problem] = await open();
  assert.ok(!opened && problem.includes('was used'), problem);
  other.kill();
  rmSync(folder, { recursive: true });
  void page;
});

part('no other page reaches the lab', async (page) => {
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(`${elsewhere}/`);
  const tries = await other.evaluate(async ([url, token]) => {
    const attempt = (init) => fetch(url, { method: 'POST', body: '{}', ...init }).then(({ type, status }) => `${type} ${status}`, ({ name }) => name);
    const framed = await new Promise((done) => {
      const frame = document.createElement('iframe');
      frame.src = new URL('/', url).href;
      frame.onload = () => { try { done(frame.contentDocument === null ? 'closed' : 'open'); } catch { done('closed'); } };
      document.body.append(frame);
    });
    return [await attempt({ headers: { 'Lab-Token': token, 'Content-Type': 'application/json' } }), await attempt({ mode: 'no-cors' }), framed];
  }, [`${origin}/api/about`, token]);
  assert.deepEqual(tries, ['TypeError', 'TypeError', 'closed']);
  const text = await Promise.all(other.frames().slice(1).map((frame) => frame.evaluate(() => document.body?.textContent ?? '').catch(() => '')));
  assert.ok(text.every((text) => !text.includes('Ask')), 'it is not framed');
  await context.close();
  void page;
});

// Each with a page of its own; no message and no violation is let pass.

let failed = 0;
for (const { name, run, options } of parts.filter(({ name }) => !only || name.includes(only))) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', ...options });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => console.error(`violation: ${effectiveDirective} ${blockedURI}`));
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const messages = [];
  // NB: the browser itself reports what it was asked to be refused, where a fetch of the worker is, and what a call refuses.
  const expected = /has been blocked by CORS policy|net::ERR_FAILED|status of 4\d\d/;
  page.on('console', (message) => { if (!expected.test(message.text())) messages.push(`${message.type()}: ${message.text()}`); });
  page.on('pageerror', (error) => messages.push(`error: ${error.message}`));
  try {
    await page.goto(link);
    await page.waitForSelector('#pick:not([hidden])');
    await run(page);
    assert.deepEqual(messages, [], 'messages');
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${error.stack}\n${messages.join('\n')}`);
    if (screenshots) await page.screenshot({ path: path.join(screenshots, `failed-${failed}.png`), fullPage: true });
  }
  await context.close();
}
if (!axe) console.log('axe-core is not installed: nobody looked for what it finds');
await browser.close();
server.close();
lab.kill();
console.log(failed === 0 ? 'lab: all is well' : `lab: ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
