//! One entry of an archive's table of contents.

use std::fmt;

/// When an entry is restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Section {
    /// With what it speaks of: a comment.
    #[default]
    None,
    /// Before any row.
    PreData,
    /// Rows, values of sequences, large objects.
    Data,
    /// After the rows: indexes, constraints, triggers.
    PostData,
}

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
    /// When it is restored.
    pub(crate) section: Section,
    /// The statement that makes it.
    pub(crate) definition: String,
    /// The numbers of the entries it needs.
    pub(crate) dependencies: Vec<i32>,
    /// Where its data starts in the file, in bytes; only entries with data have one.
    pub(crate) data_offset: Option<u64>,
    /// The tablespace it wants, when not the database's.
    pub(crate) tablespace: Option<String>,
    /// How it keeps its rows, such as `heap`; only what has rows says so.
    pub(crate) access_method: Option<String>,
    /// Whether a text of it is in another encoding than UTF-8, so that it is not what stands here.
    pub(crate) is_garbled: bool,
}

impl Entry {
    /// `schema.name`, or the name alone.
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
