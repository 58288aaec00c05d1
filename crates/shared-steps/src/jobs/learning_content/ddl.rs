//! DDL statements with the names of tables and columns.

use super::tables::{Column, ID, Table};

/// A schema, and the names of a table in it before and after the swap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ddl<'a> {
    pub(super) schema: &'a str,
    pub(super) table: &'a Table,
}

impl<'a> Ddl<'a> {
    /// The final name.
    pub(super) fn qualified(self) -> String {
        qualified(self.schema, &self.table.name)
    }

    fn loading(self) -> String {
        qualified(self.schema, &loading_name(&self.table.name))
    }

    /// The new table next to the one in use, without keys, which are created when it is full.
    pub(super) fn create(self) -> String {
        let columns = self.table.columns.iter().map(|column| {
            let not_null = if column.not_null { " NOT NULL" } else { "" };
            format!(", {} {}{not_null}", identifier(&column.name), column.sql_type)
        });
        format!(
            "CREATE TABLE {} ({} text{})",
            self.loading(),
            identifier(ID),
            columns.collect::<String>()
        )
    }

    pub(super) fn copy(self) -> String {
        let columns: Vec<_> = [ID]
            .into_iter()
            .chain(self.table.columns.iter().map(|column| column.name.as_str()))
            .map(identifier)
            .collect();
        format!("COPY {} ({}) FROM STDIN", self.loading(), columns.join(", "))
    }

    /// An id that several rows have.
    pub(super) fn duplicate(self) -> String {
        let (id, table) = (identifier(ID), self.loading());
        format!("SELECT {id} FROM {table} GROUP BY {id} HAVING count(*) > 1 ORDER BY {id} LIMIT 1")
    }

    /// The primary key and the indexes, with temporary names.
    pub(super) fn index(self) -> String {
        let mut statements = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY ({});",
            self.loading(),
            identifier(&loading_index_name(&self.table.name, "pkey")),
            identifier(ID)
        );
        for column in self.indexed() {
            statements += &format!(
                "\nCREATE INDEX {} ON {} ({});",
                identifier(&loading_index_name(&self.table.name, &column.name)),
                self.loading(),
                identifier(&column.name)
            );
        }
        statements
    }

    /// Gives the new table, its key and its indexes their final names.
    pub(super) fn rename(self) -> String {
        let name = &self.table.name;
        let mut statements = format!(
            "ALTER TABLE {} RENAME CONSTRAINT {} TO {};\nALTER TABLE {} RENAME TO {};",
            self.loading(),
            identifier(&loading_index_name(name, "pkey")),
            identifier(&format!("{name}_pkey")),
            self.loading(),
            identifier(name)
        );
        for column in self.indexed() {
            statements += &format!(
                "\nALTER INDEX {} RENAME TO {};",
                qualified(self.schema, &loading_index_name(name, &column.name)),
                identifier(&format!("{name}_{}_idx", column.name))
            );
        }
        statements
    }

    fn indexed(self) -> impl Iterator<Item = &'a Column> {
        self.table.columns.iter().filter(|column| column.indexed)
    }
}

/// Drops the tables that are replaced.
pub(super) fn drop(tables: &[String]) -> String {
    format!("DROP TABLE {} CASCADE", tables.join(", "))
}

/// How many of the values given as `$1` fit `sql_type`; the server's error if one does not.
pub(super) fn cast(sql_type: &str) -> String {
    format!("SELECT count(value::{sql_type}) FROM unnest($1::text[]) AS given (value)")
}

fn loading_name(table: &str) -> String {
    format!("{table}__loading")
}

pub(super) fn loading_index_name(table: &str, column: &str) -> String {
    format!("{table}__loading_{column}")
}

pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// A quoted identifier.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
