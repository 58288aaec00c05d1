//! Checks for expressions that croner accepts although Bull's parser rejects them.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The fields in order, and the words that each accepts.
const FIELDS: [(&str, &[&str]); 5] = [
    ("minute", &[]),
    ("hour", &[]),
    ("day of month", &["l", "w", "lw"]),
    ("month", &MONTHS),
    ("day of week", &WEEKDAYS),
];

/// Why `expression` does not have five valid fields. Bull's parser also accepts nicknames (`@daily`) and a
/// sixth field for seconds; both are rejected here, so that there is only one way to write a schedule.
pub(super) fn check(expression: &str) -> Result<(), String> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    if expression.starts_with('@') {
        return Err("nicknames are not supported (@daily is `0 0 * * *`)".into());
    }
    if fields.len() != FIELDS.len() {
        return Err(format!("it has {} fields", fields.len()));
    }
    for (field, (name, words)) in fields.iter().zip(FIELDS) {
        if field.split(',').any(str::is_empty) {
            return Err(format!("the {name} {field:?} has an empty item in its list"));
        }
        let found = field.split(|one: char| !one.is_alphabetic()).filter(|word| !word.is_empty());
        for word in found {
            let lower = word.to_lowercase();
            // The last one of a month: `friL`, `5L`.
            let last = lower.strip_suffix('l').filter(|_| words == WEEKDAYS);
            let is_known = |word: &str| word.is_empty() || words.contains(&word);
            if !words.contains(&lower.as_str()) && !last.is_some_and(is_known) {
                return Err(format!("{word:?} is not a valid {name}"));
            }
        }
    }
    Ok(())
}
