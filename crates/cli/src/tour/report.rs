//! The tour as JSON, schema `sofetch-tour/1`; `docs/schema.md` describes it.

use serde_json::{Value, json};
use sofetch_inspect::CorsStory;
use sofetch_inspect::json::printed;
use sofetch_inspect::safe_text::escaped;

use super::stage::{ActRan, StopRan};
use super::{STOPS, Stop};

/// The schema's name and version.
const SCHEMA: &str = "sofetch-tour/1";

/// The document of these stops.
pub(crate) fn report(told: &[StopRan]) -> String {
    printed(&json!({
        "schema": SCHEMA,
        "right": told.iter().all(StopRan::is_right),
        "stops": told.iter().map(stop).collect::<Vec<_>>(),
    }))
}

fn stop(ran: &StopRan) -> Value {
    let Stop { name, title, lesson, link, .. } = ran.stop;
    json!({
        "number": STOPS.iter().position(|stop| stop.name == *name).map(|index| index + 1),
        "name": name,
        "title": title,
        "right": ran.is_right(),
        "wrong": ran.wrong().collect::<Vec<_>>(),
        "acts": ran.acts.iter().map(act).collect::<Vec<_>>(),
        "lesson": lesson,
        "link": link,
    })
}

fn act(ran: &ActRan) -> Value {
    let console =
        ran.console.iter().map(|line| json!({ "line": escaped(&line.text), "uncaught": line.uncaught }));
    json!({
        "note": Some(ran.act.note).filter(|note| !note.is_empty()),
        "changed": ran.changed,
        "script": ran.script,
        "console": console.collect::<Vec<_>>(),
        "fetches": ran.stories.iter().map(CorsStory::to_json).collect::<Vec<_>>(),
    })
}
