// GET of 2 KB of JSON, which is parsed.
drive(async () => {
  const response = await fetch(TARGET + "/json");
  const list = await response.json();
  if (list.length !== 20) throw new Error("another list");
});
