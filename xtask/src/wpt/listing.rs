//! Which tests there are: a list of names, and what web-platform-tests' own rules make of each: runs, URLs, scripts.
//!
//! A name's parts decide scheme, port and host, its `// META:` lines (a page's `<meta>`) variants, scripts, time and title.
//! What a file says is read from the tree; what is run comes from the server, since that is where `.sub.` is resolved.

use std::fs;
use std::path::Path;

use super::page;

/// The global that a test runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// A window without a document.
    Window,
    /// A dedicated worker.
    Worker,
}

impl Scope {
    /// As the list and the command say it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Scope::Window => "window",
            Scope::Worker => "worker",
        }
    }
}

/// A row of the list: a file, and the global to run it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) scope: Scope,
    /// From the tree's root, with a leading slash.
    pub(super) path: String,
}

/// How a test's scripts are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `.any.js`: a wrapper loads the harness, META's scripts, the test.
    Any,
    /// `.worker.js`: imports the harness itself.
    WorkerScript,
    /// `.window.js`: as `.any.js`, without `GLOBAL`.
    WindowScript,
    /// A page of scripts.
    Page,
}

/// One run: a file, in one global, with one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// web-platform-tests' own name of it, as in `/url/a.any.worker.html?b`.
    pub(super) id: String,
    pub(super) scope: Scope,
    pub(super) kind: Kind,
    /// The file, as listed.
    pub(super) path: String,
    /// `?` and what follows, or nothing.
    pub(super) variant: String,
    pub(super) title: Option<String>,
    /// META's scripts as they are written there.
    pub(super) scripts: Vec<String>,
    /// A minute instead of ten seconds.
    pub(super) long: bool,
}

/// Which of the server's origins a test is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) port: PortKind,
    pub(super) www: bool,
}

/// The ports that a test may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortKind {
    Http,
    Https,
    H2,
}

/// The rows of a list. Lines that begin with `#` are remarks.
pub(super) fn read_list(text: &str) -> Result<Vec<Listed>, Vec<String>> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        match line.split_once(' ') {
            Some(("window", path)) => rows.push(Listed { scope: Scope::Window, path: path.to_owned() }),
            Some(("worker", path)) => rows.push(Listed { scope: Scope::Worker, path: path.to_owned() }),
            _ => faults.push(format!("line {}: it is `window PATH` or `worker PATH`", number + 1)),
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

/// The rows that the filters leave: all, or those whose path or id begins with one of them.
pub(super) fn matches(filters: &[String], name: &str) -> bool {
    let is_of = |filter: &String| name.trim_start_matches('/').starts_with(filter.trim_start_matches('/'));
    filters.is_empty() || filters.iter().any(is_of)
}

/// The tests of the tree that filters name and no list does, by the suite's own choice of a global.
pub(super) fn in_tree(tree: &Path, filter: &str) -> Vec<Listed> {
    let filter = filter.trim_matches('/');
    let mut paths = Vec::new();
    walk(tree, filter, &mut paths);
    // Most pages need a document: only one that is named itself runs.
    if paths.is_empty() && tree.join(filter).is_file() && kind_of(filter).is_some() {
        paths.push(format!("/{filter}"));
    }
    paths.sort();
    let listed = paths.into_iter().filter_map(|path| {
        let text = fs::read(tree.join(path.trim_start_matches('/'))).ok()?;
        let scope = default_scope(&path, &String::from_utf8_lossy(&text))?;
        Some(Listed { scope, path })
    });
    listed.collect()
}

fn walk(tree: &Path, under: &str, paths: &mut Vec<String>) {
    let place = tree.join(under);
    if place.is_file() && kind_of(under).is_some_and(|kind| kind != Kind::Page) {
        paths.push(format!("/{under}"));
    }
    for entry in fs::read_dir(&place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !matches!(&*name, "resources" | "support" | "tools") && !name.starts_with('.') {
            walk(tree, &format!("{under}/{name}"), paths);
        }
    }
}

/// A worker where a dedicated worker is allowed, else a window; nothing where neither is.
fn default_scope(path: &str, text: &str) -> Option<Scope> {
    match kind_of(path)? {
        Kind::WorkerScript => Some(Scope::Worker),
        Kind::WindowScript | Kind::Page => Some(Scope::Window),
        Kind::Any => {
            let globals = Meta::of_script(text).globals();
            let allowed = |word| globals.iter().any(|global| global == word);
            match () {
                () if allowed("dedicatedworker") => Some(Scope::Worker),
                () if allowed("window") => Some(Scope::Window),
                () => None,
            }
        }
    }
}

pub(super) fn kind_of(path: &str) -> Option<Kind> {
    match path {
        _ if path.ends_with(".any.js") => Some(Kind::Any),
        _ if path.ends_with(".worker.js") => Some(Kind::WorkerScript),
        _ if path.ends_with(".window.js") => Some(Kind::WindowScript),
        _ if path.ends_with(".html") || path.ends_with(".htm") => Some(Kind::Page),
        _ => None,
    }
}

/// All runs of a listed file: one for each variant.
pub(super) fn runs(tree: &Path, listed: &Listed) -> Result<Vec<Run>, String> {
    let text = fs::read(tree.join(listed.path.trim_start_matches('/')))
        .map_err(|error| format!("{}: not in this tree: {error}", listed.path))?;
    runs_of(listed, &String::from_utf8_lossy(&text))
}

fn runs_of(listed: &Listed, text: &str) -> Result<Vec<Run>, String> {
    let Listed { scope, path } = listed;
    let kind = kind_of(path).ok_or(format!("{path}: no name of a test"))?;
    let meta = if kind == Kind::Page { Meta::of_page(text) } else { Meta::of_script(text) };
    let page = match (kind, scope) {
        (Kind::Any, Scope::Worker) => path.replace(".any.js", ".any.worker.html"),
        (Kind::Any, Scope::Window) => path.replace(".any.js", ".any.html"),
        (Kind::WorkerScript, _) => path.replace(".worker.js", ".worker.html"),
        (Kind::WindowScript, _) => path.replace(".window.js", ".window.html"),
        (Kind::Page, _) => path.clone(),
    };
    let run = |variant: &String| Run {
        id: format!("{page}{variant}"),
        scope: *scope,
        kind,
        path: path.clone(),
        variant: variant.clone(),
        title: meta.title.clone(),
        scripts: meta.scripts.clone(),
        long: meta.long,
    };
    match meta.variants[..] {
        [] => Ok(vec![run(&String::new())]),
        ref variants => Ok(variants.iter().map(run).collect()),
    }
}

/// What a file says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Meta {
    title: Option<String>,
    scripts: Vec<String>,
    variants: Vec<String>,
    long: bool,
    global: Option<String>,
}

