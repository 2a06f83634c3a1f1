// A worker of the lab's own origin: fetches in the browser itself what the page was asked, and says what a script sees.
// It is served with a policy of its own, under which it may reach what was typed; it knows no token.

self.addEventListener('message', async ({ data: { url, init } }) => {
  try {
    const response = await fetch(url, init);
    const { type, status, url: seen } = response;
    const names = [...new Set(response.headers.keys())];
    await response.body?.cancel();
    self.postMessage({ type, status, url: seen, names });
  } catch (error) {
    self.postMessage({ error: error.name });
  }
});
