//! What the arguments mean: a URL, a request, a network, and what to show. Files are read here; nothing is sent.
//!
//! The file is longer than most because it is one list, from each argument to what it means; what takes more than a line
//! has a file of its own.

mod audit;
pub(crate) mod bodies;
pub(crate) mod browsers;
mod headers;
mod network;
mod places;
mod policies;
mod repeating;
mod requests;
mod saving;
pub(crate) mod targets;
pub(crate) mod typed;
mod usage;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use sofetch::{CacheMode, CredentialsMode, Destination, Mode, RedirectMode, ReferrerPolicy, Url};
use sofetch_inspect::fix_texts::Server;
use sofetch_inspect::{Browser, Secrets};

use crate::args::{CopyAs, CorsArgs, FetchArgs, Parts, Report, ServerOption};
use crate::authentication::Authentication;
use crate::batch::BatchOptions;
use crate::download::DownloadOptions;
use crate::import::Imported;
use crate::output::Streams;
use crate::sending::Sending;
use crate::words::ignored_words;

pub(crate) use audit::AuditOptions;
pub(crate) use bodies::BodyOption;
pub(crate) use network::NetworkOptions;
pub(crate) use policies::PolicyOptions;
pub(crate) use targets::{PageOption, has_scheme};
pub(crate) use usage::UsageError;

use requests::Asked;

/// All that one fetch is made with.
#[derive(Debug)]
pub(crate) struct Options {
    /// The request.
    pub(crate) request: RequestOptions,
    /// On whose behalf; `None` is the user's own.
    pub(crate) page: Option<PageOption>,
    /// How it gets there.
    pub(crate) network: NetworkOptions,
    /// As which browser it is decided; `None` is the Standard.
    pub(crate) browser: Option<Browser>,
    /// Is more asked after a refusal?
    pub(crate) probe: bool,
    /// What is printed.
    pub(crate) show: Show,
    /// What the user should know of the options, safe to print.
    pub(crate) notes: Vec<String>,
    /// Where the URLs are, if it is many; the request's own is then none of them.
    pub(crate) batch: Option<BatchOptions>,
}

/// The request's own members; `None` is what fetch does by itself.
#[derive(Clone, Debug)]
pub(crate) struct RequestOptions {
    pub(crate) url: Url,
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Option<BodyOption>,
    /// Is the body's type left unsaid (`-H Content-Type:`)?
    pub(crate) untyped: bool,
    pub(crate) mode: Option<Mode>,
    pub(crate) credentials: Option<CredentialsMode>,
    pub(crate) cache: Option<CacheMode>,
    pub(crate) redirect: Option<RedirectMode>,
    pub(crate) referrer: Option<String>,
    pub(crate) referrer_policy: Option<ReferrerPolicy>,
    pub(crate) integrity: Option<String>,
    pub(crate) destination: Option<Destination>,
}

/// What is printed, and where the body goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Show {
    /// `None` is standard output.
    pub(crate) output: Option<PathBuf>,
    /// A file under a name that nobody typed, or one that is gone on with.
    pub(crate) download: Option<DownloadOptions>,
    /// The head before the body.
    pub(crate) head: bool,
    pub(crate) decisions: bool,
    pub(crate) report: Option<Report>,
    pub(crate) fail: bool,
    /// Text as it came.
    pub(crate) raw: bool,
    /// JSON by its lines.
    pub(crate) stream: bool,
    pub(crate) timeline: bool,
    pub(crate) har: Option<PathBuf>,
    pub(crate) secrets: Secrets,
    /// What would let it pass is told as configuration of this server; `None` is that which its answers look like.
    pub(crate) server: Option<&'static Server>,
    /// `--print`.
    pub(crate) print: Option<Parts>,
    /// Is nothing sent, but shown?
    pub(crate) offline: bool,
    /// Is nothing sent, but written as another tool takes it?
    pub(crate) copy_as: Option<CopyAs>,
}

