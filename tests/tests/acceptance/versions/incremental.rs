//! Incremental tables between versions.

use crate::versions::pair::Pair;

/// By the version that brought them: tables for `BACKUP_MODE`, and what happens to them on the source.
const CHANGES: [(u32, &str, &str); 4] = [
    (
        13,
        r#""answers": "incremental", "my_answers": {"mode": "upsert", "key": "id", "deletes": true}"#,
        r#"INSERT INTO answers ("userId", "challengeId", result) VALUES (5, 'new', E'\\N\t'), (7, 'x', NULL);
           UPDATE my_answers SET "answerId" = 77 WHERE id = 2; DELETE FROM my_answers WHERE id = 3;
           ALTER TABLE my_answers ADD COLUMN note text DEFAULT 'it''s new';"#,
    ),
    (
        14,
        r#""opening_hours": {"mode": "upsert", "key": "id", "deletes": true}"#,
        "UPDATE opening_hours SET days = '{[2026-05-01,2026-06-01)}', warm = '{[1,2]}' WHERE id = 2;
         INSERT INTO opening_hours VALUES (3, DEFAULT, '{}'); DELETE FROM opening_hours WHERE id = 1;",
    ),
    (
        15,
        r#""unlogged_numbers": {"mode": "incremental", "key": "id"}"#,
        "INSERT INTO unlogged_numbers (n) VALUES (9);",
    ),
    (
        18,
        r#""tallies": {"mode": "upsert", "key": "id"}"#,
        "UPDATE tallies SET n = 5 WHERE id = 1; INSERT INTO tallies (id, n) VALUES (3, 3);
         ALTER TABLE tallies ADD COLUMN thrice integer GENERATED ALWAYS AS (n * 3) VIRTUAL;",
    ),
];

/// New, changed and deleted rows and new columns arrive, with types of the source's version.
pub(crate) fn rows_follow(pair: &mut Pair) {
    let changes: Vec<_> =
        CHANGES.iter().filter(|(since, ..)| *since <= pair.source_major).collect();
    let tables: Vec<&str> = changes.iter().map(|(_, tables, _)| *tables).collect();
    pair.programs.set("BACKUP_MODE", format!("{{{}}}", tables.join(", ")));
    pair.programs.set("SCHEMA_CHANGES", "add");
    for (_, _, sql) in changes {
        pair.change_source(sql);
    }
    // The second run meets what the first one left.
    for _ in 0..2 {
        pair.run(&["incremental"]);
    }
    pair.assert_same();
}

/// A trigger that partitions of two levels inherit, in other states than its own in some of them.
const INHERITED_TRIGGER: &str = "
    CREATE TABLE parts (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (20) PARTITION BY RANGE (id);
    CREATE TABLE low_1 PARTITION OF low FOR VALUES FROM (0) TO (10);
    CREATE TABLE low_2 PARTITION OF low FOR VALUES FROM (10) TO (20);
    CREATE TABLE high PARTITION OF parts FOR VALUES FROM (20) TO (30);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.note := NEW.note || ' touched'; RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION touch();
    ALTER TABLE low_2 DISABLE TRIGGER touch;
    ALTER TABLE high ENABLE ALWAYS TRIGGER touch;
    INSERT INTO parts VALUES (1, 'a'), (11, 'b'), (21, 'c');";

/// What fires on the source does not fire again on the target, and stays in its state in every partition: servers before
/// 15 call a partition's trigger internal.
#[test]
fn triggers_that_partitions_inherit_do_not_fire() {
    for major in [13, 14] {
        let mut pair = Pair::of_script(major, major, INHERITED_TRIGGER);
        pair.run(&["backup-restore"]);
        pair.assert_same();
        pair.change_source(
            "INSERT INTO parts VALUES (2, 'd'), (12, 'e'), (22, 'f'); UPDATE parts SET note = 'new' WHERE id IN (1, 11, 21)",
        );
        pair.programs
            .set("BACKUP_MODE", r#"{"parts": {"mode": "upsert", "key": "id", "deletes": true}}"#);
        pair.run(&["incremental"]);
        pair.assert_same();
    }
}
