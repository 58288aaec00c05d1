//! Nothing is changed: by what is refused before, nor by what fails in the middle.

use pg_replicate::{DatabaseUrl, Error};

use crate::load::common::{RESTORE, application, file, run, run_text, scripts, state};

/// The error of a load that leaves everything as it was.
async fn refused(script: &str) -> Error {
    let world = application();
    let before = state(&world);
    let error = run_text(&world, script).await.unwrap_err();
    assert_eq!(state(&world), before, "{error}");
    error
}

#[tokio::test]
async fn errors_half_way_leave_rows_and_sequences_as_they_were() {
    let world = application();
    let before = state(&world);
    for (wrong, wanted) in [
        (
            RESTORE.replace("2\t1\tanswer", "2\t1\tanswer\ttoo much"),
            "line 25: COPY message: extra data",
        ),
        (RESTORE.replace("2\t1\tanswer", "2\t7\tanswer"), "message_parent_fkey"),
        (RESTORE.replace("{\"a\"", "{a"), "invalid input syntax for type json"),
        (format!("{RESTORE}\nINSERT INTO public.structure VALUES (1, 'again');"), "structure_pkey"),
        (format!("{RESTORE}\nSELECT setval('public.ticket', 0);"), "line 41: SELECT setval"),
        (format!("{RESTORE}\nCREATE TABLE public.structure (id int);"), "already exists"),
        (format!("{RESTORE}\nSELECT nextval('public.ticket'), 1 / 0;"), "division by zero"),
    ] {
        let error = run_text(&world, &wrong).await.unwrap_err();
        assert_eq!(state(&world), before, "{error}");
        assert!(matches!(error, Error::Database { .. }), "{error:?}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_carried_out_is_listed_before_anything_is_changed() {
    let script = "\\connect other\nSELECT 1;\n\\i more.sql\nROLLBACK;\nSET client_encoding = 'LATIN1';\nCOPY nowhere (a) FROM stdin;\n1\n\\.\nTRUNCATE gone;\nCOPY message TO stdout;\n\\gexec\n";
    let Error::Preflight(problems) = refused(script).await else { panic!() };
    let places: Vec<&str> =
        problems.iter().map(|one| one.subject.rsplit(", ").next().unwrap()).collect();
    assert_eq!(
        places,
        ["line 1", "line 3", "line 4", "line 5", "line 6", "line 9", "line 10", "line 11"]
    );
    for (number, part) in [(0, "DATABASE_URL"), (1, "--from"), (3, "iconv"), (4, "nowhere")] {
        let reason = problems[number].outcome.as_ref().unwrap_err();
        assert!(reason.contains(part), "{reason}");
    }
}

#[tokio::test]
async fn columns_that_differ_are_listed() {
    let script = "COPY structure (id, nom) FROM stdin;\n\\.\nCOPY message (id, parent, body) FROM stdin;\n\\.\nCOPY \"user\" (id, \"structureId\", email, notes, email_length) FROM stdin;\n\\.\nINSERT INTO message (id, text) VALUES (1, 'x');";
    let error = refused(script).await.to_string();
    for part in [
        "line 1: columns of structure: \"nom\" is only in the source, \"name\" is only on the target, \"mainUser\" is only on the target",
        "line 5: columns of user: \"email_length\" is only in the source",
        "line 7: columns of message: \"text\" is only in the source",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!error.contains("\"parent\""), "{error}");
}

#[tokio::test]
async fn new_columns_take_their_defaults_when_that_is_allowed() {
    let world = application();
    world.target("ALTER TABLE message ADD COLUMN mood text DEFAULT 'fine'");
    let path = file(&world, "restore.sql", RESTORE);
    let mut load = scripts(&world, &[&path]);
    let error = run(&load).await.unwrap_err().to_string();
    assert!(error.contains("\"mood\" is only on the target"), "{error}");
    load.allows_new_columns = true;
    run(&load).await.unwrap();
    assert_eq!(world.target("SELECT DISTINCT mood FROM message"), "fine");
}

#[tokio::test]
async fn a_cut_file_is_noticed_wherever_it_ends() {
    let world = application();
    let before = state(&world);
    let in_rows = RESTORE.find("first;").unwrap();
    let in_text = RESTORE.find("search_path").unwrap();
    for end in [in_rows, in_text] {
        let error = run_text(&world, &RESTORE[..end]).await.unwrap_err();
        assert!(matches!(error, Error::Preflight(_)), "{error:?}");
        assert!(
            error.to_string().contains("truncated") || error.to_string().contains("never closed"),
            "{error}"
        );
    }
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn a_role_that_does_not_own_the_tables_is_told_so() {
    let world = application();
    world
        .server
        .psql(
            "target",
            "ALTER TABLE message OWNER TO producer; GRANT ALL ON message, message_id_seq TO target_user",
        )
        .unwrap();
    let before = state(&world);
    let error = run_text(&world, RESTORE).await.unwrap_err();
    assert!(error.to_string().contains("another role owns message (of producer)"), "{error}");
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn an_encoding_that_is_not_utf_8() {
    let world = application();
    let path = file(&world, "latin.sql", b"INSERT INTO message (body) VALUES ('caf\xe9');");
    let error = run(&scripts(&world, &[&path])).await.unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
}

#[tokio::test]
async fn a_server_out_of_reach() {
    let world = application();
    let path = file(&world, "restore.sql", RESTORE);
    let mut load = scripts(&world, &[&path]);
    load.target = "postgresql://a:s3cret@127.0.0.1:1/x".parse::<DatabaseUrl>().unwrap();
    let error = run(&load).await.unwrap_err();
    assert!(error.is_unreachable() && !error.to_string().contains("s3cret"), "{error}");
}
