//! A live copy that is cut: a clear error, nothing left running, and the next run repairs it.

use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use crate::support::{World, assert_same_text, url};
use pg_replicate::{DatabaseUrl, Error, FullCopy};
use progress::{Context, Summary};
use test_servers::{Proxy, wait_for_async};
use tokio::task::JoinHandle;

/// A machine that is busy with other things is slow.
const LIMIT: Duration = Duration::from_secs(100);

/// Rows of `slow` are written for a minute, and the index of `indexed` is built for ever, while `test.held` says so. The rows
/// go on slowly: who is about to hand over more of them notices only then that the source is gone.
const SCRIPT: &str = "
  CREATE FUNCTION held(kind text, n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
    IF current_setting('test.held', true) = kind THEN PERFORM pg_sleep(CASE kind WHEN 'rows' THEN 0.002 ELSE 60 END); END IF;
    RETURN n;
  END$$;
  CREATE TABLE slow (n int CHECK (public.held('rows', n) = n), body text);
  INSERT INTO slow SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) n;
  CREATE TABLE indexed (n int PRIMARY KEY);
  INSERT INTO indexed SELECT generate_series(1, 1000);
  CREATE INDEX slow_index ON indexed (public.held('index', n));
  CREATE TABLE other (n int REFERENCES indexed);
  INSERT INTO other SELECT generate_series(1, 1000);";

/// What the copy is doing when it is cut.
#[derive(Clone, Copy, Debug)]
enum Held {
    Rows,
    Index,
}

impl Held {
    fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Index => "index",
        }
    }

    /// The statement that waits on the target.
    fn query(self) -> &'static str {
        match self {
            Self::Rows => "COPY \"%\".\"slow\"%",
            Self::Index => "CREATE INDEX slow_index%",
        }
    }
}

/// A copy in the middle of something.
struct Cut {
    world: World,
    copy: FullCopy,
    work: JoinHandle<Result<Summary, Error>>,
    context: Context,
}

impl Cut {
    async fn start(held: Held, source: Option<&dyn Fn(&World) -> DatabaseUrl>) -> Self {
        Self::start_with(World::new(SCRIPT), held, source).await
    }

    async fn start_with(
        world: World,
        held: Held,
        source: Option<&dyn Fn(&World) -> DatabaseUrl>,
    ) -> Self {
        let hold = format!("ALTER DATABASE target SET test.held = '{}'", held.name());
        world.server.psql("postgres", &hold).unwrap();
        let mut copy = world.copy("{}");
        if let Some(source) = source {
            copy.source = source(&world);
        }
        let (options, context) = (world.live_options(), Context::quiet());
        let (running, its_context) = (copy.clone(), context.clone());
        let work = tokio::spawn(async move { running.live(&options, &its_context).await });
        let cut = Self { world, copy, work, context };
        let waiting = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'target' AND wait_event = 'PgSleep' AND query LIKE '{}'",
            held.query()
        );
        assert!(wait_for_async(LIMIT, async || cut.count(&waiting) > 0).await, "{held:?}");
        cut
    }

    fn count(&self, sql: &str) -> u32 {
        self.world.server.psql("postgres", sql).unwrap().parse().unwrap()
    }

    /// Ends them as soon as there are any: one that works by turns is not always what the condition says.
    async fn end_backends(&self, condition: &str) {
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {condition}"
        );
        assert!(wait_for_async(LIMIT, async || self.count(&sql) > 0).await, "{condition}");
    }

    /// The error; then nothing runs on any server, no file is left, and a second run copies all.
    async fn ends(self) -> Error {
        let Self { world, mut copy, work, .. } = self;
        let error = tokio::time::timeout(LIMIT, work).await.unwrap().unwrap().unwrap_err();
        let gone = async || world.sessions("pg-replicate%") == 0;
        assert!(wait_for_async(LIMIT, gone).await, "sessions are left");
        assert_eq!(world.directory.path().read_dir().unwrap().count(), 0, "files are left");
        world.server.psql("postgres", "ALTER DATABASE target RESET test.held").unwrap();
        copy.source = world.copy("{}").source;
        world.live(&copy).await.unwrap();
        assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
        error
    }
}

