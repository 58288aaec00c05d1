//! A database, a store, and how snapshots of the one are taken into the other.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use object_stores::ObjectPlace;
use pg_replicate::DatabaseUrl;
use progress::Context;
use snapshots::{
    Compression, DumpFormat, Entry, Error, Fetched, RetentionPolicy, Selector, Settings, Taken,
    Watched, fetch, list, take,
};
use tempfile::TempDir;
use test_servers::{PostgresServer, wait_for_async};

/// The password of the role; it must never be seen.
pub(crate) const SECRET: &str = "s3cret-of-the-role";

/// More than a part of an upload, however it is compressed.
pub(crate) const LARGE: &str = "
    CREATE TABLE large (id int PRIMARY KEY, text text);
    INSERT INTO large SELECT number, (
      SELECT string_agg(md5(number::text || ' ' || part), '') FROM generate_series(1, 250) part)
    FROM generate_series(1, 2800) number";

/// Waits until it holds.
pub(crate) async fn until(condition: impl AsyncFnMut() -> bool) {
    assert!(wait_for_async(Duration::from_secs(60), condition).await, "waited for in vain");
}

/// Tables of a small application.
pub(crate) const SCRIPT: &str = "
    CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO users SELECT number, 'user ' || number FROM generate_series(1, 100) number;
    CREATE TABLE sessions (id int, seen timestamptz);
    CREATE SCHEMA stats;
    CREATE TABLE stats.answers (day date, answer jsonb) PARTITION BY RANGE (day);
    CREATE TABLE stats.answers_2026 PARTITION OF stats.answers FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO stats.answers VALUES ('2026-11-21', '{\"is\": \"right\"}');";

pub(crate) struct World {
    pub(crate) server: PostgresServer,
    pub(crate) settings: Settings,
    directory: TempDir,
}

impl World {
    pub(crate) fn new(script: &str) -> Self {
        Self::with_store(script, Arc::new(InMemory::new()))
    }

    pub(crate) fn with_store(script: &str, store: Arc<dyn ObjectStore>) -> Self {
        Self::at(script, ObjectPlace::new(store, "backups/pix", "memory://backups/pix"))
    }

    pub(crate) fn at(script: &str, store: ObjectPlace) -> Self {
        Self::on(PostgresServer::start().unwrap(), script, store)
    }

    pub(crate) fn on(server: PostgresServer, script: &str, store: ObjectPlace) -> Self {
        server.create_role("pix", SECRET).unwrap();
        server.create_database("pix", "pix").unwrap();
        let directory = TempDir::new().unwrap();
        let settings = Settings {
            store,
            format: DumpFormat::Custom,
            compression: Compression::Zstd,
            tables: Watched::default(),
            fixtures: Vec::new(),
            keep: RetentionPolicy::default(),
            latest_archive: false,
            recipients: Vec::new(),
            directory: directory.path().to_owned(),
            jobs: 2,
        };
        let world = Self { server, settings, directory };
        world.psql(script);
        world
    }

    /// Runs a script as the database's owner; answers what it printed.
    pub(crate) fn psql(&self, script: &str) -> String {
        self.server.psql("pix", &format!("SET ROLE pix;\n{script}")).unwrap()
    }

    pub(crate) fn source(&self) -> DatabaseUrl {
        self.server.url("pix", SECRET, "pix").parse().unwrap()
    }

    pub(crate) async fn take_in(&self, force: bool, context: &Context) -> Result<Taken, Error> {
        let taken = take(&self.source(), &self.settings, force, context).await;
        assert!(self.left().is_empty(), "{:?} is left after {taken:?}", self.left());
        taken
    }

    pub(crate) async fn take(&self) -> Result<Taken, Error> {
        self.take_in(false, &Context::quiet()).await
    }

    /// Takes a snapshot, for something has changed.
    pub(crate) async fn kept(&self) -> Entry {
        match self.take().await.unwrap() {
            Taken::Created { entry, .. } => entry,
            unchanged => panic!("{unchanged:?}"),
        }
    }

    /// Takes one whatever has changed.
    pub(crate) async fn forced(&self) -> (Entry, Vec<String>) {
        match self.take_in(true, &Context::quiet()).await.unwrap() {
            Taken::Created { entry, pruned, .. } => (entry, pruned),
            unchanged => panic!("{unchanged:?}"),
        }
    }

    /// What has changed, when a snapshot is taken for it; nothing when none is.
    pub(crate) async fn changes(&self) -> Vec<String> {
        match self.take().await.unwrap() {
            Taken::Created { changes, .. } => changes,
            Taken::Unchanged { .. } => Vec::new(),
        }
    }

    pub(crate) async fn list(&self) -> Vec<Entry> {
        list(&self.settings.store).await.unwrap()
    }

    pub(crate) async fn fetch(&self, which: &str) -> Result<Fetched, Error> {
        let which: Selector = which.parse().unwrap();
        let context = Context::quiet();
        let fetched = fetch(&self.settings.store, &which, &[], self.directory(), &context).await;
        assert_eq!(self.left().len(), usize::from(fetched.is_ok()), "after {fetched:?}");
        fetched
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What stands in the directory for temporary files.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The names of all objects below the prefix, sorted.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let ObjectPlace { store, path, .. } = &self.settings.store;
        let listed = store.list_with_delimiter(Some(path)).await.unwrap();
        let names = listed.objects.iter().map(|one| one.location.filename().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Reads an object.
    pub(crate) async fn object(&self, name: &str) -> Vec<u8> {
        let path = self.settings.store.path.clone().join(name);
        let got = self.settings.store.store.get(&path).await.unwrap();
        got.bytes().await.unwrap().to_vec()
    }

    /// Writes an object.
    pub(crate) async fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        let path = self.settings.store.path.clone().join(name);
        self.settings.store.store.put(&path, bytes.into().into()).await.unwrap();
    }

    /// What the pointer names.
    pub(crate) async fn latest(&self) -> String {
        let json: serde_json::Value =
            serde_json::from_slice(&self.object("pix-latest.json").await).unwrap();
        json["name"].as_str().unwrap().to_owned()
    }

    /// Restores a dump into an empty database of this name.
    pub(crate) fn restore(&self, dump: &Path, database: &str) {
        self.server.create_database(database, "pix").unwrap();
        let url = self.server.url("pix", SECRET, database);
        let is_script = dump.extension().is_some_and(|ending| ending == "sql");
        let mut program = std::process::Command::new(if is_script { "psql" } else { "pg_restore" });
        if is_script {
            program.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &url, "-f"]).arg(dump);
        } else {
            program.args(["--no-owner", "--exit-on-error", "-d", &url]).arg(dump);
        }
        let output = program.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl World {
    /// Puts a snapshot there a second time, under another name of ours.
    pub(crate) async fn copy_as(&self, name: &str, other: &str) {
        let archive = self.object(name).await;
        self.put(other, archive).await;
        let sidecar = self.object(&format!("{name}.json")).await;
        let sidecar = String::from_utf8(sidecar).unwrap().replace(name, other);
        self.put(&format!("{other}.json"), sidecar).await;
    }
}
