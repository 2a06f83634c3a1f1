//! [Environment settings object](https://html.spec.whatwg.org/#environment-settings-object) (a request's client),
//! [policy container](https://html.spec.whatwg.org/#policy-container), [network partition key](https://fetch.spec.whatwg.org/#network-partition-keys).
//!
//! Values that a face fills in; what changes during a client's life (its fetch group) belongs to the user agent.

use std::sync::Arc;

use crate::infrastructure::content_security_policies::CspList;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::integrity_policies::IntegrityPolicy;
use crate::infrastructure::origins::{Origin, Site};
use crate::infrastructure::permissions_policies::PermissionsPolicy;
use crate::infrastructure::referrer_policies::ReferrerPolicy;
use crate::infrastructure::structured_fields::{Item, get_a_structured_field_value};
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
    /// What a document [declares](https://w3c.github.io/webappsec-permissions-policy/#permissions-policy-declared-policy) of the features
    /// that Fetch asks for; a worker has none.
    pub permissions_policy: PermissionsPolicy,
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
    /// The global's URL, as reports name it: a document's, or a worker's own.
    pub fn global_url(&self) -> &Url {
        match &self.global {
            Global::Window { document_url, .. } => document_url,
            Global::Worker { .. } => &self.creation_url,
        }
    }

    /// <https://html.spec.whatwg.org/#secure-context>
    pub fn is_secure_context(&self) -> bool {
        match (&self.top_level_creation_url, &self.top_level_origin) {
            // 2. The top-level page decides: what it contains is as trustworthy, or was refused as mixed content.
            (Some(url), _) => url.is_potentially_trustworthy(),
            // 1.2 A worker (it alone has no such URL) is as secure as its owners.
            // DEPARTS: we keep no owner set. The owner's top-level origin stands for it, and the worker's own URL
            // where that is null too.
            (None, Some(origin)) => origin.is_potentially_trustworthy(),
            (None, None) => self.creation_url.is_potentially_trustworthy(),
        }
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
    /// <https://html.spec.whatwg.org/#policy-container-csp-list>
    pub csp_list: CspList,
    /// <https://html.spec.whatwg.org/#policy-container-referrer-policy>
    pub referrer_policy: ReferrerPolicy,
    /// <https://html.spec.whatwg.org/#policy-container-embedder-policy>
    pub embedder_policy: EmbedderPolicy,
    /// Is the [insecure requests policy](https://w3c.github.io/webappsec-upgrade-insecure-requests/#insecure-requests-policy)
    /// "Upgrade"? A policy that says `upgrade-insecure-requests` makes it so.
    pub upgrade_insecure_requests: bool,
    /// <https://html.spec.whatwg.org/#policy-container-integrity-policy>
    pub integrity_policy: IntegrityPolicy,
    /// <https://html.spec.whatwg.org/#policy-container-report-only-integrity-policy>
    pub report_only_integrity_policy: IntegrityPolicy,
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

impl EmbedderPolicy {
    /// <https://html.spec.whatwg.org/#obtain-an-embedder-policy>, given the response's header list, and whether the environment is a secure context.
    pub fn obtain(list: &HeaderList, is_secure_context: bool) -> EmbedderPolicy {
        // 2.
        if !is_secure_context {
            return EmbedderPolicy::default();
        }
        // 3 to 6. NB: a value that is no policy takes its endpoint with it.
        let said = |name: &str| {
            let item: Item = get_a_structured_field_value(name, list)?;
            let value = match item.value.as_token()? {
                "require-corp" => EmbedderPolicyValue::RequireCorp,
                "credentialless" => EmbedderPolicyValue::Credentialless,
                _ => return None,
            };
            let endpoint = item.parameters.get("report-to").and_then(|endpoint| endpoint.as_string());
            Some((value, endpoint.unwrap_or_default().to_owned()))
        };
        let (value, reporting_endpoint) = said("Cross-Origin-Embedder-Policy").unwrap_or_default();
        let (report_only_value, report_only_reporting_endpoint) =
            said("Cross-Origin-Embedder-Policy-Report-Only").unwrap_or_default();
        EmbedderPolicy { value, reporting_endpoint, report_only_value, report_only_reporting_endpoint }
    }
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn embedder_policy_table() {
        use EmbedderPolicyValue::{Credentialless, RequireCorp, UnsafeNone};
        for (said, expected, endpoint) in [
            (&[][..], UnsafeNone, ""),
            (&["require-corp"], RequireCorp, ""),
            (&["credentialless; report-to=\"x\""], Credentialless, "x"),
            (&["require-corp; report-to=x"], RequireCorp, ""),
            (&["unsafe-none; report-to=\"x\""], UnsafeNone, ""),
            (&["\"require-corp\""], UnsafeNone, ""),
            (&["Require-Corp"], UnsafeNone, ""),
            (&["require-corp", "require-corp"], UnsafeNone, ""),
            (&["require-corp, unknown"], UnsafeNone, ""),
        ] {
            for name in ["Cross-Origin-Embedder-Policy", "Cross-Origin-Embedder-Policy-Report-Only"] {
                let mut list = HeaderList::new();
                said.iter().for_each(|value| list.append(name, *value));
                let policy = EmbedderPolicy::obtain(&list, true);
                let enforced = (policy.value, &*policy.reporting_endpoint);
                let reported = (policy.report_only_value, &*policy.report_only_reporting_endpoint);
                let (one, other) =
                    if name.ends_with("Only") { (reported, enforced) } else { (enforced, reported) };
                assert_eq!((one, other), ((expected, endpoint), (UnsafeNone, "")), "{name}: {said:?}");
                assert_eq!(EmbedderPolicy::obtain(&list, false), EmbedderPolicy::default());
            }
        }
    }

    /// A top-level document at `url`.
    pub(crate) fn window(url: &str) -> Client {
        let url = Url::parse(url, None).expect("a URL of the test");
        Client {
            id: "1".to_owned(),
            creation_url: url.clone(),
            top_level_creation_url: Some(url.clone()),
            top_level_origin: Some(url.origin()),
            origin: url.origin(),
            api_base_url: url.clone(),
            policy_container: Arc::default(),
            cross_origin_isolated_capability: false,
            restricts_mixed_content: url.origin().is_potentially_trustworthy(),
            global: Global::Window { traversable: true, top_level: true, document_url: url },
            has_cross_site_ancestor: false,
            offline: false,
            emulated_user_agent: None,
            emulated_language: None,
            permissions_policy: Default::default(),
        }
    }

    /// A worker at `url`, as owned by a document at `owner`.
    pub(crate) fn worker(url: &str, owner: &str) -> Client {
        let owner = window(owner);
        Client {
            global: Global::Worker { service_worker: false },
            top_level_creation_url: None,
            top_level_origin: owner.top_level_origin,
            restricts_mixed_content: owner.restricts_mixed_content,
            ..window(url)
        }
    }

    #[test]
    fn secure_contexts() {
        let framed = |url: &str, top: &str| Client {
            top_level_creation_url: Some(Url::parse(top, None).expect("a URL")),
            ..window(url)
        };
        let service_worker = |url: &str| Client { top_level_origin: None, ..worker(url, url) };
        for (row, client, secure) in [
            ("an https page", window("https://a.test/"), true),
            ("an http page", window("http://a.test/"), false),
            ("a page of this machine", window("http://localhost:8080/"), true),
            ("a data: page", window("data:,x"), true),
            ("https in https", framed("https://b.test/", "https://a.test/"), true),
            ("https in http", framed("https://b.test/", "http://a.test/"), false),
            ("data: in https", framed("data:,x", "https://a.test/"), true),
            ("data: in http", framed("data:,x", "http://a.test/"), false),
            ("a worker of an https page", worker("https://a.test/w", "https://a.test/"), true),
            ("a blob: worker of an https page", worker("blob:https://a.test/1", "https://a.test/"), true),
            ("a data: worker of an http page", worker("data:,x", "http://a.test/"), false),
            ("an https worker of an http page", worker("https://a.test/w", "http://a.test/"), false),
            ("a service worker", service_worker("https://a.test/w"), true),
            ("a service worker over http", service_worker("http://a.test/w"), false),
        ] {
            assert_eq!(client.is_secure_context(), secure, "{row}");
        }
    }
}
