//! Values of variables that web servers are asked with.

use http_requests::Secret;
use url::Url;

use pipeline::config::variable::{Variable, hidden, value};

/// A text that is never shown.
pub(crate) fn secret() -> Variable<Secret> {
    value(|given| {
        secrets::remember(given.text);
        Ok(given.text.into())
    })
}

/// A URL of a web server.
pub(crate) fn web_url() -> Variable<Url> {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    hidden(move |given| {
        let url = Url::parse(given.text).ok().filter(is_web);
        url.ok_or("must be an http or https URL".into())
    })
}
