//! What a table of the target has of its own, or lacks, while rows are copied: triggers, rules, row security, children,
//! other unique columns, sequences.

use crate::support::World;
use crate::support::increments::{assert_same, incremental, rows, run};
use pg_replicate::Error;
use progress::Context;
use std::time::Duration;
use test_servers::wait_for_async;

async fn refusal(world: &World, modes: &str) -> String {
    let incremental = incremental(world, modes);
    let checks = incremental.check().await;
    let found: Vec<_> = checks.iter().filter_map(|check| check.outcome.as_ref().err()).collect();
    let error = incremental.run(&Context::quiet()).await.unwrap_err().to_string();
    assert!(found.iter().any(|found| error.contains(found.as_str())), "{error}; checks: {found:?}");
    error
}

fn both(tables: &str) -> World {
    let world = World::new(tables);
    world.target(tables);
    world
}

const FIRING: &str = r#"
    CREATE TABLE u (id int PRIMARY KEY, name text, updated_at timestamptz);
    CREATE TABLE audit (what text);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
    -- Without a search path this function finds no table.
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO audit VALUES (TG_NAME); RETURN NULL; END $$;
    CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON u FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON u FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER always AFTER INSERT OR UPDATE OR DELETE ON u FOR EACH STATEMENT EXECUTE FUNCTION note();
    CREATE CONSTRAINT TRIGGER later AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER off AFTER INSERT ON u EXECUTE FUNCTION note();
    CREATE TRIGGER replica AFTER INSERT ON u EXECUTE FUNCTION note();
    ALTER TABLE u ENABLE ALWAYS TRIGGER always, DISABLE TRIGGER off, ENABLE REPLICA TRIGGER replica;
    -- Its rows go with those of u, and may not be copied at all.
    CREATE TABLE child (id int PRIMARY KEY, u int REFERENCES u ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER noted AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE TRIGGER noted AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TABLE ruled (id int PRIMARY KEY, x text);
    CREATE RULE ins AS ON INSERT TO ruled DO ALSO INSERT INTO audit VALUES ('rule');
    CREATE RULE upd AS ON UPDATE TO ruled DO INSTEAD NOTHING;
    CREATE RULE del AS ON DELETE TO ruled DO INSTEAD NOTHING;
    ALTER TABLE ruled ENABLE ALWAYS RULE del;"#;

const STATES: &str = "
    SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2;
    SELECT ev_class::regclass, rulename, ev_enabled FROM pg_rewrite
    WHERE ev_class = 'ruled'::regclass ORDER BY 2";

const MODES: &str = r#"{
    "u": {"mode": "upsert", "cursor": "updated_at", "deletes": true},
    "parts": {"mode": "incremental", "lag": "1 minute"},
    "ruled": {"mode": "upsert", "deletes": true},
    "child": "none", "audit": "none"}"#;

