//! Summary of a step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// Maximum number of objects in a summary.
const MOST_SLOWEST: usize = 10;

/// Summary of a step by phases.
///
/// As JSON, each phase has its `share` of the time in percent, and there is a `total`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Summary {
    /// In the order in which they ran.
    pub phases: Vec<PhaseSummary>,
    /// The slowest objects: at most ten, slowest first.
    #[serde(default)]
    pub slowest: Vec<ObjectSummary>,
    /// What had changed on the source since it was copied before, if anything.
    #[serde(default)]
    pub drift: Option<Box<serde_json::Value>>,
    /// What a copy found out about tables. Not part of the JSON.
    #[serde(skip)]
    pub facts: Box<CopyFacts>,
}

/// What a copy found out about tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopyFacts {
    /// The moment of the source that was copied, by its own clock.
    pub snapshot_at: Option<SystemTime>,
    /// The rows of each table that was copied whole, by `schema.table`.
    pub rows: BTreeMap<String, u64>,
    /// The tables that were compared with the source, by name without the schema `public`.
    pub compared: BTreeMap<String, Compared>,
}

/// A table that was compared with the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The rows on the target.
    pub rows: u64,
    /// Whether they are those of the source.
    pub is_equal: bool,
}

impl Summary {
    /// All phases together, as a phase named `total`.
    #[must_use]
    pub fn total(&self) -> PhaseSummary {
        let mut total = PhaseSummary { name: "total".into(), ..PhaseSummary::default() };
        for phase in &self.phases {
            total.objects += phase.objects;
            total.rows += phase.rows;
            total.bytes += phase.bytes;
            total.seconds += phase.seconds;
        }
        total
    }

    /// Appends the phases of `other`, and keeps the slowest objects of both.
    pub fn extend(&mut self, other: Self) {
        self.phases.extend(other.phases);
        for object in other.slowest {
            self.keep_if_slow(object);
        }
        self.drift = self.drift.take().or(other.drift);
        self.facts.snapshot_at = self.facts.snapshot_at.or(other.facts.snapshot_at);
        self.facts.rows.extend(other.facts.rows);
        self.facts.compared.extend(other.facts.compared);
    }

    /// Sets an earlier start: the phase began before its tracker.
    pub fn since(mut self, start: Instant) -> Self {
        for phase in &mut self.phases {
            phase.seconds = start.elapsed().as_secs_f64();
        }
        self
    }

    /// Keeps `object` if it is among the slowest.
    pub(crate) fn keep_if_slow(&mut self, object: ObjectSummary) {
        let place = self.slowest.partition_point(|one| one.seconds >= object.seconds);
        if place < MOST_SLOWEST {
            self.slowest.insert(place, object);
            self.slowest.truncate(MOST_SLOWEST);
        }
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shared<'a> {
            #[serde(flatten)]
            phase: &'a PhaseSummary,
            share: f64,
        }
        let total = self.total();
        let share = |phase: &PhaseSummary| {
            let share = if total.seconds > 0.0 { phase.seconds / total.seconds } else { 0.0 };
            // A percentage with one decimal.
            (share * 1_000.0).round() / 10.0
        };
        let phases = self.phases.iter().map(|phase| Shared { phase, share: share(phase) });
        let mut written =
            serializer.serialize_struct("Summary", 3 + usize::from(self.drift.is_some()))?;
        written.serialize_field("phases", &phases.collect::<Vec<_>>())?;
        written.serialize_field("total", &total)?;
        written.serialize_field("slowest", &self.slowest)?;
        if let Some(drift) = &self.drift {
            written.serialize_field("drift", drift)?;
        }
        written.end()
    }
}

impl From<PhaseSummary> for Summary {
    fn from(phase: PhaseSummary) -> Self {
        Self { phases: vec![phase], ..Self::default() }
    }
}

/// Summary of one phase.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct PhaseSummary {
    /// Such as `backup`.
    pub name: String,
    /// Objects handled: tables, indexes, statements.
    pub objects: u64,
    /// Rows copied; 0 if the phase does not count rows.
    pub rows: u64,
    /// Bytes written or copied; 0 if the phase moves none.
    pub bytes: u64,
    /// Its duration in seconds.
    pub seconds: f64,
}

impl PhaseSummary {
    /// A phase that started at `start` and ends now.
    pub fn ended(name: &str, start: Instant) -> Self {
        Self { name: name.into(), seconds: start.elapsed().as_secs_f64(), ..Self::default() }
    }
}

/// Summary of one object.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct ObjectSummary {
    /// PostgreSQL's term, such as `TABLE DATA`, `INDEX` or `FK CONSTRAINT`.
    pub kind: String,
    /// Its name, as in the log.
    pub name: String,
    /// Rows copied; 0 if it has none.
    pub rows: u64,
    /// Bytes copied; 0 if none were moved or they were not counted.
    pub bytes: u64,
    /// Its duration in seconds; for an object in parts, from the start of the first to the end of the last.
    pub seconds: f64,
}

/// Rounded to milliseconds.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}
