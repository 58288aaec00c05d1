//! A pooler that lends a server for each transaction is refused, and nothing of ours stays in it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pg_replicate::database_snapshot::DatabaseSnapshot;
use pg_replicate::load::{ExportData, LoadData, LoadSource};
use pg_replicate::verify::{self, Verify};
use pg_replicate::{CopyFormat, DatabaseUrl, Error, Incremental, SchemaChanges, connect};
use progress::Context;
use tempfile::TempDir;
use test_servers::{free_port, wait_for};

use crate::support::{SECRET, World, assert_same_text, mode, url};

/// PgBouncer before a world's server.
struct Pooler {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Pooler {
    fn start(world: &World, pool_mode: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let directory = TempDir::new().unwrap();
        let readable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), readable).unwrap();
        let port = free_port().unwrap();
        let users = directory.path().join("users");
        let password = SECRET.replace('"', "\"\"");
        let lines =
            ["source_user", "target_user"].map(|user| format!("\"{user}\" \"{password}\"\n"));
        std::fs::write(&users, lines.concat()).unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = {pool_mode}\nmax_client_conn = 100\n\
             default_pool_size = 20\nignore_startup_parameters = extra_float_digits\n",
            world.server.port(),
            users.display()
        );
        let file = directory.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        // Not on the path of every user.
        let sbin = std::path::Path::new("/usr/sbin/pgbouncer");
        let mut command = Command::new(if sbin.is_file() { sbin } else { "pgbouncer".as_ref() });
        if std::fs::metadata("/proc/self")
            .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
        {
            command.args(["-u", "postgres"]);
        }
        let child = command
            .arg("--quiet")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer is installed (scripts/setup)");
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        assert!(wait_for(Duration::from_secs(10), listens), "pgbouncer does not listen");
        Self { child, port, _directory: directory }
    }

    fn url(&self, user: &str, database: &str) -> DatabaseUrl {
        url(self.port, user, database)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn assert_refused<T>(what: &str, result: Result<T, Error>) {
    let error = result.err().unwrap_or_else(|| panic!("{what} was not refused"));
    assert!(error.to_string().contains("connection pooler"), "{what}: {error}");
}

#[tokio::test]
async fn lent_for_a_transaction_it_is_refused_by_everything() {
    let world = World::new("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)");
    let pooler = Pooler::start(&world, "transaction");
    let (source, target) = (world.url("source_user", "source"), world.url("target_user", "target"));
    let (pooled_source, pooled_target) =
        (pooler.url("source_user", "source"), pooler.url("target_user", "target"));
    let context = Context::quiet();
    for (from, to) in [(&pooled_source, &target), (&source, &pooled_target)] {
        let mut copy = world.copy("{}");
        (copy.source, copy.target) = (from.clone(), to.clone());
        assert_refused("check", copy.preflight_live(2).await);
        let checks = copy.check_live(2).await;
        let told = |check: &pg_replicate::Check| {
            check.outcome.as_ref().err().is_some_and(|wrong| wrong.contains("connection pooler"))
        };
        assert!(checks.iter().any(told), "{checks:?}");
        let none = mode("{}");
        let compared = verify::compare(from, to, &none, Verify::Counts, 1, &context);
        assert_refused("verification", compared.await);
        let incremental = Incremental {
            source: from.clone(),
            target: to.clone(),
            mode: mode(r#"{"a":{"mode":"upsert"}}"#),
            format: CopyFormat::Text,
            jobs: 1,
            schema_changes: SchemaChanges::Fail,
        };
        assert_refused("incremental", incremental.run(&context).await);
        let load = LoadData {
            sources: vec![LoadSource::Database(from.clone())],
            target: to.clone(),
            excluded: Vec::new(),
            truncates: true,
            allows_new_columns: false,
        };
        assert_refused("load", load.run(&context).await);
    }
    assert_refused("moment", DatabaseSnapshot::open(&pooled_source, &context).await);
    let export =
        ExportData { source: pooled_source.clone(), excluded: Vec::new(), truncates: false };
    assert_refused("export", export.run(&world.dump(), &context).await);
    assert_refused("client", connect(&pooled_target).await);

    // What an application finds in the servers that we had.
    let password: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (user, database) in [("source_user", "source"), ("target_user", "target")] {
        let url = format!("postgresql://{user}:{password}@127.0.0.1:{}/{database}", pooler.port);
        let shown = Command::new("psql").args(["-XAt", "-c", "SHOW search_path", &url]).output();
        let shown = shown.unwrap();
        assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), "\"$user\", public", "{shown:?}");
    }
}

#[tokio::test]
async fn lent_for_a_session_it_is_as_good_as_a_server() {
    let world = World::new("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)");
    let pooler = Pooler::start(&world, "session");
    let mut copy = world.copy("{}");
    copy.source = pooler.url("source_user", "source");
    copy.target = pooler.url("target_user", "target");
    world.live(&copy).await.unwrap();
    world.run(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}
