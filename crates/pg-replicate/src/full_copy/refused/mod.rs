//! Objects that the target will refuse, as far as this can be known before anything is dropped.
//!
//! If the rows of a table could not be copied, the run does not start: old rows are better than none. An
//! object without rows is a warning: everything else is copied, and the job fails at the end, naming the
//! object.

pub(super) mod archive;
pub(super) mod script;

use std::collections::HashSet;

use tokio_postgres::types::ToSql;

use super::extension_rows;
use super::object_catalog::Objects;
use super::settings::FullCopy;
use crate::archive::{Archive, Entry};
use crate::full_copy::name_list::shortened;
use crate::postgres::catalog;
use crate::postgres::connection::Connection;
use crate::{Check, Error, TableName};

const SUSPECTS: &str = include_str!("../../../sql/refused/suspects.sql");
const ALLOWED: &str = include_str!("../../../sql/refused/allowed.sql");
const DEPENDENTS: &str = include_str!("../../../sql/refused/dependents.sql");
const EXTENSION_TABLES: &str = include_str!("../../../sql/refused/extension_tables.sql");

const OBJECTS: &str = "objects";
const EXTENSION_ROWS: &str = "rows of extensions";

/// The privilege needed to create an object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Needs {
    Superuser,
    /// This extension.
    Extension(String),
    /// USAGE on this foreign-data wrapper.
    Wrapper(String),
    /// CREATE on this schema.
    Schema(String),
}

impl Needs {
    /// Why it is refused.
    fn reason(&self) -> String {
        match self {
            Self::Superuser => "only a superuser may create it".to_owned(),
            Self::Extension(_) => "the server does not offer it, or only to superusers".to_owned(),
            Self::Wrapper(name) => format!("no USAGE on foreign-data wrapper {name}"),
            Self::Schema(name) => format!("no CREATE on schema {name}"),
        }
    }

    fn are_in(&self, allowed: &Allowed) -> bool {
        let key = match self {
            Self::Superuser => ("superuser", None),
            Self::Extension(name) => ("extension", Some(name.clone())),
            Self::Wrapper(name) => ("wrapper", Some(name.clone())),
            Self::Schema(name) => ("schema", Some(name.clone())),
        };
        allowed.contains(&(key.0.to_owned(), key.1))
    }
}

/// What the role may do on the target: `superuser`, `extension`, `wrapper` or `schema` with a name;
/// `nothing` with an object that stays.
type Allowed = HashSet<(String, Option<String>)>;

/// An object of the source that not every role may create.
struct Suspect {
    class: u32,
    oid: u32,
    needs: Needs,
    object: String,
}

impl Suspect {
    /// Why it is refused.
    fn reason(&self) -> String {
        self.needs.reason()
    }
}

/// Objects that need a refused one.
struct Dependent {
    object: String,
    refused: usize,
    has_rows: bool,
}

/// Checks the source's objects against the role's privileges on the target; the tables `kept` are not
/// copied.
pub(super) async fn check(
    source: &Connection,
    target: &Connection,
    kept: &[u32],
    survivors: &Objects,
) -> Result<Vec<Check>, Error> {
    let mut checks = extension_tables(source, target).await?;
    let refused = refused(source, target, survivors).await?;
    if refused.is_empty() {
        return Ok(checks);
    }
    let dependents = dependents(source, &refused, kept).await?;
    let describe = |dependent: &Dependent| {
        let refused = &refused[dependent.refused];
        format!("{} needs {} ({})", dependent.object, refused.object, refused.reason())
    };
    let (with_rows, without): (Vec<_>, Vec<_>) = dependents.iter().partition(|it| it.has_rows);
    let with_rows: Vec<String> = with_rows.into_iter().map(describe).collect();
    // Objects that need a missing extension or schema fail; the extension or schema itself does not.
    let own =
        refused.iter().filter(|it| !matches!(it.needs, Needs::Extension(_) | Needs::Schema(_)));
    let mut others: Vec<String> =
        own.map(|it| format!("{} ({})", it.object, it.reason())).collect();
    others.extend(without.into_iter().map(describe));
    checks.extend(object_checks(&with_rows, &others));
    Ok(checks)
}

