//! Express, with the library `cors`.

use std::path::Path;

use super::{Fix, Peer, run};
use crate::peers::Scene;

pub(super) struct Express;

/// What begins the part that goes after the routes.
const LAST: &str = "// Last of all";

impl Peer for Express {
    fn name(&self) -> &'static str {
        "express"
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        run("node", &["--version"], folder)?;
        match folder.join("node_modules/express").exists() && folder.join("node_modules/cors").exists() {
            true => Ok(()),
            false => run(
                "npm",
                &["install", "--no-audit", "--no-fund", "--prefix", ".", "express@5", "cors@2"],
                folder,
            ),
        }
    }

    fn write(&self, scene: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let text = fix.map(|fix| &*fix.text).unwrap_or_default();
        let (first, last) = text.split_at(text.find(LAST).unwrap_or(text.len()));
        let taken = fix.filter(|fix| fix.takes_away()).map(|fix| fix.case.path).unwrap_or_default();
        let app = include_str!("../../fix_proofs/express.mjs");
        let app = app.replace("// FIRST", first).replace("// LAST", last).replace("TAKEN_OUT", taken);
        scene.write_file("app.mjs", &[&app])?;
        let (code, said) =
            scene.run(&format!("ln -s '{}' node_modules", folder.join("node_modules").display()))?;
        if code != Some(0) {
            return Err(std::io::Error::other(said));
        }
        Ok(vec!["node app.mjs".to_owned()])
    }
}
