//! curl's options, as far as they are of the request. Files are never read; what is for the network or the output is left to
//! this command's own options, and said.

use sofetch::core::infrastructure::base64::forgiving_base64_encode;
use sofetch::core::infrastructure::urlencoded::urlencoded_serializer;

use super::faults::Fault;
use super::words::{Command, Word};
use super::{Faulty, Ignored, Imported};

/// Options with a value that say nothing of the request.
const OTHERS_WITH_VALUES: [&str; 36] = [
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-x",
    "--proxy",
    "--noproxy",
    "-U",
    "--proxy-user",
    "-E",
    "--cert",
    "--key",
    "--cacert",
    "--capath",
    "--resolve",
    "--connect-to",
    "-w",
    "--write-out",
    "-c",
    "--cookie-jar",
    "-D",
    "--dump-header",
    "--retry",
    "--retry-delay",
    "--limit-rate",
    "--interface",
    "--max-redirs",
    "--ciphers",
    "--tls-max",
    "--socks5",
    "--socks5-hostname",
    "--unix-socket",
    "--dns-servers",
    "--trace",
    "--stderr",
];

/// Options without one that ask for what is done here anyway: nothing is said of them.
const DONE_ANYWAY: [&str; 8] =
    ["--compressed", "-L", "--location", "-s", "--silent", "-S", "--show-error", "--no-progress-meter"];
/// And others.
const OTHERS: [&str; 28] = [
    "--path-as-is",
    "-k",
    "--insecure",
    "-v",
    "--verbose",
    "-i",
    "--include",
    "--show-headers",
    "-f",
    "--fail",
    "--fail-with-body",
    "-O",
    "--remote-name",
    "-J",
    "--remote-header-name",
    "-N",
    "--no-buffer",
    "-0",
    "--http1.0",
    "--http1.1",
    "--http2",
    "--http2-prior-knowledge",
    "--http3",
    "-4",
    "-6",
    "--tlsv1.2",
    "--tlsv1.3",
    "-#",
];

/// The requests of curl commands.
pub(super) fn requests(commands: Vec<Command>) -> Faulty<Vec<Imported>> {
    commands.into_iter().map(request).collect()
}

/// A body so far.
enum Data {
    None,
    /// Joined by `&`.
    Text(Vec<u8>),
    Json(Vec<u8>),
    Fields(Vec<(String, String)>),
}

fn request(command: Command) -> Faulty<Imported> {
    let mut words = command.into_iter();
    let first = words.next().expect("a command has a word");
    let is_curl = first.bytes.eq_ignore_ascii_case(b"curl") || first.bytes.eq_ignore_ascii_case(b"curl.exe");
    if !is_curl {
        return Err((Fault::Command, first.at));
    }
    let (at, words) = (first.at, expanded(words));
    let mut reader = Reader {
        imported: Imported::default(),
        data: Data::None,
        get: false,
        head: false,
        globoff: false,
        has_url: false,
    };
    let mut words = words.into_iter();
    let mut only_urls = false;
    while let Some(word) = words.next() {
        if only_urls || !word.bytes.starts_with(b"-") || word.bytes == b"-" {
            reader.url(&word)?;
        } else if word.bytes == b"--" {
            only_urls = true;
        } else {
            reader.option(&word, &mut words)?;
        }
    }
    if !reader.has_url {
        return Err((Fault::NoUrl, at));
    }
    Ok(reader.finish())
}

/// `-sXPOST` as `-s -X POST`. As in curl, `--data=x` is no option.
fn expanded(words: impl Iterator<Item = Word>) -> Vec<Word> {
    const WITH_VALUE: &[u8] = b"AbcdDeEFhHKmoPQrtTuUwXxYyz";
    let mut expanded = Vec::new();
    let mut value_follows = false;
    for word in words {
        let cluster = word.bytes.len() > 2 && word.bytes[0] == b'-' && word.bytes[1] != b'-';
        if value_follows || !cluster {
            value_follows = !value_follows && takes_value(&word.bytes);
            expanded.push(word);
            continue;
        }
        let mut rest = &word.bytes[1..];
        while let [letter, after @ ..] = rest {
            expanded.push(Word { at: word.at, bytes: vec![b'-', *letter] });
            rest = after;
            if WITH_VALUE.contains(letter) {
                value_follows = after.is_empty();
                if !after.is_empty() {
                    expanded.push(Word { at: word.at, bytes: after.to_vec() });
                }
                break;
            }
        }
    }
    expanded
}

