//! What the target's server will refuse to our role, as far as that can be known before anything is dropped.
//!
//! A table whose rows could not be copied is a reason not to begin: yesterday's rows are better than none. An object
//! that holds no rows is a warning: all else is copied, and the job fails in the end, with the object named.

use std::collections::HashSet;

use tokio_postgres::types::ToSql;

use super::catalog::{self, Objects};
use super::check::shortened;
use super::extension_rows;
use crate::connection::Connection;
use crate::{Check, Error, TableName};

const SUSPECTS: &str = include_str!("../../sql/refused/suspects.sql");
const ALLOWED: &str = include_str!("../../sql/refused/allowed.sql");
const DEPENDENTS: &str = include_str!("../../sql/refused/dependents.sql");
const EXTENSION_TABLES: &str = include_str!("../../sql/refused/extension_tables.sql");

const OBJECTS: &str = "objects";
const EXTENSION_ROWS: &str = "rows of extensions";

/// An object of the source that not every role may create.
struct Suspect {
    class: u32,
    oid: u32,
    needs: String,
    name: Option<String>,
    object: String,
}

impl Suspect {
    /// Why it is refused.
    fn reason(&self) -> String {
        match (self.needs.as_str(), &self.name) {
            ("extension", _) => "the server does not offer it, or only to superusers".to_owned(),
            ("schema", Some(name)) => format!("no CREATE on schema {name}"),
            ("wrapper", Some(name)) => format!("no USAGE on foreign-data wrapper {name}"),
            _ => "only a superuser may create it".to_owned(),
        }
    }
}

/// What needs a refused object.
struct Dependent {
    object: String,
    refused: usize,
    has_rows: bool,
}

/// Looks at the objects of the source, and at our rights on the target; the tables `kept` are not copied.
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
    if !with_rows.is_empty() {
        let list: Vec<String> = with_rows.into_iter().map(describe).collect();
        checks.push(Check::bad(
            OBJECTS,
            format!(
                "rows could not be copied, for the target refuses what their tables need: {}; have a superuser create \
                 or GRANT it on the target, or keep the tables (BACKUP_MODE)",
                shortened(&list)
            ),
        ));
    }
    // What needs an extension that is missing, or a schema, fails; the extension or schema itself does not.
    let own = refused.iter().filter(|it| !matches!(it.needs.as_str(), "extension" | "schema"));
    let mut list: Vec<String> = own.map(|it| format!("{} ({})", it.object, it.reason())).collect();
    list.extend(without.into_iter().map(describe));
    if !list.is_empty() {
        checks.push(Check::warning(
            OBJECTS,
            format!(
                "the target refuses what holds no rows, so that the copy will fail in the end: {}",
                shortened(&list)
            ),
        ));
    }
    Ok(checks)
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
        needs: row.get("needs"),
        name: row.get("name"),
        object: row.get("object"),
    });
    let suspects: Vec<Suspect> = suspects.collect();
    let names = |needs: &str| -> Vec<String> {
        suspects.iter().filter(|it| it.needs == needs).filter_map(|it| it.name.clone()).collect()
    };
    let (extensions, wrappers, schemas) = (names("extension"), names("wrapper"), names("schema"));
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&extensions, &wrappers, &survivors.classes, &survivors.oids, &schemas];
    let rows = catalog::rows(target, "look at our rights", ALLOWED, &parameters).await?;
    let allowed: HashSet<(String, Option<String>)> =
        rows.iter().map(|row| (row.get("needs"), row.get("name"))).collect();
    let stays = |object: &str| allowed.contains(&("nothing".into(), Some(object.into())));
    // In a schema that stays, tables are made all the same.
    let is_refused = |it: &Suspect| {
        !allowed.contains(&(it.needs.clone(), it.name.clone()))
            && (it.needs == "schema" || !stays(&it.object))
    };
    Ok(suspects.into_iter().filter(is_refused).collect())
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

/// The tables of extensions that our role may not write.
async fn extension_tables(source: &Connection, target: &Connection) -> Result<Vec<Check>, Error> {
    let action = "list the tables of extensions";
    let rows = catalog::rows(source, action, EXTENSION_TABLES, &[]).await?;
    let (mut lost, mut left) = (Vec::new(), Vec::new());
    for row in &rows {
        let table = TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
        let is_closed =
            extension_rows::found(target, &table).await?.is_some_and(|it| !it.may_replace);
        if !is_closed {
            continue;
        }
        let described = format!("{table} of extension {}", row.get::<_, &str>("extension"));
        match has_rows(source, &table.quoted(), row.get("condition")).await? {
            true => lost.push(described),
            false => left.push(described),
        }
    }
    let mut checks = Vec::new();
    if !lost.is_empty() {
        checks.push(Check::bad(
            EXTENSION_ROWS,
            format!("the source has rows of its own in {}, and our role may not write there on the target: GRANT SELECT, INSERT, DELETE", shortened(&lost)),
        ));
    }
    if !left.is_empty() {
        checks.push(Check::warning(
            EXTENSION_ROWS,
            format!("{} is left as it is: our role may not write there on the target, and the source has no rows of its own in it", shortened(&left)),
        ));
    }
    Ok(checks)
}
