use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use self::events::{Event, Events};
use super::{ProgressTracker, Weight};
use crate::{Context, Progress, ProgressSink};

#[path = "../../pg-replicate/tests/replication/support/events.rs"]
mod events;

#[derive(Default)]
struct Seen(Mutex<Vec<Progress>>);

impl ProgressSink for Seen {
    fn update(&self, progress: &Progress) {
        self.0.lock().unwrap().push(progress.clone());
    }
}

/// A tracker with a clock that only moves when told to.
struct Bench {
    seen: Arc<Seen>,
    time: Arc<Mutex<Instant>>,
    context: Context,
}

impl Bench {
    fn new() -> Self {
        let seen = Arc::<Seen>::default();
        let context = Context::new(CancellationToken::new(), Arc::clone(&seen) as _);
        Self { seen, time: Arc::new(Mutex::new(Instant::now())), context }
    }

    fn tracker(
        &self,
        phase: &str,
        share: (f64, f64),
        expected: impl Into<Weight>,
    ) -> ProgressTracker {
        let time = Arc::clone(&self.time);
        let clock = Arc::new(move || *time.lock().unwrap());
        ProgressTracker::new(&self.context, phase, share, expected.into(), clock)
    }

    fn pass(&self, milliseconds: u64) {
        *self.time.lock().unwrap() += Duration::from_millis(milliseconds);
    }

    fn last(&self) -> Progress {
        self.seen.0.lock().unwrap().last().unwrap().clone()
    }

    fn updates(&self) -> usize {
        self.seen.0.lock().unwrap().len()
    }
}

#[test]
fn the_percentage_counts_cost_within_the_phases_share() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (20.0, 60.0), Weight { cost: 200, bytes: 1_000 });
    let table = board.start("TABLE DATA", "public.a", Weight { cost: 100, bytes: 1_000 });
    bench.pass(1_000);
    table.advance(5, 500);
    let progress = bench.last();
    assert_eq!(progress.percent, 30.0);
    assert_eq!((progress.rows, progress.bytes, progress.bytes_total), (5, 500, Some(1_000)));
    assert_eq!(progress.running, ["TABLE DATA public.a"]);
    // An index counts when it ends.
    let index = board.start("INDEX", "public.a_i", Weight::cost(100));
    bench.pass(1_000);
    table.advance(0, 500);
    assert_eq!(bench.last().percent, 40.0);
    assert_eq!(bench.last().running, ["TABLE DATA public.a", "INDEX public.a_i"]);
    table.end(12);
    bench.pass(1_000);
    index.end(0);
    // The last percent is reserved for the end of the phase.
    assert_eq!(bench.last().percent, 20.0 + 40.0 * 0.99);
    let summary = board.finish();
    assert_eq!(bench.last().percent, 60.0);
    assert!(bench.last().running.is_empty());
    let phase = &summary.phases[0];
    assert_eq!((phase.objects, phase.rows, phase.bytes, phase.seconds), (2, 12, 1_000, 3.0));
}

#[test]
fn it_never_goes_back_and_bears_low_estimates() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (0.0, 100.0), 100);
    let mut before = 0.0;
    for number in 0..5 {
        let object = board.start("TABLE DATA", &format!("t{number}"), 50);
        for _ in 0..4 {
            bench.pass(500);
            object.advance(1, 40);
            let percent = bench.last().percent;
            assert!(percent >= before && percent < 100.0, "{percent} after {before}");
            before = percent;
        }
        if number % 2 == 0 {
            object.end(0);
        }
    }
    let progress = bench.last();
    assert!(progress.bytes <= progress.bytes_total.unwrap(), "{progress:?}");
    assert_eq!(board.finish().phases[0].objects, 3);
    assert_eq!(bench.last().percent, 100.0);
}

#[test]
fn reports_are_rare_however_many_chunks() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (0.0, 100.0), 1_000_000);
    let object = board.start("TABLE DATA", "a", 1_000_000);
    for _ in 0..1_000 {
        bench.pass(1);
        object.advance(1, 1_000);
    }
    assert!((4..=7).contains(&bench.updates()), "{}", bench.updates());
}

#[test]
fn the_rate_is_that_of_the_last_seconds() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (0.0, 100.0), 1_000_000);
    let object = board.start("TABLE DATA", "a", 1_000_000);
    assert_eq!(bench.last().bytes_per_second, None);
    for _ in 0..20 {
        bench.pass(1_000);
        object.advance(0, 1_000);
    }
    assert_eq!(bench.last().bytes_per_second, Some(1_000));
    for _ in 0..15 {
        bench.pass(1_000);
        object.advance(0, 10);
    }
    assert_eq!(bench.last().bytes_per_second, Some(10));
}

#[test]
fn bytes_told_at_the_end_are_no_rate() {
    let bench = Bench::new();
    let board = bench.tracker("restore", (0.0, 100.0), 1_000);
    let object = board.start("TABLE DATA", "a", 1_000);
    bench.pass(20_000);
    object.end_with(7, 1_000);
    let progress = bench.last();
    assert_eq!((progress.rows, progress.bytes), (7, 1_000));
    assert_eq!(progress.bytes_per_second, None);
    assert_eq!(board.finish().slowest[0].bytes, 1_000);
}

#[test]
fn the_time_left_is_the_steps() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (0.0, 50.0), 1_000);
    let object = board.start("TABLE DATA", "a", 1_000);
    assert_eq!(bench.last().seconds_left, None);
    bench.pass(10_000);
    object.advance(0, 250);
    // 30 s more of this phase, and 40 s for the half of the step after it.
    assert_eq!(bench.last().seconds_left, Some(70));
}

