//! Scheme fetch: about, blob, data, file, and what has no fetch.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use sofetch_core::infrastructure::blobs::{Blob, BlobUrlEntry};
use sofetch_core::infrastructure::requests::{Destination, Mode};
use sofetch_core::infrastructure::responses::{Response, ResponseType};

use crate::common::{A, With, World, from, own, page, url};
use crate::ports::{Blobs, Folder, Slow};

fn header(response: &Response, name: &str) -> Option<String> {
    response.internal().header_list.get(name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[test]
fn about_blank() {
    let world = World::new([]);
    let (response, text) = world.ok(from(A, "about:blank").mode(Mode::Navigate));
    assert_eq!((response.status(), text.as_str()), (200, ""));
    assert_eq!(header(&response, "Content-Type").as_deref(), Some("text/html;charset=utf-8"));
    assert_eq!(response.url_list().len(), 1);
    world.tells("schemes/about-blank");
}

#[test]
fn other_about_urls() {
    let world = World::new([]);
    world.err(from("http://a.test/", "about:config").mode(Mode::Navigate));
    world.tells("schemes/about-other");
}

#[test]
fn data_urls_are_basic() {
    let world = World::new([]);
    let (response, text) = world.ok(from(A, "data:text/plain;charset=x,hi%20there#no"));
    assert_eq!((response.response_type(), text.as_str()), (ResponseType::Basic, "hi there"));
    assert_eq!(header(&response, "Content-Type").as_deref(), Some("text/plain;charset=x"));
    let (_, text) = world.ok(from(A, "data:;base64,aGk="));
    assert_eq!(text, "hi");
    world.tells("schemes/data");
}

#[test]
fn data_urls_that_are_none() {
    let world = World::new([]);
    world.err(from(A, "data:no-comma"));
    world.err(from(A, "data:;base64,*"));
    world.tells("schemes/data-invalid");
}

#[test]
fn a_head_of_data_has_no_body() {
    let world = World::new([]);
    assert!(world.ok(from(A, "data:,hi").method("HEAD").mode(Mode::SameOrigin)).0.internal().body.is_none());
}

const BLOB: &str = "blob:https://a.test/5f1b1b9e-0000-4000-8000-000000000001";

fn with_blob() -> World {
    let entry = BlobUrlEntry {
        object: Blob::new([Bytes::from_static(b"01234"), Bytes::from_static(b"56789")], "text/x"),
        origin: url(A).origin(),
        top_level_site: url(A).origin().site(),
    };
    World::with([], |agent| {
        agent.blob_urls = Some(Arc::new(Blobs(HashMap::from([(BLOB.to_owned(), Arc::new(entry))]))));
    })
}

#[test]
fn a_blob() {
    let world = with_blob();
    let (response, text) = world.ok(from(A, BLOB));
    assert_eq!((text.as_str(), header(&response, "Content-Length").as_deref()), ("0123456789", Some("10")));
    assert_eq!(header(&response, "Content-Type").as_deref(), Some("text/x"));
    world.tells("schemes/blob");
}

#[test]
fn ranges_of_a_blob() {
    for (range, text, content_range, name) in [
        ("bytes=2-5", "2345", "bytes 2-5/10", "both"),
        ("bytes=7-", "789", "bytes 7-9/10", "open"),
        ("bytes=-3", "789", "bytes 7-9/10", "suffix"),
        ("bytes=3-100", "3456789", "bytes 3-9/10", "beyond"),
        ("bytes \t=\t0-0", "0", "bytes 0-0/10", "blanks"),
    ] {
        let world = with_blob();
        let (response, got) = world.ok(from(A, BLOB).header("Range", range));
        assert_eq!((response.status(), got.as_str()), (206, text), "{name}");
        assert_eq!(header(&response, "Content-Range").as_deref(), Some(content_range), "{name}");
        assert_eq!(header(&response, "Content-Length"), Some(text.len().to_string()), "{name}");
        world.tells(&format!("schemes/blob-range-{name}"));
    }
}

#[test]
fn ranges_that_are_none() {
    for (range, name) in [
        ("bytes=10-", "outside"),
        ("bytes=5-2", "backwards"),
        ("bytes=0-1,3-4", "two"),
        ("lines=1-2", "unit"),
    ] {
        let world = with_blob();
        world.err(from(A, BLOB).header("Range", range));
        world.tells(&format!("schemes/blob-range-refused-{name}"));
    }
}

#[test]
fn a_blob_is_only_got() {
    let world = with_blob();
    world.err(from(A, BLOB).method("HEAD"));
    world.err(from(A, BLOB).method("POST"));
    world.tells("schemes/blob-method");
}

#[test]
fn a_blob_that_is_not_known() {
    let world = with_blob();
    world.err(from(A, "blob:https://a.test/other"));
    World::new([]).err(from(A, BLOB));
    world.tells("schemes/blob-unknown");
}

#[test]
fn a_blob_of_another_partition() {
    let world = with_blob();
    let mut client = page(A);
    client.top_level_origin = Some(url("https://b.test/").origin());
    world.err(crate::common::from_client(client, BLOB));
    world.tells("schemes/blob-other-partition");
}

#[test]
fn a_blob_as_a_document_of_another_partition() {
    let world = with_blob();
    let request = from("https://b.test/", BLOB).mode(Mode::Navigate).destination(Destination::Document);
    assert_eq!(world.ok(request).1, "0123456789");
    world.tells("schemes/blob-navigation");
}

#[test]
fn a_blob_of_another_origin() {
    let world = with_blob();
    world.err(from("https://b.test/", BLOB));
    world.tells("schemes/blob-other-origin");
}

#[test]
fn a_url_that_carries_its_blob() {
    let entry = BlobUrlEntry {
        object: Blob::new([Bytes::from_static(b"carried")], ""),
        origin: url(A).origin(),
        top_level_site: url(A).origin().site(),
    };
    let world = World::new([]);
    let mut request = from(A, BLOB);
    request.set_current_url(url(BLOB).with_blob_url_entry(Arc::new(entry)));
    assert_eq!(world.ok(request).1, "carried");
}

#[test]
fn files_are_refused_unless_somebody_reads_them() {
    let world = World::new([]);
    world.err(own("file:///etc/passwd"));
    world.err(from("file:///page", "file:///etc/passwd"));
    world.tells("schemes/file-refused");
    let world = World::with([], |agent| {
        agent.files = Some(Arc::new(Folder(HashMap::from([("/folder/x", "text")]), Slow::default())));
    });
    assert_eq!(world.ok(own("file:///folder/x")).1, "text");
    world.err(own("file:///folder/y"));
    world.tells("schemes/file");
}

#[test]
fn schemes_without_a_fetch() {
    for (to, name) in [
        ("ftp://b.test/x", "ftp"),
        ("ws://b.test/x", "ws"),
        ("javascript:1", "javascript"),
        ("x-own:y", "own"),
    ] {
        let world = World::new([]);
        world.err(own(to));
        world.tells(&format!("schemes/unsupported-{name}"));
    }
}