impl Meta {
    /// The `// META: key=value` lines at the head of a script. The first other line ends them.
    fn of_script(text: &str) -> Meta {
        let mut meta = Meta::default();
        for line in text.lines() {
            let said = line.strip_prefix("//").and_then(|rest| rest.trim_start().strip_prefix("META:"));
            let Some((key, value)) = said.and_then(|said| said.trim_start().split_once('=')) else { break };
            let value = value.trim_end().to_owned();
            match key {
                "title" => meta.title = Some(value),
                "script" => meta.scripts.push(value),
                "variant" => meta.variants.push(value),
                "timeout" => meta.long = value == "long",
                "global" => meta.global = Some(value),
                _ => {}
            }
        }
        meta
    }

    fn of_page(text: &str) -> Meta {
        let page = page::read(text);
        Meta { title: page.title, variants: page.variants, long: page.long, ..Meta::default() }
    }

    /// The globals that an `.any.js` test is meant for.
    fn globals(&self) -> Vec<String> {
        let mut globals: Vec<String> = Vec::new();
        for word in self.global.as_deref().unwrap_or("default").split(',').map(str::trim) {
            let (gone, word) = word.strip_prefix('!').map_or((false, word), |word| (true, word));
            let meant: &[&str] = match word {
                "default" => &["window", "dedicatedworker"],
                "worker" => &["dedicatedworker", "sharedworker", "serviceworker"],
                _ => &[word],
            };
            globals.retain(|global| !meant.contains(&global.as_str()));
            if !gone {
                globals.extend(meant.iter().map(|&global| global.to_owned()));
            }
        }
        globals
    }
}

impl Run {
    /// The flags between the dots of the file's name.
    pub(super) fn place(&self) -> Place {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let has = |flag| name.split('.').skip(1).any(|part| part == flag);
        let port = match () {
            () if has("h2") => PortKind::H2,
            () if has("https") => PortKind::Https,
            () => PortKind::Http,
        };
        Place { port, www: has("www") }
    }

    /// The path and query of the global's own URL: a worker's is its script's, a window's its page's.
    pub(super) fn location(&self) -> String {
        match (self.kind, self.scope) {
            (Kind::Any, Scope::Worker) => {
                format!("{}{}", self.path.replace(".any.js", ".any.worker.js"), self.variant)
            }
            (Kind::WorkerScript, _) => format!("{}{}", self.path, self.variant),
            _ => self.id.clone(),
        }
    }

    /// A path of the server, for what a test's file calls `said`.
    pub(super) fn resolve(&self, said: &str) -> String {
        let (said, query) = said.split_once('?').map_or((said, None), |(path, query)| (path, Some(query)));
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let whole = if said.starts_with('/') { said.to_owned() } else { format!("{folder}/{said}") };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/').skip(1) {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("/{}{query}", parts.join("/"))
    }
}

