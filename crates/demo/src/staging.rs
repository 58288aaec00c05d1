//! A staging database restored from a platform's backup, without access to the production database.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use pipeline::human::{count, size};
use test_servers::PostgresServer;
use test_servers::fakes::ScalingoApi;
use test_servers::sample::{SampleSource, SampleTarget};

use crate::compare::Content;
use crate::programs::Programs;
use crate::screen::Screen;

/// Users of the small production database of this part.
const USERS: u32 = 2_000;

/// Name of the dump in the platform's archive.
const DUMP: &str = "20261121_pix.pgsql";

/// A small production database, and a staging database restored from its backup.
#[derive(Debug)]
pub(crate) struct Staging {
    source: SampleSource,
    /// The rows of the backup.
    pub(crate) content: Content,
}

impl Staging {
    /// The staging database's name.
    pub(crate) const DATABASE: &'static str = "staging_database";

    /// Restores the newest backup of an application from a mock Scalingo API.
    pub(crate) fn run(
        server: &PostgresServer,
        target: &SampleTarget,
        programs: &Programs,
        directory: &Path,
        screen: &mut Screen,
    ) -> anyhow::Result<Self> {
        screen.heading("Staging database: restored from a platform's backup");
        screen.line("A staging database is filled from the backup that the platform makes anyway: the production database");
        screen.line("is not read. The Scalingo API is a mock; the backup is a real dump of a small production database.");
        let source = SampleSource::create(server, USERS)?;
        let content = Content::of(server, SampleSource::DATABASE)?;
        server.create_database(Self::DATABASE, "target_user")?;
        let api = ScalingoApi::start()?;
        let backup = packed(server, &source, directory)?;
        let made_at = chrono::Utc::now().to_rfc3339();
        screen.done(&format!(
            "The mock Scalingo API offers a backup made today: {}, .tar.gz",
            size(backup.len() as u64)
        ));
        api.add("backup-of-today", &made_at, "done", backup);

        let staging = Self { source, content };
        let (url, place) = (api.url(), staging.url(target, server));
        let environment = [
            ("BACKUP_SOURCE", "scalingo"),
            ("SCALINGO_APP", ScalingoApi::APP),
            ("SCALINGO_API_TOKEN", ScalingoApi::TOKEN),
            ("SCALINGO_AUTH_URL", &url),
            ("SCALINGO_API_URL", &url),
            ("SCALINGO_DB_API_URL", &url),
            ("BACKUP_MAX_AGE", "12 hours"),
            ("DATABASE_URL", &place),
            ("TARGET_DATABASE_URL", &place),
        ];
        screen.command(&format!(
            "BACKUP_SOURCE=scalingo SCALINGO_APP={} run backup-restore",
            ScalingoApi::APP
        ));
        programs.run_with("run", &environment, &["backup-restore"])?;
        staging.check(server, Self::DATABASE, screen)?;
        Ok(staging)
    }

    /// The URL of the small production database, for the read-only role.
    pub(crate) fn source_url(&self, server: &PostgresServer) -> String {
        self.source.url(server)
    }

    /// The URL of the staging database.
    pub(crate) fn url(&self, target: &SampleTarget, server: &PostgresServer) -> String {
        target.url(server).replace(SampleTarget::DATABASE, Self::DATABASE)
    }

    /// Compares every row of `database` with the small production database.
    pub(crate) fn check(
        &self,
        server: &PostgresServer,
        database: &str,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let (rows, is_equal) = self.content.compared_with(&Content::of(server, database)?);
        if !is_equal {
            screen.table(&["table", "expected", "found", "every row compared"], rows);
            bail!("{database} differs from production: see the table above");
        }
        screen.good(&format!(
            "{database}: {} tables and {} rows, all equal to production's.",
            self.content.tables(),
            count(self.content.rows())
        ));
        Ok(())
    }
}

/// A dump of the small production database, packed as by Scalingo.
fn packed(
    server: &PostgresServer,
    source: &SampleSource,
    directory: &Path,
) -> anyhow::Result<Vec<u8>> {
    let (dump, archive) = (directory.join(DUMP), directory.join("backup.tar.gz"));
    let dumped = Command::new(server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&dump)
        .arg(source.url(server))
        .status()
        .context("run pg_dump")?;
    let packed = Command::new("tar")
        .arg("-C")
        .arg(directory)
        .arg("-czf")
        .arg(&archive)
        .arg(DUMP)
        .status()
        .context("run tar")?;
    if !dumped.success() || !packed.success() {
        bail!("the backup could not be made: pg_dump {dumped}, tar {packed}");
    }
    let bytes = std::fs::read(&archive).context("read the backup")?;
    std::fs::remove_file(dump).and_then(|()| std::fs::remove_file(archive))?;
    Ok(bytes)
}
