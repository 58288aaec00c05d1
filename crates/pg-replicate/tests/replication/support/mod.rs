//! A source and a target as a platform hands them out, and what tests look at in them.

pub(crate) mod events;
pub(crate) mod increments;
pub(crate) mod languages;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use pg_replicate::on_target::preserved::give_back;
use pg_replicate::verify::Verify;
use pg_replicate::{
    BackupMode, DatabaseUrl, Error, ForeignKeys, FullCopy, LiveOptions, OnTarget, Publish,
};
use progress::{CancellationToken, Context, Progress, ProgressSink, Summary};
use tempfile::TempDir;
use test_servers::{PostgresOptions, PostgresServer};

/// What the installed server, 15 or newer, has.
pub(crate) const EVERY_OBJECT: &str = concat!(
    include_str!("../../sql/every_object.sql"),
    include_str!("../../sql/since_14.sql"),
    include_str!("../../sql/since_15.sql"),
);

/// For [`EVERY_OBJECT`]: range types of an ordinary role cannot be moved into a schema that holds something else.
pub(crate) const WITHOUT_RANGES: &str = "ALTER TABLE users DROP COLUMN heat; DROP TYPE float_range;
  ALTER TABLE opening_hours DROP COLUMN warm; DROP TYPE temperature;";

/// A server with a source database, a reading role, and a target of an ordinary role.
pub(crate) struct World {
    pub(crate) server: PostgresServer,
    pub(crate) directory: TempDir,
}

pub(crate) const SECRET: &str = "s3cret:\\ /@'%";

/// How every live copy is published, unless a test says so: TEST_PUBLISH=in-place runs all of them the other way.
fn publish() -> Publish {
    match std::env::var("TEST_PUBLISH").as_deref() {
        Ok("in-place") => Publish::InPlace,
        _ => Publish::Swap,
    }
}

impl World {
    /// `script` is run on the source by its owner.
    pub(crate) fn new(script: &str) -> Self {
        Self::with(script, PostgresOptions::default())
    }

    /// [`World::new`] on a server with `options`.
    pub(crate) fn with(script: &str, options: PostgresOptions) -> Self {
        Self::on(PostgresServer::start_with(options).unwrap(), script)
    }

    /// [`World::new`] on a server that was started in another way.
    pub(crate) fn on(server: PostgresServer, script: &str) -> Self {
        let secret = SECRET.replace('\'', "''");
        // One psql for all: every test does this.
        let roles_and_databases = format!(
            "CREATE ROLE producer LOGIN PASSWORD '{secret}';
             CREATE ROLE source_user LOGIN BYPASSRLS PASSWORD '{secret}';
             CREATE ROLE target_user LOGIN PASSWORD '{secret}';
             GRANT pg_read_all_data TO source_user;
             CREATE DATABASE source OWNER producer;
             CREATE DATABASE target OWNER target_user;"
        );
        server.psql("postgres", &roles_and_databases).unwrap();
        let world = Self { server, directory: TempDir::new().unwrap() };
        // pg_read_all_data does not cover large objects.
        world.source(&format!(
            "{script}
             ; SET ROLE producer;
             DO $$ DECLARE o oid; BEGIN
               FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP
                 EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO source_user', o);
               END LOOP;
             END $$"
        ));
        world
    }

    /// Runs a script on the source as its owner; answers what it printed.
    pub(crate) fn source(&self, script: &str) -> String {
        self.server.psql("source", &format!("SET ROLE producer;\n{script}")).unwrap()
    }

    /// Runs a script on the target as its owner; answers what it printed.
    pub(crate) fn target(&self, script: &str) -> String {
        self.server.psql("target", &format!("SET ROLE target_user;\n{script}")).unwrap()
    }

    pub(crate) fn url(&self, user: &str, database: &str) -> DatabaseUrl {
        url(self.server.port(), user, database)
    }

    pub(crate) fn copy(&self, mode: &str) -> FullCopy {
        FullCopy {
            source: self.url("source_user", "source"),
            target: self.url("target_user", "target"),
            mode: self::mode(mode),
            publish: publish(),
            foreign_keys: ForeignKeys::Validated,
            restore_jobs: 2,
            freshness_schema: None,
            on_target: OnTarget::default(),
        }
    }

