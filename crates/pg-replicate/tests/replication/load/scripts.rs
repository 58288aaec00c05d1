//! Scripts, today's pair of files among them.

use crate::load::common::{
    RESTORE, TRUNCATE, application, constraints, file, load, run, run_text, scripts,
};

const LOADED: &str = "1|CCAS de Nîmes|2
2|Asile \\ N\ttab|
2|1|é@example.net|{\"a\": \"x\\ny\"}|13
5|2|||
1||first; -- it's
2|1|answer";

fn rows(world: &crate::support::World) -> String {
    world.target(
        "SELECT * FROM structure ORDER BY 1; SELECT * FROM \"user\" ORDER BY 1; SELECT * FROM message ORDER BY 1",
    )
}

#[tokio::test]
async fn todays_pair_of_files_as_they_are() {
    let world = application();
    let before = constraints(&world);
    let truncate = file(&world, "app.truncate-data.sql", TRUNCATE);
    let restore = file(&world, "app.restore-data-only.sql", RESTORE);
    let summary = run(&scripts(&world, &[&truncate, &restore])).await.unwrap();
    assert_eq!(rows(&world), LOADED);
    assert_eq!(constraints(&world), before);
    assert_eq!(
        world.target("SELECT nextval('structure_id_seq'), nextval('user_id_seq'), nextval('ticket'), count(*) FROM migrations"),
        "3|6|7|2"
    );
    let phase = summary.phases.iter().find(|phase| phase.name == "load app.restore-data-only.sql");
    let phase = phase.unwrap();
    assert_eq!((phase.objects, phase.rows, phase.bytes), (3, 6, RESTORE.len() as u64));
}

/// psql itself is the measure.
#[tokio::test]
async fn the_same_as_psql() {
    let world = application();
    // psql cannot load the pair where tables refer to each other.
    world.target("ALTER TABLE structure DROP CONSTRAINT \"FK_mainUser\"");
    let script = format!("{TRUNCATE}{RESTORE}");
    world.target(&script);
    let by_psql = (
        rows(&world),
        crate::load::common::state(&world).lines().filter(|line| line.contains("_seq")).count(),
    );
    world.target("TRUNCATE structure, \"user\", message CASCADE");
    run_text(&world, &script).await.unwrap();
    assert_eq!((rows(&world), by_psql.1), by_psql);
}

#[tokio::test]
async fn carriage_returns_and_the_mark_of_utf_8() {
    let world = application();
    let script = format!("\u{feff}{}", RESTORE.replace('\n', "\r\n"));
    run_text(&world, &script).await.unwrap();
    assert_eq!(rows(&world), LOADED);
}

#[tokio::test]
async fn what_psql_understands() {
    let world = application();
    let script = "BEGIN;
        \\set table message
        \\set body 'it''s ; :x'
        \\echo loading :table
        INSERT INTO :table (id, body) VALUES (10, :'body'), (11, E'\\'; a');
        INSERT INTO :\"table\" (body) VALUES ($$;$$ /* ; */);  -- no id
        COPY message (id, parent, body) FROM stdin WITH (FORMAT csv);
20,,\"a, \"\"b\"\"
c\"
\\.
        SET session_replication_role = replica;
        ALTER TABLE ONLY message DISABLE TRIGGER ALL;
        UPDATE message SET parent = '10'::int WHERE id = 20;
        COMMIT;";
    run_text(&world, script).await.unwrap();
    assert_eq!(
        world.target("SELECT id, parent, body FROM message ORDER BY id"),
        "1||;\n10||it's ; :x\n11||'; a\n20|10|a, \"b\"\nc"
    );
    // No setval stood in the script.
    assert_eq!(world.target("SELECT nextval('message_id_seq')"), "21");
}

#[tokio::test]
async fn the_settings_are_those_of_the_role() {
    let world = application();
    world.target("CREATE SCHEMA app; CREATE TABLE app.day (at date, seen timestamptz)");
    world
        .server
        .psql("target", "ALTER ROLE target_user SET search_path = app, public; ALTER ROLE target_user SET DateStyle = 'ISO, DMY'; ALTER ROLE target_user SET TimeZone = 'Europe/Paris'; ALTER ROLE target_user SET statement_timeout = '1ms'")
        .unwrap();
    let one =
        file(&world, "one.sql", "SET search_path = ''; INSERT INTO app.day VALUES ('2024-02-01');");
    let two = file(
        &world,
        "two.sql",
        "INSERT INTO day VALUES ('03/02/2024', '2024-02-03 12:00'); SELECT pg_sleep(0.01);",
    );
    run(&scripts(&world, &[&one, &two])).await.unwrap();
    assert_eq!(
        world.target("SET TimeZone = 'UTC'; SELECT * FROM app.day ORDER BY 1"),
        "2024-02-01|\n2024-02-03|2024-02-03 11:00:00+00"
    );
}

#[tokio::test]
async fn memory_stays_flat() {
    let world = application();
    world.target("CREATE TABLE big (id int, body text)");
    let path = world.directory.path().join("big.sql");
    {
        use std::io::Write;
        let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        writeln!(out, "COPY big (id, body) FROM stdin;").unwrap();
        let body = "é".repeat(500);
        for id in 0..60_000 {
            writeln!(out, "{id}\t{body}").unwrap();
        }
        // One row as large as all of those.
        write!(out, "-1\t").unwrap();
        for _ in 0..60_000 {
            write!(out, "{body}").unwrap();
        }
        writeln!(out, "\n\\.").unwrap();
    }
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size > 110_000_000, "{size}");
    run(&scripts(&world, &[&path])).await.unwrap();
    assert_eq!(world.target("SELECT count(*), max(length(body)) FROM big"), "60001|30000000");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 60_000, "{peak} kB");
}

