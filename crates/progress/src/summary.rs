//! What a step did.

use std::time::{Duration, Instant};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// Objects that a summary names.
const MOST_SLOWEST: usize = 10;

/// What a step did, phase by phase.
///
/// Written as JSON, each phase has its `share` of the time, in percent, and there is a `total`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Summary {
    /// In the order they ran.
    pub phases: Vec<PhaseSummary>,
    /// The objects that took longest: ten at the most, the slowest first.
    #[serde(default)]
    pub slowest: Vec<ObjectSummary>,
}

impl Summary {
    /// All phases together, as one of the name `total`.
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

    /// Appends the phases of `other`; of the objects of both, the slowest stay.
    pub fn extend(&mut self, other: Self) {
        self.phases.extend(other.phases);
        for object in other.slowest {
            self.keep_if_slow(object);
        }
    }

    /// Its phase began before its board.
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
        let mut written = serializer.serialize_struct("Summary", 3)?;
        written.serialize_field("phases", &phases.collect::<Vec<_>>())?;
        written.serialize_field("total", &total)?;
        written.serialize_field("slowest", &self.slowest)?;
        written.end()
    }
}

impl From<PhaseSummary> for Summary {
    fn from(phase: PhaseSummary) -> Self {
        Self { phases: vec![phase], ..Self::default() }
    }
}

/// What one phase did.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct PhaseSummary {
    /// Such as `backup`.
    pub name: String,
    /// Objects handled: tables, indexes, statements.
    pub objects: u64,
    /// Rows copied; 0 where the phase does not count rows.
    pub rows: u64,
    /// Bytes written or copied; 0 where the phase moves none.
    pub bytes: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl PhaseSummary {
    /// A phase that has run since `start`.
    pub fn ended(name: &str, start: Instant) -> Self {
        Self { name: name.into(), seconds: start.elapsed().as_secs_f64(), ..Self::default() }
    }
}

/// What was done to one object.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct ObjectSummary {
    /// PostgreSQL's word, such as `TABLE DATA`, `INDEX` or `FK CONSTRAINT`.
    pub kind: String,
    /// Its name, as the log has it.
    pub name: String,
    /// Rows copied; 0 where it has none.
    pub rows: u64,
    /// Bytes copied; 0 where none were moved, or they were not counted.
    pub bytes: u64,
    /// How long it took, in seconds; of an object in parts, from the first one's start to the last
    /// one's end.
    pub seconds: f64,
}

/// To the millisecond: a clock's noise is nothing to read.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}
