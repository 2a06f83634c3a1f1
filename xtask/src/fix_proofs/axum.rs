//! axum with tower-http: one crate with a module for each text, so that all of them are compiled together.

use std::fs;
use std::path::Path;

use super::{CASES, Fix, Peer, run, write};
use crate::peers::Scene;

pub(super) struct Axum;

const MANIFEST: &str = r#"[package]
name = "fix-proof"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
axum = "0.8"
tokio = { version = "1", features = ["rt", "net", "macros"] }
tower-http = { version = "0.7", features = ["cors"] }

[workspace]
"#;

impl Peer for Axum {
    fn name(&self) -> &'static str {
        "axum"
    }

    /// Most of its answers say nothing of it.
    fn shows_itself(&self) -> bool {
        false
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        self.prepare(folder, &[])
    }

    fn prepare(&self, folder: &Path, fixes: &[Fix]) -> Result<(), String> {
        let source = folder.join("src");
        fs::create_dir_all(&source).map_err(|error| error.to_string())?;
        write(folder.join("Cargo.toml"), MANIFEST)?;
        write(source.join("main.rs"), include_str!("../../fix_proofs/axum_main.rs"))?;
        let (mut modules, mut arms) = (String::new(), String::new());
        for case in CASES {
            let Some(fix) = fixes.iter().find(|fix| fix.case.path == case.path) else { continue };
            let name = module(case.path);
            // The text is private to its module, as it would be to an application's.
            let (of, arm) = match fix.text.contains("MethodRouter") {
                true => ("routing::MethodRouter", format!("app({name}::fixed(get(answer)))")),
                false => ("Router", format!("{name}::fixed(app(get(answer)))")),
            };
            modules.push_str(&format!(
                "mod {name} {{\n{}\npub fn fixed(it: axum::{of}) -> axum::{of} {{ with_cors(it) }}\n}}\n",
                fix.text
            ));
            arms.push_str(&format!("        Some({:?}) => {arm},\n", case.path));
        }
        let fixed = format!(
            "use axum::Router;\nuse axum::routing::get;\nuse crate::{{answer, app}};\n{modules}\n\
             pub fn fixed(path: Option<&str>) -> Router {{\n    match path {{\n{arms}        _ => app(get(answer)),\n    }}\n}}\n"
        );
        write(source.join("fixed.rs"), &fixed)?;
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let build = ["build", "--quiet", "--target-dir", "target"];
        // NB: what was once fetched is enough where nothing can be.
        run(&cargo, &[&build[..], &["--offline"]].concat(), folder).or_else(|_| run(&cargo, &build, folder))
    }

    fn write(&self, _: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let path = fix.map(|fix| fix.case.path).unwrap_or_default();
        Ok(vec![format!("'{}' 18090 {path}", folder.join("target/debug/fix-proof").display())])
    }
}

fn module(path: &str) -> String {
    path.replace('/', "fix_").replace('%', "_").to_lowercase()
}
