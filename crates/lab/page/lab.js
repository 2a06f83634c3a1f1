// The page: asks, shows what it is told, and asks again when an answer was changed. No rule of any standard stands here.

import { Answers } from './answers.js';
import * as form from './ask.js';
import { compared, inThisBrowser, isOwn } from './browser.js';
import { call, enter } from './calls.js';
import { byId, el, say } from './dom.js';
import { facts, fixes, told, toneOf, verdictText } from './story.js';

// What is shown: the fetch that was made, and what is told of it or of its last replay.
let shown = null;
// As whose configuration the smallest change is written, and all that there are.
let server = '';
let servers = [];
// Answers that come late are of no interest.
let turn = 0;
let waiting;

const answers = new Answers(() => {
  clearTimeout(waiting);
  waiting = setTimeout(replay, 250);
});

async function run(send = false) {
  form.problem('');
  let ask;
  try {
    ask = form.asked();
  } catch (error) {
    form.problem(error.message);
    return;
  }
  const mine = ++turn;
  clearTimeout(waiting);
  busy(true);
  try {
    const answer = await call('run', { ask, send, server });
    if (mine !== turn) return;
    form.notes(answer.notes);
    begin(ask, answer);
    byId('verdict').scrollIntoView({ block: 'nearest' });
  } catch (error) {
    if (mine === turn) form.problem(error.message);
  } finally {
    if (mine === turn) busy(false);
  }
}

// A fetch was made, here or elsewhere.
function begin(ask, { exchange, url, story, answers: list, embedded, recorded = true }) {
  shown = { ask, url, exchange, embedded, recorded, story };
  byId('compare').replaceChildren();
  answers.show(list);
  show(story, recorded ? null : 0);
}

async function replay() {
  if (!shown) return;
  const mine = ++turn;
  const edits = answers.edits();
  try {
    const answer = await call('replay', { exchange: shown.exchange, edits, server });
    if (mine !== turn) return;
    say(byId('answers-problem'), '');
    answers.meet(answer.answers);
    shown.story = answer.story;
    byId('compare').replaceChildren();
    show(answer.story, edits.length === 0 && shown.recorded ? null : edits.length);
  } catch (error) {
    if (mine === turn) say(byId('answers-problem'), error.message);
  }
}

// `changes` is null for the fetch itself.
function show(story, changes) {
  const verdict = byId('verdict');
  const focused = byId('result').contains(document.activeElement) && document.activeElement.id;
  verdict.dataset.kind = story.verdict.kind;
  verdict.dataset.tone = toneOf(story);
  verdict.dataset.whatIf = changes === null ? 'no' : 'yes';
  const text = el('div', {}, verdictText(story, changes));
  // What is the same is not read out again.
  if (text.textContent !== byId('verdict-text').textContent) byId('verdict-text').replaceChildren(...text.childNodes);
  byId('verdict-facts').replaceChildren(facts(story, changes));
  byId('actions').replaceChildren(...actions(story, changes));
  const configured = { servers, server, chosen: (name) => { server = name; replay(); } };
  byId('fixes').replaceChildren(...[fixes(story, (set) => answers.apply(set), configured)].filter(Boolean));
  byId('story').replaceChildren(...told(story));
  // What one was at may be gone.
  if (focused !== false && document.activeElement === document.body) (byId(focused || 'verdict') ?? verdict).focus({ preventScroll: true });
}

function actions(story, changes) {
  const button = (text, click, attributes = {}) => el('button', { type: 'button', ...attributes, on: { click } }, text);
  const list = [];
  if (changes === null && story.verdict.kind === 'undecided') {
    list.push(button(`Send ${story.question.method} now`, () => run(true), { class: 'primary', id: 'send' }));
  }
  if (changes === null && isOwn(shown.ask, shown.embedded)) {
    list.push(button(`Send ${story.question.method} from this browser`, compare, { id: 'in-browser' }));
  }
  if (changes !== null && changes > 0) list.push(button('Put back', () => byId('reset').click(), { id: 'put-back' }));
  if (changes === null && shown.recorded) list.push(button('Save HAR', save, { id: 'save' }));
  return list;
}

async function compare() {
  const { ask, url, story } = shown;
  const mine = turn;
  const seen = await inThisBrowser(ask, url);
  if (mine === turn) byId('compare').replaceChildren(compared(story.script, seen));
}

async function save() {
  try {
    const har = await call('har', { exchange: shown.exchange });
    const link = el('a', { download: 'sofetch.har' });
    link.href = URL.createObjectURL(new Blob([JSON.stringify(har, null, 2)], { type: 'application/json' }));
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    form.problem(error.message);
  }
}

function busy(is) {
  // NB: what is disabled loses the focus.
  byId('run').setAttribute('aria-disabled', String(is));
  byId('run').textContent = is ? 'Fetching…' : 'Fetch';
  byId('result').setAttribute('aria-busy', String(is));
}

function welcome() {
  byId('verdict-text').replaceChildren(
    el('p', { class: 'eyebrow' }, 'Nothing fetched yet'),
    el('h2', { class: 'headline' }, 'Would a browser let the script read it?'),
    el('p', { class: 'why' }, 'The form is filled in: press Fetch. The servers of the examples are part of this program; nothing leaves this machine.'));
  byId('story').replaceChildren(el('ol', { class: 'steps card' },
    el('li', {}, el('b', {}, 'Ask'), ' as a script of an origin: what a browser would send is sent.'),
    el('li', {}, el('b', {}, 'Read'), ' each decision, in order, with its reason and the step of the Standard.'),
    el('li', {}, el('b', {}, 'Change'), ' what the server answered, and watch the verdict change.')));
}

async function start() {
  form.listen(() => {
    if (byId('run').getAttribute('aria-disabled') !== 'true') run();
  });
  form.importing(({ ask, notes, ...exchange }) => {
    form.fill(ask);
    form.notes(notes);
    if (exchange.story) begin(ask, { ...exchange, recorded: false });
    byId('run').focus();
  });
  welcome();
  try {
    await enter();
    const about = await call('about', {});
    servers = about.configurations;
    form.offer(about.examples, (example) => {
      form.fill(example.ask);
      form.notes([]);
      run();
    });
    if (about.examples.length > 0) form.fill(about.examples[0].ask);
  } catch (error) {
    form.problem(error.message);
    byId('run').disabled = true;
  }
}

start();
