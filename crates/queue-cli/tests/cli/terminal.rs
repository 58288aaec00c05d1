//! The program at a terminal.

use rexpect::session::{PtySession, spawn_command};

use crate::support::{Cli, LIMIT, NOTIFICATION, REPLICATION};

fn at_terminal(cli: &Cli, arguments: &[&str]) -> PtySession {
    let mut command = cli.command(arguments);
    command.stdin(std::process::Stdio::inherit());
    spawn_command(command, u64::try_from(LIMIT.as_millis()).ok()).unwrap()
}

/// What is still to be read, and the exit code.
fn end(mut session: PtySession) -> (String, Option<i32>) {
    let rest = session.exp_eof().unwrap();
    let code = match session.process().wait().unwrap() {
        rexpect::process::WaitStatus::Exited(_, code) => Some(code),
        _ => None,
    };
    (rest, code)
}

#[test]
fn it_asks_before_it_destroys() {
    let cli = Cli::new();
    let id = cli.add_failed("no disk");
    for (command, question) in [
        (&["rm", id.as_str()][..], "Remove job 1 of Replication queue? (y/n) "),
        (&["retry", &id], "Retry job 1 of Replication queue? (y/n) "),
        (
            &["retry-failed", "-Q", "replication"],
            "Retry 1 failed jobs of Replication queue? (y/n) ",
        ),
        (
            &["clean", "0", "-s", "failed", "-Q", "replication"],
            "Remove failed jobs older than 0 ms of Replication queue? (y/n) ",
        ),
    ] {
        for answer in ["n", "", "yess"] {
            let mut session = at_terminal(&cli, command);
            session.exp_string(question).unwrap();
            session.send_line(answer).unwrap();
            let (rest, code) = end(session);
            assert_eq!(code, Some(1), "{command:?} {answer:?}: {rest}");
            assert!(rest.contains("nothing was done"), "{rest}");
        }
    }
    let mut interrupted = at_terminal(&cli, &["rm", &id]);
    interrupted.exp_string("(y/n) ").unwrap();
    interrupted.send_control('c').unwrap();
    assert_eq!(end(interrupted).1, Some(1));
    assert_eq!(cli.count("failed"), 1);

    let mut session = at_terminal(&cli, &["rm", &id]);
    session.exp_string("(y/n) ").unwrap();
    session.send_line("y").unwrap();
    let (rest, code) = end(session);
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains(&format!("removed job {id} of {REPLICATION}")), "{rest}");
    assert_eq!(cli.count("failed"), 0);
}

#[test]
fn a_session_is_at_home() {
    let cli = Cli::new();
    cli.add_failed("no disk");
    let mut session = at_terminal(&cli, &["repl"]);
    session.exp_string("queue-cli> ").unwrap();
    // Tab completes what is not ambiguous.
    session.send("conn\tfull\t\n").unwrap();
    session.exp_string(&format!("connected to {REPLICATION}")).unwrap();
    session.exp_string(&format!("queue-cli | {REPLICATION}> ")).unwrap();
    session.send_line("failed").unwrap();
    session.exp_string("no disk").unwrap();
    session.exp_string("count: 1").unwrap();
    session.send_line("get 99").unwrap();
    session.exp_string("no job 99").unwrap();
    // A failure does not end it, and it asks as the program does.
    session.send_line("retry 1").unwrap();
    session.exp_string("(y/n) ").unwrap();
    session.send_line("y").unwrap();
    session.exp_string(&format!("retried job 1 of {REPLICATION}")).unwrap();
    session.send_line("watch -i 100ms").unwrap();
    session.exp_string("Ctrl-C ends").unwrap();
    session.send_control('c').unwrap();
    session.exp_string(&format!("queue-cli | {REPLICATION}> ")).unwrap();
    session.send_line("connect notification --password secret --host 127.0.0.1 --port 1").unwrap();
    session.exp_string("could not be reached").unwrap();
    session.send_line("events-on").unwrap();
    session.exp_string("showing the events of Replication queue").unwrap();
    cli.add(&[]);
    session.exp_string("job 2 waits").unwrap();
    session.send_line("events-off").unwrap();
    session.exp_string("not shown any more").unwrap();
    session.send_control('d').unwrap();
    assert_eq!(end(session).1, Some(0));

    let history =
        std::fs::read_to_string(cli.home.path().join(".local/state/queue-cli/history")).unwrap();
    assert!(history.contains("connect full-replication") && history.contains("retry 1"));
    assert!(!history.contains("secret"), "{history}");

    // The next session remembers.
    let mut session = at_terminal(&cli, &["repl", "-Q", "notification"]);
    session.exp_string(&format!("queue-cli | {NOTIFICATION}> ")).unwrap();
    session.send("\x1b[A\x1b[A").unwrap();
    session.flush().unwrap();
    session.exp_string("events-on").unwrap();
    session.send_control('u').unwrap();
    session.send_line("exit").unwrap();
    assert_eq!(end(session).1, Some(0));
}

#[test]
fn watch_refreshes_in_place() {
    let cli = Cli::new();
    let mut session = at_terminal(&cli, &["watch", "-i", "100ms"]);
    session.exp_string(NOTIFICATION).unwrap();
    session.exp_string("Ctrl-C ends").unwrap();
    let id = cli.add_active(&[]);
    cli.redis::<()>(&format!("HSET {{q}}:{id} progress 42"));
    let before = session.exp_string("try 1 of 1: 42 %").unwrap();
    assert!(before.contains("\x1b[2K"), "lines are taken back: {before:?}");
    session.send_control('c').unwrap();
    assert_eq!(end(session).1, Some(0));
}

#[test]
fn it_is_readable_without_colour() {
    let cli = Cli::new();
    cli.add_failed("no disk");
    for arguments in [&["stats"][..], &["failed"], &["get", "1"]] {
        let (shown, code) = end(at_terminal(&cli, arguments));
        assert_eq!(code, Some(0));
        assert!(shown.contains(REPLICATION) && !shown.contains('\x1b'), "{shown:?}");
    }
    let mut command = cli.command(&["--help"]);
    command.env("NO_COLOR", "1").stdin(std::process::Stdio::inherit());
    let (shown, _) = end(spawn_command(command, Some(30_000)).unwrap());
    assert!(shown.contains("retry-failed") && !shown.contains('\x1b'), "{shown:?}");
}
