//! What a server of a version has, and what its dump says.

use std::process::Command;

use test_servers::{PostgresServer, versions};

/// By major version, what it brought.
const SINCE: [(u32, &str); 6] = [
    (13, include_str!("../../../../crates/pg-replicate/tests/sql/every_object.sql")),
    (14, include_str!("../../../../crates/pg-replicate/tests/sql/since_14.sql")),
    (15, include_str!("../../../../crates/pg-replicate/tests/sql/since_15.sql")),
    (16, include_str!("../../../../crates/pg-replicate/tests/sql/since_16.sql")),
    (17, include_str!("../../../../crates/pg-replicate/tests/sql/since_17.sql")),
    (18, include_str!("../../../../crates/pg-replicate/tests/sql/since_18.sql")),
];

/// What the role of the copy may read; `pg_read_all_data` came with 14, and has no large objects.
const MAY_READ: &str = "
    ALTER ROLE source_user BYPASSRLS;
    DO $$ DECLARE o oid; s text; BEGIN
      FOR s IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^(pg_|information)' LOOP
        EXECUTE 'GRANT USAGE ON SCHEMA ' || s || ' TO source_user';
        EXECUTE 'GRANT SELECT ON ALL TABLES IN SCHEMA ' || s || ' TO source_user';
        EXECUTE 'GRANT SELECT ON ALL SEQUENCES IN SCHEMA ' || s || ' TO source_user';
      END LOOP;
      FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP
        EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO source_user', o);
      END LOOP;
    END $$";

pub(crate) const PASSWORD: &str = "s3cr@t";

/// What makes everything that `major` has.
pub(crate) fn scripts(major: u32) -> Vec<&'static str> {
    SINCE.iter().filter(|(since, _)| *since <= major).map(|(_, script)| *script).collect()
}

/// Makes a source of what the scripts make, and a role that may read it.
pub(crate) fn make_source(server: &PostgresServer, scripts: &[&str]) {
    server.psql("postgres", "CREATE ROLE producer NOLOGIN").unwrap();
    server.create_role("source_user", PASSWORD).unwrap();
    server.create_database("source", "producer").unwrap();
    for script in scripts {
        on_source(server, script);
    }
    server.psql("source", MAY_READ).unwrap();
}

/// Makes an empty target that its owner may fill, and nothing more.
pub(crate) fn make_target(server: &PostgresServer) {
    server.create_role("target_user", PASSWORD).unwrap();
    server.create_database("target", "target_user").unwrap();
}

/// Runs SQL on the source as its owner.
pub(crate) fn on_source(server: &PostgresServer, script: &str) -> String {
    server.psql("source", &format!("SET ROLE producer;\n{script}")).unwrap()
}

/// What the newest pg_dump says about a database, without what differs from server to server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dump {
    /// Everything, each table's rows sorted: rows come in the order of the heap.
    pub(crate) lines: Vec<String>,
    /// Every object, and every row with its table and columns.
    pub(crate) content: Vec<String>,
}

pub(crate) fn dump(server: &PostgresServer, database: &str) -> Dump {
    let output = Command::new(versions::client_bin_dir(18).unwrap().join("pg_dump"))
        .args(["--no-owner", "--no-privileges", "--dbname", &server.superuser_url(database)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut dump = Dump { lines: Vec::new(), content: Vec::new() };
    let mut data: Option<(String, Vec<String>)> = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match &mut data {
            Some((copy, rows)) if line == "\\." => {
                rows.sort();
                dump.content.extend(rows.iter().map(|row| format!("{copy} {row}")));
                dump.lines.append(rows);
                dump.lines.push(line.to_owned());
                data = None;
            }
            Some((_, rows)) => rows.push(line.to_owned()),
            None if differs_anyway(line) => {}
            None => {
                if line.starts_with("COPY ") && line.ends_with(" FROM stdin;") {
                    data = Some((line.to_owned(), Vec::new()));
                }
                // PostgreSQL 15 gave the schema public to the owner of the database.
                if line.starts_with("-- Name: ") && !line.starts_with("-- Name: public; ") {
                    dump.content.push(line.to_owned());
                }
                dump.lines.push(line.to_owned());
            }
        }
    }
    dump.content.sort();
    dump
}

/// The version of the server, a random key, and a setting that servers before 17 do not know.
fn differs_anyway(line: &str) -> bool {
    ["-- Dumped from database version", "\\restrict ", "\\unrestrict ", "SET transaction_timeout"]
        .iter()
        .any(|start| line.starts_with(start))
}
