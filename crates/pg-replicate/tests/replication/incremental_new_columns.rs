//! Columns that only the source has.

use crate::support::{World, increments};
use pg_replicate::{Error, Incremental, SchemaChanges};
use progress::Context;

fn incremental(world: &World, modes: &str, schema_changes: SchemaChanges) -> Incremental {
    Incremental { schema_changes, ..increments::incremental(world, modes) }
}

async fn add(world: &World, modes: &str) -> Result<u64, Error> {
    let copy = incremental(world, modes, SchemaChanges::Add);
    Ok(copy.run(&Context::quiet()).await?.phases[0].rows)
}

const ALL: &str = "SELECT t::text FROM t ORDER BY id";

/// Name, type, default and whether null is refused.
const COLUMNS: &str = "SELECT attname, format_type(atttypid, atttypmod), attnotnull, attgenerated,
      attcollation, pg_get_expr(adbin, adrelid)
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attname";

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, x text, \"updatedAt\" timestamptz);
    INSERT INTO t SELECT n, 'x' || n, '2026-01-01Z' FROM generate_series(1, 10) n;";

const NEW: &str = r#"
    ALTER TABLE t ADD COLUMN "odd ""c" varchar(20) COLLATE "C" NOT NULL DEFAULT 'a''b',
      ADD COLUMN number numeric(12, 3) DEFAULT -1.5, ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
      ADD COLUMN at timestamptz DEFAULT now(), ADD COLUMN plain int,
      ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED;
    UPDATE t SET at = '2026-02-02Z', plain = id;"#;

#[tokio::test]
async fn a_new_column_is_refused_by_name_or_added() {
    let world = World::new(TABLE);
    world.target(TABLE);
    world.source(NEW);
    world.source("INSERT INTO t (id, x, at) VALUES (11, 'new', '2026-03-03Z')");
    // With the cursor only the last row would be read, and the others never get their values.
    let modes = r#"{"t":{"mode":"upsert","cursor":"updatedAt"}}"#;
    let refused = incremental(&world, modes, SchemaChanges::Fail);
    let error = refused.run(&Context::quiet()).await.unwrap_err().to_string();
    assert!(error.contains(r#"t: columns differ: "odd "c" is only on the source"#), "{error}");
    assert!(error.contains("\"twice\" is only on the source"), "{error}");
    let checks = incremental(&world, modes, SchemaChanges::Add).check().await;
    let found = checks[0].outcome.as_ref().unwrap();
    assert!(found.contains("the target gets column \"number\""), "{found}");
    assert_eq!(
        world.target(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
        ),
        "3"
    );
    assert_eq!(add(&world, modes).await.unwrap(), 11);
    assert_eq!(world.target(ALL), world.source(ALL));
    assert_eq!(world.target(COLUMNS), world.source(COLUMNS));
    world.source("UPDATE t SET plain = 0, \"updatedAt\" = '2026-02-01Z' WHERE id = 3");
    assert_eq!(add(&world, modes).await.unwrap(), 1);
    assert_eq!(world.target(ALL), world.source(ALL));
}

#[tokio::test]
async fn an_incremental_table_gets_it_for_new_rows() {
    let world = World::new(TABLE);
    world.target(TABLE);
    world.source(NEW);
    world.source(
        "ALTER TABLE t ADD COLUMN must int; UPDATE t SET must = 1; ALTER TABLE t ALTER COLUMN must SET NOT NULL;
         INSERT INTO t (id, x, must) VALUES (11, 'new', 5)",
    );
    assert_eq!(add(&world, r#"{"t":"incremental"}"#).await.unwrap(), 1);
    let row = "SELECT t::text FROM t WHERE id = 11";
    assert_eq!(world.target(row), world.source(row));
    // Rows that are there have the constant defaults, and nothing else: so `must` may be null here.
    assert_eq!(
        world.target(
            r#"SELECT "odd ""c", number, tags, at, plain, twice, must FROM t WHERE id = 1"#
        ),
        "a'b|-1.500|{}|||2|"
    );
    assert_eq!(world.target("SELECT attnotnull FROM pg_attribute WHERE attname = 'must'"), "f");
}

#[tokio::test]
async fn a_column_that_the_target_cannot_have_is_named_and_a_failure_takes_it_back() {
    let world = World::new(TABLE);
    world.target(TABLE);
    world.source("CREATE TYPE mood AS ENUM ('a'); ALTER TABLE t ADD COLUMN m mood");
    let modes = r#"{"t":{"mode":"upsert"}}"#;
    let error = add(&world, modes).await.unwrap_err().to_string();
    let wanted = "column \"m\" is only on the source, and of type public.mood, which the target does not have";
    assert!(error.contains(wanted), "{error}");
    world.source("ALTER TABLE t DROP COLUMN m; ALTER TABLE t ADD COLUMN y int; UPDATE t SET x = 'bad' WHERE id = 1");
    world.target("ALTER TABLE t ADD CONSTRAINT good CHECK (x <> 'bad')");
    let error = add(&world, modes).await.unwrap_err().to_string();
    assert!(error.contains("\"good\""), "{error}");
    assert_eq!(
        world.target(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'y'"
        ),
        "0"
    );
    // One that only the target has is refused as before.
    world.target("ALTER TABLE t DROP CONSTRAINT good, ADD COLUMN ours int");
    let error = add(&world, modes).await.unwrap_err().to_string();
    assert!(error.contains("\"ours\" is only on the target"), "{error}");
    // A default that the target cannot have is left out, and the rows come all the same.
    world.target("ALTER TABLE t DROP COLUMN ours");
    world.source("CREATE SEQUENCE s; ALTER TABLE t ALTER COLUMN y SET DEFAULT nextval('s'), ADD COLUMN z int NOT NULL DEFAULT 1");
    assert_eq!(add(&world, modes).await.unwrap(), 1);
    assert_eq!(world.target(ALL), world.source(ALL));
}

#[tokio::test]
async fn a_key_or_a_cursor_that_is_new() {
    let world = World::new(TABLE);
    world.target(TABLE);
    world.source("ALTER TABLE t ADD COLUMN n int; UPDATE t SET n = id");
    assert_eq!(add(&world, r#"{"t":{"mode":"upsert","cursor":"n"}}"#).await.unwrap(), 10);
    assert_eq!(world.target(ALL), world.source(ALL));
    world.source("ALTER TABLE t ADD COLUMN k int; UPDATE t SET k = id");
    let error = add(&world, r#"{"t":{"mode":"incremental","key":"k"}}"#).await.unwrap_err();
    assert!(error.to_string().contains("t: it has no column \"k\""), "{error}");
}
