//! Time per step, measured when asked for.
use std::time::Duration;

use crate::plan::Plan;

pub use hypercut_kernels::roof::Roof;

/// Accumulated times of every step of a plan.
#[derive(Debug, Clone)]
pub struct Profile {
    runs: u32,
    steps: Vec<StepTime>,
}

/// One step's time.
#[derive(Debug, Clone)]
pub struct StepTime {
    /// The schema's name of the operation.
    pub name: &'static str,
    /// Index of the node in the graph, and in [`Description::nodes`](crate::describe::Description::nodes).
    pub node: usize,
    /// Multiply-adds of one run.
    pub macs: u64,
    /// Time of all runs together.
    pub total: Duration,
}

impl Profile {
    pub(crate) fn new(plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(|step| StepTime {
            name: step.name,
            node: step.node,
            macs: step.macs,
            total: Duration::ZERO,
        });
        Self {
            runs: 0,
            steps: steps.collect(),
        }
    }

    /// Runs measured.
    pub fn runs(&self) -> u32 {
        self.runs
    }

    /// Steps in order of execution.
    pub fn steps(&self) -> &[StepTime] {
        &self.steps
    }

    pub(crate) fn steps_mut(&mut self) -> &mut [StepTime] {
        &mut self.steps
    }

    pub(crate) fn count_run(&mut self) {
        self.runs = self.runs.saturating_add(1);
    }
}
