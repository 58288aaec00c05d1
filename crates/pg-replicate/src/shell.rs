//! Shell command configured by an operator, run for a database.
//!
//! It finds the database in `DATABASE_URL` and in libpq's variables, so that no password is on a command
//! line. The command and everything it has started end when its step is cancelled, its time limit is over,
//! or this process dies.

use std::collections::VecDeque;
use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::postgres::client_program::{Guarded, set_connection, setpriv, without_libpq_variables};
use crate::{DatabaseUrl, Error};
use progress::Context;

/// How long the process group may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// How long output of processes left running by the command is read after its end.
const DRAIN: Duration = Duration::from_secs(1);

/// Interval of the checks of a process group that is ending.
const POLL: Duration = Duration::from_millis(20);

/// Size of the end of the output that an error contains.
const KEPT_LINES: usize = 20;

/// Longer lines are split.
const LONGEST: u64 = 16 * 1024;

/// The variable that passes the script to the shell, because command lines are visible to everybody on the
/// machine.
const VARIABLE: &str = "PG_REPLICATE_COMMAND";

/// Runs the command as a child process, and ends the whole process group when it is itself told to end: if
/// this program dies, the kernel notifies it, but not what it has started. Both streams are merged, so that
/// the last lines are those written last, on whichever stream.
const SCRIPT: &str = r#"
exec 2>&1
set -- "$PG_REPLICATE_COMMAND"
unset PG_REPLICATE_COMMAND
trap 'trap - TERM; kill 0' TERM
(eval "$1") &
wait "$!"
"#;

/// Parses the command without running it. Its first word, if it is a plain name, must be known to the
/// shell.
const CHECK: &str = r#"
set -- "$PG_REPLICATE_COMMAND"
unset PG_REPLICATE_COMMAND
printf '%s\n' "$1" | sh -n || exit 1
word=${1%%[!A-Za-z0-9_./-]*}
case "${1#"$word"}" in
''|[[:space:]]*) ;;
*) exit 0 ;;
esac
[ -z "$word" ] || command -v -- "$word" > /dev/null || { echo "$word: not found" >&2; exit 1; }
"#;

/// A shell command and its database.
#[derive(Clone)]
pub struct ShellCommand {
    /// The command for `sh`.
    pub command: String,
    /// The database.
    pub url: DatabaseUrl,
    /// The database as text with its password: the value of `DATABASE_URL`.
    pub url_text: String,
    /// Variables of this process that are not passed on.
    pub hidden: Vec<String>,
    /// Its time limit.
    pub limit: Option<Duration>,
}

