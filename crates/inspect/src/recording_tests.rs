//! The tree that events make.

use sofetch_core::infrastructure::methods::Method;
use sofetch_core::trace::{Algorithm, Trace};

use super::*;
use crate::test_recordings::{Ticks, recorded, request};

/// `1(e 2(e 3() e) e)`: ids, events and children in their places.
fn shape(fetch: &RecordedFetch) -> String {
    let inside: Vec<String> = fetch
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::Event(_) => "e".to_owned(),
            Entry::Child(child) => shape(child),
        })
        .collect();
    format!("{}({})", fetch.id.0, inside.join(" "))
}

fn shapes(recording: &Recording) -> Vec<String> {
    recording.fetches.iter().map(shape).collect()
}

fn tell(trace: &Trace) {
    trace.emit(|| request(Method::GET, "https://b.test/", &[]));
}

#[test]
fn children_stand_where_they_began() {
    let recording = recorded(|trace| {
        let first = trace.child(Purpose::Preflight);
        tell(&first);
        tell(trace);
        let second = trace.child(Purpose::Retry);
        let third = second.child(Purpose::Preflight);
        tell(&third);
        tell(&first);
        tell(&second);
        tell(trace);
        let _silent = trace.child(Purpose::Revalidation);
    });
    assert_eq!(shapes(&recording), ["1(2(e e) e 3(4(e) e) e 5())"]);
    let fetch = recording.first().expect("a fetch");
    assert_eq!(fetch.children().count(), 3);
    assert_eq!(fetch.events().count(), 2);
}

#[test]
fn the_events_of_an_exchange_are_those_of_its_preflights_too() {
    let ask = |trace: &Trace, url: &'static str| trace.emit(|| request(Method::GET, url, &[]));
    let recording = recorded(|trace| {
        ask(trace, "https://a.test/1");
        ask(&trace.child(Purpose::Preflight), "https://a.test/2");
        let again = trace.child(Purpose::Retry);
        ask(&again.child(Purpose::Preflight), "https://a.test/3");
        ask(&again, "https://a.test/4");
        ask(&trace.child(Purpose::Revalidation), "https://a.test/aside");
        ask(trace, "https://a.test/5");
    });
    let events = recording.first().expect("a fetch").events_of_exchange();
    let paths: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Request(request) => Some(request.url.path()),
            _ => None,
        })
        .collect();
    assert_eq!(paths, ["/1", "/2", "/3", "/4", "/5"]);
}

#[test]
fn fetches_of_one_recorder_are_told_apart() {
    let recorder = Recorder::with_clock(Arc::new(Ticks::default()));
    for _ in 0..2 {
        let trace = Trace::new(recorder.clone());
        tell(&trace.child(Purpose::Preflight));
        tell(&trace);
    }
    assert_eq!(shapes(&recorder.recording()), ["1(2(e) e)", "4294967297(4294967298(e) e)"]);
    assert_eq!(recorder.take().fetches.len(), 2);
    assert!(recorder.take().fetches.is_empty(), "taken is taken");
}

#[test]
fn who_comes_late_records_the_rest() {
    let recorder = Recorder::new();
    recorder.event(TraceId(7), &Event::Entered(Algorithm::MainFetch));
    recorder.event(TraceId(8), &Event::Began { parent: Some(TraceId(6)), purpose: None });
    assert_eq!(shapes(&recorder.recording()), ["7(e)", "8()"]);
}

#[test]
fn uploads_and_floods_stay_small() {
    let recorder = Recorder::new();
    for _ in 0..1_000 {
        recorder.event(TraceId(1), &Event::Wire(WireEvent::BodySent { bytes: u64::MAX / 2 }));
    }
    assert_eq!(shapes(&recorder.take()), ["1(e)"]);
    for _ in 0..LIMIT + 5 {
        recorder.event(TraceId(1), &Event::Entered(Algorithm::MainFetch));
    }
    let recording = recorder.take();
    assert_eq!(recording.dropped, 5);
    assert_eq!(recording.first().expect("a fetch").entries.len(), LIMIT);
}

#[test]
fn many_threads_may_tell() {
    let recorder = Recorder::new();
    std::thread::scope(|scope| {
        for id in 1..=4 {
            let recorder = recorder.clone();
            scope.spawn(move || {
                for _ in 0..100 {
                    recorder.event(TraceId(id), &Event::Entered(Algorithm::Fetch));
                }
            });
        }
    });
    let recording = recorder.recording();
    assert_eq!(recording.fetches.iter().map(|fetch| fetch.entries.len()).sum::<usize>(), 400);
}
