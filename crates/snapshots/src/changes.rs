//! Differences between two states of a database.

use std::cmp::Ordering;
use std::fmt;

use crate::manifest::TableState;

/// Maximum number of tables in one line.
const SHOWN: usize = 10;

/// The differences between the watched tables and those of the newest snapshot, one sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes(Vec<String>);

impl Changes {
    /// Both must be sorted.
    pub(crate) fn between(before: &[TableState], now: &[TableState]) -> Self {
        let key = |table: &TableState| (table.schema.clone(), table.name.clone());
        let mut changes = Vec::new();
        let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
        loop {
            let order = match (before.peek(), now.peek()) {
                (Some(one), Some(other)) => key(one).cmp(&key(other)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Self(changes),
            };
            match order {
                Ordering::Less => {
                    changes.extend(before.next().map(|gone| format!("{} was removed", name(gone))));
                }
                Ordering::Greater => {
                    changes.extend(now.next().map(|new| format!("{} is new", name(new))));
                }
                Ordering::Equal => {
                    let pair = before.next().zip(now.next());
                    changes.extend(pair.and_then(|(before, now)| difference(before, now)));
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_words(self) -> Vec<String> {
        self.0
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0[..self.0.len().min(SHOWN)].join(", "))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(formatter, " and {more} more"),
        }
    }
}

fn difference(before: &TableState, now: &TableState) -> Option<String> {
    let name = name(now);
    if before.rows != now.rows {
        Some(format!("{name} has {} rows, {} before", now.rows, before.rows))
    } else if before.hash != now.hash {
        Some(format!("{name} has changed rows"))
    } else if before.definition != now.definition {
        Some(format!("{name} has a different definition"))
    } else {
        None
    }
}

fn name(table: &TableState) -> String {
    pg_replicate::TableName::new(&*table.schema, &*table.name).to_string()
}

#[cfg(test)]
mod tests {
    use pg_replicate::fingerprint::ContentHash;

    use super::*;

    fn table(name: &str, rows: u64, hash: u64, definition: &str) -> TableState {
        let (schema, name) = name.split_once('.').unwrap_or(("public", name));
        TableState {
            schema: schema.into(),
            name: name.into(),
            rows,
            hash: ContentHash(hash),
            definition: definition.into(),
        }
    }

    #[test]
    fn each_difference_in_words() {
        let before = [
            table("a", 1, 7, "d"),
            table("b", 1, 7, "d"),
            table("c", 1, 7, "d"),
            table("e", 1, 7, "d"),
            table("stats.a", 1, 7, "d"),
        ];
        let now = [
            table("a", 2, 8, "d"),
            table("b", 1, 8, "d"),
            table("c", 1, 7, "other"),
            table("d", 0, 0, "d"),
            table("e", 1, 7, "d"),
        ];
        let changes = Changes::between(&before, &now);
        assert_eq!(
            changes.to_string(),
            "a has 2 rows, 1 before, b has changed rows, c has a different definition, d is new, stats.a was removed"
        );
        assert!(Changes::between(&before, &before).is_empty());
        assert!(Changes::between(&[], &[]).is_empty());
        let many: Vec<TableState> =
            (10..30).map(|number| table(&format!("t{number}"), 0, 0, "")).collect();
        assert!(Changes::between(&[], &many).to_string().ends_with("t19 is new and 10 more"));
    }
}
