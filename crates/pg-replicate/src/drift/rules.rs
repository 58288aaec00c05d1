//! Rules of `BACKUP_MODE` that the source's tables do not fit any more.

use super::report::{Change, ChangeKind, TouchedRule};
use crate::masking;
use crate::postgres::columns::columns;
use crate::postgres::connection::Connection;
use crate::{BackupMode, Error, TableMode, TableName, TableRule};

/// The rules that break, and those of columns that have changed.
pub(super) async fn touched(
    source: &Connection,
    mode: &BackupMode,
    changes: &[Change],
) -> Result<Vec<TouchedRule>, Error> {
    let mut touched = Vec::new();
    let full = mode.copy_rules().filter(|(_, rule)| rule.mode == TableMode::Full);
    for (table, rule) in full.chain(mode.updated()) {
        let broken = broken(source, mode, table, rule).await?;
        touched.extend(broken.into_iter().map(|reason| of(table, reason, true)));
        for change in changes.iter().filter(|one| one.table == *table) {
            let (Some(column), ChangeKind::Changed) = (&change.column, change.change) else {
                continue;
            };
            if rule.copy.masks(column) {
                let reason = format!("BACKUP_MODE, table \"{table}\", \"columns\": {change}");
                touched.push(of(table, reason, false));
            }
        }
    }
    Ok(touched)
}

fn of(table: &TableName, reason: String, breaks: bool) -> TouchedRule {
    TouchedRule { table: table.clone(), reason, breaks }
}

/// Why the rule of a table cannot be applied to the source's columns.
async fn broken(
    source: &Connection,
    mode: &BackupMode,
    table: &TableName,
    rule: &TableRule,
) -> Result<Vec<String>, Error> {
    let columns = columns(source, table).await?;
    if columns.is_empty() {
        return Ok(vec![format!(
            "BACKUP_MODE, table \"{table}\": the source has no table of this name, or it has no columns; {}",
            table.naming()
        )]);
    }
    let mut wrong = if rule.copy.is_empty() {
        Vec::new()
    } else {
        masking::unfit(table, &rule.copy, &columns, mode.masking())
    };
    let keys = rule.key.iter().map(|name| ("key", name));
    for (key, name) in keys.chain(rule.cursor.iter().map(|name| ("cursor", name))) {
        if columns.iter().all(|column| column.name != *name) {
            wrong.push(format!(
                "BACKUP_MODE, table \"{table}\", \"{key}\": the source's table has no column \"{name}\""
            ));
        }
    }
    Ok(wrong)
}
