//! Reader for the head of a custom-format archive.
//!
//! `pg_restore --list` prints names with spaces and dots unquoted, so its output is ambiguous; the archive
//! itself is not. The layout is that of `ReadHead` and `ReadToc` in PostgreSQL's
//! src/bin/pg_dump/pg_backup_archiver.c: integers are a sign byte and `int_size` bytes, least significant
//! first; a string is its length and its bytes, with length −1 for none.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::entry::{Entry, Section};
use crate::postgres::identifier::quote_identifier;
use crate::{Error, TableName};

/// The oldest supported layout: pg_dump 10.3.
const OLDEST: (u8, u8) = (1, 13);
/// The newest supported layout: pg_dump 17 and 18.
const NEWEST: (u8, u8) = (1, 16);
/// The value of the format byte for the custom format.
const CUSTOM: u8 = 1;
/// Size of the read buffer.
const BUFFER: usize = 256 << 10;
/// The state of the offset of an entry without data.
const NO_DATA: u8 = 3;
/// The state of an offset that has been filled in, which pg_dump cannot do when it writes to a pipe.
const OFFSET_IS_SET: u8 = 2;
/// `RELKIND_PARTITIONED_TABLE`.
const PARTITIONED: u8 = b'p';
/// Upper limit for lengths of names and definitions, so that damaged lengths are rejected.
const LONGEST: i64 = 1 << 30;

/// The part of an archive before its data.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    /// The version of the dumped server, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub(crate) server_version: String,
    /// The version of pg_dump.
    pub(crate) pg_dump_version: String,
    /// Whether its texts may be any bytes.
    pub(crate) is_sql_ascii: bool,
    /// In the order in which they are restored.
    pub(crate) entries: Vec<Entry>,
    /// The `COPY … FROM stdin;` of entries with data, by entry number; a dump of INSERT statements has
    /// none.
    pub(crate) copies: HashMap<i32, String>,
}

/// Reads the table of contents of the archive at `path`; blocks on the file.
pub(crate) fn read(path: &Path) -> Result<Archive, Error> {
    read_by(path, |mut reader| reader.archive())
}

/// [`read`], followed by all the data: that of every table must be there and complete.
pub(crate) fn read_whole(path: &Path) -> Result<Archive, Error> {
    read_by(path, |mut reader| {
        let archive = reader.archive()?;
        reader.data()?;
        Ok(archive)
    })
}

fn read_by(
    path: &Path,
    read: impl FnOnce(Reader<BufReader<File>>) -> Result<Archive, String>,
) -> Result<Archive, Error> {
    let failed = |source| Error::File { action: "open", path: path.to_owned(), source };
    if !path.metadata().map_err(failed)?.is_file() {
        // Opening a pipe without a writer would block forever.
        let reason = "it is not a regular file".into();
        return Err(Error::Archive { path: path.to_owned(), reason });
    }
    if ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|start| path.starts_with(start)) {
        let reason = "it is a descriptor of this process, which pg_restore does not have: name the file itself";
        return Err(Error::Archive { path: path.to_owned(), reason: reason.into() });
    }
    let file = File::open(path).map_err(failed)?;
    Reader::new(BufReader::with_capacity(BUFFER, file))
        .and_then(read)
        .map_err(|reason| Error::Archive { path: path.to_owned(), reason })
}

pub(super) struct Reader<R> {
    pub(super) input: R,
    version: (u8, u8),
    int_size: u8,
    offset_size: u8,
    /// Whether a text that is not UTF-8 was read.
    is_garbled: bool,
    /// The entries that have data, by number.
    pub(super) with_data: BTreeMap<i32, String>,
    copies: HashMap<i32, String>,
}

impl<R: Read> Reader<R> {
    fn new(input: R) -> Result<Self, String> {
        let mut reader = Self {
            input,
            version: (0, 0),
            int_size: 0,
            offset_size: 0,
            is_garbled: false,
            with_data: BTreeMap::new(),
            copies: HashMap::new(),
        };
        let mut magic = [0; 5];
        reader.fill(&mut magic).map_err(|_| not_custom())?;
        if &magic != b"PGDMP" {
            return Err(not_custom());
        }
        reader.version = (reader.byte()?, reader.byte()?);
        let _revision = reader.byte()?;
        let (major, minor) = reader.version;
        if reader.version < OLDEST || reader.version > NEWEST {
            return Err(format!(
                "an archive of version {major}.{minor}; {}.{} to {}.{} can be read (pg_dump 10.3 to 18)",
                OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1
            ));
        }
        reader.int_size = reader.byte()?;
        reader.offset_size = reader.byte()?;
        if reader.int_size > 8 || reader.offset_size > 8 {
            return Err("damaged: impossible sizes in its head".into());
        }
        if reader.byte()? != CUSTOM {
            return Err(not_custom());
        }
        Ok(reader)
    }

