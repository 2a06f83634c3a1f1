//! What the arguments of `sofetch cors audit` mean.

use std::time::Duration;

use sofetch::CredentialsMode;
use sofetch::core::infrastructure::header_values::is_header_name;
use sofetch::core::infrastructure::methods::Method;
use sofetch_inspect::Secrets;
use sofetch_inspect::audit::{AuditQuestion, Severity};

use super::headers::{HeaderOption, header_option};
use super::usage::UsageError;
use super::{NetworkOptions, secrets, targets, typed};
use crate::args::{AuditArgs, AuditReport, FailOn};

/// A server that hangs ends no audit.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All that an audit is made with.
#[derive(Debug)]
pub(crate) struct AuditOptions {
    /// What is asked.
    pub(crate) question: AuditQuestion,
    /// How it gets there.
    pub(crate) network: NetworkOptions,
    /// The limit on the whole.
    pub(crate) max_time: Option<Duration>,
    pub(crate) max_requests: usize,
    pub(crate) parallel: usize,
    pub(crate) report: AuditReport,
    /// The least that fails; `None` never does.
    pub(crate) fail_on: Option<Severity>,
    pub(crate) secrets: Secrets,
}

impl AuditOptions {
    pub(crate) fn of(args: AuditArgs) -> Result<AuditOptions, UsageError> {
        let url = typed::text_of("the URL", args.url.as_deref().unwrap_or_default())?;
        let mut question = AuditQuestion::new(targets::url(url, None)?);
        for said in &args.origin {
            let page = targets::origin(said)?;
            if page.opaque {
                return Err(UsageError::NullTrusted);
            }
            question.trusted.push(page.url.origin());
        }
        for said in args.method {
            let method = Method::new(said.as_bytes()).map_err(|_| UsageError::Method(said))?.normalize();
            if !question.methods.contains(&method) {
                question.methods.push(method);
            }
        }
        for said in args.header_name {
            let name = said.to_ascii_lowercase();
            if !is_header_name(name.as_bytes()) {
                return Err(UsageError::HeaderName(said));
            }
            if !question.header_names.contains(&name) {
                question.header_names.push(name);
            }
        }
        question.credentials_mode = args.credentials.unwrap_or(CredentialsMode::SameOrigin);
        let mut network = NetworkOptions::of(&args.network)?;
        for said in &args.headers {
            match header_option(typed::bytes_of("-H", said)?)? {
                HeaderOption::Append { name, .. } if is_the_audits(&name) => {
                    return Err(UsageError::AuditHeader(name));
                }
                HeaderOption::Append { name, value } => question.headers.append(name.into_bytes(), value),
                HeaderOption::Remove { name } if name.eq_ignore_ascii_case("user-agent") => {
                    network.user_agent = Some(None);
                }
                HeaderOption::Remove { name } => return Err(UsageError::HeaderStays(name)),
            }
        }
        let max_time = network.max_time;
        network.max_time = Some(max_time.unwrap_or(TIMEOUT));
        Ok(AuditOptions {
            question,
            network,
            max_time,
            max_requests: args.max_requests.into(),
            parallel: args.parallel.into(),
            report: args.report,
            fail_on: match args.fail_on {
                FailOn::Low => Some(Severity::Low),
                FailOn::Medium => Some(Severity::Medium),
                FailOn::High => Some(Severity::High),
                FailOn::Critical => Some(Severity::Critical),
                FailOn::Never => None,
            },
            secrets: secrets(args.show_secrets),
        })
    }
}

/// The headers that the audit itself sets.
fn is_the_audits(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "origin" || name.starts_with("access-control-") || name.starts_with("sec-fetch-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::NetworkArgs;

    fn options(change: impl FnOnce(&mut AuditArgs)) -> Result<AuditOptions, UsageError> {
        // What the environment says of proxies is not a test's.
        let network = NetworkArgs { proxy: Some(String::new()), ..NetworkArgs::default() };
        let mut args = AuditArgs { url: Some("api.test/x".into()), network, ..AuditArgs::default() };
        change(&mut args);
        AuditOptions::of(args)
    }

    #[test]
    fn a_question_is_made() {
        let options = options(|args| {
            args.origin = vec!["https://app.test".to_owned(), "http://localhost:3000".to_owned()];
            args.method = vec!["put".to_owned(), "PUT".to_owned(), "patch".to_owned()];
            args.header_name = vec!["X-Key".to_owned(), "x-key".to_owned()];
            args.headers = vec!["Cookie: a=b".into(), "User-Agent:".into()];
            args.fail_on = FailOn::Never;
        })
        .expect("valid");
        let question = options.question;
        assert_eq!(question.url.href(), "https://api.test/x");
        assert_eq!(question.trusted[1].as_str(), "http://localhost:3000");
        let methods: Vec<&str> = question.methods.iter().map(Method::as_str).collect();
        assert_eq!(methods, ["PUT", "patch"], "as a script's would be");
        assert_eq!(question.header_names, ["x-key"]);
        assert_eq!(question.headers.get("Cookie").as_deref(), Some(&b"a=b"[..]));
        assert_eq!(options.network.user_agent, Some(None));
        assert_eq!((options.fail_on, options.max_time), (None, None));
        assert_eq!(options.network.max_time, Some(TIMEOUT));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(matches!(options(|args| args.origin = vec!["null".into()]), Err(UsageError::NullTrusted)));
        assert!(matches!(options(|args| args.origin = vec!["a.test".into()]), Err(UsageError::Origin(_))));
        assert!(matches!(options(|args| args.method = vec!["a b".into()]), Err(UsageError::Method(_))));
        assert!(matches!(
            options(|args| args.header_name = vec!["a:".into()]),
            Err(UsageError::HeaderName(_))
        ));
        for name in ["Origin", "access-control-request-method", "Sec-Fetch-Site"] {
            let header = format!("{name}: x").into();
            assert!(matches!(options(|args| args.headers = vec![header]), Err(UsageError::AuditHeader(_))));
        }
        assert!(matches!(
            options(|args| args.headers = vec!["Host:".into()]),
            Err(UsageError::HeaderStays(_))
        ));
        assert!(matches!(options(|args| args.url = Some("https://a b/".into())), Err(UsageError::Url(_))));
    }
}
