//! What changes jobs and queues.

use serde_json::{Value, json};

use crate::support::{Cli, NOTIFICATION, REPLICATION};

#[test]
fn a_job_is_added_with_every_option() {
    let cli = Cli::new();
    let said = cli.ok(&["add", "{}", "--queue", "notification"]);
    assert_eq!(said, format!("added job 1 to {NOTIFICATION}\n"));
    let id = cli.add(&["-n", "test", "--jobId", "once", "--priority", "2", "--attempts", "3"]);
    assert_eq!(id, "once");
    assert_eq!(cli.add(&["--job-id", "once"]), "once");
    assert_eq!(cli.count("waiting"), 1, "a second job with the id is not added");
    let job = cli.json(&["get", "once"]);
    assert_eq!(
        (&job["name"], &job["priority"], &job["attempts"], &job["data"]),
        (&json!("test"), &json!(2), &json!(3), &json!({ "night": 1 }))
    );
    cli.add(&[]);
    let first = cli.add(&["--lifo"]);
    assert_eq!(cli.json(&["waiting"])[0]["id"], first.as_str());
    let delayed = cli.add(&["--delay", "10 min"]);
    assert_eq!(cli.json(&["get", &delayed])["delay"], 600_000);
    assert_eq!(cli.count("delayed"), 1);
}

#[test]
fn a_failed_job_is_retried() {
    let cli = Cli::new();
    let (first, second) = (cli.add_failed("no disk"), cli.add_failed("no disk"));
    assert_eq!(
        cli.ok(&["retry", &first, "-y"]),
        format!("retried job {first} of {REPLICATION}\ncount: 1\n")
    );
    let partly = cli.run(&["retry", &first, &second, "99", "--yes"]);
    assert_eq!(partly.code, Some(1));
    assert_eq!(partly.stdout, format!("retried job {second} of {REPLICATION}\ncount: 1\n"));
    assert!(partly.stderr.contains("job 1 of Replication queue was not retried"));
    assert!(partly.stderr.contains("is not failed"), "{}", partly.stderr);
    assert!(partly.stderr.contains("no job 99 on Replication queue, "), "{}", partly.stderr);
    assert_eq!((cli.count("failed"), cli.count("waiting")), (0, 2));
}

#[test]
fn what_stands_in_a_job_does_not_act_on_the_terminal() {
    let cli = Cli::new();
    let id = cli.add_failed("no \u{1b}[2J\u{9b}1m disk");
    cli.ok(&["log", &id, "one\rtwo\u{7}"]);
    for command in [&["get", &id][..], &["failed"], &["logs", &id], &["get", &id, "--json"]] {
        let shown = cli.ok(command);
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(!shown.contains(acts), "{command:?}: {shown:?}");
    }
    assert!(cli.ok(&["get", &id]).contains("no \\u001b[2J\\u009b1m disk"));
    assert!(cli.ok(&["logs", &id]).contains("one\\u000dtwo\\u0007"));
}

#[test]
fn the_newest_failed_jobs_are_retried() {
    let cli = Cli::new();
    for _ in 0..3 {
        cli.add_failed("no disk");
    }
    // Newest first, as they would run.
    cli.redis::<()>("ZADD {q}:failed 1 1 2 2 3 3");
    let retried = cli.json(&["retry-failed", "-n", "2", "--yes"]);
    assert_eq!(
        retried["retried"],
        json!([{ "queue": REPLICATION, "id": "2" }, { "queue": REPLICATION, "id": "3" }])
    );
    assert_eq!(cli.ok(&["retry-failed", "--yes", "--queue", NOTIFICATION]), "count: 0\n");
    assert_eq!(cli.ok(&["retry-failed", "--queue", NOTIFICATION]), "count: 0\n", "nothing to ask");
    assert_eq!(cli.count("failed"), 1);
}

#[test]
fn a_job_is_removed_or_promoted() {
    let cli = Cli::new();
    let (waiting, delayed) = (cli.add(&[]), cli.add(&["--delay", "1h"]));
    cli.ok(&["log", &waiting, "a line"]);
    assert_eq!(
        cli.ok(&["promote", &delayed]),
        format!("promoted job {delayed} of {REPLICATION}\ncount: 1\n")
    );
    assert_eq!((cli.count("delayed"), cli.count("waiting")), (0, 2));
    assert_eq!(cli.run(&["promote", &delayed]).code, Some(1));
    let removed = cli.json(&["rm", &waiting, &delayed, "--yes"]);
    assert_eq!(removed["removed"].as_array().unwrap().len(), 2);
    let left: Vec<String> = cli.redis("KEYS {q}:1*");
    assert!(left.is_empty(), "{left:?}");

    let active = cli.add_active(&[]);
    cli.redis::<()>(&format!("SET {{q}}:{active}:lock token"));
    let locked = cli.run(&["rm", &active, "--yes"]);
    assert_eq!(locked.code, Some(1));
    assert!(locked.stderr.contains("is being run by a worker"), "{}", locked.stderr);
}

