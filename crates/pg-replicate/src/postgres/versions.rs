//! Supported server versions.

use crate::postgres::connection::Connection;
use crate::{Check, Error, Side};

/// The oldest tested version whose catalogs the program's SQL fully supports.
pub(crate) const OLDEST: u32 = 13;

/// The newest tested version.
pub(crate) const NEWEST: u32 = 18;

pub(crate) const SUBJECT: &str = "versions";

/// Why a server is refused: the program's SQL would fail half-way, or lose what it does not know.
pub(crate) fn too_old(side: Side, major: u32, version: &str) -> Option<String> {
    (major < OLDEST).then(|| {
        format!(
            "the {side} is PostgreSQL {version}, but must be PostgreSQL {OLDEST} or newer; upgrade the {side}"
        )
    })
}

/// Whether a dump of version `source` can be restored into `target`.
pub(crate) fn pair(source: u32, source_version: &str, target: u32, target_version: &str) -> Check {
    if target < source {
        return Check::bad(
            SUBJECT,
            format!(
                "the target is PostgreSQL {target_version}, older than what is restored ({source_version}): upgrade the target to {source} or newer"
            ),
        );
    }
    let found = format!("PostgreSQL {source} into {target}");
    if target <= NEWEST {
        return Check::good(SUBJECT, found);
    }
    tracing::warn!("PostgreSQL {target} is newer than the newest that is tested, {NEWEST}");
    Check::good(SUBJECT, format!("{found}; not tested with versions newer than {NEWEST}"))
}

/// Asks a server for its version, and refuses one that is too old.
pub(crate) async fn refuse_old(connection: &Connection, side: Side) -> Result<(), Error> {
    const SQL: &str = "SELECT pg_catalog.current_setting('server_version'), \
        pg_catalog.current_setting('server_version_num')::int / 10000";
    let row = connection
        .query_one(SQL, &[])
        .await
        .map_err(|error| connection.error("read the server's version", &error))?;
    match too_old(side, row.get::<_, i32>(1).unsigned_abs(), row.get(0)) {
        Some(wrong) => Err(Error::Configuration(wrong)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_and_older() {
        assert_eq!(too_old(Side::Source, 13, "13.0"), None);
        let wrong = too_old(Side::Target, 12, "12.22 (Debian)").expect("refused");
        assert!(wrong.contains(
            "the target is PostgreSQL 12.22 (Debian), but must be PostgreSQL 13 or newer"
        ));
    }

    #[test]
    fn equal_newer_and_older_targets() {
        assert_eq!(pair(13, "13.1", 13, "13.0").outcome, Ok("PostgreSQL 13 into 13".into()));
        assert_eq!(pair(13, "13.1", 18, "18.0").outcome, Ok("PostgreSQL 13 into 18".into()));
        let wrong = pair(16, "16.4", 15, "15.9").outcome.expect_err("refused");
        assert!(
            wrong.contains("is PostgreSQL 15.9, older than what is restored (16.4)"),
            "{wrong}"
        );
        assert!(wrong.contains("upgrade the target to 16 or newer"), "{wrong}");
    }

    #[test]
    fn newer_than_tested_is_said_and_not_refused() {
        let found = pair(18, "18.4", 19, "19beta1").outcome.expect("allowed");
        assert_eq!(found, "PostgreSQL 18 into 19; not tested with versions newer than 18");
    }
}
