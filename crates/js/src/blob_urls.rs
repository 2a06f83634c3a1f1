//! [The blob URL store](https://w3c.github.io/FileAPI/#BlobURLStore) of a realm and its agent: what `URL.createObjectURL()` makes, and fetch finds.
//!
//! An entry lives until it is revoked or the realm goes. A URL that was parsed while its entry stood keeps the blob.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use sofetch::core::infrastructure::blobs::{Blob, BlobUrlEntry};
use sofetch::core::infrastructure::origins::Site;
use sofetch::core::ports::BlobUrls;
use sofetch::{Origin, Page, Url};

/// Who creates, looks up and revokes: an [environment](https://w3c.github.io/FileAPI/#blob-url-entry), as far as the store asks.
pub(crate) struct Environment {
    origin: Origin,
    top_level_site: Site,
}

/// By the URL: the realm that made it, and the entry.
type Entries = HashMap<String, (u64, Arc<BlobUrlEntry>)>;

/// Every URL with its entry.
pub(crate) struct BlobUrlStore {
    entries: Mutex<Entries>,
    /// The origin of scripts that are no page's, where their URL gives none.
    no_page: Origin,
}

impl Default for BlobUrlStore {
    fn default() -> BlobUrlStore {
        BlobUrlStore { entries: Mutex::default(), no_page: Origin::new_opaque() }
    }
}

impl BlobUrlStore {
    /// The environment of a realm: its page, or without one what its URL says.
    pub(crate) fn environment(&self, page: Option<&Page>, url: &Url) -> Environment {
        match page {
            Some(page) => Environment {
                origin: page.origin().clone(),
                top_level_site: page.client().network_partition_key().top_level_site,
            },
            None => {
                let origin = self.origin(None, url);
                Environment { top_level_site: origin.site(), origin }
            }
        }
    }

    /// The origin of a realm.
    pub(crate) fn origin(&self, page: Option<&Page>, url: &Url) -> Origin {
        match (page, url.origin()) {
            (Some(page), _) => page.origin().clone(),
            (None, Origin::Opaque(_)) => self.no_page.clone(),
            (None, origin) => origin,
        }
    }

    /// The realm is no more, nor what it made: step 2 of the
    /// [unloading document cleanup steps](https://w3c.github.io/FileAPI/#lifeTime), of a worker.
    pub(crate) fn remove_realm(&self, realm: u64) {
        let mut entries = self.entries();
        let left = entries.extract_if(|_, (of, _)| *of == realm).collect::<Vec<_>>();
        drop(entries);
        drop(left);
    }

    /// <https://w3c.github.io/FileAPI/#add-an-entry>, under a URL with these random bytes in its UUID.
    pub(crate) fn add(&self, object: Blob, realm: u64, environment: Environment, random: [u8; 16]) -> String {
        let Environment { origin, top_level_site } = environment;
        let url = generate_a_new_blob_url(&origin, random);
        let entry = BlobUrlEntry { object, origin, top_level_site };
        self.entries().insert(url.clone(), (realm, Arc::new(entry)));
        url
    }

    /// <https://w3c.github.io/FileAPI/#dfn-revokeObjectURL>: the URL and the entry that was removed, if there was one.
    pub(crate) fn revoke(&self, url: &str, environment: &Environment) -> Option<(String, Arc<BlobUrlEntry>)> {
        // 1 to 4. What is no blob: URL, or none that is known, is passed over.
        let url = Url::parse(url, None).ok()?;
        let entry = self.resolve(&url)?;
        // 5, 6. Another partition's is none of ours.
        let same_partition = entry.origin.same_origin(&environment.origin)
            && entry.top_level_site == environment.top_level_site;
        // 7. NB: found without its fragment, removed with it: a URL with one revokes nothing.
        let removed = same_partition.then(|| self.entries().remove_entry(url.href())).flatten();
        removed.map(|(url, (_, entry))| (url, entry))
    }

