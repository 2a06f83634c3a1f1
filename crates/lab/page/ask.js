// The form: what is asked, as typed; examples and imports fill it.

import { call } from './calls.js';
import { byId, el, say } from './dom.js';
import { TOPICS } from './words.js';

const form = byId('ask');

// What the form says. Throws where a line of the headers is none.
export function asked() {
  const field = (name) => form.elements[name].value;
  const headers = [];
  for (const line of field('headers').split('\n')) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`“${line.trim().split(/\s/)[0]}”: a header is “Name: value”, one a line.`);
    headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return {
    origin: field('origin').trim(),
    url: field('url').trim(),
    method: field('method').trim(),
    headers,
    body: field('body') === '' ? null : field('body'),
    credentials: field('credentials'),
    mode: field('mode'),
    redirect: field('redirect'),
    decide_as: field('decide_as') || null,
  };
}

// Fills the form.
export function fill(ask) {
  const { elements } = form;
  for (const name of ['origin', 'url', 'method']) elements[name].value = ask[name] ?? '';
  elements.headers.value = (ask.headers ?? []).map(([name, value]) => `${name}: ${value}`).join('\n');
  elements.body.value = ask.body ?? '';
  elements.credentials.value = ask.credentials || 'same-origin';
  const choose = (select, word, usual) => { select.value = word && word !== usual ? word : ''; };
  choose(elements.mode, ask.mode, 'cors');
  choose(elements.redirect, ask.redirect, 'follow');
  choose(elements.decide_as, ask.decide_as, '');
  form.querySelector('.more').open = Boolean(elements.redirect.value || elements.decide_as.value);
  fit();
}

// The texts are as high as what stands in them.
function fit() {
  for (const name of ['headers', 'body']) {
    const area = form.elements[name];
    area.rows = Math.min(10, Math.max(name === 'body' ? 2 : 3, area.value.split('\n').length));
  }
}

export const problem = (text) => say(byId('problem'), text);

export function notes(list) {
  byId('notes').replaceChildren(...list.map((note) => el('li', {}, note)));
  byId('notes').hidden = list.length === 0;
}

// The list of examples; `chosen` is called with what one asks.
export function offer(examples, chosen) {
  if (examples.length === 0) return;
  const select = byId('example');
  const groups = new Map();
  examples.forEach((example, at) => {
    const group = groups.get(example.topic) ?? el('optgroup', { label: TOPICS[example.topic] ?? example.topic });
    groups.set(example.topic, group);
    group.append(el('option', { value: at }, (example.shows.charAt(0).toUpperCase() + example.shows.slice(1)).replaceAll('`', '')));
  });
  select.replaceChildren(...groups.values());
  select.addEventListener('change', () => chosen(examples[select.value]));
  byId('pick').hidden = false;
}

// The door for what other tools wrote; `taken` is called with what one is told of it.
export function importing(taken) {
  const [details, text, choice, entries] = ['import', 'import-text', 'import-choice', 'import-entry'].map(byId);
  let held = '';
  const read = async (entry) => {
    problem('');
    try {
      const told = await call('import', { text: held, entry, origin: byId('origin').value.trim() });
      if (told.several) {
        entries.replaceChildren(...told.several.map((request, at) => el('option', { value: at + 1 }, `${at + 1}. ${request}`)));
        entries.selectedIndex = 0;
        choice.hidden = false;
        entries.focus();
        return;
      }
      choice.hidden = true;
      details.open = false;
      text.value = '';
      taken(told);
    } catch (error) {
      problem(error.message);
    }
  };
  const begin = (said) => {
    held = said;
    choice.hidden = true;
    return read();
  };
  byId('import-read').addEventListener('click', () => begin(text.value));
  byId('import-file').addEventListener('change', async ({ target }) => {
    if (target.files[0]) await begin(await target.files[0].text());
    target.value = '';
  });
  byId('import-use').addEventListener('click', () => read(Number(entries.value)));
}

// What is typed, and who else may be asked for.
export function listen(submitted) {
  form.addEventListener('input', fit);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submitted();
  });
  byId('own-origin').addEventListener('click', () => {
    form.elements.origin.value = location.origin;
    form.elements.origin.focus();
  });
}
