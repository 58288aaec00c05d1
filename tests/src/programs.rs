//! The real programs, with a configuration of their own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::{LIMIT, Production};

/// The programs of this workspace, and the environment they are started with.
#[derive(Debug)]
pub struct Programs {
    directory: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a program left that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// A program that runs; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Programs {
    /// A configuration for a night from source to target of `production`.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    #[must_use]
    pub fn new(production: &Production, redis_url: &str) -> Self {
        Self::between(production.source_url(), production.target_url(), redis_url)
    }

    /// A configuration for a night from one database to another.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    #[must_use]
    pub fn between(source_url: String, target_url: String, redis_url: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let dumps = directory.path().join("dumps");
        std::fs::create_dir(&dumps).expect("a directory");
        let environment = [
            ("NODE_ENV", "test".to_owned()),
            ("REDIS_URL", redis_url.to_owned()),
            ("SOURCE_DATABASE_URL", source_url),
            ("DATABASE_URL", target_url.clone()),
            ("TARGET_DATABASE_URL", target_url),
            ("BACKUP_DIRECTORY", dumps.display().to_string()),
            // Far from any test: nothing starts by itself.
            ("SCHEDULE", "0 0 29 2 *".to_owned()),
            ("MAX_RETRY_COUNT", "1".to_owned()),
            ("EXPONENTIAL_RETRY_DELAY", "10".to_owned()),
        ];
        let environment =
            environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { directory, environment }
    }

    /// Sets a variable for the programs started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Unsets a variable for the programs started from now on.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.environment.remove(name);
        self
    }

    /// Where the programs run.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where dumps are written.
    #[must_use]
    pub fn dumps(&self) -> PathBuf {
        self.directory.path().join("dumps")
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable(program));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, program: &str, arguments: &[&str]) -> Finished {
        let output = self.command(program, arguments).output().expect("the program starts");
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a program to its end; its standard input is `text`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run_fed(&self, program: &str, arguments: &[&str], text: &str) -> Finished {
        // Through a pipe, as in a shell: a file could be read twice.
        let mut child = self
            .command(program, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("a pipe");
        let text = text.to_owned();
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = child.wait_with_output().expect("the program ends");
        let _ = writer.join();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts a program that goes on; its stdout and stderr go to a file.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(&self, program: &str, arguments: &[&str]) -> Program {
        let log = self.directory.path().join(format!("{program}-{}.log", unique()));
        let file = File::create(&log).expect("a log file");
        let child = self
            .command(program, arguments)
            .stdout(file.try_clone().expect("a log file"))
            .stderr(file)
            .spawn()
            .expect("the program starts");
        Program { child, log }
    }
}

impl Program {
    /// What it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The messages of its log lines, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.log()
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|record| Some(record.get("msg")?.as_str()?.to_owned()))
            .collect()
    }

    /// Waits until its log contains `text`.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn wait_for_log(&mut self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            let ended = self.child.try_wait().expect("a child").is_some();
            assert!(
                !ended && start.elapsed() < LIMIT,
                "no \"{text}\" in the log{}:\n{}",
                if ended { " of the ended program" } else { "" },
                self.log()
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the program runs");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        let ended = test_servers::wait_for(LIMIT, || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        assert!(ended, "the program does not end:\n{}", self.log());
        status.expect("it has ended")
    }

    /// Ends it as a crash would, and waits.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program of this workspace: they are in the directory above that of the test's own executable.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn executable(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the test's path");
    let directory = own.parent().and_then(Path::parent).expect("target/<profile>/deps");
    let program = directory.join(name);
    assert!(
        program.is_file(),
        "{} is not built: run `cargo build --workspace --bins`, or ./scripts/test",
        program.display()
    );
    program
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
