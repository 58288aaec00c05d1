//! The worker of the demo: starting it, showing its log, stopping it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use test_servers::wait_for;

use crate::programs::Programs;
use crate::screen::{LogLevel, Screen};

/// A little more than the 30 s that a PaaS allows between SIGTERM and SIGKILL, to distinguish the two.
const STOP_LIMIT: Duration = Duration::from_secs(35);

/// A running worker; killed when dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    lines: Receiver<String>,
}

impl Worker {
    /// Starts the worker; its log goes to `log` and, line by line, to [`Worker::forward`].
    pub(crate) fn start(
        programs: &Programs,
        extra: &[(&str, &str)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut child = programs
            .command("worker", extra)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start the worker")?;
        let (sender, lines) = channel();
        let open = || File::options().create(true).append(true).open(log);
        let file = open().with_context(|| format!("open {}", log.display()))?;
        let second = file.try_clone().context("share the log")?;
        pump(child.stdout.take().context("stdout is piped")?, file, sender.clone());
        pump(child.stderr.take().context("stderr is piped")?, second, sender);
        Ok(Self { child, lines })
    }

    /// Shows the log lines written since the last call.
    pub(crate) fn forward(&self, screen: &mut Screen) {
        while let Ok(line) = self.lines.try_recv() {
            show(&line, screen);
        }
    }

    /// The exit status, if the worker has ended.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("check whether the worker runs")
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(&mut self, screen: &mut Screen) -> anyhow::Result<ExitStatus> {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        kill(pid, Signal::SIGTERM).context("send SIGTERM to the worker")?;
        let mut status = None;
        let has_ended = wait_for(STOP_LIMIT, || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        });
        self.forward(screen);
        match status {
            Some(status) if has_ended => Ok(status),
            _ => bail!("the worker did not end within {} s of SIGTERM", STOP_LIMIT.as_secs()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies each line to the log file and the channel, on a thread that ends with the stream.
fn pump(stream: impl Read + Send + 'static, mut file: File, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = writeln!(file, "{line}");
            let _ = lines.send(line);
        }
    });
}

/// Shows a bunyan line as time, level and message, and anything else (a panic's message) as an error.
fn show(line: &str, screen: &mut Screen) {
    let parsed = serde_json::from_str::<Value>(line).ok();
    let Some((event, message)) =
        parsed.as_ref().and_then(|event| Some((event, event["msg"].as_str()?)))
    else {
        screen.log("        ", LogLevel::Error, line);
        return;
    };
    // Shown by the tables after the run.
    let is_phase = event["phase"].is_string() && event["seconds"].is_number();
    let is_shown_later =
        is_phase || event["item"].is_number() || message.starts_with("Slowest objects");
    // Useful in production, but in the demo these lines would look like faults.
    let is_misleading = message.starts_with("No active jobs to be marked")
        || message.starts_with("The next ")
        || message.ends_with("does not exist");
    if is_shown_later || is_misleading {
        return;
    }
    let level = match event["level"].as_u64() {
        Some(..=29) => return,
        Some(40..=49) => LogLevel::Warning,
        Some(50..) => LogLevel::Error,
        _ => LogLevel::Info,
    };
    // 2021-01-08T08:26:13.000Z
    let time = event["time"].as_str().and_then(|time| time.get(11..19)).unwrap_or("        ");
    screen.log(time, level, message);
}
