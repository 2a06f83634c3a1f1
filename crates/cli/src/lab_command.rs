//! `sofetch lab`: serves the lab's page, and does for it what only this program can: agents with the network's options, texts of
//! other tools read, the demonstration's servers.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sofetch::core::infrastructure::methods::Method;
use sofetch::core::infrastructure::multipart::{boundary_from, multipart_form_data_encode};
use sofetch::net::{ConnectTo, ProxyRules};
use sofetch::{CredentialsMode, Error, Mode, RedirectMode, Url, UserAgent};
use sofetch_demo::World;
use sofetch_inspect::{Browser, Secrets};
use sofetch_lab::{Ask, Imported, Lab, Made, NotImported, Ports, Settings};

use crate::args::{LabArgs, Send};
use crate::ending::{Ending, Failure};
use crate::import::{self, ImportError, bytes_of, is_redacted};
use crate::making::{agent_builder, decided_as, left_out, page_of, request};
use crate::options::browsers::headers_as;
use crate::options::targets::{origin, page, url};
use crate::options::{BodyOption, NetworkOptions, PageOption, RequestOptions, secrets};
use crate::output::Streams;
use crate::sending::Sending;
use crate::words::{error_words, ignored_words, lab as words};

/// How long a fetch may take where nobody says: a page waits for it.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Runs the command.
pub(crate) async fn run(args: LabArgs, streams: &Streams) -> Result<Ending, Failure> {
    let network = NetworkOptions::of(&args.network)?;
    let world = if args.no_demo { None } else { Some(World::start().map_err(Failure::Start)?) };
    let secrets = secrets(args.show_secrets);
    let ports = LabPorts { network, world, secrets };
    let settings = Settings { port: args.port, ipv6: args.ipv6, secrets };
    let lab = Lab::listen(settings, Box::new(ports)).await.map_err(Failure::Start)?;
    for link in lab.links() {
        streams.out_text(&format!("{link}\n")).map_err(Failure::stdout)?;
    }
    if !args.no_open
        && let Some(link) = lab.link_to_open()
        && !open(&link)
    {
        streams.note(words::NO_BROWSER);
    }
    lab.serve().await.map_err(Failure::Start)?;
    Ok(Ending::Answered)
}

/// Starts the browser that the system opens addresses with. What it says is nobody's.
fn open(link: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let quiet = || Stdio::null();
    let started = Command::new(program)
        .args(arguments)
        .arg(link)
        .stdin(quiet())
        .stdout(quiet())
        .stderr(quiet())
        .spawn();
    let Ok(mut started) = started else { return false };
    // How it ends is nobody's, but that it ended has to be heard, or the system keeps what is left of it.
    std::thread::spawn(move || started.wait());
    true
}

/// What this program does for the lab.
struct LabPorts {
    network: NetworkOptions,
    world: Option<World>,
    secrets: Secrets,
}

impl Ports for LabPorts {
    fn make(&self, ask: &Ask, send: bool) -> Result<Made, String> {
        let page = asking_page(&ask.origin)?;
        let (mut options, browser) = request_options(ask, &page)?;
        let world = self.world.as_ref().filter(|world| is_of(world, &options.url));
        let mut network = match world {
            Some(world) => network_of(world),
            None => self.network.clone(),
        };
        network.max_time.get_or_insert(MAX_TIME);
        let when = if send { Send::Always } else { Send::Auto };
        network.send_policy = Some(Arc::new(Sending::by_option(when)));
        let mut notes = left_out(&options, &page);
        notes.extend(browser.and_then(|browser| headers_as(browser, &mut options.headers)));
        let built = decided_as(agent_builder(network), browser).build();
        let made = built.and_then(|agent: UserAgent| page_of(&agent, &page));
        Ok(Made {
            page: made.map_err(|error| self.words(&error))?,
            url: options.url.clone(),
            request: Box::new(move || request(options.clone(), None)),
            browser,
            embedded: world.is_some(),
            notes,
        })
    }

    fn import(&self, text: &str, entry: Option<usize>) -> Result<Imported, NotImported> {
        let entry = entry.map(|entry| entry.to_string());
        match import::import(text.as_bytes(), entry.as_deref()) {
            Ok(imported) => as_ask(imported).map_err(NotImported::Fault),
            Err(ImportError::Several(requests)) => Err(NotImported::Several(
                requests.iter().map(|request| words::safe(request, self.secrets)).collect(),
            )),
            Err(error) => Err(NotImported::Fault(words::safe(&error.to_string(), self.secrets))),
        }
    }

    fn words(&self, error: &Error) -> String {
        error_words(error, self.secrets)
    }

