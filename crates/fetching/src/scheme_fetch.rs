//! [Scheme fetch](https://fetch.spec.whatwg.org/#concept-scheme-fetch): about:blank, blob:, data:, file:, and HTTP(S).

use std::sync::Arc;

use bytes::Bytes;
use sofetch_core::infrastructure::blobs::BlobUrlEntry;
use sofetch_core::infrastructure::bodies::{Body, BodySource};
use sofetch_core::infrastructure::data_urls::data_url_processor;
use sofetch_core::infrastructure::ranges::build_a_content_range;
use sofetch_core::infrastructure::responses::{InternalResponse, Response};
use sofetch_core::rules::schemes::{SchemeFetch, blob_fetch};
use sofetch_core::rulings::Fetched;
use sofetch_core::trace::Algorithm;

use crate::fetch_params::FetchParams;
use crate::http_fetch::http_fetch;

/// <https://fetch.spec.whatwg.org/#concept-scheme-fetch>
pub async fn scheme_fetch(fetch: &mut FetchParams) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::SchemeFetch);
    // 1. Canceled?
    fetch.check_canceled()?;
    // 3. By scheme.
    let url = fetch.request.current_url().clone();
    match url.scheme() {
        "about" if url.path() == "blank" => {
            fetch.judge(SchemeFetch::AboutBlank)?;
            Ok(local_response("OK", "text/html;charset=utf-8", Body::from_bytes("")))
        }
        "about" => refuse(fetch, SchemeFetch::AboutOther { path: url.path().to_owned() }),
        "blob" => {
            let entry = match (url.blob_url_entry(), &fetch.user_agent.blob_urls) {
                (Some(entry), _) => Some(entry.clone()),
                (None, Some(store)) => store.resolve(&url),
                (None, None) => None,
            };
            fetch_blob(fetch, entry)
        }
        "data" => match data_url_processor(&url) {
            Err(_) => refuse(fetch, SchemeFetch::DataInvalid),
            Ok(data) => {
                fetch.judge(SchemeFetch::Data)?;
                Ok(local_response("OK", data.mime_type.to_string(), Body::from_bytes(data.body)))
            }
        },
        "file" => {
            let Some(files) = fetch.user_agent.files.clone() else {
                return refuse(fetch, SchemeFetch::FileRefused);
            };
            match fetch.unless_canceled(files.read(&fetch.request)).await? {
                Some(response) => {
                    fetch.judge(SchemeFetch::File)?;
                    Ok(response)
                }
                None => refuse(fetch, SchemeFetch::FileRefused),
            }
        }
        "http" | "https" => {
            fetch.judge(SchemeFetch::Http)?;
            http_fetch(fetch, false).await
        }
        scheme => refuse(fetch, SchemeFetch::Unsupported { scheme: scheme.to_owned() }),
    }
}

fn fetch_blob(fetch: &FetchParams, entry: Option<Arc<BlobUrlEntry>>) -> Fetched {
    let range = fetch.request.header_list.get("Range");
    let verdict = fetch.judge(blob_fetch(&fetch.request, entry.as_deref(), range.as_deref()))?;
    let Some(entry) = entry else { return refuse(fetch, SchemeFetch::BlobUnknown) };
    let blob = &entry.object;
    let mut internal = InternalResponse::default();
    let blob = match verdict {
        // 14.1 to 14.14. A slice, and what it is a slice of.
        SchemeFetch::BlobRange { first, last, full_length } => {
            internal.range_requested = true;
            internal.status = 206;
            internal.status_message = Bytes::from_static(b"Partial Content");
            // NB: positions beyond i64 cannot be: a blob is in memory.
            let (start, end) = (i64::try_from(first).ok(), i64::try_from(last + 1).ok());
            let sliced = blob.slice(start, end, blob.content_type());
            let length = sliced.size().to_string();
            internal.header_list.append("Content-Length", length);
            internal.header_list.append("Content-Type", Bytes::from(blob.content_type().to_owned()));
            internal.header_list.append("Content-Range", build_a_content_range(first, last, full_length));
            sliced
        }
        // 13. The whole.
        _ => {
            internal.status_message = Bytes::from_static(b"OK");
            internal.header_list.append("Content-Length", blob.size().to_string());
            internal.header_list.append("Content-Type", Bytes::from(blob.content_type().to_owned()));
            blob.clone()
        }
    };
    internal.body = Some(Body::from_chunks(blob.segments().to_vec(), BodySource::Blob(blob.clone())));
    Ok(Response::new(internal))
}

fn local_response(status_message: &'static str, content_type: impl Into<Bytes>, body: Body) -> Response {
    let mut internal = InternalResponse {
        status_message: Bytes::from_static(status_message.as_bytes()),
        ..Default::default()
    };
    internal.header_list.append("Content-Type", content_type.into());
    internal.body = Some(body);
    Response::new(internal)
}

fn refuse(fetch: &FetchParams, verdict: SchemeFetch) -> Fetched {
    let ruling = fetch.judge(verdict)?;
    Err(sofetch_core::rulings::NetworkError::new(sofetch_core::rulings::Ruling::from(ruling)))
}
