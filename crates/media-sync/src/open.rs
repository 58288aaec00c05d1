//! Opening of both sides; decides whether the store can copy objects itself.

use std::sync::Arc;

use object_store::ObjectStore;
use object_stores::{ObjectPlace, PlaceError, StoreLimits};
use url::Url;

use crate::error::{OpenError, Which};
use crate::run::{MediaSync, Settings};
use crate::{Kind, Side};

impl MediaSync {
    /// Opens both sides, without any request.
    ///
    /// # Errors
    /// Unusable places, including places that overlap.
    pub fn open(
        source: &Side,
        target: &Side,
        settings: Settings,
        limits: &StoreLimits,
    ) -> Result<Self, OpenError> {
        let refused = |which, reason: String| OpenError { which, reason };
        let wrong = |which| move |error: PlaceError| refused(which, error.to_string());
        if source.overlaps(target) {
            return Err(refused(
                Which::Target,
                format!(
                    "{} and {} overlap: an object would be source and target; they must be two places of which \
                     neither is within the other",
                    source.url, target.url
                ),
            ));
        }
        let from = ObjectPlace::open(&source.url, source.environment.clone(), limits)
            .map_err(wrong(Which::Source))?;
        let open = if settings.public_read {
            ObjectPlace::open_public_read
        } else {
            ObjectPlace::open_shared
        };
        let to =
            open(&target.url, target.environment.clone(), limits).map_err(wrong(Which::Target))?;
        let copier = match copying_url(source, target) {
            None => None,
            Some(Within::OneBucket) => Some(Arc::clone(&to.store)),
            Some(Within::OneStore { url, environment }) => {
                Some(open(&url, environment, limits).map_err(wrong(Which::Target))?.store)
            }
        };
        Ok(Self { source: from, target: to, target_kind: target.kind, copier, settings })
    }

    /// Between two places that are already open; `copier` takes a path of the source and one of the target.
    #[must_use]
    pub fn between(
        source: ObjectPlace,
        target: ObjectPlace,
        target_kind: Kind,
        copier: Option<Arc<dyn ObjectStore>>,
        settings: Settings,
    ) -> Self {
        Self { source, target, target_kind, copier, settings }
    }
}

/// Cases in which a single request copies an object from source to target.
enum Within {
    OneBucket,
    OneStore { url: Url, environment: Vec<(String, String)> },
}

/// `object_store` copies within one bucket. S3 also copies between two: the request goes to the target's
/// address and names the source's bucket in a header. This opens a client for the source's bucket at the
/// target's address.
fn copying_url(source: &Side, target: &Side) -> Option<Within> {
    // A directory would create a hard link instead of a copy.
    if !source.has_same_access(target) || source.kind == Kind::File {
        return None;
    }
    if source.bucket() == target.bucket() {
        return Some(Within::OneBucket);
    }
    // A directory bucket signs with a session of its own.
    if source.kind != Kind::S3
        || [source, target].iter().any(|side| side.bucket().ends_with("--x-s3"))
    {
        return None;
    }
    let bucket = target.bucket();
    let is_virtual = ["AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_S3_VIRTUAL_HOSTED_STYLE_REQUEST"]
        .iter()
        .any(|name| target.variable(name).is_some_and(|value| value == "true"));
    let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .iter()
        .find_map(|name| target.variable(name));
    let address = match endpoint {
        // The address already contains the bucket, and both sides use it.
        Some(_) if is_virtual => return None,
        Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        None => {
            let region = ["AWS_REGION", "AWS_DEFAULT_REGION"]
                .iter()
                .find_map(|name| target.variable(name))
                .unwrap_or("us-east-1");
            // No certificate matches a host name made from a bucket name with dots.
            if bucket.contains('.') {
                format!("https://s3.{region}.amazonaws.com/{bucket}")
            } else {
                format!("https://{bucket}.s3.{region}.amazonaws.com")
            }
        }
    };
    let others = |(name, _): &&(String, String)| {
        !name.contains("ENDPOINT") && !name.contains("VIRTUAL_HOSTED")
    };
    let mut environment: Vec<_> = target.environment.iter().filter(others).cloned().collect();
    environment.push(("AWS_ENDPOINT_URL".into(), address));
    environment.push(("AWS_VIRTUAL_HOSTED_STYLE_REQUEST".into(), "true".into()));
    let url = format!("s3://{}", source.bucket()).parse().ok()?;
    Some(Within::OneStore { url, environment })
}
