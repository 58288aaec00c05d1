//! Data for a review environment, whose tables exist and are empty.

use std::path::Path;

use anyhow::Context;
use pipeline::human::size;
use test_servers::PostgresServer;
use test_servers::sample::SampleTarget;

use crate::programs::Programs;
use crate::screen::Screen;
use crate::staging::Staging;

const DATABASE: &str = "review_database";

/// Creates tables with `export-schema` (in reality, an application's migrations create them), and loads
/// rows from a file.
pub(crate) fn run(
    staging: &Staging,
    server: &PostgresServer,
    target: &SampleTarget,
    programs: &Programs,
    directory: &Path,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    screen.heading("Review environment: production-like rows for empty tables");
    screen.line("A review environment starts with an empty database. Rows are exported from a small production database");
    screen.line("into a file, and loaded into the existing tables in one transaction: everything or nothing.");
    server.create_database(DATABASE, "target_user")?;
    let source = staging.source_url(server);
    let place = staging.url(target, server);
    let review = place.replace(Staging::DATABASE, DATABASE);
    let environment = [
        ("DATABASE_URL", place.as_str()),
        ("TARGET_DATABASE_URL", &place),
        ("SOURCE_DATABASE_URL", &source),
        ("DB_SCHEMA_EXPORTER_DATABASE_TARGET", &review),
    ];
    screen.command("run export-schema");
    programs.run_with("run", &environment, &["export-schema"])?;
    screen.done("Created the tables, without rows");

    let file = directory.join("data.sql");
    let name = file.display().to_string();
    screen.command("run export-data --file data.sql");
    programs.run_with("run", &environment, &["export-data", "--file", &name])?;
    screen.done(&format!("Exported the rows into a file of {}", size(file_size(&file)?)));
    let environment = [("DATABASE_URL", review.as_str()), ("TARGET_DATABASE_URL", &review)];
    screen.command("run load-data --from data.sql");
    programs.run_with("run", &environment, &["load-data", "--from", &name])?;
    screen.done("Loaded the rows");
    std::fs::remove_file(file)?;
    staging.check(server, DATABASE, screen)
}

fn file_size(file: &Path) -> anyhow::Result<u64> {
    Ok(std::fs::metadata(file).with_context(|| format!("{}", file.display()))?.len())
}
