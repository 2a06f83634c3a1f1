//! What an audit sends: a list of requests, made before the first is sent. Whoever has a network sends them.
//!
//! Only safe methods are in it: what the other methods would do is asked by preflights, which is what OPTIONS is for.

use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::cors_safelists::{UnsafeName, cors_unsafe_request_header_names};

use super::askers::{Asker, Role, askers};

/// What is audited, and what its owner wants.
#[derive(Clone, Debug)]
pub struct AuditQuestion {
    /// The URL.
    pub url: Url,
    /// The origins that are to be allowed.
    pub trusted: Vec<Origin>,
    /// The methods that they use; none asks about a few that are usual, and finds no fault where they are refused.
    pub methods: Vec<Method>,
    /// The request headers that they set, in lower case; as with methods.
    pub header_names: Vec<String>,
    /// With "include", they are to be allowed with credentials.
    pub credentials_mode: CredentialsMode,
    /// Headers for every request but preflights.
    pub headers: HeaderList,
}

impl AuditQuestion {
    /// A question about a URL, and nothing more.
    pub fn new(url: Url) -> AuditQuestion {
        AuditQuestion {
            url,
            trusted: Vec::new(),
            methods: Vec::new(),
            header_names: Vec::new(),
            credentials_mode: CredentialsMode::SameOrigin,
            headers: HeaderList::new(),
        }
    }

    /// The methods that preflights ask about.
    pub(crate) fn methods_asked(&self) -> Vec<Method> {
        if self.methods.is_empty() && self.header_names.is_empty() {
            return vec![Method::PUT, Method::PATCH, Method::DELETE];
        }
        self.methods.clone()
    }

    /// The header names that preflights ask about.
    pub(crate) fn header_names_asked(&self) -> Vec<String> {
        if self.methods.is_empty() && self.header_names.is_empty() {
            return vec!["authorization".to_owned(), "content-type".to_owned()];
        }
        self.header_names.clone()
    }
}

/// A method that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SafeMethod {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
}

impl SafeMethod {
    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SafeMethod::Get => "GET",
            SafeMethod::Head => "HEAD",
            SafeMethod::Options => "OPTIONS",
        }
    }
}

/// A request to send.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What for.
    pub purpose: Purpose,
    /// How.
    pub method: SafeMethod,
    /// Where.
    pub url: Url,
    /// In whose name; `None` sends no `Origin`.
    pub asker: Option<Asker>,
    /// Every header that is to be set, in order.
    pub headers: HeaderList,
}

/// What a request is sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What is answered to no script at all.
    Baseline,
    /// May it read?
    Read,
    /// May it read once there is a cookie?
    ReadWithCookie,
    /// Is a HEAD answered alike?
    Head,
    /// Is an error?
    NotFound,
    /// What would be granted?
    Preflight(Ask),
}

/// What a preflight asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// The header names that are not safelisted, in lower case, in order.
    pub header_names: Vec<String>,
    /// Why.
    pub about: About,
}

/// What a preflight's answer is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Its origin: it asks for nothing else that could be refused.
    Origin,
    /// Its method.
    Method,
    /// Its header.
    Header,
    /// Both, and all of them.
    Together,
    /// Whether any method is granted.
    AnyMethod,
    /// Whether any header is.
    AnyHeader,
    /// Whether private networks are opened.
    PrivateNetwork,
}

/// A method that no server has.
pub(crate) const NO_METHOD: &str = "SOFETCHAUDIT";
/// A header that no server knows.
pub(crate) const NO_HEADER: &str = "x-sofetch-audit";

