//! A source and a target as a platform hands them out.

use std::time::Duration;

use test_servers::PostgresServer;

/// A server with a small production that one role can only read, and an empty target owned by
/// another role: no superuser, no right to create databases.
#[derive(Debug)]
pub struct Production {
    /// The server of both databases.
    pub server: PostgresServer,
}

impl Production {
    /// Password of both roles; it must be quoted in a URL and must never be seen in a log.
    pub const PASSWORD: &'static str = "s3cr@t";

    /// Starts the server and fills the source.
    ///
    /// # Panics
    /// When PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Self {
        let server = PostgresServer::start().expect("PostgreSQL starts");
        let sql = |database: &str, script: &str| server.psql(database, script).expect("SQL runs");
        // One psql for all: nearly every test does this.
        let roles_and_databases = format!(
            "CREATE ROLE production NOLOGIN;
             CREATE ROLE source_user LOGIN PASSWORD '{0}';
             CREATE ROLE target_user LOGIN PASSWORD '{0}';
             CREATE DATABASE source OWNER production;
             CREATE DATABASE target OWNER target_user;",
            Self::PASSWORD
        );
        sql("postgres", &roles_and_databases);
        sql("source", &format!("SET ROLE production;\n{}", include_str!("../sql/source.sql")));
        Self { server }
    }

    /// URL of the source for the role that can only read.
    #[must_use]
    pub fn source_url(&self) -> String {
        self.server.url("source_user", "s3cr%40t", "source")
    }

    /// URL of the target for its owner.
    #[must_use]
    pub fn target_url(&self) -> String {
        self.server.url("target_user", "s3cr%40t", "target")
    }

    /// Runs SQL on the source as its owner.
    ///
    /// # Panics
    /// When the SQL fails.
    pub fn on_source(&self, sql: &str) -> String {
        self.server
            .psql("source", &format!("SET ROLE production;\n{sql}"))
            .expect("SQL on the source")
    }

    /// Runs SQL on the target as the superuser.
    ///
    /// # Panics
    /// When the SQL fails.
    pub fn on_target(&self, sql: &str) -> String {
        self.server.psql("target", sql).expect("SQL on the target")
    }

    /// Whether SQL that answers a boolean holds on the target; not while it fails.
    #[must_use]
    pub fn target_has(&self, condition: &str) -> bool {
        self.server.psql("target", &format!("SELECT {condition}")).is_ok_and(|answer| answer == "t")
    }

    /// Rows of each table of the source, `table=count`, by name.
    #[must_use]
    pub fn source_rows(&self) -> Vec<String> {
        rows(|sql| self.on_source(sql))
    }

    /// Rows of each table of the target, `table=count`, by name; learning content left out.
    #[must_use]
    pub fn target_rows(&self) -> Vec<String> {
        let source = self.source_rows();
        let names: Vec<_> =
            source.iter().filter_map(|row| row.split_once('=')).map(|(n, _)| n).collect();
        rows(|sql| self.on_target(sql))
            .into_iter()
            .filter(|row| row.split_once('=').is_some_and(|(name, _)| names.contains(&name)))
            .collect()
    }

    /// Backends of programs of ours (not of psql) that are connected now.
    #[must_use]
    pub fn backends_of_ours(&self) -> u32 {
        self.server
            .psql(
                "postgres",
                "SELECT count(*) FROM pg_stat_activity
                 WHERE usename IN ('source_user', 'target_user')",
            )
            .expect("pg_stat_activity")
            .parse()
            .expect("a number")
    }

    /// Holds a lock on a table until dropped, so that a step stops there.
    ///
    /// # Panics
    /// When the lock cannot be taken.
    #[must_use]
    pub fn lock(&self, database: &str, table: &str) -> Lock {
        let mut child = std::process::Command::new(self.server.bin_dir().join("psql"))
            .args(["-X", "-q", &self.server.superuser_url(database)])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("psql starts");
        {
            use std::io::{BufRead, BufReader, Write};
            let stdin = child.stdin.as_mut().expect("piped");
            writeln!(stdin, "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;\n\\echo locked")
                .expect("psql listens");
            let mut line = String::new();
            let stdout = child.stdout.as_mut().expect("piped");
            BufReader::new(stdout).read_line(&mut line).expect("psql answers");
            assert_eq!(line.trim(), "locked");
        }
        Lock(child)
    }

    /// Waits until nobody of ours is connected any more.
    #[must_use]
    pub fn is_quiet_within(&self, limit: Duration) -> bool {
        test_servers::wait_for(limit, || self.backends_of_ours() == 0)
    }
}

fn rows(run: impl Fn(&str) -> String) -> Vec<String> {
    let tables = run("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1");
    tables
        .lines()
        .map(|table| format!("{table}={}", run(&format!("SELECT count(*) FROM {table}"))))
        .collect()
}

/// A lock held by a psql of its own.
#[derive(Debug)]
pub struct Lock(std::process::Child);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
