//! Order of tables: referenced tables come first.

use std::fmt;

use crate::postgres::connection::Connection;
use crate::{Error, TableName};

const OUTGOING: &str = include_str!("../../sql/outgoing_foreign_keys.sql");

/// A foreign key of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ForeignKey {
    pub(super) name: String,
    pub(super) table: TableName,
    pub(super) referenced: TableName,
}

/// Why it may make a COPY fail, and what to do.
impl fmt::Display for ForeignKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "foreign key {} from {} to {}: the copy fails when a new row refers to one that is not \
             on the target, for {} does not get its new rows before; drop the key if so",
            self.name, self.table, self.referenced, self.referenced
        )
    }
}

/// The tables and their foreign keys.
#[derive(Debug)]
pub(super) struct Order {
    /// An order that satisfies the keys.
    pub(super) tables: Vec<TableName>,
    pub(super) keys: Vec<ForeignKey>,
    /// The keys that may still be violated.
    pub(super) risky: Vec<ForeignKey>,
}

impl Order {
    /// For each table, the positions of those that must be complete before it.
    pub(super) fn needs(&self) -> Vec<Vec<usize>> {
        let place = |table: &TableName| self.tables.iter().position(|other| other == table);
        let needs = self.tables.iter().enumerate().map(|(number, table)| {
            self.keys
                .iter()
                .filter(|key| key.table == *table)
                .filter_map(|key| place(&key.referenced))
                .filter(|referenced| *referenced < number)
                .collect()
        });
        needs.collect()
    }
}

/// Reads the foreign keys of the tables.
pub(super) async fn order(target: &Connection, tables: &[TableName]) -> Result<Order, Error> {
    let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let rows = target
        .query(OUTGOING, &[&schemas, &names])
        .await
        .map_err(|error| target.error("read the foreign keys of the incremental tables", &error))?;
    let text = |row: &tokio_postgres::Row, column: &str| row.get::<_, String>(column);
    let keys: Vec<ForeignKey> = rows
        .iter()
        .map(|row| ForeignKey {
            name: text(row, "name"),
            table: TableName::new(text(row, "schema"), text(row, "table")),
            referenced: TableName::new(text(row, "referenced_schema"), text(row, "referenced")),
        })
        .collect();
    let (tables, risky) = sort(tables, &keys);
    Ok(Order { tables, keys, risky })
}

fn sort(tables: &[TableName], keys: &[ForeignKey]) -> (Vec<TableName>, Vec<ForeignKey>) {
    let mut left: Vec<&TableName> = tables.iter().collect();
    let mut sorted: Vec<TableName> = Vec::new();
    while !left.is_empty() {
        // In a circle, none is free: takes the first.
        let free = left
            .iter()
            .position(|table| {
                keys.iter()
                    .filter(|key| key.table == **table)
                    .all(|key| key.referenced == **table || !left.contains(&&key.referenced))
            })
            .unwrap_or(0);
        sorted.push(left.remove(free).clone());
    }
    let place = |table: &TableName| sorted.iter().position(|other| other == table);
    let risky = keys
        .iter()
        .filter(|key| match (place(&key.referenced), place(&key.table)) {
            (Some(referenced), Some(table)) => referenced > table,
            _ => true,
        })
        .cloned()
        .collect();
    (sorted, risky)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> TableName {
        TableName::new("public", name)
    }

    fn key(from: &str, to: &str) -> ForeignKey {
        ForeignKey { name: format!("{from}_{to}"), table: table(from), referenced: table(to) }
    }

    #[test]
    fn referenced_tables_come_first() {
        let tables = [table("a"), table("b"), table("c")];
        let (sorted, risky) = sort(&tables, &[key("a", "b"), key("b", "c"), key("c", "c")]);
        assert_eq!(sorted, [table("c"), table("b"), table("a")]);
        assert!(risky.is_empty());
    }

    #[test]
    fn a_table_waits_for_those_it_refers_to() {
        let tables = vec![table("c"), table("b"), table("a")];
        let keys = vec![key("a", "b"), key("b", "c"), key("c", "c"), key("c", "a")];
        let order = Order { tables, keys, risky: Vec::new() };
        // Not for itself, nor in a circle.
        assert_eq!(order.needs(), [vec![], vec![0], vec![1]]);
    }

    #[test]
    fn keys_that_no_order_satisfies_are_reported() {
        let tables = [table("a"), table("b")];
        let (sorted, risky) = sort(&tables, &[key("a", "b"), key("b", "a"), key("a", "users")]);
        assert_eq!(sorted.len(), 2);
        assert_eq!(risky, [key("a", "b"), key("a", "users")]);
        assert!(risky[1].to_string().contains("a_users from a to users"));
    }
}