#[tokio::test]
async fn triggers_and_rules_do_not_fire_and_keep_their_states() {
    let world = both(FIRING);
    let states = world.target(STATES);
    let fill = "SET session_replication_role = replica; SET search_path = public;
        INSERT INTO u VALUES (1, 'a', '2026-01-01Z'), (2, 'b', '2026-01-02Z');
        INSERT INTO child VALUES (1, 2); INSERT INTO parts VALUES (1);
        ALTER TABLE ruled DISABLE RULE ins, DISABLE RULE upd, DISABLE RULE del;
        INSERT INTO ruled VALUES (1, 'a'), (2, 'b');
        ALTER TABLE ruled ENABLE RULE ins, ENABLE RULE upd, ENABLE ALWAYS RULE del;
        DELETE FROM audit;";
    let change = "SET session_replication_role = replica; SET search_path = public;
        UPDATE u SET name = 'new', updated_at = '2026-01-03Z' WHERE id = 1; DELETE FROM u WHERE id = 2;
        INSERT INTO u VALUES (3, 'c', '2026-01-03Z'); INSERT INTO parts VALUES (2);
        ALTER TABLE ruled DISABLE RULE ins, DISABLE RULE upd, DISABLE RULE del;
        UPDATE ruled SET x = 'new' WHERE id = 1; DELETE FROM ruled WHERE id = 2; INSERT INTO ruled VALUES (3, 'c');
        ALTER TABLE ruled ENABLE RULE ins, ENABLE RULE upd, ENABLE ALWAYS RULE del;";
    for database in ["source", "target"] {
        world.server.psql(database, fill).unwrap();
    }
    world.server.psql("source", change).unwrap();
    let checks = incremental(&world, MODES).check().await;
    let found: Vec<&String> =
        checks.iter().filter_map(|check| check.outcome.as_ref().ok()).collect();
    assert!(
        found.iter().any(|found| found.contains("does not fire meanwhile")
            && found.contains("trigger \"touch\" of u")
            && found.contains("trigger \"noted\" of child")),
        "{checks:?}"
    );
    assert_eq!(rows(&world, MODES).await, 5);
    for table in ["u", "parts", "ruled"] {
        assert_same(&world, &format!("SELECT * FROM {table} ORDER BY 1"));
    }
    assert_eq!(world.target("SELECT count(*) FROM audit; SELECT count(*) FROM child"), "0\n0");
    assert_eq!(world.target(STATES), states);
    // The cursor is the source's, so that the next change is seen.
    world
        .server
        .psql(
            "source",
            "SET session_replication_role = replica;
        UPDATE public.u SET name = 'newer', updated_at = '2026-01-04Z' WHERE id = 3",
        )
        .unwrap();
    assert_eq!(rows(&world, MODES).await, 1);
    assert_same(&world, "SELECT * FROM u ORDER BY 1");
}

#[tokio::test]
async fn after_a_failure_triggers_are_on_again_and_those_of_others_are_refused() {
    let world = both(FIRING);
    let states = world.target(STATES);
    world
        .server
        .psql(
            "source",
            "SET session_replication_role = replica;
        INSERT INTO public.u VALUES (1, 'a', '2026-01-01Z')",
        )
        .unwrap();
    world.target("ALTER TABLE u ADD CHECK (name <> 'a')");
    let error = run(&world, MODES).await.unwrap_err().to_string();
    assert!(error.contains("u_name_check"), "{error}");
    assert_eq!(world.target(STATES), states);
    // Only an owner may switch them off.
    world
        .server
        .psql(
            "target",
            "ALTER TABLE u OWNER TO producer;
        GRANT ALL ON u TO target_user; GRANT CREATE ON SCHEMA public TO producer",
        )
        .unwrap();
    let error = refusal(&world, MODES).await;
    assert!(error.contains("u: trigger \"always\" of u"), "{error}");
}

#[tokio::test]
async fn rows_that_a_policy_hides_are_never_taken_for_absent() {
    let tables = "
        CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE plain (id int PRIMARY KEY);
        CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
        INSERT INTO t VALUES (1), (2); INSERT INTO plain VALUES (1), (2); INSERT INTO parts VALUES (1), (2);";
    let world = both(tables);
    world.server.psql("postgres", "ALTER ROLE source_user NOBYPASSRLS").unwrap();
    let rule = r#"{"mode":"upsert","deletes":true}"#;
    for table in ["t", "parts"] {
        let secure = format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
             CREATE POLICY one ON {table} USING (id = 1)"
        );
        let modes = [
            format!("{{\"{table}\":{rule}}}"),
            format!("{{\"{table}\":\"incremental\"}}"),
            format!("{{\"{table}\":{{\"mode\":\"incremental\",\"lag\":\"1 min\"}}}}"),
        ];
        for side in ["source", "target"] {
            if side == "source" {
                world.source(&secure)
            } else {
                world.target(&secure)
            };
            for modes in &modes {
                let error = refusal(&world, modes).await;
                let text = format!("row security may hide rows of the {side}'s table {table}");
                assert!(error.contains(&text), "{error}");
            }
            let undo = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
            if side == "source" {
                world.source(&undo)
            } else {
                world.target(&undo)
            };
        }
        assert_eq!(world.target(&format!("SELECT count(*) FROM {table}")), "2");
    }
    // A filter that reads such a table would see too little: the server says so.
    world.source("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
    let modes =
        r#"{"plain":{"mode":"upsert","deletes":true,"where":"id IN (SELECT id FROM public.t)"}}"#;
    let error = refusal(&world, modes).await;
    assert!(error.contains("row-level security"), "{error}");
    assert_eq!(world.target("SELECT count(*) FROM plain"), "2");
}

