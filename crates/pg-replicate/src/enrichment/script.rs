//! Statements of an enrichment script and their conditions.

use std::borrow::Cow;

use crate::backup_mode::parse_table;
use crate::postgres::identifier::DEFAULT_SCHEMA;
use crate::postgres::sql_text::{Cursor, LexError, Statement, split};
use crate::renaming::Renaming;
use crate::{Error, TableName};

/// Statements that make no sense if every statement runs on its own.
const REFUSED: [&str; 9] =
    ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "COPY"];

/// Maximum length of a statement in the log.
const LABEL_LENGTH: usize = 60;

/// One statement and its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step<'a> {
    pub(super) sql: Cow<'a, str>,
    pub(super) line: usize,
    pub(super) action: Action,
    /// Its name in the log.
    pub(super) label: String,
    pub(super) requires: Vec<TableName>,
    pub(super) unless_exists: Vec<TableName>,
    pub(super) unless_kept: Vec<TableName>,
    /// The table whose rows are sorted for a B-tree.
    pub(super) sorted: Option<TableName>,
}

/// The kind of a statement, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Builds an index with this name, if it has one.
    Index(Option<TableName>),
    /// Creates a view.
    View,
    /// Anything else.
    Other,
}

impl Step<'_> {
    /// For a copy that is built elsewhere; conditions on kept tables remain.
    pub(super) fn rename(&mut self, renaming: &Renaming) -> Result<(), Error> {
        let wrong =
            |error: LexError| Error::Script { line: self.line, reason: error.reason.into() };
        let sql = renaming.script(&self.sql).map_err(wrong)?;
        if let (Action::Index(Some(name)), Some(table)) = (&mut self.action, self.requires.first())
        {
            // An index is in the schema of its table, which is required first.
            name.schema = renaming.table(table).schema;
        }
        let all = self.requires.iter_mut().chain(&mut self.unless_exists).chain(&mut self.sorted);
        all.for_each(|table| *table = renaming.table(table));
        self.sql = Cow::Owned(sql);
        Ok(())
    }
}

/// Parses a script.
pub(super) fn read(script: &str) -> Result<Vec<Step<'_>>, Error> {
    let wrong = |at: usize, reason: &str| Error::Script {
        line: script[..at].matches('\n').count() + 1,
        reason: reason.into(),
    };
    if let Some(at) = script.find('\0') {
        return Err(wrong(
            at,
            "a NUL character, which text of PostgreSQL cannot hold: take it out",
        ));
    }
    let statements = split(script).map_err(|error| wrong(error.at, error.reason))?;
    statements.iter().map(step).collect()
}

fn step<'a>(statement: &Statement<'a>) -> Result<Step<'a>, Error> {
    let wrong = |reason: String| Error::Script { line: statement.line, reason };
    if let Some(word) = statement.sql.split(|one: char| !one.is_ascii_alphabetic()).next()
        && REFUSED.iter().any(|refused| word.eq_ignore_ascii_case(refused))
    {
        return Err(wrong(format!("{word} cannot be used: every statement runs on its own")));
    }
    if statement.sql.starts_with('\\') {
        return Err(wrong("psql's own commands cannot be used, only SQL".into()));
    }
    let mut step = Step {
        sql: statement.sql.into(),
        line: statement.line,
        action: Action::Other,
        label: label(statement.sql),
        requires: Vec::new(),
        unless_exists: Vec::new(),
        unless_kept: Vec::new(),
        sorted: None,
    };
    recognise(&mut step).map_err(|reason| wrong(reason.into()))?;
    for comment in &statement.comments {
        directive(&mut step, comment).map_err(wrong)?;
    }
    Ok(step)
}

/// `-- requires: "table"`; all other comments are ignored.
fn directive(step: &mut Step<'_>, comment: &str) -> Result<(), String> {
    let Some((key, value)) = comment.strip_prefix("--").and_then(|text| text.split_once(':'))
    else {
        return Ok(());
    };
    let list = match key.trim() {
        "requires" => &mut step.requires,
        "unless-exists" => &mut step.unless_exists,
        "unless-kept" => &mut step.unless_kept,
        "label" => {
            step.label = value.trim().to_owned();
            return Ok(());
        }
        _ => return Ok(()),
    };
    let table = parse_table(value.trim()).ok_or_else(|| {
        format!("{}: must be a table's name; found \"{}\"", key.trim(), value.trim())
    })?;
    list.push(table);
    Ok(())
}

