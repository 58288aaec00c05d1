//! Receivers that do not take it.

use std::time::{Duration, Instant};

use progress::Context;
use serde_json::json;
use shared_steps::jobs::notification::{self, Error, Status};
use test_servers::{Proxy, free_port, wait_for_async};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::notification::support::{
    Log, answering, authorizations, bodies, entries, hook, messages, receiver, report,
};

async fn run(urls: &[String]) -> Result<progress::Summary, Error> {
    let list: Vec<_> = urls.iter().map(|url| json!({"url": url, "token": "token-61"})).collect();
    notification::run(&entries(&json!(list)), &report(Status::Success), &Context::quiet()).await
}

#[tokio::test]
async fn one_that_fails_does_not_hide_the_others() {
    let (good, bad, last) = (
        receiver(200).await,
        answering(ResponseTemplate::new(500).set_body_string("out of order")).await,
        receiver(200).await,
    );
    let nobody = format!("http://127.0.0.1:{}/hook", free_port().unwrap());
    let log = Log::capture();
    let urls = [hook(&good), hook(&bad), nobody.clone(), hook(&last)];
    let text = run(&urls).await.unwrap_err().to_string();

    assert!(text.starts_with("2 of 4 notifications failed: "), "{text}");
    assert!(
        text.contains(&format!(
            "{}: answered 500 Internal Server Error: \"out of order\"",
            hook(&bad)
        )),
        "{text}"
    );
    assert!(text.contains(&format!("{nobody}: ")) && text.contains("Connection refused"), "{text}");
    let counts = (bodies(&good).await.len(), bodies(&bad).await.len(), bodies(&last).await.len());
    assert_eq!(counts, (1, 1, 1));
    let messages = messages(&log);
    assert!(messages.iter().any(|message| message.starts_with("Notification of ")), "{messages:?}");
    assert!(!messages.iter().any(|message| message == "Notification done"), "{messages:?}");
}

#[tokio::test]
async fn only_what_was_not_taken_is_repeated() {
    for (status, requests) in [(503, 3), (429, 3), (500, 1), (502, 1), (504, 1), (404, 1), (401, 1)]
    {
        let answer = ResponseTemplate::new(status).insert_header("retry-after", "0");
        let receiver = answering(answer).await;
        let error = run(&[hook(&receiver)]).await.unwrap_err().to_string();
        assert!(error.contains(&format!("answered {status}")), "{error}");
        assert_eq!(bodies(&receiver).await.len(), requests, "{status}");
    }
}

#[tokio::test]
async fn a_receiver_that_comes_back_is_notified_once() {
    let receiver = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0");
    let hooked = || Mock::given(method("POST")).and(path("/hook"));
    hooked().respond_with(busy).up_to_n_times(1).mount(&receiver).await;
    hooked().respond_with(ResponseTemplate::new(200)).expect(1).mount(&receiver).await;
    run(&[hook(&receiver)]).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_a_failure_and_nothing_is_sent_twice() {
    let receiver = receiver(200).await;
    let proxy = Proxy::start(receiver.address().port()).unwrap();
    proxy.drop_next_reply();
    let url = format!("http://127.0.0.1:{}/hook", proxy.port());
    let error = run(&[url]).await.unwrap_err();
    assert!(matches!(error, Error::Undelivered { entries: 1, .. }), "{error}");
    assert_eq!(proxy.dropped_replies(), 1);
    // The receiver may note it a moment after the connection is gone.
    let arrived = async || !bodies(&receiver).await.is_empty();
    assert!(wait_for_async(Duration::from_secs(20), arrived).await);
    assert_eq!(bodies(&receiver).await.len(), 1);
}

#[tokio::test]
async fn a_redirect_elsewhere_is_not_followed() {
    let elsewhere = receiver(200).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = ResponseTemplate::new(status).insert_header("location", hook(&elsewhere));
        let error = run(&[hook(&answering(answer).await)]).await.unwrap_err().to_string();
        let expected = format!("to {}, which is not followed: put the new URL", hook(&elsewhere));
        assert!(error.contains(&expected), "{error}");
    }
    assert_eq!(bodies(&elsewhere).await.len(), 0);
}

#[tokio::test]
async fn a_redirect_on_the_same_server_is_followed_when_it_keeps_the_post() {
    let receiver = receiver(200).await;
    let moved = ResponseTemplate::new(308).insert_header("location", "/hook");
    Mock::given(path("/old")).respond_with(moved).mount(&receiver).await;
    run(&[format!("{}/old", receiver.uri())]).await.unwrap();
    assert_eq!(bodies(&receiver).await, ["{}", "{}"]);
    assert_eq!(authorizations(&receiver).await, [["token-61"], ["token-61"]]);

    let found = ResponseTemplate::new(302).insert_header("location", "/hook");
    Mock::given(path("/found")).respond_with(found).mount(&receiver).await;
    run(&[format!("{}/found", receiver.uri())]).await.unwrap_err();
    assert_eq!(bodies(&receiver).await.len(), 3);
}

#[tokio::test]
async fn a_cancelled_notification_ends_at_once() {
    let slow = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(25))).await;
    let context = Context::quiet();
    let entries = entries(&json!([{"url": hook(&slow)}, {"url": hook(&slow)}]));
    let report = report(Status::Success);
    let cancel = async {
        let arrived = async || !bodies(&slow).await.is_empty();
        assert!(wait_for_async(Duration::from_secs(20), arrived).await);
        context.cancel.cancel();
    };
    let start = Instant::now();
    let (result, ()) = tokio::join!(notification::run(&entries, &report, &context), cancel);
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    assert!(start.elapsed() < Duration::from_secs(25));
    assert_eq!(bodies(&slow).await.len(), 1);
}
