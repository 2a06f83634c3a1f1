//! Rails, with rack-cors.

use super::policy::ServerPolicy;
use super::quoting::{Unwritable, list, quoted};

pub(super) fn rails(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let mut text = String::new();
    if let Some(cors) = &policy.cors {
        // NB: the library answers methods in upper case, whatever was said.
        let methods: Vec<String> =
            cors.upper_case_methods()?.iter().map(|name| name.to_ascii_lowercase()).collect();
        let symbol = |name: &String| match name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            true => Ok(format!(":{name}")),
            false => Ok(format!(":{}", string(name)?)),
        };
        let symbols: Result<Vec<String>, Unwritable> = methods.iter().map(symbol).collect();
        // NB: the library decodes the path before it compares.
        let path = match policy.is_plain_path() {
            true => string(&policy.path)?,
            false => {
                format!("Regexp.new('\\A' + Regexp.escape({}) + '\\z')", string(&policy.decoded_path()?)?)
            }
        };
        text.push_str(&format!(
            "# config/initializers/cors.rb, with gem 'rack-cors'.\n\
             # At 0, before authentication and redirects: it answers preflights itself.\n\
             Rails.application.config.middleware.insert_before 0, Rack::Cors do\n  allow do\n    \
             origins {}{}\n    resource {path},\n      methods: [{}]",
            string(cors.allow_origin())?,
            cors.each_origin(" #"),
            symbols?.join(", ")
        ));
        // NB: without a list, `headers` allows none, and `credentials` is false.
        if !cors.headers.is_empty() {
            text.push_str(&format!(",\n      headers: [{}]", list(&cors.headers, '\'')?));
        }
        if !cors.expose.is_empty() {
            text.push_str(&format!(",\n      expose: [{}]", list(&cors.expose, '\'')?));
        }
        if cors.credentials {
            text.push_str(",\n      credentials: true");
        }
        if let Some(seconds) = cors.max_age {
            text.push_str(&format!(",\n      max_age: {seconds}"));
        }
        text.push_str("\n  end\nend\n");
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str("# In the controller of this path:\nafter_action do\n");
        for (name, value) in &policy.set {
            text.push_str(&format!("  response.set_header({}, {})\n", string(name)?, string(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!("  response.delete_header({})\n", string(name)?));
        }
        text.push_str("end\n");
    }
    Ok(text)
}

/// In single quotes Ruby interpolates nothing.
fn string(text: &str) -> Result<String, Unwritable> {
    quoted(text, '\'')
}
