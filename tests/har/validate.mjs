// Holds files that `sofetch --har` writes against the schema of HAR 1.2, by the npm package har-validator. Run by
// `cargo xtask har`, which says where Node or the package is missing. Loopback only.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

// NB: from where one stands, so that nothing is installed in the repository.
const validator = createRequire(path.join(process.cwd(), 'x'))('har-validator/lib/promise.js');

const server = http.createServer((request, response) => {
  request.resume();
  const allow = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*', 'access-control-allow-methods': '*' };
  if (request.url === '/kept') return response.writeHead(307, { ...allow, location: '/' }).end();
  if (request.url === '/loop') return response.writeHead(302, { ...allow, location: '/loop' }).end();
  if (request.url === '/cut') return response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy());
  const odd = { 'set-cookie': ['a=b; Path=/; Secure; HttpOnly', 'lamp', '=; Domain=x'], 'x-odd': '\x9b31m' };
  return response.writeHead(200, { ...allow, ...odd, 'content-type': 'text/html' }).end('lamp\n');
});
await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
const base = `http://127.0.0.1:${server.address().port}`;
const folder = mkdtempSync(path.join(os.tmpdir(), 'sofetch-har-'));
const file = path.join(folder, 'har');
writeFileSync(path.join(folder, 'script.js'), `(async () => {
  await (await fetch('${base}/', { method: 'POST', body: 'lamp' })).text();
  await fetch('${base}/loop').catch(() => {});
  await (await fetch('data:text/plain,hi')).text();
})()`);

const page = ['--origin', 'http://app.test'];
const runs = [
  [`${base}/?a=1&b=%20&c`],
  ['--show-secrets', '-H', 'Cookie: a=b; c', `${base}/`],
  ['-d', 'a=1&password=x', `${base}/`],
  ['--json', '{"token":"x"}', `${base}/kept`],
  ['-F', 'a=1', '--show-secrets', `${base}/`],
  ['-H', 'Content-Type: text/plain', '-d', 'x', `${base}/`],
  [`${base}/cut`],
  [`${base}/loop`],
  ['http://127.0.0.1:1/'],
  ['data:,x'],
  ['cors', ...page, '--send', 'always', '-X', 'PATCH', '--json', '{}', `${base}/`],
  ['cors', ...page, '--mode', 'no-cors', `${base}/`],
  ['run', '--base-url', `${base}/`, path.join(folder, 'script.js')],
];
let entries = 0;
let failed = 0;

// A validator that refuses nothing would prove nothing.
const broken = { log: { version: '1.2', creator: { name: 'x', version: '1' }, entries: [{ startedDateTime: 'today' }] } };
if (await validator.har(broken).then(() => true, () => false)) throw new Error('the validator takes what is wrong');
for (const args of runs) {
  const all = [...args.slice(0, /^(cors|run)$/.test(args[0]) ? 1 : 0), '--har', file, ...args.slice(/^(cors|run)$/.test(args[0]) ? 1 : 0)];
  const code = await new Promise((done) => {
    execFile(process.env.SOFETCH, all, (error) => done(error?.code ?? 0));
  });
  try {
    if (code === 2) throw new Error('the command line was wrong');
    const har = JSON.parse(readFileSync(file, 'utf8'));
    await validator.har(har);
    if (har.log.entries.length === 0) throw new Error('it has no entries');
    entries += har.log.entries.length;
  } catch (error) {
    failed += 1;
    console.log(`${args.join(' ')}: ${error.message} ${JSON.stringify(error.errors ?? '')}`);
  }
}
server.close();
server.closeAllConnections();
rmSync(folder, { recursive: true });
console.log(`${runs.length} files with ${entries} entries against the schema of HAR 1.2: ${failed} are wrong`);
process.exit(failed > 0 ? 1 : 0);
