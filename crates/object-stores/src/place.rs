//! A place: a store, and a path in it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_requests::{RetryLimits, install_tls_provider, redacted};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::list::PaginatedListStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreScheme, RetryConfig};
use url::Url;

use crate::environment::options;
use crate::private::PrivateFiles;
use crate::public_read::{HEADER, PublicRead};
use crate::reason::reason;

/// Expected form of a URL.
const SCHEMES_WANTED: &str = "must be an object store, such as s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or \
     file:///directory";

/// Time limit of a store's response, and retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// Maximum time between two pieces of a response; after that, the connection is given up.
    pub silence: Duration,
    /// Retries of transient failures.
    pub retry: RetryLimits,
}

/// An unusable URL, or unusable variables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct PlaceError {
    /// The URL, without secrets.
    pub place: String,
    /// What is wrong, and what is expected.
    pub reason: String,
}

/// Who may read written objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Only this user, in a directory; in a bucket, as its policy says.
    Private,
    /// As the umask says, in a directory.
    Shared,
    /// Everybody, in a bucket.
    PublicRead,
}

/// An object or a prefix in a store.
#[derive(Clone)]
pub struct ObjectPlace {
    /// The client of the store.
    pub store: Arc<dyn ObjectStore>,
    /// The path in the URL; the root if there is none.
    pub path: Path,
    /// The same store with paginated listing, if it can continue after a key.
    pub(crate) pages: Option<Arc<dyn PaginatedListStore>>,
    shown: String,
}

impl fmt::Debug for ObjectPlace {
    /// Without the store, which contains credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ObjectPlace").field(&self.shown).finish()
    }
}

impl ObjectPlace {
    /// Opens `url`: `s3://bucket/path`, `az://container/path`, `gs://bucket/path` or `file:///path`.
    /// `environment` contains credentials and endpoint in the stores' usual variables (`AWS_ACCESS_KEY_ID`,
    /// `AWS_ENDPOINT_URL` …). Makes no request. Files below `file:///path` are readable only by this user.
    ///
    /// # Errors
    /// An invalid URL or variable.
    pub fn open(
        url: &Url,
        environment: impl IntoIterator<Item = (String, String)>,
        limits: &StoreLimits,
    ) -> Result<Self, PlaceError> {
        Self::open_as(url, environment, limits, Access::Private)
    }

    /// [`ObjectPlace::open`] for an S3 bucket whose new objects everybody may read.
    ///
    /// # Errors
    /// An invalid URL or variable, or another kind of store, which has no access control list per object.
    pub fn open_public_read(
        url: &Url,
        environment: impl IntoIterator<Item = (String, String)>,
        limits: &StoreLimits,
    ) -> Result<Self, PlaceError> {
        Self::open_as(url, environment, limits, Access::PublicRead)
    }

    /// [`ObjectPlace::open`] with file modes according to the umask, so that other programs can read the
    /// files.
    ///
    /// # Errors
    /// As [`ObjectPlace::open`].
    pub fn open_shared(
        url: &Url,
        environment: impl IntoIterator<Item = (String, String)>,
        limits: &StoreLimits,
    ) -> Result<Self, PlaceError> {
        Self::open_as(url, environment, limits, Access::Shared)
    }

