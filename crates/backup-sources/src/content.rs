//! Detection of a file's format by its first bytes.

/// Number of bytes examined: a tar file is recognized at byte 257.
pub(crate) const HEAD: usize = 512;

/// The byte of an archive's header that contains the format, and its value for the custom format.
///
/// Source: `WriteHead` in PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c.
const FORMAT: (usize, u8) = (10, 1);

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// An archive of pg_dump's custom format.
    Dump,
    /// Something compressed by gzip.
    Gzip,
    /// Something compressed by zstd.
    Zstd,
    /// A tar file.
    Tar,
    /// Another format, in words.
    Other(&'static str),
}

impl Content {
    /// The format of a file that begins with `head`: its first [`HEAD`] bytes, or all if there are fewer.
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.starts_with(b"PGDMP") {
            let (place, custom) = FORMAT;
            return match head.get(place) {
                Some(format) if *format == custom => Self::Dump,
                Some(_) => {
                    Self::Other("the table of contents of pg_dump's directory or tar format")
                }
                None => Self::Other("the first bytes of an archive of pg_dump"),
            };
        }
        if head.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        const MAGICS: [(&[u8], Content); 9] = [
            (b"\x1f\x8b", Content::Gzip),
            (b"\x28\xb5\x2f\xfd", Content::Zstd),
            (b"\xfd7zXZ", Content::Other("a file compressed by xz")),
            (b"BZh", Content::Other("a file compressed by bzip2")),
            (b"\x04\x22\x4d\x18", Content::Other("a file compressed by lz4")),
            (b"PK\x03\x04", Content::Other("a zip file")),
            (b"age-encryption.org", Content::Other("a file encrypted by age")),
            (b"-----BEGIN PGP", Content::Other("a file encrypted by OpenPGP")),
            (b"SQLite format 3", Content::Other("an SQLite database")),
        ];
        match MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
            Some((_, content)) => *content,
            None => Self::Other(text(head)),
        }
    }
}

fn text(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "nothing (0 bytes)";
    }
    // A character may be incomplete at the end of the head.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return "unknown binary data",
    };
    if text.chars().any(|one| one.is_control() && !one.is_ascii_whitespace()) {
        return "unknown binary data";
    }
    let start = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "an HTML page"
    } else if start.starts_with('<') {
        "an XML document"
    } else if start.starts_with('{') || start.starts_with('[') {
        "a JSON document"
    } else if is_sql(&start) {
        "a plain SQL script (pg_dump --format=plain)"
    } else {
        "plain text"
    }
}

fn is_sql(text: &str) -> bool {
    const STARTS: [&str; 11] = [
        "--", "/*", "\\", "set ", "select ", "create ", "begin", "insert ", "drop ", "alter ",
        "copy ",
    ];
    STARTS.iter().any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let mut tar = vec![b'x'; HEAD];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(Content::of(&tar), Content::Tar);
        assert_eq!(Content::of(b"PGDMP\x01\x0e\x00\x04\x08\x01rest"), Content::Dump);
        assert_eq!(Content::of(&[0x1f, 0x8b, 8]), Content::Gzip);
        assert_eq!(Content::of(b"\x28\xb5\x2f\xfd"), Content::Zstd);
        for (head, words) in [
            (b"PGDMP\x01\x0e\x00\x04\x08\x03rest".as_slice(), "directory or tar format"),
            (b"PGDMP", "first bytes of an archive"),
            (b"", "nothing"),
            (b"--\n-- PostgreSQL database dump\n", "plain SQL"),
            (b"\xef\xbb\xbfBEGIN;\n", "plain SQL"),
            (b"\n<!DOCTYPE html><title>502</title>", "HTML"),
            (b"<?xml version='1.0'?><Error/>", "XML"),
            (b"{\"error\":\"not found\"}", "JSON"),
            (b"sorry", "plain text"),
            (b"caf\xc3", "plain text"),
            (b"\x00\x01\x02", "binary"),
            (b"\xff\xfe", "binary"),
            (b"PK\x03\x04", "zip"),
        ] {
            match Content::of(head) {
                Content::Other(found) => assert!(found.contains(words), "{found} for {words}"),
                found => panic!("{found:?} for {words}"),
            }
        }
    }
}
