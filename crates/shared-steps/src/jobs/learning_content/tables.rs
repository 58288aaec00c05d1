//! Tables of the learning content, described in `data/learning-content.json` for the object and
//! `data/learning-content-stream.json` for the stream.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The first column of every table: `"id" text PRIMARY KEY`.
pub(super) const ID: &str = "id";

/// PostgreSQL truncates longer names; these are extended by `__loading_` and the name of a column.
const LONGEST_NAME: usize = 63;

/// Types whose values are parsed by the server's own input functions.
const TYPES: [&str; 10] = [
    "text",
    "text[]",
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "boolean",
    "timestamptz",
    "date",
    "jsonb",
];

static AIRTABLE: LazyLock<Result<Vec<Table>, String>> =
    LazyLock::new(|| parse(include_str!("../../../data/learning-content.json")));

static STREAM: LazyLock<Result<Vec<Table>, String>> =
    LazyLock::new(|| parse(include_str!("../../../data/learning-content-stream.json")));

/// A table of the learning content.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    /// Its name in the database.
    pub(super) name: String,
    /// Its name in the response.
    pub(super) in_answer: String,
    /// Keys whose values form the id of an item without one.
    pub(super) id_from: Vec<String>,
    /// Its columns, without `id`.
    pub(super) columns: Vec<Column>,
}

/// A column of such a table.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    /// As in `CREATE TABLE`.
    pub(super) sql_type: String,
    pub(super) indexed: bool,
    pub(super) not_null: bool,
    pub(super) source: Source,
}

/// Source of a column's value.
#[derive(Debug, PartialEq)]
pub(super) enum Source {
    /// The value at a path of the item.
    Path(Path),
    /// A list with the one value at a path; empty if there is none.
    ListOf(Path),
    /// Whether the value at a path is set, in JavaScript's sense, as in the Node.js program.
    IsSet(Path),
    /// The same for every item.
    Always(Value),
    /// The whole item.
    Item,
    /// The key of a translation, at a path: those of `solutionToDisplay` are renamed like the column that
    /// the text is loaded into.
    TranslationKey(Path),
}

/// `name_i18n.fr`: a key, and keys inside its object.
#[derive(Debug, PartialEq)]
pub(super) struct Path(pub(super) Vec<String>);

impl Column {
    pub(super) fn is_list(&self) -> bool {
        self.sql_type.ends_with("[]")
    }
}

/// The tables of the object; an error describes a problem of the file.
pub(super) fn airtable() -> Result<&'static [Table], String> {
    AIRTABLE.as_deref().map_err(|error| format!("learning-content.json: {error}"))
}

