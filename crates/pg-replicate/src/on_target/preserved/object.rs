//! Something that a replacement takes away and gives back.

use serde::{Deserialize, Serialize};

/// The schema where it stands meanwhile, if there is anything to give back.
pub const SCHEMA: &str = "replication_preserved";

/// Whether an object is made again or grants are given again; or neither, because already the definition's text could run
/// what another role has written with our rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Definition,
    Grants,
    ByHand,
}

/// Something to be given back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Preserved {
    pub(super) kind: Kind,
    /// Such as `view reports.totals` or `grants on table public.answers`.
    pub(super) object: String,
    pub(super) owner: String,
    /// What makes it again. Of grants, each counts for itself.
    pub(super) statements: Vec<String>,
    /// Gives it back to its owner.
    pub(super) to_owner: Option<String>,
    /// Gives its owner all rights on it, when it has to be ours.
    pub(super) to_owner_as_ours: Option<String>,
    /// Run when it belongs to its owner: makes its indexes and fills it.
    pub(super) at_last: Option<String>,
    /// Our role may give it to its owner, as it was when this was read.
    #[serde(skip)]
    pub(super) may_be_theirs: bool,
    /// Nothing more is shown or done by it when it is ours.
    pub(super) may_be_ours: bool,
    /// The table whose grants hold only with row security by `policies`.
    pub(super) secured_table: Option<String>,
    pub(super) policies: Option<Vec<String>>,
    /// It was made again for its owner, but is ours: it goes with what is ours, and comes back from here.
    pub(super) is_ours: bool,
    /// Why it could not be given back when that was last tried.
    pub(super) reason: Option<String>,
}

impl Preserved {
    /// How it is called, where it is an object that our role cannot make again. Grants may always be given again.
    #[must_use]
    pub fn cannot_be_made(&self) -> Option<String> {
        let cannot = match self.kind {
            Kind::Definition => !self.may_be_theirs && !self.may_be_ours,
            Kind::Grants => false,
            Kind::ByHand => true,
        };
        cannot.then(|| format!("{} (of role {})", self.object, self.owner))
    }
}
