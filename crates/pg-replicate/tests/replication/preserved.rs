//! What analysts had on the target is there again after a copy: grants, views, functions.

use crate::support::World;
use crate::support::events::Events;
use pg_replicate::on_target::preserved::give_back;
use progress::Context;

pub(crate) const SOURCE: &str = "
  CREATE SCHEMA shop; CREATE TYPE shop.size AS ENUM ('s', 'm');
  CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, secret text);
  INSERT INTO a (name, secret) VALUES ('one', 'x'), ('two', 'y');
  CREATE TABLE shop.b (id serial PRIMARY KEY, size shop.size); INSERT INTO shop.b (size) VALUES ('s');
  CREATE TABLE \"Odd table\" (\"a b\" int, \"c\"\"d\" int);
  CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';";

/// Roles are the whole server's.
const ROLES: &str =
    "CREATE ROLE analyst; CREATE ROLE \"Odd role\"; GRANT ALL ON SCHEMA public TO analyst;
  GRANT CREATE ON DATABASE target TO analyst; CREATE SCHEMA reports AUTHORIZATION analyst;
  GRANT ALL ON SCHEMA reports TO target_user;";

pub(crate) async fn copied(script: &str) -> World {
    let world = World::new(script);
    world.live(&world.copy("{}")).await.unwrap();
    world.server.psql("target", ROLES).unwrap();
    world
}

pub(crate) async fn again(world: &World, way: &str) {
    let copy = world.copy("{}");
    match way {
        "live" => world.live(&copy).await,
        _ => world.run(&copy).await,
    }
    .unwrap();
}

const PRIVILEGES: &str = "
  SELECT identity || ' ' || coalesce(a::text, '') FROM (
    SELECT c.oid::regclass::text, c.relacl FROM pg_class c
    UNION ALL SELECT attrelid::regclass || '.' || attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL
    UNION ALL SELECT p.oid::regprocedure::text, proacl FROM pg_proc p
    UNION ALL SELECT t.oid::regtype::text, typacl FROM pg_type t WHERE typtype <> 'c'
    UNION ALL SELECT nspname, nspacl FROM pg_namespace
    UNION ALL SELECT defaclnamespace::regnamespace || ' default', defaclacl FROM pg_default_acl
  ) AS its (identity, acl)
  CROSS JOIN LATERAL (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(acl) x) AS s (a)
  WHERE acl IS NOT NULL AND identity !~ '^(pg_|information_schema)' ORDER BY 1";

#[tokio::test]
async fn grants_are_given_again() {
    let world = copied(SOURCE).await;
    world.target(
        "GRANT SELECT, INSERT ON a TO analyst; GRANT SELECT (name), UPDATE (name, secret) ON a TO \"Odd role\";
         GRANT SELECT ON \"Odd table\" TO PUBLIC; GRANT SELECT (\"c\"\"d\") ON \"Odd table\" TO \"Odd role\" WITH GRANT OPTION;
         GRANT USAGE ON SCHEMA shop TO analyst; GRANT SELECT ON shop.b TO analyst WITH GRANT OPTION;
         GRANT USAGE ON SEQUENCE shop.b_id_seq TO analyst; GRANT SELECT ON SEQUENCE a_id_seq TO analyst;
         REVOKE EXECUTE ON FUNCTION twice(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION twice(int) TO analyst;
         REVOKE ALL ON TYPE shop.size FROM PUBLIC;
         ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO analyst",
    );
    let before = world.target(PRIVILEGES);
    assert!(before.contains("analyst=r*/target_user"), "{before}");
    for way in ["live", "archive"] {
        again(&world, way).await;
        assert_eq!(world.target(PRIVILEGES), before, "{way}");
        assert_eq!(world.target("SELECT to_regnamespace('replication_preserved')"), "");
    }
    world.source("CREATE TABLE shop.later (id int)");
    again(&world, "live").await;
    let may = "SELECT has_table_privilege('analyst', 'shop.later', 'SELECT')";
    assert_eq!(world.target(may), "t");
}

const OF_THE_ANALYST: &str = "SET ROLE analyst;
  CREATE VIEW reports.names WITH (security_barrier = true) AS SELECT id, name FROM a WHERE name <> 'none';
  CREATE VIEW counted AS SELECT count(*) AS rows FROM reports.names;
  COMMENT ON VIEW counted IS 'it''s \\ mine'; COMMENT ON COLUMN counted.rows IS 'how many';
  CREATE MATERIALIZED VIEW reports.stored AS SELECT id, name FROM a; CREATE UNIQUE INDEX ON reports.stored (id);
  CREATE MATERIALIZED VIEW reports.empty AS SELECT id FROM a WITH NO DATA;
  CREATE VIEW reports.late AS SELECT 1 AS rows;
  CREATE VIEW reports.early AS SELECT rows FROM reports.late;
  CREATE OR REPLACE VIEW reports.late AS SELECT rows::int FROM counted;
  CREATE FUNCTION reports.sized(shop.size) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
  GRANT SELECT ON counted TO \"Odd role\" WITH GRANT OPTION;";

const VIEWS: &str = "
  SELECT c.oid::regclass || ' ' || pg_get_userbyid(relowner) || ' ' || relispopulated || ' '
    || coalesce(reloptions::text, '') || coalesce(relacl::text, '') || coalesce(obj_description(c.oid), '')
    || coalesce(col_description(c.oid, 1), '') || pg_get_viewdef(c.oid)
  FROM pg_class c WHERE relkind IN ('v', 'm') AND relnamespace IN ('public'::regnamespace, 'reports'::regnamespace)
  ORDER BY 1;
  SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = to_regclass('reports.stored');
  SELECT pg_get_functiondef(oid) || proowner::regrole FROM pg_proc WHERE pronamespace = 'reports'::regnamespace";

#[tokio::test]
async fn views_of_other_roles_are_made_again() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst; GRANT USAGE ON SCHEMA shop TO analyst");
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    world.server.psql("target", OF_THE_ANALYST).unwrap();
    let before = world.server.psql("target", VIEWS).unwrap();
    for way in ["live", "archive"] {
        world.source("INSERT INTO a (name) VALUES ('new')");
        again(&world, way).await;
        assert_eq!(world.server.psql("target", VIEWS).unwrap(), before, "{way}");
    }
    let rows =
        "SET ROLE analyst; SELECT rows FROM reports.early; SELECT count(*) FROM reports.stored";
    assert_eq!(world.server.psql("target", rows).unwrap(), "4\n4");
}

