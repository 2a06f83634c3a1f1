//! ASP.NET Core.

use super::policy::{Origins, ServerPolicy};
use super::quoting::{Unwritable, list, quoted};

pub(super) fn aspnet(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let path = string(&policy.decoded_path()?)?;
    let mut text = "// Program.cs\n".to_owned();
    let mut branch = String::new();
    if let Some(cors) = &policy.cors {
        let mut calls = match &cors.origins {
            Origins::Any => "    .AllowAnyOrigin()\n".to_owned(),
            Origins::One(origin) => {
                format!("    .WithOrigins({}) // each origin that may read\n", string(origin)?)
            }
        };
        calls.push_str(&format!("    .WithMethods({})\n", list(&cors.methods, '"')?));
        for (method, names) in [("WithHeaders", &cors.headers), ("WithExposedHeaders", &cors.expose)] {
            if !names.is_empty() {
                calls.push_str(&format!("    .{method}({})\n", list(names, '"')?));
            }
        }
        if cors.credentials {
            calls.push_str("    .AllowCredentials()\n");
        }
        if let Some(seconds) = cors.max_age {
            calls.push_str(&format!("    .SetPreflightMaxAge(TimeSpan.FromSeconds({seconds}))\n"));
        }
        text.push_str(&format!(
            "builder.Services.AddCors(options => options.AddPolicy(\"pages\", policy => policy\n{}));\n\n",
            calls.trim_end()
        ));
        if cors.origins != Origins::Any {
            branch.push_str(
                "    // A policy of one origin alone says no Vary.\n    \
                 branch.Use((context, next) =>\n    {\n        context.Response.OnStarting(() =>\n        {\n            \
                 context.Response.Headers.Append(\"Vary\", \"Origin\");\n            return Task.CompletedTask;\n        \
                 });\n        return next(context);\n    });\n",
            );
        }
        branch.push_str("    branch.UseCors(\"pages\");\n");
    }
    if !policy.set.is_empty() || !policy.remove.is_empty() {
        branch.push_str("    branch.Use((context, next) =>\n    {\n        context.Response.OnStarting(() =>\n        {\n");
        for (name, value) in &policy.set {
            branch.push_str(&format!(
                "            context.Response.Headers[{}] = {};\n",
                string(name)?,
                string(value)?
            ));
        }
        for name in &policy.remove {
            branch.push_str(&format!("            context.Response.Headers.Remove({});\n", string(name)?));
        }
        branch.push_str(
            "            return Task.CompletedTask;\n        });\n        return next(context);\n    });\n",
        );
    }
    text.push_str(&format!(
        "// After builder.Build(), before UseHttpsRedirection, UseAuthentication and the endpoints:\n\
         app.UseWhen(context => context.Request.Path.Value == {path}, branch =>\n{{\n{branch}}});\n"
    ));
    Ok(text)
}

fn string(text: &str) -> Result<String, Unwritable> {
    quoted(text, '"')
}