impl fmt::Debug for ShellCommand {
    /// Without the command, which may contain a secret, and without the URL's text, which does.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ShellCommand")
            .field("url", &self.url)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// How an unsuccessful command ended.
enum Ending {
    Status(ExitStatus),
    TimedOut(Duration),
}

impl ShellCommand {
    /// Runs it to its end, handing each line of its output (stdout and stderr as they come) to
    /// `on_line`, without the database's password and other [`secrets`].
    ///
    /// # Errors
    /// [`Error::Program`] with `name`, how it ended and its last lines; [`Error::Cancelled`].
    pub async fn run(
        &self,
        name: &'static str,
        context: &Context,
        mut on_line: impl FnMut(&str),
    ) -> Result<(), Error> {
        context.check()?;
        let mut child = Guarded::spawn("sh", self.process(), Stdio::piped()).await?;
        let (sender, mut lines) = mpsc::channel(64);
        let reading = CancellationToken::new();
        let _stop = reading.clone().drop_guard();
        if let Some(stdout) = child.child.stdout.take() {
            tokio::spawn(reading.clone().run_until_cancelled_owned(read(stdout, sender.clone())));
        }
        if let Some(stderr) = child.child.stderr.take() {
            tokio::spawn(reading.clone().run_until_cancelled_owned(read(stderr, sender)));
        }
        let mut last_lines = VecDeque::new();
        let mut note = |line: String| {
            let line = secrets::without(&line).into_owned();
            on_line(&line);
            if last_lines.len() == KEPT_LINES {
                last_lines.pop_front();
            }
            last_lines.push_back(line);
        };
        let ending = {
            let limit = async {
                match self.limit {
                    Some(limit) => {
                        tokio::time::sleep(limit).await;
                        limit
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(limit);
            loop {
                tokio::select! {
                    biased;
                    () = context.cancel.cancelled() => break None,
                    limit = &mut limit => break Some(Ok(Ending::TimedOut(limit))),
                    Some(line) = lines.recv() => note(line),
                    status = child.child.wait() => break Some(status.map(Ending::Status)),
                }
            }
        };
        if !matches!(ending, Some(Ok(Ending::Status(_)))) {
            end(&mut child).await;
        }
        // The streams stay open as long as any process started by the command holds them.
        let drain = async {
            while let Some(line) = lines.recv().await {
                note(line);
            }
        };
        let _ = tokio::time::timeout(DRAIN, drain).await;
        if child.is_alive() {
            end(&mut child).await;
        }
        let status = match ending {
            None => return Err(Error::Cancelled),
            Some(Ok(Ending::Status(status))) if status.success() => return Ok(()),
            Some(Ok(Ending::Status(status))) => in_words(status),
            Some(Ok(Ending::TimedOut(limit))) => {
                format!("it was ended, for it took longer than {} s", limit.as_secs())
            }
            Some(Err(error)) => format!("its end could not be waited for: {error}"),
        };
        let messages = match last_lines.make_contiguous() {
            [] => "it wrote nothing".into(),
            lines => format!("it wrote last:\n{}", lines.join("\n")),
        };
        Err(Error::Program { program: name.into(), status, messages })
    }

    /// Whether a shell can parse the command and finds its first program; nothing of it is executed or
    /// shown.
    ///
    /// # Errors
    /// The shell's error.
    pub async fn check(&self) -> Result<String, String> {
        let output = self.prepared(Command::new("sh"), CHECK).output().await;
        let output = output.map_err(|error| format!("sh cannot be started: {error}"))?;
        if output.status.success() {
            return Ok("a shell can read it, and finds its program; it is not run".into());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("it would fail: {}", secrets::without(said.trim())))
    }

    fn process(&self) -> Command {
        let process = match setpriv() {
            Some(setpriv) => {
                let mut process = Command::new(setpriv);
                process.args(["--pdeathsig", "TERM", "--", "sh"]);
                process
            }
            None => Command::new("sh"),
        };
        self.prepared(process, SCRIPT)
    }

    /// The process with its script, and the command's environment.
    fn prepared(&self, mut process: Command, script: &str) -> Command {
        process.args(["-c", script]).stdin(Stdio::null()).kill_on_drop(true);
        for name in &self.hidden {
            process.env_remove(name);
        }
        secrets::remember_password(self.url.password().unwrap_or_default());
        without_libpq_variables(&mut process);
        set_connection(&mut process, &self.url);
        process.env("DATABASE_URL", &self.url_text).env(VARIABLE, &self.command);
        process
    }
}

/// Sends SIGTERM to the group, and SIGKILL to what is left of it after a while.
async fn end(child: &mut Guarded) {
    child.signal(Signal::SIGTERM);
    let gone = async {
        // A shell that is not waited for would count as one of the group.
        let _ = child.child.wait().await;
        while child.is_alive() {
            tokio::time::sleep(POLL).await;
        }
    };
    if tokio::time::timeout(GRACE, gone).await.is_err() {
        child.signal(Signal::SIGKILL);
        let _ = child.child.wait().await;
    }
}

/// A shell that waits for a killed command exits with 128 plus its signal.
fn in_words(status: ExitStatus) -> String {
    let killed = status.code().and_then(|code| Signal::try_from(code.checked_sub(128)?).ok());
    match (status.code(), killed) {
        (Some(code), Some(signal)) => format!("exit code {code}, as after {signal}"),
        (Some(code), None) => format!("exit code {code}"),
        (None, _) => status.to_string(),
    }
}

async fn read(stream: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        match (&mut stream).take(LONGEST).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                if lines.send(text).await.is_err() {
                    break;
                }
                line.clear();
            }
        }
    }
}
