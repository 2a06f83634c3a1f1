// The same fetch in this browser, beside what was told. The two are laid side by side; who is right is not decided here.

import { el, heard } from './dom.js';

// May this browser be asked the same? Only as the page that it shows, and only what the network has.
export function isOwn(ask, embedded) {
  try {
    return !embedded && new URL(ask.origin).origin === location.origin;
  } catch {
    return false;
  }
}

// What a script of this page sees of this URL.
export function inThisBrowser(ask, url) {
  const { method, headers, body, credentials, mode, redirect } = ask;
  const init = { method: method || (body === null ? 'GET' : 'POST'), headers, credentials, mode: mode || 'cors', redirect: redirect || 'follow', cache: 'no-store' };
  if (body !== null) init.body = body;
  const worker = new Worker('/runner.js');
  const seen = new Promise((done) => {
    worker.addEventListener('message', ({ data }) => done(data));
    worker.addEventListener('error', () => done({ error: 'Error' }));
  });
  worker.postMessage({ url, init });
  return seen.finally(() => worker.terminate());
}

const outcome = ({ error }) => (error ? `rejected: ${error}` : 'a response');

const told = (script) => (script.kind === 'response'
  ? { type: script.response_type, status: script.status, url: script.url ?? '', names: script.readable.map(({ name }) => name) }
  : { error: script.with ?? 'nothing yet' });

// Both, row by row.
export function compared(script, browser) {
  const ours = told(script);
  const names = (seen) => [...(seen.names ?? [])].sort().join(', ') || 'none';
  const rows = [['The promise', outcome(ours), outcome(browser)]];
  if (!ours.error && !browser.error) {
    rows.push(['Type', ours.type, browser.type], ['Status', String(ours.status), String(browser.status)]);
    const opaque = ours.type.startsWith('opaque') && browser.type.startsWith('opaque');
    if (!opaque) rows.push(['Headers', names(ours), names(browser)]);
  }
  const same = rows.every(([, one, other]) => one === other);
  const row = ([what, one, other]) => el('tr', { 'data-same': one === other ? 'yes' : 'no' },
    el('th', { scope: 'row' }, what), el('td', {}, one), el('td', {}, other, one === other ? heard(' (the same)') : heard(' (different)')));
  return el('section', { class: 'card', 'aria-labelledby': 'compare-title' },
    el('h3', { id: 'compare-title' }, same ? 'This browser says the same' : 'This browser says otherwise'),
    el('table', { class: 'compare' },
      el('thead', {}, el('tr', {}, el('td', {}), el('th', { scope: 'col' }, 'sofetch'), el('th', { scope: 'col' }, 'this browser'))),
      el('tbody', {}, rows.map(row))));
}
