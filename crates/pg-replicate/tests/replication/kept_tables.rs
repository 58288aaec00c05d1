//! Tables of BACKUP_MODE and all that belongs to them are neither dumped, dropped nor touched.

use crate::support::events::Events;
use crate::support::{EVERY_OBJECT, WITHOUT_RANGES, World, assert_same_text};
use pg_replicate::Error;
use progress::Context;

const MODE: &str = r#"{"answers":"incremental","knowledge-elements":"none"}"#;

/// Everything about a table that a restore could touch.
fn state(world: &World, table: &str) -> String {
    world.target(&format!(
        "SELECT '{table}'::regclass::oid, relfilenode FROM pg_class WHERE oid = '{table}'::regclass;
         SELECT oid, relfilenode FROM pg_class WHERE oid IN
           (SELECT indexrelid FROM pg_index WHERE indrelid = '{table}'::regclass) ORDER BY 1;
         SELECT oid, conname FROM pg_constraint
           WHERE conrelid = '{table}'::regclass AND contype <> 'f' ORDER BY 1;
         SELECT oid, tgname, tgenabled FROM pg_trigger
           WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal ORDER BY 1;
         SELECT oid, adnum FROM pg_attrdef WHERE adrelid = '{table}'::regclass ORDER BY 1;
         SELECT oid FROM pg_policy WHERE polrelid = '{table}'::regclass ORDER BY 1;
         SELECT oid FROM pg_rewrite WHERE ev_class = '{table}'::regclass ORDER BY 1;
         SELECT obj_description('{table}'::regclass);
         SELECT s.oid, q.last_value FROM pg_class s
           JOIN pg_depend d ON d.objid = s.oid AND d.refobjid = '{table}'::regclass
           JOIN pg_sequences q ON q.sequencename = s.relname
           WHERE s.relkind = 'S' ORDER BY 1;
         SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t;"
    ))
}

#[tokio::test]
async fn they_are_not_touched_and_their_neighbours_are_copied_whole() {
    let world = World::new(&format!("{EVERY_OBJECT}\n;{WITHOUT_RANGES}"));
    world.run(&world.copy("{}")).await.unwrap();
    world.target(
        "DELETE FROM answers WHERE id > 900; DROP TRIGGER never ON answers;
         COMMENT ON TABLE answers IS 'of the warehouse';
         SELECT setval('answers_id_seq', 4000);
         TRUNCATE my_answers, \"answers-archive\", stats.answers, knowledge_elements;",
    );
    let answers = state(&world, "answers");
    let elements = state(&world, "\"knowledge-elements\"");
    for way in ["archive", "live", "live"] {
        match way {
            "archive" => world.run(&world.copy(MODE)).await,
            _ => world.live(&world.copy(MODE)).await,
        }
        .unwrap();
        assert_eq!(state(&world, "answers"), answers);
        assert_eq!(state(&world, "\"knowledge-elements\""), elements);
    }
    let without =
        ["--exclude-table=public.answers", "--exclude-table=public.\"knowledge-elements\""];
    // The publication's kept table, and the kept table's sequence, which another's default needs.
    let strip = |mut lines: Vec<String>| {
        lines.retain(|line| {
            !line.contains("ALTER PUBLICATION some_tables ADD TABLE ONLY public.answers ")
        });
        lines.retain(|line| !line.starts_with("-- Name: some_tables answers;"));
        lines.retain(|line| !line.contains("setval('public.answers_id_seq'"));
        lines
    };
    let (source, target) =
        (world.dump_text("source", &without), world.dump_text("target", &without));
    assert_same_text(&strip(source), &strip(target));
    for table in ["my_answers", "\"answers-archive\"", "stats.answers", "knowledge_elements"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(world.target(&count), world.source(&count), "{table}");
    }
}

#[tokio::test]
async fn a_dump_of_a_whole_database_is_filtered_too() {
    let world = World::new(EVERY_OBJECT);
    world.run(&world.copy("{}")).await.unwrap();
    // As a platform's own backup: every table is in it.
    world.copy("{}").backup(&world.dump(), &Context::quiet()).await.unwrap();
    let answers = state(&world, "answers");
    let events = state(&world, "\"events sad\"");
    let copy = world.copy(
        r#"{"answers":"none","events":"none","Odd schema.Odd * table? \"q\".x$":"none","users":"none"}"#,
    );
    copy.preflight_restore(&world.dump()).await.unwrap();
    copy.drop_objects(&Context::quiet()).await.unwrap();
    copy.restore(&world.dump(), &Context::quiet()).await.unwrap();
    assert_eq!(state(&world, "answers"), answers);
    assert_eq!(state(&world, "\"events sad\""), events);
    let keys = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'
                AND conparentid = 0 ORDER BY 1, 2";
    // Keys of kept tables to kept tables stay; keys into kept tables go.
    assert_eq!(
        world.target(keys),
        "answers|answers_userId_fkey\ncircle_a|circle_a_b_fkey\ncircle_b|circle_b_a_fkey"
    );
}

