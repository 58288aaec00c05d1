//! Every operation, done by Bull, by ours, and by both in turn.

use serde_json::{Value, json};

use crate::interop::content::{content, now_ms};
use crate::interop::scenario::Stage;

fn add(opts: Value) -> Value {
    json!({ "op": "add", "opts": opts })
}

fn on(id: &str, operation: &str) -> Value {
    json!({ "op": operation, "id": id })
}

fn op(operation: &str) -> Value {
    json!({ "op": operation })
}

fn fail(id: &str, reason: &str) -> Value {
    json!({ "op": "fail", "id": id, "reason": reason })
}

fn finish(id: &str, value: Value) -> Value {
    json!({ "op": "finish", "id": id, "value": value })
}

fn work(until: Value) -> Value {
    json!({ "op": "work", "until": until })
}

#[tokio::test]
async fn adding() {
    let mut stage = Stage::set();
    stage.play("plain", &[], &[add(json!({})), add(json!({}))]).await;
    let data = json!({ "text": "é \u{1F98A} \"quoted\"\n", "list": [1, 2.5, null, true], "n": {} });
    stage
        .play(
            "named",
            &[],
            &[
                json!({ "op": "add", "name": "copy: all", "data": data }),
                add(json!({ "jobId": "b" })),
            ],
        )
        .await;
    let id = add(json!({ "jobId": "night" }));
    stage.play("id", &[], &[id.clone(), id, add(json!({})), add(json!({ "jobId": "77" }))]).await;
    let delayed = add(json!({ "delay": 600_000 }));
    stage
        .play("delay", &[], &[delayed.clone(), delayed, on("1", "promote"), on("1", "promote")])
        .await;
    let priorities = [5, 1, 5, 3, 1].map(|priority| add(json!({ "priority": priority })));
    let mut steps = vec![add(json!({})), add(json!({ "lifo": true }))];
    steps.extend(priorities);
    steps.push(add(json!({ "priority": 4, "delay": 600_000 })));
    steps.push(on("8", "promote"));
    steps.push(add(json!({ "lifo": true })));
    stage.play("priority", &[], &steps).await;
    let opts = json!({
        "attempts": 4, "backoff": { "type": "exponential", "delay": 1000 }, "timeout": 5000,
        "removeOnComplete": 10, "removeOnFail": { "age": 60, "count": 5 }, "stackTraceLimit": 2,
    });
    stage.play("options", &[], &[add(opts), add(json!({ "backoff": 250, "attempts": 2 }))]).await;
    let bulk = json!({ "op": "addBulk", "jobs": [
        { "data": { "n": 1 } }, { "name": "x", "data": {}, "opts": { "priority": 2 } },
        { "data": {}, "opts": { "delay": 600_000 } }, { "data": {}, "opts": { "jobId": "own" } },
        { "data": {}, "opts": { "lifo": true } }, { "data": {}, "opts": { "jobId": "own" } },
    ] });
    stage.play("bulk", &[], &[bulk.clone(), op("pause"), bulk]).await;
}

#[tokio::test]
async fn ends() {
    let mut stage = Stage::set();
    let value = json!({ "rows": 3, "text": "é" });
    for (name, value) in [("object", value), ("null", Value::Null), ("text", json!("done"))] {
        let steps = [add(json!({})), op("take"), finish("1", value)];
        stage.play(&format!("complete {name}"), &[], &steps).await;
    }
    for keep in [
        json!(true),
        json!(false),
        json!(1),
        json!(-1),
        json!({ "count": 1 }),
        json!({ "age": 600 }),
        json!({ "age": 600, "count": 1 }),
    ] {
        let opts = json!({ "removeOnComplete": keep, "removeOnFail": keep });
        let mut steps = Vec::new();
        for id in ["1", "2", "3"] {
            steps.extend([
                add(opts.clone()),
                json!({ "op": "log", "id": id, "line": "x" }),
                op("take"),
            ]);
            steps.push(finish(id, json!(1)));
        }
        for id in ["4", "5", "6"] {
            steps.extend([add(opts.clone()), op("take"), fail(id, "broken")]);
        }
        stage.play(&format!("keep {keep}"), &[], &steps).await;
    }
    let steps = [add(json!({})), op("take"), fail("1", "a \"reason\" é")];
    stage.play("fail", &[], &steps).await;
    let exponential = json!({ "type": "exponential", "delay": 600_000 });
    let opts = json!({ "attempts": 3, "backoff": exponential, "priority": 2 });
    let steps = [
        add(opts),
        op("take"),
        fail("1", "one"),
        on("1", "promote"),
        op("take"),
        fail("1", "two"),
        on("1", "promote"),
        op("take"),
        fail("1", "three"),
    ];
    stage.play("backoff", &[], &steps).await;
    let opts = json!({ "attempts": 5, "backoff": 600_000, "stackTraceLimit": 1 });
    let discard = json!({ "op": "fail", "id": "1", "reason": "two", "discard": true });
    let steps = [add(opts), op("take"), fail("1", "one"), on("1", "promote"), op("take"), discard];
    stage.play("discard", &[], &steps).await;
}

