//! Servers that err, one for each rule, and servers that do not: what tests of the findings ask by themselves, and tests of
//! the command over loopback. One table, so that neither knows of a fault that the other does not.
//!
//! A server is a list of allowed origins with a change: whatever is not changed is well kept. Long, because it is one table.

#![allow(dead_code, missing_docs, unreachable_pub)]

/// A request as a server sees it.
pub struct Seen<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

impl Seen<'_> {
    fn header(&self, name: &str) -> Option<String> {
        (self.header)(name)
    }

    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS"
    }
}

/// What it answers.
#[derive(Clone)]
pub struct Said {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
}

impl Said {
    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| *own == name)
    }

    fn drop(&mut self, name: &str) {
        self.headers.retain(|(own, _)| *own != name);
    }

    fn add(&mut self, name: &'static str, value: &str) {
        self.headers.push((name, value.to_owned()));
    }

    /// Another value, where there was one.
    fn reset(&mut self, name: &'static str, value: &str) {
        if self.has(name) {
            self.drop(name);
            self.add(name, value);
        }
    }

    pub fn bare(&mut self, status: u16) {
        self.status = status;
        self.headers.retain(|(name, _)| *name == "Vary");
    }
}

/// A server, what is asked of it, and what is found.
pub struct Kept {
    pub name: &'static str,
    pub url: &'static str,
    pub origins: &'static [&'static str],
    pub methods: &'static [&'static str],
    pub header_names: &'static [&'static str],
    pub include: bool,
    pub allows: fn(&str) -> bool,
    pub change: fn(&Seen<'_>, &mut Said),
    /// Every rule that it breaks, in no order.
    pub finds: &'static [&'static str],
}

pub const APP: &str = "https://app.example.com";
const API: &str = "https://api.example.com/items";

const ALLOW: &str = "Access-Control-Allow-Origin";
const CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const METHODS: &str = "Access-Control-Allow-Methods";
const HEADERS: &str = "Access-Control-Allow-Headers";
const MAX_AGE: &str = "Access-Control-Max-Age";

impl Kept {
    /// A server that allows one origin with credentials, and of which that is known.
    const WELL: Kept = Kept {
        name: "one origin with credentials",
        url: API,
        origins: &[APP],
        methods: &[],
        header_names: &[],
        include: false,
        allows: |origin| origin == APP,
        change: |_, _| {},
        finds: &[],
    };

    pub fn answer(&self, seen: &Seen<'_>) -> Said {
        let mut said = Said { status: 200, headers: Vec::new() };
        said.add("Vary", "Origin");
        said.add("Cache-Control", "private, max-age=60");
        if let Some(origin) = seen.header("Origin").filter(|origin| (self.allows)(origin)) {
            said.add(ALLOW, &origin);
            said.add(CREDENTIALS, "true");
            if seen.is_preflight() {
                said.add(METHODS, "GET, PUT, PATCH, DELETE");
                said.add(HEADERS, "Authorization, Content-Type");
                said.add(MAX_AGE, "7200");
            }
        }
        if seen.is_preflight() {
            said.status = 204;
        } else if seen.path.ends_with("not-there") {
            said.status = 404;
        }
        (self.change)(seen, &mut said);
        said
    }
}

const fn errs(name: &'static str, change: fn(&Seen<'_>, &mut Said)) -> Kept {
    Kept { name, change, finds: &[], ..Kept::WELL }
}

const fn allows(name: &'static str, allows: fn(&str) -> bool) -> Kept {
    Kept { name, allows, finds: &[], ..Kept::WELL }
}

/// To everybody, and nobody's credentials.
fn star(_: &Seen<'_>, said: &mut Said) {
    said.drop(ALLOW);
    said.add(ALLOW, "*");
    said.drop(CREDENTIALS);
    said.drop("Vary");
}

