//! State of a session, and the execution of its lines.

use bull_queue::Connection;
use pipeline::config::{RedisOptions, RedisUrl};
use pipeline::{Step, config};

use super::events::{EventPrinter, Printer};
use super::line::{Connect, Line, LineCommand, ParseError};
use crate::cli::Common;
use crate::commands;
use crate::confirm::Confirm;
use crate::context::{Context, names};
use crate::failure::{self, Failure};
use crate::output::Output;

/// Whether the session continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    End,
}

/// State of a session.
pub(crate) struct Session {
    redis: RedisOptions,
    connection: Connection,
    common: Common,
    events: Option<EventPrinter>,
    printer: Option<Printer>,
}

impl Session {
    /// A session on `redis`, with the queues of `common`.
    ///
    /// # Errors
    /// If the configuration is invalid, or Redis does not answer.
    pub(crate) async fn start(redis: RedisOptions, common: Common) -> anyhow::Result<Self> {
        let url = RedisUrl::try_from(&redis).map_err(failure::usage)?;
        let connection = bull_queue::connect_to(&url).await?;
        Ok(Self { redis, connection, common, events: None, printer: None })
    }

    /// Shows events above the line that is being edited.
    pub(crate) fn print_by(&mut self, printer: Printer) {
        self.printer = Some(printer);
    }

    /// The prompt: the selected queues.
    pub(crate) fn prompt(&self) -> String {
        let names: Vec<_> = self.common.queue.iter().map(|step| step.queue).collect();
        if names.is_empty() {
            "queue-cli> ".into()
        } else {
            format!("queue-cli | {}> ", names.join(", "))
        }
    }

    /// Executes `line`.
    ///
    /// # Errors
    /// If it is invalid, or was not done.
    pub(crate) async fn execute(&mut self, line: &str) -> anyhow::Result<Next> {
        let line = match Line::parse_words(line) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(Next::GoOn),
            Err(ParseError::Help(text)) => {
                Output::new(false).line(text);
                return Ok(Next::GoOn);
            }
            Err(ParseError::Wrong(text)) => return Err(Failure::Usage(text).into()),
        };
        let context = self.context(line.common);
        match line.command {
            LineCommand::Queue(command) => {
                commands::run_until_ctrl_c(command, &context).await.map(|()| Next::GoOn)
            }
            LineCommand::Connect(connect) => self.connect(connect).await,
            LineCommand::EventsOn => {
                let printer = self.printer.clone();
                self.events =
                    Some(EventPrinter::start(&context.queues, context.output, printer).await?);
                config::print_error(&format!("showing the events of {}", names(&context.queues)));
                Ok(Next::GoOn)
            }
            LineCommand::EventsOff => {
                self.events = None;
                config::print_error("events are not shown any more");
                Ok(Next::GoOn)
            }
            LineCommand::Exit => Ok(Next::End),
        }
    }

    /// Options on the line take precedence over those of the session.
    fn context(&self, line: Common) -> Context {
        let queue: &[Step] = if line.queue.is_empty() { &self.common.queue } else { &line.queue };
        let output = Output::new(line.json || self.common.json);
        Context::new(&self.connection, queue, output, Confirm::new(line.yes || self.common.yes))
    }

    async fn connect(&mut self, connect: Connect) -> anyhow::Result<Next> {
        let step = connect.step()?;
        if let Some(redis_url) = connect.url()? {
            let redis_url = Ok(redis_url.parse().map_err(failure::usage)?);
            let redis = RedisOptions { redis_url, ..self.redis.clone() };
            let url = RedisUrl::try_from(&redis).map_err(failure::usage)?;
            self.connection = bull_queue::connect_to(&url).await?;
        }
        self.common.queue = vec![step];
        // They belonged to another queue.
        self.events = None;
        config::print_error(&format!("connected to {} at {}", step.queue, self.connection.url()));
        match connect.exec {
            None => Ok(Next::GoOn),
            Some(line) => Box::pin(self.execute(&line)).await.map(|_| Next::End),
        }
    }
}
