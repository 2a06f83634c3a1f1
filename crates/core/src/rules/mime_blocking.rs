//! [Blocking by MIME type](https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?): responses that no script or style sheet may be made of.
//!
//! Both rules look at the internal response; main fetch asks them, and never of a network error.

use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::mime_types::extract_a_mime_type;
use crate::infrastructure::requests::{Destination, Request};
use crate::infrastructure::responses::InternalResponse;
use crate::rules::verdict::{Verdict, said};

/// What [`determine_nosniff`] found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nosniff {
    /// False, step 2: no such header.
    Absent,
    /// True, step 3.
    Set,
    /// False, step 4: the first value is another.
    Other {
        /// The header's combined value.
        said: String,
    },
}

/// <https://fetch.spec.whatwg.org/#determine-nosniff>
pub fn determine_nosniff(list: &HeaderList) -> Nosniff {
    // 1, 2.
    let Some(value) = list.get("X-Content-Type-Options") else { return Nosniff::Absent };
    // 3, 4. NB: only the first of the values that splitting gives matters, and one that begins with a quote never
    // matches; so what stands before the first comma is enough.
    let first = value.split(|&byte| byte == b',').next().unwrap_or(&value);
    if trim_tab_or_space(first).eq_ignore_ascii_case(b"nosniff") {
        Nosniff::Set
    } else {
        Nosniff::Other { said: said(&value) }
    }
}

/// The verdict of [`should_response_to_request_be_blocked_due_to_nosniff`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NosniffBlocking {
    /// Step 1: the server did not ask for checks.
    NotAsked,
    /// Step 1: the server sent the header, and its first value is not "nosniff".
    OtherValue {
        /// `X-Content-Type-Options`, combined.
        said: String,
    },
    /// Step 6: neither a script nor a style sheet is wanted.
    OtherDestination,
    /// Step 6: the type is one that the destination may have.
    TypeFits,
    /// Step 4: a script is wanted, and this is no JavaScript MIME type.
    NotJavaScript {
        /// What is wanted.
        destination: Destination,
        /// `Content-Type`, combined, where there is one.
        said: Option<String>,
    },
    /// Step 5: a style sheet is wanted, and this is not `text/css`.
    NotCss {
        /// `Content-Type`, combined, where there is one.
        said: Option<String>,
    },
}

impl Verdict for NosniffBlocking {
    const ANCHOR: &'static str =
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-nosniff?";
    fn blocks(&self) -> bool {
        matches!(self, NosniffBlocking::NotJavaScript { .. } | NosniffBlocking::NotCss { .. })
    }
}

/// <https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-nosniff?>
pub fn should_response_to_request_be_blocked_due_to_nosniff(
    request: &Request,
    response: &InternalResponse,
) -> NosniffBlocking {
    // 1.
    match determine_nosniff(&response.header_list) {
        Nosniff::Absent => return NosniffBlocking::NotAsked,
        Nosniff::Other { said } => return NosniffBlocking::OtherValue { said },
        Nosniff::Set => {}
    }
    // 3. NB: before 2, so that no type is parsed for destinations that every type fits.
    let destination = request.destination;
    let wants_script = is_script_like(destination);
    if !wants_script && destination != Destination::Style {
        return NosniffBlocking::OtherDestination;
    }
    // 2.
    let mime_type = extract_a_mime_type(&response.header_list);
    let said = || response.header_list.get("Content-Type").map(|value| said(&value));
    // 4.
    if wants_script && !mime_type.as_ref().is_ok_and(|mime_type| mime_type.is_javascript()) {
        return NosniffBlocking::NotJavaScript { destination, said: said() };
    }
    // 5.
    if !wants_script && !mime_type.is_ok_and(|mime_type| mime_type.essence() == "text/css") {
        return NosniffBlocking::NotCss { said: said() };
    }
    // 6.
    NosniffBlocking::TypeFits
}

/// The verdict of [`should_response_to_request_be_blocked_due_to_its_mime_type`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MimeTypeBlocking {
    /// Step 2: there is no MIME type.
    NoMimeType,
    /// Step 5: no script is wanted.
    NotScriptLike,
    /// Step 5: a script is wanted, and the type is not one that scripts never have.
    TypeFits,
    /// Step 4: a script is wanted of audio, an image, video or CSV.
    NeverAScript {
        /// What is wanted.
        destination: Destination,
        /// The type's essence.
        essence: String,
    },
}

