//! What programs must not link.

use std::process::Command;

/// Programs that only talk to Redis stay small: no object store, age, Sentry or PostgreSQL.
#[test]
fn queue_cli_and_restart_link_no_engine() {
    // The package pipeline holds restart.
    for package in ["queue-cli", "pipeline"] {
        let arguments =
            ["tree", "--offline", "--prefix=none", "--edges=normal", "--package", package];
        let tree = Command::new(env!("CARGO")).args(arguments).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let linked: Vec<&str> =
            tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert!(linked.contains(&"bull-queue"), "{tree}");
        for engine in ["object_store", "age", "sentry", "tokio-postgres", "pg-replicate"] {
            assert!(!linked.contains(&engine), "{package} links {engine}");
        }
    }
}
