//! Scripts made by chance: what they leave is what psql leaves.

use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::load::common::{file, run, scripts};
use crate::support::{SECRET, World};

const TABLE: &str = "CREATE TABLE seen (id serial PRIMARY KEY, v text)";
const SCRIPTS: usize = 12;

/// What stands between the tokens of a statement.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(" ".to_owned()),
        1 => "[ \t\n\u{c}]{1,3}",
        1 => "/\\*([;'\"$\\\\()-]|/\\* ; ' \\*/){0,4}\\*/",
        1 => "--[;'\"$\\\\()/*]{0,4}\n",
    ]
}

/// A text in any notation.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "'([a-c;$é\"\n(]|''|--|/\\*|\\\\\\\\|:x){0,5}'",
        "[eE]'([a-c;$\"\n(]|''|\\\\'|\\\\\\\\|--|/\\*){0,5}'",
        "\\$\\$([a-c;\\\\'\"\n(]|--|/\\*){0,5}\\$\\$",
        "\\$t_1\\$([a-c;\\\\'\"\n(]|\\$\\$|\\$t\\$){0,5}\\$t_1\\$",
        "[nN]'[a-c;]{0,3}'",
        "\\('[a-c;]' /\\* \\) ; \\*/ \\|\\| '\\)'\\)",
        "\\(SELECT max\\(\";x\"\\) FROM \\(SELECT 'x' AS \";x\"\\) AS \";'\"\\)",
        Just(":'x'".to_owned()),
        Just("'a' \n 'b;'".to_owned()),
        Just("CASE WHEN 1 > 2 THEN ';' ELSE 'end' END".to_owned()),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    let insert = (gap(), text(), gap(), text(), gap()).prop_map(|(a, one, b, two, c)| {
        format!("INSERT{a}INTO seen (v) VALUES ({b}{one}{b}||{c}{two}{a});\n")
    });
    let rows = "COPY seen \\(v\\) FROM stdin;\n([a-c;'\"$:(]|\\\\\\\\|\\\\N){1,5}\n\\\\\\.\n";
    prop_oneof![
        6 => insert,
        1 => rows,
        1 => "\\\\set x '[a-c; ]{0,3}(''|\\\\\\\\|\")?'\n",
        1 => "SET standard_conforming_strings = (on|off);\n",
        1 => text().prop_map(|text| format!("CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT {text}; END; INSERT INTO seen (v) VALUES (f());\n")),
        1 => Just("\\set many 'INSERT INTO seen (v) VALUES (1); INSERT INTO seen (v) VALUES (2)'\n:many;\n".to_owned()),
        1 => "-- a comment; '\n;;\n",
    ]
}

#[tokio::test]
async fn what_psql_makes_of_a_script_is_what_we_make_of_it() {
    let world = World::new("");
    world.target(TABLE);
    let mut runner = TestRunner::deterministic();
    let statements = proptest::collection::vec(statement(), 12..20);
    let mut taken = 0;
    for _ in 0..SCRIPTS {
        let script = statements.new_tree(&mut runner).unwrap().current().concat();
        let script = format!("\\set x y\nTRUNCATE seen RESTART IDENTITY;\n{script}");
        let path = file(&world, "script.sql", &script);
        let output = Command::new(world.server.bin_dir().join("psql"))
            .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"])
            .arg("--file")
            .arg(&path)
            .args(["--host=127.0.0.1", "--username=target_user", "--dbname=target"])
            .arg(format!("--port={}", world.server.port()))
            .env("PGPASSWORD", SECRET)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let rows = "SELECT id, v FROM seen ORDER BY id";
        let by_psql = world.target(rows);
        let mut load = scripts(&world, &[&path]);
        load.allows_new_columns = true;
        let ours = run(&load).await;
        if output.status.success() {
            taken += 1;
            ours.unwrap_or_else(|error| panic!("psql takes it: {error}\n{script}"));
            assert_eq!(world.target(rows), by_psql, "{script}");
        } else {
            assert!(ours.is_err(), "psql does not take it: {said}\n{script}");
        }
    }
    assert!(taken > SCRIPTS / 2, "psql takes only {taken} of {SCRIPTS}");
}
