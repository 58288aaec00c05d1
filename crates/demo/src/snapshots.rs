//! Snapshots of the source, which are stored only if the data has changed.

use anyhow::{Context, bail};
use test_servers::sample::SampleSource;

use crate::programs::Programs;
use crate::screen::Screen;
use crate::services::Services;

/// Takes a snapshot, checks that a second one of the same data is not stored, changes a row, takes another.
pub(crate) fn run(
    services: &Services,
    programs: &Programs,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    screen.heading("Snapshots: backups that are stored only if the data has changed");
    screen.line("The server compares the source with the newest snapshot; only if they differ is a new one stored.");
    let store = tempfile::tempdir().context("a directory for the snapshots")?;
    let store = format!("file://{}", store.path().display());
    screen.line(&format!("SNAPSHOT_STORE={store}"));
    let mut run = |arguments: &[&str], expected: &str| {
        let output = programs
            .command("run", &[("SNAPSHOT_STORE", &store)])
            .args(arguments)
            .output()
            .context("run run")?;
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        screen.command(&format!("run {}", arguments.join(" ")));
        screen.quote(&stdout);
        if !output.status.success() || !stdout.contains(expected) {
            bail!("run {} should print \"{expected}\":\n{stderr}", arguments.join(" "));
        }
        Ok(())
    };
    run(&["snapshot"], " was stored")?;
    run(&["snapshot"], "Nothing has changed")?;
    let change = "UPDATE users SET \"firstName\" = 'Ada' WHERE id = (SELECT min(id) FROM users)";
    services.source_server.psql(SampleSource::DATABASE, change)?;
    run(&["snapshot"], " was stored")?;
    run(&["snapshots"], "custom")?;
    screen.good(
        "Two snapshots are stored: a row was changed between the second and the third command.",
    );
    Ok(())
}
