//! Notifications: webhooks that wiremock plays.

mod delivery;
mod failures;
mod support;
