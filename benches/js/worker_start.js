// A worker that says a word and is let go of.
const source = URL.createObjectURL(new Blob(["postMessage('here');"], { type: "text/javascript" }));
drive(() => new Promise((resolve, reject) => {
  const worker = new Worker(source, { type: "module" });
  worker.onerror = () => reject(new Error("no worker"));
  worker.onmessage = () => {
    worker.terminate();
    resolve();
  };
}));
