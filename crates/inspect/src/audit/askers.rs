//! In whose name an audit asks: the origins that are named, and those that are made up to show how a server compares.
//!
//! Every one is an origin that the URL parser lets stand, as browsers send no other. Hosts that are made up are under a
//! reserved name, but where the trick itself needs another: nobody is ever asked at one, it is only a header's value.

use sofetch_core::infrastructure::origins::{Host, Origin};
use sofetch_core::infrastructure::url::Url;

/// An origin that asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// It.
    pub origin: Origin,
    /// Why it asks.
    pub role: Role,
    /// The origin that it was made from, for a trick.
    pub of: Option<String>,
}

/// Why an origin asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is to be allowed.
    Trusted,
    /// It is the URL's own.
    Own,
    /// It has nothing to do with the server.
    Stranger,
    /// `null`.
    Null,
    /// Everybody may publish pages there.
    CodeHost,
    /// The user's own machine.
    Localhost,
    /// It looks like an allowed one.
    Trick(Trick),
}

impl Role {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Trusted => "trusted",
            Role::Own => "own",
            Role::Stranger => "stranger",
            Role::Null => "null",
            Role::CodeHost => "code-host",
            Role::Localhost => "localhost",
            Role::Trick(_) => "trick",
        }
    }
}

/// How an origin looks like an allowed one. The examples are for app.example.com.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// xample.com: a part of it.
    PartOf,
    /// evilexample.com.evil.test: it is in the middle.
    Contains,
    /// app.example.com.evil.test
    Prefix,
    /// evilexample.com
    Suffix,
    /// appxexample.com
    Dot,
    /// app.example.com_.evil.test
    Underscore,
    /// evil.com
    PublicSuffix,
    /// evil.app.example.com, evil.example.com
    Subdomain,
    /// http: in place of https:
    Http,
    /// Another port.
    Port,
    /// As with the underscore.
    Character(char),
}

const EVIL: &str = "sofetch-audit.example";

/// Where everybody may publish pages, or nearly.
const CODE_HOSTS: [&str; 14] = [
    "https://sofetch-audit.github.io",
    "https://sofetch-audit.gitlab.io",
    "https://sofetch-audit.pages.dev",
    "https://sofetch-audit.vercel.app",
    "https://sofetch-audit.netlify.app",
    "https://sofetch-audit.web.app",
    "https://sofetch-audit.herokuapp.com",
    "https://sofetch-audit.csb.app",
    "https://codepen.io",
    "https://cdpn.io",
    "https://jsfiddle.net",
    "https://fiddle.jshell.net",
    "https://jsbin.com",
    "https://repl.it",
];

