//! Tables of medians and ratios, as Markdown.

use comfy_table::{CellAlignment, Table, presets};

use crate::contestant::Contestant;
use crate::record::Record;
use crate::usage::Usage;

const MEGABYTE: f64 = 1e6;

/// A column of ratios: its title, and the contestant to compare with.
pub(crate) type Baseline = (&'static str, fn(Contestant) -> Option<Contestant>);

/// The table of these contestants.
pub(crate) fn render(
    records: &[Record],
    contestants: &[Contestant],
    baselines: &[Baseline],
) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let mut header = vec!["", "s, median (lowest-highest)"];
    header.extend(baselines.iter().map(|(title, _)| title));
    header.extend([
        "client MB",
        "disk MB",
        "client CPU s",
        "source CPU s",
        "target CPU s",
        "busy %",
    ]);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for contestant in contestants {
        let seconds = values(records, *contestant, |usage| usage.seconds);
        if seconds.is_empty() {
            continue;
        }
        let middle = |value: fn(&Usage) -> f64, digits: usize| {
            format!("{:.digits$}", median(&values(records, *contestant, value)))
        };
        let highest = values(records, *contestant, |usage| usage.client_memory as f64)
            .into_iter()
            .fold(0.0, f64::max);
        let mut row = vec![contestant.title().to_owned(), spread(&seconds, 1)];
        row.extend(
            baselines.iter().map(|(_, than)| ratio(records, than(*contestant), *contestant)),
        );
        row.extend([
            format!("{:.0}", highest / MEGABYTE),
            middle(|usage| usage.disk as f64 / MEGABYTE, 0),
            middle(|usage| usage.client_cpu, 1),
            middle(|usage| usage.source_cpu, 1),
            middle(|usage| usage.target_cpu, 1),
            middle(|usage| usage.busy * 100.0, 0),
        ]);
        table.add_row(row);
    }
    table.to_string()
}

fn values(records: &[Record], contestant: Contestant, value: fn(&Usage) -> f64) -> Vec<f64> {
    let own = records.iter().filter(|record| record.contestant == contestant);
    own.map(|record| value(&record.usage)).collect()
}

/// The ratio of each round, because the two ran soon after each other.
fn ratio(records: &[Record], than: Option<Contestant>, contestant: Contestant) -> String {
    let Some(than) = than else { return "-".into() };
    let theirs = values(records, than, |usage| usage.seconds);
    let own = values(records, contestant, |usage| usage.seconds);
    let ratios: Vec<f64> = theirs.iter().zip(&own).map(|(theirs, own)| theirs / own).collect();
    match than == contestant {
        true => "1".into(),
        false => spread(&ratios, 2),
    }
}

/// The median, with the lowest and the highest.
fn spread(values: &[f64], digits: usize) -> String {
    if values.is_empty() {
        return "-".into();
    }
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(0.0, f64::max);
    format!("{:.digits$} ({lowest:.digits$}-{highest:.digits$})", median(values))
}

/// The middle value.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}
