//! Ranges of keys that differ between the two sides.
//!
//! For each range, both servers count their keys and add up their hashes; only these numbers are
//! transferred. Memory grows neither with the table nor with the differences, which are processed range by
//! range.

use super::key::{Key, KeyValue};
use super::table_plan::TablePlan;
use crate::Error;
use crate::postgres::connection::Connection;

/// Number of the source's keys in a range.
const SIZE: i64 = 10_000;

/// Keys ordered by their bytes usually have no index, so every range needs a scan of the whole table. There
/// are therefore at most about this many.
const RANGES_BY_BYTES: i64 = 64;

/// Types whose order is the same on every server; text is ordered by its bytes.
const COMPARED: [&str; 21] = [
    "int2",
    "int4",
    "int8",
    "oid",
    "numeric",
    "float4",
    "float8",
    "bool",
    "uuid",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "bytea",
    "text",
    "varchar",
    "bpchar",
    "name",
    "inet",
    "macaddr",
];

/// Whether keys of this type can be compared in ranges.
pub(super) fn is_compared(base_type: &str) -> bool {
    COMPARED.contains(&base_type)
}

/// The keys after one and up to another, inclusive; without one, from the first or to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    after: Option<KeyValue>,
    up_to: Option<KeyValue>,
}

impl Range {
    /// As a condition for either side.
    pub(super) fn condition(&self, key: &Key) -> String {
        let after = self.after.as_ref().map(|value| key.compare(">", value));
        let up_to = self.up_to.as_ref().map(|value| key.compare("<=", value));
        let parts: Vec<String> =
            [Some(key.is_there()), after, up_to].into_iter().flatten().collect();
        parts.join(" AND ")
    }
}

/// Walks over the keys of a table on both sides, in order.
pub(super) struct Ranges<'a> {
    source: &'a Connection,
    target: &'a Connection,
    plan: &'a TablePlan,
    size: i64,
    /// The range that remains.
    rest: Option<Range>,
}

impl<'a> Ranges<'a> {
    /// All keys up to `up_to`.
    pub(super) async fn new(
        source: &'a Connection,
        target: &'a Connection,
        plan: &'a TablePlan,
        up_to: Option<KeyValue>,
    ) -> Result<Self, Error> {
        let mut size = SIZE;
        if plan.key.0.iter().any(|column| column.by_bytes) {
            // Counted, because there is no estimate for a table that was never analyzed.
            let sql = format!(
                "SELECT count(*) FROM {} WHERE {}",
                plan.on_source,
                plan.let_through("true")
            );
            let row = source.query_one(&sql, &[]).await.map_err(|error| {
                source.error(format!("count the rows of {} on the source", plan.table), &error)
            })?;
            size = size.max(row.get::<_, i64>(0) / RANGES_BY_BYTES + 1);
        }
        Ok(Self { source, target, plan, size, rest: Some(Range { after: None, up_to }) })
    }

    /// The next range that differs.
    pub(super) async fn next_different(&mut self) -> Result<Option<Range>, Error> {
        while let Some(rest) = self.rest.take() {
            let (on_source, last) = self.next_on_source(&rest).await?;
            let range = match last {
                Some(last) if on_source.0 == self.size => {
                    let up_to = rest.up_to;
                    self.rest = Some(Range { after: Some(last.clone()), up_to });
                    Range { after: rest.after, up_to: Some(last) }
                }
                // The source has no more keys: everything that remains.
                _ => rest,
            };
            if self.on_target(&range).await? != on_source {
                return Ok(Some(range));
            }
        }
        Ok(None)
    }

    /// Count and hash of the first keys of `rest`, and the last of these.
    async fn next_on_source(
        &self,
        rest: &Range,
    ) -> Result<((i64, String), Option<KeyValue>), Error> {
        let (key, table) = (&self.plan.key, &self.plan.table);
        let sql = format!(
            "WITH range AS MATERIALIZED (SELECT {names} FROM {from} WHERE {condition} ORDER BY {order} LIMIT {size}) \
             SELECT {texts}, (SELECT count(*) FROM range) AS count, \
             (SELECT sum({hash})::text FROM range) AS hash FROM range ORDER BY {backwards} LIMIT 1",
            names = key.names(),
            from = self.plan.on_source,
            condition = self.plan.let_through(&rest.condition(key)),
            order = key.order("ASC"),
            size = self.size,
            texts = key.texts(),
            hash = key.hash(),
            backwards = key.order("DESC"),
        );
        let row = self.source.query_opt(&sql, &[]).await.map_err(|error| {
            self.source.error(format!("compare the keys of {table} on the source"), &error)
        })?;
        let Some(row) = row else { return Ok(((0, "0".to_owned()), None)) };
        let last = (0..key.0.len()).map(|number| row.get(number)).collect();
        Ok(((row.get("count"), row.get("hash")), Some(last)))
    }

    async fn on_target(&self, range: &Range) -> Result<(i64, String), Error> {
        let (key, table) = (&self.plan.key, &self.plan.table);
        let sql = format!(
            "SELECT count(*), coalesce(sum({}), 0)::text FROM {} WHERE {}",
            key.hash(),
            self.plan.on_target,
            range.condition(key)
        );
        let row = self.target.query_one(&sql, &[]).await.map_err(|error| {
            self.target.error(format!("compare the keys of {table} on the target"), &error)
        })?;
        Ok((row.get(0), row.get(1)))
    }
}
