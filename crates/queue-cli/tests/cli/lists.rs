//! `stats`, the lists, `get`, `logs`, `repeatables`, help.

use serde_json::{Value, json};

use crate::support::{Cli, NOTIFICATION, REPLICATION, assert_output};

/// One job in each state.
fn one_of_each() -> Cli {
    let cli = Cli::new();
    let active = cli.add_active(&[]);
    cli.ok(&["complete", &active, r#"{"rows":3}"#, "--queue", REPLICATION]);
    cli.add_failed("disk full\nwhile restoring answers");
    cli.add_active(&["--attempts", "10"]);
    let progress = json!({"phase":"Copy","percent":41.7,"object":"answers","rows":20,"bytes":9});
    cli.redis::<()>(&format!("HSET {{q}}:3 progress {progress}"));
    cli.add(&["--delay", "2h"]);
    cli.add(&["-n", "by-hand"]);
    cli
}

fn ids(jobs: &Value) -> Vec<&str> {
    jobs.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect()
}

#[test]
fn every_state_is_a_table() {
    let cli = one_of_each();
    let mut shown = cli.ok(&["stats"]);
    for state in ["waiting", "active", "completed", "failed", "delayed"] {
        shown += &format!("\n{state}\n{}", cli.ok(&[state]));
    }
    shown += &format!("\nnothing\n{}", cli.ok(&["failed", "--queue", NOTIFICATION]));
    assert_output!("states", shown);
}

#[test]
fn a_job_is_shown_whole() {
    let cli = one_of_each();
    cli.redis::<()>(r#"HSET {q}:2 stacktrace ["Error:disk-full"]"#);
    let failed = cli.ok(&["get", "2"]);
    let active = cli.ok(&["get", "3", "--queue", "replication"]);
    assert_output!("get", format!("{failed}\n{active}"));
    assert_output!("get-json", serde_json::to_string_pretty(&cli.json(&["get", "2"])).unwrap());
    assert_eq!(ids(&cli.json(&["get", "1", "5"])), ["1", "5"]);
    let partly = cli.run(&["get", "99", "1"]);
    assert_eq!(partly.code, Some(1));
    assert!(partly.stdout.contains("completed") || partly.stdout.contains("rows"));
    assert!(partly.stderr.contains("no job 99"), "{}", partly.stderr);
}

#[test]
fn counts_and_lists_are_json_too() {
    let cli = one_of_each();
    let stats = cli.json(&["stats"]);
    assert_eq!(
        stats[0],
        json!({
            "queue": REPLICATION, "waiting": 1, "active": 1, "completed": 1, "failed": 1,
            "delayed": 1, "paused": 0
        })
    );
    assert_eq!(stats.as_array().unwrap().len(), pipeline::Step::all().count());
    let failed = cli.json(&["failed"]);
    assert_eq!(failed[0]["failedReason"], "disk full\nwhile restoring answers");
    assert_eq!((&failed[0]["queue"], &failed[0]["attemptsMade"]), (&json!(REPLICATION), &json!(1)));
    assert_eq!(cli.json(&["completed"])[0]["returnValue"], json!({ "rows": 3 }));
    assert_eq!(cli.json(&["completed", "--queue", NOTIFICATION]), json!([]));
}

#[test]
fn a_job_that_waits_for_its_next_try_tells_when() {
    let cli = Cli::new();
    let id = cli.add_active(&["--attempts", "3"]);
    let before = chrono_ms();
    cli.ok(&["fail", &id, "no disk", "--queue", REPLICATION]);
    let _: () = cli.redis(&format!("ZADD {{q}}:delayed {} {id}", (before + 90_000) * 4096));
    let _: () = cli.redis(&format!("LREM {{q}}:wait 0 {id}"));
    let due = cli.json(&["delayed"])[0]["due"].as_str().unwrap().to_owned();
    let due: chrono::DateTime<chrono::Utc> = due.parse().unwrap();
    assert_eq!(due.timestamp_millis() as u128, before + 90_000);
    let table = cli.ok(&["delayed"]);
    let shown = due.format("%Y-%m-%d %H:%M:%S").to_string();
    assert!(table.contains(&shown) && table.contains("no disk"), "{table}");
}

#[test]
fn a_part_of_a_list_can_be_asked_for() {
    let cli = Cli::new();
    for _ in 0..5 {
        cli.add(&[]);
    }
    // Added two hours ago.
    let long_ago = chrono_ms() - 2 * 3_600_000;
    cli.redis::<()>(&format!("HSET {{q}}:1 timestamp {long_ago}"));
    assert_eq!(ids(&cli.json(&["waiting"])), ["1", "2", "3", "4", "5"]);
    assert_eq!(ids(&cli.json(&["waiting", "-s", "1", "-e", "2"])), ["2", "3"]);
    assert_eq!(ids(&cli.json(&["waiting", "--start", "4"])), ["5"]);
    assert!(ids(&cli.json(&["waiting", "-s", "3", "-e", "1"])).is_empty());
    assert_eq!(ids(&cli.json(&["waiting", "-t", "1h", "-e", "1"])), ["2"]);
    assert_eq!(ids(&cli.json(&["waiting", "--timeAgo", "3 hours", "-e", "1"])), ["1", "2"]);
    cli.ok(&["pause", "--queue", REPLICATION]);
    assert_eq!(ids(&cli.json(&["waiting"])).len(), 5, "who waits in a paused queue waits too");
}

fn chrono_ms() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()
}

#[test]
fn jq_filters_see_what_bull_repl_gave_them() {
    let cli = one_of_each();
    let filter = "[.root[] | select(.attemptsMade > 0) | {id, failedReason}]";
    let failed = cli.ok(&["failed", "-q", filter]);
    assert_output!("jq", failed);
    let queried = cli.json(&["failed", "--query", "{root: [.root[].id], more: 1}"]);
    assert_eq!(queried, json!(["2"]), "a root is unwrapped");
    assert_eq!(cli.ok(&["failed", "-q", ".root[] | .id, .name"]), "\"2\"\n\"__default__\"\n");
    let times = cli.json(&["failed", "-q", r#".root[0].timestamp | test("^\\d{4}-.*Z$")"#]);
    assert_eq!(times, json!(true));
}

#[test]
fn logs_are_written_and_read() {
    let cli = Cli::new();
    let id = cli.add(&[]);
    for text in ["one", "two", "three"] {
        cli.ok(&["log", &id, text]);
    }
    assert_eq!(cli.json(&["log", &id, "four"])["logged"]["count"], 4);
    assert_eq!(cli.ok(&["logs", &id]), "one\ntwo\nthree\nfour\ncount: 4\n");
    assert_eq!(cli.ok(&["logs", &id, "-s", "1", "-e", "2"]), "two\nthree\ncount: 4\n");
    assert_eq!(cli.json(&["logs", &id, "-s", "-1"]), json!(["four"]));
    assert_eq!(cli.run(&["log", "99", "text"]).code, Some(1));
}

#[test]
fn repeatable_jobs_are_listed_and_removed() {
    let cli = Cli::new();
    let cron = r#"{"cron": "10 5 * * *", "tz": "Europe/Paris"}"#;
    cli.add(&["--repeat", cron]);
    cli.add(&["--repeat", "1h", "-n", "hourly"]);
    let listed = cli.json(&["repeatables"]);
    let keys: Vec<_> = listed.as_array().unwrap().iter().map(|job| &job["key"]).collect();
    assert_eq!(keys.len(), 2);
    let nightly = "__default__:::Europe/Paris:10 5 * * *";
    assert!(keys.contains(&&json!(nightly)), "{listed:#}");
    let table = cli.ok(&["repeatables", "--queue", REPLICATION]);
    for text in [nightly, "every 3600000 ms", "Europe/Paris", "hourly", "count: 2"] {
        assert!(table.contains(text), "{table}");
    }
    assert_eq!(
        cli.ok(&["repeatables", "rm", nightly, "--yes"]),
        format!("removed job {nightly} of {REPLICATION}\ncount: 1\n")
    );
    assert_eq!(cli.json(&["repeatables"]).as_array().unwrap().len(), 1);
    assert_eq!(cli.count("delayed"), 1, "its next occurrence went too");
    let again = cli.run(&["repeatables", "rm", nightly, "--yes"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains(nightly), "{}", again.stderr);
}

#[test]
fn help_and_completions_need_no_redis() {
    let cli = Cli::new();
    let away = ["--redis-url", "redis://127.0.0.1:1"];
    let help = cli.ok(&[&away[..], &["--help"]].concat());
    assert_output!("help", help);
    assert_output!("help-of-clean", cli.ok(&["clean", "--help"]));
    for shell in ["bash", "zsh", "fish"] {
        let script = cli.ok(&[&away[..], &["completions", shell]].concat());
        for word in ["retry-failed", "learning-content-replication", "time-ago"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
    let script = cli.ok(&["completions", "bash"]);
    let file = cli.home.path().join("completions");
    std::fs::write(&file, script).unwrap();
    let complete = format!(
        "source {}; COMP_WORDS=(queue-cli retry-f); COMP_CWORD=1; \
         function=$(complete -p queue-cli | sed 's/.* -F \\([^ ]*\\) .*/\\1/'); \
         \"$function\" queue-cli retry-f queue-cli; \
         echo \"${{COMPREPLY[@]}}\"",
        file.display()
    );
    let bash = std::process::Command::new("bash").args(["-c", &complete]).output().unwrap();
    assert_eq!(String::from_utf8(bash.stdout).unwrap(), "retry-failed\n");
}
