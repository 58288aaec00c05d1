//! What a store said.

/// What the store said, down to the cause: `object_store` shows only the outermost error.
#[must_use]
pub fn reason(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Whether the store could not be reached at all, as far as its error tells.
#[must_use]
pub fn is_unreachable(error: &object_store::Error) -> bool {
    let reason = reason(error);
    let is_network = ["error sending request", "operation timed out", "Connect"];
    is_network.iter().any(|text| reason.contains(text))
}
