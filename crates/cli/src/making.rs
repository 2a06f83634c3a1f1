//! From options to the face's own: an agent, a page, a request, and who fetches it.

use std::sync::Arc;

use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::multipart::{boundary_from, multipart_form_data_encode};
use sofetch::core::rules::header_guards::{self, HeaderGuard};
use sofetch::net::{Roots, SystemRandom};
use sofetch::{
    CredentialsMode, Error, Guard, Mode, Observer, Origin, Page, Request, Response, UserAgent,
    UserAgentBuilder,
};
use sofetch_inspect::Browser;
use sofetch_inspect::safe_text::escaped;

use crate::authentication::{Authentication, DigestEntries};
use crate::offline::NoNetwork;
use crate::options::{BodyOption, NetworkOptions, PageOption, RequestOptions};

/// Who fetches: the user, or a page.
pub(crate) enum Fetcher {
    /// On the user's own behalf.
    Owner(UserAgent),
    /// On a page's.
    Page(Page),
}

impl Fetcher {
    /// An agent of these settings, and its page if there is one.
    pub(crate) fn new(
        network: NetworkOptions,
        browser: Option<Browser>,
        page: Option<&PageOption>,
    ) -> Result<Fetcher, Error> {
        Fetcher::with(decided_as(agent_builder(network), browser), page)
    }

    /// The same over a network that reaches nobody.
    pub(crate) fn over(
        options: NetworkOptions,
        browser: Option<Browser>,
        page: Option<&PageOption>,
        network: NoNetwork,
    ) -> Result<Fetcher, Error> {
        // NB: nothing is sent, so that nobody has to be asked whether it may be.
        let options = NetworkOptions { send_policy: None, ..options };
        Fetcher::with(decided_as(agent_builder(options), browser).network(Arc::new(network)), page)
    }

    fn with(builder: UserAgentBuilder, page: Option<&PageOption>) -> Result<Fetcher, Error> {
        let agent = builder.build()?;
        match page {
            None => Ok(Fetcher::Owner(agent)),
            Some(option) => page_of(&agent, option).map(Fetcher::Page),
        }
    }

    /// Fetches.
    pub(crate) async fn fetch(&self, request: Request) -> Result<Response, Error> {
        match self {
            Fetcher::Owner(agent) => agent.fetch(request).await,
            Fetcher::Page(page) => page.fetch(request).await,
        }
    }
}

/// This page, at this agent.
pub(crate) fn page_of(agent: &UserAgent, option: &PageOption) -> Result<Page, Error> {
    let builder = agent.page_builder(option.url.href());
    let builder = if option.opaque { builder.origin(Origin::new_opaque()) } else { builder };
    option.policies.deliver(builder).build()
}

/// With the departures of this browser.
pub(crate) fn decided_as(builder: UserAgentBuilder, browser: Option<Browser>) -> UserAgentBuilder {
    let Some(browser) = browser else { return builder };
    builder.settings(|settings| {
        settings.departures = browser.departures();
        settings.preflight_max_age_limit = browser.preflight_max_age_limit();
    })
}

/// The agent's builder.
pub(crate) fn agent_builder(options: NetworkOptions) -> UserAgentBuilder {
    let mut builder = UserAgent::builder()
        .danger_accept_invalid_certs(options.insecure)
        .public_only(options.no_private)
        .network_config(|config| {
            config.resolve_overrides = options.resolve;
            config.connect_to = options.connect_to;
            config.proxy = options.proxy;
            config.unix_socket = options.unix_socket;
            config.versions = options.versions;
            config.tls.extra_ca_pem = options.roots;
            config.tls.client_identity = options.identity;
            if options.only_these_roots {
                config.tls.roots = Roots::Only;
            }
        });
    // NB: without randomness the agent is not built either.
    if let Authentication::Digest(secret) = options.authentication
        && let Ok(random) = SystemRandom::new()
    {
        builder = builder.authentication_entries(Some(Arc::new(DigestEntries::new(secret, random))));
    }
    if let Some(user_agent) = options.user_agent {
        builder = builder.user_agent(user_agent.as_deref());
    }
    if let Some(policy) = options.send_policy {
        builder = builder.send_policy(policy);
    }
    if let Some(retry) = options.retry {
        builder = builder.retry(retry);
    }
    if let Some(after) = options.connect_timeout {
        builder = builder.connect_timeout(after);
    }
    if let Some(after) = options.max_time {
        builder = builder.timeout(after);
    }
    if let Some(limit) = options.max_size {
        builder = builder.max_body_size(limit);
    }
    builder
}