#[tokio::test]
async fn what_an_owner_could_not_read_is_not_shown_by_us() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON shop.b TO analyst; GRANT SELECT (name) ON a TO analyst; GRANT USAGE ON SCHEMA shop TO analyst");
    world
        .server
        .psql(
            "target",
            "SET ROLE analyst;
             CREATE VIEW reports.sizes AS SELECT size FROM shop.b;
             CREATE VIEW reports.secrets AS SELECT secret FROM a;
             CREATE FUNCTION reports.sized(shop.size) RETURNS text SECURITY DEFINER LANGUAGE sql AS 'SELECT $1::text';
             CREATE FUNCTION reports.hidden(shop.b) RETURNS int LANGUAGE sql AS 'SELECT 1';
             CREATE MATERIALIZED VIEW reports.called AS SELECT reports.hidden(b) FROM shop.b",
        )
        .unwrap();
    let (log, _guard) = Events::capture();
    again(&world, "live").await;
    let left = "SELECT object FROM replication_preserved.object WHERE NOT is_ours ORDER BY 1";
    let missing =
        "function reports.sized(shop.size)\nmaterialized view reports.called\nview reports.secrets";
    assert_eq!(world.target(left), missing);
    let owner =
        "SELECT viewowner || has_table_privilege('analyst', 'reports.sizes', 'SELECT')::text
                 FROM pg_views WHERE viewname = 'sizes'";
    assert_eq!(world.server.psql("target", owner).unwrap(), "target_usertrue");
    let text: Vec<String> = log.all().into_iter().map(|event| event.message).collect();
    assert!(
        text.iter().any(|line| line.contains("view reports.secrets could not be given back")),
        "{text:?}"
    );
    // What they stand on is dropped again, and they are not forgotten; once the role may, they come back.
    again(&world, "archive").await;
    assert_eq!(world.target(left), missing);
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    again(&world, "live").await;
    assert_eq!(world.target("SELECT to_regnamespace('replication_preserved')"), "");
    let owner = "SELECT viewowner FROM pg_views WHERE viewname IN ('sizes', 'secrets')";
    assert_eq!(world.server.psql("target", owner).unwrap(), "analyst\nanalyst");
}

#[tokio::test]
async fn nothing_is_forgotten_when_a_run_ends_after_the_drop() {
    let world = copied(SOURCE).await;
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    world.target("GRANT SELECT ON a TO analyst");
    world
        .server
        .psql("target", "SET ROLE analyst; CREATE VIEW reports.names AS SELECT name FROM a")
        .unwrap();
    world.copy("{}").drop_objects(&Context::quiet()).await.unwrap();
    // Neither does a second drop, which finds nothing of it, forget it.
    again(&world, "live").await;
    let rows = "SET ROLE analyst; SELECT count(*) FROM reports.names";
    assert_eq!(world.server.psql("target", rows).unwrap(), "2");
}

