// What "This API is so Fetching!" (2015) shows, as the Standard has it today. `sofetch run --base-url URL examples/js/article.js`
// fetches `data.json` and `submit` beside that URL; docs/article.md has the differences.

// Feature detection.
const has = (name) => name in self;
console.log("fetch:", ["fetch", "Headers", "Request", "Response"].every(has) ? "yes" : "no");

// Simple fetching: any status is an answer, and only a failure rejects.
const simple = () =>
  fetch("data.json").then(
    (response) => {
      if (!response.ok) return console.log("not quite:", response.status);
      return response.json().then((data) => console.log("entries:", data.entries.join(" ")));
    },
    (error) => console.log("failed:", error.name),
  );

// Parameters: a form's, with its type.
const submitting = async () => {
  const parameters = new URLSearchParams({ firstName: "Ada", favColor: "blue" });
  const response = await fetch("submit", { method: "POST", body: parameters });
  if (response.ok) alert("saved");
  else if (response.status === 401) alert("not authorized");
};

// Headers: a multi-map, whose values of one name count together.
const headers = new Headers({ "Content-Type": "text/plain", "X-Custom": "first" });
headers.append("X-Custom", "second");
console.log("headers:", headers.has("set-cookie"), headers.get("X-Custom"));
headers.delete("X-Custom");
console.log("deleted:", headers.get("X-Custom"));

// Guards: some refuse aloud, some in silence.
try {
  Response.error().headers.set("Origin", "https://bank.test");
} catch (error) {
  console.log("immutable:", error.name);
}
const guarded = new Request("data.json", { headers: { "Content-Length": "11" } });
console.log("content-length of a request:", guarded.headers.get("Content-Length"));

// Requests: modes, credentials, and copies of which one thing is changed.
const request = new Request("data.json", { credentials: "include" });
const copy = new Request(request, { method: "POST", body: "x" });
console.log("request:", request.method, request.mode, request.credentials, "copy:", copy.method);

// Responses, and bodies that are read once.
const once = new Response(new File(["chunk"], "a.zip", { type: "application/zip" }));
const sheep = new Response("Dolly");
const bodies = async () => {
  console.log("type:", once.headers.get("Content-Type"), "used:", once.bodyUsed);
  const twin = sheep.clone();
  await twin.text();
  console.log("sheep used:", sheep.bodyUsed, "twin used:", twin.bodyUsed);
  await twin.text().catch((error) => console.log("a second time:", error.name));
};

simple().then(submitting).then(bodies);