/// Servers that err, each named for the rule that it breaks. `finds` has what it breaks besides.
pub fn erring() -> Vec<Kept> {
    const PUT: &[&str] = &["PUT"];
    vec![
        allows("origin-reflected", |_| true),
        errs("origin-reflected-with-cookies", |seen, said| {
            if seen.header("Cookie").is_some() && !said.has(ALLOW) {
                said.add(ALLOW, &seen.header("Origin").unwrap_or_default());
                said.add(CREDENTIALS, "true");
            }
        }),
        allows("null-allowed", |origin| origin == APP || origin == "null"),
        allows("origin-substring-matched", |origin| {
            origin.starts_with("https://") && origin.contains("example.com")
        }),
        allows("origin-prefix-matched", |origin| origin.starts_with(APP)),
        allows("origin-suffix-matched", |origin| {
            origin.starts_with("https://") && origin.ends_with("example.com")
        }),
        allows("origin-dot-unescaped", |origin| origin == APP || origin == "https://appxexample.com"),
        allows("origin-underscore-matched", |origin| {
            origin == APP || origin.starts_with("https://app.example.com_")
        }),
        allows("origin-character-matched", |origin| {
            origin == APP || origin.starts_with("https://app.example.com`")
        }),
        allows("public-suffix-subdomain-allowed", |origin| {
            origin.starts_with("https://") && origin.ends_with(".com")
        }),
        allows("code-host-allowed", |origin| origin == APP || origin == "https://codepen.io"),
        allows("any-subdomain-allowed", |origin| {
            origin.starts_with("https://") && origin.ends_with(".example.com")
        }),
        allows("http-origin-allowed", |origin| origin == APP || origin == "http://app.example.com"),
        allows("origin-port-ignored", |origin| origin == APP || origin == "https://app.example.com:44344"),
        allows("localhost-allowed", |origin| origin == APP || origin.starts_with("http://localhost:")),
        errs("preflight-grants-stranger", |seen, said| {
            if seen.is_preflight() && !said.has(ALLOW) {
                said.add(ALLOW, &seen.header("Origin").unwrap_or_default());
                said.add(CREDENTIALS, "true");
                said.add(METHODS, "PUT");
                said.add(MAX_AGE, "600");
            }
        }),
        Kept {
            name: "private-address-open",
            url: "http://127.0.0.1/items",
            origins: &[],
            allows: |_| true,
            change: star,
            ..Kept::WELL
        },
        Kept { name: "credentials-over-http", url: "http://api.example.com/items", ..Kept::WELL },
        Kept { name: "wildcard-despite-origins", allows: |_| true, change: star, ..Kept::WELL },
        errs("unexpected-origin-allowed", |_, said| {
            if !said.has(ALLOW) {
                said.add(ALLOW, "https://partner.example.org");
            }
        }),
        Kept {
            name: "wildcard-with-credentials",
            origins: &[],
            allows: |_| true,
            change: |_, said| said.reset(ALLOW, "*"),
            ..Kept::WELL
        },
        allows("trusted-origin-refused", |_| false),
        Kept {
            name: "trusted-credentials-refused",
            include: true,
            change: |_, said| said.drop(CREDENTIALS),
            ..Kept::WELL
        },
        errs("error-without-cors", |seen, said| {
            if !seen.is_preflight() {
                said.bare(401);
            }
        }),
        errs("not-found-without-cors", |_, said| {
            if said.status == 404 {
                said.bare(404);
            }
        }),
        errs("redirect-without-cors", |seen, said| {
            if !seen.is_preflight() {
                said.bare(302);
                said.add("Location", "/elsewhere");
            }
        }),
        errs("head-disagrees", |seen, said| {
            if seen.method == "HEAD" {
                said.bare(200);
            }
        }),
        Kept {
            name: "granted-then-refused",
            change: |seen, said| {
                if !seen.is_preflight() {
                    said.bare(said.status);
                }
            },
            finds: &["trusted-origin-refused"],
            ..Kept::WELL
        },
        Kept {
            name: "preflight-refuses-origin",
            methods: PUT,
            change: |seen, said| {
                if seen.is_preflight() {
                    said.bare(204);
                }
            },
            ..Kept::WELL
        },
        errs("credentials-disagree", |seen, said| {
            if seen.is_preflight() {
                said.drop(CREDENTIALS);
            }
        }),
        errs("preflight-needs-credentials", |seen, said| {
            if seen.is_preflight() {
                said.bare(401);
            }
        }),
        errs("preflight-redirected", |seen, said| {
            if seen.is_preflight() {
                said.status = 307;
                said.add("Location", "/login");
            }
        }),
        Kept {
            name: "preflight-not-routed",
            methods: PUT,
            change: |seen, said| {
                if seen.is_preflight() {
                    said.bare(405);
                }
            },
            ..Kept::WELL
        },
        Kept {
            name: "preflight-fails",
            methods: PUT,
            change: |seen, said| {
                if seen.is_preflight() {
                    said.bare(500);
                }
            },
            ..Kept::WELL
        },
        Kept {
            name: "method-refused",
            methods: &["PURGE"],
            // Some leave all headers out where they refuse one thing.
            change: |seen, said| {
                if seen.header("Access-Control-Request-Method").as_deref() == Some("PURGE") {
                    said.bare(204);
                }
            },
            ..Kept::WELL
        },
        Kept { name: "header-refused", header_names: &["x-key"], ..Kept::WELL },
        errs("wildcard-without-authorization", |_, said| {
            said.drop(CREDENTIALS);
            said.reset(HEADERS, "*");
        }),
        errs("wildcard-list-with-credentials", |_, said| said.reset(METHODS, "*")),
        errs("unparsable-list", |_, said| said.reset(METHODS, "PUT PATCH")),
        errs("methods-reflected", |seen, said| {
            said.reset(METHODS, &seen.header("Access-Control-Request-Method").unwrap_or_default());
        }),
        errs("headers-reflected", |seen, said| {
            said.reset(HEADERS, &seen.header("Access-Control-Request-Headers").unwrap_or_default());
        }),
        errs("method-in-wrong-case", |_, said| said.reset(METHODS, "PUT, patch, DELETE")),
        errs("forbidden-method-listed", |_, said| said.reset(METHODS, "PUT, TRACE")),
        errs("unneeded-header-listed", |_, said| said.reset(HEADERS, "Authorization, Content-Type, Cookie")),
        errs("unreadable-header-exposed", |_, said| {
            said.add("Access-Control-Expose-Headers", "X-Total, Set-Cookie");
        }),
        errs("max-age-missing", |_, said| said.drop(MAX_AGE)),
        errs("max-age-invalid", |_, said| said.reset(MAX_AGE, "-1")),
        errs("max-age-zero", |_, said| said.reset(MAX_AGE, "0")),
        errs("max-age-over-caps", |_, said| said.reset(MAX_AGE, "31536000")),
        errs("doubled-allow-origin", |_, said| {
            if said.has(ALLOW) {
                said.add(ALLOW, APP);
            }
        }),
        errs("doubled-header", |_, said| {
            if said.has(CREDENTIALS) {
                said.add(CREDENTIALS, "true");
            }
        }),
        errs("allow-origin-list", |_, said| {
            said.reset(ALLOW, "https://app.example.com, https://b.example.com")
        }),
        errs("invalid-allow-origin", |_, said| said.reset(ALLOW, "https://app.example.com/")),
        errs("allow-credentials-not-true", |_, said| said.reset(CREDENTIALS, "True")),
        errs("vary-origin-missing", |_, said| {
            if said.has(ALLOW) {
                said.drop("Vary");
            }
        }),
        errs("vary-origin-missing-elsewhere", |_, said| {
            if !said.has(ALLOW) {
                said.drop("Vary");
            }
        }),
        errs("credentialed-answer-cacheable", |_, said| said.reset("Cache-Control", "public, max-age=60")),
        Kept {
            name: "cookies-stay-at-home",
            origins: &["https://app.example.org"],
            allows: |origin| origin == "https://app.example.org",
            change: |seen, said| {
                if !seen.is_preflight() {
                    said.add("Set-Cookie", "sid=1; Path=/; Secure; HttpOnly; SameSite=Lax");
                }
            },
            ..Kept::WELL
        },
        errs("preflight-headers-on-answers", |_, said| {
            if said.has(ALLOW) && !said.has(METHODS) {
                said.add(METHODS, "GET, PUT");
            }
        }),
        errs("private-network-header", |seen, said| {
            if seen.header("Access-Control-Request-Private-Network").is_some() {
                said.add("Access-Control-Allow-Private-Network", "true");
            }
        }),
    ]
}

