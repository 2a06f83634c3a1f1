//! Texts as other tools write them, and texts that are wrong.

use super::*;

/// One request, as each of DevTools' "Copy as ..." writes it.
const BASH: &str = r#"curl 'https://a.test/x?y=1&z=$HOME' \
  -X 'PUT' \
  -H 'accept: */*' \
  -H 'accept-language: en' \
  -H 'content-type: application/json' \
  -b 'a=b; c=d' \
  -H 'x-empty;' \
  -H 'x-quote: it'\''s "so"' \
  --data-raw $'{"a":"it\'s $5 \u00e9\\n\ud83d\ude00 100% \u0021"}' \
  --compressed \
  --insecure"#;

const CMD: &str = r#"curl ^"https://a.test/x?y=1^&z=^$HOME^" ^
  -X ^"PUT^" ^
  -H ^"accept: */*^" ^
  -H ^"accept-language: en^" ^
  -H ^"content-type: application/json^" ^
  -b ^"a=b; c=d^" ^
  -H ^"x-empty;^" ^
  -H ^"x-quote: it's ^\^"so^\^"^" ^
  --data-raw ^"^{^\^"a^\^":^\^"it's ^$5 é^\^\n😀 100^% ^!^\^"^}^" ^
  --compressed ^
  --insecure"#;

const CURL_POWERSHELL: &str = "curl.exe 'https://a.test/x?y=1&z=$HOME' `
  -X 'PUT' `
  -H 'accept: */*' `
  -H 'accept-language: en' `
  -H 'content-type: application/json' `
  -b 'a=b; c=d' `
  -H 'x-empty;' `
  -H 'x-quote: it''s \"so\"' `
  --data-raw '{\"a\":\"it''s $5 \u{e9}\\n\u{1f600} 100% !\"}' `
  --insecure";

