//! Parser of the content API's response: tables and items. The file is read item by item, so memory does
//! not grow with it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::Error;
use super::format::Route;
use super::tables::Table;
use crate::http::{excerpt, kind};

/// Maximum number of bytes of the response in an error.
const BEGINNING: usize = 4096;

/// Maximum number of unknown types that are counted separately.
const MOST_UNKNOWN: usize = 100;

/// A complete response with a success status.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) route: Route,
    pub(super) status: u16,
    pub(super) content_type: String,
    /// Length of the body.
    pub(super) bytes: u64,
    /// The body, in an unnamed file.
    pub(super) file: Arc<File>,
}

/// How many items an answer has.
#[derive(Debug)]
pub(super) struct ItemCounts {
    /// Number of items of each table.
    pub(super) items: Vec<usize>,
    /// Documents of an unknown type.
    pub(super) unknown: BTreeMap<String, u64>,
}

/// Which table an item belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum ItemType<'a> {
    /// The table at this position.
    Table(usize),
    /// An unknown type.
    Unknown(&'a str),
}

impl Answer {
    /// Reads the whole response: checks its form, and counts its content. `secret` is kept out of errors.
    pub(super) fn count(&self, tables: &[Table], secret: &str) -> Result<ItemCounts, Error> {
        let mut counted = ItemCounts { items: vec![0; tables.len()], unknown: BTreeMap::new() };
        let unknown = &mut counted.unknown;
        let read = self.each(tables, |of, _| {
            match of {
                ItemType::Table(table) => counted.items[table] += 1,
                ItemType::Unknown(name) => {
                    if unknown.len() < MOST_UNKNOWN || unknown.contains_key(name) {
                        *unknown.entry(name.to_owned()).or_default() += 1;
                    }
                }
            }
            Ok(())
        });
        read.map_err(|error| match error {
            ReadError::Answer(reason) => self.wrong(reason, secret),
            ReadError::Item(error) => error,
        })?;
        if self.route == Route::Stream && counted.items.iter().all(|items| *items == 0) {
            return Err(self.wrong("it has no document of a known type".into(), secret));
        }
        Ok(counted)
    }

    /// Passes on every item of `tables`, in the response's order.
    pub(super) fn each(
        &self,
        tables: &[Table],
        mut take: impl FnMut(ItemType<'_>, &RawValue) -> Result<(), Error>,
    ) -> Result<(), ReadError> {
        let mut failure = None;
        let take: &mut TakeItem<'_> = &mut |of, item| {
            take(of, item).map_err(|error| {
                failure = Some(error);
                serde_json::Error::custom("an item")
            })
        };
        let read = match self.route {
            Route::Airtable => self.each_of_object(tables, take),
            Route::Stream => self.each_of_stream(tables, take),
        };
        match failure {
            Some(error) => Err(ReadError::Item(error)),
            None => read,
        }
    }

    fn each_of_object(&self, tables: &[Table], take: &mut TakeItem<'_>) -> Result<(), ReadError> {
        let mut found = Found::default();
        let mut json = serde_json::Deserializer::from_reader(self.reader());
        let entries = Entries { tables, take, found: &mut found };
        let read = json.deserialize_map(entries).and_then(|()| json.end());
        if let Some((table, found)) = found.not_a_list {
            return Err(ReadError::Item(Error::NotAList { table, found: found.into() }));
        }
        read?;
        let present = found.present;
        let missing: Vec<String> = tables
            .iter()
            .map(|table| table.name.clone())
            .filter(|table| !present.contains(table))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ReadError::Item(Error::MissingTables { missing, present }))
    }

    fn each_of_stream(&self, tables: &[Table], take: &mut TakeItem<'_>) -> Result<(), ReadError> {
        let json = serde_json::Deserializer::from_reader(self.reader());
        for document in json.into_iter::<Document>() {
            let Document { name, value } = document?;
            let place = tables.iter().position(|table| table.in_answer == name);
            take(place.map_or(ItemType::Unknown(&name), ItemType::Table), &value)?;
        }
        Ok(())
    }

    /// Without the byte order mark, which axios removes as well.
    fn reader(&self) -> impl Read + use<> {
        let mark = "\u{feff}".as_bytes();
        let at = if self.beginning(mark.len()) == mark { mark.len() as u64 } else { 0 };
        BufReader::with_capacity(256 << 10, Body { file: Arc::clone(&self.file), at })
    }

    fn beginning(&self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let body = Body { file: Arc::clone(&self.file), at: 0 };
        // What cannot be parsed fails when the whole is read.
        let _ = body.take(length as u64).read_to_end(&mut bytes);
        bytes
    }

    fn wrong(&self, reason: String, secret: &str) -> Error {
        Error::Answer {
            expected: self.route.expected(),
            reason,
            status: self.status,
            content_type: self.content_type.clone(),
            bytes: self.bytes,
            body: excerpt(&self.beginning(BEGINNING), secret),
        }
    }
}

/// Why a response was not read to its end.
#[derive(Debug)]
pub(super) enum ReadError {
    /// It has the wrong form.
    Answer(String),
    /// An item or a table is invalid.
    Item(Error),
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Answer(error.to_string())
    }
}

type TakeItem<'a> = dyn FnMut(ItemType<'_>, &RawValue) -> serde_json::Result<()> + 'a;

/// The file with a position of its own, because several readers may use it.
struct Body {
    file: Arc<File>,
    at: u64,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type")]
    name: String,
    value: Box<RawValue>,
}

/// A member of the object of all tables.
#[derive(Default)]
struct Found {
    present: Vec<String>,
    /// The table, and what was found instead of its list.
    not_a_list: Option<(String, &'static str)>,
}

/// The object of all tables.
struct Entries<'a, 't> {
    tables: &'a [Table],
    take: &'a mut TakeItem<'t>,
    found: &'a mut Found,
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match self.tables.iter().position(|table| table.in_answer == name) {
                Some(table) => {
                    let (take, found) = (&mut *self.take, &mut *self.found);
                    map.next_value_seed(Items { table, name: &name, take, found })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
            self.found.present.push(name);
        }
        self.found.present.sort_unstable();
        Ok(())
    }
}

/// The list of one table.
struct Items<'a, 't> {
    table: usize,
    name: &'a str,
    take: &'a mut TakeItem<'t>,
    found: &'a mut Found,
}

impl Items<'_, '_> {
    fn refuse<E: serde::de::Error>(self, value: &Value) -> Result<(), E> {
        self.found.not_a_list = Some((self.name.to_owned(), kind(value)));
        Err(E::custom("no list"))
    }
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element::<Box<RawValue>>()? {
            (self.take)(ItemType::Table(self.table), &item).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.refuse(&Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.refuse(&Value::Object(serde_json::Map::new()))
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.refuse(&Value::String(String::new()))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.refuse(&Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.refuse(&Value::from(number))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.refuse(&Value::from(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.refuse(&Value::from(number))
    }
}
