//! [Content security policies](https://w3c.github.io/webappsec-csp/#framework-policy): what a page was delivered with, parsed and not yet understood.
//!
//! A directive is a name and words here. What the words mean, and whom a policy forbids what, is `rules/content_security_policy.rs`.

use std::collections::HashSet;

use crate::infrastructure::origins::Origin;
use crate::infrastructure::words::words;

words! {
    /// <https://w3c.github.io/webappsec-csp/#content-security-policy-object-disposition>
    Disposition {
        Enforce = "enforce",
        Report = "report",
    }
}

/// <https://w3c.github.io/webappsec-csp/#csp-list>
#[derive(Clone, Debug, Default)]
pub struct CspList {
    /// In the order of their delivery; each judges for itself.
    pub policies: Vec<Policy>,
    /// What `'self'` is: the origin of the URL that delivered them. `None` matches nothing.
    pub self_origin: Option<Origin>,
}

impl CspList {
    /// The policies that say something, of a header's value or of several with commas between
    /// ([parse a response's CSPs](https://w3c.github.io/webappsec-csp/#parse-response-csp), steps 2 and 3).
    pub fn deliver(&mut self, serialized_csp_list: &str, disposition: Disposition) {
        let policies = serialized_policies(serialized_csp_list).map(|one| Policy::parse(one, disposition));
        self.policies.extend(policies.filter(|policy| !policy.directives.is_empty()));
    }

    /// Is a policy that says `upgrade-insecure-requests` [enforced](https://w3c.github.io/webappsec-upgrade-insecure-requests/#delivery)?
    /// One that is only reported has no effect.
    pub fn upgrades_insecure_requests(&self) -> bool {
        self.policies.iter().any(|policy| {
            policy.disposition == Disposition::Enforce
                && policy.directive("upgrade-insecure-requests").is_some()
        })
    }
}

/// <https://w3c.github.io/webappsec-csp/#content-security-policy-object>
///
/// Its source is always "header": nobody here has `meta` elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// In their order, each name once.
    pub directives: Vec<Directive>,
    /// Is it enforced, or only reported?
    pub disposition: Disposition,
    /// As it was delivered, without white space around.
    pub serialized: String,
}

/// <https://w3c.github.io/webappsec-csp/#directives>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// In lower case.
    pub name: String,
    /// A set of words.
    pub value: Vec<String>,
}

impl Policy {
    /// <https://w3c.github.io/webappsec-csp/#parse-serialized-policy>: never fails; nonsense has no directives.
    pub fn parse(serialized: &str, disposition: Disposition) -> Policy {
        let mut names = HashSet::new();
        // 3. Directive by directive; 3.5. the first of a name counts.
        let directives = serialized_directives(serialized)
            .filter_map(parse_directive)
            .filter(|directive| names.insert(directive.name.clone()))
            .collect();
        Policy { directives, disposition, serialized: trimmed(serialized).to_owned() }
    }

    /// The directive of that name.
    pub fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().find(|directive| directive.name == name)
    }
}

/// A [serialized CSP list](https://w3c.github.io/webappsec-csp/#serialized-csp-list) in its parts.
pub fn serialized_policies(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
}

/// Step 3 of parsing: the texts between semicolons that are not empty.
pub fn serialized_directives(serialized: &str) -> impl Iterator<Item = &str> {
    serialized.split(';').map(trimmed).filter(|token| !token.is_empty())
}

/// Steps 3.2 to 3.7: `None` for what is not ASCII.
pub fn parse_directive(token: &str) -> Option<Directive> {
    if !token.is_ascii() {
        return None;
    }
    let mut words = token.split_ascii_whitespace();
    let name = words.next()?.to_ascii_lowercase();
    let mut known = HashSet::new();
    let value = words.filter(|word| known.insert(*word)).map(str::to_owned).collect();
    Some(Directive { name, value })
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_parsed() {
        for (row, serialized, directives) in [
            ("one", "connect-src 'self'", &[("connect-src", &["'self'"][..])][..]),
            ("no value", "connect-src", &[("connect-src", &[])]),
            ("several", "a 1;b 2 3 ;", &[("a", &["1"]), ("b", &["2", "3"])]),
            ("names have no case, values have theirs", "A-Src B", &[("a-src", &["B"])]),
            ("any white space", "\ta \x0c 1\r\n2 ", &[("a", &["1", "2"])]),
            ("the first of a name counts", "a 1; A 2", &[("a", &["1"])]),
            ("a value is a set", "a 1 2 1", &[("a", &["1", "2"])]),
            ("what is not ASCII is left out", "a \u{e9}; b 1", &[("b", &["1"])]),
            ("nothing", " ; ;", &[]),
        ] {
            let policy = Policy::parse(serialized, Disposition::Enforce);
            let parsed: Vec<(&str, Vec<&str>)> = policy
                .directives
                .iter()
                .map(|one| (&*one.name, one.value.iter().map(String::as_str).collect()))
                .collect();
            let directives: Vec<(&str, Vec<&str>)> =
                directives.iter().map(|(name, value)| (*name, value.to_vec())).collect();
            assert_eq!(parsed, directives, "{row}");
        }
    }

    #[test]
    fn a_list_has_the_policies_that_say_something() {
        let mut list = CspList::default();
        list.deliver(" connect-src a.test ,, ; , img-src b.test", Disposition::Enforce);
        list.deliver("upgrade-insecure-requests", Disposition::Report);
        let serialized: Vec<&str> = list.policies.iter().map(|policy| &*policy.serialized).collect();
        assert_eq!(serialized, ["connect-src a.test", "img-src b.test", "upgrade-insecure-requests"]);
        assert!(!list.upgrades_insecure_requests(), "what is only reported upgrades nothing");
        list.deliver("img-src *; Upgrade-Insecure-Requests", Disposition::Enforce);
        assert!(list.upgrades_insecure_requests());
    }
}