/// The folder that a test is counted in: the first part of its path, or two where one standard has but a part of the first.
pub(super) fn folder_of(id: &str) -> String {
    let mut parts = id.trim_start_matches('/').split('/');
    let first = parts.next().unwrap_or_default();
    match (first, parts.next()) {
        ("dom" | "html", Some(second)) => format!("{first}/{second}"),
        _ => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(scope: Scope, path: &str, text: &str) -> Vec<Run> {
        runs_of(&Listed { scope, path: path.to_owned() }, text).expect("a test's name")
    }

    #[test]
    fn meta_is_read_from_the_head_alone() {
        let meta = Meta::of_script(
            "// META: title=a = b\r\n//META: script=../c.js\n//  META: script=d.js\n// META: timeout=long\n\
             // META: variant=?1-2\n// META: variant=?3-last\n'use strict';\n// META: script=late.js",
        );
        assert_eq!(meta.title.as_deref(), Some("a = b"));
        assert_eq!(meta.scripts, ["../c.js", "d.js"]);
        assert_eq!(meta.variants, ["?1-2", "?3-last"]);
        assert!(meta.long && meta.global.is_none());
        assert_eq!(Meta::of_script("\n// META: title=a"), Meta::default());
    }

    #[test]
    fn global_table() {
        for (name, said, scope) in [
            ("without a word: both", "", Some(Scope::Worker)),
            ("a window only", "// META: global=window", Some(Scope::Window)),
            ("worker is every worker", "// META: global=window, worker", Some(Scope::Worker)),
            ("a service worker only", "// META: global=serviceworker", None),
            (
                "a window beside others",
                "// META: global=window,serviceworker,shadowrealm",
                Some(Scope::Window),
            ),
            ("all but a worker", "// META: global=default,!dedicatedworker", Some(Scope::Window)),
            ("modules are others", "// META: global=dedicatedworker-module", None),
        ] {
            assert_eq!(default_scope("/a/b.any.js", said), scope, "{name}");
        }
        assert_eq!(default_scope("/a/b.worker.js", ""), Some(Scope::Worker));
        assert_eq!(default_scope("/a/b.window.js", ""), Some(Scope::Window));
        assert_eq!(default_scope("/a/b.js", ""), None);
    }

    #[test]
    fn names_and_locations_table() {
        use PortKind::{H2, Http, Https};
        for (scope, path, id, location, port) in [
            (Scope::Worker, "/a/b.any.js", "/a/b.any.worker.html?v", "/a/b.any.worker.js?v", Http),
            (Scope::Window, "/a/b.any.js", "/a/b.any.html?v", "/a/b.any.html?v", Http),
            (
                Scope::Worker,
                "/a/b.https.any.js",
                "/a/b.https.any.worker.html?v",
                "/a/b.https.any.worker.js?v",
                Https,
            ),
            (Scope::Window, "/a/b.h2.window.js", "/a/b.h2.window.html?v", "/a/b.h2.window.html?v", H2),
            (Scope::Worker, "/a/https.worker.js", "/a/https.worker.html?v", "/a/https.worker.js?v", Http),
        ] {
            let run = run_of(scope, path, "// META: variant=?v").remove(0);
            assert_eq!((&*run.id, &*run.location(), run.place().port), (id, location, port), "{path}");
        }
        assert!(run_of(Scope::Window, "/a/b.www.sub.any.js", "")[0].place().www);
        let page = run_of(
            Scope::Window,
            "/a/b.html",
            "<meta name=variant content='?x'><meta name=variant content=?y>",
        );
        assert_eq!([&*page[0].id, &*page[1].id], ["/a/b.html?x", "/a/b.html?y"]);
    }

    #[test]
    fn scripts_are_of_the_tests_folder() {
        let run = &run_of(Scope::Window, "/a/b/c.any.js", "")[0];
        for (said, path) in [
            ("/d.js", "/d.js"),
            ("d.js", "/a/b/d.js"),
            ("./d.js?pipe=sub", "/a/b/d.js?pipe=sub"),
            ("../../e/f.js", "/e/f.js"),
            ("?x=../y", "/a/b/?x=../y"),
        ] {
            assert_eq!(run.resolve(said), path, "{said}");
        }
    }

    #[test]
    fn lists_and_filters() {
        let rows = read_list("# remark\nworker /a/b.any.js\n\nwindow /c/d.html\n").expect("a list");
        assert_eq!(rows[1], Listed { scope: Scope::Window, path: "/c/d.html".to_owned() });
        assert_eq!(read_list("sharedworker /a").map_err(|faults| faults.len()), Err(1));
        let filters = ["/a/b".to_owned(), "c/".to_owned()];
        for (name, matched) in [("/a/b.any.js", true), ("/c/d", true), ("/cc/d", false), ("/a/c", false)] {
            assert_eq!(matches(&filters, name), matched, "{name}");
        }
        assert_eq!(folder_of("/dom/abort/a.html"), "dom/abort");
        assert_eq!(folder_of("/url/a/b.html"), "url");
    }
}
