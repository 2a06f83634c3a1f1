// The calls of the lab's server, with the token that the page's address brought.

import { REFUSALS } from './words.js';

const KEPT = 'token';
let token = '';

// Takes the token out of the address, so that no history or screenshot has it; this tab keeps it for when it is loaded again.
export async function enter() {
  const said = new URLSearchParams(location.hash.slice(1));
  const [given, once] = [said.get('token'), said.get('once')];
  if (given || once) history.replaceState(null, '', location.pathname);
  token = given ?? sessionStorage.getItem(KEPT) ?? '';
  if (once) {
    token = once;
    token = (await call('enter', {})).token;
  }
  if (token) sessionStorage.setItem(KEPT, token);
}

// Calls, and returns what is answered. Throws an error that says why not.
export async function call(name, document) {
  if (!token) throw new Error(REFUSALS['no-token']);
  let response;
  try {
    response = await fetch(`/api/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Lab-Token': token },
      body: JSON.stringify(document),
    });
  } catch {
    throw new Error(REFUSALS.gone);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.words ?? REFUSALS[answer.error] ?? REFUSALS[response.status] ?? REFUSALS.other);
  return answer;
}
