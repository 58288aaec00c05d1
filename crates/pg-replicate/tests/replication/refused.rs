//! What the target's server refuses stops nothing else: all that can be copied is copied, and what cannot is named.

use std::path::Path;
use std::process::Command;

use crate::support::World;
use crate::support::events::Events;
use crate::support::languages::server_speaking;
use pg_replicate::{Check, Error, FullCopy};
use progress::{Context, Summary};

/// A copy in either way, without a look at what can be known before.
async fn copied(world: &World, copy: &FullCopy, way: &str) -> Result<Summary, Error> {
    let context = Context::quiet();
    if way == "live" {
        return copy.live(&world.live_options(), &context).await;
    }
    let mut summary = copy.backup(&world.dump(), &context).await?;
    summary.extend(copy.drop_objects(&context).await?);
    summary.extend(copy.restore(&world.dump(), &context).await?);
    Ok(summary)
}

/// The objects that could not be copied.
fn refused(error: &Error) -> Vec<&str> {
    let Error::Restore(failures) = error else { panic!("{error}") };
    failures.iter().map(|one| one.object.as_str()).collect()
}

fn superuser(world: &World, database: &str, script: &str) -> String {
    world.server.psql(database, script).unwrap()
}

/// A table of 1,000 rows, and everything that an ordinary role may not create.
const REFUSED: &str = "
    CREATE TABLE plain (id int PRIMARY KEY, body text);
    INSERT INTO plain SELECT n, 'x' FROM generate_series(1, 1000) n;
    CREATE INDEX plain_body ON plain (body);";

const BY_SUPERUSER: &str = "
    CREATE FUNCTION c_one(text) RETURNS text LANGUAGE c IMMUTABLE AS '$libdir/citext', 'citext_hash';
    CREATE FUNCTION sealed(int) RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT $1';
    CREATE VIEW uses_sealed AS SELECT sealed(id) FROM plain;
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
    CREATE FOREIGN TABLE over_there (id int) SERVER far;
    CREATE CAST (varchar AS json) WITH INOUT AS ASSIGNMENT;
    CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
    CREATE TABLE places (id int, at earth);
    CREATE INDEX plain_sealed ON plain (sealed(id)) WHERE id < 0;
    GRANT USAGE ON FOREIGN SERVER far TO source_user";

fn refusing() -> World {
    let world = World::new(REFUSED);
    superuser(&world, "source", &BY_SUPERUSER.replace("(sealed(id))", "(id)"));
    world
}

#[tokio::test]
async fn a_refused_object_stops_nothing_else() {
    let world = refusing();
    superuser(&world, "source", "INSERT INTO places VALUES (1, NULL)");
    let copy = world.copy_in_place("{}");
    for way in ["live", "archive"] {
        let error = copied(&world, &copy, way).await.unwrap_err();
        let objects = refused(&error);
        for object in [
            "FUNCTION public.c_one(text)",
            "FUNCTION public.sealed(integer)",
            "VIEW public.uses_sealed",
            "SERVER far",
            "FOREIGN TABLE public.over_there",
            "CAST CAST (character varying AS json)",
            "TABLE public.places",
            "TABLE DATA public.places",
        ] {
            assert!(objects.contains(&object), "{way}: {object} in {objects:?}");
        }
        assert_eq!(objects.len(), 8, "{way}: {objects:?}");
        let text = error.to_string();
        let because = "it needs FUNCTION public.sealed(integer), which could not be made";
        assert!(text.contains(because), "{way}: {text}");
        assert!(text.contains("it needs EXTENSION earthdistance"), "{way}: {text}");
        assert_eq!(world.target("SELECT count(*) FROM plain"), "1000", "{way}");
        let indexes = "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY 1) FROM pg_index
                       WHERE indrelid = 'plain'::regclass";
        let expected = "plain_body plain_pkey plain_sealed";
        let mut found: Vec<String> = world.target(indexes).split(' ').map(str::to_owned).collect();
        found.sort();
        assert_eq!(found.join(" "), expected, "{way}");
    }
}