impl Options {
    /// What `sofetch URL` means.
    pub(crate) fn of_fetch(args: FetchArgs) -> Result<Options, UsageError> {
        let imported = requests::import(&args.import)?;
        Options::new(args, imported)
    }

    fn new(args: FetchArgs, imported: Option<Imported>) -> Result<Options, UsageError> {
        let page = match (&args.page, &args.origin) {
            (Some(page), _) => Some(targets::page(page)?),
            (None, Some(origin)) => Some(targets::origin(origin)?),
            (None, None) => None,
        };
        let page = match page {
            Some(page) => Some(PageOption { policies: PolicyOptions::of(&args)?, ..page }),
            None => None,
        };
        let network = NetworkOptions::of(&args.network)?;
        let Asked { mut request, user_agent, ignored } = requests::request(&args, imported, page.as_ref())?;
        let mut notes = ignored_words(&ignored);
        let authentication = Authentication::of(&args.authentication, &mut notes)?;
        if request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            let typed = args.authentication.auth.is_some() || args.authentication.bearer.is_some();
            if typed || args.authentication.digest {
                return Err(UsageError::AuthorizationTwice);
            }
        }
        let output = saving::output(args.output);
        let download = saving::download(&args.saving, output.as_ref())?;
        let batch = repeating::batch(&args.batch)?;
        if batch.is_none() {
            request.authorize(&authentication)?;
        }
        let retry = repeating::retry(&args.batch);
        let user_agent = user_agent.or(network.user_agent);
        Ok(Options {
            request,
            page,
            network: NetworkOptions { user_agent, authentication, retry, ..network },
            browser: None,
            probe: false,
            batch,
            show: Show {
                output,
                download,
                head: args.showing.print.map_or(args.include || args.head, |parts| parts.response_head),
                decisions: args.verbose,
                report: args.report,
                fail: args.fail,
                raw: args.printing.raw,
                stream: args.printing.stream,
                timeline: args.printing.timeline,
                har: args.printing.har,
                secrets: secrets(args.show_secrets),
                server: None,
                print: args.showing.print,
                offline: args.showing.offline,
                copy_as: args.showing.copy_as,
            },
            notes,
        })
    }

    /// What `sofetch cors URL` means: the same, for a page. An imported request's page is its own, unless another is said.
    pub(crate) fn of_cors(args: CorsArgs, streams: &Streams) -> Result<Options, UsageError> {
        let CorsArgs { mut fetch, send, probe, as_browser, server, .. } = args;
        let imported = requests::import(&fetch.import)?;
        if fetch.page.is_none() && fetch.origin.is_none() {
            fetch.page = imported.as_ref().and_then(Imported::page);
            if fetch.page.is_none() {
                return Err(UsageError::NoOrigin);
            }
        }
        if fetch.saving.download || fetch.saving.resume {
            return Err(UsageError::NotForCors("--download and --continue"));
        }
        if fetch.batch.batch.is_some() || fetch.batch.retry.is_some() {
            return Err(UsageError::NotForCors("--batch and --retry"));
        }
        if fetch.url.is_none() && imported.is_none() {
            return Err(UsageError::NoUrl);
        }
        let mut options = Options::new(fetch, imported)?;
        options.probe = probe;
        if let Some(browser) = as_browser {
            options.decide_as(browsers::of(browser), streams);
        }
        if let Some(ServerOption::Named(server)) = server {
            options.show.server = Some(server);
        }
        options.network.send_policy = Some(Arc::new(Sending::new(send, streams)));
        Ok(options)
    }
}

/// Is this `-H` one?
pub(crate) fn check_header(said: &OsStr) -> Result<(), UsageError> {
    headers::header_option(typed::bytes_of("-H", said)?).map(|_| ())
}

