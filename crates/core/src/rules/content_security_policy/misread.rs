//! What a policy says in vain: no algorithm of the text, but what it bids user agents to tell developers.

use std::collections::HashSet;

use crate::infrastructure::content_security_policies::{
    parse_directive, serialized_directives, serialized_policies,
};

use super::source_expressions::{Keyword, SourceExpression};

/// A part of a policy that does nothing, or not what it seems to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// A directive that is not ASCII is left out.
    NotAscii {
        /// As it was written.
        directive: String,
    },
    /// A second directive of the same name is left out.
    Repeated {
        /// Its name.
        directive: String,
    },
    /// No directive has that name.
    UnknownDirective {
        /// The name, in lower case.
        directive: String,
    },
    /// A word of a source list that is no source expression matches nothing.
    NotAnExpression {
        /// In which directive.
        directive: String,
        /// The word.
        word: String,
    },
    /// A keyword without its quotes is a host of that name.
    Unquoted {
        /// In which directive.
        directive: String,
        /// The word.
        word: String,
    },
    /// `'none'` beside other expressions has no effect.
    NoneAmongOthers {
        /// In which directive.
        directive: String,
    },
}

/// Directives whose values are source lists.
const SOURCE_LISTS: [&str; 18] = [
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "font-src",
    "form-action",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "worker-src",
];

/// The others, of this text and of its neighbours.
const OTHERS: [&str; 9] = [
    "block-all-mixed-content",
    "frame-ancestors",
    "report-to",
    "report-uri",
    "require-trusted-types-for",
    "sandbox",
    "trusted-types",
    "upgrade-insecure-requests",
    "webrtc",
];

/// All that a serialized CSP list says in vain, in its order.
pub fn misread(serialized_csp_list: &str) -> Vec<Misread> {
    let mut all = Vec::new();
    for policy in serialized_policies(serialized_csp_list) {
        let mut names = HashSet::new();
        for token in serialized_directives(policy) {
            let Some(directive) = parse_directive(token) else {
                all.push(Misread::NotAscii { directive: token.to_owned() });
                continue;
            };
            let name = directive.name;
            if !names.insert(name.clone()) {
                all.push(Misread::Repeated { directive: name });
                continue;
            }
            if SOURCE_LISTS.contains(&&*name) {
                all.extend(directive.value.iter().filter_map(|word| misread_word(&name, word)));
                let is_none = |word: &String| word.eq_ignore_ascii_case(Keyword::None.as_str());
                if directive.value.len() > 1 && directive.value.iter().any(is_none) {
                    all.push(Misread::NoneAmongOthers { directive: name });
                }
            } else if !OTHERS.contains(&&*name) {
                all.push(Misread::UnknownDirective { directive: name });
            }
        }
    }
    all
}

fn misread_word(directive: &str, word: &str) -> Option<Misread> {
    let (directive, word) = (directive.to_owned(), word.to_owned());
    let is_keyword = |keyword: &&Keyword| keyword.as_str().trim_matches('\'').eq_ignore_ascii_case(&word);
    match SourceExpression::parse(&word) {
        None => Some(Misread::NotAnExpression { directive, word }),
        Some(SourceExpression::Host(_)) if Keyword::ALL.iter().any(|keyword| is_keyword(&keyword)) => {
            Some(Misread::Unquoted { directive, word })
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_in_vain() {
        let directive = || "connect-src".to_owned();
        let word = |word: &str| word.to_owned();
        for (row, policy, expected) in [
            ("nothing", "", vec![]),
            (
                "all is well",
                "default-src 'self' https: a.test 'nonce-a' 'sha256-a'; sandbox x, report-uri /é",
                vec![Misread::NotAscii { directive: "report-uri /é".to_owned() }],
            ),
            (
                "a name nobody knows",
                "Conect-Src a.test",
                vec![Misread::UnknownDirective { directive: "conect-src".into() }],
            ),
            (
                "a name twice",
                "connect-src a.test; Connect-Src b.test",
                vec![Misread::Repeated { directive: directive() }],
            ),
            ("in another policy", "connect-src a.test, connect-src b.test", vec![]),
            (
                "no expression",
                "connect-src a.test?q 'slef'",
                vec![
                    Misread::NotAnExpression { directive: directive(), word: word("a.test?q") },
                    Misread::NotAnExpression { directive: directive(), word: word("'slef'") },
                ],
            ),
            (
                "no quotes",
                "connect-src Self",
                vec![Misread::Unquoted { directive: directive(), word: word("Self") }],
            ),
            (
                "none and something",
                "connect-src 'none' a.test",
                vec![Misread::NoneAmongOthers { directive: directive() }],
            ),
            ("none alone", "connect-src 'NONE'", vec![]),
        ] {
            assert_eq!(misread(policy), expected, "{row}");
        }
    }
}