#[tokio::test]
async fn a_kept_table_that_the_target_does_not_have() {
    let world = World::new(EVERY_OBJECT);
    world.run(&world.copy(MODE)).await.unwrap();
    let found = world.target(
        "SELECT to_regclass('answers'), to_regclass('answer_totals'), to_regclass('my_answers'),
           to_regclass('\"knowledge-elements_id_seq\"'), to_regclass('answers_id_seq')",
    );
    // A default of "answers-archive" needs the one sequence.
    assert_eq!(found, "||my_answers||answers_id_seq");
}

#[tokio::test]
async fn a_foreign_key_to_a_replaced_table_goes_with_it() {
    let world = World::new(EVERY_OBJECT);
    world.run(&world.copy("{}")).await.unwrap();
    world.run(&world.copy(MODE)).await.unwrap();
    let keys = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid IN
                ('answers'::regclass, '\"knowledge-elements\"'::regclass) ORDER BY 1";
    assert_eq!(world.target(keys), "ke odd fk");
}

#[tokio::test]
async fn a_foreign_key_to_a_kept_table_is_left_out_with_a_warning_each_night() {
    let world = World::new(
        "CREATE TABLE k (id int PRIMARY KEY); INSERT INTO k VALUES (1);
         CREATE TABLE child (id int PRIMARY KEY, k int CONSTRAINT child_to_k REFERENCES k);
         COMMENT ON CONSTRAINT child_to_k ON child IS 'c'; INSERT INTO child VALUES (1, 1)",
    );
    world.run(&world.copy("{}")).await.unwrap();
    let copy = world.copy(r#"{"k":"none"}"#);
    for way in ["archive", "live", "live"] {
        let (events, _guard) = Events::capture();
        match way {
            "archive" => world.run(&copy).await,
            _ => world.live(&copy).await,
        }
        .unwrap();
        let warnings: Vec<String> = events
            .all()
            .into_iter()
            .filter(|event| event.level == tracing::Level::WARN)
            .map(|event| event.message)
            .collect();
        let named = |line: &&String| line.contains("FK CONSTRAINT public.child child_to_k");
        assert_eq!(warnings.iter().filter(named).count(), 1, "{way}: {warnings:?}");
    }
}

#[tokio::test]
async fn a_part_of_a_table_cannot_be_kept_alone() {
    let world = World::new(EVERY_OBJECT);
    world.run(&world.copy("{}")).await.unwrap();
    let copy = world.copy(r#"{"dogs":"none"}"#);
    let before = state(&world, "animals");
    let error = copy.preflight().await.unwrap_err();
    assert!(error.to_string().contains("not kept: public.animals"), "{error}");
    let error = copy.drop_objects(&Context::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)), "{error}");
    assert_eq!(state(&world, "animals"), before);
}

#[tokio::test]
async fn types_functions_and_sequences_that_kept_tables_need_stay() {
    let world = World::new(
        "CREATE SCHEMA lib; CREATE TYPE lib.size AS ENUM ('s', 'm');
         CREATE SEQUENCE lib.numbers;
         CREATE FUNCTION lib.label(lib.size) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
         CREATE FUNCTION lib.label(int, int[]) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT 1::text';
         CREATE DOMAIN lib.short AS text CHECK (length(VALUE) < 9);
         COMMENT ON TYPE lib.size IS 'sizes';
         CREATE TABLE kept (id int DEFAULT nextval('lib.numbers'), size lib.size, name lib.short,
           label text GENERATED ALWAYS AS (lib.label(size)) STORED);
         CREATE INDEX ON kept (lib.label(id, NULL));
         CREATE TABLE other (size lib.size, name lib.short);
         INSERT INTO kept (size) VALUES ('s'); INSERT INTO other VALUES ('m', 'n');",
    );
    world.run(&world.copy("{}")).await.unwrap();
    let before = state(&world, "kept");
    world.run(&world.copy(r#"{"kept":"none"}"#)).await.unwrap();
    assert_eq!(state(&world, "kept"), before);
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}
