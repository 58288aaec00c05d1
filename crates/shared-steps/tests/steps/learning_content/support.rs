//! A target, a content API and a log to look at.

use std::time::Duration;

use serde_json::{Value, json};
use shared_steps::http::RetryLimits;
use shared_steps::jobs::learning_content::{ContentFormat, LearningContentSettings};
use test_servers::{PostgresOptions, PostgresServer};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) use crate::captured_log::Log;

pub(crate) const KEY: &str = "lcms-key-5f2e";
pub(crate) const PASSWORD: &str = "pass-9d1c";

/// A warehouse whose owner is an ordinary role.
pub(crate) struct Target(pub(crate) PostgresServer);

impl Target {
    pub(crate) fn start() -> Self {
        let settings = vec![("timezone".to_owned(), "UTC".to_owned())];
        let options = PostgresOptions { settings, ..Default::default() };
        let server = PostgresServer::start_with(options).unwrap();
        server.create_role("owner", PASSWORD).unwrap();
        server.create_database("warehouse", "owner").unwrap();
        Self(server)
    }

    pub(crate) fn url(&self) -> String {
        self.0.url("owner", PASSWORD, "warehouse")
    }

    /// What `psql -At` prints.
    pub(crate) fn sql(&self, script: &str) -> String {
        self.0.psql("warehouse", script).unwrap()
    }

    /// As the role that the tables belong to.
    pub(crate) fn sql_as_owner(&self, script: &str) -> String {
        self.sql(&format!("SET ROLE owner; {script}"))
    }
}

/// The realistic answer of `tests/fixtures`.
pub(crate) fn content() -> Value {
    serde_json::from_str(include_str!("../../fixtures/learning-content.json")).unwrap()
}

/// The request that the step is to make.
pub(crate) fn request() -> wiremock::MockBuilder {
    Mock::given(method("GET"))
        .and(path("/api/databases/airtable"))
        .and(header("authorization", format!("Bearer {KEY}").as_str()))
        .and(header("client", "test-app"))
}

/// A content API that answers `content`.
pub(crate) async fn api(content: &Value) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(content);
    request().respond_with(answer).mount(&server).await;
    server
}

pub(crate) fn settings(api: &MockServer, target: &Target) -> LearningContentSettings {
    settings_for(&format!("{}/api/", api.uri()), target)
}

pub(crate) fn settings_for(api_url: &str, target: &Target) -> LearningContentSettings {
    let url = Some(api_url.parse().unwrap());
    let target = target.url().parse().unwrap();
    let mut settings = LearningContentSettings::new(url, KEY, "test-app", target);
    settings.format = ContentFormat::Airtable;
    settings.retry = RetryLimits {
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(50),
        ..settings.retry
    };
    settings
}

/// Every table of `content()`, with nothing in it.
pub(crate) fn empty_content() -> Value {
    let tables = content().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    tables.into_iter().map(|table| (table, json!([]))).collect()
}
