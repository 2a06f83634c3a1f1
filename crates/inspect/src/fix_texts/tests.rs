//! Texts as they are written (`golden/`, renewed by `UPDATE_TEXTS=1`), with strangers' words in them, and as they are shown.

use sofetch_core::fixes::{AnswerId, AnswerTo, Change, Edit, OfferedEdit, OpensMore};
use sofetch_core::infrastructure::methods::Method;

use super::*;
use crate::test_recordings::{head, recorded, request, sent, url};

fn cors(origins: Origins) -> CorsPolicy {
    CorsPolicy {
        credentials: origins != Origins::Any,
        origins,
        preflight: true,
        methods: vec!["GET".into(), "PATCH".into()],
        headers: vec!["api-key".into(), "content-type".into()],
        expose: vec!["X-Total".into()],
        max_age: Some(600),
    }
}

fn policy(path: &str, cors: Option<CorsPolicy>) -> ServerPolicy {
    ServerPolicy {
        path: path.into(),
        cors,
        set: Vec::new(),
        remove: Vec::new(),
        status: 200,
        notes: Vec::new(),
    }
}

fn one() -> Origins {
    Origins::One("https://app.example".into())
}

/// A policy that every server has a text for, but S3, and one that needs more than a library of CORS.
fn golden_policies() -> [(&'static str, ServerPolicy); 3] {
    let mut headers = policy("/logo.svg", None);
    headers.set = vec![("Cross-Origin-Resource-Policy".into(), "same-site".into())];
    headers.remove = vec!["Unencoded-Digest".into()];
    let mut open = cors(Origins::Any);
    (open.preflight, open.methods, open.headers) = (false, vec!["GET".into()], Vec::new());
    (open.expose, open.max_age) = (Vec::new(), None);
    [
        ("patch", policy("/items/1", Some(cors(one())))),
        ("open", policy("/items", Some(open))),
        ("headers", headers),
    ]
}

#[test]
fn texts_are_golden() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fix_texts/golden");
    let update = std::env::var_os("UPDATE_TEXTS").is_some();
    let mut wrong = Vec::new();
    for server in SERVERS {
        for (name, policy) in golden_policies() {
            let path = folder.join(format!("{}.{name}.txt", server.name));
            let text = match (server.write)(&policy) {
                Ok(text) => text,
                Err(refused) => refused.words() + "\n",
            };
            if update {
                std::fs::write(&path, &text).expect("the folder is there");
            } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
                wrong.push(format!("{}:\n{text}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "UPDATE_TEXTS=1 writes these anew:\n{}", wrong.join("\n"));
}

#[test]
fn json_is_json() {
    let mut texts = 0;
    for server in SERVERS.iter().filter(|server| server.language == "json") {
        for (_, policy) in golden_policies() {
            let Ok(text) = (server.write)(&policy) else { continue };
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
            texts += 1;
        }
    }
    assert_eq!(texts, 6);
}

#[test]
fn only_these_have_no_text() {
    let mut without = Vec::new();
    for server in SERVERS {
        for (name, policy) in golden_policies() {
            if let Err(refused) = (server.write)(&policy) {
                without.push((server.name, name, refused));
            }
        }
    }
    let no_setting = || Unwritable::NoSetting { name: "Cross-Origin-Resource-Policy".into() };
    let digest = || Unwritable::NoSetting { name: "Unencoded-Digest".into() };
    let expected = [
        ("next", "headers", digest()),
        ("go", "headers", digest()),
        ("rs-cors", "headers", no_setting()),
        ("spring", "headers", no_setting()),
        ("api-gateway", "headers", no_setting()),
        ("s3", "patch", Unwritable::Method { method: "PATCH".into() }),
        ("s3", "headers", no_setting()),
    ];
    assert_eq!(without, expected);
}

/// What stands in no string and no comment.
fn code_of(server: &Server, text: &str) -> String {
    let comment = match server.language {
        "nginx" | "apache" | "caddyfile" | "python" | "ruby" => "#",
        _ => "//",
    };
    let quotes: &[char] = match server.language {
        "javascript" | "php" | "ruby" => &['\'', '"', '`'],
        _ => &['"'],
    };
    let (mut code, mut rest) = (String::new(), text);
    while let Some(character) = rest.chars().next() {
        if rest.starts_with(comment) {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        rest = &rest[character.len_utf8()..];
        if !quotes.contains(&character) {
            code.push(character);
            continue;
        }
        let mut inside = rest.char_indices();
        loop {
            match inside.next() {
                Some((_, '\\')) => _ = inside.next(),
                Some((at, other)) if other == character => {
                    rest = &rest[at + 1..];
                    break;
                }
                Some((_, '\n')) | None => panic!("{}: a string that does not end: {text}", server.name),
                Some(_) => {}
            }
        }
    }
    code
}

/// Each ends a string, a comment or a block somewhere, or begins an expression.
const HOSTILE: [&str; 18] = [
    "'", "\"", "`", "\\", "\\'", "\\\"", "$EVIL", "${EVIL}", "#{EVIL}", "{$EVIL}", "%{EVIL}e", "*/", "?>",
    "}", ";", "\n", "\u{2028}", "\\u0022",
];

fn check(server: &Server, said: &str, policy: &ServerPolicy) -> bool {
    match (server.write)(policy) {
        Ok(text) => {
            let code = code_of(server, &text);
            assert!(!code.contains("EVIL"), "{}: {said:?} came out of its string: {text}", server.name);
            assert!(server.language != "php" || !text.contains("?>"), "{}: {said:?}: {text}", server.name);
            let bare =
                |character: char| crate::safe_text::is_unsafe(character) && !"\n\t".contains(character);
            assert!(!text.contains(bare), "{}: {said:?}: {text}", server.name);
            true
        }
        Err(_) => false,
    }
}

#[test]
fn strangers_words_stay_in_their_strings() {
    for server in SERVERS {
        let mut written = 0;
        for hostile in HOSTILE {
            let said = format!("{hostile} EVIL {hostile}");
            // A path: percent-encoded as a URL parser would, and wholly.
            let encoded: String = said.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let path = url(&format!("https://b.test/{said}")).path().to_owned();
            for path in [path, format!("/{encoded}")] {
                written += usize::from(check(server, &said, &policy(&path, Some(cors(one())))));
            }
            // A header's value.
            for name in ["Cross-Origin-Resource-Policy", "Location", "Content-Type"] {
                let mut policy = policy("/x", None);
                policy.set = vec![(name.into(), said.clone())];
                written += usize::from(check(server, &said, &policy));
            }
            // Names are refused before, and a writer that gets one quotes it all the same.
            let mut odd = cors(one());
            odd.methods.push(said.to_ascii_uppercase());
            odd.headers.push(said.clone());
            check(server, &said, &policy("/x", Some(odd)));
        }
        let refuses_all = ["rs-cors", "spring", "api-gateway", "s3", "laravel"].contains(&server.name);
        assert!(written > 0 || refuses_all, "{}: nothing was tried", server.name);
    }
}

#[test]
fn what_can_be_quoted_is() {
    for (name, path, expected) in [
        ("express", "/it's", r"new RegExp('^/it\\\'s$')"),
        ("hono", "/it's", r"new URL(context.req.url).pathname === '/it\'s'"),
        ("fastapi", "/a%22b", r#"paths=["/a\"b"]"#),
        ("axum", "/a'b", r#""/a'b""#),
        ("django", "/a%5Cb", r#"re.escape("/a\\b")"#),
        ("nginx", "/a%20%22b//c", r#"location = "/a \"b/c" {"#),
        ("rails", "/a%27*b", r"Regexp.new('\A' + Regexp.escape('/a\'*b') + '\z')"),
    ] {
        let server = server_named(name).expect("a server");
        let text = (server.write)(&policy(path, Some(cors(one())))).expect(name);
        assert!(text.contains(expected), "{name}: {text}");
    }
    for (name, path, character) in [
        ("nginx", "/a$b", '$'),
        ("apache", "/a%25b", '%'),
        ("django", "/a%0Ab", '\n'),
        ("go", "/a%E2%80%AE", '\u{202e}'),
    ] {
        let server = server_named(name).expect("a server");
        let refused = (server.write)(&policy(path, Some(cors(one()))));
        assert_eq!(refused, Err(Unwritable::Character { character }), "{name}");
    }
    let spring = server_named("spring").expect("a server");
    let refused = (spring.write)(&policy("/a*", Some(cors(one()))));
    assert_eq!(refused, Err(Unwritable::PathPattern { path: "/a*".into() }));
}

fn offered(name: &str, value: &str, opens: Option<OpensMore>) -> OfferedEdit {
    OfferedEdit {
        edit: Edit {
            answer: AnswerId { hop: 0, to: AnswerTo::Request },
            change: Change::Set { name: name.into(), value: value.into() },
        },
        method: Method::GET,
        url: url("https://u:p@b.test/x?token=hunter2"),
        was: None,
        assumed: false,
        opens,
    }
}

fn answers(list: &[(&'static str, &str)]) -> Tape {
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "https://b.test/x?token=hunter2", &[]));
        trace.emit(|| sent(Method::GET, "https://b.test/x?token=hunter2", &[("Origin", "https://a.test")]));
        trace.emit(|| head(200, "", list));
    });
    Tape::of(recording.first().expect("a fetch").events_of_exchange())
}

#[test]
fn a_set_has_the_text_of_the_server_that_is_named_or_recognized() {
    let set = EditSet { edits: vec![offered("Access-Control-Allow-Origin", "https://a.test", None)] };
    let nginx = answers(&[("Server", "nginx")]);
    let texts = |answers: &Tape, named| fix_texts(&set, answers, named, Secrets::Redacted);
    let guessed = &texts(&nginx, None)[0];
    assert_eq!((guessed.server, guessed.language, guessed.guessed), ("nginx", "nginx", true));
    assert_eq!(guessed.url, "https://b.test/x");
    assert!(guessed.text.as_deref().is_some_and(|text| text.contains("location = /x {")));
    let named = &texts(&nginx, server_named("caddy"))[0];
    assert_eq!((named.server, named.guessed), ("caddy", false));
    assert_eq!(texts(&answers(&[]), None), []);
    assert!(guessed.lines().iter().any(|(_, line)| line.contains("--server NAME says another")));
    assert!(!named.lines().iter().any(|(_, line)| line.contains("--server NAME")));
}

#[test]
fn texts_are_shown_as_they_are() {
    let set = EditSet { edits: vec![offered("Access-Control-Allow-Origin", "https://a.test", None)] };
    for server in SERVERS {
        let text = &fix_texts(&set, &answers(&[]), Some(server), Secrets::Redacted)[0];
        let lines = text.lines();
        for line in text.text.as_deref().expect("each has one").lines() {
            assert!(
                lines.iter().any(|(_, shown)| *shown == line.replace('\t', "    ")),
                "{}: {line}",
                server.name
            );
        }
    }
}

#[test]
fn what_is_not_advised_has_no_text() {
    let opens = Some(OpensMore::NullWithCredentials);
    let set = EditSet { edits: vec![offered("Access-Control-Allow-Origin", "null", opens)] };
    let nginx = server_named("nginx");
    assert_eq!(fix_texts(&set, &answers(&[]), nginx, Secrets::Redacted), []);
}

#[test]
fn secrets_and_strangers_words_are_not_shown() {
    let set = EditSet { edits: vec![offered("Location", "https://c.test/?token=hunter2", None)] };
    let text = &fix_texts(&set, &answers(&[]), server_named("express"), Secrets::Redacted)[0];
    let shown = serde_json::to_string(text).expect("JSON");
    assert!(!shown.contains("hunter2") && shown.contains("token=[redacted]"), "{shown}");
    assert!(text.notes.iter().any(|note| note.contains("Location holds a secret")), "{:?}", text.notes);
    let set = EditSet { edits: vec![offered("Location", "https://c.test/\u{1b}[31m", None)] };
    let text = &fix_texts(&set, &answers(&[]), server_named("express"), Secrets::Redacted)[0];
    assert_eq!(text.refused, Some(Unwritable::Character { character: '\u{1b}' }));
    assert!(text.text.is_none());
    assert!(text.lines().iter().all(|(_, line)| !line.contains('\u{1b}')));
}
