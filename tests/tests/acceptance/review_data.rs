//! Data for review environments: the lines of docs/review-data.md, through the real program.

use acceptance_tests::{Finished, Production, Programs};
use serde_json::Value;
use test_servers::Proxy;

const DOCUMENT: &str = include_str!("../../../docs/review-data.md");

/// What the migrations make on both sides; the source has been in use for longer.
const MIGRATIONS: &str = "
    CREATE TABLE migrations (id serial PRIMARY KEY, name text);
    INSERT INTO migrations (name) VALUES ('first');
    CREATE TABLE structure (id serial PRIMARY KEY, name text, manager int);
    CREATE TABLE usager (id serial PRIMARY KEY, structure int REFERENCES structure (id), name text);
    ALTER TABLE structure ADD FOREIGN KEY (manager) REFERENCES usager (id);
";
const ROWS: &str = "
    INSERT INTO structure (name) SELECT 'structure ' || n FROM generate_series(1, 9) n;
    INSERT INTO usager (structure, name) SELECT n, 'Zoé ' || n FROM generate_series(1, 9) n;
    UPDATE structure SET manager = 10 - id;
    INSERT INTO migrations (name) VALUES ('only on the source');
";
const CONTENT: &str = "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM (SELECT id, name, manager FROM structure) t";

/// A source in use, and a target whose migrations have run; the role of the target owns its tables.
fn world() -> (Production, Programs) {
    let production = Production::start();
    production.on_source(
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO source_user;
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO source_user;
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO source_user;",
    );
    production.on_source(&format!("{MIGRATIONS}{ROWS}"));
    production.on_target(&format!("SET ROLE target_user; {MIGRATIONS}"));
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    production.server.create_database("schema_copy", "target_user").unwrap();
    let target = production.target_url();
    let copy = format!("{}/schema_copy", target.rsplit_once('/').unwrap().0);
    programs.set("DB_SCHEMA_EXPORTER_DATABASE_TARGET", copy);
    (production, programs)
}

fn ok(finished: &Finished, line: &str) {
    assert_eq!(finished.code, Some(0), "{line}\n{}{}", finished.stdout, finished.stderr);
    let all = format!("{}{}", finished.stdout, finished.stderr);
    assert!(!all.contains(Production::PASSWORD) && !all.contains("s3cr%40t"), "{line}\n{all}");
}

#[test]
fn the_lines_of_the_document() {
    let (production, programs) = world();
    let write = |name: &str, text: &str| {
        std::fs::write(programs.directory().join(name), text).unwrap();
    };
    let truncate = "\\set ON_ERROR_STOP on\nTRUNCATE structure, usager RESTART IDENTITY CASCADE;\n";
    write("app_test.postgres.truncate-data.sql", truncate);
    ok(
        &programs
            .run("run", &["export-data", "--file", "data.sql", "--exclude-table", "migrations"]),
        "",
    );
    let data = std::fs::read_to_string(programs.directory().join("data.sql")).unwrap();
    assert!(data.contains("COPY public.usager") && !data.contains("migrations"), "{data}");
    write("app_test.postgres.restore-data-only.sql", &data);
    dump(&production, &programs);

    let example = DOCUMENT.split("```").nth(1).unwrap();
    let lines: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("$ run ")).collect();
    assert_eq!(lines.len(), 8);
    for line in lines {
        production.on_target("TRUNCATE structure, usager CASCADE");
        let arguments: Vec<String> = line
            .split_whitespace()
            .map(|word| match word {
                "\"$REVIEW_SOURCE_URL\"" => production.source_url(),
                word => word.to_owned(),
            })
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let finished = programs.run("run", &arguments);
        ok(&finished, line);
        if line.starts_with("load-data") {
            assert_eq!(production.on_target(CONTENT), production.on_source(CONTENT), "{line}");
            assert_eq!(production.on_target("SELECT count(*) FROM migrations"), "1", "{line}");
            assert_eq!(production.on_target("SELECT last_value FROM usager_id_seq"), "9", "{line}");
        }
        if line.ends_with("--json") {
            let summary: Value = serde_json::from_str(&finished.stdout).unwrap();
            let phases = summary["phases"].as_array().unwrap();
            assert!(
                phases.iter().any(|phase| phase["name"] == "load source" && phase["rows"] == 18),
                "{summary}"
            );
        }
    }
    let tables = production
        .server
        .psql("schema_copy", "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        .unwrap();
    assert_eq!(tables, "migrations structure usager");
    // With what --truncate writes, psql alone can do it where no tables refer to each other.
    let file = std::fs::read_to_string(programs.directory().join("data-for-psql.sql")).unwrap();
    assert!(
        file.starts_with("TRUNCATE TABLE\n  \"public\".\"structure\",\n  \"public\".\"usager\"\n"),
        "{file}"
    );
}

