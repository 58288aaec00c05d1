//! Fixtures: tables as JSON for Django's `loaddata`, in addition to the dump.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use pg_replicate::fixtures::{FixtureFile, Written};
use pg_replicate::{DatabaseUrl, TableName};
use progress::Context;

use crate::{Error, Pattern};

/// Tables, with the fields of those columns whose names differ in the model (`db_column`): `checkouts_*`,
/// `checkouts_checkout(day_of=day,plane_ref=plane)`.
#[derive(Debug, Clone)]
pub struct Fixture {
    pattern: Pattern,
    fields: BTreeMap<String, String>,
}

/// A string that is not a valid pattern for tables and fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\": {reason}; expected a table, as checkouts_*, or a table with fields of columns, as \
         checkouts_checkout(column=field,column=field)"
)]
pub struct FixtureError {
    text: String,
    reason: String,
}

impl FromStr for Fixture {
    type Err = FixtureError;

    fn from_str(text: &str) -> Result<Self, FixtureError> {
        let text = text.trim();
        let wrong = |reason: String| FixtureError { text: text.into(), reason };
        let (table, fields) = match text.split_once('(') {
            None => (text, ""),
            Some((table, rest)) => {
                let fields = rest.strip_suffix(')');
                (table, fields.ok_or_else(|| wrong("the closing parenthesis is missing".into()))?)
            }
        };
        let pattern =
            table.parse().map_err(|error: crate::PatternError| wrong(error.to_string()))?;
        let mut found = BTreeMap::new();
        for part in fields.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (column, field) = part
                .split_once('=')
                .map(|(column, field)| (column.trim(), field.trim()))
                .filter(|(column, field)| !column.is_empty() && !field.is_empty())
                .ok_or_else(|| wrong(format!("{part} is not column=field")))?;
            if found.insert(column.to_owned(), field.to_owned()).is_some() {
                return Err(wrong(format!("column {column} appears twice")));
            }
        }
        Ok(Self { pattern, fields: found })
    }
}

impl fmt::Display for Fixture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(formatter)
    }
}

/// Writes the tables selected by `wanted` into `directory`, one file each, as they are in `snapshot`.
///
/// A table that is matched by a wildcard but cannot have a fixture is skipped with a warning.
///
/// # Errors
/// [`Error::Configuration`] for a pattern that matches no table, and for an explicitly named table that
/// cannot have a fixture; errors of the database.
pub(crate) async fn write(
    url: &DatabaseUrl,
    wanted: &[Fixture],
    snapshot: Option<&str>,
    directory: &Path,
    context: &Context,
) -> Result<Vec<FixtureFile>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let is_wanted = |table: &TableName| wanted.iter().any(|one| one.pattern.matches(table));
    let field = |table: &TableName, column: &str| {
        let mut those = wanted.iter().filter(|one| one.pattern.matches(table));
        those.find_map(|one| one.fields.get(column)).cloned()
    };
    let written =
        pg_replicate::fixtures::write(url, is_wanted, field, snapshot, directory, context).await?;
    check(wanted, &written)?;
    for one in &written.left_out {
        tracing::warn!("{} is left out of the fixtures: {}", one.table, one.reason);
    }
    Ok(written.files)
}

fn check(wanted: &[Fixture], written: &Written) -> Result<(), Error> {
    let mut problems = Vec::new();
    for Fixture { pattern, fields } in wanted {
        let left_out = written.left_out.iter().find(|one| pattern.matches(&one.table));
        let is_written = written.files.iter().any(|file| pattern.matches(&file.table));
        match left_out {
            Some(one) if !has_wildcard(pattern) => {
                problems.push(format!("no fixture can be made of {pattern}: {}", one.reason));
            }
            None if !is_written => problems.push(format!(
                "no table is named {pattern}; case counts, and a table outside public is named schema.table"
            )),
            _ => {}
        }
        let files = || written.files.iter().filter(|file| pattern.matches(&file.table));
        for column in fields.keys() {
            if is_written && !files().any(|file| file.renamed.contains(column)) {
                problems.push(format!("{pattern} has no column {column} besides its key"));
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Configuration(format!("the fixtures cannot be written: {}", problems.join("; "))))
}

fn has_wildcard(pattern: &Pattern) -> bool {
    pattern.to_string().contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use pg_replicate::fixtures::LeftOut;

    use super::*;

    fn checked(patterns: &[&str]) -> Result<(), String> {
        let table = |name: &str| TableName::new("public", name);
        let wanted: Vec<Fixture> = patterns.iter().map(|one| one.parse().unwrap()).collect();
        let file = FixtureFile {
            name: "auth_user.json".into(),
            table: table("auth_user"),
            rows: 1,
            bytes: 9,
            renamed: vec!["mail_address".into()],
        };
        let left_out = LeftOut { table: table("auth_odd"), reason: "it is odd".into() };
        let written = Written { files: vec![file], left_out: vec![left_out] };
        check(&wanted, &written).map_err(|error| error.to_string())
    }

    #[test]
    fn a_wildcard_may_meet_a_table_without_fixture() {
        assert_eq!(checked(&["auth_*"]), Ok(()));
        assert_eq!(checked(&["auth_user", "*"]), Ok(()));
    }

    #[test]
    fn fields_are_those_of_columns() {
        assert_eq!(checked(&["auth_user(mail_address=email)"]), Ok(()));
        let error = checked(&["auth_user(mail=email)"]).unwrap_err();
        assert!(error.ends_with("auth_user has no column mail besides its key"), "{error}");
        for (text, reason) in [
            ("auth_user(a=b", "the closing parenthesis is missing"),
            ("auth_user(a)", "a is not column=field"),
            ("auth_user(a=b,a=c)", "column a appears twice"),
            ("(a=b)", "it is empty"),
        ] {
            let error = text.parse::<Fixture>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn what_is_named_has_to_be_there_and_to_be_a_model() {
        let error = checked(&["auth_odd", "auth_user", "checkouts_*"]).unwrap_err();
        assert_eq!(
            error,
            "the fixtures cannot be written: no fixture can be made of auth_odd: it is odd; no table is \
             named checkouts_*; case counts, and a table outside public is named schema.table"
        );
    }
}
