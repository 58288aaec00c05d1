//! What is not done, and how it is said.

use crate::support::{Cli, NOTIFICATION, REPLICATION};

#[test]
fn nothing_is_destroyed_where_nobody_can_be_asked() {
    let cli = Cli::new();
    let failed = cli.add_failed("no disk");
    cli.add(&["--repeat", "1h"]);
    let key = cli.json(&["repeatables"])[0]["key"].as_str().unwrap().to_owned();
    let before = cli.everything();
    for command in [
        &["retry", failed.as_str()][..],
        &["retry-failed"],
        &["rm", &failed],
        &["clean", "0", "-s", "failed", "--queue", REPLICATION],
        &["drain", "--queue", REPLICATION],
        &["obliterate", "--queue", REPLICATION],
        &["repeatables", "rm", &key],
    ] {
        let refused = cli.run(command);
        assert_eq!(refused.code, Some(2), "{command:?}: {refused:#?}");
        assert_eq!(refused.stdout, "", "{command:?}");
        assert!(
            refused.stderr.contains("stdin is no terminal") && refused.stderr.contains("--yes"),
            "{command:?}: {}",
            refused.stderr
        );
        assert!(refused.stderr.contains(REPLICATION), "{command:?}: {}", refused.stderr);
    }
    assert_eq!(cli.everything(), before);
}

#[test]
fn a_whole_queue_has_to_be_named() {
    let cli = Cli::new();
    cli.add(&[]);
    let before = cli.everything();
    for command in [
        &["add", "{}"][..],
        &["add", "{}", "--queue", "replication", "--queue", "notification"],
        &["pause"],
        &["resume"],
        &["clean", "0", "--yes"],
        &["drain", "--yes"],
        &["obliterate", "--yes"],
    ] {
        let refused = cli.run(command);
        assert_eq!(refused.code, Some(2), "{command:?}: {refused:#?}");
        assert!(refused.stderr.contains("--queue"), "{}", refused.stderr);
    }
    assert_eq!(cli.everything(), before);
}

#[test]
fn a_wrong_queue_lists_the_right_ones() {
    let cli = Cli::new();
    let wrong = cli.run(&["stats", "--queue", "nightly"]);
    assert_eq!(wrong.code, Some(2));
    for name in [
        "\"nightly\"",
        "\"Replication queue\" (full-replication)",
        "\"Incremental replication queue\" (incremental-replication)",
        "\"Learning Content replication queue\" (learning-content-replication)",
        "\"Notification queue\" (notification)",
    ] {
        assert!(wrong.stderr.contains(name), "{}", wrong.stderr);
    }
}

#[test]
fn a_job_on_several_queues_has_to_be_chosen() {
    let cli = Cli::new();
    let id = cli.add(&[]);
    cli.ok(&["add", "{}", "--queue", "notification"]);
    for command in [&["get"][..], &["rm", "--yes"], &["logs"]] {
        let unclear = cli.run(&[command, &[&id]].concat());
        assert_eq!(unclear.code, Some(1), "{command:?}");
        assert!(
            unclear
                .stderr
                .contains("--queue \"Replication queue\" or --queue \"Notification queue\""),
            "{}",
            unclear.stderr
        );
    }
    assert_eq!(cli.json(&["get", &id, "--queue", "notification"])["queue"], NOTIFICATION);
}

#[test]
fn wrong_arguments_are_explained() {
    let cli = Cli::new();
    let add = ["add", "--queue", "notification"];
    for (command, code, why) in [
        (&[&add[..], &["{x"]].concat()[..], 2, "is no JSON: found {x"),
        (&[&add[..], &["{}", "--repeat", "whenever"]].concat(), 2, "expected five fields"),
        (&[&add[..], &["{}", "--repeat", "{\"every\": []}"]].concat(), 2, "--repeat"),
        (&[&add[..], &["{}", "--jobId", "failed"]].concat(), 2, "cannot have the id"),
        (&["failed", "-q", ".root["], 2, "the jq filter \".root[\""),
        (&["failed", "-q", "nothing_such"], 2, "nothing_such"),
        (&["failed", "-q", ".root.id"], 2, "failed"),
        (&["failed", "-t", "a while"], 2, "is no period"),
        (&["clean", "1h", "-s", "done"], 2, "is not a valid state: expected waiting"),
        (&["clean"], 2, "<PERIOD>"),
        (&["stat"], 2, "stats"),
        (&["get", "99"], 1, "no job 99"),
        (&["retry", "99"], 1, "no job 99"),
        (&["promote", "99"], 1, "no job 99"),
    ] {
        let refused = cli.run(command);
        assert_eq!(refused.code, Some(code), "{command:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{command:?}");
        assert!(refused.stderr.contains(why), "{command:?}: {}", refused.stderr);
    }
}

#[test]
fn a_redis_that_is_away_has_an_exit_code() {
    let cli = Cli::new();
    for command in [&["stats"][..], &["repl"]] {
        let away = ["--redis-url", "redis://:hidden@127.0.0.1:1"];
        let refused = cli.run(&[command, &away[..]].concat());
        assert_eq!(refused.code, Some(3), "{command:?}: {refused:#?}");
        assert_eq!(refused.stdout, "", "{command:?}");
        assert!(
            refused.stderr.matches("refused").count() == 1
                && refused.stderr.contains("127.0.0.1:1")
                && !refused.stderr.contains("hidden"),
            "{}",
            refused.stderr
        );
    }
    let wrong = cli.run(&["stats", "--redis-url", "http://127.0.0.1"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("REDIS_URL"), "{}", wrong.stderr);
}