#[test]
fn standard_input() {
    let (production, programs) = world();
    let exported = programs
        .run("run", &["export-data", "--file", "data.sql", "--exclude-table", "migrations"]);
    ok(&exported, "export-data");
    let data = std::fs::read_to_string(programs.directory().join("data.sql")).unwrap();
    let loaded = programs.run_fed("run", &["load-data", "--from", "-"], &data);
    ok(&loaded, "load-data --from -");
    assert_eq!(production.on_target(CONTENT), production.on_source(CONTENT));
    let refused = programs.run_fed("run", &["load-data", "--from", "-"], "SELECT '\0';");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("standard input, line 1: a NUL"), "{}", refused.stderr);
}

fn dump(production: &Production, programs: &Programs) {
    let status = std::process::Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--file"])
        .arg(programs.directory().join("app.dump"))
        .arg(production.server.superuser_url("source"))
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn what_is_wrong_ends_with_its_code() {
    let (production, mut programs) = world();
    let code = |arguments: &[&str], code: i32, words: &[&str]| {
        let finished = programs.run("run", arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}\n{}", finished.stderr);
        for word in words {
            assert!(finished.stderr.contains(word), "{word} in {}", finished.stderr);
        }
        assert!(!finished.stderr.contains("s3cret"), "{}", finished.stderr);
    };
    code(&["load-data", "--from", "nowhere.sql"], 2, &["nowhere.sql cannot be read"]);
    code(&["load-data", "--from", "postgres://a:s3cret@host:port/x"], 2, &["--from"]);
    code(&["load-data", "--exclude-table", ""], 2, &["names no table"]);
    code(
        &["load-data", "--from", "postgres://a:s3cret@127.0.0.1:1/x"],
        3,
        &["could not be reached"],
    );
    production.on_source("ALTER TABLE usager ADD COLUMN age int");
    code(&["load-data"], 1, &["columns of usager", "age", "nothing was changed"]);
    code(&["export-data", "--file", "x.sql", "--exclude-table", "nobody"], 1, &["no table nobody"]);
    assert!(!programs.directory().join("x.sql").exists());
    // What is masked on its way elsewhere does not arrive as it is.
    programs.set("BACKUP_MODE", r#"{"usager":{"columns":{"name":"'x'"}}}"#);
    // Nor under another name: a port forward.
    let forward = Proxy::start(production.server.port()).unwrap();
    let port = production.server.port().to_string();
    let other = production.source_url().replace(&port, &forward.port().to_string());
    for arguments in [
        &["load-data"][..],
        &["load-data", "--from", &other],
        &["export-data", "--file", "x.sql"],
        &["export-data", "--file", "x.sql", "--from", &other],
    ] {
        let refused = programs.run("run", arguments);
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(refused.stderr.contains("BACKUP_MODE has rules for"), "{}", refused.stderr);
    }
    assert_eq!(production.on_target("SELECT count(*) FROM usager"), "0");
}
