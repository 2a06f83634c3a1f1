//! FastAPI on uvicorn.

use std::path::Path;

use super::{Fix, Peer, run};
use crate::peers::Scene;

pub(super) struct FastApi;

impl Peer for FastApi {
    fn name(&self) -> &'static str {
        "fastapi"
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        let pip = folder.join("bin/pip");
        if folder.join("bin/uvicorn").exists() {
            return Ok(());
        }
        run("python3", &["-m", "venv", "."], folder)?;
        run(&pip.to_string_lossy(), &["install", "--quiet", "fastapi", "uvicorn"], folder)
    }

    fn write(&self, scene: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let text = fix.map(|fix| &*fix.text).unwrap_or_default();
        let app = include_str!("../../fix_proofs/fastapi.py");
        scene.write_file("main.py", &[app, text])?;
        Ok(vec![format!(
            "'{}' main:app --port 18090 --log-level critical",
            folder.join("bin/uvicorn").display()
        )])
    }
}