/// All requests of an audit, those first that tell most: who sends fewer leaves out the last.
pub fn plan(question: &AuditQuestion) -> Vec<Probe> {
    let askers = askers(&question.url, &question.trusted);
    let of = |role: Role| askers.iter().filter(move |asker| asker.role == role);
    let mut plan = Plan { question, probes: Vec::new() };
    plan.read(Purpose::Baseline, SafeMethod::Get, &question.url, None);
    for role in [Role::Trusted, Role::Own, Role::Stranger, Role::Null] {
        of(role).for_each(|asker| plan.read(Purpose::Read, SafeMethod::Get, &question.url, Some(asker)));
    }
    let stranger = of(Role::Stranger).next();
    plan.read(Purpose::ReadWithCookie, SafeMethod::Get, &question.url, stranger);
    // Whose preflights tell what is granted: where nobody is named, a stranger's do if all are allowed.
    let named = if question.trusted.is_empty() { Role::Own } else { Role::Trusted };
    for asker in of(named).chain(stranger) {
        plan.preflights(asker);
    }
    for asker in of(Role::Null) {
        let method = question.methods_asked().into_iter().find(|method| !method.is_cors_safelisted());
        plan.preflight(asker, method.unwrap_or(Method::PUT), &[], About::Method);
    }
    let lead = of(Role::Trusted).next().or(stranger);
    if let Some(lead) = lead {
        let no_method = Method::new(NO_METHOD.as_bytes()).expect("a token");
        plan.preflight(lead, no_method, &[], About::AnyMethod);
        plan.preflight(lead, Method::GET, &[NO_HEADER.to_owned()], About::AnyHeader);
        plan.preflight(lead, Method::PUT, &[], About::PrivateNetwork);
        plan.read(Purpose::Head, SafeMethod::Head, &question.url, Some(lead));
        plan.read(Purpose::NotFound, SafeMethod::Get, &not_there(&question.url), Some(lead));
    }
    for asker in &askers {
        if matches!(asker.role, Role::Trick(_) | Role::CodeHost | Role::Localhost) {
            plan.read(Purpose::Read, SafeMethod::Get, &question.url, Some(asker));
        }
    }
    plan.probes
}

/// Where nothing is.
fn not_there(url: &Url) -> Url {
    let mut path = url.path().trim_end_matches('/').to_owned();
    path.push_str("/sofetch-audit-not-there");
    url.with_path_only(&path)
}

/// Those of these names that ask for a preflight. NB: whether some do depends on their value; this is the usual one.
pub(crate) fn unsafe_names(header_names: &[String]) -> Vec<UnsafeName> {
    cors_unsafe_request_header_names(&headers_named(header_names))
}

/// A request's headers of these names.
pub(crate) fn headers_named(header_names: &[String]) -> HeaderList {
    let mut list = HeaderList::new();
    for name in header_names {
        let value = match &**name {
            "content-type" => "application/json",
            "range" => "bytes=-1",
            _ => "x",
        };
        list.append(name.clone().into_bytes(), value.as_bytes());
    }
    list
}

struct Plan<'a> {
    question: &'a AuditQuestion,
    probes: Vec<Probe>,
}

impl Plan<'_> {
    fn read(&mut self, purpose: Purpose, method: SafeMethod, url: &Url, asker: Option<&Asker>) {
        let mut headers = origin_headers(url, asker.map(|asker| &asker.origin));
        self.question
            .headers
            .iter()
            .for_each(|header| headers.append(header.name().to_vec(), header.value().clone()));
        if purpose == Purpose::ReadWithCookie && !headers.contains("Cookie") {
            headers.append("Cookie", "sofetch-audit=1");
        }
        self.probes.push(Probe { purpose, method, url: url.clone(), asker: asker.cloned(), headers });
    }

    /// A preflight for the origin alone, for each method, each header, and for all at once.
    fn preflights(&mut self, asker: &Asker) {
        let question = self.question;
        let methods: Vec<Method> = question
            .methods_asked()
            .into_iter()
            .filter(|method| !method.is_cors_safelisted() && !method.is_forbidden())
            .collect();
        let header_names = question.header_names_asked();
        let unsafe_names: Vec<String> =
            unsafe_names(&header_names).into_iter().map(|name| name.name).collect();
        self.preflight(asker, Method::GET, &[], About::Origin);
        for method in &methods {
            self.preflight(asker, method.clone(), &[], About::Method);
        }
        for name in &unsafe_names {
            self.preflight(asker, Method::GET, std::slice::from_ref(name), About::Header);
        }
        if !methods.is_empty() && !unsafe_names.is_empty() {
            self.preflight(asker, methods[0].clone(), &unsafe_names, About::Together);
        }
    }

    fn preflight(&mut self, asker: &Asker, method: Method, header_names: &[String], about: About) {
        // NB: no browser sends credentials with a preflight, the URL's neither.
        let url = &self.question.url.without_credentials();
        let mut headers = HeaderList::new();
        headers.append("Access-Control-Request-Method", method.as_str().as_bytes().to_vec());
        if !header_names.is_empty() {
            headers.append("Access-Control-Request-Headers", header_names.join(","));
        }
        if about == About::PrivateNetwork {
            headers.append("Access-Control-Request-Private-Network", "true");
        }
        for header in &origin_headers(url, Some(&asker.origin)) {
            headers.append(header.name().to_vec(), header.value().clone());
        }
        let ask = Ask { method, header_names: header_names.to_vec(), about };
        self.probes.push(Probe {
            purpose: Purpose::Preflight(ask),
            method: SafeMethod::Options,
            url: url.clone(),
            asker: Some(asker.clone()),
            headers,
        });
    }
}

