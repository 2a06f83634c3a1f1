//! The tour: its stops as data, in the order in which they are told. What runs them is `tour/stage.rs`; `tour/expectations.rs`
//! says what must come of them, `tour/telling.rs` and `tour/report.rs` tell it.
//!
//! A stop shows nothing but what this run brought: its scripts run in the JavaScript face, as a page of
//! `https://javascript.info`, and fetch from the embedded servers. What it says itself is a title and a lesson.

mod aborting;
mod credentials;
mod cross_site;
mod expectations;
mod graphql;
mod own_origin;
mod permission;
mod redirects;
mod report;
mod stage;
mod telling;
mod visibility;

pub(crate) use expectations::{Expect, Told};
pub(crate) use report::report;
pub(crate) use stage::{StopRan, play};
pub(crate) use telling::Teller;

/// One lesson.
#[derive(Debug)]
pub(crate) struct Stop {
    /// As `--stop` takes it.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) title: &'static str,
    /// What is done, in order, by one page.
    pub(crate) acts: &'static [Act],
    /// Is the visitor signed in at `https://site.com`?
    pub(crate) signed_in: bool,
    /// Headers that matter here and are left out elsewhere: lower-case names.
    pub(crate) matters: &'static [&'static str],
    /// What to remember, in a sentence.
    pub(crate) lesson: &'static str,
    /// Where that stands in the Standard.
    pub(crate) link: &'static str,
}

impl Stop {
    /// What most stops have.
    const USUAL: Stop =
        Stop { name: "", title: "", acts: &[], signed_in: false, matters: &[], lesson: "", link: "" };
}

/// A script and what must come of it.
#[derive(Debug)]
pub(crate) struct Act {
    /// Said before it; may be empty.
    pub(crate) note: &'static str,
    /// Does the server first make the smallest change that the act before it found?
    pub(crate) changed: bool,
    /// A module script; `None` is that of the act before it.
    pub(crate) script: Option<&'static str>,
    /// Is the smallest change looked for that would let its refused fetch pass?
    pub(crate) fixes: bool,
    /// What must come of it.
    pub(crate) expects: &'static [Expect],
}

impl Act {
    /// What most acts have.
    const USUAL: Act = Act { note: "", changed: false, script: None, fixes: false, expects: &[] };
}

/// All stops.
pub(crate) const STOPS: &[Stop] = &[
    own_origin::SIMPLE,
    permission::FORM,
    permission::PREFLIGHT,
    permission::ANSWER,
    permission::REFUSED,
    own_origin::SAME_ORIGIN,
    visibility::OPAQUE,
    visibility::EXPOSED,
    credentials::CREDENTIALS,
    redirects::REDIRECT,
    own_origin::CLONE,
    aborting::ABORT,
    graphql::GRAPHQL,
    cross_site::CSRF,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn stops_are_told_apart_and_say_enough() {
        let names: HashSet<&str> = STOPS.iter().map(|stop| stop.name).collect();
        assert_eq!(names.len(), STOPS.len());
        for stop in STOPS {
            let name = stop.name;
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{name}: a number is a place"
            );
            assert!(!name.is_empty() && !stop.title.is_empty() && stop.lesson.ends_with('.'), "{name}");
            assert!(stop.title.chars().count() + name.len() <= 72, "{name}: one line has both");
            assert!(stop.acts.first().is_some_and(|act| act.script.is_some() && !act.changed), "{name}");
            for (index, act) in stop.acts.iter().enumerate() {
                assert!(!act.expects.is_empty(), "{name}, act {index}: it could not come out otherwise");
                assert!(
                    !act.changed || stop.acts[index - 1].fixes,
                    "{name}, act {index}: no change is known"
                );
                let lines = act.script.map_or(1, |script| script.lines().count());
                assert!((1..=6).contains(&lines), "{name}, act {index}: {lines} lines");
                let wide = act.script.into_iter().flat_map(str::lines).find(|line| line.len() > 76);
                assert_eq!(wide, None, "{name}, act {index}");
            }
        }
    }

    #[test]
    fn each_link_leads_to_a_place_of_the_standard() {
        let anchors = include_str!("../../../spec/anchors.tsv");
        for stop in STOPS {
            let anchor = stop.link.strip_prefix("https://fetch.spec.whatwg.org/#");
            let anchor = anchor.unwrap_or_else(|| panic!("{}: {}", stop.name, stop.link));
            let known = anchors.split(['\t', '\n', ' ']).any(|word| word.trim_start_matches('#') == anchor);
            assert!(known, "{}: {anchor}", stop.name);
        }
    }
}
