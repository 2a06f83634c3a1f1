import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();

// FIRST

const page = 'https://app.example';
const json = (context) => context.json({});
// What sets the header of a path by itself, unless it was taken out.
const own = (path, value) => (context) => {
  if ('TAKEN_OUT' !== path) context.header('Access-Control-Allow-Origin', value);
  return context.json({});
};
const granting = (methods) => (context) =>
  context.body(null, 204, {
    'Access-Control-Allow-Origin': page,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'api-key, content-type',
  });

app.use('/private', (context, next) =>
  context.req.header('authorization') === 'Basic dTpw' ? next() : context.text('', 401));
app.use('/missing', (context, next) => (context.req.method === 'OPTIONS' ? context.text('', 404) : next()));
for (const path of ['/closed', '/account', '/sandbox', '/untouched']) app.get(path, json);
for (const path of ['/unrouted', '/missing', '/private', '/granted']) app.patch(path, json);
app.options('/granted', granting('PATCH'));
app.options('/method', granting('GET'));
app.patch('/method', own('/method', page));
app.get('/wildcard', own('/wildcard', '*'));
app.get('/doubled', own('/doubled', `${page}, ${page}`));
app.get('/:odd{it.+}', json);
app.get('/error', () => {
  throw new Error('the application failed');
});

// LAST

serve({ fetch: app.fetch, port: 18090, hostname: '127.0.0.1' });
