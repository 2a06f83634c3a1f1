//! [HTTP Strict Transport Security](https://www.rfc-editor.org/rfc/rfc6797): parsing the header, the known hosts, matching
//! them, and main fetch's step that asks.
//!
//! [`HstsHosts`] is state without IO: a store wraps it. Only a header that came over secure transport may be noted, and
//! only the first of a response; its callers see to that.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::infrastructure::methods::is_token;
use crate::infrastructure::timing::WallTime;
use crate::infrastructure::url::Url;
use crate::rules::verdict::{Verdict, said};

/// [Known HSTS host domain name matching](https://www.rfc-editor.org/rfc/rfc6797#section-8.2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HstsMatch {
    /// Not a known host.
    Unknown,
    /// The host itself is known.
    Congruent,
    /// A superdomain is known, with includeSubDomains.
    Superdomain {
        /// Which.
        domain: String,
    },
}

/// The verdict of [`hsts_upgrade`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HstsUpgrade {
    /// The scheme is not `http`.
    NotHttp,
    /// The host is not a domain.
    NotDomain,
    /// The public suffix is `localhost`.
    Localhost,
    /// The host is not known.
    Unknown,
    /// The scheme becomes `https`.
    Upgraded {
        /// Through which entry.
        by: HstsMatch,
    },
}

impl Verdict for HstsUpgrade {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-main-fetch";
    fn blocks(&self) -> bool {
        false
    }
}

/// Main fetch's step 10: does the URL become an `https` one because its host is known?
///
/// A caller who must look the host up asks with [`HstsMatch::Unknown`] first: any other answer than
/// [`HstsUpgrade::Unknown`] needs no look-up.
// SKIPS 10: an HTTPS resource record could upgrade too; a resolver that asks for one would add a variant.
pub fn hsts_upgrade(url: &Url, known: &HstsMatch) -> HstsUpgrade {
    if url.scheme() != "http" {
        return HstsUpgrade::NotHttp;
    }
    if !url.has_domain() {
        return HstsUpgrade::NotDomain;
    }
    // Only what ends so can have that for its suffix.
    let maybe_local = url.hostname().trim_end_matches('.').ends_with("localhost");
    if maybe_local
        && let Some(host) = url.host()
        && matches!(host.public_suffix(), Some("localhost" | "localhost."))
    {
        return HstsUpgrade::Localhost;
    }
    match known {
        HstsMatch::Unknown => HstsUpgrade::Unknown,
        by => HstsUpgrade::Upgraded { by: by.clone() },
    }
}

/// [`Strict-Transport-Security`](https://www.rfc-editor.org/rfc/rfc6797#section-6.1), parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StrictTransportSecurity {
    /// Seconds; 0 asks to be forgotten.
    pub max_age: u64,
    /// Are the subdomains meant too?
    pub include_sub_domains: bool,
}

/// Why a `Strict-Transport-Security` header is ignored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HstsHeaderFault {
    /// No `max-age`.
    NoMaxAge,
    /// A `max-age` that is not digits, or has no value.
    InvalidMaxAge {
        /// The value.
        said: String,
    },
    /// `includeSubDomains` takes no value.
    IncludeSubDomainsWithValue,
    /// A directive that we know stands twice.
    Duplicate {
        /// Its name, in lower case.
        name: String,
    },
    /// Not the grammar.
    Syntax {
        /// The directive where it breaks.
        said: String,
    },
}