    fn embedded(&self) -> Vec<(String, u16, SocketAddr)> {
        let addresses = self.world.iter().flat_map(World::addresses);
        addresses.map(|(host, port, address)| (host.to_owned(), port, address)).collect()
    }
}

/// An origin, `null`, or a page's URL.
fn asking_page(said: &str) -> Result<PageOption, String> {
    let said = said.trim();
    if said.is_empty() {
        return Err(words::NO_ORIGIN.to_owned());
    }
    origin(said).or_else(|_| page(said)).map_err(|_| words::no_origin(said))
}

fn request_options(ask: &Ask, page: &PageOption) -> Result<(RequestOptions, Option<Browser>), String> {
    let target = url(&ask.url, Some(page)).map_err(|_| words::no_url(&ask.url))?;
    if is_redacted(target.href().as_bytes()) {
        return Err(words::REDACTED_URL.to_owned());
    }
    let method = match ask.method.trim() {
        "" if ask.body.is_some() => Some("POST".to_owned()),
        "" => None,
        said if Method::new(said.as_bytes()).is_ok() => Some(said.to_owned()),
        said => return Err(words::no_method(said)),
    };
    let headers = ask.headers.iter().map(|(name, value)| (name.clone(), bytes_of(value))).collect();
    let options = RequestOptions {
        url: target,
        method,
        headers,
        // What fetch() says of a string.
        body: ask.body.clone().map(|text| BodyOption::bytes(text, "text/plain;charset=UTF-8")),
        untyped: false,
        mode: word(&ask.mode, &[Mode::Cors, Mode::NoCors, Mode::SameOrigin], Mode::as_str)?,
        credentials: word(&ask.credentials, CredentialsMode::ALL, CredentialsMode::as_str)?,
        cache: None,
        redirect: word(&ask.redirect, RedirectMode::ALL, RedirectMode::as_str)?,
        referrer: None,
        referrer_policy: None,
        integrity: None,
        destination: None,
    };
    let browser = match ask.decide_as.as_deref() {
        None => None,
        Some("chromium") => Some(Browser::Chromium),
        Some("firefox") => Some(Browser::Firefox),
        Some(other) => return Err(words::no_word(other)),
    };
    Ok((options, browser))
}

/// A word of a list; none is what fetch does by itself.
fn word<T: Copy>(said: &str, list: &[T], name: impl Fn(T) -> &'static str) -> Result<Option<T>, String> {
    if said.is_empty() {
        return Ok(None);
    }
    let found = list.iter().copied().find(|&one| name(one) == said);
    found.map(Some).ok_or_else(|| words::no_word(said))
}

/// Does the URL lead to one of the demonstration's servers?
fn is_of(world: &World, url: &Url) -> bool {
    let origin = url.origin().serialize();
    world.addresses().iter().any(|(host, _, _)| origin == format!("https://{host}"))
}

/// A network in which there is nothing but the demonstration's servers.
fn network_of(world: &World) -> NetworkOptions {
    let leading = |host: Option<&str>, port: Option<u16>, address: SocketAddr| ConnectTo {
        host: host.map(str::to_owned),
        port,
        to_host: Some(address.ip().to_string()),
        to_port: Some(address.port()),
    };
    let named = world.addresses().map(|(host, port, address)| leading(Some(host), Some(port), address));
    // Whatever else a redirect may name stays on this machine, and fails for want of its certificate.
    let other = leading(None, None, world.api.address());
    NetworkOptions {
        roots: world.ca_pem().as_bytes().to_vec(),
        only_these_roots: true,
        // No proxy of the environment leads to servers of this process.
        proxy: ProxyRules::default(),
        connect_to: named.into_iter().chain([other]).collect(),
        ..NetworkOptions::default()
    }
}

/// An imported request as one types it.
fn as_ask(imported: import::Imported) -> Result<Imported, String> {
    let mut ignored = imported.ignored.clone();
    let mut notes = Vec::new();
    let origin = imported.page().unwrap_or_default();
    let mut headers = Vec::new();
    for (name, value) in &imported.headers {
        match import::no_script_says(name, value) {
            Some(why) => ignored.push((name.to_ascii_lowercase(), why)),
            None => headers.push((name.clone(), text_of(value))),
        }
    }
    let mut body = imported.body.as_ref().map(|bytes| String::from_utf8(bytes.to_vec()));
    if !imported.fields.is_empty() {
        let (content_type, text) = multipart(&imported.fields)?;
        headers.push(("Content-Type".to_owned(), content_type));
        body = Some(Ok(text));
    }
    if imported.body_is_lost {
        notes.push(words::BODY_IS_LOST.to_owned());
    }
    let body = match body {
        Some(Err(_)) => {
            notes.push(words::BODY_IS_NO_TEXT.to_owned());
            None
        }
        Some(Ok(text)) => Some(text),
        None => None,
    };
    notes.extend(ignored_words(&ignored));
    let ask = Ask {
        origin,
        url: imported.url,
        method: imported.method.unwrap_or_default(),
        headers,
        body,
        credentials: imported.credentials.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        mode: imported.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        redirect: imported.redirect.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        decide_as: None,
    };
    Ok(Imported { ask, notes })
}

