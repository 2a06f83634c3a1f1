// 64 KiB there and back through a MessageChannel of one realm.
const { port1, port2 } = new MessageChannel();
port2.onmessage = ({ data }) => port2.postMessage(data, TRANSFERS ? [data] : []);
exchange(port1, () => {
  port1.close();
  port2.close();
});
