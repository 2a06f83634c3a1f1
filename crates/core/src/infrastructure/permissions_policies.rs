//! [Permissions policies](https://w3c.github.io/webappsec-permissions-policy/): of a document's `Permissions-Policy`, the features that Fetch asks for.
//!
//! What a page says of other features is passed over, as a user agent does that does not know them.

use crate::infrastructure::origins::Origin;
use crate::infrastructure::structured_fields::{BareItem, Dictionary, Malformed, Member, StructuredField};
use crate::infrastructure::url::Url;
use crate::infrastructure::words::words;

words! {
    /// The [policy-controlled features](https://w3c.github.io/webappsec-permissions-policy/#features) that there are here.
    Feature {
        DeferredFetch = "deferred-fetch",
        DeferredFetchMinimal = "deferred-fetch-minimal",
    }
}

impl Feature {
    /// <https://w3c.github.io/webappsec-permissions-policy/#policy-controlled-feature-default-allowlist>
    fn default_allowlist(self) -> Allowlist {
        match self {
            Feature::DeferredFetch => Allowlist { own: true, ..Allowlist::default() },
            Feature::DeferredFetchMinimal => Allowlist { everyone: true, ..Allowlist::default() },
        }
    }
}

/// A [declared policy](https://w3c.github.io/webappsec-permissions-policy/#permissions-policy-declared-policy); by default it says nothing.
#[derive(Clone, Debug, Default)]
pub struct PermissionsPolicy {
    declared: Vec<(Feature, Allowlist)>,
}

/// <https://w3c.github.io/webappsec-permissions-policy/#allowlists>
#[derive(Clone, Debug, Default)]
struct Allowlist {
    everyone: bool,
    own: bool,
    others: Vec<Origin>,
}

impl Allowlist {
    /// <https://w3c.github.io/webappsec-permissions-policy/#matches>, for a document of `own`.
    fn matches(&self, own: &Origin, origin: &Origin) -> bool {
        self.everyone
            || self.own && own.same_origin(origin)
            || self.others.iter().any(|other| other.same_origin(origin))
    }
}

impl PermissionsPolicy {
    /// [Constructs](https://w3c.github.io/webappsec-permissions-policy/#algo-construct-policy) it of the header's value.
    ///
    /// # Errors
    /// A value that is no dictionary. The text goes on with an empty one.
    pub fn parse(value: &[u8]) -> Result<PermissionsPolicy, Malformed> {
        let dictionary = Dictionary::parse(value)?;
        let declared = Feature::ALL
            .iter()
            .filter_map(|feature| Some((*feature, allowlist(dictionary.get(feature.as_str())?))))
            .collect();
        Ok(PermissionsPolicy { declared })
    }

    /// <https://w3c.github.io/webappsec-permissions-policy/#is-feature-enabled>, in a document of the origin `own` whose inherited policy
    /// does not say otherwise.
    pub fn enables(&self, feature: Feature, own: &Origin, origin: &Origin) -> bool {
        let declared = self.declared.iter().find(|(declared, _)| *declared == feature);
        match declared {
            Some((_, allowlist)) => allowlist.matches(own, origin),
            None => feature.default_allowlist().matches(own, origin),
        }
    }

    /// <https://w3c.github.io/webappsec-permissions-policy/#algo-define-inherited-policy-in-container>: is a feature "Enabled" for a document
    /// of `origin`, in a container of a document of `own` with this policy?
    // SKIPS: a container's `allow` attribute. There are no containers here; who makes pages of frames would need it.
    pub fn lets_inherit(&self, feature: Feature, own: &Origin, origin: &Origin) -> bool {
        // What the document may not, nobody in it may; nor whom its own list leaves out.
        self.enables(feature, own, own)
            && self.enables(feature, own, origin)
            && feature.default_allowlist().matches(own, origin)
    }
}

fn allowlist(member: &Member) -> Allowlist {
    let mut allowlist = Allowlist::default();
    let mut add = |value: &BareItem| match (value.as_token(), value.as_string()) {
        (Some("*"), _) => allowlist.everyone = true,
        (Some("self"), _) => allowlist.own = true,
        (_, Some(said)) => allowlist.others.extend(Url::parse(said, None).map(|url| url.origin())),
        _ => {}
    };
    match member {
        Member::Item(item) => add(&item.value),
        Member::InnerList(list) => list.items.iter().for_each(|item| add(&item.value)),
    }
    allowlist
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Url::parse(url, None).expect("a URL of the test").origin()
    }

    #[test]
    fn enabled_table() {
        use Feature::{DeferredFetch, DeferredFetchMinimal};
        let (own, other) = (origin("https://a.test"), origin("https://b.test"));
        for (row, value, feature, for_own, for_other, inherited) in [
            ("nothing said, for oneself", "", DeferredFetch, true, false, false),
            ("nothing said, for all", "", DeferredFetchMinimal, true, true, true),
            ("another feature", "camera=()", DeferredFetch, true, false, false),
            ("nobody", "deferred-fetch=()", DeferredFetch, false, false, false),
            ("nobody, of all", "deferred-fetch-minimal=()", DeferredFetchMinimal, false, false, false),
            ("a token", "deferred-fetch=self", DeferredFetch, true, false, false),
            ("everyone", "deferred-fetch=*", DeferredFetch, true, true, false),
            ("another", "deferred-fetch=(self \"https://b.test\")", DeferredFetch, true, true, false),
            ("another alone", "deferred-fetch=(\"https://b.test\")", DeferredFetch, false, true, false),
            ("no origin", "deferred-fetch=(\"b\" 1)", DeferredFetch, false, false, false),
            ("oneself, of all", "deferred-fetch-minimal=self", DeferredFetchMinimal, true, false, false),
        ] {
            let policy = PermissionsPolicy::parse(value.as_bytes()).expect("a dictionary");
            assert_eq!(policy.enables(feature, &own, &own), for_own, "{row}");
            assert_eq!(policy.enables(feature, &own, &other), for_other, "{row}");
            assert_eq!(policy.lets_inherit(feature, &own, &other), inherited, "{row}");
        }
        assert!(PermissionsPolicy::parse(b"=").is_err());
    }
}
