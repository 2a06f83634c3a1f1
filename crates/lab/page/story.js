// A story (sofetch-cors/1) as one reads it: the verdict, the smallest change, the decisions in order, what the script sees.

import { el, heard, prose } from './dom.js';
import { BROWSERS, MARKS, STEPS, TONES, VERDICTS, count } from './words.js';

const list = (items, attributes = {}) => items.length > 0 && el('ul', attributes, items.map((item) => el('li', {}, item)));

export const toneOf = (story) => TONES[story.verdict.kind] ?? 'warn';

// The verdict's texts: what it is, why, what to do. `changes` is how many there are of the answers.
export function verdictText(story, changes) {
  const { kind } = story.verdict;
  return [
    el('p', { class: 'eyebrow' }, changes === null ? 'Verdict' : changes === 0 ? 'From the file, nothing sent' : `What if · ${count(changes, 'change', 'changes')}, nothing sent`),
    el('h2', { class: 'headline' }, VERDICTS[kind] ?? kind),
    el('p', { class: 'why' }, prose(story.words)),
    story.hint && el('p', { class: 'todo' }, prose(story.hint)),
  ];
}

// What the server and the script have of it.
export function facts(story, changes) {
  const { script, reached } = story;
  const sees = script.kind === 'response' ? `${script.response_type} response, ${script.status}`
    : script.kind === 'rejected' ? script.with : 'nothing yet';
  const server = !reached.sent ? 'never saw the request' : reached.status === null ? 'gave no answer' : `${changes === null ? 'answered' : 'would answer'} ${reached.status}`;
  const preflights = story.hops.filter(({ preflight }) => preflight).length;
  const fact = (name, text) => el('div', {}, el('dt', {}, name), el('dd', {}, text));
  return el('dl', {}, fact('Script gets', sees), fact('Server', server), fact('Preflight', preflights > 0 ? 'needed' : 'none'));
}

// A set as configuration of a server.
function configuration({ server, url, text, notes }, servers) {
  const [, title = server] = servers.find(([name]) => name === server) ?? [];
  const copied = (event) => navigator.clipboard.writeText(text).then(() => { event.target.textContent = 'Copied'; });
  return el('div', { class: 'configuration' },
    el('p', { class: 'fix-where' }, `For ${title}, at `, el('code', {}, url)),
    text === null ? el('p', { class: 'hint' }, 'Its configuration cannot say exactly this.') : [
      el('pre', { tabindex: '0', 'aria-label': `Configuration of ${title}` }, el('code', {}, text)),
      el('button', { type: 'button', class: 'link', on: { click: copied } }, 'Copy'),
    ],
    notes.length > 0 && el('ul', { class: 'hint' }, notes.map((note) => el('li', {}, prose(note)))));
}

// The sets of edits that would do; `tried` is called with one, `chosen` with the server that is to be configured.
export function fixes(story, tried, { servers, server, chosen }) {
  const { sets, refused } = story.fixes ?? { sets: [], refused: [] };
  if (sets.length + refused.length === 0) return null;
  const edits = (set) => set.answers.reduce((sum, answer) => sum + answer.edits.length, 0);
  const line = ({ kind, name, value, status, was }) => {
    const text = kind === 'status' ? `status ${status}` : kind === 'remove' ? `${name}` : `${name}: ${value}`;
    const sign = kind === 'remove' ? '−' : '+';
    return [
      was !== null && was !== undefined && kind !== 'remove' && el('span', { class: 'line minus' }, el('b', {}, '−'), heard(' now: '), `${name}: ${was}`),
      el('span', { class: `line ${kind === 'remove' ? 'minus' : 'plus'}` }, el('b', {}, sign), heard(kind === 'remove' ? ' remove ' : ' say '), text),
    ];
  };
  const one = (set, at, sets) => el('div', { class: 'fix' },
    set.answers.map((answer) => [
      el('p', { class: 'fix-where' }, answer.to === 'preflight' ? 'In the preflight’s answer' : 'In the answer', ' to ', el('code', {}, answer.request),
        answer.assumed && el('span', { class: 'tag' }, 'assumed')),
      el('pre', { class: 'diff', tabindex: '0', 'aria-label': `Edits of the answer to ${answer.request}` }, el('code', {}, answer.edits.map(line))),
    ]),
    set.notes.map((note) => el('p', { class: 'hint' }, prose(note))),
    el('button', { type: 'button', class: 'try', on: { click: () => tried(set) } }, 'Try it', heard(sets.length > 1 ? `: change ${at + 1} of ${sets.length}` : ': this change')),
    set.texts.map((text) => configuration(text, servers)));
  const pick = sets.length > 0 && el('div', { class: 'pick' }, el('label', { for: 'server' }, 'As configuration of'),
    el('select', { id: 'server', on: { change: ({ target }) => chosen(target.value) } },
      [['', 'the server, if it is recognized'], ...servers].map(([name, title]) => el('option', { value: name, selected: name === server }, title))));
  const title = sets.length === 0 ? 'What would let it pass'
    : story.verdict.kind === 'undecided' ? 'What the answer would have to say'
      : `Smallest change: ${count(edits(sets[0]), 'line', 'lines')}`;
  return el('section', { class: 'card fixes', 'aria-labelledby': 'fixes-title' },
    el('h3', { id: 'fixes-title' }, title),
    sets.map((set, at) => [at > 0 && el('p', { class: 'or' }, 'or'), one(set, at, sets)]),
    pick,
    refused.length > 0 && el('details', {}, el('summary', {}, 'It would pass with this too, which is not advised'), refused.map(one)));
}

