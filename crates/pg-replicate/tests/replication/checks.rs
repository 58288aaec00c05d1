//! What is wrong is said before anything is changed.

use std::time::Duration;

use crate::support::{SECRET, World, mode, url};
use pg_replicate::{CopyFormat, Error, FullCopy, Incremental, SchemaChanges, is_same_database};
use progress::Context;
use test_servers::{PostgresOptions, PostgresServer, Proxy, wait_for};

async fn refusal(copy: &FullCopy) -> String {
    let error = copy.preflight().await.unwrap_err();
    assert!(matches!(error, Error::Preflight(_)), "{error:?}");
    let text = error.to_string();
    assert!(!text.contains(SECRET));
    text
}

#[tokio::test]
async fn a_good_configuration_has_one_line_each() {
    let world = World::new("CREATE TABLE a (id int)");
    let copy = world.copy(r#"{"a":"none"}"#);
    copy.preflight().await.unwrap();
    let checks = copy.check().await;
    assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    let subjects: Vec<&str> = checks.iter().map(|check| check.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "source",
            "target",
            "source and target",
            "pg_dump",
            "pg_restore",
            "versions",
            "rights on the source",
            "rights on the target",
            "kept tables"
        ]
    );
}

#[tokio::test]
async fn rights_on_the_source() {
    let world = World::new(
        "CREATE TABLE a (id serial); CREATE TABLE b (id int); CREATE SCHEMA closed;
         CREATE TABLE closed.c (id int); GRANT SELECT ON closed.c, b TO source_user;
         CREATE TABLE kept (id serial); GRANT SELECT ON b TO source_user;
         CREATE TABLE secured (id int); ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
         GRANT SELECT ON secured TO source_user; SELECT lo_create(77);",
    );
    world
        .server
        .psql(
            "source",
            "REVOKE pg_read_all_data FROM source_user; ALTER ROLE source_user NOBYPASSRLS;
             REVOKE ALL ON LARGE OBJECT 77 FROM source_user;
             CREATE EXTENSION citext; CREATE TABLE config (id int); CREATE TABLE inner_ (id int);
             ALTER EXTENSION citext ADD TABLE config; ALTER EXTENSION citext ADD TABLE inner_;
             UPDATE pg_extension SET extconfig = ARRAY['config'::regclass::oid], extcondition = '{\"\"}' WHERE extname = 'citext'",
        )
        .unwrap();
    let text = refusal(&world.copy(r#"{"kept":"none"}"#)).await;
    assert!(text.contains("no USAGE on closed"), "{text}");
    assert!(text.contains("no SELECT on table public.a, public.config;"), "{text}");
    assert!(text.contains("no SELECT on sequence public.a_id_seq"), "{text}");
    assert!(text.contains("BYPASSRLS) of table public.secured"), "{text}");
    assert!(text.contains("no SELECT on large object 77"), "{text}");
    assert!(!text.contains("kept_id_seq") && !text.contains("inner_"), "{text}");
}

#[tokio::test]
async fn rights_on_the_target() {
    let world = World::new("CREATE TABLE a (id int); CREATE TABLE b (id int)");
    world.server.psql("target", "CREATE TABLE a (id int); CREATE TABLE another (id int)").unwrap();
    let text = refusal(&world.copy("{}")).await;
    assert!(
        text.contains("another role owns objects that are to be replaced: table public.a "),
        "{text}"
    );
    assert!(!text.contains("another ("), "{text}");
    // Kept, it is not in the way.
    world.copy(r#"{"a":"none"}"#).preflight().await.unwrap();

    let mut copy = world.copy("{}");
    copy.target = world.url("source_user", "target");
    let text = refusal(&copy).await;
    assert!(text.contains("role source_user may not create schemas and extensions"), "{text}");
    assert!(text.contains("may not create in the schema public"), "{text}");
}

/// A port forward: the same server under a name that nobody can know.
#[tokio::test]
async fn the_target_of_an_increment_is_never_its_source() {
    let world = World::new("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)");
    let forward = Proxy::start(world.server.port()).unwrap();
    let (port, forwarded) = (world.server.port().to_string(), forward.port().to_string());
    let target = world.server.superuser_url("source").replace(&port, &forwarded);
    let incremental = Incremental {
        source: world.url("source_user", "source"),
        target: target.parse().unwrap(),
        mode: mode(r#"{"a":{"mode":"upsert","deletes":true}}"#),
        format: CopyFormat::Text,
        jobs: 1,
        schema_changes: SchemaChanges::Fail,
    };
    assert!(!incremental.source.same_database(&incremental.target));
    let error = incremental.run(&Context::quiet()).await.unwrap_err().to_string();
    assert!(error.contains("are one database"), "{error}");
    let checks = incremental.check().await;
    let wrong: Vec<_> = checks.iter().filter_map(|check| check.outcome.as_ref().err()).collect();
    assert!(wrong.len() == 1 && wrong[0].contains("are one database"), "{wrong:?}");
    assert_eq!(world.source("SELECT string_agg(id::text, ',') FROM a"), "1");
}

/// What is written to a primary reaches the standby that is read.
#[tokio::test]
async fn the_primary_of_the_source_is_no_target() {
    let world = World::new("CREATE TABLE a (id int)");
    let directory = world.server.log_path().parent().unwrap().join("standby");
    let socket = world.server.log_path().parent().unwrap().to_owned();
    let (bin, port) = (world.server.bin_dir().display(), world.server.port());
    let command = format!(
        "{bin}/pg_basebackup -D {0}/data -R -X stream -c fast -h {1} -p {port} -U postgres",
        directory.display(),
        socket.display()
    );
    let run = format!("COPY (SELECT 1) TO PROGRAM 'mkdir -p {} && {command}'", directory.display());
    world.server.psql("postgres", &run).unwrap();
    let options = PostgresOptions { directory: Some(directory), ..PostgresOptions::default() };
    let standby = PostgresServer::start_with(options).unwrap();
    let mut copy = world.copy("{}");
    copy.source = url(standby.port(), "source_user", "target");
    world.server.psql("postgres", "GRANT CONNECT ON DATABASE target TO source_user").unwrap();
    let caught_up = wait_for(Duration::from_secs(20), || {
        let at = world.server.psql("postgres", "SELECT pg_current_wal_lsn()").unwrap();
        let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{at}'");
        standby.psql("postgres", &reached).is_ok_and(|answer| answer == "t")
    });
    assert!(caught_up);
    assert!(refusal(&copy).await.contains("are one database"));
    for (one, other) in [(&copy.source, &copy.target), (&copy.target, &copy.source)] {
        assert!(is_same_database(one, other, &Context::quiet()).await.unwrap());
    }
    // Another database of the same cluster is another database.
    copy.source = url(standby.port(), "source_user", "source");
    let checks = copy.check_live(2).await;
    let two = checks.iter().find(|check| check.subject == "source and target").unwrap();
    assert!(two.outcome.is_ok(), "{two:?}");
}

#[tokio::test]
async fn one_database_for_both() {
    let world = World::new("CREATE TABLE a (id int)");
    let mut copy = world.copy("{}");
    copy.target = copy.source.clone();
    assert!(refusal(&copy).await.contains("are one database"));
    // Under another name of the host, too.
    let socket = world.server.log_path().parent().unwrap().display().to_string();
    let target = format!(
        "postgresql://postgres@/source?host={}&port={}",
        socket.replace('/', "%2F"),
        world.server.port()
    );
    copy.target = target.parse().unwrap();
    assert!(!copy.source.same_database(&copy.target));
    assert!(refusal(&copy).await.contains("are one database"));
}

#[tokio::test]
async fn a_kept_table_that_nobody_has() {
    let world = World::new("CREATE TABLE a (id int)");
    world.target("CREATE TABLE of_analysts (id int)");
    world.copy(r#"{"of_analysts":"none"}"#).preflight().await.unwrap();
    let text = refusal(&world.copy(r#"{"A":"none","of_analysts":"incremental"}"#)).await;
    assert!(text.contains("\"A\" (none): neither source nor target has a table"), "{text}");
    assert!(text.contains("\"of_analysts\" (incremental): the source has no table"), "{text}");
}

#[tokio::test]
async fn servers_out_of_reach() {
    let world = World::new("CREATE TABLE a (id int)");
    let mut copy = world.copy("{}");
    copy.source = url(test_servers::free_port().unwrap(), "source_user", "source");
    let error = copy.preflight().await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(error.to_string().contains("source_user:***@127.0.0.1"), "{error}");
    let checks = copy.check().await;
    assert!(checks.iter().any(|check| check.subject == "source" && check.outcome.is_err()));
    assert!(checks.iter().any(|check| check.subject == "target" && check.outcome.is_ok()));

    let mut copy = world.copy("{}");
    copy.target = "postgresql://target_user:wrong@127.0.0.1:1/target".parse().unwrap();
    copy.target =
        format!("postgresql://target_user:wrong@127.0.0.1:{}/target", world.server.port())
            .parse()
            .unwrap();
    let error = copy.preflight().await.unwrap_err();
    assert!(error.to_string().contains("password authentication failed"), "{error}");
    assert!(!error.to_string().contains("wrong@"), "{error}");
}
