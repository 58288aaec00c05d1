//! Which entries of an archive are restored.

use std::collections::HashSet;

use super::failure_policy::FailurePolicy;
use super::object_catalog;
use super::settings::{ForeignKeys, FullCopy};
use crate::archive::{Archive, Entry, Filter, Reason, Selection};
use crate::postgres::catalog;
use crate::postgres::connection::Connection;
use crate::{Error, TableName};
use progress::Context;

/// What is restored from an archive.
pub(super) struct RestorePlan {
    pub(super) entries: Vec<Entry>,
    pub(super) left_out: Vec<(Entry, Reason)>,
    /// What the role cannot create, with the reason.
    pub(super) unable: Vec<(Entry, &'static str)>,
    /// Kept tables that do not exist on the target.
    missing: Vec<TableName>,
}

impl RestorePlan {
    /// Classifies the failures of these entries.
    pub(super) fn failure_policy(&self) -> FailurePolicy<'_> {
        let is_kept = |why: &Reason| matches!(why, Reason::Kept | Reason::RefersToKept);
        let kept = self.left_out.iter().filter(|(_, why)| is_kept(why));
        FailurePolicy::new(
            &self.entries,
            self.unable.iter().map(|(entry, _)| entry),
            kept.map(|(entry, _)| entry.id),
            self.missing.clone(),
        )
    }

    pub(super) fn log_left_out(&self) {
        for (entry, reason) in &self.left_out {
            if *reason == Reason::RefersToKept && entry.kind == "FK CONSTRAINT" {
                tracing::warn!(
                    object = %entry,
                    "{entry} is left out: it refers to a table that BACKUP_MODE keeps, whose rows may be older"
                );
                continue;
            }
            let reason = match reason {
                Reason::RefersToKept => "the object it belongs to is left out",
                Reason::Kept => "it belongs to a kept table",
                Reason::ForeignKey => "foreign keys are off",
                Reason::Present => "it is there",
            };
            tracing::debug!("{entry} is left out: {reason}");
        }
        for (entry, reason) in &self.unable {
            tracing::warn!(object = %entry, "{entry} is left out: {reason}");
        }
    }
}

pub(super) async fn plan(
    copy: &FullCopy,
    archive: &Archive,
    context: &Context,
) -> Result<RestorePlan, Error> {
    let connection = Connection::open_for(context, &copy.target, "pg-replicate").await?;
    connection
        .run(context, async {
            let kept = catalog::kept_tables(&connection, &copy.mode).await?;
            let survivors = object_catalog::closure(&connection, &catalog::oids(&kept)).await?;
            let mut names: HashSet<TableName> = copy.mode.kept().cloned().collect();
            names.extend(kept.iter().map(|table| table.name.clone()));
            let filter = Filter {
                kept: names,
                foreign_keys: copy.foreign_keys != ForeignKeys::Without,
                present: object_catalog::present(&connection, &survivors).await?,
            };
            let Selection { restored, left_out } = filter.apply(archive);
            let (entries, unable) = divide(&connection, restored).await?;
            let missing =
                copy.mode.kept().filter(|table| !kept.iter().any(|its| its.name == **table));
            Ok(RestorePlan { entries, left_out, unable, missing: missing.cloned().collect() })
        })
        .await
}

const NOT_OFFERED: &str =
    "the server does not offer it, or only to superusers; objects that need it will fail";

/// Why the role cannot create an extension, if it cannot.
pub(crate) async fn cannot_create(
    connection: &Connection,
    extension: &str,
) -> Result<Option<&'static str>, Error> {
    let unable = object_catalog::restore_rights(connection, &[extension.to_owned()]).await?;
    let object = format!("EXTENSION {extension}");
    Ok(unable.contains(&("create".into(), object)).then_some(NOT_OFFERED))
}

/// Removes changes of the platform's objects that an ordinary role cannot make.
async fn divide(
    connection: &Connection,
    entries: Vec<Entry>,
) -> Result<(Vec<Entry>, Vec<(Entry, &'static str)>), Error> {
    let extensions: Vec<String> = entries
        .iter()
        .filter(|entry| entry.kind == "EXTENSION")
        .map(|entry| entry.tag.clone())
        .collect();
    let unable = object_catalog::restore_rights(connection, &extensions).await?;
    let cannot = |what: &str, object: &str| unable.contains(&(what.into(), object.into()));
    let mut able = Vec::new();
    let mut left_out = Vec::new();
    for entry in entries {
        let tag = entry.tag.replace('"', "");
        let reason = match entry.kind.as_str() {
            "EXTENSION" if cannot("create", &format!("EXTENSION {}", entry.tag)) => {
                Some(NOT_OFFERED)
            }
            "COMMENT" if cannot("create", &tag) => Some("the object it belongs to does not exist"),
            "COMMENT" if cannot("comment", &tag) => {
                Some("only the owner may comment on an object that the platform made")
            }
            _ => None,
        };
        match reason {
            Some(reason) => left_out.push((entry, reason)),
            None => able.push(entry),
        }
    }
    Ok((able, left_out))
}
