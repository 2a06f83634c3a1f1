//! The page's files, which are in the program, and the policy under which everything is served.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// What the page may do: run the scripts of this program, and call it. Nothing else is loaded from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The policy of the worker that fetches in the browser itself. A worker has the policy that it is served with, and needs to reach
/// whatever was typed; it knows no token, and has no document.
const RUNNER_POLICY: &str = "default-src 'none'; connect-src *";

/// A file of the page.
pub(crate) struct File {
    pub(crate) path: &'static str,
    content_type: &'static str,
    pub(crate) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($path:literal, $content_type:ident, $name:literal) => {
        File { path: $path, content_type: $content_type, text: include_str!(concat!("../page/", $name)) }
    };
}

/// The worker.
const RUNNER: &str = "/runner.js";

/// All of them.
pub(crate) const FILES: &[File] = &[
    file!("/", HTML, "index.html"),
    file!("/lab.css", CSS, "lab.css"),
    file!("/lab.js", SCRIPT, "lab.js"),
    file!("/calls.js", SCRIPT, "calls.js"),
    file!("/dom.js", SCRIPT, "dom.js"),
    file!("/ask.js", SCRIPT, "ask.js"),
    file!("/story.js", SCRIPT, "story.js"),
    file!("/answers.js", SCRIPT, "answers.js"),
    file!("/browser.js", SCRIPT, "browser.js"),
    file!("/words.js", SCRIPT, "words.js"),
    file!("/runner.js", SCRIPT, "runner.js"),
];

impl IntoResponse for &'static File {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, self.content_type)];
        if self.path == RUNNER {
            return (content_type, [(header::CONTENT_SECURITY_POLICY, RUNNER_POLICY)], self.text)
                .into_response();
        }
        (content_type, self.text).into_response()
    }
}

/// The headers of every response, refusals too.
pub(crate) fn guarded(headers: &mut HeaderMap) {
    let set: [(HeaderName, &str); 7] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let has_own_policy = headers.contains_key(header::CONTENT_SECURITY_POLICY);
    for (name, value) in set {
        if name == header::CONTENT_SECURITY_POLICY && has_own_policy {
            continue;
        }
        // NB: the worker's requests bring the referrer that a page's would.
        if name == header::REFERRER_POLICY && has_own_policy {
            continue;
        }
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Data never becomes markup or code: nothing of the page can make it so.
    #[test]
    fn no_script_makes_markup_or_code() {
        const MAKERS: [&str; 12] = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "setHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "srcdoc",
            "eval(",
            "Function(",
            "javascript:",
            "setAttribute('on",
        ];
        for file in FILES {
            for maker in MAKERS {
                assert!(!file.text.contains(maker), "{}: {maker}", file.path);
            }
        }
    }

    /// The policy would refuse them: the page has no styles, scripts or handlers of its own, and nothing from elsewhere.
    #[test]
    fn nothing_is_inline_or_from_elsewhere() {
        let html = FILES[0].text;
        for word in ["style=", "<style", " onclick", " onload", "javascript:", "http://", "https://"] {
            assert!(!html.contains(word), "{word}");
        }
        for script in html.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').expect("a tag ends");
            assert!(tag.contains(" src=\"/") && rest.starts_with("</script>"), "{tag}");
        }
        for file in FILES.iter().filter(|file| file.content_type == CSS) {
            assert!(!file.text.contains("url(") && !file.text.contains("@import"), "{}", file.path);
        }
    }

    /// What a script imports is here.
    #[test]
    fn every_import_is_a_file_of_the_page() {
        for file in FILES.iter().filter(|file| file.content_type == SCRIPT) {
            for import in file.text.split(" from '").skip(1) {
                let (from, _) = import.split_once('\'').expect("a quote ends");
                let path = from.strip_prefix('.').expect("beside it");
                assert!(FILES.iter().any(|file| file.path == path), "{}: {from}", file.path);
            }
        }
    }
}
