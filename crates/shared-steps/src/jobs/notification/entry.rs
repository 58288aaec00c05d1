//! The entries of `NOTIFICATIONS`.

use super::report::Status;
use crate::http::{Secret, SecretUrl};

/// One entry of `NOTIFICATIONS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The URL.
    pub url: SecretUrl,
    /// The value of the header `Authorization`.
    pub token: Option<Secret>,
    /// The body.
    pub format: Format,
    /// The condition.
    pub on: On,
}

/// Body of a notification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// `{}`, as in the Node.js program.
    #[default]
    Empty,
    /// `"format": "json"`: a [`RunReport`].
    Json,
}

/// When a notification is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum On {
    /// If the whole run succeeded, as in the Node.js program.
    #[default]
    Success,
    /// If a step has failed permanently.
    Failure,
    /// In both cases.
    Always,
}

impl On {
    pub(super) fn includes(self, status: Status) -> bool {
        match self {
            Self::Success => status == Status::Success,
            Self::Failure => status == Status::Failure,
            Self::Always => true,
        }
    }
}
