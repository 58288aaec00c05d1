//! Receivers, reports and a log to look at.

use progress::PhaseSummary;
use serde_json::Value;
use shared_steps::jobs::notification::{Notification, RunReport, Status, StepReport, parse};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) use crate::captured_log::Log;

/// A receiver that answers `status` on `/hook`.
pub(crate) async fn receiver(status: u16) -> MockServer {
    answering(ResponseTemplate::new(status)).await
}

pub(crate) async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/hook")).respond_with(answer).mount(&server).await;
    server
}

pub(crate) fn hook(receiver: &MockServer) -> String {
    format!("{}/hook", receiver.uri())
}

/// The bodies that `receiver` was sent.
pub(crate) async fn bodies(receiver: &MockServer) -> Vec<String> {
    let requests = receiver.received_requests().await.unwrap();
    requests.into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
}

/// The values of the header `authorization` in each request.
pub(crate) async fn authorizations(receiver: &MockServer) -> Vec<Vec<String>> {
    let requests = receiver.received_requests().await.unwrap();
    let values = requests.iter().map(|request| {
        let all = request.headers.get_all("authorization").iter();
        all.map(|value| value.to_str().unwrap().to_owned()).collect()
    });
    values.collect()
}

pub(crate) fn entries(entries: &Value) -> Vec<Notification> {
    parse(&entries.to_string()).unwrap()
}

pub(crate) fn report(status: Status) -> RunReport {
    let phase = |name: &str, rows| PhaseSummary {
        name: name.into(),
        objects: 3,
        rows,
        bytes: 10 * rows,
        seconds: 60.5,
    };
    RunReport {
        run_id: "1605849000000-42".into(),
        status,
        started_at: "2026-11-20T04:10:00Z".parse().unwrap(),
        finished_at: "2026-11-20T05:40:30.5Z".parse().unwrap(),
        duration_seconds: 5430.5,
        steps: vec![StepReport {
            step: "full-replication".into(),
            queue: "Replication queue".into(),
            job_id: Some("42".into()),
            status,
            seconds: 121.0,
            rows: 300,
            bytes: 3000,
            phases: vec![phase("backup", 100), phase("restore", 200)],
            drift: None,
        }],
        error: (status == Status::Failure).then(|| "table \"x\" was refused".into()),
    }
}

/// The messages of this crate's notifications, without time and level.
pub(crate) fn messages(log: &Log) -> Vec<String> {
    let text = log.text();
    let ours =
        text.lines().filter_map(|line| line.split_once("shared_steps::jobs::notification: "));
    ours.map(|(_, message)| message.to_owned()).collect()
}
