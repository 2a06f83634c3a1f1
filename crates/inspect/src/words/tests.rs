//! Every verdict has a sentence, whatever strangers said.
//!
//! Over 400 lines because it names every variant of every verdict and of every fault, most of them with hostile evidence.

use std::sync::Arc;
use std::time::Duration;

use sofetch_core::hsts::{HstsMatch, HstsUpgrade};
use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::content_security_policies::Disposition;
use sofetch_core::infrastructure::requests::{
    Destination, Mode, RedirectMode, ReferrerPolicy, ResponseTainting,
};
use sofetch_core::rules::authentication::{AuthenticationNeed, NotAsked};
use sofetch_core::rules::content_security_policy::{
    AllowedBy, Check, CspBlocking, Misread, Permission, Remedy, Violation,
};
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_preflight_cache::CacheLookUp;
use sofetch_core::rules::cors_safelists::{CorsExposure, CorsSafelist, UnsafeName};
use sofetch_core::rules::cross_origin_resource_policy::{CrossOriginResourcePolicy, ImposedBy};
use sofetch_core::rules::fetch_metadata::{FetchMetadata, InitiatorSite};
use sofetch_core::rules::header_guards::{ForbiddenRequestHeader, HeaderGuard};
use sofetch_core::rules::integrity_policy::{IntegrityPolicyBlocking, Missing};
use sofetch_core::rules::mime_blocking::{MimeTypeBlocking, NosniffBlocking};
use sofetch_core::rules::mixed_content::{LocalUrlsOnly, MixedContentRequest, MixedContentResponse, Upgrade};
use sofetch_core::rules::network_gate::NetworkGate;
use sofetch_core::rules::origin_header::OriginHeader;
use sofetch_core::rules::port_blocking::PortBlocking;
use sofetch_core::rules::range_requested::RangeRequested;
use sofetch_core::rules::redirect::Redirect;
use sofetch_core::rules::redirect_mode::RedirectModeVerdict;
use sofetch_core::rules::referrer::{ReferrerDecision, ReferrerReason};
use sofetch_core::rules::request_headers::{ConditionalHeaders, IncludeCredentials, KeepaliveQuota};
use sofetch_core::rules::response_filtering::{CorsExposedHeaderNames, Shown};
use sofetch_core::rules::response_tainting::{BasicBecause, ResponseTaintingFork};
use sofetch_core::rules::schemes::SchemeFetch;
use sofetch_core::rules::subresource_integrity::{HashAlgorithm, Integrity};
use sofetch_core::rules::tao_check::{NavigationTaoCheck, TaoCheck};
use sofetch_core::rules::unencoded_digest::UnencodedDigest;
use sofetch_core::rules::verdict::Verdict;
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_core::service_workers::gate::ServiceWorkerGate;
use sofetch_core::wire_faults::{Cause, PeerMisbehaved, Phase, ProxyFault, WireFault};

use super::*;
use crate::safe_text::is_unsafe;

/// All that one should not print, and two secrets.
pub(super) fn hostile() -> String {
    let steering = "\x1b[31m\x1b]0;owned\x07\r\n\0\x7f\u{9b}2J\u{202e}\u{2066}\u{2028}\u{feff}`";
    let urls = "https://u:hunter2@x.test/?access_token=hunter2#id_token=hunter2";
    let random = crate::hostile_tests::hostile_text();
    format!("{steering} {random} {urls} {}", "\u{e9}".repeat(2_000))
}

pub(super) fn check_sentence(row: &str, sentence: &str) {
    assert!(sentence.ends_with('.'), "{row}: a sentence ends: {sentence}");
    assert!(sentence.len() > 6, "{row}: {sentence}");
    assert!(sentence.len() < 8_000, "{row}: evidence is cut");
    assert!(!sentence.chars().any(|shown| shown.is_control() || is_unsafe(shown)), "{row}: {sentence:?}");
    assert!(!sentence.contains("hunter2"), "{row}: {sentence}");
}

