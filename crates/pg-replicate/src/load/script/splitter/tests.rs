//! Scripts, and what they are cut into.

use super::*;

fn pieces(script: &[u8], size: usize) -> Result<Vec<Piece>, Broken> {
    let mut splitter = Splitter::new();
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

proptest::proptest! {
    #[test]
    fn the_size_of_the_pieces_read_does_not_matter(
        script in "[ae \n'\"$/*;E\\\\(),x1-]{0,60}", size in 1_usize..9
    ) {
        assert_eq!(pieces(script.as_bytes(), size), pieces(script.as_bytes(), 1000));
    }

    /// The whole-text reader of the enrichment script agrees.
    #[test]
    fn statements_are_those_of_the_whole_text(script in "[ab '\"$;E\n(),1-]{0,60}") {
        let Ok(whole) = crate::sql_text::split(&script) else { return Ok(()) };
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
