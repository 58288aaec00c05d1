//! Conversion of an item into a row of text, as expected by the server's input functions.
//!
//! | found | other columns | list |
//! | --- | --- | --- |
//! | missing key, `null` | NULL | NULL |
//! | string | the string | an error |
//! | number, `true`, `false` | its digits, `t`, `f` | an error |
//! | object | its JSON text | an error |
//! | list | its first element; NULL when empty | every element as in the other columns |
//!
//! This is what the tables have always contained, except for lists, whose elements used to be damaged by
//! commas, quotes and braces.

use serde_json::{Map, Value};

use super::array::array_literal;
use super::error::{Error, UnfitValue};
use super::tables::{Column, ID, Path, Source, Table};
use crate::http::kind;

/// Maximum number of characters of a value in an error.
const SHOWN: usize = 80;

/// The values of one row, `id` first; `None` is NULL.
pub(super) type Row = Vec<Option<String>>;

/// Position of an item in the response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position<'a> {
    pub(super) table: &'a Table,
    /// Counted from 1.
    pub(super) number: usize,
    /// The number of items of the table.
    pub(super) items: usize,
}

impl Position<'_> {
    fn error(self, reason: String) -> Error {
        Error::Item {
            table: self.table.name.clone(),
            position: self.number,
            items: self.items,
            reason,
        }
    }
}

/// Parses one item and converts it.
pub(super) fn row(json: &str, position: Position<'_>) -> Result<Row, Error> {
    let item: Value =
        serde_json::from_str(json).map_err(|error| position.error(error.to_string()))?;
    let item = match &item {
        Value::Object(item) if !item.is_empty() => item,
        Value::Null | Value::Object(_) => {
            return Err(Error::NoProperty {
                table: position.table.name.clone(),
                position: position.number,
                items: position.items,
            });
        }
        other => return Err(position.error(format!("must be an object; found {}", kind(other)))),
    };
    let id = id(item, position)?;
    let mut row = Vec::with_capacity(position.table.columns.len() + 1);
    for column in &position.table.columns {
        let value =
            value(item, column).map_err(|wrong| wrong.into_error(position.table, column, &id))?;
        row.push(value);
    }
    row.insert(0, Some(id));
    Ok(row)
}

fn id(item: &Map<String, Value>, position: Position<'_>) -> Result<String, Error> {
    let value = item.get(ID).unwrap_or(&Value::Null);
    let wrong_id = |wrong: Wrong| position.error(format!("id: {}", wrong.reason));
    let mut found = scalar(value).map_err(wrong_id)?;
    let parts = &position.table.id_from;
    if found.is_none() && !parts.is_empty() {
        let parts = parts.iter().map(|key| scalar(item.get(key).unwrap_or(&Value::Null)));
        let parts: Option<Vec<String>> = parts.collect::<Result<_, _>>().map_err(wrong_id)?;
        found = parts.map(|parts| parts.join("."));
    }
    found.ok_or_else(|| {
        let keys: Vec<_> = item.keys().take(5).map(String::as_str).collect();
        position.error(format!("it has no id; its keys begin with {}", keys.join(", ")))
    })
}

/// A value that does not fit its column.
struct Wrong {
    found: String,
    reason: String,
}

impl Wrong {
    fn new(value: &Value, reason: impl Into<String>) -> Self {
        Self { found: shown(value), reason: reason.into() }
    }

    fn into_error(self, table: &Table, column: &Column, id: &str) -> Error {
        Error::Value(Box::new(UnfitValue {
            table: table.name.clone(),
            item: shortened(id),
            column: column.name.clone(),
            sql_type: column.sql_type.clone(),
            found: self.found,
            reason: self.reason,
        }))
    }
}

fn value(item: &Map<String, Value>, column: &Column) -> Result<Option<String>, Wrong> {
    let value = match &column.source {
        Source::Path(path) => {
            let value = at(item, path)?;
            match column.sql_type.as_str() {
                "jsonb" => Some(value).filter(|value| !value.is_null()).map(Value::to_string),
                _ if column.is_list() => list(value)?,
                _ => scalar(value)?,
            }
        }
        Source::ListOf(path) => Some(array_literal(scalar(at(item, path)?)?.map(Some))),
        Source::IsSet(path) => Some(bool_text(is_set(at(item, path)?)).to_owned()),
        Source::Always(value) => scalar(value)?,
        Source::Item => Some(serde_json::to_string(item).unwrap_or_default()),
        Source::TranslationKey(path) => scalar(at(item, path)?)?.map(translation_key),
    };
    if value.is_none() && column.not_null {
        return Err(Wrong {
            found: "no value".into(),
            reason: "the column takes no NULL; the item lacks the key, or it is null".into(),
        });
    }
    Ok(value)
}

/// `challenge.rec1.solutionToDisplay` becomes `challenge.rec1.explicativeResponse`, like the name of the
/// column.
fn translation_key(key: String) -> String {
    let challenge =
        key.strip_suffix(".solutionToDisplay").filter(|it| it.starts_with("challenge."));
    challenge.map(|challenge| format!("{challenge}.explicativeResponse")).unwrap_or(key)
}

/// The value at `path`; null if a key is missing.
fn at<'a>(item: &'a Map<String, Value>, path: &Path) -> Result<&'a Value, Wrong> {
    let mut keys = path.0.iter();
    let mut value = keys.next().and_then(|key| item.get(key)).unwrap_or(&Value::Null);
    for key in keys {
        value = match value {
            Value::Object(inner) => inner.get(key).unwrap_or(&Value::Null),
            Value::Null => value,
            other => {
                let reason = format!("must be an object with the key {key} ({})", path.0.join("."));
                return Err(Wrong::new(other, reason));
            }
        };
    }
    Ok(value)
}

fn list(value: &Value) -> Result<Option<String>, Wrong> {
    match value {
        Value::Null => Ok(None),
        Value::Array(elements) => {
            let texts = elements.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(array_literal(texts)))
        }
        other => Err(Wrong::new(other, "must be a list")),
    }
}

fn scalar(value: &Value) -> Result<Option<String>, Wrong> {
    match value {
        Value::Array(elements) => elements.first().map_or(Ok(None), text),
        other => text(other),
    }
}

fn text(value: &Value) -> Result<Option<String>, Wrong> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::Bool(value) => bool_text(*value).to_owned(),
        Value::Number(number) => number_text(number),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if text.contains('\0') {
        return Err(Wrong::new(value, "PostgreSQL's text cannot hold the character NUL (\\u0000)"));
    }
    Ok(Some(text))
}

fn bool_text(value: bool) -> &'static str {
    if value { "t" } else { "f" }
}

/// `4.0` becomes `4`, as in JavaScript, so that a smallint accepts it.
fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// JavaScript's truthiness, which these columns have always used.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn shown(value: &Value) -> String {
    shortened(&value.to_string())
}

/// The beginning of `text` on one line.
pub(super) fn shortened(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(SHOWN).is_some() { format!("{shown}…") } else { shown }
}