impl StrictTransportSecurity {
    /// Parses one header's value, by [section 6.1](https://www.rfc-editor.org/rfc/rfc6797#section-6.1).
    pub fn parse(value: &[u8]) -> Result<StrictTransportSecurity, HstsHeaderFault> {
        let (mut max_age, mut include_sub_domains) = (None, false);
        let mut rest = value;
        loop {
            let (directive, after) = split_directive(rest);
            let directive = directive.trim_ascii();
            // Empty directives are in the grammar.
            if !directive.is_empty() {
                let (name, argument) = parse_directive(directive)
                    .ok_or_else(|| HstsHeaderFault::Syntax { said: said(directive) })?;
                if name.eq_ignore_ascii_case(b"max-age") {
                    if max_age.is_some() {
                        return Err(HstsHeaderFault::Duplicate { name: "max-age".to_owned() });
                    }
                    let argument = argument.unwrap_or_default();
                    max_age = Some(
                        delta_seconds(&argument)
                            .ok_or_else(|| HstsHeaderFault::InvalidMaxAge { said: said(&argument) })?,
                    );
                } else if name.eq_ignore_ascii_case(b"includesubdomains") {
                    if include_sub_domains {
                        return Err(HstsHeaderFault::Duplicate { name: "includesubdomains".to_owned() });
                    }
                    if argument.is_some() {
                        return Err(HstsHeaderFault::IncludeSubDomainsWithValue);
                    }
                    include_sub_domains = true;
                }
                // NB: others are ignored, even twice: a host that says more than we know still means its max-age.
            }
            match after {
                Some(after) => rest = after,
                None => break,
            }
        }
        let max_age = max_age.ok_or(HstsHeaderFault::NoMaxAge)?;
        Ok(StrictTransportSecurity { max_age, include_sub_domains })
    }
}

/// Up to the next `;` outside a quoted string, and what follows it.
fn split_directive(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (mut quoted, mut escaped) = (false, false);
    for (index, &byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => return (&value[..index], Some(&value[index + 1..])),
            _ => {}
        }
    }
    (value, None)
}

type Directive<'a> = (&'a [u8], Option<Cow<'a, [u8]>>);

/// `name`, `name=token` or `name="quoted"`; the value without its quotes.
fn parse_directive(directive: &[u8]) -> Option<Directive<'_>> {
    let Some(equals) = directive.iter().position(|&byte| byte == b'=') else {
        return is_token(directive).then_some((directive, None));
    };
    let (name, argument) = (directive[..equals].trim_ascii_end(), directive[equals + 1..].trim_ascii_start());
    if !is_token(name) {
        return None;
    }
    match argument.strip_prefix(b"\"") {
        None => is_token(argument).then_some((name, Some(Cow::Borrowed(argument)))),
        Some(quoted) => Some((name, Some(unquote(quoted.strip_suffix(b"\"")?)?))),
    }
}

/// The inside of a quoted string; `None` where a quote stands in it unescaped, or its end is escaped.
fn unquote(inside: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !inside.iter().any(|byte| matches!(byte, b'"' | b'\\')) {
        return Some(Cow::Borrowed(inside));
    }
    let mut unquoted = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => return None,
            b'\\' => unquoted.push(*bytes.next()?),
            byte => unquoted.push(byte),
        }
    }
    Some(Cow::Owned(unquoted))
}

/// One digit or more; more than fits is as long as fits.
fn delta_seconds(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits.iter().fold(0, |seconds: u64, digit| {
            seconds.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        }),
    )
}

/// What [`HstsHosts::note`] did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HstsNoted {
    /// The host is known from now on, as the header says.
    Known {
        /// What the header says.
        policy: StrictTransportSecurity,
    },
    /// `max-age=0`: the host's own entry, if there was one, is gone.
    Forgotten,
    /// An IP address is never a known host.
    NotDomain,
    /// The header is ignored; what was known stays.
    Ignored {
        /// Why.
        fault: HstsHeaderFault,
    },
}

/// [The known HSTS hosts](https://www.rfc-editor.org/rfc/rfc6797#section-8.1): one entry a host, no more than a limit.
#[derive(Clone, Debug)]
pub struct HstsHosts {
    entries: HashMap<Arc<str>, Entry>,
    /// The same entries by expiry, so that the first to go is found without a walk.
    by_expiry: BTreeSet<(WallTime, Arc<str>)>,
    limit: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    expires: WallTime,
    include_sub_domains: bool,
}

impl HstsHosts {
    /// None known. Beyond `limit` entries the one that expires first makes room.
    pub fn new(limit: usize) -> HstsHosts {
        HstsHosts { entries: HashMap::new(), by_expiry: BTreeSet::new(), limit }
    }