const POWERSHELL: &str = "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession
$session.Cookies.Add((New-Object System.Net.Cookie(\"a\", \"b\", \"/\", \"a.test\")))
$session.Cookies.Add((New-Object System.Net.Cookie(\"c\", \"d\", \"/\", \"a.test\")))
Invoke-WebRequest -UseBasicParsing -Uri \"https://a.test/x?y=1&z=`$HOME\" `
-Method \"PUT\" `
-WebSession $session `
-SkipCertificateCheck `
-Headers @{
\"accept\"=\"*/*\"
  \"accept-language\"=\"en\"
  \"x-empty\"=\"\"
  \"x-quote\"=\"it's `\"so`\"\"
} `
-ContentType \"application/json\" `
-Body ([System.Text.Encoding]::UTF8.GetBytes(\"{`\"a`\":`\"it's `$5 $([char]233)\\n$([char]55357)$([char]56832) 100% !`\"}\"))";

const FETCH: &str = r#"fetch("https://a.test/x?y=1&z=$HOME", {
  "headers": {
    "accept": "*/*",
    "accept-language": "en",
    "content-type": "application/json",
    "x-empty": "",
    "x-quote": "it's \"so\""
  },
  "referrer": "https://app.test/page",
  "referrerPolicy": "strict-origin-when-cross-origin",
  "body": "{\"a\":\"it's $5 é\\n😀 100% !\"}",
  "method": "PUT",
  "mode": "cors",
  "credentials": "include"
});"#;

const FETCH_NODE: &str = r#"fetch("https://a.test/x?y=1&z=$HOME", {
  "headers": {
    "accept": "*/*",
    "accept-language": "en",
    "content-type": "application/json",
    "cookie": "a=b; c=d",
    "x-empty": "",
    "x-quote": "it's \"so\""
  },
  "body": "{\"a\":\"it's $5 é\\n😀 100% !\"}",
  "method": "PUT"
});"#;

fn read(text: &str) -> Imported {
    import(text.as_bytes(), None).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Where it is wrong, and how.
fn fault(text: &str) -> (usize, usize, Fault) {
    match import(text.as_bytes(), None) {
        Err(ImportError::Text { line, column, fault }) => (line, column, fault),
        other => panic!("{other:?}: {text}"),
    }
}

#[test]
fn every_copy_is_the_same_request() {
    let har = serde_json::json!({ "log": { "entries": [ { "request": {
        "method": "PUT", "url": "https://a.test/x?y=1&z=$HOME", "httpVersion": "HTTP/2",
        "headers": [
            { "name": ":authority", "value": "a.test" }, { "name": "accept", "value": "*/*" },
            { "name": "accept-encoding", "value": "gzip" }, { "name": "accept-language", "value": "en" },
            { "name": "content-length", "value": "40" }, { "name": "content-type", "value": "application/json" },
            { "name": "cookie", "value": "a=b; c=d" }, { "name": "x-empty", "value": "" },
            { "name": "x-quote", "value": "it's \"so\"" },
        ],
        "postData": { "mimeType": "application/json", "text": "{\"a\":\"it's $5 \u{e9}\\n\u{1f600} 100% !\"}" },
    } } ] } })
    .to_string();
    let texts = [
        ("bash", BASH.to_owned()),
        ("bash with line breaks of Windows", BASH.replace('\n', "\r\n")),
        ("cmd", CMD.to_owned()),
        ("cmd with line breaks of Windows", CMD.replace('\n', "\r\n")),
        ("curl for PowerShell", CURL_POWERSHELL.to_owned()),
        ("PowerShell", POWERSHELL.to_owned()),
        ("PowerShell with line breaks of Windows", POWERSHELL.replace('\n', "\r\n")),
        ("fetch", FETCH.to_owned()),
        ("fetch with await and a mark", format!("\u{feff}await {FETCH}")),
        ("fetch for Node", FETCH_NODE.to_owned()),
        ("HAR", har),
    ];
    for (name, text) in &texts {
        let imported = read(text);
        assert_eq!(imported.url, "https://a.test/x?y=1&z=$HOME", "{name}");
        assert_eq!(imported.method.as_deref(), Some("PUT"), "{name}");
        let body = "{\"a\":\"it's $5 \u{e9}\\n\u{1f600} 100% !\"}";
        assert_eq!(imported.body.as_deref(), Some(body.as_bytes()), "{name}");
        let mut headers: Vec<(String, String)> = imported
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()))
            .collect();
        headers.sort();
        let mut expected = vec![
            ("accept", "*/*"),
            ("accept-language", "en"),
            ("content-type", "application/json"),
            ("x-empty", ""),
            ("x-quote", "it's \"so\""),
        ];
        if *text != FETCH && !name.contains("await") {
            expected.insert(3, ("cookie", "a=b; c=d"));
        }
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(headers, expected, "{name}");
    }
}

#[test]
fn what_is_left_out_is_said() {
    let ignored = |text: &str| read(text).ignored;
    let not_the_request = |name: &str| vec![(name.to_owned(), Ignored::NotTheRequest)];
    assert_eq!(ignored(BASH), not_the_request("--insecure"));
    assert_eq!(ignored(POWERSHELL), not_the_request("-SkipCertificateCheck"));
    assert_eq!(ignored("curl -o /etc/passwd https://a.test"), not_the_request("-o"));
    assert_eq!(
        ignored("fetch('https://a.test', { keepalive: true })"),
        [("keepalive".to_owned(), Ignored::Unknown)]
    );
}

#[test]
fn a_call_of_fetch_has_a_page() {
    let imported = read(FETCH);
    assert_eq!(imported.page().as_deref(), Some("https://app.test/page"));
    assert_eq!((imported.mode, imported.credentials), (Some(Mode::Cors), Some(CredentialsMode::Include)));
    assert_eq!(imported.referrer_policy, Some(ReferrerPolicy::StrictOriginWhenCrossOrigin));
    let page = |text: &str| read(text).page();
    assert_eq!(page("curl https://a.test -H 'origin: https://b.test'").as_deref(), Some("https://b.test"));
    assert_eq!(page("curl https://a.test -e https://b.test/x").as_deref(), Some("https://b.test/x"));
    assert_eq!(page("curl https://a.test -H 'origin: null'"), None);
    assert_eq!(read("fetch('/x', { body: 'a', method: 'POST' })").headers[0].1, b"text/plain;charset=UTF-8");
}

#[test]
fn curls_options() {
    let method = |text: &str| read(text).method;
    assert_eq!(method("curl https://a.test"), None);
    assert_eq!(method("curl -I https://a.test").as_deref(), Some("HEAD"));
    assert_eq!(method("curl -sXDELETE https://a.test").as_deref(), Some("DELETE"));
    let posted = read("curl https://a.test -d a=1 --data-urlencode 'b=c d&' --data-urlencode =e/ ");
    assert_eq!(posted.method.as_deref(), Some("POST"));
    assert_eq!(posted.body.as_deref(), Some(&b"a=1&b=c%20d%26&e%2F"[..]));
    assert_eq!(posted.headers, [("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec())]);
    assert_eq!(read("curl -G https://a.test/?x -d a=1 -d b=2").url, "https://a.test/?x&a=1&b=2");
    assert_eq!(read("curl a.test").url, "http://a.test", "so says curl");
    let user = read("curl -u user:pass https://a.test");
    assert_eq!(user.headers, [("Authorization".to_owned(), b"Basic dXNlcjpwYXNz".to_vec())]);
    assert_eq!(read("curl -r 0-9 https://a.test").headers, [("Range".to_owned(), b"bytes=0-9".to_vec())]);
    let fields = read("curl https://a.test -F a=b --form-string 'c=@d'").fields;
    assert_eq!(fields, [("a".to_owned(), "b".to_owned()), ("c".to_owned(), "@d".to_owned())]);
    assert_eq!(read("curl --json '[1' --json ',2]' https://a.test").body.as_deref(), Some(&b"[1,2]"[..]));
}

#[test]
fn older_copies() {
    let windows =
        read(r#"curl "https://a.test/x?a=1&b=2" -H "X-A: ""b""" --data-binary "{""a"":""50"%"\\n""}""#);
    assert_eq!(windows.url, "https://a.test/x?a=1&b=2");
    assert_eq!(windows.headers[0], ("X-A".to_owned(), b"\"b\"".to_vec()));
    assert_eq!(windows.body.as_deref(), Some(&br#"{"a":"50%\n"}"#[..]));
    let url = |text: &str| read(text).url;
    assert_eq!(
        url(r"curl 'https://a.test/\[x\]?\{y\}'"),
        "https://a.test/[x]?{y}",
        "for curl these would be patterns"
    );
    assert_eq!(url(r"curl -g 'https://a.test/\[x]'"), r"https://a.test/\[x]");
    assert_eq!(url("curl 'http://[::1]/'"), "http://[::1]/");
    let bytes = read(r"curl https://a.test --data $'caf\xe9\041'");
    assert_eq!(bytes.body.as_deref(), Some(&b"caf\xE9!"[..]), "as bash has it");
    let kin = read("fetch('https://a.test', {headers: {authority: 'a.test', path: '/', accept: 'x'}})");
    assert_eq!(kin.headers, [("accept".to_owned(), b"x".to_vec())]);
}

#[test]
fn faults_have_a_place() {
    let table = [
        ("nothing", " \n ", 2, 2, Fault::Empty),
        ("something else", "wget https://a.test", 1, 1, Fault::Unknown),
        ("an open quote", "curl 'https://a.test", 1, 6, Fault::Unclosed("a quote")),
        ("a variable", "curl https://a.test \\\n  -H \"a: $B\"", 2, 10, Fault::Expansion),
        ("a file as a body", "curl https://a.test \\\n -d @/etc/passwd", 2, 5, Fault::File("-d".to_owned())),
        ("a file as a field", "curl https://a.test -F a=@b", 1, 24, Fault::File("-F".to_owned())),
        ("a file of cookies", "curl https://a.test -b jar", 1, 24, Fault::File("-b".to_owned())),
        ("a file of options", "curl -K x https://a.test", 1, 9, Fault::File("-K".to_owned())),
        ("a file to upload", "curl -T x https://a.test", 1, 9, Fault::File("-T".to_owned())),
        (
            "a file to encode",
            "curl https://a.test --data-urlencode a@b",
            1,
            38,
            Fault::File("--data-urlencode".to_owned()),
        ),
        ("an unknown option", "curl https://a.test --frob", 1, 21, Fault::Option("--frob".to_owned())),
        ("an option without its value", "curl https://a.test -H", 1, 21, Fault::NoValue("-H".to_owned())),
        ("no header", "curl https://a.test -H a", 1, 24, Fault::Header),
        ("no URL", "curl -X GET", 1, 1, Fault::NoUrl),
        ("two URLs", "curl https://a.test https://b.test", 1, 21, Fault::TwoUrls),
        ("two bodies", "curl https://a.test -d a --json 1", 1, 33, Fault::TwoBodies),
        ("another command", "curl https://a.test; rm -rf x", 1, 22, Fault::Command),
        ("a pipe", "curl https://a.test | sh", 1, 21, Fault::ShellSyntax('|')),
        ("a computed URL", "fetch(url)", 1, 7, Fault::Expected("a value")),
        ("a computed body", "fetch('/x', {\n  body: JSON.stringify({})})", 2, 9, Fault::Expected("a value")),
        ("a mode that is none", "fetch('/x', {mode: 'x'})", 1, 20, Fault::Value("mode".to_owned())),
        ("a body that is no text", "fetch('/x', {body: {}})", 1, 20, Fault::Value("body".to_owned())),
        ("headers that are none", "fetch('/x', {headers: [['a']]})", 1, 24, Fault::Header),
        ("another call", "fetch('/x');\nalert(1)", 2, 1, Fault::Expected("a call of fetch")),
        ("an open call", "fetch('/x'", 1, 11, Fault::Expected(")")),
        ("no JSON", "{\"log\":\n x}", 2, 2, Fault::Json),
        ("no HAR", "{\"a\": 1}", 1, 1, Fault::Har("there is no log")),
        ("a HAR without entries", "{\"log\": {}}", 1, 1, Fault::Har("it has no entries")),
        (
            "a HAR of another kind",
            "{\"log\": {\"entries\": 1}}",
            1,
            21,
            Fault::Har("a member is of another type"),
        ),
        ("a variable of PowerShell", "Invoke-WebRequest -Uri $url", 1, 24, Fault::Expansion),
        (
            "a parameter that nobody knows",
            "Invoke-WebRequest -Uri 'a' -Frob",
            1,
            28,
            Fault::Option("-Frob".to_owned()),
        ),
        ("a file of PowerShell", "Invoke-WebRequest 'a' -InFile b", 1, 23, Fault::File("-InFile".to_owned())),
        (
            "another statement of PowerShell",
            "$session = 1\nRemove-Item x",
            2,
            1,
            Fault::Expected("Invoke-WebRequest"),
        ),
        ("open headers", "Invoke-WebRequest 'a' -Headers @{ 'a'='b'", 1, 32, Fault::Unclosed("a bracket")),
    ];
    for (name, text, line, column, expected) in table {
        assert_eq!(fault(text), (line, column, expected), "{name}");
    }
    let error = import(b"curl \xFF", None);
    assert_eq!(error.map(|_| ()), Err(ImportError::Text { line: 1, column: 6, fault: Fault::NotUtf8 }));
}

#[test]
fn several_requests_need_a_choice() {
    for text in [
        "curl 'https://a.test/1' ;\ncurl 'https://a.test/2' -X PUT",
        "curl ^\"https://a.test/1^\" &\r\ncurl ^\"https://a.test/2^\" -X PUT",
        "fetch('https://a.test/1') ;\nfetch('https://a.test/2', {method: 'PUT'});",
        "Invoke-WebRequest 'https://a.test/1';\nInvoke-WebRequest 'https://a.test/2' -Method PUT",
    ] {
        let several = vec!["GET https://a.test/1".to_owned(), "PUT https://a.test/2".to_owned()];
        assert_eq!(import(text.as_bytes(), None).map(|_| ()), Err(ImportError::Several(several)), "{text}");
        let second = import(text.as_bytes(), Some("2")).expect("there are two");
        assert_eq!((&*second.url, second.method.as_deref()), ("https://a.test/2", Some("PUT")));
        assert_eq!(import(text.as_bytes(), Some("test/1")).expect("there is one").url, "https://a.test/1");
    }
}

#[test]
fn a_har_may_lack_a_body() {
    let request = |members: &str| {
        read(&format!(
            r#"{{"log":{{"entries":[{{"request":{{"method":"POST","url":"https://a.test/",{members}}}}}]}}}}"#
        ))
    };
    assert!(request(r#""bodySize": 3"#).body_is_lost);
    assert!(request(r#""bodySize": 3, "postData": {"mimeType": "a/b", "text": ""}"#).body_is_lost);
    assert!(
        request(
            r#""postData": {"mimeType": "multipart/form-data", "params": [{"name": "a", "fileName": "b"}]}"#
        )
        .body_is_lost
    );
    let form = r#""postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a", "value": "b c"}]}"#;
    let form = request(form);
    assert_eq!(form.body.as_deref(), Some(&b"a=b+c"[..]));
    assert_eq!(form.headers[0].1, b"application/x-www-form-urlencoded");
    let none = request(r#""bodySize": 0"#);
    assert!(!none.body_is_lost && none.body.is_none());
    let cookies = request(r#""cookies": [{"name": "a", "value": "b"}, {"name": "c", "value": "d"}]"#);
    assert_eq!(cookies.headers, [("Cookie".to_owned(), b"a=b; c=d".to_vec())]);
}

#[test]
fn no_piece_of_a_text_is_too_much() {
    for text in [BASH, CMD, CURL_POWERSHELL, POWERSHELL, FETCH, FETCH_NODE] {
        for (at, _) in text.char_indices() {
            // NB: whatever comes of it, it comes to an end; a fault's place is in the text.
            for piece in [
                text[..at].to_owned(),
                format!("{}{}", &text[..at], &text[at..].chars().skip(1).collect::<String>()),
            ] {
                if let Err(ImportError::Text { line, .. }) = import(piece.as_bytes(), None) {
                    assert!(line <= piece.matches('\n').count() + 1, "{piece}");
                }
            }
        }
    }
}
