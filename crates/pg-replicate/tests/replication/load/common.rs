//! An application's tables, made by its own migrations, and what tests look at in them.

use std::path::{Path, PathBuf};

use pg_replicate::Error;
use pg_replicate::load::{LoadData, LoadSource, parse_table};
use progress::{Context, Summary};

use crate::support::World;

/// What the migrations of a small application make. Two tables refer to each other, one to itself.
pub(crate) const MIGRATIONS: &str = "
    CREATE TABLE migrations (id serial PRIMARY KEY, name text NOT NULL);
    INSERT INTO migrations (name) VALUES ('create-database'), ('add-interactions');
    CREATE TABLE structure (id serial PRIMARY KEY, name text NOT NULL, \"mainUser\" int);
    CREATE TABLE \"user\" (
      id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      \"structureId\" int NOT NULL REFERENCES structure (id) ON DELETE CASCADE,
      email text UNIQUE, notes jsonb,
      email_length int GENERATED ALWAYS AS (length(email)) STORED
    );
    ALTER TABLE structure ADD CONSTRAINT \"FK_mainUser\" FOREIGN KEY (\"mainUser\") REFERENCES \"user\" (id);
    COMMENT ON CONSTRAINT \"FK_mainUser\" ON structure IS 'who answers';
    CREATE TABLE message (id bigserial PRIMARY KEY, parent bigint REFERENCES message (id), body text);
    CREATE SEQUENCE ticket START 100;
";

/// What stands in the tables before a load.
pub(crate) const OLD_ROWS: &str = "
    INSERT INTO structure (name) VALUES ('old');
    INSERT INTO \"user\" (\"structureId\", email) VALUES (1, 'old@example.net');
    INSERT INTO message (body) VALUES ('old');
    SELECT nextval('ticket'), nextval('ticket');
";

/// What psql is fed with today.
pub(crate) const TRUNCATE: &str = "\\set ON_ERROR_STOP on

-- every table but the migrations
TRUNCATE TABLE public.structure, public.\"user\" RESTART IDENTITY CASCADE;
truncate message restart identity cascade;
";

/// As pg_dump --data-only writes it.
pub(crate) const RESTORE: &str = "--
-- PostgreSQL database dump
--

\\restrict xYz123

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

COPY public.structure (id, name, \"mainUser\") FROM stdin;
1\tCCAS de Nîmes\t2
2\tAsile \\\\ \\N\\ttab\t\\N
\\.


COPY public.\"user\" (id, \"structureId\", email, notes) FROM stdin;
2\t1\té@example.net\t{\"a\": \"x\\\\ny\"}
5\t2\t\\N\t\\N
\\.

COPY public.message (id, parent, body) FROM stdin;
2\t1\tanswer
1\t\\N\tfirst; -- it's
\\.

SELECT pg_catalog.setval('public.structure_id_seq', 2, true);
SELECT pg_catalog.setval('public.user_id_seq', 5, true);
SELECT pg_catalog.setval('public.message_id_seq', 2, true);
SELECT pg_catalog.setval('public.ticket', 7, false);

--
-- PostgreSQL database dump complete
--

\\unrestrict xYz123
";

/// A target whose migrations have run.
pub(crate) fn application() -> World {
    let world = World::new("");
    world.target(MIGRATIONS);
    world.target(OLD_ROWS);
    world
}

pub(crate) fn file(world: &World, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = world.directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

pub(crate) fn load(world: &World, sources: Vec<LoadSource>) -> LoadData {
    LoadData {
        sources,
        target: world.url("target_user", "target"),
        excluded: Vec::new(),
        truncates: true,
        allows_new_columns: false,
    }
}

pub(crate) fn scripts(world: &World, files: &[&Path]) -> LoadData {
    let source = |path: &&Path| path.display().to_string().parse().unwrap();
    load(world, files.iter().map(source).collect())
}

pub(crate) fn excluding(load: LoadData, tables: &[&str]) -> LoadData {
    LoadData { excluded: tables.iter().map(|name| parse_table(name).unwrap()).collect(), ..load }
}

pub(crate) async fn run(load: &LoadData) -> Result<Summary, Error> {
    load.run(&Context::quiet()).await
}

/// One script of this text.
pub(crate) async fn run_text(world: &World, text: &str) -> Result<Summary, Error> {
    run(&scripts(world, &[&file(world, "script.sql", text)])).await
}

/// Everything that a failed load must not change: rows, where they lie, sequences, keys, triggers.
pub(crate) fn state(world: &World) -> String {
    let tables = world.target("SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p', 'S') AND relnamespace = 'public'::regnamespace ORDER BY 1");
    let rows: Vec<String> = tables
        .lines()
        .map(|table| format!("SELECT '{}', count(*), coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '-') FROM (SELECT * FROM {table}) t;", table.replace('\'', "''")))
        .collect();
    let rest = "SELECT oid, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1;
        SELECT oid, conname, condeferrable, condeferred, convalidated, pg_get_constraintdef(oid), obj_description(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1;
        SELECT oid, tgrelid, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1;";
    world.target(&format!("{}\n{rest}", rows.join("\n")))
}

/// The keys and triggers, whose state a load brings back.
pub(crate) fn constraints(world: &World) -> String {
    world.target(
        "SELECT oid, conname, condeferrable, condeferred, convalidated, pg_get_constraintdef(oid), obj_description(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1;
         SELECT oid, tgrelid, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1;",
    )
}
