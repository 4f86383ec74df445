//! The routes.
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use hypercut::effects;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

use super::body::{self, Whole};
use super::budget::Share;
use super::metrics::Gauges;
use super::params::{self, Pairs};
use super::problem::Problem;
use super::queue::Work;
use super::{Shared, openapi};
use crate::picture::{Format, HEAD_BYTES, NotAPicture, sniff};
use crate::studio::{Rendered, Spec, share, verdict_word};

/// Routes that are counted by name; the rest is `other`.
pub(super) const ROUTES: [&str; 9] = [
    "/",
    "/v1/portrait",
    "/v1/mask",
    "/v1/effects",
    "/api/remove",
    "/openapi.json",
    "/metrics",
    "/healthz",
    "/readyz",
];

type Answer = Result<Response, Problem>;
type Server = State<Arc<Shared>>;

pub(super) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/v1/portrait", post(portrait))
        .route("/v1/mask", post(mask))
        .route("/v1/effects", get(|| async { json(openapi::effects()) }))
        .route("/api/remove", get(remove_by_url).post(remove))
        .route("/openapi.json", get(|| async { json(openapi::document()) }))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .fallback(|| async {
            Problem::new(StatusCode::NOT_FOUND, "no such route")
                .hint("GET /openapi.json lists them")
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not a method of this route")
                .hint("GET /openapi.json lists them")
        })
        // Bodies are limited where they are read.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(shared))
}

fn json(value: serde_json::Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, format!("{value}\n")).into_response()
}

async fn metrics(State(shared): Server) -> Response {
    let gauges = Gauges {
        queued: shared.queue.len(),
        buffered_bytes: shared.budget.taken(),
    };
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, shared.metrics.text(gauges)).into_response()
}

async fn ready(State(shared): Server) -> Answer {
    if shared.is_draining() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
        return Err(problem.retry_after(Duration::from_secs(5)));
    }
    Ok("ready\n".into_response())
}

async fn portrait(State(shared): Server, request: Request) -> Answer {
    let upload = Upload::read(&shared, request).await?;
    let spec = params::portrait(upload.pairs.clone(), None, shared.max_pixels)?;
    answer(&shared, upload, spec).await
}

async fn mask(State(shared): Server, request: Request) -> Answer {
    let upload = Upload::read(&shared, request).await?;
    let spec = params::portrait(upload.pairs.clone(), Some("mask"), shared.max_pixels)?;
    answer(&shared, upload, spec).await
}

async fn remove(State(shared): Server, request: Request) -> Answer {
    let upload = Upload::read(&shared, request).await?;
    let spec = params::rembg(upload.pairs.clone(), shared.max_pixels)?;
    answer(&shared, upload, spec).await
}

async fn remove_by_url(State(shared): Server, request: Request) -> Answer {
    let deadline = Instant::now() + shared.timeout;
    let pairs = query(&request)?;
    let spec = params::rembg(pairs.clone(), shared.max_pixels)?;
    let url = pairs.iter().find(|(name, _)| name == "url");
    let Some((_, url)) = url else {
        return Err(Problem::unprocessable("`url` is missing").hint("or POST the picture itself"));
    };
    let Some(fetcher) = &shared.fetcher else {
        let problem = Problem::new(StatusCode::FORBIDDEN, "this server fetches no URLs");
        return Err(problem.hint("POST the picture itself, or start the server with --fetch-urls"));
    };
    refuse_when_full(&shared)?;
    let Whole { bytes, share } = fetcher
        .get(url, shared.max_bytes, &shared.budget, deadline)
        .await?;
    let upload = Upload {
        picture: bytes.into(),
        files: HashMap::new(),
        pairs,
        share,
        deadline,
    };
    answer(&shared, upload, spec).await
}

/// What a request brought.
struct Upload {
    picture: Vec<u8>,
    files: HashMap<String, Vec<u8>>,
    pairs: Pairs,
    share: Share,
    deadline: Instant,
}

