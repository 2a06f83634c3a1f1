// Start to first fetch done: when the realm began, when this line ran, when the response was read.
(async () => {
  const begun = performance.timeOrigin + performance.now();
  const response = await fetch(TARGET + "/tiny");
  const text = await response.text();
  const fetched = performance.timeOrigin + performance.now();
  if (text.length !== 12) throw new Error("a response of another length");
  console.log(JSON.stringify({ origin: performance.timeOrigin, begun, fetched }));
})();
