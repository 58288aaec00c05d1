//! One side of a sync: its URL, and the variables of its store.

use std::path::{Path, PathBuf};

use object_store::ObjectStoreScheme;
use url::Url;

/// The accepted URLs.
pub(crate) const WANTED: &str =
    "must be s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or file:///directory";

/// Type of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// S3 or a compatible store.
    S3,
    /// Azure Blob Storage.
    Azure,
    /// Google Cloud Storage.
    Google,
    /// A directory on this machine.
    File,
}

impl Kind {
    /// Prefix of the variables that configure it.
    fn prefix(self) -> Option<&'static str> {
        match self {
            Self::S3 => Some("AWS_"),
            Self::Azure => Some("AZURE_"),
            Self::Google => Some("GOOGLE_"),
            Self::File => None,
        }
    }
}

/// The URL and the variables of a place.
#[derive(Clone, PartialEq, Eq)]
pub struct Side {
    pub(crate) url: Url,
    pub(crate) kind: Kind,
    pub(crate) path: object_store::path::Path,
    /// Only for its type of store, sorted by name.
    pub(crate) environment: Vec<(String, String)>,
}

impl Side {
    /// Parses `text`. Uses the variables of `environment` that begin with `own` (`MEDIA_SOURCE_`) followed
    /// by the store's prefix (`AWS_`); if there are none, the store's usual variables. The two are never
    /// mixed, so that the key of one account is not combined with the secret of another.
    ///
    /// # Errors
    /// What is wrong with the URL, and what is expected.
    pub fn new(
        text: &str,
        own: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| WANTED.to_owned())?;
        let kind = match url.scheme() {
            "s3" | "s3a" => Kind::S3,
            "az" | "azure" | "abfs" | "abfss" => Kind::Azure,
            "gs" => Kind::Google,
            "file" => Kind::File,
            _ => return Err(WANTED.into()),
        };
        let has_place = match kind {
            Kind::File => !url.has_host(),
            _ => url.host_str().is_some_and(|host| !host.is_empty()),
        };
        if !has_place || url.query().is_some() || url.password().is_some() {
            return Err(WANTED.into());
        }
        let (_, path) = ObjectStoreScheme::parse(&url).map_err(|_| WANTED.to_owned())?;
        let (mut own_ones, mut shared) = (Vec::new(), Vec::new());
        for (name, value) in environment {
            let is_of_store =
                |name: &str| kind.prefix().is_some_and(|prefix| name.starts_with(prefix));
            match name.strip_prefix(own) {
                Some(rest) if is_of_store(rest) => own_ones.push((rest.to_owned(), value)),
                None if is_of_store(&name) => shared.push((name, value)),
                _ => {}
            }
        }
        let mut variables = if own_ones.is_empty() { shared } else { own_ones };
        variables.sort();
        Ok(Self { url, kind, path, environment: variables })
    }

    /// The type of its store.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The bucket or container; `None` for a directory.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match self.kind {
            Kind::File => "",
            // az://container, abfs://container@account
            _ if !self.url.username().is_empty() => self.url.username(),
            _ => self.url.host_str().unwrap_or_default(),
        }
    }

    /// The prefix in the bucket, or the directory, without surrounding slashes.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_ref()
    }

    /// Hosts and ports of its store, as far as variables specify them.
    pub fn endpoints(&self) -> impl Iterator<Item = (String, Option<u16>)> {
        self.environment.iter().filter(|(name, _)| name.contains("ENDPOINT")).filter_map(
            |(_, value)| {
                let url = Url::parse(value).ok()?;
                Some((url.host_str()?.to_owned(), url.port_or_known_default()))
            },
        )
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether both use the same store with the same credentials.
    pub(crate) fn has_same_access(&self, other: &Self) -> bool {
        self.kind == other.kind && self.environment == other.environment
    }

    /// Whether an object could be in both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        if self.kind != other.kind {
            return false;
        }
        if self.kind == Kind::File {
            let (one, other) = (self.directory(), other.directory());
            return one.starts_with(&other) || other.starts_with(&one);
        }
        // Different names of one endpoint are not recognized; different credentials do not imply different
        // buckets.
        let endpoints = |side: &Self| side.endpoints().collect::<Vec<_>>();
        if self.bucket() != other.bucket() || endpoints(self) != endpoints(other) {
            return false;
        }
        let is_below = |one: &str, other: &str| {
            one.strip_prefix(other)
                .is_some_and(|rest| other.is_empty() || rest.is_empty() || rest.starts_with('/'))
        };
        is_below(self.path(), other.path()) || is_below(other.path(), self.path())
    }

    /// The directory with symbolic links resolved, as far as it exists.
    fn directory(&self) -> PathBuf {
        let whole = self.url.to_file_path().unwrap_or_default();
        let existing = whole.ancestors().find_map(|ancestor| {
            let real = ancestor.canonicalize().ok()?;
            let rest = whole.strip_prefix(ancestor).unwrap_or(Path::new(""));
            Some(real.join(rest))
        });
        existing.unwrap_or(whole)
    }
}

impl std::fmt::Debug for Side {
    /// Without the variables, which contain credentials.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Side").field(&self.url.as_str()).finish()
    }
}
