//! What the arguments mean: a URL, a request, a network, and what to show. Files are read here; nothing is sent.

mod bodies;
mod headers;
mod places;
mod targets;
mod typed;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use sofetch::core::infrastructure::methods::Method;
use sofetch::net::{ClientIdentity, ConnectTo, HttpVersions, NoProxy, ProxyRules, ResolveOverride};
use sofetch::{CacheMode, CredentialsMode, Mode, RedirectMode, ReferrerPolicy, Url};
use sofetch_inspect::Secrets;
use sofetch_inspect::fix_texts::Server;

use crate::args::{FetchArgs, NetworkArgs, Report};

pub(crate) use bodies::BodyOption;
pub(crate) use targets::PageOption;
pub(crate) use usage::UsageError;

use headers::{HeaderOption, header_option};

/// All that one fetch is made with.
#[derive(Debug)]
pub(crate) struct Options {
    /// The request.
    pub(crate) request: RequestOptions,
    /// On whose behalf; `None` is the user's own.
    pub(crate) page: Option<PageOption>,
    /// How it gets there.
    pub(crate) network: NetworkOptions,
    /// What is printed.
    pub(crate) show: Show,
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
}

/// The agent's settings.
#[derive(Default)]
pub(crate) struct NetworkOptions {
    /// `Some(None)` sends none.
    pub(crate) user_agent: Option<Option<String>>,
    pub(crate) resolve: Vec<ResolveOverride>,
    pub(crate) connect_to: Vec<ConnectTo>,
    /// PEM.
    pub(crate) roots: Vec<u8>,
    /// Are those the only ones to believe?
    pub(crate) only_these_roots: bool,
    pub(crate) identity: Option<ClientIdentity>,
    pub(crate) insecure: bool,
    pub(crate) proxy: ProxyRules,
    pub(crate) versions: HttpVersions,
    pub(crate) max_time: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) max_size: Option<u64>,
    pub(crate) no_private: bool,
}

/// What is printed, and where the body goes.
#[derive(Debug, Default)]
pub(crate) struct Show {
    /// `None` is standard output.
    pub(crate) output: Option<PathBuf>,
    /// The head before the body.
    pub(crate) head: bool,
    pub(crate) decisions: bool,
    pub(crate) report: Option<Report>,
    pub(crate) fail: bool,
    pub(crate) secrets: Secrets,
    /// What would let it pass is told as configuration of this server; `None` is that which its answers look like.
    pub(crate) server: Option<&'static Server>,
}

impl Options {
    /// What `sofetch URL` means.
    pub(crate) fn of_fetch(args: FetchArgs) -> Result<Options, UsageError> {
        let page = match (&args.page, &args.origin) {
            (Some(page), _) => Some(targets::page(page)?),
            (None, Some(origin)) => Some(targets::origin(origin)?),
            (None, None) => None,
        };
        let url = typed::text_of("the URL", args.url.as_deref().unwrap_or_default())?;
        let url = targets::url(url, page.as_ref())?;
        let network = NetworkOptions::of(&args.network)?;
        let (mut headers, mut untyped, mut user_agent) = (Vec::new(), false, network.user_agent);
        for said in &args.headers {
            match header_option(typed::bytes_of("-H", said)?)? {
                HeaderOption::Append { name, value } => headers.push((name, value)),
                HeaderOption::Remove { name } => match &*name.to_ascii_lowercase() {
                    "user-agent" => user_agent = Some(None),
                    "content-type" if args.form.is_empty() => untyped = true,
                    "accept" | "accept-encoding" | "content-length" | "content-type" | "host" => {
                        return Err(UsageError::HeaderStays(name));
                    }
                    // Any other is none of ours: it is not sent as it is.
                    _ => {}
                },
            }
        }
        let body = match (&args.data_binary, &args.json) {
            (Some(data), _) => Some(bodies::data_binary(data)?),
            (None, Some(json)) => Some(bodies::json(json)?),
            (None, None) if !args.data.is_empty() => Some(bodies::data(&args.data)?),
            (None, None) if !args.form.is_empty() => Some(bodies::form(&args.form)?),
            (None, None) => None,
        };
        if let Some(said) = args.method.as_ref().filter(|said| Method::new(said.as_bytes()).is_err()) {
            return Err(UsageError::Method(said.clone()));
        }
        let method = args.method.or_else(|| match (args.head, &body) {
            (true, _) => Some("HEAD".to_owned()),
            (false, Some(_)) => Some("POST".to_owned()),
            (false, None) => None,
        });
        Ok(Options {
            request: RequestOptions {
                url,
                method,
                headers,
                body,
                untyped,
                mode: args.mode,
                credentials: args.credentials,
                cache: args.cache,
                redirect: args.redirect,
                referrer: args.referrer,
                referrer_policy: args.referrer_policy,
                integrity: args.integrity,
            },
            page,
            network: NetworkOptions { user_agent, ..network },
            show: Show {
                output: args.output.filter(|path| path.as_os_str() != "-"),
                head: args.include || args.head,
                decisions: args.verbose,
                report: args.report,
                fail: args.fail,
                secrets: secrets(args.show_secrets),
                server: None,
            },
        })
    }

