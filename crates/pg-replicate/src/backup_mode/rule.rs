//! Rule of `BACKUP_MODE` for one table.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{BackupModeError, CopyRule, TableMode, expression};

/// How a table is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRule {
    /// Its mode.
    pub mode: TableMode,
    /// Whether it was written as a string. It then behaves as it always did: the key is `id`, and an empty
    /// table on the target is refused.
    pub is_plain: bool,
    /// The columns that identify a row. Empty: the target's primary key.
    pub key: Vec<String>,
    /// The column that grows when a row is written: only rows from its last value on are read.
    pub cursor: Option<String>,
    /// How far before the last cursor rows are read again, because they may have been committed late.
    pub lag: Option<Duration>,
    /// Whether rows that no longer exist on the source are deleted.
    pub deletes: bool,
    /// The rule for rows and columns.
    pub copy: CopyRule,
}

impl TableRule {
    fn new(mode: TableMode) -> Self {
        let key = if mode == TableMode::Incremental { vec!["id".to_owned()] } else { Vec::new() };
        let copy = CopyRule::default();
        Self { mode, is_plain: false, key, cursor: None, lag: None, deletes: false, copy }
    }

    pub(super) fn parse(table: &str, value: &Value) -> Result<Self, BackupModeError> {
        match value {
            Value::String(text) if text == "incremental" => {
                Ok(Self { is_plain: true, ..Self::new(TableMode::Incremental) })
            }
            Value::String(text) if text == "none" => {
                Ok(Self { is_plain: true, ..Self::new(TableMode::None) })
            }
            Value::Object(object) => Self::parse_object(&Reader { table, object }),
            _ => Err(BackupModeError::Mode { table: table.into(), found: value.to_string() }),
        }
    }

    fn parse_object(reader: &Reader<'_>) -> Result<Self, BackupModeError> {
        const MODES: &str = r#""full", "incremental", "upsert" or "none""#;
        let mode = match reader.object.get("mode") {
            None => TableMode::Full,
            Some(value) => match value.as_str() {
                Some("full") => TableMode::Full,
                Some("incremental") => TableMode::Incremental,
                Some("upsert") => TableMode::Upsert,
                Some("none") => TableMode::None,
                _ => return Err(reader.wrong("mode", MODES, value)),
            },
        };
        let known: &[&str] = match mode {
            TableMode::Full => &["mode", "where", "columns", "keep"],
            TableMode::Incremental => &["mode", "key", "cursor", "lag", "where", "columns", "keep"],
            TableMode::Upsert => {
                &["mode", "key", "cursor", "lag", "deletes", "where", "columns", "keep"]
            }
            TableMode::None => &["mode"],
        };
        if let Some(key) = reader.object.keys().find(|key| !known.contains(&key.as_str())) {
            let wanted = format!("one of {} with this mode", known.join(", "));
            return Err(reader.wrong(key, &wanted, "a key that is not known"));
        }
        let mut rule = Self::new(mode);
        if let Some(value) = reader.object.get("key") {
            rule.key = reader.columns("key", value)?;
        }
        if let Some(value) = reader.object.get("cursor") {
            let text = value.as_str().filter(|text| !text.is_empty());
            let wrong = || reader.wrong("cursor", "a column's name", value);
            rule.cursor = Some(text.ok_or_else(wrong)?.to_owned());
        }
        if let Some(value) = reader.object.get("lag") {
            let lag = value.as_str().and_then(progress::parse_duration);
            let wrong =
                || reader.wrong("lag", r#"a duration such as "10 minutes" or "1 day""#, value);
            rule.lag = Some(lag.ok_or_else(wrong)?);
        }
        if let Some(value) = reader.object.get("deletes") {
            let wrong = || reader.wrong("deletes", "true or false", value);
            rule.deletes = value.as_bool().ok_or_else(wrong)?;
        }
        rule.copy = reader.copy_rule()?;
        rule.is_consistent(reader)?;
        Ok(rule)
    }

    /// Checks members that are only valid in combination.
    fn is_consistent(&self, reader: &Reader<'_>) -> Result<(), BackupModeError> {
        if self.mode == TableMode::Full && self.copy.is_empty() {
            let wanted = r#""where", "columns" or "keep", or another mode: "incremental", "upsert" or "none""#;
            return Err(reader.wrong("mode", wanted, "none of them"));
        }
        let is_masked = |column: &&String| self.copy.masks(column);
        if let Some(column) = self.key.iter().chain(&self.cursor).find(is_masked) {
            let wanted = "columns that are neither of the key nor the cursor, which must be the same on both sides";
            return Err(reader.wrong("columns", wanted, format!("\"{column}\"")));
        }
        match (self.mode, &self.cursor, self.lag) {
            (TableMode::Upsert, None, Some(_)) => Err(reader.wrong(
                "lag",
                "given with a cursor, because without one every row is read",
                "a lag alone",
            )),
            (TableMode::Incremental, Some(_), None) => Err(reader.wrong(
                "cursor",
                "given with a lag, because in this mode it only determines which rows are read again",
                "a cursor alone",
            )),
            _ => Ok(()),
        }
    }
}

/// An object and its table, for errors.
struct Reader<'a> {
    table: &'a str,
    object: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn wrong(&self, key: &str, wanted: &str, found: impl ToString) -> BackupModeError {
        BackupModeError::Rule {
            table: self.table.to_owned(),
            key: key.to_owned(),
            wanted: wanted.to_owned(),
            found: found.to_string(),
        }
    }

