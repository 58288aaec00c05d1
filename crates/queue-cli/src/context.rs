//! Context of every command.

use bull_queue::{Connection, Queue};
use pipeline::Step;

use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::Output;

/// The queues of a command, and how it interacts with the operator.
#[derive(Debug)]
pub(crate) struct Context {
    /// All queues, unless some were named.
    pub(crate) queues: Vec<Queue>,
    /// Whether the operator named them.
    named: bool,
    /// Output of results.
    pub(crate) output: Output,
    /// How confirmations are answered.
    pub(crate) confirm: Confirm,
}

impl Context {
    /// A context for `steps`, or for every queue if there are none.
    pub(crate) fn new(
        connection: &Connection,
        steps: &[Step],
        output: Output,
        confirm: Confirm,
    ) -> Self {
        let named = !steps.is_empty();
        let steps: Vec<Step> = if named { steps.to_vec() } else { Step::all().collect() };
        let queues =
            steps.into_iter().map(|step| Queue::new(connection.clone(), step.queue)).collect();
        Self { queues, named, output, confirm }
    }

    /// The queues that the operator named: a command that changes a whole queue is never applied to all of
    /// them because a name was forgotten.
    ///
    /// # Errors
    /// If none was named.
    pub(crate) fn named_queues(&self) -> Result<&[Queue], Failure> {
        if self.named {
            return Ok(&self.queues);
        }
        let steps: Vec<_> =
            Step::all().map(|step| format!("\"{}\" ({})", step.queue, step.slug)).collect();
        Err(Failure::Usage(format!(
            "which queue? Name it with --queue; there are {}",
            steps.join(", ")
        )))
    }

    /// The single queue that the operator named.
    ///
    /// # Errors
    /// If none or several were named.
    pub(crate) fn one_queue(&self) -> Result<&Queue, Failure> {
        match self.named_queues()? {
            [queue] => Ok(queue),
            _ => Err(Failure::Usage("name one queue only with --queue".into())),
        }
    }
}

/// The names of `queues`, for a sentence.
pub(crate) fn names(queues: &[Queue]) -> String {
    let names: Vec<_> = queues.iter().map(Queue::name).collect();
    names.join(", ")
}
