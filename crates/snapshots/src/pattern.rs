//! Patterns of table names.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use pg_replicate::TableName;

/// The schema of a pattern without one.
const DEFAULT_SCHEMA: &str = "public";

/// Tables by name: `users`, `checkouts_*`, `stats.answers`, `*.sessions`.
///
/// `*` matches any text, `?` any character, `[ab]` one of these characters, `{a,b}` one of these texts; a
/// backslash escapes them. The part before the first dot is the schema, `public` by default. Patterns are
/// case-sensitive.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    schema: GlobMatcher,
    name: GlobMatcher,
}

/// A string that is not a valid pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" names no tables: {reason}; must be a table, such as users, stats.answers or checkouts_*"
)]
pub struct PatternError {
    text: String,
    reason: String,
}

impl Pattern {
    /// Whether `table` matches.
    #[must_use]
    pub fn matches(&self, table: &TableName) -> bool {
        self.schema.is_match(&table.schema) && self.name.is_match(&table.name)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        let wrong = |reason: &str| PatternError { text: text.into(), reason: reason.into() };
        let (schema, name) = text.split_once('.').unwrap_or((DEFAULT_SCHEMA, text));
        if schema.is_empty() || name.is_empty() {
            return Err(wrong(if text.is_empty() { "it is empty" } else { "a part is empty" }));
        }
        let matcher = |part: &str| {
            GlobBuilder::new(part)
                .literal_separator(false)
                .backslash_escape(true)
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|error| wrong(&error.kind().to_string()))
        };
        Ok(Self { text: text.into(), schema: matcher(schema)?, name: matcher(name)? })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pattern({})", self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_by_name_schema_and_wildcard() {
        for (pattern, schema, name, is_meant) in [
            ("users", "public", "users", true),
            ("users", "public", "users2", false),
            ("users", "stats", "users", false),
            ("Users", "public", "users", false),
            ("checkouts_*", "public", "checkouts_item", true),
            ("checkouts_*", "public", "checkouts", false),
            ("stats.answers", "stats", "answers", true),
            ("stats.*", "stats", "a/b", true),
            ("*.sessions", "web", "sessions", true),
            ("*", "stats", "answers", false),
            ("*.*", "stats", "answers", true),
            (" day? ", "public", "day1", true),
            ("log_{old,new}", "public", "log_new", true),
            ("a\\*b", "public", "a*b", true),
            ("a\\*b", "public", "aXb", false),
            ("s.a.b", "s", "a.b", true),
        ] {
            let parsed: Pattern = pattern.parse().unwrap();
            let table = TableName::new(schema, name);
            assert_eq!(parsed.matches(&table), is_meant, "{pattern}: {table}");
        }
    }

    #[test]
    fn what_names_no_tables_is_refused_with_what_is_wanted() {
        for (text, reason) in [
            ("", "it is empty"),
            ("  ", "it is empty"),
            (".users", "a part is empty"),
            ("public.", "a part is empty"),
            ("a[", "unclosed character class"),
            ("a{b", "unclosed alternate group"),
        ] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("checkouts_*"), "{text}: {error}");
        }
    }
}
