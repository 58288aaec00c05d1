//! The answer taken apart: tables, items. An item is parsed when its turn comes, so that only the
//! text of the answer stays in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::Error;
use super::api::Answer;
use super::tables::Table;
use crate::http::{excerpt, kind};

/// The items of one table, not yet parsed.
pub(super) type Items<'a> = Vec<&'a RawValue>;

/// The items of each of `tables`; tables that the answer has besides are left out.
///
/// `secret` is kept out of errors.
pub(super) fn split<'a, 't>(
    answer: &'a Answer,
    tables: &'t [Table],
    secret: &str,
) -> Result<Vec<(&'t Table, Items<'a>)>, Error> {
    // What JSON.parse is given by axios has lost it, too.
    let body = answer.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&answer.body);
    let entries: BTreeMap<Cow<'a, str>, &'a RawValue> =
        serde_json::from_slice(body).map_err(|error| Error::Answer {
            reason: error.to_string(),
            status: answer.status,
            content_type: answer.content_type.clone(),
            bytes: answer.body.len(),
            body: excerpt(body, secret),
        })?;
    let missing: Vec<_> = tables
        .iter()
        .filter(|table| !entries.contains_key(table.name.as_str()))
        .map(|table| table.name.clone())
        .collect();
    if !missing.is_empty() {
        let present = entries.into_keys().map(Cow::into_owned).collect();
        return Err(Error::MissingTables { missing, present });
    }
    tables.iter().map(|table| Ok((table, items(table, entries[table.name.as_str()])?))).collect()
}

fn items<'a>(table: &Table, list: &'a RawValue) -> Result<Items<'a>, Error> {
    serde_json::from_str(list.get()).map_err(|error| Error::NotAList {
        table: table.name.clone(),
        found: match serde_json::from_str(list.get()) {
            Ok(Value::Array(_)) | Err(_) => error.to_string(),
            Ok(other) => kind(&other).into(),
        },
    })
}
