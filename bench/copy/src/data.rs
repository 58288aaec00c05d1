//! The database to copy.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, anyhow};
use test_servers::{PostgresOptions, PostgresServer};

/// Settings of a small managed database whose data fits in memory; the same for all contestants. The
/// servers of `test-servers` have `fsync=off`, so that the disk makes no difference.
const SETTINGS: [(&str, &str); 5] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "4GB"),
    ("full_page_writes", "on"),
    ("maintenance_work_mem", "64MB"),
    ("max_connections", "100"),
];

/// The owner and reader of the source.
pub(crate) const SOURCE: &str = "source";

/// The owner of the target.
pub(crate) const TARGET: &str = "target";

/// Password over TCP; the servers are private.
pub(crate) const PASSWORD: &str = "bench";

const SCHEMA: &str = include_str!("../sql/schema.sql");
const CONSTRAINTS: &str = include_str!("../sql/constraints.sql");

/// Scripts that run at the same time, each in a session and with a seed of its own.
const ROWS: [&str; 4] = [
    include_str!("../sql/snapshots.sql"),
    include_str!("../sql/knowledge_elements.sql"),
    include_str!("../sql/answers.sql"),
    include_str!("../sql/people.sql"),
];

/// A server with [`SETTINGS`]; in `directory` if one is given.
pub(crate) fn server(directory: Option<&Path>) -> Result<PostgresServer> {
    let settings =
        SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let directory = directory.map(Path::to_owned);
    let options = PostgresOptions { settings, directory, on_disk: true, ..Default::default() };
    Ok(PostgresServer::start_with(options)?)
}

/// The server with the generated database; reuses the one in `keep`, if there is one.
pub(crate) fn source(scale: f64, keep: Option<&Path>) -> Result<PostgresServer> {
    let made_by = format!("{scale} {SCHEMA} {} {CONSTRAINTS}", ROWS.concat());
    if let Some(directory) = keep {
        let mark = directory.join("generated");
        match std::fs::read_to_string(&mark) {
            Ok(found) if found == made_by => return server(keep),
            Ok(_) => anyhow::bail!(
                "{} holds a database of another scale or generator: remove it, or name another directory",
                directory.display()
            ),
            Err(_) => {
                let server = server(keep)?;
                generate(&server, scale)?;
                std::fs::write(mark, made_by)?;
                return Ok(server);
            }
        }
    }
    let server = server(None)?;
    generate(&server, scale)?;
    Ok(server)
}

fn generate(server: &PostgresServer, scale: f64) -> Result<()> {
    let start = Instant::now();
    server.create_role(SOURCE, PASSWORD)?;
    server.create_database(SOURCE, SOURCE)?;
    let run = |script: &str| {
        let prefix = format!("\\set scale {scale}\nSET SESSION AUTHORIZATION {SOURCE};\n");
        server.psql(SOURCE, &format!("{prefix}{script}"))
    };
    run(SCHEMA)?;
    std::thread::scope(|scope| {
        let sessions = ROWS.map(|script| scope.spawn(move || run(script)));
        for session in sessions {
            session.join().map_err(|_| anyhow!("a session panicked"))??;
        }
        anyhow::Ok(())
    })?;
    run(CONSTRAINTS)?;
    server.psql(SOURCE, "VACUUM (FREEZE, ANALYZE);")?;
    server.psql(SOURCE, "CHECKPOINT;")?;
    eprintln!("generated in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// A description of the source, for people.
pub(crate) fn describe(source: &PostgresServer) -> Result<String> {
    let line = source.psql(SOURCE, include_str!("../sql/describe.sql"))?;
    let mut text = String::new();
    for (value, what) in line.split('|').zip(["", " tables", " indexes", " foreign keys", " rows"])
    {
        write!(text, "{}{value}{what}", if text.is_empty() { "" } else { ", " })?;
    }
    Ok(text)
}
