//! What receivers get, and when.

use progress::Context;
use serde_json::{Value, json};
use shared_steps::jobs::notification::{self, RunReport, Status};

use crate::notification::support::{
    Log, authorizations, bodies, entries, hook, messages, receiver, report,
};

#[tokio::test]
async fn a_plain_entry_gets_what_it_always_got() {
    let (first, second) = (receiver(200).await, receiver(204).await);
    let entries = entries(&json!([
        {"url": hook(&first)},
        {"url": hook(&second), "token": "Basic abc="},
    ]));
    let log = Log::capture();
    let summary =
        notification::run(&entries, &report(Status::Success), &Context::quiet()).await.unwrap();

    assert_eq!(
        (bodies(&first).await, bodies(&second).await),
        (vec!["{}".into()], vec!["{}".into()])
    );
    assert_eq!(authorizations(&first).await, [Vec::<String>::new()]);
    assert_eq!(authorizations(&second).await, [["Basic abc="]]);
    let request = &first.received_requests().await.unwrap()[0];
    assert_eq!(request.headers.get("content-type").unwrap(), "application/json");
    assert_eq!(
        messages(&log),
        [
            "Start notification".to_owned(),
            format!("Notify {}", hook(&first)),
            format!("Notify {}", hook(&second)),
            "Notification done".to_owned(),
        ]
    );
    assert_eq!(summary.phases.len(), 1);
    assert_eq!((summary.phases[0].objects, summary.phases[0].bytes), (2, 4));
}

#[tokio::test]
async fn a_json_entry_gets_the_report() {
    let receiver = receiver(200).await;
    let entries = entries(&json!([{"url": hook(&receiver), "format": "json"}]));
    let report = report(Status::Success);
    notification::run(&entries, &report, &Context::quiet()).await.unwrap();

    let body = bodies(&receiver).await.remove(0);
    assert_eq!(serde_json::from_str::<RunReport>(&body).unwrap(), report);
    let body: Value = serde_json::from_str(&body).unwrap();
    insta::assert_json_snapshot!("report", body);
}

#[tokio::test]
async fn each_entry_hears_of_what_it_asks_for() {
    let receivers = [receiver(200).await, receiver(200).await, receiver(200).await];
    let [success, failure, always] = &receivers;
    let entries = entries(&json!([
        {"url": hook(success)},
        {"url": hook(failure), "on": "failure", "format": "json"},
        {"url": hook(always), "on": "always"},
    ]));
    let context = Context::quiet();
    notification::run(&entries, &report(Status::Success), &context).await.unwrap();
    notification::notify_failure(&entries, &report(Status::Failure), &context).await.unwrap();
    let mut counts = Vec::new();
    for receiver in &receivers {
        counts.push(bodies(receiver).await.len());
    }
    assert_eq!(counts, [1, 1, 2]);
    let body: Value = serde_json::from_str(&bodies(failure).await[0]).unwrap();
    assert_eq!(body["status"], "failure");
    assert_eq!(body["error"], "table \"x\" was refused");
}

#[tokio::test]
async fn a_failure_nobody_asks_for_is_silent() {
    let receiver = receiver(200).await;
    let log = Log::capture();
    let failed = report(Status::Failure);
    let context = Context::quiet();
    notification::notify_failure(&entries(&json!([{"url": hook(&receiver)}])), &failed, &context)
        .await
        .unwrap();
    assert_eq!((bodies(&receiver).await.len(), messages(&log).len()), (0, 0));
}

#[tokio::test]
async fn secrets_of_an_entry_are_sent_and_never_shown() {
    let receiver = receiver(500).await;
    let address = receiver.address();
    let entries = entries(&json!([
        {"url": format!("http://joe:pw-71@{address}/hook?key=k-72"), "token": "token-73"},
        {"url": format!("http://joe:pw-71@{address}/hook")},
    ]));
    let log = Log::capture();
    let error = notification::run(&entries, &report(Status::Success), &Context::quiet()).await;
    let error = error.unwrap_err();

    // One header each: the token, or what the URL says (joe:pw-71 in base64).
    assert_eq!(authorizations(&receiver).await, [["token-73"], ["Basic am9lOnB3LTcx"]]);
    let urls = receiver.received_requests().await.unwrap();
    assert_eq!(urls[0].url.query(), Some("key=k-72"));
    let shown = format!("{} {error} {error:?} {entries:?}", log.text());
    assert!(shown.contains(&format!("Notify http://joe:***@{address}/hook?key=***")), "{shown}");
    for secret in ["pw-71", "k-72", "token-73", "am9lOnB3LTcx"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
