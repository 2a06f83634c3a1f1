//! [Environment settings object](https://html.spec.whatwg.org/#environment-settings-object) (a request's client),
//! [policy container](https://html.spec.whatwg.org/#policy-container), [network partition key](https://fetch.spec.whatwg.org/#network-partition-keys).
//!
//! Values that a face fills in; what changes during a client's life (its fetch group) belongs to the user agent.

use std::sync::Arc;

use crate::infrastructure::origins::{Origin, Site};
use crate::infrastructure::requests::ReferrerPolicy;
use crate::infrastructure::url::Url;

/// <https://html.spec.whatwg.org/#environment-settings-object>
#[derive(Clone, Debug)]
pub struct Client {
    /// <https://html.spec.whatwg.org/#concept-environment-id>: unique within a user agent.
    pub id: String,
    /// <https://html.spec.whatwg.org/#concept-environment-creation-url>
    pub creation_url: Url,
    /// <https://html.spec.whatwg.org/#concept-environment-top-level-creation-url>; `None` is null.
    pub top_level_creation_url: Option<Url>,
    /// <https://html.spec.whatwg.org/#concept-environment-top-level-origin>; `None` is null.
    pub top_level_origin: Option<Origin>,
    /// <https://html.spec.whatwg.org/#concept-settings-object-origin>
    pub origin: Origin,
    /// <https://html.spec.whatwg.org/#api-base-url>
    pub api_base_url: Url,
    /// <https://html.spec.whatwg.org/#concept-settings-object-policy-container>
    pub policy_container: Arc<PolicyContainer>,
    /// <https://html.spec.whatwg.org/#concept-settings-object-cross-origin-isolated-capability>
    pub cross_origin_isolated_capability: bool,
    /// What kind of global object there is, with what Fetch asks of it.
    pub global: Global,
    /// <https://html.spec.whatwg.org/#concept-settings-object-has-cross-site-ancestor>: is a container of it cross-site?
    pub has_cross_site_ancestor: bool,
    /// Does an ancestor (or itself) [restrict mixed content](https://w3c.github.io/webappsec-mixed-content/#categorize-settings-object)?
    pub restricts_mixed_content: bool,
    /// The WebDriver BiDi network is offline.
    pub offline: bool,
    /// Environment default `User-Agent` value, where it is emulated.
    pub emulated_user_agent: Option<String>,
    /// Emulated language (`Accept-Language`).
    pub emulated_language: Option<String>,
}

/// What Fetch asks of a [global object](https://html.spec.whatwg.org/#global-object).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Global {
    /// A `Window`, with the URL of its document as the source of a referrer.
    Window {
        /// Has it a navigable with a person before it (a traversable for user prompts)?
        traversable: bool,
        /// Is its navigable a top-level one?
        top_level: bool,
        /// The document's URL (for an `iframe srcdoc`, its container's): the source of a referrer.
        document_url: Url,
    },
    /// A worker of any kind; its creation URL is the source of a referrer.
    Worker {
        /// A `ServiceWorkerGlobalScope`?
        service_worker: bool,
    },
}

impl Client {
    /// <https://html.spec.whatwg.org/#secure-context>
    pub fn is_secure_context(&self) -> bool {
        match &self.top_level_origin {
            Some(origin) => origin.is_potentially_trustworthy() && self.is_itself_trustworthy(),
            None => self.is_itself_trustworthy(),
        }
    }

    fn is_itself_trustworthy(&self) -> bool {
        // An opaque origin inherits its creator's standing; without a creator its creation URL decides.
        self.origin.is_potentially_trustworthy()
            || (self.origin.is_opaque() && self.creation_url.origin().is_potentially_trustworthy())
    }

    /// <https://fetch.spec.whatwg.org/#determine-the-network-partition-key>
    pub fn network_partition_key(&self) -> NetworkPartitionKey {
        // 1, 2. The top-level origin, or that of the top-level creation URL.
        let top_level_origin = match (&self.top_level_origin, &self.top_level_creation_url) {
            (Some(origin), _) => origin.clone(),
            (None, Some(url)) => url.origin(),
            (None, None) => self.origin.clone(),
        };
        // 4, 5. Its site; the second key is implementation-defined, and null here.
        NetworkPartitionKey { top_level_site: top_level_origin.site() }
    }
}

/// <https://fetch.spec.whatwg.org/#network-partition-key>; the second key is always null.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NetworkPartitionKey {
    /// The top-level site.
    pub top_level_site: Site,
}

/// <https://html.spec.whatwg.org/#policy-container>
#[derive(Clone, Debug, Default)]
pub struct PolicyContainer {
    /// <https://html.spec.whatwg.org/#policy-container-referrer-policy>
    pub referrer_policy: ReferrerPolicy,
    /// <https://html.spec.whatwg.org/#policy-container-embedder-policy>
    pub embedder_policy: EmbedderPolicy,
    /// Does a policy say `upgrade-insecure-requests`?
    pub upgrade_insecure_requests: bool,
}

/// <https://html.spec.whatwg.org/#embedder-policy>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbedderPolicy {
    /// The value that is enforced.
    pub value: EmbedderPolicyValue,
    /// Where violations are reported; empty for nowhere.
    pub reporting_endpoint: String,
    /// The value that is only reported.
    pub report_only_value: EmbedderPolicyValue,
    /// Where its violations are reported; empty for nowhere.
    pub report_only_reporting_endpoint: String,
}

/// <https://html.spec.whatwg.org/#embedder-policy-value>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbedderPolicyValue {
    /// `unsafe-none`
    #[default]
    UnsafeNone,
    /// `require-corp`
    RequireCorp,
    /// `credentialless`
    Credentialless,
}

impl EmbedderPolicyValue {
    /// <https://html.spec.whatwg.org/#compatible-with-cross-origin-isolation>
    pub fn is_compatible_with_cross_origin_isolation(self) -> bool {
        matches!(self, EmbedderPolicyValue::RequireCorp | EmbedderPolicyValue::Credentialless)
    }
}