    /// [The URL parser](https://url.spec.whatwg.org/#concept-url-parser)'s last steps: a `blob:` URL takes its entry along.
    pub(crate) fn with_entry(&self, url: Url) -> Url {
        match self.resolve(&url) {
            Some(entry) => url.with_blob_url_entry(entry),
            None => url,
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Entries that `import()` took along when it was called. The engine asks for its module in a later job, and what was revoked in between
/// is still its.
#[derive(Default)]
pub(crate) struct Imported {
    /// Revoked, until the jobs that were there then are done.
    revoked: RefCell<ByUrl>,
    /// Found by such a job, until the module is fetched.
    taken: RefCell<ByUrl>,
}

/// By the URL; that of one that was revoked has no fragment.
type ByUrl = HashMap<String, Arc<BlobUrlEntry>>;

impl Imported {
    pub(crate) fn was_revoked(&self, url: String, entry: Arc<BlobUrlEntry>) {
        self.revoked.borrow_mut().insert(url, entry);
    }

    pub(crate) fn forget(&self, url: &str) {
        self.revoked.borrow_mut().remove(url);
    }

    /// The job of an `import()` names this URL.
    pub(crate) fn take(&self, url: &str) {
        let revoked = self.revoked.borrow();
        if revoked.is_empty() {
            return;
        }
        let known =
            Url::parse(url, None).ok().and_then(|url| revoked.get(url.href_without_fragment()).cloned());
        if let Some(entry) = known {
            self.taken.borrow_mut().insert(url.to_owned(), entry);
        }
    }

    /// The URL, with the entry that was taken.
    pub(crate) fn with_entry(&self, url: Url) -> Url {
        match self.taken.borrow_mut().remove(url.href()) {
            Some(entry) => url.with_blob_url_entry(entry),
            None => url,
        }
    }
}

impl BlobUrls for BlobUrlStore {
    /// <https://w3c.github.io/FileAPI/#blob-url-resolve>
    fn resolve(&self, url: &Url) -> Option<Arc<BlobUrlEntry>> {
        if url.scheme() != "blob" {
            return None;
        }
        self.entries().get(url.href_without_fragment()).map(|(_, entry)| entry.clone())
    }
}

/// <https://w3c.github.io/FileAPI/#unicodeBlobURL>, with the UUID that these bytes make
/// ([version 4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)). An opaque origin says `null`.
fn generate_a_new_blob_url(origin: &Origin, mut random: [u8; 16]) -> String {
    random[6] = random[6] & 0x0F | 0x40;
    random[8] = random[8] & 0x3F | 0x80;
    let mut url = format!("blob:{}/", origin.serialize());
    for (index, byte) in random.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            url.push('-');
        }
        for digit in [byte >> 4, byte & 0xF] {
            url.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(input: &str) -> Url {
        Url::parse(input, None).expect("a URL of the table")
    }

    fn blob() -> Blob {
        Blob::new(["x".into()], "")
    }

    #[test]
    fn a_blob_url_names_its_origin_and_a_uuid_of_version_4() {
        let origin = url("https://example.test:8443/").origin();
        assert_eq!(
            generate_a_new_blob_url(&origin, [0xFF; 16]),
            "blob:https://example.test:8443/ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            generate_a_new_blob_url(&Origin::new_opaque(), [0; 16]),
            "blob:null/00000000-0000-4000-8000-000000000000"
        );
    }

    #[test]
    fn revocation_asks_for_the_very_url_in_the_same_partition() {
        let store = BlobUrlStore::default();
        let here = |store: &BlobUrlStore| store.environment(None, &url("https://a.test/page"));
        let there = store.environment(None, &url("https://b.test/"));
        let created = store.add(blob(), 0, here(&store), [7; 16]);
        for (name, revoked, environment, known) in [
            ("no URL", "blob", &here(&store), true),
            ("another scheme", "https://a.test/", &here(&store), true),
            ("unknown", "blob:https://a.test/x", &here(&store), true),
            ("with a fragment", &*format!("{created}#x"), &here(&store), true),
            ("another origin", &created, &there, true),
            ("itself", &created, &here(&store), false),
            ("once more", &created, &here(&store), false),
        ] {
            store.revoke(revoked, environment);
            assert_eq!(store.resolve(&url(&created)).is_some(), known, "{name}");
        }
    }

    #[test]
    fn a_parsed_url_keeps_its_blob_when_the_store_does_not() {
        let store = BlobUrlStore::default();
        let file = url("file:///tmp/page.js");
        let created = store.add(blob(), 0, store.environment(None, &file), [7; 16]);
        let parsed = store.with_entry(url(&format!("{created}#fragment")));
        assert!(store.revoke(&created, &store.environment(None, &file)).is_some());
        assert!(store.with_entry(url(&created)).blob_url_entry().is_none());
        let entry = parsed.blob_url_entry().expect("parsed before it was revoked");
        assert!(parsed.origin().same_origin(&entry.origin));
        assert!(store.with_entry(file).blob_url_entry().is_none());
    }
}
