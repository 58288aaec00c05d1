//! Events shown between the commands of a session.

use std::sync::{Arc, Mutex, PoisonError};

use bull_queue::Queue;
use futures_util::StreamExt;
use pipeline::human::visible;
use rustyline::ExternalPrinter;
use tokio::task::JoinHandle;

use crate::commands::{event_line, listen};
use crate::output::Output;

/// Writes above the line that is being edited.
pub(crate) type Printer = Arc<Mutex<dyn ExternalPrinter + Send>>;

/// Shows events until dropped.
#[derive(Debug)]
pub(crate) struct EventPrinter(JoinHandle<()>);

impl EventPrinter {
    /// Shows events of `queues`; without a printer, simply on stdout.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub(crate) async fn start(
        queues: &[Queue],
        output: Output,
        printer: Option<Printer>,
    ) -> Result<Self, bull_queue::Error> {
        let mut events = listen(queues).await?;
        Ok(Self(tokio::spawn(async move {
            while let Some((queue, event)) = events.next().await {
                let line = event_line(output.json, &queue, &event);
                match &printer {
                    None => output.line(line),
                    Some(printer) => {
                        let mut printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
                        if printer.print(format!("{}\n", visible(&line))).is_err() {
                            break;
                        }
                    }
                }
            }
        })))
    }
}

impl Drop for EventPrinter {
    fn drop(&mut self) {
        self.0.abort();
    }
}
