//! The servers of the demo.

use anyhow::Context;
use test_servers::fakes::{ContentApi, WebhookReceiver};
use test_servers::sample::{SampleSource, SampleTarget};
use test_servers::{PostgresServer, RedisServer};

/// The token of the first notification.
pub(crate) const TOKEN: &str = "a-token-of-the-demo";

/// All servers and mocks that a run needs; stopped and removed when dropped.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) source_server: PostgresServer,
    pub(crate) source: SampleSource,
    pub(crate) target_server: PostgresServer,
    pub(crate) target: SampleTarget,
    pub(crate) redis: RedisServer,
    pub(crate) content_api: ContentApi,
    pub(crate) webhook: WebhookReceiver,
}

impl Services {
    pub(crate) fn start(users: u32) -> anyhow::Result<Self> {
        let source_server = PostgresServer::start().context("the source's server")?;
        let source = SampleSource::create(&source_server, users).context("fill the source")?;
        let target_server = PostgresServer::start().context("the target's server")?;
        let target = SampleTarget::create(&target_server).context("create the target")?;
        Ok(Self {
            source_server,
            source,
            target_server,
            target,
            redis: RedisServer::start()?,
            content_api: ContentApi::start()?,
            webhook: WebhookReceiver::start()?,
        })
    }

    pub(crate) fn source_url(&self) -> String {
        self.source.url(&self.source_server)
    }

    pub(crate) fn target_url(&self) -> String {
        self.target.url(&self.target_server)
    }

    /// The environment of the worker and of the operator's commands.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let notifications = serde_json::json!([
            { "url": self.webhook.url("/dashboards"), "token": TOKEN },
            { "url": self.webhook.url("/analysts"), "format": "json" },
        ]);
        vec![
            ("NODE_ENV", "test".to_owned()),
            ("REDIS_URL", self.redis.url()),
            ("SOURCE_DATABASE_URL", self.source_url()),
            ("TARGET_DATABASE_URL", self.target_url()),
            ("DATABASE_URL", self.target_url()),
            ("LCMS_API_URL", self.content_api.url()),
            ("LCMS_API_KEY", ContentApi::KEY.to_owned()),
            ("NOTIFICATIONS", notifications.to_string()),
            // The demo starts its runs by hand: the schedule is due only on a 29th of February.
            ("SCHEDULE", "10 5 29 2 *".to_owned()),
            ("MAX_RETRY_COUNT", "2".to_owned()),
            ("PG_RESTORE_JOBS", "2".to_owned()),
        ]
    }
}
