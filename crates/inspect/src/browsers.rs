//! Where Chromium and Firefox are measured to depart from the Standard, as data; and which of it a recorded fetch meets.
//!
//! The verdict is the Standard's. What stands here is said beside it, or decides where one asks for a browser's verdict.
//! Measured with Chromium 156 (docs/chromium.md holds the comparison) and Firefox 153.

use std::net::IpAddr;

use serde::Serialize;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::origins::Host;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_safelists::cors_unsafe_request_header_names;
use sofetch_core::rules::departures::Departures;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rulings::Ruling;
use sofetch_core::trace::{Event, RequestSnapshot, WireEvent};

use crate::recording::RecordedFetch;
use crate::safe_text::escaped;

/// A browser that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Browser {
    /// Chromium 156.
    Chromium,
    /// Firefox 153.
    Firefox,
}

impl Browser {
    /// Each.
    pub const ALL: [Browser; 2] = [Browser::Chromium, Browser::Firefox];

    /// With its version.
    pub fn name(self) -> &'static str {
        match self {
            Browser::Chromium => "Chromium 156",
            Browser::Firefox => "Firefox 153",
        }
    }

    /// What the engine does otherwise, to decide as this browser.
    pub fn departures(self) -> Departures {
        match self {
            Browser::Chromium => {
                Departures { wildcard_covers_authorization: true, no_credentials_in_redirects: true }
            }
            Browser::Firefox => Departures { wildcard_covers_authorization: true, ..Departures::default() },
        }
    }

    /// How long it remembers a preflight at most, in seconds.
    pub fn preflight_max_age_limit(self) -> u64 {
        match self {
            Browser::Chromium => MAX_AGE_LIMITS[0].1,
            Browser::Firefox => MAX_AGE_LIMITS[1].1,
        }
    }

    /// Does it send the values of one header name as one, and measure them so?
    pub fn combines_request_headers(self) -> bool {
        self == Browser::Chromium
    }

    /// Does it leave out the `User-Agent` that a script sets?
    pub fn drops_user_agent(self) -> bool {
        self == Browser::Chromium
    }
}

/// How long each remembers a preflight at most, in seconds; WebKit's is by others' account.
pub(crate) const MAX_AGE_LIMITS: [(&str, u64); 3] =
    [("Chromium", 7200), ("Firefox", 86_400), ("WebKit", 600)];

/// What a departure comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// What the Standard refuses passes.
    Passes,
    /// What the Standard lets pass is refused.
    Refuses,
    /// The person at the browser is asked, and decides.
    AsksThePerson,
    /// A preflight is asked where the Standard needs none.
    Preflights,
    /// No preflight is asked where the Standard needs one.
    NoPreflight,
    /// A preflight is remembered for less time than the server says.
    RemembersLess,
}

/// A departure that a fetch meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// A stable code.
    pub id: &'static str,
    /// Whose.
    pub browsers: Vec<Browser>,
    /// What it comes to.
    pub effect: Effect,
    /// By which of its codes Chromium refuses then, or may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// In a sentence.
    pub words: String,
}

/// All that a recorded fetch of a page meets.
pub fn departures(fetch: &RecordedFetch) -> Vec<Departure> {
    let events = fetch.events_of_exchange();
    let mut met = Vec::new();
    let requests = || {
        events.iter().filter_map(|event| match event {
            Event::Request(request) => Some(&**request),
            _ => None,
        })
    };
    met.extend(requests().find_map(combined_values));
    for event in &events {
        if let Event::Ruled(ruling) = event {
            met.extend(of_ruling(ruling));
        }
    }
    met.extend(requests().find_map(credentials_in_redirect));
    met.extend(local_network_access(fetch, &events));
    // The same preflight may be asked at several hops: once is enough.
    let mut known = Vec::new();
    met.retain(|departure| {
        !known.contains(&departure.words) && {
            known.push(departure.words.clone());
            true
        }
    });
    met
}

fn of_ruling(ruling: &Ruling) -> Option<Departure> {
    match ruling {
        Ruling::PreflightAnswer(PreflightAnswer::NonWildcardHeaderNotListed { allowed, .. })
            if allowed.iter().any(|name| name == "*") =>
        {
            // NB: with credentials `*` covers nothing, in browsers neither; the next header to be looked at refuses then.
            Some(Departure {
                id: "wildcard-authorization",
                browsers: Browser::ALL.to_vec(),
                effect: Effect::Passes,
                code: None,
                words:
                    "Chromium 156 and Firefox 153 let this pass today, without credentials: there `*` covers \
                        Authorization. List it by name all the same."
                        .to_owned(),
            })
        }
        Ruling::PreflightAnswer(PreflightAnswer::Granted { max_age_said: Some(said), .. }) => remembers(said),
        Ruling::ResponseTaintingFork(ResponseTaintingFork::CorsWithPreflight(need))
        | Ruling::PreflightNeed(need) => user_agent(need),
        _ => None,
    }
}

fn remembers(said: &str) -> Option<Departure> {
    let said: u64 = said.parse().ok()?;
    let browsers = [Some(Browser::Chromium), Some(Browser::Firefox), None];
    let shorter: Vec<_> =
        browsers.into_iter().zip(MAX_AGE_LIMITS).filter(|(_, (_, limit))| *limit < said).collect();
    let each: Vec<String> = shorter
        .iter()
        .map(|(browser, (name, limit))| format!("{} for {limit}", browser.map_or(*name, Browser::name)))
        .collect();
    if each.is_empty() {
        return None;
    }
    Some(Departure {
        id: "max-age-limit",
        browsers: shorter.iter().filter_map(|(browser, _)| *browser).collect(),
        effect: Effect::RemembersLess,
        code: None,
        words: format!("Not {said} seconds: {} remember it at most.", each.join(", ")),
    })
}

