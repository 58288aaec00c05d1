//! The project's own programs, started as an operator would.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

/// Variables of the demo's own environment that the programs inherit.
const KEPT: &[&str] = &["HOME", "LANG", "TERM", "TMPDIR", "NO_COLOR", "RUST_BACKTRACE", "RUST_LOG"];

/// The programs, and the environment they run in.
#[derive(Debug)]
pub(crate) struct Programs {
    directory: PathBuf,
    path: OsString,
    environment: Vec<(&'static str, String)>,
}

impl Programs {
    /// The programs in the same directory as this one. `postgres_bin` comes first on their PATH, because
    /// `pg_dump` must be as new as the server.
    pub(crate) fn next_to_this(
        postgres_bin: &Path,
        environment: Vec<(&'static str, String)>,
    ) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("find this program")?;
        let directory = own.parent().context("find this program's directory")?.to_owned();
        for program in ["worker", "restart", "queue-cli", "run"] {
            if !directory.join(program).is_file() {
                bail!(
                    "{program} was not found in {}: run cargo build --workspace --bins",
                    directory.display()
                );
            }
        }
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let directories =
            std::iter::once(postgres_bin.to_owned()).chain(std::env::split_paths(&inherited));
        let path = std::env::join_paths(directories).context("put PATH together")?;
        Ok(Self { directory, path, environment })
    }

    /// The directory of the programs.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A command for `program` with only the demo's environment.
    pub(crate) fn command(&self, program: &str, extra: &[(&str, &str)]) -> Command {
        let mut command = Command::new("setpriv");
        // If the demo is killed, its worker ends too.
        command.args(["--pdeathsig", "TERM", "--"]).arg(self.directory.join(program)).env_clear();
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("PATH", &self.path)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(extra.iter().copied())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program, and returns its stdout if it succeeds.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        self.run_with(program, &[], arguments)
    }

    /// Like [`Programs::run`], with `extra` in its environment.
    pub(crate) fn run_with(
        &self,
        program: &str,
        extra: &[(&str, &str)],
        arguments: &[&str],
    ) -> anyhow::Result<String> {
        let output = self.output(program, extra, arguments)?;
        if !output.status.success() {
            bail!(
                "{program} {} ended with {}:\n{}{}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a program, and returns its output whether it succeeds or not.
    pub(crate) fn output(
        &self,
        program: &str,
        extra: &[(&str, &str)],
        arguments: &[&str],
    ) -> anyhow::Result<Output> {
        self.command(program, extra)
            .args(arguments)
            .output()
            .with_context(|| format!("run {program}"))
    }
}