    /// How many entries there are, expired ones that nobody has met yet among them.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Is no host known?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Notes a header received over secure transport: [section 8.1](https://www.rfc-editor.org/rfc/rfc6797#section-8.1).
    pub fn note(&mut self, host: &str, header: &[u8], now: WallTime) -> HstsNoted {
        let Some(name) = canonical(host) else { return HstsNoted::NotDomain };
        let policy = match StrictTransportSecurity::parse(header) {
            Ok(policy) => policy,
            Err(fault) => return HstsNoted::Ignored { fault },
        };
        // Only this very name: neither a superdomain's entry nor a subdomain's changes.
        self.remove(&name);
        if policy.max_age == 0 {
            return HstsNoted::Forgotten;
        }
        let seconds = i64::try_from(policy.max_age).unwrap_or(i64::MAX);
        let expires = WallTime(now.0.saturating_add(seconds));
        self.insert(&name, Entry { expires, include_sub_domains: policy.include_sub_domains });
        HstsNoted::Known { policy }
    }

    /// [Known HSTS host domain name matching](https://www.rfc-editor.org/rfc/rfc6797#section-8.2).
    pub fn matches(&self, host: &str, now: WallTime) -> HstsMatch {
        if self.entries.is_empty() {
            return HstsMatch::Unknown;
        }
        let Some(name) = canonical(host) else { return HstsMatch::Unknown };
        let living = |name: &str| self.entries.get(name).filter(|entry| entry.expires > now);
        if living(&name).is_some() {
            return HstsMatch::Congruent;
        }
        // Label by label, so that a name which merely ends alike never matches.
        let mut rest: &str = &name;
        while let Some((_, superdomain)) = rest.split_once('.') {
            if living(superdomain).is_some_and(|entry| entry.include_sub_domains) {
                return HstsMatch::Superdomain { domain: superdomain.to_owned() };
            }
            rest = superdomain;
        }
        HstsMatch::Unknown
    }

    /// Forgets every entry that has expired.
    pub fn expire(&mut self, now: WallTime) {
        while let Some((expires, name)) = self.by_expiry.first() {
            if *expires > now {
                break;
            }
            self.entries.remove(name);
            self.by_expiry.pop_first();
        }
    }

    /// The living entries, to be kept elsewhere: name, expiry, includeSubDomains.
    pub fn iter(&self, now: WallTime) -> impl Iterator<Item = (&str, WallTime, bool)> {
        self.by_expiry.range((WallTime(now.0.saturating_add(1)), Arc::from(""))..).filter_map(
            |(expires, name)| Some((&**name, *expires, self.entries.get(name)?.include_sub_domains)),
        )
    }

    /// Puts back an entry that [`HstsHosts::iter`] gave.
    pub fn restore(&mut self, host: &str, expires: WallTime, include_sub_domains: bool) {
        if let Some(name) = canonical(host) {
            self.remove(&name);
            self.insert(&name, Entry { expires, include_sub_domains });
        }
    }

    fn insert(&mut self, name: &str, entry: Entry) {
        if self.limit == 0 {
            return;
        }
        while self.entries.len() >= self.limit {
            let Some((_, first)) = self.by_expiry.pop_first() else { break };
            self.entries.remove(&first);
        }
        let name: Arc<str> = Arc::from(name);
        self.by_expiry.insert((entry.expires, name.clone()));
        self.entries.insert(name, entry);
    }

    fn remove(&mut self, name: &str) {
        if let Some((name, entry)) = self.entries.remove_entry(name) {
            self.by_expiry.remove(&(entry.expires, name));
        }
    }
}

/// The name under which a host is known: lower case, without a trailing dot; `None` for what is not a domain.
fn canonical(host: &str) -> Option<Cow<'_, str>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    // No name of the DNS is longer; without a bound a hostile host would make the walk over its labels quadratic.
    if host.is_empty() || host.len() > 253 {
        return None;
    }
    if host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(Cow::Owned(host.to_ascii_lowercase()));
    }
    Some(Cow::Borrowed(host))
}

#[cfg(test)]
mod tests;
