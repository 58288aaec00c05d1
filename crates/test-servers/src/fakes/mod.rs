//! Fakes of the HTTP APIs and stores that the programs use: backup platforms, object stores, the content API
//! and webhook receivers. They answer as documented, and fail on request.

mod buckets;
mod content;
mod content_api;
mod downloads;
mod heroku;
mod http;
mod s3;
mod scalingo;
mod webhook;

pub use buckets::{BucketFault, Failing, S3Buckets, StoredObject};
pub use content::content;
pub use content_api::ContentApi;
pub use downloads::{DownloadFault, DownloadRequest, Downloads};
pub use heroku::HerokuApi;
pub use s3::S3Server;
pub use scalingo::ScalingoApi;
pub use webhook::{Webhook, WebhookReceiver};
