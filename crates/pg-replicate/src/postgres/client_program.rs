//! PostgreSQL's client programs as child processes.
//!
//! A child process receives the password in its environment, never on its command line. It ends when its
//! step is cancelled or this process dies, and its sessions on the server end with it.

use std::hash::{BuildHasher, RandomState};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;

use crate::postgres::connection::Connection;
use crate::postgres::{session_settings, tls};
use crate::{DatabaseUrl, Error, Server};
use progress::Context;

/// How long a child process may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// Time limit for ending its sessions on the server.
const SESSIONS_LIMIT: Duration = Duration::from_secs(4);

/// Size of the end of stderr that is kept for errors.
const KEPT_LINES: usize = 20;

/// One run of a client program with a database.
pub(crate) struct Program<'a> {
    /// `pg_dump` or `pg_restore`, found on the PATH.
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<String>,
    /// The database to connect to.
    pub(crate) url: &'a DatabaseUrl,
    /// Shown in `pg_stat_activity`; identifies this run.
    pub(crate) application_name: String,
}

/// How a child process ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The last lines of its stderr.
    pub(crate) last_lines: Vec<String>,
}

/// `pg-replicate <what> <random>`.
pub(crate) fn application_name(what: &str) -> String {
    format!("pg-replicate {what} {:016x}", RandomState::new().hash_one(what))
}

impl Program<'_> {
    /// Runs the program, and passes each line of its stderr to `on_line`.
    pub(crate) async fn run(
        &self,
        context: &Context,
        mut on_line: impl FnMut(&str),
    ) -> Result<Ended, Error> {
        context.check()?;
        context.sessions.started(&self.application_name);
        let child = Guarded::spawn(self.name, self.command(), Stdio::null()).await?;
        let (ended, ()) = self.wait(context, child, &mut on_line, async || {}).await?;
        Ok(ended)
    }

    /// Runs the program while `read` consumes its stdout. If `read` ends early, the closed pipe ends the
    /// program.
    pub(crate) async fn pipe<T>(
        &self,
        context: &Context,
        mut on_line: impl FnMut(&str),
        read: impl AsyncFnOnce(ChildStdout) -> T,
    ) -> Result<(Ended, T), Error> {
        context.check()?;
        context.sessions.started(&self.application_name);
        let mut child = Guarded::spawn(self.name, self.command(), Stdio::piped()).await?;
        let stdout = child.child.stdout.take();
        let stdout = stdout.ok_or_else(|| self.lost(&std::io::Error::other("it has no stdout")))?;
        self.wait(context, child, &mut on_line, async || read(stdout).await).await
    }

    async fn wait<T>(
        &self,
        context: &Context,
        mut child: Guarded,
        on_line: &mut impl FnMut(&str),
        read: impl AsyncFnOnce() -> T,
    ) -> Result<(Ended, T), Error> {
        let mut last_lines = Vec::new();
        let waiting = child.wait(|line| {
            on_line(line);
            if last_lines.len() == KEPT_LINES {
                last_lines.remove(0);
            }
            last_lines.push(line.to_owned());
        });
        let result = tokio::select! {
            biased;
            () = context.cancel.cancelled() => None,
            ended = futures_util::future::join(waiting, read()) => Some(ended),
        };
        match result {
            Some((Ok(status), read)) => Ok((Ended { status, last_lines }, read)),
            Some((Err(error), _)) => Err(self.lost(&error)),
            None => {
                child.end().await;
                let sessions = end_sessions(self.url, &self.application_name);
                // A server that cannot be reached ends them when it notices the closed connections.
                let _ = tokio::time::timeout(SESSIONS_LIMIT, sessions).await;
                Err(Error::Cancelled)
            }
        }
    }

    fn lost(&self, error: &std::io::Error) -> Error {
        Error::Program {
            program: self.name.into(),
            status: "its end could not be waited for".into(),
            messages: error.to_string(),
        }
    }

    fn command(&self) -> Command {
        let mut command = command(self.name);
        command.args(&self.arguments);
        command.env("PGAPPNAME", &self.application_name);
        set_connection(&mut command, self.url);
        if let Some(options) = session_settings::options(self.url) {
            let given = self.url.options().unwrap_or_default();
            command.env("PGOPTIONS", format!("{given} {options}"));
        }
        command
    }
}

