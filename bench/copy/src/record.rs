//! Measurements, and the file that stores them.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::contestant::Contestant;
use crate::usage::Usage;

/// One measurement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) scale: f64,
    pub(crate) contestant: Contestant,
    #[serde(flatten)]
    pub(crate) usage: Usage,
    /// The duration of each part, in seconds.
    pub(crate) parts: Vec<(String, f64)>,
}

impl Record {
    /// Whether it was measured at this scale.
    pub(crate) fn is_of(&self, scale: f64) -> bool {
        (self.scale - scale).abs() < f64::EPSILON
    }
}

/// Appends a measurement to the file, as one line of JSON.
pub(crate) fn append(path: &Path, record: &Record) -> Result<()> {
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("open {}", path.display()))?;
    writeln!(file, "{}", serde_json::to_string(record)?)?;
    Ok(())
}

/// The measurements in the file; none if it does not exist.
pub(crate) fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} holds something else than measurements", path.display()))
}
