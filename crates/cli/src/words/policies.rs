//! What options say of a page's policies in vain.

use sofetch::Url;
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::escaped;

use super::lab::safe;

/// `--reporting-endpoints` of a page that can have none: the one with this URL, or a file's.
pub(crate) fn no_endpoints(page: Option<&Url>) -> String {
    let page = page.map_or("a file's page".to_owned(), |page| safe(page.href(), Secrets::Redacted));
    format!(
        "`--reporting-endpoints` has no effect: {page} is not potentially trustworthy (https, or this machine)"
    )
}

/// One of them.
pub(crate) fn no_endpoint(name: &str) -> String {
    format!(
        "`--reporting-endpoints`: {} is left out: its value is no URL that is potentially trustworthy (https, or this machine)",
        escaped(name)
    )
}
