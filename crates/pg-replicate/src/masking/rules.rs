//! Assignment of rules to tables of the source, including partitions.

use std::collections::BTreeMap;

use crate::postgres::connection::Connection;
use crate::{BackupMode, CopyRule, Error, TableMode, TableName};

const TABLES: &str = include_str!("../../sql/masking/tables.sql");

/// The rules of fully copied tables, by table and by partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    rules: BTreeMap<TableName, CopyRule>,
}

/// A relation, and the table of `BACKUP_MODE` whose entry applies to it.
struct Found {
    named: TableName,
    table: TableName,
    kind: String,
    extension: Option<String>,
}

impl Rules {
    /// Reads the tables' partitions, or returns what is wrong.
    pub(crate) async fn read(
        source: &Connection,
        mode: &BackupMode,
    ) -> Result<Result<Self, Vec<String>>, Error> {
        if mode.copy_rules().next().is_none() {
            return Ok(Ok(Self::default()));
        }
        let found = find(source, mode).await?;
        let mut rules = BTreeMap::new();
        let mut wrong = Vec::new();
        for (table, rule) in mode.copy_rules() {
            if rule.mode != TableMode::Full {
                continue;
            }
            for one in found.iter().filter(|one| one.named == *table) {
                rules.insert(one.table.clone(), rule.copy.clone());
                wrong.extend(no_table(one));
            }
            if !found.iter().any(|one| one.named == *table) {
                wrong.push(format!(
                    "BACKUP_MODE, table \"{table}\": the source has no table of this name; {}",
                    table.naming()
                ));
            }
        }
        wrong.extend(named_twice(mode, &found));
        Ok(if wrong.is_empty() { Ok(Self { rules }) } else { Err(wrong) })
    }

    /// The rule of this table; `None` if it is copied unchanged.
    pub(crate) fn get(&self, table: &TableName) -> Option<&CopyRule> {
        self.rules.get(table)
    }

    /// The tables and partitions that have rules.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.rules.keys()
    }
}

async fn find(source: &Connection, mode: &BackupMode) -> Result<Vec<Found>, Error> {
    let modes = [TableMode::Full, TableMode::Incremental, TableMode::Upsert, TableMode::None];
    let (schemas, names): (Vec<&str>, Vec<&str>) = modes
        .into_iter()
        .flat_map(|one| mode.tables(one))
        .map(|table| (table.schema.as_str(), table.name.as_str()))
        .unzip();
    let rows = source.query(TABLES, &[&schemas, &names]).await.map_err(|error| {
        source.error("look for the tables of BACKUP_MODE and their partitions", &error)
    })?;
    let text = |row: &tokio_postgres::Row, column: &str| row.get::<_, String>(column);
    Ok(rows
        .iter()
        .map(|row| Found {
            named: TableName::new(text(row, "named_schema"), text(row, "named")),
            table: TableName::new(text(row, "schema"), text(row, "name")),
            kind: text(row, "kind"),
            extension: row.get("extension"),
        })
        .collect())
}

/// Why rules cannot apply to a relation.
fn no_table(found: &Found) -> Option<String> {
    if let Some(extension) = &found.extension {
        return Some(format!(
            "BACKUP_MODE, table \"{}\": it belongs to the extension {extension}, whose rows are copied as they \
             are; take it out of BACKUP_MODE",
            found.table
        ));
    }
    let kind = match found.kind.as_str() {
        "v" | "m" => "a view, which the target computes from its tables; give these the rules",
        "f" if found.named == found.table => {
            "a foreign table, whose rows are not copied; take it out of BACKUP_MODE"
        }
        _ => return None,
    };
    Some(format!("BACKUP_MODE, table \"{}\": on the source it is {kind}", found.named))
}

/// Partitions to which two entries apply, one of them with rules.
fn named_twice(mode: &BackupMode, found: &[Found]) -> Vec<String> {
    let has_rule = |one: &Found| mode.copy_rule(&one.named).is_some();
    found
        .iter()
        .enumerate()
        .flat_map(|(place, one)| found[..place].iter().map(move |other| (one, other)))
        .filter(|(one, other)| one.table == other.table && (has_rule(one) || has_rule(other)))
        .map(|(one, other)| {
            format!(
                "BACKUP_MODE: \"{}\" and \"{}\" both hold for partition \"{}\", and one has rules for its \
                 copy; name the partitioned table, or its partitions, not both",
                other.named, one.named, one.table
            )
        })
        .collect()
}
