//! Every SQL file of the copy, and of the learning content, is understood by every server version that is supported.
//!
//! The servers come from `scripts/postgres-versions`.

use std::path::Path;

use test_servers::{PostgresServer, versions::SERVER_VERSIONS};
use tokio_postgres::{Client, NoTls};

/// What enrichment.sql, the fixtures and what is given back speak of.
const TABLES: &str = concat!(
    include_str!("../../sql/on_target/preserved/create_store.sql"),
    r#"
    CREATE TABLE users (id int, "createdAt" timestamptz);
    CREATE TABLE answers (id int, "challengeId" text);
    CREATE TABLE "knowledge-elements" (id int, "createdAt" timestamptz);
    CREATE TABLE "knowledge-element-snapshots" (id int, "snappedAt" timestamptz);
    CREATE TABLE "organization-learners" (id int);
    CREATE TABLE "authentication-methods" ("identityProvider" text, "authenticationComplement" jsonb);
    CREATE TABLE django_content_type (app_label text);"#
);

/// Name and text of each file below `directory`.
fn files(directory: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    files
}

/// What the server says against a file. A script is run, in a transaction that is rolled back; a
/// query with parameters is prepared, which checks its names, types and functions.
async fn refused(client: &mut Client, text: &str) -> Option<String> {
    let transaction = client.transaction().await.unwrap();
    let result = if text.contains("$1") {
        transaction.prepare(text).await.map(|_| ())
    } else {
        transaction.batch_execute(text).await
    };
    transaction.rollback().await.unwrap();
    let error = result.err()?;
    Some(error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string))
}

#[tokio::test]
async fn every_sql_file_runs_on_every_version() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = files(&crates.join("pg-replicate/sql"));
    files.extend(self::files(&crates.join("shared-steps/src/jobs/learning_content/sql")));
    assert!(files.len() > 20, "{}", files.len());
    let owners = files.iter().find(|(name, _)| name.ends_with("/owners.sql")).unwrap().1.clone();
    // It runs on each version with the tables.
    files.retain(|(name, _)| !name.ends_with("/create_store.sql"));
    for (_, text) in &mut files {
        *text = text.replace(":owners", &owners).replace(":schema", "freshness");
    }
    let create = files.iter().find(|(name, _)| name.ends_with("/freshness/create.sql"));
    let create = create.unwrap().1.clone();
    let mut wrong = Vec::new();
    for major in SERVER_VERSIONS {
        let server = PostgresServer::start_version(major).unwrap();
        server.psql("postgres", &format!("{TABLES}; {create}")).unwrap();
        let (mut client, connection) =
            tokio_postgres::connect(&server.superuser_url("postgres"), NoTls).await.unwrap();
        tokio::spawn(connection);
        for (name, text) in &files {
            if let Some(error) = refused(&mut client, text).await {
                wrong.push(format!("{name} on {major}: {error}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Limits that a role may have set for interactive work.
#[tokio::test]
async fn no_time_limit_of_any_version_is_left_in_a_session() {
    const LIMITS: &str = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name)
        FROM pg_settings
        WHERE name ~ '^(statement|lock|transaction|idle.*session)_timeout$'";
    let session = include_str!("../../sql/session.sql");
    for (major, wanted) in [
        (13, "idle_in_transaction_session_timeout=0 lock_timeout=0 statement_timeout=0"),
        (
            18,
            "idle_in_transaction_session_timeout=0 idle_session_timeout=0 lock_timeout=0 \
             statement_timeout=0 transaction_timeout=0",
        ),
    ] {
        let server = PostgresServer::start_version(major).unwrap();
        let names = "SELECT format('ALTER ROLE postgres SET %I = 60000;', name) FROM pg_settings
             WHERE name ~ '^(statement|lock|transaction|idle.*session)_timeout$'";
        let limits = server.psql("postgres", names).unwrap();
        server.psql("postgres", &limits).unwrap();
        let before = server.psql("postgres", LIMITS).unwrap();
        assert!(!before.contains("=0"), "{before}");
        let after = server.psql("postgres", &format!("{session}\n{LIMITS}")).unwrap();
        // The settings that were made are printed too.
        assert_eq!(after.lines().last().unwrap(), wanted);
    }
}
