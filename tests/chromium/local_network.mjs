// Local Network Access: a page that is told to be public asks this machine. What Chromium does, and what `--as chromium` says that it does.
// Run by generated.mjs.

import http from 'node:http';
import { O, PLAIN } from './origins.mjs';
import { ask, httpPort, launch, tlsPort } from './world.mjs';

// A page's origin, and by which code its fetch is refused while nobody allows it.
const PAGES = [[O, 'LocalNetworkAccessPermissionDenied', 'up-to-the-person'], [PLAIN, 'InsecureLocalNetwork', 'refused-by-browser']];

// The differences, a line each.
export async function localNetwork() {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'text/plain' }).end('lamp\n');
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const url = `http://127.0.0.1:${server.address().port}/`;
  // NB: where the pages come from is public by this option; the server above is on loopback, as it is.
  const browser = await launch(`--ip-address-space-overrides=127.0.0.1:${tlsPort}=public,127.0.0.1:${httpPort}=public`);
  const faults = [];
  for (const [origin, code, kind] of PAGES) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    const failed = new Promise((done) => { cdp.on('Network.loadingFailed', ({ corsErrorStatus }) => done(corsErrorStatus?.corsError)); });
    await page.goto(`${origin}/page`);
    const fetched = () => page.evaluate((url) => fetch(url).then(({ status }) => status, ({ name }) => name), url);
    const refused = await fetched();
    const theirs = refused === 'TypeError' ? await failed : refused;
    await context.grantPermissions(['local-network-access']);
    const allowed = await fetched();
    await context.close();
    const { report } = await ask({ url, init: {}, more: { page: origin } }, ['--as', 'chromium']);
    const ours = report.departures.find(({ id }) => id === 'local-network-access')?.code;
    // The person decides for a page that came over https, and for no other.
    const expected = kind === 'up-to-the-person' ? 200 : 'TypeError';
    if (theirs !== code || ours !== code || report.verdict.kind !== kind || allowed !== expected) {
      faults.push(`Local Network Access, ${origin}: Chromium ${theirs}, allowed ${allowed}; sofetch ${ours}, ${report.verdict.kind}`);
    }
  }
  await browser.close();
  server.close();
  return faults;
}
