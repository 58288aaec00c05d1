//! Confirmation before something is destroyed.

use std::io::IsTerminal;

use rustyline::config::Behavior;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};

use crate::failure::Failure;

/// How confirmations are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// They are skipped: `--yes`.
    Yes,
    /// By the person at the terminal.
    Ask,
    /// Not at all: stdin is not a terminal.
    Refuse,
}

impl Confirm {
    pub(crate) fn new(yes: bool) -> Self {
        if yes {
            Self::Yes
        } else if std::io::stdin().is_terminal() {
            Self::Ask
        } else {
            Self::Refuse
        }
    }

    /// Asks `question` ("Remove job 3 of …"), unless the answer is known.
    ///
    /// # Errors
    /// If the answer is no, or nobody can be asked.
    pub(crate) fn ask(self, question: &str) -> Result<(), Failure> {
        match self {
            Self::Yes => Ok(()),
            Self::Refuse => Err(Failure::Unanswered(question.to_owned())),
            Self::Ask => match answer(question) {
                Ok(answer) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => {
                    Ok(())
                }
                Ok(_) | Err(ReadlineError::Eof | ReadlineError::Interrupted) => Err(Failure::No),
                Err(error) => Err(Failure::Terminal(error.to_string())),
            },
        }
    }
}

/// Asks on the terminal itself, so that stdout contains only results.
fn answer(question: &str) -> Result<String, ReadlineError> {
    let config = Config::builder().behavior(Behavior::PreferTerm).build();
    let mut editor = Editor::<(), MemHistory>::with_history(config, MemHistory::new())?;
    tokio::task::block_in_place(|| editor.readline(&format!("{question}? (y/n) ")))
}