#[tokio::test]
async fn rows_of_tables_that_inherit_are_theirs() {
    let world = both(
        "CREATE TABLE p (id int PRIMARY KEY, x text UNIQUE);
         CREATE TABLE c (PRIMARY KEY (id)) INHERITS (p);
         INSERT INTO p VALUES (1, 'p'); INSERT INTO c VALUES (1, 'c'), (2, 'c2');",
    );
    for rule in [
        r#"{"mode":"upsert","deletes":true}"#,
        r#"{"mode":"upsert"}"#,
        r#"{"mode":"incremental","lag":"1 min"}"#,
        r#"{"mode":"incremental","where":"x <> ''"}"#,
    ] {
        world.target(
            "TRUNCATE p, c; INSERT INTO p VALUES (0, '0'); INSERT INTO c VALUES (8, 'gone')",
        );
        run(&world, &format!("{{\"p\":{rule},\"c\":{rule}}}")).await.unwrap();
        let only = "SELECT * FROM ONLY p WHERE id > 0 ORDER BY 1";
        assert_same(&world, only);
        if rule.contains("deletes") {
            assert_same(&world, "SELECT tableoid::regclass, * FROM p ORDER BY 1, 2");
        }
    }
    // An empty parent is empty, whatever its children hold, and a filter is tried on its own rows.
    world.target("TRUNCATE p, c; INSERT INTO c VALUES (7, 'c')");
    let modes = r#"{"p":{"mode":"incremental","where":"1 / (id % 2) = 1"},"c":"none"}"#;
    assert_eq!(rows(&world, modes).await, 1);
}

