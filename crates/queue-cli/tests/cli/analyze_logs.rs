//! `analyze-logs`: logs as platforms hand them out, and what is made of them.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Cli, Finished};

const REDIS_AWAY: [&str; 2] = ["--redis-url", "redis://127.0.0.1:1"];

/// A log in a file, and the program that has no Redis.
struct Log {
    cli: Cli,
    path: String,
}

impl Log {
    fn of(text: &str) -> Self {
        Self::of_bytes("night.log", text.as_bytes())
    }

    fn of_bytes(name: &str, bytes: &[u8]) -> Self {
        let cli = Cli::without_redis();
        let path = cli.home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap().to_owned();
        Self { cli, path }
    }

    fn run(&self, date: &str, more: &[&str]) -> Finished {
        let arguments = [&["analyze-logs", &self.path, date], more, &REDIS_AWAY].concat();
        let mut finished = self.cli.run(&arguments);
        finished.stderr = finished.stderr.replace(&self.path, "night.log");
        finished
    }

    fn ok(&self, date: &str) -> String {
        let finished = self.run(date, &[]);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished:#?}");
        finished.stdout
    }

    fn json(&self, date: &str) -> Value {
        let finished = self.run(date, &["--json"]);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        serde_json::from_str(&finished.stdout).unwrap()
    }
}

