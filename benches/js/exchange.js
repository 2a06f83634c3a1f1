// Sends 64 KiB to whoever sends them back, again and again; what comes back is sent next where it is transferred.
function exchange(port, end) {
  let buffer = new ArrayBuffer(65536);
  let came;
  port.onmessage = ({ data }) => came(data);
  drive(async () => {
    const answer = new Promise((resolve) => {
      came = resolve;
    });
    port.postMessage(buffer, TRANSFERS ? [buffer] : []);
    const data = await answer;
    if (data.byteLength !== 65536) throw new Error("another buffer");
    if (TRANSFERS) buffer = data;
  }).then(end);
}