    fn archive(&mut self) -> Result<Archive, String> {
        if self.version >= (1, 15) {
            self.byte()?; // compression algorithm
        } else {
            self.int()?; // compression level
        }
        for _ in 0..7 {
            self.int()?; // when it was made
        }
        let _database = self.text()?;
        let server_version = self.text()?.unwrap_or_default();
        let pg_dump_version = self.text()?.unwrap_or_default();
        let count = self.int()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(self.entry()?);
        }
        if encoding(&entries).is_some_and(|encoding| encoding.contains("'UTF8'"))
            && let Some(entry) = entries.iter().find(|entry| entry.is_garbled)
        {
            return Err(damaged(&format!("{entry} holds bytes that are not UTF-8, its encoding")));
        }
        if is_in_another_encoding(&entries) {
            // Bytes that happen to be valid UTF-8 are not exactly represented either.
            let is_plain = |entry: &Entry| entry.tag.is_ascii() && entry.definition.is_ascii();
            entries.iter_mut().for_each(|entry| entry.is_garbled |= !is_plain(entry));
        }
        Ok(Archive {
            is_sql_ascii: is_sql_ascii(&entries),
            server_version,
            pg_dump_version,
            entries,
            copies: std::mem::take(&mut self.copies),
        })
    }

    fn entry(&mut self) -> Result<Entry, String> {
        self.is_garbled = false;
        let id = self.small_int()?;
        let _has_data = self.int()?;
        let _table_oid = self.text()?;
        let _oid = self.text()?;
        let tag = self.text()?.unwrap_or_default();
        let kind = self.text()?.unwrap_or_default();
        let section = section(self.int()?);
        let mut definition = self.text()?.unwrap_or_default();
        let _drop = self.text()?;
        if let Some(copy) = self.text()?.filter(|copy| !copy.is_empty()) {
            self.copies.insert(id, copy);
        }
        let schema = self.text()?.filter(|schema| !schema.is_empty());
        let tablespace = self.text()?.filter(|tablespace| !tablespace.is_empty());
        let mut access_method = None;
        if self.version >= (1, 14) {
            access_method = self.text()?.filter(|method| !method.is_empty());
        }
        // A partitioned table has no rows: the method is that of its future partitions.
        if self.version >= (1, 16) && self.int()? == i64::from(PARTITIONED) {
            let method = access_method.take();
            definition.extend(method.map(|method| {
                let table = TableName::new(schema.as_deref().unwrap_or_default(), &tag).quoted();
                format!("\nALTER TABLE {table} SET ACCESS METHOD {};", quote_identifier(&method))
            }));
        }
        let _owner = self.text()?;
        let _with_oids = self.text()?;
        let mut dependencies = Vec::new();
        while let Some(text) = self.text()? {
            let id = text.parse().map_err(|_| damaged(&format!("dependency \"{text}\"")))?;
            dependencies.push(id);
        }
        let offset_state = self.byte()?;
        let offset_is_set = offset_state == OFFSET_IS_SET;
        let mut offset = 0_u64;
        for place in 0..self.offset_size {
            offset |= u64::from(self.byte()?) << (8 * u32::from(place));
        }
        let data_offset = offset_is_set.then_some(offset);
        let entry = Entry {
            id,
            kind,
            tag,
            schema,
            staged_in: None,
            section,
            definition,
            dependencies,
            data_offset,
            tablespace,
            access_method,
            is_garbled: self.is_garbled,
        };
        if offset_state != NO_DATA {
            self.with_data.insert(id, entry.to_string());
        }
        Ok(entry)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        self.input.read_exact(buffer).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "damaged: it ends in its table of contents".into(),
            _ => error.to_string(),
        })
    }

    pub(super) fn byte(&mut self) -> Result<u8, String> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        Ok(byte[0])
    }

    pub(super) fn int(&mut self) -> Result<i64, String> {
        let negative = self.byte()? != 0;
        let mut value = 0_i64;
        for place in 0..self.int_size {
            value |= i64::from(self.byte()?) << (8 * u32::from(place));
        }
        Ok(if negative { value.wrapping_neg() } else { value })
    }

    pub(super) fn small_int(&mut self) -> Result<i32, String> {
        let value = self.int()?;
        i32::try_from(value).map_err(|_| damaged(&format!("number {value}")))
    }

    fn text(&mut self) -> Result<Option<String>, String> {
        let length = self.int()?;
        if length < 0 {
            return Ok(None);
        }
        if length > LONGEST {
            return Err(damaged(&format!("a text of {length} bytes")));
        }
        let mut bytes = Vec::new();
        let wanted = length.unsigned_abs();
        let read = (&mut self.input).take(wanted).read_to_end(&mut bytes);
        match read {
            Ok(read) if read as u64 == wanted => {}
            Ok(_) => return Err(damaged("it ends in its table of contents")),
            Err(error) => return Err(error.to_string()),
        }
        if bytes.contains(&0) {
            return Err(damaged("a text with a NUL character"));
        }
        // A database that is not UTF-8 has its definitions in its own encoding; they are only searched for
        // names.
        Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.is_garbled = true;
                String::from_utf8_lossy(error.as_bytes()).into_owned()
            }
        }))
    }
}