    fn copy_rule(&self) -> Result<CopyRule, BackupModeError> {
        let mut rule = CopyRule::default();
        if let Some(value) = self.object.get("where") {
            rule.filter = Some(self.expression("where", "a condition in SQL", value)?);
        }
        if let Some(value) = self.object.get("columns") {
            let wrong = || {
                let wanted = r#"an object of columns and SQL expressions, such as {"email": "'user' || id"}"#;
                self.wrong("columns", wanted, value)
            };
            let columns = value.as_object().filter(|columns| !columns.is_empty());
            for (column, value) in columns.ok_or_else(wrong)? {
                let key = format!("columns\", \"{column}");
                let expression = self.expression(&key, "one expression in SQL", value)?;
                rule.columns.insert(column.clone(), expression);
            }
        }
        if let Some(value) = self.object.get("keep") {
            rule.keep = self.columns("keep", value)?.into_iter().collect();
        }
        if let Some(column) = rule.keep.iter().find(|column| rule.columns.contains_key(*column)) {
            let wanted = "a column that \"columns\" does not name";
            return Err(self.wrong("keep", wanted, format!("\"{column}\"")));
        }
        Ok(rule)
    }

    fn expression(
        &self,
        key: &str,
        wanted: &str,
        value: &Value,
    ) -> Result<String, BackupModeError> {
        let Some(sql) = value.as_str() else {
            return Err(self.wrong(key, &format!("{wanted}, as a string"), value));
        };
        match expression::wrong(sql) {
            None => Ok(sql.to_owned()),
            Some(found) => Err(self.wrong(key, wanted, format!("{found}, in {value}"))),
        }
    }