/// Servers in which there is nothing to find.
pub fn well_kept() -> Vec<Kept> {
    vec![
        Kept::WELL,
        Kept { name: "the same, and nobody says who is allowed", origins: &[], ..Kept::WELL },
        Kept { name: "with credentials, asked so", include: true, ..Kept::WELL },
        Kept {
            name: "all that is used is granted",
            include: true,
            methods: &["GET", "POST", "PUT", "DELETE"],
            header_names: &["accept", "authorization", "content-type"],
            ..Kept::WELL
        },
        Kept {
            name: "two origins without credentials",
            origins: &[APP, "https://admin.example.com"],
            allows: |origin| origin == APP || origin == "https://admin.example.com",
            change: |_, said| said.drop(CREDENTIALS),
            ..Kept::WELL
        },
        Kept {
            name: "public data, and no other requests than GET",
            origins: &[],
            allows: |_| true,
            change: |seen, said| {
                star(seen, said);
                if seen.is_preflight() {
                    said.headers.clear();
                    said.status = 405;
                }
            },
            ..Kept::WELL
        },
        Kept {
            name: "a public API",
            origins: &[],
            allows: |_| true,
            change: |seen, said| {
                star(seen, said);
                said.reset(METHODS, "*");
                said.reset(HEADERS, "*, Authorization");
                said.reset(MAX_AGE, "86400");
            },
            ..Kept::WELL
        },
        Kept {
            name: "no CORS at all",
            origins: &[],
            allows: |_| false,
            change: |seen, said| {
                said.headers.clear();
                if seen.is_preflight() {
                    said.status = 404;
                }
            },
            ..Kept::WELL
        },
        Kept {
            name: "nothing is said on preflights that are refused, whatever for",
            methods: &["PUT"],
            header_names: &["content-type"],
            change: |seen, said| {
                let method = seen.header("Access-Control-Request-Method").unwrap_or_default();
                let names = seen.header("Access-Control-Request-Headers").unwrap_or_default();
                let known = ["GET", "PUT"].contains(&&*method) && ["", "content-type"].contains(&&*names);
                if seen.is_preflight() && !known {
                    said.bare(204);
                }
            },
            ..Kept::WELL
        },
        Kept {
            name: "one origin for everybody, and so nothing that varies",
            change: |_, said| {
                said.drop(ALLOW);
                said.drop(CREDENTIALS);
                said.drop("Vary");
                said.add(ALLOW, APP);
            },
            ..Kept::WELL
        },
        Kept {
            name: "nothing is stored, and so nothing that caches need to know",
            change: |_, said| {
                said.drop("Vary");
                said.reset("Cache-Control", "no-store");
            },
            ..Kept::WELL
        },
        Kept {
            name: "cookies for other sites",
            include: true,
            origins: &["https://app.example.org"],
            allows: |origin| origin == "https://app.example.org",
            change: |_, said| {
                said.add("Set-Cookie", "__Host-sid=1; Path=/; Secure; SameSite=None; Partitioned")
            },
            ..Kept::WELL
        },
        Kept {
            name: "who is not logged in may see so",
            change: |seen, said| {
                if !seen.is_preflight() {
                    said.status = 401;
                    said.add("WWW-Authenticate", "Bearer");
                }
            },
            ..Kept::WELL
        },
    ]
}