/// The request, told of by this observer.
pub(crate) fn request(options: RequestOptions, observer: Option<Arc<dyn Observer>>) -> Request {
    let mut request = Request::from_url(options.url);
    if let Some(method) = options.method {
        request = request.method(method);
    }
    let typed = options.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    for (name, value) in options.headers {
        request = request.header(name, value);
    }
    request = match options.body {
        Some(BodyOption::Bytes { bytes, content_type }) => {
            let said = typed || options.untyped || content_type.is_empty();
            let request = if said { request } else { request.header("Content-Type", &*content_type) };
            request.body(bytes)
        }
        Some(BodyOption::Form(form_data)) => request.form_data(form_data),
        None => request,
    };
    if let Some(mode) = options.mode {
        request = request.mode(mode);
    }
    if let Some(credentials) = options.credentials {
        request = request.credentials(credentials);
    }
    if let Some(cache) = options.cache {
        request = request.cache(cache);
    }
    if let Some(redirect) = options.redirect {
        request = request.redirect(redirect);
    }
    if let Some(referrer) = options.referrer {
        request = request.referrer(referrer);
    }
    if let Some(policy) = options.referrer_policy {
        request = request.referrer_policy(policy);
    }
    if let Some(integrity) = options.integrity {
        request = request.integrity(integrity);
    }
    if let Some(destination) = options.destination {
        request = request.destination(destination);
    }
    match observer {
        Some(observer) => request.observer(observer),
        None => request,
    }
}

/// The options with the body whole: a form's boundary is chosen, so that the body can be shown as well as sent.
pub(crate) fn settled(mut options: RequestOptions) -> Result<RequestOptions, Error> {
    if let Some(BodyOption::Form(form_data)) = &options.body {
        let mut random = [0; 16];
        UserAgent::builder().build()?.fill_random(&mut random)?;
        let boundary = boundary_from(random);
        let bytes = multipart_form_data_encode(form_data, &boundary).concat();
        let content_type = format!("multipart/form-data; boundary={boundary}");
        options.body = Some(BodyOption::Bytes { bytes: bytes.into(), content_type: content_type.into() });
    }
    Ok(options)
}

/// The options for pages that say nothing where there is no page.
pub(crate) fn without_meaning(options: &RequestOptions) -> Vec<String> {
    let mut notes = Vec::new();
    if options.mode.is_some() {
        notes.push("`--mode` has no meaning without --page or --origin".to_owned());
    }
    // NB: `omit` keeps the credentials of the URL back, for users as for pages.
    if options.credentials.is_some_and(|mode| mode != CredentialsMode::Omit) {
        notes.push("`--credentials` has no meaning without --page or --origin".to_owned());
    }
    if options.referrer_policy.is_some() && options.referrer.is_none() {
        notes.push("`--referrer-policy` has no meaning without --page, --origin or --referrer".to_owned());
    }
    notes
}

/// What is left out silently, each with why: headers of a page's request, which the Standard drops without a word, and what its
/// policies say in vain. Who typed it wants to know.
pub(crate) fn left_out(options: &RequestOptions, page: &PageOption) -> Vec<String> {
    let guard = if options.mode == Some(Mode::NoCors) { Guard::RequestNoCors } else { Guard::Request };
    let mut list = HeaderList::new();
    let mut notes = Vec::new();
    for (name, value) in &options.headers {
        let why = match header_guards::append(&mut list, guard, name.clone().into_bytes(), value.clone()) {
            HeaderGuard::ForbiddenRequestHeader { .. } => "no page can set it",
            HeaderGuard::NotNoCorsSafelisted { .. } => "mode no-cors does not allow it",
            _ => continue,
        };
        notes.push(format!("{} is left out: {why}", escaped(name.as_bytes())));
    }
    notes.extend(page.policies.misread());
    notes
}
