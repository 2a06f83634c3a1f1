//! Override fetch, the Standard's own door for mocks: answers before any network.

use std::sync::Arc;

use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::ports::{Answer, OverrideFetch};
use sofetch::core::rulings::Fetched;
use sofetch::{Response, UserAgent};

struct Mock;

impl OverrideFetch for Mock {
    fn potentially_override_response<'a>(&'a self, request: &'a CoreRequest) -> Answer<'a, Option<Fetched>> {
        let answer = match request.current_url().path() {
            "/items/1" => Response::from_json(&serde_json::json!({ "name": "lamp" })).ok(),
            // `None` lets the request go its way.
            _ => None,
        };
        Answer::ready(answer.map(|response| Ok(response.into_core())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = UserAgent::builder().override_fetch(Arc::new(Mock)).build()?;
    let mut response = agent.fetch("https://api.test/items/1").await?;
    let item: serde_json::Value = response.json().await?;
    println!("{}", item["name"]);
    Ok(())
}
