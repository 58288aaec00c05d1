//! What the drop does to those who use the target, and what it must not leave behind.

use std::time::Duration;

use crate::support::events::Events;
use crate::support::{World, assert_same_text};
use pg_replicate::Error;
use pg_replicate::on_target::exclusively;
use progress::Context;
use test_servers::{PostgresOptions, wait_for_async};
use tokio_postgres::{Client, NoTls};

/// A session of an analyst on the target.
async fn analyst(world: &World) -> Client {
    let url = world.server.superuser_url("target");
    let url = format!("{url}?application_name=report");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn text_of(log: &Events) -> String {
    log.all().into_iter().map(|event| event.message).collect::<Vec<_>>().join("\n")
}

const OF_ANOTHER_ROLE: &str = "
  CREATE ROLE analyst; GRANT ALL ON SCHEMA public TO analyst; GRANT ALL ON DATABASE target TO analyst;";

#[tokio::test]
async fn rows_of_other_roles_are_not_dropped() {
    let world = World::new(
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE SCHEMA stats;
         CREATE TABLE a (id int PRIMARY KEY, mood mood); INSERT INTO a VALUES (1, 'ok');
         CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE DOMAIN short AS text",
    );
    world.live(&world.copy("{}")).await.unwrap();
    world.server.psql("target", OF_ANOTHER_ROLE).unwrap();
    for (object, create, drop) in [
        ("table stats.theirs", "CREATE TABLE stats.theirs (id int)", "DROP TABLE stats.theirs"),
        ("column mood of table theirs", "CREATE TABLE theirs (mood mood)", "DROP TABLE theirs"),
        ("column moods of table theirs", "CREATE TABLE theirs (moods mood[])", "DROP TABLE theirs"),
        ("column a of table theirs", "CREATE TABLE theirs (a a)", "DROP TABLE theirs"),
        ("column s of table theirs", "CREATE TABLE theirs (s short)", "DROP TABLE theirs"),
        ("table theirs", "CREATE TABLE theirs () INHERITS (a)", "DROP TABLE theirs"),
        (
            "table theirs",
            "CREATE TABLE theirs PARTITION OF p FOR VALUES FROM (1) TO (9)",
            "DROP TABLE theirs",
        ),
        ("sequence stats.theirs", "CREATE SEQUENCE stats.theirs", "DROP SEQUENCE stats.theirs"),
        (
            "column m of table theirs",
            "CREATE DOMAIN moody AS mood; CREATE TABLE theirs (m moody)",
            "DROP TABLE theirs; DROP DOMAIN moody",
        ),
    ] {
        let ours = format!(
            "{create}; ALTER TABLE IF EXISTS theirs OWNER TO analyst;
            ALTER TABLE IF EXISTS stats.theirs OWNER TO analyst;"
        );
        world.server.psql("target", &ours).unwrap();
        let copy = world.copy("{}");
        let error = world.live(&copy).await.unwrap_err();
        assert!(matches!(error, Error::Preflight(_)), "{error:?}");
        let named =
            format!("{} (of role analyst)", object.replace("table theirs", "table public.theirs"));
        assert!(error.to_string().contains(&named), "{named} in {error}");
        // Nor when the preflight has not seen it.
        let error = copy.drop_objects(&Context::quiet()).await.unwrap_err();
        assert!(error.to_string().contains("analyst"), "{error}");
        assert_eq!(world.target("SELECT id FROM a"), "1");
        world.server.psql("target", drop).unwrap();
    }
    world
        .server
        .psql(
            "target",
            "CREATE TABLE theirs (mood mood, b int); ALTER TABLE theirs OWNER TO analyst",
        )
        .unwrap();
    let mut copy = world.copy("{}");
    copy.on_target.drops_dependents = true;
    world.live(&copy).await.unwrap();
    let columns =
        "SELECT attname FROM pg_attribute WHERE attrelid = 'theirs'::regclass AND attnum > 0
                   AND NOT attisdropped";
    assert_eq!(world.target(columns), "b");
}

#[tokio::test]
async fn what_holds_no_rows_is_named_with_its_definition() {
    let world = World::new(
        "CREATE TYPE mood AS ENUM ('sad'); CREATE SEQUENCE numbers; CREATE TABLE a (id int PRIMARY KEY);
         CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1'",
    );
    world.live(&world.copy("{}")).await.unwrap();
    world.server.psql("target", OF_ANOTHER_ROLE).unwrap();
    world
        .server
        .psql(
            "target",
            "CREATE TABLE theirs (id int REFERENCES a, n int DEFAULT nextval('numbers'), t int CHECK (twice(t) > 1));
             CREATE INDEX by_twice ON theirs (twice(id));
             CREATE VIEW counted AS SELECT count(*) AS rows FROM a;
             CREATE VIEW counted_again AS SELECT rows FROM counted;
             CREATE MATERIALIZED VIEW stored AS SELECT id FROM a;
             CREATE FUNCTION felt(mood) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
             ALTER TABLE theirs OWNER TO analyst; ALTER VIEW counted OWNER TO analyst;
             ALTER VIEW counted_again OWNER TO analyst; ALTER MATERIALIZED VIEW stored OWNER TO analyst;
             ALTER FUNCTION felt(mood) OWNER TO analyst; INSERT INTO theirs (id, t) SELECT 1, 1 WHERE false;",
        )
        .unwrap();
    let (log, _guard) = Events::capture();
    world.live(&world.copy("{}")).await.unwrap();
    let text = text_of(&log);
    for named in [
        "ALTER TABLE public.theirs ADD CONSTRAINT theirs_id_fkey FOREIGN KEY (id) REFERENCES public.a(id)",
        "ALTER TABLE public.theirs ALTER COLUMN n SET DEFAULT nextval('public.numbers'::regclass)",
        "ALTER TABLE public.theirs ADD CONSTRAINT theirs_t_check CHECK ((public.twice(t) > 1))",
        "CREATE INDEX by_twice ON public.theirs USING btree (public.twice(id))",
        "CREATE VIEW public.counted AS  SELECT count(*) AS rows",
        "CREATE VIEW public.counted_again AS  SELECT",
        "CREATE MATERIALIZED VIEW public.stored AS  SELECT",
        "CREATE OR REPLACE FUNCTION public.felt(public.mood)",
    ] {
        assert!(text.contains(named), "{named}\n{text}");
    }
    // Their columns are still there.
    world.target("SELECT 1");
    world.server.psql("target", "SELECT id, n, t FROM theirs").unwrap();
    let checks = world.copy("{}").check_live(2).await;
    assert!(!checks.iter().any(|check| check.is_warning), "{checks:?}");
}

#[tokio::test]
async fn readers_are_waited_for_named_and_never_kept_out() {
    let world =
        World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE TABLE b (id int)");
    world.live(&world.copy("{}")).await.unwrap();
    let reader = analyst(&world).await;
    reader.batch_execute("BEGIN; SELECT * FROM a").await.unwrap();
    let pid: i32 = reader.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);

    let mut copy = world.copy("{}");
    copy.on_target.lock_timeout = Duration::from_millis(100);
    let error = copy.drop_objects(&Context::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::Busy(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&format!("a is in use by pid {pid} (postgres, report")), "{text}");
    assert!(text.contains("nothing was changed"), "{text}");
    assert_eq!(world.target("SELECT count(*) FROM a, pg_class WHERE oid = 'b'::regclass"), "1");

    let copy = world.copy("{}");
    let dropped = tokio::spawn(async move { copy.drop_objects(&Context::quiet()).await });
    let waits = "SELECT count(*) FROM pg_stat_activity
                 WHERE application_name = 'pg-replicate drop' AND xact_start IS NOT NULL";
    let waiting = async || world.server.psql("target", waits).unwrap() != "0";
    assert!(wait_for_async(Duration::from_secs(30), waiting).await);
    // Behind a lock that waits for ever this would be cut by its time-out.
    let found = world.target("SET statement_timeout = '20s'; SELECT count(*) FROM a");
    assert_eq!(found, "1");
    reader.batch_execute("COMMIT").await.unwrap();
    dropped.await.unwrap().unwrap();
    assert_eq!(world.target("SELECT to_regclass('a')"), "");
}

