//! Progress of a job as text.

use pipeline::progress_text;
use progress::Progress;
use serde::Deserialize;
use serde_json::Value;

/// This program's jobs report phase, percentage and more; a Node.js program may report anything.
pub(crate) fn text(progress: Option<&Value>) -> String {
    match (progress, ours(progress)) {
        (_, Some(ours)) => {
            let mut text = progress_text::sentence(&ours);
            let running = progress_text::running(&ours);
            if !running.is_empty() {
                text.push_str(": ");
                text.push_str(&running.join(", "));
            }
            text
        }
        (Some(Value::Number(percent)), None) => format!("{percent} %"),
        (progress, None) => crate::output::plain(progress),
    }
}

/// The same on several lines, with the objects in progress on lines of their own.
pub(crate) fn lines(progress: Option<&Value>) -> Vec<String> {
    let Some(ours) = ours(progress) else { return vec![text(progress)] };
    let mut lines = vec![progress_text::sentence(&ours)];
    lines.extend_from_slice(progress_text::running(&ours));
    lines
}

fn ours(progress: Option<&Value>) -> Option<Progress> {
    Progress::deserialize(progress?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_is_said_in_words() {
        let ours = json!({
            "phase": "copy", "percent": 41.7, "object": "INDEX b", "rows": 20, "bytes": 0,
            "running": ["TABLE DATA a", "INDEX b"], "seconds_left": 61,
        });
        assert_eq!(
            text(Some(&ours)),
            "copy, 42 %, 20 rows, 1 min 01 s left: TABLE DATA a, INDEX b"
        );
        assert_eq!(
            lines(Some(&ours)),
            ["copy, 42 %, 20 rows, 1 min 01 s left", "TABLE DATA a", "INDEX b"]
        );
        let start =
            json!({ "phase": "Backup", "percent": 0, "object": null, "rows": 0, "bytes": 0 });
        assert_eq!(text(Some(&start)), "Backup, 0 %");
        assert_eq!(text(Some(&json!(50))), "50 %");
        assert_eq!(text(Some(&json!("half"))), "half");
        assert_eq!(text(Some(&json!({ "done": 3 }))), r#"{"done":3}"#);
        assert_eq!(text(None), "");
        assert_eq!(lines(Some(&json!(50))), ["50 %"]);
    }
}
