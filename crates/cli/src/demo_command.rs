//! `sofetch demo`: `cors` without a network of one's own: a page of one embedded origin fetches from another.

use sofetch::net::ConnectTo;
use sofetch_demo::World;
use sofetch_inspect::CorsStory;

use crate::args::{CorsArgs, DemoArgs, FetchArgs, NetworkArgs, Send};
use crate::cors_command::{print, story_of};
use crate::ending::{Ending, Failure};
use crate::listening::Listening;
use crate::options::{Options, secrets};
use crate::output::{Streams, Tone};

const ORIGIN: &str = "https://javascript.info";

/// One fetch of the demonstration.
struct Scene {
    title: &'static str,
    url: &'static str,
    method: Option<&'static str>,
    headers: &'static [&'static str],
    json: Option<&'static str>,
}

const SCENES: [Scene; 2] = [
    Scene {
        title: "A PATCH of JSON with a key of its own: not a request that any page may make, so permission is asked first.",
        url: "https://site.com/service.json",
        method: Some("PATCH"),
        headers: &["API-Key: secret"],
        json: Some("{\"name\":\"lamp\"}"),
    },
    Scene {
        title: "A plain GET of what the server allows to another origin only.",
        url: "https://site.com/other-origin.json",
        method: None,
        headers: &[],
        json: None,
    },
];

/// Runs the command.
pub(crate) async fn run(args: &DemoArgs, streams: &Streams) -> Result<Ending, Failure> {
    let world = World::start().map_err(Failure::Start)?;
    let (mut reports, mut endings) = (Vec::new(), Vec::new());
    for (index, scene) in SCENES.iter().enumerate() {
        if args.report.is_none() {
            let gap = if index > 0 { "\n" } else { "" };
            let title = streams.paint_out.tone(Tone::Strong, scene.title);
            let command_line = scene.command_line();
            let asked = streams.paint_out.tone(Tone::Faint, &command_line);
            streams.out_text(&format!("{gap}{title}\n{asked}\n\n")).map_err(Failure::stdout)?;
        }
        let options = scene.options(&world, args, streams)?;
        let listening = Listening::with_recorder(&options.show)?;
        let (story, ending) = story_of(options, &listening, streams).await?;
        match story {
            Some(story) if args.report.is_some() => reports.push(story),
            Some(story) => print(&story, streams)?,
            None => {}
        }
        endings.push(ending?);
    }
    if args.report.is_some() {
        let texts: Vec<String> = reports.iter().map(CorsStory::to_json_text).collect();
        streams.out_json(&format!("[{}]", texts.join(","))).map_err(Failure::stdout)?;
    }
    Ok(if endings == [Ending::Answered, Ending::Refused] { Ending::Answered } else { Ending::Refused })
}

impl Scene {
    /// What one would type, had these servers their names on the network.
    fn command_line(&self) -> String {
        let mut line = format!("$ sofetch cors {} --origin {ORIGIN}", self.url);
        if let Some(method) = self.method {
            line.push_str(&format!(" -X {method}"));
        }
        for header in self.headers {
            line.push_str(&format!(" -H '{header}'"));
        }
        if let Some(json) = self.json {
            line.push_str(&format!(" --json '{json}'"));
        }
        line
    }

    fn options(&self, world: &World, args: &DemoArgs, streams: &Streams) -> Result<Options, Failure> {
        let fetch = FetchArgs {
            url: Some(self.url.into()),
            origin: Some(ORIGIN.to_owned()),
            method: self.method.map(str::to_owned),
            headers: self.headers.iter().map(|&header| header.into()).collect(),
            json: self.json.map(Into::into),
            // No proxy of the environment leads to servers of this process.
            network: NetworkArgs { proxy: Some(String::new()), ..NetworkArgs::default() },
            ..FetchArgs::default()
        };
        // Its servers are this process's own: nothing is changed by asking them.
        let mut options =
            Options::of_cors(CorsArgs { send: Send::Always, fetch, ..CorsArgs::default() }, streams)?;
        options.show.secrets = secrets(args.show_secrets);
        options.network.roots = world.ca_pem().as_bytes().to_vec();
        options.network.only_these_roots = true;
        options.network.connect_to = world
            .addresses()
            .into_iter()
            .map(|(host, port, address)| ConnectTo {
                host: Some(host.to_owned()),
                port: Some(port),
                to_host: Some(address.ip().to_string()),
                to_port: Some(address.port()),
            })
            .collect();
        Ok(options)
    }
}