/// What a browser says of who asks.
pub(crate) fn origin_headers(url: &Url, origin: Option<&Origin>) -> HeaderList {
    let mut headers = HeaderList::new();
    let Some(origin) = origin else { return headers };
    let site = if url.same_origin_with(origin) {
        "same-origin"
    } else if url.same_site_with(origin) {
        "same-site"
    } else {
        "cross-site"
    };
    headers.append("Origin", origin.serialize());
    headers.append("Sec-Fetch-Site", site);
    headers.append("Sec-Fetch-Mode", "cors");
    headers.append("Sec-Fetch-Dest", "empty");
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a URL of the tests")
    }

    fn header(probe: &Probe, name: &str) -> Option<String> {
        probe.headers.get(name).map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    #[test]
    fn a_plan_has_safe_methods_and_an_end() {
        let mut question = AuditQuestion::new(url("https://api.example.com/items?a=1"));
        let alone = plan(&question).len();
        assert!((40..90).contains(&alone), "{alone}");
        question.trusted =
            ["https://app.example.com", "https://other.example.org"].map(|text| url(text).origin()).to_vec();
        question.methods = vec![Method::GET, Method::DELETE];
        question.header_names = vec!["accept".to_owned(), "x-key".to_owned()];
        let plan = plan(&question);
        assert!(plan.len() < 120, "{}", plan.len());
        assert_eq!(plan[0].purpose, Purpose::Baseline);
        for probe in &plan {
            let preflight = matches!(probe.purpose, Purpose::Preflight(_));
            assert_eq!(probe.method == SafeMethod::Options, preflight);
            assert_eq!(header(probe, "Origin").is_some(), probe.asker.is_some());
        }
        let asked: Vec<(Option<String>, Option<String>)> = plan
            .iter()
            .filter(|probe| header(probe, "Origin").as_deref() == Some("https://other.example.org"))
            .filter(|probe| probe.method == SafeMethod::Options)
            .map(|probe| {
                (
                    header(probe, "Access-Control-Request-Method"),
                    header(probe, "Access-Control-Request-Headers"),
                )
            })
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            asked,
            [
                (some("GET"), None),
                (some("DELETE"), None),
                (some("GET"), some("x-key")),
                (some("DELETE"), some("x-key"))
            ],
            "what is safelisted asks for nothing"
        );
    }

    #[test]
    fn headers_of_the_owner_go_with_all_but_preflights() {
        let mut question = AuditQuestion::new(url("https://api.example.com/"));
        question.headers.append("Cookie", "a=hush");
        assert!(!format!("{question:?} {:?}", plan(&question)).contains("hush"));
        for probe in plan(&question) {
            let preflight = matches!(probe.purpose, Purpose::Preflight(_));
            assert_eq!(header(&probe, "Cookie").is_none(), preflight);
            assert!(probe.headers.get_all("Cookie").count() <= 1);
        }
    }

    #[test]
    fn sites_are_told_as_browsers_tell_them() {
        let question = AuditQuestion::new(url("https://api.example.com/"));
        let plan = plan(&question);
        for (origin, site) in [
            ("https://api.example.com", "same-origin"),
            ("https://sofetch-audit.example.com", "same-site"),
            ("http://api.example.com", "cross-site"),
            ("null", "cross-site"),
        ] {
            let probe = plan.iter().find(|probe| header(probe, "Origin").as_deref() == Some(origin));
            assert_eq!(header(probe.expect(origin), "Sec-Fetch-Site").as_deref(), Some(site), "{origin}");
        }
    }

    #[test]
    fn nothing_is_there() {
        assert_eq!(not_there(&url("https://a.test/x/?q#f")).path(), "/x/sofetch-audit-not-there");
        assert_eq!(not_there(&url("https://a.test/")).path(), "/sofetch-audit-not-there");
    }
}
