//! The policies that a page was delivered with: `--csp`, `--csp-report-only`, `--integrity-policy` and its kin,
//! `--reporting-endpoints`, `--permissions-policy`.

use sofetch::core::infrastructure::content_security_policies::{CspList, Disposition};
use sofetch::core::infrastructure::integrity_policies::IntegrityPolicy;
use sofetch::core::infrastructure::permissions_policies::PermissionsPolicy;
use sofetch::core::infrastructure::reports::process_reporting_endpoints;
use sofetch::core::infrastructure::structured_fields::{Dictionary, StructuredField};
use sofetch::core::rules::content_security_policy::misread;
use sofetch::{PageBuilder, Url};
use sofetch_inspect::words::words_for_misread;
use sofetch_js::RuntimeBuilder;

use super::usage::UsageError;
use crate::args::{FetchArgs, RealmArgs};
use crate::words::policies as words;

/// The values of the page's headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyOptions {
    csp: Vec<String>,
    csp_report_only: Vec<String>,
    integrity_policy: Option<String>,
    integrity_policy_report_only: Option<String>,
    reporting_endpoints: Vec<String>,
    permissions_policy: Option<String>,
}

impl PolicyOptions {
    /// What was typed, if it can be a policy.
    pub(crate) fn of(args: &FetchArgs) -> Result<PolicyOptions, UsageError> {
        check_integrity_policy(&args.integrity_policy)?;
        let policies = PolicyOptions::of_csp(&args.csp, &args.csp_report_only)?;
        Ok(PolicyOptions { integrity_policy: args.integrity_policy.clone(), ..policies })
    }

    /// The same of a page's scripts.
    pub(crate) fn of_realm(args: &RealmArgs) -> Result<PolicyOptions, UsageError> {
        check_integrity_policy(&args.integrity_policy)?;
        check_integrity_policy(&args.integrity_policy_report_only)?;
        for said in &args.reporting_endpoints {
            if Dictionary::parse(said.as_bytes()).is_err() {
                return Err(UsageError::ReportingEndpoints(said.clone()));
            }
        }
        if let Some(said) = &args.permissions_policy
            && PermissionsPolicy::parse(said.as_bytes()).is_err()
        {
            return Err(UsageError::PermissionsPolicy(said.clone()));
        }
        Ok(PolicyOptions {
            permissions_policy: args.permissions_policy.clone(),
            integrity_policy: args.integrity_policy.clone(),
            integrity_policy_report_only: args.integrity_policy_report_only.clone(),
            reporting_endpoints: args.reporting_endpoints.clone(),
            ..PolicyOptions::of_csp(&args.csp, &args.csp_report_only)?
        })
    }

    fn of_csp(csp: &[String], csp_report_only: &[String]) -> Result<PolicyOptions, UsageError> {
        for (option, policies, disposition) in [
            ("--csp", csp, Disposition::Enforce),
            ("--csp-report-only", csp_report_only, Disposition::Report),
        ] {
            for said in policies {
                let mut list = CspList::default();
                list.deliver(said, disposition);
                if list.policies.is_empty() {
                    return Err(UsageError::Csp { option, said: said.clone() });
                }
            }
        }
        Ok(PolicyOptions {
            csp: csp.to_vec(),
            csp_report_only: csp_report_only.to_vec(),
            ..PolicyOptions::default()
        })
    }

    /// The page with them.
    pub(crate) fn deliver(&self, mut builder: PageBuilder) -> PageBuilder {
        for policy in &self.csp {
            builder = builder.csp(policy);
        }
        for policy in &self.csp_report_only {
            builder = builder.csp_report_only(policy);
        }
        match &self.integrity_policy {
            Some(value) => builder.integrity_policy(value),
            None => builder,
        }
    }

    /// The page of a runtime with them.
    pub(crate) fn deliver_to_runtime(&self, mut builder: RuntimeBuilder) -> RuntimeBuilder {
        for policy in &self.csp {
            builder = builder.csp(policy);
        }
        for policy in &self.csp_report_only {
            builder = builder.csp_report_only(policy);
        }
        if let Some(value) = &self.integrity_policy {
            builder = builder.integrity_policy(value);
        }
        if let Some(value) = &self.integrity_policy_report_only {
            builder = builder.integrity_policy_report_only(value);
        }
        for value in &self.reporting_endpoints {
            builder = builder.reporting_endpoints(value);
        }
        if let Some(value) = &self.permissions_policy {
            builder = builder.permissions_policy(value);
        }
        builder
    }

    /// Is there one whose violations are told and no more?
    pub(crate) fn are_reported(&self) -> bool {
        !self.csp_report_only.is_empty()
    }

    /// Endpoints of reports that the page with this URL, or a file's, does not have, a sentence each.
    pub(crate) fn unheard(&self, page: Option<&Url>) -> Vec<String> {
        let said = self.reporting_endpoints.join(", ");
        let Ok(dictionary) = Dictionary::parse(said.as_bytes()) else { return Vec::new() };
        if dictionary.0.is_empty() {
            return Vec::new();
        }
        let Some(page) = page.filter(|page| page.origin().is_potentially_trustworthy()) else {
            return vec![words::no_endpoints(page)];
        };
        let endpoints = process_reporting_endpoints(said.as_bytes(), page).unwrap_or_default();
        let names = dictionary.0.iter().map(|(name, _)| name);
        let left_out = names.filter(|name| endpoints.iter().all(|endpoint| endpoint.name != **name));
        left_out.map(|name| words::no_endpoint(name)).collect()
    }

    /// What they say in vain, a sentence each: browsers pass over it, but who typed it wants to know.
    pub(crate) fn misread(&self) -> Vec<String> {
        let policies = self.csp.iter().chain(&self.csp_report_only);
        policies.flat_map(|policy| misread(policy)).map(|misread| words_for_misread(&misread)).collect()
    }
}

fn check_integrity_policy(said: &Option<String>) -> Result<(), UsageError> {
    match said {
        Some(said) if IntegrityPolicy::parse(said.as_bytes()).is_err() => {
            Err(UsageError::IntegrityPolicy(said.clone()))
        }
        _ => Ok(()),
    }
}
