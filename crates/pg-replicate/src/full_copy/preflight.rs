//! Preflight of a full copy: what it needs, checked before anything is changed.

use std::path::Path;

use crate::archive::Archive;
use crate::archive::{inflate, read_whole_archive};
use crate::full_copy::name_list::shortened;
use crate::full_copy::object_catalog;
use crate::full_copy::refused;
use crate::full_copy::settings::{ForeignKeys, FullCopy};
use crate::full_copy::staging;
use crate::masking;
use crate::on_target::preserved::{self, Preserved};
use crate::on_target::{self, Dependent};
use crate::postgres::catalog::{self, KeptTable, Server};
use crate::postgres::client_program::major_version;
use crate::postgres::connection::Connection;
use crate::postgres::{same_database, source_locks, unlogged, versions};
use crate::{Check, DatabaseUrl, Error, Side, TableMode, freshness};

const MASKING: &str = "masking";

#[derive(Default)]
pub(super) struct Checks {
    pub(super) checks: Vec<Check>,
    unreachable: Option<Error>,
}

impl Checks {
    /// Whether a run would begin.
    pub(super) fn are_good(&self) -> bool {
        self.unreachable.is_none() && self.checks.iter().all(|check| check.outcome.is_ok())
    }

    fn push(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Logs the warnings, and returns what is wrong as an error.
    pub(super) fn into_result(self) -> Result<(), Error> {
        for check in self.checks.iter().filter(|check| check.is_warning) {
            tracing::warn!("{}: {}", check.subject, check.outcome.as_deref().unwrap_or_default());
        }
        if let Some(error) = self.unreachable {
            return Err(error);
        }
        let wrong: Vec<Check> =
            self.checks.into_iter().filter(|check| check.outcome.is_err()).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Error::Preflight(wrong)) }
    }

    /// Records a result or an error, and whether a server was unreachable.
    fn note<T>(&mut self, subject: &str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.push(Check::bad(subject, error.to_string()));
                if error.is_unreachable() {
                    self.unreachable.get_or_insert(error);
                }
                None
            }
        }
    }
}

/// Number of connections needed at the same time.
#[derive(Clone, Copy)]
pub(super) struct Needed {
    pub(super) source: u16,
    pub(super) target: u16,
}

impl Needed {
    /// One side: the snapshot and each worker. The other: each worker, the writer's lock, and one for
    /// dropping, restoring and checking.
    pub(super) fn live(jobs: u16) -> Self {
        Self { source: jobs + 1, target: jobs + 3 }
    }

    /// pg_dump; pg_restore, which has one more, and the writer's lock.
    pub(super) fn archive(restore_jobs: u16) -> Self {
        Self { source: 1, target: restore_jobs + 2 }
    }
}

