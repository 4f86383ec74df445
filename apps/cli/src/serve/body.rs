//! Reading a request's body: so many bytes, so long, and no more memory than there is for all.
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

use super::budget::{Budget, Share};
use super::problem::Problem;

/// What is read and thrown away of a body that was refused, so that the client gets to read the answer.
const DISCARDED_BYTES: usize = 64 << 20;
const DISCARDED_TIME: Duration = Duration::from_secs(2);

/// A whole body and its share of memory.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    pub(super) share: Share,
}

/// Reads `body` up to `most` bytes until `deadline`.
///
/// # Errors
/// 413 longer, 408 later, 415 encoded, 429 when all requests together hold as much as they may.
pub(super) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    most: usize,
    budget: &Budget,
    deadline: Instant,
) -> Result<Whole, Problem> {
    let result = fill(&mut body, headers, most, budget, deadline).await;
    if result.is_err() {
        discard(body).await;
    }
    result
}

async fn fill(
    body: &mut Body,
    headers: &HeaderMap,
    most: usize,
    budget: &Budget,
    deadline: Instant,
) -> Result<Whole, Problem> {
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let problem = Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoded bodies are not read",
        );
        return Err(problem.hint("leave out Content-Encoding; pictures are compressed already"));
    }
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most) {
        return Err(Problem::too_many_bytes(most));
    }
    let mut share = budget.take(1).ok_or_else(|| Problem::no_room(1, budget))?;
    let mut whole = Vec::new();
    loop {
        let Ok(frame) = timeout_at(deadline, body.frame()).await else {
            let problem = Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "the body took too long to arrive",
            );
            return Err(problem.hint("send it faster, or a smaller picture"));
        };
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = whole.len() + data.len();
        if length > most {
            return Err(Problem::too_many_bytes(most));
        }
        if !budget.grow(&mut share, length) {
            return Err(Problem::no_room(length, budget));
        }
        whole.extend_from_slice(&data);
    }
    Ok(Whole {
        bytes: whole.into(),
        share,
    })
}

/// Reads what still comes for a little while: a socket closed before that loses the answer on its way.
pub(super) async fn discard(mut body: Body) {
    let mut left = DISCARDED_BYTES;
    let drained = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else {
                break;
            };
            left = rest;
        }
    };
    let _ = timeout(DISCARDED_TIME, drained).await;
}
