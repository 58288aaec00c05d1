//! A shell command run against a database: its environment, its output, its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pg_replicate::Error;
use pg_replicate::shell::ShellCommand;
use progress::{CancellationToken, Context, Progress, ProgressSink};
use test_servers::wait_for;

const LIMIT: Duration = Duration::from_secs(60);

struct Nobody;

impl ProgressSink for Nobody {
    fn update(&self, _: &Progress) {}
}

fn command(text: &str) -> ShellCommand {
    let url_text = "postgres://target:s3cr%40t@db.staging.example:5433/app?sslmode=require";
    ShellCommand {
        command: text.into(),
        url: url_text.parse().unwrap(),
        url_text: url_text.into(),
        hidden: vec!["CARGO_PKG_NAME".into()],
        limit: None,
    }
}

async fn run(command: &ShellCommand) -> (Result<(), String>, Vec<String>) {
    let mut lines = Vec::new();
    let result =
        command.run("THE_COMMAND", &Context::quiet(), |line| lines.push(line.to_owned())).await;
    (result.map_err(|error| error.to_string()), lines)
}

fn is_alive(pid_file: &Path) -> bool {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    // A zombie is no process any more: it only waits for init.
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn it_finds_the_database_in_its_environment() {
    let (result, lines) = run(&command(
        "test \"$DATABASE_URL\" = 'postgres://target:s3cr%40t@db.staging.example:5433/app?sslmode=require' && \
         test \"$PGPASSWORD\" = 's3cr@t' && \
         echo \"$PGHOST $PGPORT $PGUSER $PGDATABASE ${CARGO_PKG_NAME-hidden} ${PG_REPLICATE_COMMAND-unset}\"",
    ))
    .await;
    assert_eq!(result, Ok(()), "{lines:?}");
    assert_eq!(lines, ["db.staging.example 5433 target app hidden unset"]);
}

#[tokio::test]
async fn both_streams_are_read_and_no_password_is_seen() {
    let (result, lines) = run(&command(
        "echo \"$DATABASE_URL\"; echo \"password: $PGPASSWORD\" >&2; printf 'no newline'; \
         tr '\\0' ' ' < /proc/$$/cmdline",
    ))
    .await;
    assert_eq!(result, Ok(()), "{lines:?}");
    let text = lines.join("\n");
    assert!(text.contains("postgres://target:***@db.staging.example"), "{text}");
    assert!(text.contains("password: ***") && text.contains("no newline"), "{text}");
    assert!(!text.contains("s3cr"), "{text}");
    assert!(text.contains("eval"), "the command line of the shell: {text}");
    assert!(!text.contains("no newline'"), "the command is on a command line: {text}");
}

#[tokio::test]
async fn a_failure_names_the_code_and_the_last_lines() {
    let (result, lines) = run(&command("seq 1 100; echo broken >&2; exit 7")).await;
    let error = result.unwrap_err();
    assert!(error.starts_with("THE_COMMAND failed (exit code 7): it wrote last:\n"), "{error}");
    assert!(error.contains("broken") && error.contains("\n99\n100"), "{error}");
    assert_eq!(error.lines().count(), 21, "{error}");
    assert_eq!(lines.len(), 101);

    let (result, _) = run(&command("kill -KILL $(sh -c 'echo $PPID')")).await;
    let error = result.unwrap_err();
    assert!(error.contains("exit code 137, as after SIGKILL"), "{error}");
    let (result, _) = run(&command("no-such-program-of-ours")).await;
    let error = result.unwrap_err();
    assert!(error.contains("exit code 127") && error.contains("not found"), "{error}");
    let (result, _) = run(&command("false")).await;
    assert_eq!(result.unwrap_err(), "THE_COMMAND failed (exit code 1): it wrote nothing");
}

#[tokio::test]
async fn a_long_line_is_cut_and_the_rest_is_read() {
    let (result, lines) =
        run(&command("head -c 100000 /dev/zero | tr '\\0' x; echo; echo end")).await;
    assert_eq!(result, Ok(()));
    assert!(lines.iter().all(|line| line.len() <= 16 * 1024));
    assert_eq!(lines.iter().map(String::len).sum::<usize>(), 100_000 + "end".len());
}

#[tokio::test]
async fn what_takes_too_long_is_ended_with_all_that_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let pid_file = directory.path().join("pid");
    let text = format!("echo begun; sh -c 'sleep 600 & echo $! > {}; wait'", pid_file.display());
    let slow = ShellCommand { limit: Some(Duration::from_secs(2)), ..command(&text) };
    let (result, _) = run(&slow).await;
    let error = result.unwrap_err();
    assert!(error.contains("it took longer than 2 s"), "{error}");
    assert!(error.contains("it wrote last:\nbegun"), "{error}");
    assert!(wait_for(LIMIT, || !is_alive(&pid_file)), "its child is still there");
}

#[tokio::test]
async fn it_ends_with_the_step_also_when_it_does_not_want_to() {
    let directory = tempfile::tempdir().unwrap();
    let pid_file = directory.path().join("pid");
    let text = format!(
        "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 1; done'",
        pid_file.display()
    );
    let cancel = CancellationToken::new();
    let context = Context::new(cancel.clone(), Arc::new(Nobody));
    let task = tokio::spawn(async move { command(&text).run("X", &context, |_| {}).await });
    let begun = || std::fs::read_to_string(&pid_file).is_ok_and(|text| text.ends_with('\n'));
    let limit = tokio::time::Instant::now() + LIMIT;
    while !begun() {
        assert!(tokio::time::Instant::now() < limit, "it does not begin");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cancel.cancel();
    assert!(matches!(task.await.unwrap(), Err(Error::Cancelled)));
    assert!(wait_for(LIMIT, || !is_alive(&pid_file)), "its child is still there");
}

#[tokio::test]
async fn what_it_leaves_running_does_not_hold_up_the_step() {
    let directory = tempfile::tempdir().unwrap();
    let pid_file = directory.path().join("pid");
    let text = format!("sleep 600 & echo $! > {}; echo done", pid_file.display());
    let (result, lines) = run(&command(&text)).await;
    assert_eq!((result, lines), (Ok(()), vec!["done".to_owned()]));
    assert!(wait_for(LIMIT, || !is_alive(&pid_file)), "its child is still there");
}
