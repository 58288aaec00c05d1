//! `repl`: an interactive session.

mod complete;
mod events;
mod history;
pub(crate) mod line;
mod session;

use std::io::IsTerminal;
use std::sync::{Arc, Mutex};

use pipeline::config::{self, RedisOptions};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::cli::Common;
use crate::failure;
use crate::repl::complete::Completion;
use crate::repl::session::{Next, Session};

/// Reads and executes lines until the end of the input. At a terminal, a failure is shown and the session
/// continues; a script ends with the first failure and its exit code.
///
/// # Errors
/// When Redis does not answer, or a line of a script fails.
pub(crate) async fn run(redis: RedisOptions, common: Common) -> anyhow::Result<()> {
    let at_terminal = std::io::stdin().is_terminal();
    let mut session = Session::start(redis, common).await?;
    let config = Config::builder().completion_type(CompletionType::List).build();
    let mut editor = Editor::<Completion, FileHistory>::with_config(config)?;
    editor.set_helper(Some(Completion::new()));
    let history = at_terminal.then(|| history::file(|name| std::env::var_os(name))).flatten();
    if let Some(file) = &history {
        // The first session has no history.
        let _ = editor.load_history(file);
        if let Some(directory) = file.parent()
            && let Err(error) = std::fs::create_dir_all(directory)
        {
            config::print_error(&format!("no history: {}: {error}", directory.display()));
        }
    }
    if at_terminal {
        if let Ok(printer) = editor.create_external_printer() {
            session.print_by(Arc::new(Mutex::new(printer)));
        }
        config::print_error(
            "`connect <queue>` chooses a queue, `help` lists the commands, Ctrl-D ends",
        );
    }
    loop {
        let prompt = if at_terminal { session.prompt() } else { String::new() };
        let line = match tokio::task::block_in_place(|| editor.readline(&prompt)) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some(file) = &history
            && history::may_be_kept(&line)
            && editor.add_history_entry(line.trim()).unwrap_or(false)
        {
            // Written at once, because a session may end when its window is closed.
            let _ = editor.append_history(file);
        }
        match session.execute(&line).await {
            Ok(Next::GoOn) => {}
            Ok(Next::End) => return Ok(()),
            Err(error) if at_terminal => config::print_error(&failure::text(&error)),
            Err(error) => return Err(error),
        }
    }
}
