import express from 'express';

const app = express();

// FIRST

const page = 'https://app.example';
// What sets the headers of a path by itself, unless it was taken out.
const own = (path, set) => (request, response) => {
  if ('TAKEN_OUT' !== path) set(response);
  response.json({});
};
const json = (request, response) => response.json({});
const granting = (methods) => (request, response) =>
  response.set({
    'Access-Control-Allow-Origin': page,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'api-key, content-type',
  }).status(204).end();

app.use('/private', (request, response, next) =>
  request.get('authorization') === 'Basic dTpw' ? next() : response.status(401).end());

for (const path of ['/closed', '/account', '/sandbox', '/untouched']) app.get(path, json);
for (const path of ['/unrouted', '/private', '/granted']) app.patch(path, json);
app.use('/missing', (request, response, next) => (request.method === 'OPTIONS' ? response.status(404).end() : next()));
app.patch('/missing', json);
app.options('/granted', granting('PATCH'));
app.options('/method', granting('GET'));
app.patch('/method', own('/method', (response) => response.set('Access-Control-Allow-Origin', page)));
app.get('/wildcard', own('/wildcard', (response) => response.set('Access-Control-Allow-Origin', '*')));
app.get('/doubled', own('/doubled', (response) =>
  response.append('Access-Control-Allow-Origin', page).append('Access-Control-Allow-Origin', page)));
app.get(/^\/it/, json);
app.get('/error', () => {
  throw new Error('the application failed');
});

// LAST

app.listen(18090, '127.0.0.1');
