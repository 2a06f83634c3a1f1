//! The audit's rules as one table: what each is called, how much harm it does, why, and what to do.
//!
//! Nothing is judged here: the files beside find, these are the words. `docs/audit.md` is written from it. Long, because it
//! is one table.

use std::fmt;

const FETCH: &str = "https://fetch.spec.whatwg.org/";

/// How much harm a finding does, by what a stranger can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Wasteful or fragile.
    Low,
    /// Broken, or harmful under conditions.
    Medium,
    /// To be used by a stranger who prepares for it.
    High,
    /// To be used by everybody.
    Critical,
}

impl Severity {
    /// From the gravest to the lightest.
    pub const ALL: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// What it means, in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Severity::Critical => "Every page on the web acts and reads as the user.",
            Severity::High => {
                "A stranger acts or reads as the user, once he has a name of his choice, or the right browser."
            }
            Severity::Medium => {
                "Something does not work as is evidently meant, or harms under conditions that are common."
            }
            Severity::Low => {
                "Something is wasted or fragile, or a stranger gains what he could also fetch himself."
            }
            Severity::Info => "No harm: something that could be left out, or that is good to know.",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the table says of one rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleFacts {
    /// The rule.
    pub rule: Rule,
    /// Its name for machines; never given to another rule.
    pub id: &'static str,
    /// How grave it is: where cookies go along, if that makes a difference.
    pub severity: Severity,
    /// How grave it is where none go along, if that makes a difference.
    pub anonymous: Option<Severity>,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// What can come of it.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    anchor: &'static str,
}

impl RuleFacts {
    /// Where the law stands.
    pub fn anchor(&self) -> String {
        match self.anchor.strip_prefix('#') {
            Some(_) => format!("{FETCH}{}", self.anchor),
            None => self.anchor.to_owned(),
        }
    }
}

macro_rules! rules {
    ($($rule:ident $id:literal $severity:ident $(/ $anonymous:ident)?, $anchor:literal,
        $title:literal, $why:literal, $fix:literal;)+) => {
        /// A rule of the audit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $title] $rule,)+
        }

        /// Every rule, in the order of [`Rule`].
        pub static RULES: &[RuleFacts] = &[$(RuleFacts {
            rule: Rule::$rule,
            id: $id,
            severity: Severity::$severity,
            anonymous: rules!(@anonymous $($anonymous)?),
            title: $title,
            why: $why,
            fix: $fix,
            anchor: $anchor,
        },)+];
    };
    (@anonymous) => { None };
    (@anonymous $anonymous:ident) => { Some(Severity::$anonymous) };
}

impl Rule {
    /// What the table says of it.
    pub fn facts(self) -> &'static RuleFacts {
        &RULES[self as usize]
    }

    /// How grave it is with or without credentials.
    pub fn severity(self, credentials: bool) -> Severity {
        let facts = self.facts();
        match facts.anonymous {
            Some(anonymous) if !credentials => anonymous,
            _ => facts.severity,
        }
    }
}

