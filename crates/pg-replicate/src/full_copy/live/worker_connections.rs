//! Connections of one worker.

use crate::postgres::connection::Connection;
use crate::postgres::exported_snapshot::ExportedSnapshot;
use crate::postgres::target_settings::{Sorted, TargetSettings};
use crate::{DatabaseUrl, Error};
use progress::Context;

const SESSION: &str = include_str!("../../../sql/live/target_session.sql");

/// Prefix of sessions that the next run ends, in case this one's machine dies.
pub(super) const TARGET_APPLICATION: &str = "pg-replicate restore live";

/// The settings of [`SESSION`] are made for the checks of foreign keys.
const FOR_ANY_QUERY: &str = "RESET enable_hashjoin; RESET random_page_cost; RESET jit";

/// A reader in the snapshot, if rows are read, and a writer.
pub(super) struct WorkerConnections {
    source: Option<Connection>,
    pub(super) target: Connection,
    settings: TargetSettings,
    /// The settings made last for an item.
    last_set: String,
}

impl WorkerConnections {
    pub(super) async fn open(
        snapshot: Option<&ExportedSnapshot>,
        target: &DatabaseUrl,
        settings: &TargetSettings,
        context: &Context,
    ) -> Result<Self, Error> {
        let source = match snapshot {
            Some(snapshot) => Some(snapshot.reader(context).await?),
            None => None,
        };
        let encoding = snapshot.map_or("", ExportedSnapshot::encoding);
        let target = Connection::open_for(context, target, TARGET_APPLICATION).await?;
        let set = async {
            target
                .batch_execute(&format!("{encoding}{}{SESSION}", settings.sql()))
                .await
                .map_err(|error| target.error("set up the session", &error))
        };
        target.run(context, set).await?;
        Ok(Self { source, target, settings: settings.clone(), last_set: String::new() })
    }

    /// The reader.
    pub(super) fn source(&self) -> Result<&Connection, Error> {
        self.source.as_ref().ok_or_else(|| {
            let reason = "rows are to be read without a snapshot: this is a fault of the program";
            Error::Configuration(reason.into())
        })
    }

    /// Before a query of any kind.
    pub(super) async fn prepare_query(&mut self) -> Result<(), Error> {
        self.set(FOR_ANY_QUERY.to_owned()).await
    }

    /// Before statements that change no rows. For an index, `helpers` is the number of parallel server
    /// processes, and `sorted` the number of rows that a B-tree sorts.
    pub(super) async fn prepare(
        &mut self,
        helpers: usize,
        sorted: Option<u64>,
    ) -> Result<(), Error> {
        let memory = self.settings.memory_sql(sorted.map(|rows| Sorted { rows, helpers }));
        self.set(format!("{memory}; SET max_parallel_maintenance_workers = {helpers}")).await
    }

    async fn set(&mut self, sql: String) -> Result<(), Error> {
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
