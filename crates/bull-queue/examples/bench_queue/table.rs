//! Medians and ratios, in a table.

use std::collections::HashMap;

use serde_json::Value;

use crate::compare::{CONTESTANTS, MEASURES};

/// Every number of every round, by contestant, measure, concurrency and name.
#[derive(Default)]
pub(crate) struct Measured(HashMap<(String, String, u32, String), Vec<f64>>);

impl Measured {
    pub(crate) fn note(&mut self, who: &str, measure: &str, concurrency: u32, result: &Value) {
        for (name, value) in result.as_object().into_iter().flatten() {
            let key = (who.to_owned(), measure.to_owned(), concurrency, name.clone());
            self.0.entry(key).or_default().extend(value.as_f64());
        }
    }

    fn rounds(&self, who: &str, measure: &str, concurrency: u32, name: &str) -> &[f64] {
        let key = (who.to_owned(), measure.to_owned(), concurrency, name.to_owned());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The ratio of each round, ours to theirs: the two ran one after the other.
    fn ratios(
        &self,
        [ours, theirs]: [&str; 2],
        measure: &str,
        concurrency: u32,
        name: &str,
    ) -> Vec<f64> {
        let ours = self.rounds(ours, measure, concurrency, name);
        let theirs = self.rounds(theirs, measure, concurrency, name);
        ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

fn number(value: f64, digits: usize) -> String {
    if value.is_nan() { "-".into() } else { format!("{value:.digits$}") }
}

/// The median of the rounds' ratios, with the lowest and the highest.
fn ratio(values: &[f64]) -> String {
    let lowest = values.iter().copied().fold(f64::NAN, f64::min);
    let highest = values.iter().copied().fold(f64::NAN, f64::max);
    if values.is_empty() {
        return "-".into();
    }
    format!("{:.2} ({lowest:.2}-{highest:.2})", median(values))
}

/// Prints Markdown.
pub(crate) fn print(measured: &Measured) {
    println!(
        "| | ours | ours, one thread | Bull | BullMQ | ours / Bull | one thread / Bull | ours / BullMQ |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (measure, concurrency) in MEASURES {
        let rows: &[(&str, &str, usize)] = match measure {
            "latency" => &[("median_ms", "ms", 2), ("p99_ms", "ms", 2)],
            _ => &[
                ("per_second", "jobs/s", 0),
                ("client_us", "µs of the client per job", 0),
                ("redis_us", "µs of Redis per job", 0),
            ],
        };
        for (name, unit, digits) in rows {
            let title = match (measure, *name) {
                ("run", _) => format!("run, concurrency {concurrency}"),
                ("add", _) => "add one by one".into(),
                ("bulk", _) => "add in bulk (1,000 a call)".into(),
                (_, "median_ms") => "add to start, median".into(),
                _ => "add to start, p99".into(),
            };
            let cells = CONTESTANTS.map(|who| {
                number(median(measured.rounds(who, measure, concurrency, name)), *digits)
            });
            let ratios = [["ours", "bull"], ["one-thread", "bull"], ["ours", "bullmq"]]
                .map(|pair| ratio(&measured.ratios(pair, measure, concurrency, name)));
            println!("| {title}, {unit} | {} | {} |", cells.join(" | "), ratios.join(" | "));
        }
    }
}
