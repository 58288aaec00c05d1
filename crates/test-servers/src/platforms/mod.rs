//! Platforms that backups come from, answering as they document it, and failing on purpose.

mod buckets;
mod downloads;
mod heroku;
mod s3;
mod scalingo;

pub use buckets::{BucketFault, Failing, S3Buckets, StoredObject};
pub use downloads::{DownloadFault, DownloadRequest, Downloads};
pub use heroku::HerokuApi;
pub use s3::S3Server;
pub use scalingo::ScalingoApi;
