// 64 KiB to a worker and back.
const echo = `onmessage = ({ data }) => postMessage(data, ${TRANSFERS} ? [data] : []);`;
const worker = new Worker(URL.createObjectURL(new Blob([echo], { type: "text/javascript" })), { type: "module" });
exchange(worker, () => worker.terminate());
