//! Names of a snapshot's objects.

use std::fmt::{self, Write};
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

use crate::settings::Compression;

/// Suffix of an archive's manifest, which makes it a good snapshot.
pub(crate) const SIDECAR: &str = ".json";

/// Suffix, after a database's name, of the object that names its newest good snapshot.
const LATEST: &str = "-latest.json";

/// Time format, which makes names sort by time.
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// Number of hexadecimal digits that distinguish snapshots taken by two programs in the same second.
const MARK: usize = 6;

/// `pix-20261121T050000Z-3fa1c0.tar.zst.age`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The database, as [`label`] writes it.
    pub(crate) database: String,
    /// With a resolution of seconds.
    pub(crate) taken_at: DateTime<Utc>,
    mark: String,
    pub(crate) compression: Compression,
    pub(crate) is_encrypted: bool,
}

impl Name {
    /// A name that no other program uses, even for a snapshot taken at the same time.
    pub(crate) fn new(
        database: &str,
        taken_at: DateTime<Utc>,
        compression: Compression,
        is_encrypted: bool,
    ) -> Self {
        let mark = uuid::Uuid::new_v4().simple().to_string()[..MARK].to_owned();
        let taken_at = taken_at.trunc_subsecs(0);
        Self { database: label(database), taken_at, mark, compression, is_encrypted }
    }

    /// The name without the extensions, as a person may type it.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}-{}", self.database, self.taken_at.format(TIME), self.mark)
    }
}

impl Name {
    /// The fixed name of this database's newest archive, with the same extensions.
    pub(crate) fn latest(&self) -> String {
        latest_archive(&self.database, self.compression, self.is_encrypted)
    }

    /// The fixed names with other extensions.
    pub(crate) fn other_latest(&self) -> impl Iterator<Item = String> {
        [Compression::Zstd, Compression::Gzip]
            .into_iter()
            .flat_map(|compression| [(compression, false), (compression, true)])
            .filter(|packed| *packed != (self.compression, self.is_encrypted))
            .map(|(compression, is_encrypted)| {
                latest_archive(&self.database, compression, is_encrypted)
            })
    }
}

fn latest_archive(label: &str, compression: Compression, is_encrypted: bool) -> String {
    let age = if is_encrypted { ".age" } else { "" };
    format!("{label}-latest.tar.{}{age}", compression.ending())
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = if self.is_encrypted { ".age" } else { "" };
        write!(formatter, "{}.tar.{}{age}", self.stem(), self.compression.ending())
    }
}

/// The object is not part of a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign;

impl FromStr for Name {
    type Err = Foreign;

    fn from_str(text: &str) -> Result<Self, Foreign> {
        let (rest, is_encrypted) = match text.strip_suffix(".age") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (stem, compression) = [Compression::Zstd, Compression::Gzip]
            .into_iter()
            .find_map(|one| Some((rest.strip_suffix(&format!(".tar.{}", one.ending()))?, one)))
            .ok_or(Foreign)?;
        let (stem, mark) = stem.rsplit_once('-').ok_or(Foreign)?;
        let (database, time) = stem.rsplit_once('-').ok_or(Foreign)?;
        let taken_at = NaiveDateTime::parse_from_str(time, TIME).map_err(|_| Foreign)?.and_utc();
        let name = Self {
            database: database.into(),
            taken_at,
            mark: mark.into(),
            compression,
            is_encrypted,
        };
        let is_mark = |one: char| one.is_ascii_digit() || ('a'..='f').contains(&one);
        let is_ours = mark.len() == MARK
            && mark.chars().all(is_mark)
            && !database.is_empty()
            && database.chars().all(is_plain_or_escape)
            // Rejects other spellings of the same name.
            && name.to_string() == text;
        if is_ours { Ok(name) } else { Err(Foreign) }
    }
}

/// The name of the object that points to the newest snapshot of the database with this label.
pub(crate) fn latest(label: &str) -> String {
    format!("{label}{LATEST}")
}

/// A database's name in which only characters that every store accepts are kept; others become `=C3`, so
/// that different databases have different labels.
pub(crate) fn label(database: &str) -> String {
    database.bytes().fold(String::new(), |mut label, byte| {
        if is_plain(char::from(byte)) {
            label.push(char::from(byte));
        } else {
            let _ = write!(label, "={byte:02X}");
        }
        label
    })
}

fn is_plain(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.')
}

fn is_plain_or_escape(one: char) -> bool {
    is_plain(one) || one == '='
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_tells_all() {
        let at = "2026-11-21T05:00:00.987Z".parse().unwrap();
        let name = Name::new("pix", at, Compression::Zstd, true);
        let text = name.to_string();
        assert!(
            text.starts_with("pix-20261121T050000Z-") && text.ends_with(".tar.zst.age"),
            "{text}"
        );
        assert_eq!(text.parse(), Ok(name.clone()));
        assert_ne!(
            Name::new("pix", at, Compression::Zstd, true),
            name,
            "each is unlike all others"
        );
        let later = "2026-11-21T05:00:01Z".parse().unwrap();
        assert!(Name::new("pix", later, Compression::Gzip, false).to_string() > text);
        assert_eq!(label("pix"), "pix");
        assert_eq!(label("my db/é"), "my=20db=2F=C3=A9");
    }

    #[test]
    fn foreign_objects_are_known_as_such() {
        for text in [
            "",
            "pix.dump",
            "pix-latest.json",
            "pix-20261121T050000Z.tar.zst",
            "pix-20261121T050000Z-3fa1c0.tar.zst.json",
            "pix-20261121T050000Z-3fa1c0.tar.xz",
            "pix-20261121T050000Z-3FA1C0.tar.zst",
            "pix-20261121T050000Z-3fa1c.tar.gz",
            "pix-20261321T050000Z-3fa1c0.tar.gz",
            "pix-2026-11-21-3fa1c0.tar.gz",
            "-20261121T050000Z-3fa1c0.tar.gz",
            "pix-20261121T050000Z-3fa1c0.tar.gz.gpg",
            "pi x-20261121T050000Z-3fa1c0.tar.gz",
        ] {
            assert_eq!(text.parse::<Name>(), Err(Foreign), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_database_has_a_name_that_is_read_again(database in ".{1,20}", seconds in 0..4_000_000_000_i64) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let name = Name::new(&database, at, Compression::Gzip, false);
            prop_assert_eq!(name.to_string().parse(), Ok(name.clone()));
            // Stores accept it unchanged.
            let part = object_store::path::PathPart::from(name.to_string());
            prop_assert_eq!(part.as_ref(), name.to_string());
        }

        #[test]
        fn two_databases_have_two_labels(one in ".{0,12}", other in ".{0,12}") {
            prop_assert_eq!(one == other, label(&one) == label(&other));
        }
    }
}
