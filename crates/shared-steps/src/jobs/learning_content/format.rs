//! Formats of the content API: one object with all tables, or a stream of documents.

use super::tables::{self, Table};

/// `LCMS_API_FORMAT`: the requested format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContentFormat {
    /// The stream; if it does not exist (404), the object.
    #[default]
    Auto,
    /// One object: table → list of items.
    Airtable,
    /// Documents `{"type": …, "value": …}`, one after another.
    Stream,
}

/// A route and the form of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Airtable,
    Stream,
}

impl ContentFormat {
    /// The route to request, and the alternative if it does not exist.
    pub(super) fn routes(self) -> (Route, Option<Route>) {
        match self {
            Self::Auto => (Route::Stream, Some(Route::Airtable)),
            Self::Airtable => (Route::Airtable, None),
            Self::Stream => (Route::Stream, None),
        }
    }
}

impl Route {
    /// Path below `LCMS_API_URL`.
    pub(super) fn path(self) -> &'static [&'static str] {
        match self {
            Self::Airtable => &["databases", "airtable"],
            Self::Stream => &["replication-stream"],
        }
    }

    /// The tables in its response.
    pub(super) fn tables(self) -> Result<&'static [Table], String> {
        match self {
            Self::Airtable => tables::airtable(),
            Self::Stream => tables::stream(),
        }
    }

    /// The expected form, for errors.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Airtable => "no JSON object keyed by table",
            Self::Stream => "no stream of JSON documents with type and value",
        }
    }
}
