//! One entry of an archive's table of contents.

use std::fmt;

/// One object, or one part of an object's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in this archive; other entries name it as a dependency.
    pub(crate) id: i32,
    /// Such as `TABLE`, `TABLE DATA`, `FK CONSTRAINT`.
    pub(crate) kind: String,
    /// The object's name; for parts of a table `<table> <part>`, for comments `<KIND> <object>`.
    pub(crate) tag: String,
    /// Its schema, where it has one.
    pub(crate) schema: Option<String>,
    /// The statement that makes it.
    pub(crate) definition: String,
    /// The numbers of the entries it needs.
    pub(crate) dependencies: Vec<i32>,
    /// Where its data starts in the file, in bytes; only entries with data have one.
    pub(crate) data_offset: Option<u64>,
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind)?;
        match &self.schema {
            Some(schema) => write!(formatter, " {schema}.{}", self.tag),
            None => write!(formatter, " {}", self.tag),
        }
    }
}