function ruling({ words, rule, anchor, weight, blocks }) {
  const [mark, said] = MARKS[blocks ? 'refused' : weight] ?? MARKS.noted;
  return el('li', { class: 'ruling', 'data-weight': blocks ? 'refused' : weight },
    el('span', { class: 'mark', 'aria-hidden': 'true' }, mark), heard(`${said}: `),
    el('div', {}, el('span', { class: 'words' }, prose(words)), ' ',
      el('a', { href: anchor, class: 'rule', 'aria-label': `${rule}, in the Standard` }, rule)));
}

// Those that matter; the others on request.
function rulings(all) {
  const [idle, telling] = [all.filter(({ weight, blocks }) => weight === 'idle' && !blocks), all.filter(({ weight, blocks }) => weight !== 'idle' || blocks)];
  return [
    telling.length > 0 && el('ol', { class: 'rulings' }, telling.map(ruling)),
    idle.length > 0 && el('details', { class: 'idle' }, el('summary', {}, `${count(idle.length, 'more rule', 'more rules')} with nothing to object`),
      el('ol', { class: 'rulings' }, idle.map(ruling))),
  ];
}

function exchange({ sent, received, status }, what) {
  const head = (name, lines) => el('div', {}, el('p', { class: 'eyebrow' }, name),
    el('pre', { tabindex: '0', 'aria-label': `${name}, as on the wire` }, el('code', {}, lines.join('\n'))));
  return el('details', { class: 'exchange' },
    el('summary', {},
      el('span', { class: 'request' }, sent[0] ?? what),
      el('span', { class: 'status', 'data-ok': status !== null && status < 400 ? 'yes' : 'no' }, status === null ? 'no answer' : String(status))),
    el('div', { class: 'heads' }, head('Request', sent), received.length > 0 && head('Answer', received)));
}

function stage(title, ...children) {
  return el('li', { class: 'stage' }, el('h4', {}, title), children);
}

function hop({ request, url_origin, same_origin, preflight, exchanges, before, after }, at, hops) {
  const stages = [stage(hops.length > 1 && at > 0 ? 'Redirected here' : 'Before anything is sent', rulings(before))];
  if (preflight) {
    stages.push(stage('Preflight', rulings(preflight.before),
      preflight.exchanges.map((each) => exchange(each, 'OPTIONS')), rulings(preflight.checks)));
  }
  if (exchanges.length + after.length > 0) {
    stages.push(stage('The request itself', exchanges.map((each) => exchange(each, request)), rulings(after)));
  }
  return el('li', { class: 'hop' },
    el('p', { class: 'hop-head' }, el('code', {}, request), el('span', { class: 'tag', title: url_origin }, same_origin ? 'same-origin' : 'cross-origin')),
    el('ol', { class: 'stages' }, stages));
}

