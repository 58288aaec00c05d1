//! Sentry client, configured by the variables of the Node.js program.

use std::time::Duration;

use sentry::types::Dsn;
use sentry_tracing::{BreadcrumbLayer, ErrorLayer};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::registry::LookupSpan;

/// How long the process waits for Sentry when it ends.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// `SENTRY_*`.
#[derive(Debug, Clone)]
pub struct SentrySettings {
    /// `SENTRY_DSN`.
    pub dsn: Dsn,
    /// `SENTRY_ENVIRONMENT`.
    pub environment: String,
    /// `SENTRY_MAX_BREADCRUMBS`.
    pub max_breadcrumbs: usize,
    /// `SENTRY_DEBUG`.
    pub debug: bool,
    /// `SENTRY_MAX_VALUE_LENGTH`: messages and error texts are truncated to this many characters.
    pub max_value_length: usize,
}

pub(super) fn init(settings: &SentrySettings) -> sentry::ClientInitGuard {
    let limit = settings.max_value_length;
    crate::http::install_tls_provider();
    let mut options = sentry::ClientOptions::new();
    options.dsn = Some(settings.dsn.clone());
    options.environment = Some(settings.environment.clone().into());
    options.max_breadcrumbs = settings.max_breadcrumbs;
    options.debug = settings.debug;
    options.release = Some(env!("CARGO_PKG_VERSION").into());
    options.shutdown_timeout = FLUSH_LIMIT;
    options.before_send = Some(std::sync::Arc::new(move |mut event| {
        if let Some(message) = &mut event.message {
            shorten(message, limit);
        }
        for exception in &mut event.exception.values {
            if let Some(value) = &mut exception.value {
                shorten(value, limit);
            }
        }
        Some(event)
    }));
    options.before_breadcrumb = Some(std::sync::Arc::new(|mut breadcrumb| {
        if let Some(message) = &mut breadcrumb.message {
            *message = secrets::without(message).into_owned();
        }
        Some(breadcrumb)
    }));
    sentry::init(options)
}

/// Errors become events; earlier lines at info and above become their breadcrumbs.
pub(super) fn layers<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let errors = ErrorLayer::new().enable_span_attributes().with_filter(LevelFilter::ERROR);
    let breadcrumbs = BreadcrumbLayer::new().with_filter(LevelFilter::INFO);
    errors.and_then(breadcrumbs)
}

/// Without secrets, and truncated.
fn shorten(text: &mut String, limit: usize) {
    *text = secrets::without(text).into_owned();
    cut(text, limit);
}

fn cut(text: &mut String, limit: usize) {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_cut_by_characters() {
        let mut text = "éàü".to_owned();
        super::cut(&mut text, 2);
        assert_eq!(text, "éà");
        super::cut(&mut text, 5);
        assert_eq!(text, "éà");
    }
}
