//! Answers that say what is wrong and what to do: RFC 9457, `application/problem+json`.
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

use super::budget::Budget;
use crate::fault::{Kind, hint_of, kind_of};

/// What went wrong with a request.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            hint: None,
            retry_after: None,
        }
    }

    /// What the client can do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// When to try again.
    pub(super) fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// A parameter or picture that makes no sense: 422.
    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// More bytes than allowed: 413.
    pub(super) fn too_many_bytes(most: usize) -> Self {
        let detail = format!("the request is longer than {} MB", most / 1_000_000);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
            .hint("send a smaller or more strongly compressed picture")
    }

    /// No room for `bytes` beside other requests, or not even alone: 429 or 413.
    pub(super) fn no_room(bytes: usize, budget: &Budget) -> Self {
        if bytes > budget.all() {
            let detail = format!(
                "the request needs {} MB in memory, and this server holds {} MB",
                bytes.div_ceil(1_000_000),
                budget.all() / 1_000_000
            );
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
                .hint("send a smaller picture, or start the server with a larger --max-buffered");
        }
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many bytes in memory for other requests",
        )
        .hint("try again a little later")
        .retry_after(Duration::from_secs(1))
    }

    /// What the studio says about a picture or recipe.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let detail = format!("{error:#}");
        match kind_of(error) {
            Kind::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
                .hint("send fewer pixels, or start the server with a larger --max-pixels"),
            Kind::Foreign => {
                Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).hint("send JPEG, PNG or WebP")
            }
            Kind::Other => {
                let problem = Self::unprocessable(detail);
                match hint_of(error) {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(hint) = self.hint {
            body["hint"] = hint.into();
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, format!("{body}\n")).into_response();
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs_f64().ceil().max(1.0) as u64;
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