pub(super) fn check<V: Words + Verdict + Into<Ruling>>(verdicts: impl IntoIterator<Item = V>) {
    for verdict in verdicts {
        let row = std::any::type_name::<V>();
        check_sentence(row, &verdict.words());
        assert_eq!(verdict.blocks(), verdict.weight() == Weight::Refused, "{row}: {}", verdict.words());
        if let Some(hint) = verdict.hint() {
            check_sentence(row, &hint);
        }
        assert!(
            verdict.hint().is_some() || !verdict.blocks(),
            "{row}: a refusal has a hint: {}",
            verdict.words()
        );
        crate::codes::tests::check(row, &verdict.into());
    }
}

#[test]
fn cors_verdicts_have_words() {
    let text = hostile;
    let list = || vec![hostile(); 50];
    let names = || {
        let because = CorsSafelist::NoMimeType { said: hostile() };
        vec![UnsafeName { name: hostile(), because }; 50]
    };
    check([
        CorsCheck::AnyOrigin,
        CorsCheck::OriginMatches,
        CorsCheck::OriginMatchesWithCredentials,
        CorsCheck::NoAllowOrigin,
        CorsCheck::OriginMismatch { allowed: text(), origin: text(), tainted: false, credentials: false },
        CorsCheck::OriginMismatch {
            allowed: text(),
            origin: "null".into(),
            tainted: true,
            credentials: false,
        },
        CorsCheck::OriginMismatch { allowed: "*".into(), origin: text(), tainted: false, credentials: true },
        CorsCheck::CredentialsNotAllowed { said: None },
        CorsCheck::CredentialsNotAllowed { said: Some(text()) },
    ]);
    check([
        PreflightNeed::NotCors,
        PreflightNeed::Simple,
        PreflightNeed::Vouched,
        PreflightNeed::Needed { flag_set: true, unsafe_method: Some(text()), unsafe_names: names() },
    ]);
    check([
        PreflightAnswer::CorsCheckFailed(CorsCheck::NoAllowOrigin),
        PreflightAnswer::NotOkStatus { status: 302 },
        PreflightAnswer::NotOkStatus { status: 401 },
        PreflightAnswer::NotOkStatus { status: 405 },
        PreflightAnswer::NotOkStatus { status: 999 },
        PreflightAnswer::UnparsableMethods { said: text() },
        PreflightAnswer::UnparsableHeaders { said: text() },
        PreflightAnswer::MethodNotAllowed { method: text(), allowed: list(), wildcard_refused: true },
        PreflightAnswer::NonWildcardHeaderNotListed { name: text(), allowed: list() },
        PreflightAnswer::HeaderNotAllowed { name: text(), allowed: list(), wildcard_refused: true },
        PreflightAnswer::Granted {
            methods: list(),
            header_names: list(),
            max_age: u64::MAX,
            max_age_said: Some(text()),
            covered_by_departure: true,
        },
        PreflightAnswer::Granted {
            methods: vec![],
            header_names: vec![],
            max_age: 5,
            max_age_said: None,
            covered_by_departure: false,
        },
    ]);
    check([
        CacheLookUp::Remembered,
        CacheLookUp::MethodMiss { method: text() },
        CacheLookUp::HeaderNameMiss { name: text() },
    ]);
    check([
        CorsSafelist::Safelisted,
        CorsSafelist::TooLong { length: usize::MAX },
        CorsSafelist::UnsafeByte { byte: 0x1b, at: usize::MAX },
        CorsSafelist::NoMimeType { said: text() },
        CorsSafelist::UnsafeMimeType { essence: text() },
        CorsSafelist::NoSingleRange { said: text() },
        CorsSafelist::NoRangeStart { said: text() },
        CorsSafelist::NotListed,
        CorsSafelist::TooLongTogether { total: usize::MAX },
    ]);
    check([
        ResponseTaintingFork::Preloaded,
        ResponseTaintingFork::SameOriginModeRefused { origin: text(), url_origin: text() },
        ResponseTaintingFork::NoCorsRedirectModeRefused { redirect_mode: RedirectMode::Manual },
        ResponseTaintingFork::Opaque,
        ResponseTaintingFork::SchemeRefused { scheme: text() },
        ResponseTaintingFork::CorsWithPreflight(PreflightNeed::Needed {
            flag_set: false,
            unsafe_method: None,
            unsafe_names: names(),
        }),
        ResponseTaintingFork::Cors,
    ]);
    check(
        [
            BasicBecause::SameOrigin,
            BasicBecause::Data,
            BasicBecause::Navigate,
            BasicBecause::WebSocket,
            BasicBecause::WebTransport,
            BasicBecause::Owner,
        ]
        .map(ResponseTaintingFork::Basic),
    );
}

