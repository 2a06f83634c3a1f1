// The page's own words. Every decision, reason and hint comes from the server, which has the sentences.

export const REFUSALS = {
  gone: 'The lab does not answer: was it ended? Start it again, and open the address that it prints.',
  'no-token': 'This page has no token. Open it with the address that the command printed.',
  'other-token': 'This page is of an earlier run. Open it with the address that the command printed.',
  'link-used': 'This link opens the lab once, and was used. Open it with the address that the command printed.',
  'other-host': 'The lab answers at the address that the command printed, and at no other name.',
  'header-name': 'A header’s name is a token, such as Vary.',
  'header-value': 'A header’s value has no line breaks, and no blanks at its ends.',
  status: 'A final answer’s status is 200 to 599.',
  'too-many-edits': 'These are too many changes.',
  'no-such-exchange': 'This exchange is not kept any more: fetch again.',
  'not-recorded': 'Nothing was recorded here: these answers came from a file.',
  busy: 'Too much is under way: wait, and try again.',
  413: 'This is too long.',
  other: 'The lab did not understand this page: load it again.',
};

export const VERDICTS = {
  readable: 'Readable',
  unreadable: 'Unreadable',
  refused: 'Refused',
  'network-failure': 'Network failure',
  undecided: 'Undecided',
  'refused-by-browser': 'Refused by this browser',
  'up-to-the-person': 'Up to the person',
  unfinished: 'Unfinished',
};

// What a verdict is, for its colour: it never stands alone.
export const TONES = {
  readable: 'good',
  unreadable: 'warn',
  refused: 'bad',
  'network-failure': 'bad',
  undecided: 'warn',
  'refused-by-browser': 'bad',
  'up-to-the-person': 'warn',
  unfinished: 'warn',
};

export const TOPICS = {
  preflights: 'Permission first',
  reading: 'May the script read it?',
  credentials: 'With credentials',
  redirects: 'Redirects',
};

export const MARKS = {
  passed: ['✓', 'passed'],
  failed: ['✕', 'failed'],
  refused: ['✕', 'refused'],
  noted: ['•', 'noted'],
  idle: ['·', 'nothing to say'],
};

export const STEPS = { resolve: 'name', connect: 'connect', tls: 'TLS', send: 'send', wait: 'wait', body: 'body' };

export const BROWSERS = { chromium: 'Chromium', firefox: 'Firefox' };

export const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
