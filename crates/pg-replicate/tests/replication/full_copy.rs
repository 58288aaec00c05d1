//! A whole copy by ordinary roles yields the same database.

use crate::support::events::Events;
use crate::support::{EVERY_OBJECT, Recorder, World, assert_same_text, exists};
use pg_replicate::{Error, ForeignKeys};
use progress::Context;

#[tokio::test]
async fn every_kind_of_object_arrives_twice_in_a_row() {
    let world = World::new(EVERY_OBJECT);
    let copy = world.copy("{}");
    let summary = world.run(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    let names: Vec<&str> = summary.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(names, ["backup", "drop", "restore"]);
    assert!(summary.phases[0].bytes > 10_000 && summary.phases[0].objects > 20, "{summary:?}");
    // The second night meets what the first one left.
    let second = world.run(&copy).await.unwrap();
    assert!(second.phases[1].objects > 50, "{second:?}");
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

#[tokio::test]
async fn one_job_and_a_target_with_objects_of_its_own() {
    let world = World::new(EVERY_OBJECT);
    world.target(
        "CREATE SCHEMA old; CREATE TABLE old.t (id int); CREATE VIEW answers AS SELECT * FROM old.t;
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
         SELECT lo_create(424242);
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO source_user;",
    );
    let mut copy = world.copy("{}");
    copy.restore_jobs = 1;
    let (events, _guard) = Events::capture();
    world.run(&copy).await.unwrap();
    // pg_restore numbers its items only when it has several workers.
    for object in ["TABLE DATA public.answers", "INDEX public.", "FK CONSTRAINT public."] {
        for event in ["launching", "finished"] {
            let is_it = |text: &str| text.starts_with(event) && text.contains(object);
            assert!(events.all().iter().any(|event| is_it(&event.message)), "{event} {object}");
        }
    }
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    // Analysts can read what comes anew every night.
    let may_read = "SELECT has_table_privilege('source_user', 'public.my_answers', 'SELECT')";
    assert_eq!(world.target(may_read), "t");
}

#[tokio::test]
async fn foreign_keys_off() {
    let world = World::new(EVERY_OBJECT);
    let mut copy = world.copy("{}");
    copy.foreign_keys = ForeignKeys::Without;
    world.run(&copy).await.unwrap();
    let count = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'";
    assert_eq!(world.target(count), "0");
    let others = "SELECT count(*) FROM pg_constraint WHERE contype <> 'f'";
    assert_eq!(world.target(others), world.source(others));
}

#[tokio::test]
async fn foreign_keys_that_are_not_checked() {
    let world = World::new(EVERY_OBJECT);
    let mut copy = world.copy_in_place("{}");
    copy.foreign_keys = ForeignKeys::NotValid;
    let validated = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND convalidated";
    let all = "SELECT conrelid::regclass, conname, confdeltype, condeferrable FROM pg_constraint
               WHERE contype = 'f' ORDER BY 1::text, 2";
    // A key of a partitioned table cannot be NOT VALID; here it only refers to one.
    for way in ["archive", "live"] {
        match way {
            "archive" => world.run(&copy).await,
            _ => world.live(&copy).await,
        }
        .unwrap();
        assert_eq!(world.target(validated), "", "{way}");
        assert_eq!(world.target(all), world.source(all), "{way}");
    }
}

#[tokio::test]
async fn progress_only_goes_forward() {
    let world = World::new(EVERY_OBJECT);
    let copy = world.copy("{}");
    let (recorder, context) = Recorder::context();
    copy.backup(&world.dump(), &context).await.unwrap();
    copy.drop_objects(&context).await.unwrap();
    copy.restore(&world.dump(), &context).await.unwrap();
    let all = recorder.all();
    let percents: Vec<f64> = all.iter().map(|progress| progress.percent).collect();
    assert!(percents.is_sorted(), "{percents:?}");
    for end in [12.0, 13.0, 86.0] {
        assert!(percents.contains(&end), "{end} in {percents:?}");
    }
    assert_eq!(percents.last(), Some(&86.0));
    let mut phases: Vec<&str> = all.iter().map(|progress| progress.phase.as_str()).collect();
    phases.dedup();
    assert_eq!(phases, ["backup", "drop", "restore"]);
    for phase in ["backup", "restore"] {
        let mut running = all.iter().filter(|it| it.phase == phase && !it.running.is_empty());
        assert!(running.next().is_some_and(|it| it.object.is_some()), "{phase} in {all:?}");
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_restored_is_named() {
    let world =
        World::new("CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1);");
    let copy = world.copy("{}");
    let context = Context::quiet();
    copy.backup(&world.dump(), &context).await.unwrap();
    // Not dropped: both are there already.
    world.target("CREATE TABLE a (id int CHECK (id > 1)); CREATE TABLE b (id int);");
    let error = copy.restore(&world.dump(), &context).await.unwrap_err();
    let Error::Restore(failures) = &error else { panic!("{error}") };
    let objects: Vec<&str> = failures.iter().map(|one| one.object.as_str()).collect();
    // Rows have no place in a table that is another's.
    let expected =
        ["TABLE public.a", "TABLE public.b", "TABLE DATA public.a", "TABLE DATA public.b"];
    assert_eq!(objects, expected);
    assert!(error.to_string().contains("relation \"a\" already exists"), "{error}");
    assert_eq!(world.target("SELECT count(*) FROM a"), "0");
}

#[tokio::test]
async fn rows_that_cannot_be_written_are_named() {
    let world = World::new("");
    for table in 1..=6 {
        world.source(&format!("CREATE TABLE t{table} (id int); INSERT INTO t{table} VALUES (1)"));
    }
    let mut copy = world.copy("{}");
    copy.restore_jobs = 3;
    let context = Context::quiet();
    copy.backup(&world.dump(), &context).await.unwrap();
    // The rows of every other table are refused once it is made.
    world
        .server
        .psql(
            "target",
            "CREATE SCHEMA guard; GRANT USAGE ON SCHEMA guard TO PUBLIC;
             CREATE FUNCTION guard.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'refused'; END$$;
             CREATE FUNCTION guard.guarded() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             DECLARE made record;
             BEGIN
               FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
                 IF made.object_identity ~ '[246]$' THEN
                   EXECUTE format('CREATE TRIGGER no BEFORE INSERT ON %s EXECUTE FUNCTION guard.refuse()', made.object_identity);
                 END IF;
               END LOOP;
             END$$;
             CREATE EVENT TRIGGER guarded ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION guard.guarded();",
        )
        .unwrap();
    let error = copy.restore(&world.dump(), &context).await.unwrap_err();
    let Error::Restore(failures) = &error else { panic!("{error}") };
    let mut objects: Vec<&str> = failures.iter().map(|one| one.object.as_str()).collect();
    objects.sort_unstable();
    assert_eq!(objects, ["TABLE DATA public.t2", "TABLE DATA public.t4", "TABLE DATA public.t6"]);
    assert_eq!(world.target("SELECT count(*) FROM t1, t3, t5"), "1");
}

#[tokio::test]
async fn what_only_a_superuser_can_make_is_left_out_with_a_warning() {
    let world = World::new("CREATE TABLE a (id int);");
    world
        .server
        .psql(
            "source",
            "CREATE EXTENSION pg_buffercache;
             CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
             CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ev();
             COMMENT ON EVENT TRIGGER et IS 'x';
             CREATE PUBLICATION everything FOR ALL TABLES;
             COMMENT ON PUBLICATION everything IS 'y';",
        )
        .unwrap();
    // As a platform gives it: an extension that the role does not own, in both.
    for database in ["source", "target"] {
        let script = "CREATE EXTENSION pageinspect; COMMENT ON EXTENSION pageinspect IS 'theirs'";
        world.server.psql(database, script).unwrap();
    }
    world.run(&world.copy("{}")).await.unwrap();
    let found = world.target(
        "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension;
         SELECT count(*) FROM pg_event_trigger; SELECT to_regclass('a')",
    );
    assert_eq!(found, "pageinspect plpgsql\n0\na");
}

#[tokio::test]
async fn a_failed_backup_leaves_no_file() {
    let world = World::new("CREATE TABLE a (id int); CREATE TABLE b (id int);");
    world.server.psql("postgres", "REVOKE pg_read_all_data FROM source_user").unwrap();
    let error = world.copy("{}").backup(&world.dump(), &Context::quiet()).await.unwrap_err();
    assert!(error.to_string().contains("permission denied for table a"), "{error}");
    assert!(!error.is_unreachable());
    assert_eq!(world.directory.path().read_dir().unwrap().count(), 0);
    assert!(!exists(&world.dump()));
}

#[tokio::test]
async fn a_damaged_archive_changes_nothing() {
    let world = World::new("CREATE TABLE a (id int);");
    let copy = world.copy("{}");
    let context = Context::quiet();
    copy.backup(&world.dump(), &context).await.unwrap();
    let whole = std::fs::read(world.dump()).unwrap();
    std::fs::write(world.dump(), &whole[..200]).unwrap();
    let error = copy.preflight_restore(&world.dump()).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    std::fs::write(world.dump(), &whole).unwrap();
    copy.preflight_restore(&world.dump()).await.unwrap();
}
