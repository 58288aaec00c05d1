//! The connections of one worker.

use super::snapshot::Snapshot;
use crate::connection::Connection;
use crate::target_settings::{Sorted, TargetSettings};
use crate::{Context, DatabaseUrl, Error};

const SESSION: &str = include_str!("../../../sql/live/target_session.sql");

/// A reader in the snapshot and a writer.
pub(super) struct Slot {
    pub(super) source: Connection,
    pub(super) target: Connection,
    settings: TargetSettings,
    /// What was set last for an item.
    last_set: String,
}

impl Slot {
    pub(super) async fn open(
        snapshot: &Snapshot,
        target: &DatabaseUrl,
        settings: &TargetSettings,
        context: &Context,
    ) -> Result<Self, Error> {
        let source = snapshot.reader(context).await?;
        let target = Connection::open_for(context, target, super::TARGET_APPLICATION).await?;
        let set = async {
            target
                .batch_execute(&format!("{}{}{SESSION}", snapshot.encoding(), settings.sql()))
                .await
                .map_err(|error| target.error("set up the session", &error))
        };
        target.run(context, set).await?;
        Ok(Self { source, target, settings: settings.clone(), last_set: String::new() })
    }

    /// Before statements that change no rows: for an index, `helpers` are the processes of the server that may help, and
    /// `sorted` the rows that a B-tree sorts.
    pub(super) async fn prepare(
        &mut self,
        helpers: usize,
        sorted: Option<u64>,
    ) -> Result<(), Error> {
        let memory = self.settings.memory_sql(sorted.map(|rows| Sorted { rows, helpers }));
        let sql = format!("{memory}; SET max_parallel_maintenance_workers = {helpers}");
        if self.last_set == sql {
            return Ok(());
        }
        self.target
            .batch_execute(&sql)
            .await
            .map_err(|error| self.target.error("set up the session", &error))?;
        self.last_set = sql;
        Ok(())
    }
}
