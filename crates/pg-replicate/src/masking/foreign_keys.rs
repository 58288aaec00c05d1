//! Foreign keys that the rules would violate on the target, because referenced rows are filtered out or
//! compared values are replaced.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::Rules;
use crate::postgres::connection::Connection;
use crate::postgres::error_text;
use crate::postgres::identifier::quote_identifier;
use crate::{BackupMode, CopyRule, Error, TableName};

const FOREIGN_KEYS: &str = include_str!("../../sql/masking/foreign_keys.sql");

/// Time limit for a check of large tables; after that, it is left to the server, which checks the key
/// anyway.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '5min'; SAVEPOINT pg_replicate";

/// One side of a foreign key.
struct End {
    table: TableName,
    is_partitioned: bool,
    /// Names and types.
    columns: Vec<(String, String)>,
}

struct ForeignKey {
    name: String,
    from: End,
    to: End,
    operators: Vec<String>,
}

/// Problems by foreign key. The connection must not be in a transaction.
pub(super) async fn broken(
    source: &Connection,
    mode: &BackupMode,
    rules: &Rules,
) -> Result<Vec<String>, Error> {
    let rule = |table: &TableName| rules.get(table).or_else(|| mode.copy_rule(table));
    let is_kept = |table: &TableName| mode.is_kept(&table.schema, &table.name);
    let failed = |error: &tokio_postgres::Error| {
        source.error("look at the foreign keys of the tables with rules", error)
    };
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        rules.tables().map(|table| (table.schema.as_str(), table.name.as_str())).unzip();
    let rows =
        source.query(FOREIGN_KEYS, &[&schemas, &names]).await.map_err(|error| failed(&error))?;
    let changes = |end: &End| {
        rule(&end.table).is_some_and(|rule| end.columns.iter().any(|(name, _)| rule.masks(name)))
    };
    let keys = rows.iter().map(read).filter(|key| {
        // A kept table's key is dropped with the copied table; the rows of a table that is not updated are
        // unknown.
        let is_copied = !is_kept(&key.from.table)
            && (!is_kept(&key.to.table) || mode.updated().any(|(table, _)| *table == key.to.table));
        let loses_rows = rule(&key.to.table).is_some_and(|rule| rule.filter().is_some());
        is_copied && (loses_rows || changes(&key.from) || changes(&key.to))
    });
    let mut wrong = Vec::new();
    source.batch_execute(BEGIN).await.map_err(|error| failed(&error))?;
    for key in keys {
        let sql = key.query(rule(&key.from.table), rule(&key.to.table));
        match source.query_opt(&sql, &[]).await {
            Ok(None) => {}
            Ok(Some(row)) => {
                // A value masked on one side belongs to the same person on the other.
                let is_shown = !error_text::hides() && !changes(&key.from) && !changes(&key.to);
                let value = if is_shown { row.get(0) } else { error_text::HIDDEN.to_owned() };
                wrong.push(key.describe(&value));
            }
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                tracing::warn!(
                    foreign_key = key.name,
                    "Foreign key {} from {} to {} could not be checked in time: the copy fails if \
                     the rules violate it",
                    key.name,
                    key.from.table,
                    key.to.table
                );
                let back = "ROLLBACK TO SAVEPOINT pg_replicate";
                source.batch_execute(back).await.map_err(|error| failed(&error))?;
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    source.batch_execute("ROLLBACK").await.map_err(|error| failed(&error))?;
    Ok(wrong)
}

fn read(row: &Row) -> ForeignKey {
    let text = |column: &str| row.get::<_, String>(column);
    let texts = |column: &str| row.get::<_, Vec<String>>(column);
    let columns = |names: &str, types: &str| texts(names).into_iter().zip(texts(types)).collect();
    ForeignKey {
        name: text("name"),
        from: End {
            table: TableName::new(text("schema"), text("table")),
            is_partitioned: row.get("is_partitioned"),
            columns: columns("names", "types"),
        },
        to: End {
            table: TableName::new(text("referenced_schema"), text("referenced")),
            is_partitioned: row.get("is_referenced_partitioned"),
            columns: columns("referenced_names", "referenced_types"),
        },
        operators: texts("operators"),
    }
}

impl End {
    /// Its columns as copied: `key_0`, `key_1`, …
    fn copied(&self, rule: Option<&CopyRule>) -> String {
        let none = CopyRule::default();
        let rule = rule.unwrap_or(&none);
        let names = (0..self.columns.len()).map(|place| format!("key_{place}"));
        let filter = rule.filter().map(|filter| format!(" WHERE ({filter})"));
        // The aliases are outside, because inside they would hide the columns' names.
        format!(
            "(SELECT {} FROM {}{}) AS copied ({})",
            rule.select_list(&self.columns),
            self.table.own_rows(self.is_partitioned),
            filter.unwrap_or_default(),
            names.collect::<Vec<_>>().join(", ")
        )
    }
}

impl ForeignKey {
    /// A value that refers to no copied row.
    fn query(&self, from: Option<&CopyRule>, to: Option<&CopyRule>) -> String {
        let keys: Vec<String> =
            (0..self.operators.len()).map(|place| format!("key_{place}")).collect();
        let each = |part: &dyn Fn((&String, &String)) -> String, separator: &str| {
            keys.iter().zip(&self.operators).map(part).collect::<Vec<_>>().join(separator)
        };
        format!(
            "SELECT concat_ws(', ', {}) FROM (SELECT * FROM {}) AS here WHERE {} \
             AND NOT EXISTS (SELECT FROM (SELECT * FROM {}) AS there WHERE {}) LIMIT 1",
            keys.join(", "),
            self.from.copied(from),
            each(&|(key, _)| format!("here.{key} IS NOT NULL"), " AND "),
            self.to.copied(to),
            each(&|(key, operator)| format!("there.{key} {operator} here.{key}"), " AND "),
        )
    }

    fn describe(&self, value: &str) -> String {
        let columns: Vec<String> =
            self.from.columns.iter().map(|(name, _)| quote_identifier(name)).collect();
        format!(
            "BACKUP_MODE: with its rules, foreign key \"{}\" from table \"{}\" to \"{}\" does not hold: no row \
             that is copied has the value of ({}): {value}; give \"{}\" a \"where\" that leaves such rows out, \
             give both sides the same expression, or set RESTORE_FK_CONSTRAINTS to false",
            self.name,
            self.from.table,
            self.to.table,
            columns.join(", "),
            self.from.table
        )
    }
}