#[tokio::test]
async fn by_hand() {
    let mut stage = Stage::set();
    let fail = |id: &str| json!({ "op": "failByHand", "id": id, "reason": "enough" });
    let complete =
        |id: &str| json!({ "op": "completeByHand", "id": id, "value": { "by": "hand" } });
    // Ours says more than Bull: a job that is tried again at once is announced.
    let more = &["waiting@<token>"];
    for (name, opts) in [
        ("last", json!({})),
        ("delayed", json!({ "attempts": 2, "backoff": 600_000 })),
        ("at once", json!({ "attempts": 2 })),
        ("at once, priority", json!({ "attempts": 2, "priority": 3 })),
        ("at once, lifo", json!({ "attempts": 2, "lifo": true })),
        ("removed", json!({ "removeOnFail": true, "removeOnComplete": true })),
        ("counted", json!({ "removeOnFail": 1, "removeOnComplete": 1 })),
    ] {
        let steps = [add(opts.clone()), op("take"), add(opts.clone()), fail("1")];
        stage.play(&format!("failed {name}"), more, &steps).await;
        let steps =
            [add(opts.clone()), op("take"), complete("1"), add(opts), op("take"), complete("2")];
        stage.play(&format!("completed {name}"), &[], &steps).await;
    }
    stage.play("refused complete", &[], &[add(json!({})), complete("1"), complete("9")]).await;
}

#[tokio::test]
async fn running_jobs_and_failed_ones() {
    let mut stage = Stage::set();
    let progress = |value: Value| json!({ "op": "progress", "id": "1", "value": value });
    let log = |line: &str| json!({ "op": "log", "id": "1", "line": line });
    let steps = [
        add(json!({})),
        progress(json!(50)),
        log("first \"line\""),
        log("é"),
        progress(json!({ "percent": 2.5 })),
        progress(json!("half")),
        op("take"),
        log("third"),
        on("1", "remove"),
        finish("1", json!(true)),
        on("1", "remove"),
        on("1", "remove"),
    ];
    stage.play("progress and log", &[], &steps).await;

    let opts = json!({ "attempts": 2, "backoff": 600_000 });
    let steps = [
        add(opts),
        op("take"),
        fail("1", "one"),
        on("1", "promote"),
        op("take"),
        fail("1", "two"),
        on("1", "retry"),
        op("take"),
        fail("1", "three"),
        on("1", "retry"),
        op("take"),
        finish("1", json!("at last")),
    ];
    stage.play("retry", &[], &steps).await;
    let mut steps = Vec::new();
    for id in ["1", "2", "3", "4"] {
        steps.extend([add(json!({ "lifo": id == "3", "priority": 0 })), op("take"), fail(id, "x")]);
    }
    steps.extend([on("2", "retry"), on("3", "retry"), op("pause"), on("1", "retry"), op("resume")]);
    steps.extend([on("4", "remove"), on("3", "remove"), on("9", "retry")]);
    stage.play("retry several", &[], &steps).await;

    let delayed = add(json!({ "delay": 600_000, "priority": 1 }));
    let steps = [
        delayed.clone(),
        on("1", "remove"),
        add(json!({ "priority": 1 })),
        on("2", "remove"),
        op("pause"),
        add(json!({})),
        on("3", "remove"),
        delayed,
        on("4", "promote"),
        on("4", "remove"),
        on("5", "remove"),
    ];
    stage.play("remove", &[], &steps).await;
}