#[test]
fn verdicts_on_reading_have_words() {
    let text = hostile;
    let list = || vec![hostile(); 50];
    check([
        CorsExposedHeaderNames::Unsaid,
        CorsExposedHeaderNames::Unparsable { said: text() },
        CorsExposedHeaderNames::Everything,
        CorsExposedHeaderNames::Listed { names: list(), wildcard_refused: true },
    ]);
    check([
        Shown::Absent,
        Shown::Unfiltered,
        Shown::Basic,
        Shown::Safelisted,
        Shown::Exposed,
        Shown::ForbiddenResponseHeader,
        Shown::NotExposed,
        Shown::Opaque,
        Shown::OpaqueRedirect,
    ]);
    check([CorsExposure::Safelisted, CorsExposure::Listed, CorsExposure::Forbidden, CorsExposure::NotListed]);
    check([
        TaoCheck::AnyOrigin,
        TaoCheck::OriginListed,
        TaoCheck::Basic,
        TaoCheck::FailedBefore,
        TaoCheck::CrossOriginNavigation,
        TaoCheck::NotListed { said: None },
        TaoCheck::NotListed { said: Some(list()) },
    ]);
    check([
        NavigationTaoCheck::Allowed,
        NavigationTaoCheck::NotListed { redirect: usize::MAX, said: list() },
    ]);
    let mut policies = vec![
        CrossOriginResourcePolicy::NavigationWithoutEmbedderPolicy,
        CrossOriginResourcePolicy::NoPolicy { said: None },
        CrossOriginResourcePolicy::NoPolicy { said: Some(text()) },
        CrossOriginResourcePolicy::CrossOrigin,
        CrossOriginResourcePolicy::SameSite,
        CrossOriginResourcePolicy::NotSameSite { origin: text(), resource_origin: text() },
        CrossOriginResourcePolicy::InsecureEmbedder { origin: text(), resource_origin: text() },
    ];
    for imposed_by in [ImposedBy::Header, ImposedBy::RequireCorp, ImposedBy::Credentialless] {
        policies.push(CrossOriginResourcePolicy::SameOrigin { imposed_by });
        for said in [None, Some(text())] {
            let (origin, resource_origin) = (text(), text());
            policies.push(CrossOriginResourcePolicy::NotSameOrigin {
                imposed_by,
                said,
                origin,
                resource_origin,
            });
        }
    }
    check(policies);
    let digests = || vec![(HashAlgorithm::Sha256, hostile()); 50];
    check([
        Integrity::NoMetadata,
        Integrity::Matches { algorithm: HashAlgorithm::Sha384 },
        Integrity::Mismatch { expected: digests(), actual: digests() },
        Integrity::NoBody,
    ]);
    check([
        UnencodedDigest::Opaque,
        UnencodedDigest::OwnBehalf,
        UnencodedDigest::Partial,
        UnencodedDigest::Unparsable { said: hostile() },
        UnencodedDigest::NoneKnown,
        UnencodedDigest::NoBody,
        UnencodedDigest::Matches { algorithms: vec![HashAlgorithm::Sha256, HashAlgorithm::Sha512] },
        UnencodedDigest::Mismatch {
            algorithm: HashAlgorithm::Sha256,
            expected: hostile(),
            actual: hostile(),
        },
    ]);
}

