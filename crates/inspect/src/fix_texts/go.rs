//! Servers of Go: net/http without and with rs/cors.

use super::policy::{CorsPolicy, Origins, ServerPolicy};
use super::quoting::{Unwritable, list, quoted};

pub(super) fn net_http(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = string(&policy.decoded_path()?)?;
    let (mut vars, mut body) = (String::new(), String::new());
    if let Some(cors) = &policy.cors {
        let headers = |headers: Vec<(&str, String)>, by: &str| -> Result<String, Unwritable> {
            let mut text = String::new();
            for (name, value) in headers {
                let value = match (name, &cors.origins) {
                    ("Access-Control-Allow-Origin", Origins::One(_)) => "origin".to_owned(),
                    _ => string(&value)?,
                };
                text.push_str(&format!("{by}header.Set({}, {value})\n", string(name)?));
            }
            Ok(text)
        };
        let allowed = match &cors.origins {
            Origins::Any => String::new(),
            Origins::One(origin) => {
                vars = format!(
                    "// Each origin that may read.\nvar origins = map[string]bool{{{}: true}}\n\n",
                    string(origin)?
                );
                body.push_str(
                    "\t\torigin := r.Header.Get(\"Origin\")\n\t\theader.Add(\"Vary\", \"Origin\")\n\
                     \t\tallowed := origins[origin]\n",
                );
                "allowed".to_owned()
            }
        };
        let guarded = |lines: String| match allowed.is_empty() {
            true => lines,
            false => format!(
                "\t\tif {allowed} {{\n{}\t\t}}\n",
                lines.lines().map(|line| format!("\t{line}\n")).collect::<String>()
            ),
        };
        if cors.preflight {
            body.push_str(
                "\t\tif r.Method == http.MethodOptions && r.Header.Get(\"Access-Control-Request-Method\") != \"\" {\n",
            );
            let block = guarded(headers(cors.preflight_headers(), "\t\t")?);
            body.extend(block.lines().map(|line| format!("\t{line}\n")));
            body.push_str("\t\t\tw.WriteHeader(http.StatusNoContent)\n\t\t\treturn\n\t\t}\n");
        }
        body.push_str(&guarded(headers(cors.answer_headers(), "\t\t")?));
    }
    body.push_str(&others(policy)?);
    Ok(format!(
        "import \"net/http\"\n\n{vars}\
         // Around everything, authentication among it: http.ListenAndServe(address, withHeaders(mux)).\n\
         func withHeaders(next http.Handler) http.Handler {{\n\
         \treturn http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {{\n\
         \t\tif r.URL.Path != {path} {{\n\t\t\tnext.ServeHTTP(w, r)\n\t\t\treturn\n\t\t}}\n\
         \t\theader := w.Header()\n{body}\t\tnext.ServeHTTP(w, r)\n\t}})\n}}\n"
    ))
}

/// Set before the handler runs: what it sets itself stays, so that nothing can be removed here.
fn others(policy: &ServerPolicy) -> Result<String, Unwritable> {
    if let Some(name) = policy.remove.first() {
        return Err(Unwritable::NoSetting { name: name.clone() });
    }
    let mut text = String::new();
    for (name, value) in &policy.set {
        text.push_str(&format!("\t\theader.Set({}, {})\n", string(name)?, string(value)?));
    }
    Ok(text)
}

pub(super) fn rs_cors(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let cors = policy.cors_alone()?;
    let path = string(&policy.decoded_path()?)?;
    Ok(format!(
        "import (\n\t\"net/http\"\n\n\t\"github.com/rs/cors\"\n)\n\n\
         // Around everything, authentication among it: http.ListenAndServe(address, withCORS(mux)).\n\
         func withCORS(next http.Handler) http.Handler {{\n\tallowed := cors.New(cors.Options{{\n{}\t}}).Handler(next)\n\
         \treturn http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {{\n\
         \t\tif r.URL.Path == {path} {{\n\t\t\tallowed.ServeHTTP(w, r)\n\t\t}} else {{\n\
         \t\t\tnext.ServeHTTP(w, r)\n\t\t}}\n\t}})\n}}\n",
        options(cors)?
    ))
}

fn options(cors: &CorsPolicy) -> Result<String, Unwritable> {
    // NB: without a list it allows none but simple ones; it compares and answers methods in upper case.
    let mut text = format!(
        "\t\tAllowedOrigins: []string{{{}}},{}\n\t\tAllowedMethods: []string{{{}}},\n",
        string(cors.allow_origin())?,
        cors.each_origin(" //"),
        list(cors.upper_case_methods()?, '"')?,
    );
    for (field, names) in [("AllowedHeaders", &cors.headers), ("ExposedHeaders", &cors.expose)] {
        if !names.is_empty() {
            text.push_str(&format!("\t\t{field}: []string{{{}}},\n", list(names, '"')?));
        }
    }
    if cors.credentials {
        text.push_str("\t\tAllowCredentials: true,\n");
    }
    if let Some(seconds) = cors.max_age {
        text.push_str(&format!("\t\tMaxAge: {seconds},\n"));
    }
    Ok(text)
}

fn string(text: &str) -> Result<String, Unwritable> {
    quoted(text, '"')
}