/// `with_rows` and `others` will be refused, or need a refused object.
fn object_checks(with_rows: &[String], others: &[String]) -> Vec<Check> {
    let mut checks = Vec::new();
    if !with_rows.is_empty() {
        checks.push(Check::bad(
            OBJECTS,
            format!(
                "rows could not be copied, because the target refuses objects that their tables need: {}; have a superuser create \
                 or GRANT it on the target, or keep the tables (BACKUP_MODE)",
                shortened(with_rows)
            ),
        ));
    }
    if !others.is_empty() {
        checks.push(Check::warning(
            OBJECTS,
            format!(
                "the target refuses objects without rows, so the copy will fail at the end: {}",
                shortened(others)
            ),
        ));
    }
    checks
}

async fn refused(
    source: &Connection,
    target: &Connection,
    survivors: &Objects,
) -> Result<Vec<Suspect>, Error> {
    let action = "look for objects that the target may refuse";
    let rows = catalog::rows(source, action, SUSPECTS, &[]).await?;
    let suspects = rows.iter().map(|row| Suspect {
        class: row.get("classid"),
        oid: row.get("objid"),
        needs: match (row.get("needs"), row.get::<_, Option<String>>("name")) {
            ("extension", Some(name)) => Needs::Extension(name),
            ("wrapper", Some(name)) => Needs::Wrapper(name),
            ("schema", Some(name)) => Needs::Schema(name),
            _ => Needs::Superuser,
        },
        object: row.get("object"),
    });
    let suspects: Vec<Suspect> = suspects.collect();
    let needs: Vec<&Needs> = suspects.iter().map(|it| &it.needs).collect();
    let allowed = allowed(target, &needs, survivors).await?;
    let stays = |object: &str| allowed.contains(&("nothing".into(), Some(object.into())));
    // Tables can still be created in a schema that stays.
    let is_refused = |it: &Suspect| {
        !it.needs.are_in(&allowed) && (matches!(it.needs, Needs::Schema(_)) || !stays(&it.object))
    };
    Ok(suspects.into_iter().filter(is_refused).collect())
}

async fn allowed(
    target: &Connection,
    needs: &[&Needs],
    survivors: &Objects,
) -> Result<Allowed, Error> {
    let (mut extensions, mut wrappers, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
    for needs in needs {
        match needs {
            Needs::Superuser => {}
            Needs::Extension(name) => extensions.push(name.as_str()),
            Needs::Wrapper(name) => wrappers.push(name.as_str()),
            Needs::Schema(name) => schemas.push(name.as_str()),
        }
    }
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&extensions, &wrappers, &survivors.classes, &survivors.oids, &schemas];
    let rows = catalog::rows(target, "read the role's privileges", ALLOWED, &parameters).await?;
    Ok(rows.iter().map(|row| (row.get("needs"), row.get("name"))).collect())
}

async fn dependents(
    source: &Connection,
    refused: &[Suspect],
    kept: &[u32],
) -> Result<Vec<Dependent>, Error> {
    let (classes, oids): (Vec<u32>, Vec<u32>) = refused.iter().map(|it| (it.class, it.oid)).unzip();
    let parameters: [&(dyn ToSql + Sync); 3] = [&classes, &oids, &kept];
    let action = "look for what needs the objects that the target refuses";
    let rows = catalog::rows(source, action, DEPENDENTS, &parameters).await?;
    let mut dependents: Vec<Dependent> = Vec::new();
    for row in &rows {
        let object: String = row.get("object");
        if dependents.iter().any(|known| known.object == object) {
            continue;
        }
        let has_rows = match row.get::<_, Option<&str>>("table_name") {
            Some(table) => has_rows(source, table, "").await?,
            None => false,
        };
        let root: i64 = row.get("root");
        let refused = usize::try_from(root - 1).unwrap_or_default();
        dependents.push(Dependent { object, refused, has_rows });
    }
    Ok(dependents)
}

/// `table` and `condition` as SQL.
async fn has_rows(source: &Connection, table: &str, condition: &str) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS (SELECT FROM ONLY {table} {condition})");
    let row = source.query_one(&sql, &[]).await;
    row.map(|row| row.get(0))
        .map_err(|error| source.error(format!("look for rows of {table}"), &error))
}

