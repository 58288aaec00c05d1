//! A staging database from the backup that a platform has: the production database is not asked.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use test_servers::PostgresServer;
use test_servers::demo::{SampleSource, SampleTarget};
use test_servers::platforms::ScalingoApi;

use crate::compare::Content;
use crate::programs::Programs;
use crate::screen::{Screen, grouped};

/// Its users; the production of this step is a small one.
const USERS: u32 = 2_000;

/// The dump in the platform's archive.
const DUMP: &str = "20261121_pix.pgsql";

/// A small production, and a staging database that holds its backup.
#[derive(Debug)]
pub(crate) struct Staging {
    source: SampleSource,
    /// The rows of the backup.
    pub(crate) content: Content,
}

impl Staging {
    /// The staging database's name.
    pub(crate) const DATABASE: &'static str = "staging_database";

    /// Restores the newest backup of an application on a Scalingo that is played here.
    pub(crate) fn tell(
        server: &PostgresServer,
        target: &SampleTarget,
        programs: &Programs,
        directory: &Path,
        screen: &mut Screen,
    ) -> anyhow::Result<Self> {
        screen.heading("Production to staging: the platform's backup is restored");
        let source = SampleSource::create(server, USERS)?;
        let content = Content::of(server, SampleSource::DATABASE)?;
        server.create_database(Self::DATABASE, "target_user")?;
        let api = ScalingoApi::start()?;
        let backup = packed(server, &source, directory)?;
        let made_at = chrono::Utc::now().to_rfc3339();
        screen.done(&format!(
            "A mock Scalingo API offers a backup of today: {} bytes, .tar.gz",
            grouped(backup.len() as u64)
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
        screen.line(&format!(
            "BACKUP_SOURCE=scalingo SCALINGO_APP={} run backup-restore",
            ScalingoApi::APP
        ));
        programs.run_with("run", &environment, &["backup-restore"])?;
        staging.check(server, Self::DATABASE, screen)?;
        Ok(staging)
    }

    /// The URL of the small production, for the role that can only read.
    pub(crate) fn source_url(&self, server: &PostgresServer) -> String {
        self.source.url(server)
    }

    /// The URL of the staging database.
    pub(crate) fn url(&self, target: &SampleTarget, server: &PostgresServer) -> String {
        target.url(server).replace(SampleTarget::DATABASE, Self::DATABASE)
    }

    /// Compares every row of `database` with those of the small production.
    pub(crate) fn check(
        &self,
        server: &PostgresServer,
        database: &str,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let (rows, is_equal) = self.content.beside(&Content::of(server, database)?);
        if !is_equal {
            screen.table(&["table", "wanted", "found", "every row compared"], rows);
            bail!("{database} is not what it should be: see the table above");
        }
        screen.good(&format!(
            "{database}: {} tables, {} rows, all equal.",
            self.content.tables(),
            grouped(self.content.rows())
        ));
        Ok(())
    }
}

/// A dump of the small production, packed as Scalingo packs it.
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
