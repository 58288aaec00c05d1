//! `BACKUP_MODE`: tables that are not copied completely, or not unchanged.

mod copy_rule;
mod expression;
mod rule;
mod unique_keys;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use crate::postgres::identifier::{DEFAULT_SCHEMA, TableName};

pub use copy_rule::CopyRule;
pub use rule::TableRule;
use unique_keys::UniqueKeys;

/// How a table is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableMode {
    /// It is copied completely by the full copy, with rules for rows and columns.
    Full,
    /// Only rows with a larger key are added.
    Incremental,
    /// Rows are added, and updated if they differ.
    Upsert,
    /// It is not touched.
    None,
}

/// What to do with a column that the rules of its table do not mention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Masking {
    /// It is copied unchanged.
    #[default]
    Off,
    /// The table is refused, and the error names the column.
    Strict,
}

/// The tables that the full copy does not dump, drop or touch, and the tables that it copies by rules.
///
/// A JSON object: table → `"incremental"`, `"none"`, or an object with the members of [`TableRule`], such
/// as `{"mode": "upsert", "key": "id", "cursor": "updatedAt", "lag": "10 minutes"}` or `{"columns":
/// {"email": "'user' || id"}}`. A table without a schema is in `public`; `schema.table` is in another
/// schema, and a part in double quotes may contain dots: `"stats"."a.b"`. Names are those of the catalog:
/// they are case-sensitive, and nothing is a pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupMode {
    tables: BTreeMap<TableName, TableRule>,
    masking: Masking,
}

impl BackupMode {
    /// Whether the full copy does not touch this table.
    #[must_use]
    pub fn is_kept(&self, schema: &str, table: &str) -> bool {
        let rule = self.tables.get(&TableName::new(schema, table));
        rule.is_some_and(|rule| rule.mode != TableMode::Full)
    }

    /// The tables with `mode`, sorted by name.
    pub fn tables(&self, mode: TableMode) -> impl Iterator<Item = &TableName> {
        self.tables.iter().filter(move |(_, rule)| rule.mode == mode).map(|(table, _)| table)
    }

    /// The tables that are updated incrementally, with their rules, sorted by name.
    pub fn updated(&self) -> impl Iterator<Item = (&TableName, &TableRule)> {
        self.tables
            .iter()
            .filter(|(_, rule)| matches!(rule.mode, TableMode::Incremental | TableMode::Upsert))
    }

    /// Every table that the full copy does not touch, sorted by name.
    pub fn kept(&self) -> impl Iterator<Item = &TableName> {
        self.tables.iter().filter(|(_, rule)| rule.mode != TableMode::Full).map(|(table, _)| table)
    }

    /// Whether every table is copied completely and unchanged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The rule for this table's rows and columns, used by the full copy ([`TableMode::Full`]) or the
    /// incremental one. `None` if all rows are copied unchanged.
    ///
    /// A partitioned table's rule also applies to its partitions, which are not listed here: see
    /// `masking::Rules`.
    #[must_use]
    pub fn copy_rule(&self, table: &TableName) -> Option<&CopyRule> {
        self.tables.get(table).map(|rule| &rule.copy).filter(|rule| !rule.is_empty())
    }

    /// The tables with such rules and their modes, sorted by name.
    pub fn copy_rules(&self) -> impl Iterator<Item = (&TableName, &TableRule)> {
        self.tables.iter().filter(|(_, rule)| !rule.copy.is_empty())
    }

    /// The same tables, with the value of `MASKING`.
    #[must_use]
    pub fn with_masking(self, masking: Masking) -> Self {
        Self { masking, ..self }
    }

    /// What to do with a column that the rules of its table do not mention.
    #[must_use]
    pub fn masking(&self) -> Masking {
        self.masking
    }
}

