//! `--probe`: sends what `inspect` plans after a refusal, one after the other.

use sofetch::UserAgent;
use sofetch::core::rulings::Ruling;
use sofetch::core::tape::Tape;
use sofetch_inspect::Secrets;
use sofetch_inspect::probes::{ProbeQuestion, Probed, Probes, plan};

use crate::audit_command::answer_to;
use crate::words::error_words;

/// What more requests show of a refusal; `None` where CORS is not what refused.
pub(crate) async fn probes(
    agent: &UserAgent,
    tape: &Tape,
    ruling: &Ruling,
    secrets: Secrets,
) -> Option<Probes> {
    let question = ProbeQuestion::of(tape, ruling)?;
    let mut probed = Vec::new();
    for request in plan(&question) {
        let answer = answer_to(agent.clone(), request.method, request.url.clone(), &request.headers).await;
        probed.push(Probed { request, answer: answer.map_err(|error| error_words(&error, secrets)) });
    }
    Some(Probes::of(&question, &probed, secrets))
}
