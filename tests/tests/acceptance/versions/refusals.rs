//! Pairs that cannot be copied are refused before anything is changed.

use test_servers::versions::REFUSED_VERSION;

use crate::versions::pair::Pair;

const WHOLE: &[&str] = &["backup-restore"];

#[test]
fn a_source_that_is_too_old() {
    let mut pair = Pair::small(REFUSED_VERSION, 15);
    let said = pair.refused(WHOLE);
    assert!(
        said.contains("the source is PostgreSQL 12.22, but must be PostgreSQL 13 or newer"),
        "{said}"
    );
    pair.programs.set("BACKUP_MODE", r#"{"answers": "incremental"}"#);
    let said = pair.refused(&["incremental"]);
    assert!(
        said.contains("the source is PostgreSQL 12.22, but must be PostgreSQL 13 or newer"),
        "{said}"
    );
}

#[test]
fn a_target_that_is_too_old() {
    let mut pair = Pair::small(REFUSED_VERSION, REFUSED_VERSION);
    let said = pair.refused(WHOLE);
    for side in ["source", "target"] {
        let wrong = format!("the {side} is PostgreSQL 12.22, but must be PostgreSQL 13 or newer");
        assert!(said.contains(&wrong), "{said}");
    }
    pair.programs.set("BACKUP_MODE", r#"{"answers": "incremental"}"#);
    assert!(pair.refused(&["incremental"]).contains("must be PostgreSQL 13 or newer"));
}

#[test]
fn a_target_older_than_the_source() {
    let pair = Pair::small(16, 14);
    let said = pair.refused(WHOLE);
    assert!(said.contains("the target is PostgreSQL 14."), "{said}");
    assert!(said.contains("older than what is restored (16."), "{said}");
    assert!(said.contains("upgrade the target to 16 or newer"), "{said}");
}

#[test]
fn clients_older_than_the_source_or_than_each_other() {
    let mut pair = Pair::small(14, 14);
    pair.pretend("13.23", "13.23");
    let said = pair.refused(WHOLE);
    assert!(said.contains("version 13 cannot dump the source's 14."), "{said}");
    assert!(said.contains("install version 14 or newer (PG_CLIENT_VERSION)"), "{said}");
    pair.pretend("16.4", "15.2");
    let said = pair.refused(WHOLE);
    assert!(said.contains("version 15 is older than pg_dump 16: install both from one"), "{said}");
    pair.pretend("unreadable", "15.2");
    assert!(pair.refused(WHOLE).contains("pg_dump --version answered"));
}

/// The archive's version of PostgreSQL and of pg_dump are what counts: its source is not asked.
#[test]
fn an_archive_that_target_or_pg_restore_cannot_read() {
    let mut pair = Pair::small(18, 18);
    let file = pair.archive();
    pair.pretend("15.1", "15.1");
    let said = pair.refused(&["restore", "--file", &file]);
    assert!(said.contains("version 15 cannot read an archive of pg_dump 18."), "{said}");
    let older = Pair::small(17, 17);
    let said = older.refused(&["restore", "--file", &file]);
    assert!(said.contains("is PostgreSQL 17.") && said.contains("restored (18."), "{said}");
}
