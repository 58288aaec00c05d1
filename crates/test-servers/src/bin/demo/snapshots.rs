//! Snapshots of the source: kept when the data has changed.

use anyhow::{Context, bail};
use test_servers::demo::SampleSource;

use crate::programs::Programs;
use crate::screen::Screen;
use crate::services::Services;

/// Takes one, looks that a second one of the same data is not kept, changes a row, takes another.
pub(crate) fn tell(
    services: &Services,
    programs: &Programs,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    screen.heading("Snapshots: backups that are kept when the data has changed");
    let store = tempfile::tempdir().context("a directory for the snapshots")?;
    let store = format!("file://{}", store.path().display());
    screen.line(&format!("SNAPSHOT_STORE={store}"));
    let mut run = |arguments: &[&str], wanted: &str| {
        let output = programs
            .command("run", &[("SNAPSHOT_STORE", &store)])
            .args(arguments)
            .output()
            .context("run run")?;
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        screen.line(&format!("\nrun {}", arguments.join(" ")));
        screen.quote(&stdout);
        if !output.status.success() || !stdout.contains(wanted) {
            bail!("\"{wanted}\" was expected of run {}:\n{stderr}", arguments.join(" "));
        }
        Ok(())
    };
    run(&["snapshot"], " is kept")?;
    run(&["snapshot"], "Nothing has changed")?;
    let change = "UPDATE users SET \"firstName\" = 'Ada' WHERE id = (SELECT min(id) FROM users)";
    services.source_server.psql(SampleSource::DATABASE, change)?;
    run(&["snapshot"], " is kept")?;
    run(&["snapshots"], "custom")?;
    screen.done("A row was changed between the second and the third: two snapshots are kept");
    Ok(())
}
