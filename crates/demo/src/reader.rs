//! An analyst who reads the warehouse all through a nightly run, with a view and a grant of their own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, bail};
use pipeline::human::count;
use test_servers::PostgresServer;
use test_servers::sample::SampleTarget;

use crate::screen::Screen;

const ANALYST: &str =
    "CREATE ROLE analyst; GRANT analyst TO target_user; GRANT SELECT ON users TO analyst;
    CREATE SCHEMA reports AUTHORIZATION analyst; SET ROLE analyst;
    CREATE VIEW reports.totals AS SELECT count(*) AS users FROM users;";

const READ: &str = "SET ROLE analyst; SELECT users FROM reports.totals";

/// Reads until it is ended.
pub(crate) struct Reader {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Readings>,
}

#[derive(Default)]
struct Readings {
    reads: u64,
    failed: Vec<String>,
    /// Each answer that differs from the one before.
    answers: Vec<String>,
}

impl Reader {
    /// Creates the analyst and starts to read.
    pub(crate) fn start(server: &PostgresServer) -> anyhow::Result<Self> {
        server.psql(SampleTarget::DATABASE, ANALYST).context("create the analyst")?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (psql, url) =
            (server.bin_dir().join("psql"), server.superuser_url(SampleTarget::DATABASE));
        let for_thread = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || read_until(&for_thread, &psql, &url));
        Ok(Self { is_over, thread })
    }

    /// Stops reading and says what was read; a failed read fails the demo.
    pub(crate) fn end(self, screen: &mut Screen) -> anyhow::Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        let Ok(Readings { reads, failed, answers }) = self.thread.join() else {
            bail!("the reader failed");
        };
        if let Some(first) = failed.first() {
            bail!("{} of {reads} reads failed: {first}", failed.len());
        }
        screen.done(&format!(
            "An analyst queried the warehouse all the time, through a view and a grant of their own: {} reads, 0 failed reads, \
             rows {}",
            count(reads),
            answers.join(" → ")
        ));
        Ok(())
    }
}

fn read_until(is_over: &AtomicBool, psql: &PathBuf, url: &str) -> Readings {
    let mut readings = Readings::default();
    while !is_over.load(Ordering::Relaxed) {
        readings.reads += 1;
        let run = Command::new(psql)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", READ, url])
            .output();
        match run {
            Ok(output) if output.status.success() => {
                let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                if readings.answers.last() != Some(&answer) {
                    readings.answers.push(answer);
                }
            }
            Ok(output) => readings.failed.push(String::from_utf8_lossy(&output.stderr).into()),
            Err(error) => readings.failed.push(error.to_string()),
        }
    }
    readings
}