    fn open_as(
        url: &Url,
        environment: impl IntoIterator<Item = (String, String)>,
        limits: &StoreLimits,
        access: Access,
    ) -> Result<Self, PlaceError> {
        install_tls_provider();
        let public_read = access == Access::PublicRead;
        let wrong = |reason: String| PlaceError { place: redacted(url), reason };
        let (scheme, path) =
            ObjectStoreScheme::parse(url).map_err(|_| wrong(SCHEMES_WANTED.into()))?;
        let options = options(environment, limits);
        let retry = RetryConfig {
            max_retries: limits.retry.retries as usize,
            backoff: BackoffConfig {
                init_backoff: limits.retry.first_wait,
                max_backoff: limits.retry.longest_wait.max(limits.retry.first_wait),
                base: 2.0,
            },
            ..RetryConfig::default()
        };
        // The three builders have the same methods, but no common trait.
        macro_rules! built {
            ($builder:ty, $headers:expr) => {
                options
                    .iter()
                    .filter_map(|(name, value)| Some((name.parse().ok()?, value.as_str())))
                    .fold(
                        <$builder>::new().with_url(url.as_str()).with_client_options(
                            ClientOptions::new().with_default_headers($headers),
                        ),
                        |builder, (key, value)| builder.with_config(key, value),
                    )
                    .with_retry(retry.clone())
                    .build()
                    .map_err(|error| wrong(reason(&error)))?
            };
        }
        let none = HeaderMap::new;
        let mut pages: Option<Arc<dyn PaginatedListStore>> = None;
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 if public_read => {
                let (name, value) = HEADER;
                let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
                let plain = Arc::new(built!(AmazonS3Builder, none()));
                pages = Some(Arc::<AmazonS3>::clone(&plain));
                Arc::new(PublicRead {
                    plain,
                    creating: built!(AmazonS3Builder, HeaderMap::from_iter([header])),
                })
            }
            _ if public_read => {
                return Err(wrong("objects that everybody may read are S3's alone (s3://)".into()));
            }
            ObjectStoreScheme::AmazonS3 => {
                let store = Arc::new(built!(AmazonS3Builder, none()));
                pages = Some(Arc::<AmazonS3>::clone(&store));
                store
            }
            ObjectStoreScheme::MicrosoftAzure => Arc::new(built!(MicrosoftAzureBuilder, none())),
            ObjectStoreScheme::GoogleCloudStorage => {
                let store = Arc::new(built!(GoogleCloudStorageBuilder, none()));
                pages = Some(Arc::<GoogleCloudStorage>::clone(&store));
                store
            }
            ObjectStoreScheme::Local if access == Access::Shared => {
                Arc::new(LocalFileSystem::new())
            }
            ObjectStoreScheme::Local => Arc::new(PrivateFiles(LocalFileSystem::new())),
            _ => return Err(wrong(SCHEMES_WANTED.into())),
        };
        Ok(Self { store, path, pages, shown: redacted(url) })
    }

    /// The place at `path` in `store`; `shown` is its name for people.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, path: &str, shown: &str) -> Self {
        Self { store, path: Path::from(path), pages: None, shown: shown.into() }
    }

    /// Its directory; `None` for a bucket.
    #[must_use]
    pub fn directory(&self) -> Option<PathBuf> {
        if !self.shown.starts_with("file:") {
            return None;
        }
        // The root has no file name, so no path is returned for it.
        LocalFileSystem::new().path_to_filesystem(&self.path).ok().or(Some("/".into()))
    }

    /// Whether it contains any object. Requests one page of its listing.
    ///
    /// # Errors
    /// The store's error.
    pub async fn has_objects(&self) -> object_store::Result<bool> {
        let below = (!self.path.is_root()).then_some(&self.path);
        match self.store.list(below).next().await {
            None | Some(Err(object_store::Error::NotFound { .. })) => Ok(false),
            // An object with an unsupported name counts too.
            Some(Ok(_) | Err(object_store::Error::InvalidPath { .. })) => Ok(true),
            Some(Err(error)) => Err(error),
        }
    }

    /// Whether a directory can be written to, or created. Buckets are not checked, because only a write
    /// would show it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_be_written(&self) -> Result<(), String> {
        let Some(directory) = self.directory() else { return Ok(()) };
        let existing = directory.ancestors().find(|ancestor| ancestor.exists());
        let Some(existing) = existing else { return Ok(()) };
        let wrong = |reason: &str| Err(format!("{}: {reason}", existing.display()));
        if !existing.is_dir() {
            return wrong("must be a directory");
        }
        let access = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
        match nix::unistd::access(existing, access) {
            Ok(()) => Ok(()),
            Err(error) => wrong(&format!("cannot be written: {}", error.desc())),
        }
    }

    /// The URL, without secrets.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}
