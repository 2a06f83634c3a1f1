//! Servers of Python: FastAPI on uvicorn, and Django's own with django-cors-headers.

use std::path::Path;

use super::{Fix, Peer, run};
use crate::peers::Scene;

pub(super) struct FastApi;
pub(super) struct Django;

impl Peer for FastApi {
    fn name(&self) -> &'static str {
        "fastapi"
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        install(folder, &["fastapi", "uvicorn"])
    }

    fn write(&self, scene: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let text = fix.map(|fix| &*fix.text).unwrap_or_default();
        scene.write_file("main.py", &[include_str!("../../fix_proofs/fastapi.py"), text])?;
        let uvicorn = folder.join("bin/uvicorn");
        Ok(vec![format!("'{}' main:app --port 18090 --log-level critical", uvicorn.display())])
    }
}

impl Peer for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        install(folder, &["django", "django-cors-headers"])
    }

    fn write(&self, scene: &Scene, folder: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let text = fix.map(|fix| &*fix.text).unwrap_or_default();
        let app = include_str!("../../fix_proofs/django.py").replace("# TEXT", text);
        let taken = fix.filter(|fix| fix.takes_away()).map(|fix| fix.case.path).unwrap_or_default();
        scene.write_file("application.py", &[&app.replace("TAKEN_OUT", taken)])?;
        let python = folder.join("bin/python");
        let server = "-m django runserver 127.0.0.1:18090 --noreload --pythonpath . --settings application";
        Ok(vec![format!("'{}' {server}", python.display())])
    }
}

/// A virtual environment with these packages, made once.
fn install(folder: &Path, packages: &[&str]) -> Result<(), String> {
    let ready = folder.join("ready");
    if ready.exists() {
        return Ok(());
    }
    run("python3", &["-m", "venv", "."], folder)?;
    run(&folder.join("bin/pip").to_string_lossy(), &[&["install", "--quiet"], packages].concat(), folder)?;
    super::write(ready, &packages.join(" "))
}
