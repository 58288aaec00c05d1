//! A statement that meets another session in a deadlock, as INDEX ATTACH does now and then.

use std::time::Duration;

use crate::support::events::Events;
use crate::support::{World, assert_same_text};

/// An index on a partitioned table.
const PARTITIONED: &str = "
    CREATE TABLE events (at date NOT NULL, body text) PARTITION BY RANGE (at);
    CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO events VALUES ('2026-11-21', 'x');
    CREATE INDEX events_body ON events (body);";

/// Who attaches an index waits for a lock that the test holds, with the partition's locks in hand.
const WAIT_IN_ATTACH: &str = "
    CREATE SCHEMA guard;
    CREATE FUNCTION guard.wait() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_query() LIKE '%ATTACH PARTITION public.events_2026_body_idx%' THEN
        PERFORM pg_advisory_xact_lock(4711);
      END IF;
    END $$;
    GRANT USAGE ON SCHEMA guard TO PUBLIC;
    CREATE EVENT TRIGGER wait ON ddl_command_end WHEN TAG IN ('ALTER INDEX') EXECUTE FUNCTION guard.wait();
    ALTER ROLE target_user SET deadlock_timeout = '3s';";

const IS_WAITING: &str =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";

/// Waits until a worker waits for the lock that is held here, then for a lock of that worker, so that
/// the server has to undo one of the two: the worker, since this session never looks for deadlocks.
async fn block_once(url: String) {
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("SET deadlock_timeout = '1h'; BEGIN; SELECT pg_advisory_xact_lock(4711)")
        .await
        .unwrap();
    while client.query_one(IS_WAITING, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client
        .batch_execute("LOCK TABLE public.events_2026 IN ACCESS EXCLUSIVE MODE; COMMIT")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_deadlock_undid_is_restored_again() {
    let world = World::new(PARTITIONED);
    let copy = world.copy("{}");
    world.server.psql("target", WAIT_IN_ATTACH).unwrap();
    let (events, _guard) = Events::capture();
    let blocking = tokio::spawn(block_once(world.server.superuser_url("target")));
    world.run(&copy).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), blocking).await.unwrap().unwrap();
    let is_said = |text: &str| text.contains("INDEX ATTACH") && text.contains("restored again");
    assert!(events.all().iter().any(|event| is_said(&event.message)));
    world.server.psql("target", "DROP EVENT TRIGGER wait; DROP SCHEMA guard CASCADE").unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}