    /// One name, or an array of names.
    fn columns(&self, key: &str, value: &Value) -> Result<Vec<String>, BackupModeError> {
        let wrong = || self.wrong(key, "a column's name, or an array of different ones", value);
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let mut columns = Vec::new();
        for value in values {
            let name = value.as_str().filter(|name| !name.is_empty()).ok_or_else(wrong)?;
            if columns.iter().any(|other| other == name) {
                return Err(wrong());
            }
            columns.push(name.to_owned());
        }
        if columns.is_empty() { Err(wrong()) } else { Ok(columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TableRule, String> {
        let value = serde_json::from_str(text).unwrap();
        TableRule::parse("t", &value).map_err(|error| error.to_string())
    }

    #[test]
    fn objects() {
        let rule = parse(r#"{"mode":"incremental","key":"n","lag":"10 minutes"}"#).unwrap();
        assert_eq!((rule.mode, rule.is_plain), (TableMode::Incremental, false));
        assert_eq!((rule.key, rule.lag), (vec!["n".into()], Some(Duration::from_secs(600))));
        assert_eq!(parse(r#"{"mode":"incremental"}"#).unwrap().key, ["id"]);
        let rule = parse(r#"{"mode":"upsert","key":["a","B c"],"cursor":"updatedAt"}"#).unwrap();
        assert_eq!((rule.mode, rule.deletes), (TableMode::Upsert, false));
        assert_eq!((rule.key.len(), rule.cursor.as_deref()), (2, Some("updatedAt")));
        let rule = parse(r#"{"mode":"upsert","deletes":true}"#).unwrap();
        assert!(rule.deletes && rule.key.is_empty());
        assert_eq!(parse(r#"{"mode":"none"}"#).unwrap().mode, TableMode::None);
        assert!(parse(r#""incremental""#).unwrap().is_plain);
    }

    #[test]
    fn rules_of_rows_and_columns() {
        let text =
            r#"{"where":"active","columns":{"e mail":"'user' || id"},"keep":["id","active"]}"#;
        let rule = parse(text).unwrap();
        assert_eq!((rule.mode, rule.copy.filter()), (TableMode::Full, Some("active")));
        assert_eq!(rule.copy.columns().collect::<Vec<_>>(), [("e mail", "'user' || id")]);
        assert_eq!(rule.copy.keep().collect::<Vec<_>>(), ["active", "id"]);
        let rule = parse(r#"{"mode":"full","keep":"id"}"#).unwrap();
        assert_eq!((rule.mode, rule.copy.filter()), (TableMode::Full, None));
        let rule = parse(r#"{"mode":"upsert","deletes":true,"where":"x > 1"}"#).unwrap();
        assert_eq!((rule.mode, rule.copy.filter()), (TableMode::Upsert, Some("x > 1")));
        assert!(parse(r#"{"mode":"incremental"}"#).unwrap().copy.is_empty());
    }

    #[test]
    fn errors_name_table_key_wanted_and_found() {
        for (text, wanted) in [
            (
                "{}",
                r#"table "t", "mode": must be "where", "columns" or "keep", or another mode: "incremental", "upsert" or "none"; found none of them"#,
            ),
            (r#"{"mode":"full"}"#, "found none of them"),
            (
                r#"{"mode":"none","where":"true"}"#,
                r#"table "t", "where": must be one of mode with this mode"#,
            ),
            (
                r#"{"where":true}"#,
                r#"table "t", "where": must be a condition in SQL, as a string; found true"#,
            ),
            (r#"{"where":""}"#, r#"must be a condition in SQL; found nothing, in """#),
            (
                r#"{"columns":{"Email":"'x' --"}}"#,
                r#"table "t", "columns", "Email": must be one expression in SQL; found a comment at character 5, in "'x' --""#,
            ),
            (
                r#"{"columns":{"a":null}}"#,
                r#""columns", "a": must be one expression in SQL, as a string; found null"#,
            ),
            (r#"{"columns":{"a":"x); DROP TABLE t"}}"#, "which closes nothing"),
            (r#"{"columns":[]}"#, r#"table "t", "columns": must be an object of columns"#),
            (r#"{"columns":{}}"#, "found {}"),
            (r#"{"keep":[1]}"#, r#"table "t", "keep": must be a column's name"#),
            (
                r#"{"columns":{"a":"1"},"keep":["a"]}"#,
                r#"table "t", "keep": must be a column that "columns" does not name; found "a""#,
            ),
            (
                r#"{"mode":"incremental","columns":{"id":"1"}}"#,
                r#"table "t", "columns": must be columns that are neither of the key nor the cursor"#,
            ),
            (r#"{"mode":"upsert","cursor":"at","columns":{"at":"1"}}"#, r#"found "at""#),
            (r#"{"mode":"all"}"#, r#""upsert" or "none"; found "all""#),
            (
                r#"{"mode":"upsert","kye":1}"#,
                r#"table "t", "kye": must be one of mode, key, cursor, lag, deletes, where, columns, keep with this mode; found a key that is not known"#,
            ),
            (
                r#"{"mode":"incremental","deletes":true}"#,
                r#""deletes": must be one of mode, key, cursor, lag, where, columns, keep with this mode"#,
            ),
            (
                r#"{"mode":"upsert","key":1}"#,
                r#""key": must be a column's name, or an array of different ones; found 1"#,
            ),
            (r#"{"mode":"upsert","key":[]}"#, "found []"),
            (r#"{"mode":"upsert","key":["a","a"]}"#, r#"found ["a","a"]"#),
            (r#"{"mode":"upsert","cursor":[]}"#, r#""cursor": must be a column's name; found []"#),
            (
                r#"{"mode":"upsert","cursor":"a","lag":"soon"}"#,
                r#""lag": must be a duration such as "10 minutes" or "1 day"; found "soon""#,
            ),
            (r#"{"mode":"upsert","cursor":"a","lag":10}"#, "found 10"),
            (r#"{"mode":"upsert","lag":"1 day"}"#, r#""lag": must be given with a cursor"#),
            (r#"{"mode":"incremental","cursor":"a"}"#, r#""cursor": must be given with a lag"#),
            (
                r#"{"mode":"upsert","deletes":"yes"}"#,
                r#""deletes": must be true or false; found "yes""#,
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
