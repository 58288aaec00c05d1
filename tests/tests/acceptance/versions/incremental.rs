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
