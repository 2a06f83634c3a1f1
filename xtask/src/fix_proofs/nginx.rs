//! nginx before an application, which is nginx as well.

use std::path::Path;

use super::{CASES, Fix, ODD, Peer, run};
use crate::peers::Scene;

pub(super) struct Nginx;

/// The place of a text's parts, and where a location's own directives go.
const IN_SERVER: &str = "# In server { }:\n";
const REST: &str = "    # Here goes what this location did until now";

impl Peer for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn is_front(&self) -> bool {
        true
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        // NB: Debian keeps it where not every user looks.
        if run("sh", &["-c", "PATH=$PATH:/usr/sbin nginx -v"], folder).is_ok() {
            return Ok(());
        }
        run("apt-get", &["install", "-y", "--no-install-recommends", "nginx"], folder)
    }

    fn write(&self, scene: &Scene, _: &Path, fix: Option<&Fix>) -> std::io::Result<Vec<String>> {
        let (mut http, mut server) = (String::new(), String::new());
        for path in CASES.iter().map(|case| case.path).chain(["/untouched"]) {
            let did = did(path);
            match fix.filter(|fix| fix.case.path == path) {
                // The last location has it.
                None if path == ODD => {}
                None => server.push_str(&format!("location = {path} {{ {did} {} }}\n", also(path))),
                Some(fix) => {
                    let (of_http, of_server) = fix.text.split_once(IN_SERVER).unwrap_or(("", &fix.text));
                    http.push_str(of_http);
                    server.push_str(&of_server.replace(REST, &format!("    {did}\n{REST}")));
                }
            }
        }
        server.push_str(&format!("location / {{ {} }}\n", did("/")));
        let front = format!("{http}\nserver {{\nlisten 127.0.0.1:18090;\n{server}}}\n");
        scene.write_file("users", &["u:{PLAIN}p"])?;
        application(scene, &front).map(|start| vec![start])
    }
}

/// The application on the port behind, with what stands before it.
pub(super) fn application(scene: &Scene, front: &str) -> std::io::Result<String> {
    let conf = include_str!("../../fix_proofs/nginx.conf").replace("# FRONT", front);
    scene.write_file("nginx.conf", &[&conf])?;
    Ok("nginx -p . -c nginx.conf".to_owned())
}

/// What the location does.
fn did(path: &str) -> &'static str {
    match path {
        "/private" => "auth_basic lamps; auth_basic_user_file users; proxy_pass http://127.0.0.1:18091;",
        _ => "proxy_pass http://127.0.0.1:18091;",
    }
}

/// What it sets beside the application.
fn also(path: &str) -> &'static str {
    if path == "/doubled" { "add_header Access-Control-Allow-Origin https://app.example always;" } else { "" }
}