fn user_agent(need: &PreflightNeed) -> Option<Departure> {
    let PreflightNeed::Needed { unsafe_method, unsafe_names, .. } = need else { return None };
    if !unsafe_names.iter().any(|name| name.name == "user-agent") {
        return None;
    }
    let alone = unsafe_names.len() == 1 && unsafe_method.is_none();
    let preflight = if alone { ", and asks no preflight" } else { "" };
    Some(Departure {
        id: "user-agent-dropped",
        browsers: vec![Browser::Chromium],
        effect: Effect::NoPreflight,
        code: None,
        words: format!("Chromium 156 leaves a script's User-Agent out{preflight}."),
    })
}

/// The Standard measures each header of a list by itself, Chromium the values of a name together.
fn combined_values(request: &RequestSnapshot) -> Option<Departure> {
    if request.mode != "cors" || request.url.origin().serialize() == request.origin {
        return None;
    }
    let mut combined = HeaderList::new();
    for (name, value) in request.header_list.sort_and_combine() {
        combined.append(name, value);
    }
    let apart = cors_unsafe_request_header_names(&request.header_list);
    let together = cors_unsafe_request_header_names(&combined);
    let more = together.iter().find(|name| !apart.iter().any(|known| known.name == name.name))?;
    Some(Departure {
        id: "combined-values",
        browsers: vec![Browser::Chromium],
        effect: Effect::Preflights,
        code: None,
        words: format!(
            "Chromium 156 asks a preflight: it measures the values of `{}` together, which makes them unsafe.",
            more.name
        ),
    })
}

fn credentials_in_redirect(request: &RequestSnapshot) -> Option<Departure> {
    let brought = request.redirect_count > 0 && request.url.includes_credentials();
    brought.then(|| Departure {
        id: "credentials-in-redirect",
        browsers: vec![Browser::Chromium],
        effect: Effect::Refuses,
        code: Some("RedirectContainsCredentials"),
        words: "Chromium 156 refuses this redirect: it brings a username or password, which it refuses within one \
                origin and without CORS too."
            .to_owned(),
    })
}

/// <https://wicg.github.io/local-network-access/#ip-address-space-heading>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AddressSpace {
    Loopback,
    Local,
    Public,
}

impl AddressSpace {
    fn of(address: IpAddr) -> AddressSpace {
        match address {
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(mapped) => AddressSpace::of(mapped.into()),
                None if address.is_loopback() => AddressSpace::Loopback,
                None if address.is_unique_local() || address.is_unicast_link_local() => AddressSpace::Local,
                None => AddressSpace::Public,
            },
            IpAddr::V4(address) if address.is_loopback() => AddressSpace::Loopback,
            IpAddr::V4(address) if address.is_private() || address.is_link_local() => AddressSpace::Local,
            IpAddr::V4(_) => AddressSpace::Public,
        }
    }

    /// As far as a URL alone tells: an address, or a name of this machine.
    fn of_url(url: &Url) -> Option<AddressSpace> {
        match url.host()? {
            Host::Ipv4(address) => Some(AddressSpace::of(address.into())),
            Host::Ipv6(address) => Some(AddressSpace::of(address.into())),
            Host::Domain(name) if &*name == "localhost" || name.ends_with(".localhost") => {
                Some(AddressSpace::Loopback)
            }
            _ => None,
        }
    }
}

/// A public page that asks something of one's own network. What a name stands for counts only where a resolver said so: an
/// address that was given by hand is no sign of where the name leads others.
fn local_network_access(fetch: &RecordedFetch, events: &[&Event]) -> Option<Departure> {
    let first = fetch.request()?;
    let page = Url::parse(&first.origin, None).ok()?;
    if fetch.is_owners()
        || AddressSpace::of_url(&page).unwrap_or(AddressSpace::Public) != AddressSpace::Public
    {
        return None;
    }
    let mut resolved = false;
    let mut found = None;
    for event in events {
        let space = match event {
            Event::Request(request) => {
                resolved = false;
                AddressSpace::of_url(&request.url)
            }
            Event::Wire(WireEvent::Resolving { .. }) => {
                resolved = true;
                None
            }
            Event::Wire(WireEvent::Connected { address }) if resolved => Some(AddressSpace::of(address.ip())),
            _ => None,
        };
        found = found.or(space.filter(|space| *space != AddressSpace::Public));
    }
    let space = if found? == AddressSpace::Loopback { "loopback" } else { "local" };
    let secure = page.is_potentially_trustworthy();
    let page = escaped(&first.origin);
    Some(Departure {
        id: "local-network-access",
        browsers: vec![Browser::Chromium],
        effect: if secure { Effect::AsksThePerson } else { Effect::Refuses },
        code: Some(if secure { "LocalNetworkAccessPermissionDenied" } else { "InsecureLocalNetwork" }),
        words: match secure {
            true => format!(
                "If {page} is a public page, Chromium 156 asks the person at it before anything is sent (Local Network \
                 Access): the address is \"{space}\". No header of the server's changes that: the person's leave does, or a page \
                 of the same network. An http URL under a public name also needs `targetAddressSpace: \"{space}\"` in fetch()'s init."
            ),
            false => format!(
                "If {page} is a public page, Chromium 156 refuses before anything is sent (Local Network Access): the \
                 address is \"{space}\", and the page did not come over https. Serve the page over https, and the person is \
                 asked; no header of the server's changes that."
            ),
        },
    })
}

#[cfg(test)]
#[path = "browsers_tests.rs"]
mod tests;
