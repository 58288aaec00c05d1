//! docs/report.md says what is so.

use progress::{Progress, Summary};
use serde_json::Value;
use shared_steps::summary_table;

const PAGE: &str = include_str!("../../../../docs/report.md");

/// The blocks of one language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_examples_are_what_is_written() {
    let [progress, summary] = blocks("json")[..] else { panic!("two examples") };
    let same = |text: &str, written: Value| {
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), written);
    };
    let read: Progress = serde_json::from_str(progress).unwrap();
    same(progress, serde_json::to_value(read).unwrap());
    let read: Summary = serde_json::from_str(summary).unwrap();
    same(summary, serde_json::to_value(&read).unwrap());
    let [table] = blocks("text")[..] else { panic!("one table") };
    assert_eq!(table.trim_end(), summary_table::render(&read, None));
}
