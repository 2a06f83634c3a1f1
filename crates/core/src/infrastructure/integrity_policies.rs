//! [Integrity policies](https://w3c.github.io/webappsec-subresource-integrity/#integrity-policy-section): which destinations a page loads with integrity metadata only.

use crate::infrastructure::destinations::Destination;
use crate::infrastructure::structured_fields::{BareItem, Dictionary, Malformed, Member, StructuredField};

/// <https://w3c.github.io/webappsec-subresource-integrity/#integrity-policy>; by default it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrityPolicy {
    /// Is "inline", the only source that there is, among its sources?
    pub inline: bool,
    /// Some of "script" and "style".
    pub blocked_destinations: Vec<Destination>,
    /// The names of the endpoints that are told.
    pub endpoints: Vec<String>,
}

impl IntegrityPolicy {
    /// <https://w3c.github.io/webappsec-subresource-integrity/#processing-an-integrity-policy>, of the header's value.
    ///
    /// # Errors
    /// A value that is no dictionary. The text goes on with an empty one, which blocks nothing.
    pub fn parse(value: &[u8]) -> Result<IntegrityPolicy, Malformed> {
        let dictionary = Dictionary::parse(value)?;
        let tokens = |key| dictionary.get(key).map(tokens_of);
        let destinations = tokens("blocked-destinations").unwrap_or_default();
        Ok(IntegrityPolicy {
            // 3. What is not said is "inline".
            inline: tokens("sources").is_none_or(|sources| sources.contains(&"inline")),
            // 4. What else is named blocks nothing.
            blocked_destinations: [Destination::Script, Destination::Style]
                .into_iter()
                .filter(|destination| destinations.contains(&destination.as_str()))
                .collect(),
            // 5.
            endpoints: tokens("endpoints").unwrap_or_default().into_iter().map(str::to_owned).collect(),
        })
    }

    /// Does it block this destination?
    pub fn blocks(&self, destination: Destination) -> bool {
        self.inline && self.blocked_destinations.contains(&destination)
    }
}

/// The tokens of an inner list; other values have none.
fn tokens_of(member: &Member) -> Vec<&str> {
    match member {
        Member::Item(_) => Vec::new(),
        Member::InnerList(list) => {
            list.items.iter().filter_map(|item| BareItem::as_token(&item.value)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_parsed() {
        use Destination::{Script, Style};
        for (row, value, inline, destinations, endpoints) in [
            ("scripts", "blocked-destinations=(script)", true, &[Script][..], &[][..]),
            (
                "both, and who is told",
                "blocked-destinations=(style script), endpoints=(a b)",
                true,
                &[Script, Style],
                &["a", "b"],
            ),
            (
                "the source that is the default",
                "blocked-destinations=(style), sources=(inline)",
                true,
                &[Style],
                &[],
            ),
            ("no source", "blocked-destinations=(script), sources=()", false, &[Script], &[]),
            ("another source", "blocked-destinations=(script), sources=(x)", false, &[Script], &[]),
            ("another destination", "blocked-destinations=(image)", true, &[], &[]),
            ("strings are no tokens", "blocked-destinations=(\"script\")", true, &[], &[]),
            ("an item is no list", "blocked-destinations=script", true, &[], &[]),
            ("nothing", "", true, &[], &[]),
        ] {
            let policy = IntegrityPolicy::parse(value.as_bytes()).expect("a dictionary");
            assert_eq!(policy.inline, inline, "{row}");
            assert_eq!(policy.blocked_destinations, destinations, "{row}");
            assert_eq!(policy.endpoints, endpoints, "{row}");
            assert_eq!(policy.blocks(Script), inline && destinations.contains(&Script), "{row}");
        }
        assert!(IntegrityPolicy::parse(b"blocked-destinations=(script").is_err());
        assert!(!IntegrityPolicy::default().blocks(Script));
    }
}