pub(super) async fn all(copy: &FullCopy, needed: Needed) -> Checks {
    let mut checks = Checks::default();
    let source = reach(&mut checks, Side::Source, &copy.source, needed.source).await;
    let target = reach(&mut checks, Side::Target, &copy.target, needed.target).await;
    distinct(&mut checks, copy, source.as_ref(), target.as_ref()).await;
    programs(&mut checks, source.as_ref().map(|(_, server)| server)).await;
    if let (Some((_, source)), Some((_, target))) = (&source, &target) {
        checks.push(versions::pair(source.major, &source.version, target.major, &target.version));
    }
    let source = supported(&mut checks, Side::Source, source);
    let target = supported(&mut checks, Side::Target, target);
    let on_source = match &source {
        Some((connection, _)) => {
            let found =
                source_locks::named(connection, source_rights(copy, connection).await).await;
            checks.note("rights on the source", found).map(|(kept, found)| {
                checks.checks.extend(found);
                kept
            })
        }
        None => None,
    };
    if let Some((connection, _)) = &source
        && copy.mode.tables(TableMode::Full).next().is_some()
    {
        let with_foreign_keys = copy.foreign_keys != ForeignKeys::Without;
        let found = masking::check(connection, &copy.mode, with_foreign_keys).await;
        let found = source_locks::named(connection, found).await;
        if let Some(wrong) = checks.note(MASKING, found) {
            checks.push(masked(copy, &wrong));
        }
    }
    let on_target = match &target {
        Some((connection, server)) => {
            let source = source.as_ref().map(|(connection, _)| connection);
            let found = target_rights(copy, source, connection, server).await;
            checks.note("rights on the target", found).map(|(kept, new)| {
                checks.checks.extend(new);
                kept
            })
        }
        None => None,
    };
    if let (Some(on_source), Some(on_target)) = (on_source, on_target) {
        checks.push(kept_tables(copy, &on_source, &on_target));
        if let (Some((source, _)), Some((target, _))) = (&source, &target) {
            let found = refused(source, target, &on_source, &on_target).await;
            let found = checks.note("objects that the target refuses", found);
            checks.checks.extend(found.into_iter().flatten());
            if let Some(schema) = &copy.freshness_schema {
                let found = freshness::obstacle(source, target, schema).await;
                let found = checks.note("freshness", found).flatten();
                checks.checks.extend(found.map(|wrong| Check::bad("freshness", wrong)));
            }
        }
    }
    checks
}

/// Whether a copy can be built beside the last one, as far as the source's tables tell.
pub(super) async fn published(copy: &FullCopy) -> Check {
    let look = async {
        let source = Connection::open(&copy.source, "pg-replicate check").await?;
        let found = async {
            staging::refuse_names(&source, &copy.mode).await?;
            Ok(catalog::server(&source).await?.bytes)
        };
        source_locks::named(&source, found.await).await
    };
    match look.await {
        Ok(bytes) => Check::good(
            "PUBLISH",
            format!("swap: the target needs disk for both copies; the source has {bytes} bytes"),
        ),
        Err(Error::Preflight(mut wrong)) if !wrong.is_empty() => wrong.swap_remove(0),
        Err(error) => Check::bad("PUBLISH", error.to_string()),
    }
}

pub(super) async fn target(copy: &FullCopy) -> Checks {
    restoring(copy, None).await
}

pub(super) async fn restore(copy: &FullCopy, dump: &Path) -> Result<Checks, Error> {
    let archive = read_whole_archive(dump).await?;
    let mut checks = restoring(copy, Some(&archive)).await;
    if checks.checks.iter().all(|check| check.outcome.is_ok()) {
        inflate(dump).await?;
        let found = refused::archive::check(copy, &archive, dump).await;
        if let Some(found) = checks.note("objects", found) {
            checks.checks.extend(found);
        }
    }
    Ok(checks)
}

/// What the plain dump in `file` needs, which is read to its end.
pub(super) async fn script(copy: &FullCopy, file: &Path) -> Checks {
    let mut checks = restoring(copy, None).await;
    if checks.checks.iter().all(|check| check.outcome.is_ok()) {
        let found = refused::script::check(&copy.target, file).await;
        let found = checks.note("objects", found);
        checks.checks.extend(found.into_iter().flatten());
    }
    checks
}

async fn restoring(copy: &FullCopy, archive: Option<&Archive>) -> Checks {
    let mut checks = Checks::default();
    checks.checks.extend(archive_masks_nothing(copy));
    let needed = Needed::archive(copy.restore_jobs).target;
    let target = reach(&mut checks, Side::Target, &copy.target, needed).await;
    if let Some((major, text)) = checks.note("pg_restore", major_version("pg_restore").await) {
        let writer =
            archive.and_then(|archive| Some((leading_number(&archive.pg_dump_version)?, archive)));
        checks.push(match writer {
            Some((writer, archive)) if writer > major => Check::bad(
                "pg_restore",
                format!(
                    "version {major} cannot read an archive of pg_dump {}: install version {writer} or newer",
                    archive.pg_dump_version
                ),
            ),
            _ => Check::good("pg_restore", text),
        });
    }
    let target = supported(&mut checks, Side::Target, target);
    if let Some((connection, server)) = &target {
        let dumped =
            archive.and_then(|archive| Some((leading_number(&archive.server_version)?, archive)));
        if let Some((major, archive)) = dumped {
            let found = &archive.server_version;
            checks.push(versions::pair(major, found, server.major, &server.version));
        }
        let found = target_rights(copy, None, connection, server).await;
        if let Some((_, new)) = checks.note("rights on the target", found) {
            checks.checks.extend(new);
        }
    }
    checks
}