#[test]
fn verdicts_on_requests_have_words() {
    let text = hostile;
    check([PortBlocking::NotHttp, PortBlocking::Allowed, PortBlocking::BadPort { port: 25 }]);
    check([LocalUrlsOnly::NotAsked, LocalUrlsOnly::Local, LocalUrlsOnly::NotLocal { scheme: text() }]);
    check([
        Upgrade::NotNeeded,
        Upgrade::NotHttp { scheme: text() },
        Upgrade::NoPolicy,
        Upgrade::TopLevelNavigation,
        Upgrade::NotRestricted,
        Upgrade::IpAddress,
        Upgrade::NotUpgradeable { destination: Destination::Empty },
        Upgrade::UpgradeInsecureRequests,
        Upgrade::MixedContent,
    ]);
    check([
        MixedContentRequest::Trustworthy,
        MixedContentRequest::NotRestricted,
        MixedContentRequest::TopLevelNavigation,
        MixedContentRequest::Blocked { scheme: text(), destination: Destination::Script },
    ]);
    check([
        MixedContentResponse::Trustworthy,
        MixedContentResponse::NotRestricted,
        MixedContentResponse::TopLevelNavigation,
        MixedContentResponse::Blocked { scheme: Some(text()), destination: Destination::Script },
        MixedContentResponse::Blocked { scheme: None, destination: Destination::Empty },
    ]);
    check([
        HstsUpgrade::NotHttp,
        HstsUpgrade::NotDomain,
        HstsUpgrade::Localhost,
        HstsUpgrade::Unknown,
        HstsUpgrade::Upgraded { by: HstsMatch::Congruent },
        HstsUpgrade::Upgraded { by: HstsMatch::Superdomain { domain: text() } },
    ]);
    let reasons = [
        ReferrerReason::Always,
        ReferrerReason::SameOrigin,
        ReferrerReason::CrossOrigin,
        ReferrerReason::Downgrade,
        ReferrerReason::NoDowngrade,
        ReferrerReason::TooLong,
        ReferrerReason::LocalScheme,
        ReferrerReason::OpaqueOrigin,
        ReferrerReason::NoClient,
        ReferrerReason::NotWanted,
    ];
    for &policy in ReferrerPolicy::ALL {
        check(reasons.map(|why| ReferrerDecision::None { policy, why }));
        check(reasons.map(|why| ReferrerDecision::Origin { policy, why }));
        check(reasons.map(|why| ReferrerDecision::Full { policy, why }));
        check([OriginHeader::Hidden { policy }]);
    }
    check([
        OriginHeader::NotSent,
        OriginHeader::Asked { origin: text() },
        OriginHeader::UnsafeMethod { origin: text() },
    ]);
    check([
        FetchMetadata::NotTrustworthy,
        FetchMetadata::Sent {
            destination: Destination::Empty,
            mode: Mode::Cors,
            site: InitiatorSite::CrossSite,
            user: true,
        },
    ]);
    check([
        IncludeCredentials::Include,
        IncludeCredentials::SameOrigin,
        IncludeCredentials::Omitted,
        IncludeCredentials::CrossOrigin { tainting: ResponseTainting::Cors },
        IncludeCredentials::EmbedderPolicy,
    ]);
    check([
        KeepaliveQuota::NotKeepalive,
        KeepaliveQuota::NoContentLength,
        KeepaliveQuota::Within { bytes: 1 },
        KeepaliveQuota::Exceeded { content_length: u64::MAX, inflight: u64::MAX },
    ]);
    check([ConditionalHeaders::Unchanged, ConditionalHeaders::NoStore { header: "If-Match" }]);
    check([
        HeaderGuard::Allowed,
        HeaderGuard::Absent { name: text() },
        HeaderGuard::InvalidName { said: text() },
        HeaderGuard::InvalidValue { name: text(), byte: 0, at: usize::MAX },
        HeaderGuard::Immutable { name: text() },
        HeaderGuard::ForbiddenRequestHeader { name: text(), because: ForbiddenRequestHeader::Name },
        HeaderGuard::ForbiddenRequestHeader { name: text(), because: ForbiddenRequestHeader::Prefix },
        HeaderGuard::ForbiddenRequestHeader {
            name: text(),
            because: ForbiddenRequestHeader::MethodOverride { method: text() },
        },
        HeaderGuard::ForbiddenResponseHeader { name: text() },
        HeaderGuard::NotNoCorsSafelisted { name: text(), because: CorsSafelist::NotListed },
    ]);
    check([NetworkGate::Open, NetworkGate::OnlyIfCached, NetworkGate::Offline, NetworkGate::StreamOverHttp1]);
    check([
        SchemeFetch::AboutBlank,
        SchemeFetch::Blob,
        SchemeFetch::BlobRange { first: 0, last: u64::MAX, full_length: u64::MAX },
        SchemeFetch::Data,
        SchemeFetch::File,
        SchemeFetch::Http,
        SchemeFetch::AboutOther { path: text() },
        SchemeFetch::BlobMethod { method: text() },
        SchemeFetch::BlobUnknown,
        SchemeFetch::BlobOtherPartition,
        SchemeFetch::BlobRangeInvalid { said: text() },
        SchemeFetch::DataInvalid,
        SchemeFetch::FileRefused,
        SchemeFetch::Unsupported { scheme: text() },
    ]);
}

