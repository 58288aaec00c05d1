//! The connections of one worker.

use super::snapshot::Snapshot;
use crate::connection::Connection;
use crate::target_settings::TargetSettings;
use crate::{Context, DatabaseUrl, Error};

/// A reader in the snapshot and a writer.
pub(super) struct Slot {
    pub(super) source: Connection,
    pub(super) target: Connection,
    parallel: Option<usize>,
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
                .batch_execute(&format!("{}{}", snapshot.encoding(), settings.sql()))
                .await
                .map_err(|error| target.error("set up the session", &error))
        };
        target.run(context, set).await?;
        Ok(Self { source, target, parallel: None })
    }

    /// How many processes of the server may help with an index.
    pub(super) async fn set_parallel(&mut self, helpers: usize) -> Result<(), Error> {
        if self.parallel == Some(helpers) {
            return Ok(());
        }
        let sql = format!("SET max_parallel_maintenance_workers = {helpers}");
        self.target
            .batch_execute(&sql)
            .await
            .map_err(|error| self.target.error("set up the session", &error))?;
        self.parallel = Some(helpers);
        Ok(())
    }
}
