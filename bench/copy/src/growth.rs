//! Growth of the time with the size, as Markdown.

use comfy_table::{CellAlignment, Table, presets};

use crate::contestant::Contestant;
use crate::record::Record;
use crate::table::median;

/// The smallest and the largest scale in `records`, for those `contestants` that were measured at both;
/// `None` if there are none.
pub(crate) fn render(records: &[Record], contestants: &[Contestant]) -> Option<String> {
    let scales = || records.iter().map(|record| record.scale);
    let (small, large) = (scales().reduce(f64::min)?, scales().reduce(f64::max)?);
    let seconds = |contestant: Contestant, scale: f64| {
        let own: Vec<f64> = records
            .iter()
            .filter(|record| record.contestant == contestant && record.is_of(scale))
            .map(|record| record.usage.seconds)
            .collect();
        (!own.is_empty()).then(|| median(&own))
    };
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        String::new(),
        format!("scale {small}: s"),
        format!("scale {large}: s"),
        format!("× as long for {:.1} × the rows", large / small),
    ]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for contestant in contestants {
        let both = (seconds(*contestant, small), seconds(*contestant, large));
        if let (Some(few), Some(many)) = both {
            table.add_row([
                contestant.title().to_owned(),
                format!("{few:.1}"),
                format!("{many:.1}"),
                format!("{:.2}", many / few),
            ]);
        }
    }
    (small < large && table.row_count() > 0).then(|| table.to_string())
}