// With one thread, ALTER TABLE would keep the last run's session from being closed, and wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_that_does_not_fit_comes_back_with_its_column() {
    let world = copied(SOURCE).await;
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    world.target("GRANT SELECT ON a TO analyst");
    let view = "SET ROLE analyst; CREATE VIEW reports.names AS SELECT name FROM a";
    world.server.psql("target", view).unwrap();
    world.source("ALTER TABLE a RENAME name TO renamed");
    let (log, _guard) = Events::capture();
    again(&world, "live").await;
    let reason = "SELECT reason, statements FROM replication_preserved.object";
    let kept = world.target(reason);
    assert!(kept.contains("column a.name does not exist (42703)"), "{kept}");
    assert!(kept.contains("CREATE VIEW reports.names AS  SELECT a.name"), "{kept}");
    let text: Vec<String> = log.all().into_iter().map(|event| event.message).collect();
    assert!(text.iter().any(|line| line.contains("CREATE VIEW reports.names")), "{text:?}");
    again(&world, "archive").await;
    assert_eq!(world.target(reason), kept);
    world.source("ALTER TABLE a RENAME renamed TO name");
    again(&world, "live").await;
    assert_eq!(world.target("SELECT to_regnamespace('replication_preserved')"), "");
    assert_eq!(world.server.psql("target", "SELECT count(*) FROM reports.names").unwrap(), "2");
}

#[tokio::test]
async fn what_the_enrichment_made_under_the_same_name_stays() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst; GRANT USAGE ON SCHEMA shop TO analyst");
    let theirs = "SET ROLE analyst; CREATE VIEW named AS SELECT name FROM a;
      CREATE FUNCTION sized(shop.size) RETURNS int LANGUAGE sql AS 'SELECT 1'";
    world.server.psql("target", theirs).unwrap();
    let copy = world.copy_in_place("{}");
    copy.live(&world.live_options(), &Context::quiet()).await.unwrap();
    world.target(
        "CREATE VIEW named AS SELECT name || '!' AS name FROM a;
         CREATE FUNCTION sized(shop.size) RETURNS int LANGUAGE sql AS 'SELECT 2'",
    );
    give_back(&copy.target, &Context::quiet()).await.unwrap();
    assert_eq!(world.target("SELECT min(name), sized('s') FROM named"), "one!|2");
    assert_eq!(world.target("SELECT to_regnamespace('replication_preserved')"), "");
}

#[tokio::test]
async fn grants_wait_for_the_row_security_they_were_made_for() {
    let world = copied(SOURCE).await;
    world.target(
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON a USING (secret = CURRENT_USER);
         GRANT SELECT ON a TO analyst; GRANT SELECT ON \"Odd table\" TO analyst",
    );
    again(&world, "live").await;
    let may = "SELECT has_table_privilege('analyst', 'a', 'SELECT'),
               has_table_privilege('analyst', '\"Odd table\"', 'SELECT')";
    assert_eq!(world.target(may), "f|t");
    let kept = world.target("SELECT object, reason FROM replication_preserved.object");
    assert!(
        kept.starts_with("grants on table public.a|public.a had row security by the policies mine"),
        "{kept}"
    );
    world.target("ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON a USING (secret = CURRENT_USER)");
    give_back(&world.copy("{}").target, &Context::quiet()).await.unwrap();
    assert_eq!(world.target(may), "t|t");
}

#[tokio::test]
async fn what_hangs_on_tables_of_other_roles_is_added_with_their_rights() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT, REFERENCES ON a TO analyst");
    let theirs = "SET ROLE analyst;
      CREATE FUNCTION reports.run_by_its_owner(int) RETURNS bool LANGUAGE plpgsql AS
        $$BEGIN IF CURRENT_USER <> 'analyst' THEN RAISE 'run by %', CURRENT_USER; END IF; RETURN true; END$$;
      CREATE TABLE reports.theirs (id int REFERENCES a, CHECK (twice(id) > 0 AND reports.run_by_its_owner(id)));
      INSERT INTO reports.theirs VALUES (1)";
    world.server.psql("target", theirs).unwrap();
    let left = "SELECT object FROM replication_preserved.object ORDER BY 1";
    let both = "constraint theirs_id_check on table reports.theirs\nconstraint theirs_id_fkey on table reports.theirs";
    again(&world, "live").await;
    assert_eq!(world.target(left), both);
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    again(&world, "live").await;
    let keys =
        "SELECT conname FROM pg_constraint WHERE conrelid = 'reports.theirs'::regclass ORDER BY 1";
    assert_eq!(world.server.psql("target", keys).unwrap(), "theirs_id_check\ntheirs_id_fkey");
    assert_eq!(
        world.target("SELECT to_regnamespace('replication_preserved'), CURRENT_USER"),
        "|target_user"
    );
}
