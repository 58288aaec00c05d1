//! Servers of every supported version, as far as the installed pg_dump can read them.
//!
//! The servers come from `scripts/postgres-versions`.

use std::process::Command;
use std::sync::Arc;

use object_store::memory::InMemory;
use object_stores::ObjectPlace;
use snapshots::Error;
use test_servers::{PostgresServer, versions::SERVER_VERSIONS};

use crate::support::{SCRIPT, World};

fn pg_dump_version() -> u32 {
    let output = Command::new("pg_dump").arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let version = text.split(") ").nth(1).unwrap();
    version.split(|one: char| !one.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn those_that_pg_dump_can_read_are_taken_and_the_others_refused() {
    for major in SERVER_VERSIONS {
        let place = ObjectPlace::new(Arc::new(InMemory::new()), "a", "memory://a");
        let server = PostgresServer::start_version(major).unwrap();
        let world = World::on(server, SCRIPT, place);
        if major <= pg_dump_version() {
            let entry = world.kept().await;
            assert_eq!(entry.manifest().unwrap().rows(), 101, "{major}");
            world.fetch("latest").await.unwrap();
            assert!(world.changes().await.is_empty(), "{major}");
            continue;
        }
        let error = world.take().await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Database(_)), "{error:?}");
        assert!(text.contains(&format!("is PostgreSQL {major}")), "{text}");
        assert!(text.contains(&format!("client programs of version {major} or newer")), "{text}");
    }
}