#[tokio::test]
async fn unique_values_may_pass_from_row_to_row() {
    let world = both(
        r#"CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
        CREATE EXTENSION IF NOT EXISTS btree_gist;
        CREATE TABLE lists (id int PRIMARY KEY);
        INSERT INTO lists VALUES (1), (2);
        -- At the top of a list: no position is free, none may be negative, and others refer to the rows.
        CREATE TABLE items (id int PRIMARY KEY, list int NOT NULL REFERENCES lists, "position" smallint NOT NULL
          CHECK ("position" >= 0), UNIQUE (list, "position"));
        CREATE TABLE notes (id int PRIMARY KEY, item int NOT NULL REFERENCES items ON DELETE CASCADE);
        INSERT INTO items SELECT n, 1, n FROM generate_series(1, 300) n; INSERT INTO notes SELECT n, n FROM generate_series(1, 300) n;
        CREATE TABLE slugs (id int PRIMARY KEY, slug varchar(6) NOT NULL, day date NOT NULL UNIQUE, u uuid NOT NULL UNIQUE,
          email text UNIQUE, boss int REFERENCES slugs);
        CREATE UNIQUE INDEX ON slugs (lower(slug));
        INSERT INTO slugs SELECT n, 's' || n, date '2026-01-01' + n, md5(n::text)::uuid, 'e' || n, 1
        FROM generate_series(1, 5) n;
        -- Nothing but another value of the type would do.
        CREATE TABLE colours (id int PRIMARY KEY, c colour NOT NULL UNIQUE);
        INSERT INTO colours VALUES (1, 'red'), (2, 'green'), (3, 'blue');
        CREATE TABLE addresses (id int PRIMARY KEY, list int NOT NULL REFERENCES lists, is_first bool NOT NULL);
        CREATE UNIQUE INDEX ON addresses (list) WHERE is_first;
        INSERT INTO addresses VALUES (1, 1, true), (2, 1, false), (3, 1, false);
        CREATE TABLE bookings (id int PRIMARY KEY, room int NOT NULL, during int4range NOT NULL,
          EXCLUDE USING gist (room WITH =, during WITH &&));
        INSERT INTO bookings VALUES (1, 1, '[1,5)'), (2, 1, '[5,9)');
        CREATE TABLE parts (id int, "position" int NOT NULL, area int, PRIMARY KEY (area, id), UNIQUE (area, "position"))
          PARTITION BY LIST (area);
        CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
        INSERT INTO parts SELECT n, n, 1 FROM generate_series(1, 9) n"#,
    );
    world.source(
        r#"UPDATE items SET "position" = "position" + 1000; INSERT INTO items VALUES (1000, 1, 1);
        UPDATE items SET "position" = "position" - 999 WHERE id < 1000;
        UPDATE slugs SET slug = 'x' || id, day = day + 1000, u = md5('x' || id)::uuid, email = NULL;
        UPDATE slugs SET slug = 'S' || 6 - id, day = day - 1000 + 6 - 2 * id, u = md5((6 - id)::text)::uuid, email = 'e' || 6 - id;
        DELETE FROM colours; INSERT INTO colours VALUES (1, 'green'), (2, 'blue'), (3, 'red');
        UPDATE addresses SET is_first = false; UPDATE addresses SET is_first = true WHERE id = 3;
        DELETE FROM bookings; INSERT INTO bookings VALUES (1, 1, '[4,8)'), (2, 1, '[1,4)');
        UPDATE parts SET "position" = "position" + 100; UPDATE parts SET "position" = 110 - "position""#,
    );
    let tables = ["items", "slugs", "colours", "addresses", "bookings", "parts"];
    let rules: Vec<String> =
        tables.iter().map(|table| format!("\"{table}\":{{\"mode\":\"upsert\"}}")).collect();
    let modes = format!("{{{}}}", rules.join(","));
    run(&world, &modes).await.unwrap();
    for table in tables {
        assert_same(&world, &format!("SELECT * FROM {table} ORDER BY 1, 2"));
    }
    assert_eq!(world.target("SELECT count(*) FROM notes"), "300");
    assert_eq!(rows(&world, &modes).await, 0);
}

#[tokio::test]
async fn a_unique_value_of_a_deleted_row_passes_to_another_whatever_refers_to_it() {
    let world = both(
        "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, boss int REFERENCES users);
         CREATE TABLE cars (id int PRIMARY KEY, owner int NOT NULL REFERENCES users, plate text NOT NULL UNIQUE);
         INSERT INTO users VALUES (1, 'a', NULL), (2, 'b', 1); INSERT INTO cars VALUES (1, 1, 'x'), (2, 2, 'y');",
    );
    world.source(
        "UPDATE cars SET owner = 2 WHERE id = 1; UPDATE users SET boss = NULL; DELETE FROM users WHERE id = 1;
         INSERT INTO users VALUES (3, 'a', 2); DELETE FROM cars WHERE id = 2; INSERT INTO cars VALUES (3, 3, 'y')",
    );
    // Without deletions both rows cannot be there; what would help is said, and all is as it was.
    let modes = r#"{"users":{"mode":"upsert"}}"#;
    let error = run(&world, modes).await.unwrap_err().to_string();
    assert!(error.contains("users_email_key") && error.contains("\"deletes\": true"), "{error}");
    let rule = r#"{"mode":"upsert","deletes":true}"#;
    run(&world, &format!("{{\"users\":{rule},\"cars\":{rule}}}")).await.unwrap();
    assert_same(&world, "SELECT * FROM users ORDER BY 1; SELECT * FROM cars ORDER BY 1");
}