/// Characters that the URL parser lets stand in a host, and that a sloppy pattern may take for the end of one.
const CHARACTERS: [char; 17] =
    ['-', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', '{', '}', '~', '"', '`'];

/// From how many allowed origins look-alikes are made.
const BASES: usize = 3;

/// All who ask for `url`, those first whose answers tell most; each origin once.
pub(crate) fn askers(url: &Url, trusted: &[Origin]) -> Vec<Asker> {
    let own = url.origin();
    let mut askers = Askers(Vec::new());
    for origin in trusted {
        askers.add(origin.clone(), Role::Trusted, None);
    }
    askers.add(own.clone(), Role::Own, None);
    askers.parsed(&format!("{}://{EVIL}", url.scheme()), Role::Stranger, None);
    askers.add(Origin::new_opaque(), Role::Null, None);
    let mut bases: Vec<&Origin> = Vec::new();
    for origin in trusted.iter().chain([&own]) {
        let registrable = origin.host().is_some_and(|host| host.registrable_domain().is_some());
        if registrable && !bases.iter().any(|base| base.host() == origin.host()) {
            bases.push(origin);
        }
    }
    bases.truncate(BASES);
    for base in &bases {
        tricks(&mut askers, base);
    }
    for host in CODE_HOSTS {
        askers.parsed(host, Role::CodeHost, None);
    }
    if !is_private(url.host().as_ref()) {
        askers.parsed("http://localhost:3000", Role::Localhost, None);
    }
    if let Some((scheme, host, base)) = bases.first().and_then(|base| parts(base)) {
        for character in CHARACTERS {
            let like = format!("{scheme}://{host}{character}.{EVIL}");
            askers.parsed(&like, Role::Trick(Trick::Character(character)), Some(&base));
        }
    }
    askers.0
}

fn parts(base: &Origin) -> Option<(&str, &str, String)> {
    let Some(Host::Domain(host)) = base.host() else { return None };
    Some((base.scheme()?, host, base.serialize()))
}

/// What looks like this origin.
fn tricks(askers: &mut Askers, base: &Origin) {
    let Some((scheme, host, of)) = parts(base) else { return };
    let Some(domain) = base.host().and_then(Host::registrable_domain) else { return };
    let mut trick = |like: String, trick: Trick| askers.parsed(&like, Role::Trick(trick), Some(&of));
    trick(format!("{scheme}://sofetchaudit{domain}.{EVIL}"), Trick::Contains);
    trick(format!("{scheme}://{host}.{EVIL}"), Trick::Prefix);
    trick(format!("{scheme}://sofetchaudit{domain}"), Trick::Suffix);
    trick(format!("{scheme}://{}", &domain[1..]), Trick::PartOf);
    if host.matches('.').count() > 1 {
        trick(format!("{scheme}://{}", host.replacen('.', "x", 1)), Trick::Dot);
    }
    trick(format!("{scheme}://{host}_.{EVIL}"), Trick::Underscore);
    if let Some(suffix) = base.host().and_then(Host::public_suffix) {
        trick(format!("{scheme}://sofetch-audit.{suffix}"), Trick::PublicSuffix);
    }
    trick(format!("{scheme}://sofetch-audit.{host}"), Trick::Subdomain);
    trick(format!("{scheme}://sofetch-audit.{domain}"), Trick::Subdomain);
    if scheme == "https" {
        trick(format!("http://{host}"), Trick::Http);
    }
    trick(format!("{scheme}://{host}:44344"), Trick::Port);
}

struct Askers(Vec<Asker>);

impl Askers {
    fn add(&mut self, origin: Origin, role: Role, of: Option<&str>) {
        let known = self.0.iter().any(|asker| asker.origin.as_str() == origin.as_str());
        if !known {
            self.0.push(Asker { origin, role, of: of.map(str::to_owned) });
        }
    }

    /// What the URL parser refuses, no browser can ask as.
    fn parsed(&mut self, said: &str, role: Role, of: Option<&str>) {
        let origin = Url::parse(said, None).map(|url| url.origin());
        if let Ok(origin @ Origin::Tuple(_)) = origin {
            self.add(origin, role, of);
        }
    }
}

/// Is this a host that only its own network reaches, by what its name says?
pub(crate) fn is_private(host: Option<&Host>) -> bool {
    match host {
        Some(Host::Ipv4(ip)) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        Some(Host::Ipv6(ip)) => {
            let local = matches!(ip.segments()[0] & 0xFFC0, 0xFE80) || ip.segments()[0] & 0xFE00 == 0xFC00;
            let mapped = ip.to_ipv4_mapped().is_some_and(|ip| is_private(Some(&Host::Ipv4(ip))));
            ip.is_loopback() || ip.is_unspecified() || local || mapped
        }
        Some(host @ Host::Domain(domain)) => {
            let domain = domain.strip_suffix('.').unwrap_or(domain);
            let under = |top: &str| domain.strip_suffix(top).is_some_and(|rest| rest.ends_with('.'));
            host.is_localhost()
                || !domain.contains('.')
                || ["local", "internal", "lan", "home.arpa"].into_iter().any(under)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a URL of the tests")
    }

    fn of_role(askers: &[Asker], role: Role) -> Vec<String> {
        askers.iter().filter(|asker| asker.role == role).map(|asker| asker.origin.serialize()).collect()
    }

    #[test]
    fn look_alikes_of_a_host() {
        let askers = askers(&url("https://app.example.com/x"), &[]);
        let table = [
            (Trick::Contains, "https://sofetchauditexample.com.sofetch-audit.example"),
            (Trick::Prefix, "https://app.example.com.sofetch-audit.example"),
            (Trick::Suffix, "https://sofetchauditexample.com"),
            (Trick::PartOf, "https://xample.com"),
            (Trick::Dot, "https://appxexample.com"),
            (Trick::Underscore, "https://app.example.com_.sofetch-audit.example"),
            (Trick::PublicSuffix, "https://sofetch-audit.com"),
            (Trick::Http, "http://app.example.com"),
            (Trick::Port, "https://app.example.com:44344"),
            (Trick::Character('`'), "https://app.example.com`.sofetch-audit.example"),
        ];
        for (trick, origin) in table {
            assert_eq!(of_role(&askers, Role::Trick(trick)), [origin], "{trick:?}");
        }
        assert_eq!(
            of_role(&askers, Role::Trick(Trick::Subdomain)),
            ["https://sofetch-audit.app.example.com", "https://sofetch-audit.example.com"]
        );
        assert_eq!(of_role(&askers, Role::Null), ["null"]);
        assert_eq!(of_role(&askers, Role::Own), ["https://app.example.com"]);
    }

    #[test]
    fn a_public_suffix_of_strangers_names() {
        let askers = askers(&url("https://app.github.io/"), &[]);
        assert_eq!(of_role(&askers, Role::Trick(Trick::PublicSuffix)), ["https://sofetch-audit.github.io"]);
        assert_eq!(of_role(&askers, Role::Trick(Trick::Suffix)), ["https://sofetchauditapp.github.io"]);
    }

    #[test]
    fn each_origin_asks_once_and_those_that_are_named_come_first() {
        let named = [url("https://app.example.com").origin(), url("http://api.example.com").origin()];
        let askers = askers(&url("https://api.example.com/"), &named);
        assert_eq!(askers[0].role, Role::Trusted);
        assert_eq!(of_role(&askers, Role::Trick(Trick::Http)), ["http://app.example.com"]);
        let mut origins: Vec<String> = askers.iter().map(|asker| asker.origin.serialize()).collect();
        let count = origins.len();
        origins.sort();
        origins.dedup();
        assert_eq!(origins.len(), count);
        assert!(count < 90, "{count}");
    }

    #[test]
    fn addresses_and_single_labels_have_no_look_alikes() {
        for text in ["http://127.0.0.1:8080/", "http://localhost/", "https://[::1]/"] {
            let askers = askers(&url(text), &[]);
            assert!(
                !askers.iter().any(|asker| matches!(asker.role, Role::Trick(_) | Role::Localhost)),
                "{text}"
            );
        }
    }

    #[test]
    fn private_hosts() {
        for (text, private) in [
            ("http://localhost", true),
            ("http://a.localhost", true),
            ("http://127.9.9.9", true),
            ("http://10.0.0.1", true),
            ("http://192.168.1.1", true),
            ("http://169.254.1.1", true),
            ("http://[::1]", true),
            ("http://[fe80::1]", true),
            ("http://[fd00::1]", true),
            ("http://[::ffff:10.0.0.1]", true),
            ("http://printer", true),
            ("http://printer.local", true),
            ("http://db.internal.", true),
            ("http://8.8.8.8", false),
            ("http://[2001:db8::1]", false),
            ("http://local.example.com", false),
            ("http://notlocal.com", false),
        ] {
            assert_eq!(is_private(url(text).host().as_ref()), private, "{text}");
        }
    }
}
