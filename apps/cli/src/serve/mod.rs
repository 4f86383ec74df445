//! `hypercut serve`: pictures over HTTP, with a limit on everything.
mod api;
mod args;
mod body;
mod budget;
mod fetch;
mod journal;
mod listen;
mod metrics;
mod openapi;
mod params;
mod problem;
mod queue;
mod stall;

pub(crate) use args::ServeArgs;

use anyhow::{Context, Result};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::source;
use crate::studio::digest;
use budget::Budget;
use fetch::Fetcher;
use journal::Journal;
use metrics::Metrics;
use problem::Problem;
use queue::Queue;

const TOKEN_BYTES: u64 = 4096;

/// What all requests share.
#[derive(Debug)]
struct Shared {
    queue: Queue,
    budget: Budget,
    metrics: Arc<Metrics>,
    fetcher: Option<Fetcher>,
    /// SHA-256 of the token.
    token: Option<String>,
    threads: usize,
    max_bytes: usize,
    max_pixels: u64,
    timeout: Duration,
    draining: AtomicBool,
    journal: Journal,
    /// Requests so far, and a number of this process, for ids.
    requests: AtomicU64,
    born: u64,
}

impl Shared {
    fn new(args: &ServeArgs, quiet: bool) -> Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let fetcher = args
            .fetch_urls
            .then(|| Fetcher::new(args.fetch_allow.clone()));
        let token = args.token_file.as_deref().map(|path| -> Result<_> {
            let text = source::read_file(path, TOKEN_BYTES)?;
            let token = text.trim_ascii();
            if token.len() < 16 {
                let fault = Fault::new(format!(
                    "{}: a token of {} bytes is easily guessed",
                    path.display(),
                    token.len()
                ));
                return Err(fault
                    .hint("`openssl rand -hex 32 > FILE` makes a good one")
                    .into());
            }
            Ok(digest(token))
        });
        Ok(Self {
            queue: Queue::start(args.threads(), args.waiting(), &metrics)?,
            budget: Budget::new(args.max_buffered as usize * 1_000_000),
            metrics,
            fetcher: fetcher.transpose()?,
            token: token.transpose()?,
            threads: args.threads(),
            max_bytes: args.max_bytes(),
            max_pixels: args.max_pixels.0,
            timeout: args.timeout,
            draining: AtomicBool::new(false),
            journal: Journal::start(quiet)?,
            requests: AtomicU64::new(0),
            born: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| time.as_micros() as u64),
        })
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// Runs the command until a signal ends it.
///
/// # Errors
/// Usage errors, an address that can't be had.
pub(crate) fn run(args: &ServeArgs, log: &Log) -> Result<Exit> {
    if !args.host.is_loopback() && args.token_file.is_none() && !args.insecure {
        let message = format!(
            "{} can be reached by others, and nobody would have to say who they are",
            args.host
        );
        let hint =
            "`--token-file FILE` asks for a token; `--insecure` says that anybody may use it";
        return Err(Fault::usage(message).hint(hint).into());
    }
    if args.max_buffered < args.max_megabytes {
        let message = format!(
            "`--max-buffered {}` holds no request of `--max-megabytes {}`",
            args.max_buffered, args.max_megabytes
        );
        let hint = "the first should be several times the second: results count too";
        return Err(Fault::usage(message).hint(hint).into());
    }
    if args.token_file.is_some() && args.insecure {
        return Err(Fault::usage("`--token-file` and `--insecure` contradict each other").into());
    }
    // The one provider of cryptography that is built in; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shared = Arc::new(Shared::new(args, log.is_quiet())?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("could not start")?;
    let result = runtime.block_on(serve(args, &shared, log));
    // Bodies that are still being thrown away don't hold the end up.
    runtime.shutdown_timeout(Duration::from_millis(100));
    shared.journal.finish();
    result.map(|()| Exit::Done)
}

async fn serve(args: &ServeArgs, shared: &Arc<Shared>, log: &Log) -> Result<()> {
    let address = SocketAddr::new(args.host, args.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("could not listen at {address}"))?;
    let (sender, stop) = watch::channel(Stop::No);
    let mut signals = Signals::new()?;
    log.summary(&format!("listening at http://{}", listener.local_addr()?));
    let ended = Arc::clone(shared);
    tokio::spawn(async move {
        signals.next().await;
        ended.draining.store(true, Ordering::Relaxed);
        let _ = sender.send(Stop::WhenDone);
        signals.next().await;
        let _ = sender.send(Stop::Now);
    });
    let layer = middleware::from_fn_with_state(Arc::clone(shared), around);
    let router = api::router(shared).layer(layer);
    listen::serve(
        listener,
        router,
        Arc::clone(shared),
        args.max_connections as usize,
        stop,
        args.drain,
    )
    .await
}

/// Whether the server is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stop {
    No,
    /// What has begun is finished.
    WhenDone,
    Now,
}

/// SIGINT, and where there is one SIGTERM.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Around every request: its id, whether it may, counting, one line of log.
async fn around(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let id = given_id(&request).unwrap_or_else(|| format!("{:x}-{number}", shared.born));
    let path = request.uri().path().to_owned();
    let route = api::ROUTES
        .into_iter()
        .find(|route| *route == path)
        .unwrap_or("other");
    // Ended even when the client goes away and this future is dropped.
    let mut entry = journal::Entry::begin(&shared, id, request.method(), path, route);
    let mut response = if may(&shared, route, &request) {
        next.run(request).await
    } else {
        body::discard(request.into_body()).await;
        Problem::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong")
            .hint("send `Authorization: Bearer TOKEN`")
            .into_response()
    };
    if let Ok(id) = HeaderValue::from_str(entry.id()) {
        response.headers_mut().insert("x-request-id", id);
    }
    entry.answered(response.status());
    response
}

/// The client's own id, if it is one that can stand in a log.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get("x-request-id")?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

/// Whether a request brings the token, where one is wanted. Digests are compared, so that time tells nothing about the token.
fn may(shared: &Shared, route: &str, request: &Request) -> bool {
    let Some(token) = &shared.token else {
        return true;
    };
    // Orchestrators ask without a token; the page and the document say nothing about anybody.
    if matches!(route, "/healthz" | "/readyz" | "/" | "/openapi.json") {
        return true;
    }
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|given| given.to_str().ok());
    let given = given.and_then(|given| given.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && digest(given.trim().as_bytes()) == *token
    })
}