rules! {
    OriginReflected "origin-reflected" Critical / Low, "#cors-protocol-and-credentials",
        "Any origin is allowed: Access-Control-Allow-Origin repeats whatever asks",
        "With Access-Control-Allow-Credentials every page that a user visits reads this answer as that user. Without, it is `*` in more words.",
        "Compare Origin with a list of whole origins and repeat it only if it is in there; send `*` where everybody may read.";
    OriginReflectedWithCookies "origin-reflected-with-cookies" Critical / Low, "#cors-protocol-and-credentials",
        "Any origin is allowed as soon as the request has a cookie",
        "Some frameworks turn `*` into the asking origin when they see a cookie, since browsers refuse `*` there: a refusal that protected users becomes a grant.",
        "List the origins that may send credentials, or leave Access-Control-Allow-Credentials out.";
    NullAllowed "null-allowed" Critical / Low, "#append-a-request-origin-header",
        "The origin `null` is allowed",
        "Every page can ask as `null`, from a sandboxed frame: this is as good as any origin.",
        "Take `null` from the list; serve local test pages from http://localhost.";
    OriginSubstringMatched "origin-substring-matched" High / Low, "#concept-cors-check",
        "An origin is allowed because it contains an allowed name, or is contained in one",
        "Whoever registers a name that contains (or is a part of) the allowed one is allowed.",
        "Compare whole origins for equality, not parts of text.";
    OriginPrefixMatched "origin-prefix-matched" High / Low, "#concept-cors-check",
        "An origin is allowed because it begins like an allowed one",
        "Anybody can make app.example.com.evil.test: the beginning of a host says nothing of its owner.",
        "Compare whole origins for equality; end a regular expression with `$`.";
    OriginSuffixMatched "origin-suffix-matched" High / Low, "#concept-cors-check",
        "An origin is allowed because it ends like an allowed one",
        "Anybody can register evilexample.com, which ends with example.com.",
        "Compare whole origins for equality; for subdomains compare with the dot before the name.";
    OriginDotUnescaped "origin-dot-unescaped" High / Low, "#concept-cors-check",
        "A dot of the allowed origin stands for any character",
        "In a regular expression `.` matches everything: appxexample.com passes for app.example.com, and anybody can register it.",
        "Escape the dots (`\\.`), or compare whole origins for equality.";
    OriginUnderscoreMatched "origin-underscore-matched" High / Low, "#concept-cors-check",
        "An underscore after the allowed host is not seen as part of the name",
        "Browsers load pages of hosts with underscores: app.example.com_.evil.test is under evil.test.",
        "Compare whole origins for equality.";
    OriginCharacterMatched "origin-character-matched" Medium / Low, "#concept-cors-check",
        "A special character after the allowed host is not seen as part of the name",
        "Some browsers load pages of hosts with such characters, and the name belongs to whoever owns its end.",
        "Compare whole origins for equality.";
    PublicSuffixSubdomainAllowed "public-suffix-subdomain-allowed" High / Low, "https://url.spec.whatwg.org/#host-public-suffix",
        "Every name under a public suffix is allowed",
        "Anybody can have a name under a public suffix, such as com or github.io.",
        "List whole origins; a wildcard must stand before a name that is yours.";
    CodeHostAllowed "code-host-allowed" High / Low, "#concept-cors-check",
        "A host on which everybody may publish pages is allowed",
        "Scripts of strangers run under this origin: whatever it may read, they may.",
        "Take it from the list; for tests use an origin of your own.";
    AnySubdomainAllowed "any-subdomain-allowed" Medium / Info, "#concept-cors-check",
        "Every subdomain is allowed",
        "One subdomain with a script injection, or one whose DNS record points to a service that was given up, reads as the user. They are of the same site, so that SameSite cookies go along.",
        "List the subdomains that need it.";
    HttpOriginAllowed "http-origin-allowed" Medium / Low, "https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy",
        "An origin over plain http is allowed to read what is served over https",
        "Who sits on the network path writes scripts into http pages: TLS protects this answer no longer.",
        "Allow https origins only.";
    PortIgnored "origin-port-ignored" Low / Info, "https://html.spec.whatwg.org/#same-origin",
        "Any port of an allowed host is allowed",
        "Another server on that host, perhaps of other people, may read as well.",
        "Compare whole origins, port included.";
    LocalhostAllowed "localhost-allowed" Low / Info, "#concept-cors-check",
        "http://localhost is allowed",
        "Whatever serves pages on the user's own machine may read; a setting of development has reached this server.",
        "Allow localhost in development alone.";
    PreflightGrantsStranger "preflight-grants-stranger" High / Low, "#cors-preflight-fetch-0",
        "A stranger's preflight is granted, though he may not read the answer",
        "The browser then sends the request itself, and the server acts on it: that nobody can read the answer does not undo a DELETE.",
        "Judge the origin of a preflight by the same list as that of a request, and check Origin again before acting.";
    PrivateAddressOpen "private-address-open" Medium, "https://wicg.github.io/local-network-access/",
        "A server at a private address lets any public page read",
        "Pages of the web reach what their users' machines reach; where a browser does not ask for permission, they read it.",
        "Name the origins that need it.";
    CredentialsOverHttp "credentials-over-http" Medium, "#http-access-control-allow-credentials",
        "Credentials are allowed over plain http",
        "Cookies and answers can be read and altered by who sits on the network path.",
        "Serve over https and redirect http there.";
    WildcardDespiteOrigins "wildcard-despite-origins" Low, "#http-access-control-allow-origin",
        "Everybody may read, though origins were named",
        "`*` allows all origins, and not only those that were named with --origin.",
        "Repeat Origin if it is in the list, with `Vary: Origin`; or name no origins if this is public.";
    UnexpectedOriginAllowed "unexpected-origin-allowed" Low, "#http-access-control-allow-origin",
        "An origin is allowed that was not named",
        "It may read the answer, whoever asks.",
        "Take it from the configuration, or name it with --origin.";
    WildcardWithCredentials "wildcard-with-credentials" Low, "#cors-protocol-and-credentials",
        "`*` stands beside Access-Control-Allow-Credentials",
        "No browser sends credentials on these terms, so one of the two does nothing; who repairs it by repeating Origin opens it to all.",
        "Leave Access-Control-Allow-Credentials out, or list origins in place of `*`.";
    TrustedOriginRefused "trusted-origin-refused" Medium, "#concept-cors-check",
        "An origin that should be allowed is refused",
        "Scripts of that origin cannot read the answer.",
        "Send Access-Control-Allow-Origin with exactly this origin (scheme, host, port, no slash).";
    TrustedCredentialsRefused "trusted-credentials-refused" Medium, "#cors-protocol-and-credentials",
        "An origin that should be allowed with credentials is allowed only without",
        "A request with credentials \"include\" fails.",
        "Send the origin itself and `Access-Control-Allow-Credentials: true`, on preflights too.";
    ErrorWithoutCors "error-without-cors" Medium, "#concept-cors-check",
        "An error is answered without CORS headers",
        "Scripts see a TypeError in place of the status, and cannot ask the user to log in.",
        "Set the headers outside of what fails: middleware outermost, `always` in nginx's add_header.";
    NotFoundWithoutCors "not-found-without-cors" Low, "#concept-cors-check",
        "What is not found is answered without CORS headers",
        "Scripts see a TypeError in place of a 404.",
        "Set the headers on error pages too.";
    RedirectWithoutCors "redirect-without-cors" Medium, "#http-redirect-fetch",
        "A redirect is answered without CORS headers",
        "Each redirect is CORS-checked: scripts do not come to its target.",
        "Set the headers on redirects too, or use the final URL.";
    HeadDisagrees "head-disagrees" Low, "#concept-cors-check",
        "HEAD and GET allow different origins",
        "HEAD is to answer with the headers of GET.",
        "Set CORS headers by origin, not by method.";
    GrantedThenRefused "granted-then-refused" Medium, "#cors-preflight-fetch-0",
        "The preflight is granted and the answer refused",
        "The request is sent and acted on, and the script sees an error.",
        "Send Access-Control-Allow-Origin on answers as on preflights.";
    PreflightRefusesOrigin "preflight-refuses-origin" Medium, "#cors-preflight-fetch-0",
        "The answer is allowed and the preflight refused",
        "Only requests that need no preflight work.",
        "Answer OPTIONS with the same Access-Control-Allow-Origin as GET.";
    CredentialsDisagree "credentials-disagree" Low, "#cors-protocol-and-credentials",
        "Preflight and answer differ in Access-Control-Allow-Credentials",
        "A request with credentials fails at the one that lacks it.",
        "Send it on both or on neither.";
    PreflightNeedsCredentials "preflight-needs-credentials" Medium, "#cors-protocol-and-credentials",
        "Preflights are asked to authenticate",
        "Browsers never send credentials with a preflight: it fails for everybody.",
        "Answer OPTIONS before authentication.";
    PreflightRedirected "preflight-redirected" Medium, "#cors-preflight-fetch-0",
        "Preflights are redirected",
        "No browser follows a preflight's redirect; a login page, a slash or https is often the cause.",
        "Use the final URL, or answer OPTIONS before redirecting.";
    PreflightNotRouted "preflight-not-routed" Medium, "#cors-preflight-fetch-0",
        "Preflights do not reach what answers them",
        "A status that is not 2xx refuses, whatever the headers say.",
        "Route OPTIONS to the CORS handler and answer 204.";
    PreflightFails "preflight-fails" Medium, "#cors-preflight-fetch-0",
        "Preflights are answered with an error",
        "A status that is not 2xx refuses, whatever the headers say.",
        "Answer OPTIONS with 204.";
    MethodRefused "method-refused" Medium, "#http-access-control-allow-methods",
        "A method that should be allowed is refused",
        "Requests with this method fail at the preflight.",
        "List it in Access-Control-Allow-Methods, in upper case.";
    HeaderRefused "header-refused" Medium, "#http-access-control-allow-headers",
        "A request header that should be allowed is refused",
        "Requests with this header fail at the preflight.",
        "List it in Access-Control-Allow-Headers.";
    WildcardWithoutAuthorization "wildcard-without-authorization" Low, "#cors-non-wildcard-request-header-name",
        "`*` is to allow Authorization, and does not",
        "The Standard asks for its name. Browsers still let it pass, and some do not remember the preflight, so that each request has one.",
        "List Authorization beside `*`.";
    WildcardListWithCredentials "wildcard-list-with-credentials" Low, "#cors-protocol-and-credentials",
        "`*` stands in a list beside Access-Control-Allow-Credentials",
        "With credentials it is a name like any other and allows or exposes nothing.",
        "List methods and headers by name.";
    UnparsableList "unparsable-list" Medium, "#extract-header-list-values",
        "A list of methods or headers cannot be read",
        "A preflight with such a list is refused; a list of exposed headers exposes none.",
        "Write tokens with commas between: no quotes, no blanks within.";
    MethodsReflected "methods-reflected" Low, "#http-access-control-allow-methods",
        "Any method is allowed: the list repeats what was asked",
        "Methods that nobody thought of reach the server from allowed origins.",
        "List the methods that exist.";
    HeadersReflected "headers-reflected" Low, "#http-access-control-allow-headers",
        "Any request header is allowed: the list repeats what was asked",
        "Headers that proxies and frameworks obey, such as method overrides, reach the server from allowed origins.",
        "List the headers that are needed.";
    MethodInWrongCase "method-in-wrong-case" Low, "#concept-method-normalize",
        "A method is listed in a case in which nobody asks for it",
        "Methods are compared byte for byte, and browsers send them in upper case.",
        "Write it in upper case.";
    ForbiddenMethodListed "forbidden-method-listed" Low, "#forbidden-method",
        "A method is allowed that no script can use",
        "CONNECT, TRACE and TRACK are refused by every browser; the list was not written with care.",
        "Take it from the list.";
    UnneededHeaderListed "unneeded-header-listed" Low, "#forbidden-request-header",
        "Access-Control-Allow-Headers lists what no script can send",
        "Forbidden request headers (Cookie, Host, Origin ...) and response headers are never asked for.",
        "Take them from the list.";
    UnreadableHeaderExposed "unreadable-header-exposed" Low, "#forbidden-response-header-name",
        "Set-Cookie is exposed",
        "No script can read it, whatever is said.",
        "Take it from Access-Control-Expose-Headers.";
    MaxAgeMissing "max-age-missing" Low, "#http-access-control-max-age",
        "Preflights have no Access-Control-Max-Age",
        "Browsers remember them for 5 seconds: nearly every request has one.",
        "Send `Access-Control-Max-Age: 7200`: Chromium remembers no longer.";
    MaxAgeInvalid "max-age-invalid" Low, "#http-access-control-max-age",
        "Access-Control-Max-Age is no number of seconds",
        "The default of 5 seconds applies.",
        "Send digits alone, once.";
    MaxAgeZero "max-age-zero" Info, "#http-access-control-max-age",
        "Preflights are not to be remembered",
        "Each request that needs one has one.",
        "Unless the policy changes by the minute, send `Access-Control-Max-Age: 7200`.";
    MaxAgeOverCaps "max-age-over-caps" Low, "#http-access-control-max-age",
        "Access-Control-Max-Age is longer than any browser remembers",
        "Chromium stops at 7200 seconds, Firefox at 86400, WebKit at 600; a mistake in the policy lasts as long.",
        "Send at most 86400.";
    DoubledAllowOrigin "doubled-allow-origin" Medium, "#concept-cors-check",
        "Access-Control-Allow-Origin is sent more than once",
        "The values are joined by a comma and match no origin: every browser refuses. Often a proxy and the application both set it.",
        "Set it in one place.";
    DoubledHeader "doubled-header" Low, "#http-new-header-syntax",
        "A CORS header is sent more than once",
        "Joined by a comma it has no meaning.",
        "Set it in one place.";
    AllowOriginList "allow-origin-list" Medium, "#http-access-control-allow-origin",
        "Access-Control-Allow-Origin lists several origins",
        "It has one origin or `*`; a list matches nobody.",
        "Repeat Origin if it is in your list, with `Vary: Origin`.";
    InvalidAllowOrigin "invalid-allow-origin" Medium, "#http-access-control-allow-origin",
        "Access-Control-Allow-Origin is no origin",
        "It is compared byte for byte with a serialized origin: a path, a missing scheme, a pattern or a capital matches nobody.",
        "Send scheme, host and port, as Origin has them.";
    AllowCredentialsNotTrue "allow-credentials-not-true" Low, "#http-access-control-allow-credentials",
        "Access-Control-Allow-Credentials is not `true`",
        "Only `true` in lower case means anything.",
        "Send `true`, or leave it out.";
    VaryOriginMissing "vary-origin-missing" Medium, "#cors-protocol-and-http-caches",
        "The answer for one origin does not say `Vary: Origin`",
        "A cache gives it to other origins, whose browsers refuse it; a stranger can fill the cache so that nobody can read.",
        "Send `Vary: Origin` whenever the answer depends on it.";
    VaryOriginMissingElsewhere "vary-origin-missing-elsewhere" Low, "#cors-protocol-and-http-caches",
        "Answers without an allowed origin do not say `Vary: Origin`, though others depend on it",
        "A cache that stored the answer to a simple link gives it to scripts, which are refused then.",
        "Send `Vary: Origin` on every answer of this URL.";
    CredentialedAnswerCacheable "credentialed-answer-cacheable" Medium, "https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.9",
        "Shared caches may store an answer that is allowed with credentials",
        "What is made for one user may be given to another.",
        "Send `Cache-Control: private` or `no-store`.";
    CookiesStayAtHome "cookies-stay-at-home" Info, "https://www.rfc-editor.org/rfc/rfc6265#section-4.1",
        "Credentials are allowed, but the cookies set here do not go along from other sites",
        "Without `SameSite=None; Secure` a cookie is not sent with another site's fetch.",
        "Say `SameSite=None; Secure` if allowed origins of other sites need them; leave Access-Control-Allow-Credentials out if not.";
    PreflightHeadersOnAnswers "preflight-headers-on-answers" Info, "#http-responses",
        "Answers carry headers that only preflights need",
        "Access-Control-Allow-Methods, -Headers and -Max-Age mean nothing outside of preflights.",
        "Send them on preflights alone.";
    PrivateNetworkHeader "private-network-header" Low, "https://wicg.github.io/local-network-access/",
        "Access-Control-Allow-Private-Network is sent",
        "Browsers ask their users now, and no longer the server: it does nothing, and older ones open private networks by it.",
        "Take it away.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_is_whole() {
        let mut seen = HashSet::new();
        for (index, facts) in RULES.iter().enumerate() {
            assert_eq!(facts.rule as usize, index, "{}", facts.id);
            assert!(seen.insert(facts.id), "{} twice", facts.id);
            assert!(facts.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", facts.id);
            assert!(facts.anonymous.is_none_or(|anonymous| anonymous < facts.severity), "{}", facts.id);
            assert!(!facts.title.ends_with('.'), "{}: a title is no sentence", facts.id);
            for sentence in [facts.why, facts.fix] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", facts.id);
            }
            assert!(facts.anchor().starts_with("https://"), "{}", facts.id);
        }
    }

    #[test]
    fn anchors_of_the_standard_are_there() {
        let known: HashSet<&str> = include_str!("../../../../spec/anchors.tsv")
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        for facts in RULES {
            if let Some(anchor) = facts.anchor.strip_prefix('#') {
                assert!(known.contains(anchor), "{}: {anchor}", facts.id);
            }
        }
    }

    #[test]
    fn severities_are_in_order() {
        assert!(Severity::ALL.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(format!("{:>8}", Severity::Low), "     low");
        assert_eq!(Rule::NullAllowed.severity(true), Severity::Critical);
        assert_eq!(Rule::NullAllowed.severity(false), Severity::Low);
        assert_eq!(Rule::MethodRefused.severity(false), Severity::Medium);
    }
}