#[tokio::test]
async fn pausing_draining_cleaning() {
    let mut stage = Stage::set();
    let steps = [
        op("pause"),
        add(json!({})),
        add(json!({ "priority": 2 })),
        add(json!({ "lifo": true })),
        op("pause"),
        op("resume"),
        op("resume"),
        add(json!({})),
        op("pause"),
        op("resume"),
    ];
    stage.play("pause", &[], &steps).await;
    let steps =
        [add(json!({})), add(json!({ "priority": 2 })), add(json!({ "lifo": true })), op("empty")];
    stage.play("empty", &[], &steps).await;

    #[expect(clippy::cast_possible_truncation, reason = "a time")]
    let old = now_ms() as i64 - 7_200_000;
    let clean = |state: &str, limit: Option<u32>| match limit {
        Some(limit) => json!({ "op": "clean", "grace": 3_600_000, "state": state, "limit": limit }),
        None => json!({ "op": "clean", "grace": 3_600_000, "state": state }),
    };
    let old = |opts: Value| {
        let mut opts = opts;
        opts["timestamp"] = json!(old);
        add(opts)
    };
    for limit in [None, Some(1), Some(2), Some(9)] {
        let mut steps = vec![
            old(json!({})),
            add(json!({})),
            old(json!({ "priority": 3 })),
            old(json!({})),
            clean("wait", limit),
            op("pause"),
            old(json!({})),
            clean("paused", limit),
            clean("completed", limit),
            clean("failed", limit),
        ];
        // Bull compares a delayed job's score, 4096 times too large, and finds none.
        if limit.is_none() {
            steps.extend([old(json!({ "delay": 86_400_000 })), clean("delayed", limit)]);
        }
        stage.play(&format!("clean {limit:?}"), &[], &steps).await;
    }
    let steps = [
        add(json!({})),
        op("take"),
        old(json!({})),
        op("take"),
        clean("active", None),
        finish("1", json!(1)),
        fail("2", "x"),
        clean("completed", None),
        clean("failed", None),
    ];
    stage.play("clean what runs", &[], &steps).await;
}

#[tokio::test]
async fn obliterating() {
    let mut stage = Stage::set();
    let obliterate = |force: bool| json!({ "op": "obliterate", "force": force });
    let mut steps = vec![
        add(json!({})),
        op("take"),
        finish("1", json!(1)),
        add(json!({})),
        op("take"),
        fail("2", "x"),
        json!({ "op": "log", "id": "2", "line": "x" }),
        add(json!({ "priority": 4 })),
        add(json!({ "delay": 600_000 })),
        add(json!({ "repeat": { "every": 86_400_000 } })),
    ];
    let mut forced = steps.clone();
    steps.extend([obliterate(false), add(json!({}))]);
    // Pausing is how Bull obliterates; ours does it within the script.
    let silent = &["paused"];
    stage.play("obliterate", silent, &steps).await;
    // Bull pauses the queue even if it then refuses.
    forced.extend([op("take"), op("pause"), obliterate(false), obliterate(true), add(json!({}))]);
    stage.play("obliterate by force", silent, &forced).await;
}

#[tokio::test]
async fn repeating() {
    let mut stage = Stage::set();
    let repeat = |repeat: Value| add(json!({ "repeat": repeat, "attempts": 3 }));
    let remove = |key: &str| json!({ "op": "removeRepeatable", "key": key });
    let nightly = json!({ "cron": "10 5 * * *", "tz": "Europe/Paris" });
    let key = "__default__:::Europe/Paris:10 5 * * *";
    let steps = [
        repeat(nightly.clone()),
        repeat(nightly),
        repeat(json!({ "cron": "0 0 1 1 *", "tz": "UTC" })),
        remove(key),
        remove(key),
    ];
    stage.play("cron", &[], &steps).await;
    #[expect(clippy::cast_possible_truncation, reason = "a time")]
    let now = now_ms() as i64;
    let (month, day) = (2_592_000_000_i64, 86_400_000_i64);
    let steps = [
        repeat(json!({ "every": day })),
        add(json!({ "repeat": { "every": day }, "jobId": "own", "priority": 2 })),
        json!({ "op": "add", "name": "ping", "data": { "a": 1 }, "opts": { "repeat": { "every": month } } }),
        repeat(
            json!({ "cron": "0 12 * * *", "tz": "Asia/Tokyo", "endDate": now + month, "limit": 5 }),
        ),
        repeat(json!({ "cron": "0 12 * * 1-5", "tz": "UTC", "startDate": now + month })),
        repeat(json!({ "cron": "*/5 * 1,15 * 1", "tz": "America/New_York" })),
        remove("ping:::2592000000"),
    ];
    stage.play("every and dates", &[], &steps).await;

    // An occurrence that becomes active makes the next one, as often as the limit says.
    let every = 86_400_000_u64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
    let first = (now_ms() as u64 / every + 1) * every;
    let prefix = occurrence_prefix(&mut stage, &json!({ "every": every, "limit": 2 })).await;
    let steps = [
        repeat(json!({ "every": every, "limit": 2 })),
        on(&format!("{prefix}{first}"), "promote"),
        work(json!({ "completed": 1, "delayed": 1 })),
        on(&format!("{prefix}{}", first + every), "promote"),
        work(json!({ "completed": 2 })),
    ];
    stage.play("next occurrence", &["delayed"], &steps).await;
}

