//! Apache httpd and Caddy.

use super::policy::{Origins, ServerPolicy};
use super::quoting::{Unwritable, literal_pattern, quoted_without};

pub(super) fn apache(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let pattern = apache_pattern(&policy.decoded_path()?)?;
    let mut text =
        "# In the virtual host; modules headers, setenvif and rewrite (a2enmod headers setenvif rewrite).\n"
            .to_owned();
    let (mut inside, mut only) = (String::new(), "");
    if let Some(cors) = &policy.cors {
        if let Origins::One(origin) = &cors.origins {
            let pattern = apache_pattern(origin)?;
            text.push_str(&format!(
                "# The origins that may read: a line each. All others get nothing.\nSetEnvIf Origin {pattern} CORS_ORIGIN=$0\n"
            ));
            only = " env=CORS_ORIGIN";
        }
        if cors.preflight {
            text.push_str(&format!(
                "# A preflight is answered here, before authentication and before the application.\nRewriteEngine On\n\
                 RewriteCond %{{REQUEST_METHOD}} =OPTIONS\nRewriteCond %{{HTTP:Access-Control-Request-Method}} !^$\n\
                 RewriteRule {pattern} - [R=204,L]\n"
            ));
        }
        let headers = if cors.preflight { cors.preflight_headers() } else { cors.answer_headers() };
        let exposed =
            cors.answer_headers().into_iter().filter(|(name, _)| *name == "Access-Control-Expose-Headers");
        let headers =
            headers.into_iter().filter(|(name, _)| *name != "Access-Control-Expose-Headers").chain(exposed);
        inside.push_str("    # `always` is a table of its own, for error pages too; what the application says stands in the other.\n");
        for (name, value) in headers {
            let value = match (name, only) {
                ("Access-Control-Allow-Origin", " env=CORS_ORIGIN") => "\"%{CORS_ORIGIN}e\"".to_owned(),
                _ => apache_string(&value)?,
            };
            inside.push_str(&format!(
                "    Header onsuccess unset {name}\n    Header always set {name} {value}{only}\n"
            ));
        }
        if !only.is_empty() {
            inside.push_str("    Header always merge Vary Origin\n");
        }
    }
    for (name, value) in &policy.set {
        let value = apache_string(value)?;
        inside.push_str(&match &*name.to_ascii_lowercase() {
            "content-type" => format!("    ForceType {value}\n"),
            "location" => {
                format!("    Header always set {name} {value}\n    Header onsuccess unset {name}\n")
            }
            _ => format!("    Header onsuccess unset {name}\n    Header always set {name} {value}\n"),
        });
    }
    for name in &policy.remove {
        inside.push_str(&format!("    Header onsuccess unset {name}\n    Header always unset {name}\n"));
    }
    text.push_str(&format!("<LocationMatch {pattern}>\n{inside}</LocationMatch>\n"));
    Ok(text)
}

/// In double quotes; `$` and `%` stand for values of Apache's own, and a backslash is one only before some.
fn apache_string(text: &str) -> Result<String, Unwritable> {
    quoted_without(text, '"', &['$', '%', '\\', '`', '"'])
}

/// A pattern of this text and no other.
fn apache_pattern(text: &str) -> Result<String, Unwritable> {
    apache_string(text)?;
    Ok(format!("\"^{}$\"", literal_pattern(text)))
}

pub(super) fn caddy(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = policy.plain_path()?;
    let (mut text, mut inside) = (String::new(), String::new());
    text.push_str("# In the site's block. `route` keeps the order of its lines: preflights come before authentication.\n");
    if let Some(cors) = &policy.cors {
        let only = match &cors.origins {
            Origins::Any => "",
            Origins::One(origin) => {
                inside.push_str(&format!(
                    "    # Each origin that may read. All others get nothing.\n    @allowed header Origin {}\n    \
                     header +Vary Origin\n",
                    caddy_string(origin)?
                ));
                "@allowed "
            }
        };
        let block = |headers: Vec<(&'static str, String)>| -> Result<String, Unwritable> {
            // `defer`: once the answer is there, in place of what the application said.
            let mut block = format!("    header {only}{{\n        defer\n");
            for (name, value) in headers {
                block.push_str(&format!("        {name} {}\n", caddy_string(&value)?));
            }
            Ok(block + "    }\n")
        };
        inside.push_str(&block(cors.answer_headers())?);
        if cors.preflight {
            inside.push_str(
                "    @preflight {\n        method OPTIONS\n        header Access-Control-Request-Method *\n    }\n    \
                 route @preflight {\n",
            );
            let block = block(cors.preflight_headers())?;
            inside.extend(block.lines().map(|line| format!("    {line}\n")));
            inside.push_str("        respond 204\n    }\n");
        }
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        inside.push_str("    header {\n        defer\n");
        for (name, value) in &policy.set {
            inside.push_str(&format!("        {name} {}\n", caddy_string(value)?));
        }
        for name in &policy.remove {
            inside.push_str(&format!("        -{name}\n"));
        }
        inside.push_str("    }\n");
    }
    text.push_str(&format!(
        "route {path} {{\n{inside}    # Here goes what the site did for this path until now (basic_auth, reverse_proxy ...).\n}}\n"
    ));
    Ok(text)
}

/// In double quotes; braces stand for values of Caddy's own, and its only escape is that of the quote.
fn caddy_string(text: &str) -> Result<String, Unwritable> {
    quoted_without(text, '"', &['{', '}', '\\', '`'])
}