    /// What `sofetch cors URL` means: the same, for a page.
    pub(crate) fn of_cors(args: FetchArgs, server: Option<&'static Server>) -> Result<Options, UsageError> {
        if args.url.is_none() {
            return Err(UsageError::NoUrl);
        }
        if args.page.is_none() && args.origin.is_none() {
            return Err(UsageError::NoOrigin);
        }
        let mut options = Options::of_fetch(args)?;
        options.show.server = server;
        Ok(options)
    }
}

/// `--show-secrets`.
pub(crate) fn secrets(shown: bool) -> Secrets {
    if shown { Secrets::Shown } else { Secrets::Redacted }
}

impl NetworkOptions {
    pub(crate) fn of(args: &NetworkArgs) -> Result<NetworkOptions, UsageError> {
        let resolve = args.resolve.iter().map(|said| places::resolve(said)).collect::<Result<_, _>>()?;
        let connect_to =
            args.connect_to.iter().map(|said| places::connect_to(said)).collect::<Result<_, _>>()?;
        let mut roots = Vec::new();
        for path in &args.cacert {
            roots.extend(bodies::read(path)?);
            roots.push(b'\n');
        }
        let identity = match &args.cert {
            None => None,
            Some(path) => {
                let certificate_pem = bodies::read(path)?;
                let key_pem = match &args.key {
                    Some(path) => bodies::read(path)?,
                    None => certificate_pem.clone(),
                };
                Some(ClientIdentity { certificate_pem, key_pem })
            }
        };
        Ok(NetworkOptions {
            user_agent: args
                .user_agent
                .as_ref()
                .map(|name| Some(name.clone()).filter(|name| !name.is_empty())),
            resolve,
            connect_to,
            roots,
            only_these_roots: false,
            identity,
            insecure: args.insecure,
            proxy: proxy(args)?,
            versions: match (args.http1_1, args.http2) {
                (true, _) => HttpVersions::Http1Only,
                (false, true) => HttpVersions::Http2Only,
                (false, false) => HttpVersions::Negotiated,
            },
            max_time: args.max_time,
            connect_timeout: args.connect_timeout,
            max_size: args.max_size,
            no_private: args.no_private,
        })
    }
}

/// `--proxy` and `--noproxy`, and what the environment says where they say nothing.
fn proxy(args: &NetworkArgs) -> Result<ProxyRules, UsageError> {
    let mut rules = match args.proxy.as_deref() {
        Some("") => ProxyRules::default(),
        Some(url) => ProxyRules::all(url).map_err(UsageError::Proxy)?,
        None => ProxyRules::from_environment().map_err(UsageError::Proxy)?,
    };
    if let Some(hosts) = &args.noproxy {
        rules.no_proxy = NoProxy::parse(hosts).map_err(UsageError::Proxy)?;
    }
    Ok(rules)
}

impl std::fmt::Debug for NetworkOptions {
    /// Keys and proxies' passwords never reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkOptions").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(method(|args| args.form = vec!["a=b".into()]).as_deref(), Some("POST"));
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
        assert!(matches!(Options::of_cors(args("a.test"), None), Err(UsageError::NoOrigin)));
        let with = FetchArgs { origin: Some("https://b.test".to_owned()), ..args("a.test") };
        assert!(Options::of_cors(with, None).is_ok());
        let without_url = FetchArgs { origin: Some("https://b.test".to_owned()), ..FetchArgs::default() };
        assert!(matches!(Options::of_cors(without_url, None), Err(UsageError::NoUrl)));
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
        let options = options(|args| args.form = vec!["a=b;c".into()]).expect("valid");
        let Some(BodyOption::Form(form_data)) = options.request.body else { panic!("no form") };
        assert!(matches!(&form_data.entries[0].value, FormDataValue::String(text) if text == "b;c"));
    }
}