/// Values that others refer to, and rows that may not be deleted for them.
#[tokio::test]
async fn unique_values_pass_from_row_to_row_where_others_refer_to_them() {
    let world = both(
        "CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
         CREATE TABLE codes (id int PRIMARY KEY, code int UNIQUE, short text NOT NULL UNIQUE);
         CREATE TABLE uses (id int PRIMARY KEY, code int NOT NULL REFERENCES codes (code) ON UPDATE CASCADE,
           short text REFERENCES codes (short) ON UPDATE CASCADE ON DELETE CASCADE);
         INSERT INTO codes SELECT n, n, 's' || n FROM generate_series(1, 9) n;
         INSERT INTO uses SELECT n, n, 's' || n FROM generate_series(1, 9) n;
         CREATE TABLE colours (id int PRIMARY KEY, c colour NOT NULL, CONSTRAINT one_each UNIQUE (c));
         CREATE TABLE painted (id int PRIMARY KEY, colour int NOT NULL REFERENCES colours ON DELETE CASCADE);
         INSERT INTO colours VALUES (1, 'red'), (2, 'green'), (3, 'blue'); INSERT INTO painted VALUES (1, 1), (2, 2)",
    );
    world.source(
        "UPDATE codes SET code = code + 100, short = 'x' || id;
         UPDATE codes SET code = code - 99, short = 's' || 10 - id",
    );
    // Those who refer to them follow, whether their table is copied or not.
    assert_eq!(rows(&world, r#"{"codes":{"mode":"upsert"}}"#).await, 9);
    assert_same(&world, "SELECT * FROM codes ORDER BY 1; SELECT * FROM uses ORDER BY 1");

    world.source(
        "ALTER TABLE colours DROP CONSTRAINT one_each;
         UPDATE colours SET c = CASE c WHEN 'red' THEN 'green' WHEN 'green' THEN 'blue' ELSE 'red' END::colour",
    );
    for modes in [
        r#"{"colours":{"mode":"upsert"},"painted":"none"}"#,
        r#"{"colours":{"mode":"upsert","deletes":true},"painted":"none"}"#,
    ] {
        let error = run(&world, modes).await.unwrap_err().to_string();
        assert!(error.contains("one_each") && error.contains("DEFERRABLE"), "{error}");
        world.target("ALTER TABLE colours DROP CONSTRAINT one_each, ADD CONSTRAINT one_each UNIQUE (c) DEFERRABLE");
        assert_eq!(rows(&world, modes).await, 3);
        assert_same(&world, "SELECT * FROM colours ORDER BY 1; SELECT * FROM painted ORDER BY 1");
        world.target(
            "UPDATE colours SET c = CASE c WHEN 'red' THEN 'blue' WHEN 'green' THEN 'red' ELSE 'green' END::colour;
             ALTER TABLE colours DROP CONSTRAINT one_each, ADD CONSTRAINT one_each UNIQUE (c)",
        );
    }
}

#[tokio::test]
async fn a_cursor_at_infinity_is_no_last_one() {
    let world = both(
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz, x text);
         CREATE TABLE f (id int PRIMARY KEY, at float8, x text); CREATE TABLE k (at timestamptz PRIMARY KEY);
         INSERT INTO t VALUES (1, '2026-01-01Z', 'a'), (2, 'infinity', 'b');
         INSERT INTO f VALUES (1, 1, 'a'), (2, 'NaN', 'b'); INSERT INTO k VALUES ('2026-01-01Z'), ('infinity')",
    );
    world.source(
        "UPDATE t SET x = 'new', at = '2026-01-02Z' WHERE id = 1; UPDATE t SET x = 'new' WHERE id = 2;
         UPDATE f SET x = 'new', at = 2 WHERE id = 1; INSERT INTO k VALUES ('2026-01-02Z')",
    );
    let rule = r#"{"mode":"upsert","cursor":"at"}"#;
    run(&world, &format!("{{\"t\":{rule},\"f\":{rule}}}")).await.unwrap();
    assert_same(&world, "SELECT * FROM t ORDER BY 1; SELECT * FROM f ORDER BY 1");
    // After such a key no row comes: that is no silent end.
    for rule in [
        r#"{"mode":"incremental","key":"at"}"#,
        r#"{"mode":"incremental","key":"at","lag":"1 day"}"#,
    ] {
        let error = refusal(&world, &format!("{{\"k\":{rule}}}")).await;
        assert!(error.contains("the largest \"at\" of the target is infinity"), "{error}");
    }
}

#[tokio::test]
async fn sequences_follow_as_far_as_they_can_count() {
    let world = both(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE t ALTER id TYPE bigint;
         CREATE TABLE n (id serial PRIMARY KEY, d numeric); ALTER TABLE n ALTER id TYPE numeric; INSERT INTO n VALUES (1.5);
         CREATE TABLE s (id int PRIMARY KEY, label text); CREATE SEQUENCE label OWNED BY s.label; INSERT INTO s VALUES (1, 'x');
         CREATE TABLE o (id serial PRIMARY KEY); INSERT INTO o VALUES (1)",
    );
    world.source("INSERT INTO t VALUES (7), (5000000000); INSERT INTO n VALUES (3.5); INSERT INTO s VALUES (2, 'y'); INSERT INTO o VALUES (2)");
    // Another role's, which the rows need not wait for.
    world.server.psql("target", "REVOKE ALL ON SEQUENCE o_id_seq FROM target_user").unwrap();
    let modes = r#"{"t":"incremental","n":"incremental","s":"incremental","o":"incremental"}"#;
    assert_eq!(rows(&world, modes).await, 5);
    assert_eq!(
        world.target(
            "INSERT INTO t DEFAULT VALUES RETURNING id; INSERT INTO n DEFAULT VALUES RETURNING id"
        ),
        "8\n4"
    );
    assert_eq!(rows(&world, modes).await, 0);
}

#[tokio::test]
async fn too_few_connections_are_found_before_the_first_table() {
    let world = both(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);
         CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)",
    );
    world.source("INSERT INTO a VALUES (2); INSERT INTO b VALUES (2)");
    let modes = r#"{"a":"incremental","b":"incremental"}"#;
    for (role, side) in [("source_user", "source"), ("target_user", "target")] {
        let limit = |limit: i8| format!("ALTER ROLE {role} CONNECTION LIMIT {limit}");
        world.server.psql("postgres", &limit(2)).unwrap();
        let error = run(&world, modes).await.unwrap_err();
        assert!(matches!(error, Error::Exhausted { .. }), "{error:?}");
        let expected = format!("open connection 3 of the 3 that are needed to the {side} at once");
        assert!(error.to_string().contains(&expected), "{error}");
        assert_eq!(world.server.psql("target", "SELECT max(id) FROM a").unwrap(), "1");
        world.server.psql("postgres", &limit(3)).unwrap();
        // The server may still count connections that are closed.
        let ours =
            "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('source_user', 'target_user')";
        let closed = async || world.server.psql("postgres", ours).unwrap() == "0";
        assert!(wait_for_async(Duration::from_secs(20), closed).await);
    }
    assert_eq!(rows(&world, modes).await, 2);
}

