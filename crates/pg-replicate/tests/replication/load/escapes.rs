//! Everything or nothing, whatever a script does.

use crate::load::common::{application, excluding, file, run, run_text, scripts, state};

/// Each gets rows into the transaction, tries to end it, and fails at the end: nothing may be left.
const ESCAPES: &[&str] = &[
    // A variable that holds more than one statement, or less.
    "\\set c '1; commit'\nSELECT :c;",
    "\\set c ';commit'\n:c;",
    "\\set c 'commit'\n:c;",
    "\\set c 'com' mit\n:c;",
    "\\set c '/* */ ; ; commit'\n:c and no chain;",
    "\\set c ''''\nSELECT :c; COMMIT; SELECT :c;",
    "\\set c '$a$'\nSELECT :c; COMMIT; SELECT :c;",
    // A backslash that means something else, or a word that ends nothing.
    "SET standard_conforming_strings = false; SELECT '\\'' ; COMMIT; --';",
    "SET standard_conforming_strings TO 0; SELECT '\\'' ; COMMIT; --';",
    "SET SESSION standard_conforming_strings = 'of'; SELECT '\\'' ; COMMIT; --';",
    "SET LOCAL standard_conforming_strings = n; SELECT '\\'' ; COMMIT; --';",
    "SELECT set_config('standard_conforming_strings', 'off', false); SELECT '\\'' ; COMMIT; --';",
    "SELECT 1, set_config('standard_conforming_strings', 'off', false); SELECT '\\'' ; COMMIT; --';",
    "DO $$ BEGIN PERFORM set_config('standard_conforming_strings', 'off', false); END $$; SELECT '\\'' ; COMMIT; --';",
    "UPDATE structure SET name = set_config('standard_conforming_strings', 'off', false); SELECT '\\'' ; COMMIT; --';",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = begin, atomic AS 'SELECT 1'; COMMIT; SELECT 1;",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 AS \"end\"; SELECT 1 AS case; END; COMMIT; SELECT 1; END;",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET standard_conforming_strings = off AS 'SELECT 1'; SELECT f(), '\\' ; COMMIT; --';",
    // Every way to end a transaction, in every dress.
    "COMMIT;",
    "END;",
    "COMMIT AND CHAIN;",
    "COMMIT WORK AND NO CHAIN;",
    "ROLLBACK;",
    "ABORT;",
    "ROLLBACK AND CHAIN;",
    "BEGIN; COMMIT;",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT;",
    "PREPARE TRANSACTION 'ours';",
    "COMMIT PREPARED 'ours';",
    "\u{b}COMMIT;",
    "\u{c}COMMIT;",
    "/* /* */ -- */ COMMIT;",
    "-- a\rCOMMIT;\n",
    "SELECT 1 -- a\r; COMMIT; --\n;",
    ";;COMMIT;",
    "(COMMIT);",
    "COMMIT\\;",
    "SELECT 1\\; COMMIT;",
    "COMMIT \\g",
    "SELECT 'COMMIT' \\gexec",
    // What the server itself does not do within a transaction.
    "DO $$ BEGIN COMMIT; END $$;",
    "DO $$ BEGIN ROLLBACK; END $$;",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL p();",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; DO $$ BEGIN CALL p(); END $$;",
    "VACUUM message;",
    "DISCARD ALL;",
    "CREATE DATABASE other;",
    // What could blind us.
    "RESET ALL;",
    "SET TRANSACTION READ ONLY;",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;",
    "SAVEPOINT a; ROLLBACK TO a; RELEASE a;",
    "SAVEPOINT a; ROLLBACK TO a; COMMIT;",
    "SET client_encoding = 'UTF8'; SET search_path = pg_temp; CREATE FUNCTION pg_temp.txid_current_if_assigned() RETURNS bigint LANGUAGE sql AS 'SELECT 1'; COMMIT;",
    "SET SESSION AUTHORIZATION target_user; COMMIT;",
    "SET ROLE target_user; COMMIT;",
    "DEALLOCATE ALL; COMMIT;",
    "LOCK TABLE message; COMMIT;",
    "COPY message (body) FROM stdin;\n\\.\\.\n\\.x\n\\.\nCOMMIT;",
    "COPY message (body) FROM stdin WITH (FORMAT csv);\n\"\n\\.\nCOMMIT;",
    "COPY message (body) FROM stdin; COMMIT;\nx\n\\.\n",
];

