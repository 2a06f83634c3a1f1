//! [Response](https://fetch.spec.whatwg.org/#response-class): what a fetch answers, read once.

use std::fmt;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sofetch_core::infrastructure::blobs::Blob;
use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::infrastructure::form_data::FormData;
use sofetch_core::infrastructure::mime_types::{MimeType, extract_a_mime_type};
use sofetch_core::infrastructure::package_data::{blob_of, form_data_of, text_of};
use sofetch_core::infrastructure::responses::{InternalResponse, Response as CoreResponse};
use sofetch_core::infrastructure::statuses::{is_null_body_status, is_ok_status, is_redirect_status};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::header_guards::Guard;
use sofetch_core::rules::response_filtering::shown_header_list;

pub use sofetch_core::infrastructure::responses::ResponseType;

use crate::body::{BodyStream, parse_json};
use crate::error::{Error, ErrorKind, Misuse};
use crate::headers::Headers;

/// How far the faster branch of [`Response::clone`] may run ahead of the slower: 16 MiB.
pub const CLONE_LIMIT: usize = 16 * 1024 * 1024;

/// <https://fetch.spec.whatwg.org/#response-class>
///
/// A response is seen through its filter: of a cross-origin one that CORS allowed, the exposed headers only; of an
/// opaque one, nothing. Bodies are read once ([`Response::body_used`]); [`Response::clone`] before reading gives two.
pub struct Response {
    response: CoreResponse,
    guard: Guard,
    /// Made when first asked for: who only reads the body pays for no copy.
    headers: OnceLock<Headers>,
    body_used: bool,
}

impl Response {
    pub(crate) fn of(response: CoreResponse, guard: Guard) -> Response {
        Response { response, guard, headers: OnceLock::new(), body_used: false }
    }

    /// <https://fetch.spec.whatwg.org/#dom-response>: a response of one's own, for overrides and tests.
    ///
    /// # Errors
    /// A status outside 200 to 599; a body under a null body status.
    pub fn new(status: u16, headers: Headers, body: Option<Bytes>) -> Result<Response, Error> {
        if !(200..=599).contains(&status) {
            return Err(Error::misuse(Misuse::InvalidStatus));
        }
        if body.is_some() && is_null_body_status(status) {
            return Err(Error::misuse(Misuse::NullBodyStatus));
        }
        // DEPARTS: the headers are the owner's and no script's, so that a mock may set cookies.
        let internal = InternalResponse {
            status,
            header_list: headers.as_list().clone(),
            body: body.map(Body::from_bytes),
            ..InternalResponse::default()
        };
        Ok(Response::of(CoreResponse::new(internal), Guard::Response))
    }