fn takes_value(option: &[u8]) -> bool {
    let Ok(option) = std::str::from_utf8(option) else { return false };
    const OURS: [&str; 30] = [
        "-X",
        "--request",
        "-H",
        "--header",
        "-d",
        "--data",
        "--data-ascii",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--json",
        "-F",
        "--form",
        "--form-string",
        "-b",
        "--cookie",
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "-u",
        "--user",
        "--url",
        "--url-query",
        "--oauth2-bearer",
        "-T",
        "--upload-file",
        "-K",
        "-r",
        "--range",
    ];
    option == "--config" || OURS.contains(&option) || OTHERS_WITH_VALUES.contains(&option)
}

struct Reader {
    imported: Imported,
    data: Data,
    get: bool,
    head: bool,
    globoff: bool,
    has_url: bool,
}

impl Reader {
    fn url(&mut self, word: &Word) -> Faulty<()> {
        if self.has_url {
            return Err((Fault::TwoUrls, word.at));
        }
        let url = text(word, "URL")?;
        // NB: curl says http where no scheme is said.
        let schemeless = !url.contains("://");
        self.imported.url = if schemeless { format!("http://{url}") } else { url };
        self.has_url = true;
        Ok(())
    }

    fn option(&mut self, option: &Word, words: &mut std::vec::IntoIter<Word>) -> Faulty<()> {
        let name = text(option, "option")?;
        let unknown = || (Fault::Option(name.clone()), option.at);
        if !takes_value(&option.bytes) {
            match &*name {
                "-G" | "--get" => self.get = true,
                "-I" | "--head" => self.head = true,
                "-g" | "--globoff" => self.globoff = true,
                name if DONE_ANYWAY.contains(&name) => {}
                name if OTHERS.contains(&name) => self.imported.ignore(name, Ignored::NotTheRequest),
                _ => return Err(unknown()),
            }
            return Ok(());
        }
        let value = words.next().ok_or((Fault::NoValue(name.clone()), option.at))?;
        let reads_a_file = value.bytes.starts_with(b"@");
        let file = || (Fault::File(name.clone()), value.at);
        match &*name {
            "-X" | "--request" => self.imported.method = Some(text(&value, &name)?),
            "--url" => self.url(&value)?,
            "-H" | "--header" if reads_a_file => return Err(file()),
            "-H" | "--header" => self.header(&value)?,
            "-A" | "--user-agent" => self.imported.header("User-Agent", &value.bytes),
            "-e" | "--referer" => self.imported.header("Referer", &value.bytes),
            // NB: without an equals sign it is a file's name.
            "-b" | "--cookie" if !value.bytes.contains(&b'=') => return Err(file()),
            "-b" | "--cookie" => self.imported.header("Cookie", &value.bytes),
            "-r" | "--range" => self.imported.header("Range", &[b"bytes=", &*value.bytes].concat()),
            "-u" | "--user" => {
                let credentials = forgiving_base64_encode(&value.bytes);
                self.imported.header("Authorization", format!("Basic {credentials}").as_bytes());
            }
            "--oauth2-bearer" => {
                self.imported.header("Authorization", &[b"Bearer ", &*value.bytes].concat());
            }
            "-d" | "--data" | "--data-ascii" | "--data-binary" | "--json" if reads_a_file => {
                return Err(file());
            }
            "-d" | "--data" | "--data-ascii" | "--data-raw" | "--data-binary" => {
                self.data(&value.bytes, value.at)?
            }
            "--data-urlencode" => {
                let said = urlencoded(&value).ok_or_else(file)?;
                self.data(said.as_bytes(), value.at)?;
            }
            "--json" => match &mut self.data {
                Data::None => self.data = Data::Json(value.bytes),
                Data::Json(json) => json.extend(value.bytes),
                _ => return Err((Fault::TwoBodies, value.at)),
            },
            "-F" | "--form" | "--form-string" => self.field(&name, &value)?,
            "--url-query" => return Err(unknown()),
            "-T" | "--upload-file" | "-K" | "--config" => return Err(file()),
            _ => self.imported.ignore(name, Ignored::NotTheRequest),
        }
        Ok(())
    }

