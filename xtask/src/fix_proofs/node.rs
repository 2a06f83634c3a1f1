//! Servers of Node: Express with `cors`, Fastify with `@fastify/cors`, Hono.

use std::path::Path;

use super::{Fix, Peer, run};
use crate::peers::Scene;

pub(super) struct Node {
    name: &'static str,
    packages: &'static [&'static str],
    app: &'static str,
    shows_itself: bool,
}

pub(super) const EXPRESS: Node = Node {
    name: "express",
    packages: &["express@5", "cors@2"],
    app: include_str!("../../fix_proofs/express.mjs"),
    shows_itself: true,
};
pub(super) const FASTIFY: Node = Node {
    name: "fastify",
    packages: &["fastify@5", "@fastify/cors@11"],
    app: include_str!("../../fix_proofs/fastify.mjs"),
    shows_itself: false,
};
pub(super) const HONO: Node = Node {
    name: "hono",
    packages: &["hono@4", "@hono/node-server@1"],
    app: include_str!("../../fix_proofs/hono.mjs"),
    shows_itself: false,
};

/// What begins the part that goes after the routes.
const LAST: &str = "// Last of all";

impl Peer for Node {
    fn name(&self) -> &'static str {
        self.name
    }

    fn shows_itself(&self) -> bool {
        self.shows_itself
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        run("node", &["--version"], folder)?;
        let name =
            |package: &str| package.rsplit_once('@').map(|(name, _)| name.to_owned()).unwrap_or_default();
        if self.packages.iter().all(|package| folder.join("node_modules").join(name(package)).exists()) {
            return Ok(());
        }
        let install = ["install", "--no-audit", "--no-fund", "--prefix", "."];
        run("npm", &[&install[..], self.packages].concat(), folder)
    }

    fn write(&self, scene: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let text = fix.map(|fix| &*fix.text).unwrap_or_default();
        let (first, last) = text.split_at(text.find(LAST).unwrap_or(text.len()));
        let taken = fix.filter(|fix| fix.takes_away()).map(|fix| fix.case.path).unwrap_or_default();
        let app = self.app.replace("// FIRST", first).replace("// LAST", last).replace("TAKEN_OUT", taken);
        scene.write_file("app.mjs", &[&app])?;
        let (code, said) =
            scene.run(&format!("ln -s '{}' node_modules", folder.join("node_modules").display()))?;
        match code {
            Some(0) => Ok(vec!["node app.mjs".to_owned()]),
            _ => Err(std::io::Error::other(said)),
        }
    }
}
