//! What every command works with.

use bull_queue::{Connection, Queue};
use pipeline::Step;

use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::Output;

/// The queues a command is about, and how it talks to the operator.
#[derive(Debug)]
pub(crate) struct Context {
    /// The queues, all of them unless some were named.
    pub(crate) queues: Vec<Queue>,
    /// Whether the operator named them.
    named: bool,
    /// Where results go.
    pub(crate) output: Output,
    /// Who answers questions.
    pub(crate) confirm: Confirm,
}

impl Context {
    /// A context for `steps`, or for every queue when there are none.
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

    /// The queues that the operator named: what changes a whole queue is never done to all of them
    /// just because a name was forgotten.
    ///
    /// # Errors
    /// When he named none.
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

    /// The one queue that the operator named.
    ///
    /// # Errors
    /// When he named none, or several.
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
