// What a Worker stands in: it gets each request, and what it fetches is the application's.
import { createServer } from 'node:http';
import worker from './worker.mjs';

createServer(async (incoming, outgoing) => {
  const pieces = [];
  for await (const piece of incoming) pieces.push(piece);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (!['host', 'connection', 'content-length', 'accept-encoding'].includes(name)) headers.set(name, value);
  }
  const body = pieces.length ? Buffer.concat(pieces) : undefined;
  const request = new Request(`http://127.0.0.1:18091${incoming.url}`, { method: incoming.method, headers, body });
  const response = await worker.fetch(request);
  const answered = [...response.headers].filter(([name]) => !['transfer-encoding', 'connection'].includes(name));
  outgoing.writeHead(response.status, Object.fromEntries(answered));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}).listen(18090, '127.0.0.1');
