//! [`ModuleFolders`]: modules of files. Nothing else of this crate reads one.

use std::io;
use std::path::{Path, PathBuf};

use sofetch::Url;

use super::{ModuleLoader, ModuleType, decode};

/// Loads modules from folders, and from what is below them: files that end in `.js` or `.mjs`, and where a type is asked for, in `.json`
/// or `.txt`. A link that leads out of its folder is refused, and no answer tells what is outside.
#[derive(Clone, Debug)]
pub struct ModuleFolders(Vec<PathBuf>);

impl ModuleFolders {
    /// These folders.
    ///
    /// # Errors
    /// Where one is not there.
    pub fn new<P: AsRef<Path>>(folders: impl IntoIterator<Item = P>) -> io::Result<ModuleFolders> {
        folders
            .into_iter()
            .map(|folder| folder.as_ref().canonicalize())
            .collect::<io::Result<_>>()
            .map(ModuleFolders)
    }

    /// The folder of a script.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn folder_of(script: &Path) -> io::Result<PathBuf> {
        match script.parent() {
            Some(folder) if folder != Path::new("") => folder.canonicalize(),
            _ => Path::new(".").canonicalize(),
        }
    }

    /// The URL of a script: that of its folder as it really is, with its own name.
    ///
    /// # Errors
    /// Where its folder is not there, or its name is none that a URL can have.
    pub fn url_of(script: &Path) -> io::Result<Url> {
        let name = script.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let path = Self::folder_of(script)?.join(name);
        let mut text = String::from("file://");
        for &byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'/' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
                byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
                // Drives and separators of Windows.
                b':' if cfg!(windows) => text.push(':'),
                b'\\' if cfg!(windows) => text.push('/'),
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
        Url::parse(&text, None).map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    fn is_within(&self, path: &Path) -> bool {
        self.0.iter().any(|folder| path.starts_with(folder))
    }

    /// Why a file of this name is no module of this type.
    ///
    /// NB: values are not made to be run, and there are settings and secrets among them: those whose path has a hidden part are not read.
    fn is_no_module(&self, path: &Path, kind: ModuleType) -> Option<&'static str> {
        let ends_in = |endings: &[&str]| {
            path.extension().is_some_and(|extension| endings.iter().any(|ending| extension == *ending))
        };
        let is_hidden = || {
            let folder = self.0.iter().find(|folder| path.starts_with(folder));
            let below = folder.and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path);
            below.iter().any(|part| part.as_encoded_bytes().starts_with(b"."))
        };
        match kind {
            ModuleType::JavaScript if !ends_in(&["js", "mjs"]) => Some("a module's file ends in .js or .mjs"),
            ModuleType::Json if !ends_in(&["json"]) => Some("a JSON module's file ends in .json"),
            ModuleType::Text if !ends_in(&["txt"]) => Some("a text module's file ends in .txt"),
            ModuleType::Json | ModuleType::Text if is_hidden() => Some("its path has a hidden part"),
            _ => None,
        }
    }

    /// Is there a link on the way from a folder to this?
    fn has_link(&self, path: &Path) -> bool {
        path.ancestors().take_while(|part| self.is_within(part)).any(Path::is_symlink)
    }
}

impl ModuleLoader for ModuleFolders {
    fn takes(&self, url: &Url) -> bool {
        url.scheme() == "file"
    }

    fn for_worker(&self) -> Option<Box<dyn ModuleLoader + Send>> {
        Some(Box::new(self.clone()))
    }

    fn load(&self, url: &Url, kind: ModuleType) -> std::result::Result<String, String> {
        if !self.takes(url) {
            return Err("it is no file's URL".to_owned());
        }
        let outside = || "it is outside of the folder that modules are loaded from".to_owned();
        let path = path_of(url).ok_or_else(outside)?;
        // NB: before the file system is asked: what is outside is not looked for.
        if !self.is_within(&path) {
            return Err(outside());
        }
        if let Some(why) = self.is_no_module(&path, kind) {
            return Err(why.to_owned());
        }
        let real = path.canonicalize().map_err(|error| {
            // NB: a link may lead out, to what is not there.
            if self.has_link(&path) { outside() } else { error.to_string() }
        })?;
        if !self.is_within(&real) {
            return Err(outside());
        }
        // NB: a link's name says nothing of what a value is made of.
        if kind != ModuleType::JavaScript
            && let Some(why) = self.is_no_module(&real, kind)
        {
            return Err(why.to_owned());
        }
        if !real.is_file() {
            return Err("it is no file".to_owned());
        }
        std::fs::read(real).map(|bytes| decode(&bytes)).map_err(|error| error.to_string())
    }
}

/// The path that a file's URL says.
fn path_of(url: &Url) -> Option<PathBuf> {
    if !url.hostname().is_empty() {
        return None;
    }
    let said = url.path().as_bytes();
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::with_capacity(said.len()), 0);
    while at < said.len() {
        match (said[at], digit(said.get(at + 1)), digit(said.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    let text = String::from_utf8(bytes);
    // An encoded step upwards would be taken after the look at where the path leads.
    let text =
        text.ok().filter(|text| !text.contains('\0') && !text.split(['/', '\\']).any(|part| part == ".."))?;
    Some(PathBuf::from(if cfg!(windows) { text.trim_start_matches('/') } else { &text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a valid URL")
    }

    #[test]
    fn paths_of_urls() {
        let table = [
            ("a plain one", "file:///a/b.js", Some("/a/b.js")),
            ("percent-encoded", "file:///a%20b/%C3%A9.js", Some("/a b/\u{e9}.js")),
            ("a query and a fragment are none of it", "file:///a.js?v=1#x", Some("/a.js")),
            ("another machine's", "file://host/a.js", None),
            ("an encoded step upwards", "file:///a/..%2Fb.js", None),
            ("a NUL", "file:///a%00.js", None),
            ("no UTF-8", "file:///%FF.js", None),
        ];
        for (name, said, expected) in table {
            assert_eq!(path_of(&url(said)), expected.map(PathBuf::from), "{name}");
        }
    }

    #[test]
    fn urls_of_paths() {
        let folder = std::env::temp_dir().canonicalize().expect("it is there");
        let said = ModuleFolders::url_of(&folder.join("a b%#?\u{e9}.mjs")).expect("a URL");
        assert!(said.href().ends_with("/a%20b%25%23%3F%C3%A9.mjs"), "{}", said.href());
        assert_eq!(path_of(&said), Some(folder.join("a b%#?\u{e9}.mjs")));
    }
}