    fn header(&mut self, value: &Word) -> Faulty<()> {
        let bytes = &value.bytes;
        let wrong = || (Fault::Header, value.at);
        // HTTP/2's own begin with a colon.
        let colon = bytes.iter().skip(1).position(|&byte| byte == b':').map(|at| at + 1);
        let (name, content) = match colon {
            Some(colon) => (&bytes[..colon], bytes[colon + 1..].trim_ascii()),
            None => (bytes.strip_suffix(b";").ok_or_else(wrong)?, &b""[..]),
        };
        let name = std::str::from_utf8(name)
            .map(str::trim)
            .ok()
            .filter(|name| !name.is_empty())
            .ok_or_else(wrong)?;
        // `Name:` takes one of curl's own away, and here there are none of those.
        if colon.is_none() || !content.is_empty() {
            self.imported.header(name, content);
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8], at: usize) -> Faulty<()> {
        match &mut self.data {
            Data::None => self.data = Data::Text(bytes.to_vec()),
            Data::Text(text) => {
                text.push(b'&');
                text.extend(bytes);
            }
            _ => return Err((Fault::TwoBodies, at)),
        }
        Ok(())
    }

    fn field(&mut self, name: &str, value: &Word) -> Faulty<()> {
        let said = text(value, name)?;
        let (field, content) = said.split_once('=').ok_or((Fault::Value(name.to_owned()), value.at))?;
        if name != "--form-string" && content.starts_with(['@', '<']) {
            return Err((Fault::File(name.to_owned()), value.at));
        }
        // NB: curl takes a quoted text, and parameters after a semicolon.
        let plain = name == "--form-string" || !content.contains([';', '"']);
        if !plain {
            return Err((Fault::Value(name.to_owned()), value.at));
        }
        let pair = (field.to_owned(), content.to_owned());
        match &mut self.data {
            Data::None => self.data = Data::Fields(vec![pair]),
            Data::Fields(fields) => fields.push(pair),
            _ => return Err((Fault::TwoBodies, value.at)),
        }
        Ok(())
    }

    fn finish(self) -> Imported {
        let Reader { mut imported, data, get, head, globoff, .. } = self;
        // Brackets and braces are patterns to curl, unless a backslash stands before them. Here they are never patterns.
        if !globoff {
            for mark in ['[', ']', '{', '}'] {
                imported.url = imported.url.replace(&format!("\\{mark}"), &mark.to_string());
            }
        }
        let content_type = match data {
            Data::None => None,
            Data::Text(text) if get => {
                let sign = if imported.url.contains('?') { '&' } else { '?' };
                imported.url.push(sign);
                imported.url.push_str(&String::from_utf8_lossy(&text));
                None
            }
            Data::Text(text) => {
                imported.body = Some(text.into());
                Some("application/x-www-form-urlencoded")
            }
            Data::Json(json) => {
                if !imported.has("accept") {
                    imported.header("Accept", b"application/json");
                }
                imported.body = Some(json.into());
                Some("application/json")
            }
            Data::Fields(fields) => {
                imported.fields = fields;
                None
            }
        };
        if let Some(content_type) = content_type.filter(|_| !imported.has("content-type")) {
            imported.header("Content-Type", content_type.as_bytes());
        }
        if imported.method.is_none() {
            let sends = imported.body.is_some() || !imported.fields.is_empty();
            imported.method = match (head, sends) {
                (true, _) => Some("HEAD".to_owned()),
                (false, true) => Some("POST".to_owned()),
                (false, false) => None,
            };
        }
        imported
    }
}

fn text(word: &Word, what: &str) -> Faulty<String> {
    String::from_utf8(word.bytes.clone()).map_err(|_| (Fault::Value(what.to_owned()), word.at))
}

/// `content`, `=content` or `name=content`, percent-encoded; `None` would be a file.
fn urlencoded(value: &Word) -> Option<String> {
    let said = String::from_utf8_lossy(&value.bytes);
    let encoded = |text: &str| urlencoded_serializer([("", text)], None)[1..].replace('+', "%20");
    match said.split_once('=') {
        Some(("", content)) => Some(encoded(content)),
        Some((name, content)) => Some(format!("{name}={}", encoded(content))),
        None if said.contains('@') => None,
        None => Some(encoded(&said)),
    }
}