#[test]
fn verdicts_on_responses_have_words() {
    let text = hostile;
    check([
        RedirectModeVerdict::ErrorMode { status: 302 },
        RedirectModeVerdict::ManualNavigation,
        RedirectModeVerdict::OpaqueRedirect,
        RedirectModeVerdict::RealRedirect,
        RedirectModeVerdict::Follow,
    ]);
    check([
        Redirect::NotARedirect,
        Redirect::Followed {
            from: text(),
            to: text(),
            method_changed: Some((text(), "GET".into())),
            removed_headers: vec![text(); 50],
            count: u32::MAX,
        },
        Redirect::InvalidLocation { said: text() },
        Redirect::NotHttpScheme { scheme: text() },
        Redirect::TooMany { count: 20 },
        Redirect::CorsWithCredentials { to: text(), origin: text() },
        Redirect::WithCredentials { to: text() },
        Redirect::TaintedWithCredentials { to: text() },
        Redirect::BodyNotReplayable { status: 307 },
    ]);
    check([
        AuthenticationNeed::None,
        AuthenticationNeed::NotAsked(NotAsked::Cors),
        AuthenticationNeed::NotAsked(NotAsked::NoCredentials),
        AuthenticationNeed::NotAsked(NotAsked::NoTraversable),
        AuthenticationNeed::BodyNotReplayable,
        AuthenticationNeed::AskUser,
        AuthenticationNeed::UseUrlCredentials,
        AuthenticationNeed::AnswerChallenge,
        AuthenticationNeed::ProxyWithoutUser,
        AuthenticationNeed::AskUserForProxy,
        AuthenticationNeed::NewConnection,
        AuthenticationNeed::Misdirected,
    ]);
    check([
        MimeTypeBlocking::NoMimeType,
        MimeTypeBlocking::NotScriptLike,
        MimeTypeBlocking::TypeFits,
        MimeTypeBlocking::NeverAScript { destination: Destination::Script, essence: text() },
    ]);
    check([
        NosniffBlocking::NotAsked,
        NosniffBlocking::OtherValue { said: text() },
        NosniffBlocking::OtherDestination,
        NosniffBlocking::TypeFits,
        NosniffBlocking::NotJavaScript { destination: Destination::Script, said: Some(text()) },
        NosniffBlocking::NotJavaScript { destination: Destination::Script, said: None },
        NosniffBlocking::NotCss { said: Some(text()) },
        NosniffBlocking::NotCss { said: None },
    ]);
    check([
        RangeRequested::NotOpaque,
        RangeRequested::NotRangeStatus,
        RangeRequested::RangeNotRequested,
        RangeRequested::RequestHasRange,
        RangeRequested::OthersRange { status: 206 },
    ]);
    check([
        ServiceWorkerGate::Passed,
        ServiceWorkerGate::Error,
        ServiceWorkerGate::CorsForSameOrigin,
        ServiceWorkerGate::OpaqueOutsideNoCors { mode: Mode::Cors },
        ServiceWorkerGate::OpaqueRedirectOutsideManual { redirect_mode: RedirectMode::Follow },
        ServiceWorkerGate::RedirectedOutsideFollow { redirect_mode: RedirectMode::Error, urls: 2 },
    ]);
}

