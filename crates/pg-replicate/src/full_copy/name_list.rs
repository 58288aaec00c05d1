//! Lists of names in messages.

/// Maximum number of names shown of a long list.
const SHOWN: usize = 30;

/// The first names of a list, and how many more it has.
pub(super) fn shortened(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