/// An invalid `BACKUP_MODE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupModeError {
    /// Not JSON.
    #[error(
        "must be a JSON object, such as {{\"answers\":\"incremental\",\"knowledge-elements\":\"none\"}}: {0}"
    )]
    NotJson(String),
    /// JSON, but not an object.
    #[error(
        "must be a JSON object, such as {{\"answers\":\"incremental\",\"knowledge-elements\":\"none\"}}; found {0}"
    )]
    NotAnObject(String),
    /// An invalid mode.
    #[error("table \"{table}\": must be \"incremental\" or \"none\"; found {found}")]
    Mode {
        /// The key.
        table: String,
        /// The value, as JSON.
        found: String,
    },
    /// An invalid member of a table's object.
    #[error("table \"{table}\", \"{key}\": must be {wanted}; found {found}")]
    Rule {
        /// The table's key.
        table: String,
        /// The key in its object.
        key: String,
        /// What is expected.
        wanted: String,
        /// What was found, as JSON.
        found: String,
    },
    /// A key that is not a table name.
    #[error(
        "\"{0}\" names no table: must be a table of public (answers), or another schema's (stats.answers); \
         a name that holds a dot stands in double quotes: \"my.schema\".answers"
    )]
    Table(String),
    /// Two keys that name the same table.
    #[error("table \"{0}\" is named twice")]
    Twice(String),
}

impl FromStr for BackupMode {
    type Err = BackupModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let UniqueKeys(value) = serde_json::from_str(text)
            .map_err(|error| BackupModeError::NotJson(error.to_string()))?;
        let Value::Object(object) = value else {
            return Err(BackupModeError::NotAnObject(value.to_string()));
        };
        let mut tables = BTreeMap::new();
        for (key, value) in object {
            let rule = TableRule::parse(&key, &value)?;
            let table = parse_table(&key).ok_or_else(|| BackupModeError::Table(key.clone()))?;
            if tables.insert(table, rule).is_some() {
                return Err(BackupModeError::Twice(key));
            }
        }
        Ok(Self { tables, masking: Masking::default() })
    }
}

/// `table` or `schema.table`, each part optionally in double quotes.
pub(crate) fn parse_table(text: &str) -> Option<TableName> {
    let (first, rest) = part(text, true)?;
    match rest {
        None => Some(TableName::new(DEFAULT_SCHEMA, first)),
        Some(rest) => match part(rest, false)? {
            (second, None) => Some(TableName::new(first, second)),
            _ => None,
        },
    }
}

