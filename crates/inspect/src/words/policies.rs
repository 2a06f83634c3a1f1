//! Sentences for what the policies of a page forbid it: Content Security Policy and Integrity-Policy.

use sofetch_core::infrastructure::content_security_policies::Disposition;
use sofetch_core::rules::content_security_policy::{
    AllowedBy, Check, CspBlocking, Misread, Permission, Remedy, Violation,
};
use sofetch_core::rules::integrity_policy::{IntegrityPolicyBlocking, Missing};

use super::quoting::{MOST, quoted};
use super::requests::wanted;
use super::{Words, weighed};

impl Words for CspBlocking {
    fn words(&self) -> String {
        match self {
            CspBlocking::NotGoverned { check: Check::Request } => {
                "No directive of the page's Content Security Policy is for such a request.".to_owned()
            }
            CspBlocking::NotGoverned { check: Check::RequestReportOnly } => {
                "No directive of the page's report-only Content Security Policy is for such a request."
                    .to_owned()
            }
            CspBlocking::NotGoverned { check: Check::Response } => {
                "No directive of the page's Content Security Policy is for such an answer.".to_owned()
            }
            CspBlocking::Allowed { check, by } => {
                let which = match check {
                    Check::RequestReportOnly => "report-only Content Security Policy allows the request",
                    Check::Request => "Content Security Policy allows the request",
                    Check::Response => "Content Security Policy allows the answer",
                };
                format!("The page's {which}: {}.", some(by, permission, "; "))
            }
            CspBlocking::Reported { check, violations } | CspBlocking::Blocked { check, violations } => {
                some(violations, |violation| violation_sentence(violation, *check), " ")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            CspBlocking::NotGoverned { .. } | CspBlocking::Allowed { .. } | CspBlocking::Reported { .. } => {
                None
            }
            CspBlocking::Blocked { violations, .. } => {
                let enforced: Vec<&Violation> = violations
                    .iter()
                    .filter(|violation| violation.disposition == Disposition::Enforce)
                    .collect();
                let all = if enforced.len() > 1 { "Every policy must allow it. " } else { "" };
                Some(format!("{all}{}", some(&enforced, |violation| remedy_sentence(violation), " ")))
            }
        }
    }

    fn weight(&self) -> super::Weight {
        use super::Weight;
        match self {
            CspBlocking::NotGoverned { .. } => Weight::Idle,
            // The request was allowed by the same words.
            CspBlocking::Allowed { check: Check::Response, .. } => Weight::Idle,
            CspBlocking::Allowed { .. } => Weight::Passed,
            CspBlocking::Reported { .. } => Weight::Failed,
            CspBlocking::Blocked { .. } => Weight::Refused,
        }
    }
}

/// The first of them, said, and how many more there are.
fn some<T>(all: &[T], say: impl Fn(&T) -> String, between: &str) -> String {
    let mut said: Vec<String> = all.iter().take(MOST).map(say).collect();
    if let Some(more @ 1..) = all.len().checked_sub(MOST) {
        said.push(format!("And {more} more."));
    }
    said.join(between)
}

fn permission(permission: &Permission) -> String {
    let directive = quoted(&permission.directive);
    match &permission.by {
        AllowedBy::SourceExpression(word) => format!("{directive} has {}", quoted(word)),
        AllowedBy::Nonce(_) => format!("{directive} has its nonce"),
        AllowedBy::IntegrityMetadata => format!("{directive} has the digests of its integrity metadata"),
        AllowedBy::StrictDynamic => format!("a script asks, and {directive} has `'strict-dynamic'`"),
    }
}

fn violation_sentence(violation: &Violation, check: Check) -> String {
    let directive = quoted(&violation.violated_directive);
    let (kind, consequence) = match violation.disposition {
        Disposition::Enforce => ("", ""),
        Disposition::Report => ("report-only ", ", which is only reported"),
    };
    let what = match check {
        Check::Response => format!("an answer from {}", quoted(&violation.url)),
        Check::Request | Check::RequestReportOnly => quoted(&violation.url),
    };
    let redirected = if violation.redirect_count > 0 { ", where a redirect led" } else { "" };
    let why = match (&violation.remedy, violation.source_list.is_empty()) {
        (Remedy::NonceOrHash, _) => {
            " (under `'strict-dynamic'` no URL counts for what the parser brings in)".to_owned()
        }
        (Remedy::SourceExpression(_), true) => " (it is empty, which allows nothing)".to_owned(),
        (Remedy::SourceExpression(_), false)
            if violation.violated_directive != violation.effective_directive =>
        {
            format!(" (it stands in for {}, which is not there)", quoted(violation.effective_directive))
        }
        (Remedy::SourceExpression(_), false) => String::new(),
    };
    format!(
        "{directive} of the page's {kind}Content Security Policy {}{why} does not allow {what}{redirected}{consequence}.",
        quoted(&violation.policy)
    )
}

fn remedy_sentence(violation: &Violation) -> String {
    let directive = quoted(&violation.violated_directive);
    match &violation.remedy {
        Remedy::NonceOrHash => format!("Give the script a nonce or a hash that {directive} has."),
        Remedy::SourceExpression(word) => {
            let word = quoted(word);
            let nothing = violation.source_list.iter().all(|listed| listed.eq_ignore_ascii_case("'none'"));
            let place = match (violation.source_list.is_empty(), nothing) {
                (true, _) => format!("Write {word} into {directive}"),
                (false, true) => format!("In {directive}, write {word} in place of `'none'`"),
                (false, false) => format!("Add {word} to {directive}"),
            };
            let other = match violation.violated_directive == violation.effective_directive {
                true => String::new(),
                false => format!(", or have a {} with it", quoted(violation.effective_directive)),
            };
            format!("{place}{other}.")
        }
    }
}

impl Words for IntegrityPolicyBlocking {
    fn words(&self) -> String {
        match self {
            IntegrityPolicyBlocking::HasMetadata => {
                "The request has integrity metadata, and its body will be verified: no Integrity-Policy minds.".to_owned()
            }
            IntegrityPolicyBlocking::LocalUrl => {
                "The URL is local: no Integrity-Policy is for it.".to_owned()
            }
            IntegrityPolicyBlocking::NoGlobal => "No page asks: no Integrity-Policy binds it.".to_owned(),
            IntegrityPolicyBlocking::NotGoverned { destination } => {
                format!("The page's Integrity-Policy does not mind {}.", wanted(*destination))
            }
            IntegrityPolicyBlocking::Reported { destination, missing } => format!(
                "The page's report-only Integrity-Policy wants integrity metadata for {}: {}, which is only reported.",
                wanted(*destination),
                what_is_missing(*missing)
            ),
            IntegrityPolicyBlocking::Blocked { destination, missing } => format!(
                "The page's Integrity-Policy wants integrity metadata for {}: {}.",
                wanted(*destination),
                what_is_missing(*missing)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        let IntegrityPolicyBlocking::Blocked { missing, .. } = self else { return None };
        Some(match missing {
            Missing::Metadata => "Give the request integrity metadata (sha256-..., sha384-... or sha512-...), and mode \"cors\" for another origin.".to_owned(),
            Missing::Mode => "Ask with mode \"cors\" (the attribute crossorigin).".to_owned(),
        })
    }

    weighed!(
        Idle: IntegrityPolicyBlocking::LocalUrl
            | IntegrityPolicyBlocking::NoGlobal
            | IntegrityPolicyBlocking::NotGoverned { .. },
        Passed: IntegrityPolicyBlocking::HasMetadata,
        Failed: IntegrityPolicyBlocking::Reported { .. }
    );
}

fn what_is_missing(missing: Missing) -> &'static str {
    match missing {
        Missing::Metadata => "there is none that is understood",
        Missing::Mode => "what mode \"no-cors\" gets cannot be verified",
    }
}

/// What a policy says in vain, in a sentence.
pub fn words_for_misread(misread: &Misread) -> String {
    match misread {
        Misread::NotAscii { directive } => {
            format!("The directive {} is left out: it is not ASCII.", quoted(directive))
        }
        Misread::Repeated { directive } => {
            format!("The second {} of the policy is left out.", quoted(directive))
        }
        Misread::UnknownDirective { directive } => {
            format!("Nobody knows a directive {}.", quoted(directive))
        }
        Misread::NotAnExpression { directive, word } => {
            format!("{} in {} is no source expression, and matches nothing.", quoted(word), quoted(directive))
        }
        Misread::Unquoted { directive, word } => {
            format!("{} in {} is a host of that name: keywords have quotes.", quoted(word), quoted(directive))
        }
        Misread::NoneAmongOthers { directive } => {
            format!("`'none'` in {} has no effect beside other words.", quoted(directive))
        }
    }
}
