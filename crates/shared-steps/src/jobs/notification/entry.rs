//! The entries of `NOTIFICATIONS`.

use super::report::Status;
use crate::http::{Secret, SecretUrl};

/// One entry of `NOTIFICATIONS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Where to post.
    pub url: SecretUrl,
    /// The header `Authorization`, as it is.
    pub token: Option<Secret>,
    /// What is posted.
    pub format: Format,
    /// When.
    pub on: On,
}

/// What a notification says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// `{}`, as it has always been.
    #[default]
    Empty,
    /// `"format": "json"`: a [`RunReport`].
    Json,
}

/// When a notification is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum On {
    /// When the whole run succeeded, as it has always been.
    #[default]
    Success,
    /// When a step has failed for good.
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
