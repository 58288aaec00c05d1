//! Variables of notifications.

use clap::Args;

use super::entry::Notification;
use super::parse::parse;
use pipeline::config::Findings;
use pipeline::config::variable::{Given, List, Variable, hidden};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Notifications")]
pub(crate) struct NotificationOptions {
    /// Webhooks that are called, in order, at the end of a run, JSON: `[{"url": …, "token"?: …, "format"?:
    /// "json", "on"?: "success"|"failure"|"always"}]`
    ///
    /// `url` is where a POST is sent, or a plain URL in place of an object; `token` the Authorization header.
    /// `format` "json" sends what ran, how long, rows and bytes; without it the body is {}. `on` is "success"
    /// by default (docs/notifications.md).
    ///
    /// For example '[{"url":"https://example.net/hook","token":"secret","format":"json"}]'.
    #[arg(long, env, default_value = "[]", value_name = "JSON", value_parser = notifications())]
    notifications: List<Notification>,

    /// Alternative name for NOTIFICATIONS; set only one of the two
    ///
    /// Example: ["https://example.net/hook"]
    #[arg(long, env, value_name = "JSON", value_parser = notifications())]
    notification_urls: List<Notification>,
}

impl NotificationOptions {
    pub(crate) fn entries(self, findings: &mut Findings) -> Vec<Notification> {
        let (name, other) = (self.notifications, self.notification_urls);
        if !name.is_empty() && !other.is_empty() && name != other {
            let both = "NOTIFICATIONS is set too, to something else; set one of the two";
            findings.wrong::<()>("NOTIFICATION_URLS", None, both);
        }
        if name.is_empty() { other } else { name }
    }
}

fn notifications() -> Variable<List<Notification>> {
    hidden(|given: &Given<'_>| {
        let entries = parse(given.text).map_err(|error| error.to_string())?;
        for token in entries.iter().filter_map(|entry| entry.token.as_ref()) {
            secrets::remember(token.expose());
        }
        Ok(entries)
    })
}
