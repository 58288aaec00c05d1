//! Preflight of an archive, whose table of contents contains the definitions of its objects.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::extension_rows::has_rows;
use super::super::settings::FullCopy;
use super::super::{object_catalog, restore_plan};
use super::{ExtensionTables, Needs, allowed, closed, foreign_bytes, object_checks};
use crate::archive::{Archive, Entry, tables_of};
use crate::postgres::connection::Connection;
use crate::postgres::sql_text::Cursor;
use crate::{Check, Error, TableName};
use progress::Context;

/// Kinds of objects that only superusers may create.
const OF_SUPERUSERS: [&str; 8] = [
    "ACCESS METHOD",
    "FOREIGN DATA WRAPPER",
    "LANGUAGE",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "PROCEDURAL LANGUAGE",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
];

/// Kinds that stand in a schema: it takes CREATE there.
const IN_SCHEMAS: [&str; 9] = [
    "DOMAIN",
    "FOREIGN TABLE",
    "FUNCTION",
    "MATERIALIZED VIEW",
    "PROCEDURE",
    "SEQUENCE",
    "TABLE",
    "TYPE",
    "VIEW",
];

/// Checks what would be restored from the archive at `dump` against the role's privileges on the target.
pub(crate) async fn check(
    copy: &FullCopy,
    archive: &Archive,
    dump: &Path,
) -> Result<Vec<Check>, Error> {
    let context = Context::quiet();
    let target = Connection::open(&copy.target, "pg-replicate check").await?;
    let plan = restore_plan::plan(copy, archive, &context).await?;
    let mut checks = of_extensions(copy, archive, &plan.entries, dump, &target, &context).await?;
    checks.extend(foreign_bytes(&target, archive, &plan.entries).await?);
    let suspects = plan.entries.iter().chain(plan.unable.iter().map(|(entry, _)| entry));
    let suspects: Vec<(&Entry, Needs)> =
        suspects.filter_map(|entry| Some((entry, needs(entry)?))).collect();
    let refused = refused(&target, suspects).await?;
    if refused.is_empty() {
        return Ok(checks);
    }
    let (mut with_rows, mut others) = (Vec::new(), Vec::new());
    // Objects that need a missing extension fail; the extension itself does not.
    let own = refused.iter().filter(|(_, needs)| !matches!(needs, Needs::Extension(_)));
    let own = own.map(|(entry, needs)| (*entry, format!("{entry} ({})", needs.reason())));
    let dependents = dependents(&plan.entries, &refused);
    let dependents = dependents.into_iter().map(|(entry, root)| {
        let (object, needs) = &refused[root];
        (entry, format!("{entry} needs {object} ({})", needs.reason()))
    });
    for (entry, described) in own.chain(dependents) {
        match rows_of(entry, &plan.entries) {
            Some(rows) if has_rows(copy, rows, dump, &context).await? => with_rows.push(described),
            // Rows have the same name as their table.
            _ if entry.kind == "TABLE DATA" => {}
            _ => others.push(described),
        }
    }
    checks.extend(object_checks(&with_rows, &others));
    Ok(checks)
}

/// Those of the entries that our role may not make on the target.
pub(super) async fn refused<E>(
    target: &Connection,
    suspects: Vec<(E, Needs)>,
) -> Result<Vec<(E, Needs)>, Error> {
    let needs: Vec<&Needs> = suspects.iter().map(|(_, needs)| needs).collect();
    let allowed = allowed(target, &needs, &object_catalog::Objects::default()).await?;
    Ok(suspects.into_iter().filter(|(_, needs)| !needs.are_in(&allowed)).collect())
}

/// The entry of a table's rows.
fn rows_of<'a>(table: &Entry, entries: &'a [Entry]) -> Option<&'a Entry> {
    let mut rows = entries.iter().filter(|entry| entry.kind == "TABLE DATA");
    (table.kind == "TABLE")
        .then(|| rows.find(|entry| entry.schema == table.schema && entry.tag == table.tag))?
}

