//! Databases that nobody here wrote, copied both ways, twice, as an ordinary role.
//!
//! `scripts/test real-databases` fetches their SQL and runs this.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{World, assert_same_text};
use pg_replicate::{Error, FullCopy};

/// Where `scripts/real-databases` puts them.
const DIRECTORY: &str = "REAL_DATABASES";

fn found() -> Vec<PathBuf> {
    let directory = std::env::var_os(DIRECTORY).expect(DIRECTORY);
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let is_sql = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sql");
    let mut files: Vec<PathBuf> = files.filter(is_sql).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Errors are the script's own: some of its statements are meant to fail, or need what is not here.
fn load(world: &World, script: &Path) {
    let status = Command::new(world.server.bin_dir().join("psql"))
        .args(["--no-psqlrc", "--quiet", "--dbname", &world.server.superuser_url("source")])
        .env("PGOPTIONS", "-c client_min_messages=error -c statement_timeout=60s")
        .stdin(std::fs::File::open(script).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{}", script.display());
    for script in [include_str!("../sql/ordinary.sql"), include_str!("../sql/fill.sql")] {
        world.server.psql("source", script).unwrap();
    }
}

/// Makes the source's extensions that an ordinary role may not make, as the target's platform would: also their
/// tables may be written.
fn install_extensions(world: &World, database: &str) {
    let scripts =
        world.server.psql("source", include_str!("../sql/untrusted_extensions.sql")).unwrap();
    world.server.psql(database, &scripts).unwrap();
}

/// What pg_dump and psql make of it, as the target's role: inheriting tables may get their columns in
/// another order than the source has.
fn reference(world: &World) -> Vec<String> {
    let file = world.directory.path().join("reference.sql");
    let dumped = Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--no-owner", "--no-privileges", "--file"])
        .arg(&file)
        .args(["--dbname", &world.server.superuser_url("source")])
        .status()
        .unwrap();
    assert!(dumped.success());
    world.server.create_database("reference", "target_user").unwrap();
    install_extensions(world, "reference");
    let restored = Command::new(world.server.bin_dir().join("psql"))
        .args(["--no-psqlrc", "--quiet", "--dbname", &world.server.superuser_url("reference")])
        .args(["--command", "SET ROLE target_user", "--file"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(restored.success());
    world.dump_text("reference", &[])
}

fn size(world: &World) -> String {
    world
        .server
        .psql(
            "source",
            "ANALYZE; SELECT count(*) || ' tables, ' || coalesce(sum(reltuples) FILTER (WHERE reltuples > 0), 0) || ' rows' FROM pg_class
             WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'",
        )
        .unwrap()
}

/// What went wrong in a way of copying, or nothing.
async fn copied(world: &World, copy: &FullCopy, way: &str) -> Result<(), Error> {
    for _ in 0..2 {
        match way {
            "live" => world.live(copy).await?,
            _ => world.run(copy).await?,
        };
    }
    Ok(())
}

/// More than one transaction can lock at PostgreSQL's default of `max_locks_per_transaction`.
#[tokio::test]
#[ignore = "takes minutes; run by scripts/test real-databases"]
async fn many_tables_and_large_objects_are_replaced_again_and_again() {
    let world = World::new("");
    let setting = world.server.psql("postgres", "SHOW max_locks_per_transaction").unwrap();
    assert_eq!(setting, "64");
    world.source(
        "SELECT format('CREATE TABLE t%1$s (id serial PRIMARY KEY, name text); CREATE INDEX ON t%1$s (name);
                        INSERT INTO t%1$s (name) VALUES (%1$s)', n)
         FROM generate_series(1, 1400) n \\gexec",
    );
    // Not in one transaction either.
    for _ in 0..20 {
        world.source(
            "DO $$ DECLARE o oid; BEGIN FOR n IN 1..1000 LOOP
               o := lo_from_bytea(0, 'x'); EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO source_user', o);
             END LOOP; END $$",
        );
    }
    let found = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'S', 'i') AND relnamespace = 'public'::regnamespace;
                 SELECT count(*) FROM pg_largeobject_metadata; SELECT sum(name::int) FROM t1400";
    for way in ["live", "archive"] {
        // A publication is one transaction: it is refused.
        let copy = world.copy_in_place("{}");
        copied(&world, &copy, way).await.unwrap();
        copied(&world, &copy, way).await.unwrap();
        assert_eq!(world.target(found), "5600\n20000\n1400", "{way}");
    }
}

#[tokio::test]
#[ignore = "needs what scripts/real-databases fetches; run by scripts/test real-databases"]
async fn every_database_is_the_same_afterwards() {
    let mut wrong = Vec::new();
    for script in found() {
        let name = script.file_stem().unwrap().to_string_lossy().into_owned();
        let world = World::new("");
        load(&world, &script);
        println!("{name}: {}", size(&world));
        install_extensions(&world, "target");
        let reference = reference(&world);
        for way in ["live", "archive"] {
            if let Err(error) = copied(&world, &world.copy("{}"), way).await {
                wrong.push(format!("{name}, {way}: {error}"));
                continue;
            }
            let target = world.dump_text("target", &[]);
            if let Err(panic) = std::panic::catch_unwind(|| assert_same_text(&reference, &target)) {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                wrong.push(format!("{name}, {way}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