/// The bytes of a header as a script's text, a character a byte.
fn text_of(value: &[u8]) -> String {
    value.iter().map(|&byte| char::from(byte)).collect()
}

/// Texts as a multipart/form-data body, and its type.
fn multipart(fields: &[(String, String)]) -> Result<(String, String), String> {
    use sofetch::{FormData, FormDataEntry, FormDataValue};
    let entry = |(name, text): &(String, String)| FormDataEntry {
        name: name.clone(),
        value: FormDataValue::String(text.clone()),
    };
    let form_data = FormData { entries: fields.iter().map(entry).collect() };
    let mut random = [0; 16];
    let filled = UserAgent::builder().build().and_then(|agent| agent.fill_random(&mut random));
    filled.map_err(|error| error_words(&error, Secrets::Redacted))?;
    let boundary = boundary_from(random);
    let bytes = multipart_form_data_encode(&form_data, &boundary).concat();
    // Texts make a text.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((format!("multipart/form-data; boundary={boundary}"), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(change: impl FnOnce(&mut Ask)) -> Result<RequestOptions, String> {
        let mut ask =
            Ask { origin: "https://a.test".into(), url: "https://b.test/x".into(), ..Ask::default() };
        change(&mut ask);
        let page = asking_page(&ask.origin)?;
        request_options(&ask, &page).map(|(options, _)| options)
    }

    #[test]
    fn who_asks_table() {
        let table = [
            ("an origin", "https://a.test", Some(("https://a.test/", false))),
            ("a page's URL", "https://a.test/x?y", Some(("https://a.test/x?y", false))),
            ("null", "null", Some(("about:blank", true))),
            ("a host alone", "a.test", Some(("https://a.test/", false))),
            ("blanks around", " https://a.test ", Some(("https://a.test/", false))),
            ("nothing", "", None),
            ("two words", "a b", None),
        ];
        for (name, said, expected) in table {
            let page = asking_page(said).ok();
            let told = page.as_ref().map(|page| (page.url.href(), page.opaque));
            assert_eq!(told, expected, "{name}");
        }
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        assert_eq!(ask(|_| {}).expect("valid").method, None);
        assert_eq!(ask(|ask| ask.method = "patch".into()).expect("valid").method.as_deref(), Some("patch"));
        assert_eq!(ask(|ask| ask.body = Some(String::new())).expect("valid").method.as_deref(), Some("POST"));
        assert_eq!(ask(|ask| ask.url = "/y".into()).expect("valid").url.href(), "https://a.test/y");
        let bytes = ask(|ask| ask.headers = vec![("A".into(), "\u{e9}".into())]).expect("valid").headers;
        assert_eq!(bytes, [("A".to_owned(), vec![0xE9])], "a byte a character, as in a script");
        let wrong: [fn(&mut Ask); 6] = [
            |ask| ask.method = "PA TCH".into(),
            |ask| ask.url = "https://".into(),
            |ask| ask.url = "https://b.test/?token=[redacted]".into(),
            |ask| ask.mode = "navigate".into(),
            |ask| ask.credentials = "all".into(),
            |ask| ask.decide_as = Some("lynx".into()),
        ];
        for change in wrong {
            assert!(ask(change).is_err());
        }
    }

    #[test]
    fn an_import_has_no_header_that_no_page_can_set() {
        let text = "curl 'https://b.test/x' -X PATCH -H 'Origin: https://a.test' -H 'API-Key: k' -H 'Cookie: a=b' -H 'user-agent: Mozilla/5.0' --data-raw '{}'";
        let imported = import::import(text.as_bytes(), None).expect("a request");
        let Imported { ask, notes } = as_ask(imported).expect("an ask");
        assert_eq!((&*ask.origin, &*ask.url, &*ask.method), ("https://a.test", "https://b.test/x", "PATCH"));
        assert!(ask.headers.iter().any(|(name, _)| name == "API-Key"));
        assert!(!ask.headers.iter().any(|(name, _)| ["Origin", "Cookie", "user-agent"].contains(&&**name)));
        assert_eq!(ask.body.as_deref(), Some("{}"));
        for name in ["cookie", "user-agent"] {
            assert!(notes.iter().any(|note| note.contains(name)), "{name}: {notes:?}");
        }
    }
}
