//! Every server that a text can be written for: its name, its language and its writer.

use super::policy::ServerPolicy;
use super::quoting::Unwritable;
use super::{aws, dotnet, fronts, go, java, javascript, nginx, php, python, ruby, rust};

/// A server, or a library that sets a server's headers.
#[derive(Debug)]
pub struct Server {
    /// As `--server` takes it.
    pub name: &'static str,
    /// As its makers call it.
    pub title: &'static str,
    /// The language of its configuration.
    pub language: &'static str,
    /// What to know of every text of it, a sentence each.
    pub notes: &'static [&'static str],
    pub(super) write: fn(&ServerPolicy) -> Result<String, Unwritable>,
}

/// All of them.
pub const SERVERS: &[Server] = &[
    Server { name: "nginx", title: "nginx", language: "nginx", notes: &[], write: nginx::nginx },
    Server { name: "apache", title: "Apache httpd", language: "apache", notes: &[], write: fronts::apache },
    Server { name: "caddy", title: "Caddy", language: "caddyfile", notes: &[], write: fronts::caddy },
    Server {
        name: "express",
        title: "Express",
        language: "javascript",
        notes: &[],
        write: javascript::express,
    },
    Server {
        name: "fastify",
        title: "Fastify",
        language: "javascript",
        notes: &[],
        write: javascript::fastify,
    },
    Server { name: "hono", title: "Hono", language: "javascript", notes: &[], write: javascript::hono },
    Server { name: "next", title: "Next.js", language: "javascript", notes: &[], write: javascript::next },
    Server { name: "axum", title: "axum with tower-http", language: "rust", notes: &[], write: rust::axum },
    Server { name: "actix", title: "Actix Web", language: "rust", notes: &[], write: rust::actix },
    Server { name: "go", title: "Go's net/http", language: "go", notes: &[], write: go::net_http },
    Server { name: "rs-cors", title: "Go with rs/cors", language: "go", notes: &[], write: go::rs_cors },
    Server { name: "django", title: "Django", language: "python", notes: &[], write: python::django },
    Server {
        name: "fastapi",
        title: "FastAPI or Starlette",
        language: "python",
        notes: &[],
        write: python::fastapi,
    },
    Server { name: "rails", title: "Rails", language: "ruby", notes: &[], write: ruby::rails },
    Server { name: "laravel", title: "Laravel", language: "php", notes: &[], write: php::laravel },
    Server { name: "spring", title: "Spring", language: "java", notes: &[], write: java::spring },
    Server { name: "aspnet", title: "ASP.NET Core", language: "csharp", notes: &[], write: dotnet::aspnet },
    Server {
        name: "api-gateway",
        title: "API Gateway (HTTP API)",
        language: "json",
        notes: &[
            "aws apigatewayv2 update-api --api-id ID --cors-configuration file://cors.json",
            "It is for all routes of the API. The API answers preflights itself, and drops what integrations say of CORS.",
        ],
        write: aws::api_gateway,
    },
    Server {
        name: "cloudfront",
        title: "CloudFront",
        language: "json",
        notes: &[
            "aws cloudfront create-response-headers-policy --response-headers-policy-config file://policy.json",
            "Attach the policy to the cache behavior of this path, and let that behavior allow OPTIONS. The preflight is \
             answered by the origin behind it, which must say 204.",
        ],
        write: aws::cloudfront,
    },
    Server {
        name: "s3",
        title: "S3",
        language: "json",
        notes: &[
            "aws s3api put-bucket-cors --bucket BUCKET --cors-configuration file://cors.json",
            "It replaces the rules that the bucket has, and is for all of its objects. S3 allows credentials to every \
             origin that is named.",
        ],
        write: aws::s3,
    },
    Server {
        name: "cloudflare",
        title: "Cloudflare Workers",
        language: "javascript",
        notes: &["Put the Worker on a route of this path alone: all that comes there goes through it."],
        write: javascript::cloudflare,
    },
];

/// The server of this name.
pub fn server_named(name: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.name == name)
}

/// What its makers call it.
pub(super) fn title(name: &str) -> &'static str {
    server_named(name).map_or("a server", |server| server.title)
}
