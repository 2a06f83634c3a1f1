//! [CORS-preflight cache](https://fetch.spec.whatwg.org/#cors-preflight-cache).

use crate::infrastructure::clients::NetworkPartitionKey;
use crate::infrastructure::methods::Method;
use crate::infrastructure::url::Url;
use crate::rules::verdict::Verdict;

/// Which entries a request may touch: partition key, byte-serialized origin, URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryScope {
    /// The network partition key.
    pub key: Option<NetworkPartitionKey>,
    /// The byte-serialized request origin.
    pub origin: String,
    /// The request's current URL.
    pub url: Url,
}

/// What a request needs remembered to go without a preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose entries.
    pub scope: EntryScope,
    /// Is the credentials mode "include"?
    pub credentials: bool,
    /// The method, `None` where it needs no permission.
    pub method: Option<Method>,
    /// The CORS-unsafe request-header names.
    pub unsafe_names: Vec<String>,
}

/// What a preflight granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose entries.
    pub scope: EntryScope,
    /// Is the credentials mode "include"?
    pub credentials: bool,
    /// Seconds.
    pub max_age: u64,
    /// Methods, `*` among them.
    pub methods: Vec<String>,
    /// Header names, `*` among them.
    pub header_names: Vec<String>,
}

/// What the cache remembers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheLookUp {
    /// All that was asked.
    Remembered,
    /// Not the method.
    MethodMiss {
        /// Which.
        method: String,
    },
    /// Not a header name.
    HeaderNameMiss {
        /// The first.
        name: String,
    },
}

impl Verdict for CacheLookUp {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-cache-match-method";
    fn blocks(&self) -> bool {
        false
    }
}
