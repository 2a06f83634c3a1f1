//! nginx: a map of origins, and a location with its own headers.

use sofetch_core::infrastructure::statuses::is_redirect_status;

use super::policy::{Origins, ServerPolicy};
use super::quoting::{Unwritable, quoted_without};

/// What begins the part for `http`, and what the part for `server`.
const IN_HTTP: &str = "# In http { }:";
const IN_SERVER: &str = "# In server { }:";
/// What stands where the location's own directives go.
const REST: &str = "    # Here goes what this location did until now (proxy_pass, root, auth_basic ...), without its add_header lines\n    # of these names. Those of the blocks around no longer count here: repeat what must stay.\n";

pub(super) fn nginx(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let (mut http, mut preflight, mut lines, mut hidden) =
        (String::new(), String::new(), String::new(), Vec::new());
    let add = |name: &str, value: &str| format!("add_header {name} {value} always;\n");
    if let Some(cors) = &policy.cors {
        // Whoever is not in the list gets an empty value, and nginx sends no empty headers.
        let (origin, credentials) = match &cors.origins {
            Origins::Any => ("\"*\"", "\"true\""),
            Origins::One(origin) => {
                let origin = quoted(origin)?;
                http.push_str(&format!(
                    "# The origins that may read: a line each. All others get nothing.\n\
                     map $http_origin $cors_origin {{\n    default \"\";\n    {origin} {origin};\n}}\n"
                ));
                if cors.credentials {
                    http.push_str(
                        "map $cors_origin $cors_credentials {\n    default \"true\";\n    \"\" \"\";\n}\n",
                    );
                }
                ("$cors_origin", "$cors_credentials")
            }
        };
        let value = |name: &str, value: &str| match name {
            "Access-Control-Allow-Origin" => Ok(origin.to_owned()),
            "Access-Control-Allow-Credentials" => Ok(credentials.to_owned()),
            _ => quoted(value),
        };
        let vary = if cors.origins == Origins::Any { "" } else { "add_header Vary Origin always;\n" };
        if cors.preflight {
            let mut block = String::new();
            for (name, said) in cors.preflight_headers() {
                block.push_str(&add(name, &value(name, &said)?));
            }
            block.push_str(vary);
            block.push_str("return 204;\n");
            preflight = format!(
                "    # A preflight is answered here, before authentication and before the application.\n    \
                 if ($request_method = OPTIONS) {{\n{}    }}\n",
                indented(&block, 8)
            );
        }
        for (name, said) in cors.answer_headers() {
            lines.push_str(&add(name, &value(name, &said)?));
            hidden.push(name.to_owned());
        }
        lines.push_str(vary);
    }
    for (name, value) in &policy.set {
        match &*name.to_ascii_lowercase() {
            "content-type" => lines.push_str(&format!(
                "types {{ }}\ndefault_type {value};\n\
                 # Where the application behind says it: proxy_hide_header Content-Type; add_header Content-Type {value};\n",
                value = quoted(value)?
            )),
            "location" => {
                let status = if is_redirect_status(policy.status) { policy.status } else { 302 };
                lines.push_str(&format!("return {status} {};\n", quoted(value)?));
            }
            _ => {
                lines.push_str(&add(name, &quoted(value)?));
                hidden.push(name.clone());
            }
        }
    }
    hidden.extend(policy.remove.iter().cloned());
    let mut text = String::new();
    if !http.is_empty() {
        text = format!("{IN_HTTP}\n{http}\n");
    }
    let path = merged_slashes(&policy.decoded_path()?);
    let path = if policy.is_plain_path() { path } else { quoted(&path)? };
    text.push_str(&format!("{IN_SERVER}\nlocation = {path} {{\n{preflight}"));
    text.push_str("    # `always`: error pages have them too.\n");
    text.push_str(&indented(&lines, 4));
    if !hidden.is_empty() {
        text.push_str(
            "    # What the application behind says of these itself would stand there a second time.\n",
        );
    }
    for name in hidden {
        text.push_str(&format!("    proxy_hide_header {name};\n"));
    }
    text.push_str(REST);
    text.push_str("}\n");
    Ok(text)
}

/// In double quotes; nginx expands `$` even there, and has no escape for it.
fn quoted(text: &str) -> Result<String, Unwritable> {
    quoted_without(text, '"', &['$'])
}

/// nginx compares locations after it merged slashes.
fn merged_slashes(path: &str) -> String {
    let mut merged = String::new();
    for character in path.chars() {
        if character != '/' || !merged.ends_with('/') {
            merged.push(character);
        }
    }
    merged
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}