/// Finds the name of an index or a view, and an index's table.
fn recognise(step: &mut Step<'_>) -> Result<(), &'static str> {
    let unreadable = "its names cannot be read";
    let mut cursor = Cursor::new(&step.sql).map_err(|error| error.reason)?;
    if !cursor.eat(&["CREATE"]) || cursor.eat(&["OR", "REPLACE"]) {
        if step.sql.to_ascii_uppercase().starts_with("CREATE") && cursor.eat(&["VIEW"]) {
            step.action = Action::View;
        }
        return Ok(());
    }
    let unique = cursor.eat(&["UNIQUE"]);
    if cursor.eat(&["INDEX"]) {
        cursor.eat(&["CONCURRENTLY"]);
        cursor.eat(&["IF", "NOT", "EXISTS"]);
        let name = if cursor.eat(&["ON"]) {
            None
        } else {
            let name = cursor.name().ok_or(unreadable)?;
            if !cursor.eat(&["ON"]) {
                return Err(unreadable);
            }
            Some(name)
        };
        cursor.eat(&["ONLY"]);
        let table = table(cursor.qualified_name()).ok_or(unreadable)?;
        if let Some(name) = &name {
            step.label = format!("CREATE INDEX \"{name}\"");
        }
        step.action = Action::Index(name.map(|name| TableName::new(&table.schema, name)));
        if !cursor.eat(&["USING"]) || cursor.eat(&["BTREE"]) {
            step.sorted = Some(table.clone());
        }
        step.requires.push(table.clone());
        step.unless_kept.push(table);
        return Ok(());
    }
    if unique {
        return Ok(());
    }
    let is_view = cursor.eat(&["VIEW"]);
    if is_view || cursor.eat(&["MATERIALIZED", "VIEW"]) || cursor.eat(&["TABLE"]) {
        cursor.eat(&["IF", "NOT", "EXISTS"]);
        step.unless_exists.push(table(cursor.qualified_name()).ok_or(unreadable)?);
    }
    if is_view {
        step.action = Action::View;
    }
    Ok(())
}

fn table(parts: Option<Vec<String>>) -> Option<TableName> {
    let mut parts = parts?;
    let name = parts.pop()?;
    Some(TableName::new(parts.pop().unwrap_or_else(|| DEFAULT_SCHEMA.into()), name))
}

/// The statement on one line.
fn label(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LABEL_LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(script: &str) -> Step<'_> {
        let mut steps = read(script).unwrap();
        assert_eq!(steps.len(), 1, "{steps:?}");
        steps.remove(0)
    }

    #[test]
    fn the_default_script() {
        let steps = read(super::super::DEFAULT_SCRIPT).unwrap();
        assert_eq!(steps.len(), 6);
        assert_eq!(steps[0].action, Action::View);
        assert_eq!(
            steps[0].unless_exists.first(),
            Some(&TableName::new("public", "schooling-registrations"))
        );
        assert_eq!(steps[0].requires, [TableName::new("public", "organization-learners")]);
        assert_eq!(steps[1].label, "UPDATE \"authentication-methods\"");
        assert_eq!(steps[1].unless_kept, [TableName::new("public", "authentication-methods")]);
        assert_eq!(steps[2].label, "CREATE INDEX \"knowledge-elements_createdAt_idx\"");
        assert_eq!(steps[4].unless_kept, [TableName::new("public", "answers")]);
    }

    #[test]
    fn indexes_and_their_tables() {
        for sql in [
            "CREATE INDEX \"ON\" ON public.\"a b\" (x)",
            "create unique index concurrently if not exists \"ON\" on only \"a b\" using gin (x)",
            "CREATE /* ON c */ INDEX \"ON\" -- ON d\n ON \"a b\" ((a || ' ON e '))",
        ] {
            let step = one(sql);
            assert_eq!(step.requires, [TableName::new("public", "a b")], "{sql}");
            assert_eq!(step.action, Action::Index(Some(TableName::new("public", "ON"))));
            assert_eq!(step.sorted.is_none(), sql.contains("gin"), "{sql}");
        }
        assert_eq!(one("CREATE INDEX ON stats.t (x)").action, Action::Index(None));
    }

    #[test]
    fn directives() {
        let step = one(
            "-- Hello: world\n-- requires: stats.a\n-- label: totals\nREFRESH MATERIALIZED VIEW t",
        );
        assert_eq!(step.requires, [TableName::new("stats", "a")]);
        assert_eq!(step.label, "totals");
        let error = read("SELECT 1;\n-- requires:\nSELECT 2").unwrap_err().to_string();
        assert_eq!(error, "line 3: requires: must be a table's name; found \"\"");
    }

    #[test]
    fn a_nul_is_found_with_its_line() {
        let error = read("SELECT 1;\nSELECT '\0'").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("NUL"), "{error}");
    }

    #[test]
    fn what_cannot_be_used() {
        for (script, line) in
            [("BEGIN; SELECT 1; COMMIT", 1), ("SELECT 1;\n\\copy x", 2), ("\n SELECT '", 2)]
        {
            let error = read(script).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line}: ")), "{error}");
        }
    }

    #[test]
    fn or_replace_is_never_skipped() {
        let step = one("CREATE OR REPLACE VIEW v AS SELECT 1");
        assert_eq!(step.action, Action::View);
        assert!(step.unless_exists.is_empty());
    }
}