/// The tables whose rows are changed during the copy.
fn masked(copy: &FullCopy, wrong: &[String]) -> Check {
    if !wrong.is_empty() {
        return Check::bad(MASKING, wrong.join("; "));
    }
    let names: Vec<String> = copy.mode.tables(TableMode::Full).map(ToString::to_string).collect();
    Check::good(MASKING, format!("the rules of {} can be used", names.join(", ")))
}

/// An archive cannot apply rules, so tables with rules cannot be copied that way.
pub(super) fn archive_masks_nothing(copy: &FullCopy) -> Option<Check> {
    let names: Vec<String> =
        copy.mode.tables(TableMode::Full).map(|table| format!("\"{table}\"")).collect();
    (!names.is_empty()).then(|| {
        Check::bad(
            MASKING,
            format!(
                "BACKUP_MODE has rules for the rows or columns of {}, and an archive of pg_dump holds every row \
                 as it is: nothing would be filtered or masked; copy live, or take the rules out",
                names.join(", ")
            ),
        )
    })
}

async fn reach(
    checks: &mut Checks,
    side: Side,
    url: &DatabaseUrl,
    needed: u16,
) -> Option<(Connection, Server)> {
    let reached = async {
        let connection = Connection::open(url, "pg-replicate check").await?;
        let server = catalog::server(&connection).await?;
        Ok((connection, server))
    };
    let reached = checks.note(&side.to_string(), reached.await)?;
    let server = &reached.1;
    checks.push(Check::good(
        &side.to_string(),
        format!("PostgreSQL {} at {url} as {}", server.version, server.role),
    ));
    if server.connections < i64::from(needed) {
        checks.push(Check::bad(
            &format!("connections to the {side}"),
            format!(
                "role {} may have {}, and {needed} are needed at once: raise the CONNECTION LIMIT of the role or \
                 the database or the server's max_connections, or lower COPY_JOBS (PG_RESTORE_JOBS for archives)",
                server.role, server.connections
            ),
        ));
    }
    Some(reached)
}

async fn distinct(
    checks: &mut Checks,
    copy: &FullCopy,
    source: Option<&(Connection, Server)>,
    target: Option<&(Connection, Server)>,
) {
    let same = match (source, target) {
        (Some((source, _)), Some((target, _))) => same_database::is_one(source, target).await,
        // One of them cannot be reached.
        _ if copy.source.same_database(&copy.target) => Ok(true),
        _ => return,
    };
    if let Some(is_one) = checks.note(same_database::SUBJECT, same) {
        checks.push(if is_one {
            let wrong = same_database::one_database(&copy.source, &copy.target);
            Check::bad(same_database::SUBJECT, wrong)
        } else {
            Check::good(same_database::SUBJECT, "two databases")
        });
    }
}

async fn programs(checks: &mut Checks, source: Option<&Server>) {
    let dump = checks.note("pg_dump", major_version("pg_dump").await);
    if let Some((major, text)) = &dump {
        checks.push(match source {
            Some(source) if *major < source.major => Check::bad(
                "pg_dump",
                format!(
                    "version {major} cannot dump the source's {}: install version {} or newer (PG_CLIENT_VERSION)",
                    source.version, source.major
                ),
            ),
            _ => Check::good("pg_dump", text),
        });
    }
    if let Some((major, text)) = checks.note("pg_restore", major_version("pg_restore").await) {
        checks.push(match dump {
            Some((dump, _)) if major < dump => Check::bad(
                "pg_restore",
                format!(
                    "version {major} is older than pg_dump {dump}: install both from one version"
                ),
            ),
            _ => Check::good("pg_restore", text),
        });
    }
}