/// Definitions with bytes that no text of the target may hold: a database that knows no encoding has any. Comments are
/// none of them, for they may be left out.
pub(super) async fn foreign_bytes(
    target: &Connection,
    archive: &Archive,
    entries: &[Entry],
) -> Result<Option<Check>, Error> {
    const ENCODING: &str = "SELECT pg_catalog.current_setting('server_encoding')";
    let is_suspect = |entry: &&Entry| entry.is_garbled && entry.kind != "COMMENT";
    let suspects: Vec<String> = entries.iter().filter(is_suspect).map(Entry::to_string).collect();
    if !archive.is_sql_ascii || suspects.is_empty() {
        return Ok(None);
    }
    let row = target.query_one(ENCODING, &[]).await;
    let row = row.map_err(|error| target.error("look at the encoding", &error))?;
    Ok((row.get::<_, &str>(0) == "UTF8").then(|| {
        Check::bad(
            OBJECTS,
            format!(
                "the source's encoding is SQL_ASCII, and definitions have bytes that are not UTF-8, the target's \
                 encoding: {}; change them on the source, or name a target with encoding SQL_ASCII",
                shortened(&suspects)
            ),
        )
    }))
}

/// [`foreign_bytes`] as an error, of all that a dump of the source has.
pub(super) async fn refuse_foreign_bytes(copy: &FullCopy, archive: &Archive) -> Result<(), Error> {
    if !archive.is_sql_ascii {
        return Ok(());
    }
    let target = Connection::open(&copy.target, "pg-replicate check").await?;
    match foreign_bytes(&target, archive, &archive.entries).await? {
        Some(check) => Err(Error::Preflight(vec![check])),
        None => Ok(()),
    }
}

/// Extensions' tables that the role may not write to.
async fn extension_tables(source: &Connection, target: &Connection) -> Result<Vec<Check>, Error> {
    let action = "list the tables of extensions";
    let rows = catalog::rows(source, action, EXTENSION_TABLES, &[]).await?;
    let mut tables = ExtensionTables::default();
    for row in &rows {
        let table = TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
        let extension = row.get::<_, &str>("extension");
        let Some(closed) = closed(target, &table, &[extension]).await? else { continue };
        let described = format!("{table} of extension {extension}");
        let has_rows = has_rows(source, &table.quoted(), row.get("condition")).await?;
        tables.add(described, has_rows, closed);
    }
    Ok(tables.checks())
}

/// Why our role may not write an extension's table.
enum Closed {
    IsThere,
    /// The target does not have it yet: when we create its extension, it will be a superuser's.
    WillBe,
}

/// Whether our role may not replace the rows of `table`, which belongs to one of `extensions`.
async fn closed(
    target: &Connection,
    table: &TableName,
    extensions: &[&str],
) -> Result<Option<Closed>, Error> {
    const MADE_AS_OURS: &str = include_str!("../../../sql/refused/made_as_ours.sql");
    if let Some(found) = extension_rows::found(target, table).await? {
        return Ok((!found.may_replace).then_some(Closed::IsThere));
    }
    let action = "look at the extensions that the server offers";
    let rows = catalog::rows(target, action, MADE_AS_OURS, &[&extensions]).await?;
    let is_ours: Option<bool> = rows.first().and_then(|row| row.get("made_as_ours"));
    Ok((is_ours == Some(false)).then_some(Closed::WillBe))
}

/// Tables of extensions that our role may not write.
#[derive(Default)]
struct ExtensionTables {
    /// Rows would be lost.
    lost: Vec<String>,
    /// They are left unchanged.
    left: Vec<String>,
}

impl ExtensionTables {
    fn add(&mut self, table: String, has_rows: bool, closed: Closed) {
        match closed {
            _ if has_rows => self.lost.push(table),
            Closed::IsThere => self.left.push(table),
            Closed::WillBe => {}
        }
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if !self.lost.is_empty() {
            checks.push(Check::bad(
                EXTENSION_ROWS,
                format!(
                    "the source has added rows to {}, which the target's role may not write to: create the \
                     extension if it is missing, and have a superuser GRANT SELECT, INSERT, DELETE",
                    shortened(&self.lost)
                ),
            ));
        }
        if !self.left.is_empty() {
            checks.push(Check::warning(
                EXTENSION_ROWS,
                format!(
                    "{} is left unchanged: the target's role may not write to it, and the source has added no \
                     rows to it",
                    shortened(&self.left)
                ),
            ));
        }
        checks
    }
}
