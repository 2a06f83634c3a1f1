//! `sofetch cors audit URL`: sends what `inspect` plans, a few at a time, and prints what it finds.
//!
//! Nothing is followed and no body is read to its end; only safe methods are in the plan.

use std::time::{Duration, Instant};

use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::{CacheMode, Error, RedirectMode, Request, Url, UserAgent};
use sofetch_inspect::audit::{Answer, Audit, AuditExchange, Probe, SafeMethod, plan};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::args::AuditReport;
use crate::ending::{Ending, Failure};
use crate::making::agent_builder;
use crate::options::AuditOptions;
use crate::output::Streams;
use crate::telling::options;
use crate::words::error_words;

/// So much of a body is read that small ones leave their connection to the next request.
const BODY_LIMIT: usize = 64 << 10;

/// Runs the command.
pub(crate) async fn run(given: AuditOptions, streams: &Streams) -> Result<Ending, Failure> {
    let planned = plan(&given.question);
    let agent = agent_builder(given.network).build()?;
    let began = Instant::now();
    let mut answers: Vec<Option<Result<Answer, Error>>> = Vec::new();
    answers.resize_with(planned.len(), || None);
    // Where the first request fails there is no server to judge.
    answers[0] =
        Some(Ok(
            answer_to(agent.clone(), planned[0].method, planned[0].url.clone(), &planned[0].headers).await?
        ));
    let others = planned.iter().cloned().enumerate().take(given.max_requests).skip(1);
    let asking = ask(&agent, others, given.parallel, &mut answers);
    let left = given.max_time.map_or(Duration::MAX, |limit| limit.saturating_sub(began.elapsed()));
    // What is not answered by then is left out.
    let _ = timeout(left, asking).await;
    let exchanges: Vec<AuditExchange> = planned
        .iter()
        .zip(answers)
        .filter_map(|(probe, answer)| {
            let answer = answer?.map_err(|error| error_words(&error, given.secrets));
            Some(AuditExchange { probe: probe.clone(), answer })
        })
        .collect();
    let left_out = planned.len() - exchanges.len();
    let audit = Audit::of(&given.question, &exchanges, left_out, given.secrets);
    match given.report {
        AuditReport::Text => streams.out_text(&audit.text(options(given.secrets, streams.paint_out))),
        AuditReport::Json => streams.out_json(&audit.to_json_text()),
        AuditReport::Sarif => streams.out_json(&audit.to_sarif_text()),
        AuditReport::Junit => streams.out_text(&audit.to_junit(given.fail_on)),
    }
    .map_err(Failure::stdout)?;
    let fails = given.fail_on.is_some_and(|least| audit.worst().is_some_and(|worst| worst >= least));
    Ok(if fails { Ending::Refused } else { Ending::Answered })
}

/// Sends these, so many at a time. Answers stand at their requests' places.
async fn ask(
    agent: &UserAgent,
    mut waiting: impl Iterator<Item = (usize, Probe)>,
    parallel: usize,
    answers: &mut [Option<Result<Answer, Error>>],
) {
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < parallel
            && let Some((place, probe)) = waiting.next()
        {
            let agent = agent.clone();
            under_way.spawn(async move {
                (place, answer_to(agent, probe.method, probe.url, &probe.headers).await)
            });
        }
        match under_way.join_next().await {
            Some(Ok((place, answer))) => answers[place] = Some(answer),
            // A task that panicked has no answer.
            Some(Err(_)) => {}
            None => return,
        }
    }
}

/// Sends one, on the user's own behalf: nobody refuses it here, and nothing of its answer is hidden.
pub(crate) async fn answer_to(
    agent: UserAgent,
    method: SafeMethod,
    url: Url,
    headers: &HeaderList,
) -> Result<Answer, Error> {
    let mut request = Request::from_url(url)
        .method(method.as_str())
        .redirect(RedirectMode::Manual)
        .cache(CacheMode::NoStore);
    for header in headers {
        request = request.header(header.name(), header.value());
    }
    let mut response = agent.fetch(request).await?;
    let answer = Answer { status: response.status(), header_list: response.headers().as_list().clone() };
    let mut length = 0;
    if let Ok(mut body) = response.body() {
        // How the body ends is no matter of CORS.
        while let Ok(Some(chunk)) = body.chunk().await {
            length += chunk.len();
            if length > BODY_LIMIT {
                break;
            }
        }
    }
    Ok(answer)
}
