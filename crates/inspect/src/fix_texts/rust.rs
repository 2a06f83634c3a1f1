//! Servers of Rust: axum with tower-http, and Actix Web.

use super::policy::{CorsPolicy, Origins, ServerPolicy};
use super::quoting::{Unwritable, list, quoted};

pub(super) fn axum(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = string(&policy.path)?;
    let others = !policy.set.is_empty() || !policy.remove.is_empty();
    let (mut uses, mut items) = (Vec::new(), String::new());
    if let Some(cors) = &policy.cors {
        let who = match cors.origins {
            Origins::Any => {
                uses.push("use tower_http::cors::{Any, CorsLayer};");
                "        .allow_origin(Any)\n".to_owned()
            }
            Origins::One(_) => {
                uses.push("use tower_http::cors::{AllowOrigin, CorsLayer};");
                format!(
                    "        .allow_origin(AllowOrigin::predicate(|origin, request| {{\n            \
                     request.uri.path() == {path} && ORIGINS.iter().any(|known| origin == known)\n        }}))\n"
                )
            }
        };
        items.push_str(&origins(cors)?);
        items.push_str(
            "/// Which pages of other origins may ask, and what. It answers every OPTIONS request itself.\n",
        );
        items.push_str("fn cors() -> CorsLayer {\n    CorsLayer::new()\n");
        items.push_str(&who);
        items.push_str(&format!("        .allow_methods([{}])\n", methods(cors)?));
        for (setter, names) in [("allow_headers", &cors.headers), ("expose_headers", &cors.expose)] {
            if !names.is_empty() {
                items.push_str(&format!("        .{setter}([{}])\n", static_names(names)?));
            }
        }
        if cors.credentials {
            items.push_str("        .allow_credentials(true)\n");
        }
        if let Some(seconds) = cors.max_age {
            items.push_str(&format!("        .max_age(std::time::Duration::from_secs({seconds}))\n"));
        }
        items.push_str("}\n\n");
    }
    if others {
        uses.push("use axum::{extract::Request, middleware::{Next, from_fn}, response::Response};");
        items.push_str(&format!(
            "async fn other_headers(request: Request, next: Next) -> Response {{\n    \
             let here = request.uri().path() == {path};\n    \
             let mut response = next.run(request).await;\n    if here {{\n        \
             let headers = response.headers_mut();\n"
        ));
        for (name, value) in &policy.set {
            let (name, value) = (string(&name.to_ascii_lowercase())?, string(value)?);
            items.push_str(&format!(
                "        headers.insert({name}, axum::http::HeaderValue::from_static({value}));\n"
            ));
        }
        for name in &policy.remove {
            items.push_str(&format!("        headers.remove({});\n", string(name)?));
        }
        items.push_str("    }\n    response\n}\n\n");
    }
    let others = if others { ".layer(from_fn(other_headers))" } else { "" };
    items.push_str(&match &policy.cors {
        Some(CorsPolicy { origins: Origins::Any, .. }) => format!(
            "/// Around the handlers of this path: `.route({path}, with_cors(get(handler)))`.\n\
             fn with_cors(route: axum::routing::MethodRouter) -> axum::routing::MethodRouter {{\n    \
             route{others}.layer(cors())\n}}\n"
        ),
        cors => format!(
            "/// The last layer of all, so that it is the outermost: `let app = with_cors(app);`.\n\
             fn with_cors(router: axum::Router) -> axum::Router {{\n    router{others}{}\n}}\n",
            if cors.is_some() { ".layer(cors())" } else { "" }
        ),
    });
    let head = if policy.cors.is_some() { "// tower-http with the feature \"cors\".\n" } else { "" };
    let head = head.to_owned() + &imports_of(&items);
    Ok(format!("{head}{}\n\n{items}", uses.join("\n")))
}

/// What of `http` the items use.
fn imports_of(items: &str) -> String {
    let used: Vec<&str> =
        ["HeaderName", "Method"].into_iter().filter(|name| items.contains(&format!("{name}::"))).collect();
    match used[..] {
        [] => String::new(),
        [one] => format!("use axum::http::{one};\n"),
        _ => format!("use axum::http::{{{}}};\n", used.join(", ")),
    }
}

