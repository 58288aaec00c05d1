//! The two ages of the content API: one object of all tables, or a stream of documents.

use super::tables::{self, Table};

/// `LCMS_API_FORMAT`: how the content API is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContentFormat {
    /// For the stream, and for the object where there is no stream (404).
    #[default]
    Auto,
    /// For one object: table → list of items.
    Airtable,
    /// For documents `{"type": …, "value": …}`, one after another.
    Stream,
}

/// What is asked for, and what its answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Airtable,
    Stream,
}

impl ContentFormat {
    /// What is asked for, and what else when there is no such route.
    pub(super) fn routes(self) -> (Route, Option<Route>) {
        match self {
            Self::Auto => (Route::Stream, Some(Route::Airtable)),
            Self::Airtable => (Route::Airtable, None),
            Self::Stream => (Route::Stream, None),
        }
    }
}

impl Route {
    /// Below `LCMS_API_URL`.
    pub(super) fn path(self) -> &'static [&'static str] {
        match self {
            Self::Airtable => &["databases", "airtable"],
            Self::Stream => &["replication-stream"],
        }
    }

    /// The tables that it answers.
    pub(super) fn tables(self) -> Result<&'static [Table], String> {
        match self {
            Self::Airtable => tables::airtable(),
            Self::Stream => tables::stream(),
        }
    }

    /// What its answer is not, when it cannot be read.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Airtable => "no JSON object keyed by table",
            Self::Stream => "no stream of JSON documents with type and value",
        }
    }
}
