// GET of twelve bytes by XMLHttpRequest.
drive(() => new Promise((resolve, reject) => {
  const xhr = new XMLHttpRequest();
  xhr.open("GET", TARGET + "/tiny");
  xhr.onload = () => (xhr.responseText.length === 12 ? resolve() : reject(new Error("a response of another length")));
  xhr.onerror = () => reject(new Error("no response"));
  xhr.send();
}));