impl Verdict for MimeTypeBlocking {
    const ANCHOR: &'static str =
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?";
    fn blocks(&self) -> bool {
        matches!(self, MimeTypeBlocking::NeverAScript { .. })
    }
}

/// <https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?>
pub fn should_response_to_request_be_blocked_due_to_its_mime_type(
    request: &Request,
    response: &InternalResponse,
) -> MimeTypeBlocking {
    // 3. NB: first, because most requests want no script, and need no type parsed.
    let destination = request.destination;
    if !is_script_like(destination) {
        return MimeTypeBlocking::NotScriptLike;
    }
    // 1, 2.
    let Ok(mime_type) = extract_a_mime_type(&response.header_list) else {
        return MimeTypeBlocking::NoMimeType;
    };
    // 4.
    if matches!(mime_type.type_(), "audio" | "image" | "video") || mime_type.essence() == "text/csv" {
        return MimeTypeBlocking::NeverAScript { destination, essence: mime_type.essence().to_owned() };
    }
    // 5.
    MimeTypeBlocking::TypeFits
}

/// <https://fetch.spec.whatwg.org/#request-destination-script-like>
pub fn is_script_like(destination: Destination) -> bool {
    matches!(
        destination,
        Destination::AudioWorklet
            | Destination::PaintWorklet
            | Destination::Script
            | Destination::ServiceWorker
            | Destination::SharedWorker
            | Destination::Worker
    )
}

