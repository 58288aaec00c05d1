//! What surrounds a night in the demo and in the acceptance tests: a source in the manner of Pix, a
//! target as a PaaS hands it out, a content API and a webhook receiver.

mod content;
mod content_api;
pub(crate) mod http;
mod sample;
mod webhook;

pub use content::content;
pub use content_api::ContentApi;
pub use sample::{SampleSource, SampleTarget};
pub use webhook::{Webhook, WebhookReceiver};
