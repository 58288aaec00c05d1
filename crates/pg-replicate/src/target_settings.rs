//! What sessions that write and build indexes set for themselves.

use crate::Error;
use crate::connection::Connection;

const SETTINGS: &str = include_str!("../sql/target_settings.sql");

/// Memory for one index: more than this gained nothing (docs/copy-speed.md).
const MOST_MEMORY: u64 = 256 << 20;

/// What is set in every session of the target; any role may set it.
#[derive(Clone, Debug)]
pub(crate) struct TargetSettings {
    sql: String,
}

impl TargetSettings {
    /// Looks at what the target's server offers.
    pub(crate) async fn of(target: &Connection, jobs: usize) -> Result<Self, Error> {
        let row = target
            .query_one(SETTINGS, &[])
            .await
            .map_err(|error| target.error("look at the target's settings", &error))?;
        let bytes = |column| row.get::<_, i64>(column).unsigned_abs();
        let memory = maintenance_memory(bytes("maintenance_bytes"), bytes("shared_bytes"), jobs);
        // A copy that is lost with the server is begun anew: no commit has to wait for the disk.
        let mut sql = format!(
            "SET synchronous_commit = off; SET maintenance_work_mem = '{}kB'",
            memory / 1024
        );
        if row.get("lz4") {
            sql.push_str("; SET default_toast_compression = 'lz4'");
        }
        Ok(Self { sql })
    }

    /// The statements that set it.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }
}

/// Memory that each of `jobs` sessions may use for an index, in bytes: an eighth of the machine's for
/// all, by the custom that shared_buffers is a quarter of it; never less than the server gives anyway.
fn maintenance_memory(default: u64, shared: u64, jobs: usize) -> u64 {
    (shared / 2 / jobs.max(1) as u64).clamp(default, MOST_MEMORY.max(default))
}

#[cfg(test)]
mod tests {
    use super::maintenance_memory;

    #[test]
    fn a_small_server_keeps_its_memory() {
        const MB: u64 = 1 << 20;
        assert_eq!(maintenance_memory(64 * MB, 128 * MB, 2), 64 * MB);
        assert_eq!(maintenance_memory(64 * MB, 512 * MB, 2), 128 * MB);
        assert_eq!(maintenance_memory(64 * MB, 16_384 * MB, 4), 256 * MB);
        assert_eq!(maintenance_memory(1024 * MB, 16_384 * MB, 4), 1024 * MB);
        assert_eq!(maintenance_memory(64 * MB, 128 * MB, 0), 64 * MB);
    }
}