#[test]
fn verdicts_of_policies_have_words() {
    let by = [
        AllowedBy::SourceExpression(hostile()),
        AllowedBy::Nonce(hostile()),
        AllowedBy::IntegrityMetadata,
        AllowedBy::StrictDynamic,
    ];
    let by: Vec<Permission> =
        by.into_iter().map(|by| Permission { directive: hostile(), by }).cycle().take(50).collect();
    let violations = |disposition| -> Vec<Violation> {
        let one = |effective: bool, source_list: &[String], redirect_count, remedy| Violation {
            disposition,
            policy: hostile(),
            effective_directive: "connect-src",
            violated_directive: if effective { "connect-src".to_owned() } else { hostile() },
            source_list: source_list.to_vec(),
            url: hostile(),
            redirect_count,
            remedy,
        };
        let expression = || Remedy::SourceExpression(hostile());
        let mut all = vec![
            one(true, &[], 0, expression()),
            one(false, &[], 1, expression()),
            one(true, &["'None'".to_owned()], 0, expression()),
            one(false, &vec![hostile(); 50], 20, expression()),
            one(true, &[hostile()], 0, Remedy::NonceOrHash),
        ];
        all.extend(vec![one(true, &[hostile()], 0, expression()); 50]);
        all
    };
    for &check in Check::ALL {
        self::check([
            CspBlocking::NotGoverned { check },
            CspBlocking::Allowed { check, by: by.clone() },
            CspBlocking::Reported { check, violations: violations(Disposition::Report) },
            CspBlocking::Blocked { check, violations: violations(Disposition::Enforce) },
        ]);
        for violation in violations(Disposition::Enforce) {
            self::check([CspBlocking::Blocked { check, violations: vec![violation] }]);
        }
    }
    for missing in [Missing::Metadata, Missing::Mode] {
        let destination = Destination::Script;
        check([
            IntegrityPolicyBlocking::Reported { destination, missing },
            IntegrityPolicyBlocking::Blocked { destination, missing },
        ]);
    }
    check([
        IntegrityPolicyBlocking::HasMetadata,
        IntegrityPolicyBlocking::LocalUrl,
        IntegrityPolicyBlocking::NoGlobal,
        IntegrityPolicyBlocking::NotGoverned { destination: Destination::Empty },
    ]);
    for misread in [
        Misread::NotAscii { directive: hostile() },
        Misread::Repeated { directive: hostile() },
        Misread::UnknownDirective { directive: hostile() },
        Misread::NotAnExpression { directive: hostile(), word: hostile() },
        Misread::Unquoted { directive: hostile(), word: hostile() },
        Misread::NoneAmongOthers { directive: hostile() },
    ] {
        check_sentence("what is misread", &words_for_misread(&misread));
    }
}