#[tokio::test]
async fn a_sequence_that_descends_follows_downwards() {
    let world = both(
        "CREATE TABLE d (id int PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1), at int);
         INSERT INTO d (at) VALUES (1);
         CREATE TABLE s (id bigint PRIMARY KEY, at int); CREATE SEQUENCE s_id INCREMENT -2 MINVALUE -10 OWNED BY s.id;
         ALTER TABLE s ALTER id SET DEFAULT nextval('s_id'); INSERT INTO s (at) VALUES (1)",
    );
    world.source(
        "INSERT INTO d (at) VALUES (2), (3); INSERT INTO s (at) VALUES (2); INSERT INTO s VALUES (-20, 3)",
    );
    let modes = r#"{"d":{"mode":"incremental","key":"at"},"s":{"mode":"incremental","key":"at"}}"#;
    assert_eq!(rows(&world, modes).await, 4);
    let next =
        "INSERT INTO d DEFAULT VALUES RETURNING id; INSERT INTO s DEFAULT VALUES RETURNING id";
    assert_eq!(world.target(next), "-4\n-5");
    // Never back: those two are farther than the source's rows.
    assert_eq!(rows(&world, modes).await, 0);
    assert_eq!(world.target(next), "-5\n-7");
}

#[tokio::test]
async fn a_key_that_is_equal_but_not_the_same_is_brought_over() {
    let world = both(
        "CREATE TABLE n (id numeric PRIMARY KEY, x int); CREATE TABLE alone (id interval PRIMARY KEY);
         CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TABLE c (id text COLLATE no_case PRIMARY KEY, x int); CREATE TABLE ruled (id numeric PRIMARY KEY);
         CREATE TABLE of_c (id int PRIMARY KEY, c text COLLATE no_case REFERENCES c ON UPDATE CASCADE ON DELETE CASCADE);
         CREATE RULE r AS ON UPDATE TO ruled DO INSTEAD NOTHING;
         INSERT INTO n VALUES (1.0, 1), (2, 2); INSERT INTO alone VALUES ('1 month'); INSERT INTO ruled VALUES (3.0);
         INSERT INTO c VALUES ('anna', 1), ('bert', 2); INSERT INTO of_c VALUES (1, 'anna')",
    );
    world.source(
        "UPDATE n SET id = 1.00 WHERE id = 1; UPDATE alone SET id = '30 days'; UPDATE c SET id = initcap(id);
         ALTER TABLE ruled DISABLE RULE r; UPDATE ruled SET id = 3.000",
    );
    let rule = r#"{"mode":"upsert","deletes":true}"#;
    let tables = ["n", "alone", "c", "ruled", "of_c"];
    let rules: Vec<String> = tables.iter().map(|table| format!("\"{table}\":{rule}")).collect();
    let modes = format!("{{{}}}", rules.join(","));
    run(&world, &modes).await.unwrap();
    for table in tables {
        assert_same(&world, &format!("SELECT * FROM {table} ORDER BY 1"));
    }
    assert_eq!(rows(&world, &modes).await, 0);
}

