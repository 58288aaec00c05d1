//! Receivers, reports and a log to look at.

use std::io::Write;
use std::sync::{Arc, Mutex};

use pg_replicate::PhaseSummary;
use serde_json::Value;
use shared_steps::notification::{Notification, RunReport, Status, StepReport, parse};
use tracing::subscriber::DefaultGuard;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

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
        }],
        error: (status == Status::Failure).then(|| "table \"x\" was refused".into()),
    }
}

/// The log of this thread, as text.
pub(crate) struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer(Arc::clone(&text));
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }

    /// The messages of this crate's notifications, without time and level.
    pub(crate) fn messages(&self) -> Vec<String> {
        let text = self.text();
        let ours = text.lines().filter_map(|line| line.split_once("shared_steps::notification: "));
        ours.map(|(_, message)| message.to_owned()).collect()
    }
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