/// Nothing else is asked of a server that is too old, because it would not understand.
fn supported(
    checks: &mut Checks,
    side: Side,
    server: Option<(Connection, Server)>,
) -> Option<(Connection, Server)> {
    let (connection, server) = server?;
    match versions::too_old(side, server.major, &server.version) {
        Some(wrong) => {
            checks.push(Check::bad(versions::SUBJECT, wrong));
            None
        }
        None => Some((connection, server)),
    }
}

async fn source_rights(
    copy: &FullCopy,
    connection: &Connection,
) -> Result<(Vec<KeptTable>, Vec<Check>), Error> {
    let kept = catalog::kept_tables(connection, &copy.mode).await?;
    let oids = catalog::oids(&kept);
    let unreadable = object_catalog::unreadable(connection, &oids).await?;
    let mut checks: Vec<Check> =
        unlogged::check(&unlogged::tables(connection, &oids).await?).into_iter().collect();
    let subject = "rights on the source";
    if unreadable.is_empty() {
        checks.push(Check::good(subject, "every table and sequence can be read"));
        return Ok((kept, checks));
    }
    let mut reasons = Vec::new();
    for (kind, advice) in [
        ("schema", "no USAGE on"),
        ("table", "no SELECT on table"),
        ("sequence", "no SELECT on sequence"),
        ("large object", "no SELECT on large object"),
        ("row-secured table", "row security hides rows (the role needs BYPASSRLS) of table"),
    ] {
        let names = unreadable.iter().filter(|(its, _)| its == kind).map(|(_, name)| name.as_str());
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            reasons.push(format!("{advice} {}", shortened(&names)));
        }
    }
    checks.push(Check::bad(subject, reasons.join("; ")));
    Ok((kept, checks))
}

async fn target_rights(
    copy: &FullCopy,
    source: Option<&Connection>,
    target: &Connection,
    server: &Server,
) -> Result<(Vec<KeptTable>, Vec<Check>), Error> {
    let subject = "rights on the target";
    let kept = catalog::kept_tables(target, &copy.mode).await?;
    let mut oids = catalog::oids(&kept);
    let store =
        async { Ok((preserved::find(&**target).await?, preserved::obstacle(&**target).await?)) };
    let (store, obstacle) = store
        .await
        .map_err(|error| target.error("look for what an earlier run was to give back", &error))?;
    oids.extend(store);
    let mut wrong: Vec<String> = obstacle.into_iter().collect();
    if server.is_standby {
        wrong.push("it is a standby, which cannot be written".to_owned());
    }
    if !server.may_create_schema {
        wrong.push(format!(
            "role {} may not create schemas and extensions: GRANT CREATE ON DATABASE, or make it the owner",
            server.role
        ));
    }
    if !server.may_create_in_public {
        wrong.push(format!(
            "role {} may not create in the schema public: GRANT CREATE ON SCHEMA public",
            server.role
        ));
    }
    wrong.extend(object_catalog::closure(target, &oids).await?.conflict());
    if let Some(source) = source {
        let dumped = object_catalog::names(source).await?;
        let others = object_catalog::not_ours(target, &oids).await?;
        let in_the_way: Vec<&str> = others
            .iter()
            .filter(|(_, name)| dumped.contains(name))
            .map(|(object, _)| object.as_str())
            .collect();
        if !in_the_way.is_empty() {
            wrong.push(format!(
                "another role owns objects that are to be replaced: {} (ALTER … OWNER TO {})",
                shortened(&in_the_way),
                server.role
            ));
        }
    }
    let check = if wrong.is_empty() {
        Check::good(
            subject,
            format!("role {} may drop and create the restored objects", server.role),
        )
    } else {
        Check::bad(subject, wrong.join("; "))
    };
    let mut checks = vec![check];
    checks.extend(others_rows(copy, target, &oids).await?);
    Ok((kept, checks))
}

