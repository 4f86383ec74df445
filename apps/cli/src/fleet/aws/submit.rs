//! A plan to AWS Batch: one array job.
use anyhow::{Context, Result};
use aws_sdk_batch::error::{DisplayErrorContext, SdkError};
use aws_sdk_batch::operation::submit_job::builders::SubmitJobInputBuilder;
use aws_sdk_batch::types::builders::EvaluateOnExitBuilder;
use aws_sdk_batch::types::{
    ArrayProperties, ContainerOverrides, EvaluateOnExit, JobTimeout, RetryAction, RetryStrategy,
};

use super::super::args::{CancelArgs, SubmitArgs};
use super::super::plan::Open;
use super::{config, follow};
use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::atomic;

/// Submits the job; with `--follow` waits for its end. The job's id is printed.
///
/// # Errors
/// Usage errors; what AWS says.
pub(in super::super) async fn submit(args: &SubmitArgs, log: &Log) -> Result<Exit> {
    let url = args.of.plan.clone();
    // Reading waits by itself.
    let open = tokio::task::spawn_blocking(move || Open::read(&url)).await??;
    if open.output.folder().is_some() || open.input.folder().is_some() {
        let fault = Fault::usage("AWS Batch can't reach files of this machine");
        return Err(fault
            .hint("plan with s3:// places, or `fleet run local`")
            .into());
    }
    let shards = open.plan.shards.len();
    let children = args.children(shards).get();
    let batch = aws_sdk_batch::Client::new(config().await);
    let request = request(args, open.home.url(), children)?;
    let answer = request.send_with(&batch).await.map_err(said)?;
    let job = answer.job_id().context("AWS Batch gave the job no id")?;
    let jobs = match children {
        1 => "one job".to_owned(),
        many => format!("an array of {many} jobs"),
    };
    log.summary(&format!(
        "{shards} shards as {jobs}; `fleet cancel aws {job}` ends it"
    ));
    atomic::text_to_stdout(&format!("{job}\n"))?;
    if args.follow {
        return follow(job, &args.logs, log).await;
    }
    Ok(Exit::Done)
}

/// What is asked for.
fn request(args: &SubmitArgs, home: &str, children: u32) -> Result<SubmitJobInputBuilder> {
    let plan = format!("{home}/plan.json");
    let command = [
        "fleet",
        "worker",
        "--plan",
        &plan,
        "--count",
        &children.to_string(),
    ];
    let overrides = ContainerOverrides::builder()
        .set_command(Some(command.map(str::to_owned).to_vec()))
        .build();
    let timeout = i32::try_from(args.rules.timeout).context("--timeout")?;
    let mut request = aws_sdk_batch::operation::submit_job::SubmitJobInput::builder()
        .job_name(&args.name)
        .job_queue(&args.queue)
        .job_definition(&args.definition)
        .container_overrides(overrides)
        .retry_strategy(retry(i32::try_from(args.rules.attempts)?))
        .timeout(
            JobTimeout::builder()
                .attempt_duration_seconds(timeout)
                .build(),
        );
    if children > 1 {
        let size = i32::try_from(children)?;
        request = request.array_properties(ArrayProperties::builder().size(size).build());
    }
    Ok(request)
}

/// First whatever Spot takes back, then what the worker says is worth another try; everything else is final.
fn retry(attempts: i32) -> RetryStrategy {
    let rules = [
        rule(RetryAction::Retry).on_status_reason("Host EC2*"),
        rule(RetryAction::Retry).on_exit_code((Exit::Failed as u8).to_string()),
        rule(RetryAction::Exit).on_reason("*"),
    ];
    let mut strategy = RetryStrategy::builder().attempts(attempts);
    for rule in rules {
        strategy = strategy.evaluate_on_exit(rule.build());
    }
    strategy.build()
}

fn rule(action: RetryAction) -> EvaluateOnExitBuilder {
    EvaluateOnExit::builder().action(action)
}

/// Ends a job; of an array job, every child.
///
/// # Errors
/// What AWS says.
pub(in super::super) async fn cancel(args: &CancelArgs, log: &Log) -> Result<Exit> {
    let batch = aws_sdk_batch::Client::new(config().await);
    // Terminating also cancels what has not begun.
    let request = batch.terminate_job().job_id(&args.job).reason(&args.reason);
    request.send().await.map_err(said)?;
    log.summary(&format!("{}: ends", args.job));
    Ok(Exit::Done)
}

/// What AWS said, in words.
pub(super) fn said<E, R>(error: SdkError<E, R>) -> anyhow::Error
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    Fault::new(format!("AWS: {}", DisplayErrorContext(&error))).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: SubmitArgs,
    }

    fn args(more: &[&str]) -> SubmitArgs {
        let line = [
            "x",
            "--plan",
            "s3://b/p",
            "--queue",
            "q",
            "--definition",
            "d",
        ];
        Line::parse_from(line.iter().chain(more)).args
    }

    #[test]
    fn an_array_has_at_most_ten_thousand_children_and_one_shard_none() {
        assert_eq!(args(&[]).children(1).get(), 1);
        assert_eq!(args(&[]).children(2).get(), 2);
        assert_eq!(args(&[]).children(123_456).get(), 10_000);
        assert_eq!(args(&["--array", "7"]).children(123_456).get(), 7);
        let plain = request(&args(&[]), "s3://b", 1).unwrap().build().unwrap();
        assert!(plain.array_properties().is_none());
        let array = request(&args(&[]), "s3://b", 7).unwrap().build().unwrap();
        assert_eq!(array.array_properties().unwrap().size(), Some(7));
        let command = array.container_overrides().unwrap().command();
        assert_eq!(command[..3], ["fleet", "worker", "--plan"]);
        assert_eq!(command[3..], ["s3://b/plan.json", "--count", "7"]);
    }

    #[test]
    fn spot_comes_first_and_the_catch_all_last() {
        let strategy = retry(5);
        assert_eq!(strategy.attempts(), Some(5));
        let rules = strategy.evaluate_on_exit();
        assert_eq!(rules[0].on_status_reason(), Some("Host EC2*"));
        assert_eq!(rules[0].action(), Some(&RetryAction::Retry));
        let last = rules.last().unwrap();
        assert_eq!(
            (last.on_reason(), last.action()),
            (Some("*"), Some(&RetryAction::Exit))
        );
    }
}
