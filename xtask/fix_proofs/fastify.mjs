import Fastify from 'fastify';

const app = Fastify();

// FIRST

const page = 'https://app.example';
const json = async () => ({});
// What sets the header of a path by itself, unless it was taken out.
const own = (path, value) => async (request, reply) => {
  if ('TAKEN_OUT' !== path) reply.header('Access-Control-Allow-Origin', value);
  return {};
};
const granting = (methods) => async (request, reply) =>
  reply.code(204).headers({
    'Access-Control-Allow-Origin': page,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'api-key, content-type',
  }).send();

app.addHook('onRequest', async (request, reply) => {
  if (request.url === '/private' && request.headers.authorization !== 'Basic dTpw') return reply.code(401).send();
  if (request.url === '/missing' && request.method === 'OPTIONS') return reply.code(404).send();
});
for (const path of ['/closed', '/account', '/sandbox', '/untouched']) app.get(path, json);
for (const path of ['/unrouted', '/missing', '/private', '/granted']) app.patch(path, json);
app.options('/granted', granting('PATCH'));
app.options('/method', granting('GET'));
app.patch('/method', own('/method', page));
app.get('/wildcard', own('/wildcard', '*'));
app.get('/doubled', own('/doubled', [page, page]));
app.get('/it*', json);
app.get('/error', async () => {
  throw new Error('the application failed');
});

// LAST

await app.listen({ port: 18090, host: '127.0.0.1' });
