//! A load that is cut, wherever it is, leaves everything as it was.

use std::time::Duration;

use progress::Context;
use test_servers::wait_for_async;

use crate::load::common::{application, file, load, scripts, state};
use crate::support::World;

const LIMIT: Duration = Duration::from_secs(30);

/// The server takes the first rows and then waits for long.
const SLOW: &str = "INSERT INTO structure (name) VALUES ('new'); SELECT setval('ticket', 9000);
    COPY message (id, body) FROM stdin;\n1\tnew\n\\.\nSELECT pg_sleep(60);";

async fn is_sleeping(world: &World) -> bool {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg-replicate load' AND query LIKE 'SELECT pg_sleep%'";
    wait_for_async(LIMIT, async || world.server.psql("postgres", sql).unwrap() == "1").await
}

async fn sessions_end(world: &World) -> bool {
    wait_for_async(LIMIT, async || world.sessions("pg-replicate load") == 0).await
}

fn slow(world: &World) -> pg_replicate::load::LoadData {
    let path = file(world, "slow.sql", SLOW);
    let mut load = scripts(world, &[&path]);
    load.allows_new_columns = true;
    load
}

#[tokio::test]
async fn a_cancelled_load() {
    let world = application();
    let before = state(&world);
    let (load, context) = (slow(&world), Context::quiet());
    let cancel = context.cancel.clone();
    let work = tokio::spawn(async move { load.run(&context).await });
    assert!(is_sleeping(&world).await);
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    assert!(sessions_end(&world).await);
    assert_eq!(state(&world), before);
}

/// Without sequences: after a crash PostgreSQL lets them all go on a little further.
fn tables(world: &World) -> Vec<String> {
    let state = state(world);
    state
        .lines()
        .filter(|line| !line.contains("_seq|") && !line.starts_with("ticket|"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_server_that_dies_in_mid_load() {
    let mut world = application();
    let before = tables(&world);
    let load = slow(&world);
    let work = tokio::spawn(async move { load.run(&Context::quiet()).await });
    assert!(is_sleeping(&world).await);
    world.server.kill();
    let error = work.await.unwrap().unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    world.server.start_again().unwrap();
    assert_eq!(tables(&world), before);
}

/// Run by the test below in a process of its own.
#[tokio::test]
#[ignore = "a helper"]
async fn helper_load() {
    let Ok(place) = std::env::var("HELPER_LOAD") else { return };
    let (port, path) = place.split_once(' ').unwrap();
    let mut load = pg_replicate::load::LoadData {
        sources: vec![path.parse().unwrap()],
        target: crate::support::url(port.parse().unwrap(), "target_user", "target"),
        excluded: Vec::new(),
        truncates: true,
        allows_new_columns: true,
    };
    load.truncates = true;
    load.run(&Context::quiet()).await.unwrap();
}

#[tokio::test]
async fn a_killed_load() {
    let world = application();
    let before = state(&world);
    let path = file(&world, "slow.sql", SLOW);
    let mut helper = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "load::interruptions::helper_load", "--ignored", "--test-threads=1"])
        .env("HELPER_LOAD", format!("{} {}", world.server.port(), path.display()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    assert!(is_sleeping(&world).await);
    helper.kill().unwrap();
    helper.wait().unwrap();
    // What the server was in the middle of ends when it looks at the closed connection.
    world.server.psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg-replicate load'").unwrap();
    assert!(sessions_end(&world).await);
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn a_load_that_is_already_cancelled_does_nothing() {
    let world = application();
    let context = Context::quiet();
    context.cancel.cancel();
    assert!(load(&world, Vec::new()).run(&context).await.unwrap_err().is_cancelled());
}