#[tokio::test]
async fn odd_names_partitions_and_a_dump_of_inserts() {
    let world = application();
    world.target(
        "CREATE SCHEMA \"o'dd\";
         CREATE TABLE \"o'dd\".\"a.\"\"b\" (\"id 1\" serial, x text);
         CREATE TABLE event (id int, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
         CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
         INSERT INTO event VALUES (1, '2023-01-01'), (2, '2024-01-01');
         INSERT INTO \"o'dd\".\"a.\"\"b\" (x) VALUES ('a'), (NULL);",
    );
    let before = rows(&world);
    let odd = "SELECT * FROM \"o'dd\".\"a.\"\"b\"; SELECT * FROM event ORDER BY 1";
    let odd_before = world.target(odd);
    for extra in [
        &["--data-only"][..],
        &["--data-only", "--inserts"],
        &["--data-only", "--column-inserts", "--rows-per-insert=2"],
        &["--data-only", "--load-via-partition-root", "--disable-triggers"],
    ] {
        let text = raw_dump(&world, extra);
        world.target("TRUNCATE event; INSERT INTO event VALUES (3, '2022-01-01')");
        run_text(&world, &text).await.unwrap_or_else(|error| panic!("{extra:?}: {error}"));
        assert_eq!(rows(&world), before, "{extra:?}");
        assert_eq!(world.target(odd), odd_before, "{extra:?}");
    }
}

fn raw_dump(world: &crate::support::World, extra: &[&str]) -> String {
    let output = std::process::Command::new(world.server.bin_dir().join("pg_dump"))
        .args(extra)
        .arg("--dbname")
        .arg(world.server.superuser_url("target"))
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn without_truncating_rows_are_added() {
    let world = application();
    let path = file(&world, "more.sql", "INSERT INTO message (body) VALUES ('new')");
    let mut more = scripts(&world, &[&path]);
    more.truncates = false;
    run(&more).await.unwrap();
    assert_eq!(world.target("SELECT id, body FROM message ORDER BY 1"), "1|old\n2|new");
    assert!(run(&load(&world, Vec::new())).await.unwrap_err().to_string().contains("no rows"));
}