/// Whether the archive's texts are in an encoding other than UTF-8, or in an unknown one.
fn is_in_another_encoding(entries: &[Entry]) -> bool {
    encoding(entries).is_some_and(|encoding| {
        !["'UTF8'", "'SQL_ASCII'"].iter().any(|name| encoding.contains(name))
    })
}

fn is_sql_ascii(entries: &[Entry]) -> bool {
    encoding(entries).is_some_and(|encoding| encoding.contains("'SQL_ASCII'"))
}

/// The statement that sets the encoding of an archive's texts.
fn encoding(entries: &[Entry]) -> Option<&str> {
    let encoding = entries.iter().find(|entry| entry.kind == "ENCODING");
    encoding.map(|entry| entry.definition.as_str())
}

/// `teSection`, in pg_backup.h.
fn section(number: i64) -> Section {
    match number {
        2 => Section::PreData,
        3 => Section::Data,
        4 => Section::PostData,
        _ => Section::None,
    }
}

fn not_custom() -> String {
    "no archive of pg_dump's custom format (pg_dump --format=custom)".into()
}

pub(super) fn damaged(what: &str) -> String {
    format!("damaged: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Writer {
        bytes: Vec<u8>,
        version: u8,
    }

    impl Writer {
        fn new(version: u8) -> Self {
            let mut writer = Self { bytes: b"PGDMP".to_vec(), version };
            writer.bytes.extend([1, version, 0, 4, 8, CUSTOM]);
            if version >= 15 {
                writer.bytes.push(1);
            } else {
                writer.int(-1);
            }
            (0..7).for_each(|_| writer.int(1));
            writer.text(Some("database")).text(Some("16.4")).text(Some("17.1"));
            writer
        }

        fn int(&mut self, value: i32) {
            self.bytes.push(u8::from(value < 0));
            self.bytes.extend(value.unsigned_abs().to_le_bytes());
        }

        fn text(&mut self, text: Option<&str>) -> &mut Self {
            match text {
                Some(text) => {
                    self.int(i32::try_from(text.len()).unwrap());
                    self.bytes.extend(text.as_bytes());
                }
                None => self.int(-1),
            }
            self
        }

        fn entry(&mut self, id: i32, kind: &str, tag: &str, dependencies: &[&str]) {
            self.int(id);
            self.int(1);
            self.text(Some("1259")).text(Some("16384")).text(Some(tag)).text(Some(kind));
            self.int(2);
            self.text(Some("CREATE …;")).text(Some("")).text(None);
            self.text(Some("public")).text(None);
            if self.version >= 14 {
                self.text(Some("heap"));
            }
            if self.version >= 16 {
                self.int(i32::from(b'r'));
            }
            self.text(Some("owner")).text(Some("false"));
            for dependency in dependencies {
                self.text(Some(dependency));
            }
            self.text(None);
            self.bytes.extend([2; 9]);
        }
    }

    fn read(bytes: &[u8]) -> Result<Archive, String> {
        Reader::new(bytes).and_then(|mut reader| reader.archive())
    }

    #[test]
    fn every_version() {
        for version in 13..=16 {
            let mut writer = Writer::new(version);
            writer.int(2);
            writer.entry(7, "TABLE", "odd \"name\n", &[]);
            writer.entry(-8, "INDEX", "i", &["7", "12"]);
            let archive = read(&writer.bytes).unwrap();
            assert_eq!(archive.server_version, "16.4");
            assert_eq!(archive.pg_dump_version, "17.1");
            assert_eq!(archive.entries[0].tag, "odd \"name\n");
            assert_eq!(archive.entries[0].data_offset, Some(0x0202_0202_0202_0202));
            assert_eq!(archive.entries[1].id, -8);
            assert_eq!(archive.entries[1].dependencies, [7, 12]);
            assert_eq!(archive.entries[1].to_string(), "INDEX public.i");
        }
    }

    #[test]
    fn what_is_no_archive() {
        assert!(read(b"").unwrap_err().contains("custom format"));
        assert!(read(b"-- PostgreSQL database dump").unwrap_err().contains("custom format"));
        assert!(read(b"PGDMP\x01\x09\x00\x04\x08\x01").unwrap_err().contains("version 1.9"));
        let directory = [b"PGDMP".as_slice(), &[1, 14, 0, 4, 8, 3]].concat();
        assert!(read(&directory).unwrap_err().contains("custom format"));
    }

    #[test]
    fn a_cut_archive_is_reported_wherever_it_ends() {
        let mut writer = Writer::new(14);
        writer.int(1);
        writer.entry(7, "TABLE", "t", &["1"]);
        for length in 11..writer.bytes.len() {
            assert!(read(&writer.bytes[..length]).unwrap_err().contains("damaged"));
        }
        let mut long = Writer::new(14);
        long.int(1);
        long.int(1);
        long.int(1);
        long.int(i32::MAX);
        assert!(read(&long.bytes).unwrap_err().contains("damaged"));
    }

    /// No server would take it, and that would be noticed only after the drop.
    #[test]
    fn a_text_that_pg_dump_never_writes_is_damage() {
        fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
            let place = bytes.windows(from.len()).position(|window| window == from).unwrap();
            [&bytes[..place], to, &bytes[place + from.len()..]].concat()
        }
        let mut writer = Writer::new(14);
        writer.int(2);
        writer.entry(1, "ENCODING", "ENCODING", &[]);
        writer.entry(7, "TABLE", "a tag", &["1"]);
        let utf8 = replaced(&writer.bytes, "CREATE …;".as_bytes(), b"SET= 'UTF8'");
        assert!(read(&utf8).is_ok());
        let error = read(&replaced(&utf8, b"a tag", b"a\xfftag")).unwrap_err();
        assert!(error.contains("not UTF-8"), "{error}");
        for bytes in [&utf8, &writer.bytes] {
            let error = read(&replaced(bytes, b"a tag", b"a\0tag")).unwrap_err();
            assert!(error.contains("NUL"), "{error}");
        }
        assert!(
            read(&replaced(&writer.bytes, b"a tag", b"a\xfftag")).unwrap().entries[1].is_garbled
        );
    }

    use proptest::prelude::*;

    /// A small archive with data of both kinds.
    fn small_archive(version: u8) -> Vec<u8> {
        let mut writer = Writer::new(version);
        writer.int(2);
        writer.entry(7, "TABLE DATA", "t", &["1"]);
        writer.entry(8, "BLOBS", "l", &["7"]);
        writer.bytes.push(1);
        writer.int(7);
        for piece in ["some rows", "more of them"] {
            writer.text(Some(piece));
        }
        writer.int(0);
        writer.bytes.push(3);
        writer.int(8);
        writer.int(4711);
        writer.text(Some("a large object"));
        writer.int(0);
        writer.int(0);
        writer.bytes
    }

    fn read_all(bytes: &[u8]) -> Result<Archive, String> {
        let mut reader = Reader::new(bytes)?;
        let archive = reader.archive()?;
        reader.data()?;
        Ok(archive)
    }

    /// The sizes read must not exceed the size of the file.
    fn bytes_of(archive: &Archive) -> usize {
        let texts = archive.entries.iter().map(|entry| entry.tag.len() + entry.definition.len());
        texts.sum::<usize>() + archive.copies.values().map(String::len).sum::<usize>()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn flipped_bits_are_read_or_refused(
            version in 13_u8..=16,
            flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..4),
        ) {
            let mut bytes = small_archive(version);
            for (place, bit) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= 1 << bit;
            }
            if let Ok(archive) = read_all(&bytes) {
                // A byte that is not UTF-8 is replaced by a character of three bytes.
                prop_assert!(bytes_of(&archive) <= 3 * bytes.len());
            }
        }

        #[test]
        fn cuts_are_refused(version in 13_u8..=16, cut in any::<prop::sample::Index>()) {
            let bytes = small_archive(version);
            prop_assert!(read_all(&bytes).is_ok());
            prop_assert!(read_all(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [&small_archive(14)[..11], &noise].concat();
            let _ = read_all(&bytes);
        }
    }
}
