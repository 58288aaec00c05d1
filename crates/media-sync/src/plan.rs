//! Comparison of both listings: decides what has to be done.

use std::fmt;
use std::path::Path;

use futures_util::{Stream, TryStreamExt};

use crate::error::{Error, Which};
use crate::listing::Found;
use crate::spool::{Entry, Spool};

/// Reason for copying an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The target has no object with this key.
    New,
    /// Their sizes differ.
    Size,
    /// The source's modification time is not earlier than the target's.
    Time,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::New => "new",
            Self::Size => "another size",
            Self::Time => "changed since",
        })
    }
}

/// An action on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is copied from the source.
    Copy {
        /// Below the prefix.
        key: String,
        /// The size on the source.
        bytes: u64,
        /// The reason.
        reason: Reason,
    },
    /// It is deleted from the target.
    Delete {
        /// Below the prefix.
        key: String,
        /// The size on the target.
        bytes: u64,
    },
}

/// Totals of all actions.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) copies: Spool,
    pub(crate) deletions: Spool,
    pub(crate) source_objects: u64,
    pub(crate) target_objects: u64,
}

/// A listing, and its name in errors.
pub(crate) struct Listed<'a, S> {
    pub(crate) which: Which,
    pub(crate) place: &'a str,
    pub(crate) objects: S,
}

impl<S: Stream<Item = object_store::Result<Found>> + Unpin> Listed<'_, S> {
    async fn next(&mut self) -> Result<Option<Found>, Error> {
        self.objects.try_next().await.map_err(|error| Error::List {
            which: self.which,
            place: self.place.into(),
            reason: object_stores::reason(&error),
            is_unreachable: object_stores::is_unreachable(&error),
        })
    }
}

/// Reads both listings; calls `on_action` for each action.
pub(crate) async fn make<S, T>(
    mut source: Listed<'_, S>,
    mut target: Listed<'_, T>,
    deletes: bool,
    directory: &Path,
    mut on_action: impl FnMut(&Action),
    mut on_object: impl FnMut(),
) -> Result<Plan, Error>
where
    S: Stream<Item = object_store::Result<Found>> + Unpin,
    T: Stream<Item = object_store::Result<Found>> + Unpin,
{
    let (mut copies, mut deletions) = (Spool::new(directory)?, Spool::new(directory)?);
    let (mut source_objects, mut target_objects) = (0, 0);
    let (mut wanted, mut there) = (source.next().await?, target.next().await?);
    loop {
        let order = match (&wanted, &there) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(wanted), Some(there)) => wanted.key.cmp(&there.key),
        };
        on_object();
        let of_source = if order.is_le() { wanted.take() } else { None };
        let of_target = if order.is_ge() { there.take() } else { None };
        if of_source.is_some() {
            source_objects += 1;
            wanted = source.next().await?;
        }
        if of_target.is_some() {
            target_objects += 1;
            there = target.next().await?;
        }
        match (of_source, of_target) {
            (Some(found), old) => {
                if let Some(reason) = why_copied(&found, old.as_ref()) {
                    let Found { key, size, .. } = found;
                    on_action(&Action::Copy { key: key.clone(), bytes: size, reason });
                    copies.push(&Entry { key, size })?;
                }
            }
            (None, Some(Found { key, size, .. })) if deletes => {
                on_action(&Action::Delete { key: key.clone(), bytes: size });
                deletions.push(&Entry { key, size })?;
            }
            _ => {}
        }
    }
    Ok(Plan { copies, deletions, source_objects, target_objects })
}

/// As in `aws s3 sync`, except for equal times: stores record times in seconds, and the source may have
/// been modified within the second of the copy.
fn why_copied(source: &Found, target: Option<&Found>) -> Option<Reason> {
    let Some(target) = target else { return Some(Reason::New) };
    if source.size != target.size {
        Some(Reason::Size)
    } else if source.modified >= target.modified {
        Some(Reason::Time)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use futures_util::stream;

    use super::*;

    fn found(key: &str, size: u64, minute: i64) -> Found {
        let modified = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        Found { key: key.into(), size, modified }
    }

    fn listed(
        which: Which,
        objects: Vec<Found>,
    ) -> Listed<'static, impl Stream<Item = object_store::Result<Found>> + Unpin> {
        Listed { which, place: "s3://b", objects: stream::iter(objects.into_iter().map(Ok)) }
    }

    async fn actions(source: Vec<Found>, target: Vec<Found>, deletes: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let plan = make(
            listed(Which::Source, source),
            listed(Which::Target, target),
            deletes,
            &std::env::temp_dir(),
            |action| {
                lines.push(match action {
                    Action::Copy { key, reason, .. } => format!("copy {key} ({reason})"),
                    Action::Delete { key, .. } => format!("delete {key}"),
                });
            },
            || {},
        )
        .await
        .unwrap();
        let kept = plan.copies.objects + plan.deletions.objects;
        assert_eq!(kept, lines.len() as u64);
        let read = plan.copies.read().unwrap().chain(plan.deletions.read().unwrap());
        assert_eq!(read.map(Result::unwrap).count(), lines.len());
        lines
    }

    #[tokio::test]
    async fn what_is_new_changed_or_gone() {
        let source = vec![
            found("a", 1, 10),
            found("b", 1, 10),
            found("c", 2, 10),
            found("d\n\"é", 1, 10),
            found("e", 1, 10),
            found("g", 0, 10),
        ];
        let target = vec![
            found("0", 7, 99),
            found("a", 1, 11),
            found("b", 1, 9),
            found("c", 1, 11),
            found("e", 1, 10),
            found("f", 1, 1),
            found("z", 1, 1),
        ];
        let copies = [
            "copy b (changed since)",
            "copy c (another size)",
            "copy d\n\"é (new)",
            "copy e (changed since)",
            "copy g (new)",
        ];
        assert_eq!(actions(source.clone(), target.clone(), false).await, copies);
        let all = actions(source, target, true).await;
        let deletions: Vec<_> = all.iter().filter(|line| line.starts_with("delete")).collect();
        assert_eq!(deletions, ["delete 0", "delete f", "delete z"]);
        assert_eq!(all.len(), copies.len() + 3);
    }

    #[tokio::test]
    async fn nothing_on_either_side() {
        assert!(actions(vec![], vec![], true).await.is_empty());
        assert_eq!(actions(vec![], vec![found("a", 1, 1)], true).await, ["delete a"]);
        assert_eq!(actions(vec![found("a", 1, 1)], vec![], true).await, ["copy a (new)"]);
    }
}