#[tokio::test]
async fn a_prepared_transaction_is_named() {
    let settings = vec![("max_prepared_transactions".to_owned(), "5".to_owned())];
    let options = PostgresOptions { settings, ..PostgresOptions::default() };
    let world = World::with("CREATE TABLE a (id int)", options);
    world.target("CREATE TABLE a (id int)");
    world.target("BEGIN; INSERT INTO a VALUES (1); PREPARE TRANSACTION 'forgotten'");
    let mut copy = world.copy("{}");
    copy.on_target.lock_timeout = Duration::from_millis(100);
    let error = copy.drop_objects(&Context::quiet()).await.unwrap_err().to_string();
    assert!(error.contains("the prepared transaction \"forgotten\" (target_user)"), "{error}");
    world.target("ROLLBACK PREPARED 'forgotten'");
    copy.drop_objects(&Context::quiet()).await.unwrap();
}

/// Each statement is a transaction of its own, as nights of many tables are.
fn many_tables(count: u32) -> String {
    let mut script = String::new();
    for number in 0..count {
        script += &format!(
            "CREATE TABLE t{number} (id serial PRIMARY KEY, name text); CREATE INDEX ON t{number} (name);\n"
        );
    }
    script
}

#[tokio::test]
async fn more_than_the_lock_table_holds_is_dropped_in_parts() {
    let settings = [
        ("max_locks_per_transaction", "10"),
        ("max_connections", "20"),
        ("max_wal_senders", "0"),
        ("max_worker_processes", "0"),
        ("autovacuum_max_workers", "1"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let options = PostgresOptions { settings, ..PostgresOptions::default() };
    let world = World::with("", options);
    world.target(&many_tables(20));
    let (log, _guard) = Events::capture();
    world.copy("{}").drop_objects(&Context::quiet()).await.unwrap();
    assert!(
        !text_of(&log).contains("max_locks_per_transaction"),
        "one transaction: {}",
        text_of(&log)
    );

    world.target(&format!(
        "{}CREATE TABLE parts (id int) PARTITION BY LIST (id);
         SELECT format('CREATE TABLE parts_%s PARTITION OF parts FOR VALUES IN (%s)', i, i)
         FROM generate_series(1, 200) i \\gexec
         SELECT 'SELECT lo_create(0)' FROM generate_series(1, 1500) \\gexec
         CREATE TABLE kept (id int);",
        many_tables(250)
    ));
    let one = "BEGIN; SELECT lo_unlink(oid) FROM pg_largeobject_metadata; ROLLBACK";
    assert!(world.server.psql("target", one).is_err(), "the lock table is large enough");
    let copy = world.copy(r#"{"kept":"none"}"#);
    copy.drop_objects(&Context::quiet()).await.unwrap();
    assert!(text_of(&log).contains("max_locks_per_transaction"), "{}", text_of(&log));
    let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
                UNION ALL SELECT count(*) FROM pg_largeobject_metadata";
    assert_eq!(world.target(left), "1\n0");
}

/// What only superusers can make, and nobody owns.
const OF_SUPERUSERS: &str = "
  CREATE TYPE size AS ENUM ('s', 'm');
  CREATE CAST (varchar AS json) WITH INOUT AS ASSIGNMENT;
  CREATE TRANSFORM FOR int LANGUAGE sql (
    FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
  CREATE ACCESS METHOD heap_again TYPE TABLE HANDLER heap_tableam_handler;
  CREATE TABLE by_method (id int) USING heap_again;
  CREATE TEXT SEARCH PARSER \"Odd parser\" (START = prsd_start, GETTOKEN = prsd_nexttoken,
    END = prsd_end, LEXTYPES = prsd_lextype);
  CREATE TEXT SEARCH TEMPLATE odd_template (INIT = dsimple_init, LEXIZE = dsimple_lexize);
  CREATE TEXT SEARCH DICTIONARY odd_words (TEMPLATE = odd_template);
  CREATE SUBSCRIPTION odd_sub CONNECTION 'host=127.0.0.1 port=1 dbname=no' PUBLICATION p
    WITH (connect = false);";

#[tokio::test]
async fn a_superusers_second_run_finds_nothing_in_its_way() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    world.server.psql("source", OF_SUPERUSERS).unwrap();
    let mut copy = world.copy_in_place("{}");
    copy.source = world.server.superuser_url("source").parse().unwrap();
    copy.target = world.server.superuser_url("target").parse().unwrap();
    for way in ["live", "live", "archive", "archive"] {
        match way {
            "live" => world.live(&copy).await,
            _ => world.run(&copy).await,
        }
        .unwrap();
        assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    }
}

#[tokio::test]
async fn the_schema_of_an_extension_that_stays_stays() {
    let world = World::new("CREATE TABLE a (id int, c text)");
    // As Heroku does: the schema is the role's, what is in it is not.
    let heroku = "CREATE SCHEMA heroku_ext; CREATE EXTENSION citext SCHEMA heroku_ext;
       CREATE EXTENSION hstore SCHEMA heroku_ext;";
    world.server.psql("source", heroku).unwrap();
    let usage = "GRANT USAGE ON SCHEMA heroku_ext TO producer, source_user";
    world.server.psql("source", usage).unwrap();
    world.source(
        "ALTER TABLE a ALTER c TYPE heroku_ext.citext; INSERT INTO a VALUES (1, 'x');
       CREATE SCHEMA own; CREATE TABLE own.b (id int)",
    );
    world.server.psql("target", heroku).unwrap();
    world.server.psql("target", "ALTER SCHEMA heroku_ext OWNER TO target_user").unwrap();
    let oid = world.target("SELECT oid FROM pg_extension WHERE extname = 'hstore'");
    for way in ["live", "live", "archive"] {
        match way {
            "live" => world.live(&world.copy("{}")).await,
            _ => world.run(&world.copy("{}")).await,
        }
        .unwrap();
        assert_eq!(world.target("SELECT c FROM a"), "x");
        assert_eq!(world.target("SELECT oid FROM pg_extension WHERE extname = 'hstore'"), oid);
        assert_eq!(world.target("SELECT to_regclass('own.b')"), "own.b");
    }
}

#[tokio::test]
async fn a_second_writer_is_refused_by_name_and_ends_no_session() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    let (copy, quiet) = (world.copy("{}"), Context::quiet());
    let (begun, may_end) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let first = exclusively(&copy.target, "first", copy.on_target, &quiet, |context| {
        let (copy, world, begun, may_end) = (&copy, &world, &begun, &may_end);
        async move {
            begun.notify_one();
            may_end.notified().await;
            copy.live(&world.live_options(), &context).await.map(|_| ())
        }
    });
    let second = async {
        begun.notified().await;
        assert_eq!(world.sessions("pg-replicate first%"), 1);
        let refused = exclusively(&copy.target, "second", copy.on_target, &quiet, |context| {
            let copy = &copy;
            async move { copy.drop_objects(&context).await.map(|_| ()) }
        });
        let error = refused.await.unwrap_err();
        may_end.notify_one();
        error
    };
    let (first, error) = tokio::join!(first, second);
    first.unwrap();
    assert!(matches!(error, Error::Busy(_)), "{error:?}");
    assert!(error.to_string().contains("\"pg-replicate first, process "), "{error}");
    assert!(error.to_string().contains("role target_user"), "{error}");
    assert_eq!(world.target("SELECT id FROM a"), "1");
    exclusively(&copy.target, "third", copy.on_target, &quiet, |_| async { Ok::<_, Error>(()) })
        .await
        .unwrap();
}

#[tokio::test]
async fn without_the_lock_the_work_ends() {
    let world = World::new("");
    let copy = world.copy("{}");
    let context = Context::quiet();
    let work = exclusively(&copy.target, "cut", copy.on_target, &context, |context| async move {
        context.cancel.cancelled().await;
        Err::<(), _>(Error::Cancelled)
    });
    let cut = async {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE application_name LIKE 'pg-replicate cut%'";
        let ended = async || world.server.psql("postgres", end).unwrap() != "0";
        assert!(wait_for_async(Duration::from_secs(20), ended).await);
    };
    let (result, ()) = tokio::join!(work, cut);
    assert!(result.unwrap_err().is_unreachable());
    assert!(!context.cancel.is_cancelled());
}

#[tokio::test]
async fn a_wait_in_the_middle_of_the_work_is_told_and_has_a_limit() {
    let world = World::new("");
    world.target("CREATE TABLE a (id int)");
    let reader = analyst(&world).await;
    reader.batch_execute("BEGIN; SELECT * FROM a").await.unwrap();
    let mut on_target = world.copy("{}").on_target;
    on_target.lock_timeout = Duration::from_secs(1);
    let target = world.copy("{}").target;
    let context = Context::quiet();
    let result = exclusively(&target, "waits", on_target, &context, |context| {
        let target = &target;
        async move {
            // As an enrichment that somebody wrote.
            let script = "CREATE VIEW v AS SELECT 1 AS one;\nALTER TABLE a ADD b int;";
            let mode = crate::support::mode("{}");
            pg_replicate::enrichment::run(target, script, &mode, 1, &context).await.map(|_| ())
        }
    });
    let error = result.await.unwrap_err();
    assert!(matches!(error, Error::Busy(_)), "{error:?}");
    assert!(error.to_string().contains("public.a on the target"), "{error}");
    assert!(error.to_string().contains("(postgres, report"), "{error}");
    let none = async || world.sessions("pg-replicate%") == 0;
    assert!(wait_for_async(Duration::from_secs(20), none).await);
}

#[tokio::test]
async fn too_few_connections_are_found_before_the_drop() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    let copy = world.copy("{}");
    world.live(&copy).await.unwrap();
    world.target("DELETE FROM a; INSERT INTO a VALUES (7)");
    for limit in [1, 2] {
        for role in ["source_user", "target_user"] {
            let set = format!("ALTER ROLE {role} CONNECTION LIMIT {limit}");
            world.server.psql("postgres", &set).unwrap();
            let error = world.live(&copy).await.unwrap_err();
            assert!(matches!(error, Error::Preflight(_)), "{error:?}");
            assert!(error.to_string().contains("CONNECTION LIMIT"), "{error}");
            // Nor when the limit is not seen before, for others have taken what is left.
            let error = copy.live(&world.live_options(), &Context::quiet()).await.unwrap_err();
            assert!(error.to_string().contains("too many connections"), "{error}");
            if role == "target_user" {
                let error = copy.drop_objects(&Context::quiet()).await.unwrap_err();
                assert!(error.to_string().contains("too many connections"), "{error}");
            }
            assert_eq!(world.server.psql("target", "SELECT id FROM a").unwrap(), "7");
            world
                .server
                .psql("postgres", &format!("ALTER ROLE {role} CONNECTION LIMIT -1"))
                .unwrap();
        }
    }
    // With just as many as are asked for, it goes through.
    world.server.psql("postgres", "ALTER ROLE source_user CONNECTION LIMIT 3").unwrap();
    world.server.psql("postgres", "ALTER ROLE target_user CONNECTION LIMIT 5").unwrap();
    exclusively(&copy.target, "tight", copy.on_target, &Context::quiet(), |context| {
        let (copy, world) = (&copy, &world);
        async move {
            copy.preflight_live(2).await?;
            copy.live(&world.live_options(), &context).await.map(|_| ())
        }
    })
    .await
    .unwrap();
    assert_eq!(world.server.psql("target", "SELECT id FROM a").unwrap(), "1");
}
