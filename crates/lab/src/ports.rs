//! What the lab asks of the program that starts it: agents with its network options, texts of other tools read, sentences.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use sofetch::{Error, Page, Request, Url};
use sofetch_inspect::Browser;

/// A fetch as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ask {
    /// On whose behalf: an origin, a page's URL, or `null`.
    pub origin: String,
    /// What is fetched.
    pub url: String,
    /// Empty is GET, or POST where there is a body.
    pub method: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, a script's string.
    pub body: Option<String>,
    /// `omit`, `same-origin` or `include`; empty is what `fetch()` does by itself, as with what follows.
    pub credentials: String,
    /// `cors`, `no-cors` or `same-origin`.
    pub mode: String,
    /// `follow`, `error` or `manual`.
    pub redirect: String,
    /// As which browser it is decided, where one departs: `chromium` or `firefox`.
    pub decide_as: Option<String>,
}

/// A fetch that can be made, as often as one likes.
pub struct Made {
    /// On whose behalf.
    pub page: Page,
    /// What is fetched.
    pub url: Url,
    /// Makes the request; the same each time.
    pub request: Box<dyn Fn() -> Request + Send + Sync>,
    /// As which browser it is decided.
    pub browser: Option<Browser>,
    /// Is its server one of the program's own?
    pub embedded: bool,
    /// What was left out of what was asked, a sentence each; safe to show.
    pub notes: Vec<String>,
}

/// A request of a text.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// What it asks; a member that the text does not tell is empty.
    pub ask: Ask,
    /// What was left out, a sentence each; safe to show.
    pub notes: Vec<String>,
}

/// Why a text is no request, or not one.
#[derive(Clone, Debug)]
pub enum NotImported {
    /// A sentence, safe to show.
    Fault(String),
    /// It has several, and none was chosen: method and URL of each, safe to show.
    Several(Vec<String>),
}

/// What the lab asks of the program that starts it.
pub trait Ports: Send + Sync + 'static {
    /// The fetch that is asked, by an agent that remembers nothing. A request that may change something and whose preflight is
    /// granted is sent only if `send` says so.
    ///
    /// # Errors
    /// A sentence, safe to show: what is wrong with what was asked.
    fn make(&self, ask: &Ask, send: bool) -> Result<Made, String>;

    /// The request that another tool wrote down: a call of `fetch()`, a cURL command, a HAR file. `entry` is which of several,
    /// from 1.
    ///
    /// # Errors
    /// There is none, or there are several.
    fn import(&self, text: &str, entry: Option<usize>) -> Result<Imported, NotImported>;

    /// Why a fetch never began, in a sentence that is safe to show.
    fn words(&self, error: &Error) -> String;

    /// The program's own servers: each host and port, and where it listens in truth.
    fn embedded(&self) -> Vec<(String, u16, SocketAddr)>;
}
