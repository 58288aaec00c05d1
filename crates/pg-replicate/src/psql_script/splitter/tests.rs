//! Tests of the splitter: scripts and their items.

use crate::psql_script::splitter::*;

fn pieces(script: &[u8], size: usize) -> Result<Vec<Piece>, Broken> {
    let mut splitter = Splitter::new(Strings::Standard);
    let mut found = Vec::new();
    for mut chunk in script.chunks(size) {
        while !chunk.is_empty() {
            let (taken, piece) = splitter.feed(chunk)?;
            found.extend(piece);
            chunk = &chunk[taken..];
        }
    }
    found.extend(splitter.finish()?);
    Ok(found)
}

fn statements(script: &str) -> Vec<String> {
    let text = |piece| match piece {
        Piece::Statement(text, _) | Piece::Command(text, _) => String::from_utf8(text).unwrap(),
    };
    pieces(script.as_bytes(), 7).unwrap().into_iter().map(text).collect()
}

#[test]
fn semicolons_that_end_nothing() {
    for whole in [
        "SELECT ';', 'it''s;'",
        "SELECT \";\"\"\"",
        "DO $$ BEGIN; END $$",
        "DO $a1$ $$;$a$ ; $a1$",
        "SELECT $1;SELECT 2".split(';').next().unwrap(),
        "SELECT a$b$;".trim_end_matches(';'),
        "SELECT 1 /* ; /* ; */ ; */ + 1",
        "SELECT 1 -- ;\n + 1",
        "SELECT 3 - 2 / 1",
        "SELECT (1;2)",
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "SELECT E'\\';', e'\\\\''\\';'",
        "SELECT 'a\\'",
        "SELECT E'a' -- ;'\n\t'\\'; b'\n'\\';'",
        "SELECT 'a'\n'b\\'",
        "SELECT E'a' '\\'",
        "SELECT E'a' /* */\n'\\'",
        "SELECT E'a' -\n'\\'",
        "SELECT 'é', \"ü\"",
    ] {
        assert_eq!(statements(&format!("{whole};\nSELECT 2;")), [whole, "SELECT 2"]);
    }
}

#[test]
fn comments_lines_and_commands() {
    let script = b"-- a\n\\set x 1\r\n/* b\n */ SELECT 1\n -- c\n;;\n\\.\nSELECT\n2";
    assert_eq!(
        pieces(script, 100).unwrap(),
        [
            Piece::Command(b"\\set x 1\r".to_vec(), 2),
            Piece::Statement(b"SELECT 1\n -- c".to_vec(), 4),
            Piece::Command(b"\\.".to_vec(), 7),
            Piece::Statement(b"SELECT\n2".to_vec(), 8),
        ]
    );
}

#[test]
fn a_command_in_the_middle_of_a_statement_is_no_part_of_it() {
    assert_eq!(statements("SELECT \\g\n 1;"), ["\\g", "SELECT  1"]);
}

#[test]
fn what_is_never_closed() {
    for (script, line) in [("SELECT\n'a\n", 2), ("\n/* /* */", 2), ("$x$ $y$", 1), ("\"", 1)] {
        assert_eq!(pieces(script.as_bytes(), 3).unwrap_err().line, line, "{script}");
    }
}

#[test]
fn a_routine_begins_where_nothing_stands_between_its_words() {
    let sql = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = begin, atomic AS ''";
    assert_eq!(statements(&format!("{sql}; COMMIT")), [sql, "COMMIT"]);
    let sql = "CREATE PROCEDURE p() BEGIN /* ; */ -- ;\n ATOMIC SELECT CASE 1 WHEN 2 THEN 3 END; SELECT 2; END";
    assert_eq!(statements(&format!("{sql}; COMMIT")), [sql, "COMMIT"]);
}

/// psql and the server end a comment there too.
#[test]
fn a_carriage_return_ends_a_comment() {
    assert_eq!(
        statements("-- a\rSELECT 1; SELECT 2 -- b\r; SELECT 3"),
        ["SELECT 1", "SELECT 2 -- b", "SELECT 3"]
    );
}

/// Text of any kind, and its name in a failure.
fn part() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::prop_oneof![
        "[a-z]{1,8}",
        "'([a-z;$\\\\\"\n]|''|--|/\\*|\\\\){0,8}'",
        "[eE]'([a-z;$\"\n]|''|\\\\'|\\\\\\\\|--|/\\*){0,8}'",
        "\"([a-z;$\\\\'\n]|\"\"|--|/\\*){1,8}\"",
        "\\$\\$([a-z;\\\\'\"\n(]|--|/\\*){0,8}\\$\\$",
        "\\$t1\\$([a-z;\\\\'\"\n(]|\\$\\$|\\$t\\$){0,8}\\$t1\\$",
        "/\\*([a-z;\\\\'\"\n($]|/\\* ; \\*/){0,6}\\*/",
        "--[a-z;\\\\'\"($/*-]{0,8}(\n|\r)",
        "\\([a-z;]{0,4} ';' \\([;]\\) [a-z]{0,4}\\)",
        // Two of them could begin a comment.
        "[-+/*,.<>=1-9]",
    ]
}

/// A statement that begins with a word and ends where nothing is open.
fn statement() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::strategy::Strategy;
    let routine = "CREATE (OR REPLACE )?(FUNCTION|procedure) f\\(a int\\) BEGIN( |\n| /\\* ; \\*/ )ATOMIC( SELECT CASE WHEN 'end;' THEN \"end\" END;| SELECT 1;){0,3} END";
    let plain = proptest::collection::vec(part(), 0..8)
        // Commas, because a string on a later line would continue the previous one.
        .prop_map(|parts| format!("x {} y", parts.join(" , ")));
    proptest::prop_oneof![4 => plain, 1 => routine]
}

proptest::proptest! {
    #[test]
    fn the_size_of_the_pieces_read_does_not_matter(
        script in "[ae \n\r'\"$/*;E\\\\(),x1-]{0,60}", size in 1_usize..9
    ) {
        assert_eq!(pieces(script.as_bytes(), size), pieces(script.as_bytes(), 1000));
    }

    /// Whatever they contain, and in whatever pieces they are read.
    #[test]
    fn statements_of_every_kind_are_found_whole(
        whole in proptest::collection::vec(statement(), 1..6), size in 1_usize..40
    ) {
        let found: Vec<Piece> = pieces(whole.join(";").as_bytes(), size).unwrap();
        let found: Vec<String> = found
            .into_iter()
            .map(|piece| match piece {
                Piece::Statement(text, _) | Piece::Command(text, _) => String::from_utf8(text).unwrap(),
            })
            .collect();
        assert_eq!(found, whole);
    }

    /// The splitter of the enrichment script gives the same result.
    #[test]
    fn statements_are_those_of_the_whole_text(script in "[ab '\"$;E\n(),1-]{0,60}") {
        let Ok(whole) = crate::postgres::sql_text::split(&script) else { return Ok(()) };
        let Ok(streamed) = pieces(script.as_bytes(), 5) else {
            panic!("only the streamed one fails: {script:?}");
        };
        assert_eq!(whole.len(), streamed.len(), "{script:?} {whole:?} {streamed:?}");
        for (whole, piece) in whole.iter().zip(&streamed) {
            let Piece::Statement(text, line) = piece else { panic!() };
            assert!(text.starts_with(whole.sql.as_bytes()), "{whole:?} {piece:?}");
            assert_eq!(whole.line as u64, *line, "{script:?}");
        }
    }
}