#[tokio::test]
async fn what_will_be_refused_is_known_before_the_drop() {
    let world = refusing();
    let copy = world.copy("{}");
    let warnings = |checks: &[Check]| -> String {
        let warned = checks.iter().filter(|check| check.is_warning);
        warned.filter_map(|check| check.outcome.clone().ok()).collect()
    };
    // No rows are in danger: a warning.
    let checks = copy.check_live(2).await;
    let warned = warnings(&checks);
    for object in [
        "function public.c_one(pg_catalog.text) (only a superuser may create it)",
        "function public.sealed(integer) (only a superuser",
        "cast (character varying AS pg_catalog.json) (only a superuser",
        "view public.uses_sealed needs function public.sealed(integer)",
        "foreign table public.over_there needs extension postgres_fdw (the server does not offer it",
        "table public.places needs extension earthdistance",
    ] {
        assert!(warned.contains(object), "{object} in {warned}");
    }
    assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    copy.preflight().await.unwrap();
    // With rows it is a refusal, and the target is not touched.
    superuser(&world, "source", "INSERT INTO places VALUES (1, NULL)");
    world.target("CREATE TABLE yesterday (id int)");
    let error = world.live(&copy).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Preflight(_)), "{text}");
    assert!(text.contains("table public.places needs extension earthdistance"), "{text}");
    assert!(!text.contains("public.plain"), "{text}");
    assert_eq!(world.target("SELECT to_regclass('yesterday')"), "yesterday");
    // A default, a check and a generated column are part of their table.
    superuser(&world, "source", "DROP TABLE places; ALTER TABLE plain ADD CHECK (sealed(id) > 0)");
    let text = copy.preflight().await.unwrap_err().to_string();
    assert!(text.contains("table public.plain needs function public.sealed(integer)"), "{text}");
    // What is not copied is in no danger.
    world.target("CREATE TABLE plain (id int PRIMARY KEY, body text)");
    world.copy(r#"{"plain":"incremental"}"#).preflight().await.unwrap();
    // A server of which the role may use the wrapper.
    superuser(
        &world,
        "target",
        "CREATE EXTENSION postgres_fdw; CREATE EXTENSION cube; CREATE EXTENSION earthdistance",
    );
    let warned = warnings(&copy.check_live(2).await);
    assert!(
        warned.contains("server far (no USAGE on foreign-data wrapper postgres_fdw)"),
        "{warned}"
    );
    superuser(&world, "target", "GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO target_user");
    let warned = warnings(&copy.check_live(2).await);
    assert!(!warned.contains("far") && !warned.contains("earth"), "{warned}");
    // A schema of the platform's, as of an extension that stands in it.
    superuser(&world, "target", "CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO target_user");
    world.source("CREATE SCHEMA tools; CREATE TABLE tools.hammers (id int)");
    let warned = warnings(&copy.check_live(2).await);
    assert!(
        warned.contains("table tools.hammers needs schema tools (no CREATE on schema tools)"),
        "{warned}"
    );
    world.source("INSERT INTO tools.hammers VALUES (1)");
    let text = world.live(&copy).await.unwrap_err().to_string();
    assert!(text.contains("table tools.hammers needs schema tools"), "{text}");
    assert_eq!(world.target("SELECT to_regclass('yesterday')"), "yesterday");
    superuser(&world, "target", "GRANT CREATE ON SCHEMA tools TO target_user");
    let text = copy.preflight().await.unwrap_err().to_string();
    assert!(!text.contains("hammers"), "{text}");
}

#[tokio::test]
async fn what_will_be_refused_of_an_archive_is_known_before_the_drop() {
    let world = refusing();
    let (copy, context) = (world.copy("{}"), Context::quiet());
    copy.backup(&world.dump(), &context).await.unwrap();
    let (events, guard) = Events::capture();
    copy.preflight_restore(&world.dump()).await.unwrap();
    drop(guard);
    let warned: Vec<String> = events.all().into_iter().map(|event| event.message).collect();
    for object in [
        "FUNCTION public.c_one(text) (only a superuser may create it)",
        "FUNCTION public.sealed(integer) (only a superuser",
        "CAST CAST (character varying AS json) (only a superuser",
        "VIEW public.uses_sealed needs FUNCTION public.sealed(integer)",
        "FOREIGN TABLE public.over_there needs",
        "TABLE public.places needs EXTENSION earthdistance (the server does not offer it",
    ] {
        assert!(warned.iter().any(|line| line.contains(object)), "{object} in {warned:?}");
    }
    // With rows it is a refusal.
    superuser(&world, "source", "INSERT INTO places VALUES (1, NULL)");
    copy.backup(&world.dump(), &context).await.unwrap();
    let error = copy.preflight_restore(&world.dump()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Preflight(_)), "{text}");
    assert!(text.contains("TABLE public.places needs EXTENSION earthdistance"), "{text}");
    assert!(!text.contains("public.plain"), "{text}");
    // The rows of a kept table are in no danger, nor where the target has what is needed.
    world.target("CREATE TABLE places (id int)");
    world.copy(r#"{"places":"none"}"#).preflight_restore(&world.dump()).await.unwrap();
    superuser(&world, "target", "CREATE EXTENSION cube; CREATE EXTENSION earthdistance");
    copy.preflight_restore(&world.dump()).await.unwrap();
}