/// The tables of the stream; an error describes a problem of the file.
pub(super) fn stream() -> Result<&'static [Table], String> {
    STREAM.as_deref().map_err(|error| format!("learning-content-stream.json: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    tables: Vec<TableEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableEntry {
    name: String,
    in_answer: Option<String>,
    #[serde(default)]
    id_from: Vec<String>,
    columns: Vec<ColumnEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnEntry {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
    #[serde(default)]
    index: bool,
    #[serde(default)]
    not_null: bool,
    from: Option<String>,
    list_of: Option<String>,
    is_set: Option<String>,
    translation_key: Option<String>,
    #[serde(default)]
    item: bool,
    /// `null` is a value here, which differs from a missing key.
    #[serde(default, deserialize_with = "present")]
    always: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn parse(text: &str) -> Result<Vec<Table>, String> {
    let file: FileEntry = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let tables =
        file.tables.into_iter().map(TableEntry::into_table).collect::<Result<Vec<_>, _>>()?;
    if tables.is_empty() {
        return Err("no table".into());
    }
    unique("table", tables.iter().map(|table| &table.name))?;
    Ok(tables)
}

impl TableEntry {
    fn into_table(self) -> Result<Table, String> {
        let in_table = |problem| format!("table {}: {problem}", self.name);
        let columns = self
            .columns
            .into_iter()
            .map(|column| column.into_column(&self.name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(in_table)?;
        let names = columns.iter().map(|column| column.name.as_str());
        unique("column", names.chain([ID])).map_err(in_table)?;
        let in_answer = self.in_answer.unwrap_or_else(|| self.name.clone());
        Ok(Table { name: self.name, in_answer, id_from: self.id_from, columns })
    }
}

impl ColumnEntry {
    fn into_column(self, table: &str) -> Result<Column, String> {
        let wrong = |problem: &str| Err(format!("column {}: {problem}", self.name));
        if !is_known_type(&self.sql_type) {
            return wrong(&format!("type {} is none of {}", self.sql_type, TYPES.join(", ")));
        }
        let longest = super::ddl::loading_index_name(table, &self.name);
        if self.name.is_empty() || longest.len() > LONGEST_NAME {
            return wrong("its name is empty or too long");
        }
        let mut sources: Vec<Source> = [
            self.from.as_deref().map(|path| Source::Path(Path::parse(path))),
            self.list_of.as_deref().map(|path| Source::ListOf(Path::parse(path))),
            self.is_set.as_deref().map(|path| Source::IsSet(Path::parse(path))),
            self.translation_key.as_deref().map(|path| Source::TranslationKey(Path::parse(path))),
            self.always.clone().map(Source::Always),
            self.item.then_some(Source::Item),
        ]
        .into_iter()
        .flatten()
        .collect();
        let source = match (sources.pop(), sources.is_empty()) {
            (None, _) => Source::Path(Path(vec![self.name.clone()])),
            (Some(source), true) => source,
            (Some(_), false) => {
                return wrong(
                    "only one of from, list_of, is_set, translation_key, always, item can be given",
                );
            }
        };
        Ok(Column {
            name: self.name,
            sql_type: self.sql_type,
            indexed: self.index,
            not_null: self.not_null,
            source,
        })
    }
}

impl Path {
    fn parse(text: &str) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }
}

/// One of [`TYPES`], or `numeric(<precision>,<scale>)`.
fn is_known_type(sql_type: &str) -> bool {
    let digits = sql_type.strip_prefix("numeric(").and_then(|rest| rest.strip_suffix(')'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    TYPES.contains(&sql_type)
        || digits
            .and_then(|digits| digits.split_once(','))
            .is_some_and(|(precision, scale)| is_number(precision) && is_number(scale))
}

fn unique<'a, T: AsRef<str> + ?Sized + 'a>(
    what: &str,
    names: impl Iterator<Item = &'a T>,
) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.as_ref()) {
            return Err(format!("{what} {} stands there twice", name.as_ref()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(column: &str) -> String {
        parse(&format!(r#"{{"tables":[{{"name":"t","columns":[{column}]}}]}}"#)).unwrap_err()
    }

    #[test]
    fn a_wrong_description_names_table_and_column() {
        let cases = [
            (r#"{"name":"a","type":"txt"}"#, "table t: column a: type txt is none of text, text[]"),
            (r#"{"name":"a","type":"numeric(6,)"}"#, "type numeric(6,) is none of"),
            (
                r#"{"name":"a","type":"text","from":"x","always":null}"#,
                "column a: only one of from",
            ),
            (r#"{"name":"id","type":"text"}"#, "table t: column id stands there twice"),
            (r#"{"name":"a","type":"text","form":"x"}"#, "unknown field `form`"),
            (r#"{"name":"","type":"text"}"#, "its name is empty or too long"),
        ];
        for (column, expected) in cases {
            let found = error(column);
            assert!(found.contains(expected), "{found}");
        }
    }

    /// The fixture is the table of the facts about that program, as its authors wrote it.
    #[test]
    fn the_tables_are_those_of_the_program_it_replaces() {
        let facts = include_str!("../../../tests/fixtures/learning-content-tables.md");
        assert_eq!(notation(airtable().unwrap()), facts);
        for column in airtable().unwrap().iter().flat_map(|table| &table.columns) {
            assert_eq!(column.not_null, column.sql_type == "boolean", "booleans are NOT NULL");
        }
    }

    /// The fixture is the table of the facts about the newer content API.
    #[test]
    fn the_tables_of_the_stream_are_those_of_todays_content_api() {
        let facts = include_str!("../../../tests/fixtures/learning-content-stream-tables.md");
        assert_eq!(notation(stream().unwrap()), facts);
    }

    fn notation(tables: &[Table]) -> String {
        tables
            .iter()
            .map(|table| {
                let columns: Vec<_> = table.columns.iter().map(column_notation).collect();
                format!("| {} | {} |\n", table.name, columns.join(", "))
            })
            .collect()
    }

    fn column_notation(column: &Column) -> String {
        let path = |path: &Path| path.0.join(".");
        let source = match &column.source {
            Source::Path(Path(keys)) if *keys == [column.name.clone()] => String::new(),
            Source::Path(source) => format!(" ← {}", path(source)),
            Source::ListOf(source) => format!(" ← [{}]", path(source)),
            Source::IsSet(source) => format!(" ← {} is set", path(source)),
            Source::Always(value) => format!(" ← always {value}"),
            Source::Item => " ← the item".into(),
            Source::TranslationKey(source) => format!(" ← {}, renamed", path(source)),
        };
        let index = if column.indexed { " (indexed)" } else { "" };
        format!("{} {}{source}{index}", column.name, column.sql_type)
    }
}
