// GET of twelve bytes, AT_ONCE at a time.
drive(async () => {
  const response = await fetch(TARGET + "/tiny");
  const text = await response.text();
  if (text.length !== 12) throw new Error("a response of another length");
});
