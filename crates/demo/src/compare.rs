//! Comparison of source and target.

use std::collections::BTreeMap;

use anyhow::Context;
use pipeline::human::count;
use test_servers::PostgresServer;

/// The row count of each table in `public`, and a checksum of its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content(BTreeMap<String, (u64, String)>);

impl Content {
    pub(crate) fn of(server: &PostgresServer, database: &str) -> anyhow::Result<Self> {
        let tables = server.psql(
            database,
            "SELECT format('SELECT %L, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM %I.%I t',
                           tablename, schemaname, tablename)
             FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
        )?;
        let query = tables.lines().collect::<Vec<_>>().join(" UNION ALL ");
        if query.is_empty() {
            return Ok(Self::default());
        }
        let mut content = BTreeMap::new();
        for line in server.psql(database, &query)?.lines() {
            let mut fields = line.rsplitn(3, '|');
            let checksum = fields.next().context("a checksum")?.to_owned();
            let rows = fields.next().context("a row count")?.parse()?;
            content.insert(fields.next().context("a table")?.to_owned(), (rows, checksum));
        }
        Ok(Self(content))
    }

    pub(crate) fn tables(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.0.values().map(|(rows, _)| rows).sum()
    }

    pub(crate) fn rows_of(&self, table: &str) -> Option<u64> {
        self.0.get(table).map(|(rows, _)| *rows)
    }

    /// One row for each table of this source (table, rows here, rows in `target`, result), and whether
    /// all are equal.
    pub(crate) fn compared_with(&self, target: &Self) -> (Vec<Vec<String>>, bool) {
        let mut all_equal = true;
        let rows = self.0.iter().map(|(table, (rows, checksum))| {
            let found = target.0.get(table);
            let result = match found {
                None => "MISSING",
                Some((other, _)) if other != rows => "ROWS DIFFER",
                Some((_, other)) if other != checksum => "VALUES DIFFER",
                Some(_) => "equal",
            };
            all_equal &= result == "equal";
            let target_rows = found.map_or_else(|| "-".to_owned(), |(rows, _)| count(*rows));
            vec![table.clone(), count(*rows), target_rows, result.to_owned()]
        });
        (rows.collect(), all_equal)
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    fn content(tables: &[(&str, u64, &str)]) -> Content {
        Content(tables.iter().map(|(t, rows, sum)| ((*t).into(), (*rows, (*sum).into()))).collect())
    }

    #[test]
    fn equal_means_every_table_every_row() {
        let source = content(&[("a", 1, "x"), ("b", 2, "y")]);
        assert!(source.compared_with(&source.clone()).1);
        let more = content(&[("a", 1, "x"), ("b", 2, "y"), ("c", 9, "z")]);
        assert!(source.compared_with(&more).1, "the target may hold more tables");
    }

    #[test]
    fn a_difference_is_named() {
        let source = content(&[("a", 1, "x"), ("b", 2, "y"), ("c", 3, "z")]);
        let (rows, equal) = source.compared_with(&content(&[("a", 2, "x"), ("b", 2, "other")]));
        assert!(!equal);
        let results: Vec<_> = rows.iter().map(|row| row[3].as_str()).collect();
        assert_eq!(results, ["ROWS DIFFER", "VALUES DIFFER", "MISSING"]);
    }
}