#[test]
fn parts_are_one_object() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (0.0, 100.0), 100);
    let first = board.start_part("TABLE DATA", "public.a", (1, 2), 50);
    bench.pass(1_000);
    let second = board.start_part("TABLE DATA", "public.a", (2, 2), 50);
    bench.pass(1_000);
    assert_eq!(
        bench.last().running,
        ["TABLE DATA public.a (part 1 of 2)", "TABLE DATA public.a (part 2 of 2)"]
    );
    first.advance(3, 30);
    first.end(0);
    bench.pass(2_000);
    second.advance(0, 20);
    second.end(4);
    let summary = board.finish();
    assert_eq!(summary.phases[0].objects, 1);
    let [object] = &summary.slowest[..] else { panic!("{summary:?}") };
    assert_eq!((object.kind.as_str(), object.name.as_str()), ("TABLE DATA", "public.a"));
    assert_eq!((object.rows, object.bytes, object.seconds), (7, 50, 4.0));
}

#[test]
fn the_ten_slowest_of_all_phases_stay() {
    let bench = Bench::new();
    let mut summary = crate::Summary::default();
    for phase in ["copy", "enrichment"] {
        let board = bench.tracker(phase, (0.0, 100.0), 0);
        for seconds in 1..=8 {
            let object = board.start("INDEX", &format!("{phase} {seconds}"), Weight::cost(1));
            bench.pass(seconds * 1_000);
            object.end(0);
        }
        summary.extend(board.finish());
    }
    let seconds: Vec<f64> = summary.slowest.iter().map(|object| object.seconds).collect();
    assert_eq!(seconds, [8.0, 8.0, 7.0, 7.0, 6.0, 6.0, 5.0, 5.0, 4.0, 4.0]);
    assert_eq!(summary.phases.len(), 2);
}

#[test]
fn a_dropped_object_has_not_ended() {
    let bench = Bench::new();
    let board = bench.tracker("copy", (0.0, 100.0), 100);
    let failed = board.start("TABLE DATA", "a", 100);
    failed.advance(3, 0);
    drop(failed);
    bench.pass(1_000);
    let other = board.start("TABLE DATA", "b", 0);
    assert_eq!(bench.last().running, ["TABLE DATA b"]);
    bench.pass(1_000);
    other.end(0);
    assert_eq!(bench.last().percent, 0.0);
    assert!(bench.last().running.is_empty());
    let summary = board.finish();
    assert_eq!((summary.phases[0].objects, summary.phases[0].rows), (1, 0));
    assert_eq!(summary.slowest.len(), 1);
}

#[test]
fn an_old_return_value_is_read() {
    let old = r#"{"phases":[{"name":"backup","objects":1,"rows":0,"bytes":2,"seconds":0.5}]}"#;
    let summary: crate::Summary = serde_json::from_str(old).unwrap();
    assert_eq!(summary.phases.len(), 1);
    assert!(summary.slowest.is_empty());
}

#[test]
fn an_old_progress_is_read_and_a_plain_one_is_written_as_before() {
    let old = r#"{"phase":"backup","percent":3.0,"object":null,"rows":0,"bytes":2}"#;
    let progress: Progress = serde_json::from_str(old).unwrap();
    assert_eq!(serde_json::to_string(&progress).unwrap(), old);
}

/// `LEVEL message fields` of what is logged.
fn lines(work: impl FnOnce(&Bench, &ProgressTracker)) -> Vec<String> {
    let (events, _guard) = Events::capture();
    let bench = Bench::new();
    work(&bench, &bench.tracker("copy", (0.0, 100.0), 100));
    let line = |event: Event| format!("{} {} {}", event.level, event.message, event.fields);
    events.all().into_iter().map(line).collect()
}

/// Operators' log analysis relies on pg_restore's wording.
#[test]
fn start_and_end_are_those_of_pg_restore() {
    let lines = lines(|bench, board| {
        let table = board.start_part("TABLE DATA", "public.answers", (2, 4), 100);
        bench.pass(1_500);
        table.advance(0, 70);
        table.end(7);
        drop(board.start("FK CONSTRAINT", "public.answers answers_fk", Weight::cost(1)));
    });
    assert_eq!(
        lines,
        [
            "INFO launching item 1 TABLE DATA public.answers (part 2 of 4) item=1 \
             kind=TABLE DATA object=public.answers (part 2 of 4)",
            "INFO finished item 1 TABLE DATA public.answers (part 2 of 4) item=1 \
             kind=TABLE DATA object=public.answers (part 2 of 4) rows=7 bytes=70 seconds=1.5",
            "INFO launching item 2 FK CONSTRAINT public.answers answers_fk item=2 \
             kind=FK CONSTRAINT object=public.answers answers_fk",
            "DEBUG item 2 FK CONSTRAINT public.answers answers_fk did not end item=2 \
             kind=FK CONSTRAINT object=public.answers answers_fk",
        ]
    );
}

#[test]
fn a_huge_schema_does_not_flood_the_log() {
    let lines = lines(|bench, board| {
        for number in 0..20_000 {
            let object = board.start("INDEX", &format!("i{number}"), Weight::cost(1));
            // One in a thousand takes long.
            bench.pass(if number % 1_000 == 999 { 11_000 } else { 0 });
            object.end(0);
        }
    });
    let seen: Vec<&String> = lines.iter().filter(|line| line.starts_with("INFO")).collect();
    assert_eq!(seen.len(), 2 * 5_000 + 1 + 15, "and all of them at debug: {}", lines.len());
    assert_eq!(lines.len(), 40_001);
}
