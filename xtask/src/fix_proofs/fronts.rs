//! Apache httpd, Caddy and a Cloudflare Worker before the same application as nginx. None is fetched: they are proved where
//! they (and Node, which the Worker runs in) are installed.

use std::path::Path;

use super::{Fix, Peer, nginx, run};
use crate::peers::Scene;

pub(super) struct Apache;
pub(super) struct Caddy;
pub(super) struct Worker;

impl Peer for Apache {
    fn name(&self) -> &'static str {
        "apache"
    }

    fn refuses_odd_paths(&self) -> bool {
        true
    }

    /// What it passes on says who answers behind.
    fn shows_itself(&self) -> bool {
        false
    }

    fn is_front(&self) -> bool {
        true
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        run("sh", &["-c", "PATH=$PATH:/usr/sbin apache2 -v && nginx -v"], folder)
    }

    fn write(&self, scene: &Scene, _: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        // What stood beside the application is taken out, as the text's note says.
        let doubled = match fix {
            Some(fix) if fix.takes_away() && fix.case.path == "/doubled" => "",
            _ => "Header always set Access-Control-Allow-Origin https://app.example",
        };
        let text = fix.map(|fix| &*fix.text).unwrap_or_default();
        let conf = include_str!("../../fix_proofs/apache.conf")
            .replace("# TEXT", text)
            .replace("# DOUBLED", doubled);
        scene.write_file("httpd.conf", &[&conf])?;
        scene.write_file("users-apache", &["u:{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k="])?;
        // NB: one process, which ends with its signal; its workers would stay.
        let apache = "apache2 -d \"$PWD\" -f httpd.conf -X".to_owned();
        Ok(vec![nginx::application(scene, "")?, apache])
    }
}

impl Peer for Caddy {
    fn name(&self) -> &'static str {
        "caddy"
    }

    fn refuses_odd_paths(&self) -> bool {
        true
    }

    fn is_front(&self) -> bool {
        true
    }

    /// It passes on what the application says of itself.
    fn shows_itself(&self) -> bool {
        false
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        run("sh", &["-c", "PATH=$PATH:/usr/sbin caddy version && nginx -v"], folder)
    }

    fn write(&self, scene: &Scene, _: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        const REST: &str = "    # Here goes what the site did";
        const BEHIND: &str = "reverse_proxy 127.0.0.1:18091";
        // The password is `p`.
        const PRIVATE: &str =
            "basicauth {\n u $2a$14$Aa22duusCVfJEU2c.qvAROqiLdfVhFPkDCuVNqu0Cbo4GTX6NaMHW\n }";
        const DOUBLED: &str = "header +Access-Control-Allow-Origin https://app.example";
        let mut site = String::new();
        for (path, did, also) in [("/private", PRIVATE, ""), ("/doubled", "", DOUBLED)] {
            match fix.filter(|fix| fix.case.path == path) {
                None => site.push_str(&format!("route {path} {{\n{did}\n{also}\n{BEHIND}\n}}\n")),
                Some(fix) => site.push_str(&fix.text.replace(REST, &format!("{did}\n{BEHIND}\n{REST}"))),
            }
        }
        if let Some(fix) = fix.filter(|fix| !["/private", "/doubled"].contains(&fix.case.path)) {
            site.push_str(&fix.text.replace(REST, &format!("{BEHIND}\n{REST}")));
        }
        let file =
            format!("{{\nadmin off\nauto_https off\n}}\nhttp://127.0.0.1:18090 {{\n{site}\n{BEHIND}\n}}\n");
        scene.write_file("Caddyfile", &[&file])?;
        let caddy = "caddy run --config Caddyfile --adapter caddyfile".to_owned();
        Ok(vec![nginx::application(scene, "")?, caddy])
    }
}

impl Peer for Worker {
    fn name(&self) -> &'static str {
        "cloudflare"
    }

    /// It passes on what the application says of itself.
    fn shows_itself(&self) -> bool {
        false
    }

    fn is_front(&self) -> bool {
        true
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        run("sh", &["-c", "PATH=$PATH:/usr/sbin node --version && nginx -v"], folder)
    }

    fn write(&self, scene: &Scene, _: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let passes_on = "export default { fetch: (request) => fetch(request) };";
        scene.write_file("worker.mjs", &[fix.map_or(passes_on, |fix| &fix.text)])?;
        scene.write_file("server.mjs", &[include_str!("../../fix_proofs/cloudflare.mjs")])?;
        Ok(vec![nginx::application(scene, "")?, "node server.mjs".to_owned()])
    }
}