fn trim_tab_or_space(mut bytes: &[u8]) -> &[u8] {
    while let [b'\t' | b' ', rest @ ..] | [rest @ .., b'\t' | b' '] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::mime_types::wpt_data::{cases, text};
    use crate::infrastructure::url::Url;

    fn request(destination: Destination) -> Request {
        let mut request = Request::new(Url::parse("https://a.test/", None).expect("a URL"));
        request.destination = destination;
        request
    }

    fn response(headers: &[(&'static str, &'static str)]) -> InternalResponse {
        let mut response = InternalResponse::default();
        for &(name, value) in headers {
            response.header_list.append(name, value);
        }
        response
    }

    const NOSNIFF: (&str, &str) = ("X-Content-Type-Options", "nosniff");
    const OPTIONS: &str = "X-Content-Type-Options";
    const TYPE: &str = "Content-Type";

    #[test]
    fn determine_nosniff_table() {
        let other = |said: &str| Nosniff::Other { said: said.to_owned() };
        for (name, headers, expected) in [
            ("no header", &[][..], Nosniff::Absent),
            ("in any case", &[(OPTIONS, "NoSniff")], Nosniff::Set),
            ("the first value counts", &[(OPTIONS, "nosniff, no")], Nosniff::Set),
            ("a later value does not", &[(OPTIONS, "no"), NOSNIFF], other("no, nosniff")),
            ("an empty first value is a value", &[(OPTIONS, ""), NOSNIFF], other(", nosniff")),
            ("tabs and spaces are removed", &[(OPTIONS, "\t nosniff\t ,x")], Nosniff::Set),
            ("other whitespace is not", &[(OPTIONS, "nosniff\u{C}")], other("nosniff\u{C}")),
            ("quotes are part of the value", &[(OPTIONS, "\"nosniff\"")], other("\"nosniff\"")),
            ("a quoted comma does not divide", &[(OPTIONS, "nosniff\",\"")], other("nosniff\",\"")),
        ] {
            assert_eq!(determine_nosniff(&response(headers).header_list), expected, "{name}");
        }
    }

    #[test]
    fn nosniff_blocking_table() {
        use Destination as D;
        use NosniffBlocking as N;
        let some = |said: &str| Some(said.to_owned());
        for (name, destination, headers, expected) in [
            ("nobody asked", D::Script, &[(TYPE, "x/x")][..], N::NotAsked),
            ("another value", D::Script, &[(OPTIONS, "no")], N::OtherValue { said: "no".to_owned() }),
            ("an image may be anything", D::Image, &[NOSNIFF, (TYPE, "text/html")], N::OtherDestination),
            ("a fetch() too", D::Empty, &[NOSNIFF], N::OtherDestination),
            ("a script with its type", D::Script, &[NOSNIFF, (TYPE, "Text/JavaScript;x=y")], N::TypeFits),
            ("a worker with an old type", D::Worker, &[NOSNIFF, (TYPE, "text/livescript")], N::TypeFits),
            (
                "a script of another type",
                D::Script,
                &[NOSNIFF, (TYPE, "text/plain")],
                N::NotJavaScript { destination: D::Script, said: some("text/plain") },
            ),
            (
                "JSON is no script",
                D::ServiceWorker,
                &[NOSNIFF, (TYPE, "application/json")],
                N::NotJavaScript { destination: D::ServiceWorker, said: some("application/json") },
            ),
            (
                "a script without a type",
                D::AudioWorklet,
                &[NOSNIFF],
                N::NotJavaScript { destination: D::AudioWorklet, said: None },
            ),
            (
                "the last of two types counts",
                D::Script,
                &[NOSNIFF, (TYPE, "text/javascript"), (TYPE, "x/x")],
                N::NotJavaScript { destination: D::Script, said: some("text/javascript, x/x") },
            ),
            ("a style sheet with its type", D::Style, &[NOSNIFF, (TYPE, "text/css; charset=x")], N::TypeFits),
            (
                "a style sheet of another type",
                D::Style,
                &[NOSNIFF, (TYPE, "text/javascript")],
                N::NotCss { said: some("text/javascript") },
            ),
            ("a style sheet without a type", D::Style, &[NOSNIFF], N::NotCss { said: None }),
        ] {
            let verdict = should_response_to_request_be_blocked_due_to_nosniff(
                &request(destination),
                &response(headers),
            );
            assert_eq!(verdict, expected, "{name}");
            assert_eq!(
                verdict.blocks(),
                matches!(expected, N::NotJavaScript { .. } | N::NotCss { .. }),
                "{name}"
            );
        }
    }

    #[test]
    fn mime_type_blocking_table() {
        use Destination as D;
        use MimeTypeBlocking as M;
        let never = |destination, essence: &str| M::NeverAScript { destination, essence: essence.to_owned() };
        for (name, destination, headers, expected) in [
            ("an image of an image type", D::Image, &[(TYPE, "image/png")][..], M::NotScriptLike),
            ("XSLT is not script-like", D::Xslt, &[(TYPE, "image/png")], M::NotScriptLike),
            ("a script without a type", D::Script, &[], M::NoMimeType),
            ("a script of a type that does not parse", D::Script, &[(TYPE, "image")], M::NoMimeType),
            ("a script of any other type", D::Script, &[(TYPE, "text/html")], M::TypeFits),
            ("a script of audio", D::Script, &[(TYPE, "audio/x")], never(D::Script, "audio/x")),
            ("a worker of an image", D::Worker, &[(TYPE, "IMAGE/png;x=y")], never(D::Worker, "image/png")),
            ("a worklet of video", D::PaintWorklet, &[(TYPE, "video/x")], never(D::PaintWorklet, "video/x")),
            ("a script of CSV", D::SharedWorker, &[(TYPE, "text/csv")], never(D::SharedWorker, "text/csv")),
            ("an imagelike type is no image", D::Script, &[(TYPE, "imagex/x")], M::TypeFits),
        ] {
            let verdict = should_response_to_request_be_blocked_due_to_its_mime_type(
                &request(destination),
                &response(headers),
            );
            assert_eq!(verdict, expected, "{name}");
            assert_eq!(verdict.blocks(), matches!(expected, M::NeverAScript { .. }), "{name}");
        }
    }

    #[test]
    fn script_like_destinations_are_six() {
        let found: Vec<_> =
            Destination::ALL.iter().filter(|&&destination| is_script_like(destination)).collect();
        assert_eq!(found.len(), 6, "{found:?}");
    }

    #[test]
    fn wpt_x_content_type_options() {
        for case in cases("fetch/nosniff/resources/x-content-type-options.json", 15) {
            let mut list = HeaderList::new();
            for line in text(&case["input"]).split("\r\n") {
                let (name, value) = line.split_once(':').expect("a header line in the data");
                // As the wire hands it over: without tabs and spaces around it.
                list.append(name.as_bytes().to_vec(), value.trim_matches([' ', '\t']).as_bytes().to_vec());
            }
            let nosniff = determine_nosniff(&list) == Nosniff::Set;
            assert_eq!(Some(nosniff), case["nosniff"].as_bool(), "{case}");
        }
    }
}