#[tokio::test]
async fn cancelled() {
    for held in [Held::Rows, Held::Index] {
        let cut = Cut::start(held, None).await;
        cut.context.cancel.cancel();
        let error = cut.ends().await;
        assert!(error.is_cancelled(), "{held:?}: {error}");
    }
}

#[tokio::test]
async fn dropped() {
    // As when the process is killed: nobody tells the servers.
    let cut = Cut::start(Held::Index, None).await;
    cut.work.abort();
    let gone = async || cut.world.sessions("pg-replicate%") == 0;
    assert!(wait_for_async(LIMIT, gone).await, "an index is still being built");
}

#[tokio::test]
async fn a_backend_of_the_source_is_ended() {
    let cut = Cut::start(Held::Rows, None).await;
    cut.end_backends("datname = 'source' AND query LIKE 'COPY%slow%'").await;
    let error = cut.ends().await;
    assert!(error.is_unreachable(), "{error}");
    assert!(error.to_string().contains("slow"), "{error}");
}

#[tokio::test]
async fn a_backend_of_the_target_is_ended() {
    for held in [Held::Rows, Held::Index] {
        let cut = Cut::start(held, None).await;
        cut.end_backends(&format!("datname = 'target' AND query LIKE '{}'", held.query())).await;
        let error = cut.ends().await;
        assert!(error.is_unreachable(), "{held:?}: {error}");
        let text = error.to_string();
        match held {
            // The server's last words are lost when it is being written to.
            Held::Rows => assert!(text.contains("write slow on the target"), "{text}"),
            Held::Index => assert!(text.contains("administrator command"), "{text}"),
        }
    }
}

#[tokio::test]
async fn the_snapshot_is_lost() {
    let cut = Cut::start(Held::Index, None).await;
    // The session that holds the snapshot is the one that looks for waits.
    let looks = include_str!("../../sql/source/lock_waits.sql").lines().next().unwrap();
    let keeper = format!("datname = 'source' AND query LIKE '{looks}%'");
    cut.end_backends(&keeper).await;
    let error = cut.ends().await;
    assert!(error.to_string().contains("the snapshot of the source was lost"), "{error}");
}

#[tokio::test]
async fn the_network_is_cut() {
    let proxies = std::sync::Mutex::new(None);
    let through = |world: &World| {
        let proxy = Proxy::start(world.server.port()).unwrap();
        let url = url(proxy.port(), "source_user", "source");
        *proxies.lock().unwrap() = Some(proxy);
        url
    };
    let cut = Cut::start(Held::Rows, Some(&through)).await;
    proxies.lock().unwrap().as_ref().unwrap().cut();
    let error = cut.ends().await;
    assert!(error.is_unreachable(), "{error}");
}

/// A file system of 32 MB, as long as it is there.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Only root can mount one.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(directory.path())
            .status()
            .unwrap();
        status.success().then_some(Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn the_target_has_no_more_disk() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("NOT TESTED: a full disk, for only root can mount a small one");
        return;
    }
    let disk = SmallDisk::mount().unwrap();
    let world = World::new(
        "CREATE TABLE large (n int, body text);
         INSERT INTO large SELECT n, repeat(md5(n::text), 8) FROM generate_series(1, 150000) n;
         CREATE TABLE small (n int PRIMARY KEY); INSERT INTO small VALUES (1)",
    );
    // The server wants its directory for its own.
    let its = std::fs::metadata(world.server.log_path().parent().unwrap()).unwrap();
    std::os::unix::fs::chown(disk.0.path(), Some(its.uid()), Some(its.gid())).unwrap();
    world
        .server
        .psql(
            "postgres",
            &format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.path().display()),
        )
        .unwrap();
    world.server.psql("postgres", "ALTER DATABASE target SET TABLESPACE small").unwrap();
    let copy = world.copy_in_place("{}");
    let error = world.live(&copy).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Exhausted { .. }), "{error:?}");
    assert!(text.contains("write large on the target") && text.contains("53100"), "{text}");
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    // Nothing of the table that did not fit.
    assert_eq!(world.target("SELECT count(*) FROM large"), "0");
    world.server.psql("postgres", "ALTER DATABASE target SET TABLESPACE pg_default").unwrap();
    world.live(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    world.server.psql("postgres", "DROP TABLESPACE small").unwrap();
}