/// `--show-secrets`.
pub(crate) fn secrets(shown: bool) -> Secrets {
    if shown { Secrets::Shown } else { Secrets::Redacted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{ColorWhen, NetworkArgs};
    use crate::output::Quiet;
    use sofetch::FormDataValue;

    fn args(url: &str) -> FetchArgs {
        // What the environment says of proxies is not a test's.
        FetchArgs {
            url: Some(url.into()),
            network: NetworkArgs { proxy: Some(String::new()), ..NetworkArgs::default() },
            ..FetchArgs::default()
        }
    }

    fn options(change: impl FnOnce(&mut FetchArgs)) -> Result<Options, UsageError> {
        let mut args = args("a.test");
        change(&mut args);
        Options::of_fetch(args)
    }

    #[test]
    fn the_method_follows_from_the_body_unless_it_is_said() {
        let method = |change: fn(&mut FetchArgs)| options(change).expect("valid").request.method;
        assert_eq!(method(|_| {}), None);
        assert_eq!(method(|args| args.data = vec!["a".into()]).as_deref(), Some("POST"));
        assert_eq!(method(|args| args.json = Some("1".into())).as_deref(), Some("POST"));
        assert_eq!(method(|args| args.fields = vec!["a=b".into()]).as_deref(), Some("POST"));
        assert_eq!(method(|args| args.head = true).as_deref(), Some("HEAD"));
        let put = method(|args| (args.method, args.json) = (Some("patch".to_owned()), Some("1".into())));
        assert_eq!(put.as_deref(), Some("patch"), "no case is changed here");
    }

    #[test]
    fn headers_are_added_or_taken_away() {
        let said = |headers: &[&str]| {
            let headers = headers.iter().map(|&header| header.into()).collect();
            options(|args| args.headers = headers)
        };
        let options =
            said(&["A: 1", "a: 2", "B;", "User-Agent:", "content-type:", "Expect:"]).expect("valid");
        let pair = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        assert_eq!(options.request.headers, [pair("A", "1"), pair("a", "2"), pair("B", "")]);
        assert_eq!(options.network.user_agent, Some(None));
        assert!(options.request.untyped);
        for stays in ["Accept:", "Host:", "Content-Length:"] {
            assert!(matches!(said(&[stays]), Err(UsageError::HeaderStays(_))), "{stays}");
        }
    }

    #[test]
    fn an_empty_user_agent_is_none() {
        let user_agent = |name: &str| {
            options(|args| args.network.user_agent = Some(name.to_owned())).expect("valid").network.user_agent
        };
        assert_eq!(user_agent("me"), Some(Some("me".to_owned())));
        assert_eq!(user_agent(""), Some(None));
    }

    #[test]
    fn cors_needs_an_origin() {
        let streams = Streams::of_process(Quiet::Nothing, ColorWhen::Auto);
        let of_cors = |fetch| Options::of_cors(CorsArgs { fetch, ..CorsArgs::default() }, &streams);
        assert!(matches!(of_cors(args("a.test")), Err(UsageError::NoOrigin)));
        let with = FetchArgs { origin: Some("https://b.test".to_owned()), ..args("a.test") };
        assert!(of_cors(with).is_ok());
        let without_url =
            FetchArgs { origin: Some("https://b.test".to_owned()), url: None, ..args("a.test") };
        assert!(matches!(of_cors(without_url), Err(UsageError::NoUrl)));
    }

    #[test]
    fn a_dash_is_standard_output() {
        let output = |path: &str| options(|args| args.output = Some(path.into())).expect("valid").show.output;
        assert_eq!(output("-"), None);
        assert_eq!(output("./-"), Some("./-".into()));
    }

    #[test]
    fn a_proxy_must_be_one() {
        let proxy = |url: &str| options(|args| args.network.proxy = Some(url.to_owned()));
        assert!(proxy("socks5h://127.0.0.1:1080").is_ok());
        let error = proxy("ftp://user:secret@a.test").expect_err("no proxy speaks it");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn form_texts_are_whole() {
        let options = options(|args| args.fields = vec!["a=b;c".into()]).expect("valid");
        let Some(BodyOption::Form(form_data)) = options.request.body else { panic!("no form") };
        assert!(matches!(&form_data.entries[0].value, FormDataValue::String(text) if text == "b;c"));
    }
}