/// A schema of the platform's, in which our role may use what is there.
#[tokio::test]
async fn a_schema_where_nothing_may_be_made_is_known_before_the_drop_of_any_dump() {
    let world = World::new("CREATE SCHEMA tools; CREATE TABLE tools.hammers (id int)");
    superuser(&world, "target", "CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO target_user");
    let (copy, context) = (world.copy("{}"), Context::quiet());
    let plain = world.directory.path().join("plain.sql");
    let dump = async || {
        copy.backup(&world.dump(), &context).await.unwrap();
        plain_dump(&world, &plain);
    };
    dump().await;
    let because = "TABLE tools.hammers (no CREATE on schema tools)";
    let (events, guard) = Events::capture();
    copy.preflight_restore(&world.dump()).await.unwrap();
    copy.preflight_script(&plain).await.unwrap();
    drop(guard);
    let warned = events.all().into_iter().filter(|event| event.message.contains(because)).count();
    assert_eq!(warned, 2, "no rows are in danger");
    world.source("INSERT INTO tools.hammers VALUES (1)");
    dump().await;
    for refused in [
        copy.preflight_restore(&world.dump()).await.unwrap_err(),
        copy.preflight_script(&plain).await.unwrap_err(),
    ] {
        let text = refused.to_string();
        assert!(matches!(refused, Error::Preflight(_)), "{text}");
        assert!(text.contains("rows could not be copied") && text.contains(because), "{text}");
    }
    superuser(&world, "target", "GRANT CREATE ON SCHEMA tools TO target_user");
    copy.preflight_restore(&world.dump()).await.unwrap();
    copy.preflight_script(&plain).await.unwrap();
}

/// What a plain dump's statements tell by themselves.
#[tokio::test]
async fn what_will_be_refused_of_a_plain_dump_is_known_before_the_drop() {
    let world = refusing();
    let (copy, plain) = (world.copy("{}"), world.directory.path().join("plain.sql"));
    plain_dump(&world, &plain);
    let (events, guard) = Events::capture();
    copy.preflight_script(&plain).await.unwrap();
    drop(guard);
    let warned: Vec<String> = events.all().into_iter().map(|event| event.message).collect();
    for object in [
        "FUNCTION public.c_one (only a superuser may create it)",
        "FUNCTION public.sealed (only a superuser",
    ] {
        assert!(warned.iter().any(|line| line.contains(object)), "{object} in {warned:?}");
    }
    let script = std::fs::read_to_string(&plain).unwrap();
    let (whole, _) = script.split_once("\n\\.\n").unwrap();
    std::fs::write(&plain, whole).unwrap();
    let error = copy.preflight_script(&plain).await.unwrap_err().to_string();
    assert!(error.contains("nothing was changed") && error.contains("it is truncated"), "{error}");
}

/// A trusted extension: who creates it owns it, and not its tables. An event trigger does what its script would, for no
/// file may be written beside the server's own.
const TRUSTED: &str = "
    CREATE FUNCTION script() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN
      IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'citext') THEN
        CREATE TABLE config (id int PRIMARY KEY, own bool);
        INSERT INTO config VALUES (0, false);
        ALTER EXTENSION citext ADD TABLE config;
        UPDATE pg_extension SET extconfig = ARRAY['config'::regclass]::oid[], extcondition = ARRAY['WHERE own']
          WHERE extname = 'citext';
      END IF; END $$;
    CREATE EVENT TRIGGER script ON ddl_command_end WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION script();";

