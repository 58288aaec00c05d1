//! What analysts had on the target is there again, whichever program replaced its tables.

use std::process::Command;

use acceptance_tests::{Production, Programs};

const OF_AN_ANALYST: &str = "
  CREATE ROLE analyst; GRANT analyst TO target_user; CREATE SCHEMA reports AUTHORIZATION analyst;
  GRANT SELECT ON users TO analyst;
  SET ROLE analyst; CREATE VIEW reports.count AS SELECT count(*) AS users FROM public.users;";

#[test]
fn grants_and_views_survive_every_way_of_replacing_the_target() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let first = programs.run("run", &["full-replication"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    production.server.psql("target", OF_AN_ANALYST).unwrap();
    let dump = programs.directory().join("app.dump");
    let dumped = Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&dump)
        .arg(production.source_url())
        .status();
    assert!(dumped.unwrap().success());
    let users = production.on_source("SELECT count(*) FROM users");
    let read = "SET ROLE analyst; SELECT users FROM reports.count";
    let ways: [(&str, &[&str]); 4] = [
        ("live", &["full-replication"]),
        ("archive", &["full-replication"]),
        ("live", &["backup-restore"]),
        ("live", &["restore", "--file", "app.dump"]),
    ];
    for (method, arguments) in ways {
        programs.set("BACKUP_METHOD", method);
        let run = programs.run("run", arguments);
        assert_eq!(run.code, Some(0), "{arguments:?} {}", run.stderr);
        // They are a part of the publication, where there is one.
        let is_told = ["preserved", "publication"].iter().any(|phase| run.stdout.contains(phase));
        assert!(is_told, "{arguments:?} {}", run.stdout);
        assert_eq!(production.server.psql("target", read).unwrap(), users, "{arguments:?}");
    }
    // A copy that ends with an error gives back what it can.
    let enrichment = programs.directory().join("enrichment.sql");
    std::fs::write(&enrichment, "SELECT 1 / 0;").unwrap();
    programs.set("ENRICHMENT_FILE", enrichment.display().to_string());
    let run = programs.run("run", &["full-replication"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(production.server.psql("target", read).unwrap(), users);
}