#[test]
fn faults_have_words() {
    let cause = || -> Cause { Arc::new(std::io::Error::other(hostile())) };
    let address = "127.0.0.1:80".parse().expect("an address");
    let proxy = |detail| WireFault::Proxy { proxy: hostile(), detail };
    let mut faults = vec![
        WireFault::Resolve { host: hostile(), cause: None },
        WireFault::Resolve { host: hostile(), cause: Some(cause()) },
        WireFault::Connect { tried: vec![] },
        WireFault::Connect { tried: vec![(address, cause())] },
        WireFault::Connect { tried: vec![(address, cause()); 50] },
        WireFault::UnixSocket { path: hostile(), cause: cause() },
        WireFault::AddressRefused { address: address.ip(), block: "Loopback" },
        proxy(ProxyFault::Refused { status: 403 }),
        proxy(ProxyFault::NotAProxy),
        proxy(ProxyFault::Socks { reply: 5 }),
        proxy(ProxyFault::Socks { reply: 99 }),
        proxy(ProxyFault::AuthenticationRequired),
        proxy(ProxyFault::Unsupported { scheme: hostile() }),
        WireFault::Tls { host: hostile(), cause: cause() },
        WireFault::Closed { reused: true, cause: None },
        WireFault::BodyCut { cause: Some(cause()) },
        WireFault::RequestBody { cause: cause() },
        WireFault::RuntimeGone,
        WireFault::Withheld,
        WireFault::CannotCarry { what: "a header value", said: hostile() },
        WireFault::Other { cause: cause() },
    ];
    for phase in [
        Phase::Queue,
        Phase::Resolve,
        Phase::Connect,
        Phase::Proxy,
        Phase::Tls,
        Phase::Send,
        Phase::Head,
        Phase::Body,
        Phase::Open,
        Phase::Close,
        Phase::Whole,
    ] {
        faults.push(WireFault::TimedOut { phase, after: Duration::from_millis(1500) });
    }
    for fault in &faults {
        check_sentence(fault.code(), &words_for_wire_fault(fault));
        assert_eq!(words_for_network_error(&NetworkError::new(fault.clone())), words_for_wire_fault(fault));
    }
    for fault in [
        PeerMisbehaved::InvalidHead { detail: hostile() },
        PeerMisbehaved::HeadTooLarge { limit: 1 },
        PeerMisbehaved::TooManyInterims { limit: 1 },
        PeerMisbehaved::ContentLength { said: hostile() },
        PeerMisbehaved::Truncated,
        PeerMisbehaved::InvalidChunk { detail: hostile() },
        PeerMisbehaved::TooManyCodings { count: 9, limit: 5 },
        PeerMisbehaved::InvalidCoding { coding: "gzip", detail: hostile() },
        PeerMisbehaved::DecompressionLimit { coding: "br", decoded: u64::MAX, encoded: 1 },
        PeerMisbehaved::BodyTooLarge { limit: 1 },
        PeerMisbehaved::Http2 { detail: hostile() },
    ] {
        check_sentence(fault.code(), &words_for_peer_misbehaved(&fault));
        assert_eq!(
            words_for_network_error(&NetworkError::new(fault.clone())),
            words_for_peer_misbehaved(&fault)
        );
    }
    for reason in [
        Reason::Aborted(AbortReason::AbortError),
        Reason::Aborted(AbortReason::TimeoutError),
        Reason::Aborted(AbortReason::Other(Arc::new(hostile()))),
        Reason::Aborted(AbortReason::Other(Arc::new(5))),
        Reason::Terminated,
        Reason::Answered,
        Reason::Ruling(CorsCheck::NoAllowOrigin.into()),
    ] {
        check_sentence("a reason", &words_for_network_error(&NetworkError::new(reason)));
    }
    let enough = NetworkError::new(AbortReason::Other(Arc::new("DataError: enough".to_owned())));
    assert_eq!(words_for_network_error(&enough), "The caller aborted the fetch: `DataError: enough`.");
}
