//! Which server answered, as far as its answers show: a table of clues. What speaks for the application comes before what
//! speaks for a proxy before it, for the application sets the headers as a rule.

use sofetch_core::infrastructure::url::Url;
use sofetch_core::tape::{Tape, TapedAnswer};

use super::servers::{Server, server_named};

/// What an answer has.
enum Clue {
    /// A header of this name.
    Has(&'static str),
    /// A header that begins so, whatever the case.
    Begins(&'static str, &'static str),
    /// A header that contains this, whatever the case.
    Contains(&'static str, &'static str),
    /// A header that says exactly this.
    Says(&'static str, &'static str),
    /// Not a header of this name.
    Lacks(&'static str),
    /// One of these statuses.
    Status(&'static [u16]),
}

use Clue::{Begins, Contains, Has, Lacks, Says, Status};

/// All clues of a row must hold of one answer. The first row that holds of any answer decides.
const CLUES: &[(&[Clue], &str)] = &[
    // What says its own name, of the application.
    (&[Begins("X-Powered-By", "Express")], "express"),
    (&[Begins("X-Powered-By", "Next.js")], "next"),
    (&[Has("X-Nextjs-Cache")], "next"),
    (&[Has("X-Middleware-Rewrite")], "next"),
    (&[Begins("X-Powered-By", "ASP.NET")], "aspnet"),
    (&[Begins("Server", "Kestrel")], "aspnet"),
    (&[Contains("Set-Cookie", ".AspNetCore.")], "aspnet"),
    (&[Contains("Set-Cookie", "laravel_session=")], "laravel"),
    (&[Begins("Server", "uvicorn")], "fastapi"),
    (&[Begins("Server", "hypercorn")], "fastapi"),
    (&[Begins("Server", "WSGIServer")], "django"),
    (&[Contains("Set-Cookie", "csrftoken=")], "django"),
    (&[Has("X-Application-Context")], "spring"),
    // What a framework's defaults leave, whoever stands before it.
    (&[Has("X-Runtime"), Has("X-Request-Id")], "rails"),
    (&[Says("X-Permitted-Cross-Domain-Policies", "none"), Says("X-Download-Options", "noopen")], "rails"),
    (
        &[
            Says("X-Frame-Options", "DENY"),
            Says("Referrer-Policy", "same-origin"),
            Says("Cross-Origin-Opener-Policy", "same-origin"),
        ],
        "django",
    ),
    (
        &[
            Says("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
            Says("Pragma", "no-cache"),
        ],
        "spring",
    ),
    (&[Contains("Vary", "Access-Control-Request-Method"), Contains("Set-Cookie", "JSESSIONID=")], "spring"),
    (&[Begins("X-Powered-By", "PHP"), Says("Cache-Control", "no-cache, private")], "laravel"),
    // Edges and stores: what they alone send.
    (&[Has("Apigw-Requestid")], "api-gateway"),
    (&[Has("X-Amz-Apigw-Id")], "api-gateway"),
    (&[Begins("Server", "AmazonS3")], "s3"),
    (&[Has("X-Amz-Id-2"), Has("X-Amz-Request-Id")], "s3"),
    (&[Begins("Server", "CloudFront")], "cloudfront"),
    (&[Has("X-Amz-Cf-Id")], "cloudfront"),
    (&[Contains("Via", "(CloudFront)")], "cloudfront"),
    (&[Begins("Server", "cloudflare")], "cloudflare"),
    (&[Has("CF-Ray")], "cloudflare"),
    // Servers that say their name, proxies as a rule.
    (&[Begins("Server", "nginx")], "nginx"),
    (&[Begins("Server", "openresty")], "nginx"),
    (&[Begins("Server", "Apache-Coyote")], "spring"),
    (&[Begins("Server", "Apache")], "apache"),
    (&[Begins("Server", "Caddy")], "caddy"),
    (&[Contains("Via", "Caddy")], "caddy"),
    // Nothing says a name: how a framework refuses what it has no route for.
    (
        &[
            Says("Content-Type", "text/plain; charset=utf-8"),
            Says("X-Content-Type-Options", "nosniff"),
            Lacks("Server"),
            Status(&[404, 405]),
        ],
        "go",
    ),
    (&[Says("Content-Type", "text/plain; charset=UTF-8"), Lacks("Server"), Status(&[404])], "hono"),
    (&[Contains("Allow", "GET,HEAD"), Says("Content-Length", "0"), Lacks("Server"), Status(&[405])], "axum"),
    (
        &[
            Says("Content-Type", "application/json; charset=utf-8"),
            Has("Keep-Alive"),
            Lacks("Server"),
            Lacks("ETag"),
            Status(&[404]),
        ],
        "fastify",
    ),
];

/// The server that answered at this URL's origin, if it shows.
pub(super) fn guess(url: &Url, tape: &Tape) -> Option<&'static Server> {
    let answers =
        || tape.answers.iter().filter(|answer| answer.url.same_origin(url) && answer.status.is_some());
    let holds = |clues: &[Clue]| answers().any(|answer| clues.iter().all(|clue| clue.holds(answer)));
    let (_, name) = CLUES.iter().find(|(clues, _)| holds(clues))?;
    server_named(name)
}

impl Clue {
    fn holds(&self, answer: &TapedAnswer) -> bool {
        let said = |name: &str| {
            answer.header_list.get(name).map(|value| String::from_utf8_lossy(&value).into_owned())
        };
        let lower = |name: &str| said(name).map(|value| value.to_ascii_lowercase()).unwrap_or_default();
        match self {
            Has(name) => answer.header_list.contains(name),
            Lacks(name) => !answer.header_list.contains(name),
            Begins(name, text) => lower(name).starts_with(&text.to_ascii_lowercase()),
            Contains(name, text) => lower(name).contains(&text.to_ascii_lowercase()),
            Says(name, text) => said(name).as_deref() == Some(text),
            Status(statuses) => answer.status.is_some_and(|status| statuses.contains(&status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::methods::Method;

    use super::*;
    use crate::test_recordings::{head, recorded, sent, url};

    fn guessed(status: u16, list: &[(&'static str, &str)]) -> Option<&'static str> {
        let recording = recorded(|trace| {
            trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
            trace.emit(|| head(status, "", list));
        });
        let tape = Tape::of(recording.first().expect("a fetch").events_of_exchange());
        guess(&url("https://b.test/"), &tape).map(|server| server.name)
    }

    #[test]
    fn guess_table() {
        for (name, status, list, expected) in [
            ("nothing", 200, &[][..], None),
            ("nginx", 405, &[("Server", "nginx/1.22.1")], Some("nginx")),
            (
                "an application behind nginx",
                404,
                &[("Server", "nginx"), ("X-Powered-By", "Express")],
                Some("express"),
            ),
            (
                "Cloudflare before anybody",
                200,
                &[("Server", "cloudflare"), ("CF-RAY", "1-A")],
                Some("cloudflare"),
            ),
            (
                "Cloudflare before Express",
                200,
                &[("cf-ray", "1-A"), ("x-powered-by", "Express")],
                Some("express"),
            ),
            ("Apache", 200, &[("Server", "Apache/2.4.57 (Debian)")], Some("apache")),
            ("Caddy before a server", 200, &[("Via", "1.1 Caddy")], Some("caddy")),
            ("uvicorn", 405, &[("server", "uvicorn")], Some("fastapi")),
            ("Django's own server", 200, &[("Server", "WSGIServer/0.2 CPython/3.11.7")], Some("django")),
            (
                "Django's defaults",
                200,
                &[
                    ("Server", "gunicorn"),
                    ("X-Frame-Options", "DENY"),
                    ("Referrer-Policy", "same-origin"),
                    ("Cross-Origin-Opener-Policy", "same-origin"),
                ],
                Some("django"),
            ),
            ("gunicorn alone could be anybody", 200, &[("Server", "gunicorn")], None),
            ("Rails", 200, &[("X-Runtime", "0.01"), ("X-Request-Id", "1")], Some("rails")),
            ("Laravel", 200, &[("Set-Cookie", "laravel_session=1; path=/")], Some("laravel")),
            (
                "Spring Security",
                401,
                &[
                    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
                    ("Pragma", "no-cache"),
                ],
                Some("spring"),
            ),
            ("Kestrel", 200, &[("Server", "Kestrel")], Some("aspnet")),
            ("API Gateway", 403, &[("apigw-requestid", "a=")], Some("api-gateway")),
            (
                "S3",
                403,
                &[("Server", "AmazonS3"), ("x-amz-request-id", "1"), ("x-amz-id-2", "2")],
                Some("s3"),
            ),
            (
                "S3 behind CloudFront is S3's to set",
                200,
                &[("Server", "AmazonS3"), ("Via", "1.1 a.cloudfront.net (CloudFront)")],
                Some("s3"),
            ),
            ("CloudFront", 200, &[("X-Amz-Cf-Id", "1")], Some("cloudfront")),
            ("Next.js", 200, &[("X-Powered-By", "Next.js")], Some("next")),
            (
                "Go refuses",
                405,
                &[("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")],
                Some("go"),
            ),
            (
                "the same from one that has a name",
                405,
                &[
                    ("Content-Type", "text/plain; charset=utf-8"),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Server", "x"),
                ],
                None,
            ),
            ("axum refuses", 405, &[("allow", "GET,HEAD"), ("content-length", "0")], Some("axum")),
            ("Hono refuses", 404, &[("content-type", "text/plain; charset=UTF-8")], Some("hono")),
        ] {
            assert_eq!(guessed(status, list), expected, "{name}");
        }
    }

    #[test]
    fn each_row_names_a_server() {
        for (_, name) in CLUES {
            assert!(server_named(name).is_some(), "{name}");
        }
    }
}
