//! Tables as JSON that Django loads, beside the dump.

use std::path::Path;

use pg_replicate::fixtures::{FixtureFile, Written};
use pg_replicate::{Context, DatabaseUrl, TableName};

use crate::{Error, Pattern};

/// Writes the tables that `patterns` mean into `directory`, a file for each, as they are in `snapshot`.
///
/// A table that a wildcard meets by chance, and of which no fixture can be made, is left out with a
/// warning.
///
/// # Errors
/// [`Error::Configuration`] for a pattern that means no table, and for a table without fixture that is
/// named in full; what the database said.
pub(crate) async fn write(
    url: &DatabaseUrl,
    patterns: &[Pattern],
    snapshot: Option<&str>,
    directory: &Path,
    context: &Context,
) -> Result<Vec<FixtureFile>, Error> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let is_wanted = |table: &TableName| patterns.iter().any(|one| one.matches(table));
    let written =
        pg_replicate::fixtures::write(url, is_wanted, snapshot, directory, context).await?;
    check(patterns, &written)?;
    for one in &written.left_out {
        tracing::warn!("{} is left out of the fixtures: {}", one.table, one.reason);
    }
    Ok(written.files)
}

fn check(patterns: &[Pattern], written: &Written) -> Result<(), Error> {
    let mut problems = Vec::new();
    for pattern in patterns {
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
        let patterns: Vec<Pattern> = patterns.iter().map(|one| one.parse().unwrap()).collect();
        let file = FixtureFile {
            name: "auth_user.json".into(),
            table: table("auth_user"),
            rows: 1,
            bytes: 9,
        };
        let left_out = LeftOut { table: table("auth_odd"), reason: "it is odd".into() };
        let written = Written { files: vec![file], left_out: vec![left_out] };
        check(&patterns, &written).map_err(|error| error.to_string())
    }

    #[test]
    fn a_wildcard_may_meet_a_table_without_fixture() {
        assert_eq!(checked(&["auth_*"]), Ok(()));
        assert_eq!(checked(&["auth_user", "*"]), Ok(()));
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
