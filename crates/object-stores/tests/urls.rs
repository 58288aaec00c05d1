//! Which URLs and variables make a place.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::time::Duration;

use http_requests::RetryLimits;
use object_stores::{ObjectPlace, StoreLimits};

fn limits() -> StoreLimits {
    StoreLimits {
        silence: Duration::from_secs(5),
        retry: RetryLimits {
            retries: 1,
            first_wait: Duration::from_millis(10),
            longest_wait: Duration::from_millis(10),
            longest_asked_wait: Duration::from_millis(10),
        },
    }
}

#[test]
fn neither_credentials_nor_variables_are_shown() {
    let url = "s3://key:secret@bucket/pix?token=t0ken".parse().unwrap();
    let variables = [
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "hidd3n".to_owned()),
        ("AWS_REGION".to_owned(), "eu".to_owned()),
    ];
    let shown = match ObjectPlace::open(&url, variables, &limits()) {
        Ok(place) => format!("{place:?} {}", place.shown()),
        Err(error) => format!("{error:?} {error}"),
    };
    for secret in ["secret", "t0ken", "hidd3n"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_url_of_no_store_is_refused_and_azure_and_google_are_known() {
    for url in ["https://example.net/dump", "ftp://host/dump", "memory:///dump"] {
        let url = url.parse().unwrap();
        let error = ObjectPlace::open(&url, [], &limits()).unwrap_err();
        assert!(error.to_string().contains("s3://bucket/prefix"), "{error}");
    }
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let azure = pairs(&[
        ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"),
        ("TOKEN", "not for the store"),
    ]);
    let url = "az://container/pix".parse().unwrap();
    ObjectPlace::open(&url, azure, &limits()).unwrap();
    let google = pairs(&[("GOOGLE_SKIP_SIGNATURE", "true")]);
    let url = "gs://bucket/pix".parse().unwrap();
    ObjectPlace::open(&url, google, &limits()).unwrap();
}
