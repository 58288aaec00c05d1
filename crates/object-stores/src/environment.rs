//! Variables that configure a store.

use crate::StoreLimits;

/// Prefixes of the stores' variables.
const PREFIXES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// The stores' variables and our limits, with the names that `object_store` uses.
pub(crate) fn options(
    environment: impl IntoIterator<Item = (String, String)>,
    limits: &StoreLimits,
) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = environment
        .into_iter()
        .filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let is_http = |(name, value): &(String, String)| {
        name.contains("endpoint") && value.starts_with("http://")
    };
    if options.iter().any(is_http) {
        // An http endpoint was given deliberately.
        options.push(("allow_http".into(), "true".into()));
    }
    // A download may take hours: only its pieces have a time limit.
    options.push(("timeout".into(), "365 days".into()));
    let silence = limits.silence.as_secs().max(1);
    options.push(("read_timeout".into(), format!("{silence} seconds")));
    options
}
