//! `sslmode` means what it means to libpq.
#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a test may panic")]

mod support;

use std::time::Duration;

use local_services::wait_for;
use pg_replicate::DatabaseUrl;
use support::World;

/// Made for these tests, for the name `localhost`; the authority's own key is gone.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.crt");
const CERTIFICATE: &str = include_str!("tls/server.crt");
const KEY: &str = include_str!("tls/server.key");

fn encrypted_world(script: &str) -> World {
    let world = World::new(script);
    let directory = world.server.log_path().parent().unwrap().display().to_string();
    for (name, text) in [("server.crt", CERTIFICATE), ("server.key", KEY)] {
        // Written by the server itself: the key must be its own.
        let write = format!(
            "COPY (SELECT unnest(string_to_array('{}', E'\\n')))
             TO PROGRAM 'umask 077; cat > \"{directory}/{name}\"'",
            text.trim()
        );
        world.server.psql("postgres", &write).unwrap();
        let setting = if name == "server.crt" { "ssl_cert_file" } else { "ssl_key_file" };
        let set = format!("ALTER SYSTEM SET {setting} = '{directory}/{name}'");
        world.server.psql("postgres", &set).unwrap();
    }
    world.server.psql("postgres", "ALTER SYSTEM SET ssl = on").unwrap();
    world.server.psql("postgres", "SELECT pg_reload_conf()").unwrap();
    let limit = Duration::from_secs(20);
    assert!(wait_for(limit, || world.server.psql("postgres", "SHOW ssl").unwrap() == "on"));
    world
}

fn with(world: &World, user: &str, database: &str, host: &str, parameters: &str) -> DatabaseUrl {
    let text = world.server.superuser_url(database);
    let text = text.replace("postgres:superuser@127.0.0.1", &format!("{user}@{host}"));
    format!("{text}?{parameters}").parse().unwrap()
}

/// Whether a connection is encrypted, or why there is none.
async fn encrypted(world: &World, host: &str, parameters: &str) -> Result<bool, String> {
    let url = with(world, "postgres:superuser", "postgres", host, parameters);
    let client = pg_replicate::connect(&url).await.map_err(|error| error.to_string())?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(client.query_one(sql, &[]).await.unwrap().get(0))
}

#[tokio::test]
async fn every_mode() {
    let world = encrypted_world("");
    let root = format!("sslrootcert={AUTHORITY}");
    let ip = "127.0.0.1";
    assert_eq!(encrypted(&world, ip, "sslmode=disable").await, Ok(false));
    assert_eq!(encrypted(&world, ip, "sslmode=allow").await, Ok(false));
    assert_eq!(encrypted(&world, ip, "sslmode=prefer").await, Ok(true));
    assert_eq!(encrypted(&world, ip, "sslmode=require").await, Ok(true));
    assert_eq!(encrypted(&world, ip, &format!("sslmode=verify-ca&{root}")).await, Ok(true));
    assert_eq!(
        encrypted(&world, "localhost", &format!("sslmode=verify-full&{root}")).await,
        Ok(true)
    );
    // Another name than the certificate's, another authority than the system's.
    let error = encrypted(&world, ip, &format!("sslmode=verify-full&{root}")).await.unwrap_err();
    assert!(error.contains("not valid for name"), "{error}");
    let error = encrypted(&world, "localhost", "sslmode=verify-ca").await.unwrap_err();
    assert!(error.contains("invalid peer certificate: UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls() {
    let world = World::new("");
    assert_eq!(encrypted(&world, "127.0.0.1", "sslmode=prefer").await, Ok(false));
    let error = encrypted(&world, "127.0.0.1", "sslmode=require").await.unwrap_err();
    assert!(error.contains("server does not support TLS"), "{error}");
}

#[tokio::test]
async fn a_whole_copy_over_verified_connections() {
    let world = encrypted_world("CREATE TABLE a (id int); INSERT INTO a VALUES (7)");
    let mut copy = world.copy("{}");
    let secret = |user: &str| {
        let password: String = support::SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("{user}:{password}")
    };
    let parameters = format!("sslmode=verify-full&sslrootcert={AUTHORITY}");
    copy.source = with(&world, &secret("source_user"), "source", "localhost", &parameters);
    copy.target = with(&world, &secret("target_user"), "target", "localhost", &parameters);
    world.run(&copy).await.unwrap();
    assert_eq!(world.target("SELECT id FROM a"), "7");
}
