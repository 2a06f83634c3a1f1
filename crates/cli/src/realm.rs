//! From options to a global for scripts: `sofetch run` and `sofetch repl` make theirs here.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sofetch::{Url, UserAgentBuilder};
use sofetch_js::{Global, ModuleFolders, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};

use crate::args::{GlobalKind, RealmArgs};
use crate::ending::Failure;
use crate::options::targets::{is_a_pages, without_user};
use crate::options::{PolicyOptions, UsageError, has_scheme};
use crate::output::Streams;

/// How deep scripts may go: a quarter of the stack that they are given here.
const SCRIPT_STACK_BYTES: usize = THREAD_STACK_BYTES / 4;

/// What the options say of a global, read and looked at.
pub(crate) struct Realm {
    /// The page's URL; `None` is a file's.
    pub(crate) base_url: Option<Url>,
    /// What it was delivered with.
    pub(crate) policies: PolicyOptions,
    import_maps: Vec<(PathBuf, String)>,
}

impl Realm {
    /// Reads what is to be read.
    pub(crate) fn of(args: &RealmArgs) -> Result<Realm, UsageError> {
        let base_url = args.base_url.as_deref().map(base_url).transpose()?;
        let policies = PolicyOptions::of_realm(args)?;
        Ok(Realm { base_url, policies, import_maps: import_maps(args)? })
    }

    /// Tells what is said in vain to the page with this URL, or to a file's.
    pub(crate) fn tell(&self, page: Option<&Url>, streams: &Streams) {
        let notes = self.policies.misread().into_iter().chain(self.policies.unheard(page));
        notes.for_each(|note| streams.note(&note));
    }

    /// Is the page a file's? Only such has modules of files: a page of the network reads none.
    pub(crate) fn is_files(&self) -> bool {
        self.base_url.as_ref().is_none_or(|url| url.scheme() == "file")
    }

    /// Settings of its runtime.
    pub(crate) fn builder(&self, args: &RealmArgs, agent: UserAgentBuilder) -> RuntimeBuilder {
        let mut builder = Runtime::builder().agent(agent).page(!args.no_page).max_stack(SCRIPT_STACK_BYTES);
        builder = builder.global(match args.global {
            GlobalKind::Window => Global::Window,
            GlobalKind::Worker => Global::Worker,
        });
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url.clone());
        }
        if let Some(policy) = args.referrer_policy {
            builder = builder.referrer_policy(policy);
        }
        builder = self.policies.deliver_to_runtime(builder);
        if let Some(bytes) = args.max_memory {
            builder = builder.max_memory(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        builder
    }

    /// Registers the import maps.
    pub(crate) fn add_import_maps(&self, runtime: &mut Runtime) -> Result<(), Failure> {
        for (path, text) in &self.import_maps {
            let place =
                self.is_files().then(|| ModuleFolders::url_of(path)).transpose().map_err(Failure::Start)?;
            runtime.add_import_map(text, place.as_ref()).map_err(Failure::Script)?;
        }
        Ok(())
    }
}

/// A page's URL, with its scheme.
pub(crate) fn base_url(said: &str) -> Result<Url, UsageError> {
    // NB: to the URL parser, `localhost:8080` has one.
    let url = if has_scheme(said.trim()) { Url::parse(said, None).ok() } else { None };
    let url = url.ok_or_else(|| UsageError::Url(without_user(said)))?;
    if is_a_pages(&url) { Ok(url) } else { Err(UsageError::NoPage(without_user(said))) }
}

/// The import maps' texts, in their order.
fn import_maps(args: &RealmArgs) -> Result<Vec<(PathBuf, String)>, UsageError> {
    args.import_map.iter().map(|path| Ok((path.clone(), read(path)?))).collect()
}

/// No script is longer than this; a device may go on for ever.
const LONGEST_FILE: u64 = 256 << 20;

/// A file's text.
pub(crate) fn read(path: &Path) -> Result<String, UsageError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_FILE { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    };
    match read() {
        Ok(bytes) => Ok(decode(&bytes)),
        Err(error) => Err(UsageError::File { path: path.to_owned(), error }),
    }
}

/// UTF-8 decode: a byte order mark is none of the text, and what is no UTF-8 becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned()
}