#[tokio::test]
async fn rows_of_an_extension_that_our_role_has_created_are_replaced_or_refused_before_the_drop() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    superuser(&world, "target", TRUSTED);
    superuser(&world, "source", TRUSTED);
    superuser(
        &world,
        "source",
        "CREATE EXTENSION citext; DROP EVENT TRIGGER script; DROP FUNCTION script",
    );
    let (copy, context) = (world.copy_in_place("{}"), Context::quiet());
    let plain = world.directory.path().join("plain.sql");
    // Without rows of its own it is made as any other, and stays then.
    world.run(&copy).await.unwrap();
    superuser(&world, "source", "INSERT INTO config VALUES (1, true), (2, true)");
    copy.backup(&world.dump(), &context).await.unwrap();
    plain_dump(&world, &plain);
    let refused = async || {
        for refused in [
            copy.preflight_live(2).await.unwrap_err(),
            copy.preflight().await.unwrap_err(),
            copy.preflight_restore(&world.dump()).await.unwrap_err(),
            copy.preflight_script(&plain).await.unwrap_err(),
        ] {
            let text = refused.to_string();
            assert!(text.contains("config of ") && text.contains("GRANT"), "{text}");
        }
    };
    refused().await;
    superuser(&world, "target", "DROP EXTENSION citext");
    // It is not there yet.
    refused().await;
    world.target("CREATE EXTENSION citext");
    superuser(&world, "target", "GRANT SELECT, INSERT, DELETE ON config TO target_user");
    let rows = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM config";
    for way in ["live", "archive", "plain", "live"] {
        match way {
            "live" => world.live(&copy).await.map(drop).unwrap(),
            "archive" => world.run(&copy).await.map(drop).unwrap(),
            _ => {
                copy.preflight_script(&plain).await.unwrap();
                copy.drop_objects(&context).await.unwrap();
                copy.restore_script(&plain, &context).await.unwrap();
            }
        }
        assert_eq!(world.target(rows), "0 1 2", "{way}");
    }
    superuser(&world, "source", "DELETE FROM config WHERE id = 2");
    world.live(&copy).await.unwrap();
    assert_eq!(world.target(rows), "0 1");
}

fn plain_dump(world: &World, file: &Path) {
    let dumped = Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--no-owner", "--no-privileges", "--file"])
        .arg(file)
        .arg(world.server.superuser_url("source"))
        .status();
    assert!(dumped.unwrap().success());
}

