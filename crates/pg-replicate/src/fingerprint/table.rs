//! Tables with content, and how to read them.

use super::row_hash::{Encoding, Form, row_hash};
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;
use crate::{CopyRule, Error, TableName};

const TABLES: &str = include_str!("../../sql/content_tables.sql");

/// A table, with the rows and columns that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: TableName,
    /// For a partition, the partitioned table; otherwise the table itself.
    pub(crate) root: TableName,
    /// The estimated amount of data to read.
    pub(crate) bytes: u64,
    /// Columns that store data, sorted by name.
    pub(crate) columns: Vec<Column>,
    /// Whether a policy may hide rows from the role: then reading the table is an error.
    pub(crate) is_row_secured: bool,
    /// `WHERE …` or empty: for an extension's table, the rows that the extension provides for its users.
    condition: String,
    encoding: Encoding,
    /// The rule for its rows and columns, if there is one.
    rule: Option<CopyRule>,
}

/// A column that stores data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// As written by `format_type`.
    sql_type: String,
    form: Form,
}

/// The tables with content, except those of `without` (oids), largest first.
pub(crate) async fn tables(connection: &Connection, without: &[u32]) -> Result<Vec<Table>, Error> {
    let rows = connection
        .query(TABLES, &[&without])
        .await
        .map_err(|error| connection.error("list the tables", &error))?;
    Ok(rows
        .iter()
        .map(|row| {
            let (names, types, forms): (Vec<String>, Vec<String>, Vec<String>) =
                (row.get("names"), row.get("types"), row.get("forms"));
            let column = |((name, sql_type), form): ((String, String), String)| Column {
                name,
                sql_type,
                form: Form::parse(&form),
            };
            Table {
                name: TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
                root: TableName::new(
                    row.get::<_, String>("root_schema"),
                    row.get::<_, String>("root_name"),
                ),
                bytes: row.get::<_, i64>("bytes").unsigned_abs(),
                columns: names.into_iter().zip(types).zip(forms).map(column).collect(),
                is_row_secured: row.get("is_row_secured"),
                condition: row.get("condition"),
                encoding: Encoding::parse(row.get("encoding")),
                rule: None,
            }
        })
        .collect())
}

impl Table {
    /// The same table as copied with this rule.
    pub(crate) fn copied_by(self, rule: Option<CopyRule>) -> Self {
        Self { rule, ..self }
    }

    /// The names of the columns of `other` that this one lacks.
    pub(crate) fn lacks(&self, other: &Self) -> Vec<String> {
        let is_missing =
            |wanted: &&Column| self.columns.iter().all(|column| column.name != wanted.name);
        other.columns.iter().filter(is_missing).map(|column| column.name.clone()).collect()
    }

    /// The same table with only the columns of `other`.
    pub(crate) fn with_columns_of(mut self, other: &Self) -> Self {
        self.columns.retain(|column| other.columns.iter().any(|one| one.name == column.name));
        self
    }

    /// Counts the rows and optionally sums their hashes.
    ///
    /// A sum, because with an exclusive or, two equal rows would cancel each other. The sum of `int8`
    /// values is a `numeric`, which cannot overflow, and parallel workers can compute parts of it. ONLY,
    /// because rows of inheriting tables belong to these.
    pub(super) fn sql(&self, with_hash: bool) -> String {
        let hash = if with_hash {
            let columns = self.columns.iter().map(|column| (column.name.as_str(), column.form));
            format!("coalesce(pg_catalog.sum({}), 0)", row_hash(columns, self.encoding))
        } else {
            "0".to_owned()
        };
        format!("SELECT pg_catalog.count(*), ({hash})::text FROM {}", self.rows())
    }

    /// The text after FROM.
    fn rows(&self) -> String {
        let table = format!("ONLY {} {}", self.name.quoted(), self.condition);
        let Some(rule) = &self.rule else { return table };
        let columns: Vec<(String, String)> =
            self.columns.iter().map(|one| (one.name.clone(), one.sql_type.clone())).collect();
        let table = if self.condition.is_empty() {
            table
        } else {
            format!("(SELECT * FROM {table}) AS {}", quote_identifier(&self.name.name))
        };
        let filter = rule.filter().map(|filter| format!("WHERE ({filter})")).unwrap_or_default();
        format!("(SELECT {} FROM {table} {filter}) AS copied", rule.select_list(&columns))
    }
}