    /// For what can only be copied so, and for what is then left.
    pub(crate) fn copy_in_place(&self, mode: &str) -> FullCopy {
        FullCopy { publish: Publish::InPlace, ..self.copy(mode) }
    }

    pub(crate) fn live_options(&self) -> LiveOptions {
        LiveOptions {
            jobs: 2,
            directory: self.directory.path().to_owned(),
            verify: Verify::Checksums,
            enrichment: None,
            run: None,
        }
    }

    /// A whole copy without a file, as the step does it.
    pub(crate) async fn live(&self, copy: &FullCopy) -> Result<Summary, Error> {
        copy.preflight_live(2).await?;
        let context = Context::quiet();
        let mut summary = copy.live(&self.live_options(), &context).await?;
        summary.extend(give_back(&copy.target, &context).await?);
        Ok(summary)
    }

    pub(crate) fn dump(&self) -> PathBuf {
        self.directory.path().join("the dump")
    }

    /// A whole copy, as the step does it.
    pub(crate) async fn run(&self, copy: &FullCopy) -> Result<Summary, Error> {
        let context = Context::quiet();
        copy.preflight().await?;
        let mut summary = copy.backup(&self.dump(), &context).await?;
        summary.extend(copy.drop_objects(&context).await?);
        summary.extend(copy.restore(&self.dump(), &context).await?);
        summary.extend(give_back(&copy.target, &context).await?);
        Ok(summary)
    }

    /// What pg_dump says about a database, without what differs from run to run.
    pub(crate) fn dump_text(&self, database: &str, extra: &[&str]) -> Vec<String> {
        let output = Command::new(self.server.bin_dir().join("pg_dump"))
            .args(["--no-owner", "--no-privileges"])
            .args(extra)
            .arg("--dbname")
            .arg(self.server.superuser_url(database))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = Vec::new();
        let mut data: Option<Vec<String>> = None;
        for line in text.lines() {
            match &mut data {
                // Rows come in the order of the heap.
                Some(rows) if line == "\\." => {
                    rows.sort();
                    lines.append(rows);
                    data = None;
                }
                Some(rows) => rows.push(line.to_owned()),
                None if line.starts_with("\\restrict") || line.starts_with("\\unrestrict") => {}
                None => {
                    if line.starts_with("COPY ") && line.ends_with(" FROM stdin;") {
                        data = Some(Vec::new());
                    }
                    lines.push(line.to_owned());
                }
            }
        }
        lines
    }

    /// Sessions of the copy on the server, whatever they do.
    pub(crate) fn sessions(&self, like: &str) -> u32 {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '{like}' AND pid <> pg_backend_pid()"
        );
        self.server.psql("postgres", &sql).unwrap().parse().unwrap()
    }
}

pub(crate) fn url(port: u16, user: &str, database: &str) -> DatabaseUrl {
    let password: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("postgresql://{user}:{password}@127.0.0.1:{port}/{database}").parse().unwrap()
}

pub(crate) fn mode(text: &str) -> BackupMode {
    text.parse().unwrap()
}

/// Both texts, compared line by line so that a failure shows what differs.
pub(crate) fn assert_same_text(left: &[String], right: &[String]) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(|line| !those.contains(line)).take(20).cloned().collect()
    };
    assert_eq!(only(left, right), Vec::<String>::new(), "only on the left");
    assert_eq!(only(right, left), Vec::<String>::new(), "only on the right");
    assert_eq!(left, right);
}

/// Remembers what was reported.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Progress>>);

impl ProgressSink for Recorder {
    fn update(&self, progress: &Progress) {
        self.0.lock().unwrap().push(progress.clone());
    }
}

impl Recorder {
    pub(crate) fn context() -> (Arc<Self>, Context) {
        let recorder = Arc::new(Self::default());
        let sink: Arc<dyn ProgressSink> = Arc::<Self>::clone(&recorder);
        (recorder, Context::new(CancellationToken::new(), sink))
    }

    pub(crate) fn all(&self) -> Vec<Progress> {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}
