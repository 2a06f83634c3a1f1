//! Go's net/http, alone and with rs/cors.

use std::fs;
use std::path::Path;

use super::{Fix, Peer, run, write};
use crate::peers::Scene;

pub(super) struct Go {
    name: &'static str,
    /// What the text calls its function.
    function: &'static str,
}

pub(super) const NET_HTTP: Go = Go { name: "go", function: "withHeaders" };
pub(super) const RS_CORS: Go = Go { name: "rs-cors", function: "withCORS" };

impl Peer for Go {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Only what it refuses shows it.
    fn shows_itself(&self) -> bool {
        false
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        run("go", &["version"], folder)?;
        if !folder.join("go.mod").exists() {
            run("go", &["mod", "init", "fix.test/proof"], folder)?;
        }
        match self.name {
            "rs-cors" if !folder.join("go.sum").exists() => {
                run("go", &["get", "github.com/rs/cors@v1.11.1"], folder)
            }
            _ => Ok(()),
        }
    }

    fn write(&self, _: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let other = std::io::Error::other::<String>;
        let taken = fix.filter(|fix| fix.takes_away()).map(|fix| fix.case.path).unwrap_or_default();
        let function = if fix.is_some() { self.function } else { "" };
        let main = include_str!("../../fix_proofs/go_main.txt").replace("FIXED", function);
        write(folder.join("main.go"), &main.replace("TAKEN_OUT", taken)).map_err(other)?;
        match fix {
            Some(fix) => {
                write(folder.join("fix.go"), &format!("package main\n\n{}", fix.text)).map_err(other)?
            }
            None => _ = fs::remove_file(folder.join("fix.go")),
        }
        run("go", &["build", "-o", "proof", "."], folder).map_err(other)?;
        Ok(vec![format!("'{}' 18090", folder.join("proof").display())])
    }
}