    /// Sets the [status message](https://fetch.spec.whatwg.org/#concept-response-status-message) of a response of one's own making.
    ///
    /// # Errors
    /// Text that is no [reason phrase](https://www.rfc-editor.org/rfc/rfc9112#section-4); a fetched response.
    pub fn with_status_text(mut self, text: &str) -> Result<Response, Error> {
        if self.guard == Guard::Immutable {
            return Err(Error::misuse(Misuse::Immutable));
        }
        let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
        let is_phrase = |byte: &u8| matches!(byte, b'\t' | 0x20..=0x7E | 0x80..);
        match bytes.filter(|bytes| bytes.iter().all(is_phrase)) {
            Some(bytes) => self.response.internal_mut().status_message = bytes.into(),
            None => return Err(Error::misuse(Misuse::InvalidStatusText)),
        }
        Ok(self)
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-error>: a network error, with nothing to see.
    pub fn error() -> Response {
        let internal =
            InternalResponse { response_type: ResponseType::Error, status: 0, ..InternalResponse::default() };
        Response::of(CoreResponse::new(internal), Guard::Immutable)
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-redirect>
    ///
    /// # Errors
    /// An invalid URL; a status that is no redirect status.
    pub fn redirect(url: &str, status: u16) -> Result<Response, Error> {
        let url = Url::parse(url, None)?;
        if !is_redirect_status(status) {
            return Err(Error::misuse(Misuse::InvalidStatus));
        }
        let mut internal = InternalResponse { status, ..InternalResponse::default() };
        internal.header_list.append("Location", Bytes::from(url.href().to_owned()));
        Ok(Response::of(CoreResponse::new(internal), Guard::Immutable))
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-json>: a response whose body is this value.
    ///
    /// # Errors
    /// A value that does not serialize.
    pub fn from_json<T: Serialize + ?Sized>(value: &T) -> Result<Response, Error> {
        let bytes =
            serde_json::to_vec(value).map_err(|error| Error::misuse(Misuse::Serialize).with_source(error))?;
        let headers = Headers::from_pairs([("Content-Type", "application/json")])?;
        Response::new(200, headers, Some(bytes.into()))
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-type>
    pub fn response_type(&self) -> ResponseType {
        self.response.response_type()
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-url>: the last URL without its fragment; empty for an opaque response.
    pub fn url(&self) -> &str {
        self.response.url_list().last().map_or("", Url::href_without_fragment)
    }

    /// The first and all further URLs, as far as the filter shows them.
    pub fn url_list(&self) -> &[Url] {
        self.response.url_list()
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-redirected>
    pub fn redirected(&self) -> bool {
        self.response.url_list().len() > 1
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-status>: 0 when opaque.
    pub fn status(&self) -> u16 {
        self.response.status()
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-ok>: 200 to 299.
    pub fn ok(&self) -> bool {
        is_ok_status(self.status())
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-statustext>, isomorphic decoded.
    pub fn status_text(&self) -> String {
        self.response.status_message().iter().map(|&byte| byte as char).collect()
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-headers>: those that may be seen.
    pub fn headers(&self) -> &Headers {
        self.headers
            .get_or_init(|| Headers::from_list(shown_header_list(&self.response).into_owned(), self.guard))
    }

    /// The headers of a response of one's own making, to be changed (guard "response"); those of a fetched one are
    /// immutable.
    pub fn headers_mut(&mut self) -> &mut Headers {
        self.headers();
        self.headers.get_mut().expect("made on the line above")
    }

    /// Is there a body to read?
    pub fn has_body(&mut self) -> bool {
        self.response.body_mut().is_some()
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-bodyused>
    pub fn body_used(&self) -> bool {
        self.body_used
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-bytes>
    ///
    /// # Errors
    /// The body was used; the network's failure; an abort.
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        match self.take_body()? {
            None => Ok(Bytes::new()),
            Some(mut body) => body.read_all(None).await.map_err(|error| self.located(error)),
        }
    }

    /// As [`Response::bytes`], but a body of more than `limit` bytes is an error, and no more than that is held.
    ///
    /// # Errors
    /// As [`Response::bytes`], and [`ErrorKind::TooLarge`].
    pub async fn bytes_at_most(&mut self, limit: u64) -> Result<Bytes, Error> {
        match self.take_body()? {
            None => Ok(Bytes::new()),
            Some(mut body) => body.read_all(Some(limit)).await.map_err(|error| self.located(error)),
        }
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-text>: UTF-8, whatever the charset says; errors become U+FFFD.
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn text(&mut self) -> Result<String, Error> {
        Ok(text_of(&self.bytes().await?))
    }

    /// The text under the charset that `Content-Type` names (the Standard's `text()` is always UTF-8).
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn text_with_charset(&mut self) -> Result<String, Error> {
        let charset =
            self.mime_type().and_then(|mime_type| mime_type.parameter("charset").map(str::to_owned));
        let encoding = charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
        let bytes = self.bytes().await?;
        Ok(encoding.unwrap_or(encoding_rs::UTF_8).decode(&bytes).0.into_owned())
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-json>, into any type that serde can make.
    ///
    /// # Errors
    /// As [`Response::bytes`], and [`ErrorKind::Decode`].
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        parse_json(&self.bytes().await?).map_err(|error| error.with_url(self.response.url_list().last()))
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-blob>
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn blob(&mut self) -> Result<Blob, Error> {
        let mime_type = self.mime_type();
        Ok(blob_of(self.bytes().await?, mime_type.as_ref()))
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-formdata>: multipart/form-data or application/x-www-form-urlencoded.
    ///
    /// # Errors
    /// As [`Response::bytes`], and [`ErrorKind::Decode`].
    pub async fn form_data(&mut self) -> Result<FormData, Error> {
        let mime_type = self.mime_type();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        form_data_of(&self.bytes().await?, mime_type.as_ref(), i64::try_from(now).unwrap_or(i64::MAX))
            .map_err(|failure| Error::of(ErrorKind::Decode).with_source(failure))
            .map_err(|error| error.with_url(self.response.url_list().last()))
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-body>: the body as a stream of chunks; it counts as used.
    ///
    /// # Errors
    /// The body was used.
    pub fn body(&mut self) -> Result<BodyStream, Error> {
        let url = self.response.url_list().last().cloned();
        Ok(BodyStream::new(self.take_body()?, url))
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-clone>: two responses over one body.
    ///
    /// Both share what the socket gives; the faster waits once the slower is [`CLONE_LIMIT`] behind, so both must be
    /// read at the same time, or one dropped. [`Response::clone_unbounded`] is the Standard's own.
    ///
    /// # Errors
    /// The body was used.
    #[allow(clippy::should_implement_trait)]
    pub fn clone(&mut self) -> Result<Response, Error> {
        self.clone_with_limit(Some(CLONE_LIMIT))
    }

    /// As [`Response::clone`], with another limit in bytes.
    ///
    /// # Errors
    /// The body was used.
    pub fn clone_at_most(&mut self, limit: usize) -> Result<Response, Error> {
        self.clone_with_limit(Some(limit))
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-clone> to the letter: what the slower branch has not read is kept, however much it is.
    ///
    /// # Errors
    /// The body was used.
    pub fn clone_unbounded(&mut self) -> Result<Response, Error> {
        self.clone_with_limit(None)
    }

    fn clone_with_limit(&mut self, limit: Option<usize>) -> Result<Response, Error> {
        if self.body_used {
            return Err(Error::of(ErrorKind::BodyUsed));
        }
        let response = self.response.clone_with_tee_limit(limit);
        Ok(Response::of(response, self.guard))
    }

    /// <https://fetch.spec.whatwg.org/#concept-body-mime-type>
    pub fn mime_type(&self) -> Option<MimeType> {
        extract_a_mime_type(&shown_header_list(&self.response)).ok()
    }

    /// An error for a status of 400 and above; otherwise the response. The Standard has no such rule: any status is
    /// an answer.
    ///
    /// # Errors
    /// The status, as `Err(self)`.
    #[allow(clippy::result_large_err)]
    pub fn error_for_status(self) -> Result<Response, Response> {
        if self.status() >= 400 { Err(self) } else { Ok(self) }
    }

    /// The engine's response, filter and all.
    pub fn into_core(mut self) -> CoreResponse {
        if self.guard != Guard::Immutable
            && let Some(headers) = self.headers.into_inner()
        {
            self.response.internal_mut().header_list = headers.into_list();
        }
        self.response
    }

    fn take_body(&mut self) -> Result<Option<Body>, Error> {
        let Some(body) = self.response.body_mut() else { return Ok(None) };
        if std::mem::replace(&mut self.body_used, true) {
            return Err(Error::of(ErrorKind::BodyUsed));
        }
        Ok(Some(std::mem::replace(body, Body::from_bytes(Bytes::new()))))
    }

    fn located(&self, error: sofetch_core::infrastructure::bodies::BodyError) -> Error {
        Error::body(error).with_url(self.response.url_list().last())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("type", &self.response_type())
            .field("url", &self.response.url_list().last())
            .field("status", &self.status())
            .field("headers", self.headers())
            .field("body_used", &self.body_used)
            .finish()
    }
}
