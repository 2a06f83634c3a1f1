//! Servers of JavaScript: Express, Fastify, Hono; Next.js and Cloudflare Workers, which have no CORS library of their own.

use super::policy::{CorsPolicy, Origins, ServerPolicy};
use super::quoting::{Unwritable, list, quoted};

pub(super) fn express(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let mut text = String::new();
    if let Some(cors) = &policy.cors {
        text.push_str("// npm install cors\nimport cors from 'cors';\n\n");
        text.push_str("// First of all, before authentication and the routes: it answers OPTIONS itself.\n");
        text.push_str(&format!("app.all({}, cors({{\n", express_path(policy)?));
        text.push_str(&options(cors, ["origin", "methods", "allowedHeaders", "exposedHeaders", "maxAge"])?);
        text.push_str("}));\n");
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str(&format!("// In the route of {}, where it answers:\n", js(&policy.path)?));
        for (name, value) in &policy.set {
            text.push_str(&format!("response.set({}, {});\n", js(name)?, js(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!("response.removeHeader({});\n", js(name)?));
        }
    }
    if policy.cors.is_some() {
        text.push_str(
            "\n// Last of all, after the routes: an error page that keeps the headers above. Put your own in its place.\n\
             app.use((error, request, response, next) => {\n  \
               if (response.headersSent) return next(error);\n  \
               console.error(error);\n  \
               response.status(error.status ?? 500).json({ error: 'Internal Server Error' });\n\
             });\n",
        );
    }
    Ok(text)
}

/// A path that Express takes as it stands, or a regular expression where it would find patterns in it.
fn express_path(policy: &ServerPolicy) -> Result<String, Unwritable> {
    match policy.is_plain_path() {
        true => js(&policy.path),
        false => {
            let pattern = format!("^{}$", super::quoting::literal_pattern(&policy.path));
            Ok(format!("new RegExp({})", js(&pattern)?))
        }
    }
}

pub(super) fn fastify(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = js(&policy.path)?;
    let mut text = String::new();
    if let Some(cors) = &policy.cors {
        let options = options(cors, ["origin", "methods", "allowedHeaders", "exposedHeaders", "maxAge"])?;
        text.push_str(&format!(
            "// npm install @fastify/cors\nimport cors from '@fastify/cors';\n\n\
             // Before all other plugins and hooks, authentication among them: it answers OPTIONS itself.\n\
             const allowed = {{\n{options}}};\n\
             await app.register(cors, {{\n  \
               // For this path alone; `origin: false` leaves all others as they are.\n  \
               delegator: (request, callback) =>\n    \
                 callback(null, request.url.split('?')[0] === {path} ? allowed : {{ origin: false }}),\n\
             }});\n"
        ));
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str(&format!(
            "app.addHook('onSend', async (request, reply) => {{\n  if (request.url.split('?')[0] !== {path}) return;\n"
        ));
        for (name, value) in &policy.set {
            text.push_str(&format!("  reply.header({}, {});\n", js(name)?, js(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!("  reply.removeHeader({});\n", js(name)?));
        }
        text.push_str("});\n");
    }
    Ok(text)
}

pub(super) fn hono(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = js(&policy.path)?;
    let mut text = String::new();
    if let Some(cors) = &policy.cors {
        let options = options(cors, ["origin", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge"])?;
        text.push_str(&format!(
            "import {{ cors }} from 'hono/cors';\n\n\
             // Before authentication and the routes: it answers OPTIONS itself.\n\
             const allowed = cors({{\n{options}}});\n"
        ));
        text.push_str(&match policy.is_plain_path() {
            true => format!("app.use({path}, allowed);\n"),
            // NB: `req.path` is decoded, in part.
            false => format!(
                "app.use(async (context, next) =>\n  \
                 new URL(context.req.url).pathname === {path} ? allowed(context, next) : next());\n"
            ),
        });
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str(&format!(
            "app.use(async (context, next) => {{\n  await next();\n  if (new URL(context.req.url).pathname !== {path}) return;\n"
        ));
        for (name, value) in &policy.set {
            text.push_str(&format!("  context.header({}, {});\n", js(name)?, js(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!("  context.header({}, undefined);\n", js(name)?));
        }
        text.push_str("});\n");
    }
    Ok(text)
}

/// The members of a library's options, a line each. Names: origin, methods, request headers, exposed headers, age.
fn options(cors: &CorsPolicy, names: [&str; 5]) -> Result<String, Unwritable> {
    let [origin, methods, headers, exposed, age] = names;
    let mut text = match &cors.origins {
        Origins::Any => format!("  {origin}: '*',\n"),
        // NB: a list, not a string: libraries send a string to everybody.
        Origins::One(one) => format!("  {origin}: [{}], // each origin that may read\n", js(one)?),
    };
    text.push_str(&format!("  {methods}: [{}],\n", list(&cors.methods, '\'')?));
    // NB: without a list they allow whatever headers are asked for.
    let none = ["content-type".to_owned()];
    let allowed = if cors.headers.is_empty() { &none[..] } else { &cors.headers[..] };
    text.push_str(&format!("  {headers}: [{}],\n", list(allowed, '\'')?));
    if !cors.expose.is_empty() {
        text.push_str(&format!("  {exposed}: [{}],\n", list(&cors.expose, '\'')?));
    }
    if cors.credentials {
        text.push_str("  credentials: true,\n");
    }
    if let Some(seconds) = cors.max_age {
        text.push_str(&format!("  {age}: {seconds},\n"));
    }
    Ok(text)
}

pub(super) fn next(policy: &ServerPolicy) -> Result<String, Unwritable> {
    // NB: what the route sets itself comes after.
    if let Some(name) = policy.remove.first() {
        return Err(Unwritable::NoSetting { name: name.clone() });
    }
    let path = js(&policy.path)?;
    let mut text = "// proxy.js beside app/ or pages/; before Next.js 16: middleware.js, and the function is `middleware`.\n\
                    import { NextResponse } from 'next/server';\n\n"
        .to_owned();
    let (mut first, mut then) = (String::new(), String::new());
    if let Some(cors) = &policy.cors {
        text.push_str(&tables(cors)?);
        let origin = "  const origin = request.headers.get('origin');\n";
        first.push_str(origin);
        if cors.preflight {
            first.push_str(
                "  if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {\n    \
                   return allow(new NextResponse(null, { status: 204 }), origin, preflightHeaders);\n  }\n",
            );
        }
        then.push_str("  allow(response, origin, answerHeaders);\n");
    }
    then.push_str(&changes(policy)?);
    text.push_str(&format!(
        "export function proxy(request) {{\n  \
           if (request.nextUrl.pathname !== {path}) return NextResponse.next();\n{first}  \
           const response = NextResponse.next();\n{then}  return response;\n}}\n"
    ));
    Ok(text)
}

pub(super) fn cloudflare(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = js(&policy.path)?;
    let (mut text, mut first, mut then) = (String::new(), String::new(), String::new());
    if let Some(cors) = &policy.cors {
        text.push_str(&tables(cors)?);
        first.push_str("    const origin = request.headers.get('origin');\n");
        if cors.preflight {
            first.push_str(
                "    if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {\n      \
                   return allow(new Response(null, { status: 204 }), origin, preflightHeaders);\n    }\n",
            );
        }
        then.push_str("    allow(response, origin, answerHeaders);\n");
    }
    then.extend(changes(policy)?.lines().map(|line| format!("  {line}\n")));
    text.push_str(&format!(
        "export default {{\n  async fetch(request) {{\n    \
             if (new URL(request.url).pathname !== {path}) return fetch(request);\n{first}    \
             // The answer of the server behind, whatever its status, as one whose headers can be changed.\n    \
             const behind = await fetch(request);\n    \
             const response = new Response(behind.body, behind);\n{then}    return response;\n  }},\n}};\n"
    ));
    Ok(text)
}

/// Who may ask and what is said to them, and the function that says it.
fn tables(cors: &CorsPolicy) -> Result<String, Unwritable> {
    let table = |name: &str, headers: Vec<(&str, String)>| -> Result<String, Unwritable> {
        let mut text = format!("const {name} = {{\n");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "Access-Control-Allow-Origin") {
            text.push_str(&format!("  {}: {},\n", js(name)?, js(value)?));
        }
        text.push_str("};\n");
        Ok(text)
    };
    let mut text = String::new();
    if let Origins::One(origin) = &cors.origins {
        text.push_str(&format!("// Each origin that may read.\nconst origins = [{}];\n", js(origin)?));
    }
    text.push_str(&table("answerHeaders", cors.answer_headers())?);
    if cors.preflight {
        text.push_str(&table("preflightHeaders", cors.preflight_headers())?);
    }
    text.push_str("\nfunction allow(response, origin, headers) {\n");
    text.push_str(match &cors.origins {
        Origins::Any => "  response.headers.set('Access-Control-Allow-Origin', '*');\n",
        Origins::One(_) => {
            "  response.headers.append('Vary', 'Origin');\n  \
               if (!origins.includes(origin)) return response;\n  \
               response.headers.set('Access-Control-Allow-Origin', origin);\n"
        }
    });
    text.push_str(
        "  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);\n  return response;\n}\n\n",
    );
    Ok(text)
}

/// The other headers, on a response.
fn changes(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let mut text = String::new();
    for (name, value) in &policy.set {
        text.push_str(&format!("  response.headers.set({}, {});\n", js(name)?, js(value)?));
    }
    for name in &policy.remove {
        text.push_str(&format!("  response.headers.delete({});\n", js(name)?));
    }
    Ok(text)
}

fn js(text: &str) -> Result<String, Unwritable> {
    quoted(text, '\'')
}
