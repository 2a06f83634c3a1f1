// GET of 1 GiB, read chunk by chunk.
drive(async () => {
  const response = await fetch(TARGET + "/stream");
  const reader = response.body.getReader();
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    count += value.byteLength;
  }
  if (count !== 2 ** 30) throw new Error("a stream of another length");
});
