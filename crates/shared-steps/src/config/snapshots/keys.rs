//! Keys of age.

use snapshots::{Identity, Recipient};

use crate::config::reader::Reader;

/// Who can open what is encrypted.
pub(super) fn recipients(reader: &mut Reader, text: &str) -> Option<Vec<Recipient>> {
    const NAME: &str = "SNAPSHOT_RECIPIENT";
    let texts = text.split([',', ' ']).filter(|text| !text.is_empty());
    let mut recipients = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(recipient) => recipients.push(recipient),
            Err(_) if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") => {
                let wanted = "it is a secret key, which belongs where snapshots are restored (SNAPSHOT_IDENTITY_FILE): must be the public key (age1…)";
                return reader.wrong(NAME, None, wanted.into());
            }
            Err(reason) => {
                let wanted = format!("must be a public key of age (age1…): {reason}");
                return reader.wrong(NAME, Some(text), wanted);
            }
        }
    }
    Some(recipients)
}

/// What opens it.
pub(super) fn identities(reader: &mut Reader, path: &str) -> Option<Vec<Identity>> {
    const NAME: &str = "SNAPSHOT_IDENTITY_FILE";
    let path = path.trim();
    if path.is_empty() {
        return Some(Vec::new());
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let wanted = format!("must be a readable file with age's secret key: {error}");
            return reader.wrong(NAME, Some(path), wanted);
        }
    };
    let lines = text.lines().map(str::trim).filter(|line| !is_comment(line));
    match lines.map(str::parse).collect::<Result<Vec<Identity>, _>>() {
        Ok(identities) if !identities.is_empty() => Some(identities),
        _ => {
            // Nothing of the file is shown: it may be a key all the same.
            let wanted = "must have a line with a secret key of age (AGE-SECRET-KEY-1…), as age-keygen writes it";
            reader.wrong(NAME, Some(path), wanted.into())
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}