#[test]
fn a_running_job_is_ended_by_hand() {
    let cli = Cli::new();
    let job = cli.add_active(&["--attempts", "2"]);
    cli.ok(&["fail", &job, "the source is away"]);
    assert_eq!((cli.count("failed"), cli.count("active")), (0, 0), "it has one more try");
    cli.redis::<()>("LMOVE {q}:wait {q}:active LEFT LEFT");
    assert_eq!(
        cli.json(&["fail", &job, "the source is away"]),
        json!({ "failed": [{ "queue": REPLICATION, "id": job }] })
    );
    let failed = cli.json(&["get", &job]);
    assert_eq!(
        (&failed["failedReason"], &failed["attemptsMade"]),
        (&json!("the source is away"), &json!(2))
    );
    let again = cli.run(&["fail", &job, "once more"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is not active"), "{}", again.stderr);

    let job = cli.add_active(&[]);
    let wrong = cli.run(&["complete", &job, "{done"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("is no JSON: found {done"), "{}", wrong.stderr);
    assert_eq!(
        cli.ok(&["complete", &job, r#"{"by":"hand"}"#]),
        format!("completed job {job} of {REPLICATION}\ncount: 1\n")
    );
    assert_eq!(cli.json(&["get", &job])["returnValue"], json!({ "by": "hand" }));
}

#[test]
fn a_queue_is_paused_and_resumed() {
    let cli = Cli::new();
    cli.add(&[]);
    assert_eq!(
        cli.ok(&["pause", "--queue", "replication", "--queue", "notification"]),
        format!("paused {REPLICATION}\npaused {NOTIFICATION}\n")
    );
    assert_eq!((cli.count("paused"), cli.count("waiting")), (1, 0));
    assert_eq!(
        cli.json(&["resume", "--queue", "full-replication"]),
        json!({ "resumed": [REPLICATION] })
    );
    assert_eq!((cli.count("paused"), cli.count("waiting")), (0, 1));
}

#[test]
fn old_jobs_are_cleaned() {
    let cli = Cli::new();
    for _ in 0..3 {
        cli.add_failed("no disk");
    }
    let day_ago = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() - 86_400_000;
    for id in ["1", "2"] {
        cli.redis::<()>(&format!("HSET {{q}}:{id} finishedOn {day_ago}"));
        cli.redis::<()>(&format!("ZADD {{q}}:failed {day_ago} {id}"));
    }
    let clean = |options: &[&str]| {
        cli.json(&[&["clean", "1h", "--yes", "--queue", REPLICATION], options].concat())["removed"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(clean(&[]), Some(0), "completed ones by default");
    assert_eq!(clean(&["-s", "failed", "-l", "1"]), Some(1));
    assert_eq!(clean(&["--status", "failed"]), Some(1));
    assert_eq!(cli.count("failed"), 1);
    let wait = cli.run(&["clean", "0", "-s", "wait", "-y", "--queue", REPLICATION]);
    assert_eq!(wait.code, Some(0), "bull-repl's name of the state: {}", wait.stderr);
}

#[test]
fn a_queue_is_drained_and_obliterated() {
    let cli = Cli::new();
    cli.add_failed("no disk");
    cli.add(&[]);
    cli.add(&["--delay", "1h"]);
    let queue = ["--queue", REPLICATION, "--yes"];
    assert_eq!(
        cli.ok(&[&["drain"], &queue[..]].concat()),
        format!("drained {REPLICATION}, removed: 1\n")
    );
    assert_eq!(
        cli.json(&[&["drain", "--delayed"], &queue[..]].concat()),
        json!({ "drained": [{ "queue": REPLICATION, "removed": 1 }] })
    );
    assert_eq!((cli.count("delayed"), cli.count("failed")), (0, 1));

    let active = cli.add_active(&[]);
    let busy = cli.run(&[&["obliterate"], &queue[..]].concat());
    assert_eq!(busy.code, Some(1));
    assert!(busy.stderr.contains("1 of its jobs are active"), "{}", busy.stderr);
    assert_eq!(cli.json(&["get", &active])["id"], Value::from(active));
    assert_eq!(
        cli.ok(&[&["obliterate", "--force"], &queue[..]].concat()),
        format!("obliterated {REPLICATION}\n")
    );
    let mut left: Vec<String> = cli.redis("KEYS bull:Replication?queue:*");
    // What keeps an operation from being done twice goes by itself, within a minute.
    left.retain(|key| !key.contains(":receipt"));
    assert!(left.is_empty(), "{left:?}");
}
