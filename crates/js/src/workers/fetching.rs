//! Fetching a worker's script: [a classic one](https://html.spec.whatwg.org/#fetch-a-classic-worker-script), or
//! [the root of a module graph](https://html.spec.whatwg.org/#fetch-a-module-worker-script-tree).

use std::sync::Arc;

use sofetch::core::infrastructure::clients::EmbedderPolicy;
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::mime_types::{MimeType, extract_a_mime_type};
use sofetch::core::infrastructure::package_data::text_of;
use sofetch::core::infrastructure::requests::{
    CredentialsMode, Destination, InitiatorType, Mode, Referrer, Request,
};
use sofetch::core::infrastructure::statuses::is_ok_status;
use sofetch::core::rules::embedder_policy::{
    GlobalObjectsEmbedderPolicy, check_a_global_objects_embedder_policy,
};
use sofetch::engine::{Callbacks, FetchController};
use sofetch::{Url, UserAgent};

use crate::event_loop::TaskQueue;
use crate::host::Host;
use crate::ledger::{Charge, Ledger};
use crate::modules::fetching::{NotFetched, answered, body_of, script_request};
use crate::ops::heard;

/// [`type`](https://html.spec.whatwg.org/#workertype)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerType {
    Classic,
    Module,
}

/// A script's text, and what its response says of the worker.
pub(crate) struct WorkerScript {
    pub(crate) text: String,
    /// The response's URL.
    pub(crate) url: Url,
    /// Of a response of the network.
    pub(crate) headers: Option<HeaderList>,
    pub(crate) _charge: Charge,
}

pub(super) fn worker_request(
    host: &Host,
    url: Url,
    kind: WorkerType,
    credentials: CredentialsMode,
) -> Request {
    let mut request = script_request(host, url);
    request.destination = Destination::Worker;
    // NB: who fetches on their own behalf has no origin to be the same as.
    request.mode = if request.owner { Mode::NoCors } else { Mode::SameOrigin };
    match kind {
        WorkerType::Classic => {
            request.initiator_type = Some(InitiatorType::Other);
            request.credentials_mode = CredentialsMode::SameOrigin;
            request.use_url_credentials = true;
        }
        WorkerType::Module => {
            request.initiator_type = Some(InitiatorType::Script);
            request.credentials_mode = credentials;
        }
    }
    if request.owner {
        request.referrer = Referrer::NoReferrer;
    }
    request
}

/// Fetches and reads to the end. What violates the owner's embedder policy the owner is told.
pub(super) async fn fetch_worker_script(
    agent: UserAgent,
    request: Request,
    callbacks: Callbacks,
    ledger: Arc<Ledger>,
    kind: WorkerType,
    owner: TaskQueue,
) -> Result<WorkerScript, NotFetched> {
    let controller = FetchController::new();
    let client = request.client.clone();
    let fetched = agent.fetch_core(Box::new(request), callbacks, controller.clone()).await;
    let mut response = answered(fetched)?;
    let (bytes, charge) = body_of(&mut response, ledger, &controller).await?;
    let response = response.internal();
    let url = response.url().ok_or(NotFetched::NETWORK_ERROR)?.clone();
    let headers = url.has_http_scheme().then(|| response.header_list.clone());
    // NB: what is not of the network has its owner's policies, which are compatible with themselves.
    if let Some((client, headers)) = client.as_ref().zip(headers.as_ref()) {
        let policy = EmbedderPolicy::obtain(headers, client.is_secure_context());
        let owner_policy = &client.policy_container.embedder_policy;
        let (verdict, reports) = check_a_global_objects_embedder_policy(&policy, owner_policy, response);
        reports.into_iter().for_each(|report| owner.queue(move |ctx| heard(ctx, report)));
        if verdict == GlobalObjectsEmbedderPolicy::NotCompatible {
            return Err(NotFetched::EmbedderPolicy);
        }
    }
    if !is_ok_status(response.status) {
        return Err(NotFetched::Status(response.status));
    }
    let mime_type = extract_a_mime_type(&response.header_list).ok();
    // A classic script that is not of HTTP may be said to be anything.
    let must_say = kind == WorkerType::Module || url.has_http_scheme();
    if must_say && !mime_type.as_ref().is_some_and(MimeType::is_javascript) {
        return Err(NotFetched::MimeType(mime_type.map(|said| said.to_string()).unwrap_or_default()));
    }
    Ok(WorkerScript { text: text_of(&bytes), url, headers, _charge: charge })
}
