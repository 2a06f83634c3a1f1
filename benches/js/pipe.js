// GET of 1 GiB, piped into a stream that counts.
drive(async () => {
  const response = await fetch(TARGET + "/stream");
  let count = 0;
  await response.body.pipeTo(new WritableStream({
    write(chunk) {
      count += chunk.byteLength;
    },
  }));
  if (count !== 2 ** 30) throw new Error("a stream of another length");
});
