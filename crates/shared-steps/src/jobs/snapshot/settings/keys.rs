//! Keys of age.

use snapshots::{Identity, Recipient};

use pipeline::config::variable::{Given, List, Variable, hidden};

/// The parser of those who can open what is encrypted.
pub(crate) fn recipients() -> Variable<List<Recipient>> {
    // It may be a secret key.
    hidden(|given| {
        let texts = given.text.split([',', ' ']).filter(|text| !text.is_empty());
        texts.map(recipient).collect()
    })
}

fn recipient(text: &str) -> Result<Recipient, String> {
    text.parse().map_err(|reason| {
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            "it is a secret key, which belongs where snapshots are restored (SNAPSHOT_IDENTITY_FILE): must be the public key (age1…)".into()
        } else {
            format!("must be a public key of age (age1…), found {text}: {reason}")
        }
    })
}

/// What opens it.
pub(crate) fn identities(given: &Given<'_>) -> Result<Vec<Identity>, String> {
    let text = std::fs::read_to_string(given.text)
        .map_err(|error| format!("must be a readable file with age's secret key: {error}"))?;
    let lines = text.lines().map(str::trim).filter(|line| !is_comment(line));
    match lines.map(str::parse).collect::<Result<Vec<Identity>, _>>() {
        Ok(identities) if !identities.is_empty() => Ok(identities),
        // Nothing of the file is shown: it may be a key all the same.
        _ => Err("must have a line with a secret key of age (AGE-SECRET-KEY-1…), as age-keygen writes it".into()),
    }
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}
