//! Connections: how many, how slow, and how they end.
use anyhow::{Context, Result};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::stall::Stalling;
use super::{Shared, Stop};

/// A request's head must be there by then; also how long an idle connection is kept.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// After that a connection takes no new request, so one that reads its answer a byte at a time ends too.
const AGE: Duration = Duration::from_secs(600);

/// Accepts connections until `stop`, then waits for those under way, at most `drain`.
///
/// # Errors
/// None so far; a connection's faults are its own.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shared: Arc<Shared>,
    connections: usize,
    mut stop: watch::Receiver<Stop>,
    drain: Duration,
) -> Result<()> {
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.context("no more connections")?,
            () = asked(&mut stop, Stop::WhenDone) => break,
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    // Out of file descriptors, as a rule: others close.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = asked(&mut stop, Stop::WhenDone) => break,
        };
        let (router, shared, stop) = (router.clone(), Arc::clone(&shared), stop.clone());
        let stream = Stalling::new(quick(stream), shared.timeout);
        tokio::spawn(async move {
            shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
            connection(stream, router, stop).await;
            shared.metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
    drop(listener);
    let all = u32::try_from(connections).unwrap_or(u32::MAX);
    tokio::select! {
        _ = timeout(drain, places.acquire_many(all)) => {}
        () = asked(&mut stop, Stop::Now) => {}
    }
    Ok(())
}

/// Waits until the server is asked to stop so, or sooner.
async fn asked(stop: &mut watch::Receiver<Stop>, how: Stop) {
    if stop.wait_for(|&stop| stop >= how).await.is_err() {
        // Whoever could ask is gone.
        std::future::pending::<()>().await;
    }
}

fn quick(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}

async fn connection(stream: Stalling<TcpStream>, router: Router, mut stop: watch::Receiver<Stop>) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(64 << 10);
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    tokio::select! {
        _ = serving.as_mut() => return,
        () = asked(&mut stop, Stop::WhenDone) => {}
        () = sleep(AGE) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = timeout(AGE, serving).await;
}