function script({ script }) {
  if (script.kind === 'nothing') return null;
  const title = el('h3', { id: 'script-title' }, 'What the script sees');
  if (script.kind === 'rejected') {
    return el('section', { class: 'card', 'aria-labelledby': 'script-title' }, title,
      el('pre', { class: 'console', tabindex: '0', 'aria-labelledby': 'script-title' }, el('code', {}, 'await fetch(…)\n', el('b', {}, `Uncaught ${script.with}`))),
      el('p', { class: 'hint' }, 'Not the status, not a header, and no reason why.'));
  }
  // Those of one reason stand together.
  const reasons = new Map();
  for (const [seen, headers] of [['yes', script.readable], ['no', script.hidden]]) {
    for (const { name, words } of headers) {
      if (!reasons.has(words)) reasons.set(words, { seen, names: [] });
      reasons.get(words).names.push(name);
    }
  }
  const group = ([words, { seen, names }]) => el('li', { 'data-seen': seen },
    el('p', {}, el('span', { class: 'mark', 'aria-hidden': 'true' }, seen === 'yes' ? '✓' : '✕'), ' ', prose(words)),
    el('ul', { class: 'names' }, names.map((name) => el('li', {}, el('code', {}, name)))));
  return el('section', { class: 'card', 'aria-labelledby': 'script-title' }, title,
    el('p', { class: 'seen' }, el('code', {}, `type: "${script.response_type}"`), ' ', el('code', {}, `status: ${script.status}`), ' ', script.url && el('code', {}, `url: "${script.url}"`)),
    reasons.size > 0 && el('ul', { class: 'groups' }, [...reasons].map(group)));
}

function beside({ departures, remarks, body_error }) {
  const items = [
    ...(body_error ? [prose(body_error.words)] : []),
    ...remarks.map(prose),
    ...departures.map(({ browsers, words }) => [browsers.map((browser) => el('span', { class: 'tag' }, BROWSERS[browser] ?? browser)), ' ', prose(words)]),
  ];
  return items.length > 0 && el('section', { class: 'card', 'aria-labelledby': 'beside-title' }, el('h3', { id: 'beside-title' }, 'Worth knowing'), list(items, { class: 'remarks' }));
}

const millis = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;

function times(bars) {
  // What was never sent took no time.
  bars = (bars ?? []).filter(({ method }) => method !== null);
  if (bars.length === 0) return null;
  const whole = Math.max(...bars.map(({ end }) => end), 0.001);
  const bar = ({ method, url, purpose, status, start, end, phases, reused }) => {
    const track = el('div', { class: 'track', 'aria-hidden': 'true' });
    for (const phase of phases) {
      const part = el('span', { class: 'phase', 'data-step': phase.step, title: `${STEPS[phase.step] ?? phase.step} ${millis(phase.end - phase.start)}` });
      part.style.left = `${(phase.start / whole) * 100}%`;
      part.style.width = `${Math.max(0.4, ((phase.end - phase.start) / whole) * 100)}%`;
      track.append(part);
    }
    const told = phases.map((phase) => `${STEPS[phase.step] ?? phase.step} ${millis(phase.end - phase.start)}`).join(', ');
    return el('li', {}, el('div', { class: 'bar-head' }, el('span', {}, purpose ? `${purpose} · ` : '', method ?? '', ' ', status ?? 'no answer'), el('span', {}, millis(end - start))), track,
      heard(`${url ?? ''} ${told}`), reused && el('p', { class: 'hint' }, 'over a connection that was there'));
  };
  return el('section', { class: 'card', 'aria-labelledby': 'times-title' }, el('h3', { id: 'times-title' }, 'Time'), el('ol', { class: 'bars' }, bars.map(bar)),
    el('p', { class: 'key', 'aria-hidden': 'true' }, Object.entries(STEPS).map(([step, name]) => el('span', { 'data-step': step }, name))));
}

// All but the verdict and the fixes.
export function told(story) {
  return [
    el('section', { class: 'card', 'aria-labelledby': 'decisions-title' }, el('h3', { id: 'decisions-title' }, 'Decisions, in order'),
      el('ol', { class: 'hops' }, story.hops.map(hop))),
    script(story),
    beside(story),
    times(story.timeline),
  ].filter(Boolean);
}
