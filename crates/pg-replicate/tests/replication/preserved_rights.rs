//! What is given back runs nothing of an analyst with the rights of the target's role, and shows and does no more than before.

use crate::preserved::{SOURCE, again, copied};
use crate::support::World;
use pg_replicate::on_target::preserved::give_back;
use progress::Context;

/// A function that takes what it can of the role it runs with.
const GREEDY: &str = "SET ROLE analyst;
  CREATE TABLE reports.taken (by text);
  CREATE FUNCTION reports.take() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('application_name') LIKE 'pg-replicate%' THEN
        BEGIN RESET ROLE; EXCEPTION WHEN OTHERS THEN NULL; END;
      END IF;
      IF CURRENT_USER <> 'analyst' THEN INSERT INTO reports.taken VALUES (CURRENT_USER); END IF;
      RETURN 1;
    END$$;
  CREATE FUNCTION reports.greedy(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
    'BEGIN RETURN reports.take(); END';
  GRANT USAGE ON SCHEMA reports TO PUBLIC; GRANT ALL ON reports.taken TO PUBLIC;";

async fn greedy(member: bool) -> World {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT, REFERENCES ON a TO analyst; GRANT USAGE ON SCHEMA shop TO analyst");
    world.server.psql("target", GREEDY).unwrap();
    if member {
        world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    }
    world
}

fn analyst(world: &World, script: &str) -> String {
    world.server.psql("target", &format!("SET ROLE analyst; {script}")).unwrap()
}

fn taken(world: &World) -> String {
    world.server.psql("target", "SELECT DISTINCT by FROM reports.taken").unwrap()
}

#[tokio::test]
async fn an_index_of_a_materialized_view_is_made_with_its_owners_rights() {
    let world = greedy(true).await;
    analyst(
        &world,
        "CREATE MATERIALIZED VIEW reports.stored AS SELECT id FROM a;
         CREATE INDEX greedy ON reports.stored ((id + reports.greedy(1)), (reports.greedy(id)))",
    );
    let before = taken(&world);
    again(&world, "live").await;
    assert_eq!(taken(&world), before);
    assert_eq!(analyst(&world, "SELECT to_regclass('reports.greedy')"), "reports.greedy");
}

#[tokio::test]
async fn a_check_runs_nothing_of_its_owner_in_our_session() {
    let world = greedy(true).await;
    analyst(
        &world,
        "CREATE TABLE reports.theirs (id int CONSTRAINT greedy CHECK (public.twice(reports.greedy(id)) > 0));
         INSERT INTO reports.theirs VALUES (1);
         CREATE DOMAIN reports.number AS int CONSTRAINT greedy CHECK (public.twice(reports.greedy(VALUE)) > 0);
         CREATE DOMAIN reports.other AS int CONSTRAINT greedy CHECK (public.twice(reports.greedy(VALUE)) > 0);
         CREATE TABLE reports.planned (id int CONSTRAINT key REFERENCES public.a);
         INSERT INTO reports.planned VALUES (1); CREATE INDEX ON reports.planned ((reports.greedy(1) + id));
         CREATE TABLE reports.plain (id int CONSTRAINT key REFERENCES public.a); INSERT INTO reports.plain VALUES (1);
         CREATE TABLE reports.numbers (n reports.number); INSERT INTO reports.numbers VALUES (1); TRUNCATE reports.taken",
    );
    again(&world, "live").await;
    assert_eq!(taken(&world), "");
    let checks = "SELECT count(*) FROM pg_constraint WHERE conname = 'greedy'";
    assert_eq!(analyst(&world, checks), "3");
    let keys = "SELECT string_agg(conrelid::regclass || ' ' || convalidated, ', ' ORDER BY conrelid::regclass::text) FROM pg_constraint WHERE conname = 'key'";
    assert_eq!(analyst(&world, keys), "reports.plain false, reports.planned false");
}

#[tokio::test]
async fn a_policy_comes_back_as_it_was() {
    let world = greedy(true).await;
    analyst(
        &world,
        "CREATE TABLE reports.theirs (id int); ALTER TABLE reports.theirs ENABLE ROW LEVEL SECURITY;
         CREATE POLICY part ON reports.theirs AS RESTRICTIVE FOR SELECT TO \"Odd role\", analyst
           USING (EXISTS (SELECT FROM public.a WHERE a.id = theirs.id));
         CREATE POLICY added ON reports.theirs FOR INSERT WITH CHECK (EXISTS (SELECT FROM public.a WHERE a.id = theirs.id))",
    );
    let policies =
        "SELECT policyname, permissive, roles, cmd, qual, with_check FROM pg_policies ORDER BY 1";
    let before = analyst(&world, policies);
    again(&world, "live").await;
    assert_eq!(analyst(&world, policies), before);
}

#[tokio::test]
async fn a_view_that_is_ours_writes_nothing() {
    let world = greedy(false).await;
    analyst(
        &world,
        "CREATE VIEW reports.names AS SELECT id, name FROM a; GRANT ALL ON reports.names TO \"Odd role\";
         GRANT UPDATE (name) ON reports.names TO \"Odd role\";
         CREATE VIEW reports.ruled AS SELECT id FROM a;
         CREATE RULE rule AS ON INSERT TO reports.ruled DO INSTEAD DELETE FROM public.a;
         GRANT INSERT ON reports.ruled TO PUBLIC",
    );
    again(&world, "live").await;
    assert_eq!(analyst(&world, "SELECT count(*) FROM reports.names"), "2");
    for role in ["analyst", "\"Odd role\""] {
        for write in [
            "UPDATE reports.names SET name = 'changed'",
            "DELETE FROM reports.names",
            "INSERT INTO reports.ruled VALUES (1)",
        ] {
            let _ = world.server.psql("target", &format!("SET ROLE {role}; {write}"));
        }
    }
    assert_eq!(world.target("SELECT string_agg(name, ',' ORDER BY id) FROM a"), "one,two");
}

#[tokio::test]
async fn a_view_that_is_ours_shows_nothing_more_through_another() {
    let world = greedy(false).await;
    world.server.psql("target", "
        SET ROLE \"Odd role\"; RESET ROLE; CREATE SCHEMA odd AUTHORIZATION \"Odd role\"; GRANT ALL ON SCHEMA odd TO target_user, analyst;
        SET ROLE \"Odd role\"; CREATE TABLE odd.secret (s text); INSERT INTO odd.secret VALUES ('hidden'); GRANT SELECT ON odd.secret TO target_user;
        CREATE VIEW odd.asked WITH (security_invoker = true) AS SELECT s FROM odd.secret; GRANT SELECT ON odd.asked TO analyst, target_user;
        SET ROLE analyst; CREATE VIEW reports.shown AS SELECT asked.s, a.id FROM odd.asked, public.a").unwrap();
    again(&world, "live").await;
    let shown = world.server.psql("target", "SET ROLE analyst; SELECT min(s) FROM reports.shown");
    assert!(shown.is_err(), "{shown:?}");
}

#[tokio::test]
async fn what_was_made_for_an_analyst_is_not_trusted_as_ours() {
    let world = greedy(false).await;
    world.target("GRANT USAGE ON SCHEMA shop TO analyst; GRANT SELECT ON shop.b TO analyst");
    // Theirs, then ours because their role is another.
    analyst(
        &world,
        "CREATE FUNCTION reports.once(shop.size) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT reports.take()'",
    );
    analyst(
        &world,
        "CREATE VIEW reports.sizes AS SELECT size, reports.take() AS taken FROM shop.b",
    );
    again(&world, "live").await;
    let ours = "SELECT string_agg(object, ' ') FROM replication_preserved.object WHERE is_ours";
    assert_eq!(world.target(ours), "function reports.once(shop.size) view reports.sizes");
    analyst(
        &world,
        "CREATE MATERIALIZED VIEW reports.stored AS SELECT reports.once(size) FROM shop.b;
         CREATE MATERIALIZED VIEW reports.stored2 AS SELECT * FROM reports.sizes; TRUNCATE reports.taken",
    );
    again(&world, "live").await;
    assert_eq!(taken(&world), "");
    again(&world, "live").await;
    assert_eq!(taken(&world), "");
}

/// Already reading the constant would run the domain's check.
#[tokio::test]
async fn a_constant_that_runs_a_domain_of_theirs_is_not_read_by_us() {
    let world = greedy(true).await;
    analyst(
        &world,
        "CREATE DOMAIN reports.number AS int CHECK (reports.greedy(VALUE) > 0); CREATE TYPE reports.pair AS (n reports.number);
         CREATE VIEW reports.many AS SELECT '{1}'::reports.number[] AS numbers, id FROM a;
         CREATE VIEW reports.pairs AS SELECT '(1)'::reports.pair AS pair, id FROM a;
         CREATE VIEW reports.one AS SELECT id::reports.number AS number FROM a;
         CREATE FUNCTION reports.with_default(shop.size, reports.number[] DEFAULT '{1}') RETURNS int LANGUAGE sql AS 'SELECT 1';
         TRUNCATE reports.taken",
    );
    again(&world, "live").await;
    assert_eq!(taken(&world), "");
    let left = "SELECT kind, object FROM replication_preserved.object ORDER BY 2";
    let by_hand = "byhand|function reports.with_default(shop.size,reports.number[])\nbyhand|view reports.many\nbyhand|view reports.pairs";
    assert_eq!(world.target(left), by_hand);
    assert_eq!(analyst(&world, "SELECT count(number) FROM reports.one"), "2");
    analyst(&world, "CREATE VIEW reports.many AS SELECT id FROM a");
    again(&world, "live").await;
    assert!(!world.target(left).contains("reports.many"));
}

/// A function of the server runs any query with the rights of whoever refreshes.
#[tokio::test]
async fn a_materialized_view_that_is_ours_calls_only_immutable_functions() {
    let world = greedy(false).await;
    analyst(
        &world,
        "CREATE MATERIALIZED VIEW reports.counted AS SELECT count(*), max(id + 1) FROM a;
         CREATE TABLE reports.planned (id int); CREATE INDEX ON reports.planned ((reports.greedy(1) + id));
         GRANT SELECT ON reports.planned TO target_user;
         CREATE MATERIALIZED VIEW reports.joined AS SELECT a.id FROM a JOIN reports.planned USING (id);
         CREATE MATERIALIZED VIEW reports.queried AS SELECT query_to_xml('SELECT reports.take()', true, true, '') FROM a;
         TRUNCATE reports.taken",
    );
    again(&world, "live").await;
    assert_eq!(taken(&world), "");
    let left = "SELECT object, is_ours FROM replication_preserved.object ORDER BY 1";
    let expected = "materialized view reports.counted|t\nmaterialized view reports.joined|f\nmaterialized view reports.queried|f";
    assert_eq!(world.target(left), expected);
}

/// The source lost the table and the function that the materialized view reads, and an analyst has made others of these names.
#[tokio::test]
async fn what_a_materialized_view_reads_is_looked_at_again() {
    let world = greedy(false).await;
    world.server.psql("target", "GRANT ALL ON SCHEMA public TO analyst, target_user").unwrap();
    analyst(
        &world,
        "CREATE MATERIALIZED VIEW reports.stored AS SELECT id FROM a;
         CREATE MATERIALIZED VIEW reports.doubled AS SELECT public.twice(1) AS two",
    );
    world.source("ALTER TABLE a RENAME TO renamed; DROP FUNCTION twice(int)");
    again(&world, "live").await;
    analyst(
        &world,
        "CREATE VIEW public.a AS SELECT reports.take() AS id; GRANT SELECT ON public.a TO target_user;
         CREATE FUNCTION public.twice(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN reports.take(); END';
         TRUNCATE reports.taken",
    );
    give_back(&world.copy("{}").target, &Context::quiet()).await.unwrap();
    assert_eq!(taken(&world), "");
    let left = "SELECT count(*) FROM replication_preserved.object WHERE NOT is_ours AND object ~ 'materialized'";
    assert_eq!(world.target(left), "2");
}

/// A table of this name that another role has made is not the store.
#[tokio::test]
async fn a_store_of_another_role_is_refused() {
    let world = greedy(false).await;
    analyst(
        &world,
        "CREATE SCHEMA replication_preserved; GRANT ALL ON SCHEMA replication_preserved TO PUBLIC;
         CREATE TABLE replication_preserved.object (
           position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, object text UNIQUE, kind text, owner text, statements text[],
           to_owner text, to_owner_as_ours text, at_last text, may_be_ours boolean, secured_table text, policies text[],
           is_ours boolean, since timestamptz, reason text);
         CREATE FUNCTION reports.fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM reports.take(); RETURN new; END';
         CREATE TRIGGER fired BEFORE INSERT ON replication_preserved.object FOR EACH ROW EXECUTE FUNCTION reports.fired();
         GRANT ALL ON replication_preserved.object TO PUBLIC",
    );
    let rows = world.target("SELECT count(*) FROM a");
    let result = world.live(&world.copy("{}")).await;
    assert_eq!(taken(&world), "");
    let error = format!("{:?}", result.unwrap_err());
    assert!(error.contains("another schema replication_preserved, of role analyst"), "{error}");
    let drop = world.copy("{}").drop_objects(&Context::quiet()).await;
    assert!(drop.is_err(), "{drop:?}");
    assert_eq!(world.target("SELECT count(*) FROM a"), rows);
}

/// Whoever may write there has his statements run by us.
#[tokio::test]
async fn the_store_is_written_by_nobody_else() {
    let world = greedy(false).await;
    world.target("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO analyst; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO analyst");
    world
        .server
        .psql("postgres", "CREATE ROLE writer; GRANT pg_write_all_data, pg_read_all_data TO writer")
        .unwrap();
    world.copy("{}").drop_objects(&Context::quiet()).await.unwrap();
    assert_eq!(world.target("SELECT count(*) > 0 FROM replication_preserved.object"), "t");
    for role in ["analyst", "writer"] {
        for write in [
            "UPDATE replication_preserved.object SET statements = '{SELECT reports.take()}'",
            "INSERT INTO replication_preserved.object (object, kind, owner, statements, may_be_ours)
               VALUES ('view x', 'definition', 'analyst', '{SELECT reports.take()}', true)",
            "DELETE FROM replication_preserved.object", "TRUNCATE replication_preserved.object",
            "CREATE TABLE replication_preserved.x ()",
            "CREATE TRIGGER x BEFORE INSERT ON replication_preserved.object FOR EACH ROW EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
        ] {
            let _ = world.server.psql("target", &format!("SET ROLE {role}; {write}"));
        }
    }
    assert_eq!(world.target("SELECT count(*) > 0, bool_or(statements::text ~ 'take') FROM replication_preserved.object"), "t|f");
    assert_eq!(world.server.psql("target", "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'replication_preserved.object'::regclass").unwrap(), "0");
    again(&world, "live").await;
    assert_eq!(world.target("SELECT to_regnamespace('replication_preserved')"), "");
}
