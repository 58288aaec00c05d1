//! What happens between the content API and us.

use std::time::{Duration, Instant};

use progress::Context;
use shared_steps::jobs::learning_content::{self, Error};
use test_servers::{Proxy, free_port, wait_for_async};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::learning_content::support::{
    KEY, Log, PASSWORD, Target, api, content, empty_content, request, settings, settings_for,
};

/// An API that answers `first` so many times, then the content.
async fn api_after(first: ResponseTemplate, times: u64) -> MockServer {
    let api = MockServer::start().await;
    request().respond_with(first).up_to_n_times(times).mount(&api).await;
    let answer = ResponseTemplate::new(200).set_body_json(empty_content());
    request().respond_with(answer).mount(&api).await;
    api
}

async fn requests(api: &MockServer) -> usize {
    api.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_within_the_attempt() {
    let target = Target::start();
    for status in [503, 500, 502, 429, 408] {
        let api = api_after(ResponseTemplate::new(status), 2).await;
        let log = Log::capture();
        learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();
        assert_eq!(requests(&api).await, 3, "{status}");
        let again = log.text().matches("trying again in").count();
        assert_eq!(again, 2, "{}", log.text());
    }
}

#[tokio::test]
async fn a_wait_that_the_api_asks_for_is_kept() {
    let target = Target::start();
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    let api = api_after(busy, 1).await;
    let start = Instant::now();
    learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();
    // Our own first wait is 20 ms: only the header explains a second.
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(requests(&api).await, 2);

    let busy = ResponseTemplate::new(429).insert_header("retry-after", "86400");
    let api = api_after(busy, 1).await;
    let error = learning_content::run(&settings(&api, &target), &Context::quiet()).await;
    assert!(matches!(error, Err(Error::Status { status: 429, .. })), "{error:?}");
}

#[tokio::test]
async fn tries_are_bounded_and_the_last_answer_is_the_error() {
    let target = Target::start();
    let down = ResponseTemplate::new(502).set_body_raw("<h1>Bad\ngateway</h1>", "text/html");
    let api = api_after(down, 100).await;
    let error =
        learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap_err();
    assert_eq!(requests(&api).await, 4);
    assert_eq!(
        error.to_string(),
        format!(
            "the content API answered 502 to GET {}/api/databases/airtable (text/html): \
             \"<h1>Bad\\ngateway</h1>\"",
            api.uri()
        )
    );
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let target = Target::start();
    let elsewhere =
        ResponseTemplate::new(302).insert_header("location", "http://127.0.0.2:1/?key=abc");
    let echoing = format!("http://127.0.0.2:1/{KEY}/?key=abc");
    let cases = [
        (
            ResponseTemplate::new(403)
                .set_body_raw(format!("{KEY}: {KEY}"), &format!("text/{KEY}")),
            "(text/***): \"***: ***\"; see LCMS_API_KEY",
        ),
        (
            ResponseTemplate::new(302).insert_header("location", echoing.as_str()),
            "; it redirects to http://127.0.0.2:1/***/?key=***: set LCMS_API_URL to where the API is",
        ),
        (
            ResponseTemplate::new(401).set_body_string(format!("bad key {KEY}")),
            "\"bad key ***\"; see LCMS_API_KEY",
        ),
        (
            ResponseTemplate::new(404),
            "; see LCMS_API_FORMAT, and LCMS_API_URL, which ends before /databases/airtable and /replication-stream",
        ),
        (
            elsewhere,
            "; it redirects to http://127.0.0.2:1/?key=***: set LCMS_API_URL to where the API is",
        ),
    ];
    for (answer, expected) in cases {
        let api = api_after(answer, 1).await;
        let log = Log::capture();
        let settings = settings(&api, &target);
        let error = learning_content::run(&settings, &Context::quiet()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with(expected), "{text}");
        assert_eq!(requests(&api).await, 1);
        let check = format!("{:?}", learning_content::check(&settings).await);
        for shown in [text, format!("{error:?}"), check, log.text()] {
            assert!(!shown.contains(KEY), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_the_same_server_is_followed_with_the_key() {
    let target = Target::start();
    let api = api(&empty_content()).await;
    Mock::given(method("GET"))
        .and(path("/old/databases/airtable"))
        .respond_with(
            ResponseTemplate::new(301).insert_header("location", "/api/databases/airtable"),
        )
        .mount(&api)
        .await;
    let settings = settings_for(&format!("{}/old", api.uri()), &target);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
}

#[tokio::test]
async fn a_broken_answer_and_a_slow_one_are_tried_again() {
    let target = Target::start();
    let slow = ResponseTemplate::new(200)
        .set_body_json(empty_content())
        .set_delay(Duration::from_secs(60));
    let late = api_after(slow, 1).await;
    let mut settings = settings(&late, &target);
    settings.timeout = Duration::from_millis(300);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    assert_eq!(requests(&late).await, 2);

    let whole = api(&empty_content()).await;
    let proxy = Proxy::start(whole.address().port()).unwrap();
    proxy.drop_next_reply();
    let through_proxy = settings_for(&format!("http://127.0.0.1:{}/api", proxy.port()), &target);
    learning_content::run(&through_proxy, &Context::quiet()).await.unwrap();
    assert_eq!((requests(&whole).await, proxy.dropped_replies()), (2, 1));
}

#[tokio::test]
async fn an_api_or_a_target_that_is_away_is_unreachable() {
    let mut target = Target::start();
    let nobody = format!("http://user:{PASSWORD}@127.0.0.1:{}", free_port().unwrap());
    let error = learning_content::run(&settings_for(&nobody, &target), &Context::quiet()).await;
    let error = error.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");

    let api = api(&empty_content()).await;
    target.0.kill();
    let error = learning_content::run(&settings(&api, &target), &Context::quiet()).await;
    let error = error.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
}

#[tokio::test]
async fn a_cancelled_step_ends_at_once() {
    let target = Target::start();
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    let api = api_after(slow, 1).await;
    let context = Context::quiet();
    let settings = settings(&api, &target);
    let step = learning_content::run(&settings, &context);
    let cancel = async {
        assert!(wait_for_async(Duration::from_secs(20), async || requests(&api).await > 0).await);
        context.cancel.cancel();
    };
    let (result, ()) =
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(step, cancel) })
            .await
            .unwrap();
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
}

#[tokio::test]
async fn a_check_looks_at_the_api_and_loads_nothing() {
    let target = Target::start();
    let good = api(&content()).await;
    let line = learning_content::check(&settings(&good, &target)).await.unwrap();
    assert_eq!(
        line,
        format!("{}/api/databases/airtable answers 200 (application/json)", good.uri())
    );
    assert_eq!(target.sql("SELECT count(*) FROM pg_class WHERE relname = 'areas'"), "0");

    let page = ResponseTemplate::new(200).set_body_raw("<html>", "text/html");
    let error = learning_content::check(&settings(&api_after(page, 9).await, &target)).await;
    assert!(error.unwrap_err().to_string().contains("text/html"));
    let down = api_after(ResponseTemplate::new(503), 9).await;
    let error = learning_content::check(&settings(&down, &target)).await.unwrap_err();
    assert!(error.to_string().contains("answered 503"), "{error}");
    assert_eq!(requests(&down).await, 1);
}

#[tokio::test]
async fn no_secret_is_logged() {
    let target = Target::start();
    let log = Log::capture();
    let api = api_after(ResponseTemplate::new(503).set_body_string(KEY), 1).await;
    let url = format!("http://user:{PASSWORD}@{}/api", api.address());
    let settings = settings_for(&url, &target);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    let text = format!("{} {settings:?}", log.text());
    assert!(text.contains("answered 503 to GET http://user:***@127.0.0.1"), "{text}");
    assert!(text.contains("learningContent.run - Ended"), "{text}");
    assert!(!text.contains(KEY) && !text.contains(PASSWORD), "{text}");
}