pub(super) fn actix(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = string(&policy.path)?;
    let mut text = String::new();
    if let Some(cors) = &policy.cors {
        text.push_str("use actix_cors::Cors;\n\n");
        text.push_str(&origins(cors)?);
        text.push_str(
            "/// Which pages of other origins may ask, and what. The last `wrap` of all, so that it is the outermost:\n\
             /// `App::new().service(..).wrap(cors())`.\nfn cors() -> Cors {\n    Cors::default()\n",
        );
        text.push_str(&match cors.origins {
            Origins::Any => format!(
                "        // For this path alone: around its resource, web::resource({path}).wrap(cors()).\n        \
                 .allow_any_origin()\n        .send_wildcard()\n"
            ),
            Origins::One(_) => format!(
                "        .allowed_origin_fn(|origin, request| {{\n            \
                 request.uri.path() == {path} && ORIGINS.iter().any(|known| origin == known)\n        }})\n"
            ),
        });
        text.push_str(&format!("        .allowed_methods([{}])\n", list(&cors.methods, '"')?));
        if !cors.headers.is_empty() {
            text.push_str(&format!("        .allowed_headers([{}])\n", list(&cors.headers, '"')?));
        }
        if !cors.expose.is_empty() {
            text.push_str(&format!("        .expose_headers([{}])\n", list(&cors.expose, '"')?));
        }
        if cors.credentials {
            text.push_str("        .supports_credentials()\n");
        }
        if let Some(seconds) = cors.max_age {
            text.push_str(&format!("        .max_age({seconds})\n"));
        }
        text.push_str("        .block_on_origin_mismatch(false)\n}\n");
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str(&format!(
            "/// Around the handlers of this path: `web::resource({path}).wrap(from_fn(other_headers))`.\n\
             async fn other_headers(\n    request: actix_web::dev::ServiceRequest,\n    \
             next: actix_web::middleware::Next<impl actix_web::body::MessageBody>,\n\
             ) -> Result<actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>, actix_web::Error> {{\n    \
             use actix_web::http::header::{{HeaderName, HeaderValue}};\n    \
             let mut response = next.call(request).await?;\n    let headers = response.headers_mut();\n"
        ));
        for (name, value) in &policy.set {
            text.push_str(&format!(
                "    headers.insert(HeaderName::from_static({}), HeaderValue::from_static({}));\n",
                string(&name.to_ascii_lowercase())?,
                string(value)?
            ));
        }
        for name in &policy.remove {
            let name = string(&name.to_ascii_lowercase())?;
            text.push_str(&format!("    headers.remove(HeaderName::from_static({name}));\n"));
        }
        text.push_str("    Ok(response)\n}\n");
    }
    Ok(text)
}

fn origins(cors: &CorsPolicy) -> Result<String, Unwritable> {
    Ok(match &cors.origins {
        Origins::Any => String::new(),
        Origins::One(origin) => {
            format!("/// Each origin that may read.\nconst ORIGINS: &[&str] = &[{}];\n\n", string(origin)?)
        }
    })
}

/// The methods as values of `http::Method`.
fn methods(cors: &CorsPolicy) -> Result<String, Unwritable> {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let methods = cors.methods.iter().map(|method| match KNOWN.contains(&&**method) {
        true => Ok(format!("Method::{method}")),
        false => Ok(format!("Method::from_bytes(b{}).expect(\"a method is a token\")", string(method)?)),
    });
    Ok(methods.collect::<Result<Vec<_>, Unwritable>>()?.join(", "))
}

/// Names as `http::HeaderName`, which knows lower case alone where it is made from a static text.
fn static_names(names: &[String]) -> Result<String, Unwritable> {
    let names = names
        .iter()
        .map(|name| Ok(format!("HeaderName::from_static({})", string(&name.to_ascii_lowercase())?)));
    Ok(names.collect::<Result<Vec<_>, Unwritable>>()?.join(", "))
}

fn string(text: &str) -> Result<String, Unwritable> {
    quoted(text, '"')
}