#[tokio::test]
async fn messages_in_another_language_change_nothing() {
    let Some((server, _locales)) = server_speaking("fr_FR") else { return };
    let world = World::on(server, "CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    let error = world.server.psql("source", "SELECT FROM missing").unwrap_err().to_string();
    assert!(error.contains("n'existe pas"), "the server speaks French: {error}");
    superuser(
        &world,
        "source",
        "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ev();
         COMMENT ON EVENT TRIGGER et IS 'x';
         CREATE PUBLICATION everything FOR ALL TABLES;
         COMMENT ON PUBLICATION everything IS 'y';
         COMMENT ON CAST (bigint AS integer) IS 'theirs';
         CREATE TABLE kept (id int); CREATE VIEW of_kept AS SELECT * FROM kept;
         CREATE VIEW of_view AS SELECT * FROM of_kept;",
    );
    let copy = world.copy(r#"{"kept":"none"}"#);
    for way in ["live", "archive"] {
        copied(&world, &copy, way).await.unwrap();
        assert_eq!(world.target("SELECT count(*) FROM a"), "1", "{way}");
        assert_eq!(world.target("SELECT to_regclass('of_view')"), "", "{way}");
    }
}

// What ends a session of the copy must not wait for this thread, which waits for psql.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn roles_and_characters_that_the_target_does_not_have() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    superuser(
        &world,
        "postgres",
        "CREATE ROLE only_there; DROP DATABASE target;
         CREATE DATABASE target OWNER target_user TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
    );
    superuser(
        &world,
        "target",
        "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO target_user",
    );
    superuser(
        &world,
        "source",
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
         CREATE USER MAPPING FOR only_there SERVER far OPTIONS (user 'x', password 'hush');
         CREATE POLICY theirs ON a TO producer, only_there USING (true);
         COMMENT ON TABLE a IS 'Ω'; COMMENT ON COLUMN a.id IS 'é';",
    );
    world.source("SELECT lo_from_bytea(7, 'x'); GRANT SELECT ON LARGE OBJECT 7 TO source_user; COMMENT ON LARGE OBJECT 7 IS 'Ω'");
    let copy = world.copy("{}");
    let context = Context::quiet();
    copy.backup(&world.dump(), &context).await.unwrap();
    let comments =
        "SELECT obj_description('a'::regclass), col_description('a'::regclass, 1) = chr(233)";
    let (events, guard) = Events::capture();
    // One server has both databases, so that a live copy finds the role.
    copy.live(&world.live_options(), &context).await.unwrap();
    assert_eq!(world.target(comments), "|t");
    superuser(
        &world,
        "target",
        "DROP POLICY theirs ON a; DROP USER MAPPING FOR only_there SERVER far",
    );
    superuser(
        &world,
        "source",
        "DROP POLICY theirs ON a; DROP USER MAPPING FOR only_there SERVER far; DROP ROLE only_there",
    );
    copy.drop_objects(&context).await.unwrap();
    copy.restore(&world.dump(), &context).await.unwrap();
    drop(guard);
    assert_eq!(world.target(comments), "|t");
    assert_eq!(
        world.target("SELECT count(*) FROM a; SELECT count(*) FROM pg_largeobject_metadata"),
        "1\n1"
    );
    let warned: Vec<String> = events
        .all()
        .into_iter()
        .filter(|event| event.level == tracing::Level::WARN)
        .map(|event| event.message)
        .collect();
    for text in [
        "POLICY public.a theirs could not be restored: the target's server has no role \"only_there\"",
        "USER MAPPING USER MAPPING only_there SERVER far could not be restored: the target's server has no role",
        "COMMENT public.TABLE a could not be restored: its text has characters",
    ] {
        assert!(warned.iter().any(|line| line.starts_with(text)), "{text} in {warned:?}");
    }
    assert!(!warned.iter().any(|line| line.contains("hush")), "{warned:?}");
}

/// What an archive forgives, a plain dump does, and nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_plain_dump_is_forgiven_what_an_archive_is() {
    let world = World::new(REFUSED);
    superuser(&world, "postgres", "CREATE ROLE only_there");
    superuser(
        &world,
        "target",
        "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO target_user",
    );
    superuser(
        &world,
        "source",
        "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ev();
         ALTER EVENT TRIGGER et DISABLE; COMMENT ON EVENT TRIGGER et IS 'x';
         CREATE PUBLICATION everything FOR ALL TABLES; COMMENT ON PUBLICATION everything IS 'y';
         COMMENT ON SCHEMA public IS 'theirs'; COMMENT ON CAST (bigint AS integer) IS 'theirs';
         CREATE EXTENSION earthdistance CASCADE; COMMENT ON EXTENSION earthdistance IS 'no';
         CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
         CREATE USER MAPPING FOR only_there SERVER far OPTIONS (user 'x');
         CREATE POLICY theirs ON plain TO producer, only_there USING (true);",
    );
    let copy = world.copy("{}");
    let context = Context::quiet();
    copy.backup(&world.dump(), &context).await.unwrap();
    let plain = world.directory.path().join("plain.sql");
    plain_dump(&world, &plain);
    superuser(
        &world,
        "source",
        "DROP POLICY theirs ON plain; DROP USER MAPPING FOR only_there SERVER far; DROP ROLE only_there",
    );
    copy.restore(&world.dump(), &context).await.unwrap();
    copy.drop_objects(&context).await.unwrap();
    copy.restore_script(&plain, &context).await.unwrap();
    assert_eq!(world.target("SELECT count(*) FROM plain"), "1000");
    // A function is no such thing, but its comment goes with it.
    superuser(
        &world,
        "source",
        "CREATE FUNCTION sealed(int) RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT $1';
         COMMENT ON FUNCTION sealed IS 'gone with it'; DROP PUBLICATION everything",
    );
    plain_dump(&world, &plain);
    copy.drop_objects(&context).await.unwrap();
    let error = copy.restore_script(&plain, &context).await.unwrap_err();
    assert_eq!(refused(&error), ["FUNCTION public.sealed"], "{error}");
    copy.backup(&world.dump(), &context).await.unwrap();
    copy.drop_objects(&context).await.unwrap();
    let error = copy.restore(&world.dump(), &context).await.unwrap_err();
    assert_eq!(refused(&error), ["FUNCTION public.sealed(integer)"], "{error}");
}

