//! The stop about GraphQL: one path, all that is asked in a query, errors inside a 200.

use super::{Act, Expect, Stop, Told};

pub(super) const GRAPHQL: Stop = Stop {
    name: "graphql",
    title: "GraphQL: a POST of JSON is asked for first, a GET is not",
    acts: &[
        Act {
            script: Some(
                r#"const response = await fetch("https://site.com/graphql", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ query: "{ lamp { watts } }" }),
});
console.log(response.ok, (await response.json()).errors[0].message);"#,
            ),
            expects: &[
                Expect::Console(&["true no field watts"]),
                Expect::Requests(&["OPTIONS https://site.com/graphql", "POST https://site.com/graphql"]),
                Expect::Sent(0, "Access-Control-Request-Headers: content-type"),
                Expect::Answered(1, 200),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "A query in the URL:",
            script: Some(
                r#"const url = "https://site.com/graphql?query={lamp{name}}";
const response = await fetch(url);
console.log((await response.json()).data.lamp.name);"#,
            ),
            expects: &[
                Expect::Console(&["desk"]),
                Expect::Requests(&["GET https://site.com/graphql?query={lamp{name}}"]),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
    ],
    lesson: "POST is safelisted and `application/json` is not, so that the type alone brings the preflight (REST's methods bring \
             it too); and `response.ok` says nothing of a query's errors, which come inside a 200.",
    link: "https://fetch.spec.whatwg.org/#cors-safelisted-request-header",
    ..Stop::USUAL
};