#[tokio::test]
async fn a_generated_always_identity_follows_its_row() {
    let world = both(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY UNIQUE, email text PRIMARY KEY, x int);
         CREATE TABLE k (t int REFERENCES t (id) ON DELETE CASCADE); INSERT INTO t (email, x) VALUES ('a', 1), ('b', 2), ('c', 3)",
    );
    world.source("UPDATE t SET x = x + 1 WHERE email <> 'c'");
    let modes = r#"{"t":{"mode":"upsert"}}"#;
    assert_eq!(rows(&world, modes).await, 2);
    assert_same(&world, "SELECT * FROM t ORDER BY 1");
    // Deleted and registered again: another number. Rows that would go with it are not taken for gone.
    world.source("DELETE FROM t WHERE email = 'a'; INSERT INTO t (email, x) VALUES ('a', 9)");
    world.target("INSERT INTO k VALUES (1)");
    let error = run(&world, modes).await.unwrap_err().to_string();
    assert!(error.contains("\"id\"") && error.contains("GENERATED ALWAYS"), "{error}");
    assert_eq!(world.target("SELECT count(*) FROM k"), "1");
    world.target("DROP TABLE k");
    assert_eq!(rows(&world, modes).await, 1);
    assert_same(&world, "SELECT * FROM t ORDER BY 1");
    assert_eq!(rows(&world, modes).await, 0);
}
