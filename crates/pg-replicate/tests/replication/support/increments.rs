//! Runs of the incremental copy.

use pg_replicate::{CopyFormat, Error, Incremental, SchemaChanges};
use progress::{Context, Summary};

use super::{World, mode};

/// Of `modes`, with two tables at a time; columns that only the source has are refused.
pub(crate) fn incremental(world: &World, modes: &str) -> Incremental {
    Incremental {
        source: world.url("source_user", "source"),
        target: world.url("target_user", "target"),
        mode: mode(modes),
        format: CopyFormat::Binary,
        jobs: 2,
        schema_changes: SchemaChanges::Fail,
    }
}

pub(crate) async fn run(world: &World, modes: &str) -> Result<Summary, Error> {
    incremental(world, modes).run(&Context::quiet()).await
}

/// A run that succeeds; answers how many rows were copied.
pub(crate) async fn rows(world: &World, modes: &str) -> u64 {
    run(world, modes).await.unwrap().phases[0].rows
}

/// Both sides give the same answer.
pub(crate) fn assert_same(world: &World, sql: &str) {
    assert_eq!(world.target(sql), world.source(sql), "{sql}");
}