/// A record of ours without a platform around it.
fn record(time: &str, run: &str, fields: &Value, message: &str) -> String {
    let mut record = json!({
        "name": "pix", "hostname": "host", "pid": 7, "level": 30,
        "queue": "Replication queue", "run_id": run, "step": "full-replication",
        "msg": message, "time": time, "status": "info", "v": 0,
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        record[name] = value.clone();
    }
    format!("{record}\n")
}

fn item(time: &str, run: &str, verb: &str, item: u64, kind: &str, object: &str) -> String {
    let fields = json!({ "item": item, "kind": kind, "object": object });
    record(time, run, &fields, &format!("{verb} item {item} {kind} {object}"))
}

fn says(time: &str, run: &str, message: &str) -> String {
    record(time, run, &json!({}), message)
}

#[test]
fn todays_log_gives_todays_report() {
    let log = Log::of(include_str!("logs/2020-10-22.log"));
    insta::assert_snapshot!("analyze-logs-today", log.ok("2020-10-22"));
    insta::assert_snapshot!(
        "analyze-logs-json",
        serde_json::to_string_pretty(&log.json("2020-10-22")).unwrap()
    );
}

#[test]
fn the_newer_report_has_each_part_with_its_times() {
    let step = |time: &str, step: &str, message: &str| {
        record(&format!("2026-11-21T{time}Z"), "1-1", &json!({ "step": step }), message)
    };
    let (replication, update) = ("full-replication", "UPDATE \"authentication-methods\"");
    let night = [
        step("03:00:00", replication, "Start create Backup"),
        step("04:27:42", replication, "End create Backup"),
        step("04:27:42", replication, "Start drop Objects AndRestoreBackup"),
        step("04:28:00", replication, "End drop Objects AndRestoreBackup"),
        step("04:28:00", replication, "Start restore"),
        step("05:00:00", replication, "Restore done"),
        step("05:00:00", replication, "Start create view"),
        step("05:00:01", replication, "End create view"),
        step("05:00:01", replication, &format!("{update} - Started")),
        step("05:01:31", replication, &format!("{update} - Ended")),
        step("05:02:00", "incremental", "Start incremental replication"),
        step("05:12:00", "incremental", "Incremental replication done"),
        step("05:12:05", "learning-content", "learningContent.run - Started"),
        step("05:12:35", "learning-content", "learningContent.run - Ended"),
    ];
    let night = night.concat();
    let report = |text: &str| Log::of(text).run("2026-11-21", &["--format", "new"]).stdout;
    insta::assert_snapshot!("analyze-logs-new", report(&night));
    // A step that is run once more, and not to its end.
    let again = step("09:00:00", "learning-content", "learningContent.run - Started");
    let both = report(&format!("{night}{again}"));
    let second = both.split_once("\n\n").unwrap().1;
    assert!(second.starts_with("Run 1-1, 2026-11-21 09:00:00 +0000\n"), "{both}");
    assert!(second.contains("Durée du Learning Content: not finished (de 09:00:00)"), "{both}");
    // The older program's own log.
    let log = Log::of(include_str!("logs/2020-10-22.log"));
    let of_2020 = log.run("2020-10-22", &["--format", "new"]).stdout;
    assert!(of_2020.contains("Durée du restore: 8h 51min 17s (de "), "{of_2020}");
}

#[test]
fn several_runs_of_a_day_are_told_apart() {
    let log = Log::of(include_str!("logs/several-runs.log"));
    let finished = log.run("2026-11-21", &[]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(
        finished.stderr,
        "1 of 39 lines could not be read, the first is line 21: left out\n"
    );
    insta::assert_snapshot!("analyze-logs-several-runs", finished.stdout);
}

#[test]
fn a_run_over_midnight_is_of_the_day_it_began() {
    let text = [
        says("2026-11-20T23:10:00.000Z", "1-1", "Start create Backup"),
        says("2026-11-20T23:40:00.000Z", "1-1", "End create Backup"),
        says("2026-11-20T23:50:00.000Z", "1-1", "Start restore"),
        item("2026-11-20T23:55:00.000Z", "1-1", "launching", 1, "INDEX", "public.a_idx"),
        item("2026-11-21T00:05:30.000Z", "1-1", "finished", 1, "INDEX", "public.a_idx"),
        says("2026-11-21T00:06:00.000Z", "1-1", "Restore done"),
        says("2026-11-21T00:06:00.000Z", "1-1", "enrichment.add - Started"),
        says("2026-11-21T00:10:00.000Z", "1-1", "enrichment.add - Ended"),
    ];
    let log = Log::of(&text.concat());
    insta::assert_snapshot!("analyze-logs-midnight", log.ok("2026-11-20"));
    let none = log.run("2026-11-21", &[]);
    assert_eq!(none.code, Some(1));
    assert_eq!(
        none.stderr,
        "no run began on 2026-11-21 in night.log. It has 2026-11-21 (0 runs), 2026-11-20 (1 run)\n"
    );
    // The platform's own zone says another day.
    let prefixed: String = text
        .iter()
        .enumerate()
        .map(|(n, line)| format!("2026-11-21 00:1{n}:00.5 +0100 CET [worker-1] {line}"))
        .collect();
    let log = Log::of(&prefixed);
    let runs = log.json("2026-11-21");
    assert_eq!(runs["runs"][0]["started_at"], "2026-11-21T00:10:00+01:00");
    assert_eq!(runs["runs"][0]["total"]["seconds"], 3600.0);
}

#[test]
fn what_ran_when_the_log_ended_is_told() {
    let mut text = [
        says("2026-11-21T04:10:00.000Z", "9-2", "Starting job in Replication queue: 2"),
        says("2026-11-21T04:10:00.000Z", "9-2", "Start create Backup"),
        says("2026-11-21T05:00:00.000Z", "9-2", "End create Backup"),
        says("2026-11-21T05:00:05.000Z", "9-2", "Start restore"),
        item("2026-11-21T05:00:06.000Z", "9-2", "launching", 1, "TABLE DATA", "public.answers"),
        item("2026-11-21T05:00:06.000Z", "9-2", "launching", 2, "TABLE DATA", "public.users"),
        item("2026-11-21T05:10:06.000Z", "9-2", "finished", 2, "TABLE DATA", "public.users"),
    ]
    .concat();
    // Of another process; it tells how far the log goes.
    text += "{\"msg\":\"another job\",\"time\":\"2026-11-21T06:00:06.000Z\"}\n";
    insta::assert_snapshot!("analyze-logs-unfinished", Log::of(&text).ok("2026-11-21"));

    let found = "Failed job in Replication queue: 2 Move interrupted job in failed queue (Number of attempts: 0/10)";
    text += &says("2026-11-21T09:00:00.000Z", "9-2", found);
    insta::assert_snapshot!("analyze-logs-interrupted", Log::of(&text).ok("2026-11-21"));
}

#[test]
fn parts_of_a_table_are_one_object_and_their_times_all_count() {
    let part = |time: &str, n: u64, part: u64, seconds: f64| {
        let fields = json!({ "kind": "TABLE DATA", "seconds": seconds });
        let title = format!("TABLE DATA public.answers (part {part} of 2)");
        record(time, "1-1", &fields, &format!("finished item {n} {title}"))
    };
    let text = [
        says("2026-11-21T04:00:00.000Z", "1-1", "Start restore"),
        part("2026-11-21T04:10:00.000Z", 1, 1, 600.0),
        part("2026-11-21T04:15:00.000Z", 2, 2, 800.0),
    ];
    let kinds = &Log::of(&text.concat()).json("2026-11-21")["runs"][0]["kinds"];
    let wanted = json!([{
        "kind": "TABLE DATA", "objects": 1, "seconds": 1400.0,
        "slowest": [{ "object": "TABLE DATA public.answers", "seconds": 900.0 }],
    }]);
    assert_eq!(*kinds, wanted);
}

#[test]
fn a_wrong_date_lists_the_days() {
    let log = Log::of(include_str!("logs/2020-10-22.log"));
    for (date, code, wanted) in [
        ("2020-10-23", 1, "no run began on 2020-10-23 in night.log. It has 2020-10-22 (1 run)\n"),
        (
            "22/10/2020",
            2,
            "\"22/10/2020\" is no date: must be a date such as 2026-11-21. night.log has 2020-10-22 (1 run)\n",
        ),
        (
            "2020-10-2",
            2,
            "\"2020-10-2\" is no date: must be a date such as 2026-11-21. night.log has 2020-10-22 (1 run)\n",
        ),
    ] {
        let finished = log.run(date, &[]);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(code), wanted));
        assert_eq!(finished.stdout, "");
    }
    let other = Log::of("a text\nof another kind\n").run("2020-10-22", &[]);
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("has no line with a time"), "{}", other.stderr);
    let missing = log.cli.run(&["analyze-logs", "no-such.log", "2020-10-22"]);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.stderr.contains("no-such.log") && missing.stderr.contains("No such file"),
        "{}",
        missing.stderr
    );
}

