//! `events` and `watch` where stdout is no terminal.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{Cli, LIMIT, REPLICATION};

/// The program running, with its lines as they come.
struct Stream {
    child: Child,
    lines: Receiver<String>,
}

impl Stream {
    /// Starts the program and waits for its first line, on stderr or stdout.
    fn start(cli: &Cli, arguments: &[&str]) -> (Self, String) {
        let mut command = cli.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let pipes: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for pipe in pipes {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let stream = Self { child, lines };
        let first = stream.next();
        (stream, first)
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("a line in time")
    }

    /// The next line that holds `text`.
    fn until(&self, text: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Ctrl-C; answers the exit code.
    fn interrupt(mut self) -> Option<i32> {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_are_told_as_they_happen() {
    let cli = Cli::new();
    let (events, first) = Stream::start(&cli, &["events"]);
    assert!(first.starts_with("listening to Replication queue, "), "{first}");
    let job = cli.add_active(&[]);
    events.until(&format!("{REPLICATION}: job {job} waits"));
    cli.ok(&["fail", &job, "no disk"]);
    events.until(&format!("{REPLICATION}: job {job} has failed: no disk"));
    cli.ok(&["pause", "--queue", "notification"]);
    events.until("Notification queue: the queue is paused");
    assert_eq!(events.interrupt(), Some(0));
}

#[test]
fn events_are_json_lines_too() {
    let cli = Cli::new();
    let (events, first) = Stream::start(&cli, &["events", "--json", "--queue", REPLICATION]);
    assert!(first.starts_with("listening to Replication queue;"), "{first}");
    let job = cli.add_active(&[]);
    cli.ok(&["complete", &job, r#"{"rows":3}"#]);
    let event: Value = serde_json::from_str(&events.until("completed")).unwrap();
    assert_eq!(event["queue"], REPLICATION);
    assert_eq!(event["jobId"], job.as_str());
    assert_eq!(event["payload"]["rows"], 3);
    assert!(event["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(events.interrupt(), Some(0));
}

#[test]
fn watch_tells_only_what_changed() {
    let cli = Cli::new();
    let arguments = ["watch", "-i", "100ms", "--queue", REPLICATION];
    let (watch, first) = Stream::start(&cli, &arguments);
    assert!(
        first.ends_with(
            "Replication queue: 0 waiting, 0 active, 0 completed, 0 failed, 0 delayed, 0 paused"
        ),
        "{first}"
    );
    let job = cli.add(&[]);
    // Had it told the same again, this would not be the next line.
    assert!(watch.next().contains(": 1 waiting, 0 active"));
    cli.redis::<()>("LMOVE {q}:wait {q}:active LEFT LEFT");
    assert!(watch.next().contains(": 0 waiting, 1 active"));
    assert!(watch.next().ends_with(&format!("job {job} runs, try 1 of 1: no progress yet")));
    cli.redis::<()>(&format!("HSET {{q}}:{job} progress 42"));
    watch.until("runs, try 1 of 1: 42 %");
    assert_eq!(watch.interrupt(), Some(0));
}

#[test]
fn watch_is_json_lines_too() {
    let cli = Cli::new();
    let job = cli.add_active(&[]);
    let arguments = ["watch", "-i", "100ms", "--json", "--queue", REPLICATION];
    let (watch, first) = Stream::start(&cli, &arguments);
    let look: Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&look["queue"], &look["active"]), (&REPLICATION.into(), &1.into()));
    assert_eq!(look["running"][0]["id"], job.as_str());
    cli.redis::<()>(&format!("HSET {{q}}:{job} progress 42"));
    let look: Value = serde_json::from_str(&watch.next()).unwrap();
    assert_eq!(look["running"][0]["progress"], 42);
    assert_eq!(watch.interrupt(), Some(0));
}

#[test]
fn a_reader_that_has_gone_ends_a_stream() {
    let cli = Cli::new();
    let mut command = cli.command(&["watch", "-i", "50ms", "--queue", REPLICATION]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    // Each change is one more line that nobody reads.
    let ended = test_servers::wait_for(LIMIT, || {
        cli.add(&[]);
        child.try_wait().unwrap().is_some()
    });
    let _ = child.kill();
    assert!(ended);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