/// An extension whose tables are configuration, as PostGIS's are; by the catalog, for no file may be written beside the
/// server's own.
const CONFIGURED: &str = "
    CREATE EXTENSION citext;
    CREATE TABLE topology (id int PRIMARY KEY, own bool);
    CREATE TABLE layer (id int PRIMARY KEY REFERENCES topology);
    CREATE TABLE doubled (body text);
    CREATE TABLE spatial (id int PRIMARY KEY, own bool);
    ALTER EXTENSION citext ADD TABLE topology; ALTER EXTENSION citext ADD TABLE layer;
    ALTER EXTENSION citext ADD TABLE doubled; ALTER EXTENSION citext ADD TABLE spatial;
    UPDATE pg_extension SET
      extconfig = ARRAY['layer'::regclass, 'topology'::regclass, 'doubled'::regclass, 'spatial'::regclass]::oid[],
      extcondition = ARRAY['', 'WHERE own', '', 'WHERE own']
    WHERE extname = 'citext';
    INSERT INTO topology VALUES (0, false); INSERT INTO spatial VALUES (0, false);
    GRANT SELECT ON spatial TO PUBLIC;
    -- As postgis_topology keeps layers that features speak of.
    CREATE FUNCTION spoken_of() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_database() = 'target' AND EXISTS (SELECT FROM public.a) THEN RETURN NULL; END IF;
      RETURN OLD; END $$;
    ALTER EXTENSION citext ADD FUNCTION spoken_of();
    CREATE TRIGGER spoken_of BEFORE DELETE ON layer FOR EACH ROW EXECUTE FUNCTION spoken_of();";

#[tokio::test]
async fn rows_of_extensions_are_replaced() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    for database in ["source", "target"] {
        superuser(&world, database, CONFIGURED);
    }
    superuser(&world, "target", "GRANT ALL ON topology, layer, doubled TO target_user");
    superuser(
        &world,
        "source",
        "INSERT INTO topology SELECT n, true FROM generate_series(1, 50) n;
         INSERT INTO layer SELECT n FROM generate_series(1, 50) n; INSERT INTO doubled VALUES ('x'), ('x');",
    );
    let copy = world.copy_in_place("{}");
    let found = "SELECT count(*), min(id) FROM topology; SELECT count(*) FROM layer;
                 SELECT count(*) FROM doubled; SELECT count(*) FROM spatial";
    for way in ["live", "archive"] {
        copied(&world, &copy, way).await.unwrap();
        // The platform's row stays, and what nobody may write.
        assert_eq!(world.target(found), "51|0\n50\n2\n1", "{way}");
    }
    superuser(
        &world,
        "source",
        "DELETE FROM layer WHERE id > 10; DELETE FROM topology WHERE id > 10; DELETE FROM doubled",
    );
    for way in ["live", "archive"] {
        copied(&world, &copy, way).await.unwrap();
        assert_eq!(world.target(found), "11|0\n10\n0\n1", "{way}");
    }
    let checks = copy.check_live(2).await;
    let warned = checks.iter().find(|check| check.subject == "rows of extensions").unwrap();
    assert!(warned.is_warning, "{warned:?}");
    assert!(
        warned.outcome.as_ref().unwrap().starts_with("spatial of extension citext is left"),
        "{warned:?}"
    );
    // Rows that cannot be written are a refusal, before the drop.
    superuser(&world, "source", "INSERT INTO spatial VALUES (9, true)");
    let text = copy.preflight().await.unwrap_err().to_string();
    assert!(text.contains("spatial of extension citext"), "{text}");
    let error = copied(&world, &copy, "archive").await.unwrap_err();
    assert_eq!(refused(&error), ["TABLE DATA public.spatial"]);
    assert_eq!(world.target("SELECT count(*) FROM a"), "1");
}
