//! `repl` from a script.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Cli, Finished, NOTIFICATION, REPLICATION};

/// Runs `lines` in a session.
fn session(cli: &Cli, lines: &str) -> Finished {
    let mut command = cli.command(&["repl"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_script_is_a_session() {
    let cli = Cli::new();
    let done = session(
        &cli,
        "# a night by hand\n\nconnect 'Replication queue'\nadd '{\"x\": 1}'\n\
         connect notification\nadd '{}' --json\nrm 1 -y\nrm 1 -y --queue replication\nexit\nstat",
    );
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert_eq!(
        done.stdout,
        format!(
            "added job 1 to {REPLICATION}\n{{\n  \"added\": {{\n    \"queue\": \"{NOTIFICATION}\",\n    \
             \"id\": \"1\"\n  }}\n}}\nremoved job 1 of {NOTIFICATION}\ncount: 1\n\
             removed job 1 of {REPLICATION}\ncount: 1\n"
        )
    );
    assert!(done.stderr.contains(&format!("connected to {REPLICATION} at redis://127.0.0.1")));
    assert!(!cli.home.path().join(".local").exists(), "a script has no history");
}

#[test]
fn a_script_ends_with_its_first_failure() {
    let cli = Cli::new();
    for (line, code, why) in [
        ("get 99", 1, "no job 99"),
        ("stat", 2, "stats"),
        ("add '{", 2, "quotation"),
        ("connect nightly", 2, "\"Notification queue\" (notification)"),
        ("connect notification --prefix other", 2, "prefix"),
        ("connect notification -u redis://:hidden@127.0.0.1:1", 3, "could not be reached"),
    ] {
        let ended = session(&cli, &format!("{line}\nadd '{{}}' --queue notification\n"));
        assert_eq!(ended.code, Some(code), "{line}: {ended:#?}");
        assert!(ended.stderr.contains(why) && !ended.stderr.contains("hidden"), "{ended:#?}");
    }
    assert_eq!(cli.json(&["waiting"]), serde_json::json!([]));
    let asked = session(&cli, "connect notification\nobliterate\n");
    assert_eq!(asked.code, Some(2));
    assert!(asked.stderr.contains("Nobody can be asked"), "{}", asked.stderr);
}

#[test]
fn connect_chooses_another_redis_and_runs_a_command() {
    let (cli, other) = (Cli::new(), Cli::new());
    other.add(&[]);
    let port = other.redis_server().port();
    let line = format!("connect replication -h 127.0.0.1 -p {port} -e 'stats --json'\nstat\n");
    let done = session(&cli, &line);
    assert_eq!(done.code, Some(0), "{done:#?}");
    let stats: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(stats[0]["waiting"], 1);
    let by_url = session(&cli, &format!("connect replication --url {}\nget 1", other.redis_url()));
    assert_eq!(by_url.code, Some(0), "{by_url:#?}");
}
