//! Databases: what is read, what is written, what must never be written.

use std::time::Duration;

use clap::Args;
use http_requests::Secret;
use pg_replicate::DatabaseUrl;

use super::protected::{Protected, protected};
use pipeline::config::Findings;
use pipeline::config::variable::{Variable, hidden, integer};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Databases")]
pub(crate) struct DatabaseOptions {
    /// The database that is copied; it is only read
    ///
    /// Accepts libpq's parameters (docs/database-urls.md).
    #[arg(
        long,
        env,
        default_value = "postgresql://source_user@localhost/source_database",
        value_name = "URL",
        value_parser = database()
    )]
    pub(crate) source_database_url: Database,

    /// How long, in seconds, this program waits for a lock on the source, and how long other sessions may
    /// wait for one of its locks before it ends the copy
    ///
    /// A statement such as ALTER TABLE waits for these locks, and every later statement on the table waits
    /// for it (docs/live-copy.md).
    #[arg(long, env, default_value = "10", value_name = "SECONDS", value_parser = integer(1..=86_400_u64))]
    source_lock_timeout: u64,

    /// The database that full replication, enrichment and learning content write; its content is
    /// overwritten
    #[arg(
        long,
        env,
        default_value = "postgresql://target_user@localhost/target_database",
        value_name = "URL",
        value_parser = database()
    )]
    pub(crate) database_url: Database,

    /// The database that incremental replication writes; usually the same as DATABASE_URL
    #[arg(
        long,
        env,
        default_value = "postgresql://target_user@localhost/target_database",
        value_name = "URL",
        value_parser = database()
    )]
    pub(crate) target_database_url: Database,

    /// Hosts, databases, buckets and directories that must never be written, separated by commas: host,
    /// host:port, *.example.com, host/database, bucket, bucket/prefix, /directory
    ///
    /// A target that matches an entry is refused before anything is done. A target that is the source is
    /// always refused, under any name (docs/staging.md).
    ///
    /// Example: *.production.example.com,db.example.com/app
    #[arg(long, env, value_name = "LIST", value_parser = protected())]
    pub(crate) protected_hosts: Protected,
}

/// A database, as a variable names it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) url: DatabaseUrl,
    /// The URL with its password.
    pub(crate) text: Secret,
    /// Whether it is the default, which stands for none.
    pub(crate) is_default: bool,
}

/// The parser of a database's URL.
pub(crate) fn database() -> Variable<Database> {
    hidden(|given| {
        let url: DatabaseUrl = given.text.parse().map_err(|error| format!("{error}"))?;
        secrets::remember_password(url.password().unwrap_or_default());
        Ok(Database { url, text: given.text.into(), is_default: given.is_default })
    })
}

impl DatabaseOptions {
    /// The database that is read, with its limit for locks.
    pub(crate) fn source(&self) -> DatabaseUrl {
        let limit = Duration::from_secs(self.source_lock_timeout);
        self.source_database_url.url.clone().with_lock_timeout(limit)
    }

    /// Whether none of the targets is named, or is another database than the source.
    pub(crate) fn are_without_target(&self) -> bool {
        let source = &self.source_database_url.url;
        [&self.database_url, &self.target_database_url]
            .iter()
            .all(|target| target.is_default || target.url.same_database(source))
    }

    /// Why there is no database to write.
    pub(crate) fn reason_without_target(&self) -> String {
        let target = &self.database_url.url;
        if target.same_database(&self.source_database_url.url) {
            format!("{target} is the database of SOURCE_DATABASE_URL, not a target")
        } else {
            "DATABASE_URL is not set".into()
        }
    }

    /// Rejects targets that must not be written.
    pub(crate) fn guard_targets(&self, findings: &mut Findings) {
        let source = [("SOURCE_DATABASE_URL", &self.source_database_url.url)];
        for (variable, target) in [
            ("DATABASE_URL", &self.database_url),
            ("TARGET_DATABASE_URL", &self.target_database_url),
        ] {
            self.protected_hosts.guard_database(findings, variable, &target.url, &source);
        }
    }

    /// Rejects a database that must not be written, or that another variable names.
    pub(crate) fn guard_other(
        &self,
        findings: &mut Findings,
        variable: &str,
        target: &DatabaseUrl,
    ) -> Option<()> {
        let others = [
            ("SOURCE_DATABASE_URL", &self.source_database_url.url),
            ("DATABASE_URL", &self.database_url.url),
            ("TARGET_DATABASE_URL", &self.target_database_url.url),
        ];
        self.protected_hosts.guard_database(findings, variable, target, &others)
    }
}
