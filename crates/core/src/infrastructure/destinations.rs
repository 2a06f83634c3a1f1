//! [Destinations](https://fetch.spec.whatwg.org/#concept-request-destination): what a request is for.

use crate::infrastructure::words::words;

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-destination>
    Destination {
        Empty = "",
        Audio = "audio",
        AudioWorklet = "audioworklet",
        Document = "document",
        Embed = "embed",
        Font = "font",
        Frame = "frame",
        Iframe = "iframe",
        Image = "image",
        Json = "json",
        Manifest = "manifest",
        Object = "object",
        PaintWorklet = "paintworklet",
        Report = "report",
        Script = "script",
        ServiceWorker = "serviceworker",
        SharedWorker = "sharedworker",
        Style = "style",
        Text = "text",
        Track = "track",
        Video = "video",
        WebIdentity = "webidentity",
        Worker = "worker",
        Xslt = "xslt",
    }
}

impl Destination {
    /// <https://fetch.spec.whatwg.org/#concept-potential-destination-translate>: "fetch" is the empty string, any other
    /// potential destination itself; `None` for what is none.
    pub fn translate(potential_destination: &str) -> Option<Destination> {
        match potential_destination {
            "" => None,
            "fetch" => Some(Destination::Empty),
            destination => Destination::from_word(destination),
        }
    }
}
