//! Entry of an archive's table of contents.

use std::fmt;

/// When an entry is restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Section {
    /// Together with the object it belongs to: a comment.
    #[default]
    None,
    /// Before all rows.
    PreData,
    /// Rows, sequence values, large objects.
    Data,
    /// After the rows: indexes, constraints, triggers.
    PostData,
}

/// One object, or one part of an object's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in this archive; other entries name it as a dependency.
    pub(crate) id: i32,
    /// The kind, such as `TABLE`, `TABLE DATA`, `FK CONSTRAINT`.
    pub(crate) kind: String,
    /// The object's name; for parts of a table `<table> <part>`, for comments `<KIND> <object>`.
    pub(crate) tag: String,
    /// Its schema, if it has one.
    pub(crate) schema: Option<String>,
    /// The schema in which it is built, if not in its own.
    pub(crate) staged_in: Option<String>,
    /// When it is restored.
    pub(crate) section: Section,
    /// The statement that creates it.
    pub(crate) definition: String,
    /// The numbers of the entries it needs.
    pub(crate) dependencies: Vec<i32>,
    /// Position of its data in the file, in bytes; only entries with data have one.
    pub(crate) data_offset: Option<u64>,
    /// Its tablespace, if not the database's default.
    pub(crate) tablespace: Option<String>,
    /// Its table access method, such as `heap`; only for objects with rows.
    pub(crate) access_method: Option<String>,
    /// Whether one of its texts is not UTF-8, so that it is not exactly represented here.
    pub(crate) is_garbled: bool,
}

impl Entry {
    /// `schema.name`, or only the name.
    pub(crate) fn name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.tag),
            None => self.tag.clone(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.name())
    }
}
