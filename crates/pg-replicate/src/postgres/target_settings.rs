//! Settings of sessions that write rows and build indexes.

use crate::Error;
use crate::postgres::connection::Connection;

const SETTINGS: &str = include_str!("../../sql/target_settings.sql");

/// Compresses large values with the faster method in this session.
pub(crate) const COMPRESS_BY_LZ4: &str = include_str!("../../sql/compress_by_lz4.sql");

/// Maximum memory for one index: more gained nothing (docs/live-copy.md).
const MOST_MEMORY: u64 = 256 << 20;

/// Minimum memory for a sort: less gained nothing.
const LEAST_SORT_MEMORY: u64 = 16 << 20;

/// The server's approximate memory for each sorted row, and for each merged run.
const SORTED_ROW: u64 = 64;
const RUN: u64 = 33 * 8192;

/// Memory for each additional process: with less, the server starts none.
const HELPER_MEMORY: u64 = 32 << 20;

/// Settings of every session of the target; any role may make them.
#[derive(Clone, Debug)]
pub(crate) struct TargetSettings {
    /// For one index, in bytes.
    memory: u64,
}

impl TargetSettings {
    /// Determines the capabilities of the target's server.
    pub(crate) async fn of(target: &Connection, jobs: usize) -> Result<Self, Error> {
        let row = target
            .query_one(SETTINGS, &[])
            .await
            .map_err(|error| target.error("look at the target's settings", &error))?;
        let bytes = |column| row.get::<_, i64>(column).unsigned_abs();
        let memory = maintenance_memory(bytes("maintenance_bytes"), bytes("shared_bytes"), jobs);
        Ok(Self { memory })
    }

    /// The statements that make the settings.
    pub(crate) fn sql(&self) -> String {
        // If the server crashes, the copy starts again anyway: commits need not wait for the disk.
        format!("SET synchronous_commit = off; {}; {COMPRESS_BY_LZ4}", set_memory(self.memory))
    }

    /// The statement that sets the memory for the next item; `sorted` for a B-tree index: its rows, and the
    /// number of additional processes.
    pub(crate) fn memory_sql(&self, sorted: Option<Sorted>) -> String {
        set_memory(sorted.map_or(self.memory, |sorted| sorted.memory().min(self.memory)))
    }
}

fn set_memory(bytes: u64) -> String {
    format!("SET maintenance_work_mem = '{}kB'", bytes / 1024)
}

/// Rows that are sorted for a B-tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sorted {
    pub(crate) rows: u64,
    /// Number of additional processes.
    pub(crate) helpers: usize,
}

impl Sorted {
    /// Memory that sorts in runs short enough for the processor's cache, which is faster than sorting all
    /// rows at once, and that can merge twice the resulting number of runs in one pass.
    fn memory(self) -> u64 {
        let runs_fit = 2 * self.rows.saturating_mul(SORTED_ROW * RUN).isqrt();
        let helped = match self.helpers as u64 {
            0 => 0,
            helpers => HELPER_MEMORY * (helpers + 1),
        };
        runs_fit.max(helped).max(LEAST_SORT_MEMORY)
    }
}

/// Memory that each of `jobs` sessions may use for an index, in bytes: together an eighth of the machine's
/// memory, of which shared_buffers is assumed to be a quarter; at least the server's own setting.
fn maintenance_memory(default: u64, shared: u64, jobs: usize) -> u64 {
    (shared / 2 / jobs.max(1) as u64).clamp(default, MOST_MEMORY.max(default))
}

#[cfg(test)]
mod tests {
    use super::{Sorted, TargetSettings, maintenance_memory};

    #[test]
    fn a_small_server_keeps_its_memory() {
        const MB: u64 = 1 << 20;
        assert_eq!(maintenance_memory(64 * MB, 128 * MB, 2), 64 * MB);
        assert_eq!(maintenance_memory(64 * MB, 512 * MB, 2), 128 * MB);
        assert_eq!(maintenance_memory(64 * MB, 16_384 * MB, 4), 256 * MB);
        assert_eq!(maintenance_memory(1024 * MB, 16_384 * MB, 4), 1024 * MB);
        assert_eq!(maintenance_memory(64 * MB, 128 * MB, 0), 64 * MB);
    }
    #[test]
    fn a_sort_takes_little_memory() {
        let settings = TargetSettings { memory: 256 << 20 };
        let sql = |rows, helpers| settings.memory_sql(Some(Sorted { rows, helpers }));
        let megabytes = |number: u64| format!("SET maintenance_work_mem = '{}kB'", number * 1024);
        assert_eq!(settings.memory_sql(None), megabytes(256));
        assert_eq!(sql(1000, 0), megabytes(16));
        assert_eq!(sql(1000, 1), megabytes(64), "or nobody helps");
        assert_eq!(sql(u64::MAX, 0), megabytes(256), "never more than there is for one index");
        let memory = Sorted { rows: 100_000_000, helpers: 0 }.memory();
        assert!((64 << 20..128 << 20).contains(&memory), "{memory}");
        let small = TargetSettings { memory: 8 << 20 };
        assert_eq!(small.memory_sql(Some(Sorted { rows: 1, helpers: 3 })), megabytes(8));
    }
}
