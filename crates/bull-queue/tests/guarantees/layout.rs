//! What stands in Redis and what is published, as other programs see it.

use std::time::Duration;

use bull_queue::{Backoff, JobOptions, JobOutcome, State};
use serde_json::{Value, json};

use crate::support::{Raw, TestWorker, job_with, listen, queue, quick, until, until_state};

#[tokio::test]
async fn the_fields_of_a_job_and_its_events() {
    let (redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let heard = listen(&redis).await;
    let options = JobOptions {
        attempts: 10,
        backoff: Some(Backoff::exponential(1000)),
        ..JobOptions::default()
    };
    let id = queue.add(&job_with(options)).await.unwrap();
    let field = async |name: &str| raw.field(&id, name).await.unwrap();
    let timestamp: u64 = field("timestamp").await.parse().unwrap();
    assert_eq!(field("name").await, "__default__");
    assert_eq!(field("data").await, "{}");
    assert_eq!(field("delay").await, "0");
    assert_eq!(field("priority").await, "0");
    assert_eq!(
        serde_json::from_str::<Value>(&field("opts").await).unwrap(),
        json!({
            "attempts": 10, "backoff": { "type": "exponential", "delay": 1000 }, "delay": 0,
            "timestamp": timestamp
        })
    );
    assert_eq!(raw.command::<Vec<String>>("LRANGE", &[&raw.key("wait"), "0", "-1"]).await, ["1"]);

    let worker = TestWorker::start(&queue, quick(), |_, context| async move {
        context.update_progress(&json!(50)).await?;
        Ok(JobOutcome::new(json!({ "rows": 3 })))
    });
    until_state(&queue, &id, State::Completed).await;
    assert_eq!(field("returnvalue").await, r#"{"rows":3}"#);
    let finished = field("finishedOn").await;
    assert_eq!(raw.score("completed", &id).await.unwrap(), finished.parse::<f64>().unwrap());
    assert_eq!(raw.field(&id, "owner").await, None);
    until("the events", async || heard.lock().unwrap().len() >= 4).await;
    worker.shut_down().await;
    let heard = heard.lock().unwrap().clone();
    let said = |channel: &str| -> Vec<&str> {
        heard.iter().filter(|(c, _)| c == channel).map(|(_, message)| message.as_str()).collect()
    };
    assert_eq!(said("waiting"), ["1"]);
    assert_eq!(said("active"), ["1"]);
    assert_eq!(said("progress"), [r#"{"jobId":"1","progress":50}"#]);
    assert_eq!(said("completed"), [r#"{"jobId":"1","val":"{\"rows\":3}"}"#]);
}

#[tokio::test]
async fn a_failed_job_and_a_delayed_one() {
    let (redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let heard = listen(&redis).await;
    let later = JobOptions { delay: 500, attempts: 2, ..JobOptions::default() };
    let id = queue.add(&job_with(later)).await.unwrap();
    let due = queue.job(&id).await.unwrap().unwrap().timestamp + 500;
    // The low 12 bits are the counter, here 1.
    assert_eq!(raw.score("delayed", &id).await, Some((due * 4096 + 1) as f64));
    let worker = TestWorker::start(&queue, quick(), |_, _| async { Err("it \"broke\"".into()) });
    until_state(&queue, &id, State::Failed).await;
    assert_eq!(raw.field(&id, "failedReason").await.unwrap(), "it \"broke\"");
    assert_eq!(raw.field(&id, "attemptsMade").await.unwrap(), "2");
    assert_eq!(
        raw.field(&id, "stacktrace").await.unwrap(),
        r#"["Error: it \"broke\"","Error: it \"broke\""]"#
    );
    until("the event", async || heard.lock().unwrap().iter().any(|(c, _)| c == "failed")).await;
    worker.shut_down().await;
    let heard = heard.lock().unwrap().clone();
    assert!(heard.contains(&("delayed".into(), due.to_string())), "{heard:?}");
    assert!(
        heard.contains(&("failed".into(), r#"{"jobId":"1","val":"it \"broke\""}"#.into())),
        "{heard:?}"
    );
}

#[tokio::test]
async fn nothing_is_left_behind_but_the_jobs() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let worker = TestWorker::start(&queue, quick(), |_, _| async { Ok(JobOutcome::default()) });
    for _ in 0..50 {
        queue.add(&job_with(JobOptions::default())).await.unwrap();
    }
    crate::support::until_counts(&queue, "all", |counts| counts.completed == 50).await;
    worker.shut_down().await;
    let mut keys: Vec<String> = raw.command("KEYS", &["bull:*"]).await;
    keys.retain(|key| !key.rsplit(':').next().unwrap().chars().all(|c| c.is_ascii_digit()));
    let mut left = Vec::new();
    let mut receipts = 0;
    for key in keys {
        let lives: i64 = raw.command("PTTL", &[&key]).await;
        if lives < 0 {
            left.push(key);
        } else {
            let day = Duration::from_secs(86_400).as_millis();
            assert!(u128::try_from(lives).unwrap() <= day, "{key} lives {lives} ms");
            receipts += usize::from(key.contains(":receipts:"));
        }
    }
    assert_eq!(receipts, 1, "one per job that may run at once");
    left.sort();
    assert_eq!(left, [raw.key("completed"), raw.key("id")]);
}
