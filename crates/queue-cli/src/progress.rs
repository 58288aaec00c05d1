//! How far a job is, in words.

use serde_json::Value;

/// Our jobs report phase, percent and object; a Node.js program may report anything.
pub(crate) fn text(progress: Option<&Value>) -> String {
    let Some(progress) = progress else {
        return String::new();
    };
    match progress {
        Value::Number(percent) => format!("{percent} %"),
        Value::Object(fields) => {
            let (Some(phase), Some(percent)) = (
                fields.get("phase").and_then(Value::as_str),
                fields.get("percent").and_then(Value::as_f64),
            ) else {
                return progress.to_string();
            };
            let object = fields.get("object").and_then(Value::as_str).unwrap_or_default();
            let rows = match fields.get("rows").and_then(Value::as_u64) {
                None | Some(0) => String::new(),
                Some(rows) => format!("{rows} rows"),
            };
            let percent = format!("{percent:.0} %");
            let parts = [phase, &percent, object, &rows];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            parts.join(", ")
        }
        other => crate::output::plain(Some(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_is_said_in_words() {
        let ours = json!({ "phase": "Copy data", "percent": 41.7, "object": "answers", "rows": 20, "bytes": 9 });
        assert_eq!(text(Some(&ours)), "Copy data, 42 %, answers, 20 rows");
        let start =
            json!({ "phase": "Backup", "percent": 0, "object": null, "rows": 0, "bytes": 0 });
        assert_eq!(text(Some(&start)), "Backup, 0 %");
        assert_eq!(text(Some(&json!(50))), "50 %");
        assert_eq!(text(Some(&json!("half"))), "half");
        assert_eq!(text(Some(&json!({ "done": 3 }))), r#"{"done":3}"#);
        assert_eq!(text(None), "");
    }
}
