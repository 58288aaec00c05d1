//! Running of measured programs.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Maximum number of output lines shown when a program fails.
const SHOWN: usize = 40;

/// Runs `command`; its output goes to `log`.
pub(crate) fn run(mut command: Command, log: &Path) -> Result<()> {
    let file = File::create(log).with_context(|| format!("create {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        let output = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = output.lines().collect();
        let last = &lines[lines.len().saturating_sub(SHOWN)..];
        bail!("{command:?} ended with {status}:\n{}", last.join("\n"));
    }
    Ok(())
}
