// The answers of the exchange, to be changed. What the changes come to is asked of the server: here they are only written down.

import { byId, el, heard, say } from './dom.js';

const keyOf = ({ hop, to }) => `${hop} ${to}`;

// The list of answers, and its cards. `changed` is called when something was.
export class Answers {
  #cards = new Map();
  #changed;

  constructor(changed) {
    this.#changed = changed;
    byId('reset').addEventListener('click', () => {
      for (const card of this.#cards.values()) card.putBack();
      this.#edited();
    });
  }

  // Those of a fetch that was just made.
  show(answers) {
    this.#cards.clear();
    byId('answers').replaceChildren();
    say(byId('answers-problem'), '');
    this.meet(answers);
    byId('reset').disabled = true;
    byId('answers-hint').textContent = answers.length > 0
      ? 'Change them: the same rules run again over them. Nothing is sent.'
      : 'No answer came that could be changed.';
  }

  // Those that a fetch met with: new ones get a card, the others are told from those that were not reached.
  meet(answers) {
    const met = new Map(answers.map((answer) => [keyOf(answer.answer), answer]));
    for (const [key, answer] of met) {
      if (!this.#cards.has(key)) this.#add(key, answer);
    }
    for (const [key, card] of this.#cards) {
      const reached = met.has(key);
      if (!reached && card.assumed && card.edits().length === 0) {
        card.element.remove();
        this.#cards.delete(key);
      } else {
        card.reached(reached);
      }
    }
    this.#sort();
  }

  // As a set of fixes says.
  apply(set) {
    for (const { hop, to, request, edits } of set.answers) {
      const answer = { hop, to };
      const key = keyOf(answer);
      if (!this.#cards.has(key)) {
        const [method, ...url] = request.split(' ');
        this.#add(key, { answer, method, url: url.join(' '), assumed: true, status: 200, headers: [] });
        this.#sort();
      }
      this.#cards.get(key).apply(edits);
    }
    this.#edited();
  }

  edits() {
    return [...this.#cards.values()].flatMap((card) => card.edits());
  }

  #add(key, answer) {
    const card = new Card(answer, () => this.#edited());
    this.#cards.set(key, card);
    byId('answers').append(card.element);
  }

  // In the order in which they come: each hop's preflight before its request.
  #sort() {
    const place = ([, { answer: { hop, to } }]) => 2 * hop + (to === 'preflight' ? 0 : 1);
    const cards = [...this.#cards].sort((one, other) => place(one) - place(other)).map(([, { element }]) => element);
    const here = [...byId('answers').children];
    // NB: what is moved loses the focus.
    if (cards.some((card, at) => card !== here[at])) byId('answers').append(...cards);
  }

  #edited() {
    byId('reset').disabled = this.edits().length === 0;
    this.#changed();
  }
}

class Card {
  #base;
  #rows = [];
  #list = el('ul', { class: 'rows' });
  #status;
  #changed;

  constructor(told, changed) {
    const { answer, method, url, assumed, status, headers } = told;
    Object.assign(this, { answer, assumed });
    this.#base = { status, headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])), list: headers };
    this.#changed = changed;
    const name = answer.to === 'preflight' ? 'Preflight' : 'Request';
    const where = answer.hop > 0 ? `${name}, after ${answer.hop === 1 ? 'a redirect' : `${answer.hop} redirects`}` : name;
    this.#status = el('input', { type: 'text', inputmode: 'numeric', maxlength: '3', size: '3', value: status, class: 'status-input', 'aria-label': `Status of the answer: ${where}`, on: { input: () => this.#edited() } });
    this.element = el('section', { class: 'answer', 'aria-label': `Answer: ${where}` },
      el('div', { class: 'answer-head' },
        el('h3', {}, where, assumed && el('span', { class: 'tag', title: 'Nothing was asked there yet: a bare 200 is assumed' }, 'assumed')),
        el('label', { class: 'status-label' }, el('span', {}, 'Status'), this.#status)),
      el('p', { class: 'answer-url' }, `${method} ${url}`),
      this.#list,
      el('button', { type: 'button', class: 'link add', on: { click: () => this.#add('', '', true).name.focus() } }, '+ Header', heard(` in the answer: ${where}`)));
    headers.forEach(([name, value]) => this.#add(name, value));
  }

  // One header: on or off, name, value.
  #add(name, value, isNew = false) {
    const on = el('input', { type: 'checkbox', checked: true, 'aria-label': `Say ${name || 'this header'}` });
    const nameInput = el('input', { type: 'text', class: 'name', value: name, spellcheck: 'false', autocomplete: 'off', placeholder: 'Name', 'aria-label': 'Header name', readonly: !isNew, tabindex: isNew ? null : '-1' });
    const valueInput = el('input', { type: 'text', class: 'value', value, spellcheck: 'false', autocomplete: 'off', placeholder: 'value', 'aria-label': `Value of ${name || 'the new header'}` });
    const element = el('li', { class: 'header-row' }, on, el('div', { class: 'pair' }, nameInput, valueInput));
    const row = { on, name: nameInput, value: valueInput, element, isNew };
    nameInput.addEventListener('input', () => {
      on.setAttribute('aria-label', `Say ${nameInput.value}`);
      valueInput.setAttribute('aria-label', `Value of ${nameInput.value || 'the new header'}`);
    });
    for (const input of [on, nameInput, valueInput]) input.addEventListener('input', () => this.#edited());
    this.#rows.push(row);
    this.#list.append(element);
    return row;
  }

  // What differs from what was answered, as the server takes it.
  edits() {
    const said = new Map();
    for (const { on, name, value } of this.#rows) {
      const key = name.value.trim().toLowerCase();
      if (!on.checked || key === '') continue;
      const before = said.get(key);
      said.set(key, { name: name.value.trim(), value: before ? `${before.value}, ${value.value.trim()}` : value.value.trim() });
    }
    const changes = [];
    if (this.#status.value.trim() !== String(this.#base.status)) changes.push({ kind: 'status', status: Number(this.#status.value) || 0 });
    for (const [key, { name, value }] of said) {
      if (this.#base.headers.get(key) !== value) changes.push({ kind: 'set', name, value });
    }
    for (const [name] of this.#base.list) {
      if (!said.has(name.toLowerCase())) changes.push({ kind: 'remove', name });
    }
    return changes.map((change) => ({ answer: this.answer, change }));
  }

  apply(edits) {
    for (const { kind, name, value, status } of edits) {
      const rows = this.#rows.filter((row) => row.name.value.trim().toLowerCase() === name?.toLowerCase());
      if (kind === 'status') {
        this.#status.value = status;
      } else if (kind === 'remove') {
        for (const row of rows) row.on.checked = false;
      } else {
        const [row = this.#add(name, '', true), ...others] = rows;
        row.on.checked = true;
        row.value.value = value;
        for (const other of others) other.on.checked = false;
      }
    }
    this.#mark();
  }

  putBack() {
    this.#status.value = this.#base.status;
    for (const row of this.#rows.filter(({ isNew }) => isNew)) row.element.remove();
    this.#rows = this.#rows.filter(({ isNew }) => !isNew);
    for (const row of this.#rows) {
      row.on.checked = true;
      row.value.value = this.#base.headers.get(row.name.value.toLowerCase()) ?? '';
    }
    this.#mark();
  }

  // Does the fetch still come here?
  reached(reached) {
    this.element.dataset.reached = reached ? 'yes' : 'no';
  }

  #edited() {
    this.#mark();
    this.#changed();
  }

  #mark() {
    for (const { on, name, value, element } of this.#rows) {
      const changed = !on.checked || this.#base.headers.get(name.value.trim().toLowerCase()) !== value.value.trim();
      element.dataset.state = !on.checked ? 'off' : changed ? 'changed' : 'same';
    }
    this.#status.dataset.state = this.#status.value.trim() === String(this.#base.status) ? 'same' : 'changed';
  }
}