/// The major version of a program, such as 15.
pub(crate) async fn major_version(name: &'static str) -> Result<(u32, String), Error> {
    let missing = |reason: String| Error::ProgramMissing { program: name.into(), reason };
    let output = command(name)
        .arg("--version")
        .stdout(Stdio::piped())
        .output()
        .await
        .map_err(|error| missing(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // `pg_dump (PostgreSQL) 15.18 (Debian …)`, `… 18beta1`
    let version = text.split(") ").nth(1).unwrap_or_default();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    match digits.parse() {
        Ok(major) => Ok((major, text)),
        Err(_) => Err(missing(format!(
            "{name} --version answered \"{text}\" ({}) {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

/// Ends the role's sessions whose name matches `application_name` (a LIKE pattern).
pub(crate) async fn end_sessions(url: &DatabaseUrl, application_name: &str) -> Result<u64, Error> {
    const END: &str = include_str!("../../sql/end_sessions.sql");
    let connection = Connection::open(url, "pg-replicate cleaning").await?;
    let action = "end the sessions of an interrupted pg_dump or pg_restore";
    let ended = connection
        .query(END, &[&application_name])
        .await
        .map_err(|error| connection.error(action, &error))?;
    Ok(ended.len() as u64)
}

/// Inherited variables that PostgreSQL's client programs need; the rest of the environment contains
/// secrets.
const HANDED_ON: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "OPENSSL_CONF",
];

/// A command with an environment of its own.
pub(crate) fn command(name: &str) -> Command {
    let mut command = match setpriv() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "TERM", "--", name]);
            command
        }
        None => Command::new(name),
    };
    command.env_clear();
    for name in HANDED_ON {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // Messages are parsed, so they must be in English.
    command.env("LC_ALL", "C");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// libpq variables in this process's environment may name another database.
pub(crate) fn without_libpq_variables(command: &mut Command) {
    for (variable, _) in std::env::vars_os() {
        let is_libpq = variable.to_str().is_some_and(|name| {
            name.starts_with("PG") && name.chars().all(|one| one.is_ascii_uppercase())
        });
        if is_libpq {
            command.env_remove(variable);
        }
    }
}

/// util-linux's setpriv ends the child process when this process is killed.
pub(crate) fn setpriv() -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join("setpriv"))
        .find(|path| path.is_file())
}

pub(crate) fn set_connection(command: &mut Command, url: &DatabaseUrl) {
    let servers = url.servers();
    let list = |one: fn(&Server) -> String| servers.iter().map(one).collect::<Vec<_>>().join(",");
    command
        .env("PGHOST", list(|server| server.host.clone()))
        .env("PGPORT", list(|server| server.port.to_string()))
        .env("PGUSER", url.user())
        .env("PGDATABASE", url.database())
        .env("PGSSLMODE", url.ssl_mode().as_str())
        .env("PGCONNECT_TIMEOUT", url.connect_timeout().as_secs().max(2).to_string())
        // Without a password, the program must fail instead of asking, and must not find one in a file. The
        // path does not exist: libpq would print a warning about /dev/null, but not about a missing file.
        .env("PGPASSFILE", "/dev/null/none")
        .envs(url.variables());
    if servers.iter().any(|server| server.address.is_some()) {
        let address =
            |server: &Server| server.address.map(|one| one.to_string()).unwrap_or_default();
        command.env("PGHOSTADDR", list(address));
    }
    if let Some(password) = url.password() {
        command.env("PGPASSWORD", password);
    }
    if let Some(options) = url.options() {
        command.env("PGOPTIONS", options);
    }
    if let Some(file) = tls::root_certificates(url) {
        command.env("PGSSLROOTCERT", file);
    }
}

/// A child process in a process group of its own.
pub(crate) struct Guarded {
    pub(crate) child: Child,
    group: Option<Pid>,
    /// Releases the thread that started the child process.
    _parent: oneshot::Sender<()>,
}

impl Guarded {
    /// The kernel's parent-death signal is sent when the *thread* that started the child process ends, so
    /// that thread must live as long as the child process, which a thread of the runtime may not.
    pub(crate) async fn spawn(
        name: &'static str,
        mut command: Command,
        stdout: Stdio,
    ) -> Result<Self, Error> {
        command.stdout(stdout).stderr(Stdio::piped()).process_group(0);
        let runtime = tokio::runtime::Handle::current();
        let (started, child) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let missing = |error: std::io::Error| Error::ProgramMissing {
            program: name.into(),
            reason: error.to_string(),
        };
        std::thread::Builder::new()
            .name(format!("parent of {name}"))
            .spawn(move || {
                let spawned = {
                    let _runtime = runtime.enter();
                    command.spawn()
                };
                if started.send(spawned).is_ok() {
                    // Returns an error when the other side is dropped, which is the signal.
                    let _ = released.blocking_recv();
                }
            })
            .map_err(missing)?;
        let child = match child.await {
            Ok(spawned) => spawned.map_err(missing)?,
            Err(_) => return Err(missing(std::io::Error::other("its thread ended"))),
        };
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Self { child, group, _parent: release })
    }

    async fn wait(&mut self, mut on_line: impl FnMut(&str)) -> std::io::Result<ExitStatus> {
        if let Some(stderr) = self.child.stderr.take() {
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            // A definition in an error can be long; at most this much of a line is kept in memory.
            const LONGEST: u64 = 64 * 1024;
            while (&mut stderr).take(LONGEST).read_until(b'\n', &mut line).await? > 0 {
                on_line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
                line.clear();
            }
        }
        self.child.wait().await
    }

    async fn end(&mut self) {
        self.signal(Signal::SIGTERM);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait().await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = killpg(group, signal);
        }
    }
}

impl Guarded {
    /// Whether any process of the group is left, including grandchildren.
    pub(crate) fn is_alive(&self) -> bool {
        self.group.is_some_and(|group| killpg(group, None).is_ok())
    }
}

/// If the step is dropped, no process is left behind: pg_restore's workers are in the group too.
impl Drop for Guarded {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            self.signal(Signal::SIGKILL);
        }
    }
}