#[test]
fn stdin_and_gzip_are_read_too() {
    let text = include_str!("logs/2020-10-22.log");
    let wanted = Log::of(text).ok("2020-10-22");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(Log::of_bytes("night.log.gz", &packed).ok("2020-10-22"), wanted);

    let cut = Log::of_bytes("cut.log.gz", &packed[..packed.len() - 10]).run("2020-10-22", &[]);
    assert_eq!(cut.code, Some(1), "{cut:#?}");
    assert!(cut.stderr.contains("could not be read"), "{}", cut.stderr);

    let mut child = stdin_reader();
    child.stdin.take().unwrap().write_all(&packed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
}

fn stdin_reader() -> std::process::Child {
    Cli::without_redis()
        .command(&["analyze-logs", "-", "2020-10-22"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let mut child = stdin_reader();
    let mut stdin = child.stdin.take().unwrap();
    let peak = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let mut night = |night: u64| {
        let run = format!("{night}-1");
        let mut text = says("2020-10-22T04:00:00.000Z", &run, "Start create Backup");
        for n in 0..2_000 {
            let object = format!("public.table_{n}");
            let time = "2020-10-22T04:00:01.000Z";
            text += &item(time, &run, "launching", n, "TABLE DATA", &object);
            text += &says(time, &run, &"words ".repeat(50));
            text += &item(time, &run, "finished", n, "TABLE DATA", &object);
        }
        text += &says("2020-10-22T05:00:00.000Z", &run, "enrichment.add - Ended");
        text += &says("2020-10-22T05:00:00.000Z", &run, "Completed job in Replication queue: 1");
        stdin.write_all(text.as_bytes()).unwrap();
    };
    // What it has written is behind it but for what a pipe holds.
    (0..4).for_each(&mut night);
    let early = peak();
    (4..14).for_each(&mut night);
    let late = peak();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().matches("Run ").count(), 14);
    assert!(late < early + 4 * 1024, "{early} kB after four nights, {late} kB after fourteen");
}
