//! The packages of `tests/interop/package-lock.json`, installed once under the target directory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the sources of the Node.js programs stand.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// The directory `node_modules`, filled.
///
/// Tests are processes of their own: the first one installs, the others wait for it.
///
/// # Panics
/// When Node.js, npm or the registry are missing; the message says what to do.
pub fn node_modules() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
    std::fs::create_dir_all(&directory).unwrap();
    let guard = File::create(directory.join("lock")).unwrap();
    guard.lock().unwrap();
    let wanted = std::fs::read_to_string(sources().join("package-lock.json")).unwrap();
    let installed = directory.join("installed.json");
    if std::fs::read_to_string(&installed).ok().as_deref() != Some(wanted.as_str()) {
        install(&directory);
        std::fs::write(&installed, wanted).unwrap();
    }
    directory.join("node_modules")
}

fn install(directory: &Path) {
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(sources().join(file), directory.join(file)).unwrap();
    }
    // bull-repl would download a binary of jq, which only its option -q needs.
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "npm cannot be run ({error}): install Node.js and npm, ./scripts/setup --with-node"
            )
        });
    assert!(
        output.status.success(),
        "npm could not install bull 4.16.5 and what else stands in {}; the tests of interoperability \
         need the npm registry, or a npm cache that holds the packages (npm ci --ignore-scripts in \
         {}):\n{}{}",
        sources().join("package-lock.json").display(),
        directory.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
