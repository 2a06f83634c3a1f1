//! Laravel, whose own middleware reads `config/cors.php`.

use super::policy::ServerPolicy;
use super::quoting::{Unwritable, quoted};

pub(super) fn laravel(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let mut text = "<?php\n\n".to_owned();
    if let Some(cors) = &policy.cors {
        // NB: its paths have no slash before them, but the root is one; `*` is a pattern there.
        let path = policy.plain_path()?.trim_start_matches('/');
        let path = string(if path.is_empty() { "/" } else { path })?;
        text.push_str(&format!(
            "// config/cors.php. The middleware that reads it is the first of all, and answers preflights itself.\n\
             // It is the whole file: what it says of other paths must be in its lists too.\n\
             return [\n    'paths' => [{path}],\n    'allowed_methods' => [{}],\n    \
             'allowed_origins' => [{}],{}\n    'allowed_origins_patterns' => [],\n    \
             'allowed_headers' => [{}],\n    'exposed_headers' => [{}],\n    'max_age' => {},\n    \
             'supports_credentials' => {},\n];\n",
            strings(cors.upper_case_methods()?)?,
            string(cors.allow_origin())?,
            cors.each_origin(" //"),
            strings(&cors.headers)?,
            strings(&cors.expose)?,
            cors.max_age.unwrap_or(0),
            cors.credentials,
        ));
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str("// In the controller of this path, on the response that it returns:\n");
        for (name, value) in &policy.set {
            text.push_str(&format!("// $response->headers->set({}, {});\n", string(name)?, string(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!("// $response->headers->remove({});\n", string(name)?));
        }
    }
    Ok(text)
}

/// In single quotes PHP interpolates nothing. NB: `?>` ends PHP in a comment, though not in a string.
fn string(text: &str) -> Result<String, Unwritable> {
    match text.contains("?>") {
        true => Err(Unwritable::Character { character: '?' }),
        false => quoted(text, '\''),
    }
}

fn strings(texts: &[String]) -> Result<String, Unwritable> {
    let strings: Result<Vec<String>, Unwritable> = texts.iter().map(|text| string(text)).collect();
    Ok(strings?.join(", "))
}
