// Stands before each script that is measured: warms up, asks for the first mark, works, asks for the last.
async function mark(name) {
  const response = await fetch(MARKS + "/" + name);
  await response.text();
}
async function work(count, fetchOnce) {
  let begun = 0;
  const loop = async () => {
    while (begun++ < count) await fetchOnce();
  };
  const loops = [];
  for (let i = 0; i < AT_ONCE; i++) loops.push(loop());
  await Promise.all(loops);
}
async function drive(fetchOnce) {
  await work(WARM_UP, fetchOnce);
  await mark("begin");
  await work(REQUESTS, fetchOnce);
  await mark("end");
}
