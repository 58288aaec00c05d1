//! Objects of a run: those in progress, durations by kind, and the slowest.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, FixedOffset};

/// Number of slow objects that are kept for each kind.
const MOST_SLOWEST: usize = 3;

/// The kinds that are always reported, in order; each includes kinds that begin with its words.
pub(super) const KINDS: [&str; 5] =
    ["FK CONSTRAINT", "CONSTRAINT", "INDEX", "SEQUENCE", "TABLE DATA"];

type Time = DateTime<FixedOffset>;

/// Objects of a run; of those that have ended, only sums and the slowest are kept.
#[derive(Debug, Default)]
pub(super) struct Objects {
    running: BTreeMap<u64, Running>,
    /// Objects of which parts are missing.
    in_parts: HashMap<String, InParts>,
    kinds: Vec<ObjectKind>,
    seen: HashSet<u64>,
    /// Number of ended objects with an unknown duration.
    pub(super) without_start: u64,
}

/// An object in progress.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) title: String,
    pub(super) since: Time,
}

#[derive(Debug)]
struct InParts {
    /// Number of parts that have not ended.
    left: u64,
    since: Time,
}

/// Total duration of the objects of a kind.
#[derive(Debug, Default)]
pub(super) struct ObjectKind {
    pub(super) name: String,
    pub(super) objects: u64,
    pub(super) seconds: f64,
    /// Slowest first.
    pub(super) slowest: Vec<(String, f64)>,
}

impl Objects {
    pub(super) fn launching(&mut self, item: u64, title: &str, since: Time) {
        self.seen.insert(item);
        self.running.insert(item, Running { title: title.to_owned(), since });
    }

    /// An item ended. `kind` and `seconds` are given if the line contains them.
    pub(super) fn finished(
        &mut self,
        item: u64,
        title: &str,
        kind: Option<&str>,
        seconds: Option<f64>,
        now: Time,
    ) {
        let running = self.running.remove(&item);
        let known = seconds.or_else(|| Some(between(running.as_ref()?.since, now)));
        let Some(seconds) = known.filter(|seconds| seconds.is_finite()) else {
            self.without_start += 1;
            return;
        };
        let Some(name) = kind_of(title).or(kind) else { return };
        let place = self.kinds.iter().position(|kind| kind.name == name).unwrap_or_else(|| {
            self.kinds.push(ObjectKind { name: name.to_owned(), ..ObjectKind::default() });
            self.kinds.len() - 1
        });
        let kind = &mut self.kinds[place];
        kind.seconds += seconds;
        let Some((whole, parts)) = parts_of(title) else {
            kind.ended(title, seconds);
            return;
        };
        let since = before(now, seconds);
        let merged =
            self.in_parts.entry(whole.to_owned()).or_insert(InParts { left: parts, since });
        merged.since = merged.since.min(since);
        merged.left = merged.left.saturating_sub(1);
        if merged.left == 0 {
            let seconds = between(merged.since, now);
            self.in_parts.remove(whole);
            kind.ended(whole, seconds);
        }
    }

    /// Whether this item was launched before, so that it now belongs to another run.
    pub(super) fn has_seen(&self, item: u64) -> bool {
        self.seen.contains(&item)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.kinds.is_empty() && self.without_start == 0
    }

    /// In the order in which they were launched.
    pub(super) fn running(&self) -> impl Iterator<Item = &Running> {
        self.running.values()
    }

    pub(super) fn kind(&self, name: &str) -> Option<&ObjectKind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    /// Kinds other than [`KINDS`], in order of appearance.
    pub(super) fn other_kinds(&self) -> impl Iterator<Item = &ObjectKind> {
        self.kinds.iter().filter(|kind| !KINDS.contains(&kind.name.as_str()))
    }

    /// Discards what only the rest of the run would need.
    pub(super) fn close(&mut self) {
        self.seen = HashSet::new();
        self.in_parts = HashMap::new();
    }
}

impl ObjectKind {
    fn ended(&mut self, title: &str, seconds: f64) {
        self.objects += 1;
        let place = self.slowest.partition_point(|(_, one)| *one >= seconds);
        if place < MOST_SLOWEST {
            self.slowest.insert(place, (title.to_owned(), seconds));
            self.slowest.truncate(MOST_SLOWEST);
        }
    }
}

/// The element of [`KINDS`] that an object belongs to.
fn kind_of(title: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| {
        title.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// `TABLE DATA public.answers (part 2 of 4)` without its part, and the number of parts.
fn parts_of(title: &str) -> Option<(&str, u64)> {
    let (whole, part) = title.strip_suffix(')')?.rsplit_once(" (part ")?;
    let (part, parts) = part.split_once(" of ")?;
    let (part, parts): (u64, u64) = (part.parse().ok()?, parts.parse().ok()?);
    (1..=parts).contains(&part).then_some((whole, parts))
}

/// Seconds between two times; zero if the platform mixed up lines.
pub(super) fn between(from: Time, to: Time) -> f64 {
    (to - from).as_seconds_f64().max(0.0)
}

fn before(time: Time, seconds: f64) -> Time {
    #[expect(clippy::cast_possible_truncation, reason = "no object runs for centuries")]
    let milliseconds = (seconds * 1_000.0).round() as i64;
    chrono::TimeDelta::try_milliseconds(milliseconds)
        .and_then(|duration| time.checked_sub_signed(duration))
        .unwrap_or(time)
}