/// Objects of other roles that the drop would drop too.
async fn others_rows(
    copy: &FullCopy,
    target: &Connection,
    kept: &[u32],
) -> Result<Option<Check>, Error> {
    let subject = "objects of other roles";
    let survivors = object_catalog::closure(target, kept).await?;
    let objects = object_catalog::own_objects(target, &survivors).await?;
    let (classes, oids): (Vec<u32>, Vec<u32>) =
        objects.iter().filter(|one| !one.is_large_object()).map(|one| (one.class, one.oid)).unzip();
    let others = on_target::dependents(&**target, &classes, &oids, false, kept)
        .await
        .map_err(|error| target.error("look for what depends on what is dropped", &error))?;
    if !copy.on_target.drops_dependents
        && let Some(refusal) = on_target::refusal(&others)
    {
        return Ok(Some(Check::bad(subject, refusal)));
    }
    if others.is_empty() {
        return Ok(None);
    }
    let lost = preserved::capture(&**target, &classes, &oids, &others, &[]).await;
    let lost = lost.map_err(|error| target.error("read what is given back", &error))?;
    let is_lost = |one: &&Dependent| !one.is_preserved();
    let mut gone: Vec<String> = others.iter().filter(is_lost).map(ToString::to_string).collect();
    gone.extend(lost.iter().filter_map(Preserved::cannot_be_made));
    Ok(Some(if gone.is_empty() {
        let all: Vec<String> = others.iter().map(ToString::to_string).collect();
        Check::good(
            subject,
            format!("will be dropped, and created again after the copy: {}", shortened(&all)),
        )
    } else {
        let found = format!(
            "they depend on objects that are replaced, will be dropped with them, and cannot be created again by our \
             role: {}; the log will contain their definitions",
            shortened(&gone)
        );
        Check::warning(subject, found)
    }))
}

async fn refused(
    source: &Connection,
    target: &Connection,
    on_source: &[KeptTable],
    on_target: &[KeptTable],
) -> Result<Vec<Check>, Error> {
    let survivors = object_catalog::closure(target, &catalog::oids(on_target)).await?;
    refused::check(source, target, &catalog::oids(on_source), &survivors).await
}

/// A table may be kept even if only the target has it; one that neither side has is a typing error.
fn kept_tables(copy: &FullCopy, on_source: &[KeptTable], on_target: &[KeptTable]) -> Check {
    let subject = "kept tables";
    let mut wrong = Vec::new();
    for (mode, name) in [
        (TableMode::Incremental, "incremental"),
        (TableMode::Upsert, "upsert"),
        (TableMode::None, "none"),
    ] {
        for table in copy.mode.tables(mode) {
            let is_on = |side: &[KeptTable]| side.iter().any(|kept| kept.name == *table);
            if is_on(on_source) || (mode == TableMode::None && is_on(on_target)) {
                continue;
            }
            let place = if mode == TableMode::None {
                "neither source nor target has a table"
            } else {
                "the source has no table"
            };
            wrong.push(format!("\"{table}\" ({name}): {place} of this name; {}", table.naming()));
        }
    }
    if !wrong.is_empty() {
        return Check::bad(subject, wrong.join("; "));
    }
    let names: Vec<String> = copy.mode.kept().map(ToString::to_string).collect();
    Check::good(subject, if names.is_empty() { "none".into() } else { names.join(", ") })
}

/// `15.18 (Debian …)` → 15
fn leading_number(version: &str) -> Option<u32> {
    version.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
}