/// One part of a name, and the text after its dot. Without quotes, only the first part ends at a dot.
fn part(text: &str, ends_at_dot: bool) -> Option<(String, Option<&str>)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (part, rest) = match text.split_once('.') {
            Some((part, rest)) if ends_at_dot => (part, Some(rest)),
            _ => (text, None),
        };
        return (!part.is_empty()).then(|| (part.to_owned(), rest));
    };
    let mut name = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '"' {
            name.push(character);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            let rest = &quoted[at + 1..];
            return match (name.is_empty(), rest.strip_prefix('.')) {
                (true, _) => None,
                (false, None) if rest.is_empty() => Some((name, None)),
                (false, Some(after)) if ends_at_dot => Some((name, Some(after))),
                _ => None,
            };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Valid and invalid values for the object of a table.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "incremental|upsert|none|full|id|10 minutes|[ -~é]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let keys = "mode|key|cursor|lag|deletes|where|columns|keep|[ -~]{0,6}";
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(keys, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "([\\[\\]{}:,\"\\\\.]|none|a|\\PC){0,40}") {
            let _ = parse(&text);
        }

        /// An invalid value must give an error that names the table, whatever it is.
        #[test]
        fn no_object_is_too_odd(value in value()) {
            if let Err(error) = parse(&json!({"answers": value}).to_string()) {
                prop_assert!(error.contains("answers"), "{}", error);
            }
        }

        #[test]
        fn any_table_can_be_named_between_quotes(schema in "[^\0]{1,12}", table in "[^\0]{1,12}") {
            let name = TableName::new(&schema, &table);
            let mode = parse(&json!({name.quoted(): "none"}).to_string()).unwrap();
            prop_assert!(mode.is_kept(&schema, &table));
            prop_assert_eq!(mode.kept().collect::<Vec<_>>(), [&name]);
        }
    }

    fn parse(text: &str) -> Result<BackupMode, String> {
        text.parse().map_err(|error: BackupModeError| error.to_string())
    }

    #[test]
    fn a_key_with_two_values_is_refused() {
        let masked = r#""users": {"columns": {"email": "NULL"}}"#;
        for (other, key) in [
            (r#""users": {"where": "active"}"#, "users"),
            (r#""users": {"columns": {"email": "NULL", "email": "email"}}"#, "email"),
            (r#""users": "none""#, "users"),
        ] {
            let error = parse(&format!("{{{masked}, {other}}}")).unwrap_err();
            assert!(error.contains(&format!("\"{key}\" is there twice")), "{error}");
        }
        let modes = parse(r#"{"answers":"none","answers":"none"}"#).unwrap();
        assert!(modes.is_kept("public", "answers"));
    }

    #[test]
    fn tables_are_named_exactly() {
        let mode = parse(
            r#"{"answers":"incremental","knowledge-elements":"none","stats.events":"none","\"a.b\"":"none","x.\"q\"\"d\"":"none"}"#,
        )
        .unwrap();
        assert!(mode.is_kept("public", "answers"));
        assert!(mode.is_kept("stats", "events"));
        assert!(mode.is_kept("public", "a.b"));
        assert!(mode.is_kept("x", "q\"d"));
        assert!(!mode.is_kept("public", "answers-archive"));
        assert!(!mode.is_kept("stats", "answers"));
        assert!(!mode.is_kept("public", "Answers"));
        let incremental: Vec<_> = mode.tables(TableMode::Incremental).collect();
        assert_eq!(incremental, [&TableName::new("public", "answers")]);
    }

    #[test]
    fn errors_name_the_key_and_what_was_found() {
        assert!(parse("").unwrap_err().contains("must be a JSON object"));
        assert!(parse("[1]").unwrap_err().ends_with("found [1]"));
        let error = parse(r#"{"answers":"all"}"#).unwrap_err();
        assert_eq!(error, r#"table "answers": must be "incremental" or "none"; found "all""#);
        assert!(parse(r#"{"answers":1}"#).unwrap_err().ends_with("found 1"));
        assert!(parse(r#"{"":"none"}"#).is_err());
        assert!(parse(r#"{"\"a":"none"}"#).is_err());
        assert!(parse(r#"{"a":"none","public.a":"none"}"#).unwrap_err().contains("twice"));
    }

    #[test]
    fn tables_with_rules_alone_are_not_kept() {
        let mode = parse(
            r#"{"users":{"columns":{"email":"'x'"}},"answers":{"mode":"upsert","where":"true"},"logs":"none"}"#,
        )
        .unwrap();
        let (users, answers) =
            (TableName::new("public", "users"), TableName::new("public", "answers"));
        assert!(!mode.is_kept("public", "users") && mode.is_kept("public", "answers"));
        assert_eq!(mode.kept().count(), 2);
        assert_eq!(mode.updated().map(|(table, _)| table).collect::<Vec<_>>(), [&answers]);
        assert_eq!(mode.tables(TableMode::Full).collect::<Vec<_>>(), [&users]);
        assert!(mode.copy_rule(&users).unwrap().masks("email"));
        assert_eq!(mode.copy_rule(&answers).unwrap().filter(), Some("true"));
        assert_eq!(mode.copy_rule(&TableName::new("public", "logs")), None);
        assert_eq!(mode.copy_rules().count(), 2);
    }

    #[test]
    fn the_default_keeps_nothing() {
        assert!(BackupMode::default().is_empty());
        assert_eq!(parse("{}").unwrap(), BackupMode::default());
    }
}
