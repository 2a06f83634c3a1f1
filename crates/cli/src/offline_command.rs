//! `--offline` and `--copy-as`: the request as it would be sent, or a command that sends it. Nothing is sent.

use std::io::{self, Write};

use sofetch::core::infrastructure::connections::Protocol;
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::redacted_urls;

use crate::args::Parts;
use crate::ending::{Ending, Failure};
use crate::export::{self, Copied, Source};
use crate::making::{Fetcher, left_out, request, settled, without_meaning};
use crate::offline::{NoNetwork, Outgoing};
use crate::options::{Options, RequestOptions, Show};
use crate::output::{PlainBody, Sink, Streams, head_bytes};
use crate::terminal_body::{Layout, TerminalBody};

/// Is the command of this kind?
pub(crate) fn is_wanted(show: &Show) -> bool {
    show.offline || show.copy_as.is_some()
}

/// Runs the command.
pub(crate) async fn run(options: Options, streams: &Streams) -> Result<Ending, Failure> {
    let Options { request: request_options, page, network, browser, show, notes, .. } = options;
    notes.iter().for_each(|note| streams.note(note));
    let notes = match &page {
        Some(page) => left_out(&request_options, page),
        None => without_meaning(&request_options),
    };
    notes.iter().for_each(|note| streams.note(note));
    let request_options = settled(request_options).map_err(Failure::Fetch)?;
    let user_agent = network.user_agent.clone();
    let nowhere = NoNetwork::default();
    let fetcher = Fetcher::over(network, browser, page.as_ref(), nowhere.clone())?;
    let fetched = fetcher.fetch(request(request_options.clone(), None)).await;
    let requests = nowhere.requests();
    let Some(last) = requests.last() else {
        // The rules refused it, or it needs no network: `data:` and its kin.
        fetched?;
        streams.note("nothing is sent for this URL");
        return Ok(Ending::Answered);
    };
    if let Some(form) = show.copy_as {
        let source = Source {
            sent: last,
            asked: &request_options,
            page: page.as_ref(),
            user_agent: user_agent.as_ref(),
        };
        let Copied { text, notes } = export::copy_as(form, &source, show.secrets);
        notes.iter().for_each(|note| streams.note(note));
        streams.out_text(&text).map_err(Failure::stdout)?;
        return Ok(Ending::Answered);
    }
    let asked = Parts { request_head: true, request_body: true, ..Parts::default() };
    let parts = show.print.unwrap_or(asked);
    for (at, request) in requests.iter().enumerate() {
        // A preflight has no body: what follows it is apart by the empty line of its head.
        if at > 0 && parts.request_body && requests[at - 1].body.is_some() {
            streams.out_text("\r\n\r\n").map_err(Failure::stdout)?;
        }
        print(request, parts, show.secrets, streams).map_err(Failure::stdout)?;
    }
    Ok(Ending::Answered)
}

/// Prints a request as HTTP/1.1 writes it; the head of one over HTTP/2, which has no such text, with the names as they are.
pub(crate) fn print(request: &Outgoing, parts: Parts, secrets: Secrets, streams: &Streams) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if parts.request_head {
        let terminal = streams.for_person.then_some(streams.paint_out);
        let target = redacted_urls(request.url.path_and_query(), secrets);
        let version = if request.protocol == Protocol::Http2 { "HTTP/2" } else { "HTTP/1.1" };
        let line = format!("{} {target} {version}", request.method);
        let host = request.url.host_and_port().as_bytes();
        let names: Vec<Vec<u8>> =
            request.headers.iter().map(|header| name_on(request.protocol, header.name())).collect();
        let fields = request.headers.iter().zip(&names).map(|(header, name)| (&**name, &header.value()[..]));
        let headers = std::iter::once((&b"Host"[..], host)).chain(fields);
        out.write_all(&head_bytes(line.as_bytes(), headers, secrets, terminal))?;
    }
    let Some(body) = request.body.as_ref().filter(|body| parts.request_body && !body.is_empty()) else {
        return out.flush();
    };
    if !streams.for_person {
        return PlainBody(out).chunk(body).map(|_| ());
    }
    let mut shown = TerminalBody::new(out, streams.paint_out, layout(&request.headers));
    shown.chunk(body)?;
    shown.end()
}

fn layout(headers: &HeaderList) -> Layout {
    let content_type = headers.get("content-type").unwrap_or_default();
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    Layout::of(String::from_utf8_lossy(essence).trim(), false, false)
}

/// A header's name as the transport writes it: over HTTP/1.1 each word is capitalised, over HTTP/2 none.
fn name_on(protocol: Protocol, name: &[u8]) -> Vec<u8> {
    if protocol == Protocol::Http2 {
        return name.to_ascii_lowercase();
    }
    let mut begins = true;
    let capitalise = |&byte: &u8| {
        let byte = if begins { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        begins = byte == b'-';
        byte
    };
    name.iter().map(capitalise).collect()
}

/// What was sent, with the body that the options gave.
pub(crate) fn with_body(head: Outgoing, asked: &RequestOptions) -> Outgoing {
    // NB: a redirect may have taken the body away.
    let has_body = head.headers.get("content-length").is_some_and(|length| &*length != b"0");
    let body = asked.body.as_ref().and_then(|body| body.whole()).filter(|_| has_body);
    Outgoing { body, ..head }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_on_the_wire() {
        assert_eq!(name_on(Protocol::Http1, b"x-API-key"), b"X-Api-Key");
        assert_eq!(name_on(Protocol::Http2, b"X-API-Key"), b"x-api-key");
    }
}