#[tokio::test]
async fn nothing_is_left_of_a_script_that_fails_after_an_attempt_to_commit() {
    let world = application();
    // Triggers and keys that the load changes for as long as it takes.
    world.target(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
         CREATE TRIGGER shout BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION shout();",
    );
    let before = state(&world);
    for escape in ESCAPES {
        // What is left says which it was.
        let body = escape.replace('\'', "''").replace(':', " ").replace('\\', "/");
        let script = format!(
            "INSERT INTO message (id, body) VALUES (7, '{body}');\nINSERT INTO message (id, parent) VALUES (8, 7);\n{escape}\nSELECT 1/0;"
        );
        let path = file(&world, "script.sql", script);
        let mut load = excluding(scripts(&world, &[&path]), &["migrations"]);
        load.allows_new_columns = true;
        run(&load).await.expect_err(escape);
    }
    assert_eq!(state(&world), before);
}

/// As psql does: a variable may hold several statements, and each is carried out by itself.
#[tokio::test]
async fn a_variable_that_holds_statements() {
    let world = application();
    let script = "\\set id 5
        \\set add 'INSERT INTO message (id) VALUES (:id); INSERT INTO message (id) VALUES (6)'
        :add; \\set add 'INSERT INTO message (id) VALUES (7);'
        :add ;
        \\set rows 'COPY message (id) FROM stdin'
        :rows;\n8\n\\.\n";
    let mut load = scripts(&world, &[&file(&world, "script.sql", script)]);
    load.allows_new_columns = true;
    run(&load).await.unwrap();
    assert_eq!(
        world.target("SELECT string_agg(id::text, ' ' ORDER BY id) FROM message"),
        "5 6 7 8"
    );
}

#[tokio::test]
async fn backslashes_mean_what_the_script_says() {
    let world = application();
    // As pg_dump --inserts writes it where standard_conforming_strings is off.
    let script = "SET standard_conforming_strings = off;
        SET escape_string_warning = off;
        SELECT pg_catalog.set_config('search_path', '', false);
        INSERT INTO public.message (id, body) VALUES (1, 'a\\\\b\\'; COMMIT; --'), (2, E'\\'');
        RESET standard_conforming_strings;
        INSERT INTO public.message (id, body) VALUES (3, 'a\\'), (4, 'b');
        SET standard_conforming_strings TO OFF;
        INSERT INTO public.message (id, body) VALUES (5, '\\'');
        RESET ALL;
        INSERT INTO message (id, body) VALUES (6, '\\');
        COPY public.structure (id, name, \"mainUser\") FROM stdin;\n1\ta\\\\b\t\\N\n\\.\n";
    run_text(&world, script).await.unwrap();
    assert_eq!(
        world.target("SELECT body FROM message ORDER BY id; SELECT name FROM structure"),
        "a\\b'; COMMIT; --\n'\na\\\nb\n'\n\\\na\\b"
    );
}

/// The role's own setting counts, as with psql.
#[tokio::test]
async fn backslashes_mean_what_the_role_says() {
    let world = application();
    world
        .server
        .psql("target", "ALTER ROLE target_user SET standard_conforming_strings = off")
        .unwrap();
    let script = "INSERT INTO message (id, body) VALUES (1, '\\'; COMMIT; --');
        SET standard_conforming_strings = on; INSERT INTO message (id, body) VALUES (2, '\\');
        SET standard_conforming_strings TO DEFAULT; INSERT INTO message (id, body) VALUES (3, '\\'');";
    run_text(&world, script).await.unwrap();
    assert_eq!(world.target("SELECT body FROM message ORDER BY id"), "'; COMMIT; --\n\\\n'");
}

/// Characters that are read in another encoding, or not at all.
#[tokio::test]
async fn what_changes_the_meaning_of_bytes() {
    let world = application();
    let before = state(&world);
    for (script, wanted) in [
        (
            "DO $$ BEGIN PERFORM set_config('client_encoding', 'LATIN1', false); END $$; INSERT INTO message (body) VALUES ('é');",
            "the statement sets client_encoding to LATIN1",
        ),
        ("\nINSERT INTO message (body) VALUES ('a\0b');", "line 2: a NUL"),
        ("INSERT INTO message (body) VALUES ('a');\n\\set a 'x\0'\nSELECT :'a';", "line 3: a NUL"),
        ("COPY message (id, parent, body) FROM stdin;\n1\t\\N\ta\0b\n\\.\n", "0x00"),
    ] {
        let error = run_text(&world, script).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(state(&world), before, "{error}");
    }
}
