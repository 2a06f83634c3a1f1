//! API Gateway, CloudFront and S3: JSON for their command line, which has no comments.

use serde_json::{Value, json};

use super::policy::{CorsPolicy, ServerPolicy};
use super::quoting::Unwritable;
use crate::json::printed;

pub(super) fn api_gateway(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let cors = policy.cors_alone()?;
    let mut config = json!({
        "AllowOrigins": [cors.allow_origin()],
        "AllowMethods": cors.methods,
        "AllowHeaders": cors.headers,
        "AllowCredentials": cors.credentials,
        "ExposeHeaders": cors.expose,
    });
    if let Some(seconds) = cors.max_age {
        config["MaxAge"] = json!(seconds);
    }
    Ok(text(&config))
}

pub(super) fn s3(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let cors = policy.cors_alone()?;
    let methods =
        cors.methods_among(|method| ["GET", "PUT", "POST", "DELETE", "HEAD"].contains(&&**method))?;
    let mut rule = json!({
        "AllowedOrigins": [cors.allow_origin()],
        "AllowedMethods": methods,
        "AllowedHeaders": cors.headers,
        "ExposeHeaders": cors.expose,
    });
    if let Some(seconds) = cors.max_age {
        rule["MaxAgeSeconds"] = json!(seconds);
    }
    Ok(text(&json!({ "CORSRules": [rule] })))
}

pub(super) fn cloudfront(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let mut config = json!({ "Name": "pages-of-other-origins" });
    if let Some(cors) = &policy.cors {
        config["CorsConfig"] = cloudfront_cors(cors)?;
    }
    if !policy.set.is_empty() {
        let of =
            |(name, value): &(String, String)| json!({ "Header": name, "Value": value, "Override": true });
        config["CustomHeadersConfig"] = items(policy.set.iter().map(of).collect());
    }
    if !policy.remove.is_empty() {
        let of = |name: &String| json!({ "Header": name });
        config["RemoveHeadersConfig"] = items(policy.remove.iter().map(of).collect());
    }
    // It may not set these two.
    let refused = policy
        .set
        .iter()
        .find(|(name, _)| ["location", "content-type"].iter().any(|known| name.eq_ignore_ascii_case(known)));
    match refused {
        Some((name, _)) => Err(Unwritable::NoSetting { name: name.clone() }),
        None => Ok(text(&config)),
    }
}

fn cloudfront_cors(cors: &CorsPolicy) -> Result<Value, Unwritable> {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let methods = cors.methods_among(|method| KNOWN.contains(&&**method))?;
    // NB: it wants at least one name, and no page may set this one: it allows nothing.
    let none = ["Origin".to_owned()];
    let headers = if cors.headers.is_empty() { &none[..] } else { &cors.headers[..] };
    let list = |names: &[String]| items(names.iter().map(|name| json!(name)).collect());
    let mut config = json!({
        "AccessControlAllowOrigins": items(vec![json!(cors.allow_origin())]),
        "AccessControlAllowMethods": list(methods),
        "AccessControlAllowHeaders": list(headers),
        "AccessControlAllowCredentials": cors.credentials,
        // What the origin behind says of these is dropped, so that nothing stands there twice.
        "OriginOverride": true,
    });
    if !cors.expose.is_empty() {
        config["AccessControlExposeHeaders"] = list(&cors.expose);
    }
    if let Some(seconds) = cors.max_age {
        config["AccessControlMaxAgeSec"] = json!(seconds);
    }
    Ok(config)
}

fn items(items: Vec<Value>) -> Value {
    json!({ "Quantity": items.len(), "Items": items })
}

fn text(value: &Value) -> String {
    printed(value) + "\n"
}
