//! Variables of the content API.

use clap::Args;
use http_requests::Secret;
use pg_replicate::{DatabaseUrl, OnTarget};
use url::Url;

use super::format::ContentFormat;
use super::settings::LearningContentSettings;
use crate::config::web_values::secret;
use pipeline::config::variable::{Given, Optional, one_of, value};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Learning content")]
pub(crate) struct LearningContentOptions {
    /// The learning content API; empty leaves that step out
    #[arg(long, env, value_name = "URL", value_parser = value(api_url).optional())]
    lcms_api_url: Optional<Url>,

    /// The key of the learning content API
    #[arg(long, env, value_name = "KEY", value_parser = secret())]
    lcms_api_key: Secret,

    /// What the learning content API answers: `auto` asks for the stream, and for the tables of the older
    /// API where there is no stream
    ///
    /// `stream` is GET /replication-stream, `airtable` is GET /databases/airtable (until 2.35).
    #[arg(long, env, default_value = "auto", value_parser = one_of([
        ("auto", ContentFormat::Auto),
        ("stream", ContentFormat::Stream),
        ("airtable", ContentFormat::Airtable),
    ]))]
    lcms_api_format: ContentFormat,
}

impl LearningContentOptions {
    pub(crate) fn settings(
        self,
        client: &str,
        target: DatabaseUrl,
        on_target: OnTarget,
    ) -> LearningContentSettings {
        LearningContentSettings {
            on_target,
            format: self.lcms_api_format,
            ..LearningContentSettings::new(
                self.lcms_api_url,
                self.lcms_api_key.expose(),
                client,
                target,
            )
        }
    }
}

fn api_url(given: &Given<'_>) -> Result<Url, String> {
    Url::parse(given.text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(
        || {
            "must be an http or https URL, without /databases/airtable or /replication-stream; or \
             empty, to leave learning content out"
                .into()
        },
    )
}