impl Upload {
    /// Reads a request: a form with files, or the picture itself.
    async fn read(shared: &Shared, request: Request) -> Result<Self, Problem> {
        let deadline = Instant::now() + shared.timeout;
        let early = query(&request).and_then(|pairs| refuse_when_full(shared).map(|()| pairs));
        let (parts, body) = request.into_parts();
        let pairs = match early {
            Ok(pairs) => pairs,
            Err(problem) => {
                body::discard(body).await;
                return Err(problem);
            }
        };
        let Whole { bytes, share } = body::read(
            body,
            &parts.headers,
            shared.max_bytes,
            &shared.budget,
            deadline,
        )
        .await?;
        let mut upload = Self {
            picture: Vec::new(),
            files: HashMap::new(),
            pairs,
            share,
            deadline,
        };
        let kind = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data")) {
            // The parts are copies: they take as much again.
            let needed = 2 * bytes.len();
            if !shared.budget.grow(&mut upload.share, needed) {
                return Err(Problem::no_room(needed, &shared.budget));
            }
            upload
                .fields(Request::from_parts(parts, Body::from(bytes)))
                .await?;
        } else {
            upload.picture = bytes.into();
        }
        if upload.picture.is_empty() {
            let problem = Problem::unprocessable("no picture in the request");
            return Err(problem
                .hint("send it as the file `image` (or `file`) of a form, or as the body itself"));
        }
        Ok(upload)
    }

    async fn fields(&mut self, request: Request) -> Result<(), Problem> {
        let damaged = |error: &dyn std::fmt::Display| {
            Problem::unprocessable(format!("a damaged form: {error}"))
        };
        let mut form = Multipart::from_request(request, &())
            .await
            .map_err(|error| damaged(&error.body_text()))?;
        while let Some(field) = form
            .next_field()
            .await
            .map_err(|error| damaged(&error.body_text()))?
        {
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(str::to_owned);
            let bytes = field
                .bytes()
                .await
                .map_err(|error| damaged(&error.body_text()))?;
            match (name.as_str(), file) {
                // What a browser sends for a field in which nothing was chosen.
                (_, Some(file)) if file.is_empty() && bytes.is_empty() => {}
                ("image" | "file", _) => self.picture = bytes.into(),
                ("background" | "logo", Some(_)) => {
                    self.files.insert(name, bytes.into());
                }
                (_, Some(_)) => {
                    let detail = format!("no file `{name}` is taken");
                    return Err(Problem::unprocessable(detail).hint(
                        "the picture's name is `image` (or `file`), others are `background` and `logo`",
                    ));
                }
                (_, None) => {
                    let text = String::from_utf8(bytes.into());
                    let text = text
                        .map_err(|_| Problem::unprocessable(format!("`{name}` is not a text")))?;
                    self.pairs.push((name, text));
                }
            }
        }
        Ok(())
    }
}

fn query(request: &Request) -> Result<Pairs, Problem> {
    let Query(pairs) = Query::<Pairs>::try_from_uri(request.uri())
        .map_err(|error| Problem::unprocessable(error.body_text()))?;
    Ok(pairs)
}

/// Says no before a body is read: cheaper for both sides.
fn refuse_when_full(shared: &Shared) -> Result<(), Problem> {
    if shared.queue.is_full() {
        return Err(busy(shared));
    }
    Ok(())
}

fn busy(shared: &Shared) -> Problem {
    let waiting = shared.metrics.mean() * shared.queue.len() as u32 / shared.threads as u32;
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "more requests than can be worked on",
    )
    .hint("try again a little later")
    .retry_after(waiting)
}

async fn answer(shared: &Arc<Shared>, upload: Upload, mut spec: Spec) -> Answer {
    sniff_head(&upload.picture).map_err(|fault| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, fault.message())
            .hint("send JPEG, PNG or WebP")
    })?;
    for name in upload.files.keys() {
        if name == "logo" {
            spec.logo = Some(name.clone());
        } else if effects::find(&spec.effect).is_ok_and(|info| info.option(name).is_some()) {
            spec.options.push((name.clone(), name.clone()));
        } else {
            return Err(Problem::unprocessable(format!(
                "effect `{}` takes no file `{name}`",
                spec.effect
            )));
        }
    }
    let work = Work {
        picture: upload.picture,
        spec,
        files: upload.files,
        share: upload.share,
    };
    let mut place = shared.queue.enter(work).ok_or_else(|| busy(shared))?;
    let late = || {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the picture was not finished in time",
        )
        .hint("try again later, or send a smaller picture")
        .retry_after(Duration::from_secs(5))
    };
    let drawn = timeout_at(upload.deadline, place.drawn()).await;
    let drawn = drawn.ok().flatten().ok_or_else(late)?;
    // The input is gone; its share is the result's from now on.
    let (rendered, mut share) = drawn.map_err(|error| Problem::of(&error))?;
    let needed = rendered.bytes.len();
    if !shared.budget.grow(&mut share, needed) {
        return Err(Problem::no_room(needed, &shared.budget));
    }
    Ok(picture(rendered, share))
}

/// A result that holds its share of memory until it is sent.
struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn sniff_head(bytes: &[u8]) -> Result<Format, NotAPicture> {
    sniff(&bytes[..bytes.len().min(HEAD_BYTES)])
}

fn picture(rendered: Rendered, memory: Share) -> Response {
    let verdict = &rendered.verdict;
    let found = format!(
        "{}; coverage={}; confidence={}",
        verdict_word(verdict),
        share(verdict.coverage),
        share(verdict.confidence)
    );
    let kind = sniff_head(&rendered.bytes).map_or("application/octet-stream", Format::media_type);
    let bytes = Bytes::from_owner(Held {
        bytes: rendered.bytes,
        _share: memory,
    });
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(found) = HeaderValue::from_str(&found) {
        headers.insert("x-hypercut-verdict", found);
    }
    response
}