/// Entries that need the refused ones, each with the number of one of them.
fn dependents<'a>(entries: &'a [Entry], refused: &[(&Entry, Needs)]) -> Vec<(&'a Entry, usize)> {
    let mut roots: HashMap<i32, usize> =
        refused.iter().enumerate().map(|(number, (entry, _))| (entry.id, number)).collect();
    let mut found = Vec::new();
    loop {
        let before = found.len();
        for entry in entries {
            if roots.contains_key(&entry.id) {
                continue;
            }
            let root = entry.dependencies.iter().find_map(|id| roots.get(id)).copied();
            if let Some(root) = root {
                roots.insert(entry.id, root);
                // It only describes something that is lost.
                if !matches!(entry.kind.as_str(), "COMMENT" | "SECURITY LABEL") {
                    found.push((entry, root));
                }
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Extensions' tables that the role may not write to.
async fn of_extensions(
    copy: &FullCopy,
    archive: &Archive,
    entries: &[Entry],
    dump: &Path,
    target: &Connection,
    context: &Context,
) -> Result<Vec<Check>, Error> {
    let made: HashSet<TableName> =
        entries.iter().filter(|entry| entry.kind == "TABLE").flat_map(tables_of).collect();
    // Of which of them a table is, no archive tells.
    let extensions = archive.entries.iter().filter(|entry| entry.kind == "EXTENSION");
    let extensions: Vec<&str> = extensions.map(|entry| entry.tag.as_str()).collect();
    let mut tables = ExtensionTables::default();
    for entry in entries.iter().filter(|entry| entry.kind == "TABLE DATA") {
        let Some(table) = tables_of(entry).into_iter().next() else { continue };
        if made.contains(&table) {
            continue;
        }
        let Some(closed) = closed(target, &table, &extensions).await? else { continue };
        let has_rows = has_rows(copy, entry, dump, context).await?;
        tables.add(format!("{table} of an extension"), has_rows, closed);
    }
    Ok(tables.checks())
}

/// The privilege needed to create an entry, if not every role has it.
pub(super) fn needs(entry: &Entry) -> Option<Needs> {
    let is_of_superusers = match entry.kind.as_str() {
        "EXTENSION" => return Some(Needs::Extension(entry.tag.clone())),
        "SERVER" => {
            let mut at = Cursor::new(&entry.definition).ok()?;
            at.skip_past("WRAPPER").then_some(())?;
            return Some(Needs::Wrapper(at.name()?));
        }
        "FUNCTION" | "PROCEDURE" => is_mighty_function(&entry.definition),
        "AGGREGATE" => entry.definition.contains("STYPE = internal"),
        "TYPE" => is_base_type(&entry.definition),
        // Only the owner of one of the types may create a cast between them.
        "CAST" => {
            entry.definition.contains("WITHOUT FUNCTION")
                || between(&entry.definition, "(", ")").is_some_and(is_built_in)
        }
        "TRANSFORM" => between(&entry.definition, " FOR ", " LANGUAGE ").is_some_and(is_built_in),
        kind => OF_SUPERUSERS.contains(&kind),
    };
    if is_of_superusers {
        return Some(Needs::Superuser);
    }
    let schema = entry.schema.clone().filter(|_| IN_SCHEMAS.contains(&entry.kind.as_str()));
    schema.map(Needs::Schema)
}

/// Compiled code has the rights of the server, and so do LEAKPROOF functions.
fn is_mighty_function(definition: &str) -> bool {
    let Ok(mut at) = Cursor::new(definition) else { return false };
    if !at.skip_past("LANGUAGE") {
        return false;
    }
    let language = at.name().unwrap_or_default();
    let is_untrusted = language.starts_with("pl") && language.ends_with('u');
    if is_untrusted || matches!(language.as_str(), "c" | "internal") {
        return true;
    }
    while let Some(token) = at.peek() {
        if ["AS", "BEGIN", "RETURN"].iter().any(|word| token.is_word(word)) {
            break;
        }
        if token.is_word("LEAKPROOF") || token.is_word("SUPPORT") {
            return true;
        }
        at.step();
    }
    false
}

/// `CREATE TYPE s.t ( INPUT = …`; other forms have AS before the parenthesis.
fn is_base_type(definition: &str) -> bool {
    let Ok(mut at) = Cursor::new(definition) else { return false };
    at.eat(&["CREATE", "TYPE"]) && at.qualified_name().is_some() && at.eat_symbol('(')
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// Whether all these types, as named by pg_dump, are built-in: only those have no schema.
fn is_built_in(types: &str) -> bool {
    !types.replace("pg_catalog.", "").contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_what() {
        let superuser = Some(Needs::Superuser);
        for (kind, definition, expected) in [
            (
                "FUNCTION",
                "CREATE FUNCTION public.f(text) RETURNS text\n LANGUAGE c AS 'a', 'b';",
                superuser.clone(),
            ),
            (
                "FUNCTION",
                "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql LEAKPROOF AS 'x';",
                superuser.clone(),
            ),
            (
                "FUNCTION",
                "CREATE FUNCTION public.f(leakproof int) RETURNS int LANGUAGE sql AS 'leakproof';",
                None,
            ),
            (
                "FUNCTION",
                "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql RETURN leakproof();",
                None,
            ),
            (
                "PROCEDURE",
                "CREATE PROCEDURE public.f() LANGUAGE plpython3u AS 'x';",
                superuser.clone(),
            ),
            ("TYPE", "CREATE TYPE public.t (\n    INTERNALLENGTH = 4", superuser.clone()),
            ("TYPE", "CREATE TYPE public.t AS (\n a int)", None),
            (
                "CAST",
                "CREATE CAST (character varying AS pg_catalog.json) WITH INOUT AS ASSIGNMENT;",
                superuser.clone(),
            ),
            ("CAST", "CREATE CAST (public.t AS json) WITH INOUT;", None),
            ("TRANSFORM", "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM", superuser.clone()),
            (
                "SERVER",
                "CREATE SERVER far FOREIGN DATA WRAPPER \"My fdw\";",
                Some(Needs::Wrapper("My fdw".into())),
            ),
            ("OPERATOR CLASS", "", superuser),
            ("TABLE", "CREATE TABLE public.a (id int);", None),
            ("DEFAULT", "ALTER TABLE ONLY public.a ALTER COLUMN id SET DEFAULT 1;", None),
        ] {
            let mut entry =
                Entry { kind: kind.into(), definition: definition.into(), ..Entry::default() };
            assert_eq!(needs(&entry), expected, "{definition}");
            entry.schema = Some("tools".into());
            let in_schema = IN_SCHEMAS.contains(&kind).then(|| Needs::Schema("tools".into()));
            assert_eq!(needs(&entry), expected.or(in_schema), "{definition}");
        }
    }
}