/// What Bull calls the occurrences of a repeatable job.
async fn occurrence_prefix(stage: &mut Stage, repeat: &Value) -> String {
    let id = stage.node.does("prefix", &add(json!({ "repeat": repeat }))).await.unwrap();
    let (prefix, _) = id.as_str().unwrap().rsplit_once(':').unwrap();
    format!("{prefix}:")
}

#[tokio::test]
async fn workers() {
    let mut stage = Stage::set();
    let with = |data: Value, opts: Value| json!({ "op": "add", "data": data, "opts": opts });
    let none = json!({});
    let steps = [
        with(json!({ "return": { "rows": 3 }, "progress": 50, "logs": ["a", "b"] }), none.clone()),
        with(json!({ "fail": "broken" }), none.clone()),
        with(json!({ "return": "front" }), json!({ "lifo": true })),
        with(json!({}), json!({ "priority": 2 })),
        work(json!({ "completed": 3, "failed": 1 })),
    ];
    stage.play("a worker", &["delayed"], &steps).await;
    // A job that is tried again at once is announced by ours alone, and so is a stalled one.
    let more = &["delayed", "waiting@<token>"];
    let steps = [
        with(
            json!({ "fail": "twice", "failures": 2, "return": "third" }),
            json!({ "attempts": 3 }),
        ),
        work(json!({ "completed": 1 })),
        with(json!({ "fail": "once", "failures": 1 }), json!({ "attempts": 3, "backoff": 30 })),
        with(json!({ "fail": "discarded", "discard": true }), json!({ "attempts": 3 })),
        with(json!({ "return": "later" }), json!({ "delay": 30 })),
        work(json!({ "completed": 3, "failed": 1 })),
    ];
    stage.play("tries", more, &steps).await;

    let steps = [
        add(json!({})),
        op("take"),
        on("1", "dead"),
        work(json!({ "completed": 1 })),
        add(json!({})),
        op("take"),
        on("2", "dead"),
        work(json!({ "completed": 2 })),
    ];
    stage.play("stalled", more, &steps).await;
}

/// What Bull refuses, ours refuses too; ours then has changed nothing.
#[tokio::test]
async fn refusals() {
    let mut stage = Stage::set();
    let fail = json!({ "op": "failByHand", "id": "1", "reason": "enough" });
    let setup = [add(json!({})), add(json!({ "delay": 600_000 }))];
    let refused = [
        on("1", "retry"),
        on("2", "retry"),
        on("9", "retry"),
        on("1", "promote"),
        on("9", "promote"),
        fail,
        json!({ "op": "completeByHand", "id": "2", "value": 1 }),
        on("9", "remove"),
        json!({ "op": "log", "id": "9", "line": "x" }),
        json!({ "op": "progress", "id": "9", "value": 1 }),
    ];
    for queue in ["refused by Bull", "refused by ours"] {
        for step in &setup {
            stage.node.does(queue, step).await.unwrap();
        }
        let mut connection = stage.ours.queue(queue).await.connection().manager();
        let before = content(&mut connection, queue).await;
        for step in &refused {
            if queue == "refused by ours" {
                assert!(stage.ours.does(queue, step).await.is_err(), "{step}");
                assert_eq!(content(&mut connection, queue).await, before, "{step}");
            } else {
                assert!(stage.node.does(queue, step).await.is_err(), "{step}");
            }
        }
    }
}
