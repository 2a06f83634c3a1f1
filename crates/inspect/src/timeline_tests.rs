//! Hops and their bars.

use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::cors_check::CorsCheck;

use super::*;
use crate::test_recordings::{head, patch_with_json, recorded, sent};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn phase(step: Step, start: u64, end: u64) -> Phase {
    Phase { step, start: ms(start), end: ms(end) }
}

#[test]
fn hops_of_a_preflighted_patch() {
    let hops = timeline(&patch_with_json(CorsCheck::AnyOrigin, 200));
    let [preflight, patch] = &hops[..] else { panic!("two hops: {hops:?}") };
    assert_eq!(preflight.purpose, Some(Purpose::Preflight));
    assert_eq!(preflight.status, Some(204));
    assert_eq!(
        preflight.phases,
        [
            phase(Step::Resolve, 13, 14),
            phase(Step::Connect, 15, 16),
            phase(Step::Tls, 17, 18),
            phase(Step::Wait, 19, 20)
        ]
    );
    assert_eq!((patch.purpose, patch.status), (None, Some(200)));
    assert_eq!(
        patch.phases,
        [phase(Step::Send, 27, 29), phase(Step::Wait, 29, 30), phase(Step::Body, 30, 39)]
    );
}

#[test]
fn several_attempts_are_one_connecting() {
    let addresses = [([10, 0, 0, 1], 443).into(), ([10, 0, 0, 2], 443).into()];
    let recording = recorded(|trace| {
        for address in addresses {
            trace.emit(|| Event::Wire(WireEvent::Connecting { address }));
        }
        let error = "refused".to_owned();
        trace.emit(|| Event::Wire(WireEvent::ConnectFailed { address: addresses[0], error }));
        trace.emit(|| Event::Wire(WireEvent::Connected { address: addresses[1] }));
        trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
    });
    let hops = timeline(&recording);
    assert_eq!(hops.len(), 1);
    assert_eq!(hops[0].phases, [phase(Step::Connect, 1, 4)]);
    assert_eq!(hops[0].status, None);
}

#[test]
fn a_socket_of_the_file_system_is_connected_to() {
    let path = || "/run/s".to_owned();
    let recording = recorded(|trace| {
        trace.emit(|| Event::Wire(WireEvent::ConnectingToUnixSocket { path: path() }));
        trace.emit(|| Event::Wire(WireEvent::ConnectedToUnixSocket { path: path() }));
        trace.emit(|| sent(Method::GET, "http://b.test/", &[]));
    });
    assert_eq!(timeline(&recording)[0].phases, [phase(Step::Connect, 1, 2)]);
    let json = recording.to_json(Secrets::Redacted).to_string();
    assert!(
        json.contains("\"event\":\"connected-to-unix-socket\"") && json.contains("\"path\":\"/run/s\""),
        "{json}"
    );
}

#[test]
fn a_dead_connection_makes_a_hop_of_its_own() {
    let recording = recorded(|trace| {
        for _ in 0..2 {
            trace.emit(|| Event::Wire(WireEvent::Reused { protocol: Protocol::Http2 }));
            trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
        }
        trace.emit(|| head(200, "", &[]));
    });
    let statuses: Vec<_> = timeline(&recording).iter().map(|hop| (hop.reused, hop.status)).collect();
    assert_eq!(statuses, [(true, None), (true, Some(200))]);
}

#[test]
fn bars_are_a_line_each_and_safe() {
    let text = bars(&timeline(&patch_with_json(CorsCheck::AnyOrigin, 200)), Secrets::Redacted);
    let expected = "\
|r  c  t  .                              |     7.0 ms  204  OPTIONS https://[redacted]@b.test/x?token=[redacted]&n=1
|                     sss..==============|    12.0 ms  200  PATCH https://[redacted]@b.test/x?token=[redacted]&n=1
";
    assert_eq!(text, expected);
    assert_eq!(bars(&[], Secrets::Redacted), "");
    assert_eq!(bars(&timeline(&recorded(|_| {})), Secrets::Redacted), "");
}

#[test]
fn what_is_deferred_begins_with_its_waiting() {
    let url = || Url::parse("https://b.test/", None).expect("a URL");
    let recording = recorded(|trace| {
        trace.emit(|| Event::Deferred { method: Method::GET, url: url(), activate_after: None });
        drop(trace.enter(Algorithm::ProcessADeferredFetch));
        trace.emit(|| Event::Wire(WireEvent::Resolving { host: "b.test".to_owned() }));
        trace.emit(|| Event::Wire(WireEvent::Resolved { addresses: Vec::new() }));
        trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
    });
    let hops = timeline(&recording);
    let phases: Vec<Step> = hops[0].phases.iter().map(|phase| phase.step).collect();
    assert_eq!((hops.len(), &*phases), (1, &[Step::Deferred, Step::Resolve][..]));
    assert_eq!(hops[0].phases[0], phase(Step::Deferred, 1, 2));
    let said = crate::waterfall(&hops, crate::Options::default());
    assert!(said.contains("(d deferred, r resolve") && said.contains("deferred 1.0 ms"), "{said}");
}
