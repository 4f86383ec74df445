//! The logs of a job's children and how many are how far, until all have ended.
use anyhow::{Context, Result};
use aws_sdk_batch::Client as Batch;
use aws_sdk_batch::types::{JobDetail, JobStatus};
use aws_sdk_cloudwatchlogs::Client as Logs;
use std::collections::HashMap;

use super::super::args::LogArgs;
use super::config;
use super::submit::said;
use crate::fault::{Exit, Fault};
use crate::log::Log;

/// Most children whose logs are read at a time; CloudWatch answers only so many questions a second.
const MOST_STREAMS: usize = 40;

/// Children that have begun, in the order in which they are asked for: what ends soonest first.
const BEGUN: [JobStatus; 3] = [JobStatus::Running, JobStatus::Failed, JobStatus::Succeeded];

/// Follows a job to its end.
///
/// # Errors
/// What AWS says; a fault when the job failed.
pub(in super::super) async fn follow(job: &str, args: &LogArgs, log: &Log) -> Result<Exit> {
    let mut follower = Follower {
        batch: Batch::new(config().await),
        logs: Logs::new(config().await),
        group: &args.log_group,
        log,
        streams: HashMap::new(),
    };
    let mut counts = String::new();
    loop {
        let details = follower.details(vec![job.to_owned()]).await?;
        let detail = details
            .into_iter()
            .next()
            .context("AWS Batch knows no such job")?;
        let now = describe(&detail);
        if now != counts {
            log.summary(&now);
            counts = now;
        }
        let ended = matches!(
            detail.status(),
            Some(JobStatus::Succeeded | JobStatus::Failed)
        );
        follower.look(&detail).await?;
        if ended {
            return match detail.status() {
                Some(JobStatus::Succeeded) => Ok(Exit::Done),
                _ => Err(Fault::new(format!(
                    "the job failed: {}",
                    detail
                        .status_reason()
                        .unwrap_or("AWS Batch gives no reason")
                ))
                .into()),
            };
        }
        tokio::time::sleep(args.every).await;
    }
}

/// A job's state in words: of an array, how many children are how far.
fn describe(detail: &JobDetail) -> String {
    let status = detail.status().map_or("UNKNOWN", JobStatus::as_str);
    let summary = detail
        .array_properties()
        .and_then(|array| array.status_summary());
    let mut counts: Vec<_> = summary
        .into_iter()
        .flatten()
        .filter(|(_, count)| **count > 0)
        .map(|(state, count)| format!("{count} {}", state.to_lowercase()))
        .collect();
    counts.sort();
    if counts.is_empty() {
        status.to_lowercase()
    } else {
        format!("{}: {}", status.to_lowercase(), counts.join(", "))
    }
}

/// A child's log, read up to a point.
#[derive(Debug, Default)]
struct Stream {
    /// Changes with every attempt.
    name: String,
    token: Option<String>,
    /// The child had ended when it was last read.
    is_through: bool,
}

struct Follower<'a> {
    batch: Batch,
    logs: Logs,
    group: &'a str,
    log: &'a Log,
    /// By the children's ids.
    streams: HashMap<String, Stream>,
}

impl Follower<'_> {
    async fn details(&self, jobs: Vec<String>) -> Result<Vec<JobDetail>> {
        let request = self.batch.describe_jobs().set_jobs(Some(jobs));
        Ok(request.send().await.map_err(said)?.jobs.unwrap_or_default())
    }

    /// Shows what is new in the logs of the job or its children.
    async fn look(&mut self, detail: &JobDetail) -> Result<()> {
        if detail.array_properties().is_none() {
            return self.read(detail).await;
        }
        let job = detail.job_id().unwrap_or_default();
        let mut children = Vec::new();
        for status in BEGUN {
            let mut pages = self
                .batch
                .list_jobs()
                .array_job_id(job)
                .job_status(status)
                .into_paginator()
                .items()
                .send();
            while children.len() < MOST_STREAMS
                && let Some(child) = pages.next().await
            {
                let id = child.map_err(said)?.job_id.unwrap_or_default();
                if !self
                    .streams
                    .get(&id)
                    .is_some_and(|stream| stream.is_through)
                {
                    children.push(id);
                }
            }
        }
        if children.is_empty() {
            return Ok(());
        }
        for child in self.details(children).await? {
            self.read(&child).await?;
        }
        Ok(())
    }

    /// Shows what is new in one log.
    async fn read(&mut self, child: &JobDetail) -> Result<()> {
        let stream = self
            .streams
            .entry(child.job_id().unwrap_or_default().into())
            .or_default();
        // What it said before it ended is there, or will not come.
        stream.is_through = matches!(
            child.status(),
            Some(JobStatus::Succeeded | JobStatus::Failed)
        );
        let name = child
            .container()
            .and_then(|container| container.log_stream_name());
        let Some(name) = name else {
            return Ok(());
        };
        if stream.name != name {
            stream.name = name.into();
            stream.token = None;
        }
        // A child's id is its parent's and its index.
        let index = child.job_id().and_then(|id| Some(id.split_once(':')?.1));
        loop {
            let request = self
                .logs
                .get_log_events()
                .log_group_name(self.group)
                .log_stream_name(name)
                .start_from_head(true)
                .set_next_token(stream.token.clone());
            let events = match request.send().await {
                Ok(events) => events,
                // A log begins with its first line.
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_resource_not_found_exception()) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(said(error)),
            };
            for event in events.events() {
                let message = event.message().unwrap_or_default();
                match index {
                    Some(index) => self.log.summary(&format!("[{index}] {message}")),
                    None => self.log.summary(message),
                }
            }
            let next = events.next_forward_token;
            // The same token again: no more for now.
            if next == stream.token {
                return Ok(());
            }
            stream.token = next;
        }
    }
}
