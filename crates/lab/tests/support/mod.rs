//! A lab with ports that lead to loopback, and a client that says what it likes.

#![allow(missing_docs, unreachable_pub)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;
use sofetch::{Error, Request, Url, UserAgent};
use sofetch_lab::{Ask, Imported, Lab, Made, NotImported, Ports, Settings};

/// What is asked is fetched as it is; nothing is imported.
pub struct PlainPorts;

impl Ports for PlainPorts {
    fn make(&self, ask: &Ask, _: bool) -> Result<Made, String> {
        let agent = UserAgent::builder().build().map_err(|error| error.to_string())?;
        let page = agent.page_builder(&ask.origin).build().map_err(|error| error.to_string())?;
        let url = Url::parse(&ask.url, None).map_err(|error| error.to_string())?;
        let asked = url.clone();
        let request = Box::new(move || Request::from_url(asked.clone()));
        Ok(Made { page, url, request, browser: None, embedded: false, notes: Vec::new() })
    }

    fn import(&self, _: &str, _: Option<usize>) -> Result<Imported, NotImported> {
        Err(NotImported::Fault("nothing".to_owned()))
    }

    fn words(&self, error: &Error) -> String {
        error.to_string()
    }

    fn embedded(&self) -> Vec<(String, u16, SocketAddr)> {
        Vec::new()
    }
}

/// A lab that serves on a thread of its own, as long as the process lives.
pub struct Serving {
    pub authority: String,
    pub token: String,
    pub once: String,
}

impl Serving {
    pub fn start() -> Serving {
        let (told, hear) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let lab =
                    Lab::listen(Settings::default(), Box::new(PlainPorts)).await.expect("a loopback port");
                let link = lab.links().remove(0);
                told.send((link, lab.link_to_open().expect("it was not used"))).expect("somebody waits");
                lab.serve().await
            })
        });
        let (link, link_to_open) = hear.recv().expect("it listens");
        let (origin, token) = link.split_once("/#token=").expect("an address with a token");
        let (_, once) = link_to_open.split_once("/#once=").expect("an address that opens once");
        Serving {
            authority: origin.strip_prefix("http://").expect("http").to_owned(),
            token: token.to_owned(),
            once: once.to_owned(),
        }
    }

    /// A call as the page makes it.
    pub fn call(&self, name: &str, body: &str) -> Answer {
        let origin = format!("http://{}", self.authority);
        self.call_with(
            name,
            body,
            &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin"), ("Lab-Token", &self.token)],
        )
    }

    /// A call with these headers besides.
    pub fn call_with(&self, name: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let all = [&[("Host", &*self.authority), ("Content-Type", "application/json")], headers].concat();
        self.send("POST", &format!("/api/{name}"), body, &all)
    }

    /// Any request.
    pub fn send(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(&*self.authority).expect("it listens");
        // NB: whoever refuses a body need not read it: what cannot be sent any more is no fault.
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::of(&bytes)
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn of(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let pair = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Answer {
            status: status.unwrap_or(0),
            headers: lines.filter_map(pair).collect(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Its status and code.
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}
