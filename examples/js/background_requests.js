// What the class note on background requests goes through: promises, REST and GraphQL over fetch, the same-origin policy and
// CORS, a CSRF token. `sofetch run --base-url URL examples/js/background_requests.js` asks `items`, `graphql` and `form`
// beside that URL, and the origin that `other` names.

// A promise: one executor, one outcome, and whatever comes later changes nothing.
const promise = new Promise((resolve, reject) => {
  resolve("Hello");
  reject(new Error("too late"));
});
promise.then((value) => console.log("promise:", value)).catch(console.error);
new Promise((_, reject) => reject("task failed")).catch((reason) => console.log("caught:", reason));

// REST: the method says what, the path says to which.
const rest = async () => {
  const made = await fetch("items", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"name":"lamp"}' });
  console.log("rest:", made.status, (await made.json()).name);
};

// GraphQL: one path, and a query in JSON.
const graphql = async () => {
  const body = JSON.stringify({ query: "{ item(id: 1) { name } }" });
  const response = await fetch("graphql", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  console.log("graphql:", (await response.json()).data.item.name);
};

// The same-origin policy: the request goes out, the answer is not for reading unless the server says so.
const acrossOrigins = async () => {
  const other = await (await fetch("other")).text();
  await fetch(`${other}/closed`).catch((error) => console.log("closed:", error.name));
  const open = await fetch(`${other}/open`, { method: "PATCH", headers: { "API-Key": "k", "Content-Type": "application/json" }, body: "{}" });
  console.log("open:", open.type, open.status);
};

// A CSRF token: in the body, where a page of another origin cannot have read it.
const form = async () => {
  const token = await (await fetch("form")).text();
  const send = (fields) => fetch("form", { method: "POST", body: new URLSearchParams(fields) });
  console.log("with token:", (await send({ token, name: "Ada" })).status, "without:", (await send({ name: "Ada" })).status);
};

rest().then(graphql).then(acrossOrigins).then(form);
