//! A source and a target of two versions, and the client that copies between them.

use std::path::PathBuf;
use std::process::Command;

use acceptance_tests::{Finished, Programs};
use test_servers::{PostgresServer, versions};

use crate::versions::database::{self, PASSWORD};

/// What stands in the target; an object that was made anew has another oid.
const OIDS: &str = "SELECT oid, relname FROM pg_class WHERE oid >= 16384 ORDER BY 1";

pub(crate) struct Pair {
    source: PostgresServer,
    /// `None` when both databases stand on one server.
    target: Option<PostgresServer>,
    pub(crate) programs: Programs,
    pub(crate) source_major: u32,
}

impl Pair {
    /// With the oldest client at hand that may dump the source.
    pub(crate) fn new(source: u32, target: u32) -> Self {
        Self::build(source, target, oldest_client(source))
    }

    pub(crate) fn with_client(source: u32, target: u32, client: u32) -> Self {
        Self::build(source, target, Some(versions::client_bin_dir(client).unwrap()))
    }

    /// With one table on the source, and the newest client.
    pub(crate) fn small(source: u32, target: u32) -> Self {
        let script = "CREATE TABLE answers (id int); INSERT INTO answers VALUES (1)";
        Self::of_script(source, target, script)
    }

    /// With what a script makes on the source, and the newest client.
    pub(crate) fn of_script(source: u32, target: u32, script: &str) -> Self {
        Self::start(source, target, Some(versions::client_bin_dir(18).unwrap()), &[script])
    }

    fn build(source: u32, target: u32, client: Option<PathBuf>) -> Self {
        Self::start(source, target, client, &database::scripts(source))
    }

    fn start(
        source_major: u32,
        target_major: u32,
        client: Option<PathBuf>,
        scripts: &[&str],
    ) -> Self {
        let source = PostgresServer::start_version(source_major).unwrap();
        let target = (target_major != source_major)
            .then(|| PostgresServer::start_version(target_major).unwrap());
        database::make_source(&source, scripts);
        let on = target.as_ref().unwrap_or(&source);
        database::make_target(on);
        let password = PASSWORD.replace('@', "%40");
        let mut programs = Programs::between(
            source.url("source_user", &password, "source"),
            on.url("target_user", &password, "target"),
            // No step that is run here needs Redis.
            "redis://127.0.0.1:1",
        );
        if let Some(directory) = client {
            programs.set("PATH", path_with(&directory));
        }
        Self { source, target, programs, source_major }
    }

    /// Changes the source, and lets the copy read what is new there.
    pub(crate) fn change_source(&self, sql: &str) {
        database::on_source(&self.source, sql);
    }

    /// Runs a step, which must be refused, and leave the target as it was; answers what it said.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let server = self.target_server();
        server.psql("target", "CREATE TABLE IF NOT EXISTS untouched ()").unwrap();
        server.psql("target", "ALTER TABLE untouched OWNER TO target_user").unwrap();
        let before = server.psql("target", OIDS).unwrap();
        let finished = self.programs.run("run", arguments);
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert_eq!(server.psql("target", OIDS).unwrap(), before);
        finished.stderr
    }

    /// The source in an archive of the newest pg_dump; answers its path.
    pub(crate) fn archive(&self) -> String {
        let file = self.programs.directory().join("archive.dump");
        let output = Command::new(versions::client_bin_dir(18).unwrap().join("pg_dump"))
            .args(["-Fc", "--dbname", &self.source.superuser_url("source"), "--file"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        file.display().to_string()
    }

    /// Puts programs that only tell a version before all others on the PATH.
    pub(crate) fn pretend(&mut self, pg_dump: &str, pg_restore: &str) {
        use std::os::unix::fs::PermissionsExt;
        for (name, version) in [("pg_dump", pg_dump), ("pg_restore", pg_restore)] {
            let file = self.programs.directory().join(name);
            let script = format!(
                "#!/bin/sh\n[ \"$1\" = --version ] || exit 9\necho '{name} (PostgreSQL) {version}'\n"
            );
            std::fs::write(&file, script).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = path_with(self.programs.directory());
        self.programs.set("PATH", path);
    }

    /// Runs a step, which must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        let finished = self.programs.run("run", arguments);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        finished
    }

    /// Compares every object and row of the target with the source, and every definition with what
    /// psql makes of the source's dump on the target's server: another version may write a
    /// definition differently.
    pub(crate) fn assert_same(&self) {
        let server = self.target_server();
        let source = database::dump(&self.source, "source");
        let target = database::dump(server, "target");
        assert_same_lines(&source.content, &target.content);
        server.psql("postgres", "DROP DATABASE IF EXISTS reference").unwrap();
        server.psql("postgres", "CREATE DATABASE reference").unwrap();
        server.psql("reference", &source.lines.join("\n")).unwrap();
        assert_same_lines(&database::dump(server, "reference").lines, &target.lines);
    }

    fn target_server(&self) -> &PostgresServer {
        self.target.as_ref().unwrap_or(&self.source)
    }
}

/// Line by line, so that a failure shows what differs.
fn assert_same_lines(wanted: &[String], found: &[String]) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(|line| !those.contains(line)).take(20).cloned().collect()
    };
    assert_eq!(only(wanted, found), Vec::<String>::new(), "missing on the target");
    assert_eq!(only(found, wanted), Vec::<String>::new(), "only on the target");
    assert_eq!(wanted, found);
}

/// The installed client when it is new enough (`None`), else the oldest of those fetched.
fn oldest_client(source: u32) -> Option<PathBuf> {
    if installed_client() >= source {
        return None;
    }
    let fetched = versions::CLIENT_VERSIONS.into_iter().find(|version| *version >= source);
    Some(versions::client_bin_dir(fetched.unwrap()).unwrap())
}

fn installed_client() -> u32 {
    let output = Command::new("pg_dump").arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let version = text.split(") ").nth(1).unwrap();
    version.split('.').next().unwrap().parse().unwrap()
}

fn path_with(directory: &std::path::Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", directory.display())
}
