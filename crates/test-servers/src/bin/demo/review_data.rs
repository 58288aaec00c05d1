//! Data for a review environment, whose tables are there and empty.

use std::path::Path;

use test_servers::PostgresServer;
use test_servers::demo::SampleTarget;

use crate::backup_source::Staging;
use crate::programs::Programs;
use crate::screen::Screen;

const DATABASE: &str = "review_database";

/// Tables by `export-schema`, where an application's migrations would make them; rows by a file.
pub(crate) fn tell(
    staging: &Staging,
    server: &PostgresServer,
    target: &SampleTarget,
    programs: &Programs,
    directory: &Path,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    screen.heading("A review environment: rows into tables that are there");
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
    programs.run_with("run", &environment, &["export-schema"])?;
    screen.done("run export-schema: the tables, without rows");

    let file = directory.join("data.sql");
    let name = file.display().to_string();
    programs.run_with("run", &environment, &["export-data", "--file", &name])?;
    screen.done("run export-data --file data.sql");
    let environment = [("DATABASE_URL", review.as_str()), ("TARGET_DATABASE_URL", &review)];
    programs.run_with("run", &environment, &["load-data", "--from", &name])?;
    screen.done("run load-data --from data.sql, in one transaction");
    std::fs::remove_file(file)?;
    staging.check(server, DATABASE, screen)
}
