//! Servers of Python: FastAPI (or Starlette) and Django with django-cors-headers.

use super::policy::{CorsPolicy, ServerPolicy};
use super::quoting::{Unwritable, list, quoted};

pub(super) fn fastapi(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = string(&policy.decoded_path()?)?;
    let mut text =
        "# Last of all in the module: it must be around everything, or an unhandled error has no headers.\n"
            .to_owned();
    if let Some(cors) = &policy.cors {
        text.push_str(&format!(
            "from starlette.middleware.cors import CORSMiddleware\n\n\n\
             class CorsForPaths:\n    \"\"\"CORS for some paths alone. It answers their preflights itself.\"\"\"\n\n    \
             def __init__(self, app, paths, **options):\n        \
             self.app, self.paths, self.cors = app, paths, CORSMiddleware(app, **options)\n\n    \
             async def __call__(self, scope, receive, send):\n        \
             here = scope[\"type\"] == \"http\" and scope[\"path\"] in self.paths\n        \
             await (self.cors if here else self.app)(scope, receive, send)\n\n\n\
             app = CorsForPaths(\n    app,\n    paths=[{path}],\n{})\n",
            options(cors)?
        ));
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str(&format!(
            "\nfrom starlette.datastructures import MutableHeaders\n\n\n\
             class HeadersForPath:\n    def __init__(self, app):\n        self.app = app\n\n    \
             async def __call__(self, scope, receive, send):\n        \
             async def send_changed(message):\n            \
             if message[\"type\"] == \"http.response.start\" and scope[\"path\"] == {path}:\n                \
             headers = MutableHeaders(scope=message)\n"
        ));
        for (name, value) in &policy.set {
            text.push_str(&format!("                headers[{}] = {}\n", string(name)?, string(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!(
                "                if {0} in headers:\n                    del headers[{0}]\n",
                string(name)?
            ));
        }
        text.push_str(
            "            await send(message)\n\n        await self.app(scope, receive, send_changed)\n\n\napp = HeadersForPath(app)\n",
        );
    }
    Ok(text)
}

fn options(cors: &CorsPolicy) -> Result<String, Unwritable> {
    let mut text = format!(
        "    allow_origins=[{}],{}\n    allow_methods=[{}],\n    allow_headers=[{}],\n",
        string(cors.allow_origin())?,
        cors.each_origin("  #"),
        list(&cors.methods, '"')?,
        list(&cors.headers, '"')?,
    );
    if !cors.expose.is_empty() {
        text.push_str(&format!("    expose_headers=[{}],\n", list(&cors.expose, '"')?));
    }
    if cors.credentials {
        text.push_str("    allow_credentials=True,\n");
    }
    if let Some(seconds) = cors.max_age {
        text.push_str(&format!("    max_age={seconds},\n"));
    }
    Ok(text)
}

pub(super) fn django(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let mut text = String::new();
    if let Some(cors) = &policy.cors {
        // NB: the library compares `request.path_info`, which is decoded.
        let path = string(&policy.decoded_path()?)?;
        text.push_str(&format!(
            "# In settings.py, after INSTALLED_APPS and MIDDLEWARE.\n# pip install django-cors-headers\nimport re\n\n\
             # Where the library is installed already, these two are there.\n\
             INSTALLED_APPS = [*INSTALLED_APPS, \"corsheaders\"]\n\
             MIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", *MIDDLEWARE]  # first of all, or redirects come before it\n\
             CORS_URLS_REGEX = re.compile(re.escape({path}) + r\"\\Z\")\n"
        ));
        text.push_str(&match cors.allow_origin() {
            "*" => "CORS_ALLOW_ALL_ORIGINS = True\n".to_owned(),
            origin => format!("CORS_ALLOWED_ORIGINS = [{}]  # each origin that may read\n", string(origin)?),
        });
        text.push_str(&format!(
            "CORS_ALLOW_METHODS = [{}]\nCORS_ALLOW_HEADERS = [{}]\n",
            list(&cors.methods, '"')?,
            list(&cors.headers, '"')?
        ));
        if !cors.expose.is_empty() {
            text.push_str(&format!("CORS_EXPOSE_HEADERS = [{}]\n", list(&cors.expose, '"')?));
        }
        if cors.credentials {
            text.push_str("CORS_ALLOW_CREDENTIALS = True\n");
        }
        if let Some(seconds) = cors.max_age {
            text.push_str(&format!("CORS_PREFLIGHT_MAX_AGE = {seconds}\n"));
        }
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        text.push_str("# In the view of this path, before it returns its response:\n");
        for (name, value) in &policy.set {
            text.push_str(&format!("# response[{}] = {}\n", string(name)?, string(value)?));
        }
        for name in &policy.remove {
            text.push_str(&format!("# del response[{}]\n", string(name)?));
        }
    }
    Ok(text)
}

fn string(text: &str) -> Result<String, Unwritable> {
    quoted(text, '"')
}
