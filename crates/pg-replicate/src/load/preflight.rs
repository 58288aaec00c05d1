//! Preflight of a load: what the sources will load, checked before anything is changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::load::catalog::{Catalog, Names};
use crate::psql_script::{Name, Rows, Script, ScriptError, SqlKind, Variables};
use crate::{Check, TableName};

/// The first and last time that a table gets rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// A TRUNCATE in a script.
#[derive(Clone, Debug)]
pub(super) struct Emptied {
    pub(super) place: String,
    pub(super) tables: Vec<u32>,
    pub(super) is_cascade: bool,
}

/// What the sources will load, in order.
pub(super) struct Preflight<'a> {
    pub(super) catalog: &'a Catalog,
    /// Tables that must stay unchanged, including those below them.
    pub(super) excluded: BTreeSet<u32>,
    /// Whether columns that only the target has take their default.
    allows_new_columns: bool,
    /// The tables that get rows.
    pub(super) loaded: BTreeMap<u32, Span>,
    pub(super) emptied: Vec<Emptied>,
    pub(super) problems: Vec<Check>,
    said: HashSet<String>,
    position: u64,
}

impl<'a> Preflight<'a> {
    pub(super) fn new(catalog: &'a Catalog, allows_new_columns: bool) -> Self {
        Self {
            catalog,
            excluded: BTreeSet::new(),
            allows_new_columns,
            loaded: BTreeMap::new(),
            emptied: Vec::new(),
            problems: Vec::new(),
            said: HashSet::new(),
            position: 0,
        }
    }

    /// Excludes a table and those below it.
    pub(super) fn exclude(&mut self, name: &TableName) {
        match self.catalog.oid(name) {
            Some(oid) => self.excluded.extend(self.catalog.with_descendants(oid)),
            None => self.problem(
                "--exclude-table",
                format!("the target has no table {name}; {}", name.naming()),
            ),
        }
    }

    /// Whether columns that only the target has take their default.
    pub(super) fn allows_new_columns(&self) -> bool {
        self.allows_new_columns
    }

    /// Records a problem that prevents the load, once.
    pub(super) fn problem(&mut self, subject: &str, wrong: String) {
        if self.said.insert(wrong.clone()) {
            self.problems.push(Check::bad(subject, wrong));
        }
    }

    /// Records that a table gets rows.
    pub(super) fn load(&mut self, table: u32) {
        self.position += 1;
        let now = self.position;
        self.loaded
            .entry(table)
            .and_modify(|span| span.last = now)
            .or_insert(Span { first: now, last: now });
    }

    /// Reads a script to its end.
    pub(super) async fn script<R: tokio::io::AsyncBufRead + Unpin>(
        &mut self,
        file: &str,
        input: R,
        variables: Variables,
    ) -> Result<Variables, ScriptError> {
        let mut script = Script::new(input, variables, self.catalog.strings);
        let mut names = Names::new(self.catalog);
        while let Some(item) = script.next().await? {
            let place = format!("{file}, line {}", item.line);
            let sql = match item.sql {
                Ok(sql) => sql,
                Err(reason) => {
                    self.problem(&place, reason);
                    continue;
                }
            };
            match SqlKind::of(&sql, item.strings) {
                SqlKind::Copy(rows) => {
                    self.rows(&place, &names, &rows, true);
                    script.skip_rows().await?;
                }
                SqlKind::Insert(rows) => self.rows(&place, &names, &rows, false),
                SqlKind::Truncate(truncate) => {
                    let mut tables = Vec::new();
                    for name in &truncate.tables {
                        match names.table(name) {
                            Some(oid) if self.excluded.contains(&oid) => {}
                            Some(oid) => tables.push(oid),
                            None => self.unknown(&place, name),
                        }
                    }
                    let is_cascade = truncate.is_cascade;
                    self.emptied.push(Emptied { place, tables, is_cascade });
                }
                SqlKind::SearchPath(path) => names.set_path(path),
                SqlKind::Refused(reason) => self.problem(&place, reason),
                SqlKind::Change(_)
                | SqlKind::Sequence(_)
                | SqlKind::LeftOut(_)
                | SqlKind::Other => {}
            }
        }
        Ok(script.into_variables())
    }

    /// Rows for a table, which must exist with the same columns.
    pub(super) fn rows(&mut self, place: &str, names: &Names<'_>, rows: &Rows, is_copy: bool) {
        let Some(oid) = names.table(&rows.table) else {
            self.unknown(place, &rows.table);
            return;
        };
        if self.excluded.contains(&oid) {
            return;
        }
        if let (Some(listed), Some(table)) = (&rows.columns, self.catalog.tables.get(&oid)) {
            let missing =
                if is_copy && !self.allows_new_columns { table.columns.as_slice() } else { &[] };
            let mut differences: Vec<String> = listed
                .iter()
                .filter(|name| !table.columns.contains(name))
                .map(|name| format!("\"{name}\" is only in the source"))
                .collect();
            differences.extend(
                missing
                    .iter()
                    .filter(|name| !listed.contains(name))
                    .map(|name| format!("\"{name}\" is only on the target")),
            );
            if !differences.is_empty() {
                let name = table.name.clone();
                self.differences(place, &name, &differences.join(", "));
            }
        }
        self.load(oid);
    }

    /// The columns of a table differ.
    pub(super) fn differences(&mut self, place: &str, table: &TableName, differences: &str) {
        self.problem(place, format!("columns of {table}: {differences}"));
    }

    fn unknown(&mut self, place: &str, name: &Name) {
        self.problem(place, format!("the target has no table {}: run the application's migrations first, or leave the table out with --exclude-table", name.join(".")));
    }
}
